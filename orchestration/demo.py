"""The parts of `frontdesk sample` and `frontdesk demo`."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.settings import UserError

MARKER = "world.json"
DAYS = 60
NEXT = """
[bold]What to do next[/bold] (source .venv/bin/activate, then)
  frontdesk ui                 runs, lineage and checks in the browser
  frontdesk status --quality   how much of the injected dirt was found
  frontdesk psql -c 'select * from marts.kpi_channel_daily'
                               ask the marts yourself, with any tool: frontdesk dsn
  frontdesk docs               one page about every table, column and metric
"""


@dataclass(frozen=True)
class World:
    """What makes a sample world: same values, same files."""

    people: int
    days: int
    seed: int
    start: date

    def describe(self) -> str:
        """Return the values as JSON."""
        values = {**vars(self), "start": self.start.isoformat()}
        return json.dumps(values, sort_keys=True)


def live_start(folder: Path) -> date:
    """Return the first day of a world that ended yesterday, or of the one that is here.

    A wall compares today with the same day of last week.
    """
    marker = folder / MARKER
    if marker.exists() and (text := marker.read_text()):
        return date.fromisoformat(json.loads(text)["start"])
    return date.today() - timedelta(days=DAYS)


def write_sample(
    folder: Path,
    world: World,
    say: Callable[[str], None],
    progress: Callable[..., None] | None = None,
) -> None:
    """Write a world into a folder, unless exactly it lies there already."""
    from orchestration import sample

    marker = folder / MARKER
    if marker.exists():
        if marker.read_text() == world.describe():
            say(f"sample world is already in {folder}")
            return
        shutil.rmtree(folder)
    elif folder.exists() and any(folder.iterdir()):
        raise UserError(
            f"{folder} holds files of something else: name an empty folder with --out"
        )
    folder.mkdir(parents=True, exist_ok=True)
    # empty until the world is whole, so that a broken one is written anew
    marker.touch()
    report = sample.write_world(
        folder, world.people, world.days, world.seed, world.start, progress=progress
    )
    marker.write_text(world.describe())
    say(
        f"sample world: {report.rows:,} rows in {report.files:,} files,"
        f" {report.seconds:.1f} s, in {folder}"
    )


@contextmanager
def timed(part: str, seconds: dict[str, float]) -> Iterator[None]:
    """Note how long a part takes."""
    started = time.monotonic()
    yield
    seconds[part] = time.monotonic() - started


def summary(seconds: dict[str, float]) -> str:
    """Return how long each part took, and what to do next."""
    parts = ", ".join(f"{part} {spent:.1f} s" for part, spent in seconds.items())
    return f"[bold]Took[/bold] {parts}\n{NEXT}"
