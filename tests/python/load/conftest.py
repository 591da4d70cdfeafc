"""A place to land in: sources under names of their own in the test database."""

import gzip
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from orchestration.load import warehouse
from orchestration.raw import sources
from orchestration.raw.sources import Source


class Landing:
    """Loads files of one source, renamed so that tests do not meet."""

    def __init__(self, dsn: str, source: Source, folder: Path) -> None:
        """Land in the server of this address, with files in this folder."""
        self.dsn = dsn
        self.source = source
        self.folder = folder

    def file(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        """Write a file, compressed when its name says so, and return its path."""
        data = content.encode(encoding) if isinstance(content, str) else content
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def load(
        self, *paths: Path, table: str | None = None
    ) -> list[warehouse.FileResult]:
        """Load files of the source."""
        return warehouse.load_files(self.dsn, self.source.name, paths, table)

    def land(self, name: str, content: str | bytes) -> warehouse.FileResult:
        """Write one file, load it, and return its one result."""
        (result,) = self.load(self.file(name, content))
        return result

    def query(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query in which `{}` stands for the raw schema."""
        with psycopg.connect(self.dsn) as conn:
            statement = sql.SQL(query).format(sql.Identifier(self.source.schema))
            return conn.execute(statement).fetchall()

    def column(self, query: str) -> list[Any]:
        """Return the only column of a query."""
        return [row[0] for row in self.query(query)]

    def is_empty(self) -> bool:
        """Return whether nothing at all has landed."""
        with psycopg.connect(self.dsn) as conn:
            if self.source.schema not in {
                row[0] for row in conn.execute("select nspname from pg_namespace")
            }:
                return True
            names = [*(table.name for table in self.source.tables), "_unreadable"]
            landed = any(
                self.query("select 1 from {}." + n + " limit 1") for n in names
            )
            batches = conn.execute(
                "select 1 from frontdesk.batches where source_name = %s",
                (self.source.name,),
            ).fetchall()
            return not landed and not batches


class Landings:
    """Makes landings and cleans up behind them."""

    def __init__(self, dsn: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Declare sources for one test."""
        self._dsn = dsn
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._made: list[Source] = []

    def __call__(self, source: Source | str) -> Landing:
        """Return a landing for a declared source or one made for the test."""
        declared = sources.SOURCES[source] if isinstance(source, str) else source
        own = replace(declared, name=f"{declared.name}_{uuid.uuid4().hex[:8]}")
        self._monkeypatch.setitem(sources.SOURCES, own.name, own)
        self._made.append(own)
        return Landing(self._dsn, own, self._folder)

    def clear(self) -> None:
        """Drop what was made."""
        with psycopg.connect(self._dsn) as conn:
            for source in self._made:
                schema = sql.Identifier(source.schema)
                conn.execute(sql.SQL("drop schema if exists {} cascade").format(schema))
                if conn.execute("select to_regclass('frontdesk.batches')").fetchone()[
                    0
                ]:
                    conn.execute(
                        "delete from frontdesk.batches where source_name = %s",
                        (source.name,),
                    )


@pytest.fixture
def landings(
    warehouse_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Landings]:
    """Return a maker of landings."""
    made = Landings(warehouse_dsn, tmp_path, monkeypatch)
    yield made
    made.clear()


@pytest.fixture
def things(landings: Landings) -> Landing:
    """Return a landing with one small table of every type."""
    return landings(THINGS)


THINGS = Source(
    "things",
    "Things for tests.",
    (
        sources.Table(
            "things",
            "One row per version of a thing.",
            (sources.Format("things_*.csv"),),
            (
                sources.Column("thing_id", required=True),
                sources.Column("name"),
                sources.Column("size", "bigint"),
                sources.Column("price", "numeric"),
                sources.Column("weight", "double precision"),
                sources.Column("is_new", "boolean"),
                sources.Column("made_on", "date"),
                sources.Column("seen_at", "timestamptz", required=True),
            ),
            key=("thing_id",),
        ),
    ),
)
