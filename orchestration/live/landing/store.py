"""Writes events into raw: each once, whatever is sent again, in one transaction."""

import enum
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from orchestration.live.landing.casting import cast_events
from orchestration.live.landing.events import Event, find_table
from orchestration.live.landing.schema import ensure_landing
from orchestration.raw.rows import shorten
from orchestration.raw.schema import UNREADABLE
from orchestration.settings import UserError

Offsets = Mapping[tuple[str, str, int], int]
"""The next offset by group, topic and partition."""
Key = tuple[str, str, str]

# classes of errors that rows are to blame for; all others pass, and are tried again
ROWS_TO_BLAME = ("22", "23", "54")

# in the order of the key, so that landers which meet do not wait in a circle
CLAIM = """
insert into frontdesk.events (source_name, table_name, event_id, content_hash)
select source_name, table_name, event_id, content_hash
from unnest(%s::text[], %s::text[], %s::text[], %s::bytea[])
    as claims (source_name, table_name, event_id, content_hash)
order by source_name, table_name, event_id
on conflict do nothing
returning source_name, table_name, event_id
"""
KNOWN = """
select events.source_name, events.table_name, events.event_id, events.content_hash
from unnest(%s::text[], %s::text[], %s::text[])
    as asked (source_name, table_name, event_id)
inner join frontdesk.events
    on asked.source_name = events.source_name
    and asked.table_name = events.table_name
    and asked.event_id = events.event_id
"""
BATCH = """
insert into frontdesk.batches (
    source_name, table_name, file_name, content_sha256, row_count, unreadable_count
)
select
    source_name,
    table_name,
    %(name)s,
    %(lander)s || ' ' || to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24'),
    row_count,
    unreadable_count
from unnest(%(sources)s::text[], %(tables)s::text[], %(rows)s::bigint[],
    %(bad)s::bigint[]) as landed (source_name, table_name, row_count, unreadable_count)
order by source_name, table_name
on conflict (source_name, table_name, content_sha256) do update set
    row_count = batches.row_count + excluded.row_count,
    unreadable_count = batches.unreadable_count + excluded.unreadable_count,
    landed_xid = excluded.landed_xid,
    loaded_at = now()
returning source_name, table_name, batch_id
"""
OFFSET = """
insert into frontdesk.stream_offsets
    (group_name, topic, partition_number, next_offset)
values (%s, %s, %s, %s)
on conflict (group_name, topic, partition_number) do update set
    next_offset = excluded.next_offset,
    changed_at = now()
"""
REFUSE = """
insert into frontdesk.refused_events (way, subject, content_hash, reason, raw_text)
values (%s, %s, %s, %s, %s)
on conflict do nothing
"""
UNREADABLE_COLUMNS = (
    *("_batch_id", "table_name", "_source_name", "_source_row"),
    *("reason", "raw_text"),
)
FORGET = """
delete from frontdesk.events
where ctid = any(array(
    select ctid
    from frontdesk.events
    where landed_at < now() - make_interval(days => %s)
    limit 20000
))
"""


class Fate(enum.Enum):
    """What became of one event."""

    LANDED = "landed"
    REPEATED = "repeated"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Stray:
    """A message of a broker that names no source or table of ours."""

    subject: str
    content: bytes
    reason: str
    raw_text: str


@dataclass
class _Rows:
    """What one transaction puts into one table."""

    source: str
    table: str
    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    refused: list[tuple[Event, str]] = field(default_factory=list)

    def judge(self, way: str, events: list[Event]) -> None:
        """Set those events aside that cannot be rows of this table."""
        table = find_table(self.source, self.table)
        if table is None:
            raise UserError(f"{self.source}.{self.table} is no raw table")
        typed = cast_events(table, way, events)
        self.columns, self.rows = typed.columns, typed.rows
        self.refused += typed.refused


class Store:
    """One connection that lands; it is used by one thread at a time."""

    def __init__(
        self, connect: Callable[[], psycopg.Connection], way: str, lander: str = ""
    ) -> None:
        """Land rows that come this way, over connections made by `connect`.

        Args:
            connect: opens a connection to the warehouse.
            way: http, nats or kafka; it stands in `_source_name`.
            lander: names the batches of this process; made up when left out.
        """
        self._connect = connect
        self._way = way
        self._lander = lander or f"stream:{way} {uuid.uuid4().hex[:12]}"
        self._connection: psycopg.Connection | None = None

    @property
    def connection(self) -> psycopg.Connection:
        """The connection; opened, and the tables made, where there is none."""
        if self._connection is None or self._connection.closed:
            fresh = self._connect()
            try:
                ensure_landing(fresh)
                fresh.commit()
            except BaseException:
                fresh.close()
                raise
            self._connection = fresh
        return self._connection

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def land(
        self,
        events: Sequence[Event],
        offsets: Offsets | None = None,
        strays: Sequence[Stray] = (),
    ) -> list[Fate]:
        """Land events in one transaction, with the offsets behind them.

        Rows that the server itself refuses are found by halving, and set aside; then
        the transactions are several, and the offsets go with the last.

        Raises:
            psycopg.Error: when nothing landed, and trying again may help.
        """
        try:
            return self._land(events, offsets or {}, strays, {})
        except (psycopg.Error, pa.ArrowException, ValueError, TypeError) as error:
            self._roll_back()
            if not events or not _rows_are_to_blame(error):
                raise
            reason = _said(error)
        if len(events) == 1:
            return self._set_aside(events[0], reason, offsets or {}, strays)
        half = len(events) // 2
        return [
            *self.land(events[:half]),
            *self.land(events[half:], offsets, strays),
        ]

    def _set_aside(
        self, event: Event, reason: str, offsets: Offsets, strays: Sequence[Stray]
    ) -> list[Fate]:
        try:
            return self._land([event], offsets, strays, {id(event): reason})
        except psycopg.Error:
            self._roll_back()
            raise

    def _land(
        self,
        events: Sequence[Event],
        offsets: Offsets,
        strays: Sequence[Stray],
        blamed: Mapping[int, str],
    ) -> list[Fate]:
        connection = self.connection
        fates, news, conflicts = self._claim(connection, events)
        parts = self._parts(news, conflicts, blamed)
        ids = self._batches(connection, parts)
        for part in parts:
            self._write(connection, part, ids[part.source, part.table])
            for event, _ in part.refused:
                fates[id(event)] = Fate.UNREADABLE
        for (group, topic, partition), offset in sorted(offsets.items()):
            connection.execute(OFFSET, (group, topic, partition, offset))
        for stray in strays:
            connection.execute(
                REFUSE,
                (self._way, stray.subject, stray.content, stray.reason, stray.raw_text),
            )
        for source in sorted({part.source for part in parts}):
            connection.execute("select pg_notify('frontdesk_raw', %s)", (source,))
        connection.commit()
        return [fates[id(event)] for event in events]

    def _claim(
        self, connection: psycopg.Connection, events: Sequence[Event]
    ) -> tuple[dict[int, Fate], list[Event], list[Event]]:
        """Return the fate of each, those never seen, and those that contradict."""
        first: dict[Key, Event] = {}
        for event in events:
            first.setdefault(_key(event), event)
        claimed = _claimed(connection, list(first.values()))
        known = {key: first[key].content for key in claimed}
        others = [event for key, event in first.items() if key not in claimed]
        if others:
            asked = _columns(others)[:3]
            for *key, content in connection.execute(KNOWN, asked):
                known[key[0], key[1], key[2]] = bytes(content)
        fates = {id(event): Fate.REPEATED for event in events}
        news = [first[key] for key in first if key in claimed]
        fates |= {id(event): Fate.LANDED for event in news}
        # forgotten between the two statements: what it said is not known any more
        conflicts = [e for e in events if known.get(_key(e), e.content) != e.content]
        return fates, news, self._first_seen(connection, conflicts)

    def _first_seen(
        self, connection: psycopg.Connection, conflicts: list[Event]
    ) -> list[Event]:
        """Return each contradiction that has not been kept before."""
        by_name = {_other_name(event): event for event in conflicts}
        if not by_name:
            return []
        aliases = [
            Event(*key, event.content, None, 0, 0.0) for key, event in by_name.items()
        ]
        claimed = _claimed(connection, aliases)
        return [event for key, event in by_name.items() if key in claimed]

    def _parts(
        self, news: list[Event], conflicts: list[Event], blamed: Mapping[int, str]
    ) -> list[_Rows]:
        """Return what goes where, in one order for all landers."""
        parts: dict[tuple[str, str], _Rows] = {}

        def part(event: Event) -> _Rows:
            where = event.source, event.table
            return parts.setdefault(where, _Rows(*where))

        fine: dict[tuple[str, str], list[Event]] = {}
        for event in news:
            rows = part(event)
            if id(event) in blamed:
                rows.refused.append((event, blamed[id(event)]))
            else:
                fine.setdefault((rows.source, rows.table), []).append(event)
        for event in conflicts:
            reason = (
                f"event id '{event.event_id}' has landed before with another content"
            )
            part(event).refused.append((event, reason))
        for where, events in fine.items():
            parts[where].judge(self._way, events)
        return [parts[where] for where in sorted(parts)]

    def _batches(
        self, connection: psycopg.Connection, parts: list[_Rows]
    ) -> dict[tuple[str, str], int]:
        """Count what lands into this hour's batches; return their numbers."""
        if not parts:
            return {}
        parameters = {
            "name": f"stream:{self._way}",
            "lander": self._lander,
            "sources": [part.source for part in parts],
            "tables": [part.table for part in parts],
            "rows": [len(part.rows) for part in parts],
            "bad": [len(part.refused) for part in parts],
        }
        return {(s, t): i for s, t, i in connection.execute(BATCH, parameters)}

    def _write(
        self, connection: psycopg.Connection, part: _Rows, batch_id: int
    ) -> None:
        """Copy the rows of one table, and what cannot be rows of it."""
        if part.rows:
            _copy(
                connection,
                (f"raw_{part.source}", part.table),
                ("_batch_id", *part.columns),
                ((batch_id, *row) for row in part.rows),
            )
        if part.refused:
            way = f"stream:{self._way}"
            _copy(
                connection,
                (f"raw_{part.source}", UNREADABLE),
                UNREADABLE_COLUMNS,
                (
                    (batch_id, part.table, way, event.number, *_kept(event, reason))
                    for event, reason in part.refused
                ),
            )

    def offsets(self, group: str) -> dict[tuple[str, int], int]:
        """Return where a group of Kafka landers goes on, by topic and partition."""
        query = (
            "select topic, partition_number, next_offset"
            " from frontdesk.stream_offsets where group_name = %s"
        )
        connection = self.connection
        found = {(t, p): o for t, p, o in connection.execute(query, (group,))}
        connection.commit()
        return found

    def forget(self, days: int) -> int:
        """Drop the ids of events that landed so many days ago, some at a time."""
        connection = self.connection
        forgotten = 0
        while True:
            dropped = connection.execute(FORGET, (days,)).rowcount
            connection.commit()
            forgotten += dropped
            if not dropped:
                return forgotten

    def _roll_back(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.rollback()
        except psycopg.Error:
            # a lost connection has rolled back by itself
            self.close()


def _key(event: Event) -> Key:
    return event.source, event.table, event.event_id


def _other_name(event: Event) -> Key:
    """Return the name under which a contradiction is remembered."""
    return event.source, event.table, f"{event.event_id} {event.content.hex()}"


def _columns(events: Iterable[Event]) -> tuple[list, list, list, list]:
    chosen = list(events)
    return (
        [event.source for event in chosen],
        [event.table for event in chosen],
        [event.event_id for event in chosen],
        [event.content for event in chosen],
    )


def _claimed(connection: psycopg.Connection, events: list[Event]) -> set[Key]:
    if not events:
        return set()
    return {(s, t, i) for s, t, i in connection.execute(CLAIM, _columns(events))}


def _copy(
    connection: psycopg.Connection,
    table: tuple[str, str],
    columns: Sequence[str],
    rows: Iterable[tuple],
) -> None:
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(*table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _kept(event: Event, reason: str) -> tuple[str, str]:
    return reason.replace("\0", "\\x00"), shorten(event.text())


def _rows_are_to_blame(error: Exception) -> bool:
    """Say whether a row is at fault, rather than the server or the connection."""
    if not isinstance(error, psycopg.Error):
        return True
    if error.sqlstate is None:
        # said by the driver: a value that it cannot write
        return isinstance(error, psycopg.DataError | psycopg.ProgrammingError)
    return error.sqlstate[:2] in ROWS_TO_BLAME


def _said(error: Exception) -> str:
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    said = primary or (str(error).strip() or repr(error)).splitlines()[0]
    return f"the warehouse refused it: {said}"
