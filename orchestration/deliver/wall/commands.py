"""`frontdesk wall`: parses and calls."""

from pathlib import Path

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(1, 65535), default=8790, show_default=True)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File whose text a viewer must know.",
)
@click.option("--open", "is_open", is_flag=True, help="Show it to the network freely.")
@click.option(
    "--as-of",
    help="Show another time than the true one, from this moment on; the page says so.",
)
@click.option(
    "--every",
    type=click.FloatRange(0.5, 15),
    default=2.0,
    show_default=True,
    help="Seconds between two looks when nothing wakes the wall.",
)
@click.option(
    "--stale-after",
    type=click.IntRange(1),
    default=3600,
    show_default=True,
    help="Seconds after which data is old, where no feed states its own limit.",
)
@click.option(
    "--marts-stale-after",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    help="Seconds that landed rows may wait for the marts.",
)
@click.option(
    "--ticket-url",
    help="Address of a ticket in your helpdesk, with {id} for its number.",
)
def wall(
    host: str,
    port: int,
    token_file: Path | None,
    is_open: bool,
    as_of: str | None,
    every: float,
    stale_after: int,
    marts_stale_after: int,
    ticket_url: str | None,
) -> None:
    """Show the service floor live, on one page for a television and a phone.

    It reads with a role of its own that may change nothing, asks the database once
    for all viewers, and turns red and says STALE when what it shows is not true any
    more; /healthz fails then too.

    \b
    Examples:
      frontdesk wall
      frontdesk wall --host 0.0.0.0 --token-file wall.token
      frontdesk wall --as-of 2026-02-18T16:40+08:00
    """
    from orchestration.deliver.wall import access, clock, serve
    from orchestration.deliver.wall.freshness import Limits
    from orchestration.settings import UserError

    if ticket_url is not None and (
        "{id}" not in ticket_url or not ticket_url.startswith(("https://", "http://"))
    ):
        raise UserError(
            "--ticket-url is no address of a ticket: write it as"
            " https://helpdesk.example/tickets/{id}"
        )
    serve.run(
        serve.Options(
            host=host,
            port=port,
            token=access.read_token(token_file) if token_file else None,
            is_open=is_open,
            begins_at=clock.parsed(as_of) if as_of else None,
            every=every,
            limits=Limits(stale_after, marts_stale_after),
            ticket_url=ticket_url,
        ),
        click.echo,
    )
