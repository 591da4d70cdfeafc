"""What is new: raw rows that no look has seen, and models that have not read theirs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from orchestration.transform.refresh.lanes import TOLD_BY_BUILDS, Lanes, Model

PATIENT = (
    # nothing new is the usual answer, for which the planner would read tables whole
    "set enable_seqscan = off; set enable_bitmapscan = off; set jit = off;"
    " set application_name = 'frontdesk serve'; set statement_timeout = '60s'"
)
NOW = "select pg_current_snapshot()::text"

ARRIVED = """
select {name}, count(*), min({landed_at})
from {view}
where
    landed_xid >= pg_snapshot_xmin({since}::pg_snapshot)
    and not pg_visible_in_snapshot(landed_xid, {since}::pg_snapshot)
    and pg_visible_in_snapshot(landed_xid, {until}::pg_snapshot)
having count(*) > 0
"""

# a connector changes rows in place: the newest stamp tells, and where it does not (a
# slow transaction with an older one), the next run of all clocks finds it
SYNCED = """
select {name}, 0, null::timestamptz
where (
    select least(max(synced_at), now()) from {view} having max(synced_at) is not null
) > coalesce(
    (select min(synced_at) from frontdesk.sync_marks where parent = {name}), 'infinity'
)
"""
FILLED = "select {name} where exists (select 1 from {view})"

UNREAD = """
select {model}
where exists (
    select 1 from {parent} as parent
    where
        parent.{stamp} >= (
            select pg_snapshot_xmin(snapshot) from frontdesk.watermarks
            where relation = {relation}
        )
        and not pg_visible_in_snapshot(parent.{stamp}, (
            select snapshot from frontdesk.watermarks where relation = {relation}
        ))
)
"""

UNREAD_MOVES = """
select touches.model
from unnest(%s::text[], %s::text[], %s::text[], %s::text[])
    as touches (model, relation, parent, key_column)
inner join frontdesk.watermarks on touches.relation = watermarks.relation
where exists (
    select 1 from frontdesk.moved_keys as moved
    where
        moved.relation = touches.parent
        and moved.key_column = touches.key_column
        and moved.changed_xid >= pg_snapshot_xmin(watermarks.snapshot)
        and not pg_visible_in_snapshot(moved.changed_xid, watermarks.snapshot)
)
"""

BUILT = "select relation from frontdesk.watermarks where snapshot is not null"

# a crash of the server empties unlogged tables, the mark with them, and the next build
# drops what is left of them
LOST = """
select watermarks.relation
from frontdesk.watermarks
left join pg_class as tables on tables.oid = to_regclass(watermarks.relation)
where
    watermarks.snapshot is not null
    and (
        tables.oid is null
        or (
            tables.relpersistence = 'u'
            and coalesce(pg_relation_size(to_regclass('frontdesk.crash_mark')), 0) = 0
        )
    )
"""


@dataclass(frozen=True)
class Arrival:
    """New rows of one raw table."""

    view: str
    row_count: int
    oldest_row_at: datetime | None


@dataclass(frozen=True)
class Look:
    """What one look at the raw tables saw, and up to where it looked."""

    snapshot: str
    arrivals: tuple[Arrival, ...]

    @property
    def row_count(self) -> int:
        """Return how many raw rows are new."""
        return sum(arrival.row_count for arrival in self.arrivals)

    @property
    def oldest_row_at(self) -> datetime | None:
        """Return when the oldest of them landed."""
        moments = [
            found.oldest_row_at for found in self.arrivals if found.oldest_row_at
        ]
        return min(moments, default=None)


def look(connection: psycopg.Connection, lanes: Lanes, since: str | None) -> Look:
    """Return the raw rows committed since a snapshot; one statement, by index."""
    until = connection.execute(NOW).fetchone()[0]
    if since is None:
        return Look(until, ())
    statements = [
        _arrived(model, since, until) if not model.is_connected else _synced(model)
        for model in lanes.landings
        if model.name not in TOLD_BY_BUILDS
    ]
    rows = connection.execute(sql.SQL(" union all ").join(statements)).fetchall()
    return Look(until, tuple(Arrival(*row) for row in rows))


def _arrived(model: Model, since: str, until: str) -> sql.Composed:
    return sql.SQL(ARRIVED).format(
        name=sql.Literal(model.name),
        landed_at=sql.SQL("loaded_at"),
        view=sql.Identifier(model.schema, model.alias),
        since=sql.Literal(since),
        until=sql.Literal(until),
    )


def filled(connection: psycopg.Connection, lanes: Lanes) -> frozenset[str]:
    """Return the views over tables of connectors that have rows."""
    statements = [
        sql.SQL(FILLED).format(
            name=sql.Literal(model.name), view=sql.Identifier(model.schema, model.alias)
        )
        for model in lanes.landings
        if model.is_connected
    ]
    if not statements:
        return frozenset()
    rows = connection.execute(sql.SQL(" union all ").join(statements)).fetchall()
    return frozenset(row[0] for row in rows)


def _synced(model: Model) -> sql.Composed:
    return sql.SQL(SYNCED).format(
        name=sql.Literal(model.name), view=sql.Identifier(model.schema, model.alias)
    )


def unread(
    connection: psycopg.Connection, lanes: Lanes, names: Iterable[str]
) -> frozenset[str]:
    """Return those of some models of which a parent has rows they have not read.

    A model that was never built is none of them: the first build is a full one. One
    whose table is lost is: it has everything to read.
    """
    lost = {row[0] for row in connection.execute(LOST)}
    built = {row[0] for row in connection.execute(BUILT)} - lost
    asked = [
        model
        for name in names
        if (model := lanes.models[name]).relation in built and not model.is_table
    ]
    statements = [
        statement for model in asked for statement in _unread(model, lanes, built)
    ]
    found = {name for name in names if lanes.models[name].relation in lost}
    if statements:
        query = sql.SQL(" union all ").join(statements)
        found |= {row[0] for row in connection.execute(query)}
    moves = [
        (model.name, model.relation, lanes.models[touch.parent].relation, touch.key)
        for model in asked
        for touch in model.touches
        if touch.parent in lanes.models and not lanes.models[touch.parent].is_landing
    ]
    if moves:
        columns = [list(column) for column in zip(*moves, strict=True)]
        found |= {row[0] for row in connection.execute(UNREAD_MOVES, columns)}
    return frozenset(found)


def _unread(model: Model, lanes: Lanes, built: set[str]) -> Iterator[sql.Composed]:
    """Yield one question per parent: has it rows that the model has not read."""
    for name in dict.fromkeys(touch.parent for touch in model.touches):
        parent = lanes.models.get(name)
        if parent is None or parent.name in TOLD_BY_BUILDS:
            # a list that people edit: builds load lists, and build what reads them
            continue
        if parent.is_connected:
            yield sql.SQL("select {} where exists ({})").format(
                sql.Literal(model.name), _synced(parent)
            )
        elif parent.is_landing or parent.relation in built:
            yield sql.SQL(UNREAD).format(
                model=sql.Literal(model.name),
                parent=sql.Identifier(parent.schema, parent.alias),
                stamp=sql.Identifier(
                    "landed_xid" if parent.is_landing else "changed_xid"
                ),
                relation=sql.Literal(model.relation),
            )
