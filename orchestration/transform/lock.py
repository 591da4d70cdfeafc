"""One build at a time per database."""

import contextlib
from collections.abc import Callable, Iterator

import psycopg

from orchestration.database import connections
from orchestration.settings import UserError

LOCK = "select pg_advisory_lock(hashtextextended('frontdesk build', 0))"
TRY_LOCK = "select pg_try_advisory_lock(hashtextextended('frontdesk build', 0))"

# a lock of one 64-bit number stands in pg_locks as two halves
HOLDER = """
select to_char(activity.backend_start at time zone 'UTC', 'HH24:MI:SS "UTC"')
from pg_locks as locks
inner join pg_stat_activity as activity on locks.pid = activity.pid
where
    locks.locktype = 'advisory'
    and locks.granted
    and locks.objsubid = 1
    and locks.database = (
        select oid from pg_database where datname = current_database()
    )
    and (locks.classid::bigint << 32 | locks.objid::bigint)
    = hashtextextended('frontdesk build', 0)
"""


@contextlib.contextmanager
def build_lock(
    *, wait: bool, say: Callable[[str], None] = lambda _: None
) -> Iterator[psycopg.Connection]:
    """Hold the build lock of the database; wait for it, or refuse.

    The lock lives as long as the connection, so a killed build leaves none behind.
    """
    with connections.connect(autocommit=True) as connection:
        if not connection.execute(TRY_LOCK).fetchone()[0]:
            row = connection.execute(HOLDER).fetchone()
            since = f" since {row[0]}" if row and row[0] else ""
            if not wait:
                raise UserError(
                    f"another build runs{since}: wait for it, or leave out --no-wait"
                )
            say(f"another build runs{since}, waiting")
            connection.execute(LOCK)
        yield connection
