"""Dagster's web server and daemon, started and stopped together."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from orchestration.deploy import prepare_dagster, processes
from orchestration.deploy.processes import LOOPBACK
from orchestration.settings import UserError, settings

START_SECONDS = 120


def _answers(port: int) -> bool:
    """Say whether the web server answers."""
    try:
        address = f"http://{LOOPBACK}:{port}/server_info"
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def serve(port: int | None, say: Callable[[str], None]) -> None:
    """Run web server and daemon until Ctrl-C or SIGTERM."""
    if port and processes.is_taken(port):
        raise UserError(
            f"port {port} is taken by another program: choose another with --port"
        )
    chosen = port or processes.free_port()
    prepare_dagster()
    processes.treat_sigterm_like_interrupt()
    running: list[subprocess.Popen] = []
    try:
        running.append(
            processes.start(["dagster-webserver", "-h", LOOPBACK, "-p", str(chosen)])
        )
        running.append(processes.start(["dagster-daemon", "run"]))
        deadline = time.monotonic() + START_SECONDS
        while not _answers(chosen):
            processes.complain_of_ended(running)
            if time.monotonic() > deadline:
                raise UserError(
                    f"Dagster's pages did not come up in {START_SECONDS} seconds:"
                    f" see {settings().home / 'logs'}"
                )
            time.sleep(0.5)
        say(f"http://{LOOPBACK}:{chosen}")
        while True:
            processes.complain_of_ended(running)
            time.sleep(1)
    except KeyboardInterrupt:
        say("stopping")
    finally:
        processes.stop(running)
