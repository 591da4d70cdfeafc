"""What the tests of landing share: chat messages, and what has landed."""

from collections.abc import Callable, Iterable
from typing import Any

import psycopg
from confluent_kafka import Producer

from orchestration.live.landing.events import Event, read_event
from orchestration.live.landing.store import Store

MOMENT = "2026-01-05T10:00:00Z"


def message(number: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a chat message."""
    return {
        "message_id": f"m{number}",
        "session_id": f"s{number % 7}",
        "sender_type": "visitor",
        "sender_id": "v1",
        "text": f"message {number}",
        "sent_at": MOMENT,
        "exported_at": MOMENT,
        **changes,
    }


def event(number: int, event_id: str | None = None, **changes: Any) -> Event:  # noqa: ANN401
    """Return the event of a chat message."""
    value = {"id": event_id or f"e{number}", "data": message(number, **changes)}
    return read_event("chat", "messages", value, number=number, sent_at=0)


def store_of(dsn: str, way: str = "http") -> Store:
    """Return a store that lands in this database."""
    return Store(lambda: psycopg.connect(dsn), way)


class Raw:
    """What stands in the raw tables of chat."""

    def __init__(self, dsn: str) -> None:
        """Look into this database."""
        self.dsn = dsn

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query).fetchall()

    def texts(self) -> list[str]:
        """Return the texts of all messages."""
        query = "select text from raw_chat.messages order by _row_id"
        return [text for (text,) in self.ask(query)]

    def ids(self) -> list[str]:
        """Return the ids of all messages, those of doubled rows twice."""
        query = "select message_id from raw_chat.messages order by message_id"
        return [name for (name,) in self.ask(query)]

    def unreadable(self) -> list[tuple[str, str]]:
        """Return why rows were set aside, and what they said."""
        return self.ask("select reason, raw_text from raw_chat._unreadable order by 1")


class KafkaBroker:
    """A broker of librdkafka's own in this process; it speaks the real protocol."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self._producer = Producer(
            {"test.mock.num.brokers": 1, "log_level": 0, "linger.ms": 0}
        )
        (broker,) = self._producer.list_topics(timeout=10).brokers.values()
        self.address = f"{broker.host}:{broker.port}"

    def publish(self, topic: str, bodies: Iterable[bytes]) -> None:
        """Append records to a topic's four partitions; return when all have them."""
        refused: list[object] = []
        for body in bodies:
            self._producer.produce(
                topic,
                body,
                # whoever has no key gets one partition for a while
                key=body,
                on_delivery=lambda error, _: refused.append(error) if error else None,
            )
            self._producer.poll(0)
        assert self._producer.flush(20) == 0
        assert refused == []


Ask = Callable[[str], list[tuple[Any, ...]]]
