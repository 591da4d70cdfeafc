"""Every figure of one ticket, worked out from its lists by plain loops.

Where the definitions leave room, the simplest reading was taken:

* A comment before creation counts as sent at creation, but keeps its place before those
  that were sent later.
* A ticket that is solved and has no status change has no stays. Nothing is known about
  when it was solved: it leaves the backlog, and its clocks end, at its last update.
* `history_incomplete` goes before `open`, for a deleted ticket that was never solved.
* Stays of no length count as moves. An interval of no length counts by the calendar of
  its moment; a figure without any interval is 0.
* A target row is in force from its moment. A target is unreadable unless it is a JSON
  object with a number of minutes; without `in_business_hours` every hour counts.
* Priority before its first change is what that change says it was before, else unknown;
  without any change it is the ticket's own.
* `next_reply_time`: an event that was ended by solving leaves nobody waiting, so the
  next public comment of the customer starts the next one. A reply at the instant of
  solving answers. A new event needs the first reply before it, or an agent's ticket.
* `periodic_update_time`, `pausable_update_time`: when neither reply nor solving follows
  and the ticket is finished, the event ends, cancelled unless breached, at the last
  update.
* The three metrics of stays end where the ticket was last solved; where that is not
  known or the ticket was deleted unsolved, where its last stay ends. Only deletion
  cancels them. A first target after that end makes no event.
* `due_at` of a clock that stands is known when the target was reached before. A clock
  runs on with the calendar in force at each moment; one that never ran, from its start.
* A target that nobody can read has its event at the first of its rows, for
  `first_reply_time` at creation.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tests.python.tickets.business_time import Calendar, open_moment, open_seconds

Row = dict[str, Any]
Span = tuple[datetime, datetime]

CATEGORIES = ("new", "open", "pending", "hold", "solved", "closed")
UNSOLVED = ("new", "open", "pending", "hold")
WAITS = {
    "requester_wait": ("new", "open", "hold"),
    "agent_work": ("new", "open"),
    "agent_wait": ("pending",),
    "on_hold": ("hold",),
}
SIDES = {
    "new": "requester",
    "open": "requester",
    "pending": "agent",
    "hold": "requester",
}
STAY_METRICS = {
    "requester_wait_time": ("new", "open", "hold"),
    "agent_work_time": ("new", "open"),
    "total_resolution_time": UNSOLVED,
}
METRICS = (
    "first_reply_time",
    "next_reply_time",
    "periodic_update_time",
    "pausable_update_time",
    *STAY_METRICS,
)
AT_RISK = 0.8


@dataclass(frozen=True)
class Person:
    """A user of the source as it is now."""

    person_id: str
    role: str | None


@dataclass(frozen=True)
class Change:
    """One row of a ticket's history."""

    field: str
    value: str | None
    changed_at: datetime
    author_id: str | None = None
    old_value: str | None = None


@dataclass(frozen=True)
class Comment:
    """One comment that was not deleted; the role is 'agent', 'customer' or another."""

    comment_id: str
    sent_at: datetime
    role: str
    is_public: bool = True
    author_id: str | None = None


@dataclass(frozen=True)
class TargetRow:
    """What an SLA metric of a ticket was set to; `kind` says what could be read."""

    metric: str
    set_at: datetime
    kind: str
    seconds: int | None = None
    is_business: bool | None = None


@dataclass(frozen=True)
class CalendarStay:
    """From when a calendar counts for a ticket; without a start, from ever."""

    calendar: Calendar | None
    start: datetime | None = None


@dataclass(frozen=True)
class PolicyRow:
    """One line of one version of an SLA policy."""

    policy_id: str
    updated_at: datetime
    metric: str
    priority: str
    seconds: int
    is_business: bool
    index: int = 0


@dataclass(frozen=True)
class SeedPolicyRow:
    """One line of our own list of targets."""

    metric: str
    priority: str
    seconds: int
    is_business: bool
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass
class Ticket:
    """A ticket with everything that is known about it."""

    source_name: str
    source_ticket_id: str
    status: str
    created_at: datetime
    updated_at: datetime
    priority: str | None = None
    queue_name: str | None = None
    channel_raw: str | None = None
    is_deleted: bool = False
    is_opened_by_agent: bool = False
    changes: list[Change] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    targets: list[TargetRow] = field(default_factory=list)
    calendars: list[CalendarStay] = field(default_factory=list)
    categories: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def ticket_id(self) -> str:
        """Return the key that names the source too."""
        return f"{self.source_name}/{self.source_ticket_id}"

    def category(self, status: str) -> str:
        """Return what a status means; one that nobody listed means open."""
        word = status.lower()
        if word in self.categories:
            return self.categories[word]
        return word if word in CATEGORIES else "open"

    @property
    def is_unsolved(self) -> bool:
        """Return whether the ticket itself says that it is not solved."""
        return self.category(self.status) in UNSOLVED

    @property
    def is_finished(self) -> bool:
        """Return whether no clock of the ticket runs any more."""
        return self.is_deleted or not self.is_unsolved


@dataclass(frozen=True)
class Stay:
    """One stay in one status; without an end it lasts."""

    status: str
    category: str
    start: datetime
    end: datetime | None


# people


def role_of(
    author_id: str | None,
    requester_id: str | None,
    people: Mapping[str, Person],
    proven_agents: set[str],
) -> str:
    """Return what an author is on the ticket of a requester."""
    if author_id is not None and author_id == requester_id:
        return "customer"
    if author_id is None or author_id.startswith("-"):
        return "unknown"
    if author_id in proven_agents:
        return "agent"
    if author_id not in people:
        return "unknown"
    return "agent" if people[author_id].role in ("agent", "admin") else "customer"


# statuses


def in_order(changes: Iterable[Change], ticket: Ticket) -> list[Change]:
    """Return changes of one field by time, at one instant by life cycle and value."""

    def place(change: Change) -> tuple:
        rank = 0
        if change.field == "status" and change.value:
            rank = CATEGORIES.index(ticket.category(change.value))
        return change.changed_at, rank, change.value is None, change.value or ""

    return sorted(changes, key=place)


def of_field(ticket: Ticket, name: str) -> list[Change]:
    """Return the changes of one field, in order."""
    return in_order((one for one in ticket.changes if one.field == name), ticket)


def has_status_history(ticket: Ticket) -> bool:
    """Return whether any status change is known."""
    return any(one.field == "status" and one.value for one in ticket.changes)


def stays(ticket: Ticket) -> list[Stay]:
    """Return the stays of the ticket, in order; only the last may lack its end."""
    moves: list[tuple[str, datetime]] = []
    for change in of_field(ticket, "status"):
        if not change.value:
            continue
        at = max(change.changed_at, ticket.created_at)
        if not moves and at > ticket.created_at:
            moves.append(("new", ticket.created_at))
        if not moves or moves[-1][0] != change.value.lower():
            moves.append((change.value.lower(), at))
    if not moves:
        if not ticket.is_unsolved:
            return []
        moves.append((ticket.status.lower(), ticket.created_at))
    found = []
    for number, (status, start) in enumerate(moves):
        is_last = number + 1 == len(moves)
        end = None if is_last else moves[number + 1][1]
        category = ticket.category(status)
        lost = category in UNSOLVED and not ticket.is_unsolved
        if is_last and (ticket.is_deleted or lost):
            end = max(ticket.updated_at, start)
        found.append(Stay(status, category, start, end))
    return found


def resolved_moments(ticket: Ticket) -> list[datetime]:
    """Return when the ticket became solved, each time."""
    found = []
    before = "new"
    for stay in stays(ticket):
        if before in UNSOLVED and stay.category not in UNSOLVED:
            found.append(stay.start)
        before = stay.category
    return found


def reopened_moments(ticket: Ticket) -> list[datetime]:
    """Return when the ticket ceased to be solved, each time."""
    return [
        after.start
        for before, after in pairwise(stays(ticket))
        if before.category not in UNSOLVED and after.category in UNSOLVED
    ]


def is_unsolved_at(ticket: Ticket, moment: datetime) -> bool:
    """Return whether a stay that is not solved covers a moment."""
    return any(
        stay.category in UNSOLVED
        and stay.start <= moment
        and (stay.end is None or moment < stay.end)
        for stay in stays(ticket)
    )


def resolution_reason(ticket: Ticket) -> str | None:
    """Return why no resolution is known."""
    known = stays(ticket)
    if not known:
        return "no_status_history"
    ends_unsolved = known[-1].category in UNSOLVED
    if ends_unsolved and ticket.is_finished:
        return "history_incomplete"
    return "open" if ticket.is_unsolved else None


# time


def whole(seconds: timedelta) -> int:
    """Return a duration in seconds."""
    return int(seconds.total_seconds())


def by_calendar(
    ticket: Ticket, start: datetime, end: datetime | None
) -> list[tuple[datetime, datetime | None, Calendar | None]]:
    """Return the parts of an interval, each with the calendar that counts in it."""
    found = []
    at_start = None
    for number, stay in enumerate(ticket.calendars):
        begins = start if number == 0 else max(start, stay.start)
        ends = end
        if number + 1 < len(ticket.calendars):
            switch = ticket.calendars[number + 1].start
            ends = switch if end is None else min(end, switch)
        if ends is None or begins < ends:
            found.append((begins, ends, stay.calendar))
        if begins == start:
            at_start = stay.calendar
    return found or [(start, end, at_start)]


def business_seconds(ticket: Ticket, spans: Iterable[Span]) -> int | None:
    """Return the open seconds of intervals; None where a calendar is missing."""
    total = 0
    for start, end in spans:
        for begins, ends, calendar in by_calendar(ticket, start, end):
            seconds = open_seconds(calendar, begins, ends)
            if seconds is None:
                return None
            total += seconds
    return total


def by_last_calendar(ticket: Ticket) -> Ticket:
    """Return the ticket as if its last calendar had always counted."""
    return replace(ticket, calendars=[CalendarStay(ticket.calendars[-1].calendar)])


def calendar_seconds(spans: Iterable[Span]) -> int:
    """Return the length of intervals."""
    return sum(whole(end - start) for start, end in spans)


def moment_after(
    ticket: Ticket, start: datetime, seconds: int, is_business: bool
) -> datetime | None:
    """Return when so many seconds of a clock have passed since a moment."""
    if not is_business:
        return start + timedelta(seconds=seconds)
    for begins, ends, calendar in by_calendar(ticket, start, None):
        if ends is None:
            return open_moment(calendar, begins, seconds)
        passed = open_seconds(calendar, begins, ends)
        if passed is None:
            return None
        if passed >= seconds:
            return open_moment(calendar, begins, seconds)
        seconds -= passed
    return None


def lasted(stay: Stay, as_of: datetime) -> Span:
    """Return the interval of a stay until the as-of time."""
    return stay.start, max(stay.end or as_of, stay.start)


# comments and replies


def comments_in_order(ticket: Ticket) -> list[Comment]:
    """Return the comments as they were sent; at one instant customers go first."""
    ordered = sorted(
        ticket.comments,
        key=lambda one: (one.sent_at, one.role == "agent", *_number(one)),
    )
    return [
        replace(one, sent_at=max(one.sent_at, ticket.created_at)) for one in ordered
    ]


def _number(comment: Comment) -> tuple[int, str]:
    """Return the place of the id of a comment among ids that are numbers."""
    return len(comment.comment_id), comment.comment_id


def opening(ticket: Ticket) -> Comment | None:
    """Return the comment by which an agent opened the ticket."""
    if not ticket.is_opened_by_agent or not ticket.comments:
        return None
    first = min(ticket.comments, key=lambda one: (one.sent_at, *_number(one)))
    return first if first.role == "agent" else None


def public_comments(ticket: Ticket, role: str) -> list[Comment]:
    """Return the public comments of one side, in order."""
    return [
        one for one in comments_in_order(ticket) if one.is_public and one.role == role
    ]


def answers(ticket: Ticket) -> list[Comment]:
    """Return the replies: public comments of agents but the opening."""
    opened_by = opening(ticket)
    opened_id = None if opened_by is None else opened_by.comment_id
    return [
        one for one in public_comments(ticket, "agent") if one.comment_id != opened_id
    ]


def reply_rows(ticket: Ticket) -> list[Row]:
    """Return one row per reply with what it answered."""
    replies = answers(ticket)
    waiting = None if ticket.is_opened_by_agent else ticket.created_at
    found = []
    for one in comments_in_order(ticket):
        if one in replies:
            spans = [] if waiting is None else [(waiting, one.sent_at)]
            found.append(
                {
                    "ticket_id": ticket.ticket_id,
                    "reply_id": one.comment_id,
                    "agent_id": one.author_id,
                    "waiting_since": waiting,
                    "replied_at": one.sent_at,
                    "reply_seconds": calendar_seconds(spans) if spans else None,
                    "reply_business_seconds": business_seconds(ticket, spans)
                    if spans
                    else None,
                    "reply_reason": None if spans else "nothing_to_answer",
                }
            )
            waiting = None
        elif one.is_public and one.role == "customer" and waiting is None:
            waiting = one.sent_at
    return found


# the ticket


def handoff_count(ticket: Ticket) -> int:
    """Return how often the ticket went from one agent to a different one."""
    agents = [one.value for one in of_field(ticket, "assignee_id") if one.value]
    return sum(before != after for before, after in pairwise(agents))


def scores(ticket: Ticket) -> list[int]:
    """Return the scores, 1 to 5, in order; good is 5 and bad is 1."""
    found = []
    for change in of_field(ticket, "satisfaction_score"):
        value = (change.value or "").strip().lower()
        if re.match(r"good\b", value):
            found.append(5)
        elif re.match(r"bad\b", value):
            found.append(1)
        elif value in ("1", "2", "3", "4", "5"):
            found.append(int(value))
    return found


def ticket_row(ticket: Ticket, as_of: datetime) -> Row:
    """Return the figures of the ticket."""
    known = stays(ticket)
    replies = answers(ticket)
    resolved = resolved_moments(ticket)
    agents = {one.value for one in of_field(ticket, "assignee_id") if one.value}
    reason = resolution_reason(ticket)
    given = scores(ticket)
    turns = list(pairwise(score > 3 for score in given if score != 3))
    timed = [one for one in reply_rows(ticket) if one["reply_reason"] is None]
    classes = ("0", "1", "2", "3+")
    row: Row = {
        "ticket_id": ticket.ticket_id,
        "source_name": ticket.source_name,
        "source_ticket_id": ticket.source_ticket_id,
        "status": ticket.status.lower(),
        "status_category": ticket.category(ticket.status),
        "created_at": ticket.created_at,
        "is_deleted": ticket.is_deleted,
        "is_live": not ticket.is_finished,
        "is_opened_by_agent": ticket.is_opened_by_agent,
        "public_agent_reply_count": len(replies),
        "touch_class": None if ticket.is_unsolved else classes[min(len(replies), 3)],
        "reopen_count": len(reopened_moments(ticket)),
        "handoff_count": handoff_count(ticket),
        "distinct_agent_count": len(agents),
        "is_good_to_bad": (True, False) in turns,
        "is_bad_to_good": (False, True) in turns,
        "first_csat_score": given[0] if given else None,
        "csat_score": given[-1] if given else None,
        "first_reply_at": replies[0].sent_at if replies else None,
        "timed_reply_count": len(timed),
        "replying_agent_count": len({one.author_id for one in replies}),
        "resolution_reason": reason,
        "full_resolution_last_calendar_business_seconds": None,
        "first_reply_reason": None,
    }
    ends: dict[str, datetime | None] = {
        "first_reply": None,
        "first_resolution": None,
        "full_resolution": None,
    }
    if ticket.is_opened_by_agent:
        row["first_reply_reason"] = "opened_by_agent"
    elif replies:
        ends["first_reply"] = replies[0].sent_at
    else:
        row["first_reply_reason"] = "no_reply"
    if reason is None:
        ends["first_resolution"], ends["full_resolution"] = resolved[0], resolved[-1]
    for name, end in ends.items():
        spans = [] if end is None else [(ticket.created_at, end)]
        row[f"{name}_seconds"] = calendar_seconds(spans) if spans else None
        row[f"{name}_business_seconds"] = (
            business_seconds(ticket, spans) if spans else None
        )
    for name, categories in WAITS.items():
        spans = [lasted(one, as_of) for one in known if one.category in categories]
        row[f"{name}_seconds"] = calendar_seconds(spans) if known else None
        row[f"{name}_business_seconds"] = (
            business_seconds(ticket, spans) if known else None
        )
        row[f"{name}_last_calendar_business_seconds"] = (
            business_seconds(by_last_calendar(ticket), spans) if known else None
        )
    if ends["full_resolution"] is not None:
        row["full_resolution_last_calendar_business_seconds"] = business_seconds(
            by_last_calendar(ticket), [(ticket.created_at, ends["full_resolution"])]
        )
    missing = any(
        row[f"{name}_seconds"] is not None and row[f"{name}_business_seconds"] is None
        for name in (*ends, *WAITS)
    )
    row["business_reason"] = "no_calendar" if missing else None
    return row


def span_rows(ticket: Ticket, as_of: datetime) -> list[Row]:
    """Return one row per stay with its length on both clocks.

    A solved ticket without history has one of which only the status is known.
    """
    category = ticket.category(ticket.status)
    unknown = Stay(ticket.status.lower(), category, ticket.created_at, None)
    found = []
    for stay in stays(ticket) or [unknown]:
        # that a finished ticket is still finished is no time of anybody's
        counts = stay.end is not None or not ticket.is_finished
        spans = [lasted(stay, as_of)]
        row: Row = {
            "ticket_id": ticket.ticket_id,
            "status": stay.status,
            "status_category": stay.category,
            "waiting_side": SIDES.get(stay.category, "nobody"),
            "started_at": stay.start,
            "ended_at": stay.end,
            "span_seconds": calendar_seconds(spans) if counts else None,
            "is_current": stay.end is None,
        }
        for name, one in (("", ticket), ("last_calendar_", by_last_calendar(ticket))):
            seconds = business_seconds(one, spans) if counts else None
            row[f"span_{name}business_seconds"] = seconds
        found.append(row)
    return found


def history_rows(ticket: Ticket) -> list[Row]:
    """Return one row per change but comments, with the time it was valid."""
    found = []
    for name in sorted({one.field for one in ticket.changes} - {"comment"}):
        changes = of_field(ticket, name)
        for number, one in enumerate(changes):
            is_last = number + 1 == len(changes)
            found.append(
                {
                    "ticket_id": ticket.ticket_id,
                    "field_name": name,
                    "value": one.value,
                    "valid_from": one.changed_at,
                    "valid_to": None if is_last else changes[number + 1].changed_at,
                }
            )
    return found


# targets


def parse_target(metric: str, set_at: datetime, value: str | None) -> TargetRow:
    """Return what a row of the history says of an SLA metric."""
    if value is None or not value.strip():
        return TargetRow(metric, set_at, "withdrawn")
    try:
        said = json.loads(value)
    except ValueError:
        return TargetRow(metric, set_at, "unreadable")
    minutes = said.get("minutes") if isinstance(said, dict) else None
    if isinstance(minutes, bool) or not isinstance(minutes, int | float):
        return TargetRow(metric, set_at, "unreadable")
    business = said.get("in_business_hours") is True
    return TargetRow(metric, set_at, "target", round(minutes * 60), business)


def priority_at(ticket: Ticket, moment: datetime) -> str | None:
    """Return the priority the ticket had at a moment, lower case."""
    changes = of_field(ticket, "priority")
    if not changes:
        value = ticket.priority
    else:
        value = changes[0].old_value
        for change in changes:
            if change.changed_at <= moment:
                value = change.value
    return value.lower() if value else None


def priority_moments(ticket: Ticket, after: datetime) -> list[datetime]:
    """Return when the priority was changed after a moment."""
    return [
        one.changed_at for one in of_field(ticket, "priority") if one.changed_at > after
    ]


def policy_targets(
    ticket: Ticket,
    applied: Sequence[tuple[str, datetime]],
    versions: Sequence[PolicyRow],
) -> list[TargetRow]:
    """Return the target rows that policies and priorities make."""
    if not applied:
        return []
    applied = sorted(applied, key=lambda one: (one[1], one[0]))
    moments = {at for _, at in applied} | set(priority_moments(ticket, applied[0][1]))
    found: list[TargetRow] = []
    before = None
    for moment in sorted(moments):
        policy = [name for name, at in applied if at <= moment][-1]
        state = policy, priority_at(ticket, moment)
        if state == before:
            continue
        before = state
        rows = [one for one in versions if one.policy_id == policy]
        dates = {one.updated_at for one in rows}
        known = [at for at in dates if at <= moment]
        version = max(known) if known else min(dates, default=None)
        lines = sorted(
            (
                one
                for one in rows
                if one.updated_at == version and one.priority.lower() == state[1]
            ),
            key=lambda one: one.index,
        )
        found += _target_rows(found, moment, lines)
    return found


def _target_rows(
    earlier: Sequence[TargetRow],
    moment: datetime,
    lines: Sequence[PolicyRow] | Sequence[SeedPolicyRow],
) -> list[TargetRow]:
    """Return a row per metric: its target, or that it has none any more."""
    found = []
    for metric in METRICS:
        line = next((one for one in lines if one.metric == metric), None)
        if line is not None:
            found.append(
                TargetRow(metric, moment, "target", line.seconds, line.is_business)
            )
        elif any(one.metric == metric for one in earlier):
            found.append(TargetRow(metric, moment, "withdrawn"))
    return found


def seed_targets(
    ticket: Ticket, policies: Sequence[SeedPolicyRow], zone: str
) -> list[TargetRow]:
    """Return the target rows of our own list, by the reporting day of creation."""
    day = ticket.created_at.astimezone(ZoneInfo(zone)).date()
    valid = [
        one
        for one in policies
        if (one.valid_from or day) <= day <= (one.valid_to or day)
    ]
    found: list[TargetRow] = []
    before = None
    for moment in [ticket.created_at, *priority_moments(ticket, ticket.created_at)]:
        priority = priority_at(ticket, moment)
        if priority == before:
            continue
        before = priority
        lines = [one for one in valid if one.priority == priority]
        found += _target_rows(found, moment, lines)
    return found


# SLA events


@dataclass(frozen=True)
class Clock:
    """When a clock of an event runs: intervals, the last perhaps without an end."""

    metric: str
    start: datetime
    end: datetime | None
    is_cancelled_by_end: bool
    running: tuple[tuple[datetime, datetime | None], ...]


def clocks(ticket: Ticket, metric: str) -> list[Clock]:
    """Return the clocks of one metric, whatever their targets."""
    if metric == "first_reply_time":
        return _first_reply_clocks(ticket)
    if metric == "next_reply_time":
        return _next_reply_clocks(ticket)
    if metric in STAY_METRICS:
        return _stay_clocks(ticket, metric)
    return _update_clocks(ticket, metric)


def _first_reply_clocks(ticket: Ticket) -> list[Clock]:
    """Return the clock from creation to the first reply."""
    if ticket.is_opened_by_agent:
        return []
    start, replies = ticket.created_at, answers(ticket)
    end = replies[0].sent_at if replies else None
    cancelled = end is None and ticket.is_finished
    if cancelled:
        resolved = resolved_moments(ticket)
        end = resolved[-1] if resolved else max(ticket.updated_at, start)
    return [Clock("first_reply_time", start, end, cancelled, ((start, None),))]


def _next_reply_clocks(ticket: Ticket) -> list[Clock]:
    """Return a clock from each customer's comment that finds nobody waiting."""
    answering = {one.comment_id for one in answers(ticket)}
    points = [
        (one.sent_at, int(one.comment_id in answering))
        for one in comments_in_order(ticket)
        if one.comment_id in answering or (one.is_public and one.role == "customer")
    ]
    # at one instant solving comes after what was said
    points += [(moment, 2) for moment in resolved_moments(ticket)]
    points.sort(key=lambda point: (point[0], point[1] == 2))
    counts, waiting = ticket.is_opened_by_agent, None
    spans: list[tuple[datetime, datetime | None, bool]] = []
    for moment, kind in points:
        if kind == 0 and counts and waiting is None:
            waiting = moment
        if kind > 0 and waiting is not None:
            spans.append((waiting, moment, kind == 2))
            waiting = None
        counts = counts or kind == 1
    if waiting is not None and ticket.is_finished:
        spans.append((waiting, waiting, True))
    elif waiting is not None:
        spans.append((waiting, None, False))
    return [
        Clock("next_reply_time", start, end, cancelled, ((start, None),))
        for start, end, cancelled in spans
    ]


def _update_clocks(ticket: Ticket, metric: str) -> list[Clock]:
    """Return a clock from each public comment of an agent to the next."""
    comments = public_comments(ticket, "agent")
    active = [one for one in stays(ticket) if one.category != "pending"]
    found = []
    for number, one in enumerate(comments):
        start = one.sent_at
        if not is_unsolved_at(ticket, start):
            continue
        following = [x.sent_at for x in comments[number + 1 :][:1]]
        following += [x for x in resolved_moments(ticket) if x > start][:1]
        end = min(following, default=None)
        cancelled = end is None and ticket.is_finished
        if cancelled:
            end = max(ticket.updated_at, start)
        running: tuple[tuple[datetime, datetime | None], ...] = ((start, None),)
        if metric == "pausable_update_time":
            running = tuple((one.start, one.end) for one in active)
        found.append(Clock(metric, start, end, cancelled, running))
    return found


def _stay_clocks(ticket: Ticket, metric: str) -> list[Clock]:
    """Return the clock of a metric that counts stays since its first target."""
    set_at = [
        one.set_at
        for one in ticket.targets
        if one.metric == metric and one.kind == "target"
    ]
    if not set_at:
        return []
    start = max(min(set_at), ticket.created_at)
    known = stays(ticket)
    end, cancelled = None, False
    if ticket.is_finished:
        if not known:
            end = max(ticket.updated_at, ticket.created_at)
        elif known[-1].category in UNSOLVED:
            end, cancelled = known[-1].end, ticket.is_deleted
        else:
            end = resolved_moments(ticket)[-1]
        if end < start:
            return []
    running = tuple(
        (one.start, one.end) for one in known if one.category in STAY_METRICS[metric]
    )
    return [Clock(metric, start, end, cancelled, running)]


def sla_rows(ticket: Ticket, as_of: datetime) -> list[Row]:
    """Return the SLA events of the ticket."""
    found = []
    for metric in METRICS:
        rows = sorted(
            (one for one in ticket.targets if one.metric == metric),
            key=lambda one: one.set_at,
        )
        if rows and all(one.kind == "unreadable" for one in rows):
            if metric == "first_reply_time" and ticket.is_opened_by_agent:
                continue
            first = max(rows[0].set_at, ticket.created_at)
            start = ticket.created_at if metric == "first_reply_time" else first
            found.append(
                _event(ticket, metric, start, event_reason="target_unreadable")
            )
            continue
        readable = [one for one in rows if one.kind != "unreadable"]
        for clock in clocks(ticket, metric):
            row = _judged(ticket, clock, readable, as_of)
            if row is not None:
                found.append(row)
    return found


def _event(ticket: Ticket, metric: str, start: datetime, **known: object) -> Row:
    """Return an event, with null for whatever is not given."""
    row: Row = {
        "ticket_id": ticket.ticket_id,
        "source_name": ticket.source_name,
        "source_ticket_id": ticket.source_ticket_id,
        "metric": metric,
        "applied_at": start,
        "target_seconds": None,
        "is_business": None,
        "due_at": None,
        "breached_at": None,
        "elapsed_seconds": None,
        "remaining_seconds": None,
        "state": None,
        "event_reason": None,
    }
    return row | known


def target_of(
    clock: Clock, rows: Sequence[TargetRow], as_of: datetime
) -> tuple[TargetRow | None, datetime | None]:
    """Return the target of an event, and when it was withdrawn, if it was."""
    limit = as_of if clock.end is None else clock.end
    in_time = [one for one in rows if one.set_at < limit or one.set_at <= clock.start]
    if not in_time:
        return None, None
    if in_time[-1].kind == "target":
        return in_time[-1], None
    withdrawn_at = in_time[-1].set_at
    while in_time and in_time[-1].kind == "withdrawn":
        withdrawn_at = in_time.pop().set_at
    if not in_time or withdrawn_at <= clock.start:
        return None, None
    return in_time[-1], withdrawn_at


def _judged(
    ticket: Ticket, clock: Clock, rows: Sequence[TargetRow], as_of: datetime
) -> Row | None:
    """Return the event of a clock; nothing when no target was ever in force."""
    target, withdrawn_at = target_of(clock, rows, as_of)
    if target is None:
        return None
    end, cancelled = clock.end, clock.is_cancelled_by_end
    if withdrawn_at is not None:
        end, cancelled = withdrawn_at, True
    row = _event(
        ticket,
        clock.metric,
        clock.start,
        target_seconds=target.seconds,
        is_business=target.is_business,
    )
    if clock.metric in STAY_METRICS and not stays(ticket):
        return row | {"event_reason": "no_status_history"}
    return row | _counted(ticket, clock, target, end, cancelled, as_of)


def _counted(
    ticket: Ticket,
    clock: Clock,
    target: TargetRow,
    end: datetime | None,
    is_cancelled: bool,
    as_of: datetime,
) -> Row:
    """Return what the clock of an event shows."""
    limit = max(clock.start, as_of if end is None else end)
    parts = [
        (max(begins, clock.start), min(ends or limit, limit))
        for begins, ends in clock.running
    ]
    parts = [(begins, ends) for begins, ends in parts if begins < ends]
    parts = parts or [(clock.start, clock.start)]
    business, seconds = bool(target.is_business), target.seconds
    elapsed = business_seconds(ticket, parts) if business else calendar_seconds(parts)
    if elapsed is None:
        return {"event_reason": "no_calendar"}
    reached = _reached_at(ticket, parts, seconds, business)
    stands = end is None and not any(ends is None for _, ends in clock.running)
    due = reached
    if due is None and not stands:
        due = moment_after(ticket, parts[-1][1], seconds - elapsed, business)
    return {
        "elapsed_seconds": elapsed,
        "remaining_seconds": seconds - elapsed,
        "due_at": due,
        "breached_at": reached if elapsed > seconds else None,
        "state": _state(elapsed, seconds, end is not None, is_cancelled),
        "event_reason": "paused" if stands and reached is None else None,
    }


def _reached_at(
    ticket: Ticket, parts: Sequence[Span], seconds: int, is_business: bool
) -> datetime | None:
    """Return when a clock that ran in these parts showed so many seconds."""
    passed = 0
    for begins, ends in parts:
        span = [(begins, ends)]
        length = (
            business_seconds(ticket, span) if is_business else calendar_seconds(span)
        )
        if passed + length >= seconds:
            return moment_after(ticket, begins, seconds - passed, is_business)
        passed += length
    return None


def _state(elapsed: int, seconds: int, is_ended: bool, is_cancelled: bool) -> str:
    """Return how an event stands."""
    if elapsed > seconds:
        return "breached"
    if is_ended:
        return "cancelled" if is_cancelled else "met"
    return "at_risk" if elapsed >= AT_RISK * seconds else "active"


# backlog


def backlog_moves(ticket: Ticket) -> list[tuple[datetime, str]]:
    """Return when the ticket arrived, was reopened and was resolved."""
    moves = [(ticket.created_at, "arrived")]
    moves += [(at, "resolved") for at in resolved_moments(ticket)]
    moves += [(at, "reopened") for at in reopened_moments(ticket)]
    known = stays(ticket)
    if not known:
        moves.append((max(ticket.updated_at, ticket.created_at), "resolved"))
    elif known[-1].category in UNSOLVED and known[-1].end is not None:
        moves.append((known[-1].end, "resolved"))
    return moves


def backlog_spans(ticket: Ticket) -> list[tuple[datetime, datetime | None]]:
    """Return from when to when the ticket was in the backlog."""
    known = stays(ticket)
    if not known:
        return [(ticket.created_at, max(ticket.updated_at, ticket.created_at))]
    return [(one.start, one.end) for one in known if one.category in UNSOLVED]


def is_before(spans: Sequence[tuple[datetime, datetime | None]], now: datetime) -> bool:
    """Return whether one of the spans holds just before a moment."""
    return any(start < now and (end is None or end >= now) for start, end in spans)


def backlog_rows(
    tickets: Sequence[Ticket],
    groups: Mapping[str, tuple],
    as_of: datetime,
    zone: str,
) -> dict[tuple, Row]:
    """Return counts by reporting day and group; days of nothing but zeros left out."""
    kept = [one for one in tickets if not one.is_deleted]
    if not kept:
        return {}
    place = ZoneInfo(zone)
    found: dict[tuple, Row] = {}
    moves = [
        (at.astimezone(place).date(), kind, groups[one.ticket_id])
        for one in kept
        for at, kind in backlog_moves(one)
        if at <= as_of
    ]
    day = min(one.created_at for one in kept).astimezone(place).date()
    last = as_of.astimezone(place).date()

    def row(day: date, group: tuple) -> Row:
        names = ("opening", "arrived", "reopened", "resolved", "closing")
        empty = {f"{name}_count": 0 for name in names}
        return found.setdefault((day, *group), empty)

    for at, kind, group in moves:
        row(at, group)[f"{kind}_count"] += 1
    spans = {one.ticket_id: backlog_spans(one) for one in kept}
    while day <= last:
        begins = datetime.combine(day, time(), place).astimezone(UTC)
        day += timedelta(days=1)
        ends = datetime.combine(day, time(), place).astimezone(UTC)
        for name, known in spans.items():
            group = groups[name]
            if is_before(known, begins):
                row(day - timedelta(days=1), group)["opening_count"] += 1
            if is_before(known, min(ends, as_of + timedelta(seconds=1))):
                row(day - timedelta(days=1), group)["closing_count"] += 1
    return found
