"""Every way of writing a file lands the same rows."""

import datetime as dt
import io
import json
import tarfile
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.load.readers import delimited
from orchestration.raw.sources import Column, Format, Source, Table
from orchestration.settings import UserError
from tests.python.load.conftest import THINGS, Landing, Landings

UTC = dt.UTC
MOMENT = dt.datetime(2026, 1, 5, 1, 3, 22, tzinfo=UTC)
HEADER = "thing_id,name,size,price,weight,is_new,made_on,seen_at\n"
ROW = 'T1,"王, 芳\nsecond line",7,12.50,0.25,yes,2026-01-04,2026-01-05T09:03:22+08:00\n'
SELECT = (
    "select thing_id, name, size, price, weight, is_new, made_on, seen_at"
    " from {}.things order by _row_id"
)
LANDED = (
    "T1",
    "王, 芳\nsecond line",
    7,
    Decimal("12.5"),
    0.25,
    True,
    dt.date(2026, 1, 4),
    MOMENT,
)
EMPTY_ROW = "T2,,,,,,,2026-01-05T01:03:22Z\n"


def with_format(format_: Format) -> Source:
    """Return the source of things, written in another format."""
    (table,) = THINGS.tables
    return replace(THINGS, tables=(replace(table, formats=(format_,)),))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_may_lie_across_blocks(
    things: Landing, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Wherever a block ends, in a character or between the two marks of a line end."""
    monkeypatch.setattr(delimited, "BLOCK", 4096)
    for shift in range(12):
        name = "x" * shift
        rows = (f'T{n},"{name}王, 芳",,,,,,2026-01-05{end}' for n in range(2000))
        result = things.land(
            f"things_{shift}.csv", HEADER.replace("\n", end) + "".join(rows)
        )
        assert (result.rows, result.unreadable) == (2000, 0)


@pytest.mark.parametrize("name", ["things_1.csv", "things_1.csv.gz"])
def test_csv_lands_typed(things: Landing, name: str) -> None:
    """Quotes, line ends in cells, types, nulls and technical columns are right."""
    result = things.land(name, HEADER + ROW + EMPTY_ROW)
    assert (result.rows, result.unreadable, result.extra_columns) == (2, 0, ())
    first, second = things.query(SELECT)
    assert first == LANDED
    assert second == ("T2", *[None] * 6, MOMENT)
    technical = things.query(
        "select _source_name, _source_row, _batch_id, _extra from {}.things"
    )
    (batch,) = things.query(
        "select batch_id, row_count, unreadable_count from frontdesk.batches"
        f" where source_name = '{things.source.name}'"
    )
    assert technical == [(name, 1, batch[0], None), (name, 2, batch[0], None)]
    assert batch[1:] == (2, 0)


def test_a_quoted_empty_cell_is_an_empty_text(things: Landing) -> None:
    """Null and empty differ in the source, so they differ in raw."""
    things.land("things_1.csv", HEADER + 'T1,"","",,,,,2026-01-05T01:03:22Z\n')
    assert things.query("select name, size from {}.things") == [("", None)]


def test_text_is_never_trimmed(things: Landing) -> None:
    """Spaces, wide spaces and zero-width characters stay."""
    name = " \u3000ａ\u200b "
    things.land("things_1.csv", f"{HEADER}T1,{name},,,,,,2026-01-05T01:03:22Z\n")
    assert things.column("select name from {}.things") == [name]


@pytest.mark.parametrize(
    ("format_", "text", "encoding"),
    [
        (Format("things_*", delimiter=";"), HEADER + ROW, "utf-8-sig"),
        (Format("things_*", encoding="gb18030"), HEADER + ROW, "gb18030"),
        (Format("things_*", encoding="utf-16"), HEADER + ROW, "utf-16"),
        (Format("things_*"), (HEADER + ROW).replace("\n", "\r\n"), "utf-8"),
    ],
)
def test_delimiters_and_encodings(
    landings: Landings, format_: Format, text: str, encoding: str
) -> None:
    """A byte-order mark, GB18030, UTF-16 and Windows line ends are read."""
    landing = landings(with_format(format_))
    if format_.delimiter != ",":
        text = text.replace("王, 芳", "王@ 芳").replace(",", format_.delimiter)
        text = text.replace("@", ",")
    landing.load(landing.file("things_1.csv", text, encoding))
    (row,) = landing.query(SELECT)
    assert (row[0], row[2:]) == ("T1", LANDED[2:])
    assert row[1].replace("\r", "") == LANDED[1]


def test_a_character_cut_by_a_block_is_whole(landings: Landings) -> None:
    """GB18030 text longer than any block lands without damage."""
    landing = landings(with_format(Format("things_*", encoding="gb18030")))
    names = [f"{'服务' * (i % 7)}𠀀{i}" for i in range(60_000)]
    rows = "".join(f"T{i},{n},,,,,,2026-01-05\n" for i, n in enumerate(names))
    landing.load(landing.file("things_1.csv.gz", (HEADER + rows).encode("gb18030")))
    assert landing.column("select name from {}.things order by _source_row") == names
    (extent,) = landing.query("select max(_source_row), count(*) from {}.things")
    assert extent == (60_000, 60_000)


def test_null_tokens_and_tabs(landings: Landings) -> None:
    """A source's own word for nothing is null, in every type."""
    format_ = Format("things_*", delimiter="\t", null_tokens=("\\N", "?"))
    landing = landings(with_format(format_))
    row = "T1,\\N,?,\\N,?,\\N,\\N,2026-01-05T01:03:22Z\n"
    landing.load(landing.file("things_1.tsv", (HEADER + row).replace(",", "\t")))
    assert landing.query(SELECT) == [("T1", *[None] * 6, MOMENT)]


MOMENT_AND_A_HALF = MOMENT.replace(microsecond=500_000)
FIRST_HALF_PAST_ONE = dt.datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
END_OF_WINTER = dt.datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC)

TIMES = [
    ("2026-01-05T09:03:22+08:00", ("iso",), "UTC", MOMENT),
    ("2026-01-05 01:03:22 +0000", ("iso",), "UTC", MOMENT),
    ("2026-01-05T01:03:22.5000009Z", ("iso",), "UTC", MOMENT_AND_A_HALF),
    ("2026-01-05 09:03:22", ("iso",), "Asia/Shanghai", MOMENT),
    ("2026/1/5 09:03:22", ("%Y/%m/%d %H:%M:%S",), "Asia/Shanghai", MOMENT),
    ("5/1/2026 1:03", ("day_first",), "UTC", MOMENT.replace(second=0)),
    ("5 Jan 2026 01:03:22", ("%d %b %Y %H:%M:%S",), "UTC", MOMENT),
    ("05.01.2026 02:03:22 +0100", ("%d.%m.%Y %H:%M:%S %z",), "UTC", MOMENT),
    ("1767575002", ("epoch_s",), "UTC", MOMENT),
    ("1767575002000", ("epoch_ms",), "UTC", MOMENT),
    ("1767575002000", ("iso", "epoch_ms"), "UTC", MOMENT),
    # the first of two half past ones, and an hour that never was
    ("2026-10-25 01:30:00", ("iso",), "Europe/London", FIRST_HALF_PAST_ONE),
    ("2026-03-29 01:30:00", ("iso",), "Europe/London", END_OF_WINTER),
]  # fmt: skip


@pytest.mark.parametrize(("text", "formats", "zone", "expected"), TIMES)
def test_times(
    landings: Landings,
    text: str,
    formats: tuple[str, ...],
    zone: str,
    expected: dt.datetime,
) -> None:
    """Offsets, zones, epochs and written formats become the same moment."""
    landing = landings(with_format(Format("things_*", times=formats, zone=zone)))
    # a second row of another shape, so that no whole-column shortcut decides
    rows = f"T1,,,,,,,{text}\nT2,,,,,,,never\nT3,,,,,,,\n"
    result = landing.land("things_1.csv", HEADER + rows)
    assert (result.rows, result.unreadable) == (2, 1)
    assert landing.column("select seen_at from {}.things order by 1") == [
        expected,
        None,
    ]
    reason = "column seen_at: 'never' is no time"
    assert landing.column("select reason from {}._unreadable") == [reason]


@pytest.mark.parametrize(
    "text", ["30/2/2026 01:16", "29/2/2025 01:16", "1/13/2026 01:16"]
)
def test_a_day_that_is_not_in_the_calendar_is_no_time(
    landings: Landings, text: str
) -> None:
    """The strptime of the C library would make it the second of March."""
    landing = landings(with_format(Format("things_*", times=("day_first",))))
    result = landing.land("things_1.csv", f"{HEADER}T1,,,,,,,{text}\n")
    assert (result.rows, result.unreadable) == (0, 1)


def _archive(kind: str, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=out, mode=f"w:{kind}") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("things_1.zip", "zip"), ("things_1.tgz", "gz"), ("things_1.tar", "")],
)
def test_archives(landings: Landings, name: str, kind: str) -> None:
    """Each member lands under its own name; other members are left alone."""
    format_ = Format("things_*", members="*/*.csv")
    (table,) = THINGS.tables
    columns = (*table.columns, Column("site", from_path=r"([^/!]+)/[^/]+$"))
    source = replace(
        THINGS, tables=(replace(table, formats=(format_,), columns=columns),)
    )
    landing = landings(source)
    files = {
        f"{site}/part.csv": (HEADER + ROW.replace("T1", site)).encode()
        for site in ("cn", "uk")
    }
    result = landing.land(name, _archive(kind, {**files, "NOTICE": b"hello"}))
    assert result.rows == 2
    assert landing.query("select thing_id, site, _source_name from {}.things") == [
        ("cn", "cn", f"{name}!cn/part.csv"),
        ("uk", "uk", f"{name}!uk/part.csv"),
    ]


def _record(**fields: object) -> str:
    record = {"thing_id": "T1", "seen_at": "2026-01-05T01:03:22Z", **fields}
    return json.dumps(record, ensure_ascii=False)


def test_json_lines(landings: Landings) -> None:
    """Values of any JSON type land; new fields are kept; bad lines do not stop it."""
    landing = landings(with_format(Format("things_*", "json_lines")))
    lines = [
        _record(name="王 芳", size=7, price=12.5, weight=1, is_new=True, made_on=None),
        _record(thing_id="T2", name=5, size="8", is_new="no", colour="red"),
        _record(thing_id="T3", name={"first": "芳"}, price=10**20),
        "",
        '{"thing_id": "T4", "seen',
        _record(thing_id="T5", size=2**70),
        _record(thing_id="T6", name="a\0b"),
        '["T7"]',
        _record(thing_id=None),
    ]
    result = landing.land("things_1.jsonl", "\n".join(lines))
    assert (result.rows, result.unreadable) == (3, 5)
    assert result.extra_columns == ("colour",)
    assert landing.query(SELECT) == [
        ("T1", "王 芳", 7, Decimal("12.5"), 1.0, True, None, MOMENT),
        ("T2", "5", 8, None, None, False, None, MOMENT),
        ("T3", '{"first":"芳"}', None, Decimal(10**20), None, None, None, MOMENT),
    ]
    assert landing.query(
        "select _source_row, _extra from {}.things where _extra is not null"
    ) == [(2, {"colour": "red"})]
    bad = landing.query(
        "select _source_row, reason, raw_text from {}._unreadable order by 1"
    )
    assert [row for row, _, _ in bad] == [5, 6, 7, 8, 9]
    assert bad[0][1].startswith("not JSON")
    assert bad[0][2] == lines[4]
    assert bad[1][1].endswith("is no whole number")
    assert "is no text" in bad[2][1]
    assert bad[3][1] == "not a JSON object"
    assert bad[4][1] == "column thing_id: the key is empty"


NESTED = Source(
    "nested",
    "Nested documents.",
    (
        Table(
            "talks",
            "One row per talk.",
            (Format("talks_*.json", "json", records="talks", ignored=("messages",)),),
            (Column("talk_id", required=True), Column("topic")),
            key=("talk_id",),
        ),
        Table(
            "messages",
            "One row per message.",
            (Format("talks_*.json", "json", records="talks[].messages"),),
            (
                Column("message_id", required=True),
                Column("talk_id", from_parent="talk_id"),
                Column("text"),
            ),
            key=("message_id",),
        ),
    ),
)


@pytest.mark.parametrize("name", ["talks_1.json", "talks_1.json.gz"])
def test_nested_json_feeds_two_tables(landings: Landings, name: str) -> None:
    """Parents and children land in one transaction, children with their parent."""
    landing = landings(NESTED)
    talks = [
        {
            "talk_id": f"K{i}",
            "topic": "发货",
            "messages": [
                {"message_id": f"M{i}-{j}", "text": "你好" * (i % 50)} for j in range(3)
            ],
        }
        for i in range(20_000)
    ]
    document = {"exported": "2026-01-05", "skip": {"a": [1, 2]}, "talks": talks}
    text = json.dumps(document, ensure_ascii=False, indent=1)
    results = landing.load(landing.file(name, text))
    assert [(r.table, r.rows, r.extra_columns) for r in results] == [
        ("talks", 20_000, ()),
        ("messages", 60_000, ()),
    ]
    assert landing.query(
        "select count(*), count(distinct talk_id),"
        " bool_and(message_id like replace(talk_id, 'K', 'M') || '-%'),"
        " sum(length(text)) from {}.messages"
    ) == [(60_000, 20_000, True, sum(2 * (i % 50) for i in range(20_000)) * 3)]


@pytest.mark.parametrize(
    "broken",
    ['{"talks": [{"talk_id": "K1"', '{"other": []}', '{"talks": []} x', "[1", "hello"],
)
def test_a_broken_document_changes_nothing(landings: Landings, broken: str) -> None:
    """A document cut short, of another shape, or no document at all is refused."""
    landing = landings(NESTED)
    with pytest.raises(UserError, match=r"talks_1\.json"):
        landing.land("talks_1.json", broken)
    assert landing.is_empty()


def test_xlsx(landings: Landings) -> None:
    """Cells of any kind become the text a person would write."""
    format_ = Format("things_*", "xlsx", sheet="Data", zone="Asia/Shanghai")
    landing = landings(with_format(format_))
    book = openpyxl.Workbook()
    book.create_sheet("Data")
    sheet = book["Data"]
    sheet.append([*HEADER.strip().split(","), "note"])
    moment = dt.datetime(2026, 1, 5, 9, 3, 22)
    sheet.append(["T1", "芳", 7, 12.5, 0.25, True, dt.date(2026, 1, 4), moment, None])
    sheet.append([None] * 8)
    sheet.append(["T2", 5, 8.0, "1.10", None, "no", "2026-01-04", str(moment), "new"])
    sheet.append(["T3", None, "many", None, None, None, None, moment])
    book.save(landing.folder / "things_1.xlsx")
    (result,) = landing.load(landing.folder / "things_1.xlsx")
    assert (result.rows, result.unreadable, result.extra_columns) == (2, 1, ("note",))
    day = dt.date(2026, 1, 4)
    assert landing.query(SELECT) == [
        ("T1", "芳", 7, Decimal("12.5"), 0.25, True, day, MOMENT),
        ("T2", "5", 8, Decimal("1.1"), None, False, day, MOMENT),
    ]
    assert landing.query("select _source_row, _extra from {}.things") == [
        (1, None),
        (3, {"note": "new"}),
    ]
    with pytest.raises(UserError, match="no sheet 'Data'; there are: Other"):
        other = openpyxl.Workbook()
        other.active.title = "Other"
        other.save(landing.folder / "things_2.xlsx")
        landing.load(landing.folder / "things_2.xlsx")


def test_parquet(landings: Landings) -> None:
    """Typed columns keep their types; naive times take the zone of the format."""
    landing = landings(with_format(Format("things_*", "parquet", zone="Asia/Shanghai")))
    table = pa.table(
        {
            "thing_id": pa.array(["T1", None]).dictionary_encode(),
            "name": pa.array(["芳", "x"], pa.large_string()),
            "size": pa.array([7, None], pa.int32()),
            "price": pa.array([Decimal("12.50"), None], pa.decimal128(12, 2)),
            "weight": pa.array([0.25, None], pa.float32()),
            "is_new": [True, None],
            "made_on": [dt.date(2026, 1, 4), None],
            "seen_at": pa.array([dt.datetime(2026, 1, 5, 9, 3, 22)] * 2),
            "tags": [["a", "b"], None],
        }
    )
    pq.write_table(table, landing.folder / "things_1.parquet")
    (result,) = landing.load(landing.folder / "things_1.parquet")
    assert (result.rows, result.unreadable, result.extra_columns) == (1, 1, ("tags",))
    assert landing.query(SELECT) == [("T1", "芳", *LANDED[2:])]
    assert landing.column("select _extra from {}.things") == [{"tags": ["a", "b"]}]
    assert "the key is empty" in landing.column("select reason from {}._unreadable")[0]


def test_jsonb_and_numbers_of_any_scale(landings: Landings) -> None:
    """A jsonb column lands as jsonb; decimals keep their value."""
    source = Source(
        "shapes",
        "Shapes.",
        (
            Table(
                "shapes",
                "One row per shape.",
                (Format("shapes_*.csv", delimiter=";"),),
                (Column("points", "jsonb"), Column("area", "numeric")),
            ),
        ),
    )
    landing = landings(source)
    rows = (
        '{"a": [1]};1.005\n;-12345678901234567890.5\n{a};1\n;1e3\n;x\n"""\\u0000""";1\n'
    )
    result = landing.land("shapes_1.csv", "points;area\n" + rows)
    assert (result.rows, result.unreadable) == (3, 3)
    assert landing.query("select points, area from {}.shapes order by _row_id") == [
        ({"a": [1]}, Decimal("1.005")),
        (None, Decimal("-12345678901234567890.5")),
        (None, Decimal(1000)),
    ]


def test_a_file_is_read_by_its_own_line_of_the_declaration(landings: Landings) -> None:
    """Each store has its encoding and its clock."""
    landing = landings("store")
    header = "visit_id,store_code,visitor_name,complaint_form,arrived_at,exported_at\n"
    row = "{},{},{},{},2026/07/05 09:03:22,2026/07/05 23:00:00\n"
    files: list[Path] = [
        landing.file(
            f"visits_{store}_2026-07-05.csv",
            header + row.format(store, store, name, complaint),
            encoding,
        )
        for store, name, complaint, encoding in (
            ("cn-sh01", "王芳", "是", "utf-8"),
            ("cn-bj01", "李娜", "否", "gb18030"),
            ("uk-ldn01", "Ann", "Yes", "utf-8"),
        )
    ]
    assert [result.rows for result in landing.load(*files)] == [1, 1, 1]
    assert landing.query(
        "select visitor_name, complaint_form, extract(hour from arrived_at)::int"
        " from {}.visits order by visit_id"
    ) == [("李娜", False, 1), ("王芳", True, 1), ("Ann", True, 8)]
