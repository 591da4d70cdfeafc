"""What the seconds path adds to landing: batches of rows, with and without triggers.

Four raw tables are filled with made-up contacts of the last hour, a batch per
transaction, as a lander does; every batch touches other contacts than the one before.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table as Printed

from orchestration.bench import steps
from orchestration.bench.ranks import quantile
from orchestration.bench.scratch import pointed_at, scratch
from orchestration.settings import UserError

DATABASE = "frontdesk_bench_seconds"
CONTACTS = 2_000
"""Messages are of so many contacts, so that these grow while it runs."""

Row = dict[str, object]


@dataclass(frozen=True)
class Landed:
    """What landing one table came to, one way or the other."""

    table: str
    with_triggers: bool
    rows: int
    cpu: float | None
    """CPU seconds of the server, all processes."""
    seconds: float
    median: float
    """Of a batch, from its first row to the end of its commit."""
    slow: float
    """Seconds that 95 of 100 batches stay below."""


def run(rows: int, batch: int, *, keep: bool, console: Console) -> list[Landed]:
    """Measure all tables both ways; print the table of it."""
    landed: list[Landed] = []
    with scratch(DATABASE, keep=keep) as (address, keeper), pointed_at(address):
        bench = steps.Bench(address, keeper, console.print)
        bench.prepare()
        steps.dbt("lists", "seed")
        steps.dbt("views", "run", "--select", "path:models/staging")
        with bench.connected() as connection:
            _require_triggers(connection)
        for table, make in TABLES.items():
            for with_triggers in (False, True):
                landed.append(_measure(bench, table, make, rows, batch, with_triggers))
        with bench.connected() as connection:
            _require_nothing_put_off(connection)
    _show(landed, batch, console)
    if keep:
        console.print(f"kept: database {DATABASE}; the next benchmark drops it")
    return landed


def _measure(
    bench: steps.Bench,
    table: str,
    make: Callable[[str, int, random.Random], Row],
    rows: int,
    batch: int,
    with_triggers: bool,
) -> Landed:
    """Land the rows of one table in batches."""
    chance, tag = random.Random(7), "t" if with_triggers else "f"
    way = "enable" if with_triggers else "disable"
    taken = []
    with bench.connected() as switch:
        switch.execute(f"alter table raw_{table} {way} trigger live_insert")
    with psycopg.connect(bench.address) as connection:
        # plans are made once per connection; a lander keeps its own for days
        for n in range(5):
            _copy(connection, table, [make(tag + "w", n, chance)])
        name = f"{table}, {'with' if with_triggers else 'without'} triggers"
        with bench.measured(name, rows) as (step, _):
            for first in range(0, rows, batch):
                last = min(first + batch, rows)
                made = [make(tag, number, chance) for number in range(first, last)]
                started = time.perf_counter()
                _copy(connection, table, made)
                taken.append(time.perf_counter() - started)
    taken.sort()
    return Landed(
        *(table, with_triggers, rows, step.cpu, sum(taken)),
        *(quantile(taken, 0.5), quantile(taken, 0.95)),
    )


def _copy(connection: psycopg.Connection, table: str, rows: list[Row]) -> None:
    """Land one batch in one transaction."""
    schema, _, name = f"raw_{table}".partition(".")
    columns = [*rows[0], "exported_at", "_batch_id", "_source_name", "_source_row"]
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(schema, name),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    now = datetime.now(UTC)
    with connection.cursor().copy(statement) as copying:
        for number, row in enumerate(rows):
            copying.write_row([*row.values(), now, 0, "stream:bench", number])
    connection.commit()


def _moment(chance: random.Random) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=chance.random() * 3600)


def _call(tag: str, number: int, chance: random.Random) -> Row:
    began = _moment(chance)
    return {
        "call_id": f"{tag}-{number}",
        "site": "uk",
        "direction": "inbound",
        "caller_number": f"+4420{chance.randrange(10**8):08d}",
        "ivr_outcome": "queue",
        "queue_name": "uk_orders",
        "agent_id": f"a{number % 50}",
        "call_result": "ANSWERED",
        "wait_secs": chance.randrange(60),
        "talk_secs": 100,
        "hold_secs": 0,
        "acw_secs": 5,
        "started_at": began,
        "answered_at": began + timedelta(seconds=10),
        "ended_at": began + timedelta(seconds=110),
    }


def _session(tag: str, number: int, chance: random.Random) -> Row:
    began = _moment(chance)
    return {
        "session_id": f"{tag}-{number}",
        "site": "uk",
        "visitor_id": f"v{tag}-{number}",
        "queue_name": "uk_orders",
        "agent_id": f"a{number % 50}",
        "status": "open",
        "started_at": began,
        "queued_at": began,
    }


def _chat_message(tag: str, number: int, chance: random.Random) -> Row:
    sender = chance.choice(["customer", "agent"])
    return {
        "message_id": f"m{tag}-{number}",
        "session_id": f"{tag}-{chance.randrange(CONTACTS)}",
        "sender_type": sender,
        "text": f"Where is order {number}? It was promised for yesterday.",
        "sent_at": datetime.now(UTC),
    }


def _wechat_message(tag: str, number: int, chance: random.Random) -> Row:
    sender = chance.choice(["customer", "agent"])
    return {
        "message_id": f"w{tag}-{number}",
        "app_id": "wxshop-a",
        "openid": f"o{tag}-{chance.randrange(CONTACTS)}",
        "direction": "in" if sender == "customer" else "out",
        "sender_type": sender,
        "agent_id": "a1" if sender == "agent" else None,
        "msg_type": "text",
        "content": f"Where is order {number}? It was promised for yesterday.",
        "create_time": datetime.now(UTC),
    }


TABLES: Mapping[str, Callable[[str, int, random.Random], Row]] = {
    "phone.calls": _call,
    # before the messages, which are of these sessions
    "chat.sessions": _session,
    "chat.messages": _chat_message,
    "wechat.messages": _wechat_message,
}


def _require_triggers(connection: psycopg.Connection) -> None:
    found = connection.execute(
        "select count(*) from pg_trigger where tgname = 'live_insert'"
    ).fetchone()
    if found == (0,):
        raise UserError("this project makes no triggers: prepare_live is no hook of it")


def _require_nothing_put_off(connection: psycopg.Connection) -> None:
    found = connection.execute("select count(*), max(reason) from live.pending")
    count, reason = found.fetchone()
    if count:
        raise UserError(f"the triggers put {count} batches off: {reason}")


def _pairs(landed: list[Landed]) -> Iterator[tuple[Landed, Landed]]:
    return zip(landed[::2], landed[1::2], strict=True)


def _show(landed: list[Landed], batch: int, console: Console) -> None:
    """Print what the triggers add."""
    table = Printed(title=f"landing in batches of {batch:,}, without and with triggers")
    table.add_column("table")
    for name in ("CPU ms a row", "with", "p50 ms", "with", "p95 ms", "with", "rows/s"):
        table.add_column(name, justify="right")
    for plain, kept in _pairs(landed):
        table.add_row(
            plain.table,
            *(
                "unknown" if one.cpu is None else f"{1000 * one.cpu / one.rows:.3f}"
                for one in (plain, kept)
            ),
            *(f"{1000 * one.median:.1f}" for one in (plain, kept)),
            *(f"{1000 * one.slow:.1f}" for one in (plain, kept)),
            f"{kept.rows / kept.seconds:,.0f}",
        )
    console.print(table)
