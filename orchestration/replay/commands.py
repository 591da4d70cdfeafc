"""The command that plays a sample world as live traffic."""

from collections import Counter
from pathlib import Path

import click

from orchestration.settings import UserError, broker, settings


@click.command()
@click.argument("world", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 100_000),
    default=1.0,
    show_default=True,
    help="Hours of the world that pass in one hour.",
)
@click.option(
    "--hours",
    type=click.FloatRange(0.001, 24),
    default=24.0,
    show_default=True,
    help="How much of a day to play.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 60),
    default=1,
    show_default=True,
    help="Lay so many of the last days over each other: more traffic.",
)
@click.option(
    "--to",
    "way",
    type=click.Choice(["http", "nats"]),
    default="http",
    show_default=True,
)
@click.option(
    "--url",
    help="Where; http://127.0.0.1:8787 or nats://127.0.0.1:4222 when left out.",
)
def replay(
    world: Path, speed: float, hours: float, days: int, way: str, url: str | None
) -> None:
    """Play the last day of a sample WORLD as live traffic.

    Calls ring, are answered and end; people write and agents answer, at the hours of
    the day at which they did. Times are moved to now, ids are new ones, and requests
    are signed. A faster replay begins in the past and ends now.

    \b
    Examples:
      frontdesk replay .frontdesk/sample
      frontdesk replay .frontdesk/sample --speed 60 --days 5
      frontdesk replay .frontdesk/sample --to nats --url nats://127.0.0.1:4222
    """
    import asyncio
    from dataclasses import replace
    from datetime import UTC, datetime

    from orchestration.replay import play
    from orchestration.replay import world as worlds

    plan = play.Plan(world, speed, hours, days)
    groups = worlds.read_groups(world)
    due = play.timetable(groups, plan, datetime.now(UTC))
    if not due:
        raise UserError("nothing happens in these hours: give more --hours or --days")
    if way == "http":
        sender: play.Sender = play.HttpSender(
            settings(), url or "http://127.0.0.1:8787"
        )
    else:
        known = broker("nats")
        address = url or known.address or "nats://127.0.0.1:4222"
        sender = play.NatsSender(replace(known, address=address))
    minutes = (due[-1].at - due[0].at) / 60
    click.echo(f"{len(due):,} events in {minutes:,.0f} minutes; ctrl-c ends it")
    said = Progress(len(due))
    try:
        fates = asyncio.run(play.play(due, sender, said.told))
    except KeyboardInterrupt:
        fates = said.fates
    counts = ", ".join(f"{count:,} {fate}" for fate, count in fates.items() if count)
    click.echo(f"sent: {counts or 'nothing'}")


class Progress:
    """Says now and then how far a replay has come."""

    every_seconds = 30

    def __init__(self, total: int) -> None:
        """Begin with nothing sent."""
        import time

        self._clock = time.monotonic
        self._total = total
        self._next = self._clock() + self.every_seconds
        self.fates: Counter[str] = Counter()

    def told(self, sent: int, fates: Counter[str]) -> None:
        """Hear how many events are sent, and what became of them."""
        self.fates = fates
        if self._clock() >= self._next:
            self._next = self._clock() + self.every_seconds
            click.echo(f"{sent:,} of {self._total:,} events sent")
