"""Run the wall: its role, its server, its orderly end."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType

import uvicorn
from psycopg.conninfo import make_conninfo

from orchestration.database import connections, readers, server
from orchestration.deliver.wall import app, page
from orchestration.deliver.wall.access import LOOPBACK, Access, require_safe
from orchestration.deliver.wall.clock import Clock
from orchestration.deliver.wall.freshness import Limits
from orchestration.deliver.wall.hub import Hub
from orchestration.deliver.wall.poller import Poller
from orchestration.settings import Settings, UserError, settings

ROLE = "frontdesk_wall"
TRIES = 5


@dataclass(frozen=True)
class Options:
    """How the wall is to be shown."""

    host: str = "127.0.0.1"
    port: int = 8790
    token: str | None = None
    is_open: bool = False
    begins_at: datetime | None = None
    every: float = 2.0
    limits: Limits = field(default_factory=Limits)
    ticket_url: str | None = None


def reading_address(of: Settings | None = None) -> str:
    """Return the address of the role that only reads, made or mended first."""
    chosen = of or settings()
    for attempt in range(TRIES):
        try:
            made = readers.create(ROLE, audience=readers.WALL, of=chosen)
            break
        except UserError as error:
            # a build replaces tables while rights are given on them
            if "changing" not in str(error) or attempt == TRIES - 1:
                raise
            time.sleep(2)
    kept = server.Files(chosen.home).password(ROLE)
    if not kept.exists():
        raise UserError(
            f"role {made.name} has a password that {kept} does not hold:"
            f" drop role {made.name}, then the same command again"
        )
    return make_conninfo(
        connections.dsn(chosen), user=ROLE, password=kept.read_text().strip()
    )


class _Server(uvicorn.Server):
    """Sends viewers home before it waits for their connections to end."""

    hub: Hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end."""
        super().handle_exit(sig, frame)
        asyncio.get_event_loop().call_soon_threadsafe(self.hub.close)


def run(options: Options, say: Callable[[str], None]) -> None:
    """Show the wall until somebody ends it."""
    require_safe(options.host, options.token, options.is_open)
    poller = Poller(
        address=reading_address(),
        hub=Hub(),
        zone=settings().business_zone,
        clock=Clock(options.begins_at),
        limits=options.limits,
        every=options.every,
    )
    hosts = () if options.is_open else {options.host, *LOOPBACK}
    guarded = Access(
        app.make(poller, page.load(options.ticket_url)),
        options.token,
        options.port,
        hosts,
    )
    one = _Server(
        uvicorn.Config(
            guarded,
            host=options.host,
            port=options.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=3,
        )
    )
    one.hub = poller.hub
    say(f"wall: http://{options.host}:{options.port}/  (Ctrl-C ends it)")
    if options.token:
        say("it asks for its token: open it once as /?token=...")
    if options.begins_at:
        say(f"demonstration clock: begins at {options.begins_at.isoformat()}")
    # a second signal is the only one that still interrupts
    with contextlib.suppress(KeyboardInterrupt):
        one.run()
    say("wall stopped")
