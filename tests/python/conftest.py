"""What tests share: a Postgres of their own, databases on it, the command."""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from orchestration.database import connections
from orchestration.database import server as embedded
from orchestration.sample import write_world
from orchestration.settings import ROOT, Settings, settings
from tests.python.warehouse import Warehouse, files_of

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
LONG = ("make_warehouse", "world", "environment", "project", "toy")
"""What is asked for by tests that take half a minute and more, alone or together."""
BUILT = (
    *("/test_end_to_end.py", "/test_analyses.py", "/test_outcomes.py"),
    *("/test_floor.py", "/test_experiments.py", "/test_quality.py"),
    *("/test_topics.py", "/test_metrics.py", "/test_readers.py"),
    *("/test_customer_360.py", "/test_seconds_agree.py"),
    *("/test_wall_on_the_sample_world.py", "/test_alert_measures.py"),
    *("/test_refresh.py", "/test_erasing_contacts.py", "/test_together.py"),
)
"""The files of tests that look at the warehouse that is built once."""
ALONE = ("test_any_order_of_arrival", "test_lanes_and_builds")
numbers = itertools.count()

FreshDsn = Callable[[], str]
CopyOf = Callable[[str], str]
Command = Callable[..., subprocess.CompletedProcess]


def unit_of(nodeid: str) -> str:
    """Return the name of the tests that stay in one process with one.

    They are those of its file, which share what fixtures make for it, or of both files
    that look at the warehouse that is built once. Some need nothing of their file.
    """
    file, _, test = nodeid.partition("::")
    if test.startswith(ALONE):
        return nodeid
    return "built" if file.endswith(BUILT) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Hand out tests to the processes unit by unit, in the order of collection."""
    from xdist.scheduler import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    config.option.loadscopereorder = False
    return Units(config, log)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Put long units first: one at the end leaves the other processes without work."""
    missing = {
        item.path.name
        for item in items
        if "built" in item.fixturenames and unit_of(item.nodeid) != "built"
    }
    if missing:
        raise pytest.UsageError(f"add to BUILT, or they build once more: {missing}")
    if hasattr(config, "workerinput"):
        long_units = {
            unit_of(item.nodeid)
            for item in items
            if not set(LONG).isdisjoint(item.fixturenames)
        }
        items.sort(key=lambda item: unit_of(item.nodeid) not in long_units)


def open_folder() -> Path:
    """Return a new folder that an unprivileged server can reach; pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session", autouse=True)
def home() -> Iterator[Path]:
    """Point everything in this process at a state folder of the tests' own."""
    folder = open_folder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRONTDESK_HOME", str(folder))
        patch.delenv("FRONTDESK_DSN", raising=False)
        settings.cache_clear()
        yield folder
    settings.cache_clear()
    shutil.rmtree(folder, ignore_errors=True)


def superuser_dsn(of: Settings) -> str:
    """Return the address at which databases are made."""
    port = embedded.running_port(embedded.Files(of.home))
    password = embedded.passwords(of, embedded.SUPERUSER)
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def running_server(chosen: Settings) -> Iterator[Settings]:
    """Run an embedded server for a while; nothing on it has to outlive a crash."""
    embedded.up(chosen)
    connections.bootstrap(chosen)
    with psycopg.connect(superuser_dsn(chosen), autocommit=True) as connection:
        for name in ("fsync", "full_page_writes"):
            connection.execute(f"alter system set {name} = off")
        connection.execute("select pg_reload_conf()")
    try:
        yield chosen
    finally:
        # nothing is kept, so nothing has to be written before it stops
        data = embedded.Files(chosen.home).data
        stop = ("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        embedded.runner(chosen).run(*stop)


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[Settings]:
    """Return the settings of a running embedded Postgres."""
    with running_server(settings()) as chosen:
        yield chosen


def new_database(of: Settings, like: str | None = None) -> str:
    """Make a database owned by the ordinary role; return its address.

    It is empty, or holds what another one does, in which nobody may be at work.
    """
    template = like.rpartition("/")[2] if like else "template1"
    name = f"test_{os.getpid()}_{next(numbers)}"
    with psycopg.connect(superuser_dsn(of), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} owner {} template {}").format(
                *map(sql.Identifier, (name, connections.OWNER, template))
            )
        )
    return connections.dsn(of).rpartition("/")[0] + f"/{name}"


@pytest.fixture(scope="session")
def fresh_dsn(server: Settings) -> FreshDsn:
    """Return a function that makes an empty database and returns its address."""
    return lambda: new_database(server)


@pytest.fixture(scope="session")
def copy_of(server: Settings) -> CopyOf:
    """Return a function that copies a database and returns the copy's address."""
    return lambda address: new_database(server, address)


@pytest.fixture(scope="session")
def warehouse_dsn(server: Settings) -> str:
    """Return the address of one database for the whole session, schemas made."""
    address = new_database(server)
    connections.bootstrap(replace(server, dsn=address))
    return address


@pytest.fixture(scope="session")
def postgres15(home: Path) -> Iterator[Settings]:
    """Return the settings of a running Postgres 15, where the machine has one."""
    if not (POSTGRES_15 / "postgres").exists():
        pytest.skip(f"no Postgres 15 in {POSTGRES_15}")
    folder = open_folder()
    chosen = Settings(root=ROOT, home=folder, dsn=None, postgres_bin=POSTGRES_15)
    with running_server(chosen):
        yield chosen
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres15_dsn(postgres15: Settings) -> str:
    """Return the address of an empty database on Postgres 15."""
    return new_database(postgres15)


@pytest.fixture
def use_dsn(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that points this process at a database for one test."""

    def use(address: str) -> None:
        monkeypatch.setenv("FRONTDESK_DSN", address)
        settings.cache_clear()
        connections.bootstrap()

    yield use
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def frontdesk() -> Command:
    """Return a function that runs the command as a user would."""

    def run(
        *arguments: str, timeout: float = 300, **environment: str
    ) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "orchestration.cli", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def manifest(home: Path) -> dict[str, Any]:
    """Return dbt's manifest of the project as it stands."""
    from orchestration.transform.project import dbt_project, ensure_manifest

    return json.loads(ensure_manifest(dbt_project()).read_text())


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small sample world."""
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, people=300, days=40, seed=11)
    return folder


@pytest.fixture(scope="session")
def seeded(fresh_dsn: FreshDsn) -> str:
    """Return the address of a warehouse with its lists of reference and no more."""
    warehouse = Warehouse(fresh_dsn())
    warehouse.dbt("seed")
    return warehouse.dsn


@pytest.fixture(scope="session")
def make_warehouse(seeded: str, copy_of: CopyOf) -> Callable[[], Warehouse]:
    """Return a function that makes an empty warehouse, with its lists of reference."""
    return lambda: Warehouse(copy_of(seeded))


@pytest.fixture(scope="session")
def built(make_warehouse: Callable[[], Warehouse], world: Path) -> Warehouse:
    """Return a warehouse with the whole world, built once, every test passed."""
    warehouse = make_warehouse()
    warehouse.load(files_of(world))
    warehouse.dbt("build")
    return warehouse
