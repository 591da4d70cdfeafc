"""What tests of the seconds path land, and what it should come to."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
from psycopg import sql

from orchestration.raw.sources import SOURCES

START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
"""The moment from which the tests count; what they land began within three hours."""
numbers = count(1)
lock = threading.Lock()


def at(seconds: float) -> datetime:
    """Return a moment of the tests."""
    return START + timedelta(seconds=seconds)


def land(
    connection: psycopg.Connection,
    name: str,
    rows: Iterable[Mapping[str, object]],
    *,
    way: str = "stream:test",
) -> None:
    """Copy rows into a raw table, as a lander does; the caller commits."""
    source_name, _, table_name = name.partition(".")
    table = SOURCES[source_name].table(table_name)
    names = [column.name for column in table.columns]
    statement = sql.SQL(
        "copy {} ({}, _batch_id, _source_name, _source_row) from stdin"
    ).format(
        sql.Identifier(SOURCES[source_name].schema, table_name),
        sql.SQL(", ").join(map(sql.Identifier, names)),
    )
    with connection.cursor().copy(statement) as copying:
        for row in rows:
            unknown = set(row) - set(names)
            assert not unknown, unknown
            with lock:
                number = next(numbers)
            values = [row.get(column) for column in names]
            copying.write_row([*values, 0, way, number])


def call(
    key: str,
    began: float = 0,
    *,
    version: int = 1,
    wait: int | None = None,
    result: str | None = None,
    talk: int = 60,
    **more: object,
) -> dict[str, object]:
    """Return one version of a call: waiting, answered after `wait`, or abandoned."""
    answered = at(began + wait) if result == "ANSWERED" and wait is not None else None
    ended = at(began + (wait or 0) + (talk if answered else 0)) if result else None
    return {
        "call_id": key,
        "site": "uk",
        "direction": "inbound",
        "caller_number": f"+4420{abs(hash(key)) % 10**8:08d}",
        "dialled_number": "+442079460000",
        "ivr_outcome": "queue",
        "queue_name": "uk_orders",
        "agent_id": "a1" if answered else None,
        "call_result": result,
        "wait_secs": wait,
        "talk_secs": talk if answered else 0,
        "hold_secs": 0,
        "acw_secs": 0,
        "started_at": at(began),
        "answered_at": answered,
        "ended_at": ended,
        "exported_at": at(began + 60 * version),
        **more,
    }


def session(
    key: str,
    began: float = 0,
    *,
    version: int = 1,
    ended: float | None = None,
    **more: object,
) -> dict[str, object]:
    """Return one version of a chat session."""
    return {
        "session_id": key,
        "site": "uk",
        "visitor_id": f"visitor of {key}",
        "queue_name": "uk_orders",
        "agent_id": "a1",
        "status": "closed" if ended is not None else "open",
        "started_at": at(began),
        "queued_at": at(began),
        "ended_at": None if ended is None else at(ended),
        "exported_at": at(began + 60 * version),
        **more,
    }


def message(
    key: str, of: str, sent: float, sender: str, *, version: int = 1, **more: object
) -> dict[str, object]:
    """Return one version of a chat message."""
    return {
        "message_id": key,
        "session_id": of,
        "sender_type": sender,
        "sender_id": "a1" if sender == "agent" else None,
        "text": f"words of {key}",
        "sent_at": at(sent),
        "exported_at": at(sent + 60 * version),
        **more,
    }


def wechat(
    key: str, of: str, sent: float, sender: str = "customer", **more: object
) -> dict[str, object]:
    """Return one version of a WeChat message."""
    return {
        "message_id": key,
        "app_id": "wxshop-a",
        "openid": of,
        "direction": "in" if sender == "customer" else "out",
        "sender_type": sender,
        "agent_id": "a1" if sender == "agent" else None,
        "msg_type": "text",
        "content": f"words of {key}",
        "create_time": at(sent),
        "exported_at": at(sent + 60),
        **more,
    }


def contact(
    connection: psycopg.Connection, key: str, *names: str
) -> tuple[object, ...] | None:
    """Return columns of a contact as known now."""
    query = sql.SQL("select {} from live.contacts where contact_id = %s").format(
        sql.SQL(", ").join(map(sql.Identifier, names))
    )
    return connection.execute(query, [key]).fetchone()


def counts(connection: psycopg.Connection, channel: str, *names: str) -> tuple:
    """Return parts of all minutes of a channel, added up."""
    query = sql.SQL("select {} from live.minutes where channel = %s").format(
        sql.SQL(", ").join(
            sql.SQL("coalesce(sum({}), 0)::bigint").format(sql.Identifier(name))
            for name in names
        )
    )
    return connection.execute(query, [channel]).fetchone()


def kept(connection: psycopg.Connection) -> dict[str, list[tuple]]:
    """Return all that is kept of contacts, but when it was written."""
    found = {}
    for table, key in (
        ("contacts", "channel, contact_id"),
        ("minutes", "channel, queue_name, minute"),
        ("agent_states", "state_id"),
    ):
        names = [
            row[0]
            for row in connection.execute(
                "select attname::text from pg_attribute where attrelid = %s::regclass"
                " and attnum > 0 and attname !~ '^changed_|^version_row_id$'"
                " order by attnum",
                [f"live.{table}"],
            )
        ]
        rows = connection.execute(
            sql.SQL("select {} from {} order by " + key).format(
                sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.Identifier("live", table),
            )
        ).fetchall()
        empty = 0 if table == "minutes" else None
        found[table] = [
            row for row in rows if empty is None or any(row[names.index("contacts") :])
        ]
    return found


@contextmanager
def heard(address: str, channel: str) -> "list[str]":
    """Yield a list that holds, afterwards, what was said on a channel of NOTIFY."""
    said: list[str] = []
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        yield said
        connection.execute("select 1")
        said += [
            note.payload for note in connection.notifies(timeout=1, stop_after=None)
        ]


def first_responses(
    sessions: Mapping[str, Mapping[str, object]],
    messages: Sequence[Mapping[str, object]],
) -> dict[str, int]:
    """Return the seconds from the queue to the first agent's message, by session."""
    found: dict[str, int] = {}
    for one in messages:
        key = one["session_id"]
        if one["sender_type"] == "agent" and key in sessions:
            waited = (one["sent_at"] - sessions[key]["queued_at"]).total_seconds()
            found[key] = min(found.get(key, 10**9), int(waited))
    return found
