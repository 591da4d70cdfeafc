"""`make live` as a user has it: all parts in one terminal, and none left behind."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from orchestration.deploy.processes import is_taken
from orchestration.settings import ROOT, Settings
from tests.python.conftest import CopyOf, superuser_dsn
from tests.python.warehouse import Warehouse

PATIENCE = 240
PLAY = """
import sys
from pathlib import Path
from orchestration.deploy import live
live.run(Path(sys.argv[1]), 60, 3, print)
"""
SEEN = """
select
    (select count(*) from frontdesk.events),
    (select coalesce(sum(row_count), 0) from frontdesk.refreshes where succeeded),
    (select count(*) from alerts.series)
"""


@pytest.fixture
def address(
    built: Warehouse,
    server: Settings,
    copy_of: CopyOf,
    use_dsn: Callable[[str], None],
) -> Iterator[str]:
    """Return a copy of the built warehouse, whose owner may make the wall's role."""
    found = copy_of(built.dsn)
    use_dsn(found)
    with psycopg.connect(superuser_dsn(server), autocommit=True) as connection:
        connection.execute("alter role frontdesk createrole")
        yield found
        connection.execute("alter role frontdesk nocreaterole")


def test_all_parts_work_together_and_end_together(address: str, world: Path) -> None:
    """Traffic lands, is built, watched and shown; one signal ends all of it."""
    play = subprocess.Popen(
        [sys.executable, "-u", "-c", PLAY, str(world)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        told = {}
        while "what" not in told:
            word, _, rest = play.stdout.readline().partition(" ")
            assert word, "it ended before all parts were up"
            told[word] = rest.strip()
        with psycopg.connect(address, autocommit=True) as connection:
            deadline = time.monotonic() + PATIENCE
            while not all(seen := _seen(connection)):
                assert play.poll() is None and time.monotonic() < deadline, seen
                time.sleep(0.5)
        # 503, as the world lies months ago; the page is up to date with it
        health = httpx.get(f"{told['wall']}/healthz", trust_env=False).json()
        assert health["database"] and health["snapshot_age_seconds"] < 20
        play.send_signal(signal.SIGTERM)
        said, _ = play.communicate(timeout=60)
    finally:
        play.kill()
    assert play.returncode == 0
    assert said.rstrip().endswith("stopping")
    for part in ("wall", "events"):
        assert not is_taken(httpx.URL(told[part]).port)
    with psycopg.connect(address) as connection:
        others = (
            "select count(*) from pg_stat_activity where datname = current_database()"
        )
        assert connection.execute(others).fetchone() == (1,)


def _seen(connection: psycopg.Connection) -> tuple[int, ...]:
    """Return events landed, rows refreshed and series watched."""
    try:
        return connection.execute(SEEN).fetchone()
    except psycopg.errors.UndefinedTable:
        # each part makes what it keeps when it begins
        return (0,)
