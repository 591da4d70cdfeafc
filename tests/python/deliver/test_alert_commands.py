"""`frontdesk alerts` as people use it, the engine as a process, checks in Dagster."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from orchestration.cli import Commands
from orchestration.deliver.alerts import checks, deciding, show
from orchestration.deliver.alerts.commands import alerts
from orchestration.deliver.alerts.engine import Engine
from orchestration.deliver.alerts.rules import SENDERS
from orchestration.deliver.alerts.running import LIVE, Runner
from orchestration.deliver.alerts.senders import SENDERS as BUILT_SENDERS
from orchestration.settings import UserError
from tests.python.deliver.stage import TABLES, Stage
from tests.python.warehouse import cut_connections

Run = Callable[..., Result]
WHO = ("--by", "kim", "--why", "sale week")


@pytest.fixture
def address(fresh_dsn: Callable[[], str], use_dsn: Callable[[str], None]) -> str:
    """Return a database that this process works on, with live tables."""
    found = fresh_dsn()
    use_dsn(found)
    with psycopg.connect(found) as conn:
        conn.execute(TABLES)
    return found


@pytest.fixture
def run(address: str) -> Run:
    """Return a function that runs `frontdesk alerts`."""
    group = Commands("frontdesk", commands={"alerts": alerts})

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, ["alerts", *arguments])

    return call


def test_rules_are_listed_shown_changed_and_reset(run: Run) -> None:
    """With who and why; what is impossible is refused in one line."""
    listed = run("list")
    assert listed.exit_code == 0, listed.output
    assert "waiting_over_5_minutes" in listed.output
    assert "no engine has looked yet" in listed.output
    changed = run("set", "queue_is_long", "fire_limit=30", *WHO)
    assert changed.exit_code == 0, changed.output
    shown = run("show", "queue_is_long").output
    assert "fire_limit" in shown and "30" in shown
    assert "kim: fire_limit=30 (sale week)" in shown
    assert "floor then managers then head_of_service" in shown
    wrong = run("set", "queue_is_long", "fire_limit=lots", *WHO)
    assert wrong.exit_code == 1
    assert wrong.output.startswith("error: rule queue_is_long: fire_limit lots:")
    assert len(wrong.output.strip().splitlines()) == 1
    unknown = run("set", "queue_is_long", "measure=nonsense", *WHO)
    assert "measure nonsense: no such measure" in unknown.output
    assert run("disable", "queue_is_long", *WHO).exit_code == 0
    assert " off " in run("list").output
    assert run("enable", "queue_is_long", *WHO).exit_code == 0
    assert run("reset", "queue_is_long", *WHO).output == (
        "rule queue_is_long is as listed\n"
    )
    again = run("reset", "queue_is_long", *WHO)
    assert "no command has changed it" in again.output
    assert "no rule nothing" in run("show", "nothing").output
    assert run("set", "queue_is_long", "fire_limit=3").exit_code == 2


def test_measures_are_listed_with_what_they_are(run: Run) -> None:
    """A rule can only name one of these."""
    said = run("measures", "wait").output
    assert "live_longest_wait_seconds" in said
    assert "csat_rate" not in said


def test_silences_and_acknowledgements(run: Run, address: str) -> None:
    """They need an author, a reason and an end."""
    made = run("silence", "queue_is_long", "--for", "2h", *WHO)
    assert made.output == "silence 1: nobody is told for 2h\n"
    assert "sale week" in run("list").output
    assert run("unsilence", "1", "--by", "kim").exit_code == 0
    assert "no silence 1 holds" in run("unsilence", "1", "--by", "kim").output
    for text in ("2", "h", "2 weeks", "0m"):
        assert "span" in run("silence", "queue_is_long", "--for", text, *WHO).output
    assert (
        "name=value" in run("silence", "--label", "phone", "--for", "1h", *WHO).output
    )
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute(
            "insert into live.queues_now (channel, queue_name, waiting_count,"
            " waiting_since, oldest_contact_id)"
            " values ('phone', 'vip', 3, now() - interval '1 hour', 'c')"
        )
        Engine("test").evaluate(conn, datetime.now(UTC))
    assert "channel=phone" in run("list").output
    with psycopg.connect(address) as conn:
        first, second = show.summary(conn)
    assert first.startswith("alerts: 1 critical open; last look ")
    assert second == "alerts: notices waiting 1, failed in a day 0"
    taken = run("ack", "1", "--by", "kim", "--for", "1h")
    assert taken.output == "incident 1 is taken on by kim\n"
    assert "taken on by kim" in run("list").output
    assert "no incident 9 is open" in run("ack", "9", "--by", "kim").output
    said = run("explain", "waiting_over_5_minutes").output
    assert "is above 300" in said
    assert "incident 1" in said and "firing to floor: waiting" in said
    early = run("explain", "waiting_over_5_minutes", "--at", "2020-01-01 10:00").output
    assert "there was no such rule yet" in early
    assert "--at noon" in run("explain", "x", "--at", "noon").output


def test_spans_and_labels_are_read_strictly() -> None:
    """What is not understood is refused."""
    assert deciding.duration("90s").total_seconds() == 90
    assert deciding.duration("2d").days == 2
    assert deciding.labels_of(("channel=phone|app",)) == {"channel": "phone|app"}
    with pytest.raises(UserError):
        deciding.duration("-5m")


def test_every_way_of_telling_that_a_route_may_name_exists() -> None:
    """The list of the rules and the senders are one."""
    assert set(SENDERS) == set(BUILT_SENDERS)


@pytest.fixture
def engines(
    fresh_dsn: Callable[[], str], tmp_path: Path
) -> Iterator[tuple[Stage, list[Runner]]]:
    """Yield a stage with two engines at work on it."""
    stage = Stage(fresh_dsn(), tmp_path)
    stage.rules({})
    runners = [Runner(stage.address, seeds=tmp_path) for _ in range(2)]
    threads = [threading.Thread(target=one.run, daemon=True) for one in runners]
    for thread in threads:
        thread.start()
    yield stage, runners
    for one in runners:
        one.stop()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)
    stage.conn.close()


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds, for a minute at most."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.05)


def test_an_event_wakes_the_engine_and_a_lost_leader_is_replaced(
    engines: tuple[Stage, list[Runner]],
) -> None:
    """Two engines, connections cut under both: each incident is told once."""
    stage, runners = engines
    wait_for(lambda: sum(one.evaluations for one in runners))
    assert [bool(one.evaluations) for one in runners].count(True) == 1
    for number in range(1, 4):
        stage.now = datetime.now(UTC)
        stage.wait(400, queue=f"q{number}")
        stage.conn.execute("select pg_notify(%s, 'phone')", [LIVE])
        expected = [("firing", "floor")] * number
        wait_for(lambda expected=expected: stage.told() == expected)
        cut_connections(stage.conn)
    seen = sum(one.evaluations for one in runners)
    wait_for(lambda: sum(one.evaluations for one in runners) > seen)
    assert len(stage.told()) == 3


def test_every_rule_is_a_check_that_says_how_it_stands() -> None:
    """Passed while nothing fires; what cannot be judged or followed is not passed."""
    (definition,) = checks.make_alert_checks()
    names = {spec.name for spec in definition.check_specs}
    assert "alert_waiting_over_5_minutes" in names
    assert all(name.startswith("alert_") for name in names)
    row = ("r", "critical", True, 14, 0, 0, 0, None, True)
    assert checks.judge("r", row, {})[0]
    passed, said, counts = checks.judge("r", (*row[:4], 2, *row[5:]), {})
    assert (passed, said, counts["firing"]) == (False, "2 of 14 series fire", 2)
    failed = (*row[:5], 1, 0, "no such column", True)
    assert checks.judge("r", failed, {})[:2] == (
        False,
        "cannot be judged: no such column",
    )
    assert checks.judge("r", (*row[:2], False, *row[3:]), {})[1] == "the rule is off"
    assert checks.judge("r", None, {})[0]
    assert checks.judge("r", row, {"r": "rule r: no"})[:2] == (False, "rule r: no")
