"""What landers say of themselves in the database, and what `status` makes of it."""

import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg

from orchestration.live.landing.measures import Measures

SILENT = timedelta(seconds=20)
SHOWN = timedelta(hours=24)
KEPT_DAYS = 7

SAY = """
insert into frontdesk.listeners as known (
    listener_id, ways, landed_count, repeated_count, unreadable_count, refused_count,
    rate_per_second, lag_p50_seconds, lag_p95_seconds, waiting_count, behind_count,
    problem, stopped_at
)
values (
    %(listener_id)s, %(way)s, %(landed)s, %(repeated)s, %(unreadable)s, %(refused)s,
    %(rate)s, %(p50)s, %(p95)s, %(waiting)s, %(behind)s, %(problem)s,
    case when %(stopped)s then now() end
)
on conflict (listener_id) do update set
    seen_at = now(),
    stopped_at = excluded.stopped_at,
    landed_count = excluded.landed_count,
    repeated_count = excluded.repeated_count,
    unreadable_count = excluded.unreadable_count,
    refused_count = excluded.refused_count,
    rate_per_second = excluded.rate_per_second,
    lag_p50_seconds = excluded.lag_p50_seconds,
    lag_p95_seconds = excluded.lag_p95_seconds,
    waiting_count = excluded.waiting_count,
    behind_count = excluded.behind_count,
    problem = excluded.problem
"""
FORGET = """
delete from frontdesk.listeners
where seen_at < now() - make_interval(days => %s)
"""
ASK = """
select
    listener_id,
    ways,
    seen_at,
    stopped_at,
    landed_count,
    repeated_count,
    unreadable_count,
    refused_count,
    rate_per_second,
    lag_p50_seconds,
    lag_p95_seconds,
    waiting_count,
    behind_count,
    problem,
    now()
from frontdesk.listeners
where coalesce(stopped_at, seen_at) > now() - %s
order by ways, started_at desc
limit 20
"""
COLUMNS = (
    *("lander", "way", "state", "landed", "repeated", "unreadable", "refused"),
    *("events/s", "lag p50 ms", "lag p95 ms", "waiting", "behind"),
)


@dataclass
class Presence:
    """One way in of one process, as it tells the database."""

    measures: Measures
    listener_id: str = field(default="")
    is_stopped: bool = False

    def __post_init__(self) -> None:
        """Find a name that no other lander has."""
        if not self.listener_id:
            host, made_up = socket.gethostname(), uuid.uuid4().hex[:6]
            self.listener_id = f"{host}-{os.getpid()}-{made_up}/{self.measures.way}"

    def say(self, connection: psycopg.Connection) -> None:
        """Write how things are now."""
        one, recent = self.measures, self.measures.recent()
        # the warehouse that hears of it is not away
        problems = {w: said for w, said in one.problems.items() if w != "warehouse"}
        connection.execute(
            SAY,
            {
                "listener_id": self.listener_id,
                "way": one.way,
                "landed": one.count("landed"),
                "repeated": one.count("repeated"),
                "unreadable": one.count("unreadable"),
                "refused": one.refused_count,
                "rate": recent.rate,
                "p50": recent.lag_p50,
                "p95": recent.lag_p95,
                "waiting": one.waiting_count,
                "behind": one.behind_count,
                "problem": "; ".join(f"{w}: {s}" for w, s in problems.items()) or None,
                "stopped": self.is_stopped,
            },
        )
        connection.execute(FORGET, (KEPT_DAYS,))
        connection.commit()


def state(
    seen_at: datetime, stopped_at: datetime | None, problem: str | None, now: datetime
) -> str:
    """Return in a few words how a lander is."""
    if stopped_at:
        return f"stopped {stopped_at.astimezone(UTC):%m-%d %H:%M}"
    if now - seen_at > SILENT:
        return f"silent since {seen_at.astimezone(UTC):%m-%d %H:%M:%S}"
    return problem or "alive"


def rows(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    """Return the landers of the last day for `frontdesk status`; none without any."""
    found = connection.execute("select to_regclass('frontdesk.listeners')").fetchone()
    if found is None or found[0] is None:
        return []
    return [_row(row) for row in connection.execute(ASK, (SHOWN,)).fetchall()]


def _row(row: Sequence) -> tuple[object, ...]:
    name, way, seen_at, stopped_at, *counts = row
    *counted, rate, p50, p95, waiting, behind, problem, now = counts
    now_is = state(seen_at, stopped_at, problem, now)
    is_alive = not stopped_at and now - seen_at <= SILENT
    return (
        *(name.rpartition("/")[0], way, now_is, *counted),
        round(rate or 0, 1) if is_alive else None,
        *(round(1_000 * lag) if lag is not None else None for lag in (p50, p95)),
        *((waiting, behind) if is_alive else (None, None)),
    )
