"""The reference itself, on tickets small enough to be worked out by hand."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

from tests.python.tickets import reference, zendesk
from tests.python.tickets.business_time import Calendar, Interval
from tests.python.tickets.reference import (
    CalendarStay,
    Change,
    Comment,
    PolicyRow,
    SeedPolicyRow,
    TargetRow,
    Ticket,
)

# a Monday
START = datetime(2026, 1, 5, 10, tzinfo=UTC)
WEEKDAYS = [Interval(day * 1440 + 540, day * 1440 + 1020) for day in range(1, 6)]
OFFICE = Calendar("UTC", WEEKDAYS)
ALWAYS = Calendar("UTC", [Interval(0, 10080)])


def hours(count: float) -> datetime:
    """Return a moment so many hours after the start."""
    return START + timedelta(hours=count)


def status(value: str, at: float) -> Change:
    """Return a change of status."""
    return Change("status", value, hours(at))


def said(role: str, at: float, number: int = 1, *, public: bool = True) -> Comment:
    """Return a comment."""
    return Comment(f"zendesk/{number}", hours(at), role, public)


def target(
    metric: str, minutes: int | None, at: float = 0, *, business: bool = False
) -> TargetRow:
    """Return a target row; without minutes, a withdrawal."""
    if minutes is None:
        return TargetRow(metric, hours(at), "withdrawn")
    return TargetRow(metric, hours(at), "target", minutes * 60, business)


def ticket(status: str = "open", **more: object) -> Ticket:
    """Return a ticket that an office counts by."""
    return Ticket(
        **{
            "source_name": "zendesk",
            "source_ticket_id": "1",
            "status": status,
            "created_at": START,
            "updated_at": START,
            "priority": "normal",
            "calendars": [CalendarStay(OFFICE)],
            **more,
        }
    )


def only_event(one: Ticket, metric: str, at: float) -> reference.Row:
    """Return the one event of a metric as it stands after so many hours."""
    rows = [
        row for row in reference.sla_rows(one, hours(at)) if row["metric"] == metric
    ]
    assert len(rows) == 1
    return rows[0]


# the nine known errors of other tools


def test_a_ticket_in_its_first_status_waits_and_has_its_event() -> None:
    """Error 1: new since Monday 10:00; at 14:00 it has waited four hours."""
    metrics = ("requester_wait_time", "first_reply_time", "agent_work_time")
    one = ticket("new", targets=[target(metric, 180) for metric in metrics])
    row = reference.ticket_row(one, hours(4))
    assert row["requester_wait_seconds"] == row["agent_work_seconds"] == 4 * 3600
    assert row["requester_wait_business_seconds"] == 4 * 3600
    for metric in metrics:
        event = only_event(one, metric, 4)
        # three hours were allowed: until 13:00
        assert event["applied_at"] == START
        assert event["breached_at"] == event["due_at"] == hours(3)
        assert (event["elapsed_seconds"], event["state"]) == (14_400, "breached")
    assert only_event(one, "first_reply_time", 2)["state"] == "active"
    # 0.8 of three hours is 2:24; at three hours sharp nothing is broken yet
    assert only_event(one, "first_reply_time", 2.4)["state"] == "at_risk"
    assert only_event(one, "first_reply_time", 3)["state"] == "at_risk"


def test_a_sunday_beside_a_holiday_week_keeps_its_minutes() -> None:
    """Error 2: daylight saving ends within a week of holidays; Sundays stay open.

    Berlin, Sundays 01:00-05:00. The week of Monday 20 to Saturday 25 October 2025 is
    closed. On Sunday 26 the clock shows 02:00-03:00 twice, so 01:00-05:00 lasts five
    hours; Sunday 19 lasts four. Nine hours, not eight, not four.
    """
    week = frozenset(date(2025, 10, day) for day in range(20, 26))
    calendar = Calendar("Europe/Berlin", [Interval(60, 300)], week)
    one = ticket(
        "new",
        created_at=datetime(2025, 10, 18, 12, tzinfo=UTC),
        calendars=[CalendarStay(calendar)],
    )
    row = reference.ticket_row(one, datetime(2025, 10, 27, 12, tzinfo=UTC))
    assert row["requester_wait_business_seconds"] == 9 * 3600
    # 18 October 12:00 to 27 October 12:00 UTC
    assert row["requester_wait_seconds"] == 9 * 86_400


def test_more_than_a_year_loses_nothing() -> None:
    """Error 3: 53 weeks and a day open for 40 hours a week, from Monday 10:00.

    371 days later it is Monday 10:00 again: 53 weeks of 40 hours. One day more adds
    eight: 2,128 hours.
    """
    one = ticket("solved", changes=[status("open", 0), status("solved", 372 * 24)])
    row = reference.ticket_row(one, hours(400 * 24))
    assert row["full_resolution_seconds"] == 372 * 86_400
    assert row["full_resolution_business_seconds"] == (53 * 40 + 8) * 3600


def test_sixty_stays_of_59_seconds_are_59_minutes() -> None:
    """Error 4: each second open for 59 seconds, then pending for one."""
    changes = []
    for number in range(60):
        at = START + timedelta(minutes=number)
        changes.append(Change("status", "open", at))
        changes.append(Change("status", "pending", at + timedelta(seconds=59)))
    row = reference.ticket_row(ticket("pending", changes=changes), hours(2))
    assert row["requester_wait_seconds"] == 59 * 60
    assert row["requester_wait_business_seconds"] == 59 * 60
    # sixty times one second, and the hour since the last became a pending one
    assert row["agent_wait_seconds"] == 60 + 3600


def raw_ticket(**more: object) -> zendesk.Tables:
    """Return the raw tables of an account with one ticket."""
    raw: zendesk.Tables = {table: [] for table in zendesk.COLUMNS}
    row = dict.fromkeys(
        ("requester_id", "submitter_id", "group_id", "priority", "via_channel")
    )
    known = {"id": 1, "status": "open", "created_at": START, "updated_at": START}
    raw["ticket"].append(row | known | {"_fivetran_deleted": False} | more)
    return raw


def raw_comment(number: int, user: int | None, *, public: bool = True) -> reference.Row:
    """Return a raw comment an hour after creation."""
    return {
        "id": number,
        "ticket_id": 1,
        "user_id": user,
        "created": hours(number),
        "public": public,
        "_fivetran_deleted": False,
    }


def test_an_unknown_requester_takes_no_ticket_away() -> None:
    """Error 5: nobody has a user row; what the requester wrote is the customer's."""
    raw = raw_ticket(requester_id=77, submitter_id=77)
    raw["ticket_comment"] = [
        raw_comment(1, 77),
        raw_comment(2, 78),
        raw_comment(3, -1),
        raw_comment(4, None),
        raw_comment(5, 79),
        # who writes what is not public is an agent, whatever else is known
        raw_comment(6, 79, public=False),
    ]
    (one,) = zendesk.tickets_of(raw, {})
    roles = [comment.role for comment in one.comments]
    assert roles == ["customer", "unknown", "unknown", "unknown", "agent", "agent"]
    row = reference.ticket_row(one, hours(9))
    assert row["first_reply_seconds"] == 5 * 3600
    # no schedule at all: nothing is known of business time
    assert row["first_reply_business_seconds"] is None
    assert row["business_reason"] == "no_calendar"


def test_a_late_row_changes_the_day_it_belongs_to() -> None:
    """Error 6: solved on Tuesday, which is learnt after the ticket reads as solved.

    Created on Monday 18:00 in Shanghai. Until the row comes the ticket leaves the
    backlog at its last update, on Thursday.
    """
    updated = hours(72)
    late = ticket("solved", changes=[status("open", 0)], updated_at=updated)
    mended = ticket(
        "solved", changes=[status("open", 0), status("solved", 24)], updated_at=updated
    )
    assert closing(late) == {5: 1, 6: 1, 7: 1, 8: 0}
    assert closing(mended) == {5: 1, 6: 0}
    row = reference.ticket_row(late, hours(90))
    assert row["full_resolution_seconds"] is None
    assert row["resolution_reason"] == "history_incomplete"
    assert row["requester_wait_seconds"] == 72 * 3600
    assert reference.ticket_row(mended, hours(90))["full_resolution_seconds"] == 86_400


def closing(one: Ticket) -> dict[int, int]:
    """Return the backlog at the end of each day of January 2026."""
    rows = backlog([one])
    return {day.day: row["closing_count"] for (day, _), row in rows.items()}


def backlog(tickets: list[Ticket]) -> dict[tuple, reference.Row]:
    """Return the backlog of a few tickets, in one group."""
    groups = {one.ticket_id: ("all",) for one in tickets}
    return reference.backlog_rows(tickets, groups, hours(90), "Asia/Shanghai")


def test_solved_without_a_reply_is_class_0() -> None:
    """Error 7: a note is no reply; a ticket that is not solved has no class."""
    changes = [status("open", 0), status("solved", 2)]
    notes = [said("agent", 1, public=False)]
    one = ticket("solved", changes=changes, comments=notes)
    row = reference.ticket_row(one, hours(5))
    assert (row["touch_class"], row["public_agent_reply_count"]) == ("0", 0)
    assert (row["first_reply_seconds"], row["first_reply_reason"]) == (None, "no_reply")
    assert reference.ticket_row(ticket(), hours(5))["touch_class"] is None
    replies = [said("agent", 0.2 * number, number) for number in range(1, 6)]
    one = ticket("solved", changes=changes, comments=replies)
    assert reference.ticket_row(one, hours(5))["touch_class"] == "3+"


def test_what_is_said_twice_is_the_same() -> None:
    """Error 8: stays sum to waits, backlog moves to the counts of the tickets."""
    one = ticket(
        "open",
        changes=[
            *(status("open", 1), status("hold", 3), status("pending", 6)),
            *(status("solved", 7), status("open", 30), status("closed", 31)),
            status("open", 40),
        ],
    )
    row = reference.ticket_row(one, hours(48))
    sums: Counter[str] = Counter()
    for stay in reference.span_rows(one, hours(48)):
        sums[stay["status_category"]] += stay["span_seconds"]
    # new 1, open 2 + 1 + 8, hold 3, pending 1 hours
    assert sums["new"] + sums["open"] == row["agent_work_seconds"] == 12 * 3600
    assert sums["hold"] == row["on_hold_seconds"] == 3 * 3600
    assert row["requester_wait_seconds"] == 15 * 3600
    assert sums["pending"] == row["agent_wait_seconds"] == 3600
    assert row["reopen_count"] == 2
    moves: Counter[str] = Counter()
    for day in backlog([one]).values():
        moves.update(day)
        known = day["opening_count"] + day["arrived_count"] + day["reopened_count"]
        assert known - day["resolved_count"] == day["closing_count"]
    assert moves["reopened_count"] == row["reopen_count"]
    assert (moves["arrived_count"], moves["resolved_count"]) == (1, 2)


def test_events_are_unique_also_without_a_reply() -> None:
    """Error 9: finished unanswered, the one event of first reply ends with it."""
    metrics = reference.METRICS
    one = ticket(
        "solved",
        changes=[status("open", 0), status("solved", 2)],
        comments=[said("customer", 0), said("customer", 1, 2)],
        targets=[target(metric, 180) for metric in metrics],
    )
    rows = reference.sla_rows(one, hours(9))
    keys = Counter((row["metric"], row["applied_at"]) for row in rows)
    assert set(keys.values()) == {1}
    event = only_event(one, "first_reply_time", 9)
    assert (event["state"], event["elapsed_seconds"]) == ("cancelled", 7200)
    assert event["due_at"] == hours(3)
    assert only_event(one, "total_resolution_time", 9)["state"] == "met"
    # two hours are more than one: breached, though nobody answered
    one.targets = [target("first_reply_time", 60)]
    event = only_event(one, "first_reply_time", 9)
    assert (event["state"], event["breached_at"]) == ("breached", hours(1))


# clocks


def test_a_pausable_clock_stands_while_pending() -> None:
    """An update at 1 h; open until 2 h, pending until 5 h, an hour more until 6 h."""
    changes = [status("open", 0), status("pending", 2), status("open", 5)]
    one = ticket(
        changes=changes,
        comments=[said("agent", 1)],
        targets=[target("pausable_update_time", 120)],
    )
    event = only_event(one, "pausable_update_time", 5.5)
    assert (event["elapsed_seconds"], event["due_at"]) == (5400, hours(6))
    one.changes = changes[:2]
    one.status = "pending"
    event = only_event(one, "pausable_update_time", 4)
    assert (event["elapsed_seconds"], event["due_at"]) == (3600, None)
    assert (event["event_reason"], event["state"]) == ("paused", "active")
    # the periodic clock does not stand
    one.targets = [target("periodic_update_time", 120)]
    event = only_event(one, "periodic_update_time", 4)
    assert (event["state"], event["breached_at"]) == ("breached", hours(3))


def test_a_withdrawn_target_cancels_the_event() -> None:
    """Withdrawn after two of three hours; after one too many hours it was broken."""
    rows = [target("first_reply_time", 180), target("first_reply_time", None, 2)]
    event = only_event(ticket(targets=rows), "first_reply_time", 9)
    assert (event["state"], event["elapsed_seconds"]) == ("cancelled", 7200)
    rows = [target("first_reply_time", 60), target("first_reply_time", None, 2)]
    event = only_event(ticket(targets=rows), "first_reply_time", 9)
    assert (event["state"], event["breached_at"]) == ("breached", hours(1))
    # withdrawn once more: the first time counts
    again = [*rows, target("first_reply_time", None, 3)]
    assert only_event(ticket(targets=again), "first_reply_time", 9) == event
    # set again: the last counts for the whole time
    rows.append(target("first_reply_time", 600, 4))
    event = only_event(ticket(targets=rows), "first_reply_time", 9)
    assert (event["state"], event["target_seconds"]) == ("at_risk", 36_000)
    # withdrawn before anybody answered an event that had not begun: no event
    rows = [target("periodic_update_time", 60), target("periodic_update_time", None, 2)]
    one = ticket(targets=rows, comments=[said("agent", 3)])
    assert reference.sla_rows(one, hours(9)) == []


def test_the_last_target_before_the_end_counts() -> None:
    """Answered at 3 h: the target of 2 h counts, the one of 4 h came too late."""
    rows = [
        target("first_reply_time", 600),
        target("first_reply_time", 120, 2),
        target("first_reply_time", 10, 4),
    ]
    one = ticket(targets=rows, comments=[said("agent", 3)])
    event = only_event(one, "first_reply_time", 9)
    assert (event["target_seconds"], event["elapsed_seconds"]) == (7200, 10_800)
    assert (event["state"], event["breached_at"]) == ("breached", hours(2))
    # a target that only came after the answer makes no event
    one.targets = rows[2:]
    assert reference.sla_rows(one, hours(9)) == []


def test_business_targets_wait_for_the_office() -> None:
    """Eight hours from Monday 10:00 are over on Tuesday at 10:00."""
    one = ticket(targets=[target("first_reply_time", 480, business=True)])
    event = only_event(one, "first_reply_time", 20)
    # Tuesday 06:00: Monday had seven hours
    assert (event["elapsed_seconds"], event["state"]) == (25_200, "at_risk")
    assert event["due_at"] == hours(24)
    one.calendars = [CalendarStay(None)]
    event = only_event(one, "first_reply_time", 20)
    assert (event["target_seconds"], event["state"]) == (28_800, None)
    assert (event["due_at"], event["event_reason"]) == (None, "no_calendar")


def test_each_span_counts_with_its_own_calendar() -> None:
    """Office hours until Monday 20:00, every hour after it.

    10:00-17:00 are seven hours, 20:00 to Tuesday 02:00 six. The first calendar holds
    from the beginning, whenever it was applied.
    """
    switch = [CalendarStay(OFFICE, hours(3)), CalendarStay(ALWAYS, hours(10))]
    one = ticket("new", calendars=switch)
    row = reference.ticket_row(one, hours(16))
    assert row["requester_wait_business_seconds"] == 13 * 3600
    one.targets = [target("first_reply_time", 540, business=True)]
    # nine hours: seven by 17:00, two more by 22:00
    event = only_event(one, "first_reply_time", 11)
    assert event["due_at"] == hours(12)
    one.calendars = [CalendarStay(None), CalendarStay(ALWAYS, hours(10))]
    row = reference.ticket_row(one, hours(16))
    assert row["requester_wait_business_seconds"] is None


def test_solving_cancels_the_wait_for_the_next_reply() -> None:
    """After the first reply the customer asks at 2 h and 3 h; solved at 4 h.

    The second question starts nothing, for somebody waits. A question at 6 h starts
    the next, answered at 7 h, at the instant at which it is solved.
    """
    one = ticket(
        "solved",
        changes=[
            *(status("open", 0), status("solved", 4)),
            *(status("open", 6), status("solved", 7)),
        ],
        comments=[
            *(said("customer", 0), said("agent", 1, 2), said("customer", 2, 3)),
            *(said("customer", 3, 4), said("customer", 6, 5), said("agent", 7, 6)),
        ],
        targets=[target("next_reply_time", 180)],
    )
    events = reference.sla_rows(one, hours(9))
    found = [
        (row["applied_at"], row["elapsed_seconds"], row["state"]) for row in events
    ]
    assert found == [(hours(2), 7200, "cancelled"), (hours(6), 3600, "met")]
    # replies know nothing of solving: the second answers what was asked at 2 h
    replies = reference.reply_rows(one)
    assert [row["reply_seconds"] for row in replies] == [3600, 5 * 3600]
    # thanks on a solved ticket, which nobody answers, ends where it began
    one.comments.append(said("customer", 8, 7))
    assert reference.sla_rows(one, hours(9))[-1]["state"] == "cancelled"
    assert reference.sla_rows(one, hours(9))[-1]["elapsed_seconds"] == 0


def test_updates_are_due_while_the_ticket_is_not_solved() -> None:
    """Updates at 1 h and 2 h, solved with the third at 5 h, which starts nothing."""
    one = ticket(
        "solved",
        changes=[status("open", 0), status("solved", 5)],
        comments=[said("agent", at, at) for at in (1, 2, 5)],
        targets=[target("periodic_update_time", 120)],
    )
    events = reference.sla_rows(one, hours(9))
    found = [(row["elapsed_seconds"], row["state"]) for row in events]
    assert found == [(3600, "met"), (10_800, "breached")]


def test_total_time_counts_over_reopens() -> None:
    """Open 0-2 h and 5-6 h: three hours of which the clock knows those from 1 h on."""
    one = ticket(
        "solved",
        changes=[
            *(status("open", 0), status("solved", 2)),
            *(status("open", 5), status("solved", 6)),
        ],
        targets=[target("total_resolution_time", 90, 1)],
    )
    event = only_event(one, "total_resolution_time", 9)
    assert event["applied_at"] == hours(1)
    # one hour by 2 h; the target of an hour and a half is reached at 5:30
    assert (event["elapsed_seconds"], event["breached_at"]) == (7200, hours(5.5))
    row = reference.ticket_row(one, hours(9))
    assert (row["first_resolution_seconds"], row["full_resolution_seconds"]) == (
        7200,
        21_600,
    )


def test_deletion_cancels_what_still_ran() -> None:
    """Answered in time, deleted at 3 h: what was met stays met, the rest is off."""
    one = ticket(
        is_deleted=True,
        updated_at=hours(3),
        changes=[status("open", 0)],
        comments=[said("agent", 1)],
        targets=[
            target("first_reply_time", 120),
            target("requester_wait_time", 600),
            target("total_resolution_time", 120),
            target("periodic_update_time", 600),
        ],
    )
    states = {row["metric"]: row["state"] for row in reference.sla_rows(one, hours(9))}
    assert states == {
        "first_reply_time": "met",
        "requester_wait_time": "cancelled",
        "total_resolution_time": "breached",
        "periodic_update_time": "cancelled",
    }
    row = reference.ticket_row(one, hours(9))
    assert row["requester_wait_seconds"] == 3 * 3600
    assert (row["is_live"], row["resolution_reason"]) == (False, "history_incomplete")
    assert backlog([one]) == {}
    # solved at 2 h, before it was deleted: the promise had been kept
    one.changes.append(status("solved", 2))
    event = only_event(one, "total_resolution_time", 9)
    assert (event["state"], event["elapsed_seconds"]) == ("met", 7200)


def test_a_target_nobody_can_read_is_one_event() -> None:
    """Nothing readable: one event without a state; otherwise the earlier one stays."""
    words = ("{", "480", '{"minutes":"x"}', '{"in_business_hours":true}')
    rows = [
        reference.parse_target("first_reply_time", hours(number), word)
        for number, word in enumerate(words)
    ]
    assert {row.kind for row in rows} == {"unreadable"}
    event = only_event(ticket(targets=rows), "first_reply_time", 9)
    assert (event["target_seconds"], event["state"]) == (None, None)
    assert event["event_reason"] == "target_unreadable"
    fine = '{"minutes":600,"in_business_hours":true}'
    rows.insert(0, reference.parse_target("first_reply_time", START, fine))
    event = only_event(ticket(targets=rows), "first_reply_time", 9)
    assert (event["target_seconds"], event["is_business"]) == (36_000, True)
    assert reference.parse_target("x", START, "").kind == "withdrawn"


# history, replies, scores


def test_two_changes_at_one_instant_follow_the_life_cycle() -> None:
    """Solved goes after open, whichever row comes first; equal stays are one."""
    one = ticket(
        "solved",
        changes=[
            *(status("solved", 2), status("open", 2), status("open", 1)),
            status("solved", 3),
        ],
    )
    found = [(stay.status, stay.start) for stay in reference.stays(one)]
    assert found == [("new", START), ("open", hours(1)), ("solved", hours(2))]


def test_a_ticket_without_history_keeps_its_status() -> None:
    """Unsolved it waits since creation; solved, nothing is known of its times."""
    row = reference.ticket_row(ticket("pending"), hours(3))
    assert (row["agent_wait_seconds"], row["requester_wait_seconds"]) == (10_800, 0)
    row = reference.ticket_row(ticket("closed"), hours(3))
    assert row["requester_wait_seconds"] is None
    assert row["resolution_reason"] == "no_status_history"
    one = ticket("closed", targets=[target("agent_work_time", 60)])
    event = only_event(one, "agent_work_time", 3)
    assert (event["state"], event["event_reason"]) == (None, "no_status_history")


def test_the_first_comment_of_an_agents_ticket_is_no_reply() -> None:
    """The agent opens, the customer asks at 1 h, the agent answers at 3 h."""
    comments = [said("agent", 0), said("customer", 1, 2), said("agent", 3, 3)]
    one = ticket(is_opened_by_agent=True, comments=comments)
    row = reference.ticket_row(one, hours(9))
    assert (row["first_reply_seconds"], row["public_agent_reply_count"]) == (None, 1)
    assert row["first_reply_reason"] == "opened_by_agent"
    (reply,) = reference.reply_rows(one)
    assert (reply["waiting_since"], reply["reply_seconds"]) == (hours(1), 7200)
    one.targets = [target("next_reply_time", 60), target("first_reply_time", 60)]
    (event,) = reference.sla_rows(one, hours(9))
    assert (event["metric"], event["state"]) == ("next_reply_time", "breached")


def test_replies_answer_the_oldest_question() -> None:
    """Asked at 0 and 1 h, answered at 2 h; at 3 h nobody waits; before creation is 0.

    At 5 h the customer writes at the instant of the reply, and goes first.
    """
    one = ticket(
        comments=[
            *(said("customer", -1), said("customer", 1, 2), said("agent", 2, 3)),
            *(said("agent", 3, 4), said("agent", 5, 5), said("customer", 5, 6)),
            said("unknown", 6, 7),
            said("agent", 7, 8),
        ]
    )
    found = [
        (row["reply_seconds"], row["reply_reason"]) for row in reference.reply_rows(one)
    ]
    nobody = (None, "nothing_to_answer")
    assert found == [(7200, None), nobody, (0, None), nobody]


def test_handoffs_are_moves_between_agents() -> None:
    """a, nobody, b is one; back to b none; at one instant the value decides."""

    def moves(*agents: str | None) -> int:
        changes = [
            Change("assignee_id", agent, hours(number))
            for number, agent in enumerate(agents)
        ]
        return reference.handoff_count(ticket(changes=changes))

    assert moves("a") == moves("a", None, "a") == 0
    assert moves("a", None, "b") == moves(None, "a", "b", "b") == 1
    at_once = [Change("assignee_id", agent, START) for agent in ("c", "a", "b")]
    assert reference.handoff_count(ticket(changes=at_once)) == 2


def test_scores_turn() -> None:
    """Good, neutral, then bad is good to bad; words and numbers are one scale."""
    found = defaultdict(list)
    for name, values in {
        "down": ("offered", "good with comment", "3", "1"),
        "up": ("bad", None, "5"),
        "flat": ("good", "4", "unoffered", "goodness"),
    }.items():
        changes = [
            Change("satisfaction_score", value, hours(number))
            for number, value in enumerate(values)
        ]
        row = reference.ticket_row(ticket(changes=changes), hours(9))
        found[name] = [row["is_good_to_bad"], row["is_bad_to_good"]]
    assert found == {"down": [True, False], "up": [False, True], "flat": [False] * 2}


# targets of policies


def test_policies_follow_the_priority() -> None:
    """The version in force when the policy or the priority changes decides."""
    old, new = START - timedelta(days=9), hours(3)
    versions = [
        PolicyRow("7", old, "first_reply_time", "normal", 60, False),
        PolicyRow("7", old, "agent_work_time", "normal", 50, False),
        PolicyRow("7", old, "first_reply_time", "high", 30, False),
        PolicyRow("7", new, "first_reply_time", "high", 20, True),
    ]
    changes = [
        Change("priority", "normal", START),
        Change("priority", "high", hours(4)),
    ]
    rows = reference.policy_targets(ticket(changes=changes), [("7", START)], versions)
    assert rows == [
        TargetRow("first_reply_time", START, "target", 60, False),
        TargetRow("agent_work_time", START, "target", 50, False),
        TargetRow("first_reply_time", hours(4), "target", 20, True),
        TargetRow("agent_work_time", hours(4), "withdrawn"),
    ]
    early = reference.policy_targets(
        ticket(), [("7", old - timedelta(days=1))], versions
    )
    assert [row.seconds for row in early] == [60, 50]


def test_our_own_targets_go_by_the_day_of_creation() -> None:
    """18:00 in Shanghai is still the 5th; the priority before a change counts first."""
    policies = [
        SeedPolicyRow("first_reply_time", "low", 9, True, None, date(2026, 1, 4)),
        SeedPolicyRow("first_reply_time", "low", 8, True, date(2026, 1, 5), None),
        SeedPolicyRow("first_reply_time", "high", 7, True),
    ]
    changes = [Change("priority", "high", hours(1), None, "low")]
    rows = reference.seed_targets(ticket(changes=changes), policies, "Asia/Shanghai")
    assert [(row.set_at, row.seconds) for row in rows] == [(START, 8), (hours(1), 7)]
