"""Dagster's web server and daemon, started and stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from orchestration.deploy import prepare_dagster
from orchestration.settings import UserError, settings

START_SECONDS = 120
STOP_SECONDS = 20
LOOPBACK = "127.0.0.1"


def _free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def _is_taken(port: int) -> bool:
    """Say whether a port of the loopback has a listener."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _answers(port: int) -> bool:
    """Say whether the web server answers."""
    try:
        address = f"http://{LOOPBACK}:{port}/server_info"
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _start(program: str, *arguments: str) -> subprocess.Popen:
    """Start a program of this environment as a group of its own, output to a log."""
    logs = settings().home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"{program}.log").open("a") as log:
        return subprocess.Popen(
            [Path(sys.executable).parent / program, *arguments],
            cwd=settings().root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # its code servers and runs are its children: one signal ends all of them
            start_new_session=True,
        )


def _signal(processes: list[subprocess.Popen], which: signal.Signals) -> None:
    """Send a signal to each process and its children."""
    for process in processes:
        try:
            os.killpg(process.pid, which)
        except ProcessLookupError:
            continue


def _group_lives(process: subprocess.Popen) -> bool:
    """Say whether a process or a child of it is still there."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return True


def _stop(processes: list[subprocess.Popen]) -> None:
    """End all processes and their children, gently first."""
    _signal(processes, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(map(_group_lives, processes)) and time.monotonic() < deadline:
        time.sleep(0.2)
    _signal(processes, signal.SIGKILL)
    for process in processes:
        process.wait()


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    """Treat the signal of a service manager like Ctrl-C."""
    raise KeyboardInterrupt


def serve(port: int | None, say: Callable[[str], None]) -> None:
    """Run web server and daemon until Ctrl-C or SIGTERM."""
    if port and _is_taken(port):
        raise UserError(
            f"port {port} is taken by another program: choose another with --port"
        )
    chosen = port or _free_port()
    prepare_dagster()
    signal.signal(signal.SIGTERM, _raise_interrupt)
    processes: list[subprocess.Popen] = []
    try:
        processes.append(_start("dagster-webserver", "-h", LOOPBACK, "-p", str(chosen)))
        processes.append(_start("dagster-daemon", "run"))
        deadline = time.monotonic() + START_SECONDS
        while not _answers(chosen):
            _complain_of_ended(processes)
            if time.monotonic() > deadline:
                raise UserError(
                    f"Dagster's pages did not come up in {START_SECONDS} seconds:"
                    f" see {settings().home / 'logs'}"
                )
            time.sleep(0.5)
        say(f"http://{LOOPBACK}:{chosen}")
        while True:
            _complain_of_ended(processes)
            time.sleep(1)
    except KeyboardInterrupt:
        say("stopping")
    finally:
        _stop(processes)


def _complain_of_ended(processes: list[subprocess.Popen]) -> None:
    """Raise when a process has ended by itself."""
    for process in processes:
        if process.poll() is not None:
            raise UserError(
                f"{process.args[0].name} ended with code {process.returncode}:"
                f" see {settings().home / 'logs'}"
            )
