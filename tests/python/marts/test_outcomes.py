"""What became of contacts: repeats, first contact resolution, the bot, surveys.

The reference is worked out here anew: from the sample world's list of kept contacts
and the files its systems wrote, in plain Python, with nothing taken from the marts but
which customer a contact belongs to.
"""

import csv
import io
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import psycopg
import pytest

from tests.python.warehouse import Warehouse

AS_OF = datetime(2026, 3, 15, tzinfo=UTC)
WINDOWS = {"24h": 24, "7d": 7 * 24, "30d": 30 * 24}
SHANGHAI = timedelta(hours=8)
SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
MODELS = (
    "fct_contact_chains",
    "fct_survey_responses",
    "fct_bot_questions",
    "fct_bot_sessions",
    "kpi_fcr_daily",
    "kpi_bot_daily",
    "kpi_bot_questions_daily",
    "kpi_satisfaction_daily",
)
Key = tuple[str, str]


class Contact(NamedTuple):
    """A kept contact of the world."""

    key: Key
    channel: str
    customer: str
    person: str
    started_at: datetime
    is_resolved: bool | None


@pytest.fixture(scope="module")
def contacts(built: Warehouse, world: Path) -> list[Contact]:
    """Return the inbound contacts that the world lists, with the customer of each."""
    owners = {
        (row.source_name, row.source_record_id): row.customer_id
        for row in built.frame(
            "select source_name, source_record_id, customer_id"
            " from marts.fct_interactions"
        ).itertuples()
    }
    listed = pd.read_parquet(world / "truth" / "interactions.parquet")
    return [
        Contact(
            (row.source_name, row.record_id),
            row.channel,
            owners[row.source_name, row.record_id],
            row.person_id,
            row.started_at.to_pydatetime(),
            None if pd.isna(row.is_resolved) else bool(row.is_resolved),
        )
        for row in listed.itertuples()
        if row.direction == "inbound"
    ]


def followers(contacts: list[Contact], whose: str) -> dict[Key, Contact | None]:
    """Return the next contact of the same customer, or of the same person."""
    found: dict[Key, Contact | None] = {}
    lives = defaultdict(list)
    for contact in contacts:
        lives[getattr(contact, whose)].append(contact)
    for life in lives.values():
        life.sort(key=lambda contact: contact.started_at)
        found |= {one.key: other for one, other in pairwise(life)}
        found[life[-1].key] = None
    return found


def is_repeated(contact: Contact, after: Contact | None, hours: int) -> bool:
    """Say whether the next contact came within the window."""
    return bool(after) and after.started_at - contact.started_at <= timedelta(
        hours=hours
    )


def is_mature(contact: Contact, hours: int) -> bool:
    """Say whether the window was over at the as-of time."""
    return contact.started_at + timedelta(hours=hours) <= AS_OF


def test_chains_equal_the_reference(built: Warehouse, contacts: list[Contact]) -> None:
    """Every contact, its follower, and what three windows say of it."""
    after = followers(contacts, "customer")
    wanted = {}
    for contact in contacts:
        follower = after[contact.key]
        row: list[Any] = [follower and follower.key[1]]
        for hours in WINDOWS.values():
            mature = is_mature(contact, hours)
            repeated = is_repeated(contact, follower, hours)
            known = mature and contact.is_resolved is not None
            row += [
                mature,
                True if repeated else False if mature else None,
                (contact.is_resolved and not repeated) if known else None,
            ]
        wanted[contact.key] = tuple(row)
    columns = ", ".join(
        f"chains.is_{what}_{name}"
        for name in WINDOWS
        for what in ("mature", "repeated", "fcr")
    )
    with psycopg.connect(built.dsn) as connection:
        rows = connection.execute(
            "select contacts.source_name, contacts.source_record_id,"
            f" followers.source_record_id, {columns}"
            " from marts.fct_contact_chains as chains"
            " inner join marts.fct_interactions as contacts"
            " on chains.interaction_id = contacts.interaction_id"
            " left join marts.fct_interactions as followers"
            " on chains.next_interaction_id = followers.interaction_id"
        ).fetchall()
    found = {(row[0], row[1]): row[2:] for row in rows}
    assert found.keys() == wanted.keys()
    assert {key: found[key] for key in found if found[key] != wanted[key]} == {}
    # the world holds each case
    assert {row[-1] for row in wanted.values()} == {True, False, None}
    assert sum(row[5] is True for row in wanted.values()) > 100


def test_chains_break_after_seven_days_of_silence(
    built: Warehouse, contacts: list[Contact]
) -> None:
    """As many chains as there are silences, and as long."""
    lives = defaultdict(list)
    for contact in contacts:
        lives[contact.customer].append(contact.started_at)
    lengths: Counter[int] = Counter()
    for life in map(sorted, lives.values()):
        length = 1
        for one, other in pairwise(life):
            if other - one > timedelta(days=7):
                lengths[length] += 1
                length = 0
            length += 1
        lengths[length] += 1
    found = built.frame(
        "select longest, count(*) as chains from ("
        "  select chain_id, max(chain_position) as longest"
        "  from marts.fct_contact_chains group by chain_id"
        ") as chains group by longest"
    )
    assert dict(zip(found["longest"], found["chains"], strict=True)) == lengths
    assert max(lengths) > 3


def test_fcr_equals_the_reference(built: Warehouse, contacts: list[Contact]) -> None:
    """Counts of each channel, and the rate that follows from them."""
    after = followers(contacts, "customer")
    for name, hours in WINDOWS.items():
        known: Counter[str] = Counter()
        good: Counter[str] = Counter()
        for contact in contacts:
            if is_mature(contact, hours) and contact.is_resolved is not None:
                known[contact.channel] += 1
                repeated = is_repeated(contact, after[contact.key], hours)
                good[contact.channel] += contact.is_resolved and not repeated
        found = built.frame(
            f"select channel, sum(fcr_known_{name}_count)::int as known,"
            f" sum(fcr_{name}_count)::int as good"
            " from marts.kpi_fcr_daily group by channel"
        )
        rows = {row.channel: (row.known, row.good) for row in found.itertuples()}
        assert rows == {
            contact.channel: (known[contact.channel], good[contact.channel])
            for contact in contacts
        }


def test_nobody_is_said_to_be_back_who_is_not(contacts: list[Contact]) -> None:
    """A repeat that is seen is one of the same person, but for slips of identity.

    The other way round it sees fewer than there are: who leaves nothing that two
    systems share is two customers.
    """
    by_customer = followers(contacts, "customer")
    by_person = followers(contacts, "person")
    seen, true = (
        {
            contact.key
            for contact in contacts
            if is_repeated(contact, after[contact.key], WINDOWS["7d"])
        }
        for after in (by_customer, by_person)
    )
    assert len(seen) > 100
    assert len(seen - true) <= len(seen) / 50
    assert len(seen & true) >= 0.6 * len(true)


class Session(NamedTuple):
    """What the bot wrote of one conversation."""

    status: str
    question_count: int
    unresolved_count: int


@pytest.fixture(scope="module")
def sessions(world: Path) -> dict[str, Session]:
    """Return the bot's conversations, from its own files."""
    truth = world / "truth"
    kept = set(pd.read_parquet(truth / "interactions.parquet")["record_id"])
    written = pd.read_parquet(truth / "messages.parquet")
    fine = set(written[written["is_kept"]]["record_id"])
    said = defaultdict(list)
    for message in latest(world, "bot_messages_*.parquet", "message_id"):
        if message["message_id"] in fine:
            said[message["session_id"]].append(message)
    found = {}
    for session in latest(world, "bot_sessions_*.parquet", "session_id"):
        if session["session_id"] not in kept:
            continue
        talk = sorted(
            said[session["session_id"]],
            key=lambda message: (pd.Timestamp(message["sent_at"]), message["_at"]),
        )
        turns = [
            (who == "customer", list(messages))
            for who, messages in groupby(talk, key=lambda one: one["sender_type"])
        ]
        answers = [
            turns[place + 1][1] if place + 1 < len(turns) else []
            for place, (is_question, _) in enumerate(turns)
            if is_question
        ]
        found[session["session_id"]] = Session(
            session["status"],
            len(answers),
            sum(all(bool(one["is_fallback"]) for one in some) for some in answers),
        )
    return found


def latest(world: Path, files: str, key: str) -> Iterator[dict[str, Any]]:
    """Yield the last version of each row, with its place among them."""
    frames = [pd.read_parquet(path) for path in sorted((world / "bot").glob(files))]
    rows = pd.concat(frames, ignore_index=True)
    rows["_at"] = rows.index
    rows = rows.sort_values(["exported_at", "_at"], kind="stable")
    yield from rows.drop_duplicates(key, keep="last").to_dict("records")


def test_containment_equals_the_reference(
    built: Warehouse, contacts: list[Contact], sessions: dict[str, Session]
) -> None:
    """Contained, handed over, and contained in appearance only."""
    after = followers(contacts, "customer")
    bots = [contact for contact in contacts if contact.channel == "bot"]
    held = [one for one in bots if sessions[one.key[1]].status != "handed_off"]
    back = [one for one in held if is_repeated(one, after[one.key], WINDOWS["24h"])]
    found = built.frame(
        "select sum(contact_count) as n, sum(contained_count) as held,"
        " sum(handed_off_count) as over, sum(contained_mature_24h_count) as mature,"
        " sum(falsely_contained_count) as back,"
        " sum(question_count) as asked, sum(unresolved_question_count) as missed"
        " from marts.kpi_bot_daily"
    ).iloc[0]
    assert (found.n, found.held, found.mature) == (len(bots), len(held), len(held))
    assert (found.over, found.back) == (len(bots) - len(held), len(back))
    assert 0 < len(back) < len(held) < len(bots)
    assert found.asked == sum(one.question_count for one in sessions.values())
    assert found.missed == sum(one.unresolved_count for one in sessions.values()) > 0


def test_questions_of_each_conversation_equal_the_reference(
    built: Warehouse, sessions: dict[str, Session]
) -> None:
    """Not only in total."""
    found = built.frame(
        "select contacts.source_record_id as id, bots.question_count as asked,"
        " bots.unresolved_question_count as missed"
        " from marts.fct_bot_sessions as bots"
        " inner join marts.fct_interactions as contacts"
        " on bots.interaction_id = contacts.interaction_id"
    )
    assert {row.id: (row.asked, row.missed) for row in found.itertuples()} == {
        key: (one.question_count, one.unresolved_count) for key, one in sessions.items()
    }


def survey_rows(world: Path, prefix: str, fields: int) -> list[list[str]]:
    """Return the readable lines of the survey tool, the last version of each."""
    found: dict[str, list[str]] = {}
    for path in sorted((world / "survey").glob(f"{prefix}_*")):
        data = path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                data = archive.read(archive.namelist()[0])
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")
        for line in list(lines)[1:]:
            if len(line) == fields and line[-1] >= found.get(line[0], [""])[-1]:
                found[line[0]] = line
    return list(found.values())


def test_satisfaction_equals_the_reference(built: Warehouse, world: Path) -> None:
    """Every answer, on the day and channel of its invitation."""
    channels = {
        (row.source_name, row.source_record_id): row.channel
        for row in built.frame(
            "select source_name, source_record_id, channel from marts.fct_interactions"
        ).itertuples()
    }
    answers = defaultdict(list)
    for _, invitation, score, _, answered_at, _ in survey_rows(world, "answers", 6):
        answers[invitation].append((answered_at, score))
    wanted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in survey_rows(world, "invitations", 7):
        invitation, kind, source, record, _, sent_at, _ = row
        kind = kind.lower()
        line = wanted[channels.get((source, record), "unknown"), sent_at[:10]]
        line["invitation_count"] += 1
        line[f"{kind}_invitation_count"] += 1
        lowest, highest = SCALES[kind]
        scores = [
            int(score)
            for _, score in sorted(answers[invitation])
            if score and lowest <= int(score) <= highest
        ]
        if not scores:
            continue
        score = scores[-1]
        line["answer_count"] += 1
        line[f"{kind}_answer_count"] += 1
        line[f"{kind}_score_sum"] += score
        line["csat_satisfied_count"] += kind == "csat" and score >= 4
        line["nps_promoter_count"] += kind == "nps" and score >= 9
        line["nps_detractor_count"] += kind == "nps" and score <= 6
    parts = sorted({name for line in wanted.values() for name in line})
    sums = ", ".join(f"sum({name})::int as {name}" for name in parts)
    found = built.frame(
        f"select channel, sent_date::text, {sums}"
        " from marts.kpi_satisfaction_daily group by channel, sent_date"
    )
    rows = {
        (row["channel"], row["sent_date"]): {name: row[name] for name in parts}
        for row in found.to_dict("records")
    }
    assert rows == {
        key: {name: line[name] for name in parts} for key, line in wanted.items()
    }
    total = sum(wanted.values(), Counter())
    assert min(total[f"{kind}_answer_count"] for kind in SCALES) > 5


def contents(warehouse: Warehouse) -> dict[str, list[str]]:
    """Return every row of these models."""
    rooms = warehouse.contents()
    return {name: rooms[f"marts.{name}"] for name in MODELS}


def test_time_and_second_thoughts_equal_a_full_refresh(
    built: Warehouse, copy_of: Callable[[str], str]
) -> None:
    """Windows close without a new row; contacts and answers are taken back."""
    warehouse = Warehouse(copy_of(built.dsn))
    models = ("--select", *MODELS)
    later = ("--vars", '{as_of: "2026-03-18 00:00:00"}')
    before = contents(warehouse)
    immature = "select sum(immature_30d_count) from marts.kpi_fcr_daily"
    count = warehouse.value(immature)
    warehouse.dbt("run", *models, *later)
    assert warehouse.value(immature) < count
    passed = contents(warehouse)
    assert "fct_contact_chains" in different(before, passed)

    with psycopg.connect(warehouse.dsn) as connection:
        connection.execute(
            "insert into frontdesk.review"
            " (record_type, record_id, doubt, decision, decided_by)"
            " select type, id, 'asked', 'reject', 'Ann' from ("
            "  select 'survey.answers' as type, min(answer_id) as id"
            "  from cleaned.int_survey_answers__cleaned where survey_type = 'csat'"
            "  union all"
            "  (select 'survey.invitations', invitation_id"
            "  from marts.fct_survey_responses"
            "  where is_answered and survey_type = 'nps' order by 2 limit 1)"
            "  union all"
            "  (select contacts.source_name || case contacts.source_name"
            "  when 'bot' then '.sessions' else '.calls' end,"
            "  min(contacts.source_record_id)"
            "  from marts.fct_contact_chains as chains"
            "  inner join marts.fct_interactions as contacts"
            "  on chains.interaction_id = contacts.interaction_id"
            "  where contacts.source_name in ('bot', 'phone')"
            "  and chains.chain_position = 2 and chains.is_repeated_7d"
            "  group by contacts.source_name)"
            ") as chosen"
        )
    warehouse.dbt("run", *later)
    after = contents(warehouse)
    assert len(different(passed, after)) == len(MODELS)
    warehouse.dbt("run", "--full-refresh", *models, *later)
    assert different(after, contents(warehouse)) == []


def different(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    """Return the tables whose rows are not the same."""
    return [name for name in one if one[name] != other[name]]


@pytest.mark.parametrize("name", [name for name in MODELS if name.startswith("kpi")])
def test_a_rate_is_null_with_a_reason(built: Warehouse, name: str) -> None:
    """A rate that cannot be computed says why; one that can does not."""
    columns = set(built.frame(f"select * from marts.{name} limit 0").columns)
    said = {
        column.removesuffix("_reason"): column
        for column in columns
        if column.endswith("_reason")
    }
    checked = 0
    for stem, reason in said.items():
        for rate in {f"{stem}_rate", f"average_{stem}_score", f"{stem}_score"}:
            if rate in columns:
                checked += 1
                wrong = built.value(
                    f"select count(*) from marts.{name}"
                    f" where ({rate} is null) <> ({reason} is not null)"
                )
                assert wrong == 0, rate
    assert checked >= len(said)
