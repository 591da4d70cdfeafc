"""Kafka's offsets lie in the warehouse: a lander goes on where the rows end.

Most tests need faults at exact places: a log in memory hands out records from the
offset one seeks to, as a broker does. The last one meets a broker.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
import pytest
from aiokafka import ConsumerRebalanceListener, TopicPartition

from orchestration.live.landing import kafka
from orchestration.live.landing.kafka import Consumer, KafkaWay, make_consumer
from orchestration.live.landing.measures import Measures
from orchestration.live.landing.store import Store
from orchestration.live.landing.writer import Writer
from orchestration.settings import Broker
from tests.python.conftest import FreshDsn
from tests.python.live.landing_parts import KafkaBroker, Raw, message, store_of

TOPIC = "frontdesk.events.chat.messages"


@dataclass
class Record:
    """A record as aiokafka hands it out."""

    offset: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 1_767_600_000_000


@dataclass
class Log:
    """The partitions of all topics."""

    records: dict[TopicPartition, list[Record]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, partition: int, value: object, topic: str = TOPIC) -> None:
        """Append a record."""
        where = self.records[TopicPartition(topic, partition)]
        body = value if isinstance(value, bytes | None) else orjson.dumps(value)
        where.append(Record(len(where), body))


class FakeConsumer:
    """Hands out what lies behind the offset it stands at; it begins at the start."""

    def __init__(self, log: Log, fails_after: int | None = None) -> None:
        """Read a log; break the connection after so many reads."""
        self._log = log
        self._offsets: dict[TopicPartition, int] = {}
        self._reads_left = fails_after
        self.sought: dict[TopicPartition, int] = {}
        self.is_stopped = False

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Part."""
        self.is_stopped = True

    def subscribe(self, *, pattern: str, listener: ConsumerRebalanceListener) -> None:
        """Take all partitions, at the first read."""
        self._listener = listener

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on here."""
        self._offsets[partition] = self.sought[partition] = offset

    def highwater(self, partition: TopicPartition) -> int:
        """Return the offset behind the last record."""
        return len(self._log.records[partition])

    async def getmany(
        self, *, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, Sequence[Any]]:
        """Return records of partitions; assign them first where they are new."""
        if self._reads_left is not None:
            self._reads_left -= 1
            if self._reads_left < 0:
                raise OSError("the broker went away")
        new = [part for part in self._log.records if part not in self._offsets]
        if new:
            self._offsets |= dict.fromkeys(new, 0)
            await self._listener.on_partitions_assigned(new)
        found = {}
        for partition, records in self._log.records.items():
            first = self._offsets[partition]
            chosen = records[first : first + 7]
            if chosen:
                found[partition] = chosen
                self._offsets[partition] += len(chosen)
        await asyncio.sleep(0.005)
        return found


@pytest.fixture(scope="module")
def dsn(fresh_dsn: FreshDsn) -> str:
    """Return the address of a database for the tests of this file."""
    return fresh_dsn()


@pytest.fixture
def raw(dsn: str) -> Raw:
    """Return a look at what has landed; nothing has at first."""
    store = store_of(dsn)
    store.connection.execute(
        "truncate raw_chat.messages, raw_chat._unreadable, frontdesk.events,"
        " frontdesk.stream_offsets, frontdesk.refused_events"
    )
    store.connection.commit()
    store.close()
    return Raw(dsn)


async def land(
    store: Store, make: Callable[[], Consumer], until: Callable[[], bool]
) -> None:
    """Run a lander until something holds."""
    writer = Writer(store, Measures("kafka"), linger=0.001)
    way = KafkaWay(writer, make)
    writer.start()
    task = asyncio.create_task(way.run())
    async with asyncio.timeout(60):
        while not until():
            await asyncio.sleep(0.02)
    await way.stop()
    await writer.stop(5)
    await way.finish()
    await task


def offsets(raw: Raw) -> dict[tuple[str, int], int]:
    """Return the offsets that the warehouse knows."""
    rows = raw.ask(
        "select topic, partition_number, next_offset from frontdesk.stream_offsets"
    )
    return {(topic, partition): offset for topic, partition, offset in rows}


def test_a_lander_goes_on_where_the_rows_end(dsn: str, raw: Raw) -> None:
    """Also when the broker breaks the connection now and then."""
    log = Log()
    for number in range(60):
        log.add(number % 3, {"id": f"e{number}", "data": message(number)})
    made: list[FakeConsumer] = []

    def make() -> FakeConsumer:
        made.append(FakeConsumer(log, fails_after=2))
        return made[-1]

    asyncio.run(land(store_of(dsn, "kafka"), make, lambda: len(raw.ids()) == 60))
    assert raw.ids() == sorted(f"m{n}" for n in range(60))
    assert offsets(raw) == {(TOPIC, part): 20 for part in range(3)}
    assert len(made) > 1
    assert all(consumer.is_stopped for consumer in made)
    # the second began behind what the first had landed
    assert made[1].sought and min(made[1].sought.values()) > 0
    again = FakeConsumer(log)
    log.add(0, {"id": "e60", "data": message(60)})
    asyncio.run(
        land(store_of(dsn, "kafka"), lambda: again, lambda: len(raw.ids()) == 61)
    )
    assert again.sought == {TopicPartition(TOPIC, part): 20 for part in range(3)}


def test_rows_and_offsets_stand_or_fall_together(dsn: str, raw: Raw) -> None:
    """A transaction that fails leaves neither; then it is repeated."""
    log = Log()
    for number in range(5):
        log.add(0, {"id": f"e{number}", "data": message(number)})
    store = store_of(dsn, "kafka")
    land_now, failures = store.land, iter([True, True])

    def failing(*arguments: Any) -> Any:  # noqa: ANN401
        if next(failures, False):
            # all is written, and the connection is gone before the commit
            with psycopg.connect(dsn) as other:
                store.connection.execute("select 1")
                pid = store.connection.info.backend_pid
                store.connection.execute(
                    "insert into frontdesk.stream_offsets values"
                    " ('frontdesk-landing', %s, 0, 5)",
                    (TOPIC,),
                )
                other.execute("select pg_terminate_backend(%s)", (pid,))
        return land_now(*arguments)

    store.land = failing
    asyncio.run(land(store, lambda: FakeConsumer(log), lambda: len(raw.ids()) == 5))
    assert raw.ids() == [f"m{n}" for n in range(5)]
    assert offsets(raw) == {(TOPIC, 0): 5}


def test_two_landers_that_read_the_same_land_it_once(dsn: str, raw: Raw) -> None:
    """As happens for a moment while a partition moves from one to the other."""
    log = Log()
    for number in range(40):
        log.add(0, {"id": f"e{number}", "data": message(number)})

    async def both() -> None:
        done = lambda: offsets(raw).get((TOPIC, 0)) == 40  # noqa: E731
        await asyncio.gather(
            *(land(store_of(dsn), lambda: FakeConsumer(log), done) for _ in range(2))
        )

    asyncio.run(both())
    assert raw.ids() == sorted(f"m{n}" for n in range(40))


def test_poison_is_set_aside_and_passed(dsn: str, raw: Raw) -> None:
    """Also what has no value, and what has no table."""
    log = Log()
    for value in (b"{", None, message(1), {"message_id": "x"}):
        log.add(0, value)
    log.add(0, {"a": 1}, "frontdesk.events.chat.nothing")
    log.records[TopicPartition(TOPIC, 0)][2].headers = [("ce_id", b"named")]
    asyncio.run(
        land(
            store_of(dsn, "kafka"),
            lambda: FakeConsumer(log),
            lambda: len(offsets(raw)) == 2 and offsets(raw)[TOPIC, 0] == 4,
        )
    )
    assert raw.ids() == ["m1"]
    assert raw.ask("select 1 from frontdesk.events where event_id = 'named'")
    reasons = [reason for reason, _ in raw.unreadable()]
    assert len(reasons) == 3
    assert raw.ask("select subject from frontdesk.refused_events") == [
        ("frontdesk.events.chat.nothing",)
    ]


def test_the_real_consumer_neither_commits_nor_shows_its_password() -> None:
    """What aiokafka is told: offsets are ours, uncommitted records are nobody's."""

    async def told() -> None:
        consumer = make_consumer(
            Broker("127.0.0.1:1", user="me", password="pass-word", is_encrypted=True)
        )
        assert consumer._enable_auto_commit is False
        assert consumer._auto_offset_reset == "earliest"
        assert consumer._isolation_level == "read_committed"
        assert consumer._client._security_protocol == "SASL_SSL"

    asyncio.run(told())
    assert "pass-word" not in repr(
        Broker("nats://me:pass-word@h", password="pass-word")
    )


def test_landers_share_a_real_broker(
    dsn: str, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hear of a topic that is made later; one joins, one parts, none is lost."""
    monkeypatch.setattr(kafka, "TOPICS_SECONDS", 0.5)
    broker = KafkaBroker()

    def publish(first: int, behind: int) -> None:
        numbers = range(first, behind)
        broker.publish(
            TOPIC,
            (orjson.dumps({"id": f"e{n}", "data": message(n)}) for n in numbers),
        )

    def lander(until: int) -> Awaitable[None]:
        return land(
            store_of(dsn, "kafka"),
            lambda: make_consumer(Broker(broker.address)),
            lambda: len(raw.ids()) >= until,
        )

    async def scene() -> None:
        first = asyncio.create_task(lander(80))
        await asyncio.sleep(1)
        publish(0, 40)
        while len(raw.ids()) < 40:
            await asyncio.sleep(0.1)
        second = asyncio.create_task(lander(120))
        publish(40, 80)
        await first
        publish(80, 120)
        await second

    asyncio.run(scene())
    assert raw.ids() == sorted(f"m{n}" for n in range(120))
    assert sum(offsets(raw).values()) == 120
