"""A warehouse to test: one database, built by dbt in this process."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from psycopg import sql

from orchestration import quality
from orchestration.load.warehouse import ensure_raw, load_files
from orchestration.settings import Settings, settings
from orchestration.transform.assets import Outcome, invoke_dbt
from orchestration.transform.project import dbt_project

AS_OF = '{as_of: "2026-03-15 00:00:00"}'
ROOMS = ["cleaned", "identity", "marts", "exports"]


class Warehouse:
    """One database, built by dbt in this process."""

    def __init__(self, dsn: str) -> None:
        """Make the raw tables."""
        self.dsn = dsn
        self.settings: Settings | None = None
        with psycopg.connect(dsn) as connection:
            ensure_raw(connection)

    def load(self, files: Sequence[tuple[str, Path]]) -> None:
        """Land files, given with their source, in the order in which they come."""
        for source in dict.fromkeys(source for source, _ in files):
            load_files(
                self.dsn, source, [path for name, path in files if name == source]
            )

    def dbt(self, *arguments: str) -> None:
        """Run dbt against this database; fail with what it said.

        Every run measures to the same moment, so that runs can be compared.
        """
        if "--vars" not in arguments:
            arguments = (*arguments, "--vars", AS_OF)
        # nobody reads dbt's log of a test
        arguments = (*arguments, "--log-level-file", "none")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FRONTDESK_DSN", self.dsn)
            settings.cache_clear()
            outcome = Outcome()
            for _ in invoke_dbt(dbt_project(self.settings), list(arguments), outcome):
                pass
        settings.cache_clear()
        complaint = outcome.complaint()
        assert complaint is None, complaint

    def frame(self, query: str | sql.Composed, *arguments: object) -> pd.DataFrame:
        """Return the rows of a query."""
        with psycopg.connect(self.dsn) as connection:
            return quality.frame(connection, query, *arguments)

    def value(self, query: str, *arguments: object) -> object:
        """Return the one value of a query."""
        return self.frame(query, *arguments).iloc[0, 0]

    def contents(self, rooms: Sequence[str] = ROOMS) -> dict[str, list[str]]:
        """Return every row of rooms but when it was written."""
        tables = self.frame(
            "select table_schema, table_name,"
            " array_agg(column_name::text order by column_name) as names"
            " from information_schema.columns"
            " where table_schema = any(%s)"
            " and data_type <> 'xid8'"
            " group by table_schema, table_name",
            list(rooms),
        )
        found = {}
        for table in tables.itertuples():
            rows = self.frame(
                sql.SQL("select {} from {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, table.names)),
                    sql.Identifier(table.table_schema, table.table_name),
                )
            )
            lines = map(repr, rows.itertuples(index=False, name=None))
            found[f"{table.table_schema}.{table.table_name}"] = sorted(lines)
        return found


def files_of(world: Path) -> list[tuple[str, Path]]:
    """Return every file of a sample world with its source."""
    return [
        (path.parent.name, path)
        for path in sorted(world.glob("*/*"))
        if path.parent.name != "truth"
    ]


def compare_kpis(warehouse: Warehouse, world: Path) -> None:
    """Fail unless the hourly KPIs equal the world's own, part for part."""
    truth = pd.read_parquet(world / "truth" / "kpi_channel_hourly.parquet")
    keys = ["channel", "hour_started_at"]
    parts = [name for name in truth.columns if name not in keys]
    found = warehouse.frame("select * from marts.kpi_channel_hourly")
    sides = []
    for side in (truth, found):
        side = side.assign(
            hour_started_at=pd.to_datetime(side["hour_started_at"], utc=True)
        )
        # a channel without abandonment has no count, where the truth says none
        sides.append(
            side[keys + parts]
            .fillna(0)
            .astype(dict.fromkeys(parts, "int64"))
            .sort_values(keys, ignore_index=True)
        )
    assert len(sides[0]) > 500
    pd.testing.assert_frame_equal(*sides, check_dtype=False)


def cut_connections(connection: psycopg.Connection) -> None:
    """End every other client's session of a database, as a restart of its server does.

    The server's own workers are not ours to end: one that vacuums belongs to nobody.
    """
    connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
        " and backend_type = 'client backend'"
    )
