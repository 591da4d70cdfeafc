"""Programs of this installation that run beside each other and end together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from orchestration.settings import UserError, settings

STOP_SECONDS = 20
LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def is_taken(port: int) -> bool:
    """Say whether a port of the loopback has a listener."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def log_of(name: str) -> Path:
    """Return the file that a program writes to."""
    return settings().home / "logs" / f"{name}.log"


def start(
    command: Sequence[str],
    name: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.Popen:
    """Start a program of this environment as a group of its own, output to a log."""
    program, *arguments = command
    log = log_of(name or program)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as output:
        return subprocess.Popen(
            [Path(sys.executable).parent / program, *arguments],
            cwd=settings().root,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # its children belong to it: one signal ends all of them
            start_new_session=True,
        )


def _signal(processes: Sequence[subprocess.Popen], which: signal.Signals) -> None:
    """Send a signal to each process and its children."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, which)


def _group_lives(process: subprocess.Popen) -> bool:
    """Say whether a process or a child of it is still there."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def stop(processes: Sequence[subprocess.Popen]) -> None:
    """End all processes and their children, gently first."""
    _signal(processes, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(map(_group_lives, processes)) and time.monotonic() < deadline:
        time.sleep(0.2)
    _signal(processes, signal.SIGKILL)
    for process in processes:
        process.wait()


def complain_of_ended(processes: Sequence[subprocess.Popen]) -> None:
    """Raise when a process has ended by itself."""
    for process in processes:
        if process.poll() is not None:
            raise UserError(
                f"{Path(process.args[0]).name} {' '.join(process.args[1:3])} ended with"
                f" code {process.returncode}: see {settings().home / 'logs'}"
            )


def treat_sigterm_like_interrupt() -> None:
    """Let a service manager stop this process as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
