"""How long an event takes from its sender to a committed row, at a steady rate.

Lander, load generator and this observer are three processes; Postgres, and NATS where
it is the way, run beside them on the same machine. The observer is a session of its
own that is woken by the lander's NOTIFY and looks which rows it can see: what it
measures is the moment at which others could read the row, never less than the commit.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg
from rich.console import Console

from orchestration.bench.cpu import server_clock
from orchestration.bench.listen_load import Load
from orchestration.bench.local_nats import LocalNats
from orchestration.bench.ranks import quantile
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.deploy.processes import free_port
from orchestration.settings import UserError, settings

DATABASE = "frontdesk_bench_listen"
LAG_TARGET = 0.150
START_SECONDS = 30
CATCH_UP_SECONDS = 30

NEW = """
select _row_id, extract(epoch from exported_at)::float8
from raw_chat.messages
where _row_id > %s
order by _row_id
"""
COUNTS = """
select
    (select count(*) from raw_chat.messages),
    (select count(distinct message_id) from raw_chat.messages),
    (select count(*) from raw_chat._unreadable),
    (select count(*) from frontdesk.batches)
"""


@dataclass
class Seen:
    """What the observer saw: rows, and how late it saw them."""

    last_row: int = 0
    lags: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self, connection: psycopg.Connection) -> None:
        """Note the rows that have become visible since the last look."""
        rows = connection.execute(NEW, (self.last_row,)).fetchall()
        now = time.time()
        if rows:
            self.last_row = rows[-1][0]
            self.lags += [now - sent for _, sent in rows]

    def watch(self, address: str) -> None:
        """Look whenever the lander says that it landed, until it is over."""
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("listen frontdesk_raw")
            while not self.over.is_set():
                for _ in connection.notifies(timeout=0.2, stop_after=1):
                    pass
                self.look(connection)


@dataclass(frozen=True)
class Outcome:
    """What one run gave."""

    sent: int
    again: int
    rows: int
    distinct: int
    unreadable: int
    lags: list[float]
    answers: dict[str, int]
    answer_seconds: list[float]
    most_late: float
    lander_cpu: float
    server_cpu: float | None
    seconds: float

    @property
    def lost(self) -> int:
        """Return how many events are nowhere."""
        return self.sent - self.distinct

    @property
    def doubled(self) -> int:
        """Return how many rows are there a second time."""
        return self.rows - self.distinct


def run(
    way: str,
    rate: float,
    seconds: float,
    *,
    redelivered: float,
    per_request: int,
    console: Console,
) -> bool:
    """Measure, print, and say whether the target was met and nothing was lost."""
    with (
        scratch(DATABASE) as (address, _),
        pointed_at(address),
        tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder,
    ):
        outcome = _measure(
            Load(way, "", rate, seconds, redelivered, per_request),
            address,
            Path(folder),
        )
    return _show(outcome, way, rate, console)


def _measure(load: Load, address: str, folder: Path) -> Outcome:
    from dataclasses import replace

    from orchestration.live.landing import signing

    broker = LocalNats(folder / "nats", free_port()) if load.way == "nats" else None
    if broker:
        broker.start()
    port = free_port()
    where = broker.address if broker else f"127.0.0.1:{port}"
    arguments = ["--nats", where] if broker else ["--http", str(port)]
    secret = signing.read_secrets(settings(), "chat")[0].decode()
    load = replace(load, address=where, secret=secret)
    try:
        with lander(arguments, folder) as process:
            return _send(load, address, process)
    finally:
        if broker:
            broker.stop()


@contextmanager
def lander(arguments: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `frontdesk listen` in a process of its own, and end it."""
    said = folder / "listen.log"
    code = "from orchestration.live.landing.commands import listen; listen()"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=output,
            stderr=output,
            cwd=settings().root,
            env=dict(os.environ),
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while b"listening" not in said.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise UserError(f"the lander did not start: {said.read_text()[-300:]}")
            time.sleep(0.05)
        time.sleep(1.0)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _send(load: Load, address: str, process: subprocess.Popen[bytes]) -> Outcome:
    with psycopg.connect(address, autocommit=True) as connection:
        seen = Seen()
        watcher = threading.Thread(target=seen.watch, args=(address,))
        watcher.start()
        clock = server_clock(connection)
        server_before = clock.seconds() if clock else 0.0
        lander_before = cpu_of(process.pid)
        began = time.monotonic()
        try:
            tally = _generate(load)
            elapsed = time.monotonic() - began
            _catch_up(connection, tally["sent"])
        finally:
            seen.over.set()
            watcher.join()
        seen.look(connection)
        rows, distinct, unreadable, _ = connection.execute(COUNTS).fetchone()
        return Outcome(
            sent=tally["sent"],
            again=tally["again"],
            rows=rows,
            distinct=distinct,
            unreadable=unreadable,
            lags=seen.lags,
            answers=tally["answers"],
            answer_seconds=tally["seconds"],
            most_late=tally["most_late"],
            lander_cpu=cpu_of(process.pid) - lander_before,
            server_cpu=clock.seconds() - server_before if clock else None,
            seconds=elapsed,
        )


def _generate(load: Load) -> dict:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "orchestration.bench.listen_load"),
            json.dumps(asdict(load)),
        ],
        cwd=settings().root,
        capture_output=True,
        text=True,
        timeout=load.seconds + 120,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise UserError(f"the load generator failed: {said[-1]}")
    return json.loads(done.stdout)


def _catch_up(connection: psycopg.Connection, sent: int) -> None:
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while time.monotonic() < deadline:
        if connection.execute(COUNTS).fetchone()[1] >= sent:
            return
        time.sleep(0.2)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process; 0 where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _show(outcome: Outcome, way: str, rate: float, console: Console) -> bool:
    lags = sorted(outcome.lags)
    p50, p95 = quantile(lags, 0.5), quantile(lags, 0.95)
    cpu = outcome.lander_cpu / outcome.seconds
    server = (outcome.server_cpu or 0.0) / outcome.seconds
    answers = ", ".join(f"{n:,} {what}" for what, n in sorted(outcome.answers.items()))
    console.print(
        f"{way}: {outcome.sent:,} events at {rate:,.0f}/s over {outcome.seconds:.0f} s,"
        f" {outcome.again:,} sent again ({answers})"
    )
    console.print(
        f"lag, sender to visible row: p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms,"
        f" largest {1000 * lags[-1]:.0f} ms (target p95 {1000 * LAG_TARGET:.0f} ms)"
    )
    took = sorted(outcome.answer_seconds)
    if took:
        console.print(
            f"answers: p50 {1000 * quantile(took, 0.5):.0f} ms,"
            f" p95 {1000 * quantile(took, 0.95):.0f} ms;"
            f" generator at most {1000 * outcome.most_late:.0f} ms behind its timetable"
        )
    console.print(f"lander {cpu:.0%} of a core, Postgres {server:.0%}")
    console.print(
        f"rows {outcome.rows:,}: lost {outcome.lost}, doubled {outcome.doubled},"
        f" unreadable {outcome.unreadable}"
    )
    return not (outcome.lost or outcome.doubled) and p95 <= LAG_TARGET
