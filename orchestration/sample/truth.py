"""The right answers, worked out from the rows as they were finally written."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.sample.frames import NULL, Frame, present
from orchestration.sample.phrases import TOPICS
from orchestration.sample.world import BOT_GAP, CHANNELS, SIMPLE, Calendar

LIMITS = (10, 30, 60, 300, 1800, 3600, 14400, 86400)
MEASURES = (
    "contact_count",
    "offered_count",
    "handled_count",
    "abandoned_count",
    "short_abandoned_count",
    "callback_count",
    "first_response_count",
    "first_response_seconds_sum",
    *(f"first_response_within_{limit}_seconds_count" for limit in LIMITS),
    "handle_count",
    "handle_seconds_sum",
    "resolution_known_count",
    "resolved_count",
    "csat_answer_count",
    "csat_satisfied_count",
    "csat_score_sum",
    "complaint_count",
)
YES, NO = 1, 0
FAR = 2**62


def earliest(rows: int, contact: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return the first time of each contact, null when it has none."""
    first = np.full(rows, FAR, np.int64)
    np.minimum.at(first, contact, time)
    return np.where(first == FAR, NULL, first)


def latest(rows: int, contact: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return the last time of each contact, null when it has none."""
    last = np.full(rows, NULL, np.int64)
    np.maximum.at(last, contact, time)
    return last


def gap(later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Return the seconds between two times, null when either is."""
    return np.where((later == NULL) | (earlier == NULL), NULL, later - earlier)


def first_reply(
    rows: int,
    messages: Frame,
    time: str,
    customer: np.ndarray,
    human: np.ndarray,
    after_customer: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Return when each contact's customer first wrote and a person first answered."""
    kept = messages["_kept"]
    contact, sent = messages["_c"], messages[time]
    mask = kept & customer
    wrote = earliest(rows, contact[mask], sent[mask])
    mask = kept & human
    if after_customer:
        mask &= (sent >= wrote[contact]) & (wrote[contact] != NULL)
    return wrote, earliest(rows, contact[mask], sent[mask])


def phone(calls: Frame, segments: Frame) -> Frame:
    """Return the measures of each call."""
    rows = len(calls["_c"])
    inbound = calls["direction"] == "inbound"
    handled = inbound & (calls["call_result"] == "ANSWERED")
    queued = np.full(rows, NULL, np.int64)
    first = segments["segment_no"] == 1
    queued[segments["_c"][first]] = segments["queued_at"][first]
    work = calls["talk_secs"] + calls["hold_secs"] + calls["acw_secs"]
    response = gap(calls["answered_at"], queued)
    abandoned = inbound & (calls["call_result"] == "ABANDONED")
    return {
        "is_offered": (inbound & (calls["ivr_outcome"] == "queue")).astype(np.int64),
        "is_handled": handled.astype(np.int64),
        "is_abandoned": abandoned.astype(np.int64),
        "first_response_seconds": np.where(handled, response, NULL),
        "handle_seconds": np.where(handled, work, NULL),
        "is_resolved": _flag(calls["resolved"] == "Y", calls["resolved"] == "N"),
        "is_complaint": (calls["disposition"] == "COMPLAINT").astype(np.int64),
        "_short": abandoned & (calls["wait_secs"] <= 10),
        "_callback": inbound & (calls["call_result"] == "CALLBACK"),
    }


def _flag(yes: np.ndarray, no: np.ndarray) -> np.ndarray:
    """Return 1, 0 or null."""
    return np.where(yes, YES, np.where(no, NO, NULL))


def chat(sessions: Frame, messages: Frame) -> Frame:
    """Return the measures of each chat session."""
    rows = len(sessions["_c"])
    sender = messages["sender_type"]
    _, reply = first_reply(
        rows,
        messages,
        "sent_at",
        sender == "customer",
        sender == "agent",
        after_customer=False,
    )
    handled = reply != NULL
    abandoned = (sessions["status"] == "abandoned") & ~handled
    work = gap(sessions["ended_at"], reply) + sessions["after_work_secs"]
    waited = sessions["ended_at"] - sessions["queued_at"]
    return {
        "is_offered": np.ones(rows, np.int64),
        "is_handled": handled.astype(np.int64),
        "is_abandoned": abandoned.astype(np.int64),
        "first_response_seconds": gap(reply, sessions["queued_at"]),
        "handle_seconds": np.where(handled, work, NULL),
        "is_resolved": sessions["resolved"].copy(),
        "is_complaint": (sessions["tag"] == "complaint").astype(np.int64),
        "_short": abandoned & (waited <= 10),
        "_callback": np.zeros(rows, bool),
    }


def _unqueued(rows: int, handled: np.ndarray) -> Frame:
    """Return what holds for every channel on which nobody can hang up."""
    return {
        "is_offered": np.ones(rows, np.int64),
        "is_handled": handled.astype(np.int64),
        "is_abandoned": np.full(rows, NULL, np.int64),
        "handle_seconds": np.full(rows, NULL, np.int64),
        "is_resolved": np.full(rows, NULL, np.int64),
        "_short": np.zeros(rows, bool),
        "_callback": np.zeros(rows, bool),
    }


def email(threads: Frame, messages: Frame) -> Frame:
    """Return the measures and the span of each e-mail thread."""
    rows = len(threads["_c"])
    inbound = messages["direction"] == "inbound"
    internal = messages["is_internal_note"] == 1
    human = ~inbound & ~internal & (messages["is_auto_reply"] == 0)
    human &= present(messages["agent_id"])
    wrote, reply = first_reply(rows, messages, "sent_at", inbound, human)
    public = messages["_kept"] & ~internal
    return _unqueued(rows, reply != NULL) | {
        "first_response_seconds": gap(reply, wrote),
        "is_resolved": threads["resolved"].copy(),
        "is_complaint": (threads["tag"] == "complaint").astype(np.int64),
        "started_at": wrote,
        "ended_at": latest(rows, messages["_c"][public], messages["sent_at"][public]),
    }


def app(conversations: Frame, messages: Frame) -> Frame:
    """Return the measures of each app conversation."""
    rows = len(conversations["_c"])
    sender = messages["sender_type"]
    wrote, reply = first_reply(
        rows, messages, "sent_at", sender == "customer", sender == "agent"
    )
    return _unqueued(rows, reply != NULL) | {
        "first_response_seconds": gap(reply, wrote),
        "handle_seconds": gap(conversations["ended_at"], reply),
        "is_resolved": conversations["resolved"].copy(),
        "is_complaint": (conversations["tag"] == "complaint").astype(np.int64),
    }


def threadless(rows: int, messages: Frame, time: str) -> Frame:
    """Return the measures, span and record of contacts that are runs of messages."""
    inbound = messages["direction"] == "in"
    human = ~inbound & present(messages["agent_id"])
    wrote, reply = first_reply(rows, messages, time, inbound, human)
    kept = messages["_kept"]
    contact, sent = messages["_c"][kept], messages[time][kept]
    complaint = np.zeros(rows, np.int64)
    complaint[contact[messages["tag"][kept] == "complaint"]] = 1
    # the first kept message is never an extra row, so its id is the smaller one
    order = np.lexsort((messages["message_id"][kept].astype(str), sent, contact))
    record = np.full(rows, None, dtype=object)
    seen, place = np.unique(contact[order], return_index=True)
    record[seen] = messages["message_id"][kept][order][place]
    return _unqueued(rows, reply != NULL) | {
        "first_response_seconds": gap(reply, wrote),
        "is_complaint": complaint,
        "started_at": earliest(rows, contact, sent),
        "ended_at": latest(rows, contact, sent),
        "record_id": record,
    }


def store(visits: Frame) -> Frame:
    """Return the measures of each store visit."""
    rows = len(visits["_c"])
    served = visits["served_at"] != NULL
    known = present(visits["outcome"])
    solved = visits["outcome"] == "resolved"
    return _unqueued(rows, served) | {
        "is_abandoned": (~served).astype(np.int64),
        "first_response_seconds": gap(visits["served_at"], visits["arrived_at"]),
        "handle_seconds": gap(visits["left_at"], visits["served_at"]),
        "is_resolved": _flag(solved, known & ~solved),
        "is_complaint": visits["complaint_form"].copy(),
    }


def bot(sessions: Frame) -> Frame:
    """Return the measures of each bot session."""
    rows = len(sessions["_c"])
    return _unqueued(rows, sessions["status"] == "contained") | {
        "first_response_seconds": np.full(rows, NULL, np.int64),
        "is_resolved": sessions["is_resolved"].copy(),
        "is_complaint": (sessions["tag"] == "complaint").astype(np.int64),
    }


class Kpi:
    """Totals per channel and UTC hour."""

    def __init__(self, calendar: Calendar) -> None:
        """Make room from a day before the world to ten days after it."""
        self.origin = int(calendar.midnight[0]) - 86_400
        hours = (len(calendar.dates) + 12) * 24
        self.totals = np.zeros((len(CHANNELS), hours, len(MEASURES)), np.int64)

    def add(self, kept: Frame) -> None:
        """Count kept interactions."""
        hour = (kept["started_at"] - self.origin) // 3600
        response, handle = kept["first_response_seconds"], kept["handle_seconds"]
        score = kept["csat_score"]
        has_response, has_handle, has_score = (
            column != NULL for column in (response, handle, score)
        )
        values = [
            np.ones(len(hour), np.int64),
            kept["is_offered"],
            kept["is_handled"],
            kept["is_abandoned"] == YES,
            kept["_short"],
            kept["_callback"],
            has_response,
            np.where(has_response, response, 0),
            *(has_response & (response <= limit) for limit in LIMITS),
            has_handle,
            np.where(has_handle, handle, 0),
            kept["is_resolved"] != NULL,
            kept["is_resolved"] == YES,
            has_score,
            has_score & (score >= 4),
            np.where(has_score, score, 0),
            kept["is_complaint"],
        ]
        for place, value in enumerate(values):
            target = self.totals[:, :, place]
            np.add.at(target, (kept["_channel"], hour), value.astype(np.int64))

    def table(self) -> pa.Table:
        """Return one row per channel and hour in which a contact began."""
        channel, hour = np.nonzero(self.totals[:, :, 0])
        columns: dict[str, pa.Array] = {
            "channel": pa.array([CHANNELS[n] for n in channel]),
            "hour_started_at": times(self.origin + hour * 3600),
        }
        for place, name in enumerate(MEASURES):
            columns[name] = pa.array(self.totals[channel, hour, place])
        return pa.table(columns)


def times(seconds: np.ndarray) -> pa.Array:
    """Return epoch seconds as UTC time stamps, nulls kept."""
    micros = np.where(seconds == NULL, 0, seconds) * 1_000_000
    plain = pa.array(micros, mask=seconds == NULL)
    return plain.cast(pa.timestamp("us", tz="UTC"))


def numbers(values: np.ndarray) -> pa.Array:
    """Return whole numbers with their nulls."""
    return pa.array(values, mask=values == NULL)


def flags(values: np.ndarray) -> pa.Array:
    """Return 1, 0 and null as booleans."""
    return pa.array(values == YES, mask=values == NULL)


INTERACTION_TEXTS = (
    "source_name",
    "channel",
    "record_id",
    "person_id",
    "queue_name",
    "agent_id",
    "contact_phone",
    "contact_email",
    "direction",
)


def interaction_table(kept: Frame) -> pa.Table:
    """Return kept interactions in the shape of the truth file."""
    columns: dict[str, pa.Array] = {
        name: pa.array(kept[name], pa.string()) for name in INTERACTION_TEXTS
    }
    columns["started_at"] = times(kept["started_at"])
    columns["ended_at"] = times(kept["ended_at"])
    for name in ("is_offered", "is_handled", "is_abandoned"):
        columns[name] = flags(kept[name])
    for name in ("first_response_seconds", "handle_seconds"):
        columns[name] = numbers(kept[name])
    columns["is_resolved"] = flags(kept["is_resolved"])
    columns["is_complaint"] = flags(kept["is_complaint"])
    columns["csat_score"] = numbers(kept["csat_score"])
    return pa.table(columns)


def topic_table(kept: Frame) -> pa.Table:
    """Return what each kept interaction is about."""
    topic = kept["_topic"]
    return pa.table(
        {
            "source_name": pa.array(kept["source_name"], pa.string()),
            "record_id": pa.array(kept["record_id"], pa.string()),
            "topic": pa.array([TOPICS[n] for n in topic.tolist()], pa.string()),
            "is_simple": pa.array(SIMPLE[topic]),
        }
    )


def planted_table() -> pa.Table:
    """Return what was planted for a comparison to find."""
    return pa.table(
        {
            "name": ["bot_resolution_gap_within_a_topic"],
            "value": [-BOT_GAP],
        }
    )


class Streams:
    """Truth files written batch by batch."""

    def __init__(self, folder: Path, suffix: str) -> None:
        """Write into the folder, each file's name ending in the suffix."""
        self.folder, self.suffix = folder, suffix
        self.writers: dict[str, pq.ParquetWriter] = {}
        self.waiting: dict[str, list[pa.Table]] = {}

    def add(self, name: str, table: pa.Table) -> None:
        """Append rows; they are written in groups of a useful size."""
        waiting = self.waiting.setdefault(name, [])
        waiting.append(table)
        if sum(part.num_rows for part in waiting) >= 100_000:
            self._write(name)

    def _write(self, name: str) -> None:
        """Write what waits for one file."""
        table = pa.concat_tables(self.waiting[name]).combine_chunks()
        self.waiting[name] = []
        if name not in self.writers:
            path = self.folder / f"{name}{self.suffix}.parquet"
            self.writers[name] = pq.ParquetWriter(path, table.schema)
        self.writers[name].write_table(table)

    def close(self) -> None:
        """Write the rest and finish the files."""
        for name, waiting in self.waiting.items():
            # nothing waits when the last rows filled a group
            if waiting:
                self._write(name)
        for writer in self.writers.values():
            writer.close()


def join_parts(folder: Path, name: str, parts: list[Path]) -> None:
    """Make one file of the parts that each process wrote."""
    target = folder / f"{name}.parquet"
    with pq.ParquetWriter(target, pq.read_schema(parts[0])) as writer:
        for part in parts:
            file = pq.ParquetFile(part)
            for group in range(file.num_row_groups):
                writer.write_table(file.read_row_group(group))
            file.close()
            part.unlink()
