"""How fast an agent's screen gets a customer's context, with many callers at once.

Everything happens in a database of its own, which is dropped at the end: the marts are
built empty, filled with made-up customers and contacts, the cards are built from them,
and callers ask by phones in several spellings, e-mails, openids and order numbers.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from orchestration.bench.cpu import server_clock, settle
from orchestration.bench.ranks import quantile
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.settings import UserError, settings

DATABASE = "frontdesk_bench_context"
CARDS = (
    "customer_value",
    "customer_360",
    "customer_labels",
    "export_agent_assist__customer_identifiers",
    "export_agent_assist__customer_context",
)
TARGET_SECONDS = 0.020
AS_OF = "2026-03-15 00:00:00"
WARM_UP = 20
"""Calls of each caller before the clock runs: a session plans each function once."""

DEFAULTS = {
    "boolean": "false",
    "xid8": "pg_current_xact_id()",
    "text": "''",
    "jsonb": "'{}'",
    "ARRAY": "'{}'",
    "date": "'2026-01-05'",
    "timestamp with time zone": "'2026-01-05 00:00:00+00'",
}
REQUIRED = """
select column_name, data_type
from information_schema.columns
where table_schema = %s and table_name = %s and is_nullable = 'NO'
"""

CUSTOMER = "'C' || lpad(number::text, 10, '0')"
OWNER = "'C' || lpad((1 + number::bigint * 7919 % {customers})::text, 10, '0')"
PHONE = "'+861' || (3000000000 + number)::text"
MOMENT = (
    "'2026-03-14 22:00:00+00'::timestamptz - number % 31536000 * interval '1 second'"
)
LOCAL_DAY = f"(({MOMENT}) at time zone 'Asia/Shanghai')::date"


@dataclass
class Result:
    """What was measured."""

    customers: int
    interactions: int
    callers: int
    seconds: list[float] = field(default_factory=list)
    """Of each call."""
    elapsed: float = 0.0
    builds: dict[str, tuple[float, float | None]] = field(default_factory=dict)
    """Elapsed and CPU seconds of each build of the cards."""


def run(
    interactions: int = 5_000_000,
    customers: int = 500_000,
    *,
    callers: int = 20,
    calls: int = 500,
    keep: bool = False,
    console: Console | None = None,
) -> Result:
    """Measure; print and return it. With `keep` the database stays."""
    console = console or Console()
    result = Result(customers, interactions, callers)
    with scratch(DATABASE, keep=keep) as (address, _), pointed_at(address):
        _prepare(address, result, console.print)
        _ask(address, result, calls)
    console.print(_table(result))
    return result


def _prepare(address: str, result: Result, say: Callable[[str], None]) -> None:
    """Build the marts empty, fill them, build the cards."""
    from orchestration.database import connections
    from orchestration.load.warehouse import ensure_raw

    connections.bootstrap(replace(settings(), dsn=address))
    with connections.connect(address, autocommit=True) as connection:
        ensure_raw(connection)
    say("empty marts (not measured)")
    _dbt("seed")
    _dbt("run", "--select", *(f"+{name}" for name in CARDS))
    started = time.monotonic()
    with connections.connect(address, autocommit=True) as connection:
        _fill(connection, result)
        connection.execute("vacuum (analyze)")
    say(
        f"{result.customers:,} customers with {result.interactions:,} contacts written"
        f" in {time.monotonic() - started:.0f} s"
    )
    _build(address, result, "cards, all anew", say, AS_OF, "--full-refresh")
    _build(address, result, "cards, an hour later", say, "2026-03-15 01:00:00")
    with connections.connect(address, autocommit=True) as connection:
        connection.execute("vacuum (analyze)")


def _build(
    address: str,
    result: Result,
    name: str,
    say: Callable[[str], None],
    as_of: str,
    *more: str,
) -> None:
    from orchestration.database import connections

    with connections.connect(address, autocommit=True) as connection:
        clock = server_clock(connection)
        settle(connection)
        before = clock.seconds() if clock else 0.0
        started = time.monotonic()
        _dbt("run", "--select", *CARDS, "--vars", f'{{as_of: "{as_of}"}}', *more)
        elapsed = time.monotonic() - started
        settle(connection)
        cpu = clock.seconds() - before if clock else None
    result.builds[name] = (elapsed, cpu)
    say(f"{name}: {elapsed:.1f} s, CPU {'unknown' if cpu is None else f'{cpu:.1f} s'}")


def _dbt(*arguments: str) -> None:
    # here and not above: they take seconds to load
    from orchestration.transform.assets import Outcome, invoke_dbt
    from orchestration.transform.project import dbt_project

    outcome = Outcome()
    for _ in invoke_dbt(dbt_project(), list(arguments), outcome):
        pass
    complaint = outcome.complaint()
    if complaint:
        raise UserError(complaint)


def _insert(
    connection: psycopg.Connection,
    relation: tuple[str, str],
    count: int,
    values: Mapping[str, str],
) -> None:
    """Write so many rows; what a row must have and is not given is made up."""
    given = dict(values)
    for column, kind in connection.execute(REQUIRED, relation).fetchall():
        given.setdefault(column, DEFAULTS.get(kind, "0"))
    connection.execute(
        sql.SQL(
            "insert into {} ({}) select {} from generate_series(1, {}) as number"
        ).format(
            sql.Identifier(*relation),
            sql.SQL(", ").join(map(sql.Identifier, given)),
            sql.SQL(", ").join(map(sql.SQL, given.values())),
            sql.Literal(count),
        )
    )


def _fill(connection: psycopg.Connection, result: Result) -> None:
    """Write customers with what identifies them, and what they did."""
    customers = result.customers
    owner = OWNER.format(customers=customers)
    record = "'customer:K' || number"
    _insert(
        connection,
        ("marts", "dim_customers"),
        customers,
        {
            "customer_id": CUSTOMER,
            "person_name": "'Name ' || number",
            "phone": PHONE,
            "email": "'name' || number || '@example.com'",
            "birth_date": "date '1940-01-01' + (number * 37 % 24000)::integer",
        },
    )
    _insert(
        connection,
        ("identity", "int_records__resolved"),
        customers,
        {"record_id": record, "customer_id": CUSTOMER, "source_name": "'crm'"},
    )
    _insert(
        connection,
        ("cleaned", "int_records__unioned"),
        customers,
        {
            "record_id": record,
            "source_name": "'crm'",
            "phone": PHONE,
            "email": "'name' || number || '@example.com'",
            "openid_app": "'shop'",
            "openid": "'o' || md5(number::text)",
            "crm_customer_id": "'K' || number",
            "changed_xid": "pg_current_xact_id()",
        },
    )
    _insert(
        connection,
        ("marts", "fct_interactions"),
        result.interactions,
        {
            "interaction_id": "md5(number::text)",
            "source_record_id": "number::text",
            "customer_id": owner,
            "source_name": "'phone'",
            "channel": "(array['phone', 'web_chat', 'bot', 'wechat'])[1 + number % 4]",
            "direction": "'inbound'",
            "topic": "(array['delivery', 'billing', null])[1 + number % 3]",
            "queue_name": "'cn_orders'",
            "is_complaint": "number % 41 = 0",
            "is_resolution_known": "true",
            "is_resolved": "number % 4 > 0",
            "started_at": MOMENT,
            "ended_at": f"{MOMENT} + interval '5 minutes'",
            "started_date": LOCAL_DAY,
        },
    )
    _insert(
        connection,
        ("marts", "fct_orders"),
        customers,
        {
            "order_id": "'SO' || lpad(number::text, 9, '0')",
            "customer_id": owner,
            "order_currency": "'CNY'",
            "order_amount": "100 + number % 400",
            "is_sale": "true",
            "ordered_at": MOMENT,
            "ordered_date": LOCAL_DAY,
        },
    )
    _insert(
        connection,
        ("marts", "fct_tickets"),
        customers // 10,
        {
            "ticket_id": "'helpdesk/T' || number",
            "source_ticket_id": "'T' || number",
            "customer_id": owner,
            "source_name": "'helpdesk'",
            "subject": "'Late delivery'",
            "status_category": "'open'",
            "is_live": "number % 10 = 0",
            "created_at": MOMENT,
        },
    )


def identifiers(customers: int, draw: random.Random) -> list[str]:
    """Return ways in which an agent asks for one customer after another."""
    number = draw.randint(1, customers)
    local = f"1{3_000_000_000 + number}"
    return [
        local,
        f"+86 {local[:3]} {local[3:7]} {local[7:]}",
        f"{local[:3]}-{local[3:7]}-{local[7:]}",
        f"Name{number}@Example.com",
        f"SO{number:09d}",
        f"K{number}",
        f"C{number:010d}",
    ]


def _ask(address: str, result: Result, calls: int) -> None:
    """Let all callers ask at once, as fast as they are answered."""
    from orchestration.database import connections

    barrier = threading.Barrier(result.callers + 1)
    wrong: list[str] = []
    kept: Sequence[list[float]] = [[] for _ in range(result.callers)]

    def caller(place: int) -> None:
        draw = random.Random(place)
        with connections.connect(address, autocommit=True) as connection:
            for call in range(-WARM_UP, calls):
                if call == 0:
                    barrier.wait()
                wanted = draw.choice(identifiers(result.customers, draw))
                started = time.perf_counter()
                found = connection.execute(
                    "select exports.customer_context(%s)::text", [wanted]
                ).fetchone()[0]
                if call >= 0:
                    kept[place].append(time.perf_counter() - started)
                if '"match_count": 0' in found:
                    wrong.append(wanted)

    threads = [
        threading.Thread(target=caller, args=(place,))
        for place in range(result.callers)
    ]
    for thread in threads:
        thread.start()
    barrier.wait(timeout=600)
    started = time.monotonic()
    for thread in threads:
        thread.join()
    result.elapsed = time.monotonic() - started
    result.seconds = [seconds for part in kept for seconds in part]
    if wrong:
        raise UserError(f"{len(wrong)} calls found nobody, such as {wrong[0]}")


def _table(result: Result) -> Table:
    """Return the measured times."""
    table = Table()
    for name in ("contacts", "customers", "callers", "calls per s", "p50 ms", "p95 ms"):
        table.add_column(name, justify="right")
    table.add_column("p99 ms", justify="right")
    table.add_column(f"p95 under {TARGET_SECONDS * 1000:.0f} ms")
    p50, p95, p99 = (quantile(result.seconds, share) for share in (0.5, 0.95, 0.99))
    table.add_row(
        f"{result.interactions:,}",
        f"{result.customers:,}",
        str(result.callers),
        f"{len(result.seconds) / result.elapsed:,.0f}",
        *(f"{value * 1000:.1f}" for value in (p50, p95, p99)),
        "yes" if p95 < TARGET_SECONDS else "no",
    )
    return table
