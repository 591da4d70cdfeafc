"""What people see of refreshes: who is at work, and how the last ones went."""

from typing import Any

import psycopg

from orchestration.transform.refresh.ledger import Entry

SLOW_SECONDS = 900.0
"""How often the slow lane looks for work, unless told otherwise."""

LEADER = "hashtextextended('frontdesk serve', 0)"
AT_WORK = f"""
select to_char(activity.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
from pg_locks as locks
inner join pg_stat_activity as activity on locks.pid = activity.pid
where
    locks.locktype = 'advisory'
    and locks.granted
    and locks.objsubid = 1
    and locks.database = (
        select oid from pg_database where datname = current_database()
    )
    and (locks.classid::bigint << 32 | locks.objid::bigint) = {LEADER}
"""
LAST = """
select
    lane,
    to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
    round(extract(epoch from coalesce(ended_at, now()) - started_at), 1),
    row_count,
    model_count,
    written_row_count,
    round(lag_seconds, 1),
    case
        when succeeded then 'succeeded'
        when ended_at is null then 'runs, or was killed'
        else 'failed'
    end,
    (select string_agg(part ->> 'name', ', ') from jsonb_array_elements(failed) as part)
from frontdesk.refreshes
order by refresh_id desc
limit %s
"""
HOUR = """
select
    lane,
    count(*),
    count(*) filter (where not succeeded),
    sum(row_count)::bigint,
    round(percentile_disc(0.5) within group (order by lag_seconds), 1),
    round(percentile_disc(0.95) within group (order by lag_seconds), 1),
    round(avg(extract(epoch from ended_at - started_at)), 1)
from frontdesk.refreshes
where started_at > now() - interval '1 hour' and ended_at is not null
group by lane
order by lane
"""
LAST_COLUMNS = (
    *("lane", "started (UTC)", "seconds", "raw rows", "models", "written", "oldest s"),
    *("result", "failed"),
)
HOUR_COLUMNS = (
    *("lane", "refreshes", "failed", "raw rows", "oldest row s, p50", "p95"),
    "mean seconds",
)

Part = tuple[str, tuple[str, ...], list[tuple[Any, ...]], str]
"""Title, columns, rows, what to say when there are none."""


def leader(connection: psycopg.Connection) -> str | None:
    """Return since when a `frontdesk serve` is at work, if one is."""
    row = connection.execute(AT_WORK).fetchone()
    return row[0] if row else None


def parts(connection: psycopg.Connection, last: int = 5) -> list[Part]:
    """Return what `frontdesk status` shows of refreshes; none where none ever ran."""
    known = connection.execute(
        "select to_regclass('frontdesk.refreshes') is not null"
    ).fetchone()[0]
    since = leader(connection)
    if not known:
        return []
    at_work = f"at work since {since}" if since else "not at work: `frontdesk serve`"
    return [
        (
            f"Refreshes ({at_work}), last hour",
            HOUR_COLUMNS,
            connection.execute(HOUR).fetchall(),
            "none",
        ),
        (
            "Last refreshes",
            LAST_COLUMNS,
            connection.execute(LAST, [last]).fetchall(),
            "none",
        ),
    ]


def sentence(entry: Entry, step: str) -> str:
    """Return one line on a refresh."""
    spent = entry.seconds.get("dbt", 0.0)
    said = (
        f"{step}: {entry.row_count:,} raw rows, {entry.model_count} models"
        f" ({entry.changed_model_count} changed, {entry.written_row_count:,} rows)"
        f" in {spent:.1f} s"
    )
    waited = entry.seconds.get("waited", 0.0)
    if waited > 1:
        said += f" after {waited:.0f} s of waiting for another build"
    if entry.failed:
        names = ", ".join(part["name"] for part in entry.failed[:3])
        said += f"; failed: {names}"
    return said
