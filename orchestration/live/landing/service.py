"""One process that lands: its ways in, their writers, a clean start and end."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg
import uvicorn

from orchestration.database import connections
from orchestration.live.landing import signing
from orchestration.live.landing.brokers import Way
from orchestration.live.landing.casting import warm_up
from orchestration.live.landing.http import BODY_BYTES, Endpoint, app
from orchestration.live.landing.listeners import Presence
from orchestration.live.landing.measures import Measures
from orchestration.live.landing.store import Store
from orchestration.live.landing.writer import Writer
from orchestration.settings import Broker, Settings, UserError

FORGET_SECONDS = 3_600
SECRETS_SECONDS = 10.0
STATEMENT_SECONDS = 60
STOP_SECONDS = 10.0
KEPT_ALIVE_SECONDS = 75
SWITCH_SECONDS = 0.001

log = logging.getLogger("frontdesk.landing")


@dataclass(frozen=True)
class Options:
    """What a lander listens to."""

    settings: Settings
    http_port: int | None = None
    host: str = "127.0.0.1"
    nats: Broker | None = None
    kafka: Broker | None = None
    body_bytes: int = BODY_BYTES


def connect() -> psycopg.Connection:
    """Return a connection to land by; one that hangs is given up after a minute."""
    connection = connections.connect()
    connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
    connection.execute("set tcp_user_timeout = '30s'")
    connection.execute("set application_name = 'frontdesk listen'")
    connection.commit()
    return connection


class SecretBook:
    """The secrets of sources, read again now and then so that they can be changed."""

    def __init__(self, of: Settings) -> None:
        """Read the secrets of this installation."""
        self._settings = of
        self._known: dict[str, tuple[float, tuple[bytes, ...]]] = {}

    def __call__(self, source: str) -> tuple[bytes, ...]:
        """Return the secrets of a source."""
        read_at, found = self._known.get(source, (0.0, ()))
        if not found or time.monotonic() - read_at > SECRETS_SECONDS:
            try:
                found = signing.read_secrets(self._settings, source)
            except UserError as error:
                # nothing is signed rightly until it is mended
                log.warning("%s", error)
                found = ()
            self._known[source] = (time.monotonic(), found)
        return found


class _Server(uvicorn.Server):
    """A web server that leaves signals to the process it is a part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals."""
        yield


@dataclass
class HttpWay:
    """The endpoint as one of the ways in."""

    measures: Measures
    server: _Server
    listening: socket.socket

    async def run(self) -> None:
        """Answer until `stop`."""
        await self.server.serve(sockets=[self.listening])

    async def stop(self) -> None:
        """Take no new connection; what is being asked is still answered."""
        self.server.should_exit = True

    async def finish(self) -> None:
        """Nothing to do: who has been answered has been told."""


def _bound(host: str, port: int) -> socket.socket:
    """Return a listening socket; a port that is taken is a mistake to mend."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise UserError(
            f"cannot listen on {host}, port {port} ({error.strerror}):"
            " choose another with --http PORT or --host"
        ) from error
    return listening


@dataclass
class _Lane:
    """One way in with its writer, and how it tells of itself."""

    way: Way
    writer: Writer
    presence: Presence


@dataclass
class Service:
    """All ways in of one process."""

    options: Options
    lanes: list[_Lane] = field(default_factory=list)

    def prepare(self) -> list[str]:
        """Bind and make what is asked for; return what there is, a line each."""
        options, said = self.options, []
        if options.http_port is not None:
            listening = _bound(options.host, options.http_port)
            port = listening.getsockname()[1]
            self._add("http", lambda writer: self._http(writer, listening))
            place = f"[{options.host}]" if ":" in options.host else options.host
            said.append(f"http://{place}:{port}/events/SOURCE/TABLE")
        if options.nats:
            from orchestration.live.landing.brokers import PREFIX, without_password
            from orchestration.live.landing.nats import NatsWay

            self._add("nats", lambda writer: NatsWay(writer, options.nats))
            place = without_password(options.nats.address)
            said.append(f"nats {place}, subjects {PREFIX}.SOURCE.TABLE")
        if options.kafka:
            from orchestration.live.landing.brokers import PREFIX, without_password
            from orchestration.live.landing.kafka import KafkaWay, make_consumer

            self._add(
                "kafka",
                lambda writer: KafkaWay(writer, lambda: make_consumer(options.kafka)),
            )
            place = without_password(options.kafka.address)
            said.append(f"kafka {place}, topics {PREFIX}.SOURCE.TABLE")
        return said

    def _add(self, name: str, make: Callable[[Writer], Way]) -> None:
        measures = Measures(name)
        presence = Presence(measures)
        store = Store(connect, name)
        writer = Writer(store, measures, _beat(presence, store, self.options.settings))
        self.lanes.append(_Lane(make(writer), writer, presence))

    def _http(self, writer: Writer, listening: socket.socket) -> HttpWay:
        endpoint = Endpoint(
            writer,
            SecretBook(self.options.settings),
            body_bytes=self.options.body_bytes,
        )
        config = uvicorn.Config(
            app(endpoint, lambda: [lane.writer.measures for lane in self.lanes]),
            loop="none",
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=KEPT_ALIVE_SECONDS,
            timeout_graceful_shutdown=int(STOP_SECONDS),
        )
        return HttpWay(writer.measures, _Server(config), listening)

    async def run(self, stopped: asyncio.Event) -> None:
        """Land until `stopped` is set, then let go of nothing that was taken."""
        for lane in self.lanes:
            lane.writer.start()
        tasks = [asyncio.create_task(lane.way.run()) for lane in self.lanes]
        ended = asyncio.create_task(stopped.wait())
        try:
            done, _ = await asyncio.wait(
                [ended, *tasks], return_when=asyncio.FIRST_COMPLETED
            )
            for task in done - {ended}:
                # a way that ends by itself is a fault: say which
                task.result()
        finally:
            ended.cancel()
            await self._end(tasks)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for lane in self.lanes:
            await lane.way.stop()
            lane.presence.is_stopped = True
        await asyncio.gather(*(lane.writer.stop(STOP_SECONDS) for lane in self.lanes))
        for lane in self.lanes:
            await lane.way.finish()
        _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _beat(
    presence: Presence, store: Store, of: Settings
) -> Callable[[psycopg.Connection], None]:
    """Return what a writer does every few seconds: tell how it is, and tidy up."""
    next_tidying = 0.0

    def beat(connection: psycopg.Connection) -> None:
        nonlocal next_tidying
        presence.say(connection)
        if not presence.is_stopped and time.monotonic() >= next_tidying:
            next_tidying = time.monotonic() + FORGET_SECONDS
            store.forget(of.event_memory_days)

    return beat


def listen(options: Options, say: Callable[[str], None]) -> None:
    """Land until SIGTERM or SIGINT."""
    service = Service(options)
    said = service.prepare()
    if not said:
        raise UserError(
            "nothing to listen to: give --http PORT, --nats URL or --kafka HOST:PORT"
        )
    # a mistake in the address of the warehouse is told at once, not retried for ever
    connect().close()
    warm_up()
    # a busy endpoint holds the interpreter; the writer asks for it a dozen times a
    # batch, and would wait for the usual 5 ms each time
    sys.setswitchinterval(SWITCH_SECONDS)

    async def main() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        for line in said:
            say(f"listening: {line}")
        await service.run(stopped)
        say("stopped; nothing that was acknowledged is missing")

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return the faster event loop where there is one."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
