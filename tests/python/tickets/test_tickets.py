"""The marts of tickets say what the reference says, in whatever order rows came."""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from orchestration import status
from tests.python.tickets import helpdesk, reference, zendesk, zendesk_world
from tests.python.tickets.reference import Row, Ticket
from tests.python.tickets.zendesk import AS_OF, CUSTOM_STATUSES, SOURCE
from tests.python.warehouse import ROOMS, Warehouse, files_of

MODELS = (
    "fct_tickets",
    "fct_sla_events",
    "fct_replies",
    "fct_ticket_history",
    "fct_ticket_status_spans",
    "fct_ticket_problems",
    "kpi_backlog_daily",
    "fct_ticket_messages",
    "fct_sla_at_risk",
    "kpi_tickets_daily",
    "fct_ticket_reconciliations",
)
CONTACT_MODELS = ("kpi_channel_daily", "fct_messages", "dim_agents")
TICKET_COLUMNS = (
    "ticket_id",
    "status",
    "status_category",
    "created_at",
    "is_live",
    "is_deleted",
    "is_opened_by_agent",
    "first_reply_seconds",
    "first_reply_business_seconds",
    "first_reply_reason",
    "first_reply_at",
    "first_resolution_seconds",
    "first_resolution_business_seconds",
    "full_resolution_seconds",
    "full_resolution_business_seconds",
    "full_resolution_last_calendar_business_seconds",
    "resolution_reason",
    "requester_wait_seconds",
    "requester_wait_business_seconds",
    "requester_wait_last_calendar_business_seconds",
    "agent_work_seconds",
    "agent_work_business_seconds",
    "agent_work_last_calendar_business_seconds",
    "agent_wait_seconds",
    "agent_wait_business_seconds",
    "on_hold_seconds",
    "on_hold_business_seconds",
    "business_reason",
    "public_agent_reply_count",
    "timed_reply_count",
    "replying_agent_count",
    "touch_class",
    "reopen_count",
    "handoff_count",
    "distinct_agent_count",
    "first_csat_score",
    "csat_score",
    "is_good_to_bad",
    "is_bad_to_good",
)
EVENT_COLUMNS = (
    "ticket_id",
    "target_seconds",
    "is_business",
    "due_at",
    "breached_at",
    "elapsed_seconds",
    "remaining_seconds",
    "state",
    "event_reason",
)
REPLY_COLUMNS = (
    "ticket_id",
    "agent_id",
    "reply_seconds",
    "reply_business_seconds",
    "waiting_since",
    "replied_at",
    "reply_reason",
)
SPAN_COLUMNS = (
    "status",
    "status_category",
    "waiting_side",
    "started_at",
    "ended_at",
    "span_seconds",
    "span_business_seconds",
    "span_last_calendar_business_seconds",
    "is_current",
)
BACKLOG_COLUMNS = (
    "opening_count",
    "arrived_count",
    "reopened_count",
    "resolved_count",
    "closing_count",
)
FIELDS = {
    "assignee_id": "assignee",
    "group_id": "group",
    "satisfaction_score": "satisfaction",
}
OLDEST = "over_30_days"
FAR = datetime(9999, 1, 1, tzinfo=UTC)
SHOWN = 8

MakeWarehouse = Callable[[], Warehouse]
Keyed = dict[Hashable, Row]


# what is built and what is expected


@pytest.fixture(scope="module")
def account() -> zendesk_world.World:
    """Return a made-up account."""
    return zendesk_world.make_world(count=450, seed=1)


def prepare(warehouse: Warehouse) -> None:
    """Make the connector's tables, and list the account's own status."""
    with psycopg.connect(warehouse.dsn) as connection:
        zendesk.create(connection)
        for status, category in CUSTOM_STATUSES.items():
            connection.execute(
                "insert into reference.seed_ticket_statuses"
                " (source_name, status, status_category) values (%s, %s, %s)",
                [SOURCE, status, category],
            )


def land(warehouse: Warehouse, rows: zendesk.Tables, synced_at: datetime) -> None:
    """Land rows of the account."""
    with psycopg.connect(warehouse.dsn) as connection:
        zendesk.land(connection, rows, synced_at)


def build(
    warehouse: Warehouse,
    as_of: datetime,
    *arguments: str,
    command: str = "run",
    models: Sequence[str] = MODELS,
) -> None:
    """Build the marts of tickets as they stand at a moment."""
    stated = json.dumps({"as_of": as_of.strftime("%Y-%m-%d %H:%M:%S")})
    select = [f"+{model}" for model in models]
    # whose a ticket is, is asked elsewhere: nobody is published here
    leave = ["--exclude", "path:models/identity", "path:tests/identity"]
    leave += ["int_records__unioned", "assert_every_record_of_a_person_is_in_the_union"]
    leave += ["path:models/cleaned/people,+int_records__unioned"]
    if set(models) <= set(MODELS):
        leave += ["path:models/cleaned/channels,+int_records__unioned"]
    warehouse.dbt(
        *(command, "--select", *select, *leave, "--vars", stated),
        *arguments,
    )


@pytest.fixture(scope="module")
def full(
    make_warehouse: MakeWarehouse, account: zendesk_world.World, world: Path
) -> Warehouse:
    """Return a warehouse with both sources, landed and built at once."""
    warehouse = make_warehouse()
    prepare(warehouse)
    land(warehouse, account.rows, AS_OF)
    warehouse.load([pair for pair in files_of(world) if pair[0] == helpdesk.SOURCE])
    build(warehouse, AS_OF, models=MODELS + CONTACT_MODELS)
    return warehouse


@pytest.fixture(scope="module")
def tickets(full: Warehouse, world: Path) -> dict[str, list[Ticket]]:
    """Return the tickets of each source, read from what was landed."""
    statuses = rows_of(full, "select * from reference.seed_ticket_statuses")
    with psycopg.connect(full.dsn) as connection:
        raw = zendesk.read(connection)
    return {
        SOURCE: zendesk.tickets_of(raw, zendesk.categories_of(statuses, SOURCE)),
        helpdesk.SOURCE: helpdesk.tickets_of(world),
    }


def rows_of(warehouse: Warehouse, query: str, *arguments: object) -> list[Row]:
    """Return rows as the database gives them."""
    with psycopg.connect(warehouse.dsn, row_factory=dict_row) as connection:
        return connection.execute(query, arguments).fetchall()


def keyed(rows: Iterable[Row], *names: str) -> Keyed:
    """Return rows by their key, which must be one."""
    found: Keyed = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        assert key not in found, f"twice: {key}"
        found[key] = row
    return found


def in_places(rows: Iterable[Row]) -> Keyed:
    """Return the stays of each ticket by their place; some last no time at all."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["ticket_id"]].append(row)
    found: Keyed = {}
    for ticket_id, stays in groups.items():
        stays.sort(
            key=lambda row: (row["started_at"], row["ended_at"] or FAR, row["status"])
        )
        found |= {(ticket_id, place): row for place, row in enumerate(stays)}
    return found


def differences(expected: Keyed, found: Keyed, columns: Sequence[str]) -> list[str]:
    """Return a line for each row and value in which two tables differ."""
    lines = [f"{_show(key)}: only in the mart" for key in found if key not in expected]
    for key, row in expected.items():
        if key not in found:
            lines.append(f"{_show(key)}: missing, {_show(row.values())}")
            continue
        lines += [
            f"{_show(key)}: {name} is {_plain(found[key][name])},"
            f" by the reference {_plain(row[name])}"
            for name in columns
            if found[key][name] != row[name]
        ]
    return lines


def _plain(value: object) -> str:
    """Return a value for people."""
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else repr(value)


def _show(values: Iterable[object]) -> str:
    """Return values for people."""
    return " ".join(map(_plain, values))


def assert_same(expected: Keyed, found: Keyed, columns: Sequence[str]) -> None:
    """Fail with the first differences and how many there are of each column."""
    lines = differences(expected, found, columns)
    counts = {
        name: sum(f": {name} is " in line for line in lines)
        for name in columns
        if any(f": {name} is " in line for line in lines)
    }
    head = f"{len(lines)} differences in {len(expected)} rows: {counts}"
    assert lines == [], "\n".join([head, *lines[:SHOWN]])
    assert expected


BOTH = pytest.mark.parametrize("source_name", [SOURCE, helpdesk.SOURCE])


# the account itself


def test_batches_end_as_the_account_is(
    fresh_dsn: Callable[[], str], account: zendesk_world.World
) -> None:
    """Rows landed in any order, with earlier versions, end in one final state."""
    with psycopg.connect(fresh_dsn()) as connection:
        found = []
        for schema, parts in (
            ("raw_at_once", [account.rows]),
            ("raw_in_parts", zendesk_world.batches(account, 4)),
        ):
            zendesk.create(connection, schema)
            for part in parts:
                zendesk.land(connection, part, AS_OF, schema)
            found.append(zendesk.read(connection, schema))
    for table, rows in account.rows.items():
        sides = [sorted(map(_without_stamp, side[table])) for side in found]
        assert sides[0] == sides[1]
        assert len(sides[0]) == len(rows)


def _without_stamp(row: Mapping[str, object]) -> str:
    """Return a row but for when it was synced."""
    return repr({name: row[name] for name in row if name != "_fivetran_synced"})


# the marts against the reference


@BOTH
def test_tickets(
    full: Warehouse, tickets: dict[str, list[Ticket]], source_name: str
) -> None:
    """Every ticket is there, with every figure."""
    expected = [reference.ticket_row(one, AS_OF) for one in tickets[source_name]]
    found = rows_of(
        full, "select * from marts.fct_tickets where source_name = %s", source_name
    )
    key = ("source_name", "source_ticket_id")
    assert_same(keyed(expected, *key), keyed(found, *key), TICKET_COLUMNS)


@BOTH
def test_sla_events(
    full: Warehouse, tickets: dict[str, list[Ticket]], source_name: str
) -> None:
    """Every event is there once, and stands as it should."""
    expected = [
        row for one in tickets[source_name] for row in reference.sla_rows(one, AS_OF)
    ]
    found = rows_of(
        full, "select * from marts.fct_sla_events where source_name = %s", source_name
    )
    key = ("source_name", "source_ticket_id", "metric", "applied_at")
    assert_same(keyed(expected, *key), keyed(found, *key), EVENT_COLUMNS)
    assert len({row["sla_event_id"] for row in found}) == len(found)


@BOTH
def test_replies(
    full: Warehouse, tickets: dict[str, list[Ticket]], source_name: str
) -> None:
    """Every reply is there, with whom it kept waiting for how long."""
    expected = [
        row for one in tickets[source_name] for row in reference.reply_rows(one)
    ]
    found = rows_of(
        full,
        "select * from marts.fct_replies where split_part(ticket_id, '/', 1) = %s",
        source_name,
    )
    assert_same(keyed(expected, "reply_id"), keyed(found, "reply_id"), REPLY_COLUMNS)


@BOTH
def test_status_spans(
    full: Warehouse, tickets: dict[str, list[Ticket]], source_name: str
) -> None:
    """Every stay is there, with its length on both clocks."""
    expected = [
        row for one in tickets[source_name] for row in reference.span_rows(one, AS_OF)
    ]
    found = rows_of(
        full,
        "select * from marts.fct_ticket_status_spans"
        " where split_part(ticket_id, '/', 1) = %s",
        source_name,
    )
    assert_same(in_places(expected), in_places(found), SPAN_COLUMNS)


@BOTH
def test_history(
    full: Warehouse, tickets: dict[str, list[Ticket]], source_name: str
) -> None:
    """Every change of a ticket is there, with how long it was valid."""
    names = ("ticket_id", "field_name", "valid_from", "valid_to", "field_value")
    expected = [
        as_named(row, source_name)
        for one in tickets[source_name]
        for row in reference.history_rows(one)
    ]
    found = rows_of(
        full,
        "select * from marts.fct_ticket_history"
        " where split_part(ticket_id, '/', 1) = %s"
        " and ticket_id in (select ticket_id from marts.fct_tickets)",
        source_name,
    )
    sides = [
        sorted(_show(row[name] for name in names) for row in side)
        for side in (expected, found)
    ]
    assert sides[0]
    assert sides[0] == sides[1]


def as_named(row: Row, source_name: str) -> Row:
    """Return a row of the history with our names of fields and ids."""
    name, value = row["field_name"], row["value"]
    if source_name == SOURCE and name in ("assignee_id", "group_id") and value:
        value = f"{source_name}/{value}"
    return row | {"field_name": FIELDS.get(name, name), "field_value": value}


def test_backlog(full: Warehouse, tickets: dict[str, list[Ticket]]) -> None:
    """Every day of every channel, queue and priority adds up, from both sources."""
    names = ("source_name", "channel", "queue_name", "priority")
    groups = {
        row["ticket_id"]: tuple(row[name] for name in names)
        for row in rows_of(full, "select * from marts.fct_tickets")
    }
    every = [one for known in tickets.values() for one in known]
    expected = reference.backlog_rows(every, groups, AS_OF, helpdesk.BUSINESS_ZONE)
    days = keyed(
        rows_of(full, "select * from marts.kpi_backlog_daily"), "calendar_date", *names
    )
    for row in days.values():
        arrived = row["opening_count"] + row["arrived_count"] + row["reopened_count"]
        assert arrived - row["resolved_count"] == row["closing_count"]
    found = {
        key: row for key, row in days.items() if any(row[x] for x in BACKLOG_COLUMNS)
    }
    assert_same(expected, found, BACKLOG_COLUMNS)


def test_ageing_of_the_backlog(
    full: Warehouse, tickets: dict[str, list[Ticket]]
) -> None:
    """What is open at the end of a day has the age it has, on every day there is."""
    place = ZoneInfo(helpdesk.BUSINESS_ZONE)
    bounds = {1: "under_1_day", 3: "under_3_days", 7: "under_7_days"}
    bounds[30] = "under_30_days"
    found = {
        row["calendar_date"]: {
            name: int(row[f"{name}_count"]) for name in (*bounds.values(), OLDEST)
        }
        for row in rows_of(
            full,
            "select calendar_date, sum(under_1_day_count) as under_1_day_count,"
            " sum(under_3_days_count) as under_3_days_count,"
            " sum(under_7_days_count) as under_7_days_count,"
            " sum(under_30_days_count) as under_30_days_count,"
            " sum(over_30_days_count) as over_30_days_count"
            " from marts.kpi_backlog_daily group by calendar_date",
        )
    }
    last = AS_OF.astimezone(place).date()
    spans = [
        (one.created_at.astimezone(place).date(), start, end)
        for known in tickets.values()
        for one in known
        if not one.is_deleted
        for start, end in reference.backlog_spans(one)
    ]
    # the last day is not over, so what is open there is not at its close
    for day in sorted(day for day in found if day < last):
        close = datetime.combine(day + timedelta(days=1), time(), place)
        expected = dict.fromkeys((*bounds.values(), OLDEST), 0)
        for created, start, end in spans:
            if reference.is_before([(start, end)], close):
                age = (day - created).days
                name = next((n for days, n in bounds.items() if age < days), OLDEST)
                expected[name] += 1
        assert found[day] == expected, day
    assert sum(row[OLDEST] for row in found.values()) > 0


def test_promises_at_risk(full: Warehouse, tickets: dict[str, list[Ticket]]) -> None:
    """Live tickets with a running promise at 80 % and more, the most urgent first."""
    live = {
        one.ticket_id: one
        for known in tickets.values()
        for one in known
        if not one.is_finished
    }
    found = rows_of(full, "select * from marts.fct_sla_at_risk order by urgency_rank")
    remaining = [row["remaining_seconds"] for row in found]
    assert remaining == sorted(remaining)
    assert {row["ticket_id"] for row in found} <= set(live)
    expected = [row for one in live.values() for row in reference.sla_rows(one, AS_OF)]
    key = ("ticket_id", "metric", "applied_at")
    events = keyed(expected, *key)
    at_risk = {at for at, row in events.items() if row["state"] == "at_risk"}
    # a breach whose clock was stopped is over: nobody can still mend it
    running = {
        at
        for at, row in events.items()
        if row["state"] == "breached" and row["metric"] in reference.STAY_METRICS
    }
    shown = keyed(found, *key)
    assert at_risk
    assert at_risk <= set(shown)
    assert {at for at, row in shown.items() if row["state"] == "at_risk"} == at_risk
    breached = {at for at, row in shown.items() if row["state"] == "breached"}
    assert {at for at in breached if at[1] in reference.STAY_METRICS} <= running
    assert all(events[at]["state"] == "breached" for at in breached)


def test_daily_counts(full: Warehouse, tickets: dict[str, list[Ticket]]) -> None:
    """First replies, resolutions and touches stand on their days, with their sums."""
    place = ZoneInfo(helpdesk.BUSINESS_ZONE)
    names = ("first_reply_count", "first_reply_seconds_sum", "reply_count")
    names += ("full_resolution_count", "full_resolution_seconds_sum", "no_touch_count")
    expected: dict[Hashable, Row] = defaultdict(lambda: dict.fromkeys(names, 0))
    for source, known in tickets.items():
        for one in known:
            if one.is_deleted:
                continue
            row = reference.ticket_row(one, AS_OF)
            if row["first_reply_seconds"] is not None:
                day = expected[source, row["first_reply_at"].astimezone(place).date()]
                day["first_reply_count"] += 1
                day["first_reply_seconds_sum"] += row["first_reply_seconds"]
            if row["full_resolution_seconds"] is not None:
                end = reference.resolved_moments(one)[-1]
                day = expected[source, end.astimezone(place).date()]
                day["full_resolution_count"] += 1
                day["full_resolution_seconds_sum"] += row["full_resolution_seconds"]
                day["no_touch_count"] += row["touch_class"] == "0"
            for reply in reference.reply_rows(one):
                day = expected[source, reply["replied_at"].astimezone(place).date()]
                day["reply_count"] += 1
    sums = ", ".join(f"sum({name})::bigint as {name}" for name in names)
    rows = rows_of(
        full,
        f"select source_name, activity_date, {sums} from marts.kpi_tickets_daily"
        " group by source_name, activity_date",
    )
    found = {
        key: row
        for key, row in keyed(rows, "source_name", "activity_date").items()
        if any(row[name] for name in names)
    }
    assert_same(dict(expected), found, names)


@BOTH
def test_groups_of_the_backlog(
    full: Warehouse, tickets: dict[str, list[Ticket]], source_name: str
) -> None:
    """Queue and priority are those of the ticket, where it has them."""
    expected = {
        (one.ticket_id,): {"queue_name": one.queue_name, "priority": one.priority}
        for one in tickets[source_name]
        if one.queue_name and one.priority
    }
    rows = rows_of(full, "select * from marts.fct_tickets")
    found = {
        key: row for key, row in keyed(rows, "ticket_id").items() if key in expected
    }
    assert_same(expected, found, ("queue_name", "priority"))


def test_faults_are_reported(full: Warehouse, account: zendesk_world.World) -> None:
    """Each fault is reported at its ticket, and takes no ticket away."""
    query = "select distinct problem, ticket_id from marts.fct_ticket_problems"
    reported = {(row["problem"], row["ticket_id"]) for row in rows_of(full, query)}
    caused = {
        (problem, f"{SOURCE}/{number}")
        for problem, numbers in account.faults.items()
        for number in numbers
    }
    restored = {(problem, one) for problem, one in caused if problem == "restored"}
    assert sorted(caused - restored - reported) == []
    assert not {("deleted_ticket", one) for _, one in restored} & reported
    kept = {
        row["ticket_id"] for row in rows_of(full, "select * from marts.fct_tickets")
    }
    landed = {f"{SOURCE}/{row['id']}" for row in account.rows["ticket"]}
    assert landed <= kept
    orphans = {one for problem, one in caused if problem.endswith("_without_ticket")}
    assert not orphans & kept


# the order of arrival


def test_any_order_of_arrival_equals_a_full_refresh(
    make_warehouse: MakeWarehouse, account: zendesk_world.World, world: Path
) -> None:
    """Late rows, later versions, deletions and a moving clock leave no trace."""
    warehouse = make_warehouse()
    prepare(warehouse)
    files = [pair for pair in files_of(world) if pair[0] == helpdesk.SOURCE]
    random.Random(3).shuffle(files)
    parts = zendesk_world.batches(account, 3, seed=5)
    for number, part in enumerate(parts):
        land(warehouse, part, AS_OF + timedelta(minutes=10 * number))
        warehouse.load(files[number :: len(parts)])
        build(warehouse, AS_OF - timedelta(days=30 * (len(parts) - number)))
    # nothing new but the time
    build(warehouse, AS_OF)
    incremental = contents(warehouse)
    build(warehouse, AS_OF, "--full-refresh")
    complete = contents(warehouse)
    assert incremental.keys() == complete.keys()
    lines = []
    for table, rows in complete.items():
        if incremental[table] != rows:
            stale = sorted(set(incremental[table]) - set(rows))
            missing = sorted(set(rows) - set(incremental[table]))
            lines.append(f"{table}: {len(stale)} stale, {len(missing)} missing")
            lines += [f"  stale   {row}" for row in stale[:2]]
            lines += [f"  missing {row}" for row in missing[:2]]
    assert lines == [], "\n".join(lines)


def contents(warehouse: Warehouse) -> dict[str, list[str]]:
    """Return every row of every room but when it was written, for people to read."""
    tables = rows_of(
        warehouse,
        "select table_schema, table_name from information_schema.tables"
        " where table_schema = any(%s) order by 1, 2",
        ROOMS,
    )
    found = {}
    with psycopg.connect(warehouse.dsn) as connection:
        for table in tables:
            rows = connection.execute(
                sql.SQL(
                    "select (to_jsonb(kept) - 'changed_xid')::text"
                    " from {} as kept order by 1"
                ).format(sql.Identifier(table["table_schema"], table["table_name"]))
            )
            name = f"{table['table_schema']}.{table['table_name']}"
            found[name] = [row for (row,) in rows]
    return found


def test_the_gates_hold_for_an_account_full_of_faults(full: Warehouse) -> None:
    """Bad input is reported, and stops nobody's build."""
    # only tests of what is built here
    cautious = ("--indirect-selection", "cautious")
    models = MODELS + CONTACT_MODELS
    build(full, AS_OF, *cautious, command="test", models=models)


def test_a_ticket_is_a_contact_once(full: Warehouse) -> None:
    """Tickets that follow a contact add none; others add one per time they were solved.

    A contact after the first begins with what the customer wrote since the last solve.
    """
    contacts = rows_of(
        full,
        "select source_name, count(*) as contact_count from marts.fct_interactions"
        " where source_name = any(%s) group by source_name",
        [SOURCE, helpdesk.SOURCE],
    )
    expected = rows_of(
        full,
        """
        select count(*) as contact_count
        from (
            select tickets.ticket_id, 0 as solve_count
            from marts.fct_tickets as tickets
            where tickets.source_name = %s and not tickets.is_deleted
            union
            select messages.ticket_id, max(solved.solve_count) as solve_count
            from marts.fct_ticket_messages as messages
            join marts.fct_tickets as tickets
                on messages.ticket_id = tickets.ticket_id and not tickets.is_deleted
            cross join lateral (
                select count(*) as solve_count
                from marts.fct_ticket_status_spans as spans
                where spans.ticket_id = messages.ticket_id and spans.is_resolution
                    and spans.started_at < messages.sent_at
            ) as solved
            where messages.source_name = %s and messages.is_public
                and messages.sender_type = 'customer'
            group by messages.ticket_id, solved.solve_count
        ) as begun
        """,
        SOURCE,
        SOURCE,
    )
    assert [(row["source_name"], row["contact_count"]) for row in contacts] == [
        (SOURCE, expected[0]["contact_count"])
    ]


def test_status_counts_the_tickets(
    full: Warehouse, tickets: dict[str, list[Ticket]]
) -> None:
    """`frontdesk status` shows each source, deleted tickets left out."""
    with psycopg.connect(full.dsn) as connection:
        (section,) = status.tickets(connection)
    found = {name: (count, live) for name, count, live, *_ in section.rows}
    assert found == {
        source: (
            sum(not one.is_deleted for one in of_source),
            sum(not one.is_finished for one in of_source),
        )
        for source, of_source in tickets.items()
    }
