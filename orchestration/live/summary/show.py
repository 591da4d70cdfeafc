"""Tables of what is known this second, for `frontdesk live show`."""

from collections.abc import Iterator

import psycopg
from rich import box
from rich.table import Table

QUEUES = """
select channel, queue_name, waiting_count, longest_wait_seconds, in_progress_count,
    unanswered_count, oldest_contact_id
from live.queues_now
order by longest_wait_seconds desc nulls last, channel, queue_name
"""
AGENTS = """
select site_code, team_name, available_count, busy_count, away_count,
    extract(epoch from now() - last_known_at)::bigint
from live.agents_now
order by site_code, team_name
"""
FEEDS = """
select source_name || '.' || table_name,
    extract(epoch from now() - last_landed_at)::bigint,
    extract(epoch from now() - last_event_at)::bigint,
    landed_count_last_minute, landed_count_last_hour, limit_seconds, is_stale
from live.feeds
where last_landed_at is not null
order by is_stale desc, last_landed_at desc
"""


def tables(connection: psycopg.Connection) -> Iterator[Table]:
    """Yield queues, agents and feeds as they are now."""
    yield _table(
        connection,
        "Queues now",
        QUEUES,
        "channel",
        "queue",
        "waiting",
        "longest wait s",
        "in progress",
        "unanswered",
        "oldest",
    )
    yield _table(
        connection,
        "Agents now",
        AGENTS,
        "site",
        "team",
        "available",
        "busy",
        "away",
        "known for s",
    )
    yield _table(
        connection,
        "Feeds",
        FEEDS,
        "table",
        "landed ago s",
        "event ago s",
        "last minute",
        "last hour",
        "limit s",
        "stale",
    )


def _table(
    connection: psycopg.Connection, title: str, query: str, *names: str
) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in connection.execute(query):
        table.add_row(*map(_text, row))
    return table


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else ""
    return f"{value:,}" if isinstance(value, int) else str(value)
