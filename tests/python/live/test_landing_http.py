"""The endpoint answers 202 once all is committed, and says why when it does not."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import psycopg
import pytest

from orchestration.live.landing import http as endpoint
from orchestration.live.landing import signing
from orchestration.live.landing.listeners import Presence, rows, state
from orchestration.live.landing.measures import Measures
from orchestration.live.landing.store import Fate, Store
from orchestration.live.landing.writer import StoppedError, Writer
from tests.python.conftest import FreshDsn
from tests.python.live.landing_parts import Raw, event, message, store_of

SECRET = b"a secret of the test"
NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def dsn(fresh_dsn: FreshDsn) -> str:
    """Return the address of a database for the tests of this file."""
    return fresh_dsn()


@pytest.fixture
def raw(dsn: str) -> Iterator[Raw]:
    """Return a look at what has landed; nothing has at first."""
    store = store_of(dsn)
    store.connection.execute(
        "truncate raw_chat.messages, raw_chat._unreadable, frontdesk.events,"
        " frontdesk.batches, frontdesk.listeners"
    )
    store.connection.commit()
    store.close()
    yield Raw(dsn)


class Lander:
    """A writer with an endpoint in front of it."""

    def __init__(self, store: Store, **options: Any) -> None:  # noqa: ANN401
        """Land by a store; `body_bytes` and options of the writer may be given."""
        self.measures = Measures("http")
        self.presence = Presence(self.measures)
        body_bytes = options.pop("body_bytes", 100_000)
        self.writer = Writer(store, self.measures, self.presence.say, **options)
        made = endpoint.Endpoint(
            self.writer,
            lambda source: (SECRET,) if source != "app" else (),
            body_bytes=body_bytes,
            clock=lambda: NOW,
        )
        self.app = endpoint.app(made, lambda: [self.measures])

    async def post(
        self,
        body: object,
        path: str = "/events/chat/messages",
        headers: dict[str, str] | None = None,
        signed: bytes | None = None,
    ) -> httpx.Response:
        """Post a body, signed rightly unless the headers say otherwise."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        made = signing.headers(SECRET, signed or content, NOW)
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:
            return await http.post(
                path, content=content, headers={**made, **(headers or {})}
            )

    async def get(self, path: str) -> httpx.Response:
        """Get a page."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:
            return await http.get(path)


@asynccontextmanager
async def running(dsn: str, **options: Any) -> AsyncIterator[Lander]:  # noqa: ANN401
    """Yield a lander that lands, and stop it."""
    lander = Lander(store_of(dsn), **options)
    lander.writer.start()
    try:
        yield lander
    finally:
        await lander.writer.stop(2)


def run(dsn: str, talk: Callable[[Lander], Awaitable[None]], **options: Any) -> None:  # noqa: ANN401
    """Run one talk with a lander."""

    async def whole() -> None:
        async with running(dsn, **options) as lander:
            await talk(lander)

    asyncio.run(whole())


def test_what_is_answered_with_202_is_committed(dsn: str, raw: Raw) -> None:
    """Single, in an array, and as lines; what is sent again is said to be known."""

    async def talk(lander: Lander) -> None:
        answer = await lander.post({"id": "e1", "data": message(1)})
        assert (answer.status_code, answer.json()) == (
            202,
            {"landed": 1, "repeated": 0, "unreadable": 0},
        )
        assert raw.ids() == ["m1"]
        answer = await lander.post([{"id": "e1", "data": message(1)}, message(2)])
        assert answer.json() == {"landed": 1, "repeated": 1, "unreadable": 0}
        lines = b"\n".join(orjson.dumps(message(n)) for n in (3, 4)) + b"\n{oops"
        kind = {"content-type": "application/x-ndjson"}
        answer = await lander.post(lines, headers=kind)
        assert answer.json() == {"landed": 2, "repeated": 0, "unreadable": 1}
        assert raw.ids() == ["m1", "m2", "m3", "m4"]
        assert (await lander.post([])).status_code == 202

    run(dsn, talk)
    assert raw.unreadable()[0][1] == "{oops"


def test_what_is_not_right_is_refused_and_counted(dsn: str, raw: Raw) -> None:
    """Each with its status and one line of JSON; nothing of it lands."""
    body = orjson.dumps(message(1))
    early = str(int(NOW) - 301)
    skewed = {
        signing.TIMESTAMP: early,
        signing.SIGNATURE: signing.sign(SECRET, early, body),
    }
    cases: list[tuple[dict[str, Any], int, str, str]] = [
        ({"headers": {signing.SIGNATURE: ""}}, 401, "unsigned", "are needed"),
        ({"headers": {signing.TIMESTAMP: "x"}}, 401, "unsigned", "whole number"),
        ({"signed": b"another body"}, 401, "signature", "does not fit"),
        ({"headers": skewed}, 401, "skew", "clock is 301 s behind"),
        ({"path": "/events/app/messages"}, 401, "signature", "does not fit"),
        ({"path": "/events/nobody/messages"}, 404, "unknown", "nobody.messages"),
        ({"path": "/events/chat/nothing"}, 404, "unknown", "chat.nothing"),
        ({"path": "/events/chat"}, 404, "unknown", "no table"),
        ({"body": b'{"message_id":'}, 400, "json", "not JSON"),
        ({"body": b"x" * 2_001}, 413, "size", "larger than 2000 bytes"),
        ({"headers": {"content-encoding": "gzip"}}, 400, "encoding", "compressed"),
    ]

    async def talk(lander: Lander) -> None:
        for arguments, status, cause, said in cases:
            before = lander.measures.requests[status, cause]
            answer = await lander.post(**{"body": body, **arguments})
            assert (answer.status_code, cause) == (status, cause), answer.text
            assert said in answer.json()["error"]
            assert answer.text.count("\n") == 1
            assert lander.measures.requests[status, cause] == before + 1
        assert lander.measures.refused_count == len(cases)
        metrics = (await lander.get("/metrics")).text
        assert (
            'frontdesk_requests_total{way="http",status="401",cause="signature"} 2'
            in metrics
        )
        answer = await lander.get("/events/chat/messages")
        assert answer.status_code == 405

    run(dsn, talk, body_bytes=2_000)
    assert raw.ids() == []


def test_a_body_without_a_length_is_cut_off(dsn: str, raw: Raw) -> None:
    """It is not read to its end."""

    async def talk(lander: Lander) -> None:
        sent = 0

        async def receive() -> dict[str, Any]:
            nonlocal sent
            sent += 1
            return {"type": "http.request", "body": b"x" * 1_000, "more_body": True}

        said: list[dict[str, Any]] = []

        async def send(part: dict[str, Any]) -> None:
            said.append(part)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/events/chat/messages",
            "headers": [],
        }
        await lander.app(scope, receive, send)
        assert said[0]["status"] == 413
        assert sent < 10

    run(dsn, talk, body_bytes=2_000)


def test_an_event_may_be_hours_late(dsn: str, raw: Raw) -> None:
    """Its own times are its sender's matter; only the request must be of now."""
    late = (datetime.now(UTC) - timedelta(hours=30)).isoformat()

    async def talk(lander: Lander) -> None:
        answer = await lander.post(message(1, sent_at=late, exported_at=late))
        assert answer.json()["landed"] == 1

    run(dsn, talk)
    ((moment,),) = raw.ask("select sent_at from raw_chat.messages")
    assert moment == datetime.fromisoformat(late)


def test_too_much_at_once_is_told_to_come_again(dsn: str, raw: Raw) -> None:
    """What was taken before lands; what was refused does not."""

    async def talk(lander: Lander) -> None:
        with psycopg.connect(dsn) as other:
            other.execute("lock table raw_chat.messages in access exclusive mode")
            taken = [
                asyncio.create_task(lander.post([message(n), message(n + 50)]))
                for n in range(4)
            ]
            while not lander.writer.is_full:
                await asyncio.sleep(0.01)
            refused = await lander.post(message(99))
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
        assert [answer.status_code for answer in await asyncio.gather(*taken)] == (
            [202] * 4
        )
        assert (await lander.post(message(99))).status_code == 202

    run(dsn, talk, queue_rows=10)
    assert len(raw.ids()) == 9


def test_a_warehouse_that_is_away_is_told_and_waited_for(
    dsn: str, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 after a while, and health says so; when it is back, all goes on."""
    monkeypatch.setattr(endpoint, "PATIENCE_SECONDS", 0.3)
    is_up = threading.Event()
    is_up.set()

    def connect() -> psycopg.Connection:
        if not is_up.is_set():
            raise psycopg.OperationalError("the server is away")
        return psycopg.connect(dsn, application_name="landing test")

    async def talk() -> None:
        lander = Lander(Store(connect, "http"))
        lander.writer.start()
        assert (await lander.post(message(1))).status_code == 202
        assert (await lander.get("/healthz")).status_code == 200
        is_up.clear()
        with psycopg.connect(dsn) as other:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'landing test'"
            )
        refused = await lander.post(message(2))
        assert refused.status_code == 503
        assert "send it again" in refused.json()["error"]
        health = await lander.get("/healthz")
        assert health.status_code == 503
        assert "warehouse" in health.json()["http"]
        is_up.set()
        for _ in range(100):
            answer = await lander.post(message(2))
            if answer.status_code == 202:
                break
        assert answer.status_code == 202
        assert (await lander.get("/healthz")).json() == {"ok": True}
        await lander.writer.stop(2)

    asyncio.run(talk())
    assert raw.ids() == ["m1", "m2"]


def test_a_stopping_writer_lands_what_it_has(dsn: str, raw: Raw) -> None:
    """And takes no more."""

    async def talk() -> None:
        lander = Lander(store_of(dsn))
        lander.writer.start()
        waiting = [
            asyncio.create_task(lander.writer.submit([event(n)])) for n in range(50)
        ]
        await asyncio.sleep(0)
        lander.presence.is_stopped = True
        await lander.writer.stop(5)
        assert await asyncio.gather(*waiting) == [[Fate.LANDED]] * 50
        with pytest.raises(StoppedError):
            await lander.writer.submit([event(51)])

    asyncio.run(talk())
    assert len(raw.ids()) == 50
    with psycopg.connect(dsn) as connection:
        ((_, way, said, landed, *_),) = rows(connection)
    assert (way, landed) == ("http", 50)
    assert said.startswith("stopped")


def test_a_submission_longer_than_a_batch_lands_in_parts(dsn: str, raw: Raw) -> None:
    """The answer comes when all of them are committed."""

    async def talk(lander: Lander) -> None:
        fates = await lander.writer.submit([event(n) for n in range(25)])
        assert fates == [Fate.LANDED] * 25

    run(dsn, talk, batch_rows=10)
    xids = raw.ask("select count(*) from raw_chat.messages group by _landed_xid")
    assert sorted(count for (count,) in xids) == [5, 10, 10]


def test_a_lander_says_how_it_is() -> None:
    """Alive, troubled, stopped, or not heard of."""
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert state(now, None, None, now) == "alive"
    assert state(now, None, "broker: away", now) == "broker: away"
    assert state(now, now, None, now) == "stopped 01-05 12:00"
    silent = state(now - timedelta(seconds=21), None, None, now)
    assert silent == "silent since 01-05 11:59:39"


def test_lag_is_counted_from_the_sender() -> None:
    """Rates and ranks are of the last minute."""
    measures = Measures("http", started=time.monotonic() - 10)
    measures.landed([0.1] * 94 + [0.2] * 6)
    recent = measures.recent()
    assert recent.rate == pytest.approx(10, rel=0.05)
    assert (recent.lag_p50, recent.lag_p95) == (0.1, 0.2)
    assert measures.lags[:6] == [0, 0, 0, 0, 94, 0]
