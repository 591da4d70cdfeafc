"""Each event lands once, whatever is sent again, and nothing is lost in silence."""

import random
import threading
from datetime import timedelta

import psycopg
import pytest

from orchestration.live.landing.events import read_event
from orchestration.live.landing.store import Fate, Store, Stray
from tests.python.conftest import FreshDsn
from tests.python.live.landing_parts import Raw, event, message, store_of

LANDED, REPEATED, UNREADABLE = Fate.LANDED, Fate.REPEATED, Fate.UNREADABLE


@pytest.fixture(scope="module")
def dsn(fresh_dsn: FreshDsn) -> str:
    """Return the address of a database for the tests of this file."""
    return fresh_dsn()


@pytest.fixture
def store(dsn: str) -> Store:
    """Return a store whose database has no events."""
    made = store_of(dsn)
    made.connection.execute(
        "truncate raw_chat.messages, raw_chat._unreadable, raw_phone._unreadable,"
        " frontdesk.events, frontdesk.batches, frontdesk.stream_offsets,"
        " frontdesk.refused_events"
    )
    made.connection.commit()
    return made


@pytest.fixture
def raw(dsn: str) -> Raw:
    """Return a look at what has landed."""
    return Raw(dsn)


def test_an_event_lands_once(store: Store, raw: Raw) -> None:
    """In one batch, in another one, and by another lander."""
    assert store.land([event(1), event(2), event(1)]) == [LANDED, LANDED, REPEATED]
    assert store.land([event(2), event(3)]) == [REPEATED, LANDED]
    assert store_of(raw.dsn, "nats").land([event(3)]) == [REPEATED]
    assert raw.ids() == ["m1", "m2", "m3"]
    assert raw.unreadable() == []


def test_rows_say_how_they_came(store: Store, raw: Raw) -> None:
    """And belong to a batch that counts them, one per table and hour."""
    store.land([event(1)])
    store.land([event(2, more="x"), event(3, sent_at="never")])
    rows = raw.ask(
        "select messages._source_name, messages._source_row, messages._extra,"
        " batches.file_name, batches.row_count, batches.unreadable_count"
        " from raw_chat.messages inner join frontdesk.batches"
        " on messages._batch_id = batches.batch_id order by 2"
    )
    assert rows == [
        ("stream:http", 1, None, "stream:http", 2, 1),
        ("stream:http", 2, {"more": "x"}, "stream:http", 2, 1),
    ]


def test_the_first_content_of_an_id_wins(store: Store, raw: Raw) -> None:
    """The second is kept aside with the reason, once however often it comes."""
    other = event(9, "e1")
    assert store.land([event(1), other]) == [LANDED, UNREADABLE]
    assert store.land([other, event(1)]) == [REPEATED, REPEATED]
    assert raw.ids() == ["m1"]
    ((reason, text),) = raw.unreadable()
    assert reason == "event id 'e1' has landed before with another content"
    assert '"message_id":"m9"' in text


def test_the_same_id_of_another_table_is_another_event(store: Store) -> None:
    """Sources number their sessions and their messages from 1."""
    session = read_event(
        "chat",
        "sessions",
        {
            "id": "e1",
            "data": {"session_id": "s", "started_at": "x", "exported_at": None},
        },
        number=1,
        sent_at=0,
    )
    # it cannot be read, which is another matter
    assert store.land([event(1), session]) == [LANDED, UNREADABLE]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sent_at": "never"}, "column sent_at: 'never' is no time"),
        ({"message_id": ""}, "column message_id: the key is empty"),
        ({"message_id": None}, "column message_id: the key is empty"),
        ({"text": "a\0b"}, "is no text"),
    ],
)
def test_a_row_that_does_not_fit_is_kept_aside(
    store: Store, raw: Raw, changes: dict, said: str
) -> None:
    """Once, and the others of its batch land."""
    batch = [event(1, **changes), event(2)]
    assert store.land(batch) == [UNREADABLE, LANDED]
    assert store.land(batch) == [REPEATED, REPEATED]
    ((reason, text),) = raw.unreadable()
    assert said in reason
    assert '"session_id":"s1"' in text


def test_a_missing_field_is_named(store: Store, raw: Raw) -> None:
    """As the reader of a file names a missing column."""
    record = message(1)
    del record["exported_at"]
    event_ = read_event("chat", "messages", record, number=1, sent_at=0)
    assert store.land([event_]) == [UNREADABLE]
    assert raw.unreadable()[0][0] == "field 'exported_at' of messages is missing"


def test_what_only_the_server_refuses_is_found(store: Store, raw: Raw) -> None:
    """One poisonous row among many costs none of them."""
    with psycopg.connect(raw.dsn) as connection:
        connection.execute(
            "alter table raw_chat.messages add constraint poison"
            " check (text <> 'poison')"
        )
    try:
        batch = [event(n, text="poison" if n == 37 else "fine") for n in range(100)]
        fates = store.land(batch, {("g", "t", 0): 100})
        assert fates == [UNREADABLE if n == 37 else LANDED for n in range(100)]
        assert store.land(batch) == [REPEATED] * 100
        assert store.offsets("g") == {("t", 0): 100}
    finally:
        with psycopg.connect(raw.dsn) as connection:
            connection.execute("alter table raw_chat.messages drop constraint poison")
    ((reason, text),) = raw.unreadable()
    assert "poison" in reason and '"message_id":"m37"' in text


def test_what_passes_is_not_blamed_on_the_rows(store: Store, raw: Raw) -> None:
    """A server that goes away raises, and nothing has landed."""
    store.connection.execute("set statement_timeout = '200ms'")
    store.connection.commit()
    with psycopg.connect(raw.dsn) as other:
        other.execute("lock table raw_chat.messages in access exclusive mode")
        with pytest.raises(psycopg.errors.QueryCanceled):
            store.land([event(1)])
    assert store.land([event(1)]) == [LANDED]


def test_offsets_are_kept_with_the_rows(store: Store) -> None:
    """Each group goes on where its last transaction ended."""
    store.land([event(1)], {("a", "t", 0): 5, ("a", "t", 1): 7, ("b", "t", 0): 1})
    store.land([], {("a", "t", 0): 6})
    assert store.offsets("a") == {("t", 0): 6, ("t", 1): 7}


def test_a_message_without_a_place_is_kept_once(store: Store, raw: Raw) -> None:
    """Where people can look for it."""
    stray = Stray("frontdesk.events.x.y", b"hash", "no such table", "{}")
    store.land([], strays=[stray])
    store.land([event(1)], strays=[stray])
    kept = raw.ask(
        "select way, subject, reason, raw_text from frontdesk.refused_events"
    )
    assert kept == [("http", "frontdesk.events.x.y", "no such table", "{}")]


def test_old_ids_are_forgotten(store: Store, raw: Raw) -> None:
    """The others are not."""
    store.land([event(1), event(2)])
    with psycopg.connect(raw.dsn) as connection:
        connection.execute(
            "update frontdesk.events set landed_at = now() - %s where event_id = 'e1'",
            (timedelta(days=14, minutes=1),),
        )
    assert store.forget(14) == 1
    assert store.forget(14) == 0
    assert store.land([event(1), event(2)]) == [LANDED, REPEATED]


def test_landers_that_meet_do_not_double(store: Store, raw: Raw) -> None:
    """Four of them get the same 600 events, each in an order of its own."""
    failures: list[Exception] = []

    def land(seed: int) -> None:
        draw = random.Random(seed)
        own = store_of(raw.dsn)
        numbers = list(range(600))
        draw.shuffle(numbers)
        try:
            for first in range(0, 600, 30):
                own.land([event(n) for n in numbers[first : first + 30]])
        except Exception as error:
            failures.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=land, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # a circle of waits would end as an error, which a writer repeats
    assert failures == []
    assert raw.ids() == sorted(f"m{n}" for n in range(600))


def test_a_slow_reader_of_raw_misses_nothing(store: Store, raw: Raw) -> None:
    """Rows bear the transaction that landed them, as the watermark needs."""
    store.land([event(1)])
    store.land([event(2)])
    (distinct,) = raw.ask("select count(distinct _landed_xid) from raw_chat.messages")
    assert distinct == (2,)


def test_landing_tells_who_listens(store: Store, raw: Raw) -> None:
    """The source's name, once per transaction, and only when something came."""
    with psycopg.connect(raw.dsn, autocommit=True) as listener:
        listener.execute("listen frontdesk_raw")
        store.land([event(1), event(2)])
        store.land([event(1)])
        told = [n.payload for n in listener.notifies(timeout=0.3)]
    assert told == ["chat"]
