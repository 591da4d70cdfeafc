"""All that is live in one terminal: landing, refresh, alerts, receivers, wall."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.deploy import processes
from orchestration.deploy.processes import LOOPBACK
from orchestration.settings import UserError, settings

START_SECONDS = 60
TOLD_SECONDS = 1.0


@dataclass(frozen=True)
class Ports:
    """Where the parts listen."""

    events: int
    receivers: int
    mail: int
    wall: int

    @classmethod
    def free(cls) -> "Ports":
        """Return ports nobody listens on."""
        return cls(*(processes.free_port() for _ in range(4)))


def _parts(
    ports: Ports, world: Path, speed: float, days: int
) -> Iterator[tuple[list[str], int | None]]:
    """Yield the commands in the order in which they begin, and where each listens."""
    receivers = ["alerts", "receivers", "--port", str(ports.receivers)]
    yield [*receivers, "--mail-port", str(ports.mail)], ports.receivers
    yield ["listen", "--http", str(ports.events)], ports.events
    yield ["serve"], None
    yield ["alerts", "run"], None
    yield ["wall", "--port", str(ports.wall)], ports.wall
    traffic = ["replay", str(world), "--speed", str(speed), "--days", str(days)]
    yield [*traffic, "--url", f"http://{LOOPBACK}:{ports.events}"], None


def _named(command: list[str]) -> str:
    """Return what the log of a part is called."""
    return "live-" + "-".join(word for word in command[:2] if word.isalpha())


def _wait_for(port: int, running: list[subprocess.Popen]) -> None:
    """Wait until a part listens."""
    deadline = time.monotonic() + START_SECONDS
    while not processes.is_taken(port):
        processes.complain_of_ended(running)
        if time.monotonic() > deadline:
            raise UserError(
                f"a part of live did not come up in {START_SECONDS} seconds:"
                f" see {settings().home / 'logs'}"
            )
        time.sleep(0.2)


def run(world: Path, speed: float, days: int, say: Callable[[str], None]) -> None:
    """Run everything until Ctrl-C or SIGTERM; print where to look and who is told."""
    from orchestration.deliver.alerts.receivers import environment
    from orchestration.deliver.alerts.sending import local_routes

    ports = Ports.free()
    processes.treat_sigterm_like_interrupt()
    secrets = environment(local_routes(), ports.receivers, ports.mail)
    running: list[subprocess.Popen] = []
    told = _from_its_end(processes.log_of("live-alerts-receivers"))
    try:
        for part, port in _parts(ports, world, speed, days):
            running.append(processes.start(["frontdesk", *part], _named(part), secrets))
            if port:
                _wait_for(port, running)
        say(f"wall      http://{LOOPBACK}:{ports.wall}")
        say(f"events    http://{LOOPBACK}:{ports.events}/events/<source>/<table>")
        say(f"logs      {settings().home / 'logs'}/live-*.log")
        say("what people are told follows; Ctrl-C ends everything")
        # the replay ends when its day is over; the rest goes on
        replay = running[-1]
        while True:
            processes.complain_of_ended(running[:-1])
            if replay.poll():
                processes.complain_of_ended([replay])
            for line in told:
                if line is None:
                    break
                say(line)
            time.sleep(TOLD_SECONDS)
    except KeyboardInterrupt:
        say("stopping")
    finally:
        processes.stop(running)


def _from_its_end(log: Path) -> Iterator[str | None]:
    """Yield lines that are written to a file from now on, None when there is none."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    with log.open(encoding="utf-8", errors="replace") as file:
        file.seek(0, 2)
        begun = ""
        while True:
            begun += file.readline()
            if begun.endswith("\n"):
                yield begun.rstrip()
                begun = ""
            else:
                yield None
