"""The walk from files to marts through the command, and the ways it is cut short."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest

from orchestration import demo
from orchestration.settings import ROOT, Settings

Command = Callable[..., subprocess.CompletedProcess]

CALLS = (
    "call_id,site,direction,call_result,wait_secs,started_at,exported_at\n"
    "c1,cn,inbound,ANSWERED,5,2026-01-05T09:00:00+08:00,2026-01-05T10:00:00+08:00\n"
    "c2,cn,inbound,ABANDONED,30,2026-01-05T09:10:00+08:00,2026-01-05T10:00:00+08:00\n"
)


@pytest.fixture
def environment(server: Settings, fresh_dsn: Callable[[], str]) -> dict[str, str]:
    """Return the variables of an installation with an empty warehouse.

    The state folder is the session's: each new one would parse dbt's project anew.
    """
    return {"FRONTDESK_DSN": fresh_dsn()}


def runs(environment: dict[str, str]) -> list[tuple[str, str]]:
    """Return job and status of every run Dagster knows, oldest first."""
    with psycopg.connect(environment["FRONTDESK_DSN"]) as connection:
        return connection.execute(
            "select pipeline_name, status from dagster.runs order by id"
        ).fetchall()


def start(*arguments: str, environment: dict[str, str]) -> subprocess.Popen:
    """Start the command and leave it running."""
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_empty_warehouse_builds(
    frontdesk: Command, environment: dict[str, str]
) -> None:
    """No source, no error; the run is one of Dagster's; killed ones block nothing."""
    assert frontdesk("up", **environment).returncode == 0
    killed = start("build", environment=environment)
    deadline = time.monotonic() + 120
    while not _has_started(environment):
        assert killed.poll() is None, killed.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    done = frontdesk("build", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "build succeeded" in done.stdout
    assert runs(environment) == [("refresh", "FAILURE"), ("refresh", "SUCCESS")]
    told = frontdesk("status", **environment)
    assert told.returncode == 0, told.stderr
    assert "succeeded" in told.stdout


def _has_started(environment: dict[str, str]) -> bool:
    """Say whether Dagster knows of a run that goes on."""
    try:
        return ("refresh", "STARTED") in runs(environment)
    except psycopg.Error:
        return False


def test_the_inbox_is_landed_by_a_build(
    frontdesk: Command, environment: dict[str, str], home: Path
) -> None:
    """A selection goes to dbt as it is given."""
    assert frontdesk("up", **environment).returncode == 0
    path = home / "inbox" / "phone" / "calls_cn_2026-01-05.csv"
    path.parent.mkdir(parents=True)
    path.write_text(CALLS)
    try:
        done = frontdesk(
            *("build", "--select", "stg_phone__calls", "--exclude", "test_type:data"),
            **environment,
        )
    finally:
        path.unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg.connect(environment["FRONTDESK_DSN"]) as connection:
        found = connection.execute("select count(*) from staging.stg_phone__calls")
        assert found.fetchone() == (2,)
        tables = connection.execute(
            "select count(*) from pg_tables where schemaname = 'marts'"
        )
        assert tables.fetchone() == (0,)


def test_a_selection_of_nothing_is_no_success(
    frontdesk: Command, environment: dict[str, str]
) -> None:
    """A name that is not there fails the build, which says the name."""
    assert frontdesk("up", **environment).returncode == 0
    done = frontdesk("build", "--select", "fct_interaction", **environment)
    assert done.returncode == 1
    assert "'fct_interaction' does not match any enabled nodes" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_pages_start_and_stop(
    frontdesk: Command, environment: dict[str, str]
) -> None:
    """The address answers, the sensors run, and a stop leaves no process."""
    assert frontdesk("up", **environment).returncode == 0
    pages = start("ui", environment=environment)
    try:
        address = pages.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address), pages.stderr.read()
        question = b'{"query": "{ repositoriesOrError { ... on RepositoryConnection'
        question += b" { nodes { location { name } schedules { name scheduleState"
        question += b' { status } } } } } }"}'
        request = urllib.request.Request(
            f"{address}/graphql", question, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = answer.read().decode()
        assert '"frontdesk"' in told
        assert told.count('"RUNNING"') == 2
        port = address.rpartition(":")[2]
        second = frontdesk("ui", "--port", port, **environment)
        assert second.returncode == 1
        assert f"port {port} is taken" in second.stderr
    finally:
        pages.send_signal(signal.SIGTERM)
        pages.wait(timeout=60)
    assert pages.returncode == 0
    left = [
        path
        for path in Path("/proc").glob("[0-9]*/environ")
        if _mentions(path, environment["FRONTDESK_DSN"])
    ]
    assert left == []


def _mentions(path: Path, text: str) -> bool:
    """Say whether a process has a text in its environment."""
    try:
        return text.encode() in path.read_bytes()
    except OSError:
        return False


def test_a_world_is_written_once(tmp_path: Path) -> None:
    """The same world is left as it is, another takes its place, a broken one too."""
    folder = tmp_path / "world"
    said: list[str] = []
    small = demo.World(people=50, days=2, seed=1, start=date(2026, 1, 5))
    demo.write_sample(folder, small, said.append)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    demo.write_sample(folder, small, said.append)
    assert said[-1].startswith("sample world is already in")
    assert times == {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    (folder / demo.MARKER).write_text("")
    demo.write_sample(folder, small, said.append)
    assert said[-1].startswith("sample world: ")
