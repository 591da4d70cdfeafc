"""Makes the raw schemas, tables and indexes that the declarations ask for."""

from collections.abc import Iterable, Iterator

import psycopg
from psycopg import sql

from orchestration.raw.sources import SOURCES, Source, Table

OPERATIONS = "frontdesk"
UNREADABLE = "_unreadable"
LOCK = 7_012_331_907_001

TECHNICAL = """
    _row_id bigint generated always as identity primary key,
    _landed_xid xid8 not null default pg_current_xact_id(),
    _loaded_at timestamptz not null default now(),
    _batch_id bigint not null,
"""

BATCHES = """
create schema if not exists frontdesk;
create table if not exists frontdesk.batches (
    batch_id bigint generated always as identity primary key,
    source_name text not null,
    table_name text not null,
    file_name text not null,
    content_sha256 text not null,
    row_count bigint not null default 0,
    unreadable_count bigint not null default 0,
    landed_xid xid8 not null default pg_current_xact_id(),
    loaded_at timestamptz not null default now(),
    unique (source_name, table_name, content_sha256)
)
"""

EXISTING = """
select namespace.nspname, class.relname, attribute.attname
from pg_catalog.pg_attribute as attribute
inner join pg_catalog.pg_class as class
    on attribute.attrelid = class.oid
inner join pg_catalog.pg_namespace as namespace
    on class.relnamespace = namespace.oid
where
    namespace.nspname = any(%s)
    and class.relkind in ('r', 'p')
    and attribute.attnum > 0
    and not attribute.attisdropped
"""


def ensure_raw(
    conn: psycopg.Connection, sources: Iterable[Source] = tuple(SOURCES.values())
) -> None:
    """Make the raw tables that are missing; one catalog query when none is.

    Safe to run at the same time as another: an advisory lock lets one work.
    A column newly declared is added; nothing is ever dropped or changed.
    """
    sources = tuple(sources)
    with conn.transaction():
        if not any(True for _ in _missing(conn, sources)):
            return
        conn.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        for statement in list(_missing(conn, sources)):
            conn.execute(statement)


def _missing(
    conn: psycopg.Connection, sources: tuple[Source, ...]
) -> Iterator[sql.Composed | sql.SQL]:
    """Yield the statements that would make the catalog equal the declarations."""
    schemas = [OPERATIONS, *(source.schema for source in sources)]
    existing: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in conn.execute(EXISTING, (schemas,)):
        existing.setdefault((schema, table), set()).add(column)
    if (OPERATIONS, "batches") not in existing:
        yield sql.SQL(BATCHES)
    for source in sources:
        if (source.schema, UNREADABLE) not in existing:
            yield _unreadable_statement(source)
        for table in source.tables:
            columns = existing.get((source.schema, table.name))
            if columns is None:
                yield _table_statement(source, table)
            else:
                yield from _column_statements(source, table, columns)


def _unreadable_statement(source: Source) -> sql.Composed:
    return sql.SQL(
        "create schema if not exists {schema};"
        "create table if not exists {table} (" + TECHNICAL + "    table_name text"
        " not null, _source_name text not null, _source_row bigint not null,"
        " reason text not null, raw_text text);"
        "create index if not exists _unreadable_landed_xid on {table} (_landed_xid);"
        "comment on schema {schema} is {description};"
        "comment on table {table} is {meaning}"
    ).format(
        schema=sql.Identifier(source.schema),
        table=sql.Identifier(source.schema, UNREADABLE),
        description=sql.Literal(source.description),
        meaning=sql.Literal("One row per row of a file that could not be read."),
    )


def _indexed(column: str) -> sql.Composable:
    """Return a column, or the expression a declaration of ours asks for."""
    return sql.SQL(column) if "(" in column else sql.Identifier(column)


def _table_statement(source: Source, table: Table) -> sql.Composed:
    name = sql.Identifier(source.schema, table.name)
    declared = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(c.type))
        for c in table.columns
    )
    indexes = [("_landed_xid",), *((table.key,) if table.key else ()), *table.indexes]
    return sql.SQL(
        "create table {name} ({declared}, " + TECHNICAL + " _source_name text"
        " not null, _source_row bigint not null, _extra jsonb);"
        "comment on table {name} is {description};{indexes}"
    ).format(
        name=name,
        declared=declared,
        description=sql.Literal(table.description),
        indexes=sql.SQL(";").join(
            sql.SQL("create index on {} ({})").format(
                name, sql.SQL(", ").join(map(_indexed, columns))
            )
            for columns in dict.fromkeys(indexes)
        ),
    )


def _column_statements(
    source: Source, table: Table, columns: set[str]
) -> Iterator[sql.Composed]:
    for column in table.columns:
        if column.name not in columns:
            yield sql.SQL("alter table {} add column if not exists {} {}").format(
                sql.Identifier(source.schema, table.name),
                sql.Identifier(column.name),
                sql.SQL(column.type),
            )
