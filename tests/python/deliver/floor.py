"""A made-up service floor: the tables that the wall reads, filled from a seed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import psycopg

ZONE = "Asia/Shanghai"
HOUR = timedelta(hours=1)
CHANNELS = {
    # name, kind, target seconds, target rate, contacts of a busy hour, share on time
    "phone": ("Phone", "live", 20, 0.80, 620, 0.83),
    "web_chat": ("Web chat", "live", 60, 0.80, 470, 0.79),
    "wechat": ("WeChat mini program", "deferred", 300, 0.85, 410, 0.88),
    "app": ("App conversation", "deferred", 300, 0.85, 260, 0.74),
    "email": ("E-mail", "deferred", 14400, 0.90, 190, 0.93),
    "social": ("Social media", "deferred", 3600, 0.85, 70, 0.62),
    "bot": ("Bot", "bot", 5, 0.99, 330, 0.0),
}
EDGES = (10, 30, 60, 300, 1800, 3600, 14400, 86400)
QUEUES = {
    "cn_orders": "Orders (China)",
    "cn_delivery": "Delivery (China)",
    "cn_aftersales": "After-sales (China)",
    "cn_vip": "Premium customers (China)",
    "uk_orders": "Orders (United Kingdom)",
    "uk_aftersales": "After-sales (United Kingdom)",
}
TABLES = """
create schema marts;
create schema reference;
create table marts.dim_channels (
    channel text primary key, channel_name text, channel_kind text,
    first_response_target_seconds integer, service_level_target_rate numeric(5, 4)
);
create table marts.dim_queues (queue_name text primary key, queue_title text);
create table marts.dim_agents (
    agent_id text primary key, agent_name text, team_name text
);
create table marts.fct_interactions (
    channel text, first_response_seconds integer, started_at timestamptz
);
create table marts.kpi_channel_hourly (
    channel text, offered_count bigint, abandoned_count bigint,
    first_response_count bigint, {edges},
    changed_xid xid8 default pg_current_xact_id(),
    started_date date, hour_started_at timestamptz
);
create table marts.kpi_queue_hourly (
    channel text, queue_name text, answered_within_target_count bigint,
    service_level_count bigint, hour_started_at timestamptz
);
create table marts.kpi_fcr_daily (
    channel text, fcr_7d_count bigint, fcr_known_7d_count bigint, started_date date
);
create table marts.kpi_satisfaction_daily (
    channel text, csat_satisfied_count bigint, csat_answer_count bigint,
    csat_score_sum bigint, sent_date date
);
create table marts.kpi_tickets_daily (
    sla_met_count bigint, sla_breached_count bigint, activity_date date
);
create table marts.fct_source_freshness (
    last_landed_at timestamptz, age_seconds bigint
);
create table marts.fct_sla_at_risk (
    sla_event_id text, ticket_id text, source_ticket_id text, metric text,
    priority text, channel text, queue_name text, agent_id text, state text,
    due_reason text, is_business boolean, remaining_seconds bigint,
    due_at timestamptz, breached_at timestamptz, counted_at timestamptz
);
create table marts.fct_tickets (
    ticket_id text, source_ticket_id text, source_name text, channel text,
    queue_name text, agent_id text, status text, status_category text,
    priority text, topic text, public_agent_reply_count bigint,
    customer_message_count bigint, reopen_count bigint, handoff_count bigint,
    first_reply_seconds bigint, requester_wait_seconds bigint, is_live boolean,
    created_at timestamptz, updated_at timestamptz, last_message_at timestamptz,
    last_resolved_at timestamptz
);
create table marts.fct_sla_events (
    ticket_id text, metric text, policy_name text, state text, event_reason text,
    target_seconds bigint, elapsed_seconds bigint, remaining_seconds bigint,
    is_business boolean, applied_at timestamptz, due_at timestamptz,
    breached_at timestamptz, ended_at timestamptz
);
create table marts.fct_ticket_history (
    ticket_id text, field_name text, field_value text, change_number bigint,
    valid_from timestamptz
);
create table reference.seed_metric_targets (
    metric text, direction text, target_value numeric, warning_value numeric
);
insert into reference.seed_metric_targets values
    ('median_first_response_seconds', 'lower', 300, 600),
    ('abandonment_rate', 'lower', 0.05, 0.08),
    ('sla_met_rate', 'higher', 0.90, 0.80),
    ('fcr_7d_rate', 'higher', 0.70, 0.60),
    ('csat_rate', 'higher', 0.85, 0.75);
""".format(
    edges=", ".join(
        f"first_response_within_{edge}_seconds_count bigint" for edge in EDGES
    )
)
LIVE = """
create schema live;
create table live.feeds (
    source_name text, table_name text, channel text, last_event_at timestamptz,
    last_landed_at timestamptz, landed_count_last_minute bigint,
    limit_seconds integer, is_stale boolean
);
create table live.minutes (
    channel text, queue_name text, minute timestamptz, arrivals bigint
);
create table live.queues_now (
    channel text, queue_name text, waiting_count bigint,
    longest_wait_seconds bigint, waiting_since timestamptz,
    in_progress_count bigint
);
create table live.agents_now (
    team_name text, available_count bigint, busy_count bigint, away_count bigint
);
"""


@dataclass
class Floor:
    """What was made, to compare with."""

    now: datetime
    hours: dict[tuple[str, datetime], dict[str, int]] = field(default_factory=dict)


def busyness(hour: int, week_day: int) -> float:
    """Return how busy an hour is, from 0 to 1."""
    noon = np.exp(-(((hour - 11) / 3.2) ** 2)) + 0.85 * np.exp(
        -(((hour - 16) / 3.0) ** 2)
    )
    return float(max(noon, 0.04) * (1.0, 0.97, 0.95, 0.96, 1.0, 0.62, 0.5)[week_day])


def make(
    connection: psycopg.Connection, now: datetime, scale: float = 1.0, seed: int = 3
) -> Floor:
    """Fill an empty database with eight weeks of marts that end at a moment."""
    random = np.random.default_rng(seed)
    connection.execute(TABLES)
    _lists(connection)
    floor = Floor(now)
    top = now.replace(minute=0, second=0, microsecond=0)
    at = top - timedelta(days=57)
    while at <= top:
        part = 1.0 if at < top else (now - top) / HOUR
        _hour(floor, random, at, scale * part)
        at += HOUR
    _write_hours(connection, floor)
    _contacts(connection, floor, random, top)
    _days(connection, random, now, scale)
    _tickets(connection, random, now)
    connection.execute("insert into marts.fct_source_freshness values (%s, 0)", [now])
    connection.execute("analyze")
    return floor


def _lists(connection: psycopg.Connection) -> None:
    """Write channels, queues and agents."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into marts.dim_channels values (%s, %s, %s, %s, %s)",
            [(name, *row[:4]) for name, row in CHANNELS.items()],
        )
        cursor.executemany(
            "insert into marts.dim_queues values (%s, %s)", list(QUEUES.items())
        )
        cursor.executemany(
            "insert into marts.dim_agents values (%s, %s, %s)",
            [
                ("a1", "Li Na", "Orders"),
                ("a2", "Wang Wei", "After-sales"),
                ("a3", "Emma Clarke", "Orders"),
                ("a4", "Zhang Min", "Premium"),
            ],
        )


def _hour(
    floor: Floor, random: np.random.Generator, at: datetime, scale: float
) -> None:
    """Draw one hour of every channel."""
    local = at.astimezone(ZoneInfo(ZONE))
    busy = busyness(local.hour, local.weekday())
    for name, (_, kind, target, _, peak, on_time) in CHANNELS.items():
        offered = int(random.poisson(peak * busy * scale))
        if not offered:
            continue
        strain = 0.10 * busy + (0.18 if local.hour in (20, 21, 22) else 0.0)
        abandoned = int(random.binomial(offered, 0.02 + 0.06 * busy))
        abandoned = abandoned if kind == "live" else 0
        answered = 0 if kind == "bot" else offered - abandoned
        good = int(random.binomial(answered, max(on_time + 0.06 - strain, 0.05)))
        within = {}
        for edge in EDGES:
            if edge < target:
                within[edge] = int(good * (edge / target) ** 0.5)
            else:
                far = np.log(edge / target) / np.log(86400 / target)
                within[edge] = good + int((answered - good) * far)
        floor.hours[name, at] = {
            "offered": offered,
            "abandoned": abandoned,
            "answered": answered,
            "on_time": good,
            **{f"within_{edge}": count for edge, count in within.items()},
        }


def _write_hours(connection: psycopg.Connection, floor: Floor) -> None:
    """Write the hours of channels and of queues."""
    columns = ", ".join(f"first_response_within_{edge}_seconds_count" for edge in EDGES)
    cursor = connection.cursor()
    with cursor.copy(
        "copy marts.kpi_channel_hourly (channel, offered_count, abandoned_count,"
        f" first_response_count, {columns}, started_date, hour_started_at) from stdin"
    ) as rows:
        for (name, at), counts in floor.hours.items():
            live = CHANNELS[name][1] == "live"
            rows.write_row(
                (
                    name,
                    counts["offered"],
                    counts["abandoned"] if live else None,
                    counts["answered"],
                    *(counts[f"within_{edge}"] for edge in EDGES),
                    at.astimezone(ZoneInfo(ZONE)).date(),
                    at,
                )
            )
    with cursor.copy("copy marts.kpi_queue_hourly from stdin") as rows:
        for (name, at), counts in floor.hours.items():
            if CHANNELS[name][1] != "live":
                continue
            half = counts["offered"] // 2
            good = counts["on_time"] // 2
            rows.write_row((name, "cn_orders", good, half, at))
            rows.write_row(
                (
                    name,
                    "cn_delivery",
                    counts["on_time"] - good,
                    counts["offered"] - half,
                    at,
                )
            )


def _contacts(
    connection: psycopg.Connection,
    floor: Floor,
    random: np.random.Generator,
    top: datetime,
) -> None:
    """Write contacts of the last day and of the same day a week before."""
    cursor = connection.cursor()
    with cursor.copy("copy marts.fct_interactions from stdin") as rows:
        for (name, at), counts in floor.hours.items():
            age = top - at
            if not (
                age <= timedelta(hours=24)
                or timedelta(hours=168) < age <= timedelta(hours=192)
            ):
                continue
            target = CHANNELS[name][2]
            for _ in range(counts["answered"]):
                seconds = int(target * random.lognormal(-0.75, 0.9))
                moment = at + timedelta(seconds=float(random.uniform(0, 3599)))
                rows.write_row((name, seconds, min(moment, floor.now)))
    connection.execute("create index on marts.fct_interactions (started_at)")


def _days(
    connection: psycopg.Connection,
    random: np.random.Generator,
    now: datetime,
    scale: float,
) -> None:
    """Write what is told by days: first contact resolution, answers, promises."""
    today = now.astimezone(ZoneInfo(ZONE)).date()
    fcr, csat, promises = [], [], []
    for n in range(1, 30):
        day = today - timedelta(days=n)
        for name in CHANNELS:
            known = int(random.poisson(CHANNELS[name][4] * scale)) if n >= 8 else 0
            fcr.append((name, int(random.binomial(known, 0.68)), known, day))
            answers = int(random.poisson(CHANNELS[name][4] * scale / 6))
            good = int(random.binomial(answers, 0.86))
            csat.append((name, good, answers, good * 5 + (answers - good) * 2, day))
        whole = int(random.poisson(400 * scale))
        kept = int(random.binomial(whole, 0.88))
        promises.append((kept, whole - kept, day))
    with connection.cursor() as cursor:
        for table, rows in (
            ("kpi_fcr_daily", fcr),
            ("kpi_satisfaction_daily", csat),
            ("kpi_tickets_daily", promises),
        ):
            places = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"insert into marts.{table} values ({places})", rows)


def _tickets(
    connection: psycopg.Connection, random: np.random.Generator, now: datetime
) -> None:
    """Write promises at risk, and the tickets that they are of."""
    metrics = ("first_reply_time", "next_reply_time", "total_resolution_time")
    with connection.cursor() as cursor:
        for n in range(26):
            remaining = int(random.integers(90, 5400)) if n < 15 else -300 * (n - 13)
            due = now + timedelta(seconds=remaining)
            ticket = f"helpdesk|{48210 + 7 * n}"
            place = list(QUEUES)[n % 6]
            metric = metrics[n % 3]
            priority = ("urgent", "high", "normal")[n % 3]
            state = "at_risk" if remaining > 0 else "breached"
            agent = (None, "a1", "a2", "a3", "a4")[n % 5]
            cursor.execute(
                "insert into marts.fct_sla_at_risk values (%s, %s, %s, %s, %s,"
                " 'email', %s, %s, %s, null, true, %s, %s, %s, %s)",
                [
                    *(f"{ticket}|{metric}", ticket, str(48210 + 7 * n), metric),
                    *(priority, place, agent, state, remaining, due),
                    *(due if remaining < 0 else None, now),
                ],
            )
            cursor.execute(
                "insert into marts.fct_tickets values (%s, %s, 'helpdesk', 'email',"
                " %s, %s, 'open', 'open', %s, 'refund', 1, 3, 0, 1, 840, 5400, true,"
                " %s, %s, %s, null)",
                [
                    *(ticket, str(48210 + 7 * n), place, agent, priority),
                    *(now - timedelta(hours=9), now - timedelta(minutes=12)),
                    now - timedelta(minutes=31),
                ],
            )
            cursor.execute(
                "insert into marts.fct_sla_events values (%s, %s, 'Premium', %s, null,"
                " 28800, %s, %s, true, %s, %s, %s, null)",
                [
                    *(ticket, metric, state, 28800 - remaining, remaining),
                    *(now - timedelta(hours=9), due),
                    due if remaining < 0 else None,
                ],
            )
            cursor.execute(
                "insert into marts.fct_ticket_history values"
                " (%s, 'status', 'open', 2, %s), (%s, 'status', 'new', 1, %s)",
                [
                    *(ticket, now - timedelta(hours=8)),
                    *(ticket, now - timedelta(hours=9)),
                ],
            )


def go_live(connection: psycopg.Connection, now: datetime) -> None:
    """Add what the seconds path knows at a moment."""
    connection.execute(LIVE)
    top = now.replace(minute=0, second=0, microsecond=0)
    waiting = [
        ("phone", "cn_aftersales", 7, 402, 23),
        ("phone", "cn_orders", 4, 131, 31),
        ("web_chat", "cn_delivery", 6, 96, 18),
        ("wechat", None, 9, 74, 26),
        ("phone", "uk_orders", 1, 18, 6),
        ("app", None, 3, 41, 11),
        ("web_chat", "cn_vip", 0, None, 4),
    ]
    with connection.cursor() as cursor:
        for channel, queue, count, longest, handled in waiting:
            since = now - timedelta(seconds=longest) if longest else None
            cursor.execute(
                "insert into live.queues_now values (%s, %s, %s, %s, %s, %s)",
                [channel, queue, count, longest, since, handled],
            )
        for channel, row in CHANNELS.items():
            cursor.execute(
                "insert into live.minutes values (%s, '-', %s, %s)",
                [channel, top + timedelta(minutes=7), int(row[4] * 0.5)],
            )
            cursor.execute(
                "insert into live.feeds values"
                " (%s, 'contacts', %s, %s, %s, 40, 120, false)",
                [channel, channel, now - timedelta(seconds=2), now],
            )
        cursor.execute("insert into live.agents_now values ('Orders', 14, 61, 9)")
        cursor.execute("insert into live.agents_now values ('After-sales', 6, 38, 5)")


def raise_alerts(connection: psycopg.Connection, now: datetime) -> None:
    """Add incidents, with the engine's own tables."""
    from orchestration.deliver.alerts.schema import ensure_alerts

    ensure_alerts(connection)
    rules = [
        (
            "waiting_over_5_minutes",
            "Waiting longer than five minutes",
            "等待超过五分钟",
        ),
        ("service_level_is_low", "Service level is low", "服务水平偏低"),
        ("customers_give_up", "Customers give up waiting", "客户放弃等待"),
        ("promises_are_at_risk", "Tickets close to their limit", "工单即将超时"),
    ]
    units = ("seconds", "share", "share", "count")
    for (name, english, chinese), unit in zip(rules, units, strict=True):
        connection.execute(
            "insert into alerts.rules values (%s, 1, %s, %s, 'threshold', 'x', %s,"
            " 'above', 1, 1, 0, 'critical', 'service floor', '{floor}',"
            " 'README.md', true, '{}', false, %s)",
            [name, english, chinese, unit, now],
        )
    minutes, chat = timedelta(minutes=1), {"channel": "web_chat"}
    incidents = [
        (0, "critical", {"channel": "phone"}, 2 * minutes, None, 402, 300, 7),
        (1, "warning", {"channel": "app"}, 14 * minutes, None, 0.534, 0.60, 311),
        (3, "warning", {}, 41 * minutes, None, 15, 4, 26),
        (2, "critical", chat, 280 * minutes, 240 * minutes, 0.21, 0.20, 164),
    ]
    for number, grave, labels, opened, closed, value, limit, count in incidents:
        connection.execute(
            "insert into alerts.incidents (rule_name, labels, severity, state,"
            " opened_at, resolved_at, value, limit_value, sample_count, rule_version)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 1)",
            [
                *(rules[number][0], psycopg.types.json.Jsonb(labels), grave),
                *("resolved" if closed else "open", now - opened),
                *(now - closed if closed else None, value, limit, count),
            ],
        )
