"""The rows of a sample world as the events that a live system would have sent.

An export says what was known at the end. A live system says it bit by bit: a call
rings, is answered, ends. So each row becomes one version for each of its moments, in
which what came later is still empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.load.readers import read_file
from orchestration.raw.casting import cast_chunk
from orchestration.raw.sources import SOURCES, Format, Table
from orchestration.settings import UserError

DAY = timedelta(days=1)
EXPORTED = "exported_at"
NEVER = datetime.min.replace(tzinfo=UTC)

Row = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """A moment in the life of a record, and what is first known then."""

    moment: str
    tells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Life:
    """How the rows of one table come to be."""

    stages: tuple[Stage, ...]
    group: str
    """What moves in time together: a call with its segments, a chat with its words."""
    at_first: dict[str, str] = field(default_factory=dict)
    """What stands in place of what is not known yet."""


def _once(moment: str, group: str) -> Life:
    return Life((Stage(moment),), group)


LIVES: dict[tuple[str, str], Life] = {
    ("phone", "calls"): Life(
        (
            Stage("started_at"),
            Stage("answered_at", ("answered_at", "agent_id", "wait_secs")),
            Stage(
                "ended_at",
                (
                    *("ended_at", "call_result", "disposition", "resolved"),
                    *("talk_secs", "hold_secs", "acw_secs", "transfer_count"),
                ),
            ),
        ),
        "call_id",
    ),
    ("phone", "call_segments"): Life(
        (
            Stage("queued_at"),
            Stage("answered_at", ("answered_at", "agent_id", "wait_secs")),
            Stage(
                "ended_at",
                ("ended_at", "segment_result", "talk_secs", "hold_secs", "acw_secs"),
            ),
        ),
        "call_id",
    ),
    ("chat", "sessions"): Life(
        (
            Stage("started_at"),
            Stage("queued_at", ("queued_at", "queue_name")),
            Stage(
                "ended_at",
                (
                    *("ended_at", "agent_id", "status", "topic", "tag", "resolved"),
                    "after_work_secs",
                ),
            ),
        ),
        "session_id",
    ),
    ("chat", "messages"): _once("sent_at", "session_id"),
    ("email", "threads"): Life(
        (
            Stage("created_at"),
            Stage("solved_at", ("solved_at", "status", "tag", "resolved")),
        ),
        "thread_id",
        {"status": "open"},
    ),
    ("email", "messages"): _once("sent_at", "thread_id"),
    ("app", "conversations"): Life(
        (
            Stage("started_at"),
            Stage("ended_at", ("ended_at", "agent_id", "topic", "tag", "resolved")),
        ),
        "conversation_id",
    ),
    ("app", "messages"): _once("sent_at", "conversation_id"),
    ("wechat", "messages"): _once("create_time", "openid"),
    ("social", "messages"): _once("posted_at", "handle"),
    ("bot", "sessions"): Life(
        (
            Stage("started_at"),
            Stage(
                "ended_at",
                (
                    *("ended_at", "intent", "status", "tag", "is_resolved"),
                    *("handoff_channel", "handoff_session_id", "handed_off_at"),
                ),
            ),
        ),
        "session_id",
    ),
    ("bot", "messages"): _once("sent_at", "session_id"),
    ("helpdesk", "tickets"): Life(
        (
            Stage("created_at"),
            Stage("updated_at", ("updated_at", "status", "assignee_id", "solved_at")),
        ),
        "ticket_id",
        {"status": "new"},
    ),
    ("helpdesk", "ticket_changes"): _once("changed_at", "ticket_id"),
    ("workforce", "agent_states"): Life(
        (Stage("started_at"), Stage("ended_at", ("ended_at",))), "state_id"
    ),
    ("survey", "invitations"): _once("sent_at", "invitation_id"),
    ("survey", "answers"): _once("answered_at", "invitation_id"),
}
"""What is played: the channels that could be live, and what hangs on them."""

OWN_IDS = {
    *("call_id", "segment_id", "callback_of", "session_id", "message_id"),
    *("conversation_id", "thread_id", "from_bot_session_id", "handoff_session_id"),
    *("state_id", "ticket_id", "change_id", "invitation_id", "answer_id"),
    "interaction_ref",
}
"""Ids that become those of new records, so that what is loaded stays as it is."""


@dataclass(frozen=True)
class Version:
    """What a live system would say of one record at one moment."""

    moment: datetime
    source: str
    table: str
    event_id: str
    row: Row


@dataclass
class Group:
    """Rows that move in time together."""

    first: datetime
    last: datetime
    rows: list[tuple[str, str, Row]] = field(default_factory=list)

    @property
    def is_contact(self) -> bool:
        """Say whether a customer began it; the others go on after the last of these."""
        return self.rows[0][0] not in ("workforce", "helpdesk", "survey")


def read_groups(world: Path) -> list[Group]:
    """Return all that is played of a world, in the order of time."""
    if not (world / "world.json").exists():
        raise UserError(
            f"{world} holds no sample world: make one with `frontdesk sample --out"
            f" {world}`"
        )
    groups: dict[tuple[str, str], Group] = {}
    for (source, name), life in LIVES.items():
        table = SOURCES[source].table(name)
        for row in _rows(world / source, table):
            moments = [row[s.moment] for s in life.stages if row[s.moment]]
            if not moments:
                continue
            key = source, str(row[life.group] or row[table.key[0]])
            group = groups.setdefault(key, Group(min(moments), max(moments)))
            group.first = min(group.first, *moments)
            group.last = max(group.last, *moments)
            group.rows.append((source, name, row))
    return sorted(groups.values(), key=lambda group: group.first)


def _rows(folder: Path, table: Table) -> Iterator[Row]:
    """Yield the rows of a table, typed; what could not land is left out."""
    for path in sorted(folder.rglob("*")):
        format_ = _format(table, path)
        if format_ is None or not path.is_file():
            continue
        for chunk in read_file(path, table, format_):
            batch, _ = cast_chunk(table, format_, chunk)
            wanted = [column.name for column in table.columns]
            yield from batch.select(wanted).to_pylist()


def _format(table: Table, path: Path) -> Format | None:
    return next((f for f in table.formats if f.matches(path.name)), None)


def last_day(groups: list[Group], back: int = 0) -> tuple[datetime, datetime]:
    """Return begin and end of the last 24 hours in which people made contact."""
    contacts = [group.first for group in groups if group.is_contact]
    if not contacts:
        raise UserError("the world has no contacts to play: make a larger one")
    end = contacts[-1] + timedelta(seconds=1) - back * DAY
    return end - DAY, end


def versions(group: Group, shift: timedelta, tag: str) -> Iterator[Version]:
    """Yield what is said of a group's records, moved in time, under ids of their own.

    Later versions of a record bear later times of export, as the warehouse expects.
    """
    seen: dict[tuple[str, str], int] = {}
    ordered = sorted(group.rows, key=lambda found: found[2][EXPORTED] or NEVER)
    for source, name, row in ordered:
        table, life = SOURCES[source].table(name), LIVES[source, name]
        key = str(row[table.key[0]])
        place = seen[name, key] = seen.get((name, key), -1) + 1
        moved = _moved(row, shift, tag)
        moments = [moved[stage.moment] for stage in life.stages]
        for number, stage in enumerate(life.stages):
            if moments[number] is None:
                continue
            later = life.stages[number + 1 :]
            is_last = not any(moments[number + 1 :])
            hidden = () if is_last else (c for s in later for c in s.tells)
            moment = max(m for m in moments[: number + 1] if m)
            said = {
                **moved,
                **{column: life.at_first.get(column) for column in hidden},
                EXPORTED: moment + timedelta(milliseconds=place + 10 * number),
            }
            event_id = f"replay:{tag}:{key}:{stage.moment}:{place}"
            yield Version(moment, source, name, event_id, said)


def _moved(row: Row, shift: timedelta, tag: str) -> Row:
    """Return a row with its times moved and its ids made its own."""
    moved: Row = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            moved[name] = value + shift
        elif name in OWN_IDS and value:
            moved[name] = f"{value}-{tag}"
        else:
            moved[name] = value
    return moved
