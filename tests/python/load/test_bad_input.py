"""What is wrong with a file is said in one line, and nothing lands by halves."""

import gzip
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.load import warehouse
from orchestration.raw.sources import Format
from orchestration.settings import UserError
from tests.python.load.conftest import THINGS, Landing, Landings
from tests.python.load.test_formats import HEADER, ROW, _archive, with_format

GOOD = "T{},name,1,1,1,yes,2026-01-04,2026-01-05T01:03:22Z\n"


def refuse(landing: Landing, *paths: Path, table: str | None = None) -> str:
    """Load, expect one clear line and an empty warehouse, return the line."""
    with pytest.raises(UserError) as caught:
        landing.load(*paths, table=table)
    message = str(caught.value)
    assert "\n" not in message
    assert landing.is_empty()
    return message


def test_a_missing_file_is_named(things: Landing) -> None:
    """No such file."""
    message = refuse(things, things.folder / "things_9.csv")
    assert message.endswith("things_9.csv: no such file or folder")


def _zip_locked() -> bytes:
    data = bytearray(_archive("zip", {"things.csv": b"x"}))
    # the flag that says a member is encrypted, in both headers
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


BROKEN: list[tuple[str, Callable[[], bytes], str]] = [
    ("things_1.csv", lambda: b"", "empty (0 bytes)"),
    ("things_1.csv", lambda: b"\n\n", "not even a header"),
    ("things_1.csv.gz", lambda: b"", "not even a header"),
    ("things_1.csv", lambda: bytes(range(256)) * 50, "binary file"),
    ("things_1.csv", lambda: gzip.compress(HEADER.encode()), "this is a gzip file"),
    ("things_1.csv", lambda: b"PAR1" + bytes(90), "this is a Parquet file"),
    ("things_1.csv", lambda: HEADER.encode("utf-16"), "this is UTF-16"),
    ("things_1.csv", lambda: b"\xff\xe9," + HEADER.encode(), "the header holds bytes"),
    ("things_1.csv", lambda: HEADER.replace(",", ";").encode(), "looks like ';'"),
    ("things_1.csv", lambda: HEADER.replace(",", "\t").encode(), "looks like a tab"),
    ("things_1.csv", lambda: b"x" * 300_000, "no line end"),
    ("things_1.csv", lambda: b"name," + HEADER.encode(), "'name' stands twice"),
    (
        "things_1.csv",
        lambda: HEADER.replace("thing_id", "thing-id").encode(),
        "column 'thing_id' of things is missing (renamed to 'thing-id'?); the file has",
    ),
    ("things_1.csv.zip", lambda: b"PK\x03\x04 and nothing", "damaged or is no archive"),
    ("things_1.csv.zip", _zip_locked, "asks for a password"),
]


@pytest.mark.parametrize(("name", "content", "said"), BROKEN)
def test_a_file_that_cannot_be_read(
    things: Landing, name: str, content: Callable[[], bytes], said: str
) -> None:
    """The line names the file and the reason."""
    message = refuse(things, things.file(name, content()))
    assert said in message
    assert name in message


def test_an_archive_cut_short_changes_nothing(things: Landing) -> None:
    """Rows before the cut do not stay."""
    rows = "".join(GOOD.format(i * 7919) for i in range(100_000))
    whole = gzip.compress((HEADER + rows).encode())
    path = things.folder / "things_1.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refuse(things, path)
    path.write_bytes(b"this is no archive")
    assert "damaged or is no archive" in refuse(things, path)


@pytest.mark.parametrize("name", ["things_1.zip", "things_1.tgz", "things_1.tar"])
def test_an_archive_without_the_member(landings: Landings, name: str) -> None:
    """The pattern it was searched by is named."""
    landing = landings(with_format(Format("things_*", members="*/*.tsv")))
    kind = {"zip": "zip", "tgz": "gz", "tar": ""}[name.split(".")[1]]
    path = landing.file(name, _archive(kind, {"a.csv": b"x"}))
    assert "holds no file named */*.tsv" in refuse(landing, path)
    path.write_bytes(b"\0" * 100 + b"junk" * 300)
    refuse(landing, path)


@pytest.mark.parametrize(
    ("reader", "said"), [("xlsx", "Excel"), ("parquet", "Parquet")]
)
def test_text_under_the_name_of_another_kind(
    landings: Landings, reader: str, said: str
) -> None:
    """A CSV renamed to .xlsx or .parquet."""
    landing = landings(with_format(Format("things_*", reader)))
    path = landing.file(f"things_1.{reader}", HEADER + ROW)
    assert said in refuse(landing, path)


def test_json_of_another_shape(landings: Landings) -> None:
    """An array where lines are declared; lines that lack a required field."""
    landing = landings(with_format(Format("things_*", "json_lines")))
    path = landing.file("things_1.jsonl", '[{"thing_id": "T1"}]')
    assert "one JSON array" in refuse(landing, path)
    path = landing.file("things_2.jsonl", '{"thing-id": "T1"}\n')
    assert "'thing_id' of things is missing (renamed" in refuse(landing, path)


def test_a_new_column_is_kept_and_reported(things: Landing) -> None:
    """It lands in `_extra`, where it has a value."""
    header = HEADER.replace("name", "colour,name")
    rows = ROW.replace("T1", "T1,red") + ROW.replace("T1", "T2,")
    result = things.land("things_1.csv", header + rows)
    assert (result.rows, result.extra_columns) == (2, ("colour",))
    extras = things.column("select _extra from {}.things order by _row_id")
    assert extras == [{"colour": "red"}, None]


def test_an_optional_column_may_be_missing(things: Landing) -> None:
    """Only required columns are asked for."""
    things.land("things_1.csv", "seen_at,thing_id\n2026-01-05T01:03:22Z,T1\n")
    assert things.query("select thing_id, name from {}.things") == [("T1", None)]


def test_a_header_alone_is_a_file_of_no_rows(things: Landing) -> None:
    """A day without contacts is no error."""
    assert things.land("things_1.csv", HEADER).rows == 0
    assert things.land("things_2.csv.gz", HEADER.strip()).rows == 0


def test_bad_rows_are_set_aside(things: Landing) -> None:
    """Each with its row, reason and text; the rest of the file lands."""
    rows: list[bytes] = [GOOD.format(i).encode() for i in range(20)]
    rows[3] = b"T3,too,few\n"
    rows[5] = b"T5,\xff\xe9t\xe9,1,1,1,yes,2026-01-04,2026-01-05T01:03:22Z\n"
    rows[7] = b"T7,a\0b,1,1,1,yes,2026-01-04,2026-01-05T01:03:22Z\n"
    rows[9] = b"T9,x,1.5,1,1,yes,2026-01-04,2026-01-05T01:03:22Z\n"
    rows[11] = b"T11,x,1,1,1,perhaps,2026-02-30,2026-01-05T01:03:22Z\n"
    rows[13] = b",x,1,1,1,yes,2026-01-04,2026-01-05T01:03:22Z\n"
    rows[15] = b"T15,x,1,1,nan,yes,2026-01-04,2026-01-05T01:03:22Z\n"
    rows[17] = b"%s,x,1,1,1,yes,2026-01-04,2026-01-05T01:03:22Z\n" % (b"T" * 3000)
    result = things.land("things_1.csv", HEADER.encode() + b"".join(rows))
    assert (result.rows, result.unreadable) == (12, 8)
    landed = things.query("select _source_row, thing_id from {}.things order by 1")
    assert landed == [(i + 1, f"T{i}") for i in range(20) if i % 2 == 0 or i in (1, 19)]
    bad = things.query(
        "select _source_row, reason, left(raw_text, 20), table_name, _source_name"
        " from {}._unreadable order by 1"
    )
    assert [row[0] for row in bad] == [4, 6, 8, 10, 12, 14, 16, 18]
    assert {row[3:] for row in bad} == {("things", "things_1.csv")}
    reasons = [row[1] for row in bad]
    assert reasons[0] == "3 fields where the header has 8"
    assert reasons[1] == "bytes that are not utf-8"
    assert reasons[3:] == [
        "column size: '1.5' is no whole number",
        "column is_new: 'perhaps' is no yes or no",
        "column thing_id: the key is empty",
        "column weight: 'nan' is no number",
        "column thing_id: the key is too long",
    ]
    assert bad[0][2] == "T3,too,few"
    assert bad[1][2] == r"T5,\xff\xe9t\xe9,1,1"
    assert bad[2][2].startswith(r"T7,a\x00b")


def test_bytes_that_do_not_decode_in_gb18030(landings: Landings) -> None:
    """The row is set aside; its neighbours are whole."""
    landing = landings(with_format(Format("things_*", encoding="gb18030")))
    rows = [GOOD.replace("name", "服务").format(i).encode("gb18030") for i in range(9)]
    rows[4] = rows[4].replace("服务".encode("gb18030"), b"\xb7\xff\x80")
    result = landing.land("things_1.csv", HEADER.encode() + b"".join(rows))
    assert (result.rows, result.unreadable) == (8, 1)
    assert landing.column("select _source_row from {}._unreadable") == [5]
    assert set(landing.column("select name from {}.things")) == {"服务"}


def test_a_file_in_another_encoding_is_refused(things: Landing) -> None:
    """When most rows do not decode, the declaration is wrong, not the rows."""
    rows = "".join(GOOD.replace("name", "服务人员").format(i) for i in range(5))
    path = things.file("things_1.csv", HEADER + rows, "gb18030")
    message = refuse(things, path)
    assert "is not utf-8: 5 of 5 rows" in message


def test_a_file_of_bad_rows_is_refused(things: Landing) -> None:
    """More bad rows than good ones, and not just a few."""
    rows = "T,1,2\n" * 12 + GOOD.format(1)
    message = refuse(things, things.file("things_1.csv", HEADER + rows))
    assert "12 of 13 rows cannot be read, first row 1: 3 fields" in message


def test_a_stray_quote_costs_one_row(things: Landing) -> None:
    """The lines that an unclosed quote swallows are read again."""
    rows = [GOOD.format(i) for i in range(6)]
    rows[2] = rows[2].replace("name", '"name')
    result = things.land("things_1.csv", HEADER + "".join(rows))
    assert (result.rows, result.unreadable) == (5, 1)
    ids = things.column("select thing_id from {}.things")
    assert sorted(ids) == ["T0", "T1", "T3", "T4", "T5"]
    assert "never closed" in things.column("select reason from {}._unreadable")[0]


def test_a_bad_record_of_several_lines_is_one(things: Landing) -> None:
    """It is not taken for a stray quote."""
    bad = 'T9,"two\nlines",too,few\n'
    content = HEADER + GOOD.format(1) + "\n" + bad + GOOD.format(2)
    result = things.land("things_1.csv", content)
    assert (result.rows, result.unreadable) == (2, 1)
    landed = things.query("select thing_id, _source_row from {}.things order by 1")
    assert landed == [("T1", 1), ("T2", 3)]
    assert things.query("select _source_row, reason, raw_text from {}._unreadable") == [
        (2, "4 fields where the header has 8", bad.strip())
    ]


def test_a_file_that_changes_while_it_is_read_is_refused(
    things: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hash would speak of other rows."""
    path = things.file("things_1.csv", HEADER + GOOD.format(1))
    hashed = warehouse.content_hash

    def hash_then_write(of: Path) -> str:
        digest = hashed(of)
        path.write_text(HEADER + GOOD.format(1) + GOOD.format(2))
        return digest

    monkeypatch.setattr(warehouse, "content_hash", hash_then_write)
    assert "changed while it was read" in refuse(things, path)


def test_a_role_that_may_not_create_is_told_so(
    things: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's reason, in one line."""
    path = things.file("things_1.csv", HEADER)
    with monkeypatch.context() as patch:
        patch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
        assert "cannot be made or read" in refuse(things, path)


def test_unknown_names_are_said_with_what_there_is(things: Landing) -> None:
    """Source, table, pattern."""
    path = things.file("things_1.csv", HEADER)
    with pytest.raises(
        UserError, match="unknown source 'phones': did you mean 'phone'"
    ):
        warehouse.load_files(things.dsn, "phones", [path])
    assert "has no table 'thing': it has things" in refuse(things, path, table="thing")
    other = things.file("other.csv", HEADER)
    assert "fits no pattern of source" in refuse(things, other)
    assert "things_*.csv" in refuse(things, other)


def test_other_files_of_a_folder_are_reported(things: Landing) -> None:
    """They stop nothing; hidden files are not even reported."""
    things.file("in/deep/things_1.csv", HEADER + ROW)
    things.file("in/readme.txt", "hello")
    things.file("in/.DS_Store", "hello")
    results = things.load(things.folder / "in")
    assert [(Path(r.file).name, r.table, r.rows) for r in results] == [
        ("readme.txt", None, 0),
        ("things_1.csv", "things", 1),
    ]
    (things.folder / "empty").mkdir()
    with pytest.raises(UserError, match="no file in it fits"):
        things.load(things.folder / "empty")


def test_one_bad_file_does_not_keep_the_others_out(things: Landing) -> None:
    """The error names it and says that the others are loaded."""
    things.file("in/things_1.csv", HEADER + GOOD.format(1))
    things.file("in/things_2.csv", b"")
    things.file("in/things_3.csv", HEADER + GOOD.format(3))
    with pytest.raises(UserError, match=r"things_2\.csv: .*\(2 other files are loaded"):
        things.load(things.folder / "in")
    assert things.column("select thing_id from {}.things") == ["T1", "T3"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(things: Landing) -> None:
    """Named, with the system's reason."""
    path = things.file("things_1.csv", HEADER)
    path.chmod(0)
    assert "Permission denied" in refuse(things, path)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:secret@127.0.0.1:1/frontdesk",
        "postgresql:/me:secret@127.0.0.1/x",
        "postgresql://me:secret@127.0.0.1:port/frontdesk",
        "host=127.0.0.1 port=1 password=secret",
        "nonsense secret",
    ],
)
def test_a_bad_dsn_is_one_line_without_the_password(things: Landing, dsn: str) -> None:
    """Malformed, or nobody listens."""
    path = things.file("things_1.csv", HEADER)
    with pytest.raises(UserError) as caught:
        warehouse.load_files(dsn, things.source.name, [path])
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_password_is_not_repeated(things: Landing) -> None:
    """The server refuses; the line says whom and where."""
    head, tail = things.dsn.rsplit("@", 1)
    user = head.rsplit(":", 1)[0]
    with pytest.raises(UserError, match="cannot connect to database") as caught:
        warehouse.load_files(
            f"{user}:wrong-one@{tail}",
            things.source.name,
            [things.file("things_1.csv", HEADER)],
        )
    assert "wrong-one" not in str(caught.value)


class Cutter:
    """Stands between loader and server and cuts every connection after some bytes."""

    def __init__(self, host: str, port: int, limit: int) -> None:
        """Listen on a free port of this machine."""
        self._target = (host, port)
        self._limit = limit
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            for source, target in ((client, server), (server, client)):
                args = (source, target, client, server)
                threading.Thread(target=self._pump, args=args, daemon=True).start()

    def _pump(
        self,
        source: socket.socket,
        target: socket.socket,
        client: socket.socket,
        server: socket.socket,
    ) -> None:
        passed = 0
        try:
            while data := source.recv(65_536):
                passed += len(data)
                if passed > self._limit:
                    break
                target.sendall(data)
        except OSError:
            pass
        # closing alone does not wake the thread that still reads
        for side in (client, server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()


def test_a_lost_connection_leaves_nothing_and_can_be_resumed(things: Landing) -> None:
    """The server goes away in the middle of a file."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    given = conninfo_to_dict(things.dsn)
    rows = "".join(GOOD.format(i) for i in range(60_000))
    path = things.file("things_1.csv", HEADER + rows)
    cutter = Cutter(str(given["host"]), int(given["port"] or 5432), 3_000_000)
    cut = make_conninfo(things.dsn, host="127.0.0.1", port=cutter.port)
    with pytest.raises(UserError, match="lost the connection to the warehouse"):
        warehouse.load_files(cut, things.source.name, [path])
    cutter.close()
    assert things.is_empty()
    (result,) = things.load(path)
    assert (result.rows, things.column("select count(*) from {}.things")) == (
        60_000,
        [60_000],
    )


def test_the_rule_of_one_declaration(landings: Landings) -> None:
    """A column added to a declaration is added to the table."""
    landing = landings(THINGS)
    landing.land("things_1.csv", HEADER + GOOD.format(1))
    (table,) = landing.source.tables
    added = replace(table.columns[1], name="colour", source=None)
    newer = replace(table, columns=(*table.columns, added))
    from orchestration.raw import sources

    sources.SOURCES[landing.source.name] = replace(landing.source, tables=(newer,))
    header = HEADER.replace("name", "colour,name")
    landing.land("things_2.csv", header + GOOD.format("2,red"))
    colours = landing.query("select thing_id, colour from {}.things order by 1")
    assert colours == [("T1", None), ("T2", "red")]
