"""The seconds path: what triggers keep when rows land, whatever order they come in."""

import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from click.testing import CliRunner

from orchestration.live.summary import commands, state
from orchestration.settings import UserError
from tests.python.live.floor import (
    at,
    call,
    contact,
    counts,
    first_responses,
    heard,
    kept,
    land,
    message,
    session,
    wechat,
)
from tests.python.warehouse import Warehouse


@pytest.fixture(scope="module")
def triggered(make_warehouse: Callable[[], Warehouse]) -> str:
    """Return the address of a warehouse with triggers and staging, without a row."""
    warehouse = make_warehouse()
    warehouse.dbt("run", "--select", "path:models/staging")
    return warehouse.dsn


@pytest.fixture
def address(triggered: str, copy_of: Callable[[str], str]) -> str:
    """Return the address of such a warehouse for one test."""
    return copy_of(triggered)


@pytest.fixture
def raw(address: str) -> Iterator[psycopg.Connection]:
    """Return a connection to it that a lander could use."""
    with psycopg.connect(address) as connection:
        connection.execute("update live.settings set kept_from = %s", [at(-7 * 86_400)])
        connection.commit()
        yield connection


def test_a_contact_is_known_when_its_transaction_ends(
    raw: psycopg.Connection, address: str
) -> None:
    """Not before, and in the transaction itself; the customer does not stand there."""
    land(raw, "phone.calls", [call("one")])
    with psycopg.connect(address) as other:
        assert contact(other, "one", "is_offered") is None
        raw.commit()
        assert contact(
            other, "one", "channel", "source_name", "queue_name", "is_counted"
        ) == ("phone", "phone", "uk_orders", True)
        assert contact(other, "one", "offered_at", "waiting_since") == (at(0), at(0))
        names = {
            row[0]
            for row in other.execute(
                "select attname::text from pg_attribute"
                " where attrelid = 'live.contacts'::regclass and attnum > 0"
            )
        }
    assert not names & {"caller_number", "visitor_id", "openid", "handle", "contact"}


def test_a_version_changes_what_the_one_before_said(raw: psycopg.Connection) -> None:
    """Waiting, then answered; sent again, or late and older, it changes nothing."""
    waiting, answered = call("one"), call("one", version=2, wait=25, result="ANSWERED")
    parts = ("arrivals", "responded", "first_response_seconds_sum", "ended", "handled")
    for rows, expected in (
        ([waiting], (1, 0, 0, 0, 0)),
        ([answered], (1, 1, 25, 1, 1)),
        ([answered, answered], (1, 1, 25, 1, 1)),
        ([waiting], (1, 1, 25, 1, 1)),
        ([call("one", version=3, wait=31, result="ANSWERED")], (1, 1, 31, 1, 1)),
        ([call("one", version=4, wait=31, result="ABANDONED")], (1, 0, 0, 1, 0)),
    ):
        land(raw, "phone.calls", rows)
        raw.commit()
        assert counts(raw, "phone", *parts) == expected
    assert counts(raw, "phone", "abandoned", "short_abandoned") == (1, 0)
    edges = counts(
        raw,
        "phone",
        "first_response_within_30_seconds_count",
        "first_response_within_60_seconds_count",
    )
    assert edges == (0, 0)


def test_a_contact_that_moves_leaves_the_minute_it_was_in(
    raw: psycopg.Connection,
) -> None:
    """Another queue, another minute: the sums of all minutes stay those of contacts."""
    land(raw, "phone.calls", [call("one", 30, wait=5, result="ANSWERED")])
    raw.commit()
    moved = call(
        "one", 400, version=9, wait=7, result="ANSWERED", queue_name="cn_orders"
    )
    land(raw, "phone.calls", [moved])
    raw.commit()
    rows = raw.execute(
        "select queue_name, minute, arrivals, first_response_seconds_sum"
        " from live.minutes where contacts != 0"
    ).fetchall()
    minute = at(400).replace(second=0)
    assert rows == [("cn_orders", minute, 1, 7)]


def test_what_the_verdicts_refuse_is_known_and_not_counted(
    raw: psycopg.Connection,
) -> None:
    """Test traffic, a call that ends before it begins, a repeat, each with why."""
    number = "+442071838750"
    land(
        raw,
        "phone.calls",
        [
            call("tester", caller_number="+447700900123"),
            call("backward", 100, wait=5, result="ANSWERED", ended_at=at(50)),
            call("first", 200, wait=9, result="ANSWERED", caller_number=number),
            call("again", 230, wait=9, result="ANSWERED", caller_number=number),
        ],
    )
    raw.commit()
    reasons = dict(
        raw.execute(
            "select contact_id, rejection_reason from live.contacts"
            " where not is_counted"
        ).fetchall()
    )
    assert reasons == {
        "tester": "test_traffic",
        "backward": "ends_before_start",
        "again": "duplicate",
    }
    assert counts(raw, "phone", "contacts", "first_response_seconds_sum") == (1, 9)


def test_a_repeat_is_found_when_the_first_comes_late(raw: psycopg.Connection) -> None:
    """What is counted moves from the repeat to the call that it repeats."""
    number = "+442071838750"
    again = call("again", 50, wait=9, result="ANSWERED", caller_number=number)
    first = call("first", 0, wait=9, result="ANSWERED", caller_number=number)
    land(raw, "phone.calls", [again])
    raw.commit()
    assert contact(raw, "again", "is_counted") == (True,)
    land(raw, "phone.calls", [first])
    raw.commit()
    assert contact(raw, "first", "is_counted") == (True,)
    assert contact(raw, "again", "is_counted", "rejection_reason") == (
        False,
        "duplicate",
    )
    assert counts(raw, "phone", "contacts") == (1,)
    # and back, when it turns out that another number called
    land(raw, "phone.calls", [{**first, "caller_number": "1", "exported_at": at(999)}])
    raw.commit()
    assert counts(raw, "phone", "contacts") == (2,)


def test_a_stay_in_a_queue_can_prove_a_wrong_clock(raw: psycopg.Connection) -> None:
    """A call hours away from its stays is refused, whichever of them came first."""
    land(raw, "phone.calls", [call("one", wait=4, result="ANSWERED")])
    raw.commit()
    stay = {
        "segment_id": "s1",
        "call_id": "one",
        "queued_at": at(8 * 3600),
        "exported_at": at(9 * 3600),
    }
    land(raw, "phone.call_segments", [stay])
    raw.commit()
    assert contact(raw, "one", "rejection_reason") == ("time_in_wrong_zone",)
    assert counts(raw, "phone", "contacts") == (0,)


def test_a_chat_waits_is_answered_and_waits_for_the_next_reply(
    raw: psycopg.Connection,
) -> None:
    """Messages may come before their session, and their session again."""
    names = ("waiting_since", "unanswered_since", "first_response_seconds", "ended_at")
    land(raw, "chat.messages", [message("m1", "one", 5, "customer")])
    raw.commit()
    assert contact(raw, "one", *names) is None
    land(raw, "chat.sessions", [session("one")])
    raw.commit()
    assert contact(raw, "one", *names) == (at(0), at(5), None, None)
    land(raw, "chat.messages", [message("m2", "one", 40, "agent")])
    raw.commit()
    assert contact(raw, "one", *names) == (None, None, 40, None)
    assert contact(raw, "one", "first_response_at") == (at(40),)
    land(raw, "chat.messages", [message("m3", "one", 90, "customer")])
    raw.commit()
    assert contact(raw, "one", *names) == (None, at(90), 40, None)
    land(raw, "chat.sessions", [session("one", version=2, ended=120)])
    raw.commit()
    assert contact(raw, "one", *names) == (None, None, 40, at(120))
    assert counts(raw, "web_chat", "arrivals", "responded", "within_target") == (
        1,
        1,
        1,
    )


def test_a_message_in_a_silence_joins_two_contacts(raw: psycopg.Connection) -> None:
    """WeChat contacts are cut at silences: the one that ends is gone, not doubled."""
    hours = 3600
    land(
        raw,
        "wechat.messages",
        [
            wechat("w1", "o1", -8 * hours),
            wechat("w2", "o1", 0),
            wechat("w3", "o1", 60, "agent"),
            wechat("other", "o2", 0),
        ],
    )
    raw.commit()
    assert counts(raw, "wechat", "contacts", "responded") == (3, 1)
    land(raw, "wechat.messages", [wechat("w0", "o1", -4 * hours)])
    raw.commit()
    found = raw.execute(
        "select contact_id, first_response_seconds from live.contacts order by 1"
    ).fetchall()
    assert found == [("other", None), ("w1", 8 * hours + 60)]
    assert counts(raw, "wechat", "contacts", "first_response_seconds_sum") == (
        2,
        8 * hours + 60,
    )
    # its first message turns out to be another's
    land(
        raw,
        "wechat.messages",
        [{**wechat("w1", "o3", -8 * hours), "exported_at": at(5 * hours)}],
    )
    raw.commit()
    assert contact(raw, "w1", "first_response_seconds") == (None,)


def test_a_transaction_that_is_undone_leaves_nothing(raw: psycopg.Connection) -> None:
    """Nor does a part of one that is undone."""
    land(raw, "phone.calls", [call("one")])
    raw.rollback()
    with raw.transaction():
        land(raw, "phone.calls", [call("two")])
        with raw.transaction(force_rollback=True):
            land(raw, "phone.calls", [call("three")])
    assert counts(raw, "phone", "arrivals") == (1,)
    found = raw.execute("select contact_id from live.contacts").fetchall()
    assert found == [("two",)]
    assert raw.execute("select count(*) from live.landings").fetchone() == (0,)


def test_who_listens_hears_once_per_transaction(
    raw: psycopg.Connection, address: str
) -> None:
    """Of the channels that changed, and of the source whose rows landed."""
    with (
        heard(address, "frontdesk_live") as live,
        heard(address, "frontdesk_raw") as of,
    ):
        land(raw, "phone.calls", [call("one")])
        land(raw, "phone.calls", [call("two", 5000)])
        land(raw, "chat.sessions", [session("three")])
        raw.commit()
        # nothing new: nobody is woken
        land(raw, "phone.calls", [call("one")])
        raw.commit()
        land(raw, "crm.orders", [{"order_id": "o", "exported_at": at(0)}])
        raw.commit()
    assert live == ["web_chat,phone"]
    assert sorted(of) == ["chat", "crm", "phone", "phone"]


def test_queues_show_who_waits_and_for_how_long(raw: psycopg.Connection) -> None:
    """An abandoned call does not wait; one without an end is over after a while."""
    now = (datetime.now(UTC) - at(0)).total_seconds()
    land(
        raw,
        "phone.calls",
        [
            call("long ago", now - 7 * 3600),
            call("older", now - 400),
            call("newer", now - 100),
            call("gone", now - 300, wait=20, result="ABANDONED"),
            {
                **call("talks", now - 90, wait=10, result="ANSWERED"),
                "ended_at": None,
            },
        ],
    )
    raw.commit()
    row = raw.execute(
        "select channel, queue_name, waiting_count, longest_wait_seconds,"
        " oldest_contact_id, in_progress_count from live.queues_now"
    ).fetchall()
    assert len(row) == 1
    channel, queue, waiting, longest, oldest, talking = row[0]
    assert (channel, queue, waiting, oldest, talking) == (
        *("phone", "uk_orders", 2, "older", 1),
    )
    assert 400 <= longest < 460


def test_agents_are_counted_by_what_they_do_last(raw: psycopg.Connection) -> None:
    """The latest state counts, whatever the order in which they land."""
    now = (datetime.now(UTC) - at(0)).total_seconds()

    def stay(key: str, agent: str, kind: str, ago: float, **more: object) -> dict:
        return {
            "state_id": key,
            "agent_id": agent,
            "state": kind,
            "started_at": at(now - ago),
            "exported_at": at(now),
            **more,
        }

    land(
        raw,
        "workforce.agent_states",
        [
            stay("s2", "a1", "Available", 50),
            stay("s1", "a1", "Handling", 500, ended_at=at(now - 50)),
            stay("s3", "a2", "Lunch", 60),
            stay("s4", "a3", "Handling", 70),
            stay("s5", "a4", "Offline", 80),
            stay("s6", "a5", "Available", 9000, ended_at=at(now - 8000)),
        ],
    )
    raw.commit()
    assert raw.execute(
        "select available_count, busy_count, away_count from live.agents_now"
    ).fetchall() == [(1, 1, 1)]


def test_feeds_say_when_they_were_heard_of(raw: psycopg.Connection) -> None:
    """Silence beyond the limit is stale; a clock that is ahead is no sign of life."""
    land(
        raw,
        "phone.calls",
        [call("one", 60), call("ahead", 86_400 * 30)],
    )
    raw.commit()
    query = (
        "select last_event_at, is_stale, is_stream, limit_seconds from live.feeds"
        " where source_name = 'phone' and table_name = 'calls'"
    )
    assert raw.execute(query).fetchone() == (at(60), False, True, 900)
    raw.execute(
        "update live.feed_tables set last_landed_at = now() - interval '16 minutes'"
        " where table_name = 'calls'"
    )
    assert raw.execute(query).fetchone()[1]
    raw.execute("update live.feed_tables set limit_seconds = 7200")
    assert not raw.execute(query).fetchone()[1]


def test_a_load_of_many_is_put_off_and_taken_in(raw: psycopg.Connection) -> None:
    """What is older than the days kept is not even put off."""
    fresh = [call(f"c{n}", n, wait=3, result="ANSWERED") for n in range(2500)]
    old = [call(f"o{n}", -40 * 86_400 + n) for n in range(500)]
    land(raw, "phone.calls", fresh + old, way="calls_uk.csv")
    raw.commit()
    assert counts(raw, "phone", "contacts") == (0,)
    found = state.read_state(raw)
    assert (found.pending, found.reason) == (2500, "too many at once")
    assert any("2,500 keys put off" in line for line in state.status_lines(raw))
    raw.commit()
    assert state.catch_up(raw) == 2500
    assert counts(raw, "phone", "contacts", "first_response_seconds_sum") == (
        *(2500, 7500),
    )
    assert state.read_state(raw).pending == 0


def test_landing_goes_on_when_it_cannot_be_judged(raw: psycopg.Connection) -> None:
    """The reason is kept with the keys, and the keys until they can be."""
    raw.execute("alter table reference.seed_channels rename to elsewhere")
    land(raw, "phone.calls", [call("one")])
    raw.commit()
    found = state.read_state(raw)
    assert found.pending == 1
    assert "seed_channels" in found.reason
    assert raw.execute("select count(*) from raw_phone.calls").fetchone() == (1,)
    raw.commit()
    assert state.catch_up(raw) == 0
    raw.execute("alter table reference.elsewhere rename to seed_channels")
    raw.commit()
    assert state.catch_up(raw) == 1
    assert counts(raw, "phone", "arrivals") == (1,)


def test_another_isolation_does_not_read_what_is_old(
    raw: psycopg.Connection, address: str
) -> None:
    """Who landed with an old snapshot could not see the last version: it is put off."""
    with psycopg.connect(address) as other:
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        other.execute("select 1")
        land(raw, "phone.calls", [call("one", version=2, wait=8, result="ANSWERED")])
        raw.commit()
        land(other, "phone.calls", [call("one")])
        other.commit()
    assert state.read_state(raw).pending == 1
    raw.commit()
    state.catch_up(raw)
    assert counts(raw, "phone", "arrivals", "responded") == (1, 1)


def test_a_decision_of_a_reviewer_counts(raw: psycopg.Connection) -> None:
    """As it does in the next build."""
    land(raw, "phone.calls", [call("tester", caller_number="+447700900123")])
    raw.commit()
    assert counts(raw, "phone", "contacts") == (0,)
    raw.execute(
        "insert into frontdesk.review (record_type, record_id, doubt)"
        " values ('phone.calls', 'tester', 'rejected')"
    )
    raw.execute("update frontdesk.review set decision = 'keep', decided_by = 'kim'")
    raw.commit()
    assert state.catch_up(raw) == 1
    assert counts(raw, "phone", "contacts") == (1,)


def test_old_contacts_are_forgotten(raw: psycopg.Connection) -> None:
    """Those before the days kept, counted from the newest event of any feed."""
    land(raw, "phone.calls", [call("old", -6 * 86_400), call("new")])
    raw.commit()
    raw.execute("update live.settings set days_kept = 2")
    assert raw.execute("select live.prune()").fetchone() == (1,)
    assert raw.execute("select contact_id from live.contacts").fetchall() == [("new",)]
    assert counts(raw, "phone", "contacts") == (1,)
    # a late version of what is forgotten stays forgotten
    land(raw, "phone.calls", [call("old", -6 * 86_400, version=5)])
    raw.commit()
    assert counts(raw, "phone", "contacts") == (1,)


def test_parallel_landers_lose_and_double_nothing(
    raw: psycopg.Connection, address: str
) -> None:
    """Eight landers, shared contacts, tables in any order, some of it undone."""
    chance = random.Random(7)
    keys = [f"k{n}" for n in range(40)]
    calls: dict[str, tuple[int, dict]] = {}
    sessions: dict[str, dict] = {}
    messages: list[dict] = []
    guard = threading.Lock()
    errors: list[BaseException] = []

    def lander(number: int) -> None:
        own = random.Random(number)
        try:
            with psycopg.connect(address) as connection:
                for turn in range(25):
                    version = turn * 8 + number + 1
                    batch = {
                        "phone.calls": [
                            call(
                                key,
                                100 * keys.index(key),
                                version=version,
                                wait=own.randint(1, 90),
                                result=own.choice(["ANSWERED", "ABANDONED"]),
                            )
                            for key in own.sample(keys, 6)
                        ],
                        "chat.sessions": [
                            session(f"s{key}", 50, version=version)
                            for key in own.sample(keys, 4)
                        ],
                        "chat.messages": [
                            message(
                                f"m{number}-{turn}-{key}",
                                f"s{key}",
                                own.randint(60, 1000),
                                own.choice(["agent", "customer"]),
                            )
                            for key in own.sample(keys, 4)
                        ],
                    }
                    tables = list(batch)
                    own.shuffle(tables)
                    for table in tables:
                        land(connection, table, batch[table])
                    if own.random() < 0.2:
                        connection.rollback()
                        continue
                    connection.commit()
                    with guard:
                        for row in batch["phone.calls"]:
                            key = row["call_id"]
                            if calls.get(key, (0, {}))[0] < version:
                                calls[key] = (version, row)
                        sessions.update(
                            (row["session_id"], row) for row in batch["chat.sessions"]
                        )
                        messages.extend(batch["chat.messages"])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=lander, args=(n,)) for n in range(8)]
    chance.shuffle(threads)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert state.read_state(raw).pending == 0
    latest = [row for _, row in calls.values()]
    answered = [row for row in latest if row["call_result"] == "ANSWERED"]
    assert counts(
        raw, "phone", "arrivals", "responded", "first_response_seconds_sum", "abandoned"
    ) == (
        len(latest),
        len(answered),
        sum(row["wait_secs"] for row in answered),
        len(latest) - len(answered),
    )
    waits = first_responses(sessions, messages)
    assert counts(
        raw, "web_chat", "arrivals", "responded", "first_response_seconds_sum"
    ) == (len(sessions), len(waits), sum(waits.values()))
    before = kept(raw)
    raw.commit()
    state.rebuild(raw, at(-7 * 86_400))
    assert kept(raw) == before


def test_what_landed_before_the_triggers_is_filled_in(
    make_warehouse: Callable[[], Warehouse],
) -> None:
    """The first build takes it in at its end; the newest days of it, no matter when."""
    warehouse = make_warehouse()
    with psycopg.connect(warehouse.dsn) as connection:
        year = 365 * 86_400
        rows = [
            call(f"c{n}", n * 86_400 - year, wait=4, result="ANSWERED")
            for n in range(21)
        ]
        land(connection, "phone.calls", rows)
    warehouse.dbt("run", "--select", "path:models/staging")
    with psycopg.connect(warehouse.dsn) as connection:
        # the last day, and seven before it
        assert counts(connection, "phone", "contacts", "responded") == (8, 8)
        found = state.read_state(connection)
        assert found.pending == 0
        newest = at(20 * 86_400 - year)
        hour = newest.replace(minute=0, second=0)
        assert found.kept_from == hour - timedelta(days=7)


def test_commands_show_and_mend(
    raw: psycopg.Connection, address: str, use_dsn: Callable[[str], None]
) -> None:
    """What waits is shown, what was put off taken in, all of it made anew."""
    use_dsn(address)
    now = (datetime.now(UTC) - at(0)).total_seconds()
    land(raw, "phone.calls", [call("waits", now - 200)])
    raw.execute(
        "insert into live.pending (source_name, keys, reason)"
        " values ('phone', array['waits'], 'a test')"
    )
    raw.commit()
    runner = CliRunner()
    shown = runner.invoke(commands.live, ["show"])
    assert shown.exit_code == 0, shown.output
    assert "1 waiting now" in shown.output
    assert "put off since" in shown.output
    done = runner.invoke(commands.live, ["catch-up"])
    assert done.output == "1 keys taken in\n"
    anew = runner.invoke(commands.live, ["rebuild", "--since", "2020-01-01"])
    assert anew.output == "1 keys looked at\n"
    assert contact(raw, "waits", "is_counted") == (True,)


def test_commands_refuse_a_warehouse_of_before(
    seeded: str, copy_of: Callable[[str], str]
) -> None:
    """In one line that says what to do."""
    with psycopg.connect(copy_of(seeded)) as connection:
        assert list(state.status_lines(connection)) == []
        with pytest.raises(UserError, match="frontdesk build"):
            state.read_state(connection)
