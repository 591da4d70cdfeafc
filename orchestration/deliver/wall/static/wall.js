"use strict";
(() => {
  const { words: WORDS, ticket_url: TICKET_URL } = globalThis.WALL;
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search);
  const $ = (id) => document.getElementById(id);
  const FEWEST = 10;
  const FIVE_MINUTES = 300;

  const state = {
    language: "en",
    shown: null, // the newest snapshot, merged from changes
    received: 0, // when it came, by both clocks of this machine
    receivedDate: 0,
    trouble: null,
    connected: true,
  };

  // ---- words, numbers, moments

  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private window */ } };
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

  function word(name, values = {}) {
    const text = WORDS[state.language][name] ?? WORDS.en[name] ?? name;
    return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  }
  const known = (name, otherwise) => (name in WORDS[state.language] ? word(name) : otherwise);
  const locale = () => (state.language === "zh" ? "zh-CN" : "en-GB");
  const number = (value, digits = 0, fewest = digits) => new Intl.NumberFormat(locale(), { minimumFractionDigits: fewest, maximumFractionDigits: digits }).format(value);
  const percent = (value, digits = 1) => `${number(value * 100, digits)}%`;
  const when = (at, options) => new Intl.DateTimeFormat(locale(), { timeZone: state.shown?.zone, hourCycle: "h23", ...options }).format(new Date(at));
  const hour = (at) => when(at, { hour: "2-digit", minute: "2-digit" });
  const hourOfDay = (at) => when(at, { hour: "2-digit" }).replace(/\D/g, "");
  const dayTime = (at) => when(at, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const channel = (one) => known(`channel_${one.channel}`, one.channel_name ?? one.channel);

  // [number, unit] of a duration, in the largest unit that says enough
  function parts(seconds) {
    const size = Math.abs(seconds);
    if (size < 99.5) return [number(size), "seconds"];
    if (size < 99.5 * 60) return [number(size / 60, size < 600 ? 1 : 0, 0), "minutes"];
    if (size < 72 * 3600) return [number(size / 3600, size < 36000 ? 1 : 0, 0), "hours"];
    return [number(size / 86400), "days"];
  }
  function duration(seconds) {
    const [n, unit] = parts(seconds);
    return word(unit, { n });
  }
  function countdown(seconds) {
    const size = Math.floor(Math.abs(seconds));
    if (size >= 3600 * 10) return duration(size);
    const clock = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60];
    if (!clock[0]) clock.shift();
    return clock.map((part, n) => (n ? String(part).padStart(2, "0") : part)).join(":");
  }

  // an element with attributes and children; text is never markup
  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "style") node.style.cssText = value; else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  const say = { word, number, hour, hourOfDay, dayTime, channel };

  // ---- the moment: the server's, carried on by this machine until the next snapshot

  const elapsed = () => Math.max(0, (performance.now() - state.received) / 1000, (Date.now() - state.receivedDate) / 1000);
  const now = () => Date.parse(state.shown.at) + elapsed() * 1000;

  function reasons() {
    if (!state.shown) return [word("stale_first")];
    const found = [];
    const silence = elapsed();
    if (silence > state.shown.snapshot_seconds) {
      found.push(word("stale_snapshot", { age: duration(silence) }));
    }
    const over = state.shown.expires.filter((one) => Date.parse(one.at) <= now());
    const feeds = over.filter((one) => one.reason === "feed");
    for (const one of over) {
      if (one.reason === "feed" && one !== feeds[0]) continue;
      const age = one.since ? duration((now() - Date.parse(one.since)) / 1000) : word("never");
      if (one.reason === "feed" && feeds.length > 1) found.push(word("stale_feeds", { name: one.name, count: feeds.length - 1 }));
      else found.push(word(`stale_${one.reason}`, { name: one.name, age }));
    }
    return found;
  }

  function judge() {
    const badge = $("badge");
    const found = reasons();
    const is = !state.shown && !state.trouble ? "wait" : found.length ? "stale" : "live";
    if (badge.dataset.state !== is || badge.dataset.language !== state.language) {
      badge.dataset.state = is;
      badge.dataset.language = state.language;
      $("badge-state").textContent = word({ wait: "waiting_word", stale: "stale", live: "live" }[is]);
      root.toggleAttribute("data-stale", is === "stale");
      document.title = `${is === "stale" ? "STALE · " : ""}Frontdesk: ${word("title")}`;
    }
    const why = [];
    if (state.trouble === "database") why.push(word("database_away"));
    else if (!state.connected) why.push(word("connection_lost"));
    if (is === "stale") why.push(found[0]);
    $("badge-why").textContent = why.join(" · ");
    if (!state.shown) { $("badge-ages").textContent = ""; return; }
    const ages = [];
    if (state.shown.known_at) ages.push(word("data_age", { age: duration(Math.max(0, now() - Date.parse(state.shown.known_at)) / 1000) }));
    ages.push(word("snapshot_age", { age: duration(elapsed()) }));
    if (is === "live") ages.push(word("query", { ms: number(state.shown.query_seconds * 1000) }));
    $("badge-ages").textContent = ages.join(" · ");
  }

  function tick() {
    judge();
    if (!state.shown) return;
    const at = now();
    const clock = $("clock").querySelector("time");
    clock.textContent = when(at, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    clock.dateTime = new Date(at).toISOString();
    for (const node of document.querySelectorAll("[data-since]")) {
      const seconds = Math.max(0, (at - Date.parse(node.dataset.since)) / 1000);
      node.textContent = node.dataset.how === "age" ? duration(seconds) : countdown(seconds);
      if (node.dataset.limit) node.dataset.state = waitState(seconds, Number(node.dataset.limit));
    }
    for (const node of document.querySelectorAll("[data-due]")) {
      const left = (Date.parse(node.dataset.due) - at) / 1000;
      node.textContent = word(left >= 0 ? "risk_left" : "risk_over", { age: countdown(left) });
      node.dataset.state = left < 0 ? "off" : "near";
    }
  }

  // on target, past the channel's target, past five minutes and the target
  const waitState = (seconds, limit) => (seconds <= limit ? "ok" : seconds <= Math.max(FIVE_MINUTES, limit) ? "near" : "off");

  // ---- tiles

  function figure(tile) {
    if (tile.value === null) return ["–", ""];
    if (tile.name === "contacts") return [number(tile.value), ""];
    if (tile.name === "first_response") {
      const [n, unit] = parts(tile.value);
      return [n, word(unit, { n: "" }).trim()];
    }
    return [number(tile.value * 100, 1, tile.value === 1 ? 0 : 1), "%"];
  }

  function goal(tile) {
    if (tile.target === null) return null;
    const sign = tile.lower_is_better ? "≤" : "≥";
    return `${sign} ${tile.name === "first_response" ? duration(tile.target) : percent(tile.target, Math.abs(tile.target * 100 % 1) > .05 ? 1 : 0)}`;
  }

  function change(tile) {
    if (tile.change === null) return make("span", {}, "– ", word("week"));
    const points = tile.change_kind === "points";
    const size = Math.abs(tile.change) * 100;
    const arrow = size < .05 ? "■" : tile.change > 0 ? "▲" : "▼";
    const lower = tile.lower_is_better ?? (tile.name === "first_response" || tile.name === "abandonment");
    const good = tile.name === "contacts" || size < .05 ? "" : (tile.change < 0) === lower ? "better" : "worse";
    const text = `${number(size, 1)} ${points ? word("points") : "%"}`;
    const sign = tile.change > 0 ? "+" : "−";
    return make("span", { title: word("week") }, make("span", { class: good, "aria-hidden": "true" }, arrow),
      make("span", { class: "vh" }, size < .05 ? "" : sign), ` ${text} ${word("week")}`);
  }

  function detail(tile) {
    if (tile.name === "first_response") return tile.is_estimate ? word("estimate") : word("median");
    if (tile.name === "csat") return tile.mean === null ? word("days_7") : word("mean_score", { score: number(tile.mean, 2) });
    if (tile.name === "promises") return word("days_7");
    if (tile.name === "fcr") return word("days_8_14");
    return word("hours_24");
  }

  function tiles(snapshot) {
    const counts = runningCounts(snapshot);
    $("tiles").replaceChildren(...snapshot.marts.tiles.map((tile) => {
      const [value, unit] = figure(tile);
      const few = tile.value === null ? word("few_dash", { count: FEWEST }) : null;
      const sofar = tile.name === "contacts" && counts ? word("this_hour", { count: number(counts.total) }) : null;
      const aim = goal(tile);
      const chip = tile.state === "none" ? null : make("span", { class: "chip" }, word(`state_${tile.state}`));
      return make("article", { class: "tile", "data-state": tile.state, "data-tile": tile.name, title: `${word(`why_${tile.name}`)}${few ? ` (${few})` : ""}` },
        make("h2", {}, word(`tile_${tile.name}`)),
        make("div", { class: "figure" }, make("span", { class: "value" }, value), make("span", { class: "unit" }, unit), chip),
        make("div", { class: "facts" }, change(tile), aim ? make("span", { class: "aim" }, aim) : null),
        make("div", { class: "facts" },
          make("span", {}, sofar ?? word("sample", { count: number(tile.count) })),
          make("span", {}, detail(tile))));
    }));
  }

  // ---- alerts

  function shownValue(value, unit) {
    if (value === null || value === undefined) return "–";
    if (unit === "share") return percent(value);
    if (unit === "seconds") return duration(value);
    return number(value, Number.isInteger(Number(value)) ? 0 : 1);
  }

  function alertParts(one) {
    const where = Object.entries(one.labels ?? {}).filter(([, value]) => value !== null && value !== "")
      .map(([name, value]) => (name === "channel" ? known(`channel_${value}`, value) : value)).join(" · ");
    const title = (state.language === "zh" ? one.title_zh : one.title_en) ?? one.rule_name;
    const said = one.cause === "limit"
      ? word("alert_value", { value: shownValue(one.value, one.unit), limit: shownValue(one.limit_value, one.unit) })
      : word(`alert_${one.cause}`);
    const more = [one.state === "resolved" ? null : said, one.is_muted && word("muted"), one.acknowledged_by && word("acknowledged", { name: one.acknowledged_by })];
    return { where, title, more: more.filter(Boolean).join(" · ") };
  }

  function alerts(snapshot) {
    const list = $("alerts");
    const found = snapshot.alerts;
    if (!found || !found.rows.length) {
      const [mark, text, kind] = found ? ["✓", "alerts_none", "calm"] : ["–", "alerts_missing", "calm silent"];
      list.replaceChildren(make("li", { class: kind }, make("span", { class: "grave" }, make("span", { "aria-hidden": "true" }, mark), word(text))));
      return;
    }
    const open = found.rows.filter((one) => one.state === "open");
    const all = found.critical_count + found.warning_count + found.info_count;
    const most = 4;
    const rows = found.rows.slice(0, most);
    const hidden = all - Math.min(open.length, most);
    const nodes = rows.map((one) => {
      const over = one.state === "resolved";
      const { where, title, more } = alertParts(one);
      return make("li", { "data-severity": one.severity, "data-state": one.state, title: [where, title, more].filter(Boolean).join(" · ") },
        make("span", { class: "grave" }, make("span", { "aria-hidden": "true" }, over ? "✓" : "●"), word(over ? "resolved" : `severity_${one.severity}`)),
        make("span", { class: "where" }, where),
        make("span", { class: "since", "data-how": "age", "data-since": over ? one.resolved_at : one.opened_at }),
        make("span", { class: "what" }, make("b", {}, title), more ? ` · ${more}` : ""));
    });
    if (hidden > 0) nodes[nodes.length - 1].querySelector(".where").append(" ", make("span", { class: "chip" }, word("alerts_more", { count: hidden })));
    list.replaceChildren(...nodes);
  }

  // ---- volume and service levels

  // the hour that is not over: what landed, or what the marts know of it
  function runningCounts(snapshot) {
    const rows = snapshot.live_hour?.length ? snapshot.live_hour : snapshot.marts?.current;
    if (!rows?.length) return null;
    const newest = rows.map((row) => row.hour_started_at).sort().at(-1);
    const byChannel = {};
    for (const row of rows) if (row.hour_started_at === newest) byChannel[row.channel] = (byChannel[row.channel] ?? 0) + row.offered_count;
    return { at: newest, byChannel, total: Object.values(byChannel).reduce((sum, count) => sum + count, 0) };
  }

  function volume(snapshot) {
    const hours = snapshot.marts.hours;
    const running = runningCounts(snapshot);
    const fits = running && Date.parse(running.at) === Date.parse(snapshot.until);
    const data = {
      running: fits,
      starts: fits ? [...hours.starts, running.at] : hours.starts,
      channels: hours.channels.map((one) => ({ ...one, counts: fits ? [...one.counts, running.byChannel[one.channel] ?? 0] : one.counts })),
      week_before: fits ? hours.week_before : hours.week_before.slice(0, -1),
    };
    $("legend-volume").replaceChildren(...data.channels.map((one) =>
      make("li", {}, make("i", { style: `background:${CHARTS.colour(one.channel)}` }), channel(one))));
    const last = hours.starts.length - 1;
    $("chart-volume").setAttribute("aria-label", word("volume_alt", {
      time: dayTime(hours.starts[last]),
      count: number(hours.channels.reduce((sum, one) => sum + one.counts[last], 0)),
      before: number(hours.week_before[last]),
    }));
    $("note-volume").textContent = word("volume_note");
    CHARTS.volume($("chart-volume"), data, say);
  }

  function onTime(snapshot) {
    const { lines, hours, starts } = snapshot.marts.on_time;
    const box = $("chart-on-time");
    const told = lines.some((line) => line.value !== null || line.points.some(([value]) => value !== null));
    if (!told) { $("note-on-time").textContent = ""; box.replaceChildren(make("p", { class: "empty" }, word("no_rates"))); return; }
    const values = lines.flatMap((line) => line.points.map(([value]) => value)).filter((value) => value !== null);
    // a scale for all rows that a few bad hours do not flatten; these end at its foot
    values.sort((one, other) => one - other);
    const floor = Math.max(0, Math.min(.6, Math.floor((values[Math.floor(values.length * .04)] ?? 0) * 10) / 10));
    $("note-on-time").textContent = word(hours > 1 ? "on_time_note_rolling" : "on_time_note", { hours, floor: percent(floor, 0) });
    const rows = lines.map((line) => {
      const shown = line.value === null ? "–" : percent(line.value);
      const aim = word("target_within", { target: percent(line.target, 0), limit: duration(line.target_seconds) });
      const label = word("on_time_row", { channel: channel(line), value: shown, target: percent(line.target, 0), limit: duration(line.target_seconds) });
      return make("div", { class: "multiple", title: label },
        make("div", { class: "who" }, make("b", {}, channel(line)), make("span", {}, aim)),
        CHARTS.multiple(line, floor),
        make("div", { class: "now mark", "data-state": line.state }, shown, make("span", { class: "vh" }, ` ${word(`state_${line.state}`)}`)));
    });
    const axis = make("div", { class: "axis", "aria-hidden": "true" });
    starts.forEach((at, n) => {
      if (Number(hourOfDay(at)) % 6 === 0) axis.append(make("span", { style: `left:${(100 * n) / (starts.length - 1)}%` }, hour(at)));
    });
    rows.push(make("div", { class: "multiple hours" }, make("span"), axis, make("span")));
    box.style.gridTemplateRows = isTall() ? `repeat(${lines.length}, minmax(0, 1fr)) auto` : "";
    box.replaceChildren(...rows);
  }

  // a television shows all at once: lists end where their panel does
  const isTall = () => matchMedia("(min-width: 75rem) and (min-height: 50rem)").matches;
  const room = (panel, above, each, otherwise) => (isTall()
    ? Math.max(3, Math.floor(($(panel).clientHeight - above) / each)) : otherwise);

  // ---- queues

  function queues(snapshot) {
    const found = snapshot.queues;
    $("note-queues").textContent = "";
    if (!found) {
      $("queues").replaceChildren(make("p", { class: "empty" }, make("b", {}, word("no_live")), word("no_live_hint")));
      return;
    }
    const people = snapshot.agents;
    const longest = found.rows.find((row) => row.waiting_since);
    const cell = (label, value, small) => make("div", {}, make("dt", {}, label), make("dd", {}, value, small ? make("small", {}, small) : null));
    const wait = longest
      ? make("span", { class: "mark", "data-since": longest.waiting_since, "data-limit": longest.target_seconds ?? FIVE_MINUTES }) : "–";
    const top = make("dl", { class: "three" },
      cell(word("waiting"), number(found.waiting), `${number(found.in_progress)} ${word("in_progress")}`),
      cell(word("longest_wait"), wait, longest ? channel(longest) : null),
      cell(word("available"), people ? number(people.available_count) : "–",
        people ? word("busy_away", { busy: number(people.busy_count), away: number(people.away_count) }) : word("no_live")));
    if (!found.rows.length) { $("queues").replaceChildren(top, make("p", { class: "empty" }, word("nobody_waits"))); return; }
    const most = room("panel-queues", 156, 30.4, 8);
    const head = make("thead", {}, make("tr", {}, ...["queue", "waiting", "longest_wait", "in_progress"].map((name) => make("th", { scope: "col" }, word(name)))));
    const rows = found.rows.slice(0, most).map((row) => make("tr", {},
      make("th", { scope: "row" }, channel(row), make("span", {}, row.queue_title || row.queue_name ? ` · ${row.queue_title ?? row.queue_name}` : "")),
      make("td", {}, number(row.waiting_count ?? 0)),
      make("td", {}, row.waiting_since ? make("span", { class: "mark", "data-since": row.waiting_since, "data-limit": row.target_seconds ?? FIVE_MINUTES }) : make("span", { class: "dash" }, "–")),
      make("td", {}, number(row.in_progress_count ?? 0))));
    const more = found.more + Math.max(0, found.rows.length - most);
    $("note-queues").textContent = more ? word("more_queues", { count: more }) : "";
    $("queues").replaceChildren(top, make("table", {}, head, make("tbody", {}, ...rows)));
  }

  // ---- scorecard, profile, promises

  function scoreCell(name, cell) {
    const label = word(`col_${name}`);
    if (cell.value === null) {
      const why = cell.count ? word("few_dash", { count: FEWEST }) : "";
      return make("td", { "data-label": label, title: why }, make("span", { class: "dash" }, "–"), make("span", { class: "vh" }, why));
    }
    const text = name === "contacts" ? number(cell.value) : name === "first_response" ? duration(cell.value) : percent(cell.value);
    const told = ["ok", "near", "off"].includes(cell.state);
    const tip = [cell.count === null ? null : word("sample", { count: number(cell.count) }), told ? word(`state_${cell.state}`) : null].filter(Boolean).join(" · ");
    return make("td", { "data-label": label, title: tip, class: "mark", "data-state": cell.state }, text, told ? make("span", { class: "vh" }, ` ${word(`state_${cell.state}`)}`) : null);
  }

  function scorecard(snapshot) {
    const columns = ["contacts", "on_time", "first_response", "abandonment", "fcr", "csat"];
    $("note-scorecard").textContent = word("scorecard_note");
    const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, word("col_channel")), ...columns.map((name) => make("th", { scope: "col" }, word(`col_${name}`)))));
    const rows = snapshot.marts.scorecard.slice(0, 9).map((one) => make("tr", {},
      make("th", { scope: "row" }, make("i", { class: "swatch", style: `background:${CHARTS.colour(one.channel)}` }), channel(one)),
      ...columns.map((name) => scoreCell(name, one[name]))));
    $("scorecard").replaceChildren(make("table", {}, head, make("tbody", {}, ...rows)));
  }

  function profile(snapshot) {
    const { cells, weeks } = snapshot.marts.profile;
    const most = Math.max(1e-9, ...cells.flat().map((value) => value ?? 0));
    $("note-profile").textContent = word(weeks > 1 ? "profile_note" : "profile_note_one", { weeks });
    // a Monday
    const day = (n) => new Intl.DateTimeFormat(locale(), { weekday: "short", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1 + n)));
    const at = new Date(now());
    const thisHour = Number(hourOfDay(at));
    const weekday = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: snapshot.zone }).format(at));
    const head = make("thead", {}, make("tr", {}, make("td"), ...Array.from({ length: 24 }, (_, n) => make("th", { scope: "col" }, n % 3 ? make("span", { class: "vh" }, String(n)) : String(n)))));
    const rows = cells.map((row, d) => make("tr", {}, make("th", { scope: "row" }, day(d)), ...row.map((value, n) => {
      const text = value === null ? "–" : number(value, value < 10 ? 1 : 0);
      const share = value === null ? 0 : Math.round(6 + 94 * (value / most) ** .8);
      return make("td", {
        class: d === weekday && n === thisHour ? "now" : null,
        style: `background:color-mix(in oklab, var(--heat) ${share}%, var(--sunk))`,
        title: word("profile_cell", { day: day(d), hour: n, count: text }),
      }, make("span", { class: "vh" }, text));
    })));
    $("profile").replaceChildren(make("table", { class: "heat" }, make("colgroup", {}, make("col"), make("col", { span: 24 })), head, make("tbody", {}, ...rows)));
  }

  function risk(snapshot) {
    const counts = snapshot.marts.at_risk_counts;
    $("note-risk").textContent = word("risk_note", { risk: number(counts.at_risk_count), broken: number(counts.breached_count) });
    const rows = snapshot.marts.at_risk;
    if (!rows.length) { $("risk").replaceChildren(make("p", { class: "empty" }, word("risk_none"))); return; }
    const focused = document.activeElement?.dataset?.event;
    const list = make("div", { class: "risk" }, ...rows.slice(0, room("panel-risk", 52, 36, 10)).map((row) => {
      const paused = row.due_reason === "paused" || !row.due_at;
      const left = paused ? make("span", { class: "left quiet" }, word("risk_paused"))
        : make("span", { class: "left mark", "data-due": row.due_at });
      const where = [row.queue_title ?? row.queue_name ?? channel(row), row.agent_name ?? word("nobody")].join(" · ");
      const button = make("button", { type: "button", "data-event": `${row.ticket_id}/${row.metric}/${row.due_at}`, title: `${row.source_ticket_id} · ${where}` },
        make("span", { class: "chip", "data-state": row.state === "breached" ? "off" : "near" }, word(`risk_state_${row.state}`)),
        make("span", { class: "what" }, `${row.source_ticket_id} · ${known(`metric_${row.metric}`, row.metric)} `, make("span", {}, `· ${where}`)), left);
      button.addEventListener("click", () => openTicket(row.ticket_id, row.source_ticket_id));
      return button;
    }));
    $("risk").replaceChildren(list);
    if (focused) list.querySelector(`[data-event="${CSS.escape(focused)}"]`)?.focus();
  }

  // ---- a ticket

  async function openTicket(id, name) {
    const body = $("ticket-body");
    const title = make("h2", { id: "ticket-title" }, word("ticket", { id: name }));
    body.replaceChildren(title, make("p", { class: "quiet" }, word("ticket_loading")));
    $("ticket").showModal();
    let found;
    try {
      const answer = await fetch(`api/ticket/${id.split("/").map(encodeURIComponent).join("/")}`);
      found = answer.status === 404 ? "unknown" : answer.ok ? await answer.json() : "failed";
    } catch { found = "failed"; }
    body.replaceChildren(title, ...(typeof found === "string" ? [make("p", {}, word(`ticket_${found}`))] : ticketParts(found)));
  }

  function ticketParts(one) {
    const moment = (at) => (at ? dayTime(at) : "–");
    const facts = [
      ["channel", channel(one)], ["queue", one.queue_title], ["agent", one.agent_name ?? word("nobody")],
      ["status", one.status], ["priority", known(`priority_${one.priority}`, one.priority)], ["topic", one.topic],
      ["created", moment(one.created_at)], ["last_message", moment(one.last_message_at)],
      ["waited", one.requester_wait_seconds === null ? null : duration(one.requester_wait_seconds)],
      ["replies", one.public_agent_reply_count], ["reopened", one.reopen_count], ["handoffs", one.handoff_count],
    ];
    const nodes = [make("dl", {}, ...facts.map(([name, value]) => make("div", {}, make("dt", {}, word(`ticket_${name}`)), make("dd", {}, String(value ?? "–")))))];
    if (TICKET_URL) nodes.unshift(make("p", {}, make("a", { href: TICKET_URL.replace("{id}", encodeURIComponent(one.source_ticket_id)), target: "_blank", rel: "noreferrer" }, word("ticket_open"))));
    if (one.promises.length) {
      const head = ["promise", "target", "elapsed", "due", "state"].map((name) => make("th", { scope: "col" }, word(`ticket_${name}`)));
      nodes.push(make("h3", {}, word("ticket_promises")), make("div", { class: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...one.promises.map((row) => make("tr", {},
        make("th", { scope: "row" }, known(`metric_${row.metric}`, row.metric)),
        make("td", {}, duration(row.target_seconds ?? 0), row.is_business ? ` ${word("business_hours")}` : ""),
        make("td", {}, row.elapsed_seconds === null ? "–" : duration(row.elapsed_seconds)),
        make("td", {}, moment(row.due_at)),
        make("td", {}, make("span", { class: "chip", "data-state": { breached: "off", at_risk: "near", met: "ok" }[row.state] }, known(`sla_${row.state}`, row.state)))))))));
    }
    if (one.changes.length) {
      nodes.push(make("h3", {}, word("ticket_changes")), make("ul", {}, ...one.changes.map((row) => make("li", {},
        make("span", { class: "quiet" }, `${moment(row.valid_from)} · `), `${known(`field_${row.field_name}`, row.field_name)}: ${row.field_value ?? "–"}`))));
    }
    return nodes;
  }

  // ---- drawing

  const drawn = new Map();
  // a part is drawn again when what it shows is new, or when everything is
  function draw(name, key, render) {
    const text = JSON.stringify(key);
    if (drawn.get(name) === text) return;
    drawn.set(name, text);
    render(state.shown);
  }

  function render() {
    const snapshot = state.shown;
    if (!snapshot) return;
    root.toggleAttribute("data-empty", !snapshot.marts);
    $("nothing").textContent = snapshot.marts ? "" : word("no_tables");
    $("window").textContent = snapshot.marts ? word("window", { time: dayTime(snapshot.until) }) : "";
    $("clock").querySelector("span").textContent = snapshot.zone.split("/").pop().replaceAll("_", " ");
    const demo = $("demonstration");
    demo.hidden = !snapshot.is_shifted;
    demo.textContent = `${word("demonstration")} · ${when(snapshot.at, { day: "numeric", month: "short", year: "numeric" })}`;
    demo.title = word("demonstration_why");
    if (snapshot.marts) {
      const running = [snapshot.live_hour, snapshot.marts.current];
      draw("tiles", [snapshot.marts.tiles, running], tiles);
      draw("alerts", snapshot.alerts, alerts);
      if (globalThis.echarts) draw("volume", [snapshot.marts.hours, running, snapshot.until], volume);
      draw("onTime", snapshot.marts.on_time, onTime);
      draw("queues", [snapshot.queues, snapshot.agents], queues);
      draw("scorecard", snapshot.marts.scorecard, scorecard);
      draw("profile", [snapshot.marts.profile, hourOfDay(snapshot.at)], profile);
      draw("risk", [snapshot.marts.at_risk, snapshot.marts.at_risk_counts], risk);
    }
    tick();
    if (!performance.getEntriesByName("first-data").length && snapshot.marts) {
      requestAnimationFrame(() => setTimeout(() => performance.mark("first-data")));
    }
  }

  function redraw() {
    drawn.clear();
    root.lang = state.language === "zh" ? "zh-Hans" : "en";
    for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
    for (const node of document.querySelectorAll("[data-label]")) if (node.tagName === "SECTION") node.setAttribute("aria-label", word(node.dataset.label));
    const dark = root.dataset.theme === "dark";
    $("theme").textContent = word(dark ? "theme_light" : "theme_dark");
    $("theme").setAttribute("aria-label", word("theme_long"));
    $("language").textContent = word("language");
    $("language").setAttribute("aria-label", word("language_long"));
    $("language").lang = state.language === "zh" ? "en" : "zh-Hans";
    judge();
    render();
  }

  function useTheme(theme, remember) {
    root.dataset.theme = theme;
    if (remember) keep("frontdesk-theme", theme);
    redraw();
  }
  function useLanguage(language, remember) {
    state.language = language;
    if (remember) keep("frontdesk-wall-language", language);
    redraw();
  }

  // ---- the stream

  function take(text, whole) {
    const news = JSON.parse(text);
    state.shown = whole || !state.shown ? news : { ...state.shown, ...news };
    state.trouble = null;
    return news;
  }
  function heard(age) {
    state.received = performance.now() - age * 1000;
    state.receivedDate = Date.now() - age * 1000;
  }

  let stream;
  function listen() {
    stream?.close();
    stream = new EventSource("api/events");
    let age = 0;
    stream.addEventListener("hello", (event) => {
      const hello = JSON.parse(event.data);
      state.connected = true;
      age = hello.age ?? 0;
      state.trouble = hello.trouble;
      judge();
    });
    stream.addEventListener("snapshot", (event) => {
      const trouble = state.trouble;
      take(event.data, true);
      if (age > 0) state.trouble = trouble;
      heard(age);
      age = 0;
      render();
    });
    stream.addEventListener("change", (event) => { take(event.data, false); heard(0); render(); });
    stream.addEventListener("trouble", (event) => { state.trouble = JSON.parse(event.data).kind; judge(); });
    stream.onerror = () => {
      state.connected = false;
      judge();
      // a refused stream is not tried again by the browser
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
    };
  }
  // a page that the browser keeps for going back would hold its connection, of which there
  // are six for all pages: the seventh would not open
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });

  // ---- begin

  $("theme").addEventListener("click", () => useTheme(root.dataset.theme === "dark" ? "light" : "dark", true));
  $("language").addEventListener("click", () => useLanguage(state.language === "zh" ? "en" : "zh", true));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("ticket").open) return;
    if (event.key === "t") $("theme").click();
    if (event.key === "l") $("language").click();
  });
  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(redraw, 200); });
  document.addEventListener("visibilitychange", tick);
  // the big library comes last: all but its chart is drawn before it
  addEventListener("load", render);

  const theme = asked.get("theme") ?? kept("frontdesk-theme");
  root.dataset.theme = ["light", "dark"].includes(theme) ? theme : matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  const language = asked.get("lang") ?? kept("frontdesk-wall-language") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
  state.language = language in WORDS ? language : "en";
  redraw();
  listen();
  setInterval(tick, 1000);
})();
