"""The outbox: what is put in, who may take it, in which order, how fast."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from orchestration.deliver.alerts import ledger
from orchestration.deliver.alerts.delivery import settle, wait_before
from orchestration.deliver.alerts.leases import Answer, Lease, Pace, finish, lease
from orchestration.deliver.alerts.outbox import (
    Notice,
    drop_waiting,
    enqueue,
    ensure_outbox,
    prune,
    requeue,
)
from orchestration.deliver.alerts.senders import SENDERS
from orchestration.settings import UserError

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DONE = Answer("delivered", "ok", "0", 200)
AWAY = Answer("passing", "gone", "503", 503)
NEVER = Answer("permanent", "invalid webhook url", "93000", 200)


@pytest.fixture(scope="module")
def address(fresh_dsn: Callable[[], str]) -> str:
    """Return a database with an outbox."""
    found = fresh_dsn()
    with psycopg.connect(found) as conn:
        ensure_outbox(conn)
        ensure_outbox(conn)
    return found


@pytest.fixture
def conn(address: str) -> Iterator[psycopg.Connection]:
    """Return a connection to an empty outbox."""
    with psycopg.connect(address, autocommit=True) as found:
        found.execute("truncate alerts.notifications, alerts.deliveries, alerts.paces")
        yield found


def notice(
    key: str, kind: str = "firing", incident: int | None = 1, **more: object
) -> Notice:
    """Return a notice of an incident."""
    given = {"route": "floor", "sender": "webhook", "payload": {"rule": "r"}, **more}
    return Notice(key=key, kind=kind, incident_id=incident, **given)


def put(conn: psycopg.Connection, *notices: Notice, at: datetime = NOON) -> list[int]:
    """Put notices in at a moment."""
    return enqueue(conn, notices, at=at)


def take(
    conn: psycopg.Connection, seconds: float = 0, worker: str = "a", **more: object
) -> Lease | None:
    """Take a notice so many seconds after noon."""
    return lease(conn, worker, at=NOON + timedelta(seconds=seconds), **more)


def end(
    conn: psycopg.Connection,
    held: Lease,
    answer: Answer,
    seconds: float = 0,
    **more: float,
) -> bool:
    """Finish a notice so many seconds after noon."""
    return finish(conn, held, answer, at=NOON + timedelta(seconds=seconds), **more)


def states(conn: psycopg.Connection) -> dict[str, str]:
    """Return the state of each notice, by its key."""
    query = "select notification_key, state from alerts.notifications order by 1"
    return dict(conn.execute(query).fetchall())


def test_a_notice_lives_and_dies_with_the_state_it_tells_of(
    address: str, conn: psycopg.Connection
) -> None:
    """What is rolled back is never told."""
    with psycopg.connect(address) as other:
        put(other, notice("one"))
        assert take(conn) is None
        other.rollback()
    assert states(conn) == {}


def test_the_same_notice_is_put_in_once(conn: psycopg.Connection) -> None:
    """Two engines, or one that runs again, tell once."""
    first = put(conn, notice("one"), notice("two", incident=2))
    assert len(first) == 2
    assert put(conn, notice("one"), notice("two", incident=2)) == []
    assert put(conn) == []


def test_putting_in_wakes_whoever_listens(
    address: str, conn: psycopg.Connection
) -> None:
    """The word goes out with the commit."""
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("listen frontdesk_alerts")
        put(conn, notice("one"))
        heard = list(other.notifies(timeout=5, stop_after=1))
    assert [word.channel for word in heard] == ["frontdesk_alerts"]


def test_a_mail_to_several_is_several_mails(conn: psycopg.Connection) -> None:
    """Each person has a notice; a chat that calls several has one."""
    mail = notice("m", sender="email", receiver="a@x.example, b@x.example,a@x.example")
    put(conn, mail, notice("c", sender="dingtalk", receiver="1,2"))
    query = "select receiver from alerts.notifications order by notification_id"
    found = [row[0] for row in conn.execute(query)]
    assert found == ["a@x.example", "b@x.example", "1,2"]


def test_only_one_worker_holds_a_notice(conn: psycopg.Connection) -> None:
    """A notice that is held is nobody else's until its lease runs out."""
    put(conn, notice("one"))
    held = take(conn, worker="a", seconds=0)
    assert held is not None and held.attempts == 1
    assert take(conn, 59, "b") is None
    again = take(conn, 61, "b")
    assert again is not None and again.attempts == 2
    assert again.message_id == held.message_id
    # the first comes back from the dead: what it could not do changes nothing
    assert not end(conn, held, AWAY, 62, retry_in=5)
    assert states(conn) == {"one": "sending"}
    # but what it did counts
    assert end(conn, held, DONE, 62)
    assert states(conn) == {"one": "sent"}
    assert not end(conn, again, AWAY, 63, retry_in=5)
    assert states(conn) == {"one": "sent"}
    outcomes = [entry.outcome for entry in ledger.entries(conn)]
    assert sorted(outcomes) == ["delivered", "passing"]


def test_a_killed_worker_leaves_an_attempt_of_unknown_end(
    conn: psycopg.Connection,
) -> None:
    """The ledger does not hide that somebody may have been told."""
    put(conn, notice("one"))
    take(conn, 0, "killed")
    held = take(conn, 61, "b")
    end(conn, held, DONE, 62)
    found = [(entry.attempt, entry.outcome) for entry in ledger.entries(conn)]
    assert found == [(2, "delivered"), (1, "unknown")]


def test_a_failure_that_passes_waits_and_one_that_stays_ends(
    conn: psycopg.Connection,
) -> None:
    """The provider's own answer is in the ledger."""
    put(conn, notice("one"), notice("two", incident=2, route="other"))
    end(conn, take(conn), AWAY, 1, retry_in=10, pause=5)
    end(conn, take(conn, 1), NEVER, 2)
    assert states(conn) == {"one": "waiting", "two": "failed"}
    assert take(conn, 10.9) is None
    end(conn, take(conn, 11.1), DONE, 12)
    assert states(conn) == {"one": "sent", "two": "failed"}
    found = {(entry.route, entry.provider_code) for entry in ledger.entries(conn)}
    assert found == {("floor", "503"), ("floor", "0"), ("other", "93000")}
    assert requeue(conn, "nowhere") == 0
    assert requeue(conn) == 1


def test_what_nobody_takes_for_a_day_is_failed(conn: psycopg.Connection) -> None:
    """An hour of outage loses nothing; a day ends it, and says so."""
    put(conn, notice("one"))
    for hour in range(25):
        held = take(conn, hour * 3600)
        if held is None:
            break
        end(conn, held, AWAY, hour * 3600 + 1, retry_in=60, pause=60)
    assert hour == 24
    reason = "select state, state_reason from alerts.notifications"
    state, text = conn.execute(reason).fetchone()
    assert state == "failed" and "2026-11-23 12:00" in text


def test_a_thread_keeps_its_order(conn: psycopg.Connection) -> None:
    """Resolved never overtakes firing; other incidents and routes go on."""
    put(conn, notice("fire"), notice("over", "resolved"))
    put(conn, notice("other", incident=2))
    put(conn, notice("mail", route="mail", sender="email", receiver="a@b.example"))
    first = take(conn)
    taken = [take(conn), take(conn)]
    assert first.kind == "firing"
    assert {held.route for held in taken} == {"floor", "mail"}
    assert take(conn) is None
    end(conn, first, AWAY, 1, retry_in=30, pause=0)
    assert take(conn, 20) is None
    end(conn, take(conn, 31), DONE, 32)
    assert take(conn, 33).kind == "resolved"


def test_resolved_goes_only_where_firing_went(conn: psycopg.Connection) -> None:
    """Where the firing notice was refused, nobody hears that it is over."""
    put(conn, notice("fire"), notice("over", "resolved"))
    end(conn, take(conn), NEVER, 1)
    assert take(conn, 2) is None
    assert states(conn) == {"fire": "failed", "over": "dropped"}
    put(conn, notice("lonely", "resolved", 9))
    assert take(conn, 3) is None
    assert states(conn)["lonely"] == "dropped"


def test_after_an_outage_people_hear_what_is_true(conn: psycopg.Connection) -> None:
    """Once that it fired and once that it is over; no repeat of what they missed."""
    put(conn, notice("fire"))
    end(conn, take(conn), AWAY, 1, retry_in=3600, pause=3600)
    for number in range(5):
        put(conn, notice(f"repeat {number}", "repeat"))
    put(conn, notice("over", "resolved"))
    told = []
    while held := take(conn, 3700 + len(told)):
        told.append(held.kind)
        end(conn, held, DONE, 3700 + len(told))
    assert told == ["firing", "resolved"]


def test_a_repeat_that_was_told_late_is_told_once(conn: psycopg.Connection) -> None:
    """Of several that wait only the last is worth telling, later ones follow."""
    put(conn, notice("fire"))
    end(conn, take(conn), DONE, 1)
    for number in range(3):
        at = NOON + timedelta(minutes=10 * (number + 1))
        put(conn, notice(f"repeat {number}", "repeat"), at=at)
    held = take(conn, 1900)
    end(conn, held, DONE, 1901)
    assert take(conn, 1902) is None
    assert states(conn) == {
        "fire": "sent",
        "repeat 0": "dropped",
        "repeat 1": "dropped",
        "repeat 2": "sent",
    }
    put(conn, notice("repeat 3", "repeat"), at=NOON + timedelta(minutes=40))
    assert take(conn, 2401).kind == "repeat"


def test_nobody_is_woken_for_what_is_over(conn: psycopg.Connection) -> None:
    """An escalation that still waits when all is over is not told, nor its end."""
    put(conn, notice("up", "escalated", receiver="boss"))
    put(conn, notice("over", "resolved", receiver="boss"))
    assert take(conn) is None
    assert take(conn, 1) is None
    assert set(states(conn).values()) == {"dropped"}


def test_critical_goes_first_and_faults_yield(conn: psycopg.Connection) -> None:
    """The most urgent leaves first; one that always fails does not hold the others."""
    put(conn, notice("i", incident=1, payload={"rule": "r", "severity": "info"}))
    put(conn, notice("w", incident=2, payload={"rule": "r", "severity": "warning"}))
    put(conn, notice("c", incident=3, payload={"rule": "r", "severity": "critical"}))
    assert take(conn).incident_id == 3
    held = take(conn)
    assert held.incident_id == 2
    end(conn, held, AWAY, 1, retry_in=0, pause=0)
    put(conn, notice("w2", incident=4, payload={"rule": "r", "severity": "warning"}))
    assert take(conn, 2).incident_id == 4


def test_no_minute_holds_more_than_a_receiver_takes(conn: psycopg.Connection) -> None:
    """Twenty a minute at the most, in every window, however many wait."""
    pace = SENDERS["dingtalk"].pace
    put(conn, *(notice(f"n{n}", incident=n, sender="dingtalk") for n in range(70)))
    sent, second = [], 0.0
    while len(sent) < 60 and second < 600:
        while held := take(conn, second, paces={"dingtalk": pace}):
            sent.append(second)
            end(conn, held, DONE, second)
        second += 0.5
    assert len(sent) == 60
    most = max(sum(at <= other < at + 60 for other in sent) for at in sent)
    assert most <= 20
    assert sum(at == 0 for at in sent) == pace.burst
    assert sent[-1] < 60 * 4.5


def test_a_route_that_is_slow_holds_no_other(conn: psycopg.Connection) -> None:
    """A spent allowance of one route leaves the rest free."""
    pace = {"dingtalk": Pace(count=2, seconds=60, burst=1)}
    put(conn, *(notice(f"n{n}", incident=n, sender="dingtalk") for n in range(3)))
    put(conn, notice("mail", incident=9, route="mail", sender="email"))
    assert take(conn, 0, paces=pace).sender == "dingtalk"
    assert take(conn, 0, paces=pace).sender == "email"
    assert take(conn, 0, paces=pace) is None


def test_a_pause_is_for_the_whole_route(conn: psycopg.Connection) -> None:
    """Whoever asks to be left alone is; an answer to an older request ends no pause."""
    put(conn, *(notice(f"n{n}", incident=n) for n in range(3)))
    one, two = take(conn), take(conn)
    end(conn, one, AWAY, 1, retry_in=2, pause=30)
    end(conn, two, DONE, 2)
    assert take(conn, 29) is None
    assert take(conn, 32) is not None


def test_a_receiver_that_is_back_hears_at_once(conn: psycopg.Connection) -> None:
    """After an outage what waits for its own turn need not."""
    put(conn, *(notice(f"n{n}", incident=n) for n in range(4)))
    for second in range(4):
        held = take(conn, second)
        wait = 600 if second else 100
        end(conn, held, AWAY, second, retry_in=wait, pause=0)
    assert take(conn, 99) is None
    end(conn, take(conn, 101), DONE, 102)
    assert take(conn, 103).incident_id == 1


def test_waits_double_and_scatter() -> None:
    """Between half and the whole of 2, 4, 8 ... 60 seconds; as asked for, or more."""
    for attempts, most in ((1, 2), (2, 4), (5, 32), (6, 60), (99, 60)):
        assert wait_before(attempts, AWAY, lambda: 0.0) == most / 2
        assert wait_before(attempts, AWAY, lambda: 1.0) == most
    asked = Answer("passing", wait=300)
    assert wait_before(1, asked, lambda: 0.0) == 300
    assert wait_before(1, asked, lambda: 1.0) == 330


def test_retry_after_rests_the_route(conn: psycopg.Connection) -> None:
    """The seconds a receiver asked for stand in the outbox."""
    enqueue(conn, [notice("one")])
    held = lease(conn, "a")
    settle(conn, held, Answer("passing", "slow down", "429", 429, wait=120.0))
    query = (
        "select extract(epoch from not_before - now()),"
        " extract(epoch from paused_until - now())"
        " from alerts.notifications inner join alerts.paces using (route)"
    )
    waits = conn.execute(query).fetchone()
    assert all(110 < wait < 135 for wait in waits)


def test_what_waits_can_be_dropped_and_old_things_forgotten(
    conn: psycopg.Connection,
) -> None:
    """A silenced incident is not told; the ledger is kept for a while."""
    old = datetime(2020, 1, 1, tzinfo=UTC)
    put(conn, notice("one"), notice("two", "repeat"), at=old)
    assert drop_waiting(conn, 1, "silenced by li", kinds=["repeat"]) == 1
    assert states(conn) == {"one": "waiting", "two": "dropped"}
    assert prune(conn) == 1
    assert states(conn) == {"one": "waiting"}


def test_a_route_that_cannot_work_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent, in one line with the remedy."""
    monkeypatch.setenv("FRONTDESK_ALERT_FLOOR_URL", "https://a.example/x")
    assert ledger.problem("floor", "wecom") is None
    assert "pigeon" in ledger.problem("floor", "pigeon")
    assert "give an address" in ledger.problem("floor", "email", "li")
    assert "FRONTDESK_ALERT_NIGHT_URL" in ledger.problem("night", "wecom")


def test_a_test_of_an_unknown_route_names_the_known(conn: psycopg.Connection) -> None:
    """The list of routes is the engine's table."""
    conn.execute(
        "create table if not exists alerts.routes"
        " (route text, sender text, receiver text, language text)"
    )
    conn.execute("insert into alerts.routes values ('floor', 'webhook', '', 'zh')")
    with pytest.raises(UserError, match="no route night: floor"):
        ledger.put_test(conn, "night")


def test_the_oldest_postgres_carries_it(postgres15_dsn: str) -> None:
    """Put in, taken and ended on Postgres 15."""
    with psycopg.connect(postgres15_dsn, autocommit=True) as conn:
        ensure_outbox(conn)
        put(conn, notice("fire"), notice("over", "resolved"))
        end(conn, take(conn), AWAY, 1, retry_in=1, pause=1)
        end(conn, take(conn, 3), DONE, 4)
        end(conn, take(conn, 5, paces={"webhook": Pace(20, 60, 5)}), DONE, 6)
        assert states(conn) == {"fire": "sent", "over": "sent"}
