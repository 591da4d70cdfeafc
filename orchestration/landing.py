"""Land files from the command line: which go to which source, and what came of it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from orchestration.database import connections
from orchestration.settings import UserError

if TYPE_CHECKING:
    from orchestration.load.warehouse import FileResult


def by_source(folder: Path) -> tuple[list[tuple[str, Path]], list[str]]:
    """Return each source that has a folder here, and the folders that have none."""
    from orchestration.raw.sources import SOURCES

    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; it should hold one per source")
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    known = [(path.name, path) for path in folders if path.name in SOURCES]
    if not known:
        raise UserError(
            f"{folder} has no folder named after a source: {', '.join(sorted(SOURCES))}"
        )
    return known, [path.name for path in folders if path.name not in SOURCES]


def count_files(paths: Sequence[Path]) -> int:
    """Return how many files lie in the paths."""
    return sum(
        sum(1 for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else 1
        for path in paths
    )


def land(
    source: str,
    paths: Sequence[Path],
    table: str | None,
    progress: Callable[[object, int], None],
) -> list["FileResult"]:
    """Land files of one source, each whole or not at all."""
    from orchestration.load import warehouse

    return warehouse.load_files(
        connections.dsn(), source, list(paths), table=table, progress=progress
    )


def show(results: Sequence["FileResult"], console: Console) -> None:
    """Print rows per table, and the columns nobody declared."""
    table = Table(
        title="Landed",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for name in ("source", "table"):
        table.add_column(name, overflow="fold")
    for name in ("files", "known before", "rows", "unreadable", "seconds"):
        table.add_column(name, justify="right")
    groups: dict[tuple[str, str], list[FileResult]] = defaultdict(list)
    for result in results:
        if result.table is None:
            console.print(f"left alone: {result.file} (no table of {result.source})")
        else:
            groups[result.source, result.table].append(result)
    for (source, name), found in sorted(groups.items()):
        fresh = [result for result in found if not result.already_loaded]
        table.add_row(
            source,
            name,
            f"{len(fresh):,}",
            f"{len(found) - len(fresh):,}",
            f"{sum(result.rows for result in fresh):,}",
            f"{sum(result.unreadable for result in fresh):,}",
            f"{sum(result.seconds for result in fresh):.1f}",
        )
    console.print(table)
    extra = {
        (result.source, result.table, column)
        for result in results
        for column in result.extra_columns
    }
    for source, name, column in sorted(extra):
        console.print(f"{source}.{name}: column {column} is new; kept in _extra")
