"""The commands of the seconds path."""

from datetime import UTC, datetime

import click


@click.group()
def live() -> None:
    """Look at what is known this second, or mend it."""


@live.command("show")
def live_show() -> None:
    """Show queues, agents and feeds as they are this moment.

    Example: frontdesk live show
    """
    from rich.console import Console

    from orchestration.database import connections
    from orchestration.live.summary import show, state

    console = Console()
    with connections.connect() as connection:
        for line in state.status_lines(connection):
            console.print(line, highlight=False)
        state.require_kept(connection)
        for table in show.tables(connection):
            console.print(table)


@live.command("catch-up")
def live_catch_up() -> None:
    """Take in what was put off: loads of many rows, and what failed at first.

    Builds do the same; this does not wait for one.

    Example: frontdesk live catch-up
    """
    from orchestration.database import connections
    from orchestration.live.summary import state

    with connections.connect() as connection:
        done = state.catch_up(connection)
        left = state.read_state(connection)
    click.echo(f"{done:,} keys taken in")
    if left.pending:
        click.echo(f"{left.pending:,} keys are still put off: {left.reason}")


@live.command("rebuild")
@click.option(
    "--since",
    type=click.DateTime(),
    help="Know contacts since this moment, UTC; else of the days that are kept.",
)
def live_rebuild(since: datetime | None) -> None:
    """Make all that is kept live anew from the raw rows.

    Needed after raw rows were changed by hand, or to know more days than are kept;
    the next build forgets those again.

    Example: frontdesk live rebuild
    """
    from orchestration.database import connections
    from orchestration.live.summary import state

    with connections.connect() as connection:
        done = state.rebuild(connection, since.replace(tzinfo=UTC) if since else None)
    click.echo(f"{done:,} keys looked at")
