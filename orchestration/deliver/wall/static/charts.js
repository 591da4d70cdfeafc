"use strict";
// the two charts: stacked hours in ECharts, service levels as small multiples in SVG
globalThis.CHARTS = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const NAMED = ["phone", "web_chat", "wechat", "app", "email", "social", "bot", "store"];
  let board = null;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (channel) => css(NAMED.includes(channel) ? `--c-${channel}` : "--c-other");

  function svg(tag, attributes) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  // a solid bar says "counted", a pale one "still counting"
  function series(data, say) {
    const last = data.starts.length - 1;
    const found = data.channels.map((one) => ({
      name: say.channel(one),
      type: "bar",
      stack: "all",
      barCategoryGap: "22%",
      itemStyle: { color: colour(one.channel) },
      emphasis: { focus: "series" },
      data: one.counts.map((count, n) => (n === last && data.running
        ? { value: count, itemStyle: { opacity: .42 } } : count)),
    }));
    found.push({
      name: say.word("week_before"),
      type: "line",
      data: data.week_before,
      showSymbol: false,
      smooth: .25,
      smoothMonotone: "x",
      z: 5,
      lineStyle: { color: css("--ink"), width: 1.6, type: [5, 4], opacity: .75 },
      itemStyle: { color: css("--ink") },
      emphasis: { disabled: true },
    });
    return found;
  }

  function tooltip(data, say) {
    return (points) => {
      const box = document.createElement("div");
      const head = document.createElement("b");
      const n = points[0].dataIndex;
      const late = data.running && n === data.starts.length - 1;
      head.textContent = `${say.dayTime(data.starts[n])}${late ? ` · ${say.word("so_far")}` : ""}`;
      box.append(head);
      const all = points.filter((one) => one.seriesType === "bar");
      const rows = [...all].reverse().filter((one) => one.value).map((one) => [one.seriesName, one.value, one.color]);
      rows.push([say.word("total"), all.reduce((sum, one) => sum + one.value, 0), "transparent"]);
      for (const line of points) if (line.seriesType === "line") rows.push([line.seriesName, line.value, "transparent"]);
      for (const [name, value, mark] of rows) {
        const row = document.createElement("div");
        row.style.cssText = "display:flex;gap:.6rem;align-items:center";
        const dot = document.createElement("i");
        dot.style.cssText = `width:.6rem;height:.6rem;border-radius:2px;background:${mark}`;
        const label = document.createElement("span");
        label.style.flex = "1";
        label.textContent = name;
        const count = document.createElement("b");
        count.textContent = say.number(value);
        row.append(dot, label, count);
        box.append(row);
      }
      return box;
    };
  }

  function volume(element, data, say) {
    if (!globalThis.echarts) return;
    if (!board) {
      board = echarts.init(element, null, { renderer: "canvas" });
      new ResizeObserver(() => board.resize()).observe(element);
    }
    const quiet = css("--quiet");
    const font = getComputedStyle(document.body).fontFamily;
    board.setOption({
      animation: false,
      textStyle: { fontFamily: font },
      grid: { left: 4, right: 6, top: 12, bottom: 2, containLabel: true },
      tooltip: {
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: css("--line"), opacity: .5 } },
        backgroundColor: css("--raised"),
        borderColor: css("--line"),
        textStyle: { color: css("--ink"), fontSize: 13, fontFamily: font },
        confine: true,
        formatter: tooltip(data, say),
      },
      xAxis: {
        type: "category",
        data: data.starts.map((at) => say.hour(at)),
        axisLine: { lineStyle: { color: css("--line") } },
        axisTick: { show: false },
        axisLabel: {
          color: quiet, fontSize: 12, hideOverlap: true,
          interval: (n) => Number(say.hourOfDay(data.starts[n])) % 4 === 0,
        },
      },
      yAxis: {
        type: "value",
        minInterval: 1,
        splitNumber: 4,
        axisLabel: { color: quiet, fontSize: 12, formatter: (value) => say.number(value) },
        splitLine: { lineStyle: { color: css("--line") } },
      },
      series: series(data, say),
    }, { notMerge: true });
  }

  // pieces of a line between hours that have too few contacts for a rate
  function pieces(points) {
    const found = [];
    let piece = [];
    points.forEach(([value], n) => {
      if (value === null) { if (piece.length) found.push(piece); piece = []; } else piece.push([n, value]);
    });
    if (piece.length) found.push(piece);
    return found;
  }

  // the scale is the same for all rows; what lies under the target is painted red
  function multiple(line, floor) {
    const wide = Math.max(1, line.points.length - 1) * 10;
    const tall = 40;
    const y = (value) => tall * (1 - (Math.max(value, floor) - floor) / (1 - floor));
    const drawing = svg("svg", { viewBox: `0 0 ${wide} ${tall}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const goal = y(line.target);
    const clip = `below-${line.channel}`;
    const defs = svg("defs", {});
    const path = svg("clipPath", { id: clip });
    path.append(svg("rect", { x: -10, y: goal, width: wide + 20, height: tall }));
    defs.append(path);
    drawing.append(defs);
    const tint = colour(line.channel);
    for (const piece of pieces(line.points)) {
      const at = piece.map(([n, value]) => `${n * 10},${y(value).toFixed(2)}`);
      if (piece.length === 1) {
        const [n, value] = piece[0];
        at.splice(0, 1, `${n * 10 - 2},${y(value)}`, `${n * 10 + 2},${y(value)}`);
      }
      const first = at[0].split(",")[0];
      const last = at[at.length - 1].split(",")[0];
      drawing.append(svg("polygon", { class: "debt", "clip-path": `url(#${clip})`, points: `${first},${goal} ${at.join(" ")} ${last},${goal}` }));
      drawing.append(svg("polyline", { class: "line", points: at.join(" "), stroke: tint }));
    }
    drawing.append(svg("line", { class: "goal", x1: 0, x2: wide, y1: goal, y2: goal }));
    return drawing;
  }

  return { volume, multiple, colour };
})();
