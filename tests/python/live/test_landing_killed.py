"""Landers, brokers and Postgres are killed at random; what was sent is there, once."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import nats
import nats.errors
import orjson
import psycopg
import pytest

from orchestration.bench.local_nats import LocalNats
from orchestration.database import connections
from orchestration.database import server as embedded
from orchestration.deploy.processes import free_port
from orchestration.live.landing import signing
from orchestration.settings import ROOT, Settings
from tests.python.conftest import open_folder, running_server
from tests.python.live.landing_parts import KafkaBroker, message

EVENTS = 1_500
RATE = 150
ROUNDS = 2
REDELIVERED = 0.05
LISTEN = "from orchestration.live.landing.commands import listen; listen()"
COUNTS = """
select
    (select count(*) from raw_chat.messages),
    (select count(distinct message_id) from raw_chat.messages),
    (select count(*) from raw_chat._unreadable)
"""


@dataclass
class Scene:
    """A server, a lander and perhaps a broker, each of which may be killed."""

    settings: Settings
    arguments: list[str]
    folder: Path
    broker: LocalNats | None = None
    lander: subprocess.Popen[bytes] | None = None
    kills: list[str] = field(default_factory=list)

    def start_lander(self) -> None:
        """Start the command that people start."""
        with (self.folder / "listen.log").open("ab") as said:
            self.lander = subprocess.Popen(
                [sys.executable, "-c", LISTEN, *self.arguments],
                stdout=said,
                stderr=said,
                cwd=ROOT,
                env={
                    **{k: v for k, v in os.environ.items() if "FRONTDESK" not in k},
                    "FRONTDESK_HOME": str(self.settings.home),
                },
            )

    def kill_lander(self) -> None:
        """End it without a word, and start another."""
        self.lander.kill()
        self.lander.wait()
        self.start_lander()

    def kill_broker(self) -> None:
        """End it without a word, and start it again a little later."""
        self.broker.kill()
        time.sleep(0.5)
        self.broker.start()

    def kill_postgres(self) -> None:
        """End the postmaster without a word, and start it again a little later."""
        files = embedded.Files(self.settings.home)
        pid = int((files.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        for _ in range(60):
            time.sleep(0.5)
            # its children need a moment to notice, and the system to bury it
            with contextlib.suppress(Exception):
                embedded.up(self.settings)
                connections.connect(connections.dsn(self.settings)).close()
                return

    def trouble(self, over: threading.Event, seed: int) -> None:
        """Kill one after another in any order, each a few times."""
        draw = random.Random(seed)
        killers: list[Callable[[], None]] = [self.kill_lander, self.kill_postgres]
        if self.broker:
            killers.append(self.kill_broker)
        for _ in range(ROUNDS):
            for killer in draw.sample(killers, len(killers)):
                if over.wait(draw.uniform(0.8, 2.5)):
                    return
                self.kills.append(killer.__name__)
                killer()

    def counts(self) -> tuple[int, int, int]:
        """Return rows, distinct rows and rows set aside; zeros where nobody answers."""
        with (
            contextlib.suppress(Exception),
            connections.connect(connections.dsn(self.settings)) as connection,
        ):
            return connection.execute(COUNTS).fetchone()
        return 0, 0, 0

    def settled(self, patience: float = 60) -> tuple[int, int, int]:
        """Return the counts once all have landed, or none of them moves any more."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self.counts()[1] < EVENTS:
            time.sleep(0.3)
        time.sleep(1)
        return self.counts()


@pytest.fixture
def stage() -> Iterator[Callable[..., Scene]]:
    """Return a function that sets a scene; all of it is struck at the end."""
    home = open_folder()
    chosen = Settings(root=ROOT, home=home, dsn=None)
    made: list[Scene] = []

    def set_scene(arguments: list[str], broker: LocalNats | None = None) -> Scene:
        scene = Scene(chosen, arguments, home, broker)
        made.append(scene)
        if broker:
            broker.folder = home / "nats"
            broker.start()
        scene.start_lander()
        return scene

    with running_server(chosen):
        yield set_scene
        for scene in made:
            scene.lander.terminate()
            scene.lander.wait(timeout=30)
            if scene.broker:
                scene.broker.stop()
    shutil.rmtree(home, ignore_errors=True)


def body_of(number: int) -> bytes:
    """Return an event that names itself."""
    return orjson.dumps({"id": f"e{number}", "data": message(number)})


def some_again(seed: int) -> Iterator[int]:
    """Yield all numbers at their pace, and some of them a second time."""
    draw = random.Random(seed)
    began = time.monotonic()
    for number in range(EVENTS):
        yield number
        if draw.random() < REDELIVERED:
            yield draw.randint(max(0, number - 500), number)
        pause = began + number / RATE - time.monotonic()
        if pause > 0.005:
            time.sleep(pause)


def test_nothing_is_lost_or_doubled_over_nats(stage: Callable[..., Scene]) -> None:
    """The publisher repeats what the broker did not say that it has."""
    broker = LocalNats(Path(), free_port())
    scene = stage(["--nats", broker.address], broker)
    over = threading.Event()

    async def publish() -> None:
        client = await nats.connect(
            broker.address, max_reconnect_attempts=-1, reconnect_time_wait=0.1
        )
        stream = client.jetstream()
        for number in some_again(1):
            while True:
                try:
                    subject = "frontdesk.events.chat.messages"
                    await stream.publish(subject, body_of(number), timeout=1)
                    break
                except (nats.errors.Error, nats.js.errors.Error, TimeoutError):
                    # the first of all waits for the lander to make the stream
                    await asyncio.sleep(0.1)
        await client.close()

    troublemaker = threading.Thread(target=scene.trouble, args=(over, 3))
    troublemaker.start()
    try:
        asyncio.run(publish())
    finally:
        over.set()
        troublemaker.join()
    assert {"kill_lander", "kill_postgres", "kill_broker"} <= set(scene.kills)
    # a killed lander's messages come again after half a minute
    assert scene.settled(90) == (EVENTS, EVENTS, 0), scene.kills


def test_nothing_is_lost_or_doubled_over_kafka(stage: Callable[..., Scene]) -> None:
    """The log keeps what it has; a lander goes on where the rows end."""
    broker = KafkaBroker()
    scene = stage(["--kafka", broker.address])
    over = threading.Event()
    troublemaker = threading.Thread(target=scene.trouble, args=(over, 5))
    troublemaker.start()
    try:
        for number in some_again(3):
            broker.publish("frontdesk.events.chat.messages", [body_of(number)])
    finally:
        over.set()
        troublemaker.join()
    assert {"kill_lander", "kill_postgres"} <= set(scene.kills)
    # a killed lander's place in its group is kept for ten seconds
    assert scene.settled(90) == (EVENTS, EVENTS, 0), scene.kills


def test_nothing_is_lost_or_doubled_over_http(stage: Callable[..., Scene]) -> None:
    """The sender repeats what was not answered with 202."""
    port = free_port()
    scene = stage(["--http", str(port)])
    (secret,) = signing.read_secrets(scene.settings, "chat")
    over = threading.Event()
    numbers = some_again(2)
    turn = threading.Lock()
    refused: list[int] = []

    def send() -> None:
        with httpx.Client(timeout=5, trust_env=False) as client:
            while True:
                with turn:
                    number = next(numbers, None)
                if number is None:
                    return
                body = body_of(number)
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        answer = client.post(
                            f"http://127.0.0.1:{port}/events/chat/messages",
                            content=body,
                            headers=signing.headers(secret, body),
                        )
                        if answer.status_code == 202:
                            break
                        refused.append(answer.status_code)
                    time.sleep(0.1)

    senders = [threading.Thread(target=send) for _ in range(16)]
    troublemaker = threading.Thread(target=scene.trouble, args=(over, 4))
    troublemaker.start()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    over.set()
    troublemaker.join()
    assert {"kill_lander", "kill_postgres"} <= set(scene.kills)
    assert set(refused) <= {429, 503}
    assert scene.settled() == (EVENTS, EVENTS, 0), scene.kills


def test_a_lander_that_is_told_to_stop_ends_well(stage: Callable[..., Scene]) -> None:
    """All that it acknowledged is there; it says so and leaves with 0."""
    port = free_port()
    scene = stage(["--http", str(port)])
    (secret,) = signing.read_secrets(scene.settings, "chat")
    taken: list[int] = []

    def send() -> None:
        with httpx.Client(timeout=5, trust_env=False) as client:
            for number in range(100_000):
                body = body_of(number)
                try:
                    answer = client.post(
                        f"http://127.0.0.1:{port}/events/chat/messages",
                        content=body,
                        headers=signing.headers(secret, body),
                    )
                except httpx.TransportError:
                    if taken:
                        return
                    time.sleep(0.1)
                    continue
                if answer.status_code != 202:
                    return
                taken.append(number)

    sender = threading.Thread(target=send)
    sender.start()
    while len(taken) < 20:
        time.sleep(0.05)
    scene.lander.send_signal(signal.SIGTERM)
    assert scene.lander.wait(timeout=20) == 0
    sender.join()
    with psycopg.connect(connections.dsn(scene.settings)) as connection:
        query = "select message_id from raw_chat.messages"
        landed = {row[0] for row in connection.execute(query)}
        assert {f"m{number}" for number in taken} <= landed
        (stopped,) = connection.execute(
            "select stopped_at is not null from frontdesk.listeners"
        ).fetchone()
    assert stopped
    assert "stopped; nothing that was acknowledged is missing" in (
        (scene.folder / "listen.log").read_text()
    )
