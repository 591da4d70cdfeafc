"""CPU seconds of server processes, where the server runs on this machine."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

PROCESSES = Path("/proc")


@dataclass(frozen=True)
class _Process:
    parent: int
    used: int
    reaped: int


def _process(pid: int) -> _Process | None:
    """Return what the system knows of a server process; null when it has none."""
    try:
        text = (PROCESSES / str(pid) / "stat").read_text()
    except OSError:
        return None
    if not text.split("(", 1)[1].startswith("postgres"):
        return None
    fields = text.rpartition(")")[2].split()
    return _Process(
        parent=int(fields[1]),
        used=int(fields[11]) + int(fields[12]),
        reaped=int(fields[13]) + int(fields[14]),
    )


def _seconds(ticks: int) -> float:
    return ticks / os.sysconf("SC_CLK_TCK")


def process_seconds(pid: int) -> float | None:
    """Return what a server process has used; null when it is on another machine."""
    process = _process(pid)
    return _seconds(process.used) if process else None


@dataclass(frozen=True)
class ServerClock:
    """What all processes of one server have used, the ended ones too."""

    postmaster: int

    def seconds(self) -> float:
        """Return the CPU seconds since the server started."""
        while True:
            before = _process(self.postmaster)
            if before is None:
                raise psycopg.OperationalError("the server has gone")
            used = sum(
                process.used + process.reaped
                for path in PROCESSES.iterdir()
                if path.name.isdigit()
                and (process := _process(int(path.name)))
                and process.parent == self.postmaster
            )
            # a child that ends while we count would be counted twice, or not at all
            if before == _process(self.postmaster):
                return _seconds(before.used + before.reaped + used)

    def memory(self) -> int:
        """Return the bytes that its processes hold of their own, buffers left out."""
        held = 0
        for path in PROCESSES.iterdir():
            process = path.name.isdigit() and _process(int(path.name))
            if process and process.parent == self.postmaster:
                with suppress(OSError, StopIteration):
                    lines = (path / "status").read_text().splitlines()
                    own = next(line for line in lines if line.startswith("RssAnon:"))
                    held += int(own.split()[1]) * 1024
        return held


def server_clock(connection: psycopg.Connection) -> ServerClock | None:
    """Return the clock of a connection's server; null when it is elsewhere."""
    pid = connection.info.backend_pid
    process = _process(pid)
    if process is None or _process(process.parent) is None:
        return None
    # the same number may belong to a process of another server
    title = (PROCESSES / str(pid) / "cmdline").read_text()
    return ServerClock(process.parent) if connection.info.dbname in title else None


SESSIONS = ("client backend", "parallel worker")
VACUUMS = ("autovacuum worker",)


def settle(
    connection: psycopg.Connection,
    patience: float = 5.0,
    kinds: Sequence[str] = SESSIONS,
) -> None:
    """Wait until no other session of the database is left, so that all is counted."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        others = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and backend_type = any(%s) and pid <> pg_backend_pid()",
            [list(kinds)],
        ).fetchone()[0]
        if not others:
            return
        time.sleep(0.05)
