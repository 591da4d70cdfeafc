"""Ten hours of a noisy wait, two incidents, a receiver that is away for an hour.

What is expected is known by construction: the noise, its spikes and its dips stay
within what the durations of the rule let pass, so there are two incidents and no more.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from orchestration.deliver.alerts.leases import Answer, finish, lease
from tests.python.deliver.stage import NOON, Stage

STEP = 10
HOURS = 10
FOR, KEEP, REPEAT = 60, 120, 1800
ON = ((2 * 3600, 3 * 3600 + 600), (6 * 3600, 8 * 3600))
"""Seconds after the start between which customers wait too long."""
AWAY = (6 * 3600 - 300, 7 * 3600 + 900)
"""The receiver is away as the second incident begins, and for most of an hour."""
WORKERS = ("one", "two", "three", "four")


def is_on(second: float) -> bool:
    """Say whether customers wait too long."""
    return any(start <= second < end for start, end in ON)


def waits(seed: int) -> Iterator[tuple[int, float, int]]:
    """Yield second, wait and how many wait, with spikes, dips and thin moments."""
    draw = random.Random(seed)
    spike_until = dip_until = 0
    for second in range(STEP, HOURS * 3600, STEP):
        # edges are clean, so that there is one true beginning and one true end
        is_edge = any(abs(second - edge) < 300 for span in ON for edge in span)
        if is_on(second):
            wait = draw.uniform(301, 900)
            if draw.random() < 0.3:
                wait = draw.uniform(241, 300)
            if not is_edge and second >= dip_until + 200 and draw.random() < 0.02:
                dip_until = second + draw.randrange(STEP, KEEP - STEP, STEP)
            if second < dip_until:
                wait = draw.uniform(0, 240)
            if is_edge:
                wait = 600
        else:
            wait = draw.uniform(0, 230)
            if not is_edge and second >= spike_until + 200 and draw.random() < 0.03:
                spike_until = second + draw.randrange(STEP, FOR - STEP, STEP)
            if second < spike_until:
                wait = draw.uniform(301, 900)
        count = draw.randrange(2, 9)
        if not is_on(second) and second >= spike_until and draw.random() < 0.05:
            wait, count = draw.uniform(500, 2000), 1
        yield second, wait, count


class Receiver:
    """Takes what deliverers bring, or is away; remembers what it took."""

    def __init__(self) -> None:
        """Begin with nothing taken."""
        self.taken: list[tuple[float, int, str, int]] = []

    def ask(self, second: float, incident: int, kind: str, number: int) -> Answer:
        """Answer one attempt."""
        if AWAY[0] <= second < AWAY[1]:
            return Answer("passing", "no answer")
        self.taken.append((second, incident, kind, number))
        return Answer("delivered", "ok")


def deliver(stage: Stage, receiver: Receiver, second: float, draw: object) -> None:
    """Let four deliverers work until nothing is left that may go now."""
    waiting = stage.conn.execute(
        "select 1 from alerts.notifications where state in ('waiting', 'sending')"
    )
    workers = list(WORKERS) if waiting.fetchone() else []
    while workers:
        worker = draw.choice(workers)
        held = lease(stage.conn, worker, at=stage.now)
        if held is None:
            workers.remove(worker)
            continue
        if draw.random() < 0.1:
            # killed before it sent anything: its lease runs out
            continue
        answer = receiver.ask(second, held.incident_id, held.kind, held.notification_id)
        finish(stage.conn, held, answer, at=stage.now, retry_in=30, pause=20)


def test_ten_noisy_hours(fresh_dsn: Callable[[], str], tmp_path: Path) -> None:
    """Every incident told once and resolved once, at most one repeat per interval."""
    seed = 1
    stage = Stage(fresh_dsn(), tmp_path)
    stage.rules(
        {
            "for_seconds": FOR,
            "keep_seconds": KEEP,
            "repeat_seconds": REPEAT,
            "minimum_sample": 2,
            "routes": "head",
        }
    )
    # the rules of the day do not change
    stage.engine.rules_seconds = HOURS * 3600
    receiver, draw = Receiver(), random.Random(seed)
    for second, wait, count in waits(seed):
        stage.now = NOON + timedelta(seconds=second)
        stage.wait(wait, count=count)
        stage.engine.evaluate(stage.conn, stage.now)
        deliver(stage, receiver, second, draw)

    spans = stage.conn.execute(
        "select extract(epoch from opened_at - %(noon)s)::float8,"
        " extract(epoch from resolved_at - %(noon)s)::float8"
        " from alerts.incidents order by incident_id",
        {"noon": NOON},
    ).fetchall()
    # it has held for FOR at the first look at or after that, and been over for KEEP
    assert spans == [(start + FOR, end + KEEP) for start, end in ON]

    kinds = Counter((incident, kind) for _, incident, kind, _ in receiver.taken)
    assert {key: n for key, n in kinds.items() if key[1] != "repeat"} == {
        (1, "firing"): 1,
        (1, "resolved"): 1,
        (2, "firing"): 1,
        (2, "resolved"): 1,
    }
    assert all(n == 1 for n in Counter(t[3] for t in receiver.taken).values())
    assert no_repeat_too_soon(receiver)
    _nothing_is_lost(stage.conn)
    first = [t[2] for t in receiver.taken if t[1] == 1]
    # 70 minutes: told, reminded after 30 and after 60, over
    assert first == ["firing", "repeat", "repeat", "resolved"]
    late = next(t[0] for t in receiver.taken if t[1:3] == (2, "firing"))
    assert AWAY[1] <= late <= AWAY[1] + 120
    stage.conn.close()


def no_repeat_too_soon(receiver: Receiver) -> bool:
    """Say whether no reminder followed another notice within the interval."""
    last: dict[int, float] = {}
    for second, incident, kind, _ in receiver.taken:
        if kind == "repeat" and second - last[incident] < REPEAT:
            return False
        last[incident] = second
    return True


def _nothing_is_lost(conn: psycopg.Connection) -> None:
    """Every notice was sent, or is a reminder that was overtaken."""
    rows = conn.execute(
        "select kind, state from alerts.notifications where state <> 'sent'"
    ).fetchall()
    assert {row for row in rows if row != ("repeat", "dropped")} == set()


def test_the_series_is_as_noisy_as_it_says() -> None:
    """There are spikes, dips and thin moments, or the test above proves nothing."""
    rows = list(waits(1))
    spikes = sum(wait > 300 and n > 1 and not is_on(s) for s, wait, n in rows)
    thin = sum(wait > 300 and n == 1 and not is_on(s) for s, wait, n in rows)
    dips = sum(wait <= 240 and is_on(s) for s, wait, n in rows)
    between = sum(240 < wait <= 300 and is_on(s) for s, wait, n in rows)
    assert min(spikes, thin, dips, between) > 50
    assert isinstance(NOON, datetime)
