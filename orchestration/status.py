"""What `frontdesk status` shows: the server, the rows, the KPIs, the builds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from rich import box
from rich.console import Console
from rich.table import Table

from orchestration import connectors
from orchestration.database import connections
from orchestration.deliver.alerts import ledger
from orchestration.deliver.alerts import show as alerts
from orchestration.live.landing import listeners
from orchestration.live.summary import state as live
from orchestration.load import warehouse
from orchestration.records import RECORD_TYPES
from orchestration.settings import Settings, UserError
from orchestration.transform.refresh import state as refreshes

LAST_BUILDS = 5

KPI = """
select
    channel,
    sum(contact_count)::bigint,
    sum(offered_count)::bigint,
    sum(handled_count)::bigint,
    sum(abandoned_count)::bigint,
    round(sum(first_response_seconds_sum) / nullif(sum(first_response_count), 0)),
    round(sum(handle_seconds_sum) / nullif(sum(handle_count), 0)),
    round(100.0 * sum(resolved_count) / nullif(sum(resolution_known_count), 0), 1),
    round(100.0 * sum(csat_satisfied_count) / nullif(sum(csat_answer_count), 0), 1),
    sum(complaint_count)::bigint
from marts.kpi_channel_daily
group by channel
order by sum(contact_count) desc
"""

TICKETS = """
select
    source_name,
    count(*),
    count(*) filter (where is_live),
    round(sum(first_reply_seconds) / nullif(count(first_reply_seconds), 0)),
    round(sum(full_resolution_seconds) / nullif(count(full_resolution_seconds), 0)),
    sum(reopen_count)::bigint
from marts.fct_tickets
where not is_deleted
group by source_name
order by count(*) desc
"""

PROMISES = """
select
    source_name,
    count(*) filter (where state = 'met'),
    count(*) filter (where state = 'breached'),
    count(*) filter (where is_running and state = 'at_risk'),
    count(*) filter (where is_running and state = 'breached')
from marts.fct_sla_events
group by source_name
"""

IDENTITY = """
with sizes as (
    select count(*) as record_count
    from identity.int_records__resolved
    group by customer_id
),
edges as (
    select
        count(*) filter (where state = 'linked') as linked_count,
        count(*) filter (where state = 'refused') as refused_count,
        count(*) filter (where state = 'review') as review_count
    from identity.int_identity_edges
)
select
    coalesce(sum(sizes.record_count), 0)::bigint,
    count(*),
    max(sizes.record_count),
    max(edges.linked_count),
    max(edges.refused_count),
    max(edges.review_count),
    (select count(*) from frontdesk.identity_decisions where undone_at is null),
    (select max(model_version) from cleaned.int_identity_weights__cleaned)
from sizes
cross join edges
"""

IDENTITY_RUN = """
select
    to_char(max(happened_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
    count(*) filter (where event = 'created'),
    count(*) filter (where event = 'merged_into'),
    count(*) filter (where event = 'split_from'),
    count(*) filter (where event = 'retired')
from frontdesk.customer_events
where run_id = (
    select run_id from frontdesk.customer_events order by event_id desc limit 1
)
having count(*) > 0
"""

BUILDS = """
select
    started_at,
    job,
    coalesce(extract(epoch from ended_at - started_at), 0)::numeric(10, 1),
    node_count,
    succeeded,
    failed,
    seconds,
    run_id
from frontdesk.builds
order by build_id desc
limit %s
"""

FAILED_CHECKS = """
select kind, subject
from frontdesk.outbox
where run_id = %s and kind like 'check%%'
order by kind, subject
"""


# by what a problem is about: the relation that lists them, if it has been built
PROBLEMS = {
    "tickets": "marts.fct_ticket_problems",
    "calendars": "cleaned.int_calendar_problems__counted",
}


@dataclass(frozen=True)
class Section:
    """One table of the report."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    empty: str


def exists(connection: psycopg.Connection, relation: str) -> bool:
    """Say whether a table or view is there."""
    row = connection.execute("select to_regclass(%s)", [relation]).fetchone()
    return row[0] is not None


def fates(connection: psycopg.Connection) -> dict[str, tuple[int, int, int]]:
    """Return superseded, rejected and kept rows of each record type, as last built."""
    built = [
        (record, sql.Identifier("cleaned", record.judged))
        for record in RECORD_TYPES
        if exists(connection, f"cleaned.{record.judged}")
    ]
    if not built:
        return {}
    query = sql.SQL(" union all ").join(
        sql.SQL(
            "select {}, coalesce(sum(version_count - 1), 0)::bigint,"
            " count(rejection_reason), count(*) - count(rejection_reason) from {}"
        ).format(sql.Literal(record.name), relation)
        for record, relation in built
    )
    return {row[0]: row[1:] for row in connection.execute(query).fetchall()}


def landed(connection: psycopg.Connection) -> Section:
    """Return what became of the rows of each raw table."""
    found = fates(connection)
    rows = [
        (
            *(count.source, count.table, count.batches, count.rows, count.unreadable),
            *found.get(f"{count.source}.{count.table}", (None, None, None)),
            f"{count.last_loaded_at:%m-%d %H:%M}",
        )
        for count in warehouse.source_counts(connection)
        if count.batches
    ]
    return Section(
        "Rows per source, landed and as last built",
        (
            *("source", "table", "files", "landed", "unreadable"),
            *("superseded", "rejected", "kept", "landed at (UTC)"),
        ),
        rows,
        "nothing yet: `frontdesk sample`, then `frontdesk load all .frontdesk/sample`",
    )


def channels(connection: psycopg.Connection) -> Section:
    """Return the KPIs of each channel over all its days."""
    rows = []
    if exists(connection, "marts.kpi_channel_daily"):
        rows = connection.execute(KPI).fetchall()
    return Section(
        "Channels",
        (
            *("channel", "contacts", "offered", "handled", "abandoned"),
            *("first response s", "handle s", "resolved %", "CSAT %", "complaints"),
        ),
        rows,
        "no marts yet: `frontdesk build`",
    )


def tickets(connection: psycopg.Connection) -> list[Section]:
    """Return the tickets of each source with their promises; none without any."""
    if not exists(connection, "marts.fct_sla_events"):
        return []
    promises = {name: counts for name, *counts in connection.execute(PROMISES)}
    rows = [
        (name, *counts, *promises.get(name, [0, 0, 0, 0]))
        for name, *counts in connection.execute(TICKETS)
    ]
    if not rows:
        return []
    columns = (
        *("source", "tickets", "live", "first reply s", "resolution s", "reopens"),
        *("SLA met", "breached", "at risk now", "breached now"),
    )
    return [Section("Tickets, as last built", columns, rows, "none")]


def identity(connection: psycopg.Connection) -> list[Section]:
    """Return how many customers there are, and what holds them together; none yet."""
    needed = (
        "identity.int_records__resolved",
        "identity.int_identity_edges",
        "cleaned.int_identity_weights__cleaned",
    )
    if not all(exists(connection, relation) for relation in needed):
        return []
    row = connection.execute(IDENTITY).fetchone()
    if not row[0]:
        return []
    return [
        Section(
            "Identity, as last built",
            (
                *("records", "customers", "largest", "linked", "refused", "in review"),
                *("decisions standing", "model version"),
            ),
            [row],
            "none",
        ),
        Section(
            "Customers, in the last run that changed any",
            ("run (UTC)", "created", "merged", "split", "retired"),
            connection.execute(IDENTITY_RUN).fetchall(),
            "none yet",
        ),
    ]


def connector_accounts(
    connection: psycopg.Connection, of: Settings | None = None
) -> list[Section]:
    """Return the accounts that others land, and what they lack; none without one."""
    title = "Accounts landed by a connector"
    try:
        found = connectors.accounts(connection, of)
    except UserError as error:
        # what is expected stands in the dbt project; the rest of the report does not
        return [Section(title, (), [], str(error))]
    if not found:
        return []
    now = datetime.now(UTC)
    rows = []
    gaps = []
    for account in found:
        newest = connectors.newest_sync(connection, account)
        age = (now - newest) / timedelta(hours=1) if newest else None
        rows.append(
            (
                *(account.name, account.schema),
                f"{len(account.present)} of {len(account.expected)}",
                f"{newest:%Y-%m-%d %H:%M}" if newest else None,
                None if age is None else Decimal(f"{age:.1f}"),
            )
        )
        gaps += [
            (gap.account, gap.table, gap.lacks, gap.remedy) for gap in account.gaps()
        ]
    return [
        Section(
            title,
            ("account", "schema", "tables", "newest sync (UTC)", "hours ago"),
            rows,
            "none",
        ),
        Section(
            "What the accounts lack",
            ("account", "table", "lacks", "so"),
            gaps,
            "nothing",
        ),
    ]


def problems(connection: psycopg.Connection) -> list[Section]:
    """Return how often each problem of tickets and calendars occurs; none without."""
    rows = []
    for subject, relation in PROBLEMS.items():
        if exists(connection, relation):
            counts = connection.execute(
                sql.SQL(
                    "select problem, count(*) from {}"
                    " group by problem order by count(*) desc, problem"
                ).format(sql.Identifier(*relation.split(".")))
            )
            rows += [(subject, *row) for row in counts.fetchall()]
    if not rows:
        return []
    return [
        Section(
            "Problems of tickets and calendars, as last built",
            ("of", "problem", "count"),
            rows,
            "none",
        )
    ]


def builds(connection: psycopg.Connection) -> Section:
    """Return the last builds."""
    rows = []
    if exists(connection, "frontdesk.builds"):
        for row in connection.execute(BUILDS, [LAST_BUILDS]).fetchall():
            state = {True: "succeeded", False: "failed", None: "did not end"}[row[4]]
            names = ", ".join(failure["name"] for failure in row[5][:3])
            rows.append((f"{row[0]:%Y-%m-%d %H:%M}", *row[1:4], state, names))
    return Section(
        "Builds",
        ("started (UTC)", "job", "seconds", "nodes", "result", "failed"),
        rows,
        "none yet: `frontdesk build`",
    )


def failed_checks(connection: psycopg.Connection) -> Section:
    """Return the failed checks of the last build."""
    rows = []
    if exists(connection, "frontdesk.builds"):
        last = connection.execute(BUILDS, [1]).fetchone()
        if last:
            rows = connection.execute(FAILED_CHECKS, [last[7]]).fetchall()
    return Section(
        "Failed checks of the last build", ("severity", "check"), rows, "none"
    )


def server_line(connection: psycopg.Connection) -> str:
    """Return one line about the server."""
    version, size = connection.execute(
        "select current_setting('server_version'),"
        " pg_size_pretty(pg_database_size(current_database()))"
    ).fetchone()
    return f"Postgres {version}, {size}: {connections.describe()}"


def streams(connection: psycopg.Connection) -> list[Section]:
    """Return the landers of the last day; none without any."""
    found = listeners.rows(connection)
    title = "Streams, as landers last said"
    return [Section(title, listeners.COLUMNS, found, "none")] if found else []


def sections(connection: psycopg.Connection) -> list[Section]:
    """Return every section of the report."""
    return [
        landed(connection),
        *streams(connection),
        *connector_accounts(connection),
        channels(connection),
        *tickets(connection),
        *identity(connection),
        *problems(connection),
        builds(connection),
        *(Section(*part) for part in refreshes.parts(connection)),
        failed_checks(connection),
    ]


def text(value: object) -> str:
    """Return a cell as people read it."""
    if value is None:
        return "-"
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def show(section: Section, console: Console) -> None:
    """Print one section."""
    if not section.rows:
        console.print(f"[bold]{section.title}[/bold]: {section.empty}")
        return
    table = Table(
        title=section.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    numeric = [
        all(
            row[i] is None or isinstance(row[i], int | float | Decimal)
            for row in section.rows
        )
        for i in range(len(section.columns))
    ]
    for name, is_number in zip(section.columns, numeric, strict=True):
        table.add_column(
            name, justify="right" if is_number else "left", overflow="fold"
        )
    for row in section.rows:
        table.add_row(*map(text, row))
    console.print(table)


def report(console: Console) -> None:
    """Print the whole report."""
    with connections.connect() as connection:
        console.print(server_line(connection))
        for section in sections(connection):
            show(section, console)
        for said in (live.status_lines, alerts.summary, ledger.status_lines):
            for line in said(connection):
                console.print(line)
