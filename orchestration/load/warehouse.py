"""Append a batch to raw, once."""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg
import pyarrow as pa
from adbc_driver_manager import dbapi as adbc
from adbc_driver_postgresql import dbapi as adbc_postgresql
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestration.load.files import (
    Feed,
    content_hash,
    find_feeds,
    find_source,
    find_tables,
)
from orchestration.load.readers import read_file
from orchestration.raw.casting import cast_chunk
from orchestration.raw.rows import BadRow
from orchestration.raw.schema import UNREADABLE, ensure_raw
from orchestration.raw.sources import SOURCES, Format, Source, Table
from orchestration.settings import UserError

__all__ = [
    "FileResult",
    "SourceCount",
    "connect",
    "ensure_raw",
    "load_files",
    "source_counts",
]

Progress = Callable[[str, int], None]
Prepared = tuple[pa.RecordBatch, list[BadRow], str, tuple[str, ...]]

CONNECTION = {
    "application_name": "frontdesk load",
    "connect_timeout": 10,
    # a server that vanishes without a word is noticed within a minute
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
# beyond these a file is not a file with bad rows but the wrong file
HOPELESS_ROWS = 10
HOPELESS_BYTES_ROWS = 3
THREAD_ROWS = 5_000
ANALYZE_SHARE = 0.1
ANALYZE_ROWS = 5_000

CLAIM = """
insert into frontdesk.batches (source_name, table_name, file_name, content_sha256)
values ($1, $2, $3, $4)
on conflict do nothing
returning batch_id
"""
COUNT = """
update frontdesk.batches
set row_count = $1, unreadable_count = $2
where batch_id = $3
"""
LANDED = """
select source_name, table_name, sum(row_count)::bigint, sum(unreadable_count)::bigint,
    count(*), max(loaded_at)
from frontdesk.batches
group by source_name, table_name
"""


@dataclass(frozen=True)
class FileResult:
    """What became of one file for one table; table None: no table takes the file."""

    source: str
    table: str | None
    file: str
    rows: int = 0
    unreadable: int = 0
    already_loaded: bool = False
    extra_columns: tuple[str, ...] = ()
    seconds: float = 0.0


class RefusedFilesError(UserError):
    """Files that cannot be read at all; the readable ones of the load have landed."""


@dataclass(frozen=True)
class SourceCount:
    """How much of one raw table has landed so far."""

    source: str
    table: str
    rows: int
    unreadable: int
    batches: int
    last_loaded_at: datetime | None


def connect(dsn: str) -> psycopg.Connection:
    """Return a connection; UserError, without the password, when there is none."""
    try:
        return psycopg.connect(_conninfo(dsn))
    except psycopg.OperationalError as error:
        raise _no_connection(dsn, error) from None


def load_files(
    dsn: str,
    source_name: str,
    paths: Iterable[str | os.PathLike[str]],
    table: str | None = None,
    progress: Progress | None = None,
) -> list[FileResult]:
    """Land files of one source, each in one transaction, each at most once.

    Args:
        dsn: the warehouse, as libpq understands it.
        source_name: a name in SOURCES.
        paths: files, or folders to walk.
        table: load this table only.
        progress: called with the file and the rows of it landed so far.

    Raises:
        RefusedFilesError: when files cannot be read; the readable ones have landed.
        UserError: when the source, a path or the server is not there.
    """
    source = find_source(source_name)
    feeds, ignored = find_feeds(source, find_tables(source, table), paths)
    landed = _ready(dsn, source)
    results = [FileResult(source.name, None, str(path)) for path in ignored]
    failures: list[UserError] = []
    with closing(_connect_adbc(dsn)) as bulk:
        loader = _Loader(bulk, source, landed, progress or (lambda file, rows: None))
        for feed in feeds:
            try:
                results += loader.load(feed)
            except _LostError:
                raise
            except UserError as error:
                failures.append(error)
        loader.finish()
    if failures:
        others = len(feeds) - len(failures)
        more = f"; {len(failures) - 1} more failed" if len(failures) > 1 else ""
        rest = f" ({others} other files are loaded{more})" if len(feeds) > 1 else ""
        raise RefusedFilesError(f"{failures[0]}{rest}") from failures[0]
    return results


def source_counts(conn: psycopg.Connection) -> list[SourceCount]:
    """Return what has landed for every declared table, zero where nothing has."""
    landed = {}
    if conn.execute("select to_regclass('frontdesk.batches')").fetchone() != (None,):
        landed = {(row[0], row[1]): row[2:] for row in conn.execute(LANDED)}
    return [
        SourceCount(
            source.name, table.name, *landed.get((source.name, table.name), NOTHING)
        )
        for source in SOURCES.values()
        for table in source.tables
    ]


NOTHING = (0, 0, 0, None)


class _LostError(UserError):
    """The warehouse is gone: no use in trying the next file."""


def _conninfo(dsn: str) -> str:
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.Error:
        raise UserError(
            "the DSN is malformed: write postgresql://user:password@host:port/database"
        ) from None
    added = {name: v for name, v in CONNECTION.items() if name not in given}
    return make_conninfo(dsn, **added)


def _connect_adbc(dsn: str) -> adbc_postgresql.Connection:
    try:
        # transactions are begun by hand: the driver's own way begins one again after
        # each COPY, and the server logs a warning each time
        return adbc_postgresql.connect(_conninfo(dsn), autocommit=True)
    except adbc.Error as error:
        raise _no_connection(dsn, error) from None


def _no_connection(dsn: str, error: Exception) -> UserError:
    given = conninfo_to_dict(dsn)
    place = f"{given.get('host', 'localhost')}:{given.get('port', 5432)}"
    reason = _first_line(error)
    password = given.get("password")
    if password:
        reason = reason.replace(str(password), "***")
    return _LostError(
        f"cannot connect to database '{given.get('dbname', '')}' on {place}: {reason}"
    )


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
    for noise in ("[libpq] ", "Failed to connect: ", "PGRES_FATAL_ERROR "):
        text = text.replace(noise, "")
    if "FATAL:" in text:
        text = text.split("FATAL:", 1)[1].strip()
    return text


def _ready(dsn: str, source: Source) -> set[tuple[str, str]]:
    """Make the raw tables where they are missing; return what has landed."""
    query = (
        "select table_name, content_sha256 from frontdesk.batches"
        " where source_name = %s"
    )
    with closing(connect(dsn)) as conn:
        try:
            ensure_raw(conn, (source,))
            conn.commit()
            return set(conn.execute(query, (source.name,)))
        except psycopg.Error as error:
            raise UserError(
                f"the raw tables of '{source.name}' cannot be made or read:"
                f" {_first_line(error)}"
            ) from error


@dataclass
class _Tally:
    """What one file has given one table so far."""

    rows: int = 0
    unreadable: int = 0
    bad_bytes: int = 0
    first_reason: str = ""
    extras: dict[str, None] = field(default_factory=dict)

    def add(self, rows: int, bad: list[BadRow], extras: tuple[str, ...]) -> None:
        self.rows += rows
        self.unreadable += len(bad)
        self.bad_bytes += sum(b.reason.startswith("bytes that are not") for b in bad)
        if bad and not self.first_reason:
            self.first_reason = f"row {bad[0].row}: {bad[0].reason}"
        self.extras.update(dict.fromkeys(extras))

    def refuse_hopeless(self, path: Path, format_: Format) -> None:
        """Refuse a file most of whose rows are bad: it is the wrong file."""
        if self.unreadable <= self.rows:
            return
        share = f"{self.unreadable} of {self.rows + self.unreadable} rows"
        if self.bad_bytes >= HOPELESS_BYTES_ROWS and self.bad_bytes > self.rows:
            raise UserError(
                f"{path}: this is not {format_.encoding}: {share} hold bytes that do "
                "not decode; declare the encoding of the file"
            )
        if self.unreadable >= HOPELESS_ROWS:
            raise UserError(
                f"{path}: {share} cannot be read, first {self.first_reason}"
            )


class _Loader:
    """Lands files over one ADBC connection, one transaction each.

    ADBC, because its binary COPY of Arrow arrays costs the client a third and the
    server four fifths of what text costs. psycopg could not share its transaction,
    so the few other statements run here too.
    """

    def __init__(
        self,
        conn: adbc_postgresql.Connection,
        source: Source,
        landed: set[tuple[str, str]],
        progress: Progress,
    ) -> None:
        self._conn = conn
        self._source = source
        self._landed = landed
        self._progress = progress
        self._known: dict[str, float] = {}
        self._fresh: dict[str, int] = {}

    def load(self, feed: Feed) -> list[FileResult]:
        """Land one file for all its tables, or nothing of it."""
        before = _stamp(feed.path)
        digest = content_hash(feed.path)
        try:
            self._execute("begin")
            results = [
                self._load_table(feed.path, digest, table, format_)
                for table, format_ in feed.tables
            ]
            if _stamp(feed.path) != before:
                raise UserError(f"{feed.path}: the file changed while it was read")
            self._execute("commit")
        except adbc.Error as error:
            raise _database_error(feed.path, error, alive=self._rollback()) from error
        except BaseException:
            self._rollback()
            raise
        self._landed.update((table.name, digest) for table, _ in feed.tables)
        return results

    def finish(self) -> None:
        """Give the planner statistics of tables that many small files have grown."""
        try:
            for name, fresh in self._fresh.items():
                if fresh > ANALYZE_SHARE * self._known[name]:
                    self._execute(self._analyze(name))
        except adbc.Error as error:
            name = Path(self._source.name)
            raise _database_error(name, error, alive=self._rollback()) from error

    def _load_table(
        self, path: Path, digest: str, table: Table, format_: Format
    ) -> FileResult:
        started = time.monotonic()
        seen = FileResult(self._source.name, table.name, str(path), already_loaded=True)
        if (table.name, digest) in self._landed:
            return seen
        # waits here while another load of the same content is under way
        claim = (self._source.name, table.name, path.name, digest)
        claimed = self._execute(CLAIM, claim)
        if not claimed:
            return seen
        batch_id = int(claimed[0][0])
        tally = _Tally()
        for batch, bad, member, extras in _prefetched(_prepare(path, table, format_)):
            self._append(table, batch_id, batch)
            self._append_bad(table, batch_id, member, bad)
            tally.add(batch.num_rows, bad, extras)
            self._progress(str(path), tally.rows + tally.unreadable)
        tally.refuse_hopeless(path, format_)
        self._execute(COUNT, (tally.rows, tally.unreadable, batch_id))
        self._analyze_grown(table.name, tally.rows)
        return FileResult(
            self._source.name,
            table.name,
            str(path),
            tally.rows,
            tally.unreadable,
            extra_columns=tuple(tally.extras),
            seconds=time.monotonic() - started,
        )

    def _append(self, table: Table, batch_id: int, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        if batch.column("_extra").null_count == batch.num_rows:
            batch = batch.drop_columns("_extra")
        self._ingest(table.name, batch_id, batch)

    def _append_bad(
        self, table: Table, batch_id: int, member: str, bad: list[BadRow]
    ) -> None:
        if not bad:
            return
        columns = {
            "table_name": pa.array([table.name] * len(bad)),
            "_source_name": pa.array([member] * len(bad)),
            "_source_row": pa.array([b.row for b in bad], pa.int64()),
            "reason": pa.array([b.reason.replace("\0", "\\x00") for b in bad]),
            "raw_text": pa.array([b.raw_text for b in bad], pa.string()),
        }
        self._ingest(UNREADABLE, batch_id, pa.RecordBatch.from_pydict(columns))

    def _ingest(self, name: str, batch_id: int, batch: pa.RecordBatch) -> None:
        ids = pa.repeat(pa.scalar(batch_id, pa.int64()), batch.num_rows)
        with self._conn.cursor() as cursor:
            cursor.adbc_ingest(
                name,
                batch.append_column("_batch_id", ids),
                mode="append",
                db_schema_name=self._source.schema,
            )

    def _execute(
        self, statement: str, parameters: tuple[str | int, ...] = ()
    ) -> list[tuple]:
        with self._conn.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def _analyze(self, name: str) -> str:
        table = sql.Identifier(self._source.schema, name)
        return sql.SQL("analyze {}").format(table).as_string(None)

    def _analyze_grown(self, name: str, rows: int) -> None:
        """Analyze a table that this run has grown by more than a tenth."""
        if name not in self._known:
            found = self._execute(
                "select greatest(reltuples, 0)::float8 from pg_catalog.pg_class"
                " where oid = to_regclass($1)",
                (f"{self._source.schema}.{name}",),
            )
            self._known[name] = float(found[0][0]) if found else 0.0
        self._fresh[name] = self._fresh.get(name, 0) + rows
        if self._fresh[name] > ANALYZE_SHARE * self._known[name] + ANALYZE_ROWS:
            self._execute(self._analyze(name))
            self._known[name] += self._fresh[name]
            self._fresh[name] = 0

    def _rollback(self) -> bool:
        """Roll back; return whether the connection lives."""
        try:
            self._execute("rollback")
            return bool(self._execute("select 1"))
        except adbc.Error:
            # a lost connection has rolled back by itself
            return False


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _prepare(path: Path, table: Table, format_: Format) -> Iterator[Prepared]:
    for chunk in read_file(path, table, format_):
        batch, bad = cast_chunk(table, format_, chunk)
        yield batch, bad, chunk.path, chunk.extras


def _prefetched(source: Iterator[Prepared]) -> Iterator[Prepared]:
    """Read the next rows in a thread while the server takes the last ones."""
    # most files have few rows, and need no thread
    for first in source:
        yield first
        if first[0].num_rows >= THREAD_ROWS:
            break
    else:
        return
    ready: queue.Queue[Prepared | BaseException | None] = queue.Queue(maxsize=1)
    stopped = threading.Event()

    def put(item: Prepared | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                return ready.put(item, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in source:
                put(item)
                if stopped.is_set():
                    return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=work, daemon=True, name="frontdesk-reader")
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


def _database_error(path: Path, error: adbc.Error, *, alive: bool) -> UserError:
    text = str(error)
    if not alive:
        return _LostError(
            f"{path}: lost the connection to the warehouse; nothing of this file has "
            "landed: start the server and run the same command again"
        )
    reason = text.split("ERROR:", 1)[-1].strip().splitlines()[0]
    return UserError(f"{path}: the warehouse refused the rows: {reason}")
