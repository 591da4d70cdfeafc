"""A person's right to be forgotten: the values leave raw, the next build does the rest.

Which columns are personal stands with the sources. Record ids, times and what happened
stay, so counts do not change; texts of messages are not looked at. What could not be
read loses its text where one of the values stands in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from orchestration.identity.warehouse import (
    require_built,
    require_records,
    require_said,
)
from orchestration.raw.sources import SOURCES, Table
from orchestration.settings import UserError

KEYED = {
    "customer:": ("crm", "customers"),
    "order:": ("crm", "orders"),
    "assignment:": ("marketing", "experiment_assignments"),
    "invitation:": ("survey", "invitations"),
    "ticket:helpdesk/": ("helpdesk", "tickets"),
    "people:": ("people", "records"),
}
"""By what a record id begins with: the raw table whose key is the rest of it."""

CONTACTS = {
    "phone": "calls",
    "chat": "sessions",
    "email": "threads",
    "app": "conversations",
    "store": "visits",
    "bot": "sessions",
    "wechat": "messages",
    "social": "messages",
}
"""By source: the raw table whose rows are contacts, or messages that make contacts."""

CUT = {
    "wechat": "cleaned.int_wechat_messages__cleaned",
    "social": "cleaned.int_social_messages__cleaned",
}
"""Sources that know messages only: where it stands which contact each belongs to."""

PARTS = {
    ("email", "threads"): ("messages", "thread_id"),
    ("chat", "sessions"): ("messages", "session_id"),
    ("app", "conversations"): ("messages", "conversation_id"),
}
"""Tables whose rows name the person of a contact once more, and by which column."""

CONNECTED = ("ticket:", "person:")
"""Records of accounts that a connector lands: their raw tables are not ours."""

LOG = """
create table if not exists frontdesk.erasures (
    erasure_id bigint generated always as identity primary key,
    erased_by text not null,
    reason text not null,
    record_count bigint not null,
    row_count bigint not null,
    value_count bigint not null,
    erased_at timestamptz not null default now()
);
comment on table frontdesk.erasures is
    'One row per erasure of a person''s identifying values: who asked, when, how many. '
    'No value and no record is named.';
"""
LOGGED = """
insert into frontdesk.erasures
    (erased_by, reason, record_count, row_count, value_count)
values (%s, %s, %s, %s, %s)
"""
OF_CUSTOMER = """
select resolved.record_id
from identity.int_records__resolved as resolved
where resolved.customer_id = coalesce(
    (
        select current_customer_id
        from identity.int_customer_aliases
        where customer_id = %(customer)s
    ),
    %(customer)s
)
order by resolved.record_id
"""
CONTACT_KEYS = """
select source_name, source_record_id
from cleaned.int_interactions__unioned
where interaction_id = any(%s)
"""
REPEATED = """
with recursive repeated as (
    select unnest(%(keys)s::text[]) as record_id
    union
    select rejected.record_id
    from repeated
    inner join cleaned.int_records__rejected as rejected
        on
            rejected.record_type = %(record_type)s
            and rejected.duplicate_of_id = repeated.record_id
)
select record_id from repeated
"""
SHORTEST_VALUE = 5
"""What is shorter would be found in too much else."""
UNREAD = """
select schemaname::text, tablename::text
from pg_tables
where
    tablename = '_unreadable' and starts_with(schemaname, 'raw_')
    or schemaname = 'frontdesk' and tablename = 'refused_events'
order by schemaname
"""
# of why it could not be read stays all but what was quoted
EMPTY_UNREAD = """
update {} set raw_text = null, reason = regexp_replace(reason, $$'.*'$$, $$'erased'$$)
where exists (
    select from unnest(%s::text[]) as value
    where strpos(raw_text, value) > 0 or strpos(reason, value) > 0
)
"""
# letters only: no rule takes them for a number, an address or a name
PSEUDONYM = (
    "'erased-' || translate(md5({column} || %(salt)s), '0123456789', 'ghijklmnop')"
)


@dataclass(frozen=True)
class Erasure:
    """How much was erased."""

    records: int
    rows: int
    values: int
    tables: dict[str, int]
    """By raw table: how many of its rows."""


def of_customer(connection: psycopg.Connection, customer: str) -> list[str]:
    """Return the records of a customer, by its id of today or a former one."""
    require_built(connection)
    rows = connection.execute(OF_CUSTOMER, {"customer": customer}).fetchall()
    if not rows:
        raise UserError(f"there is no customer {customer}")
    return [row[0] for row in rows]


Keys = dict[tuple[str, str], set[str]]
"""By source and table: the keys of the rows that are meant."""


def _keys(connection: psycopg.Connection, records: Iterable[str]) -> Keys:
    """Return where the records stand in raw."""
    keys: Keys = defaultdict(set)
    contacts = []
    for record in records:
        prefix = next((start for start in KEYED if record.startswith(start)), None)
        if prefix:
            keys[KEYED[prefix]].add(record.removeprefix(prefix))
        elif record.startswith("interaction:"):
            contacts.append(record.removeprefix("interaction:"))
        elif record.startswith(CONNECTED):
            raise UserError(
                f"{record} was landed by a connector: erase it in its own system, or"
                " in the tables that the connector lands"
            )
        else:
            keys["people", "records"].add(record)
    if contacts:
        by_source: dict[str, list[str]] = defaultdict(list)
        for source, key in connection.execute(CONTACT_KEYS, [contacts]).fetchall():
            by_source[source].append(key)
        for source, found in by_source.items():
            keys[source, CONTACTS[source]].update(
                _messages(connection, source, found) if source in CUT else found
            )
    return keys


def _messages(
    connection: psycopg.Connection, source: str, contacts: Sequence[str]
) -> list[str]:
    """Return the messages that contacts were cut out of."""
    query = sql.SQL(
        "select source_record_id from {} where source_interaction_id = any(%s)"
    ).format(sql.Identifier(*CUT[source].split(".")))
    return [row[0] for row in connection.execute(query, [list(contacts)]).fetchall()]


def _with_repeated(
    connection: psycopg.Connection, record_type: str, keys: Iterable[str]
) -> list[str]:
    """Return the keys, and those of rows that were rejected as repeating them."""
    found = {"keys": list(keys), "record_type": record_type}
    if connection.execute(
        "select to_regclass('cleaned.int_records__rejected') is null"
    ).fetchone()[0]:
        return found["keys"]
    return [row[0] for row in connection.execute(REPEATED, found).fetchall()]


def _empty(
    connection: psycopg.Connection,
    place: tuple[str, str],
    key: str,
    keys: Sequence[str],
    salt: str,
) -> tuple[int, int]:
    """Empty the personal columns of a raw table's rows; return rows and values.

    Rows that share a value with them are stamped too, for they are judged together.
    """
    source, name = place
    table = SOURCES[source].table(name)
    relation = sql.Identifier(SOURCES[source].schema, name)
    columns = [*table.personal, *table.pseudonyms]
    if not columns:
        return 0, 0
    said = sql.SQL(", ").join(map(sql.Identifier, [*columns, "_extra"]))
    meant = sql.SQL("{} = any(%(keys)s) and ({})").format(
        sql.Identifier(key), sql.SQL(table.of_customer or "true")
    )
    values = {"keys": list(keys), "salt": salt}
    counted = connection.execute(
        sql.SQL(
            "select count(*), coalesce(sum(num_nonnulls({})), 0)::bigint from {}"
            " where {} and num_nonnulls({}) > 0"
        ).format(said, relation, meant, said),
        values,
    ).fetchone()
    for column in table.pseudonyms:
        connection.execute(
            sql.SQL(
                "update {relation} set _landed_xid = pg_current_xact_id()"
                " where {column} in (select {column} from {relation} where {meant})"
                " and not ({meant})"
            ).format(relation=relation, column=sql.Identifier(column), meant=meant),
            values,
        )
    connection.execute(
        sql.SQL(
            "with gone as (delete from {relation} where {meant} returning *)"
            " insert into {relation} ({names}) select {emptied} from gone"
        ).format(
            relation=relation,
            meant=meant,
            names=sql.SQL(", ").join(map(sql.Identifier, _kept(table))),
            emptied=sql.SQL(", ").join(_emptied(table, name) for name in _kept(table)),
        ),
        values,
    )
    return counted


def _values(
    connection: psycopg.Connection,
    place: tuple[str, str],
    key: str,
    keys: Sequence[str],
) -> set[str]:
    """Return the personal values of a raw table's rows."""
    source, name = place
    table = SOURCES[source].table(name)
    columns = [*table.personal, *table.pseudonyms]
    if not columns:
        return set()
    query = sql.SQL(
        "select distinct value from {}, unnest(array[{}]) as value"
        " where {} = any(%s) and ({}) and length(value) >= %s"
    ).format(
        sql.Identifier(SOURCES[source].schema, name),
        sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns
        ),
        sql.Identifier(key),
        sql.SQL(table.of_customer or "true"),
    )
    rows = connection.execute(query, [list(keys), SHORTEST_VALUE]).fetchall()
    return {row[0] for row in rows}


def _empty_unread(connection: psycopg.Connection, values: Iterable[str]) -> int:
    """Empty rows that could not be read and name one of the values; return how many."""
    wanted = list(values)
    return sum(
        connection.execute(
            sql.SQL(EMPTY_UNREAD).format(sql.Identifier(*relation)), [wanted]
        ).rowcount
        for relation in connection.execute(UNREAD).fetchall()
    )


def _kept(table: Table) -> list[str]:
    """Return the columns that a row keeps when it is written anew.

    It gets a new number and transaction, by which builds see that it has changed.
    """
    return [
        *(column.name for column in table.columns),
        *("_loaded_at", "_batch_id", "_source_name", "_source_row"),
    ]


def _emptied(table: Table, name: str) -> sql.Composable:
    """Return what a column of an erased row holds."""
    if name in table.personal:
        return sql.SQL("null")
    if name in table.pseudonyms:
        return sql.SQL(PSEUDONYM).format(column=sql.Identifier(name))
    return sql.Identifier(name)


def erase(
    connection: psycopg.Connection, records: Sequence[str], by: str, why: str
) -> Erasure:
    """Take the identifying values of records out of raw, all in one transaction."""
    require_said(by, why)
    require_built(connection)
    wanted = list(dict.fromkeys(records))
    require_records(connection, wanted)
    tables: dict[str, int] = {}
    values = 0
    told: set[str] = set()
    with connection.transaction():
        salt = connection.execute("select gen_random_uuid()::text").fetchone()[0]
        for place, keys in _keys(connection, wanted).items():
            source, name = place
            found = _with_repeated(connection, f"{source}.{name}", keys)
            steps = [(place, SOURCES[source].table(name).key[0])]
            if place in PARTS:
                part, column = PARTS[place]
                steps.append(((source, part), column))
            for step, column in steps:
                told |= _values(connection, step, column, found)
                row_count, value_count = _empty(connection, step, column, found, salt)
                tables[".".join(step)] = row_count
                values += value_count
        tables["unreadable rows"] = _empty_unread(connection, told)
        connection.execute(LOG)
        connection.execute(
            LOGGED,
            [by.strip(), why.strip(), len(wanted), sum(tables.values()), values],
        )
    return Erasure(len(wanted), sum(tables.values()), values, _shown(tables))


def _shown(tables: Mapping[str, int]) -> dict[str, int]:
    """Return the tables in which there was something."""
    return {name: rows for name, rows in tables.items() if rows}
