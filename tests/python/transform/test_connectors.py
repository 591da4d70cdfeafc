"""Tables that another connector landed: how they are read, and what wakes a build."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import psycopg
import pytest
import yaml
from psycopg import sql

from orchestration import status
from orchestration.database import connections
from orchestration.database import server as embedded
from orchestration.settings import ROOT, Settings
from tests.python.warehouse import Warehouse

PROBES = {
    # one row per ticket; `read_at` tells which rows a build wrote anew
    "models/cleaned/service/int_probes__unioned.sql": """
{{ config(
    unique_key='ticket_id',
    indexes=[{'columns': ['ticket_id'], 'unique': true}],
    meta={
        'touched_by': [
            {'parent': 'stg_zendesk__tickets', 'key': 'ticket_id'},
            {'parent': 'stg_zendesk__ticket_changes', 'key': 'ticket_id'},
        ],
        'running': "status_raw = 'live'",
    }
) }}

with

tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}
    {{ only_touched('ticket_id') }}

),

changes as (

    select * from {{ ref('stg_zendesk__ticket_changes') }}
    {{ only_touched('ticket_id') }}

)

select
    tickets.ticket_id,
    tickets.status_raw,
    count(changes.ticket_id) as change_count,
    pg_current_xact_id() as changed_xid,
    '{{ run_started_at }}'::timestamptz as read_at
from tickets
left join changes
    on tickets.ticket_id = changes.ticket_id
group by tickets.ticket_id, tickets.status_raw
""",
    "models/cleaned/service/int_ranks__unioned.sql": """
{{ config(
    unique_key='priority',
    meta={'touched_by': [{'parent': 'seed_ranks', 'key': 'priority'}]}
) }}

with

ranks as (

    select * from {{ ref('seed_ranks') }}
    {{ only_touched('priority') }}

)

select
    priority,
    priority_rank,
    pg_current_xact_id() as changed_xid
from ranks
""",
    "seeds/seed_ranks.csv": "priority,priority_rank\nlow,1\nhigh,2\n",
}

TICKETS = """
create schema if not exists {schema};
create table {schema}.ticket (
    id bigint primary key,
    created_at timestamp not null,
    status text,
    _fivetran_synced timestamp,
    _fivetran_deleted boolean
);
create table {schema}.ticket_field_history (
    ticket_id bigint,
    field_name text,
    updated timestamp,
    value text,
    user_id bigint,
    _fivetran_synced timestamp
);
"""
INSERT = """
insert into {schema}.ticket (id, created_at, status, _fivetran_synced)
values (%s, '2026-01-05 09:00', %s, %s)
"""


class Account(Warehouse):
    """A database into which a connector lands accounts, with the models over them."""

    def __init__(self, dsn: str, project: Settings) -> None:
        """Remember which project is built here."""
        super().__init__(dsn)
        self.settings = project

    def build(self, *options: str) -> None:
        """Build the models of these tests and what they read."""
        self.dbt("run", "--select", "+int_probes__unioned", *options)

    def run(self, query: str, *arguments: object, schema: str = "raw_zendesk") -> None:
        """Do what a connector does, in a transaction of its own."""
        with psycopg.connect(self.dsn) as connection:
            act(connection, query, *arguments, schema=schema)

    def probes(self) -> pd.DataFrame:
        """Return the rows of the model, by ticket."""
        return self.frame("select * from cleaned.int_probes__unioned").set_index(
            "ticket_id"
        )

    def woken(self, *options: str) -> set[str]:
        """Build; return the tickets whose rows were made anew."""
        before = self.probes().read_at
        self.build(*options)
        after = self.probes().read_at
        return {key for key, at in after.items() if before.get(key) != at}


def act(
    connection: psycopg.Connection,
    query: str,
    *arguments: object,
    schema: str = "raw_zendesk",
) -> None:
    """Run statements in a schema."""
    for part in filter(str.strip, query.split(";")):
        connection.execute(
            sql.SQL(part).format(schema=sql.Identifier(schema)), arguments or None
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a project of the staging models and a few of these tests' own."""
    folder = tmp_path_factory.mktemp("connected")
    root = folder / "project"
    shutil.copytree(ROOT / "macros", root / "macros")
    shutil.copytree(
        ROOT / "models" / "staging" / "zendesk", root / "models/staging/zendesk"
    )
    for path in (*(ROOT / "models").glob("_*.*"), ROOT / "profiles.yml"):
        shutil.copy(path, root / path.relative_to(ROOT))
    whole = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    assert whole["vars"]["zendesk_schemas"] == ["raw_zendesk"]
    whole["vars"]["zendesk_schemas"].append("raw_zendesk_emea")
    # the others speak of models that are not here
    prepared = ("operations", "quality", "connectors")
    whole["on-run-start"] = [f"{{{{ prepare_{what}() }}}}" for what in prepared]
    whole["on-run-end"].remove("{{ settle_live() }}")
    (root / "dbt_project.yml").write_text(yaml.safe_dump(whole))
    for name, content in PROBES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.lstrip())
    return Settings(root=root, home=folder / "home", dsn=None)


@pytest.fixture
def empty(fresh_dsn: Callable[[], str], project: Settings) -> Account:
    """Return a database without any account."""
    return Account(fresh_dsn(), project)


@pytest.fixture(scope="module")
def pattern(fresh_dsn: Callable[[], str], project: Settings) -> Account:
    """Return a database with one account of three tickets, built, to be copied."""
    account = Account(fresh_dsn(), project)
    account.run(TICKETS)
    for number in (1, 2, 3):
        account.run(INSERT, number, "open", "2026-01-05 10:00")
    account.build()
    return account


@pytest.fixture
def account(pattern: Account, copy_of: Callable[[str], str]) -> Account:
    """Return a database with one account of three tickets, built."""
    return Account(copy_of(pattern.dsn), pattern.settings)


@pytest.fixture
def stranger(account: Account, server: Settings) -> Iterator[psycopg.Connection]:
    """Return a connection of another role to the database."""
    port = embedded.running_port(embedded.Files(server.home))
    name = account.dsn.rpartition("/")[2]
    password = embedded.passwords(server, embedded.SUPERUSER)
    address = f"postgresql://postgres:{password}@127.0.0.1:{port}/{name}"
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


VIEWS = """
select table_name, column_name::text, data_type
from information_schema.columns
where table_schema = 'staging' and table_name like 'stg!_zendesk!_!_%%' escape '!'
"""


def test_without_an_account_every_view_is_empty(empty: Account) -> None:
    """Nothing there is nothing to read; the columns are those of an account."""
    empty.dbt("build", "--select", "staging")
    assert empty.frame(VIEWS).table_name.nunique() == 19
    for name in set(empty.frame(VIEWS).table_name):
        assert empty.value(f"select count(*) from staging.{name}") == 0
    columns = set(empty.frame(VIEWS).itertuples(index=False, name=None))
    empty.run(TICKETS)
    empty.build()
    assert set(empty.frame(VIEWS).itertuples(index=False, name=None)) == columns
    empty.dbt("build", "--empty", "--select", "staging")


def test_what_an_account_lacks_is_null(account: Account) -> None:
    """Missing columns, missing tables, a table without a stamp."""
    account.run("create table {schema}.ticket_tag (ticket_id bigint, tag text)")
    account.run("insert into {schema}.ticket_tag values (1, 'vip')")
    account.dbt("build", "--select", "staging")
    ticket = account.frame(
        "select ticket_id, source_ticket_id, requester_id, priority_raw, is_public,"
        " is_deleted, updated_at, source_name from staging.stg_zendesk__tickets"
        " where source_ticket_id = '1'"
    ).iloc[0]
    assert (ticket.ticket_id, ticket.source_name) == ("zendesk/1", "zendesk")
    assert not ticket.is_deleted
    missing = ["requester_id", "priority_raw", "is_public", "updated_at"]
    assert ticket[missing].isna().all()
    assert account.value("select count(*) from staging.stg_zendesk__people") == 0
    tag = account.frame("select * from staging.stg_zendesk__ticket_tags").iloc[0]
    assert (tag.ticket_id, tag.tag) == ("zendesk/1", "vip")
    assert tag.isna()["synced_at"]


def test_a_table_without_a_needed_column_is_named(empty: Account) -> None:
    """A ticket without its id cannot be read."""
    empty.run("create schema {schema}")
    empty.run("create table {schema}.ticket (created_at timestamp)")
    with pytest.raises(AssertionError, match=r"raw_zendesk\.ticket lacks the column"):
        empty.build()


def test_accounts_are_united_with_their_origin(account: Account) -> None:
    """The same number in two accounts is two tickets."""
    account.run(TICKETS, schema="raw_zendesk_emea")
    account.run(INSERT, 1, "new", "2026-01-05 10:00", schema="raw_zendesk_emea")
    account.build()
    assert dict(account.probes().status_raw) == {
        "zendesk/1": "open",
        "zendesk/2": "open",
        "zendesk/3": "open",
        "zendesk_emea/1": "new",
    }


def test_odd_types_are_read_as_declared(empty: Account) -> None:
    """Connectors differ in types; a text that holds nonsense is null."""
    empty.run(
        "create schema {schema};"
        "create table {schema}.ticket (id text, created_at timestamptz,"
        " requester_id double precision, assignee_id numeric(12, 3), is_public text,"
        " updated_at text, subject varchar(20), _fivetran_synced timestamptz,"
        " _fivetran_deleted integer);"
        "insert into {schema}.ticket values"
        " ('7', '2026-01-05 09:00+08', 360001234567, 12, 'true',"
        "  '2026-01-05T10:00:00Z', 'hello', '2026-01-05 10:00+00', 1),"
        " ('8', '2026-01-05 09:00+08', null, null, 'perhaps', 'soon', null, null, 0);"
        "create table {schema}.schedule (id integer, start_time text, end_time bigint,"
        " created_at date);"
        "insert into {schema}.schedule values"
        " (5, '540', 1020, '2026-01-01'), (6, 'nine', null, null)"
    )
    empty.dbt("build", "--select", "staging")
    rows = empty.frame("select * from staging.stg_zendesk__tickets order by ticket_id")
    first, second = rows.iloc[0], rows.iloc[1]
    assert first.ticket_id == "zendesk/7"
    assert first.requester_id == "zendesk/360001234567"
    assert first.agent_id == "zendesk/12"
    assert first.created_at == pd.Timestamp("2026-01-05 01:00", tz="UTC")
    assert first.updated_at == pd.Timestamp("2026-01-05 10:00", tz="UTC")
    assert (first.is_public, first.is_deleted, second.is_deleted) == (True, True, False)
    assert second[["is_public", "updated_at", "subject_raw"]].isna().all()
    hours = empty.frame(
        "select start_minute, end_minute, created_at"
        " from staging.stg_zendesk__schedules order by calendar_id"
    )
    assert (hours.start_minute[0], hours.end_minute[0]) == (540, 1020)
    assert hours.created_at[0] == pd.Timestamp("2026-01-01", tz="UTC")
    assert pd.isna(hours.start_minute[1])


def test_the_transaction_of_a_row_is_known(account: Account) -> None:
    """The row keeps half of it, and the view tells the whole."""
    with psycopg.connect(account.dsn) as connection:
        connection.execute("update raw_zendesk.ticket set status = 'new' where id = 2")
        wrong = connection.execute(
            "select count(*) from staging.stg_zendesk__tickets"
            " where (landed_xid = pg_current_xact_id()) != (source_ticket_id = '2')"
        ).fetchone()
    assert wrong == (0,)


def test_an_idle_run_wakes_nothing_and_a_change_its_key(account: Account) -> None:
    """Rows change in place; so do rows of the tables beside the tickets."""
    assert account.woken() == set()
    account.run(
        "update {schema}.ticket set status = 'solved',"
        " _fivetran_synced = '2026-01-06 10:00' where id = 2"
    )
    assert account.woken() == {"zendesk/2"}
    account.run(
        "insert into {schema}.ticket_field_history"
        " values (3, 'status', '2026-01-05 09:30', 'open', 9, '2026-01-06 10:00')"
    )
    assert account.woken() == {"zendesk/3"}
    assert account.probes().change_count["zendesk/3"] == 1
    assert account.woken() == set()


def test_a_row_stamped_before_the_look_back_is_not_read(account: Account) -> None:
    """The index is asked for the stamp: what is far older is for a full refresh."""
    account.run(INSERT, 4, "open", "2026-01-05 11:00")
    account.build()
    account.run(INSERT, 5, "open", "2025-12-01 00:00")
    account.run(INSERT, 6, "open", "2026-01-03 00:00")
    assert account.woken() == {"zendesk/6"}
    account.build("--full-refresh")
    assert "zendesk/5" in account.probes().index


@pytest.mark.parametrize("savepoint", [False, True])
def test_a_slow_transaction_is_not_lost(account: Account, savepoint: bool) -> None:
    """It stamps before a faster one, and commits after it and after a build."""
    with psycopg.connect(account.dsn) as slow:
        act(slow, "select pg_current_xact_id()")
        if savepoint:
            act(slow, "savepoint inner_part")
        act(slow, INSERT, 7, "open", "2026-01-05 10:30")
        if savepoint:
            act(slow, "release savepoint inner_part")
        account.run(INSERT, 8, "open", "2026-01-05 12:00")
        assert account.woken() == {"zendesk/8"}
        slow.commit()
    assert "zendesk/7" in account.woken()
    assert account.woken() == set()


def test_a_stamp_from_the_future_hides_nothing(account: Account) -> None:
    """A wrong clock of the connector moves no mark past the present."""
    account.run(INSERT, 4, "open", "2099-01-01 00:00")
    account.build()
    account.run(INSERT, 5, "open", str(pd.Timestamp.now("UTC").tz_localize(None)))
    assert account.woken() == {"zendesk/5"}


def test_an_account_that_comes_later_is_read_whole(account: Account) -> None:
    """Its stamps may be older than those of the accounts known before."""
    account.run(TICKETS, schema="raw_zendesk_emea")
    account.run(INSERT, 1, "new", "2025-06-01 00:00", schema="raw_zendesk_emea")
    assert account.woken() == {"zendesk_emea/1"}
    assert account.woken() == set()


def test_a_table_put_in_the_place_of_another_is_read_whole(account: Account) -> None:
    """Its rows were written before it got its name."""
    account.run(
        "create table {schema}.next_ticket (like {schema}.ticket);"
        "insert into {schema}.next_ticket select * from {schema}.ticket;"
        "insert into {schema}.next_ticket values (4, '2026-01-01', 'open');"
        "update {schema}.next_ticket set _fivetran_synced = '2025-01-01'"
    )
    assert account.woken() == set()
    account.run(
        "drop table {schema}.ticket cascade;"
        "alter table {schema}.next_ticket rename to ticket"
    )
    account.build()
    assert "zendesk/4" in account.probes().index
    assert account.woken() == set()


def test_a_view_is_read_by_its_stamp_alone(account: Account) -> None:
    """Its rows do not say which transaction wrote them."""
    account.run(
        "alter table {schema}.ticket rename to tickets_of_theirs;"
        "create view {schema}.ticket as select * from {schema}.tickets_of_theirs"
    )
    account.build()
    account.run(
        "insert into {schema}.tickets_of_theirs values"
        " (4, '2026-01-05', 'open', '2026-01-05 11:00', false),"
        " (5, '2026-01-05', 'open', '2025-01-05 11:00', false)"
    )
    account.build()
    assert "zendesk/4" in account.probes().index
    assert "zendesk/5" not in account.probes().index


def test_a_failed_build_loses_nothing(account: Account) -> None:
    """The marks move on when a build ends well."""
    account.run("alter table {schema}.ticket drop constraint ticket_pkey")
    account.run(INSERT, 4, "open", "2026-01-08 10:00")
    account.run(INSERT, 5, "open", "2026-01-15 10:00")
    account.run(INSERT, 5, "new", "2026-01-15 10:00")
    with pytest.raises(AssertionError):
        account.build()
    account.run("delete from {schema}.ticket where id = 5 and status = 'new'")
    assert account.woken() == {"zendesk/4", "zendesk/5"}


def test_incremental_runs_equal_a_full_refresh(account: Account) -> None:
    """Deleted, restored, late."""
    account.run(INSERT, 4, "new", "2026-01-04 10:00")
    account.run(
        "update {schema}.ticket set _fivetran_deleted = true,"
        " _fivetran_synced = '2026-01-06 10:00' where id = 2"
    )
    account.build()
    account.run(
        "update {schema}.ticket set _fivetran_deleted = false,"
        " _fivetran_synced = '2026-01-06 11:00' where id = 2"
    )
    account.build()
    columns = ["status_raw", "change_count"]
    incremental = account.probes()[columns].sort_index()
    account.build("--full-refresh")
    assert incremental.equals(account.probes()[columns].sort_index())
    assert account.woken() == set()


def test_a_table_that_a_merge_made_large_is_no_longer_thought_small(
    account: Account,
) -> None:
    """Who fills an empty warehouse would wait: models below plan by these figures."""
    account.run(
        "insert into {schema}.ticket (id, created_at, status, _fivetran_synced)"
        " select number, '2026-01-05 09:00', 'open', '2026-01-05 10:00'"
        " from generate_series(1001, 7000) as number"
    )
    account.build()
    believed = "select reltuples from pg_class where oid = 'cleaned.{}'::regclass"
    assert account.value(believed.format("int_probes__unioned")) == 6003


def test_running_rows_are_read_at_each_run(account: Account) -> None:
    """Their clocks run to the as-of time."""
    account.run(
        "update {schema}.ticket set status = 'live',"
        " _fivetran_synced = '2026-01-06 10:00' where id = 1"
    )
    assert account.woken() == {"zendesk/1"}
    assert account.woken() == {"zendesk/1"}
    account.run("update {schema}.ticket set status = 'solved' where id = 1")
    assert account.woken() == {"zendesk/1"}
    assert account.woken() == set()


def test_a_seed_is_read_when_its_rows_changed(
    empty: Account, project: Settings
) -> None:
    """A list that people edit says not when it changed; what it holds is compared."""
    path = Path(project.root) / "seeds" / "seed_ranks.csv"
    before = path.read_text()

    def ranks() -> dict[str, int]:
        empty.dbt("build", "--select", "+int_ranks__unioned")
        found = empty.frame("select * from cleaned.int_ranks__unioned")
        return dict(zip(found.priority, found.priority_rank, strict=True))

    assert ranks() == {"low": 1, "high": 2}
    # as no build would leave it: who reads the list again mends it
    empty.run("update cleaned.int_ranks__unioned set priority_rank = 9")
    assert ranks() == {"low": 9, "high": 9}
    try:
        path.write_text(before.replace("high,2", "high,5"))
        assert ranks() == {"low": 1, "high": 5}
        path.write_text(before.replace("low,1\n", ""))
        assert ranks() == {"high": 2}
    finally:
        path.write_text(before)
    assert ranks() == {"low": 1, "high": 2}


def test_an_installation_from_before_gets_the_marks(account: Account) -> None:
    """What a build keeps is made when any of it is missing."""
    account.run("drop table frontdesk.sync_marks")
    account.build()
    assert account.value("select count(*) from frontdesk.sync_marks") > 0
    assert account.woken() == set()


def test_postgres_15_reads_accounts_too(postgres15_dsn: str, project: Settings) -> None:
    """The oldest server we promise knows all that is asked of it."""
    account = Account(postgres15_dsn, project)
    account.run(TICKETS)
    account.run(INSERT, 1, "open", "2026-01-05 10:00")
    account.build()
    account.run(INSERT, 2, "open", "2026-01-05 11:00")
    assert account.woken() == {"zendesk/2"}
    assert account.woken() == set()


INDEXES = (
    "select count(*) from pg_indexes where indexname like 'frontdesk!_%%' escape '!'"
)


def test_indexes_are_made_once_and_serve(account: Account) -> None:
    """A few keys are looked up in every account, through the view and through a CTE."""
    account.run(TICKETS, schema="raw_zendesk_emea")
    for schema in ("raw_zendesk", "raw_zendesk_emea"):
        account.run(
            "insert into {schema}.ticket_field_history select number, 'status',"
            " '2026-01-05', 'open', 1, '2026-01-05' from generate_series(1, 20000)"
            " as number",
            schema=schema,
        )
    account.build()
    account.run("analyze {schema}.ticket_field_history")
    account.run("analyze {schema}.ticket_field_history", schema="raw_zendesk_emea")
    assert account.value(INDEXES) == 10
    plain = (
        "select * from staging.stg_zendesk__ticket_changes"
        " where ticket_id in (select touched_key from touched)"
    )
    with psycopg.connect(account.dsn) as connection:
        connection.execute(
            "create temporary table touched as select 'zendesk/' || n as touched_key"
            " from generate_series(1, 20) as n; analyze touched"
        )
        for query in (plain, f"with found as ({plain}) select count(*) from found"):
            plan = connection.execute(f"explain {query}").fetchall()
            lines = " ".join(line for (line,) in plan)
            assert "Seq Scan on ticket_field_history" not in lines
            assert lines.count("frontdesk_ticket_field_history_ticket_id_key") == 2


def report(account: Account) -> dict[str, list[tuple]]:
    """Return what `frontdesk status` says of the accounts: title and rows."""
    with psycopg.connect(account.dsn) as connection:
        found = status.connector_accounts(connection, account.settings)
    return {section.title: section.rows for section in found}


def test_the_owner_of_a_table_is_told_which_indexes_to_make(
    account: Account, stranger: psycopg.Connection
) -> None:
    """We make none on tables of another; the build goes on, and the statement fits."""
    act(
        stranger,
        "create schema {schema}; create table {schema}.ticket as"
        " select * from raw_zendesk.ticket;"
        f"grant usage on schema {{schema}} to {connections.OWNER}",
        schema="raw_zendesk_emea",
    )
    gaps = report(account)["What the accounts lack"]
    assert ("zendesk_emea", "ticket", "the right to read it") in [g[:3] for g in gaps]
    stranger.execute(f"grant select on raw_zendesk_emea.ticket to {connections.OWNER}")
    before = account.value(INDEXES)
    assert account.woken() == {"zendesk_emea/1", "zendesk_emea/2", "zendesk_emea/3"}
    assert account.value(INDEXES) == before
    gaps = report(account)["What the accounts lack"]
    missing = [gap for gap in gaps if gap[2].startswith("index ")]
    assert {gap[0] for gap in missing} == {"zendesk_emea"}
    for gap in missing:
        owner, _, statement = gap[3].partition(" should run: ")
        assert owner == "its owner postgres"
        stranger.execute(statement)
    gaps = report(account)["What the accounts lack"]
    assert not [gap for gap in gaps if gap[2].startswith("index ")]
    made = (
        "select regexp_replace(indexdef, '(raw_)?zendesk(_emea)?', '', 'g')"
        " from pg_indexes where schemaname = %s and tablename = 'ticket'"
        " and indexname like 'frontdesk!_%%' escape '!' order by indexname"
    )
    theirs = account.frame(made, "raw_zendesk_emea")
    assert theirs.equals(account.frame(made, "raw_zendesk"))
    assert account.woken() == set()


def test_status_says_what_an_account_lacks(account: Account) -> None:
    """Tables, columns and indexes, each with what it means."""
    account.run(
        "drop index {schema}.frontdesk_ticket_id_key;"
        "create table {schema}.user_tag (user_id integer, tag text)"
    )
    with psycopg.connect(account.dsn) as connection:
        assert account.settings is not None
        sections = status.connector_accounts(connection, account.settings)
    assert sections[0].rows[0][:4] == (
        *("zendesk", "raw_zendesk", "3 of 19"),
        "2026-01-05 10:00",
    )
    gaps = {(row[1], row[2]): row[3] for row in sections[1].rows}
    assert gaps["ticket_comment", "the table"] == "read as no rows"
    assert gaps["ticket", "index frontdesk_ticket_id_key"] == "the next build makes it"
    assert gaps["user_tag", "column _fivetran_synced"]
    column = next(lacks for table, lacks in gaps if table == "ticket")
    assert column.startswith("column requester_id, submitter_id, assignee_id")
    account.run("alter table {schema}.ticket drop column created_at cascade")
    with psycopg.connect(account.dsn) as connection:
        sections = status.connector_accounts(connection, account.settings)
    gaps = {(row[1], row[2]): row[3] for row in sections[1].rows}
    assert gaps["ticket", "column created_at"].startswith("the build stops")


def test_status_is_silent_without_an_account(empty: Account) -> None:
    """Nobody who has no connector hears of one."""
    assert report(empty) == {}
    with psycopg.connect(empty.dsn) as connection:
        assert status.problems(connection) == []


def test_status_counts_the_problems_of_each_kind(empty: Account) -> None:
    """Of tickets and of calendars, the most frequent first."""
    empty.run(
        "create schema marts; create schema cleaned;"
        "create table marts.fct_ticket_problems as select * from"
        " (values ('unknown_status'), ('unknown_status'), ('no_history')) v (problem);"
        "create table cleaned.int_calendar_problems__counted as"
        " select 'c' as calendar_id, 'unknown_zone' as problem, '' as detail"
    )
    with psycopg.connect(empty.dsn) as connection:
        found = status.problems(connection)
    assert found[0].rows == [
        ("tickets", "unknown_status", 2),
        ("tickets", "no_history", 1),
        ("calendars", "unknown_zone", 1),
    ]
