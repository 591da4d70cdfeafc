"""The command `frontdesk serve`."""

import time

import click


@click.command()
@click.option(
    "--every",
    type=click.FloatRange(1),
    default=20.0,
    show_default=True,
    help="Seconds from one refresh by the minute to the next, while rows arrive.",
)
@click.option(
    "--slow",
    type=click.FloatRange(0),
    default=15.0,
    show_default=True,
    help="Minutes between looks of the slow lane (identity, customers); 0 for never.",
)
@click.option(
    "--clocks",
    type=click.FloatRange(0.5),
    default=5.0,
    show_default=True,
    help="Minutes after which figures are counted that move with the clock alone.",
)
def serve(every: float, slow: float, clocks: float) -> None:
    """Keep the marts fresh by the minute, until Ctrl-C.

    Waits for raw rows and refreshes the models they touch, with the tests of their
    columns asked of each new row. A second one stands by and takes over.

    Example: frontdesk serve --every 20 --slow 15
    """
    from orchestration.transform.refresh.serve import Pace, Server

    def say(line: str) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')} {line}")

    pace = Pace(minute_seconds=every, slow_seconds=60 * slow, clock_seconds=60 * clocks)
    Server(pace, say).run()
