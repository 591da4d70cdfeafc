"""Opens a file, or the members of an archive, as streams of bytes."""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, cast

from orchestration.settings import UserError

ARCHIVE_ERRORS = (
    EOFError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what a broken file or disk raises into one line naming the file."""
    try:
        yield
    except ARCHIVE_ERRORS as error:
        raise UserError(
            f"{path}: the archive is damaged or is no archive ({error or 'cut short'})"
        ) from error
    except RuntimeError as error:
        if "password" not in str(error):
            raise
        raise UserError(f"{path}: the archive asks for a password") from error
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file or folder") from error
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror or error})"
        ) from error


def members(path: Path, pattern: str | None) -> Iterator[tuple[str, BinaryIO]]:
    """Yield name and stream of a file, or of each member that fits the pattern."""
    name = path.name
    if name.endswith((".tar.gz", ".tgz", ".tar")):
        yield from _tar_members(path, pattern)
    elif name.endswith(".zip"):
        yield from _zip_members(path, pattern)
    elif name.endswith(".gz"):
        with gzip.open(path) as stream:
            yield name, cast(BinaryIO, stream)
    else:
        with path.open("rb") as stream:
            yield name, stream


def _wanted(name: str, pattern: str | None) -> bool:
    if pattern:
        return fnmatchcase(name.removeprefix("./"), pattern)
    return not name.startswith("__MACOSX/") and not name.split("/")[-1].startswith(".")


def _tar_members(path: Path, pattern: str | None) -> Iterator[tuple[str, BinaryIO]]:
    found = False
    # streamed, so that memory and time do not depend on the number of members
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            if member.isfile() and _wanted(member.name, pattern):
                found = True
                stream = archive.extractfile(member)
                if stream is not None:
                    yield f"{path.name}!{member.name}", cast(BinaryIO, stream)
    _require(path, pattern, found)


def _zip_members(path: Path, pattern: str | None) -> Iterator[tuple[str, BinaryIO]]:
    found = False
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir() and _wanted(member.filename, pattern):
                found = True
                with archive.open(member) as stream:
                    yield f"{path.name}!{member.filename}", cast(BinaryIO, stream)
    _require(path, pattern, found)


def _require(path: Path, pattern: str | None, found: bool) -> None:
    if not found:
        wanted = f" named {pattern}" if pattern else ""
        raise UserError(f"{path}: the archive holds no file{wanted}")
