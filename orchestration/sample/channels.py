"""What each channel's own system saw of the day's contacts."""

import numpy as np

from orchestration.sample import faults, truth
from orchestration.sample.day import (
    AGENT,
    AUTO,
    CUSTOMER,
    KIND,
    Day,
    dialogue,
    inside,
    known,
    last_sent,
    mixed_case,
    spell_phones,
)
from orchestration.sample.frames import (
    NULL,
    Frame,
    concat,
    constant,
    keep_where,
    lognormal,
    nothing,
    nulls,
    numbered,
    present,
    size,
    take,
)
from orchestration.sample.phrases import TOPICS, objects
from orchestration.sample.world import (
    APP,
    BOT,
    CHAT,
    DAY,
    EMAIL,
    OPEN,
    PHONE,
    SITES,
    SOCIAL,
    STORE,
    STORES,
    WECHAT,
)

TOPIC_NAMES = objects(list(TOPICS))
SITE_NAMES = objects(list(SITES))
SIDES = objects(["customer", "agent", "system"])
BOT_SIDES = objects(["customer", "agent", "bot"])
QUEUES = objects(
    [
        "cn_orders",
        "cn_delivery",
        "cn_aftersales",
        "cn_vip",
        "uk_orders",
        "uk_aftersales",
    ]
)
# queue of each topic per site
ROUTE = np.array([[0, 1, 2, 2, 2, 0, 0, 0, 2, 0], [4, 4, 5, 5, 5, 4, 4, 4, 5, 4]])
CALL_WAIT = np.array([24, 30, 34, 12, 22, 28])
TALK = np.array([150, 190, 210, 200, 280, 220, 180, 210, 330, 160])
TEST_PHONES = objects(["+8613800138000", "+8613900139000", "+447700900123"])


Struck = dict[str, np.ndarray]


def strike(day: Day, contacts: Frame, *names: str) -> tuple[Struck, np.ndarray]:
    """Draw the faults of contacts; tell as well which are under any."""
    clean = ~contacts["test"]
    room = clean & inside(day.end, contacts["start"])
    slow = ("late_arrival", "resent")
    able = {name: room if name in slow else clean for name in names}
    struck = faults.draw(day.rng, able)
    return struck, np.logical_or.reduce(list(struck.values()))


def hidden(contacts: Frame, kept: np.ndarray) -> Frame:
    """Return the hidden columns of a table with one row per contact."""
    rows = size(contacts)
    return {
        "_c": np.arange(rows),
        "_p": contacts["_p"],
        "_kept": kept,
        "_old": np.zeros(rows, bool),
    }


def queues(day: Day, contacts: Frame) -> np.ndarray:
    """Return the index of the queue each contact joins."""
    route = ROUTE[contacts["site"], contacts["routed"]]
    weight = day.world.people["weight"][contacts["person"]]
    return np.where((contacts["site"] == 0) & (weight > 2.6), 3, route)


def test_phones(day: Day, contacts: Frame, phones: np.ndarray) -> np.ndarray:
    """Return the phones, those of test contacts replaced by test numbers."""
    site = contacts["site"]
    fake = TEST_PHONES[np.where(site == 1, 2, day.rng.integers(0, 2, len(site)))]
    return np.where(contacts["test"], fake, phones)


def test_ids(day: Day, contacts: Frame, stem: str, ids: np.ndarray) -> np.ndarray:
    """Return the identifiers, those of test contacts replaced by test ones."""
    fake = objects([f"{stem}{day.stamp}{n}" for n in range(size(contacts))])
    return np.where(contacts["test"], fake, ids)


def note_tests(
    day: Day, source: str, table: str, ids: np.ndarray, test: np.ndarray
) -> None:
    """Write down which records are test traffic."""
    day.log.note(source, table, ids[test], "test_traffic")


def phone(day: Day) -> None:
    """Play the calls of the day and their stays in queues."""
    every = day.of(PHONE)
    proactive = (day.rng.random(size(every)) < 0.05) & ~every["test"]
    inbound, calls, segments, struck = _inbound_calls(day, take(every, ~proactive))
    outbound, out = _outbound_calls(day, take(every, proactive), inbound, calls)
    natural = concat([calls, out]) if size(out) else calls
    contacts = concat([inbound, outbound]) if size(out) else inbound
    measures = truth.phone(natural, segments)
    unknown = np.zeros(size(natural), bool)
    unknown[: size(calls)] = struck["unknown_agent"]
    day.conclude(
        PHONE,
        "phone",
        contacts,
        natural["call_id"],
        natural["_kept"],
        measures
        | {
            "queue_name": natural["queue_name"],
            "agent_id": known(natural["agent_id"], unknown),
            "contact_phone": natural["_phone"],
            "direction": natural["direction"],
            "started_at": natural["started_at"],
            "ended_at": natural["ended_at"],
        },
    )
    _more_calls(day, natural, struck)
    day.add("phone", "call_segments", segments)


def _inbound_calls(day: Day, contacts: Frame) -> tuple[Frame, Frame, Frame, Struck]:
    """Return inbound contacts, their calls and segments, and the faults that strike."""
    rng, rows = day.rng, size(contacts)
    struck, forced = strike(
        day,
        contacts,
        "exact_duplicate",
        "near_duplicate",
        "extreme_response",
        "ends_before_start",
        "wrong_zone",
        "unknown_agent",
        "late_arrival",
        "resent",
    )
    queue = queues(day, contacts)
    luck = rng.random(rows)
    queued = (luck < 0.82) | forced | contacts["test"]
    ivr = rng.integers(15, 150, rows)
    start = contacts["start"]
    hour = day.local(contacts["site"], start) // 3600
    rush = np.where((hour >= 10) & (hour < 12) | (hour >= 19) & (hour < 21), 1.5, 1.0)
    wait = lognormal(rng, CALL_WAIT[queue] * rush, 0.85, rows, 1500)
    far = CALL_WAIT[queue] * rng.uniform(45, 190, rows)
    wait = np.where(struck["extreme_response"], far.astype(np.int64), wait)
    patience = np.where(rng.random(rows) < 0.03, 2, 8) + rng.exponential(260, rows)
    patience = np.where(rng.random(rows) < 0.015, rng.integers(2, 11, rows), patience)
    abandons = queued & (wait > patience) & ~forced
    callback = queued & ~abandons & ~forced & (wait > 60) & (rng.random(rows) < 0.15)
    answered = queued & ~abandons & ~callback
    wait = np.where(abandons, patience.astype(np.int64), wait)
    joined = np.where(queued, start + ivr, NULL)
    segments, last = _segments(day, contacts, queue, joined, wait, answered, callback)
    result = np.select(
        [answered, abandons, callback, luck < 0.94],
        ["ANSWERED", "ABANDONED", "CALLBACK", "SELF_SERVICE"],
        "NO_ANSWER",
    ).astype(object)
    outcome = np.select(
        [queued, luck < 0.94], ["queue", "self_service"], "abandoned_in_ivr"
    ).astype(object)
    done = start + ivr + np.where(luck < 0.94, rng.integers(20, 120, rows), 0)
    flow = {
        "ivr_outcome": outcome,
        "queue_name": keep_where(QUEUES[queue], queued),
        "call_result": result,
        "wait_secs": np.where(queued, wait, NULL),
        "started_at": start.copy(),
        "answered_at": np.where(answered, joined + wait, NULL),
        "ended_at": np.where(queued, last["ended"], done),
    }
    calls = _call_rows(day, contacts, flow, last, forced)
    _strike_calls(day, calls, struck)
    note_tests(day, "phone", "calls", calls["call_id"], contacts["test"])
    return contacts, calls, segments, struck


def _call_rows(
    day: Day, contacts: Frame, flow: Frame, last: Frame, forced: np.ndarray
) -> Frame:
    """Return the inbound calls, one per contact, undamaged."""
    rng, rows = day.rng, size(contacts)
    answered = flow["answered_at"] != NULL
    solved = day.settled(contacts, 0.86)
    resolved = np.where(solved == 1, "Y", "N").astype(object)
    people, person = day.world.people, contacts["person"]
    landline = people["landline"][person]
    at_home = present(landline) & (rng.random(rows) < 0.3)
    number = np.where(at_home, landline, people["phone"][person])
    number = test_phones(day, contacts, number)
    number = keep_where(number, (rng.random(rows) > 0.04) | forced | contacts["test"])
    calls = {
        "call_id": numbered("C", day.stamp, 0, rows),
        "site": SITE_NAMES[contacts["site"]],
        "direction": constant("inbound", rows),
        "callback_of": nothing(rows),
        "caller_number": spell_phones(rng, number),
        "dialled_number": _lines(contacts["site"]),
        "language": objects(["zh", "en"])[contacts["language"]],
        **flow,
        "agent_id": last["agent_id"],
        "disposition": keep_where(TOPIC_NAMES[contacts["topic"]], answered),
        "resolved": keep_where(resolved, answered & (solved != NULL)),
        "talk_secs": last["talk"],
        "hold_secs": last["hold"],
        "acw_secs": last["acw"],
        "transfer_count": last["transfers"],
        **hidden(contacts, ~contacts["test"]),
        "_phone": number,
        "_site": contacts["site"],
    }
    calls["exported_at"] = day.exported(calls["ended_at"])
    return calls


def _lines(site: np.ndarray) -> np.ndarray:
    """Return the number of our own that each call came in on."""
    return objects(["400-820-1188", "0800 046 1188"])[site]


def _segments(
    day: Day,
    contacts: Frame,
    queue: np.ndarray,
    joined: np.ndarray,
    wait: np.ndarray,
    answered: np.ndarray,
    callback: np.ndarray,
) -> tuple[Frame, Frame]:
    """Return the stays in queues and, per call, their sums."""
    rng, rows = day.rng, size(contacts)
    luck = rng.random(rows)
    transfers = np.where(answered, (luck < 0.12).astype(int) + (luck < 0.02), 0)
    sums = {name: np.zeros(rows, np.int64) for name in ("talk", "hold", "acw")}
    last = {"agent_id": nothing(rows), "transfers": transfers, "ended": joined + wait}
    begin, target, held = joined.copy(), queue, wait
    parts = []
    for turn in range(3):
        at = np.flatnonzero((joined != NULL) & (transfers >= turn))
        spoke = answered[at]
        share = np.where(transfers[at] > turn, 0.35, 1.0)
        talk = lognormal(rng, TALK[contacts["topic"][at]] * share, 0.55, len(at), 5400)
        pauses = lognormal(rng, 45, 0.7, len(at), 900)
        hold = np.where(rng.random(len(at)) < 0.25, pauses, 0)
        acw = lognormal(rng, 40, 0.6, len(at), 900)
        talk, hold, acw = (np.where(spoke, value, 0) for value in (talk, hold, acw))
        met = np.where(spoke, begin[at] + held[at], NULL)
        ended = np.where(spoke, met + talk + hold, begin[at] + held[at])
        agent = day.agents(contacts["site"][at], begin[at], 0)
        outcome = np.where(transfers[at] > turn, "TRANSFERRED", "ANSWERED")
        unmet = np.where(callback[at], "CALLBACK", "ABANDONED")
        parts.append(
            {
                "segment_id": nothing(len(at)),
                "call_id": numbered("C", day.stamp, 0, rows)[at],
                "segment_no": np.full(len(at), turn + 1),
                "queue_name": QUEUES[target[at]],
                "agent_id": keep_where(agent, spoke),
                "segment_result": np.where(spoke, outcome, unmet).astype(object),
                "queued_at": begin[at],
                "answered_at": met,
                "ended_at": ended,
                "wait_secs": held[at],
                "talk_secs": talk,
                "hold_secs": hold,
                "acw_secs": acw,
                "exported_at": day.exported(ended),
                "_c": at,
                "_site": contacts["site"][at],
            }
        )
        for name, value in (("talk", talk), ("hold", hold), ("acw", acw)):
            sums[name][at] += value
        last["agent_id"][at] = keep_where(agent, spoke)
        last["ended"][at] = ended
        begin, held = last["ended"].copy(), lognormal(rng, 15, 0.7, rows, 600)
        target = np.where(contacts["site"] == 0, (target + 1) % 3, 4 + (target + 1) % 2)
    segments = concat(parts)
    order = np.lexsort((segments["segment_no"], segments["_c"]))
    segments = take(segments, order)
    segments["segment_id"] = numbered("G", day.stamp, 0, size(segments))
    return segments, last | sums


def _strike_calls(day: Day, calls: Frame, struck: Struck) -> None:
    """Damage calls in place."""
    rng = day.rng
    backwards = np.flatnonzero(struck["ends_before_start"])
    calls["ended_at"][backwards] = calls["started_at"][backwards] - rng.integers(
        1, 900, len(backwards)
    )
    moved = np.flatnonzero(struck["wrong_zone"])
    shift = np.where(rng.random(len(moved)) < 0.5, 8 * 3600, -8 * 3600)
    for column in ("started_at", "answered_at", "ended_at"):
        calls[column][moved] += shift
    calls["_kept"][backwards] = False
    calls["_kept"][moved] = False
    stranger = struck["unknown_agent"]
    calls["agent_id"][stranger] = day.unknown_agents(int(stranger.sum()))
    slow = struck["late_arrival"]
    calls["exported_at"][slow] = faults.late(
        rng, calls["exported_at"][slow], calls["ended_at"][slow], day.end
    )
    for fault in (
        "extreme_response",
        "ends_before_start",
        "wrong_zone",
        "unknown_agent",
        "late_arrival",
    ):
        day.log.note("phone", "calls", calls["call_id"][struck[fault]], fault)


def _more_calls(day: Day, natural: Frame, struck: Struck) -> None:
    """Add the calls with their doubles, older versions and broken lines."""
    rng = day.rng
    again = np.flatnonzero(struck["resent"])
    older = faults.resend(rng, natural, again, day.end)
    older["disposition"][:] = None
    older["resolved"][:] = None
    older["acw_secs"][:] = 0
    day.log.note("phone", "calls", older["call_id"], "resent")
    same = faults.copies(natural, np.flatnonzero(struck["exact_duplicate"]))
    near = faults.copies(natural, np.flatnonzero(struck["near_duplicate"]))
    later = rng.integers(1, 4, size(near))
    for column in ("started_at", "answered_at", "ended_at", "exported_at"):
        near[column] = np.where(near[column] == NULL, NULL, near[column] + later)
    given = size(natural)
    for fault, extra in (("exact_duplicate", same), ("near_duplicate", near)):
        extra["call_id"] = numbered("C", day.stamp, given, size(extra))
        given += size(extra)
        day.log.note("phone", "calls", extra["call_id"], fault)
    for frame in (natural, older, same, near):
        day.add("phone", "calls", frame)
    broken = take(natural, day.sample(size(natural)))
    broken["call_id"] = numbered("C", day.stamp, given, size(broken))
    day.damage("phone", "calls", broken, "fields")


def _outbound_calls(
    day: Day, proactive: Frame, inbound: Frame, calls: Frame
) -> tuple[Frame, Frame]:
    """Return the contacts we made: callbacks and calls of our own accord."""
    rng = day.rng
    asked = np.flatnonzero((calls["call_result"] == "CALLBACK") & calls["_kept"])
    back = take(inbound, asked)
    back["start"] = calls["ended_at"][asked] + rng.integers(600, 3600, len(asked))
    contacts = {n: np.concatenate([proactive[n], back[n]]) for n in proactive}
    rows = size(contacts)
    answers = (contacts["_p"] >= 0) & (rng.random(rows) < 0.78)
    ring = rng.integers(6, 28, rows)
    talk = np.where(answers, lognormal(rng, 140, 0.6, rows, 3600), 0)
    acw = np.where(answers, lognormal(rng, 35, 0.6, rows, 900), 0)
    solved = day.settled(contacts, 0.8)
    resolved = np.where(solved == 1, "Y", "N").astype(object)
    numbers = day.world.people["phone"][contacts["person"]].copy()
    numbers[size(proactive) :] = np.where(
        present(calls["_phone"][asked]),
        calls["_phone"][asked],
        numbers[size(proactive) :],
    )
    start = contacts["start"]
    frame = {
        "call_id": numbered("C", day.stamp, size(calls), rows),
        "site": SITE_NAMES[contacts["site"]],
        "direction": constant("outbound", rows),
        "callback_of": np.concatenate(
            [nothing(size(proactive)), calls["call_id"][asked]]
        ),
        "caller_number": spell_phones(rng, numbers),
        "dialled_number": _lines(contacts["site"]),
        "language": objects(["zh", "en"])[contacts["language"]],
        "ivr_outcome": nothing(rows),
        "queue_name": nothing(rows),
        "agent_id": day.agents(contacts["site"], start, 0),
        "call_result": np.where(answers, "ANSWERED", "NO_ANSWER").astype(object),
        "disposition": keep_where(TOPIC_NAMES[contacts["topic"]], answers),
        "resolved": keep_where(resolved, answers & (solved != NULL)),
        "wait_secs": nulls(rows),
        "talk_secs": talk,
        "hold_secs": np.zeros(rows, np.int64),
        "acw_secs": acw,
        "transfer_count": np.zeros(rows, np.int64),
        "started_at": start,
        "answered_at": np.where(answers, start + ring, NULL),
        "ended_at": start + ring + talk,
        "_c": size(calls) + np.arange(rows),
        "_p": contacts["_p"],
        "_kept": np.ones(rows, bool),
        "_old": np.zeros(rows, bool),
        "_phone": numbers,
        "_site": contacts["site"],
    }
    frame["exported_at"] = day.exported(frame["ended_at"])
    return contacts, {name: frame[name] for name in calls}


def chat(day: Day) -> None:
    """Play the web chat sessions of the day and their messages."""
    contacts = day.of(CHAT)
    rng, rows, start = day.rng, size(contacts), contacts["start"]
    struck, forced = strike(
        day,
        contacts,
        "exact_duplicate",
        "near_duplicate",
        "extreme_response",
        "ends_before_start",
        "unknown_agent",
        "late_arrival",
        "resent",
    )
    queued = start + rng.integers(3, 40, rows)
    wait = lognormal(rng, 40, 0.8, rows, 1200)
    far = (40 * rng.uniform(45, 190, rows)).astype(np.int64)
    wait = np.where(struck["extreme_response"], far, wait)
    patience = (rng.integers(3, 12, rows) + rng.exponential(420, rows)).astype(np.int64)
    left = (wait > patience) & ~forced
    reply = np.where(left, NULL, queued + wait)
    leaves = queued + patience
    limit = np.where(left, leaves, start + 12 * 3600)
    talk = dialogue(rng, start + 1, queued, reply, limit, 35.0, 1.3, "system")
    ended = np.where(left, leaves, last_sent(rows, talk) + rng.integers(8, 60, rows))
    # a session that ends before it began is short, or its messages would look astray
    struck["ends_before_start"] &= ended - start < 1200
    sessions = _sessions(day, contacts, struck, queued, ended, left)
    messages = _messages(
        day,
        contacts,
        talk,
        SIDES,
        sessions["session_id"],
        {"customer": sessions["visitor_id"], "agent": sessions["agent_id"]},
    )
    messages["_fine"] = (~contacts["test"] & ~forced)[messages["_c"]]
    messages["_short"] = (ended - start < 6 * 3600)[messages["_c"]]
    messages = faults.messages(
        rng,
        day.log,
        messages,
        "chat",
        ("text", "sent_at"),
        ("MW", day.stamp),
        day.end,
        zone=True,
    )
    _finish_chat(day, contacts, struck, sessions, messages)


def _sessions(
    day: Day,
    contacts: Frame,
    struck: Struck,
    queued: np.ndarray,
    ended: np.ndarray,
    left: np.ndarray,
) -> Frame:
    """Return the chat sessions, one per contact."""
    rng, rows, start = day.rng, size(contacts), contacts["start"]
    clean, backwards = ~contacts["test"], struck["ends_before_start"]
    people, person = day.world.people, contacts["person"]
    device = rng.integers(0, 3, rows) % people["devices"][person]
    cookie = people["cookie"][person]
    visitor = objects([f"{c}-{d}" for c, d in zip(cookie, device, strict=True)])
    number = day.own(contacts, "phone", 0.35)
    mail = day.own(contacts, "email", 0.35)
    number, mail = (keep_where(value, clean) for value in (number, mail))
    sessions = {
        "session_id": numbered("W", day.stamp, 0, rows),
        "site": SITE_NAMES[contacts["site"]],
        "visitor_id": test_ids(day, contacts, "test-", visitor),
        "agent_id": keep_where(day.agents(contacts["site"], start, 1), ~left),
        "crm_customer_id": keep_where(day.own(contacts, "crm_id", 0.45), clean),
        "name": day.own(contacts, "name", 0.5),
        "phone": spell_phones(rng, number),
        "email": mixed_case(rng, mail),
        "queue_name": QUEUES[queues(day, contacts)],
        "status": np.where(left, "abandoned", "served").astype(object),
        "topic": keep_where(TOPIC_NAMES[contacts["topic"]], rng.random(rows) < 0.8),
        "tag": day.tags(contacts["topic"]),
        "resolved": keep_where(day.settled(contacts, 0.8), ~left),
        "from_bot_session_id": contacts["bot"],
        "after_work_secs": np.where(left, 0, lognormal(rng, 30, 0.6, rows, 600)),
        "started_at": start.copy(),
        "queued_at": queued,
        "ended_at": np.where(backwards, start - rng.integers(1, 300, rows), ended),
        "_phone": number,
        "_mail": mail,
    }
    sessions |= hidden(contacts, clean & ~backwards)
    sessions["exported_at"] = day.exported(ended)
    return sessions


def _finish_chat(
    day: Day, contacts: Frame, struck: Struck, sessions: Frame, messages: Frame
) -> None:
    """Damage the sessions, tell what they were, and add what was written."""
    stranger = struck["unknown_agent"]
    sessions["agent_id"][stranger] = day.unknown_agents(int(stranger.sum()))
    _late_or_noted(day, "chat", "sessions", sessions, struck, "session_id")
    day.conclude(
        CHAT,
        "chat",
        contacts,
        sessions["session_id"],
        sessions["_kept"],
        truth.chat(sessions, messages)
        | {
            "queue_name": sessions["queue_name"],
            "agent_id": known(sessions["agent_id"], stranger),
            "contact_phone": sessions["_phone"],
            "contact_email": sessions["_mail"],
            "started_at": sessions["started_at"],
            "ended_at": sessions["ended_at"],
        },
    )
    note_tests(day, "chat", "sessions", sessions["session_id"], contacts["test"])
    older = _older(day, "chat", "sessions", sessions, struck["resent"], "session_id")
    if older:
        older["resolved"][:] = NULL
        older["tag"][:] = None
        older["after_work_secs"][:] = 0
        day.add("chat", "sessions", older)
    _twins(day, "chat", "sessions", sessions, struck, ("session_id", "W"), (1, 4))
    day.add("chat", "messages", messages)
    broken = take(messages, day.sample(size(messages)))
    broken["message_id"] = numbered("MW", day.stamp, size(messages), size(broken))
    day.damage("chat", "messages", broken, "truncated")


def _messages(
    day: Day,
    contacts: Frame,
    talk: Frame,
    sides: np.ndarray,
    parents: np.ndarray,
    senders: dict[str, np.ndarray],
    parent_name: str = "session_id",
    prefix: str = "MW",
) -> Frame:
    """Return the messages of chat-like conversations, undamaged."""
    rows, at, side = size(talk), talk["_c"], talk["side"]
    sender = nothing(rows)
    for place, who in ((CUSTOMER, "customer"), (AGENT, "agent")):
        mask = side == place
        sender[mask] = senders[who][at[mask]]
    if sides[AUTO] == "bot":
        sender[side == AUTO] = "bot"
    return {
        "message_id": numbered(prefix, day.stamp, 0, rows),
        parent_name: parents[at],
        "sender_type": sides[side],
        "sender_id": sender,
        "text": day.texts(contacts, at, talk["kind"], talk["_slot"]),
        "sent_at": talk["sent"].copy(),
        "exported_at": day.exported(talk["sent"], 4 * 3600),
        "_c": at,
        "_p": contacts["_p"][at],
        "_kept": np.ones(rows, bool),
        "_old": np.zeros(rows, bool),
        "_slot": talk["_slot"],
    }


def _late_or_noted(
    day: Day,
    source: str,
    table: str,
    frame: Frame,
    struck: Struck,
    key: str,
    ended: str = "ended_at",
) -> None:
    """Delay the late rows and write down the faults that add no rows."""
    slow = struck["late_arrival"]
    frame["exported_at"][slow] = faults.late(
        day.rng, frame["exported_at"][slow], frame[ended][slow], day.end
    )
    for fault in (
        "extreme_response",
        "ends_before_start",
        "unknown_agent",
        "late_arrival",
    ):
        if fault in struck:
            day.log.note(source, table, frame[key][struck[fault]], fault)


def _older(
    day: Day, source: str, table: str, frame: Frame, again: np.ndarray, key: str
) -> Frame:
    """Return the older versions of re-sent rows, or nothing."""
    index = np.flatnonzero(again)
    if not len(index):
        return {}
    older = faults.resend(day.rng, frame, index, day.end)
    day.log.note(source, table, older[key], "resent")
    return older


def _twins(
    day: Day,
    source: str,
    table: str,
    frame: Frame,
    struck: Struck,
    key: tuple[str, str],
    apart: tuple[int, int],
    moved: tuple[str, ...] = ("started_at", "queued_at", "ended_at", "exported_at"),
) -> int:
    """Add the rows and their exact and near doubles; return how many ids were used."""
    same = faults.copies(frame, np.flatnonzero(struck["exact_duplicate"]))
    near = faults.copies(frame, np.flatnonzero(struck["near_duplicate"]))
    later = day.rng.integers(*apart, size(near))
    for column in moved:
        near[column] = np.where(near[column] == NULL, NULL, near[column] + later)
    given = size(frame)
    day.add(source, table, frame)
    for fault, extra in (("exact_duplicate", same), ("near_duplicate", near)):
        extra[key[0]] = numbered(key[1], day.stamp, given, size(extra))
        given += size(extra)
        day.log.note(source, table, extra[key[0]], fault)
        day.add(source, table, extra)
    return given


def email(day: Day) -> None:
    """Play the e-mail threads of the day and their messages."""
    contacts = day.of(EMAIL)
    contacts = take(contacts, ~contacts["test"])
    rng, rows = day.rng, size(contacts)
    fine = np.ones(rows, bool)
    patient = contacts["start"] < day.end - 7 * DAY
    struck = faults.draw(rng, {"extreme_response": patient, "late_arrival": patient})
    forced = struck["extreme_response"] | struck["late_arrival"]
    start = contacts["start"]
    wait = lognormal(rng, 2700, 0.9, rows, 20 * 3600)
    far = (2700 * rng.uniform(42, 100, rows)).astype(np.int64)
    wait = np.where(struck["extreme_response"], far, wait)
    answers = (rng.random(rows) > 0.04) | forced
    talk = _mail_turns(rng, start, wait, answers, day.end - 600)
    last = last_sent(rows, talk)
    replied = np.zeros(rows, bool)
    replied[talk["_c"][talk["_slot"] == 3]] = True
    solved = keep_where(day.settled(contacts, 0.8), replied)
    ids = numbered("E", day.stamp, 0, rows)
    mail = day.world.people["email"][contacts["person"]]
    mailbox = objects(["service@shop.cn", "help@shop.co.uk"])[contacts["site"]]
    threads = {
        "thread_id": ids,
        "mailbox": mailbox,
        "subject": day.say(contacts, np.arange(rows), "subject", 0),
        "customer_address": mixed_case(rng, mail),
        "queue_name": QUEUES[queues(day, contacts)],
        "tag": day.tags(contacts["topic"]),
        "status": np.where(solved == 1, "solved", "open").astype(object),
        "resolved": solved,
        "created_at": start,
        "solved_at": np.where(solved == 1, last + 30, NULL),
        **hidden(contacts, fine),
    }
    threads["exported_at"] = day.exported(last + 30)
    agent = day.agents(contacts["site"], start, 2)
    messages = _mails(day, contacts, talk, ids, mailbox, agent)
    messages["_fine"] = (fine & ~forced)[messages["_c"]]
    messages = faults.messages(
        rng,
        day.log,
        messages,
        "email",
        ("body", "sent_at"),
        ("ME", day.stamp),
        day.end,
    )
    measures = truth.email(threads, messages)
    threads["_last"] = measures["ended_at"]
    _late_or_noted(day, "email", "threads", threads, struck, "thread_id", "_last")
    day.conclude(
        EMAIL,
        "email",
        contacts,
        ids,
        threads["_kept"],
        measures
        | {
            "queue_name": threads["queue_name"],
            "agent_id": keep_where(agent, measures["is_handled"] == 1),
            "contact_email": mail,
        },
    )
    day.add("email", "threads", threads)
    day.add("email", "messages", messages)


def _mail_turns(
    rng: np.random.Generator,
    start: np.ndarray,
    wait: np.ndarray,
    answers: np.ndarray,
    limit: int,
) -> Frame:
    """Return the messages of threads: question, receipt, note, reply, afterthoughts."""
    rows = len(start)
    at = np.zeros((rows, 8), np.int64)
    on = np.zeros((rows, 8), bool)
    reply = start + wait
    at[:, 0], on[:, 0] = start, True
    at[:, 1], on[:, 1] = start + rng.integers(1, 6, rows), rng.random(rows) < 0.5
    at[:, 2] = np.maximum(reply - rng.integers(60, 1200, rows), start + 6)
    on[:, 2] = answers & (rng.random(rows) < 0.15)
    at[:, 3], on[:, 3] = reply, answers
    pauses = lognormal(rng, 4000, 0.9, rows * 4, 30 * 3600).reshape(rows, 4)
    at[:, 4:] = reply[:, None] + np.cumsum(pauses, axis=1)
    rounds = np.minimum(rng.poisson(0.5, rows), 2)
    on[:, 4:] = answers[:, None] & (np.arange(4)[None, :] < 2 * rounds[:, None])
    on &= at <= limit
    on[:, 0] = True
    names = ("ask", "auto", "note", "reply", "more", "answer", "more", "answer")
    contact, slot = np.nonzero(on)
    return {
        "_c": contact,
        "_slot": slot,
        "kind": np.array([KIND[name] for name in names])[slot],
        "sent": at[contact, slot],
    }


def _mails(
    day: Day,
    contacts: Frame,
    talk: Frame,
    ids: np.ndarray,
    mailbox: np.ndarray,
    agent: np.ndarray,
) -> Frame:
    """Return the messages of the threads, undamaged."""
    rows, at, slot = size(talk), talk["_c"], talk["_slot"]
    people = day.world.people
    mail = mixed_case(day.rng, people["email"][contacts["person"]][at])
    name = people["name"][contacts["person"]][at]
    bare = day.rng.random(rows) < 0.4
    full = objects([f"{n} <{m}>" for n, m in zip(name, mail, strict=True)])
    customer = np.where(bare, mail, full)
    inbound = np.isin(slot, (0, 4, 6))
    text = day.texts(contacts, at, talk["kind"], slot)
    signed = objects(
        [
            f"{body}\n\n-- \n{who}" if sign else body
            for body, who, sign in zip(text, name, inbound, strict=True)
        ]
    )
    return {
        "message_id": numbered("ME", day.stamp, 0, rows),
        "thread_id": ids[at],
        "direction": np.where(inbound, "inbound", "outbound").astype(object),
        "from_address": np.where(inbound, customer, mailbox[at]),
        "to_address": np.where(inbound, mailbox[at], mail),
        "agent_id": keep_where(agent[at], ~inbound & (slot != 1)),
        "body": signed,
        "is_internal_note": (slot == 2).astype(np.int64),
        "is_auto_reply": (slot == 1).astype(np.int64),
        "sent_at": talk["sent"].copy(),
        "exported_at": day.exported(talk["sent"], 4 * 3600),
        "_c": at,
        "_p": contacts["_p"][at],
        "_kept": np.ones(rows, bool),
        "_old": np.zeros(rows, bool),
        "_slot": slot,
    }


def app(day: Day) -> None:
    """Play the app conversations of the day; their messages nest inside."""
    contacts = day.of(APP)
    contacts = take(contacts, ~contacts["test"])
    rng, rows, start = day.rng, size(contacts), contacts["start"]
    names = ("extreme_response", "unknown_agent", "late_arrival", "resent")
    struck, forced = strike(day, contacts, *names)
    first = start + rng.integers(0, 5, rows)
    wait = lognormal(rng, 120, 0.9, rows, 3 * 3600)
    far = (120 * rng.uniform(45, 180, rows)).astype(np.int64)
    wait = np.where(struck["extreme_response"], far, wait)
    answers = (rng.random(rows) > 0.05) | forced
    greeted = rng.random(rows) < 0.3
    talk = dialogue(
        rng,
        first,
        np.where(greeted, first + 1, NULL),
        np.where(answers, first + wait, NULL),
        start + DAY,
        60.0,
        1.1,
        "bot",
    )
    ended = last_sent(rows, talk) + rng.integers(20, 120, rows)
    frame = _conversations(day, contacts, ended, answers)
    messages = _messages(
        day,
        contacts,
        talk,
        BOT_SIDES,
        frame["conversation_id"],
        {"customer": frame["user_id"], "agent": frame["agent_id"]},
        "conversation_id",
        "MP",
    )
    messages["_fine"] = ~forced[messages["_c"]]
    messages["_short"] = (ended - start < 6 * 3600)[messages["_c"]]
    messages = faults.messages(
        rng,
        day.log,
        messages,
        "app",
        ("text", "sent_at"),
        ("MP", day.stamp),
        day.end,
        zone=True,
    )
    _finish_app(day, contacts, struck, frame, messages)


def _conversations(
    day: Day, contacts: Frame, ended: np.ndarray, answers: np.ndarray
) -> Frame:
    """Return the app conversations, one per contact."""
    rng, rows = day.rng, size(contacts)
    people, person = day.world.people, contacts["person"]
    number = day.own(contacts, "phone", 0.25)
    versions = objects(["7.1.0", "7.2.3", "7.3.0", "8.0.1"])
    agent = day.agents(contacts["site"], contacts["start"], 1)
    frame = {
        "conversation_id": numbered("P", day.stamp, 0, rows),
        "user_id": people["user_id"][person],
        "device_id": people["device_id"][person],
        "phone": spell_phones(rng, number),
        "app_version": versions[rng.integers(0, 4, rows)],
        "queue_name": QUEUES[queues(day, contacts)],
        "agent_id": keep_where(agent, answers),
        "topic": keep_where(TOPIC_NAMES[contacts["topic"]], rng.random(rows) < 0.8),
        "tag": day.tags(contacts["topic"]),
        "resolved": keep_where(day.settled(contacts, 0.75), answers),
        "started_at": contacts["start"],
        "ended_at": ended,
        "_phone": number,
    }
    frame |= hidden(contacts, np.ones(rows, bool))
    frame["exported_at"] = day.exported(ended)
    return frame


def _finish_app(
    day: Day, contacts: Frame, struck: Struck, frame: Frame, messages: Frame
) -> None:
    """Damage the conversations, tell what they were, and add what was written."""
    rows, table = size(frame), "conversations"
    stranger = struck["unknown_agent"]
    frame["agent_id"][stranger] = day.unknown_agents(int(stranger.sum()))
    _late_or_noted(day, "app", table, frame, struck, "conversation_id")
    day.conclude(
        APP,
        "app",
        contacts,
        frame["conversation_id"],
        frame["_kept"],
        truth.app(frame, messages)
        | {
            "queue_name": frame["queue_name"],
            "agent_id": known(frame["agent_id"], stranger),
            "contact_phone": frame["_phone"],
            "started_at": frame["started_at"],
            "ended_at": frame["ended_at"],
        },
    )
    older = _older(day, "app", table, frame, struck["resent"], "conversation_id")
    nested = np.lexsort((messages["sent_at"], messages["_c"]))
    messages = take(messages, nested)
    frame["_children"] = np.searchsorted(messages["_c"], np.arange(rows))
    frame["_until"] = np.searchsorted(messages["_c"], np.arange(rows), side="right")
    if older:
        older["resolved"][:] = NULL
        older["tag"][:] = None
        older["_children"] = older["_until"] = np.zeros(size(older), np.int64)
        frame = concat([frame, older])
    day.add("app", table, frame)
    day.add("app", "messages", messages)


def wechat(day: Day) -> None:
    """Play the messages in the two mini programs."""
    contacts = day.of(WECHAT)
    rng, rows = day.rng, size(contacts)
    people, person = day.world.people, contacts["person"]
    start = contacts["start"]
    close = day.midnight + 23 * 3600 + 1800 - 8 * 3600
    wait = lognormal(rng, 180, 0.9, rows, 4 * 3600)
    answers = rng.random(rows) > 0.05
    greeted = rng.random(rows) < 0.35
    talk = dialogue(
        rng,
        start,
        np.where(greeted, start + 1, NULL),
        np.where(answers & (start + wait < close), start + wait, NULL),
        np.full(rows, close),
        60.0,
        0.9,
        "bot",
    )
    second = rng.random(rows) < 0.3
    openid = np.where(second, people["openid_b"][person], people["openid_a"][person])
    openid = test_ids(day, contacts, "oTEST", openid)
    at, slot, side = talk["_c"], talk["_slot"], talk["side"]
    turns = size(talk)
    agent = day.agents(np.zeros(rows, np.int64), start, 1)
    image = (side == CUSTOMER) & (slot > 0) & (rng.random(turns) < 0.08)
    shows = (rng.random(rows) < 0.4) & ~contacts["test"]
    messages = {
        "message_id": numbered("MM", day.stamp, 0, turns),
        "app_id": np.where(second, "wxshop-b", "wxshop-a").astype(object)[at],
        "openid": openid[at],
        "unionid": keep_where(people["unionid"][person], shows)[at],
        "direction": np.where(side == CUSTOMER, "in", "out").astype(object),
        "sender_type": BOT_SIDES[side],
        "agent_id": keep_where(agent[at], side == AGENT),
        "msg_type": np.where(image, "image", "text").astype(object),
        "content": keep_where(day.texts(contacts, at, talk["kind"], slot), ~image),
        "tag": keep_where(day.tags(contacts["topic"])[at], slot == 0),
        "create_time": talk["sent"].copy(),
        "_slot": slot,
    }
    _runs(
        day,
        (WECHAT, "wechat"),
        contacts,
        talk,
        messages,
        ("content", "create_time"),
        "MM",
    )


def _runs(
    day: Day,
    channel: tuple[int, str],
    contacts: Frame,
    talk: Frame,
    messages: Frame,
    columns: tuple[str, str],
    prefix: str,
) -> Frame:
    """Damage, conclude and add the messages of a channel that knows no sessions."""
    rows, time = size(contacts), columns[1]
    at, test = talk["_c"], contacts["test"]
    messages |= {
        "exported_at": day.exported(talk["sent"]),
        "_c": at,
        "_p": contacts["_p"][at],
        "_kept": ~test[at],
        "_old": np.zeros(size(messages), bool),
        "_fine": ~test[at],
        "_slot": talk["_slot"],
    }
    number, source = channel
    note_tests(day, source, "messages", messages["message_id"], test[at])
    first = np.full(rows, None, dtype=object)
    first[at[talk["_slot"] == 0]] = messages["message_id"][talk["_slot"] == 0]
    agent = np.full(rows, None, dtype=object)
    spoke = present(messages["agent_id"])
    agent[at[spoke]] = messages["agent_id"][spoke]
    messages = faults.messages(
        day.rng,
        day.log,
        messages,
        source,
        columns,
        (prefix, day.stamp),
        day.end,
        lateness=True,
    )
    measures = truth.threadless(rows, messages, time)
    # test contacts have no kept message, yet need a record of their own
    measures["record_id"] = np.where(test, first, measures["record_id"])
    measures["agent_id"] = agent
    day.conclude(number, source, contacts, first, ~test, measures)
    day.add(source, "messages", messages)
    return messages


def social(day: Day) -> None:
    """Play direct messages and public posts on four platforms."""
    contacts = day.of(SOCIAL)
    rng, rows = day.rng, size(contacts)
    people, person = day.world.people, contacts["person"]
    site, start = contacts["site"], contacts["start"]
    platform = objects(["weibo", "douyin", "x", "facebook"])[
        site * 2 + people["platform"][person]
    ]
    public = rng.random(rows) < 0.35
    close = day.midnight + 23 * 3600 + 1800 - np.where(site == 0, 8 * 3600, 3600)
    wait = lognormal(rng, 900, 0.9, rows, 4 * 3600)
    answers = rng.random(rows) > np.where(public, 0.3, 0.08)
    greeted = ~public & (rng.random(rows) < 0.3)
    talk = dialogue(
        rng,
        start,
        np.where(greeted, start + 1, NULL),
        np.where(answers & (start + wait < close), start + wait, NULL),
        close,
        120.0,
        0.5,
        "auto",
    )
    talk = take(talk, ~public[talk["_c"]] | (talk["_slot"] <= 3))
    handle = test_ids(day, contacts, "qa_", people["handle"][person])
    post = [f"post-{day.stamp}-{n}" for n in rng.integers(0, 20, rows)]
    direct = [f"dm-{p}-{h}" for p, h in zip(platform, handle, strict=True)]
    conversation = np.where(public, objects(post), objects(direct))
    at, slot, side = talk["_c"], talk["_slot"], talk["side"]
    agent = day.agents(site, start, 1)
    brand = objects(["小店客服", "Shop Care"])[site]
    messages = {
        "message_id": numbered("MS", day.stamp, 0, size(talk)),
        "platform": platform[at],
        "conversation_id": conversation[at],
        "is_public": public[at].astype(np.int64),
        "handle": handle[at],
        "display_name": np.where(
            side == CUSTOMER, people["name"][person][at], brand[at]
        ),
        "direction": np.where(side == CUSTOMER, "in", "out").astype(object),
        "agent_id": keep_where(agent[at], side == AGENT),
        "text": day.texts(contacts, at, talk["kind"], slot),
        "tag": keep_where(day.tags(contacts["topic"])[at], slot == 0),
        "posted_at": talk["sent"].copy(),
        "_slot": slot,
    }
    messages = _runs(
        day, (SOCIAL, "social"), contacts, talk, messages, ("text", "posted_at"), "MS"
    )
    broken = take(messages, day.sample(size(messages)))
    broken["message_id"] = numbered("MS", day.stamp, size(messages), size(broken))
    day.damage("social", "messages", broken, "bytes")


def store(day: Day) -> None:
    """Play the visits to the three shops."""
    contacts = day.of(STORE)
    rng, rows = day.rng, size(contacts)
    clean = ~contacts["test"]
    struck, forced = strike(
        day,
        contacts,
        "exact_duplicate",
        "near_duplicate",
        "extreme_response",
        "ends_before_start",
        "unknown_agent",
        "late_arrival",
        "resent",
        "broken_encoding",
    )
    site, arrived = contacts["site"], contacts["start"]
    shop = np.where(site == 1, 2, (contacts["base"] % 5 < 2).astype(np.int64))
    wait = lognormal(rng, 90, 0.7, rows, 2400)
    far = (90 * rng.uniform(42, 90, rows)).astype(np.int64)
    wait = np.where(struck["extreme_response"], far, wait)
    served = (rng.random(rows) > 0.06) | forced
    stay = np.where(served, wait + lognormal(rng, 420, 0.6, rows, 5400), 0)
    stay = np.where(served, stay, lognormal(rng, 400, 0.6, rows, 3000))
    number = day.own(contacts, "phone", 0.55)
    number = np.where(forced, day.world.people["phone"][contacts["person"]], number)
    number = keep_where(number, clean)
    card = test_ids(day, contacts, "TEST", day.own(contacts, "card", 0.8))
    solved = day.settled(contacts, 0.9)
    outcome = np.where(rng.random(rows) < 0.3, "referred", "not_resolved").astype(
        object
    )
    outcome[solved == 1] = "resolved"
    clerk = nothing(rows)
    for place in range(3):
        mask = shop == place
        clerk[mask] = day.agents(site[mask], arrived[mask], 3, place)
    visits = {
        "visit_id": numbered("V", day.stamp, 0, rows),
        "store_code": objects(list(STORES))[shop],
        "visitor_name": day.own(contacts, "name", 0.4),
        "phone": spell_phones(rng, number),
        "loyalty_card": card,
        "reason": day.say(contacts, np.arange(rows), "reason", 0),
        "outcome": keep_where(outcome, served & (solved != NULL)),
        "complaint_form": (day.tags(contacts["topic"]) == "complaint").astype(np.int64),
        "clerk_id": keep_where(clerk, served),
        "arrived_at": arrived.copy(),
        "served_at": np.where(served, arrived + wait, NULL),
        "left_at": arrived + stay,
        **hidden(contacts, clean & ~struck["ends_before_start"]),
        "_site": site,
        "_phone": number,
    }
    visits["exported_at"] = day.exported(visits["left_at"])
    _finish_store(day, contacts, struck, visits)


def _finish_store(day: Day, contacts: Frame, struck: Struck, visits: Frame) -> None:
    """Damage the visits, tell what they were, and add what was written."""
    rng, rows = day.rng, size(contacts)
    backwards = struck["ends_before_start"]
    before = visits["arrived_at"] - rng.integers(1, 900, rows)
    visits["left_at"] = np.where(backwards, before, visits["left_at"])
    stranger = struck["unknown_agent"]
    visits["clerk_id"][stranger] = day.unknown_agents(int(stranger.sum()))
    astray = struck["broken_encoding"]
    visits["reason"][astray] = faults.garbled(rng, visits["reason"][astray])
    day.log.note("store", "visits", visits["visit_id"][astray], "broken_encoding")
    _late_or_noted(day, "store", "visits", visits, struck, "visit_id", "left_at")
    note_tests(day, "store", "visits", visits["visit_id"], contacts["test"])
    day.conclude(
        STORE,
        "store",
        contacts,
        visits["visit_id"],
        visits["_kept"],
        truth.store(visits)
        | {
            "agent_id": known(visits["clerk_id"], stranger),
            "contact_phone": visits["_phone"],
            "started_at": visits["arrived_at"],
            "ended_at": visits["left_at"],
        },
    )
    older = _older(day, "store", "visits", visits, struck["resent"], "visit_id")
    if older:
        older["outcome"][:] = None
        day.add("store", "visits", older)
    times = ("arrived_at", "served_at", "left_at", "exported_at")
    key = ("visit_id", "V")
    given = _twins(day, "store", "visits", visits, struck, key, (1, 61), times)
    broken = take(visits, day.sample(size(visits)))
    broken["visit_id"] = numbered("V", day.stamp, given, size(broken))
    day.damage("store", "visits", broken, "bytes")


def bot(day: Day) -> None:
    """Play the bot's sessions; some are handed to a person."""
    contacts = day.of(BOT)
    rng, rows = day.rng, size(contacts)
    people, person, site = day.world.people, contacts["person"], contacts["site"]
    clean = ~contacts["test"]
    struck, forced = strike(day, contacts, "ends_before_start", "late_arrival")
    start = contacts["start"]
    platform = _bot_platforms(rng, people, person)
    platform = np.where(contacts["test"], 0, platform)
    rounds = rng.integers(1, 4, rows)
    talk = _bot_turns(rng, start, rounds)
    last = last_sent(rows, talk)
    hard = np.array([0.12, 0.3, 0.3, 0.35, 0.45, 0.3, 0.2, 0.12, 0.7, 0.25])
    luck = rng.random(rows)
    wants = luck < hard[contacts["routed"]]
    dropped = ~wants & (luck > 0.88)
    over, target = _hand_over(day, contacts, platform, wants, last)
    status = np.select(
        [over, dropped | wants], ["handed_off", "dropped"], "contained"
    ).astype(object)
    ended = np.where(over, last + 2, last + rng.integers(5, 90, rows))
    backwards = struck["ends_before_start"]
    visitor = objects([f"{c}-0" for c in people["cookie"][person]])
    visitor = test_ids(day, contacts, "test-", visitor)
    ids = numbered("B", day.stamp, 0, rows)
    solved = day.settled(contacts, 0.6)
    sessions = {
        "session_id": ids,
        "site": SITE_NAMES[site],
        "platform": objects(["web", "app", "wechat"])[platform],
        "visitor_id": keep_where(visitor, platform == 0),
        "user_id": keep_where(people["user_id"][person], platform == 1),
        "openid": keep_where(people["openid_a"][person], platform == 2),
        "language": objects(["zh", "en"])[contacts["language"]],
        "intent": TOPIC_NAMES[contacts["topic"]],
        "status": status,
        "handoff_channel": target["channel"],
        "handoff_session_id": target["session"],
        "tag": day.tags(contacts["topic"]),
        "is_resolved": np.where(status == "contained", solved, NULL),
        "started_at": start.copy(),
        "handed_off_at": np.where(over, last + 2, NULL),
        "ended_at": np.where(backwards, start - rng.integers(1, 300, rows), ended),
        **hidden(contacts, clean & ~backwards),
    }
    sessions["exported_at"] = day.exported(ended)
    messages = _bot_messages(day, contacts, talk, ids)
    messages["_fine"] = (clean & ~forced)[messages["_c"]]
    messages = faults.messages(
        rng,
        day.log,
        messages,
        "bot",
        ("text", "sent_at"),
        ("MB", day.stamp),
        day.end,
        zone=True,
    )
    _late_or_noted(day, "bot", "sessions", sessions, struck, "session_id")
    note_tests(day, "bot", "sessions", ids, contacts["test"])
    day.conclude(
        BOT,
        "bot",
        contacts,
        ids,
        sessions["_kept"],
        truth.bot(sessions)
        | {"started_at": sessions["started_at"], "ended_at": sessions["ended_at"]},
    )
    day.add("bot", "sessions", sessions)
    day.add("bot", "messages", messages)


def _bot_platforms(
    rng: np.random.Generator, people: Frame, person: np.ndarray
) -> np.ndarray:
    """Return where each session runs: 0 web, 1 app, 2 WeChat."""
    luck = rng.random(len(person))
    app_able = present(people["user_id"][person])
    wechat_able = present(people["openid_a"][person])
    return np.where(
        (luck < 0.4) & app_able, 1, np.where((luck > 0.75) & wechat_able, 2, 0)
    )


def _bot_turns(
    rng: np.random.Generator, start: np.ndarray, rounds: np.ndarray
) -> Frame:
    """Return the turns of bot sessions: question, answer, and so on."""
    rows = len(start)
    on = np.arange(6)[None, :] < 2 * rounds[:, None]
    pause = lognormal(rng, 18, 0.6, rows * 6, 300).reshape(rows, 6)
    pause[:, 0] = 1
    pause[:, 1::2] = rng.integers(1, 3, (rows, 3))
    at = start[:, None] + np.cumsum(pause, axis=1)
    contact, slot = np.nonzero(on)
    return {
        "_c": contact,
        "_slot": slot,
        "side": slot % 2,
        "sent": at[contact, slot],
    }


def _bot_messages(day: Day, contacts: Frame, talk: Frame, ids: np.ndarray) -> Frame:
    """Return the messages of the bot's sessions, undamaged."""
    rng, rows, at, slot = day.rng, size(talk), talk["_c"], talk["_slot"]
    customer = talk["side"] == 0
    missed = ~customer & (rng.random(rows) < 0.18)
    kind = np.where(slot == 0, KIND["ask"], KIND["more"])
    kind = np.where(customer, kind, np.where(missed, KIND["fallback"], KIND["bot"]))
    sure = np.round(np.where(missed, 0.15, 0.55) + rng.random(rows) * 0.35, 3)
    intent = TOPIC_NAMES[contacts["topic"]][at]
    return {
        "message_id": numbered("MB", day.stamp, 0, rows),
        "session_id": ids[at],
        "sender_type": np.where(customer, "customer", "bot").astype(object),
        "text": day.texts(contacts, at, kind, slot),
        "intent": keep_where(intent, ~missed),
        "confidence": np.where(customer, np.nan, sure),
        "is_fallback": missed.astype(np.int64),
        "sent_at": talk["sent"].copy(),
        "exported_at": day.exported(talk["sent"], 4 * 3600),
        "_c": at,
        "_p": contacts["_p"][at],
        "_kept": np.ones(rows, bool),
        "_old": np.zeros(rows, bool),
        "_slot": slot,
        "_short": np.ones(rows, bool),
    }


def _hand_over(
    day: Day, contacts: Frame, platform: np.ndarray, wants: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, Frame]:
    """Decide which sessions a person takes over, and plan those contacts."""
    rows = size(contacts)
    target = {"channel": nothing(rows), "session": nothing(rows)}
    over = np.zeros(rows, bool)
    hour = day.local(contacts["site"], last) // 3600
    for place, channel, prefix, name in (
        (0, CHAT, "W", "web_chat"),
        (1, APP, "P", "app"),
    ):
        first, shut = OPEN[:, channel, 0], OPEN[:, channel, 1]
        busy = day.plan["person"][day.plan["channel"] == channel]
        able = wants & ~contacts["test"] & (platform == place)
        able &= ~np.isin(contacts["person"], busy)
        able &= (hour >= first[contacts["site"]]) & (hour < shut[contacts["site"]])
        index = np.flatnonzero(able)
        ids = numbered(prefix, day.stamp, len(busy), len(index))
        over[index] = True
        target["channel"][index] = name
        target["session"][index] = ids
        extra = take(contacts, index)
        extra["start"] = last[index] + 2 + day.rng.integers(1, 5, len(index))
        extra["bot"] = numbered("B", day.stamp, 0, rows)[index]
        # a person may settle what the bot could not
        extra["solved"] = extra["helped"]
        fields = ("person", "start", "topic", "routed", "solved", "helped", "order")
        day.handoffs[channel] = [{key: extra[key] for key in (*fields, "bot")}]
    # on WeChat the person answers in the same window, so there is no session to name
    over |= wants & (platform == 2) & ~contacts["test"]
    return over, target
