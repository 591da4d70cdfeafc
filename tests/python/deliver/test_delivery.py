"""Deliverers: each told once, none lost, whatever breaks."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from orchestration.deliver.alerts import delivery, ledger
from orchestration.deliver.alerts.delivery import Deliverers
from orchestration.deliver.alerts.outbox import Notice, enqueue, ensure_outbox
from orchestration.deliver.alerts.receivers import Fault, Receivers
from orchestration.deliver.alerts.refusals import TOKEN
from orchestration.deliver.alerts.schema import ensure_alerts
from orchestration.settings import ROOT
from tests.python.warehouse import cut_connections

CARRIER = "from orchestration.deliver.alerts.sending import deliver; deliver()"
PATIENCE = 60
OPEN = "select count(*) from alerts.notifications where state in ('waiting', 'sending')"
STATES = "select state, count(*) from alerts.notifications group by state"


@pytest.fixture
def address(fresh_dsn: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a database with an empty outbox; waits between attempts are short."""
    found = fresh_dsn()
    with psycopg.connect(found) as conn:
        ensure_outbox(conn)
    monkeypatch.setattr(delivery, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.2)
    # rates are tested with a clock of their own
    monkeypatch.setattr(delivery, "PACES", {})
    return found


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receivers]:
    """Return receivers to which the routes floor and mail lead; rates are free."""
    with Receivers(limits=False) as found:
        routes = {"floor": "webhook", "mail": "email", "group": "wecom"}
        for name, value in found.environment(routes).items():
            monkeypatch.setenv(name, value)
        yield found


def put(address: str, notices: list[Notice]) -> None:
    """Put notices in."""
    with psycopg.connect(address) as conn:
        enqueue(conn, notices)


def notice(
    number: int, kind: str = "firing", route: str = "floor", sender: str = "webhook"
) -> Notice:
    """Return a notice of an incident of its own."""
    payload = {"rule": f"rule {number}", "value": number, "severity": "warning"}
    return Notice(
        key=f"{number} {kind} {route}",
        kind=kind,
        route=route,
        sender=sender,
        incident_id=number,
        receiver="lead@example.com" if sender == "email" else "",
        payload=payload,
    )


def until(holds: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until something holds; fail when it does not."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def is_empty(address: str) -> Callable[[], bool]:
    """Return a function that says whether nothing waits any more."""

    def ask() -> bool:
        with psycopg.connect(address) as conn:
            return conn.execute(OPEN).fetchone()[0] == 0

    return ask


def states(address: str) -> dict[str, int]:
    """Return how many notices are in each state."""
    with psycopg.connect(address) as conn:
        return dict(conn.execute(STATES).fetchall())


def test_every_way_of_telling_is_told(address: str, local: Receivers) -> None:
    """Put in, the notices arrive; the ledger has each answer."""
    with Deliverers(address, workers=2):
        put(address, [notice(1), notice(2, route="mail", sender="email")])
        put(address, [notice(3, route="group", sender="wecom")])
        until(is_empty(address))
    assert Counter(taken.kind for taken in local.taken) == {
        "webhook": 1,
        "email": 1,
        "wecom": 1,
    }
    with psycopg.connect(address) as conn:
        entries = ledger.entries(conn)
        lines = ledger.status_lines(conn)
    assert {entry.outcome for entry in entries} == {"delivered"}
    assert {entry.provider_code for entry in entries} == {"200", "250", "0"}
    assert "floor: 1 sent, 0 waiting" in lines


def test_four_deliverers_tell_each_once(address: str, local: Receivers) -> None:
    """Refusals, delays and broken connections at random; then all is well."""
    chance = random.Random(5)
    choices = [
        Fault(status=500, body=b"broken"),
        Fault(status=429, body=b"slow", headers={"retry-after": "0"}),
        Fault(status=200, body=b'{"errcode": 40, "errmsg": "never"}'),
        Fault(),
        Fault(sleep=0.05, status=503),
        None,
        None,
        None,
    ]
    local.fault = lambda kind: chance.choice(choices)
    numbers = range(120)
    with Deliverers(address, workers=4):
        for start in range(0, 120, 10):
            put(address, [notice(n) for n in numbers[start : start + 10]])
        until(is_empty(address))
    told = Counter(taken.body["data"]["incident_id"] for taken in local.taken)
    found = states(address)
    refused = found.get("failed", 0)
    assert set(told.values()) == {1}
    assert len(told) == found["sent"] == len(numbers) - refused
    # the refusal inside a 200 is for good, the others are not
    with psycopg.connect(address) as conn:
        query = "select count(*) from alerts.deliveries where outcome = 'permanent'"
        assert conn.execute(query).fetchone()[0] == refused > 0


def test_an_outage_loses_nothing(address: str, local: Receivers) -> None:
    """Firing and resolved of each incident arrive once, in order, after it ends."""
    is_down = threading.Event()
    is_down.set()
    local.fault = lambda kind: Fault() if is_down.is_set() else None
    with Deliverers(address, workers=4):
        put(address, [notice(n) for n in range(20)])
        put(address, [notice(n, "repeat") for n in range(20)])
        put(address, [notice(n, "resolved") for n in range(20)])
        until(lambda: local.asked["webhook"] > 10)
        assert local.taken == []
        is_down.clear()
        until(is_empty(address))
    order = [(t.body["data"]["incident_id"], t.body["type"]) for t in local.taken]
    assert Counter(order) == Counter(
        (n, kind) for n in range(20) for kind in ("alert.firing", "alert.resolved")
    )
    for n in range(20):
        assert order.index((n, "alert.firing")) < order.index((n, "alert.resolved"))
    assert states(address) == {"sent": 40, "dropped": 20}


def start_carrier(address: str, workers: int = 2) -> subprocess.Popen:
    """Start a process that delivers; its leases are short."""
    options = ["--workers", str(workers), "--lease", "2"]
    return subprocess.Popen(
        [sys.executable, "-c", CARRIER, *options],
        cwd=ROOT,
        env={**os.environ, "FRONTDESK_DSN": address},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_killed_deliverers_lose_nothing(address: str, local: Receivers) -> None:
    """SIGKILL at random moments: none is lost, and a second bears the id of the first.

    Two processes of two workers each carry 90 notices to a receiver that takes some
    time; one of them is killed every now and then, and another takes its place.
    """
    chance = random.Random(11)
    local.fault = lambda kind: Fault(sleep=chance.uniform(0.01, 0.12), takes=True)
    put(address, [notice(n) for n in range(90)])
    carriers = [start_carrier(address) for _ in range(2)]
    killed = 0
    try:
        until(lambda: len(local.taken) > 5)
        while not is_empty(address)():
            if killed < 4:
                time.sleep(chance.uniform(0.2, 0.6))
                carriers[killed % 2].kill()
                carriers[killed % 2].wait()
                carriers[killed % 2] = start_carrier(address)
                killed += 1
            time.sleep(0.1)
    finally:
        for carrier in carriers:
            carrier.kill()
            carrier.wait()
    told = Counter(taken.body["data"]["incident_id"] for taken in local.taken)
    assert killed > 0
    assert set(told) == set(range(90))
    assert states(address) == {"sent": 90}
    # whoever keeps the ids it saw acts once on each
    assert len({taken.message_id for taken in local.taken}) == 90
    with psycopg.connect(address) as conn:
        query = (
            "select notification_id, count(*) filter (where outcome = 'unknown')"
            " from alerts.deliveries group by notification_id"
        )
        unknown = dict(conn.execute(query).fetchall())
        numbers = dict(
            conn.execute(
                "select incident_id, notification_id from alerts.notifications"
            ).fetchall()
        )
    # a second can come only from an attempt whose end nobody saw, and each is on record
    for number, count in told.items():
        assert count <= 1 + unknown[numbers[number]]


def test_a_deliverer_ends_what_it_sends(address: str, local: Receivers) -> None:
    """SIGTERM lets the message on its way arrive and be written down."""
    local.fault = lambda kind: Fault(sleep=1.0, takes=True)
    put(address, [notice(1)])
    carrier = start_carrier(address, workers=1)
    until(lambda: local.asked["webhook"] == 1)
    carrier.send_signal(signal.SIGTERM)
    assert carrier.wait(30) == 0
    assert states(address) == {"sent": 1}
    assert len(local.taken) == 1


def test_a_database_that_goes_away_comes_back(address: str, local: Receivers) -> None:
    """Connections cut at any moment, also between telling and writing it down."""
    local.fault = lambda kind: Fault(sleep=0.02, takes=True)
    with Deliverers(address, workers=4), psycopg.connect(address) as conn:
        conn.autocommit = True
        for start in range(0, 60, 20):
            put(address, [notice(n) for n in range(start, start + 20)])
            cut_connections(conn)
        until(is_empty(address))
    told = Counter(taken.body["data"]["incident_id"] for taken in local.taken)
    assert set(told) == set(range(60))
    assert set(told.values()) == {1}


def test_a_route_without_an_address_waits_and_says_so(
    address: str, local: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost while the address is missing; the ledger names the variable."""
    monkeypatch.setattr(delivery, "SETTING_WAIT", 0.1)
    with Deliverers(address, workers=1):
        put(address, [notice(1, route="night")])
        with psycopg.connect(address, autocommit=True) as conn:
            until(lambda: bool(ledger.entries(conn, only_failed=True)))
            said = ledger.entries(conn, only_failed=True)[-1].provider_text
        assert "FRONTDESK_ALERT_NIGHT_URL" in said
        monkeypatch.setenv("FRONTDESK_ALERT_NIGHT_URL", local.url("webhook"))
        monkeypatch.setenv(
            "FRONTDESK_ALERT_NIGHT_SECRET", os.environ["FRONTDESK_ALERT_FLOOR_SECRET"]
        )
        until(is_empty(address))
    assert len(local.taken) == 1


def test_a_payload_in_bad_words_is_told_all_the_same(
    address: str, local: Receivers
) -> None:
    """A moment or zone that is none costs the words, not the alert."""
    bad = Notice(
        key="bad",
        kind="firing",
        route="floor",
        sender="webhook",
        payload={"rule": "r", "since": "yesterday", "time_zone": "Mars/Base"},
    )
    pigeon = Notice("p", "firing", "floor", "pigeon", {"rule": "r"})
    with Deliverers(address, workers=1):
        put(address, [bad, pigeon])
        until(is_empty(address))
    assert states(address) == {"sent": 1, "failed": 1}
    assert "r" in local.taken[0].text


def test_neither_log_nor_ledger_tells_a_secret(
    address: str, local: Receivers, caplog: pytest.LogCaptureFixture
) -> None:
    """Not when it works, not when it fails."""
    caplog.set_level("INFO")
    faults = iter([Fault(), Fault(status=500, body=TOKEN.encode()), None])
    local.fault = lambda kind: next(faults, None)
    with Deliverers(address, workers=1):
        put(address, [notice(1, route="group", sender="wecom")])
        until(is_empty(address))
    with psycopg.connect(address) as conn:
        kept = conn.execute("select deliveries::text from alerts.deliveries").fetchall()
        paces = conn.execute("select paces::text from alerts.paces").fetchall()
    assert len(kept) == 3
    assert TOKEN not in caplog.text + str(kept) + str(paces)


def test_the_commands_of_the_ledger(
    address: str, local: Receivers, use_dsn: Callable[[str], None], home: Path
) -> None:
    """Test, ledger and retry, as a person types them."""
    from click.testing import CliRunner

    from orchestration.deliver.alerts import sending as commands
    from orchestration.settings import UserError

    use_dsn(address)
    with psycopg.connect(address) as conn:
        ensure_alerts(conn)
        conn.execute(
            "insert into alerts.routes values"
            " ('floor', '', 'webhook', '', 'zh', '', 0, true),"
            " ('night', '', 'wecom', '', 'en', '', 0, true)"
        )
    run = CliRunner()
    told = run.invoke(commands.test, ["floor"])
    assert told.exit_code == 0 and "delivered" in told.output
    assert "这是对通知路由 floor 的测试" in local.taken[0].text
    local.fault = lambda kind: Fault(status=403, body=b"not you")
    refused = run.invoke(commands.test, ["floor"])
    assert isinstance(refused.exception, UserError)
    assert "permanent" in str(refused.exception) and "not you" in str(refused.exception)
    lacking = run.invoke(commands.test, ["night"])
    assert "FRONTDESK_ALERT_NIGHT_URL" in str(lacking.exception)
    assert "not you" in run.invoke(commands.show_ledger, ["--failed"]).output
    assert "1 notices" in run.invoke(commands.retry, []).output
    exports = run.invoke(commands.receivers, ["--exports"]).output
    assert "export FRONTDESK_ALERT_NIGHT_URL='http://127.0.0.1:8791/wecom" in exports
