"""What a model's run says in figures: how many rows it wrote, and of what kinds.

A model asks for them in its own `meta`: `measures` maps a name to a condition on the
rows that the run has written. Those are found by an index, so nothing is read whole.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import psycopg
from psycopg import sql

from orchestration.database import connections

MEASURED = """
select count(*), {measures}
from {relation}
where
    changed_xid >= pg_snapshot_xmin(%(since)s::pg_snapshot)
    and not pg_visible_in_snapshot(changed_xid, %(since)s::pg_snapshot)
"""
ROWS = "select reltuples::bigint from pg_class where oid = to_regclass(%s)"


def snapshot() -> str:
    """Return what of the database is visible now, so that later rows can be told."""
    with connections.connect() as connection:
        return connection.execute("select pg_current_snapshot()::text").fetchone()[0]


def measures_of(node: Mapping[str, Any]) -> dict[str, str]:
    """Return the figures that a model asks for, none where it asks for none."""
    return node.get("config", {}).get("meta", {}).get("measures") or {}


def measured(
    connection: psycopg.Connection, node: Mapping[str, Any], since: str
) -> dict[str, int]:
    """Return the figures of a model, of rows written since a snapshot."""
    wanted = measures_of(node)
    relation = sql.Identifier(node["schema"], node["alias"])
    counts = connection.execute(
        sql.SQL(MEASURED).format(
            measures=sql.SQL(", ").join(
                # conditions come from the project itself
                sql.SQL("count(*) filter (where {})").format(sql.SQL(condition))
                for condition in wanted.values()
            ),
            relation=relation,
        ),
        {"since": since},
    ).fetchone()
    figures = dict(zip(("written_row_count", *wanted), counts, strict=True))
    rows = connection.execute(ROWS, [relation.as_string(connection)]).fetchone()[0]
    if rows is not None and rows >= 0:
        # the planner's figure: counting all rows would cost more than most runs do
        figures["dagster/row_count"] = rows
    return figures


def with_measures(
    events: Iterator[Any], node: Mapping[str, Any] | None, since: str
) -> Iterator[Any]:
    """Add a model's figures to its materialisation; other events pass as they are."""
    for event in events:
        if (
            node
            and measures_of(node)
            and isinstance(event, dg.Output | dg.AssetMaterialization)
        ):
            with connections.connect() as connection:
                figures = measured(connection, node, since)
            event = event.with_metadata({**event.metadata, **figures})
        yield event
