"""dbt inside Dagster's process: every result arrives, every failure is named."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from orchestration.settings import Settings, UserError, settings
from orchestration.transform import assets, sessions
from orchestration.transform.project import dbt_project, ensure_manifest


def build(
    toy: Settings, selection: dg.AssetSelection | None = None, **options: object
) -> dg.ExecuteInProcessResult:
    """Build the toy as a Dagster job does."""
    return dg.materialize(
        [assets.make_warehouse_assets(dbt_project(toy))],
        selection=selection,
        run_config={"ops": {"warehouse": {"config": options}}},
        raise_on_error=False,
    )


def keys(result: dg.ExecuteInProcessResult) -> set[str]:
    """Return what was materialised."""
    events = result.get_asset_materialization_events()
    return {event.asset_key.to_user_string() for event in events}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """Return each check and whether it passed."""
    return {
        f"{check.asset_key.to_user_string()}:{check.check_name}": check.passed
        for check in result.get_asset_check_evaluations()
    }


def complaint(result: dg.ExecuteInProcessResult) -> str:
    """Return why the build failed."""
    return result.failure_data_for_node("warehouse").user_failure_data.description


def last_build(connection: psycopg.Connection) -> tuple:
    """Return what the last build wrote down about itself."""
    return connection.execute(
        "select succeeded, node_count, failed, seconds, ended_at is not null"
        " from frontdesk.builds order by build_id desc limit 1"
    ).fetchone()


def test_a_build_shows_every_node_as_asset_or_check(
    toy: Settings, calls: psycopg.Connection
) -> None:
    """Keys carry the room; tests of sources and singular tests are checks too."""
    result = build(toy)
    assert result.success
    assert keys(result) == {
        "staging/stg_calls",
        "marts/fct_calls",
        "marts/fct_slow",
        "reference/seed_toys",
    }
    assert checks(result) == {
        "raw/phone/calls:source_not_null_phone_calls_call_id": True,
        "marts/fct_calls:unique_fct_calls_call_id": True,
        "marts/fct_calls:assert_few": False,
    }
    succeeded, nodes, failed, seconds, ended = last_build(calls)
    assert (succeeded, nodes, failed, ended) == (True, 7, [], True)
    assert {"dbt", "load", "staging", "marts", "tests", "reference"} <= set(seconds)


def test_a_failed_test_fails_the_run_and_is_named(
    toy: Settings, calls: psycopg.Connection
) -> None:
    """What stands below a failed test is not built."""
    calls.execute("insert into raw_phone.calls values (null, 0)")
    result = build(toy)
    assert not result.success
    assert "source_not_null_phone_calls_call_id" in complaint(result)
    assert "\n" not in complaint(result)
    assert "marts/fct_calls" not in keys(result)
    assert last_build(calls)[0] is False
    assert last_build(calls)[2][0]["name"] == "source_not_null_phone_calls_call_id"


def test_a_model_that_breaks_is_named_with_the_reason(
    toy: Settings, calls: psycopg.Connection
) -> None:
    """The database's own words reach the user, in one line."""
    (toy.root / "models/marts/core/fct_slow.sql").write_text("select 1 / 0 as n\n")
    result = build(toy)
    assert not result.success
    assert "fct_slow" in complaint(result)
    assert "division by zero" in complaint(result)
    assert "\n" not in complaint(result)
    assert "marts/fct_calls" in keys(result)


def test_a_part_whose_parents_are_not_built_says_what_to_do(
    toy: Settings, calls: psycopg.Connection
) -> None:
    """A crash of the database leaves as much, where a selection does not mend it."""
    assert build(toy).success
    calls.execute("drop view staging.stg_calls cascade")
    result = build(toy, select=["fct_calls"])
    assert not result.success
    assert 'relation "staging.stg_calls" does not exist' in complaint(result)
    assert "`frontdesk build` without a selection" in complaint(result)
    assert "\n" not in complaint(result)
    assert build(toy).success


def test_a_project_that_does_not_parse_is_one_line(toy: Settings) -> None:
    """The file at fault is named."""
    path = toy.root / "models/marts/core/fct_calls.sql"
    path.write_text("select * from {{ ref('nowhere') }}\n")
    with pytest.raises(UserError, match=r"does not parse: .*fct_calls.*nowhere") as it:
        ensure_manifest(dbt_project(toy))
    assert "\n" not in str(it.value)


def test_the_manifest_follows_the_files(toy: Settings) -> None:
    """It is parsed anew when something changed, and only then."""
    project = dbt_project(toy)
    path = ensure_manifest(project)
    written = path.stat().st_mtime_ns
    assert ensure_manifest(project).stat().st_mtime_ns == written
    time.sleep(0.02)
    (toy.root / "models/marts/core/dim_new.sql").write_text("select 1 as n\n")
    assert "dim_new" in ensure_manifest(project).read_text()
    time.sleep(0.02)
    (toy.root / "models/marts/core/dim_new.sql").unlink()
    assert "dim_new" not in ensure_manifest(project).read_text()


def test_options_reach_dbt(toy: Settings, calls: psycopg.Connection) -> None:
    """Selection, exclusion and unit tests are dbt's own."""
    assert build(toy, select=["+fct_calls"], exclude=["test_type:data"]).success
    only = build(toy, select=["+fct_calls"], exclude=["test_type:data"])
    assert keys(only) == {"staging/stg_calls", "marts/fct_calls"}
    assert checks(only) == {}
    with_units = build(toy, unit_tests=True)
    assert not with_units.success
    assert "a_call_is_a_call" in complaint(with_units)


def test_a_part_chosen_in_dagster_is_built_alone(
    toy: Settings, calls: psycopg.Connection
) -> None:
    """One asset needs neither the others nor a copy of the project."""
    assert build(toy).success
    before = set(os.listdir(Path(os.environ.get("TMPDIR", "/tmp"))))
    result = build(toy, selection=dg.AssetSelection.keys("marts/fct_calls"))
    assert result.success
    assert keys(result) == {"marts/fct_calls"}
    assert "marts/fct_calls:unique_fct_calls_call_id" in checks(result)
    left = set(os.listdir(Path(os.environ.get("TMPDIR", "/tmp")))) - before
    assert not [name for name in left if (Path("/tmp") / name / "models").exists()]


def test_watchers_hear_of_each_node(toy: Settings, calls: psycopg.Connection) -> None:
    """Progress bars know how many there are."""
    heard: list[assets.NodeResult] = []

    class Listener(assets.Watcher):
        def node_ended(self, result: assets.NodeResult) -> None:
            heard.append(result)

    listener = Listener()
    assets.watchers.append(listener)
    try:
        build(toy)
    finally:
        assets.watchers.remove(listener)
    assert len(heard) == 7
    assert {result.total for result in heard} == {7}
    assert {result.room for result in heard} >= {"staging", "marts", "reference"}


def test_a_kept_session_is_as_new_for_each_node(
    toy: Settings, calls: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes share sessions, but not what other nodes made or set in them.

    One that rested long, or was cut meanwhile, is replaced.
    """
    marts = toy.root / "models/marts/core"
    (marts / "fct_first.sql").write_text(
        "{{ config(pre_hook=[\"set work_mem = '123kB'\","
        " 'create temporary table left_over as select 1 as made']) }}\n"
        "select made from left_over"
    )
    for number in range(8):
        (marts / f"fct_next_{number}.sql").write_text(
            "select pg_backend_pid() as pid, current_setting('work_mem') as memory,"
            " to_regclass('left_over') is null as is_new from {{ ref('fct_first') }}"
        )
    names = [f"fct_next_{number}" for number in range(8)]
    (marts / "fct_cut.sql").write_text(
        "".join(f"-- depends_on: {{{{ ref('{name}') }}}}\n" for name in names)
        + "select count(pg_terminate_backend(pid)) as cut from pg_stat_activity"
        " where datname = current_database() and state = 'idle'"
        " and pid <> (select pg_backend_pid())"
        f" and pid <> {calls.info.backend_pid}"
    )
    for number in range(4):
        (marts / f"fct_after_{number}.sql").write_text(
            "select cut from {{ ref('fct_cut') }}"
        )
    told = " union all ".join(f"select * from marts.{name}" for name in names)
    (memory,) = calls.execute("show work_mem").fetchone()
    for seconds, is_shared in ((sessions.IDLE_SECONDS, True), (-1.0, False)):
        monkeypatch.setattr(sessions, "IDLE_SECONDS", seconds)
        # nothing else runs while sessions are cut
        assert build(toy, select=["+path:models/marts/core/fct_after_*"]).success
        found = calls.execute(told).fetchall()
        assert {row[1:] for row in found} == {(memory, True)}
        pids = {pid for pid, _, _ in found}
        assert (len(pids) <= settings().dbt_threads) is is_shared
        (cut,) = calls.execute("select cut from marts.fct_after_3").fetchone()
        assert cut > 0


def test_sessions_are_held_between_runs_where_a_process_wants_them(
    toy: Settings, calls: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run works in those of the last, as new; a lost one costs nothing.

    They end with the process's work, and without such a wish with the run.
    """
    marts = toy.root / "models/marts/core"
    (marts / "fct_left.sql").write_text(
        "{{ config(post_hook=[\"set work_mem = '123kB'\","
        " 'create temporary table left_over as select 1 as made']) }}\n"
        "select pg_backend_pid() as pid, current_setting('work_mem') as memory,"
        " to_regclass('left_over') is null as is_new"
    )
    theirs = (
        "from pg_stat_activity where datname = current_database()"
        " and backend_type = 'client backend' and application_name = 'dbt'"
    )

    def built() -> tuple:
        # one thread would do, but dbt takes any of its own
        assert build(toy, select=["fct_left"]).success
        return calls.execute("select * from marts.fct_left").fetchone()

    def open_sessions() -> set[int]:
        return {pid for (pid,) in calls.execute(f"select pid {theirs}").fetchall()}

    def end(pids: set[int]) -> bool:
        # the server takes a moment to see that a session was closed
        give_up = time.monotonic() + 10
        while pids & open_sessions() and time.monotonic() < give_up:
            time.sleep(0.05)
        return not pids & open_sessions()

    (memory,) = calls.execute("show work_mem").fetchone()
    with sessions.held_between_runs():
        held: set[int] = set()
        for _ in range(3):
            pid, *state = built()
            assert state == [memory, True]
            assert not held or pid in held
            held = open_sessions()
            assert pid in held
            assert calls.execute(f"select distinct state {theirs}").fetchall() == [
                ("idle",)
            ]
        calls.execute(f"select pg_terminate_backend(pid) {theirs}")
        assert end(held)
        assert built()[0] not in held
        held = open_sessions()
        # what rested for long may have been cut on its way
        with monkeypatch.context() as patched:
            patched.setattr(sessions, "IDLE_SECONDS", -1.0)
            assert built()[0] not in held
            assert end(held)
        built()
        held = open_sessions()
        assert held
    assert end(held)
    assert end({built()[0]})


def test_a_caller_that_gives_up_leaves_no_thread_and_no_query(
    toy: Settings, calls: psycopg.Connection
) -> None:
    """An interrupt ends the queries that run, and dbt after them."""
    ensure_manifest(dbt_project(toy))
    calls.execute("update raw_phone.calls set seconds = 60")
    outcome = assets.Outcome()
    events = assets.invoke_dbt(dbt_project(toy), ["build"], outcome)
    next(events)
    sleeping = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
    while calls.execute(sleeping).fetchone()[0] == 0:
        time.sleep(0.05)
    started = time.monotonic()
    events.close()
    assert time.monotonic() - started < 20
    assert calls.execute(sleeping).fetchone()[0] == 0
    assert "dbt" not in {thread.name for thread in threading.enumerate()}


def test_a_lost_database_fails_the_build_and_the_next_one_mends_it(
    toy: Settings, calls: psycopg.Connection
) -> None:
    """Connections that are cut are an error with a name, not a hang."""
    ensure_manifest(dbt_project(toy))
    calls.execute("update raw_phone.calls set seconds = 60")

    def cut() -> None:
        query = (
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where wait_event = 'PgSleep'"
        )
        with psycopg.connect(calls.info.dsn, password=calls.info.password) as admin:
            while admin.execute(query).fetchone()[0] == 0:
                admin.commit()
                time.sleep(0.05)

    thread = threading.Thread(target=cut)
    thread.start()
    result = build(toy)
    thread.join()
    assert not result.success
    assert "fct_slow" in complaint(result)
    calls.execute("update raw_phone.calls set seconds = 0")
    assert build(toy).success


def test_postgres_15_builds_too(
    toy: Settings, postgres15_dsn: str, use_dsn: Callable[[str], None]
) -> None:
    """The oldest server we promise takes a build."""
    use_dsn(postgres15_dsn)
    with psycopg.connect(postgres15_dsn) as connection:
        connection.execute("create schema raw_phone")
        connection.execute(
            "create table raw_phone.calls (call_id text, seconds double precision)"
        )
    assert build(toy).success
