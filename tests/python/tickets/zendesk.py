"""A Zendesk account as a connector lands it: tables, landing, and reading back."""

import csv
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from orchestration.settings import ROOT
from tests.python.tickets.business_time import Calendar, Interval
from tests.python.tickets.reference import (
    METRICS,
    CalendarStay,
    Change,
    Comment,
    Person,
    PolicyRow,
    TargetRow,
    Ticket,
    parse_target,
    policy_targets,
    role_of,
)

Row = dict[str, Any]
Tables = dict[str, list[Row]]

SCHEMA = "raw_zendesk"
SOURCE = "zendesk"
AS_OF = datetime(2026, 4, 20, 7, 30, 11, tzinfo=UTC)
# what an account's administrator would add to seed_ticket_statuses
CUSTOM_STATUSES = {"waiting_for_parts": "hold"}

COLUMNS: dict[str, str] = {
    "ticket": "id bigint, created_at timestamp, updated_at timestamp, status text,"
    " priority text, type text, subject text, description text, assignee_id bigint,"
    " requester_id bigint, submitter_id bigint, organization_id bigint,"
    " group_id bigint, brand_id bigint, ticket_form_id bigint, via_channel text,"
    " is_public boolean, url text, _fivetran_deleted boolean",
    "ticket_comment": "id bigint, ticket_id bigint, user_id bigint, body text,"
    " created timestamp, public boolean, facebook_comment boolean, tweet boolean,"
    " voice_comment boolean, _fivetran_deleted boolean",
    "ticket_field_history": "ticket_id bigint, field_name text, updated timestamp,"
    " value text, user_id bigint",
    "user": "id bigint, name text, email text, role text, active boolean,"
    " suspended boolean, organization_id bigint, phone text, created_at timestamp,"
    " updated_at timestamp, last_login_at timestamp, locale text, time_zone text,"
    " external_id text, _fivetran_deleted boolean",
    "organization": "id bigint, name text, created_at timestamp,"
    " _fivetran_deleted boolean",
    "group": "id bigint, name text, created_at timestamp, _fivetran_deleted boolean",
    "brand": "id bigint, name text, active boolean, _fivetran_deleted boolean",
    "ticket_form_history": "id bigint, updated_at timestamp, name text,"
    " active boolean, _fivetran_deleted boolean",
    "ticket_tag": "ticket_id bigint, tag text",
    "user_tag": "user_id bigint, tag text",
    "organization_tag": "organization_id bigint, tag text",
    "domain_name": "organization_id bigint, index integer, domain_name text",
    "schedule": "id bigint, name text, start_time integer, end_time integer,"
    " start_time_utc integer, end_time_utc integer, time_zone text,"
    " created_at timestamp, _fivetran_deleted boolean",
    "schedule_holiday": "id bigint, schedule_id bigint, name text, start_date text,"
    " end_date text, _fivetran_deleted boolean",
    "ticket_schedule": "ticket_id bigint, schedule_id bigint, created_at timestamp",
    "time_zone": "time_zone text, standard_offset text",
    "daylight_time": "time_zone text, year integer, daylight_start_utc timestamp,"
    " daylight_end_utc timestamp, daylight_offset integer",
    "sla_policy_metric_history": "sla_policy_id bigint, index integer,"
    " sla_policy_updated_at timestamp, business_hours boolean, metric text,"
    " priority text, target integer",
    "ticket_sla_policy": "ticket_id bigint, sla_policy_id bigint,"
    " policy_applied_at timestamp",
}
KEYS: dict[str, tuple[str, ...]] = {
    "ticket": ("id",),
    "ticket_comment": ("id",),
    # the connector's own key lacks the value, and so loses one of two at one instant
    "ticket_field_history": ("ticket_id", "field_name", "updated", "value"),
    "user": ("id",),
    "organization": ("id",),
    "group": ("id",),
    "brand": ("id",),
    "ticket_form_history": ("id", "updated_at"),
    "ticket_tag": ("ticket_id", "tag"),
    "user_tag": ("user_id", "tag"),
    "organization_tag": ("organization_id", "tag"),
    "domain_name": ("organization_id", "index"),
    "schedule": ("id", "start_time"),
    "schedule_holiday": ("id",),
    "ticket_schedule": ("ticket_id", "created_at", "schedule_id"),
    "time_zone": ("time_zone",),
    "daylight_time": ("time_zone", "year"),
    "sla_policy_metric_history": ("sla_policy_id", "index", "sla_policy_updated_at"),
    "ticket_sla_policy": ("ticket_id", "sla_policy_id"),
}
UNKEYED = ("ticket_field_history", "schedule")


# landing


def create(connection: psycopg.Connection, schema: str = SCHEMA) -> None:
    """Make the raw tables as a managed connector makes them."""
    connection.execute(
        sql.SQL("create schema if not exists {}").format(sql.Identifier(schema))
    )
    for table, columns in COLUMNS.items():
        parts = [sql.SQL(f"{columns}, _fivetran_synced timestamp")]
        if table not in UNKEYED:
            names = sql.SQL(", ").join(map(sql.Identifier, KEYS[table]))
            parts.append(sql.SQL("primary key ({})").format(names))
        connection.execute(
            sql.SQL("create table if not exists {} ({})").format(
                sql.Identifier(schema, table), sql.SQL(", ").join(parts)
            )
        )
    connection.execute(
        sql.SQL("create index on {} (ticket_id)").format(
            sql.Identifier(schema, "ticket_field_history")
        )
    )


def land(
    connection: psycopg.Connection,
    rows: Mapping[str, Sequence[Row]],
    synced_at: datetime,
    schema: str = SCHEMA,
) -> None:
    """Write rows as a connector does: one that is known by its key is updated."""
    for table, found in rows.items():
        if not found:
            continue
        names = [part.split()[0] for part in COLUMNS[table].split(", ")]
        spread = random.Random(f"{table}{synced_at}")
        target = sql.Identifier(schema, table)
        same = sql.SQL(" and ").join(
            sql.SQL("{} is not distinct from {}").format(
                sql.Identifier(name), sql.Placeholder(name)
            )
            for name in KEYS[table]
        )
        columns = [*names, "_fivetran_synced"]
        update = sql.SQL("update {} set {} where {}").format(
            target,
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
                for name in columns
            ),
            same,
        )
        insert = sql.SQL("insert into {} ({}) values ({})").format(
            target,
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(map(sql.Placeholder, columns)),
        )
        cursor = connection.cursor()
        for row in found:
            # a connector stamps a row when it reads it, some time before it writes it
            stamp = synced_at - timedelta(seconds=spread.randrange(900))
            full = dict.fromkeys(names) | row | {"_fivetran_synced": naive(stamp)}
            if cursor.execute(update, full).rowcount == 0:
                cursor.execute(insert, full)


def naive(moment: datetime) -> datetime:
    """Return a moment as the connector writes it: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


# reading back


def read(connection: psycopg.Connection, schema: str = SCHEMA) -> Tables:
    """Return the rows of all tables as they are now, times with their zone."""
    found: Tables = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for table in COLUMNS:
            cursor.execute(
                sql.SQL("select * from {}").format(sql.Identifier(schema, table))
            )
            found[table] = [
                {
                    name: value.replace(tzinfo=UTC)
                    if isinstance(value, datetime)
                    else value
                    for name, value in row.items()
                }
                for row in cursor.fetchall()
            ]
    return found


def categories_of(
    rows: Iterable[Mapping[str, str]], source_name: str
) -> dict[str, str]:
    """Return what each status of a source means; its own rows go before the others."""
    listed = list(rows)
    return {
        row["status"]: row["status_category"]
        for name in ("*", source_name)
        for row in listed
        if row["source_name"] == name
    }


def seed_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a seed."""
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def zone_names() -> dict[str, str]:
    """Return the IANA name of each city name of the vendor."""
    return {
        row["zone_name_vendor"]: row["time_zone_name"]
        for row in seed_rows("seed_time_zone_names")
    }


def parse_day(text: str | None) -> date | None:
    """Return a day written as 2026-12-31; nothing for anything else."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def calendars_of(raw: Tables, zones: Mapping[str, str]) -> dict[int, Calendar]:
    """Return the calendar of each schedule."""
    weekly: dict[int, list[Interval]] = defaultdict(list)
    names: dict[int, str] = {}
    for row in raw["schedule"]:
        if row["_fivetran_deleted"]:
            continue
        names[row["id"]] = row["time_zone"]
        if row["start_time"] is not None and row["end_time"] is not None:
            weekly[row["id"]].append(Interval(row["start_time"], row["end_time"]))
    closed: dict[int, set[date]] = defaultdict(set)
    for row in raw["schedule_holiday"]:
        first, last = parse_day(row["start_date"]), parse_day(row["end_date"])
        if row["_fivetran_deleted"] or first is None or last is None:
            continue
        while first <= last:
            closed[row["schedule_id"]].add(first)
            first += timedelta(days=1)
    return {
        schedule: Calendar(
            _zone(name, zones), weekly[schedule], frozenset(closed[schedule])
        )
        for schedule, name in names.items()
    }


def _zone(name: str | None, zones: Mapping[str, str]) -> str | None:
    """Return the IANA name of a zone; nothing for one that nobody knows."""
    if name in zones:
        return zones[name]
    return name if name in available_timezones() else None


def default_schedule(raw: Tables) -> int | None:
    """Return the schedule that was created first."""
    kept = [row for row in raw["schedule"] if not row["_fivetran_deleted"]]
    first = min(kept, key=lambda row: (row["created_at"], row["id"]), default=None)
    return None if first is None else first["id"]


def proven_agents(raw: Tables) -> set[str]:
    """Return who ever was an assignee or wrote what is not public."""
    found = {
        row["value"]
        for row in raw["ticket_field_history"]
        if row["field_name"] == "assignee_id" and row["value"]
    }
    return found | {
        str(row["user_id"])
        for row in raw["ticket_comment"]
        if row["user_id"] is not None
        and row["public"] is False
        and not row["_fivetran_deleted"]
    }


def tickets_of(
    raw: Tables, categories: Mapping[str, str], source_name: str = SOURCE
) -> list[Ticket]:
    """Return the tickets of an account from its rows."""
    people = {
        str(row["id"]): Person(str(row["id"]), row["role"]) for row in raw["user"]
    }
    agents = proven_agents(raw)
    calendars = calendars_of(raw, zone_names())
    default = calendars.get(default_schedule(raw))
    queues = {row["id"]: row["name"] for row in raw["group"]}
    versions = [
        PolicyRow(
            str(row["sla_policy_id"]),
            row["sla_policy_updated_at"],
            row["metric"],
            row["priority"],
            row["target"] * 60,
            row["business_hours"],
            row["index"],
        )
        for row in raw["sla_policy_metric_history"]
    ]
    of_ticket = {
        table: _by_ticket(raw[table])
        for table in (
            "ticket_field_history",
            "ticket_comment",
            "ticket_schedule",
            "ticket_sla_policy",
        )
    }
    found = []
    for row in raw["ticket"]:
        rows = {table: groups[row["id"]] for table, groups in of_ticket.items()}
        requester, submitter = _text(row["requester_id"]), _text(row["submitter_id"])
        role = role_of(submitter, requester, people, agents)
        ticket = Ticket(
            source_name=source_name,
            source_ticket_id=str(row["id"]),
            status=row["status"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            priority=row["priority"],
            queue_name=queues.get(row["group_id"]),
            channel_raw=row["via_channel"],
            is_deleted=bool(row["_fivetran_deleted"]),
            is_opened_by_agent=role == "agent" and submitter != requester,
            changes=_changes(rows["ticket_field_history"]),
            comments=[
                Comment(
                    f"{source_name}/{one['id']}",
                    one["created"],
                    role_of(_text(one["user_id"]), requester, people, agents),
                    one["public"] is True,
                    _named(source_name, one["user_id"]),
                )
                for one in rows["ticket_comment"]
                if not one["_fivetran_deleted"]
            ],
            calendars=_stays(rows["ticket_schedule"], calendars, default),
            categories=categories,
        )
        ticket.targets = _targets(ticket, rows["ticket_sla_policy"], versions)
        found.append(ticket)
    return found


def _by_ticket(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """Return rows by the ticket they belong to."""
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["ticket_id"]].append(row)
    return groups


def _text(value: int | None) -> str | None:
    """Return an id as text."""
    return None if value is None else str(value)


def _named(source_name: str, value: int | None) -> str | None:
    """Return an id with its account before it."""
    return None if value is None else f"{source_name}/{value}"


def _changes(rows: Iterable[Row]) -> list[Change]:
    """Return the history of one ticket."""
    return [
        Change(row["field_name"], row["value"], row["updated"], _text(row["user_id"]))
        for row in rows
    ]


def _stays(
    rows: Iterable[Row], calendars: Mapping[int, Calendar], default: Calendar | None
) -> list[CalendarStay]:
    """Return from when each calendar counts for a ticket."""
    ordered = sorted(rows, key=lambda row: (row["created_at"], str(row["schedule_id"])))
    if not ordered:
        return [CalendarStay(default)]
    return [
        CalendarStay(calendars.get(row["schedule_id"]), row["created_at"])
        for row in ordered
    ]


def _targets(
    ticket: Ticket, applied: Iterable[Row], versions: Sequence[PolicyRow]
) -> list[TargetRow]:
    """Return what the history says of targets; if nothing, what policies say."""
    rows = [
        parse_target(one.field, one.changed_at, one.value)
        for one in ticket.changes
        if one.field in METRICS
    ]
    if rows:
        return rows
    pairs = [(str(row["sla_policy_id"]), row["policy_applied_at"]) for row in applied]
    return policy_targets(ticket, pairs, versions)
