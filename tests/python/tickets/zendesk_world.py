"""A made-up Zendesk account: rows in their final state, with what is wrong on purpose.

Earlier versions of rows that change stand beside them, so that they can be landed in
any number of batches. Nothing depends on the clock: everything is before `AS_OF`.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.python.tickets.reference import METRICS
from tests.python.tickets.zendesk import AS_OF, KEYS, Row, Tables, naive

FIRST = datetime(2025, 9, 20, tzinfo=UTC)


@dataclass
class World:
    """All rows in their final state, earlier versions, and what is wrong on purpose."""

    rows: Tables = field(default_factory=lambda: defaultdict(list))
    earlier: Tables = field(default_factory=lambda: defaultdict(list))
    faults: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, table: str, **row: object) -> Row:
        """Add a row in its final state; moments become naive."""
        made = {
            name: naive(value) if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        self.rows[table].append(made)
        return made

    def was(self, table: str, row: Row, **before: object) -> None:
        """Note an earlier version of a row."""
        self.earlier[table].append(row | before)


GROUPS = {8001: "Orders", 8002: "Returns", 8003: "Premium"}
AGENTS = [9_100_000_000 + number for number in range(1, 19)]
LEFT = AGENTS[12:16]
ADMINS = AGENTS[16:]
CUSTOMERS = [9_200_000_000 + number for number in range(1, 71)]
STRANGERS = [9_300_000_000 + number for number in range(1, 9)]
POLICIES = (7001, 7002, 7003)
SCHEDULES = {
    # id: (name, zone, weekly intervals as (weekday from Sunday, from hour, to hour))
    6001: ("Berlin", "Berlin", [(day, 8, 17) for day in range(1, 6)]),
    6002: (
        "New York, late",
        "Eastern Time (US & Canada)",
        [(day, 9, 12) for day in range(1, 6)]
        + [(day, 13, 21) for day in range(1, 6)]
        + [(0, 10, 14), (6, 10, 14)],
    ),
    6003: ("Sydney nights", "Australia/Sydney", [(day, 0, 6) for day in range(7)]),
    6004: ("Shanghai", "Beijing", [(day, 9, 18) for day in range(1, 7)]),
    6005: ("All the time", "UTC", [(day, 0, 24) for day in range(7)]),
    6006: ("Over midnight", "London", [(1, 18, 30), (3, 18, 30), (6, 20, 24)]),
}
NO_INTERVALS, OVERLAPPING, BACKWARDS, NO_ZONE, FIRST_BUT_DELETED = range(6101, 6106)


def make_world(count: int = 300, seed: int = 1) -> World:
    """Make an account with so many ordinary tickets and every fault several times."""
    rng = random.Random(seed)
    world = World()
    _people(world)
    _schedules(world)
    _policies(world)
    for number in range(count):
        Life(world, rng, 1_000_001 + number).live()
    _faults(world, rng)
    return world


def _people(world: World) -> None:
    """Add agents, some of whom left, customers and groups."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for number, agent in enumerate(AGENTS):
        role = "admin" if agent in ADMINS else "agent"
        user = world.add(
            "user",
            id=agent,
            name=f"Agent {number}",
            email=f"agent{number}@desk.example",
            role="end-user" if agent in LEFT else role,
            active=agent not in LEFT,
            suspended=agent == AGENTS[3],
            created_at=start,
            updated_at=start,
            _fivetran_deleted=agent in (LEFT[0], AGENTS[4]),
        )
        if agent in LEFT:
            before = {"role": "agent", "active": True, "_fivetran_deleted": False}
            world.was("user", user, **before)
    for number, customer in enumerate(CUSTOMERS):
        world.add(
            "user",
            id=customer,
            name=f"Customer {number}",
            email=f"person{number}@mail.example",
            role="end-user",
            active=True,
            suspended=False,
            organization_id=5001 + number % 3,
            created_at=start,
            updated_at=start,
            _fivetran_deleted=False,
        )
        world.add("user_tag", user_id=customer, tag=f"tag{number % 4}")
    for number in range(3):
        world.add("organization", id=5001 + number, name=f"Company {number}")
        world.add("organization_tag", organization_id=5001 + number, tag="key")
        name = f"company{number}.example"
        world.add(
            "domain_name", organization_id=5001 + number, index=0, domain_name=name
        )
    for group, name in GROUPS.items():
        row = world.add("group", id=group, name=name, _fivetran_deleted=group == 8002)
        world.was("group", row, name=f"{name} (old)", _fivetran_deleted=False)
    world.add("brand", id=4001, name="Main", active=True)
    world.add("ticket_form_history", id=4101, updated_at=start, name="Form, old")
    later = start + timedelta(days=90)
    world.add("ticket_form_history", id=4101, updated_at=later, name="Form")


def _interval(world: World, schedule: int, start: int, end: int, **more: object) -> Row:
    """Add one weekly interval of a schedule."""
    return world.add(
        "schedule",
        **{
            "id": schedule,
            "name": f"Schedule {schedule}",
            "start_time": start,
            "end_time": end,
            "start_time_utc": start,
            "end_time_utc": end,
            "time_zone": "UTC",
            "created_at": datetime(2024, 2, 1, tzinfo=UTC)
            + timedelta(minutes=schedule),
            "_fivetran_deleted": False,
            **more,
        },
    )


def _schedules(world: World) -> None:
    """Add schedules with holidays, and those that are wrong."""
    for schedule, (name, zone, weekly) in SCHEDULES.items():
        for day, opens, closes in weekly:
            start, end = day * 1440 + opens * 60, day * 1440 + closes * 60
            _interval(world, schedule, start, end, name=name, time_zone=zone)
    # an interval that was taken away, and one that was moved
    gone = _interval(
        world,
        6001,
        6 * 1440,
        6 * 1440 + 600,
        _fivetran_deleted=True,
        time_zone="Berlin",
    )
    world.was("schedule", gone, _fivetran_deleted=False)
    world.was("schedule", world.rows["schedule"][0], end_time=1440 + 12 * 60)
    _interval(world, NO_INTERVALS, None, None, time_zone="London")
    _interval(world, OVERLAPPING, 1440 + 480, 1440 + 900, time_zone="London")
    _interval(world, OVERLAPPING, 1440 + 600, 1440 + 1020, time_zone="London")
    _interval(world, OVERLAPPING, 2 * 1440 + 480, 2 * 1440 + 481, time_zone="London")
    _interval(world, BACKWARDS, 2 * 1440 + 900, 2 * 1440 + 600, time_zone="London")
    _interval(world, BACKWARDS, 3 * 1440 + 480, 3 * 1440 + 1020, time_zone="London")
    _interval(world, NO_ZONE, 1440 + 480, 1440 + 1020, time_zone="Middle-earth")
    early = datetime(2023, 1, 1, tzinfo=UTC)
    first = _interval(
        world, FIRST_BUT_DELETED, 0, 10080, created_at=early, _fivetran_deleted=True
    )
    world.was("schedule", first, _fivetran_deleted=False)
    holidays = [
        # around the ends of daylight saving, in both hemispheres, and a whole week
        *((6001, "2025-10-25", "2025-10-26"), (6001, "2026-03-27", "2026-03-30")),
        *((6001, "2025-12-24", "2026-01-01"), (6001, "2025-02-10", "2025-02-16")),
        *((6002, "2025-11-01", "2025-11-02"), (6002, "2026-03-07", "2026-03-07")),
        *((6002, "2026-03-09", "2026-03-13"), (6002, "2025-11-27", "2025-11-27")),
        *((6003, "2025-10-05", "2025-10-05"), (6003, "2026-04-04", "2026-04-06")),
        *((6004, "2025-10-01", "2025-10-08"), (6004, "2026-02-16", "2026-02-22")),
        *((6006, "2025-12-25", "2025-12-26"), (6006, "2026-03-28", "2026-03-28")),
        # wrong ones, which close no day
        *((6001, "2026-02-20", "2026-02-10"), (6002, "2026-02-05", "2026-02-04")),
        *((6004, "next spring", "2026-03-01"), (6004, "2026-03-02", "")),
        (6001, "2026-02-31", "2026-03-01"),
    ]
    for number, (schedule, start, end) in enumerate(holidays):
        row = world.add(
            "schedule_holiday",
            id=6500 + number,
            schedule_id=schedule,
            name=f"Holiday {number}",
            start_date=start,
            end_date=end,
            _fivetran_deleted=number == 3,
        )
        if number in (2, 3):
            world.was(
                "schedule_holiday", row, end_date="2025-12-26", _fivetran_deleted=False
            )
    for name, offset in (
        ("Berlin", "+01:00"),
        ("Beijing", "+08:00"),
        ("UTC", "+00:00"),
    ):
        world.add("time_zone", time_zone=name, standard_offset=offset)
    for year, first, last in (
        (2025, datetime(2025, 3, 30, 1), datetime(2025, 10, 26, 1)),
        (2026, datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1)),
    ):
        world.add(
            "daylight_time",
            time_zone="Berlin",
            year=year,
            daylight_start_utc=first.replace(tzinfo=UTC),
            daylight_end_utc=last.replace(tzinfo=UTC),
            daylight_offset=1,
        )


def _policies(world: World) -> None:
    """Add policies in several versions; some metrics end with the next version."""
    rng = random.Random(7)
    for policy in POLICIES:
        for version in range(3):
            updated = datetime(2024, 6, 1, tzinfo=UTC) + timedelta(
                days=250 * version + policy % 7
            )
            index = 0
            for metric in METRICS:
                for priority in ("low", "normal", "high", "urgent"):
                    if rng.random() < 0.25:
                        continue
                    world.add(
                        "sla_policy_metric_history",
                        sla_policy_id=policy,
                        index=index,
                        sla_policy_updated_at=updated,
                        business_hours=rng.random() < 0.5,
                        metric=metric,
                        priority=priority,
                        target=rng.choice((15, 60, 240, 480, 1440, 2880)),
                    )
                    index += 1


GAPS = (20, 45, 300, 1800, 7200, 20_000, 90_000, 400_000)
STATUSES = ("open", "pending", "hold", "waiting_for_parts", "pending", "solved")
PRIORITIES = ("low", "normal", "high", "urgent")


class Life:
    """One ticket, from creation on, step by step."""

    def __init__(
        self, world: World, rng: random.Random, ticket_id: int, days_left: int = 1
    ) -> None:
        """Open a ticket by a customer, or sometimes by an agent."""
        self.world, self.rng, self.id = world, rng, ticket_id
        first, last = FIRST, AS_OF - timedelta(days=days_left)
        if rng.random() < 0.03:
            # these live for more than a year
            first, last = first - timedelta(days=500), first - timedelta(days=450)
        length = int((last - first).total_seconds())
        self.created = first + timedelta(seconds=rng.randrange(length))
        self.now = self.created
        self.schedules: Sequence[int] = [*SCHEDULES, *SCHEDULES, OVERLAPPING]
        self.requester = rng.choice(CUSTOMERS if rng.random() < 0.97 else AGENTS)
        self.agent = rng.choice(AGENTS)
        self.submitter: int | None = self.requester
        if rng.random() < 0.15:
            self.submitter = self.agent
        self.status = rng.choice(("new", "new", "open"))
        self.priority: str | None = rng.choice(PRIORITIES)
        self.group: int | None = rng.choice(list(GROUPS))
        self.assignee: int | None = None
        self.policy: int | None = None
        self.versions: list[Row] = []

    def change(self, field_name: str, value: object, user: int | None = None) -> Row:
        """Write one row of the history, now."""
        return self.world.add(
            "ticket_field_history",
            ticket_id=self.id,
            field_name=field_name,
            updated=self.now,
            value=None if value is None else str(value),
            user_id=user,
        )

    def comment(
        self, user: int | None, *, public: bool = True, deleted: bool = False
    ) -> Row:
        """Write one comment, now."""
        number = 2_000_000_001 + len(self.world.rows["ticket_comment"])
        return self.world.add(
            "ticket_comment",
            id=number,
            ticket_id=self.id,
            user_id=user,
            body=f"Words {number}",
            created=self.now,
            public=public,
            voice_comment=False,
            _fivetran_deleted=deleted,
        )

    def become(self, status: str, user: int | None = None) -> None:
        """Change the status, unless it is that already."""
        if status != self.status:
            self.change("status", status, user)
            self.status = status

    def wait(self, *gaps: int) -> bool:
        """Let time pass; say whether there is any left before the as-of time."""
        gap = 1 + int(self.rng.expovariate(1 / self.rng.choice(gaps or GAPS)))
        if self.now + timedelta(seconds=gap) >= AS_OF - timedelta(hours=1):
            return False
        self.now += timedelta(seconds=gap)
        return True

    def open(self) -> None:
        """Write what a connector writes of a new ticket."""
        rng = self.rng
        if rng.random() < 0.85:
            self.change("status", self.status, self.submitter)
        else:
            self.status = "new"
        self.change("priority", self.priority, self.submitter)
        self.change("group_id", self.group)
        if rng.random() < 0.4:
            self.assignee = self.agent
            self.change("assignee_id", self.agent)
        self.comment(self.submitter, public=rng.random() < 0.95)
        self.schedule(0.35)
        mode = rng.random()
        if mode < 0.55:
            if rng.random() < 0.2:
                self.wait(5, 3000, 40_000)
            self.target_rows(METRICS)
            self.change("sla_policy", "Gold")
        elif mode < 0.85:
            self.policy = rng.choice(POLICIES)
            self.apply_policy()

    def schedule(self, chance: float) -> None:
        """Put the ticket under a schedule."""
        if self.schedules and self.rng.random() < chance:
            self.world.add(
                "ticket_schedule",
                ticket_id=self.id,
                schedule_id=self.rng.choice(self.schedules),
                created_at=self.now,
            )

    def apply_policy(self) -> None:
        """Write that a policy applies from now on."""
        self.world.add(
            "ticket_sla_policy",
            ticket_id=self.id,
            sla_policy_id=self.policy,
            policy_applied_at=self.now,
        )

    def target_rows(self, metrics: Iterable[str]) -> None:
        """Write targets of metrics, as rows of the history."""
        for metric in metrics:
            if self.rng.random() < 0.75:
                minutes = self.rng.choice((10, 30, 90, 480, 600, 1440, 4320))
                business = self.rng.choice(("true", "false"))
                value = f'{{"minutes":{minutes},"in_business_hours":{business}}}'
                self.change(metric, value)

    def step(self) -> None:
        """Do one thing that happens to tickets."""
        rng = self.rng
        deeds = {
            self.reply: 26,
            self.note: 8,
            self.ask: 22,
            self.move: 14,
            self.hand_over: 8,
            self.reprioritise: 5,
            self.score: 9,
            self.retarget: 4,
            self.switch: 3,
            self.close: 3,
        }
        rng.choices(list(deeds), list(deeds.values()))[0]()

    def reply(self) -> None:
        """Let an agent answer, often with a change of status at the same instant."""
        who = self.assignee or self.agent
        self.comment(who, deleted=self.rng.random() < 0.04)
        if self.rng.random() < 0.5:
            self.become(self.rng.choice(("pending", "solved", "open")), who)

    def note(self) -> None:
        """Let an agent write to agents only."""
        self.comment(self.rng.choice(AGENTS), public=False)

    def ask(self) -> None:
        """Let the customer write; what was solved opens again, at once or soon."""
        self.comment(self.requester)
        if self.status in ("solved", "pending", "hold"):
            if self.rng.random() < 0.4:
                self.wait(3)
            if self.rng.random() < 0.85:
                self.become("open")

    def move(self) -> None:
        """Change the status."""
        self.become(self.rng.choice(STATUSES), self.agent)

    def hand_over(self) -> None:
        """Give the ticket to another agent, or to nobody."""
        self.assignee = self.rng.choice([None, *AGENTS])
        self.change("assignee_id", self.assignee, self.agent)
        if self.rng.random() < 0.3:
            self.group = self.rng.choice(list(GROUPS))
            self.change("group_id", self.group)

    def reprioritise(self) -> None:
        """Change the priority, with new targets or another policy."""
        other = [one for one in PRIORITIES if one != self.priority]
        self.priority = self.rng.choice(other)
        self.change("priority", self.priority, self.agent)
        if self.policy and self.rng.random() < 0.5:
            used = {
                row["sla_policy_id"]
                for row in self.world.rows["ticket_sla_policy"]
                if row["ticket_id"] == self.id
            }
            for policy in POLICIES:
                if policy not in used:
                    self.policy = policy
                    self.apply_policy()
                    break
        elif not self.policy:
            self.retarget()

    def score(self) -> None:
        """Offer a survey, or let the customer score, again and again."""
        values = ("offered", "good", "bad", "good with comment", "5", "4", "3", "1")
        self.change("satisfaction_score", self.rng.choice(values), self.requester)

    def retarget(self) -> None:
        """Change or withdraw some targets that are rows of the history."""
        known = sorted(
            {
                row["field_name"]
                for row in self.world.rows["ticket_field_history"][-60:]
                if row["ticket_id"] == self.id and row["field_name"] in METRICS
            }
        )
        for metric in known:
            chance = self.rng.random()
            if chance < 0.3:
                self.change(metric, self.rng.choice((None, "")))
            elif chance < 0.7:
                self.target_rows([metric])

    def switch(self) -> None:
        """Put the ticket under another schedule."""
        self.schedule(1.0)

    def close(self) -> None:
        """Close what is solved."""
        if self.status == "solved":
            self.become("closed")

    def live(self, steps: int | None = None) -> Row:
        """Open the ticket, let it live, and write it as it is now."""
        self.open()
        for _ in range(self.rng.randrange(1, 16) if steps is None else steps):
            if self.status == "closed" or not self.wait():
                break
            self.versions.append(self.row())
            self.step()
        is_solved = self.status in ("solved", "closed")
        if not is_solved and self.rng.random() < 0.55 and self.wait():
            self.become("solved", self.agent)
        if self.status == "solved" and self.rng.random() < 0.4 and self.wait():
            self.become("closed")
        return self.write()

    def row(self) -> Row:
        """Return the ticket as it is now."""
        return {
            "id": self.id,
            "created_at": self.created,
            "updated_at": self.now,
            "status": self.status,
            "priority": self.priority,
            "type": "question",
            "subject": f"Subject {self.id}",
            "description": f"Words {self.id}",
            "assignee_id": self.assignee,
            "requester_id": self.requester,
            "submitter_id": self.submitter,
            "organization_id": 5001,
            "group_id": self.group,
            "brand_id": 4001,
            "ticket_form_id": 4101,
            "via_channel": ("web", "email", "chat", "voice", "api")[self.id % 5],
            "is_public": True,
            "url": f"https://desk.example/tickets/{self.id}",
            "_fivetran_deleted": False,
        }

    def write(self) -> Row:
        """Write the ticket as it is now, and some of what it was."""
        row = self.world.add("ticket", **self.row())
        self.world.add("ticket_tag", ticket_id=self.id, tag=f"tag{self.id % 5}")
        if self.versions and self.rng.random() < 0.6:
            before = World().add("ticket", **self.rng.choice(self.versions))
            self.world.was("ticket", before)
        return row


# what is wrong

Lives = Callable[[str | None, int], Iterable["Life"]]


def _faults(world: World, rng: random.Random) -> None:
    """Add tickets with every fault, each several times, and note which they are."""
    numbers = iter(range(1_900_001, 2_000_000))

    def lives(problem: str | None, count: int) -> Iterable[Life]:
        for _ in range(count):
            life = Life(world, rng, next(numbers), days_left=60)
            if problem:
                world.faults[problem].add(life.id)
            yield life

    _unknown_people(lives)
    _broken_history(world, lives)
    _broken_targets(lives)
    _odd_comments(lives)
    _deleted(world, lives)
    _fresh(lives)
    _unanswered(lives)
    for schedule in (NO_INTERVALS, OVERLAPPING, BACKWARDS, NO_ZONE):
        for life in lives(None, 4):
            life.schedules = []
            world.add(
                "ticket_schedule",
                ticket_id=life.id,
                schedule_id=schedule,
                created_at=life.created,
            )
            life.live(steps=6)
            # half of them leave the bad calendar at some time
            if life.id % 2:
                world.add(
                    "ticket_schedule",
                    ticket_id=life.id,
                    schedule_id=6001,
                    created_at=life.created + timedelta(hours=30),
                )


def _unknown_people(lives: Lives) -> None:
    """Add tickets whose requester, author or group nobody knows."""
    for number, life in enumerate(lives("unknown_requester", 6)):
        life.requester = None if number % 3 == 0 else STRANGERS[number]
        life.submitter = (life.requester, life.agent)[number % 2]
        life.live(steps=7)
    for number, life in enumerate(lives("unknown_author", 6)):
        if number % 3 == 1:
            # the vendor's own machine writes as -1, which is no fault
            life.world.faults["unknown_author"].remove(life.id)
        life.open()
        for _ in range(2):
            life.wait(3000)
            life.comment((STRANGERS[7], -1, None)[number % 3])
            life.wait(3000)
            life.reply()
        life.write()
    for life in lives("unknown_group", 4):
        life.open()
        life.wait(60)
        life.group = 8999
        life.change("group_id", life.group)
        life.write()


def _broken_history(world: World, lives: Lives) -> None:
    """Add tickets whose history lacks, repeats or contradicts something."""
    for number, life in enumerate(lives("ticket_without_history", 8)):
        life.comment(life.requester)
        life.wait(4000)
        if number % 2:
            life.comment(life.agent)
        life.status = ("new", "open", "solved", "closed", "pending")[number % 5]
        life.policy = POLICIES[0]
        life.apply_policy()
        life.wait(90_000)
        life.write()
    for problem in ("history_without_ticket", "comment_without_ticket"):
        for life in lives(problem, 4):
            if problem.startswith("history"):
                life.change("status", "open")
                life.wait(600)
                life.change("assignee_id", AGENTS[0])
                life.change("first_reply_time", '{"minutes":5}')
            else:
                life.comment(life.requester)
    for number, life in enumerate(lives("changes_at_one_instant", 6)):
        life.open()
        life.wait(4000)
        pairs = (
            ("solved", "open"),
            ("hold", "pending"),
            ("closed", "waiting_for_parts"),
        )
        for status in pairs[number % 3]:
            life.change("status", status)
            life.status = status
        for agent in (AGENTS[5], AGENTS[2]):
            life.change("assignee_id", agent)
        life.assignee = AGENTS[5]
        # the last in the order of the life cycle is what the ticket says
        life.status = pairs[number % 3][0]
        life.write()
    for life in lives("unknown_status", 5):
        life.open()
        life.wait(4000)
        life.become(("awaiting_moon", "in_limbo")[life.id % 2])
        life.wait(9000)
        if life.id % 3:
            life.reply()
        life.write()
    for number, life in enumerate(lives("status_disagrees_with_history", 8)):
        life.live(steps=6)
        row = world.rows["ticket"][-1]
        solved = life.status in ("solved", "closed")
        row["status"] = "open" if solved else ("solved", "closed")[number % 2]
        before = row | {"status": life.status}
        world.was("ticket", before)


def _broken_targets(lives: Lives) -> None:
    """Add tickets with targets that nobody can read, some after one that is fine."""
    bad = (
        "not json",
        '{"minutes":',
        "[480]",
        '{"minutes":"soon","in_business_hours":true}',
        '{"in_business_hours":true}',
        "480",
    )
    for number, life in enumerate(lives("unreadable_sla_target", 8)):
        life.open()
        life.wait(60)
        for place, metric in enumerate(METRICS):
            life.change(metric, bad[(number + place) % len(bad)])
        for _ in range(4):
            life.wait()
            life.step()
        life.write()


def _odd_comments(lives: Lives) -> None:
    """Add comments before creation, and of both sides at one instant."""
    for number, life in enumerate(lives("comment_before_creation", 6)):
        life.submitter = life.requester
        life.now = life.created - timedelta(seconds=40 + number)
        life.comment((life.requester, life.agent)[number % 2])
        life.now = life.created
        life.live(steps=5)
    for life in lives(None, 5):
        life.open()
        for _ in range(3):
            life.wait(2000)
            life.comment(life.agent)
            life.comment(life.requester)
        life.write()


def _deleted(world: World, lives: Lives) -> None:
    """Add tickets that were deleted, and some that were restored."""
    for life in lives("deleted_ticket", 10):
        life.live(steps=6)
        row = world.rows["ticket"][-1]
        world.was("ticket", row)
        row["_fivetran_deleted"] = True
    for life in lives("restored", 5):
        life.live(steps=6)
        world.was("ticket", world.rows["ticket"][-1], _fivetran_deleted=True)


def _fresh(lives: Lives) -> None:
    """Add tickets of the last two hours, with targets near and far."""
    for number, life in enumerate(lives(None, 16)):
        life.created = life.now = AS_OF - timedelta(minutes=5 + 7 * number)
        life.open()
        minutes = (30, 60, 100, 480)[number % 4]
        business = ("true", "false")[number % 3 == 0]
        for metric in METRICS:
            life.now += timedelta(seconds=1)
            value = f'{{"minutes":{minutes},"in_business_hours":{business}}}'
            life.change(metric, value)
        if number % 3 == 2:
            life.now += timedelta(seconds=40)
            life.comment(life.agent)
            life.become(("open", "pending")[number % 2])
            life.now += timedelta(seconds=20)
            life.comment(life.requester)
        life.write()


def _unanswered(lives: Lives) -> None:
    """Add tickets that are solved over questions, with targets of every metric."""
    for number, life in enumerate(lives(None, 16)):
        life.schedules = [6001, 6005]
        life.open()
        life.wait(1000)
        life.target_rows(METRICS)
        life.wait(1000)
        life.comment(life.agent)
        for _ in range(3 + number % 4):
            life.wait(2000, 60_000)
            life.rng.choice(
                (life.ask, life.ask, lambda life=life: life.become("solved"))
            )()
        life.write()


# batches


def batches(world: World, count: int, seed: int = 1) -> list[Tables]:
    """Deal all rows out at random; a row's earlier versions come in earlier batches."""
    rng = random.Random(seed)
    dealt: list[Tables] = [defaultdict(list) for _ in range(count)]
    before: dict[tuple, list[Row]] = defaultdict(list)
    for table, rows in world.earlier.items():
        for row in rows:
            before[(table, *_key(table, row))].append(row)
    for table, rows in world.rows.items():
        for row in rows:
            old = before.get((table, *_key(table, row)), [])
            first = min(len(old), count - 1)
            at = rng.randrange(first, count)
            dealt[at][table].append(row)
            places = sorted(rng.sample(range(at), min(len(old), at)))
            for place, version in zip(places, old, strict=False):
                dealt[place][table].append(version)
    for batch in dealt:
        for rows in batch.values():
            rng.shuffle(rows)
    return dealt


def _key(table: str, row: Row) -> tuple:
    """Return the key of a row."""
    return tuple(row.get(name) for name in KEYS[table])
