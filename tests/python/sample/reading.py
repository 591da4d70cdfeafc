"""Reads a sample world back in plain Python, knowing nothing of how it was made."""

import csv
import gzip
import io
import json
import zipfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow.parquet as pq

Row = dict[str, object]
ZONES = {
    "cn-sh01": ZoneInfo("Asia/Shanghai"),
    "cn-bj01": ZoneInfo("Asia/Shanghai"),
    "uk-ldn01": ZoneInfo("Europe/London"),
}
SHANGHAI = ZoneInfo("Asia/Shanghai")
TIMES = {
    "started_at answered_at ended_at exported_at queued_at sent_at created_at",
    "solved_at create_time posted_at arrived_at served_at left_at handed_off_at",
    "registered_at shipped_at delivered_at updated_at changed_at assigned_at",
    "ordered_at answered_at",
}
TIME_COLUMNS = {name for line in TIMES for name in line.split()}


def columns_of(path: Path) -> list[str]:
    """Return the column names of a flat file."""
    if path.suffix == ".parquet":
        return pq.read_schema(path).names
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path, read_only=True).active
        return [cell.value for cell in next(iter(sheet.iter_rows()))]
    if ".jsonl" in path.name:
        return list(json.loads(content(path).splitlines()[0]))
    return content(path).decode("utf-8-sig").splitlines()[0].split(mark(path))


def mark(path: Path) -> str:
    """Return the delimiter of a file."""
    if path.name.startswith(("invitations", "answers")):
        return ";"
    return "\t" if ".tsv" in path.name else ","


def content(path: Path) -> bytes:
    """Return the bytes of a file, unpacked."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            (name,) = archive.namelist()
            return archive.read(name)
    return path.read_bytes()


def delimited(path: Path) -> tuple[list[Row], int]:
    """Return the readable rows of a delimited file and the number of the others."""
    encoding = "gb18030" if "cn-bj01" in path.name else "utf-8-sig"
    raw, bad = content(path), 0
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        lines = []
        for line in raw.splitlines(keepends=True):
            try:
                lines.append(line.decode(encoding))
            except UnicodeDecodeError:
                bad += 1
        text = "".join(lines)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark(path))
    header = next(reader)
    null = "\\N" if ".tsv" in path.name else ""
    rows = []
    for cells in reader:
        if len(cells) != len(header):
            bad += 1
            continue
        rows.append({n: None if c == null else c for n, c in zip(header, cells)})  # noqa: B905
    return rows, bad


def json_lines(path: Path) -> tuple[list[Row], int]:
    """Return the readable objects of a file and the number of broken lines."""
    rows, bad = [], 0
    for line in content(path).splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            bad += 1
    return rows, bad


def moment(value: object, column: str, row: Row, table: str) -> datetime | None:
    """Return a time of any spelling as UTC."""
    if value is None:
        return None
    if isinstance(value, int):
        divisor = 1000 if table.startswith("app") else 1
        return datetime.fromtimestamp(value / divisor, UTC)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    text = str(value)
    if table == "store.visits":
        local = datetime.strptime(text, "%Y/%m/%d %H:%M:%S")
        return local.replace(tzinfo=ZONES[str(row["store_code"])]).astimezone(UTC)
    if table.startswith("survey"):
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)
    return datetime.fromisoformat(text).astimezone(UTC)


PATTERNS = {
    "phone.calls": "calls_*.csv.gz",
    "phone.call_segments": "segments_*.csv.gz",
    "chat.sessions": "chat_sessions_*.jsonl.gz",
    "chat.messages": "chat_messages_*.jsonl.gz",
    "email.threads": "email_threads_*.jsonl",
    "email.messages": "email_messages_*.jsonl",
    "app.conversations": "app_*.json.gz",
    "wechat.messages": "wechat_*.jsonl",
    "social.messages": "social_*.csv",
    "store.visits": "visits_*.csv",
    "bot.sessions": "bot_sessions_*.parquet",
    "bot.messages": "bot_messages_*.parquet",
    "crm.customers": "customers_*.csv.gz",
    "crm.orders": "orders_*.parquet",
    "crm.deliveries": "deliveries_*.tsv.gz",
    "survey.invitations": "invitations_*.csv",
    "survey.answers": "answers_*.csv.zip",
    "helpdesk.tickets": "tickets_*.jsonl.gz",
    "helpdesk.ticket_changes": "ticket_changes_*.jsonl.gz",
    "workforce.agents": "agents_*.xlsx",
    "workforce.agent_states": "agent_states_*.csv.gz",
    "workforce.shifts": "shifts_*.xlsx",
    "marketing.promotions": "promotions_*.xlsx",
    "marketing.experiment_assignments": "experiments_*.csv",
}


def read_world(out: Path) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """Return the rows of every table and the number of unreadable ones."""
    tables: dict[str, list[Row]] = defaultdict(list)
    broken: dict[str, int] = defaultdict(int)
    for table, pattern in PATTERNS.items():
        source = table.split(".")[0]
        for path in sorted((out / source).glob(pattern)):
            if path.suffix == ".parquet":
                rows, bad = pq.read_table(path).to_pylist(), 0
            elif path.suffix == ".xlsx":
                sheet = openpyxl.load_workbook(path, read_only=True).active
                header, *cells = list(sheet.iter_rows(values_only=True))
                rows, bad = [dict(zip(header, c)) for c in cells], 0  # noqa: B905
            elif ".jsonl" in path.name:
                rows, bad = json_lines(path)
            elif ".json" in path.name:
                rows, bad = json.loads(content(path))["conversations"], 0
                for row in rows:
                    for message in row.pop("messages"):
                        message["conversation_id"] = row["conversation_id"]
                        tables["app.messages"].append(message)
            else:
                rows, bad = delimited(path)
            tables[table] += rows
            broken[table] += bad
    for table, rows in tables.items():
        if table == "workforce.shifts":
            continue
        for row in rows:
            for name in TIME_COLUMNS & row.keys():
                row[name] = moment(row[name], name, row, table)
    return tables, broken


def hour(value: datetime) -> datetime:
    """Return the start of the hour."""
    return value.replace(minute=0, second=0, microsecond=0)


def seconds(later: datetime | None, earlier: datetime | None) -> int | None:
    """Return the whole seconds between two moments."""
    if later is None or earlier is None:
        return None
    return round((later - earlier) / timedelta(seconds=1))
