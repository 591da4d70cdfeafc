"""Contacts of a landed world, landed again: back in time, or as if they began now."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from orchestration.raw.sources import SOURCES

BATCHES_PER_SECOND = 5

# each table with the column that names the contact of a row, and the table and column
# that say when a contact began
CONTACTS = {
    ("phone", "calls"): ("call_id", "calls", "started_at"),
    ("phone", "call_segments"): ("call_id", "calls", "started_at"),
    ("chat", "sessions"): ("session_id", "sessions", "started_at"),
    ("chat", "messages"): ("session_id", "sessions", "started_at"),
    ("email", "threads"): ("thread_id", "threads", "created_at"),
    ("email", "messages"): ("thread_id", "threads", "created_at"),
    ("app", "conversations"): ("conversation_id", "conversations", "started_at"),
    ("app", "messages"): ("conversation_id", "conversations", "started_at"),
    ("wechat", "messages"): ("openid", "messages", "create_time"),
    ("social", "messages"): ("conversation_id", "messages", "posted_at"),
    ("bot", "sessions"): ("session_id", "sessions", "started_at"),
    ("bot", "messages"): ("session_id", "sessions", "started_at"),
}
OWN = {
    *("call_id", "segment_id", "session_id", "message_id", "thread_id"),
    *("conversation_id", "from_bot_session_id", "handoff_session_id"),
    *("openid", "handle"),
}
"""Columns that name a contact, or who it is with where that is how contacts are told
apart: a copy's names are its own."""

PICKED = """
create table bench.{queue} as
select
    rows.*,
    dense_rank() over (order by contacts.began_at, contacts.contact) as contact_number,
    contacts.began_at
from {raw} as rows
inner join (
    select {contact} as contact, min({moment}) as began_at
    from {first} group by {contact}
) as contacts on rows.{contact} = contacts.contact
where contacts.began_at is not null;
create index on bench.{queue} (contact_number)
"""
COPIED = """
insert into {raw} ({columns})
select {values} from bench.{queue}
where contact_number > {after} and contact_number <= {until}
"""


@dataclass
class Feed:
    """One raw table that contacts land in."""

    source: str
    raw: sql.Identifier
    queue: str
    columns: list[tuple[str, str]]
    rows: int = 0
    contacts: int = 0

    def copy(self, after: int, until: int, mark: str, shift: sql.Composable) -> sql.SQL:
        """Return the statement that lands some contacts under names of their own."""
        return sql.SQL(COPIED).format(
            raw=self.raw,
            queue=sql.Identifier(self.queue),
            columns=sql.SQL(", ").join(
                sql.Identifier(name) for name, _ in self.columns
            ),
            values=sql.SQL(", ").join(
                _value(name, kind, mark, shift) for name, kind in self.columns
            ),
            after=sql.Literal(after),
            until=sql.Literal(until),
        )


def _value(
    name: str, kind: str, mark: str, shift: sql.Composable
) -> sql.Composed | sql.Identifier:
    """Return what a copy has in a column."""
    column = sql.Identifier(name)
    if name in OWN:
        return sql.SQL("{} || {}").format(column, sql.Literal(mark))
    if kind == "timestamptz":
        return sql.SQL("{} + ({})").format(column, shift)
    return column


def emit(address: str, feeds: list[Feed], rate: int, seconds: int, out: Any) -> None:  # noqa: ANN401
    """Land whole contacts as if they began now, at a steady rate of rows."""
    total = sum(feed.rows for feed in feeds)
    done: list[tuple[int, datetime, str]] = []
    places = [0.0] * len(feeds)
    shift = sql.SQL("now() - began_at")
    with psycopg.connect(address, autocommit=True) as connection:
        began = time.monotonic()
        for number in range(seconds * BATCHES_PER_SECOND):
            wait = began + number / BATCHES_PER_SECOND - time.monotonic()
            time.sleep(max(0.0, wait))
            share = rate / BATCHES_PER_SECOND / total
            with connection.transaction():
                landed = 0
                for index, feed in enumerate(feeds):
                    after, until = places[index], places[index] + share * feed.contacts
                    landed += _land(connection, feed, after, until, shift)
                    places[index] = until
                xid = connection.execute(
                    "select pg_current_xact_id()::text, clock_timestamp()"
                ).fetchone()
                connection.execute("select pg_notify('frontdesk_raw', 'bench')")
            done.append((landed, xid[1], xid[0]))
    out.put([batch for batch in done if batch[0]])


def _land(
    connection: psycopg.Connection,
    feed: Feed,
    after: float,
    until: float,
    shift: sql.Composable,
) -> int:
    """Land the next contacts of one table, from the start again when all have come."""
    landed = 0
    first, last = int(after), int(until)
    while first < last:
        turn, place = divmod(first, feed.contacts)
        end = min(place + last - first, feed.contacts)
        copied = feed.copy(place, end, f"~l{turn}", shift)
        landed += connection.execute(copied).rowcount
        first += end - place
    return landed


def _feed(
    connection: psycopg.Connection,
    place: tuple[str, str],
    contact: str,
    first: str,
    moment: str,
) -> Feed:
    """Put the rows of a raw table in the order of their contacts."""
    source, table = place
    raw = sql.Identifier(SOURCES[source].schema, table)
    feed = Feed(source, raw, f"{source}_{table}", [])
    connection.execute(
        sql.SQL(PICKED).format(
            queue=sql.Identifier(feed.queue),
            raw=raw,
            first=sql.Identifier(SOURCES[source].schema, first),
            contact=sql.Identifier(contact),
            moment=sql.Identifier(moment),
        )
    )
    feed.columns = connection.execute(
        "select attname::text, format_type(atttypid, atttypmod)"
        " from pg_attribute where attrelid = %s::regclass and attnum > 0"
        " and not attisdropped"
        " and attname not in ('_row_id', '_landed_xid', '_loaded_at') order by attnum",
        [raw.as_string()],
    ).fetchall()
    feed.columns = [
        (name, kind.replace("timestamp with time zone", "timestamptz"))
        for name, kind in feed.columns
    ]
    feed.rows, feed.contacts = connection.execute(
        sql.SQL(
            "select count(*), coalesce(max(contact_number), 0) from bench.{}"
        ).format(sql.Identifier(feed.queue))
    ).fetchone()
    return feed


def make_feeds(connection: psycopg.Connection) -> list[Feed]:
    """Put the contacts of a landed world in order, in a schema of the benchmark."""
    connection.execute("create schema bench")
    feeds = [
        feed
        for place, how in CONTACTS.items()
        if (feed := _feed(connection, place, *how)).rows
    ]
    for feed in feeds:
        # tables of one source go through its contacts in step
        feed.contacts = max(
            other.contacts for other in feeds if other.source == feed.source
        )
    return feeds
