"""Write a sample world: `python -m orchestration.sample --people 2000 --days 60`."""

import sys
from datetime import date
from pathlib import Path

import click

from orchestration.sample import DAYS, PEOPLE, SEED, START, write_world
from orchestration.settings import UserError


@click.command()
@click.option("--people", default=PEOPLE, show_default=True, help="How many people.")
@click.option("--days", default=DAYS, show_default=True, help="How many days.")
@click.option(
    "--seed", default=SEED, show_default=True, help="Another seed, another world."
)
@click.option(
    "--start", default=START.isoformat(), show_default=True, help="First day."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("sample-world"),
    show_default=True,
    help="Folder to write into.",
)
def main(people: int, days: int, seed: int, start: str, out: Path) -> None:
    """Write a sample world and the truth about it into a folder."""
    try:
        first = date.fromisoformat(start)
    except ValueError:
        first = None
    try:
        if first is None:
            raise UserError(f"--start {start}: give a date such as 2026-01-05")
        report = write_world(out, people, days, seed, first)
    except UserError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    click.echo(
        f"{report.rows:,} rows in {report.files:,} files under {out}, "
        f"{report.seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
