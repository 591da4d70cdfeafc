"""The way in from NATS JetStream: a durable pull consumer, acknowledged after commit.

Several landers may share the consumer: each message goes to one of them. A message
that was landed and not acknowledged (a lander was killed) comes again and is known.
"""

import asyncio
import contextlib
import json
from collections import deque

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api
from nats.js.errors import NotFoundError

from orchestration.live.landing.brokers import PREFIX, keep_trying, read_message
from orchestration.live.landing.events import Event
from orchestration.live.landing.store import Stray
from orchestration.live.landing.writer import FullError, StoppedError, Writer
from orchestration.settings import Broker

STREAM = "FRONTDESK_EVENTS"
CONSUMER = "frontdesk-landing"
ASK = 1_000
MESSAGES_AT_ONCE = 500
ACK_WAIT_SECONDS = 30
ASK_SECONDS = 5.0
UNDER_WAY = 16
NO_TIME_LEFT = "408"
NO_MESSAGES = "404"


class ConsumerGoneError(Exception):
    """The stream or its consumer is not there any more: make them anew."""


class NatsWay:
    """Takes events from `<prefix>.<source>.<table>` of one stream."""

    def __init__(
        self,
        writer: Writer,
        address: Broker,
        *,
        stream: str = STREAM,
        prefix: str = PREFIX,
        consumer: str = CONSUMER,
    ) -> None:
        """Take for this writer; stream and consumer are made where they are missing."""
        self.measures = writer.measures
        self._writer = writer
        self._address = address
        self._stream = stream
        self._prefix = prefix
        self._consumer = consumer
        self._client: Client | None = None
        self._inbox = ""
        self._arrived: deque[Msg] = deque()
        self._woken = asyncio.Event()
        self._asked = 0
        self._asked_at = 0.0
        self._is_over = False
        self._broken: Exception | None = None
        self._landing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take until `stop`."""
        await keep_trying(self._session, self.measures, lambda: self._is_over)

    async def stop(self) -> None:
        """Take no more; what was taken is still being landed."""
        self._is_over = True
        self._woken.set()

    async def finish(self) -> None:
        """Acknowledge what has been committed since, and part."""
        await asyncio.gather(*self._landing, return_exceptions=True)
        await self._part()

    async def _session(self) -> None:
        loop = asyncio.get_running_loop()
        await self._part()
        self._broken = None
        self._arrived.clear()
        client = self._client = await self._connect()
        await self._prepare(client)
        self._inbox = client.new_inbox()
        await client.subscribe(self._inbox, cb=self._on_message)
        self._asked = 0
        while not self._is_over:
            if self._broken:
                raise self._broken
            if client.is_closed:
                raise ConsumerGoneError("the connection was closed")
            await self._ask(client, loop.time())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), 0.5)
            self._woken.clear()
            self._hand_over()

    async def _connect(self) -> Client:
        """Return a connection; it mends itself when the server goes and comes back."""

        async def lost() -> None:
            self.measures.problems["broker"] = "the connection is lost"

        async def found() -> None:
            self.measures.problems.pop("broker", None)
            # what was asked before was asked of a server that has forgotten it
            self._asked = 0
            self._woken.set()

        async def failed(error: Exception) -> None:
            if self._client is None or not self._client.is_connected:
                said = str(error).strip() or type(error).__name__
                self.measures.problems["broker"] = said

        client = await nats.connect(
            self._address.address,
            name="frontdesk landing",
            user=self._address.user,
            password=self._address.password,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,
            connect_timeout=5,
            ping_interval=10,
            max_outstanding_pings=2,
            error_cb=failed,
            disconnected_cb=lost,
            reconnected_cb=found,
        )
        self.measures.problems.pop("broker", None)
        return client

    async def _prepare(self, client: Client) -> None:
        """Make the stream and the consumer where they are missing."""
        stream = client.jetstream()
        subjects = f"{self._prefix}.>"
        try:
            await stream.stream_info(self._stream)
        except NotFoundError:
            await stream.add_stream(
                name=self._stream,
                subjects=[subjects],
                storage=api.StorageType.FILE,
                retention=api.RetentionPolicy.LIMITS,
                max_age=7 * 24 * 3600,
            )
        try:
            await stream.consumer_info(self._stream, self._consumer)
        except NotFoundError:
            await stream.add_consumer(
                self._stream,
                durable_name=self._consumer,
                filter_subject=subjects,
                ack_policy=api.AckPolicy.EXPLICIT,
                deliver_policy=api.DeliverPolicy.ALL,
                ack_wait=ACK_WAIT_SECONDS,
                max_ack_pending=ASK * 10,
                max_deliver=-1,
            )

    async def _ask(self, client: Client, now: float) -> None:
        """Keep a request for messages standing, unless too much is under way."""
        if now - self._asked_at > ASK_SECONDS + 1:
            self._asked = 0
        busy = self._writer.is_full or len(self._landing) >= UNDER_WAY
        if self._asked > ASK // 2 or busy or not client.is_connected:
            return
        request = {"batch": ASK, "expires": int(ASK_SECONDS * 1e9)}
        await client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}",
            json.dumps(request).encode(),
            reply=self._inbox,
        )
        self._asked += ASK
        self._asked_at = now

    async def _on_message(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        if status is None:
            self._asked -= 1
            self._arrived.append(message)
        elif status in (NO_TIME_LEFT, NO_MESSAGES):
            rest = (message.headers or {}).get("Nats-Pending-Messages", "0")
            self._asked = max(0, self._asked - int(rest))
        elif status != "100":
            said = (message.headers or {}).get("Description", "")
            self._broken = ConsumerGoneError(f"{status} {said}".strip())
        self._woken.set()

    def _hand_over(self) -> None:
        """Give what arrived to the writer, and acknowledge it once it is landed."""
        while self._arrived and len(self._landing) < UNDER_WAY:
            if self._writer.is_full:
                return
            count = min(len(self._arrived), MESSAGES_AT_ONCE)
            messages = [self._arrived.popleft() for _ in range(count)]
            task = asyncio.get_running_loop().create_task(self._land(messages))
            self._landing.add(task)
            task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._landing.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            self._broken = error if isinstance(error, Exception) else None

    async def _land(self, messages: list[Msg]) -> None:
        events: list[Event] = []
        strays: list[Stray] = []
        for message in messages:
            told = message.metadata
            found = read_message(
                message.subject,
                self._prefix,
                message.data,
                event_id=(message.headers or {}).get("Nats-Msg-Id"),
                number=told.sequence.stream,
                sent_at=told.timestamp.timestamp(),
            )
            if isinstance(found, Stray):
                strays.append(found)
            else:
                events += found
        self.measures.behind_count = messages[-1].metadata.num_pending
        try:
            await self._writer.submit(events, strays=strays)
        except (FullError, StoppedError):
            # not acknowledged: they come again
            return
        for message in messages:
            await message.ack()

    async def _part(self) -> None:
        client, self._client = self._client, None
        if client is None or client.is_closed:
            return
        with contextlib.suppress(Exception):
            # acknowledgements that have not left yet
            await client.flush(timeout=2)
        with contextlib.suppress(Exception):
            await client.close()
