"""Sends made-up chat messages at a steady rate; one process beside the lander's.

It keeps to its timetable whatever the answers take, and an event counts as sent when
the timetable says so: a lander that falls behind cannot slow the clock.
"""

import asyncio
import json
import random
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import orjson

from orchestration.live.landing import signing
from orchestration.live.landing.brokers import PREFIX

TICK = 0.005
CONNECTIONS = 800
PATIENCE_SECONDS = 60.0

Work = asyncio.Queue[tuple[float, list[bytes]] | None]


@dataclass(frozen=True)
class Load:
    """What to send where; it travels to the generator as JSON."""

    way: str
    address: str
    rate: float
    seconds: float
    redelivered: float
    per_request: int
    secret: str = ""
    seed: int = 7


@dataclass
class Tally:
    """What was sent, and what was said to it."""

    sent: int = 0
    again: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    most_late: float = 0.0

    def answered(self, status: str, took: float) -> None:
        """Count one answer."""
        self.answers[status] = self.answers.get(status, 0) + 1
        self.seconds.append(took)


def event(number: int, sent: float) -> bytes:
    """Return one chat message in its envelope; `exported_at` says when it was sent."""
    moment = datetime.fromtimestamp(sent, UTC).isoformat()
    return orjson.dumps(
        {
            "id": f"load-{number}",
            "data": {
                "message_id": f"LOAD{number:010d}",
                "session_id": f"LOADS{number // 8:08d}",
                "sender_type": "visitor" if number % 2 else "agent",
                "sender_id": f"V{number // 8:08d}",
                "text": f"Where is my parcel? 我的包裹在哪里? {number}",
                "sent_at": moment,
                "exported_at": moment,
            },
        }
    )


async def drive(
    load: Load,
    tally: Tally,
    work: Work,
) -> None:
    """Put each request into the queue at its time, some of the events again."""
    draw = random.Random(load.seed)
    told: deque[bytes] = deque(maxlen=5_000)
    began = time.time()
    number = 0
    total = int(load.rate * load.seconds)
    while number < total:
        due = min(total, int((time.time() - began) * load.rate))
        while number < due:
            at = began + number / load.rate
            bodies = []
            for _ in range(min(load.per_request, total - number)):
                bodies.append(event(number, at))
                number += 1
            told.extend(bodies)
            work.put_nowait((at, bodies))
            tally.most_late = max(tally.most_late, time.time() - at)
            if draw.random() < load.redelivered:
                # one that was sent up to some seconds ago, or just now
                work.put_nowait((time.time(), [draw.choice(told)]))
                tally.again += 1
        await asyncio.sleep(TICK)
    tally.sent = number


async def send_http(load: Load, tally: Tally) -> None:
    """Send over connections that are kept, as many as it takes."""
    work: Work = asyncio.Queue()
    host, _, port = load.address.partition(":")
    # all are open before the clock runs
    opened = [
        await asyncio.open_connection(host, int(port)) for _ in range(CONNECTIONS)
    ]
    workers = [
        asyncio.create_task(_talk(connection, load, tally, work))
        for connection in opened
    ]
    await drive(load, tally, work)
    for _ in workers:
        work.put_nowait(None)
    await asyncio.wait_for(asyncio.gather(*workers), PATIENCE_SECONDS)


async def _talk(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    load: Load,
    tally: Tally,
    work: Work,
) -> None:
    """Send one request after another over one connection; again after a refusal."""
    secret = load.secret.encode()
    reader, writer = connection
    while (job := await work.get()) is not None:
        at, bodies = job
        body = bodies[0] if len(bodies) == 1 else b"[" + b",".join(bodies) + b"]"
        while True:
            signed = signing.headers(secret, body)
            head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
            writer.write(
                f"POST /events/chat/messages HTTP/1.1\r\nHost: local\r\n{head}"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            status = answer[9:12].decode()
            tally.answered(status, time.time() - at)
            if status not in ("429", "503"):
                break
            await asyncio.sleep(0.2)
    writer.close()


async def send_nats(load: Load, tally: Tally) -> None:
    """Publish, and wait for the broker to say that it has each."""
    import nats

    work: Work = asyncio.Queue()
    client = await nats.connect(load.address)
    stream = client.jetstream(publish_async_max_pending=20_000)

    async def publish() -> None:
        while (job := await work.get()) is not None:
            for body in job[1]:
                pending = await stream.publish_async(f"{PREFIX}.chat.messages", body)
                pending.add_done_callback(lambda done, at=job[0]: stored(done, at))

    def stored(done: "asyncio.Future", at: float) -> None:
        failed = done.cancelled() or done.exception() is not None
        tally.answered("lost" if failed else "stored", time.time() - at)

    publisher = asyncio.create_task(publish())
    await drive(load, tally, work)
    work.put_nowait(None)
    await publisher
    await asyncio.wait_for(stream.publish_async_completed(), PATIENCE_SECONDS)
    await client.close()


def main() -> None:
    """Read a load from the first argument, send it, print what was sent as JSON."""
    load = Load(**json.loads(sys.argv[1]))
    tally = Tally()
    sender = send_http if load.way == "http" else send_nats
    try:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(sender(load, tally))
    except ImportError:
        asyncio.run(sender(load, tally))
    print(json.dumps(asdict(tally)))


if __name__ == "__main__":
    main()
