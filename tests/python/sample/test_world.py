"""The sample world keeps the promises that the warehouse's tests rest on."""

import hashlib
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import phonenumbers
import pyarrow.parquet as pq
import pytest

from orchestration import sample
from orchestration.sample.world import Arguments, make_world, offset, to_utc
from orchestration.settings import UserError

from . import rules
from .reading import PATTERNS, Row, columns_of, content, read_world, seconds

PEOPLE, DAYS, SEED, START = 3000, 35, 11, date(2026, 3, 10)
MESSAGES = ("chat", "app", "email", "wechat", "social", "bot")
SPAN = {
    "chat.messages": ("chat.sessions", "session_id"),
    "app.messages": ("app.conversations", "conversation_id"),
    "bot.messages": ("bot.sessions", "session_id"),
}
TALK = {
    "chat": (("session_id",), "text", "sent_at"),
    "app": (("conversation_id",), "text", "sent_at"),
    "email": (("thread_id",), "body", "sent_at"),
    "wechat": (("app_id", "openid"), "content", "create_time"),
    "social": (("platform", "conversation_id", "handle"), "text", "posted_at"),
    "bot": (("session_id",), "text", "sent_at"),
}
COLUMNS = {
    "phone.calls": "call_id site direction callback_of caller_number dialled_number"
    " language ivr_outcome queue_name agent_id call_result disposition resolved"
    " wait_secs talk_secs hold_secs acw_secs transfer_count started_at answered_at"
    " ended_at exported_at",
    "phone.call_segments": "segment_id call_id segment_no queue_name agent_id"
    " segment_result queued_at answered_at ended_at wait_secs talk_secs hold_secs"
    " acw_secs exported_at",
    "chat.sessions": "session_id site visitor_id crm_customer_id name phone email"
    " queue_name agent_id status topic tag resolved from_bot_session_id"
    " after_work_secs started_at queued_at ended_at exported_at",
    "chat.messages": "message_id session_id sender_type sender_id text sent_at"
    " exported_at",
    "email.threads": "thread_id mailbox subject customer_address queue_name tag status"
    " resolved created_at solved_at exported_at",
    "email.messages": "message_id thread_id direction from_address to_address agent_id"
    " body is_internal_note is_auto_reply sent_at exported_at",
    "app.conversations": "conversation_id user_id device_id phone app_version"
    " queue_name agent_id topic tag resolved started_at ended_at exported_at",
    "app.messages": "message_id sender_type sender_id text sent_at exported_at"
    " conversation_id",
    "wechat.messages": "message_id app_id openid unionid direction sender_type agent_id"
    " msg_type content tag create_time exported_at",
    "social.messages": "message_id platform conversation_id is_public handle"
    " display_name direction agent_id text tag posted_at exported_at",
    "store.visits": "visit_id store_code visitor_name phone loyalty_card reason outcome"
    " complaint_form clerk_id arrived_at served_at left_at exported_at",
    "bot.sessions": "session_id site platform visitor_id user_id openid language intent"
    " status handoff_channel handoff_session_id tag is_resolved started_at"
    " handed_off_at ended_at exported_at",
    "bot.messages": "message_id session_id sender_type text intent confidence"
    " is_fallback sent_at exported_at",
    "crm.customers": "crm_customer_id country name gender birth_date phone email"
    " unionid address city postcode loyalty_card registered_at exported_at",
    "crm.orders": "order_id crm_customer_id sales_channel product_line quantity amount"
    " currency status promotion_id ordered_at exported_at",
    "crm.deliveries": "delivery_id order_id carrier status promised_date shipped_at"
    " delivered_at exported_at",
    "survey.invitations": "invitation_id survey_type interaction_source interaction_ref"
    " recipient sent_at exported_at",
    "survey.answers": "answer_id invitation_id score comment answered_at exported_at",
    "helpdesk.tickets": "ticket_id requester_name requester_email requester_phone"
    " crm_customer_id channel subject description status priority ticket_type topic"
    " group_name assignee_id interaction_source interaction_ref created_at updated_at"
    " solved_at exported_at",
    "helpdesk.ticket_changes": "change_id ticket_id field old_value new_value"
    " author_type author_id is_public changed_at exported_at",
    "workforce.agents": "agent_id name email team team_kind site time_zone skills"
    " hired_on left_on exported_at",
    "workforce.agent_states": "state_id agent_id state channel started_at ended_at"
    " exported_at",
    "workforce.shifts": "shift_id agent_id shift_date starts_at ends_at paid_minutes"
    " activity exported_at",
    "marketing.promotions": "promotion_id name product_line discount_rate starts_on"
    " ends_on exported_at",
    "marketing.experiment_assignments": "assignment_id experiment variant"
    " crm_customer_id assigned_at exported_at",
}


@dataclass
class Read:
    """A world read back, with its truth."""

    out: Path
    tables: dict[str, list[Row]]
    broken: dict[str, int]
    truth: dict[str, list[Row]]
    rejected: dict[str, set[str]]
    faults: dict[tuple[str, str], set[str]]
    contacts: list[Row]

    def struck(self, table: str, fault: str) -> set[str]:
        """Return the records of a table under one fault."""
        return self.faults[table, fault]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Write one world over the change to summer time and read it back."""
    out = tmp_path_factory.mktemp("world")
    sample.write_world(out, PEOPLE, DAYS, SEED, START)
    tables, broken = read_world(out)
    truth = {p.stem: pq.read_table(p).to_pylist() for p in out.glob("truth/*.parquet")}
    rejected: dict[str, set[str]] = defaultdict(set)
    faults: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in truth["faults"]:
        table = f"{row['source_name']}.{row['table_name']}"
        if row["expected"] == "rejected":
            rejected[table].add(row["record_id"])
        if row["expected"] != "unreadable":
            faults[table, row["fault"]].add(row["record_id"])
    found = rules.contacts(tables, rejected)
    return Read(out, tables, broken, truth, rejected, faults, found)


def fingerprint(out: Path) -> str:
    """Return one hash over the names and bytes of all files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(out)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    """Two processes with different hash seeds agree on every file."""
    hashes = []
    for turn in ("1", "2"):
        command = [sys.executable, "-m", "orchestration.sample", "--people", "300"]
        command += ["--days", "6", "--seed", "3", "--out", str(tmp_path / turn)]
        root = Path(__file__).parents[3]
        subprocess.run(
            command, check=True, cwd=root, env={"PYTHONHASHSEED": turn}, timeout=120
        )
        hashes.append(fingerprint(tmp_path / turn))
    assert hashes[0] == hashes[1]
    sample.write_world(tmp_path / "3", 300, 6, 4)
    assert fingerprint(tmp_path / "3") != hashes[0]


def test_two_processes_write_the_rows_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long world split between processes holds the same records and truth."""
    args = (60, 121, 5)
    sample.write_world(tmp_path / "one", *args)
    monkeypatch.setattr(sample, "TOGETHER_FROM", 0)
    ticks: list[tuple[int, int]] = []
    sample.write_world(tmp_path / "two", *args, progress=lambda *t: ticks.append(t))
    assert ticks[-1] == (121, 121)
    assert list((tmp_path / "two").glob("*/*_late-*"))
    assert not list((tmp_path / "two").glob("truth/*.part*"))
    one, _ = read_world(tmp_path / "one")
    two, _ = read_world(tmp_path / "two")
    for table in PATTERNS:
        assert sorted(map(repr, one[table])) == sorted(map(repr, two[table])), table
    for path in sorted((tmp_path / "one" / "truth").iterdir()):
        other = pq.read_table(tmp_path / "two" / "truth" / path.name)
        assert pq.read_table(path).equals(other), path.name


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_files_have_the_columns_of_the_contract(world: Read, table: str) -> None:
    """Every file of a table shows its columns in order."""
    expected = COLUMNS[table].split()
    if table.startswith("app"):
        assert list(world.tables[table][0])[: len(expected)] == expected
        return
    source = table.split(".")[0]
    paths = sorted((world.out / source).glob(PATTERNS[table]))
    assert paths
    for path in paths[:3]:
        if "cn-bj01" not in path.name:
            assert columns_of(path) == expected, path.name


def test_a_byte_order_mark_and_gb18030_are_where_they_belong(world: Read) -> None:
    """Social files begin with a mark, the Beijing shop writes its own encoding."""
    social = next((world.out / "social").glob("*.csv"))
    assert social.read_bytes().startswith(b"\xef\xbb\xbf")
    shop = [content(p) for p in (world.out / "store").glob("visits_cn-bj01_*")]
    assert "否".encode("gb18030") in b"".join(shop)


def test_counts_match_what_can_be_read(world: Read) -> None:
    """Written, unreadable, records and versions are what a reader finds."""
    for row in world.truth["counts"]:
        table = f"{row['source_name']}.{row['table_name']}"
        rows = world.tables[table]
        keys = {next(iter(r.values())) for r in rows}
        assert len(rows) == row["version_count"], table
        assert len(keys) == row["record_count"], table
        assert world.broken[table] == row["unreadable_rows"], table
        assert len(rows) + world.broken[table] == row["written_rows"], table


def test_interactions_follow_from_the_files_by_the_rules(world: Read) -> None:
    """Every measure of every kept contact is the one the rules give."""
    mine = {(row["channel"], row["record_id"]): row for row in world.contacts}
    theirs = {(r["channel"], r["record_id"]): r for r in world.truth["interactions"]}
    assert mine.keys() == theirs.keys()
    for key, row in mine.items():
        other = theirs[key]
        for name, value in row.items():
            if name not in ("short", "callback"):
                assert other[name] == value, (key, name, value, other[name])


def test_kpi_totals_are_those_of_the_files(world: Read) -> None:
    """The KPI truth equals a plain count, to the second."""
    mine = rules.totals(world.contacts)
    rows = world.truth["kpi_channel_hourly"]
    assert len(rows) == len(mine)
    for row in rows:
        place = mine[row["channel"], row["hour_started_at"]]
        for name, value in row.items():
            if name not in ("channel", "hour_started_at"):
                assert place[name] == value, (row["channel"], name)


def test_contacts_of_one_key_lie_eight_hours_apart(world: Read) -> None:
    """Runs of messages are unmistakable: wide gaps between, narrow ones inside."""
    for channel in ("wechat", "social"):
        key, _, time = TALK[channel]
        kept = rules.kept(world.tables, world.rejected, f"{channel}.messages")
        ends: dict[tuple, list[tuple]] = defaultdict(list)
        for run in rules.runs(kept, key, time):
            ends[tuple(run[0][k] for k in key)].append((run[0][time], run[-1][time]))
            for before, after in pairwise(run):
                assert after[time] - before[time] < timedelta(hours=5)
        for spans in ends.values():
            spans.sort()
            for (_, end), (begin, _) in pairwise(spans):
                assert begin - end > timedelta(hours=8)


def doubled(world: Read, source: str) -> set[str]:
    """Return messages that repeat another of the same sender within two minutes."""
    key, text, time = TALK[source]
    seen: dict[tuple, list[Row]] = defaultdict(list)
    names = ("direction", "agent_id", "from_address", "sender_type", "sender_id")
    for row in world.tables[f"{source}.messages"]:
        words = rules.plain(str(row[text])) if row[text] else ""
        if words:
            sender = tuple(row.get(name) for name in names)
            seen[(*(row[k] for k in key), sender, words)].append(row)
    found = set()
    for rows in seen.values():
        rows.sort(key=lambda m: (m[time], m["message_id"]))
        for before, row in pairwise(rows):
            if row[time] - before[time] <= timedelta(seconds=120):
                found.add(str(row["message_id"]))
    return found


@pytest.mark.parametrize("source", MESSAGES)
def test_only_injected_messages_repeat(world: Read, source: str) -> None:
    """Natural talk never looks like a duplicate; every injected one does."""
    table = f"{source}.messages"
    injected = world.struck(table, "exact_duplicate")
    injected |= world.struck(table, "near_duplicate")
    assert injected
    assert doubled(world, source) == injected


@pytest.mark.parametrize("source", MESSAGES)
def test_only_injected_messages_are_blank(world: Read, source: str) -> None:
    """No letter, figure or picture: blank."""
    table, text = f"{source}.messages", TALK[source][1]
    blank = {
        str(row["message_id"])
        for row in world.tables[table]
        if not rules.plain(str(row[text] or "")).strip("\u200b\ufeff")
        and row.get("msg_type") != "image"
    }
    assert blank == world.struck(table, "blank_content")


@pytest.mark.parametrize("table", sorted(SPAN))
def test_only_messages_in_the_wrong_zone_lie_outside(world: Read, table: str) -> None:
    """More than thirty minutes off the conversation means the wrong zone."""
    parents, key = SPAN[table]
    talks = rules.latest(world.tables[parents])
    half = timedelta(minutes=30)
    off = set()
    for row in world.tables[table]:
        talk = talks[str(row[key])]
        if not talk["started_at"] - half <= row["sent_at"] <= talk["ended_at"] + half:
            off.add(str(row["message_id"]))
    assert off == world.struck(table, "wrong_zone")


def test_only_calls_in_the_wrong_zone_lie_off_their_segments(world: Read) -> None:
    """The first segment is queued within minutes of the call's start."""
    calls = rules.latest(world.tables["phone.calls"])
    off = set()
    for row in world.tables["phone.call_segments"]:
        gap = seconds(row["queued_at"], calls[str(row["call_id"])]["started_at"])
        if row["segment_no"] == "1" and abs(gap or 0) > 1800:
            off.add(str(row["call_id"]))
    assert off == world.struck("phone.calls", "wrong_zone")


@pytest.mark.parametrize(
    ("table", "start", "end"),
    [
        ("phone.calls", "started_at", "ended_at"),
        ("chat.sessions", "started_at", "ended_at"),
        ("store.visits", "arrived_at", "left_at"),
        ("bot.sessions", "started_at", "ended_at"),
        ("workforce.agent_states", "started_at", "ended_at"),
    ],
)
def test_only_injected_records_end_early(
    world: Read, table: str, start: str, end: str
) -> None:
    """An end before the start is an injected one."""
    early = {
        key for key, r in rules.latest(world.tables[table]).items() if r[end] < r[start]
    }
    assert early == world.struck(table, "ends_before_start")


def test_only_injected_agents_are_unknown(world: Read) -> None:
    """Every other agent is in the list of agents."""
    known = {row["agent_id"] for row in world.tables["workforce.agents"]}
    for table, column in (
        ("phone.calls", "agent_id"),
        ("chat.sessions", "agent_id"),
        ("app.conversations", "agent_id"),
        ("store.visits", "clerk_id"),
    ):
        strange = {
            str(next(iter(row.values())))
            for row in world.tables[table]
            if row[column] is not None and row[column] not in known
        }
        # a double repeats the agent of its original, so it is never a stranger
        assert strange == world.struck(table, "unknown_agent")
        assert strange


def e164(call: Row) -> str | None:
    """Return the caller's number in one spelling, read as at the call's site."""
    if call["caller_number"] is None:
        return None
    region = "CN" if call["site"] == "cn" else "GB"
    parsed = phonenumbers.parse(str(call["caller_number"]), region)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def test_only_injected_contacts_are_tests(world: Read) -> None:
    """Reserved numbers, visitors, accounts, cards and handles are test traffic."""
    tested: dict[str, Callable[[Row], bool]] = {
        "phone.calls": lambda r: str(e164(r)).startswith(
            ("+8613800138000", "+8613900139000", "+447700900")
        ),
        "chat.sessions": lambda r: str(r["visitor_id"]).startswith("test-"),
        "wechat.messages": lambda r: str(r["openid"]).startswith("oTEST"),
        "social.messages": lambda r: str(r["handle"]).startswith("qa_"),
        "store.visits": lambda r: str(r["loyalty_card"]).startswith("TEST"),
        "bot.sessions": lambda r: str(r["visitor_id"]).startswith("test-"),
    }
    for table, rule in tested.items():
        found = {str(next(iter(r.values()))) for r in world.tables[table] if rule(r)}
        assert found == world.struck(table, "test_traffic"), table
        assert found, table


def test_contact_phones_are_the_spelled_numbers(world: Read) -> None:
    """Every spelling of a number reads back as the number of the truth."""
    calls = rules.latest(world.tables["phone.calls"])
    seen = 0
    for row in world.truth["interactions"]:
        if row["channel"] == "phone":
            assert e164(calls[row["record_id"]]) == row["contact_phone"]
            seen += row["contact_phone"] is not None
    assert seen > 1000


def test_only_late_records_were_exported_late(world: Read) -> None:
    """First exported more than a day after the end: late arrival."""
    ended = {
        "phone.calls": "ended_at",
        "chat.sessions": "ended_at",
        "app.conversations": "ended_at",
        "store.visits": "left_at",
        "bot.sessions": "ended_at",
        "wechat.messages": "create_time",
        "social.messages": "posted_at",
    }
    last_mail = {
        r["record_id"]: r["ended_at"]
        for r in world.truth["interactions"]
        if r["channel"] == "email"
    }
    for table, column in {**ended, "email.threads": ""}.items():
        first: dict[str, Row] = {}
        for row in world.tables[table]:
            key = str(next(iter(row.values())))
            if key not in first or row["exported_at"] < first[key]["exported_at"]:
                first[key] = row
        late = {
            key
            for key, row in first.items()
            if row["exported_at"] - (row[column] if column else last_mail[key])
            > timedelta(days=1)
        }
        assert late == world.struck(table, "late_arrival"), table


def test_only_resent_records_have_two_versions(world: Read) -> None:
    """A key seen twice was re-sent, the last version being the right one."""
    for table in COLUMNS:
        seen: dict[object, int] = defaultdict(int)
        for row in world.tables[table]:
            seen[next(iter(row.values()))] += 1
        again = {key for key, count in seen.items() if count > 1}
        assert again == world.struck(table, "resent"), table


def test_only_injected_scores_are_off_the_scale(world: Read) -> None:
    """Scores outside the scale of their survey are injected ones."""
    kinds = {
        r["invitation_id"]: r["survey_type"] for r in world.tables["survey.invitations"]
    }
    scale = {"CSAT": (1, 5), "NPS": (0, 10), "CES": (1, 7)}
    off = set()
    for row in world.tables["survey.answers"]:
        low, high = scale[str(kinds[row["invitation_id"]])]
        if not low <= int(str(row["score"])) <= high:
            off.add(str(row["answer_id"]))
    assert off == world.struck("survey.answers", "out_of_scale")
    assert off


def test_extreme_responses_stand_far_out(world: Read) -> None:
    """At least forty times the median of the channel."""
    waits: dict[str, list[int]] = defaultdict(list)
    for row in world.contacts:
        if row["first_response_seconds"] is not None:
            waits[str(row["channel"])].append(int(str(row["first_response_seconds"])))
    tables = {"phone": "phone.calls", "web_chat": "chat.sessions"}
    tables |= {"app": "app.conversations", "store": "store.visits"}
    for channel, table in tables.items():
        median = statistics.median(waits[channel])
        struck = world.struck(table, "extreme_response")
        assert struck
        for row in world.contacts:
            if row["channel"] == channel and row["record_id"] in struck:
                assert row["first_response_seconds"] > 18 * median


def test_doubles_follow_their_original(world: Read) -> None:
    """A doubled call has a number, an earlier twin close by, and no segments."""
    calls = rules.latest(world.tables["phone.calls"])
    staged = {row["call_id"] for row in world.tables["phone.call_segments"]}
    names = ("caller_number", "dialled_number", "direction", "talk_secs", "queue_name")
    for fault, longest in (("exact_duplicate", 0), ("near_duplicate", 3)):
        struck = world.struck("phone.calls", fault)
        assert struck
        for key in struck:
            call = calls[key]
            assert key not in staged and call["caller_number"] is not None
            assert any(
                all(call[name] == other[name] for name in names)
                and 0
                <= (seconds(call["started_at"], other["started_at"]) or 0)
                <= longest
                for twin, other in calls.items()
                if twin < key
            )


def test_each_fault_comes_at_about_its_rate(world: Read) -> None:
    """Between a tenth and a whole percent of the rows each fault can strike."""
    rows = {
        f"{r['source_name']}.{r['table_name']}": r["written_rows"]
        for r in world.truth["counts"]
    }
    struck: dict[tuple[str, str], int] = defaultdict(int)
    for row in world.truth["faults"]:
        struck[row["fault"], f"{row['source_name']}.{row['table_name']}"] += 1
    assert {fault for fault, _ in struck} == {
        "blank_content",
        "exact_duplicate",
        "near_duplicate",
        "out_of_scale",
        "extreme_response",
        "ends_before_start",
        "wrong_zone",
        "unknown_agent",
        "test_traffic",
        "late_arrival",
        "resent",
        "broken_encoding",
    }
    for (fault, table), count in struck.items():
        if rows[table] > 2500 and fault != "resent":
            both = 2 if fault == "broken_encoding" else 1
            assert 0.001 < count / rows[table] < 0.01 * both, (fault, table, count)


def test_a_record_carries_one_fault(world: Read) -> None:
    """No record is under two faults."""
    seen: dict[tuple, list[str]] = defaultdict(list)
    for row in world.truth["faults"]:
        if row["record_id"]:
            key = (row["source_name"], row["table_name"], row["record_id"])
            seen[key].append(row["fault"])
    assert {key: names for key, names in seen.items() if len(names) > 1} == {}


def test_message_truth_is_the_rejected_ones(world: Read) -> None:
    """Kept says the same as the list of faults."""
    listed: dict[str, set[str]] = defaultdict(set)
    for row in world.truth["messages"]:
        listed[row["source_name"]].add(row["record_id"])
        refused = row["record_id"] in world.rejected[f"{row['source_name']}.messages"]
        assert row["is_kept"] is not refused
    for source in MESSAGES:
        ids = {str(r["message_id"]) for r in world.tables[f"{source}.messages"]}
        assert ids == listed[source]


def test_every_record_has_its_person(world: Read) -> None:
    """Records are those of the files; only test traffic is nobody's."""
    people = {row["person_id"] for row in world.truth["persons"]}
    assert len(people) == PEOPLE
    listed: dict[str, set[str]] = defaultdict(set)
    for row in world.truth["records"]:
        table = f"{row['source_name']}.{row['table_name']}"
        assert row["record_id"] not in listed[table]
        listed[table].add(row["record_id"])
        if row["person_id"] is None:
            assert row["record_id"] in world.struck(table, "test_traffic")
        else:
            assert row["person_id"] in people
    for table, ids in listed.items():
        assert ids == set(rules.latest(world.tables[table])), table
    assert len(listed) == 10


def test_references_lead_somewhere(world: Read) -> None:
    """Parents, callbacks, hand-offs, invitations, tickets and orders exist."""

    def keys(table: str) -> set[object]:
        return {next(iter(row.values())) for row in world.tables[table]}

    def values(table: str, column: str) -> Iterable[object]:
        return {r[column] for r in world.tables[table] if r[column] is not None}

    for table, column, target in (
        ("phone.call_segments", "call_id", "phone.calls"),
        ("phone.calls", "callback_of", "phone.calls"),
        ("chat.messages", "session_id", "chat.sessions"),
        ("chat.sessions", "from_bot_session_id", "bot.sessions"),
        ("chat.sessions", "crm_customer_id", "crm.customers"),
        ("email.messages", "thread_id", "email.threads"),
        ("bot.messages", "session_id", "bot.sessions"),
        ("survey.answers", "invitation_id", "survey.invitations"),
        ("helpdesk.ticket_changes", "ticket_id", "helpdesk.tickets"),
        ("crm.deliveries", "order_id", "crm.orders"),
        ("crm.orders", "promotion_id", "marketing.promotions"),
        ("crm.orders", "crm_customer_id", "crm.customers"),
        ("workforce.shifts", "agent_id", "workforce.agents"),
        ("workforce.agent_states", "agent_id", "workforce.agents"),
        ("marketing.experiment_assignments", "crm_customer_id", "crm.customers"),
    ):
        found = values(table, column)
        assert found, (table, column)
        assert found <= keys(target), (table, column)
    handed = values("bot.sessions", "handoff_session_id")
    assert handed <= keys("chat.sessions") | keys("app.conversations")


def test_tickets_end_in_the_state_of_their_log(world: Read) -> None:
    """Status changes form a chain that ends in the ticket's own status."""
    logs: dict[object, list[Row]] = defaultdict(list)
    for row in world.tables["helpdesk.ticket_changes"]:
        if row["field"] == "status":
            logs[row["ticket_id"]].append(row)
    for key, ticket in rules.latest(world.tables["helpdesk.tickets"]).items():
        state = "new"
        for row in sorted(logs[key], key=lambda r: (r["changed_at"], r["change_id"])):
            assert row["old_value"] == state
            state = row["new_value"]
        assert state == ticket["status"]
        assert (ticket["solved_at"] is not None) == (state in ("solved", "closed"))


def test_most_contacts_come_from_a_minority(world: Read) -> None:
    """A fifth of the people make more than half of the contacts."""
    made: dict[object, int] = defaultdict(int)
    for row in world.truth["interactions"]:
        made[row["person_id"]] += 1
    top = sorted(made.values(), reverse=True)[: PEOPLE // 5]
    assert sum(top) > 0.5 * len(world.truth["interactions"])


def test_british_clocks_change_in_spring() -> None:
    """Local times around 29 March 2026 map as the zone data says."""
    begin = int(datetime(2026, 3, 28, tzinfo=UTC).timestamp())
    instants = np.arange(begin, begin + 3 * 86_400, 900, dtype=np.int64)
    for site, name in ((0, "Asia/Shanghai"), (1, "Europe/London")):
        ahead = [
            datetime.fromtimestamp(int(t), ZoneInfo(name)).utcoffset().total_seconds()
            for t in instants
        ]
        assert offset(site, instants).tolist() == ahead
    noon = int(datetime(2026, 3, 29, 12, tzinfo=UTC).timestamp())
    assert to_utc(1, np.array([noon])).tolist() == [noon - 3600]
    assert to_utc(1, np.array([noon - 86_400])).tolist() == [noon - 86_400]


def test_autumn_and_far_years_follow_the_zone_too() -> None:
    """Every half day of two decades has the offset of the zone data."""
    begin = int(datetime(2010, 1, 1, tzinfo=UTC).timestamp())
    instants = begin + 43_200 * np.arange(14_600, dtype=np.int64)
    zone = ZoneInfo("Europe/London")
    ahead = [
        datetime.fromtimestamp(int(t), zone).utcoffset().total_seconds()
        for t in instants
    ]
    assert offset(1, instants).tolist() == ahead


def test_days_follow_the_calendar() -> None:
    """Spring Festival is quiet in China; a promotion is loud."""
    args = Arguments(100, 90, 1, date(2026, 1, 1))
    calendar = make_world(args).calendar
    festival = calendar.dates.index(date(2026, 2, 18))
    weekday = calendar.dates.index(date(2026, 1, 14))
    make_up = calendar.dates.index(date(2026, 2, 14))
    assert calendar.volume[0][festival] < 0.7 * calendar.volume[0][weekday]
    assert calendar.volume[0][make_up] >= calendar.volume[0][weekday]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [((10, 5, 1), "--people"), ((100, 0, 1), "--days"), ((100, 5, -1), "--seed")],
)
def test_bad_arguments_are_named(
    tmp_path: Path, arguments: tuple[int, int, int], word: str
) -> None:
    """Each mistake is one line that names the option."""
    with pytest.raises(UserError, match=word):
        sample.write_world(tmp_path, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Only an earlier sample is replaced."""
    (tmp_path / "phone").mkdir()
    mine = tmp_path / "phone" / "mine.txt"
    mine.write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        sample.write_world(tmp_path, 100, 2)
    assert mine.exists()
    mine.unlink()
    sample.write_world(tmp_path, 100, 2)
    sample.write_world(tmp_path, 100, 1)
    assert not list(tmp_path.glob("phone/*2026-01-08*"))
