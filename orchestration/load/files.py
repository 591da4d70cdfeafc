"""Finds the files a load was asked for and the tables each of them feeds."""

import difflib
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestration.raw.sources import SOURCES, Format, Source, Table
from orchestration.settings import UserError


@dataclass(frozen=True)
class Feed:
    """One file, and the tables it feeds with the format of each."""

    path: Path
    tables: tuple[tuple[Table, Format], ...]


def find_source(name: str) -> Source:
    """Return the source of this name; UserError with the nearest name."""
    if name in SOURCES:
        return SOURCES[name]
    nearest = difflib.get_close_matches(name, SOURCES, n=1)
    meant = f"did you mean '{nearest[0]}'? " if nearest else ""
    raise UserError(
        f"unknown source '{name}': {meant}declared are {', '.join(SOURCES)}"
    )


def find_tables(source: Source, name: str | None) -> tuple[Table, ...]:
    """Return the tables to load: all of the source, or the one named."""
    if name is None:
        return source.tables
    found = tuple(table for table in source.tables if table.name == name)
    if not found:
        names = ", ".join(table.name for table in source.tables)
        raise UserError(f"source '{source.name}' has no table '{name}': it has {names}")
    return found


def find_feeds(
    source: Source, tables: tuple[Table, ...], paths: Iterable[str | os.PathLike[str]]
) -> tuple[list[Feed], list[Path]]:
    """Return the files to load, in order of name, and the files of no table.

    Folders are walked. A file named by the user that fits no pattern is an error,
    as is a folder in which nothing fits.
    """
    feeds: list[Feed] = []
    ignored: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
        names = sorted(_walk(path)) if path.is_dir() else [path]
        found = [_feed(name, tables) for name in names]
        fitting = [feed for feed in found if feed.tables]
        if not fitting:
            patterns = ", ".join(f.files for table in tables for f in table.formats)
            what = "no file in it fits" if path.is_dir() else "its name fits no"
            raise UserError(
                f"{path}: {what} pattern of source '{source.name}': {patterns}"
            )
        feeds += fitting
        ignored += [feed.path for feed in found if not feed.tables]
    return list(dict.fromkeys(feeds)), ignored


def _walk(folder: Path) -> Iterable[Path]:
    # hidden files and what Excel leaves beside an open workbook are no exports
    return (
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith((".", "~$"))
    )


def _feed(path: Path, tables: tuple[Table, ...]) -> Feed:
    fitting = []
    for table in tables:
        format_ = next((f for f in table.formats if f.matches(path.name)), None)
        if format_ is not None:
            fitting.append((table, format_))
    return Feed(path, tuple(fitting))


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes; UserError when it is empty."""
    try:
        with path.open("rb") as stream:
            if not os.fstat(stream.fileno()).st_size:
                raise UserError(f"{path}: the file is empty (0 bytes)")
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{path}: cannot be read ({reason})") from error
