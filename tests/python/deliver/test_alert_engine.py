"""The engine on a real database: from what is seen to what people are told."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from orchestration.deliver.alerts import deciding, rulebook
from orchestration.deliver.alerts.explain import explain, reason
from orchestration.deliver.alerts.leases import Answer, finish, lease
from orchestration.settings import UserError
from tests.python.deliver.stage import NOON, Stage

FEED = {
    "rule_name": "feed_stale",
    "kind": "feed",
    "measure": "live_feed_overdue_ratio",
    "series_by": "source_name|channel",
    "group_by": "source_name",
    "fire_limit": 1,
    "clear_limit": 1,
    "for_seconds": 60,
}


@pytest.fixture
def stage(fresh_dsn: Callable[[], str], tmp_path: Path) -> Iterator[Stage]:
    """Return an empty stage."""
    found = Stage(fresh_dsn(), tmp_path)
    yield found
    found.conn.close()


def incidents(stage: Stage) -> list[tuple]:
    """Return rule, state and whether people were told, of each incident."""
    return stage.conn.execute(
        "select rule_name, cause, state, is_told from alerts.incidents"
        " order by incident_id"
    ).fetchall()


def carry(stage: Stage, answer: str = "delivered") -> int:
    """Deliver everything that waits at this moment; return how much."""
    count = 0
    while held := lease(stage.conn, "test", at=stage.now):
        finish(stage.conn, held, Answer(answer, "ok"), at=stage.now, retry_in=60)
        count += 1
    return count


def test_an_incident_is_told_once_and_resolved_once(stage: Stage) -> None:
    """What is told holds value, limit, since, n, who waits longest, and the rule."""
    stage.rules({})
    stage.see(100)
    stage.see(301)
    for _ in range(5):
        stage.see(400)
    stage.see(100)
    stage.see(100)
    assert stage.told() == [("firing", "floor"), ("resolved", "floor")]
    (said,) = stage.payloads("firing")
    assert said["value"] == pytest.approx(301)
    assert (said["limit"], said["clear_limit"]) == (300, 240)
    assert said["sample_count"] == 3
    assert said["labels"] == {"channel": "phone", "queue_name": "orders"}
    assert said["title"] == {"en": "Long wait", "zh": "等待过长"}
    assert said["since"] == (NOON + timedelta(seconds=10)).isoformat()
    assert said["offenders"][0]["id"] == "c-1"
    (over,) = stage.payloads("resolved")
    assert over["worst"] == pytest.approx(400)
    assert over["value"] == pytest.approx(100)
    assert over["ended_at"] == (NOON + timedelta(seconds=40)).isoformat()


def test_a_state_and_its_notice_are_one_transaction(stage: Stage) -> None:
    """What is rolled back was neither so nor said; the next look says it."""
    stage.rules({})
    stage.see(100)

    class Stop(Exception):
        pass

    stage.now += timedelta(seconds=5)
    stage.wait(400)
    with pytest.raises(Stop), stage.conn.transaction():
        stage.engine.evaluate(stage.conn, stage.now)
        assert stage.told() == [("firing", "floor")]
        raise Stop
    assert (stage.told(), stage.state()) == ([], "normal")
    stage.engine.forget()
    stage.see(400)
    assert (stage.told(), stage.state()) == ([("firing", "floor")], "firing")


def test_a_new_engine_goes_on_where_the_last_one_stopped(stage: Stage) -> None:
    """Nothing is kept in the process: no second notice, and the end is told."""
    stage.rules({"for_seconds": 20})
    stage.hold(400, 30)
    for _ in range(2):
        stage.engine = type(stage.engine)("another", stage.folder)
        stage.see(400)
    stage.see(100)
    assert stage.told() == [("firing", "floor"), ("resolved", "floor")]


def test_series_that_agree_on_their_group_are_told_together(stage: Stage) -> None:
    """Ten queues are one message; those that follow wait for the interval."""
    stage.rules({"group_by": "channel", "group_seconds": 60})
    for number in range(10):
        stage.wait(400 + number, queue=f"q{number}")
    stage.wait(500, queue="q1", channel="web_chat")
    stage.look()
    assert stage.told() == [("firing", "floor"), ("firing", "floor")]
    phone = stage.payloads("firing")[0]
    assert phone["labels"] == {"channel": "phone"}
    assert len(phone["members"]) == 10
    assert phone["members"][0]["labels"] == {"queue_name": "q9"}
    assert phone["value"] == pytest.approx(414)
    stage.see(400, queue="late1")
    stage.see(400, queue="late2")
    assert len(stage.told()) == 2
    stage.look(50)
    later = stage.payloads("firing")[2]
    assert {row["labels"]["queue_name"] for row in later["members"]} == {
        "late1",
        "late2",
    }
    stage.conn.execute("delete from live.queues_now where channel = 'phone'")
    stage.look()
    assert [kind for kind, _ in stage.told()].count("resolved") == 1


def test_people_are_reminded_once_per_interval(stage: Stage) -> None:
    """And not at all once somebody has taken it on."""
    stage.rules({"repeat_seconds": 60, "routes": "head"})
    times = []
    for _ in range(60):
        before = len(stage.told())
        stage.see(400)
        if len(stage.told()) > before:
            times.append((stage.now - NOON).total_seconds())
        carry(stage)
    assert times == [5, 65, 125, 185, 245]
    deciding.acknowledge(stage.conn, 1, "kim", "calling people in", now=stage.now)
    for _ in range(30):
        stage.see(400)
        carry(stage)
    assert len(stage.told()) == 5
    stage.see(100)
    assert stage.told()[-1] == ("resolved", "head")
    assert stage.payloads("resolved")[0]["acknowledged_by"] == "kim"


def test_an_acknowledgement_for_a_while_ends(stage: Stage) -> None:
    """Reminders go on after it."""
    stage.rules({"repeat_seconds": 60, "routes": "head"})
    stage.see(400)
    carry(stage)
    span = timedelta(minutes=5)
    deciding.acknowledge(stage.conn, 1, "kim", "", span, now=stage.now)
    stage.hold(400, 290)
    assert len(stage.told()) == 1
    stage.hold(400, 30)
    assert stage.told()[1:] == [("repeat", "head")]


def test_nobody_is_reminded_of_what_has_not_reached_them(stage: Stage) -> None:
    """After an outage the interval counts from when the notice arrived."""
    stage.rules({"repeat_seconds": 60, "routes": "head"})
    stage.hold(400, 600)
    assert stage.told() == [("firing", "head")]
    assert carry(stage) == 1
    arrived = stage.now
    while len(stage.told()) < 2:
        stage.see(400)
    assert stage.now - arrived == timedelta(seconds=60)


def test_the_next_person_hears_when_nobody_takes_it_on(stage: Stage) -> None:
    """Up the chain, each once; all who heard hear of the end."""
    stage.rules({})
    stage.hold(400, 3600, step=30)
    assert stage.told() == [
        ("firing", "floor"),
        ("escalated", "managers"),
        ("escalated", "head"),
    ]
    created = stage.conn.execute(
        "select created_at from alerts.notifications order by notification_id"
    ).fetchall()
    after = [(row[0] - created[0][0]).total_seconds() for row in created]
    assert after == [0, 900, 1500]
    assert stage.conn.execute(
        "select receiver, language, sender from alerts.notifications"
        " where route = 'managers'"
    ).fetchone() == ("boss@example.org", "en", "email")
    stage.see(100)
    assert stage.told()[3:] == [
        ("resolved", "floor"),
        ("resolved", "managers"),
        ("resolved", "head"),
    ]


def test_whoever_takes_it_on_stops_the_escalation(stage: Stage) -> None:
    """Before its time comes."""
    stage.rules({})
    stage.hold(400, 600, step=30)
    deciding.acknowledge(stage.conn, 1, "kim", now=stage.now)
    stage.hold(400, 3600, step=30)
    assert stage.told() == [("firing", "floor")]


def test_a_route_that_is_off_is_told_nothing(stage: Stage) -> None:
    """The others are; where all are off, people hear when one is on again."""
    stage.rules({"routes": "asleep|head"}, {"rule_name": "lost", "routes": "asleep"})
    stage.see(400)
    assert stage.told() == [("firing", "head")]
    path = stage.folder / "seed_alert_routes.csv"
    path.write_text(path.read_text().replace("false", "true"))
    stage.engine.forget()
    stage.see(400)
    assert stage.told()[1:] == [("firing", "asleep")]
    assert stage.payloads("firing")[1]["rule"] == "lost"


def test_lists_that_are_put_in_anew_do_not_stop_the_engine(stage: Stage) -> None:
    """While a build holds them, those read last are in force."""
    stage.rules({})
    stage.see(100)
    stage.conn.execute("set lock_timeout = '100ms'")
    with psycopg.connect(stage.address) as build:
        build.execute("create schema reference")
        build.execute(
            "create table reference.seed_alert_rules as select * from alerts.rules"
        )
        build.commit()
        build.execute("truncate reference.seed_alert_rules")
        stage.engine.forget()
        stage.see(400)
        assert stage.told() == [("firing", "floor")]


def test_a_silent_feed_mutes_its_channel(stage: Stage) -> None:
    """Only that channel; what still holds when the feed is back is told then."""
    stage.rules({"muted_by": "feed_stale"}, FEED)
    stage.conn.execute(
        "insert into live.feeds values ('calls', 'calls', 'phone', %s, 300)", [NOON]
    )
    stage.look(299)
    stage.look(10)
    assert stage.states() == {"feed_stale phone calls": "pending"}
    # pending already mutes: what it feeds cannot be believed
    stage.wait(400)
    stage.wait(400, channel="web_chat", queue="chat")
    stage.look()
    assert stage.payloads("firing")[0]["labels"]["channel"] == "web_chat"
    assert stage.conn.execute(
        "select muted_reason from alerts.series where labels ->> 'channel' = 'phone'"
        " and rule_name = 'long_wait'"
    ).fetchone() == ("muted by feed_stale",)
    for _ in range(15):
        stage.look()
    assert [said["rule"] for said in stage.payloads("firing")] == [
        "long_wait",
        "feed_stale",
    ]
    stage.conn.execute("update live.feeds set last_landed_at = %s", [stage.now])
    stage.look()
    firing = stage.payloads("firing")
    assert [said["rule"] for said in firing[2:]] == ["long_wait"]
    assert firing[2]["labels"]["channel"] == "phone"


def test_an_incident_that_was_muted_to_its_end_is_told_to_nobody(
    stage: Stage,
) -> None:
    """Neither its beginning nor its end."""
    stage.rules({})
    deciding.silence(
        stage.conn,
        rulebook.read(stage.conn, stage.folder),
        "long_wait",
        {"channel": "phone"},
        timedelta(minutes=10),
        "kim",
        "fire drill",
        now=stage.now,
    )
    stage.see(400)
    stage.see(100)
    assert stage.told() == []
    assert incidents(stage) == [("long_wait", "limit", "resolved", False)]


def test_a_silence_ends_and_what_still_holds_is_told(stage: Stage) -> None:
    """At its end, or when somebody ends it; others are told all the while."""
    stage.rules({})
    book = rulebook.read(stage.conn, stage.folder)
    number = deciding.silence(
        stage.conn,
        book,
        None,
        {"queue_name": "orders|vip"},
        timedelta(minutes=10),
        "kim",
        "works",
        now=stage.now,
    )
    stage.wait(400, queue="vip")
    stage.wait(400, queue="other")
    stage.see(400)
    assert [said["labels"]["queue_name"] for said in stage.payloads("firing")] == [
        "other"
    ]
    deciding.unsilence(stage.conn, number, "kim", now=stage.now)
    stage.look()
    assert len(stage.told()) == 3


def test_a_firing_that_went_out_gets_its_end_in_spite_of_a_silence(
    stage: Stage,
) -> None:
    """Nobody goes on believing that it fires."""
    stage.rules({"repeat_seconds": 60})
    stage.see(400)
    book = rulebook.read(stage.conn, stage.folder)
    span = timedelta(hours=1)
    deciding.silence(stage.conn, book, "long_wait", {}, span, "kim", "w", now=stage.now)
    stage.hold(400, 600)
    stage.see(100)
    assert stage.told() == [("firing", "floor"), ("resolved", "floor")]


@pytest.mark.parametrize(
    ("rule", "labels", "span", "said"),
    [
        (None, {}, timedelta(hours=1), "silence of everything"),
        ("long_wait", {"agent": "kim"}, timedelta(hours=1), "no label agent"),
        ("nothing", {}, timedelta(hours=1), "no rule nothing"),
        ("long_wait", {}, timedelta(days=91), "within 90 days"),
    ],
)
def test_a_silence_that_means_nothing_is_refused(
    stage: Stage, rule: str | None, labels: dict, span: timedelta, said: str
) -> None:
    """By name, with the remedy."""
    stage.rules({})
    book = rulebook.read(stage.conn, stage.folder)
    with pytest.raises(UserError, match=said):
        deciding.silence(stage.conn, book, rule, labels, span, "kim", "why")
    with pytest.raises(UserError, match="--why"):
        deciding.silence(stage.conn, book, "long_wait", {}, span, "kim", " ")


def test_a_calendar_mutes_and_its_end_tells(stage: Stage) -> None:
    """Noon in Shanghai is lunch; at one o'clock what holds is told."""
    stage.rules({"mute_calendar": "lunch"})
    stage.hold(400, 3570, step=30)
    assert stage.told() == []
    stage.see(400, after=30)
    assert stage.told() == [("firing", "floor")]


def test_low_volume_judges_nothing(stage: Stage) -> None:
    """Three of three abandoned at night wake nobody."""
    stage.rules(
        {
            "measure": "live_abandonment_rate",
            "series_by": "channel",
            "group_by": "channel",
            "window_minutes": 30,
            "fire_limit": 0.2,
            "clear_limit": 0.1,
            "minimum_sample": 20,
        }
    )
    put = "insert into live.minutes (channel, queue_name, minute, arrivals, abandoned)"
    stage.conn.execute(f"{put} values ('phone', 'q', %s, 3, 3)", [NOON])
    stage.look()
    assert stage.told() == []
    stage.conn.execute(f"{put} values ('phone', 'p', %s, 17, 3)", [NOON])
    stage.look()
    (said,) = stage.payloads("firing")
    assert (said["value"], said["sample_count"]) == (pytest.approx(0.3), 20)
    # half an hour later the window is empty: too few to judge, and so over
    stage.look(1801)
    assert stage.told()[-1] == ("resolved", "floor")
    assert stage.payloads("resolved")[0]["note"] == "too few to judge"


def test_no_data_is_a_state_of_its_own(stage: Stage) -> None:
    """It is told where the rule asks for it, and ends when data is back."""
    rule = {
        **FEED,
        "measure": "live_agents_available_count",
        "kind": "threshold",
        "series_by": "team_name",
        "group_by": "",
        "comparison": "below",
        "minimum_sample": 0,
        "for_seconds": 0,
    }
    stage.rules(
        {**rule, "rule_name": "tells", "on_no_data": "tell"},
        {**rule, "rule_name": "quiet"},
    )
    stage.conn.execute("insert into live.agents_now values ('cn', 'a', 'x', 3, 0, 0)")
    stage.look()
    stage.conn.execute("delete from live.agents_now")
    stage.look()
    assert set(stage.states().values()) == {"no_data"}
    stage.look(30)
    assert stage.told() == []
    stage.look(30)
    assert stage.told() == [("firing", "floor")]
    (said,) = stage.payloads("firing")
    assert (said["rule"], said["state"]) == ("tells", "no_data")
    stage.conn.execute("insert into live.agents_now values ('cn', 'a', 'x', 3, 0, 0)")
    stage.look()
    assert stage.told()[-1] == ("resolved", "floor")


def test_a_measure_that_fails_is_an_error_and_told(stage: Stage) -> None:
    """The other rules go on; when it works again that is told, too."""
    stage.rules({}, FEED)
    stage.see(100)
    stage.conn.execute("alter table live.queues_now rename waiting_since to since")
    stage.conn.execute(
        "insert into live.feeds values ('calls', 'calls', 'phone', %s, 1)", [NOON]
    )
    for _ in range(14):
        stage.look()
    assert stage.states() == {
        "long_wait phone orders": "error",
        "feed_stale phone calls": "firing",
    }
    said = {said["rule"]: said for said in stage.payloads("firing")}
    assert said["long_wait"]["state"] == "error"
    assert "waiting_since" in said["long_wait"]["note"]
    stage.conn.execute("alter table live.queues_now rename since to waiting_since")
    stage.look()
    assert stage.payloads("resolved")[0]["rule"] == "long_wait"


def test_what_is_not_made_yet_is_no_error(stage: Stage) -> None:
    """Before the first landing nobody is told that a table is missing."""
    stage.conn.execute("drop schema live cascade")
    stage.rules({}, FEED)
    for _ in range(30):
        stage.look()
    assert (stage.states(), stage.told()) == ({}, [])


def test_a_rule_that_is_put_off_or_taken_away_ends_its_incidents(
    stage: Stage,
) -> None:
    """Those who were told hear of it."""
    stage.rules({}, {"rule_name": "second"})
    stage.see(400)
    assert len(stage.told()) == 2
    stage.rules({"is_enabled": "false"})
    stage.see(400)
    over = {said["rule"]: said["note"] for said in stage.payloads("resolved")}
    assert over == {"long_wait": "the rule is off", "second": "the rule was removed"}
    stage.rules({})
    stage.see(400)
    assert stage.told()[-1] == ("firing", "floor")


def test_a_bad_edit_of_the_list_leaves_the_last_good_rule(stage: Stage) -> None:
    """It is refused by name, and goes on as it was; so is one that was never good."""
    stage.rules({})
    stage.see(100)
    stage.rules({"fire_limit": "lots"}, {"rule_name": "never", "measure": "x"})
    stage.see(400)
    assert stage.told() == [("firing", "floor")]
    refused = dict(
        stage.conn.execute("select what, reason from alerts.refusals").fetchall()
    )
    assert set(refused) == {"long_wait", "never"}
    assert "fire_limit lots" in refused["long_wait"]
    stage.rules({})
    stage.see(400)
    assert not stage.conn.execute("select 1 from alerts.refusals").fetchall()


def test_commands_change_rules_with_author_and_reason(stage: Stage) -> None:
    """A change wins over the list until it is reset; an impossible one is none."""
    stage.rules({})
    stage.see(400)
    conn, folder = stage.conn, stage.folder

    def change(**given: str) -> None:
        rulebook.change(conn, "long_wait", given, "kim", "sale week", folder)

    change(fire_limit="500", clear_limit="450")
    stage.engine.forget()
    stage.see(400)
    assert stage.told()[-1] == ("resolved", "floor")
    for wrong in ({"fire_limit": "lots"}, {"routes": "nobody"}, {"limit": "3"}):
        with pytest.raises(UserError, match="rule long_wait"):
            change(**wrong)
    with pytest.raises(UserError, match="--by"):
        rulebook.change(conn, "long_wait", {"fire_limit": "1"}, "", "x", folder)
    made = {**stage.rows[0], "measure": "live_waiting_count", "fire_limit": "10"}
    made |= {"clear_limit": "5"}
    name = made.pop("rule_name")
    assert name == "long_wait"
    rulebook.change(conn, "made", made, "kim", "new", folder)
    assert set(rulebook.read(conn, folder).rules) == {"long_wait", "made"}
    assert rulebook.reset(conn, "long_wait", "kim", "over", folder)
    assert not rulebook.reset(conn, "made", "kim", "over", folder)
    book = rulebook.read(conn, folder)
    assert (set(book.rules), book.rules["long_wait"].fire_limit) == (
        {"long_wait"},
        300,
    )
    versions = conn.execute(
        "select version, definition ->> 'fire_limit' from alerts.rule_versions"
        " where rule_name = 'long_wait' order by version"
    ).fetchall()
    assert versions == [(1, "300"), (2, "500"), (3, "300")]


def test_explain_says_why_it_fired_or_did_not(stage: Stage) -> None:
    """Limits, how long it held, too few, muted, unseen: with the samples."""
    stage.rules({"for_seconds": 60, "keep_seconds": 60, "minimum_sample": 2})
    moments: dict[str, datetime] = {}
    stage.see(100)
    moments["normal"] = stage.now
    stage.see(400, count=1)
    moments["few"] = stage.now
    stage.hold(400, 30)
    moments["pending"] = stage.now
    stage.hold(400, 60)
    moments["firing"] = stage.now
    stage.see(100)
    moments["recovering"] = stage.now
    stage.hold(100, 120)
    moments["over"] = stage.now

    def why(moment: str) -> str:
        found = explain(stage.conn, "long_wait", moments[moment])
        assert found.was_watched
        (one,) = found.series
        return reason(found.definition, one, moments[moment])

    assert why("normal") == "100 is not above 300"
    assert why("few") == "n = 1 is too few to judge (at least 2)"
    assert why("pending") == (
        "400 is above 300, but for 25 s only: it must hold for 60 s"
    )
    assert "it has fired for" in why("firing")
    assert why("recovering") == (
        "100 is over (at 240), but for 0 s only: it must stay so for 60 s"
    )
    assert why("over") == "100 is not above 300"
    found = explain(stage.conn, "long_wait", moments["firing"], {"channel": "phone"})
    assert [row["incident_id"] for row in found.incidents] == [1]
    assert [row["kind"] for row in found.notices[1]] == ["firing", "resolved"]
    assert found.samples[0].seen_at <= moments["firing"]
    later = explain(stage.conn, "long_wait", stage.now + timedelta(hours=1))
    assert not later.was_watched
    with pytest.raises(UserError, match="no rule nothing"):
        explain(stage.conn, "nothing", stage.now)
    with pytest.raises(UserError, match="no series"):
        explain(stage.conn, "long_wait", stage.now, {"channel": "fax"})


def test_builds_and_checks_that_fail_are_incidents_until_they_pass(
    stage: Stage,
) -> None:
    """Out of frontdesk.outbox: once per job, over with the next good run."""
    from orchestration.database import connections

    stage.conn.execute(connections.OPERATIONS)
    stage.conn.execute(
        "create table frontdesk.gate_results (gate_result_id bigint, gate_id text,"
        " gate_name text, model_name text, outcome text, failing_row_count bigint,"
        " noted_at timestamptz)"
    )
    common = {"kind": "pipeline", "fire_limit": 0, "clear_limit": 0}
    common |= {"minimum_sample": 0}
    stage.rules(
        {
            **common,
            "rule_name": "build_failed",
            "measure": "run_failure_count",
            "series_by": "job",
            "group_by": "job",
        },
        {
            **common,
            "rule_name": "check_failed",
            "measure": "check_failure_count",
            "series_by": "subject",
            "group_by": "subject",
        },
    )

    def fail(kind: str, subject: str, run: str) -> None:
        stage.conn.execute(
            "insert into frontdesk.outbox (created_at, kind, subject, run_id)"
            " values (%s, %s, %s, %s)",
            [stage.now, kind, subject, run],
        )

    def build(run: str, succeeded: bool) -> None:
        stage.conn.execute(
            "insert into frontdesk.builds (run_id, job, options, started_at, ended_at,"
            " succeeded) values (%s, 'refresh', '', %s, %s, %s)",
            [run, stage.now, stage.now + timedelta(seconds=1), succeeded],
        )

    stage.look()
    fail("run_failed", "refresh", "r1")
    fail("check_error", "marts/fct_x: is_right", "r1")
    fail("check_error", "marts/fct_x: alert_long_wait", "r1")
    fail("check_warn", "raw/phone/calls: is_fresh", "r1")
    stage.look()
    stage.look()
    fail("run_failed", "refresh", "r2")
    stage.look()
    assert [said["labels"] for said in stage.payloads("firing")] == [
        {"job": "refresh"},
        {"subject": "marts/fct_x: is_right"},
    ]
    build("r3", True)
    stage.look()
    stage.look(120)
    assert sorted(said["rule"] for said in stage.payloads("resolved")) == [
        "build_failed",
        "check_failed",
    ]


def test_only_one_engine_leads(stage: Stage) -> None:
    """The lock ends with its connection, and another takes over."""
    from orchestration.deliver.alerts.schema import LEADER

    first = psycopg.connect(stage.address, autocommit=True)
    second = psycopg.connect(stage.address, autocommit=True)
    assert first.execute(LEADER).fetchone()[0]
    assert not second.execute(LEADER).fetchone()[0]
    first.close()
    for _ in range(100):
        if second.execute(LEADER).fetchone()[0]:
            break
    else:
        pytest.fail("the lock outlived its connection")
    second.close()


def test_the_oldest_postgres_does(postgres15_dsn: str, tmp_path: Path) -> None:
    """An incident from its beginning to its end on version 15."""
    stage = Stage(postgres15_dsn, tmp_path)
    stage.rules({"group_by": "channel"})
    stage.see(400)
    stage.see(100)
    assert stage.told() == [("firing", "floor"), ("resolved", "floor")]
    stage.conn.close()
