"""How far the seconds path has come, and what to do when it lags."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import psycopg

from orchestration.settings import UserError

KEYS_AT_ONCE = 5_000
FOUND = """
select
    -- of a warehouse without any contact
    nullif(kept_from, '-infinity'),
    filled_at,
    (select count(*) from live.contacts where is_counted),
    (select count(*) from live.contacts where waiting_since is not null
        and open_until > now()),
    (select coalesce(sum(cardinality(keys)), 0)::bigint from live.pending),
    (select min(noted_at) from live.pending),
    (select reason from live.pending order by attempts desc, pending_id limit 1)
from live.settings
"""
SILENT = """
select source_name || '.' || table_name, last_landed_at, limit_seconds
from live.feeds
where is_stale
order by last_landed_at
"""


@dataclass(frozen=True)
class State:
    """What the seconds path knows, and what it has put off."""

    kept_from: datetime | None
    """Contacts offered before are not known; none: there is no contact."""
    filled_at: datetime | None
    """When what had landed before the triggers was taken in; none: not yet."""
    contacts: int
    waiting: int
    pending: int
    """Keys that are still to be looked at."""
    pending_since: datetime | None
    reason: str | None
    """Why they were put off."""


def require_kept(connection: psycopg.Connection) -> None:
    """Refuse a warehouse in which no build has made the triggers yet."""
    row = connection.execute("select to_regclass('live.settings')").fetchone()
    if row is None or row[0] is None:
        raise UserError("nothing is kept live yet: run `frontdesk build` once")


def read_state(connection: psycopg.Connection) -> State:
    """Return how far the seconds path has come."""
    require_kept(connection)
    return State(*connection.execute(FOUND).fetchone())


def status_lines(connection: psycopg.Connection) -> Iterator[str]:
    """Yield what `frontdesk status` says of the seconds path; nothing without one."""
    row = connection.execute("select to_regclass('live.settings')").fetchone()
    if row is None or row[0] is None:
        return
    state = read_state(connection)
    if state.filled_at is None:
        yield "live: what landed before is filled in at the end of the next build"
    else:
        since = (
            f" since {state.kept_from:%Y-%m-%d %H:%M} UTC" if state.kept_from else ""
        )
        yield f"live: {state.contacts:,} contacts{since}, {state.waiting:,} waiting now"
    for (name,) in connection.execute("select live.unheard()"):
        yield (
            f"live: {name} is not heard yet, something was landing when a build began:"
            " the next `frontdesk build` sees to it"
        )
    if state.pending:
        yield (
            f"live: {state.pending:,} keys put off since {state.pending_since:%H:%M:%S}"
            f" UTC ({state.reason}): `frontdesk live catch-up`"
        )
    for name, landed_at, limit in connection.execute(SILENT):
        yield (
            f"live: {name} is silent since {landed_at:%Y-%m-%d %H:%M:%S} UTC,"
            f" longer than {limit:,} s"
        )


def catch_up(connection: psycopg.Connection) -> int:
    """Take in what was put off, bit by bit, so that no lander waits long.

    Returns how many keys. What fails stays put off, with the reason.
    """
    require_kept(connection)
    total = 0
    while done := _commit_part(connection):
        total += done
    return total


def rebuild(connection: psycopg.Connection, since: datetime | None = None) -> int:
    """Make everything anew from raw, of the days kept or since a moment.

    Who looks meanwhile sees it fill. Returns how many keys were looked at.
    """
    require_kept(connection)
    with connection.transaction():
        connection.execute("select live.rebuild(%s)", [since])
    return catch_up(connection)


def _commit_part(connection: psycopg.Connection) -> int:
    with connection.transaction():
        row = connection.execute("select live.catch_up(%s)", [KEYS_AT_ONCE]).fetchone()
    return row[0]
