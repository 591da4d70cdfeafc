"""Files as each source exports them: formats, encodings, spellings of time."""

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.sample.frames import NULL, Frame, concat, size, take
from orchestration.sample.world import DAY, STORES, offset

STILL = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Layout:
    """How one table is written: file name, format, columns and spelling of time."""

    pattern: str
    columns: str
    """Names with their kind after a colon where it is not text."""
    clock: str
    delimiter: str = ","
    split: str | None = None
    zone: int | str | None = None
    """Whose date a file bears: a site's number, `own` for the row's site, or UTC."""

    def fields(self) -> list[tuple[str, str]]:
        """Return name and kind of each column."""
        return [
            (name, kind or "text")
            for name, _, kind in (c.partition(":") for c in self.columns.split())
        ]


LAYOUTS: dict[tuple[str, str], Layout] = {
    ("phone", "calls"): Layout(
        "calls_{part}_{period}.csv.gz",
        "call_id site direction callback_of caller_number dialled_number language"
        " ivr_outcome queue_name agent_id call_result disposition resolved"
        " wait_secs:int talk_secs:int hold_secs:int acw_secs:int transfer_count:int"
        " started_at:time answered_at:time ended_at:time exported_at:time",
        "site",
        split="_site",
        zone="own",
    ),
    ("phone", "call_segments"): Layout(
        "segments_{part}_{period}.csv.gz",
        "segment_id call_id segment_no:int queue_name agent_id segment_result"
        " queued_at:time answered_at:time ended_at:time wait_secs:int talk_secs:int"
        " hold_secs:int acw_secs:int exported_at:time",
        "site",
        split="_site",
        zone="own",
    ),
    ("chat", "sessions"): Layout(
        "chat_sessions_{period}.jsonl.gz",
        "session_id site visitor_id crm_customer_id name phone email queue_name"
        " agent_id status topic tag resolved:bool from_bot_session_id"
        " after_work_secs:int started_at:time queued_at:time ended_at:time"
        " exported_at:time",
        "zulu",
    ),
    ("chat", "messages"): Layout(
        "chat_messages_{period}.jsonl.gz",
        "message_id session_id sender_type sender_id text sent_at:time"
        " exported_at:time",
        "zulu",
    ),
    ("email", "threads"): Layout(
        "email_threads_{period}.jsonl",
        "thread_id mailbox subject customer_address queue_name tag status"
        " resolved:bool created_at:time solved_at:time exported_at:time",
        "zulu",
    ),
    ("email", "messages"): Layout(
        "email_messages_{period}.jsonl",
        "message_id thread_id direction from_address to_address agent_id body"
        " is_internal_note:bool is_auto_reply:bool sent_at:time exported_at:time",
        "zulu",
    ),
    ("app", "conversations"): Layout(
        "app_{period}.json.gz",
        "conversation_id user_id device_id phone app_version queue_name agent_id"
        " topic tag resolved:bool started_at:time ended_at:time exported_at:time",
        "millis",
    ),
    ("wechat", "messages"): Layout(
        "wechat_{period}.jsonl",
        "message_id app_id openid unionid direction sender_type agent_id msg_type"
        " content tag create_time:time exported_at:time",
        "seconds",
    ),
    ("social", "messages"): Layout(
        "social_{period}.csv",
        "message_id platform conversation_id is_public:digit handle display_name"
        " direction agent_id text tag posted_at:time exported_at:time",
        "spaced",
    ),
    ("store", "visits"): Layout(
        "visits_{part}_{period}.csv",
        "visit_id store_code visitor_name phone loyalty_card reason outcome"
        " complaint_form:word clerk_id arrived_at:time served_at:time left_at:time"
        " exported_at:time",
        "shop",
        split="store_code",
        zone="own",
    ),
    ("bot", "sessions"): Layout(
        "bot_sessions_{period}.parquet",
        "session_id site platform visitor_id user_id openid language intent status"
        " handoff_channel handoff_session_id tag is_resolved:bool started_at:time"
        " handed_off_at:time ended_at:time exported_at:time",
        "arrow",
    ),
    ("bot", "messages"): Layout(
        "bot_messages_{period}.parquet",
        "message_id session_id sender_type text intent confidence:float"
        " is_fallback:bool sent_at:time exported_at:time",
        "arrow",
    ),
    ("crm", "customers"): Layout(
        "customers_{period}.csv.gz",
        "crm_customer_id country name gender birth_date:date phone email unionid"
        " address city postcode loyalty_card registered_at:time exported_at:time",
        "site",
    ),
    ("crm", "orders"): Layout(
        "orders_{period}.parquet",
        "order_id crm_customer_id sales_channel product_line quantity:int"
        " amount:money currency status promotion_id ordered_at:time exported_at:time",
        "arrow",
    ),
    ("crm", "deliveries"): Layout(
        "deliveries_{period}.tsv.gz",
        "delivery_id order_id carrier status promised_date:date shipped_at:time"
        " delivered_at:time exported_at:time",
        "zulu",
        delimiter="\t",
    ),
    ("survey", "invitations"): Layout(
        "invitations_{period}.csv",
        "invitation_id survey_type interaction_source interaction_ref recipient"
        " sent_at:time exported_at:time",
        "shanghai",
        delimiter=";",
        zone=0,
    ),
    ("survey", "answers"): Layout(
        "answers_{period}.csv.zip",
        "answer_id invitation_id score:int comment answered_at:time exported_at:time",
        "shanghai",
        delimiter=";",
        zone=0,
    ),
    ("helpdesk", "tickets"): Layout(
        "tickets_{period}.jsonl.gz",
        "ticket_id requester_name requester_email requester_phone crm_customer_id"
        " channel subject description status priority ticket_type topic group_name"
        " assignee_id interaction_source interaction_ref created_at:time"
        " updated_at:time solved_at:time exported_at:time",
        "zulu",
    ),
    ("helpdesk", "ticket_changes"): Layout(
        "ticket_changes_{period}.jsonl.gz",
        "change_id ticket_id field old_value new_value author_type author_id"
        " is_public:bool changed_at:time exported_at:time",
        "zulu",
    ),
    ("workforce", "agents"): Layout(
        "agents_{period}.xlsx",
        "agent_id name email team team_kind site time_zone skills hired_on:date"
        " left_on:date exported_at:stamp",
        "excel",
    ),
    ("workforce", "agent_states"): Layout(
        "agent_states_{period}.csv.gz",
        "state_id agent_id state channel started_at:time ended_at:time"
        " exported_at:time",
        "site",
    ),
    ("workforce", "shifts"): Layout(
        "shifts_{part}_{period}.xlsx",
        "shift_id agent_id shift_date:date starts_at:time ends_at:time"
        " paid_minutes:int activity exported_at:stamp",
        "excel",
        split="_site",
    ),
    ("marketing", "promotions"): Layout(
        "promotions_{period}.xlsx",
        "promotion_id name product_line discount_rate:float starts_on:date"
        " ends_on:date exported_at:stamp",
        "excel",
    ),
    ("marketing", "experiment_assignments"): Layout(
        "experiments_{period}.csv",
        "assignment_id experiment variant crm_customer_id assigned_at:time"
        " exported_at:time",
        "zulu",
    ),
}
APP_MESSAGE = (
    "message_id",
    "sender_type",
    "sender_id",
    "text",
    "sent_at",
    "exported_at",
)


def spelled(seconds: np.ndarray, pattern: str = "-T") -> list[str]:
    """Return times as text, the pattern giving date separator and middle."""
    text = np.datetime_as_string(seconds.astype("datetime64[s]")).tolist()
    if pattern == "-T":
        return text
    dash, middle = pattern
    return [t.replace("-", dash).replace("T", middle) for t in text]


def _times(frame: Frame, name: str, clock: str) -> list:
    """Return one time column as its source spells it."""
    column = frame[name]
    missing = column == NULL
    safe = np.where(missing, 0, column)
    site = frame.get("_site", np.zeros(len(column), np.int64))
    if clock == "zulu":
        values: list = [t + "Z" for t in spelled(safe)]
    elif clock == "site":
        ahead = offset(site, safe)
        zones = {28_800: "+08:00", 3600: "+01:00", 0: "+00:00"}
        pairs = zip(spelled(safe + ahead), ahead.tolist(), strict=True)
        values = [t + zones[a] for t, a in pairs]
    elif clock == "shop":
        values = spelled(safe + offset(site, safe), "/ ")
    elif clock == "shanghai":
        values = spelled(safe + 28_800, "- ")
    elif clock == "spaced":
        values = [t + " +0000" for t in spelled(safe, "- ")]
    elif clock == "excel":
        values = ((safe + offset(site, safe)) / DAY + 25_569).tolist()
    else:
        values = (safe * (1000 if clock == "millis" else 1)).tolist()
    return _without(values, missing)


def _without(values: list, missing: np.ndarray) -> list:
    """Return the values with None where they are missing."""
    if missing.any():
        for place in np.flatnonzero(missing).tolist():
            values[place] = None
    return values


def render(frame: Frame, layout: Layout) -> list[list]:
    """Return the columns of a frame as lists of what goes into the file."""
    columns = []
    for name, kind in layout.fields():
        column = frame[name]
        if kind == "text":
            values: list = column.tolist()
        elif kind == "time":
            values = _times(frame, name, layout.clock)
        elif kind == "stamp":
            values = _times(frame, name, "zulu")
        elif kind == "date" and layout.clock == "excel":
            values = _without((column + 25_569).tolist(), column == NULL)
        elif kind == "date":
            safe = np.where(column == NULL, 0, column).astype("datetime64[D]")
            values = np.datetime_as_string(safe).tolist()
            values = _without(values, column == NULL)
        elif kind == "bool":
            values = _without((column == 1).tolist(), column == NULL)
        elif kind == "digit":
            values = ["1" if n else "0" for n in column.tolist()]
        elif kind == "word":
            chinese = (frame["_site"] == 0).tolist()
            pairs = zip(column.tolist(), chinese, strict=True)
            values = [("否", "是")[n] if c else ("no", "yes")[n] for n, c in pairs]
        elif kind == "float":
            values = column.tolist()
        else:
            values = _without(column.tolist(), column == NULL)
        columns.append(values)
    return columns


class Sink:
    """One open file that takes frames batch by batch."""

    def __init__(self, path: Path, layout: Layout, period: str, encoding: str) -> None:
        """Open the file; nothing in it depends on when or where."""
        self.path, self.layout, self.encoding = path, layout, encoding
        self.file = path.open("wb")
        self.stream: Any = self.file
        self.archive: zipfile.ZipFile | None = None
        if path.suffix == ".gz":
            self.stream = gzip.GzipFile("", "wb", 6, self.file, mtime=0)
        elif path.suffix == ".zip":
            self.archive = zipfile.ZipFile(self.file, "w", zipfile.ZIP_DEFLATED)
            entry = _entry(path.name.removesuffix(".zip"))
            self.stream = self.archive.open(entry, "w")
        self.begin(period)

    def begin(self, period: str) -> None:
        """Write what comes before the rows."""

    def lines(self, frame: Frame) -> list[bytes]:
        """Return the rows as the lines of the file."""
        raise NotImplementedError

    def write(self, frame: Frame) -> None:
        """Append rows."""
        self.stream.write(b"".join(self.lines(frame)))

    def damage(self, frame: Frame, how: str) -> None:
        """Append rows as lines that no reader can make sense of."""
        self.stream.write(b"".join(_damaged(x, how) for x in self.lines(frame)))

    def end(self) -> None:
        """Write what comes after the rows."""

    def close(self) -> None:
        """Finish the file."""
        self.end()
        if self.stream is not self.file:
            self.stream.close()
        if self.archive:
            self.archive.close()
        self.file.close()


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an archive member without a date of today."""
    entry = zipfile.ZipInfo(name, STILL)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _damaged(line: bytes, how: str) -> bytes:
    """Return a line cut short, with fields lost, or with bytes of no encoding."""
    if how == "truncated":
        text = line.decode()
        return text[: len(text) * 3 // 5].encode() + b"\n"
    if how == "fields":
        mark = b";" if line.count(b";") > line.count(b",") else b","
        return mark.join(line.rstrip(b"\n").split(mark)[:-3]) + b"\n"
    head, mark, tail = line.partition(b",")
    return head + mark + b"\xff\xfe\xff" + tail


class Delimited(Sink):
    """Comma, semicolon or tab separated text with a header."""

    def begin(self, period: str) -> None:
        """Write the header, after a byte order mark where the source writes one."""
        if self.layout.clock == "spaced":
            self.stream.write(b"\xef\xbb\xbf")
        names = [name for name, _ in self.layout.fields()]
        self.stream.write(self._text([names]))

    def _text(self, rows: Iterable[Iterable]) -> bytes:
        """Return rows as encoded text."""
        buffer = io.StringIO(newline="")
        tab = self.layout.delimiter == "\t"
        csv.writer(
            buffer,
            delimiter=self.layout.delimiter,
            lineterminator="\n",
            quoting=csv.QUOTE_NONE if tab else csv.QUOTE_MINIMAL,
            escapechar="\\" if tab else None,
        ).writerows(rows)
        return buffer.getvalue().encode(self.encoding)

    def write(self, frame: Frame) -> None:
        """Append rows."""
        columns = render(frame, self.layout)
        if self.layout.delimiter == "\t":
            rows = zip(*columns, strict=True)
            text = "".join(
                "\t".join("\\N" if v is None else str(v) for v in row) + "\n"
                for row in rows
            )
            self.stream.write(text.encode(self.encoding))
            return
        self.stream.write(self._text(zip(*columns, strict=True)))

    def lines(self, frame: Frame) -> list[bytes]:
        """Return one encoded line per row."""
        columns = render(frame, self.layout)
        return [self._text([row]) for row in zip(*columns, strict=True)]


class JsonLines(Sink):
    """One JSON object a line."""

    def lines(self, frame: Frame) -> list[bytes]:
        """Return one encoded line per row."""
        return [
            orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
            for row in records(render(frame, self.layout), self.layout)
        ]


def records(columns: list[list], layout: Layout) -> list[dict]:
    """Return rows as dictionaries."""
    names = [name for name, _ in layout.fields()]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


class Nested(Sink):
    """One JSON document: conversations with their messages inside."""

    def begin(self, period: str) -> None:
        """Open the document."""
        head = orjson.dumps(period).decode()
        self.stream.write(f'{{"exported": {head}, "conversations": ['.encode())
        self.first = True

    def write(self, frame: Frame) -> None:
        """Append conversations; the hidden column `_nested` holds their messages."""
        rows = records(render(frame, self.layout), self.layout)
        for row, messages in zip(rows, frame["_nested"], strict=True):
            row["messages"] = messages
            self.stream.write(b"\n" if self.first else b",\n")
            self.stream.write(orjson.dumps(row))
            self.first = False

    def end(self) -> None:
        """Close the document."""
        self.stream.write(b"\n]}\n")


def nested_messages(conversations: Frame, messages: Frame) -> np.ndarray:
    """Return, per conversation, its messages as the document shows them."""
    sent, exported = (
        (messages[name] * 1000).tolist() for name in ("sent_at", "exported_at")
    )
    texts = [messages[name].tolist() for name in APP_MESSAGE[:4]]
    rows = [
        dict(zip(APP_MESSAGE, row, strict=True))
        for row in zip(*texts, sent, exported, strict=True)
    ]
    column = np.empty(size(conversations), dtype=object)
    spans = zip(conversations["_children"], conversations["_until"], strict=True)
    for place, (first, last) in enumerate(spans):
        column[place] = rows[first:last]
    return column


class Arrow(Sink):
    """Parquet with UTC time stamps in microseconds."""

    def begin(self, period: str) -> None:
        """Open the file with its schema."""
        types = {
            "text": pa.string(),
            "time": pa.timestamp("us", tz="UTC"),
            "bool": pa.bool_(),
            "int": pa.int64(),
            "float": pa.float64(),
            "money": pa.decimal128(12, 2),
        }
        fields = [(name, types[kind]) for name, kind in self.layout.fields()]
        self.writer = pq.ParquetWriter(self.stream, pa.schema(fields))

    def write(self, frame: Frame) -> None:
        """Append rows as one row group."""
        arrays = []
        for name, kind in self.layout.fields():
            column = frame[name]
            if kind == "text":
                arrays.append(pa.array(column, pa.string()))
                continue
            if kind == "float":
                arrays.append(pa.array(column, from_pandas=True))
                continue
            missing = column == NULL
            safe = np.where(missing, 0, column)
            if kind == "time":
                plain = pa.array(safe * 1_000_000, mask=missing)
                arrays.append(plain.cast(pa.timestamp("us", tz="UTC")))
            elif kind == "bool":
                arrays.append(pa.array(safe == 1, mask=missing))
            elif kind == "money":
                arrays.append(_money(safe))
            else:
                arrays.append(pa.array(safe, mask=missing))
        batch = pa.Table.from_arrays(arrays, schema=self.writer.schema)
        self.writer.write_table(batch)

    def end(self) -> None:
        """Write the footer."""
        self.writer.close()


def _money(cents: np.ndarray) -> pa.Array:
    """Return whole cents as exact amounts."""
    words = np.zeros((len(cents), 2), np.int64)
    words[:, 0] = cents
    words[:, 1] = np.where(cents < 0, -1, 0)
    buffer = pa.py_buffer(words.tobytes())
    return pa.Array.from_buffers(pa.decimal128(12, 2), len(cents), [None, buffer])


class Workbook(Sink):
    """A spreadsheet with one sheet, written by hand so that its bytes are stable."""

    def begin(self, period: str) -> None:
        """Keep rows until the file is closed."""
        self.rows: list[str] = []
        names = [name for name, _ in self.layout.fields()]
        self.kinds = [kind for _, kind in self.layout.fields()]
        self._append(names, ["text"] * len(names))

    def _append(self, values: Iterable, kinds: list[str]) -> None:
        """Append one row of cells."""
        number = len(self.rows) + 1
        cells = [
            _cell(f"{chr(65 + place)}{number}", value, kind)
            for place, (value, kind) in enumerate(zip(values, kinds, strict=True))
        ]
        self.rows.append(f'<row r="{number}">{"".join(cells)}</row>')

    def write(self, frame: Frame) -> None:
        """Append rows."""
        for row in zip(*render(frame, self.layout), strict=True):
            self._append(row, self.kinds)

    def end(self) -> None:
        """Write the parts of the workbook."""
        sheet = f"{_XML}<worksheet {_MAIN}><sheetData>{''.join(self.rows)}"
        parts = _PARTS | {
            "xl/worksheets/sheet1.xml": sheet + "</sheetData></worksheet>"
        }
        with zipfile.ZipFile(self.stream, "w") as archive:
            for name, text in parts.items():
                archive.writestr(_entry(name), text)


def _cell(place: str, value: object, kind: str) -> str:
    """Return one cell; times and dates are numbers with a format."""
    if value is None:
        return ""
    if kind in ("text", "stamp"):
        text = str(value).replace("&", "&amp;").replace("<", "&lt;")
        return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'
    style = {"date": ' s="1"', "time": ' s="2"'}.get(kind, "")
    return f'<c r="{place}"{style}><v>{value!r}</v></c>'


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMATS = "http://schemas.openxmlformats.org"
_MAIN = f'xmlns="{_FORMATS}/spreadsheetml/2006/main"'
_OFFICE = f"{_FORMATS}/officeDocument/2006/relationships"
_PACKAGE = f"{_FORMATS}/package/2006"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET}.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{_SHEET}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET}.styles+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship '
        f'Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'{_XML}<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="export" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" '
        'Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        "</Relationships>"
    ),
    "xl/styles.xml": (
        f'{_XML}<styleSheet {_MAIN}><numFmts count="2">'
        '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts>'
        '<fonts count="1"><font/></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3">'
        '<xf xfId="0"/>'
        '<xf numFmtId="164" applyNumberFormat="1"/>'
        '<xf numFmtId="165" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
        "</cellStyles></styleSheet>"
    ),
}
SINKS: tuple[tuple[str, Callable[..., Sink]], ...] = (
    (r"\.parquet$", Arrow),
    (r"\.xlsx$", Workbook),
    (r"\.jsonl(\.gz)?$", JsonLines),
    (r"\.json\.gz$", Nested),
    (r"\.(csv|tsv)(\.gz|\.zip)?$", Delimited),
)


class Exports:
    """All files of a world: rows go to the file of the period they are exported in."""

    def __init__(self, out: Path, monthly: bool, first: date) -> None:
        """Write under the folder, in monthly or daily files."""
        self.out, self.monthly = out, monthly
        self.first = self._period_of(first)
        self.waiting: dict[tuple, list[Frame]] = {}
        self.broken: dict[tuple, list[tuple[Frame, str]]] = {}
        self.sinks: dict[tuple, Sink] = {}
        self.closed: set[tuple] = set()
        self.rows = 0
        self.files = 0

    def _period_of(self, day: date) -> str:
        """Return the ordinary period of a date."""
        return f"{day:%Y-%m}" if self.monthly else f"{day:%Y-%m-%d}"

    def add(self, key: tuple[str, str], frame: Frame) -> None:
        """Sort rows into the files they belong to."""
        for place, rows in self._split(key, frame):
            self.waiting.setdefault(place, []).append(rows)
        self.rows += size(frame)

    def damage(self, key: tuple[str, str], frame: Frame, how: str) -> None:
        """Sort lines to be broken into the files they belong to."""
        for place, rows in self._split(key, frame):
            self.broken.setdefault(place, []).append((rows, how))
        self.rows += size(frame)

    def _split(self, key: tuple[str, str], frame: Frame) -> Iterable:
        """Yield each file's key with its rows."""
        layout = LAYOUTS[key]
        moment = frame["exported_at"]
        if layout.zone == "own":
            moment = moment + offset(frame["_site"], moment)
        elif layout.zone is not None:
            moment = moment + offset(layout.zone, moment)
        days = moment // DAY
        parts = frame[layout.split] if layout.split else np.zeros(len(days), np.int64)
        if layout.split == "_site":
            parts = np.where(parts == 0, "cn", "uk").astype(object)
        for day in np.unique(days).tolist():
            today = days == day
            for part in sorted(set(parts[today].tolist())):
                period = self._period(key, date(1970, 1, 1) + timedelta(days=day))
                yield (key, part, period), take(frame, today & (parts == part))

    def _period(self, key: tuple[str, str], day: date) -> str:
        """Return the period of the file that a table's rows of one date go to."""
        if key == ("store", "visits"):
            return f"{day:%Y-%m-%d}"
        if key == ("workforce", "shifts"):
            return f"{day:%Y-%m}"
        return self._period_of(day)

    def flush(self, until: date) -> None:
        """Write what has gathered; finish the files of periods before the date."""
        today = f"{until:%Y-%m-%d}"
        for place in sorted(self.waiting, key=str):
            period = place[2]
            waits = sum(size(frame) for frame in self.waiting[place])
            over = period < today[: len(period)]
            if over or (period == today[: len(period)] and waits >= 5000):
                self._write(place)
        for place in sorted(self.sinks, key=str):
            if place[2] < today[: len(place[2])]:
                self._close(place)

    def _write(self, place: tuple, suffix: str = "") -> None:
        """Write the rows that wait for one file."""
        key, part, period = place
        layout = LAYOUTS[key]
        frame = concat(self.waiting.pop(place))
        if place in self.closed:
            raise RuntimeError(f"{place} was closed before all its rows had come")
        if place not in self.sinks:
            name = layout.pattern.format(part=part, period=period + suffix)
            path = self.out / key[0] / name
            encoding = "gb18030" if part == STORES[1] else "utf-8"
            make = next(sink for mark, sink in SINKS if re.search(mark, name))
            self.sinks[place] = make(path, layout, period, encoding)
            self.files += 1
        self.sinks[place].write(frame)
        for rows, how in self.broken.pop(place, []):
            self.sinks[place].damage(rows, how)

    def _close(self, place: tuple) -> None:
        """Finish one file, with broken lines that came alone."""
        self.sinks.pop(place).close()
        self.closed.add(place)

    def finish(self, last: date, later: bool) -> None:
        """Write and close everything.

        With `later`, another process plays the days after `last` and writes their
        files, so what this one exported into them goes to extra files beside them.
        """
        after = f"{last + timedelta(days=1):%Y-%m-%d}"
        for place in sorted(set(self.waiting) | set(self.broken), key=str):
            period = place[2]
            self.waiting.setdefault(place, [])
            if not self.waiting[place]:
                # a broken line alone joins whatever file is open, else it has no file
                rows, _ = self.broken[place][0]
                self.waiting[place] = [take(rows, np.zeros(size(rows), bool))]
            late = later and period >= after[: len(period)]
            span = self._period_of(last) if late else ""
            self._write(place, f"_late-{span}" if late else "")
        for place in sorted(self.sinks, key=str):
            self._close(place)


def today_utc(seconds: int) -> date:
    """Return the UTC date of an instant."""
    return datetime.fromtimestamp(seconds, UTC).date()
