"""What identity keeps in memory, and what a crash of the server takes from it."""

import os
import shutil
import signal
from pathlib import Path

import psycopg
import pytest

from orchestration.bench import people
from orchestration.database import connections
from orchestration.database import server as embedded
from orchestration.identity.warehouse import require_built
from orchestration.settings import ROOT, Settings, UserError
from tests.python.conftest import (
    new_database,
    open_folder,
    running_server,
    superuser_dsn,
)
from tests.python.identity.test_resolution import ALL, NEWS, customers, write
from tests.python.warehouse import Warehouse


def kill(chosen: Settings) -> None:
    """Kill a server without a word, and wait until it is gone."""
    files = embedded.Files(chosen.home)
    postmaster = int((files.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    while embedded.running_port(files):
        pass


COLD = """
with built as (
    select to_regclass(relation) as relation
    from frontdesk.watermarks
    where relation like 'identity.%'
),
kept as (
    select relation from built
    union all
    select indexes.indexrelid::regclass
    from built
    inner join pg_index as indexes on indexes.indrelid = built.relation
)
select kept.relation::text
from kept
cross join lateral (
    select count(*) as page_count
    from public.pg_buffercache as pages
    where
        pages.relfilenode = pg_relation_filenode(kept.relation)
        and pages.relforknumber = 0
) as held
where
    held.page_count < pg_relation_size(kept.relation) / 8192
"""


def cold(chosen: Settings, warehouse: Warehouse) -> list[tuple[str]]:
    """Return the tables and indexes of identity with a page that is not in memory."""
    database = warehouse.dsn.rpartition("/")[2]
    address = superuser_dsn(chosen).rpartition("/")[0] + f"/{database}"
    with psycopg.connect(address) as connection:
        connection.execute(
            "create extension if not exists pg_buffercache schema public"
        )
        return connection.execute(COLD).fetchall()


def test_what_reads_ahead_comes_with_the_embedded_server(server: Settings) -> None:
    """In its database, and in those that are made later; once is enough."""
    connections.bootstrap(server)
    for address in (connections.dsn(server), new_database(server)):
        with psycopg.connect(address) as connection:
            assert not connection.execute(connections.CANNOT_WARM).fetchone()[0]


def test_a_crash_of_the_server_costs_a_build_and_no_customer(
    home: Path, tmp_path: Path
) -> None:
    """What was emptied is not read: questions are refused, a build makes it anew."""
    made = people.make(people.Plan(people=150, seed=31))
    records = [row.record for row in made.rows]
    half = len(records) // 2
    folder = open_folder()
    chosen = Settings(root=ROOT, home=folder, dsn=None)
    with running_server(chosen):
        warehouse = Warehouse(new_database(chosen))
        warehouse.dbt("seed")
        warehouse.load([("people", write(tmp_path / "first.csv", records[:half]))])
        warehouse.dbt(*ALL)
        # the rows of a later batch may lie in any page
        assert cold(chosen, warehouse) == []
        before = warehouse.contents(["cleaned", "identity"])
        named = customers(warehouse)
        emptied = warehouse.frame(
            "select relname from pg_class where relpersistence = 'u' and relkind = 'r'"
            " and relnamespace = 'identity'::regnamespace"
        )
        assert len(emptied) > 15

        kill(chosen)
        embedded.up(chosen)

        assert len(cold(chosen, warehouse)) > 30
        assert warehouse.value("select count(*) from identity.int_pairs__compared") == 0
        assert customers(warehouse) == named
        with (
            psycopg.connect(warehouse.dsn) as connection,
            pytest.raises(UserError, match="frontdesk build"),
        ):
            require_built(connection)

        # what asks of a part is not answered from the rest
        with pytest.raises(AssertionError, match="does not exist"):
            warehouse.dbt("run", "--select", "int_pairs__compared")
        warehouse.dbt(*NEWS)
        assert warehouse.contents(["cleaned", "identity"]) == before
        with psycopg.connect(warehouse.dsn) as connection:
            require_built(connection)

        # and from there it goes on as if nothing had been
        warehouse.load([("people", write(tmp_path / "second.csv", records[half:]))])
        warehouse.dbt(*NEWS)
        batchwise = warehouse.contents(["identity"])
        assert len(customers(warehouse)) == len(records)
        warehouse.dbt(*ALL, "--full-refresh")
        assert warehouse.contents(["identity"]) == batchwise
    shutil.rmtree(folder, ignore_errors=True)
