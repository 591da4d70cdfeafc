"""What the wall costs: first paint, many viewers, many connects, a restart below it."""

import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from orchestration.bench.browser import Browser
from orchestration.database import server
from orchestration.settings import UserError, settings

AT_ONCE = 50
DRIVEN_SECONDS = 20
FIRST_PAINTS = 9
REQUEST = (
    b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Accept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n"
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wall:
    """A wall that runs for the benchmark."""

    pid: int
    port: int

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return the megabytes that it holds."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        line = next(line for line in lines if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def descriptors(self) -> int:
        """Return how many files and sockets it holds."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def viewers(self) -> int:
        """Return how many it believes to look."""
        return httpx.get(f"{self.address}/healthz", timeout=5).json()["viewers"]


@contextmanager
def running(as_of: str | None) -> Iterator[Wall]:
    """Run a wall in a process of its own."""
    if not Path("/proc/self/stat").exists():
        raise UserError("this benchmark reads CPU and memory from /proc: use Linux")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = "from orchestration.deliver.wall.commands import wall; wall()"
    options = ["--port", str(port), *(["--as-of", as_of] if as_of else [])]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *options],
        cwd=settings().root,
        stdout=subprocess.DEVNULL,
    )
    wall = Wall(process.pid, port)
    try:
        _wait_for(wall, lambda: _snapshot_is_there(wall), 30)
        yield wall
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _snapshot_is_there(wall: Wall) -> bool:
    """Say whether the wall has anything to show."""
    try:
        answer = httpx.get(f"{wall.address}/api/snapshot", timeout=2)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


def _wait_for(wall: Wall, holds: Callable[[], bool], seconds: float) -> float:
    """Wait until something holds; return how long that took."""
    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > seconds:
            raise UserError(f"the wall on port {wall.port} did not get ready")
        time.sleep(0.1)
    return time.monotonic() - started


def first_paint(wall: Wall, say: Say) -> float:
    """Open the page with an empty cache again and again; return the median seconds."""
    taken = []
    with Browser() as browser:
        browser.size(1600, 1000)
        browser.call("Network.setCacheDisabled", cacheDisabled=True)
        for _ in range(FIRST_PAINTS):
            browser.open(wall.address)
            mark = "performance.getEntriesByName('first-data')[0]?.startTime"
            taken.append(browser.wait(mark) / 1000)
    median = statistics.median(taken)
    say(f"first paint with data: p50 {median:.2f} s, worst {max(taken):.2f} s")
    return median


async def _look(port: int, until: float) -> int:
    """Look at the stream until a moment; return the bytes that came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    came = 0
    while (left := until - time.monotonic()) > 0:
        try:
            part = await asyncio.wait_for(reader.read(65536), left)
        except TimeoutError:
            break
        if not part:
            break
        came += len(part)
    writer.close()
    return came


def viewers(wall: Wall, count: int, say: Say) -> float:
    """Let many look at once; return the share of one core that the wall uses."""

    async def look() -> tuple[list[int], float]:
        until = time.monotonic() + DRIVEN_SECONDS + 3
        tasks = [asyncio.create_task(_look(wall.port, until)) for _ in range(count)]
        # what it costs to arrive is another figure
        await asyncio.sleep(3)
        before, began = wall.cpu_seconds(), time.monotonic()
        await asyncio.sleep(DRIVEN_SECONDS - 1)
        used = (wall.cpu_seconds() - before) / (time.monotonic() - began)
        return await asyncio.gather(*tasks), used

    came, used = asyncio.run(look())
    per_second = sum(came) / len(came) / DRIVEN_SECONDS / 1024
    say(
        f"{count} viewers: {used:.1%} of one core, {per_second:.1f} kB/s each,"
        f" {sum(1 for one in came if one)} of them served"
    )
    return used


async def _connect_once(port: int) -> None:
    """Connect, wait for the first bytes of the stream, leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    await reader.read(512)
    # leave as a closed lid does: without a word
    writer.transport.abort()


def connects(wall: Wall, count: int, say: Say) -> tuple[float, float]:
    """Connect and leave very often; return memory after a tenth and at the end."""

    async def some(number: int) -> None:
        left = iter(range(number))

        async def one_after_another() -> None:
            for _ in left:
                await _connect_once(wall.port)

        await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))

    first = max(count // 10, 1)
    asyncio.run(some(first))
    _wait_for(wall, lambda: wall.viewers() == 0, 30)
    early, held = wall.memory(), wall.descriptors()
    started = time.monotonic()
    asyncio.run(some(count - first))
    rate = (count - first) / (time.monotonic() - started)
    _wait_for(wall, lambda: wall.viewers() == 0, 30)
    late = wall.memory()
    say(
        f"{count:,} connects, {rate:,.0f}/s: memory {early:.1f} MB after the first"
        f" tenth, {late:.1f} MB at the end; sockets {held} and {wall.descriptors()};"
        f" {wall.viewers()} viewers left"
    )
    return early, late


def restart(wall: Wall, say: Say) -> float:
    """Stop and start the embedded Postgres; return how long the wall is ill then."""
    if settings().dsn:
        raise UserError("--restart stops the embedded database; FRONTDESK_DSN is set")

    def is_well() -> bool:
        health = httpx.get(f"{wall.address}/healthz", timeout=5).json()
        return health["database"] and (health["snapshot_age_seconds"] or 99) < 5

    server.down(settings())
    _wait_for(wall, lambda: not is_well(), 30)
    server.up(settings())
    seconds = _wait_for(wall, is_well, 60)
    say(f"Postgres restarted: snapshots again {seconds:.1f} s after it was back")
    return seconds


def run(
    watchers: int, connections: int, with_restart: bool, as_of: str | None, say: Say
) -> None:
    """Measure everything on a wall of its own."""
    with running(as_of) as wall:
        first_paint(wall, say)
        viewers(wall, watchers, say)
        connects(wall, connections, say)
        if with_restart:
            restart(wall, say)
