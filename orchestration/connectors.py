"""What other connectors should have landed, and what of it is there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import psycopg
import yaml
from psycopg import sql

from orchestration.settings import Settings, settings
from orchestration.transform.project import dbt_project, ensure_manifest

# kept small: one row per table that is there, whatever its size
TABLES = """
select
    schemas.nspname,
    tables.relname,
    pg_get_userbyid(tables.relowner),
    tables.relkind in ('r', 'p') as takes_indexes,
    pg_has_role(tables.relowner, 'usage')
        and has_schema_privilege(schemas.oid, 'create') as is_ours,
    has_schema_privilege(schemas.oid, 'usage')
        and has_table_privilege(tables.oid, 'select') as is_readable,
    (
        select coalesce(jsonb_object_agg(attname, typname), '{}')
        from pg_attribute
        inner join pg_type on pg_type.oid = atttypid
        where attrelid = tables.oid and attnum > 0 and not attisdropped
    ),
    array(
        select indexes.relname::text
        from pg_index
        inner join pg_class as indexes on indexes.oid = indexrelid
        where indrelid = tables.oid
    )
from pg_class as tables
inner join pg_namespace as schemas on schemas.oid = tables.relnamespace
where
    schemas.nspname = any(%s)
    and tables.relkind in ('r', 'p', 'v', 'm', 'f')
"""
SCHEMAS = "select nspname::text from pg_namespace where nspname = any(%s)"

WITH_DECIMALS = {"numeric", "float4", "float8"}
WITHOUT_ZONE = {"timestamp", "date"}
TEXTS = {"text", "varchar", "bpchar"}


@dataclass(frozen=True)
class Expected:
    """One table that a connector should land in every account, as dbt declares it."""

    source: str
    name: str
    schemas: tuple[str, ...]
    needed: bool
    columns: dict[str, bool]
    """Each column, and whether the table cannot be read without it."""
    indexes: tuple[str | dict[str, str], ...]
    synced_column: str


@dataclass(frozen=True)
class Landed:
    """One table that is there."""

    schema: str
    name: str
    owner: str
    takes_indexes: bool
    is_ours: bool
    is_readable: bool
    columns: dict[str, str]
    """Each column with its type."""
    indexes: list[str]


@dataclass(frozen=True)
class Gap:
    """One thing that an account lacks, and what that means or needs."""

    account: str
    table: str
    lacks: str
    remedy: str


@dataclass(frozen=True)
class Account:
    """One schema of a connector, beside what it should hold."""

    schema: str
    expected: list[Expected]
    landed: dict[str, Landed] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The account's name in the warehouse: its schema's, without `raw_`."""
        return self.schema.removeprefix("raw_")

    @cached_property
    def present(self) -> list[tuple[Expected, Landed]]:
        """The expected tables that are there."""
        return [
            (table, self.landed[table.name])
            for table in self.expected
            if table.name in self.landed
        ]

    def gaps(self) -> Iterator[Gap]:
        """Yield everything that is missing: tables, then columns and indexes."""
        for table in self.expected:
            if table.name not in self.landed:
                needed = "the account's rows hang on it" if table.needed else ""
                yield Gap(
                    self.name, table.name, "the table", needed or "read as no rows"
                )
        for table, landed in self.present:
            yield from self._gaps_of(table, landed)

    def _gaps_of(self, table: Expected, landed: Landed) -> Iterator[Gap]:
        """Yield what one table lacks."""
        place = sql.Identifier(self.schema, table.name).as_string()
        if not landed.is_readable:
            schema = sql.Identifier(self.schema).as_string()
            yield Gap(
                *(self.name, table.name, "the right to read it"),
                f"{landed.owner}: grant usage on schema {schema} and"
                f" select on {place} to this role",
            )
        missing = [name for name in table.columns if name not in landed.columns]
        needed = [name for name in missing if table.columns[name]]
        if needed:
            yield Gap(
                *(self.name, table.name, f"column {', '.join(needed)}"),
                "the build stops: the table cannot be read without it",
            )
        if optional := [name for name in missing if name not in needed]:
            yield Gap(
                *(self.name, table.name, f"column {', '.join(optional)}"),
                "read as null",
            )
        if table.synced_column not in landed.columns:
            yield Gap(
                *(self.name, table.name, f"column {table.synced_column}"),
                "every build reads the whole table",
            )
        for name, statement in self._indexes_of(table, landed):
            if name not in landed.indexes:
                yield Gap(
                    *(self.name, table.name, f"index {name}"),
                    "the next build makes it"
                    if landed.is_ours
                    else f"its owner {landed.owner} should run: {statement};",
                )

    def _indexes_of(self, table: Expected, landed: Landed) -> Iterator[tuple[str, str]]:
        """Yield name and statement of the indexes that builds look rows up by.

        The expressions are those of the staging views (macros/connectors): another
        spelling would not serve them.
        """
        for index in table.indexes if landed.takes_indexes else ():
            wanted = index if isinstance(index, str) else index["column"]
            expression = self._expression(wanted, table, landed)
            if expression is None:
                continue
            name = f"frontdesk_{table.name}_{wanted}"
            place = sql.Identifier(self.schema, table.name).as_string()
            where = "" if isinstance(index, str) else f" where {index['where']}"
            yield name, f"create index {name} on {place} (({expression})){where}"

    def _expression(self, wanted: str, table: Expected, landed: Landed) -> str | None:
        """Return what an index holds, or nothing where no index can."""
        is_stamp = wanted == "synced_at"
        name = table.synced_column if is_stamp else wanted.removesuffix("_key")
        kind = landed.columns.get(name)
        column = sql.Identifier(name).as_string()
        if kind is None or (is_stamp and kind in TEXTS):
            return None
        if is_stamp:
            naive = f"{column}::timestamp at time zone 'UTC'"
            return naive if kind in WITHOUT_ZONE else column
        number = f"trim_scale({column}::numeric)" if kind in WITH_DECIMALS else column
        return f"'{self.name}/'::text || {number}::text"


def declared_schemas(of: Settings) -> list[str]:
    """Return the schemas that dbt's variables name as accounts of connectors."""
    project = yaml.safe_load((of.root / "dbt_project.yml").read_text())
    return [
        schema
        for name, value in project.get("vars", {}).items()
        if name.endswith("_schemas")
        for schema in value
    ]


def expected_tables(of: Settings) -> list[Expected]:
    """Return the tables that dbt declares as landed by another connector."""
    manifest = json.loads(ensure_manifest(dbt_project(of)).read_text())
    return [
        Expected(
            source=source["source_name"],
            name=source["identifier"],
            schemas=tuple(source["meta"]["schemas"]),
            needed=source["meta"].get("needed", False),
            columns={
                name: column["meta"].get("needed", False)
                for name, column in source["columns"].items()
            },
            indexes=tuple(source["meta"].get("indexes", ())),
            synced_column=source["meta"]["synced_column"],
        )
        for source in manifest["sources"].values()
        if source["meta"].get("landed_by") == "connector"
    ]


def accounts(
    connection: psycopg.Connection, of: Settings | None = None
) -> list[Account]:
    """Return every account whose schema is there, with its tables."""
    chosen = of or settings()
    # the manifest may have to be parsed: nobody without an account should wait for it
    found = connection.execute(SCHEMAS, [declared_schemas(chosen)]).fetchall()
    if not found:
        return []
    expected = expected_tables(chosen)
    held: dict[str, dict[str, Landed]] = {schema: {} for (schema,) in found}
    for row in connection.execute(TABLES, [list(held)]).fetchall():
        held[row[0]][row[1]] = Landed(*row)
    order = [schema for table in expected for schema in table.schemas]
    return [
        Account(
            schema,
            [table for table in expected if schema in table.schemas],
            held[schema],
        )
        for schema in dict.fromkeys(order)
        if schema in held
    ]


def newest_sync(connection: psycopg.Connection, account: Account) -> datetime | None:
    """Return when the connector last wrote a row of the tables that are needed."""
    moments: list[datetime] = []
    for table, landed in account.present:
        kind = landed.columns.get(table.synced_column, "text")
        if not table.needed or not landed.is_readable or kind in TEXTS:
            continue
        # asked as the index holds it, which then answers at once
        naive = "select max({}::timestamp at time zone 'UTC') from {}"
        query = naive if kind in WITHOUT_ZONE else "select max({}) from {}"
        rows = connection.execute(
            sql.SQL(query).format(
                sql.Identifier(table.synced_column),
                sql.Identifier(account.schema, table.name),
            )
        )
        moments += [moment for (moment,) in rows if moment is not None]
    return max(moments).astimezone(UTC) if moments else None
