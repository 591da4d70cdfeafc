"""`frontdesk alerts deliver, test, ledger, retry, receivers`: parses, calls, prints."""

import logging
import signal
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from orchestration.settings import UserError

if TYPE_CHECKING:
    import psycopg


@click.command()
@click.option("--workers", type=click.IntRange(1, 32), default=2, show_default=True)
@click.option(
    "--lease",
    "lease_seconds",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    help="Seconds after which a notice of a killed worker is anybody's.",
)
def deliver(workers: int, lease_seconds: int) -> None:
    """Carry alerts from the outbox to their receivers until stopped.

    Any number may run at once, on any machine that reaches the database.

    Example: frontdesk alerts deliver --workers 4
    """
    from orchestration.database import connections
    from orchestration.deliver.alerts.delivery import Deliverers
    from orchestration.deliver.alerts.outbox import ensure_outbox

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with connections.connect() as connection:
        ensure_outbox(connection)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    carriers = Deliverers(workers=workers, lease_seconds=lease_seconds).start()
    click.echo(f"{workers} deliverers at work; end with Ctrl-C")
    stopped.wait()
    is_clean = carriers.stop()
    click.echo("stopped" if is_clean else "stopped; what hung is tried again later")


@click.command()
@click.argument("route")
@click.option("--wait", default=30.0, show_default=True, help="Seconds to wait.")
def test(route: str, wait: float) -> None:
    """Tell one route that this is a test, and print its answer.

    Example: frontdesk alerts test floor
    """
    from orchestration.database import connections
    from orchestration.deliver.alerts import delivery, ledger
    from orchestration.deliver.alerts.senders import Clients

    with connections.connect() as connection:
        _state_routes(connection)
    with connections.connect(autocommit=True) as connection:
        number = ledger.put_test(connection, route)
        clients, until = Clients(), time.monotonic() + wait
        answer = None
        while answer is None and time.monotonic() < until:
            # a deliverer that is at work may be quicker: then its answer is the one
            answer = delivery.deliver_one(connection, clients, "test", only=number)
            if answer is None:
                answer = ledger.last_answer(connection, number)
                time.sleep(0.1)
    if answer is None:
        raise UserError(f"route {route}: nothing sent in {wait:.0f} s: it rests")
    code = f", code {answer.code}" if answer.code else ""
    said = f"{answer.text or 'no words'}{code}, {answer.seconds:.2f} s"
    if not answer.is_delivered:
        raise UserError(f"route {route} refuses ({answer.outcome}): {said}")
    click.echo(f"route {route}: delivered: {said}")


@click.command(name="ledger")
@click.option("--route", help="Only this route.")
@click.option("--failed", is_flag=True, help="Only what did not arrive.")
@click.option("--count", default=20, show_default=True, help="How many, newest first.")
def show_ledger(route: str | None, failed: bool, count: int) -> None:
    """Print the attempts to tell somebody, with each receiver's own answer.

    Example: frontdesk alerts ledger --failed
    """
    from orchestration.database import connections
    from orchestration.deliver.alerts import ledger
    from orchestration.deliver.alerts.outbox import ensure_outbox

    with connections.connect() as connection:
        ensure_outbox(connection)
        found = ledger.entries(connection, route, failed, count)
    if not found:
        click.echo("no attempts")
    for entry in found:
        incident = f"incident {entry.incident_id} " if entry.incident_id else ""
        codes = " ".join(str(c) for c in (entry.http_status, entry.provider_code) if c)
        click.echo(
            f"{entry.started_at:%Y-%m-%d %H:%M:%S}  {entry.outcome:<9}"
            f"  {entry.route} by {entry.sender}, attempt {entry.attempt}: {incident}"
            f"{entry.kind} {entry.rule} [{codes}] {entry.provider_text or ''}".rstrip()
        )


@click.command()
@click.argument("route", required=False)
def retry(route: str | None) -> None:
    """Try again what failed for good, of one route or of all.

    Example: frontdesk alerts retry floor
    """
    from orchestration.database import connections
    from orchestration.deliver.alerts.outbox import ensure_outbox, requeue

    with connections.connect() as connection:
        ensure_outbox(connection)
        count = requeue(connection, route)
    click.echo(f"{count} notices wait again" if count else "nothing failed")


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8791, show_default=True)
@click.option("--mail-port", type=click.IntRange(1, 65535), default=8792)
@click.option("--exports", is_flag=True, help="Print the variables and end.")
def receivers(port: int, mail_port: int, exports: bool) -> None:
    """Run receivers on this machine that answer as the real ones do; print what comes.

    They check signatures, limits and shapes. With --exports the shell lines that lead
    every route of the warehouse to them are printed.

    Example: eval "$(frontdesk alerts receivers --exports)"
    """
    from orchestration.deliver.alerts.receivers import Receivers, Taken, environment

    if exports:
        for name, value in environment(local_routes(), port, mail_port).items():
            click.echo(f"export {name}='{value}'")
        return

    def say(taken: Taken) -> None:
        click.echo(f"--- {taken.kind}\n{taken.text}\n")

    with Receivers(port, mail_port, seen=say) as local:
        click.echo(f"receivers on 127.0.0.1:{local.port}, mail on {mail_port}")
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        stopped.wait()


def local_routes() -> dict[str, str]:
    """Return the kind of each route that a local receiver can play."""
    from orchestration.database import connections
    from orchestration.deliver.alerts.receivers import KINDS

    with connections.connect() as connection:
        _state_routes(connection)
        found = connection.execute("select route, sender from alerts.routes").fetchall()
    return {route: sender for route, sender in found if sender in KINDS}


def _state_routes(connection: "psycopg.Connection") -> None:
    """Make the tables, and take the routes of the lists in, where no engine has yet."""
    from orchestration.deliver.alerts import rulebook
    from orchestration.deliver.alerts.schema import ensure_alerts

    ensure_alerts(connection)
    if not connection.execute("select exists (select from alerts.routes)").fetchone()[
        0
    ]:
        rulebook.sync(connection, datetime.now(UTC))


COMMANDS = (deliver, test, show_ledger, retry, receivers)
