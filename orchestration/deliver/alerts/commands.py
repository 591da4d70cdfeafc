"""`frontdesk alerts`: parses, calls, prints; decides nothing."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from orchestration.deliver.alerts.sending import COMMANDS
from orchestration.settings import UserError

if TYPE_CHECKING:
    import psycopg

    from orchestration.deliver.alerts.rulebook import Rulebook

console = Console(highlight=False)
if not console.is_terminal:
    console.width = 140


@click.group()
def alerts() -> None:
    """Watch KPIs and feeds, tell people, and say why somebody was told or not."""


for _command in COMMANDS:
    alerts.add_command(_command)


def _said(command: Callable) -> Callable:
    """Add who, and why: nothing about alerts is decided by nobody."""
    by = click.option("--by", required=True, help="Who decides.")
    why = click.option("--why", required=True, help="The reason, in a sentence.")
    return by(why(command))


@contextmanager
def _opened() -> "Iterator[tuple[psycopg.Connection, Rulebook]]":
    """Yield a connection and the rules in force, with the tables made."""
    from orchestration.database import connections
    from orchestration.deliver.alerts import rulebook
    from orchestration.deliver.alerts.schema import ensure_alerts

    with connections.connect() as connection:
        ensure_alerts(connection)
        book = rulebook.sync(connection, datetime.now(UTC))
        # what was refused or changed is known from now on, whatever follows
        connection.commit()
        yield connection, book


@alerts.command()
@click.option(
    "--workers",
    type=click.IntRange(0, 32),
    default=2,
    show_default=True,
    help="Deliverers in this process; 0 leaves them to `frontdesk alerts deliver`.",
)
def run(workers: int) -> None:
    """Watch and tell until stopped: the engine, and deliverers beside it.

    Any number may run: one engine leads, the others stand by and take over within
    seconds; deliverers share the work.

    Example: frontdesk alerts run --workers 4
    """
    from orchestration.database import connections
    from orchestration.deliver.alerts.delivery import Deliverers
    from orchestration.deliver.alerts.running import Runner
    from orchestration.deliver.alerts.schema import ensure_alerts

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    with connections.connect() as connection:
        ensure_alerts(connection)
    runner = Runner(say=click.echo)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, runner.stop)
    carriers = Deliverers(workers=workers).start() if workers else None
    try:
        runner.run()
    finally:
        if carriers is not None:
            carriers.stop()
    click.echo("stopped")


@alerts.command("list")
def list_rules() -> None:
    """List rules, open incidents, silences, and what is refused.

    Example: frontdesk alerts list
    """
    from orchestration.deliver.alerts import show

    with _opened() as (connection, book):
        show.rules(connection, book, console)


@alerts.command("measures")
@click.argument("word", default="")
def list_measures(word: str) -> None:
    """List what a rule may measure; with WORD those that hold it.

    Example: frontdesk alerts measures wait
    """
    from orchestration.deliver.alerts import show
    from orchestration.deliver.alerts.measures import Catalogue

    with _opened() as (_, book):
        found = {
            name: measure
            for name, measure in book.catalogue.measures.items()
            if word.lower() in f"{name} {measure.title} {measure.kind}".lower()
        }
    show.measures(Catalogue(found), console)


@alerts.command("show")
@click.argument("rule")
def show_rule(rule: str) -> None:
    """Show one rule: what it says, its series, who changed it.

    Example: frontdesk alerts show waiting_over_5_minutes
    """
    from orchestration.deliver.alerts import rulebook, show

    with _opened() as (connection, book):
        one = rulebook.require_rule(book, rule)
        show.rule(connection, book, one, console)
        if rule in book.refused:
            click.echo(f"its list is refused, this version stays: {book.refused[rule]}")


@alerts.command("set")
@click.argument("rule")
@click.argument("changes", nargs=-1, required=True)
@_said
def set_rule(rule: str, changes: tuple[str, ...], by: str, why: str) -> None:
    """Change RULE, or make it; CHANGES are column=value.

    A change wins over seed_alert_rules until `frontdesk alerts reset`. The engine goes
    by it within seconds.

    \b
    Examples:
      frontdesk alerts set queue_is_long fire_limit=30 --by kim --why "sale week"
      frontdesk alerts set mails_wait title_en="Mails wait" kind=threshold \\
        measure=live_waiting_count series_by=channel scope=channel=email \\
        comparison=above fire_limit=50 owner=kim routes=floor --by kim --why "new team"
    """
    _change(rule, _pairs(changes), by, why)
    click.echo(f"rule {rule} changed")


def _pairs(changes: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in changes:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UserError(f"{text}: write a change as column=value")
        found[name.strip()] = value.strip()
    return found


def _change(rule: str, changes: dict[str, str], by: str, why: str) -> None:
    from orchestration.deliver.alerts import rulebook

    with _opened() as (connection, _):
        rulebook.change(connection, rule, changes, by, why)


@alerts.command()
@click.argument("rule")
@_said
def enable(rule: str, by: str, why: str) -> None:
    """Put RULE in force.

    Example: frontdesk alerts enable queue_is_long --by kim --why "the sale is over"
    """
    _change(rule, {"is_enabled": "true"}, by, why)
    click.echo(f"rule {rule} is in force")


@alerts.command()
@click.argument("rule")
@_said
def disable(rule: str, by: str, why: str) -> None:
    """Put RULE out of force; its incidents end, and those who were told hear of it.

    Example: frontdesk alerts disable queue_is_long --by kim --why "no phone today"
    """
    _change(rule, {"is_enabled": "false"}, by, why)
    click.echo(f"rule {rule} is off")


@alerts.command()
@click.argument("rule")
@_said
def reset(rule: str, by: str, why: str) -> None:
    """Take back what commands changed of RULE; one that they made is gone.

    Example: frontdesk alerts reset queue_is_long --by kim --why "as in the list again"
    """
    from orchestration.deliver.alerts import rulebook

    with _opened() as (connection, _):
        is_there = rulebook.reset(connection, rule, by, why)
    click.echo(f"rule {rule} {'is as listed' if is_there else 'is gone'}")


@alerts.command()
@click.argument("rule", required=False)
@click.option("--label", "labels", multiple=True, help="name=value, several with |.")
@click.option("--for", "span", required=True, help="How long: 30m, 2h, 3d.")
@_said
def silence(
    rule: str | None, labels: tuple[str, ...], span: str, by: str, why: str
) -> None:
    """Tell nobody of RULE, or of what bears some labels, for a while.

    What still holds at the end is told then. A firing notice that went out still gets
    its resolved notice.

    \b
    Examples:
      frontdesk alerts silence queue_is_long --for 2h --by kim --why "fire drill"
      frontdesk alerts silence --label channel=phone --for 30m --by kim --why "works"
    """
    from orchestration.deliver.alerts import deciding

    given = deciding.labels_of(labels)
    with _opened() as (connection, book):
        number = deciding.silence(
            connection, book, rule, given, deciding.duration(span), by, why
        )
    click.echo(f"silence {number}: nobody is told for {span}")


@alerts.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--by", required=True, help="Who ends it.")
def unsilence(number: int, by: str) -> None:
    """End silence NUMBER now.

    Example: frontdesk alerts unsilence 3 --by kim
    """
    from orchestration.deliver.alerts import deciding

    with _opened() as (connection, _):
        deciding.unsilence(connection, number, by)
    click.echo(f"silence {number} is over")


@alerts.command()
@click.argument("incident", type=click.IntRange(1))
@click.option("--by", required=True, help="Who takes it on.")
@click.option("--why", default="", help="What is being done.")
@click.option("--for", "span", help="How long: 30m, 2h; to its end when left out.")
def ack(incident: int, by: str, why: str, span: str | None) -> None:
    """Take INCIDENT on: no reminders, nobody else is told; its end is.

    Example: frontdesk alerts ack 12 --by kim --why "calling people in" --for 1h
    """
    from orchestration.deliver.alerts import deciding

    with _opened() as (connection, _):
        deciding.acknowledge(
            connection, incident, by, why, deciding.duration(span) if span else None
        )
    click.echo(f"incident {incident} is taken on by {by}")


@alerts.command()
@click.argument("rule")
@click.option("--at", "text", help="Moment, in the business zone unless it names one.")
@click.option("--label", "labels", multiple=True, help="name=value of one series.")
def explain(rule: str, text: str | None, labels: tuple[str, ...]) -> None:
    """Say why RULE did or did not fire at a moment, with what was seen.

    \b
    Examples:
      frontdesk alerts explain queue_is_long
      frontdesk alerts explain queue_is_long --at "2026-11-22 10:31" \\
        --label queue_name=cn_orders
    """
    from orchestration.deliver.alerts import deciding, show
    from orchestration.deliver.alerts.explain import explain as find_out

    at = _moment(text)
    with _opened() as (connection, _):
        found = find_out(connection, rule, at, deciding.labels_of(labels))
    show.explanation(found, console)


def _moment(text: str | None) -> datetime:
    """Read a moment; one without a zone is meant in the business zone."""
    from orchestration.deliver.alerts.rulebook import business_zone

    if text is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UserError(f"--at {text}: write 2026-11-22 10:31:00") from error
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(business_zone()))
