"""The way in from Kafka: offsets are kept in the warehouse, with the rows.

A partition goes on where the last committed transaction ended, whatever the broker
remembers. While partitions move between landers, both may read the same events for a
moment; the ids of the events see to it that they land once.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from orchestration.live.landing.brokers import PREFIX, keep_trying, read_message
from orchestration.live.landing.events import Event
from orchestration.live.landing.store import Stray
from orchestration.live.landing.writer import FullError, Writer
from orchestration.settings import Broker

GROUP = "frontdesk-landing"
RECORDS_AT_ONCE = 1_000
WAIT_MILLISECONDS = 500
TOPICS_SECONDS = 10.0
"""How soon a topic is heard of that is made while a lander runs."""
ID_HEADERS = ("ce_id", "frontdesk-event-id")
"""Where producers put the id of an event: as CloudEvents do, or by our own name."""


class Consumer(Protocol):
    """The part of aiokafka's consumer that is used here."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Part."""

    def subscribe(self, *, pattern: str, listener: ConsumerRebalanceListener) -> object:
        """Take partitions of topics whose names match."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on here."""

    def highwater(self, partition: TopicPartition) -> int | None:
        """Return the offset behind the last record."""

    async def getmany(
        self, *, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, Sequence[Any]]:
        """Return records by partition."""


def make_consumer(address: Broker, group: str = GROUP) -> Consumer:
    """Return a consumer that neither commits nor trusts offsets of the broker."""
    security = "SASL_" if address.user else ""
    encrypted = "SSL" if address.is_encrypted else "PLAINTEXT"
    login = (
        {
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": address.user,
            "sasl_plain_password": address.password,
        }
        if address.user
        else {}
    )
    return AIOKafkaConsumer(
        bootstrap_servers=address.address,
        client_id="frontdesk-landing",
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        metadata_max_age_ms=round(1_000 * TOPICS_SECONDS),
        # what a producer's transaction has not committed may never have been
        isolation_level="read_committed",
        security_protocol=f"{security}{encrypted}",
        ssl_context=ssl.create_default_context() if address.is_encrypted else None,
        **login,
    )


class KafkaWay(ConsumerRebalanceListener):
    """Takes events from topics named `<prefix>.<source>.<table>`."""

    def __init__(
        self,
        writer: Writer,
        make: Callable[[], Consumer],
        *,
        prefix: str = PREFIX,
        group: str = GROUP,
    ) -> None:
        """Take for this writer, from consumers that `make` returns."""
        self.measures = writer.measures
        self._writer = writer
        self._make = make
        self._prefix = prefix
        self._group = group
        self._consumer: Consumer | None = None
        self._is_over = False

    async def run(self) -> None:
        """Take until `stop`."""
        await keep_trying(self._session, self.measures, lambda: self._is_over)

    async def stop(self) -> None:
        """Take no more; what was taken is still being landed."""
        self._is_over = True

    async def finish(self) -> None:
        """Part from the broker, which has nothing to be told."""
        await self._part()

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Go on where the last transaction ended."""
        known = await self._writer.ask(lambda store: store.offsets(self._group))
        if self._consumer is None:
            return
        for partition in assigned:
            offset = known.get((partition.topic, partition.partition))
            if offset is not None:
                self._consumer.seek(partition, offset)

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """Nothing to do: what is not committed was not taken."""

    async def _session(self) -> None:
        await self._part()
        consumer = self._consumer = self._make()
        await consumer.start()
        consumer.subscribe(pattern=rf"^{re.escape(self._prefix)}\.", listener=self)
        self.measures.problems.pop("broker", None)
        while not self._is_over:
            found = await consumer.getmany(
                timeout_ms=WAIT_MILLISECONDS, max_records=RECORDS_AT_ONCE
            )
            self.measures.problems.pop("broker", None)
            if found:
                await self._land(consumer, found)

    async def _land(
        self, consumer: Consumer, found: Mapping[TopicPartition, Sequence[Any]]
    ) -> None:
        events: list[Event] = []
        strays: list[Stray] = []
        offsets: dict[tuple[str, str, int], int] = {}
        behind = 0
        for partition, records in found.items():
            for record in records:
                read = self._read(partition.topic, record)
                if isinstance(read, Stray):
                    strays.append(read)
                else:
                    events += read
            last = records[-1].offset + 1
            offsets[self._group, partition.topic, partition.partition] = last
            behind += max(0, (consumer.highwater(partition) or last) - last)
        self.measures.behind_count = behind
        while True:
            try:
                await self._writer.submit(events, offsets, strays)
                return
            except FullError:
                await asyncio.sleep(0.05)

    def _read(self, topic: str, record: Any) -> list[Event] | Stray:  # noqa: ANN401
        headers = dict(record.headers or ())
        named = next((headers[name] for name in ID_HEADERS if name in headers), None)
        # a record without a value is a tombstone: it says nothing that could land
        return read_message(
            topic,
            self._prefix,
            record.value or b"null",
            event_id=named.decode("utf-8", "replace") if named else None,
            number=record.offset,
            sent_at=record.timestamp / 1_000,
        )

    async def _part(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(Exception):
                await consumer.stop()
