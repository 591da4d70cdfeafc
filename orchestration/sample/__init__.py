"""A small world of a shop's customers, written as each source system exports it."""

import json
import multiprocessing
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.sample import channels, truth
from orchestration.sample.day import Day
from orchestration.sample.frames import Frame, size, take
from orchestration.sample.office import office
from orchestration.sample.world import (
    SITES,
    Arguments,
    Calendar,
    World,
    make_people,
    make_world,
)
from orchestration.sample.write import LAYOUTS, Exports, nested_messages
from orchestration.settings import UserError

PEOPLE, DAYS, SEED = 2000, 60, 7
START = date(2026, 1, 5)
DAILY_FILES_UP_TO = 120
"""Longer worlds are written in monthly files."""
TOGETHER_FROM = 2_000_000
"""People times days from which two processes share a long world."""
MESSAGE_TRUTH_UP_TO = 20_000_000
"""People times days beyond which the truth leaves out single messages."""
MARKER = "world.json"
# tables whose rows a person stands behind, and under which name the truth lists them
BORNE = {
    ("phone", "calls"),
    ("chat", "sessions"),
    ("email", "threads"),
    ("app", "conversations"),
    ("wechat", "messages"),
    ("social", "messages"),
    ("store", "visits"),
    ("bot", "sessions"),
    ("crm", "customers"),
    ("helpdesk", "tickets"),
}


@dataclass(frozen=True)
class WorldReport:
    """What was written, and how long it took."""

    rows: int
    files: int
    seconds: float


@dataclass(frozen=True)
class Span:
    """A run of days that one process plays."""

    first: int
    last: int
    number: int
    count: int


def write_world(
    out: Path,
    people: int = PEOPLE,
    days: int = DAYS,
    seed: int = SEED,
    start: date = START,
    progress: Callable[[int, int], Any] | None = None,
) -> WorldReport:
    """Write a world and its truth into a folder: same arguments, same bytes.

    `progress` is called with the days played and the days in all. The folder may hold
    an earlier world, which is replaced; anything else in the way is an error.
    """
    began = time.monotonic()
    args = Arguments(people, days, seed, start)
    _check(args)
    _clear(out)
    for source in {source for source, _ in LAYOUTS} | {"truth"}:
        (out / source).mkdir(parents=True, exist_ok=True)
    (out / MARKER).write_text('{"complete": false}\n', encoding="utf-8")
    spans = _spans(args)
    if len(spans) == 1:
        results = [play(args, spans[0], out, lambda done: _tell(progress, done, days))]
    else:
        results = _play_together(args, spans, out, progress)
    _finish_truth(args, out, results)
    rows, files = (
        sum(result[name] for result in results) for name in ("rows", "files")
    )
    _mark(args, out, rows, files)
    return WorldReport(rows, files, time.monotonic() - began)


def _tell(progress: Callable[[int, int], Any] | None, done: int, days: int) -> None:
    """Report progress to whoever wants it."""
    if progress:
        progress(done, days)


def _check(args: Arguments) -> None:
    """Refuse arguments that make no world."""
    if args.people < 50:
        raise UserError(f"--people {args.people}: a world needs 50 people or more")
    if args.days < 1:
        raise UserError(f"--days {args.days}: a world needs a day or more")
    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: give a seed of 0 or more")
    if not 2004 <= args.start.year <= 2090:
        raise UserError(f"--start {args.start}: give a date from 2004 to 2090")


def _clear(out: Path) -> None:
    """Remove an earlier world; refuse a folder that holds something else."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder for the world")
    folders = [out / name for name in {s for s, _ in LAYOUTS} | {"truth"}]
    if not (out / MARKER).exists():
        taken = [f for f in folders if f.exists() and any(f.iterdir())]
        if taken:
            raise UserError(
                f"{taken[0]} is not empty and no earlier sample: name another folder"
            )
    try:
        out.mkdir(parents=True, exist_ok=True)
        for folder in folders:
            if folder.exists():
                shutil.rmtree(folder)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror}") from error


def _spans(args: Arguments) -> list[Span]:
    """Return one run of days, or two of whole months for a long world.

    Always the same split, however many processors there are: it shows in the files.
    """
    if args.days <= DAILY_FILES_UP_TO or args.people * args.days < TOGETHER_FROM:
        return [Span(0, args.days, 0, 1)]
    first = args.start.toordinal()
    starts = [n for n in range(1, args.days) if date.fromordinal(first + n).day == 1]
    middle = min(starts, key=lambda n: abs(n - args.days / 2))
    return [Span(0, middle, 0, 2), Span(middle, args.days, 1, 2)]


def _play_together(
    args: Arguments,
    spans: list[Span],
    out: Path,
    progress: Callable[[int, int], Any] | None,
) -> list[dict]:
    """Play each span in a process of its own."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [
        context.Process(target=_work, args=(args, span, out, queue), daemon=True)
        for span in spans
    ]
    for worker in workers:
        worker.start()
    done, results = Counter(), {}
    try:
        while len(results) < len(spans):
            try:
                number, kind, value = queue.get(timeout=5)
            except Exception:
                dead = [w.exitcode for w in workers if w.exitcode not in (None, 0)]
                if dead:
                    raise RuntimeError(f"a worker ended with code {dead[0]}") from None
                continue
            if kind == "failed":
                raise RuntimeError(f"a worker failed:\n{value}")
            if kind == "done":
                results[number] = value
            else:
                done[number] = value
                _tell(progress, sum(done.values()), args.days)
    finally:
        for worker in workers:
            if len(results) < len(spans):
                worker.terminate()
            worker.join()
    return [results[number] for number in sorted(results)]


def _work(args: Arguments, span: Span, out: Path, queue: Any) -> None:  # noqa: ANN401
    """Play one span in this process and say how it went."""
    try:
        result = play(
            args, span, out, lambda done: queue.put((span.number, "days", done))
        )
        queue.put((span.number, "done", result))
    except BaseException:
        queue.put((span.number, "failed", traceback.format_exc()))


def play(
    args: Arguments, span: Span, out: Path, progress: Callable[[int], Any]
) -> dict[str, Any]:
    """Play a run of days and write its rows and its part of the truth."""
    world = make_world(args)
    last = world.calendar.dates[span.last - 1]
    exports = Exports(
        out, args.days > DAILY_FILES_UP_TO, world.calendar.dates[span.first]
    )
    suffix = "" if span.count == 1 else f".part{span.number}"
    streams = truth.Streams(out / "truth", suffix)
    kpi = truth.Kpi(world.calendar)
    counts: dict[tuple[str, str], Counter] = {}
    with_messages = args.people * args.days <= MESSAGE_TRUTH_UP_TO
    for number in range(span.first, span.last):
        day = Day(world, number)
        for channel in (
            channels.bot,
            channels.phone,
            channels.chat,
            channels.email,
            channels.app,
            channels.wechat,
            channels.social,
            channels.store,
        ):
            channel(day)
        contacts = office(day)
        _export(day, exports, counts)
        _tell_truth(day, world, contacts, streams, kpi, with_messages)
        exports.flush(day.date)
        progress(number - span.first + 1)
    exports.finish(last, later=span.number + 1 < span.count)
    streams.close()
    return {
        "rows": exports.rows,
        "files": exports.files,
        "kpi": kpi.totals,
        "counts": counts,
    }


def _export(day: Day, exports: Exports, counts: dict[tuple[str, str], Counter]) -> None:
    """Send the rows of a day to their files and count them."""
    messages = day.tables.get(("app", "messages"), [])
    for frame in day.tables.get(("app", "conversations"), []):
        frame["_nested"] = nested_messages(frame, messages[0])
    for key, frames in day.tables.items():
        count = counts.setdefault(key, Counter())
        for frame in frames:
            count["rows"] += size(frame)
            count["records"] += int((~frame["_old"]).sum())
            if key == ("app", "messages"):
                # they travel inside their conversations
                exports.rows += size(frame)
            else:
                exports.add(key, frame)
    for source, table, frame, how in day.damaged:
        counts.setdefault((source, table), Counter())["unreadable"] += size(frame)
        exports.damage((source, table), frame, how)


def _tell_truth(
    day: Day,
    world: World,
    contacts: Frame,
    streams: truth.Streams,
    kpi: truth.Kpi,
    with_messages: bool,
) -> None:
    """Write the day's part of the truth."""
    kept = take(contacts, contacts["_kept"])
    kpi.add(kept)
    streams.add("interactions", truth.interaction_table(kept))
    streams.add("topics", truth.topic_table(kept))
    columns = list(zip(*day.log.rows, strict=True)) or [()] * 5
    names = ("source_name", "table_name", "record_id", "fault", "expected")
    arrays = [pa.array(list(column), pa.string()) for column in columns]
    streams.add("faults", pa.Table.from_arrays(arrays, names=list(names)))
    for key, frames in day.tables.items():
        if key in BORNE:
            streams.add("records", _records(key, frames, world))
        if with_messages and key[1] == "messages":
            for frame in frames:
                streams.add(
                    "messages",
                    pa.table(
                        {
                            "source_name": [key[0]] * size(frame),
                            "record_id": pa.array(frame["message_id"], pa.string()),
                            "is_kept": pa.array(frame["_kept"]),
                        }
                    ),
                )


def _records(key: tuple[str, str], frames: list[Frame], world: World) -> pa.Table:
    """Return whose record each row of a table is; test traffic is nobody's."""
    ids, owners = [], []
    for frame in frames:
        fresh = ~frame["_old"]
        ids.append(frame[next(iter(frame))][fresh])
        person = frame["_p"][fresh]
        names = world.people["person_id"][person]
        owners.append(np.where(person >= 0, names, None))
    record, owner = np.concatenate(ids), np.concatenate(owners)
    return pa.table(
        {
            "source_name": pa.array([key[0]] * len(record), pa.string()),
            "table_name": pa.array([key[1]] * len(record), pa.string()),
            "record_id": pa.array(record, pa.string()),
            "person_id": pa.array(owner, pa.string()),
        }
    )


def _finish_truth(args: Arguments, out: Path, results: list[dict]) -> None:
    """Write the parts of the truth that need the whole world."""
    folder = out / "truth"
    parts: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.part*.parquet")):
        parts.setdefault(path.name.split(".")[0], []).append(path)
    for name, paths in parts.items():
        truth.join_parts(folder, name, paths)
    calendar = Calendar(args)
    kpi = truth.Kpi(calendar)
    counts: dict[tuple[str, str], Counter] = {}
    for result in results:
        kpi.totals += result["kpi"]
        for key, count in result["counts"].items():
            counts.setdefault(key, Counter()).update(count)
    pq.write_table(kpi.table(), folder / "kpi_channel_hourly.parquet")
    rows = [
        {
            "source_name": source,
            "table_name": table,
            "written_rows": count["rows"] + count["unreadable"],
            "unreadable_rows": count["unreadable"],
            "record_count": count["records"],
            "version_count": count["rows"],
        }
        for (source, table), count in sorted(counts.items())
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "counts.parquet")
    pq.write_table(truth.planted_table(), folder / "planted.parquet")
    pq.write_table(_persons(make_people(args, calendar)), folder / "persons.parquet")


def _persons(people: Frame) -> pa.Table:
    """Return everyone in the world."""
    site = people["site"]
    return pa.table(
        {
            "person_id": pa.array(people["person_id"], pa.string()),
            "site": pa.array([SITES[n] for n in site]),
            "language": pa.array([("zh", "en")[n] for n in people["language"]]),
            "name": pa.array(people["name"], pa.string()),
            "gender": pa.array(people["gender"], pa.string()),
            "birth_date": pa.array(people["birth"].astype("datetime64[D]")),
            "country": pa.array([("CN", "GB")[n] for n in site]),
        }
    )


def _mark(args: Arguments, out: Path, rows: int, files: int) -> None:
    """Leave a note of what the folder holds."""
    note = {
        "complete": True,
        "people": args.people,
        "days": args.days,
        "seed": args.seed,
        "start": args.start.isoformat(),
        "rows": rows,
        "files": files,
    }
    (out / MARKER).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
