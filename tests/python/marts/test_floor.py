"""What happened on the floor: queues and agents, worked out anew from the files.

Queues are counted stay by stay in plain Python, agents second by second on a day's
clock; nothing is taken from the warehouse but the marts that are tested.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pandas as pd
import psycopg
import pyarrow.parquet as pq
import pytest

from tests.python.sample import rules
from tests.python.sample.reading import Row, hour, read_world, seconds
from tests.python.warehouse import Warehouse

TARGETS = {"phone": 20, "web_chat": 60, "store": 600}
SHORT = 10
EDGES = (10, 20, 30, 60, 120, 300, 600)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SITES = {"cn": SHANGHAI, "uk": ZoneInfo("Europe/London")}
KINDS = {
    "handling": "handling",
    "after_work": "handling",
    "available": "available",
    "training": "training",
    "break": "break",
}
DAY = 86_400


class Stay(NamedTuple):
    """One stay in one queue."""

    channel: str
    queue: str
    began: datetime
    result: str
    wait: int
    talk: int | None = None
    hold: int | None = None
    after: int | None = None
    handle: int | None = None
    from_bot: bool = False
    is_first: bool = True
    agent: str | None = None
    answered_at: datetime | None = None


@dataclass
class Files:
    """The world as its systems wrote it, without what should be refused."""

    tables: dict[str, list[Row]]
    rejected: dict[str, set[str]]
    stays: list[Stay]
    shifts: list[tuple[str, datetime, datetime, int]]


@pytest.fixture(scope="module")
def files(world: Path) -> Files:
    """Return what the files say of queues and agents."""
    tables, _ = read_world(world)
    rejected: dict[str, set[str]] = defaultdict(set)
    for row in pq.read_table(world / "truth" / "faults.parquet").to_pylist():
        if row["expected"] == "rejected":
            rejected[f"{row['source_name']}.{row['table_name']}"].add(row["record_id"])
    stays = [*calls(tables, rejected), *chats(tables, rejected)]
    stays += visits(tables, rejected)
    return Files(tables, rejected, stays, list(shifts(world)))


def calls(tables: rules.Tables, rejected: rules.Rejected) -> Iterable[Stay]:
    """Return the stays of the calls that were offered."""
    kept = rules.kept(tables, rejected, "phone.calls")
    for row in rules.latest(tables["phone.call_segments"]).values():
        call = kept.get(str(row["call_id"]))
        if call is None or call["ivr_outcome"] != "queue":
            continue
        work = [int(str(row[name])) for name in ("talk_secs", "hold_secs", "acw_secs")]
        met = row["segment_result"] in ("ANSWERED", "TRANSFERRED")
        yield Stay(
            "phone",
            str(row["queue_name"]),
            call["started_at"],
            str(row["segment_result"]).lower(),
            int(str(row["wait_secs"])),
            *(work if met else (None, None, None)),
            handle=sum(work) if met else None,
            is_first=row["segment_no"] == "1",
            agent=row["agent_id"],
            answered_at=row["answered_at"],
        )


def chats(tables: rules.Tables, rejected: rules.Rejected) -> Iterable[Stay]:
    """Return the web chats."""
    sessions = rules.kept(tables, rejected, "chat.sessions")
    for chat in rules.chat(tables, rejected):
        session = sessions[str(chat["record_id"])]
        waited = chat["first_response_seconds"]
        if waited is None:
            waited = seconds(session["ended_at"], session["queued_at"])
        results = {(True, False): "answered", (False, True): "abandoned"}
        yield Stay(
            "web_chat",
            str(session["queue_name"]),
            chat["started_at"],
            results.get((chat["is_handled"], chat["is_abandoned"]), "open"),
            waited,
            after=session["after_work_secs"] if chat["is_handled"] else None,
            handle=chat["handle_seconds"],
            from_bot=session["from_bot_session_id"] is not None,
        )


def visits(tables: rules.Tables, rejected: rules.Rejected) -> Iterable[Stay]:
    """Return the visits of stores: one waiting line without a name."""
    for visit in rules.store(tables, rejected):
        waited = visit["first_response_seconds"]
        if waited is None:
            waited = seconds(visit["ended_at"], visit["started_at"])
        result = "answered" if visit["is_handled"] else "abandoned"
        handle = visit["handle_seconds"]
        yield Stay("store", "-", visit["started_at"], result, waited, handle=handle)


def shifts(world: Path) -> Iterable[tuple[str, datetime, datetime, int]]:
    """Return agent, start, end and paid minutes of each shift, from local times."""
    for path in sorted((world / "workforce").glob("shifts_*.xlsx")):
        zone = SITES[path.name.split("_")[1]]
        sheet = openpyxl.load_workbook(path, read_only=True).active
        header, *rows = list(sheet.iter_rows(values_only=True))
        for cells in rows:
            row = dict(zip(header, cells, strict=True))
            starts, ends = (
                row[name].replace(tzinfo=zone) for name in ("starts_at", "ends_at")
            )
            yield row["agent_id"], starts, ends, row["paid_minutes"]


def queue_parts(stays: list[Stay]) -> dict[str, int]:
    """Return what one queue counts of its stays."""
    target = TARGETS[stays[0].channel]
    met = [stay for stay in stays if stay.result in ("answered", "transferred")]
    left = [stay for stay in stays if stay.result == "abandoned"]
    short = [stay for stay in left if stay.wait <= SHORT]
    parts = {
        "offered_count": len(stays),
        "transferred_in_count": sum(not stay.is_first for stay in stays),
        "from_bot_count": sum(stay.from_bot for stay in stays),
        "answered_count": len(met),
        "abandoned_count": len(left),
        "short_abandoned_count": len(short),
        "callback_count": sum(stay.result == "callback" for stay in stays),
        "transferred_out_count": sum(stay.result == "transferred" for stay in stays),
        "contact_count": sum(stay.is_first for stay in stays),
        "answered_within_target_count": sum(stay.wait <= target for stay in met),
        "service_level_count": len(met) + len(left) - len(short),
        "service_level_offered_count": len(stays),
        "service_level_answered_count": len(met),
        "service_level_all_abandons_count": len(met) + len(left),
        "answered_wait_seconds_sum": sum(stay.wait for stay in met),
        "abandoned_wait_seconds_sum": sum(stay.wait for stay in left),
    }
    for edge in EDGES:
        name = f"answered_within_{edge}_seconds_count"
        parts[name] = sum(stay.wait <= edge for stay in met)
    for name, place in (("talk", 5), ("hold", 6), ("after_work", 7), ("handle", 8)):
        known = [stay[place] for stay in met if stay[place] is not None]
        parts[f"{name}_count"] = len(known)
        parts[f"{name}_seconds_sum"] = sum(known)
    return parts


def share(part: int, whole: int) -> Decimal | None:
    """Return a rate as the marts round it."""
    if not whole:
        return None
    return (Decimal(part) / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("mart", "column", "period"),
    [
        ("kpi_queue_hourly", "hour_started_at", hour),
        ("kpi_queue_daily", "started_date", lambda at: at.astimezone(SHANGHAI).date()),
    ],
)
def test_queues_equal_the_stays_in_the_files(
    built: Warehouse, files: Files, mart: str, column: str, period: Callable
) -> None:
    """Every part of every queue and period, and the rates that follow."""
    groups: dict[tuple, list[Stay]] = defaultdict(list)
    for stay in files.stays:
        groups[stay.channel, stay.queue, period(stay.began)].append(stay)
    found = {
        (row["channel"], row["queue_name"] or "-", row[column]): row
        for row in rows_of(built, f"select * from marts.{mart}")
    }
    assert found.keys() == groups.keys()
    assert len(found) > 200
    rates = {
        "service_level_rate": "service_level_count",
        "service_level_offered_rate": "service_level_offered_count",
        "service_level_answered_rate": "service_level_answered_count",
        "service_level_all_abandons_rate": "service_level_all_abandons_count",
    }
    for key, stays in groups.items():
        expected = queue_parts(stays)
        told = {name: int(found[key][name]) for name in expected}
        assert told == expected, key
        for rate, whole in rates.items():
            right = share(expected["answered_within_target_count"], expected[whole])
            assert found[key][rate] == right, (key, rate)


def rows_of(warehouse: Warehouse, query: str) -> list[dict]:
    """Return the rows of a query as they are, decimals as decimals."""
    with psycopg.connect(warehouse.dsn) as connection:
        cursor = connection.execute(query)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def test_queues_add_up_to_the_worlds_own_totals(built: Warehouse, world: Path) -> None:
    """Over the queues of a channel and hour stands what the world counted itself."""
    truth = pd.read_parquet(world / "truth" / "kpi_channel_hourly.parquet")
    names = {
        "contact_count": "offered_count",
        "contact_answered_count": "handled_count",
        "contact_abandoned_count": "abandoned_count",
        "contact_short_abandoned_count": "short_abandoned_count",
        "contact_callback_count": "callback_count",
        "handle_seconds_sum": "handle_seconds_sum",
    }
    sums = ", ".join(f"sum({name})::bigint as {name}" for name in names)
    found = built.frame(
        f"select channel, hour_started_at, {sums} from marts.kpi_queue_hourly"
        " group by channel, hour_started_at"
    )
    found["hour_started_at"] = pd.to_datetime(found["hour_started_at"], utc=True)
    truth["hour_started_at"] = pd.to_datetime(truth["hour_started_at"], utc=True)
    truth = truth[truth["channel"].isin(TARGETS) & (truth["offered_count"] > 0)]
    both = found.merge(
        truth, on=["channel", "hour_started_at"], how="outer", suffixes=("", "_truth")
    )
    assert len(both) == len(found) == len(truth) > 200
    for ours, theirs in names.items():
        right = both[theirs + "_truth" if theirs in names else theirs]
        assert both[ours].tolist() == right.fillna(0).astype("int64").tolist(), ours


def days_of(started: datetime, ended: datetime) -> Iterable[tuple[date, int, int]]:
    """Return the days an interval touches, with seconds since their midnight."""
    day = started.astimezone(SHANGHAI).date()
    while True:
        midnight = datetime.combine(day, datetime.min.time(), SHANGHAI)
        since = max(0, round((started - midnight).total_seconds()))
        until = min(DAY, round((ended - midnight).total_seconds()))
        if until <= since:
            return
        yield day, since, until
        day += timedelta(days=1)


def agent_days(files: Files) -> dict[tuple[str, date], dict[str, int]]:
    """Return how each agent spent each day, second by second."""
    clocks: dict[tuple[str, date], dict[str, np.ndarray]] = defaultdict(
        lambda: defaultdict(lambda: np.zeros(DAY, np.int16))
    )
    paid: dict[tuple[str, date], int] = defaultdict(int)
    states = rules.kept(files.tables, files.rejected, "workforce.agent_states")
    for row in states.values():
        for day, since, until in days_of(row["started_at"], row["ended_at"]):
            clock = clocks[str(row["agent_id"]), day]
            clock[KINDS.get(str(row["state"]), "other")][since:until] += 1
    for agent, starts, ends, minutes in files.shifts:
        gone = 0
        length = round((ends.astimezone(UTC) - starts).total_seconds())
        for day, since, until in days_of(starts, ends):
            clocks[agent, day]["planned"][since:until] += 1
            before = minutes * 60 * gone // length
            gone += until - since
            paid[agent, day] += minutes * 60 * gone // length - before
    found = {}
    for key, clock in clocks.items():
        handling = clock["handling"] > 0
        available = ~handling & (clock["available"] > 0)
        training = ~handling & ~available & (clock["training"] > 0)
        rest = ~handling & ~available & ~training & (clock["break"] > 0)
        planned = clock["planned"] > 0
        found[key] = {
            "handling_seconds": int(handling.sum()),
            "handling_seconds_sum": int(clock["handling"].sum()),
            "available_seconds": int(available.sum()),
            "training_seconds": int(training.sum()),
            "break_seconds": int(rest.sum()),
            "planned_seconds": int(planned.sum()),
            "adherent_seconds": int((planned & (handling | available)).sum()),
            "paid_seconds": paid[key],
        }
    return found


def test_agents_equal_their_seconds(built: Warehouse, files: Files) -> None:
    """Every day of every agent, also those that business midnight cuts in two."""
    expected = agent_days(files)
    found = {
        (row["agent_id"], row["calendar_date"]): row
        for row in rows_of(
            built,
            "select * from marts.kpi_agent_daily where has_states and has_shift",
        )
    }
    assert len(found) > 500
    assert found.keys() <= expected.keys()
    seen = rows_of(built, "select distinct agent_date_id from marts.fct_agent_states")
    assert {row["agent_date_id"] for row in seen} == {
        f"{agent}|{day}"
        for (agent, day), parts in expected.items()
        if parts["handling_seconds"] + parts["available_seconds"]
        or parts["training_seconds"] + parts["break_seconds"]
    }
    for key, row in found.items():
        parts = expected[key]
        assert {name: row[name] for name in parts} == parts, key
        ready = parts["handling_seconds"] + parts["available_seconds"]
        assert row["occupancy_rate"] == share(parts["handling_seconds"], ready)
        assert row["idle_rate"] == share(parts["available_seconds"], ready)
        right = share(parts["handling_seconds"], parts["paid_seconds"])
        assert row["utilisation_rate"] == right
        right = share(parts["adherent_seconds"], parts["planned_seconds"])
        assert row["adherence_rate"] == right


def test_agents_have_their_contacts(
    built: Warehouse, files: Files, world: Path
) -> None:
    """Work is of who did it, answers of customers of the agent the contact has."""
    expected: dict[tuple, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for stay in files.stays:
        if stay.agent is not None and stay.handle is not None:
            day = stay.began.astimezone(SHANGHAI).date()
            expected[stay.agent, day]["handled_count"] += 1
            expected[stay.agent, day]["handle_seconds_sum"] += stay.handle
            expected[stay.agent, day]["talk_seconds_sum"] += stay.talk
    for row in pq.read_table(world / "truth" / "interactions.parquet").to_pylist():
        if row["agent_id"] is None:
            continue
        parts = expected[row["agent_id"], row["started_at"].astimezone(SHANGHAI).date()]
        parts["contact_count"] += row["direction"] == "inbound"
        parts["outbound_count"] += row["direction"] == "outbound"
        parts["resolved_count"] += row["is_resolved"] is True
        parts["complaint_count"] += row["is_complaint"]
        parts["csat_answer_count"] += row["csat_score"] is not None
        parts["csat_satisfied_count"] += (row["csat_score"] or 0) >= 4
        if row["channel"] != "phone" and row["is_handled"]:
            parts["handled_count"] += 1
            parts["handle_seconds_sum"] += row["handle_seconds"] or 0
    found = {
        (row["agent_id"], row["calendar_date"]): row
        for row in rows_of(built, "select * from marts.kpi_agent_daily")
    }
    assert expected.keys() <= found.keys()
    known = rows_of(built, "select agent_id from marts.dim_agents where is_known")
    for agent, day in found:
        if {"agent_id": agent} not in known:
            continue
        parts = expected[agent, day]
        for name in (
            "contact_count",
            "outbound_count",
            "handled_count",
            "handle_seconds_sum",
            "talk_seconds_sum",
            "resolved_count",
            "complaint_count",
            "csat_answer_count",
            "csat_satisfied_count",
        ):
            assert found[agent, day][name] == parts[name], (agent, day, name)


def test_concurrency_is_the_overlap_of_the_contacts(built: Warehouse) -> None:
    """The union and the sum of the intervals of work, agent by agent and day by day."""
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in rows_of(
        built,
        "select agent_date_id, work_started_at, work_ended_at"
        " from marts.fct_agent_contacts where work_ended_at > work_started_at",
    ):
        spans[row["agent_date_id"]].append(
            (row["work_started_at"], row["work_ended_at"])
        )
    found = rows_of(
        built,
        "select agent_date_id, contact_work_seconds, contact_work_seconds_sum,"
        " average_concurrency from marts.kpi_agent_daily"
        " where contact_work_seconds > 0",
    )
    assert {row["agent_date_id"] for row in found} == spans.keys()
    overlapping = 0
    for row in found:
        busy: set[int] = set()
        whole = 0
        for started, ended in spans[row["agent_date_id"]]:
            busy.update(range(int(started.timestamp()), int(ended.timestamp())))
            whole += seconds(ended, started)
        assert row["contact_work_seconds"] == len(busy)
        assert row["contact_work_seconds_sum"] == whole
        overlapping += whole > len(busy)
    assert overlapping > 0


def test_fcr_of_agents_is_that_of_their_contacts(built: Warehouse) -> None:
    """Over all agents stand the contacts of agents in the chains."""
    query = (
        "select coalesce(sum({known}), 0)::bigint, coalesce(sum({yes}), 0)::bigint"
        " from marts.{mart} where {where}"
    )
    chains = built.frame(
        query.format(
            known="(is_fcr_7d is not null)::integer",
            yes="is_fcr_7d::integer",
            mart="fct_contact_chains",
            where="agent_id is not null",
        )
    )
    agents = built.frame(
        query.format(
            known="fcr_known_count",
            yes="fcr_count",
            mart="kpi_agent_daily",
            where="true",
        )
    )
    assert agents.iloc[0].tolist() == chains.iloc[0].tolist()
    assert chains.iloc[0, 1] > 50


def test_an_assumed_end_moves_with_what_follows(
    make_warehouse: Callable[[], Warehouse],
) -> None:
    """A stay that nobody ended is mended by later, moved and given-up neighbours."""
    warehouse = make_warehouse()
    insert = (
        "insert into raw_workforce.agent_states (state_id, agent_id, state,"
        " started_at, ended_at, exported_at, _batch_id, _source_name, _source_row)"
        " values (%s, %s, 'available', %s, %s, %s, 0, 'hand', %s)"
    )
    ends = "select max(ended_at) from marts.fct_agent_states where state_id = 'open'"
    number = iter(range(1, 100))

    def land(state: str, agent: str, started: str, ended: str | None) -> pd.Timestamp:
        turn = next(number)
        exported = datetime(2026, 1, 6, turn, tzinfo=UTC)
        with psycopg.connect(warehouse.dsn) as connection:
            row = [state, agent, started, ended, exported, turn]
            connection.execute(insert, row)
        warehouse.dbt("run", "--select", "+fct_agent_states")
        return pd.Timestamp(warehouse.value(ends)).tz_convert("UTC")

    def at(text: str) -> pd.Timestamp:
        return pd.Timestamp(text, tz="UTC")

    first, later = "2026-01-05 01:00+00", "2026-01-05 05:00+00"
    assert land("open", "A1", first, None) == at("2026-01-06 01:00")
    assert land("next", "A1", "2026-01-05 03:00+00", later) == at("2026-01-05 03:00")
    # the neighbour began later than was thought
    assert land("next", "A1", "2026-01-05 04:00+00", later) == at("2026-01-05 04:00")
    # it was another agent's
    assert land("next", "A2", "2026-01-05 04:00+00", later) == at("2026-01-06 01:00")
    assert land("open", "A1", first, "2026-01-05 02:00+00") == at("2026-01-05 02:00")
    incremental = warehouse.contents()
    warehouse.dbt("run", "--full-refresh", "--select", "+fct_agent_states")
    assert warehouse.contents() == incremental
