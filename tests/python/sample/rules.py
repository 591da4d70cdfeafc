"""The rules of the sample's contract in plain Python: files in, contacts out."""

import unicodedata
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

from .reading import Row, hour, seconds

Tables = dict[str, list[Row]]
Rejected = dict[str, set[str]]
LIMITS = (10, 30, 60, 300, 1800, 3600, 14400, 86400)


def latest(rows: list[Row]) -> dict[str, Row]:
    """Return the last version of each record."""
    found: dict[str, Row] = {}
    for row in rows:
        key = str(next(iter(row.values())))
        if key not in found or row["exported_at"] > found[key]["exported_at"]:
            found[key] = row
    return found


def kept(tables: Tables, rejected: Rejected, table: str) -> dict[str, Row]:
    """Return the records that are not rejected."""
    return {
        key: row
        for key, row in latest(tables[table]).items()
        if key not in rejected[table]
    }


def number(value: object) -> int | None:
    """Return a count that a delimited file wrote as text."""
    return None if value is None else int(str(value))


def plain(text: str) -> str:
    """Return a text without case, width, white space and punctuation."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LNS")


def by_parent(rows: dict[str, Row], parent: str) -> dict[object, list[Row]]:
    """Return messages by the conversation they belong to."""
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows.values():
        groups[row[parent]].append(row)
    return groups


def runs(rows: dict[str, Row], key: tuple[str, ...], time: str) -> list[list[Row]]:
    """Return the runs of messages: a gap of more than six hours starts the next."""
    groups: dict[tuple, list[Row]] = defaultdict(list)
    for row in rows.values():
        groups[tuple(row[name] for name in key)].append(row)
    found = []
    for messages in groups.values():
        messages.sort(key=lambda m: (m[time], m["message_id"]))
        run = [messages[0]]
        for before, message in pairwise(messages):
            if message[time] - before[time] > timedelta(hours=6):
                found.append(run)
                run = []
            run.append(message)
        found.append(run)
    return found


def reply(messages: list[Row], time: str, customer: str, human: str) -> tuple:
    """Return first word of the customer and first human reply after it."""
    wrote = min((m[time] for m in messages if m[customer]), default=None)
    later = (m[time] for m in messages if wrote and m[human] and m[time] >= wrote)
    return wrote, min(later, default=None)


def contact(channel: str, key: object, **fields: object) -> Row:
    """Return one contact with what most channels cannot say left null."""
    row: Row = {
        "channel": channel,
        "record_id": key,
        "direction": "inbound",
        "is_offered": True,
        "is_handled": False,
        "is_abandoned": None,
        "first_response_seconds": None,
        "handle_seconds": None,
        "is_resolved": None,
        "is_complaint": False,
        "csat_score": None,
        "short": False,
        "callback": False,
    }
    return row | fields


def phone(tables: Tables, rejected: Rejected) -> list[Row]:
    """Return the calls."""
    first = {
        row["call_id"]: row
        for row in tables["phone.call_segments"]
        if row["segment_no"] == "1"
    }
    sums: dict[object, int] = defaultdict(int)
    for row in tables["phone.call_segments"]:
        for name in ("talk_secs", "hold_secs", "acw_secs"):
            sums[row["call_id"]] += int(str(row[name]))
    found = []
    for key, call in kept(tables, rejected, "phone.calls").items():
        inbound = call["direction"] == "inbound"
        result = call["call_result"]
        handled = inbound and result == "ANSWERED"
        queued = first[key]["queued_at"] if key in first else None
        if handled:
            assert seconds(call["answered_at"], queued) == number(call["wait_secs"])
        found.append(
            contact(
                "phone",
                key,
                direction=call["direction"],
                is_offered=inbound and call["ivr_outcome"] == "queue",
                is_handled=handled,
                is_abandoned=inbound and result == "ABANDONED",
                first_response_seconds=seconds(call["answered_at"], queued)
                if handled
                else None,
                handle_seconds=sums[key] if handled else None,
                is_resolved={"Y": True, "N": False}.get(str(call["resolved"])),
                is_complaint=call["disposition"] == "COMPLAINT",
                short=inbound
                and result == "ABANDONED"
                and (number(call["wait_secs"]) or 0) <= 10,
                callback=inbound and result == "CALLBACK",
                started_at=call["started_at"],
                ended_at=call["ended_at"],
            )
        )
    return found


def chat(tables: Tables, rejected: Rejected) -> list[Row]:
    """Return the web chat sessions."""
    messages = by_parent(kept(tables, rejected, "chat.messages"), "session_id")
    found = []
    for key, session in kept(tables, rejected, "chat.sessions").items():
        answers = [m["sent_at"] for m in messages[key] if m["sender_type"] == "agent"]
        first = min(answers, default=None)
        left = session["status"] == "abandoned" and first is None
        work = seconds(session["ended_at"], first)
        waited = seconds(session["ended_at"], session["queued_at"])
        found.append(
            contact(
                "web_chat",
                key,
                is_handled=first is not None,
                is_abandoned=left,
                first_response_seconds=seconds(first, session["queued_at"]),
                handle_seconds=work + session["after_work_secs"] if first else None,
                is_resolved=session["resolved"],
                is_complaint=session["tag"] == "complaint",
                short=left and waited <= 10,
                started_at=session["started_at"],
                ended_at=session["ended_at"],
            )
        )
    return found


def email(tables: Tables, rejected: Rejected) -> list[Row]:
    """Return the e-mail threads."""
    messages = by_parent(kept(tables, rejected, "email.messages"), "thread_id")
    found = []
    for key, thread in kept(tables, rejected, "email.threads").items():
        for m in messages[key]:
            m["customer"] = m["direction"] == "inbound"
            plainly = not (m["is_internal_note"] or m["is_auto_reply"])
            m["human"] = not m["customer"] and plainly and m["agent_id"] is not None
        wrote, first = reply(messages[key], "sent_at", "customer", "human")
        public = [m["sent_at"] for m in messages[key] if not m["is_internal_note"]]
        found.append(
            contact(
                "email",
                key,
                is_handled=first is not None,
                first_response_seconds=seconds(first, wrote),
                is_resolved=thread["resolved"],
                is_complaint=thread["tag"] == "complaint",
                started_at=wrote,
                ended_at=max(public),
            )
        )
    return found


def app(tables: Tables, rejected: Rejected) -> list[Row]:
    """Return the app conversations."""
    messages = by_parent(kept(tables, rejected, "app.messages"), "conversation_id")
    found = []
    for key, talk in kept(tables, rejected, "app.conversations").items():
        for m in messages[key]:
            m["customer"] = m["sender_type"] == "customer"
            m["human"] = m["sender_type"] == "agent"
        wrote, first = reply(messages[key], "sent_at", "customer", "human")
        found.append(
            contact(
                "app",
                key,
                is_handled=first is not None,
                first_response_seconds=seconds(first, wrote),
                handle_seconds=seconds(talk["ended_at"], first),
                is_resolved=talk["resolved"],
                is_complaint=talk["tag"] == "complaint",
                started_at=talk["started_at"],
                ended_at=talk["ended_at"],
            )
        )
    return found


def threadless(
    tables: Tables, rejected: Rejected, channel: str, key: tuple[str, ...], time: str
) -> list[Row]:
    """Return the runs of messages of WeChat or social media."""
    found = []
    for run in runs(kept(tables, rejected, f"{channel}.messages"), key, time):
        for m in run:
            m["customer"] = m["direction"] == "in"
            m["human"] = not m["customer"] and m["agent_id"] is not None
        wrote, first = reply(run, time, "customer", "human")
        assert run[0]["customer"]
        found.append(
            contact(
                channel,
                run[0]["message_id"],
                is_handled=first is not None,
                first_response_seconds=seconds(first, wrote),
                is_complaint=any(m["tag"] == "complaint" for m in run),
                started_at=run[0][time],
                ended_at=run[-1][time],
            )
        )
    return found


def store(tables: Tables, rejected: Rejected) -> list[Row]:
    """Return the visits."""
    found = []
    for key, visit in kept(tables, rejected, "store.visits").items():
        served = visit["served_at"]
        outcome = visit["outcome"]
        found.append(
            contact(
                "store",
                key,
                is_handled=served is not None,
                is_abandoned=served is None,
                first_response_seconds=seconds(served, visit["arrived_at"]),
                handle_seconds=seconds(visit["left_at"], served),
                is_resolved=None if outcome is None else outcome == "resolved",
                is_complaint=visit["complaint_form"] in ("是", "yes"),
                started_at=visit["arrived_at"],
                ended_at=visit["left_at"],
            )
        )
    return found


def bot(tables: Tables, rejected: Rejected) -> list[Row]:
    """Return the bot's sessions."""
    return [
        contact(
            "bot",
            key,
            is_handled=session["status"] == "contained",
            is_resolved=session["is_resolved"],
            is_complaint=session["tag"] == "complaint",
            started_at=session["started_at"],
            ended_at=session["ended_at"],
        )
        for key, session in kept(tables, rejected, "bot.sessions").items()
    ]


def contacts(tables: Tables, rejected: Rejected) -> list[Row]:
    """Return every kept contact with its satisfaction score."""
    wechat = ("app_id", "openid")
    social = ("platform", "conversation_id", "handle")
    found = [
        *phone(tables, rejected),
        *chat(tables, rejected),
        *email(tables, rejected),
        *app(tables, rejected),
        *threadless(tables, rejected, "wechat", wechat, "create_time"),
        *threadless(tables, rejected, "social", social, "posted_at"),
        *store(tables, rejected),
        *bot(tables, rejected),
    ]
    names = {"web_chat": "chat"}
    places = {
        (names.get(str(row["channel"]), row["channel"]), row["record_id"]): row
        for row in found
    }
    invitations = latest(tables["survey.invitations"])
    for answer in kept(tables, rejected, "survey.answers").values():
        asked = invitations[str(answer["invitation_id"])]
        place = places.get((asked["interaction_source"], asked["interaction_ref"]))
        if asked["survey_type"] == "CSAT" and place:
            assert place["csat_score"] is None
            place["csat_score"] = int(str(answer["score"]))
    return found


def totals(found: list[Row]) -> dict[tuple, dict[str, int]]:
    """Return the KPI of each channel and hour."""
    sums: dict[tuple, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in found:
        place = sums[row["channel"], hour(row["started_at"])]
        place["contact_count"] += 1
        for name in ("offered", "handled", "abandoned"):
            place[f"{name}_count"] += bool(row[f"is_{name}"])
        place["short_abandoned_count"] += row["short"]
        place["callback_count"] += row["callback"]
        place["complaint_count"] += row["is_complaint"]
        wait, work = row["first_response_seconds"], row["handle_seconds"]
        if wait is not None:
            place["first_response_count"] += 1
            place["first_response_seconds_sum"] += wait
            for limit in LIMITS:
                name = f"first_response_within_{limit}_seconds_count"
                place[name] += wait <= limit
        if work is not None:
            place["handle_count"] += 1
            place["handle_seconds_sum"] += work
        if row["is_resolved"] is not None:
            place["resolution_known_count"] += 1
            place["resolved_count"] += row["is_resolved"]
        if row["csat_score"] is not None:
            place["csat_answer_count"] += 1
            place["csat_satisfied_count"] += row["csat_score"] >= 4
            place["csat_score_sum"] += row["csat_score"]
    return sums
