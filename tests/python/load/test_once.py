"""A batch lands once and whole, whatever happens while it lands."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from orchestration.load import warehouse
from orchestration.raw.schema import ensure_raw
from orchestration.raw.sources import SOURCES
from tests.python.load.conftest import THINGS, Landing, Landings
from tests.python.load.test_bad_input import GOOD
from tests.python.load.test_formats import HEADER, NESTED

COUNT = "select count(*), count(distinct thing_id) from {}.things"


def rows(count: int, start: int = 0) -> str:
    """Return a file of so many things."""
    return HEADER + "".join(GOOD.format(i) for i in range(start, start + count))


def test_the_same_content_lands_once(things: Landing) -> None:
    """Again, or under another name: nothing new."""
    first = things.land("things_1.csv", rows(10))
    again = things.land("things_1.csv", rows(10))
    other = things.land("things_2.csv", rows(10))
    assert [r.rows for r in (first, again, other)] == [10, 0, 0]
    assert [r.already_loaded for r in (first, again, other)] == [False, True, True]
    assert things.query(COUNT) == [(10, 10)]


def test_one_table_of_a_file_at_a_time(landings: Landings) -> None:
    """A table loaded alone leaves the other to be loaded later."""
    landing = landings(NESTED)
    text = '{"talks": [{"talk_id": "K1", "messages": [{"message_id": "M1"}]}]}'
    path = landing.file("talks_1.json", text)
    (talks,) = landing.load(path, table="talks")
    assert (talks.table, talks.rows) == ("talks", 1)
    both = landing.load(path)
    assert [(r.table, r.rows, r.already_loaded) for r in both] == [
        ("talks", 0, True),
        ("messages", 1, False),
    ]


def test_two_loads_of_one_file_at_once(things: Landing) -> None:
    """One lands it; the other waits and finds it loaded."""
    path = things.file("things_1.csv", rows(30_000))
    results: list[warehouse.FileResult] = []
    threads = [
        threading.Thread(target=lambda: results.extend(things.load(path)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.already_loaded for r in results) == [False, True, True]
    assert things.query(COUNT) == [(30_000, 30_000)]


def test_the_second_load_takes_over_when_the_first_fails(things: Landing) -> None:
    """A claim that is rolled back is free again."""
    path = things.file("things_1.csv", rows(100))
    things.land("things_0.csv", HEADER)
    digest = warehouse.content_hash(path)
    results: list[warehouse.FileResult] = []
    with psycopg.connect(things.dsn) as conn:
        conn.execute(
            "insert into frontdesk.batches"
            " (source_name, table_name, file_name, content_sha256)"
            " values (%s, 'things', 'things_1.csv', %s)",
            (things.source.name, digest),
        )
        thread = threading.Thread(target=lambda: results.extend(things.load(path)))
        thread.start()
        time.sleep(1)
        assert thread.is_alive()
        conn.rollback()
        thread.join()
    assert [r.rows for r in results] == [100]


KILLED = """
import os, signal, sys
from dataclasses import replace
from orchestration.load import warehouse
from orchestration.raw import sources
from tests.python.load.conftest import THINGS

dsn, name, path, after = sys.argv[1:]
sources.SOURCES[name] = replace(THINGS, name=name)

def progress(file, rows):
    if rows >= int(after):
        os.kill(os.getpid(), signal.SIGKILL)

warehouse.load_files(dsn, name, [path], progress=progress)
"""


@pytest.mark.parametrize("after", [1, 60_000])
def test_a_killed_load_leaves_nothing_and_can_be_resumed(
    things: Landing, after: int
) -> None:
    """SIGKILL in the middle of a file, then the same command again."""
    path = things.file("things_1.csv", rows(120_000))
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED,
            things.dsn,
            things.source.name,
            path,
            str(after),
        ],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        timeout=120,
    )
    assert ended.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 30
    while _sessions(things) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert things.is_empty()
    (result,) = things.load(path)
    assert result.rows == 120_000
    assert things.query(COUNT) == [(120_000, 120_000)]


def _sessions(landing: Landing) -> int:
    with psycopg.connect(landing.dsn) as conn:
        return len(
            conn.execute(
                "select from pg_stat_activity where application_name = 'frontdesk load'"
                " and datname = current_database()"
            ).fetchall()
        )


def test_a_folder_of_small_files_is_quick(things: Landing) -> None:
    """Each file costs milliseconds, and a second pass even less."""
    for i in range(200):
        things.file(f"in/{i}/things_{i}.csv", rows(3, i * 3))
    started = time.monotonic()
    results = things.load(things.folder / "in")
    seconds = time.monotonic() - started
    assert sum(r.rows for r in results) == 600
    # 10 ms a file on an idle machine; the test must hold on a busy one
    assert seconds < 200 * 0.1
    assert all(r.already_loaded for r in things.load(things.folder / "in"))


def test_a_slow_transaction_is_not_lost_behind_a_fast_one(things: Landing) -> None:
    """Readers by xid watermark see every row once; a time stamp would lose some.

    Slow starts first and commits last. A reader in between must take only what no
    running transaction can still get in front of.
    """
    things.land("things_0.csv", HEADER)
    table = sql.Identifier(things.source.schema, "things")
    insert = sql.SQL(
        "insert into {} (thing_id, _batch_id, _source_name, _source_row)"
        " values (%s, 0, '', 0)"
    ).format(table)
    read = sql.SQL(
        "select thing_id from {} where _landed_xid >= %s::xid8"
        " and _landed_xid < pg_snapshot_xmin(pg_current_snapshot()) order by 1"
    ).format(table)
    by_time = sql.SQL("select thing_id from {} where _loaded_at > %s").format(table)
    with (
        psycopg.connect(things.dsn) as slow,
        psycopg.connect(things.dsn) as fast,
        psycopg.connect(things.dsn, autocommit=True) as reader,
    ):

        def watermark() -> str:
            query = "select pg_snapshot_xmin(pg_current_snapshot())::text"
            return str(reader.execute(query).fetchone()[0])

        start = watermark()
        slow.execute(insert, ("slow",))
        time.sleep(0.05)
        fast.execute(insert, ("fast",))
        fast.commit()
        first = reader.execute(read, (start,)).fetchall()
        middle = watermark()
        newest = sql.SQL("select max(_loaded_at) from {}").format(table)
        stamp = reader.execute(newest).fetchone()[0]
        slow.commit()
        second = reader.execute(read, (middle,)).fetchall()
        assert sorted(first + second) == [("fast",), ("slow",)]
        assert reader.execute(by_time, (stamp,)).fetchall() == []


def test_ensure_raw_may_run_in_many_at_once(landings: Landings) -> None:
    """All succeed, and a later call changes nothing."""
    landing = landings(NESTED)
    failures: list[BaseException] = []

    def make() -> None:
        try:
            with psycopg.connect(landing.dsn) as conn:
                ensure_raw(conn, (landing.source,))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with psycopg.connect(landing.dsn) as conn:
        before = conn.execute("select pg_current_xact_id_if_assigned()").fetchone()
        ensure_raw(conn, (landing.source,))
        after = conn.execute("select pg_current_xact_id_if_assigned()").fetchone()
    assert (before, after) == ((None,), (None,))


def test_every_declared_table_can_be_made_and_counted(warehouse_dsn: str) -> None:
    """The declarations are valid SQL; what is not there counts zero."""
    with psycopg.connect(warehouse_dsn) as conn:
        ensure_raw(conn)
        counts = {(c.source, c.table): c for c in warehouse.source_counts(conn)}
    assert len(counts) == sum(len(source.tables) for source in SOURCES.values())
    assert counts["phone", "calls"].batches >= 0


def test_counts_follow_the_batches(things: Landing) -> None:
    """Rows, unreadable rows, batches and the time of the last."""
    things.land("things_1.csv", rows(5) + "bad\n")
    things.land("things_2.csv", rows(5, 5))
    with psycopg.connect(things.dsn) as conn:
        counts = warehouse.source_counts(conn)
    (count,) = [c for c in counts if c.source == things.source.name]
    assert (count.rows, count.unreadable, count.batches) == (10, 1, 2)
    assert count.last_loaded_at is not None


def test_a_grown_table_is_analyzed(things: Landing) -> None:
    """The planner knows a table as soon as its first rows are there."""
    things.land("things_1.csv", rows(3_000))
    assert things.column(
        "select reltuples::bigint from pg_class where oid = '{}.things'::regclass"
    ) == [3_000]


def test_loads_into_postgres_15(
    postgres15_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest server that is supported takes the same statements."""
    made = Landings(postgres15_dsn, tmp_path, monkeypatch)
    things = made(THINGS)
    result = things.land("things_1.csv", rows(100) + "bad\n")
    assert (result.rows, result.unreadable) == (100, 1)
    assert things.land("things_1.csv", rows(100) + "bad\n").already_loaded
    made.clear()
