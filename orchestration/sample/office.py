"""What the back office recorded: customers, orders, surveys, tickets, workforce."""

from datetime import date, timedelta

import numpy as np

from orchestration.sample import faults
from orchestration.sample.day import Day, mixed_case, spell_phones
from orchestration.sample.frames import (
    NULL,
    Frame,
    concat,
    constant,
    keep_where,
    lognormal,
    nothing,
    nulls,
    numbered,
    present,
    size,
    take,
)
from orchestration.sample.phrases import objects
from orchestration.sample.world import (
    DAY,
    SITES,
    SKILLS,
    on_shift,
    order_fate,
    order_number,
    random,
    to_utc,
)

SURVEYS = objects(["CSAT", "NPS", "CES"])
ASTRAY = ((0, 6, 7, 10, 50), (11, 12, 99, -1, 100), (0, 8, 9, 10, 70))
EXPERIMENTS = (("greeting_tone", ("warm", "plain")), ("callback_offer", ("on", "off")))
LINES = objects(["audio", "home", "clothing", "power"])
CARRIERS = (("SF", "YTO", "ZTO"), ("Royal Mail", "DPD", "Evri"))


def office(day: Day) -> Frame:
    """Play the day's back office; return the day's contacts with their scores."""
    contacts = concat(day.contacts)
    contacts = contacts | {"csat_score": contacts["csat_score"].copy()}
    _surveys(day, contacts)
    _tickets(day, contacts)
    _customers(day)
    _orders(day)
    _workforce(day)
    _states(day)
    _marketing(day)
    return contacts


def _surveys(day: Day, contacts: Frame) -> None:
    """Invite after some contacts; write answers and set the scores that count."""
    rng, rows = day.rng, size(contacts)
    ended = np.maximum(contacts["ended_at"], contacts["started_at"])
    sent = ended + rng.integers(300, 7200, rows)
    asked = (rng.random(rows) < 0.28) & ~contacts["_test"] & (sent < day.end - 3600)
    asked &= (contacts["is_handled"] == 1) | (contacts["_channel"] == 7)
    at = np.flatnonzero(asked)
    invited = take(contacts, at)
    count = len(at)
    kind = np.searchsorted([0.7, 0.88], rng.random(count), side="right")
    people = day.world.people
    reach = np.where(
        present(people["email"][invited["_person"]]),
        people["email"][invited["_person"]],
        people["phone"][invited["_person"]],
    )
    invitations = {
        "invitation_id": numbered("N", day.stamp, 0, count),
        "survey_type": SURVEYS[kind],
        "interaction_source": invited["source_name"],
        "interaction_ref": invited["record_id"],
        "recipient": reach,
        "sent_at": sent[at],
        "exported_at": day.exported(sent[at], 3 * 3600),
    }
    day.add("survey", "invitations", invitations)
    broken = take(invitations, day.sample(count))
    broken["invitation_id"] = numbered("N", day.stamp, count, size(broken))
    day.damage("survey", "invitations", broken, "fields")

    answered_at = sent[at] + lognormal(rng, 9000, 1.1, count, 3 * DAY)
    replies = (rng.random(count) < 0.42) & (answered_at < day.end - 3600)
    who = np.flatnonzero(replies)
    _answers(day, contacts, at[who], kind[who], invitations, who, answered_at[who])


def _answers(
    day: Day,
    contacts: Frame,
    at: np.ndarray,
    kind: np.ndarray,
    invitations: Frame,
    who: np.ndarray,
    answered_at: np.ndarray,
) -> None:
    """Write the answers of those who reply and set the scores that count."""
    rng, rows = day.rng, len(at)
    waited = np.maximum(contacts["first_response_seconds"][at], 0)
    mood = 4.6 - 1.7 * (1 - contacts["_solved"][at]) - 0.28 * np.log1p(waited / 300)
    mood = mood + rng.normal(0, 0.7, rows)
    score = np.select(
        [kind == 0, kind == 1],
        [np.clip(np.rint(mood), 1, 5), np.clip(np.rint(mood * 2 + 0.6), 0, 10)],
        np.clip(np.rint(mood * 1.4), 1, 7),
    ).astype(np.int64)
    everyone = np.ones(rows, bool)
    struck = faults.draw(rng, {"exact_duplicate": everyone, "out_of_scale": everyone})
    astray = np.array(ASTRAY)[kind, rng.integers(0, 5, rows)]
    score = np.where(struck["out_of_scale"], astray, score)
    comment = day.texts(
        {
            "language": contacts["_language"],
            "topic": contacts["_topic"],
            "base": contacts["_base"],
            "order": contacts["_order"],
        },
        at,
        np.where(mood > 3.4, 9, 10),
        np.zeros(rows, np.int64),
    )
    answers = {
        "answer_id": numbered("S", day.stamp, 0, rows),
        "invitation_id": invitations["invitation_id"][who],
        "score": score,
        "comment": keep_where(comment, rng.random(rows) < 0.3),
        "answered_at": answered_at,
        "exported_at": day.exported(answered_at, 3 * 3600),
        "_kept": ~struck["out_of_scale"],
        "_old": np.zeros(rows, bool),
    }
    same = faults.copies(answers, np.flatnonzero(struck["exact_duplicate"]))
    same["answer_id"] = numbered("S", day.stamp, rows, size(same))
    day.log.note("survey", "answers", same["answer_id"], "exact_duplicate")
    wrong = answers["answer_id"][struck["out_of_scale"]]
    day.log.note("survey", "answers", wrong, "out_of_scale")
    counts = (kind == 0) & answers["_kept"]
    contacts["csat_score"][at[counts]] = score[counts]
    day.add("survey", "answers", answers)
    day.add("survey", "answers", same)


# each step of a ticket's life: field, new value, author, public; in this order
STEPS = (
    ("status", "open", "agent", 1),
    ("assignee_id", None, "system", 0),
    ("comment", "reply", "agent", 1),
    ("comment", "note", "agent", 0),
    ("priority", "high", "agent", 0),
    ("status", "pending", "agent", 0),
    ("comment", "more", "customer", 1),
    ("status", "open", "system", 0),
    ("status", "hold", "agent", 0),
    ("status", "open", "agent", 0),
    ("comment", "answer", "agent", 1),
    ("status", "solved", "agent", 1),
    ("comment", "more", "customer", 1),
    ("status", "open", "system", 0),
    ("comment", "answer", "agent", 1),
    ("status", "solved", "agent", 1),
    ("status", "closed", "system", 0),
)
# chance of each step; steps with one letter come together
CHANCE = (
    *("", "", "", "note", "priority", "pending", "pending", "pending"),
    *("hold", "hold", "extra", "solved", "again", "again", "again", "again", "solved"),
)
ODDS = {
    "": 1.0,
    "note": 0.35,
    "priority": 0.1,
    "pending": 0.4,
    "hold": 0.14,
    "extra": 0.35,
    "solved": 0.93,
    "again": 0.09,
}
PAUSE = (900, 20, 1500, 600, 300, 900, 18_000, 5, 3600, 60_000, 5000, 4000)
PAUSES = np.array([*PAUSE, 40_000, 5, 6000, 3000, 4 * DAY])
RANKS = objects(["low", "normal", "high", "urgent"])


def _tickets(day: Day, contacts: Frame) -> None:
    """Open a ticket after a share of the contacts and let it live."""
    rng = day.rng
    chance = np.where(contacts["_solved"] == 0, 0.16, 0.04)
    opened = (rng.random(size(contacts)) < chance) & ~contacts["_test"]
    opened &= (contacts["_channel"] != 7) & (contacts["started_at"] < day.end - 7200)
    source = take(contacts, np.flatnonzero(opened))
    rows = size(source)
    if not rows:
        return
    created = source["started_at"] + rng.integers(60, 600, rows)
    ids = numbered("T", day.stamp, 0, rows)
    at, on = _life(rng, created, day.end - 120)
    agent = day.agents(source["_site"], source["started_at"], 1)
    rank = np.searchsorted([0.1, 0.85, 0.97], rng.random(rows), side="right")
    rank = np.where(on[:, 4], 1, rank)
    changes = _changes(day, source, ids, at, on, agent, rank)
    _ticket_rows(day, source, ids, created, at, on, agent, rank)
    day.add("helpdesk", "ticket_changes", changes)


def _life(
    rng: np.random.Generator, created: np.ndarray, limit: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return when each step of each ticket happens, and whether it does."""
    rows, steps = len(created), len(STEPS)
    luck = {name: rng.random(rows) < odds for name, odds in ODDS.items()}
    luck["again"] &= luck["solved"]
    on = np.stack([luck[name] for name in CHANCE], axis=1)
    pause = PAUSES[None, :] * np.exp(rng.normal(0, 0.5, (rows, steps)))
    pause = np.maximum(pause, 2).astype(np.int64) * on
    at = created[:, None] + np.cumsum(pause, axis=1)
    # what would come after the end of the world has not happened yet
    on &= at < limit
    return at, on


def _changes(
    day: Day,
    source: Frame,
    ids: np.ndarray,
    at: np.ndarray,
    on: np.ndarray,
    agent: np.ndarray,
    rank: np.ndarray,
) -> Frame:
    """Return the change log of the tickets."""
    ticket, step = np.nonzero(on)
    rows = len(ticket)
    names, values, authors, public = (
        np.array(column, dtype=object) for column in zip(*STEPS, strict=True)
    )
    field, new, author = names[step], values[step], authors[step]
    new[step == 1] = agent[ticket[step == 1]]
    old = nothing(rows)
    state = np.full(len(ids), "new", dtype=object)
    for turn in range(len(STEPS)):
        if names[turn] != "status":
            continue
        mask = step == turn
        old[mask] = state[ticket[mask]]
        state[ticket[mask]] = values[turn]
    old[step == 4] = RANKS[rank[ticket[step == 4]]]
    base = {
        "language": source["_language"],
        "topic": source["_topic"],
        "base": source["_base"],
        "order": source["_order"],
    }
    for word in ("reply", "note", "more", "answer"):
        mask = (field == "comment") & (new == word)
        new[mask] = day.say(base, ticket[mask], word, 3)
    person = day.world.people["person_id"][source["_person"]]
    writer = np.select(
        [author == "agent", author == "customer"], [agent[ticket], person[ticket]], None
    )
    changed = at[ticket, step]
    return {
        "change_id": numbered("H", day.stamp, 0, rows),
        "ticket_id": ids[ticket],
        "field": field,
        "old_value": old,
        "new_value": new,
        "author_type": author,
        "author_id": keep_where(writer, author == "agent"),
        "is_public": public[step].astype(np.int64),
        "changed_at": changed,
        "exported_at": day.exported(changed, 4 * 3600),
    }


def _ticket_rows(
    day: Day,
    source: Frame,
    ids: np.ndarray,
    created: np.ndarray,
    at: np.ndarray,
    on: np.ndarray,
    agent: np.ndarray,
    rank: np.ndarray,
) -> None:
    """Write the tickets in their latest state, some with an older version."""
    rng, rows = day.rng, len(ids)
    status = np.full(rows, "new", dtype=object)
    solved = nulls(rows)
    for turn, (field, value, _, _) in enumerate(STEPS):
        if field == "status":
            status[on[:, turn]] = value
            if value in ("open", "solved"):
                moment = at[:, turn] if value == "solved" else NULL
                solved = np.where(on[:, turn], moment, solved)
    updated = np.where(on, at, created[:, None]).max(axis=1)
    people, person = day.world.people, source["_person"]
    number = np.where(
        present(source["contact_phone"]),
        source["contact_phone"],
        day.own({"person": person}, "phone", 0.5),
    )
    base = {
        "language": source["_language"],
        "topic": source["_topic"],
        "base": source["_base"],
        "order": source["_order"],
    }
    every = np.arange(rows)
    group = objects(["cn support", "uk support"])[source["_site"]]
    kind = objects(["question", "problem", "incident", "task"])
    topics = objects(list(_topic_names()))
    tickets = {
        "ticket_id": ids,
        "requester_name": people["name"][person],
        "requester_email": mixed_case(rng, day.own({"person": person}, "email", 0.7)),
        "requester_phone": spell_phones(rng, number),
        "crm_customer_id": day.own({"person": person}, "crm_id", 0.6),
        "channel": source["channel"],
        "subject": day.say(base, every, "subject", 0),
        "description": day.say(base, every, "ask", 1),
        "status": status,
        "priority": RANKS[np.where(on[:, 4], 2, rank)],
        "ticket_type": kind[rng.integers(0, 4, rows)],
        "topic": topics[source["_topic"]],
        "group_name": group,
        "assignee_id": keep_where(agent, on[:, 1]),
        "interaction_source": source["source_name"],
        "interaction_ref": source["record_id"],
        "created_at": created,
        "updated_at": updated,
        "solved_at": solved,
        "_p": source["_p"],
        "_kept": np.ones(rows, bool),
        "_old": np.zeros(rows, bool),
    }
    tickets["exported_at"] = day.exported(updated, 4 * 3600)
    able = updated - created > 4 * 3600
    again = np.flatnonzero(faults.draw(rng, {"resent": able})["resent"])
    older = faults.copies(tickets, again)
    older["_old"][:] = True
    older["status"][:] = "new"
    older["solved_at"][:] = NULL
    older["assignee_id"][:] = None
    older["updated_at"] = older["created_at"].copy()
    older["exported_at"] = older["created_at"] + 1800
    day.log.note("helpdesk", "tickets", older["ticket_id"], "resent")
    day.add("helpdesk", "tickets", tickets)
    day.add("helpdesk", "tickets", older)


def _topic_names() -> tuple[str, ...]:
    """Return the topics as the help desk spells them."""
    from orchestration.sample.phrases import TOPICS

    return tuple(topic.lower().replace("_", " ") for topic in TOPICS)


def _customers(day: Day) -> None:
    """Write the customers who registered today; on the first day all before."""
    people = day.world.people
    registered = people["registered"]
    first = NULL if day.number == 0 else day.midnight
    today = (registered >= first) & (registered < day.midnight + DAY)
    who = np.flatnonzero(today & present(people["crm_id"]))
    twins = who[present(people["crm_twin_id"][who])]
    rng = day.rng
    person = np.concatenate([who, twins])
    rows = len(person)
    if not rows:
        return
    second = np.arange(rows) >= len(who)
    site = people["site"][person]
    gender = people["gender"][person]
    chinese = np.where(gender == "M", "男", "女").astype(object)
    gender = np.where((site == 0) & (rng.random(rows) < 0.6), chinese, gender)
    seen = {"person": person}
    lands = np.where(second, people["landline"][person], people["phone"][person])
    number = keep_where(lands, rng.random(rows) < 0.92)
    house = rng.integers(1, 300, rows)
    streets = people["street"][person]
    address = [
        f"{street}{no}号" if not place else f"{no} {street}"
        for street, no, place in zip(streets, house, site, strict=True)
    ]
    start = max(day.midnight, 0)
    frame = {
        "crm_customer_id": np.where(
            second, people["crm_twin_id"][person], people["crm_id"][person]
        ),
        "country": objects(["CN", "GB"])[site],
        "name": people["name"][person],
        "gender": keep_where(gender, rng.random(rows) < 0.9),
        "birth_date": keep_where(people["birth"][person], rng.random(rows) < 0.8),
        "phone": spell_phones(rng, number),
        "email": mixed_case(rng, day.own(seen, "email", 0.8)),
        "unionid": keep_where(day.own(seen, "unionid", 0.35), site == 0),
        "address": objects(address),
        "city": people["city"][person],
        "postcode": people["postcode"][person],
        "loyalty_card": day.own(seen, "card", 0.95),
        "registered_at": np.where(
            second & (registered[person] > start),
            registered[person] + 60,
            registered[person],
        ),
        "_p": person,
        "_kept": np.ones(rows, bool),
        "_old": np.zeros(rows, bool),
        "_site": site,
    }
    written = np.maximum(frame["registered_at"], start)
    frame["exported_at"] = day.exported(written, 4 * 3600)
    able = np.full(rows, day.number < len(day.world.calendar.dates) - 4)
    again = np.flatnonzero(faults.draw(rng, {"resent": able})["resent"])
    older = faults.resend(rng, frame, again, day.end)
    older["phone"][:] = None
    older["address"][:] = None
    day.log.note("crm", "customers", older["crm_customer_id"], "resent")
    day.add("crm", "customers", frame)
    day.add("crm", "customers", older)


def _orders(day: Day) -> None:
    """Write the orders placed today, as they stood when last exported."""
    world, rng = day.world, day.rng
    index = np.arange(world.first_order[day.number], world.first_order[day.number + 1])
    rows = len(index)
    if not rows:
        return
    plan = take(world.orders, index)
    fate = order_fate(plan["fate"])
    site = world.people["site"][plan["person"]]
    placed = plan["ordered"]
    shipped = placed + np.minimum(plan["transit"] // 3, 20 * 3600)
    delivered = placed + plan["transit"]
    returned = delivered + 3 * DAY
    limit = day.end - 1800
    cancelled = fate["cancelled"]
    line = rng.integers(0, 4, rows)
    steps = (
        ("paid", placed + 300, ~cancelled),
        ("shipped", shipped, ~cancelled),
        ("delivered", delivered, ~cancelled),
        ("returned", returned, fate["returned"]),
        ("cancelled", placed + 7200, cancelled),
    )
    status, settled = np.full(rows, "placed", dtype=object), placed.copy()
    for name, moment, able in steps:
        reached = able & (moment < limit)
        status[reached] = name
        settled = np.where(reached, moment, settled)
    amount = np.round(np.exp(rng.normal(np.where(site == 0, 5.2, 3.6), 0.8)), 2)
    ids = objects([order_number(n) for n in index.tolist()])
    orders = {
        "order_id": ids,
        "crm_customer_id": world.people["crm_id"][plan["person"]],
        "sales_channel": objects(["web", "app", "mini_program", "store"])[
            rng.integers(0, 4, rows)
        ],
        "product_line": LINES[line],
        "quantity": 1 + rng.poisson(0.4, rows),
        "amount": np.rint(amount * 100).astype(np.int64),
        "currency": objects(["CNY", "GBP"])[site],
        "status": status,
        "promotion_id": _promotion(day, LINES[line]),
        "ordered_at": placed,
        "_kept": np.ones(rows, bool),
        "_old": np.zeros(rows, bool),
    }
    orders["exported_at"] = day.exported(settled, 4 * 3600)
    away = ~cancelled & (shipped < limit)
    arrived = delivered < limit
    reached = np.where(arrived, delivered, shipped)
    deliveries = {
        "delivery_id": objects([f"D{n:09d}" for n in index.tolist()]),
        "order_id": ids,
        "carrier": objects([*CARRIERS[0], *CARRIERS[1]])[
            site * 3 + rng.integers(0, 3, rows)
        ],
        "status": np.where(arrived, "delivered", "in_transit").astype(object),
        "promised_date": placed // DAY + plan["promised_days"],
        "shipped_at": shipped,
        "delivered_at": np.where(arrived, delivered, NULL),
        "exported_at": day.exported(reached, 4 * 3600),
        "_kept": np.ones(rows, bool),
        "_old": np.zeros(rows, bool),
    }
    _with_older(day, "orders", orders, status == "delivered", placed + 900, "paid")
    deliveries = take(deliveries, away)
    done = deliveries["delivered_at"] != NULL
    on_way = deliveries["shipped_at"] + 900
    _with_older(day, "deliveries", deliveries, done, on_way, "in_transit")


def _with_older(
    day: Day, table: str, frame: Frame, able: np.ndarray, at: np.ndarray, status: str
) -> None:
    """Write rows of the shop system and the older versions of some."""
    if not size(frame):
        return
    again = np.flatnonzero(faults.draw(day.rng, {"resent": able})["resent"])
    older = faults.copies(frame, again)
    older["_old"][:] = True
    older["status"][:] = status
    older["exported_at"] = at[again]
    if "delivered_at" in older:
        older["delivered_at"][:] = NULL
    day.log.note("crm", table, next(iter(older.values())), "resent")
    day.add("crm", table, frame)
    day.add("crm", table, older)


def _promotion(day: Day, line: np.ndarray) -> np.ndarray:
    """Return the sale that an order of each product line falls under."""
    found = nothing(len(line))
    for sale in day.world.calendar.promotions:
        if sale["starts_on"] <= day.date <= sale["ends_on"]:
            found[(line == sale["product_line"]) | (sale["product_line"] == "all")] = (
                sale["promotion_id"]
            )
    return found


def _agent_rows(day: Day, index: np.ndarray, exported: int) -> Frame:
    """Return rows of the agent list."""
    agents = take(day.world.agents, index)
    mail = [f"{key.lower()}@frontdesk.example" for key in agents["agent_id"]]
    skills = ("voice,chat", "chat,app,wechat,social", "email", "store")
    return {
        "agent_id": agents["agent_id"],
        "name": agents["name"],
        "email": objects(mail),
        "team": agents["team"],
        "team_kind": agents["team_kind"],
        "site": objects(list(SITES))[agents["site"]],
        "time_zone": objects(["Asia/Shanghai", "Europe/London"])[agents["site"]],
        "skills": objects(list(skills))[agents["skill"]],
        "hired_on": agents["hired"],
        "left_on": nulls(len(index)),
        "exported_at": np.full(len(index), exported),
        "_kept": np.ones(len(index), bool),
        "_old": np.zeros(len(index), bool),
    }


def _workforce(day: Day) -> None:
    """Write agents as they come, change and go, and each month's shifts."""
    agents = day.world.agents
    today, first = day.midnight // DAY, day.world.calendar.midnight[0] // DAY
    morning = day.midnight + 1800
    days = len(day.world.calendar.dates)
    # two rows of the first list are put right on the second day
    mended = np.array([3, len(agents["hired"]) - 2]) if days > 2 else np.array([], int)
    leaves = (agents["left"] != NULL) & (agents["left"] < first + days)
    leaves[mended] = False
    new = agents["hired"] == today if day.number else agents["hired"] <= today
    joins = _agent_rows(day, np.flatnonzero(new), morning)
    if day.number == 0:
        joins["skills"][np.isin(np.flatnonzero(new), mended)] = "trainee"
        old = np.isin(
            np.flatnonzero(new), np.concatenate([mended, np.flatnonzero(leaves)])
        )
        joins["_old"], joins["_kept"] = old, ~old
        day.log.note("workforce", "agents", joins["agent_id"][old], "resent")
    day.add("workforce", "agents", joins)
    if day.number == 1:
        day.add("workforce", "agents", _agent_rows(day, mended, morning))
    gone = _agent_rows(day, np.flatnonzero(leaves & (agents["left"] == today)), morning)
    gone["left_on"][:] = today
    day.add("workforce", "agents", gone)
    if day.number == 0 or day.date.day == 1:
        _shifts(day, morning)


def _shifts(day: Day, exported: int) -> None:
    """Write the shifts of the rest of the month, in local time."""
    world = day.world
    given = 0
    for number in range(day.number, len(world.calendar.dates)):
        if world.calendar.dates[number].month != day.date.month:
            break
        shift = on_shift(world, number)
        agents = take(world.agents, shift["agent"])
        rows = len(agents["site"])
        midnight = int(world.calendar.midnight[number])
        day.add(
            "workforce",
            "shifts",
            {
                "shift_id": numbered("X", day.stamp, given, rows),
                "agent_id": agents["agent_id"],
                "shift_date": np.full(rows, midnight // DAY),
                "starts_at": to_utc(agents["site"], midnight + shift["starts"]),
                "ends_at": to_utc(agents["site"], midnight + shift["ends"]),
                "paid_minutes": (shift["ends"] - shift["starts"]) // 60 - 30,
                "activity": objects(list(SKILLS))[agents["skill"]],
                "exported_at": np.full(rows, exported),
                "_site": agents["site"],
            },
        )
        given += rows


def _states(day: Day) -> None:
    """Write what each agent on shift did: by their calls, or in plausible blocks."""
    world, shift = day.world, day.shift
    site = world.agents["site"][shift["agent"]]
    skill = world.agents["skill"][shift["agent"]]
    begins = to_utc(site, day.midnight + shift["starts"])
    ends = to_utc(site, day.midnight + shift["ends"])
    voice = np.flatnonzero(skill == 0)
    other = np.flatnonzero(skill != 0)
    parts = [
        _call_states(day, voice, begins, ends),
        _block_states(day, other, begins, ends),
    ]
    frame = concat(parts)
    rows = size(frame)
    place = frame.pop("place")
    frame = {
        "state_id": numbered("Z", day.stamp, 0, rows),
        "agent_id": world.agents["agent_id"][shift["agent"][place]],
        **frame,
        "exported_at": day.exported(ends, 2 * 3600)[place],
        "_site": site[place],
        "_kept": np.ones(rows, bool),
        "_old": np.zeros(rows, bool),
    }
    names = objects(["voice", "chat", "email", "store"])
    busy = np.isin(frame["state"], ("handling", "after_work"))
    frame["channel"] = keep_where(names[skill[place]], busy)
    hit = day.sample(rows)
    before = frame["started_at"][hit] - day.rng.integers(1, 900, len(hit))
    frame["ended_at"][hit] = before
    frame["_kept"][hit] = False
    day.log.note(
        "workforce", "agent_states", frame["state_id"][hit], "ends_before_start"
    )
    day.add("workforce", "agent_states", frame)


def _call_states(
    day: Day, voice: np.ndarray, begins: np.ndarray, ends: np.ndarray
) -> Frame:
    """Return the states of voice agents: calls, the work after them, and between."""
    names = day.world.agents["agent_id"][day.shift["agent"][voice]]
    parts = day.tables.get(("phone", "call_segments"), [])
    empty = {"agent_id": objects([]), "answered_at": nulls(0)}
    empty |= {"ended_at": nulls(0), "acw_secs": nulls(0)}
    calls = concat([{n: part[n] for n in empty} for part in parts]) if parts else empty
    calls = take(calls, calls["answered_at"] != NULL)
    order = np.argsort(names)
    found = np.searchsorted(names[order], calls["agent_id"])
    found = np.minimum(found, len(order) - 1)
    own = names[order][found] == calls["agent_id"]
    owner = order[found][own]
    calls = take(calls, own)
    sort = np.lexsort((calls["answered_at"], owner))
    owner, calls = owner[sort], take(calls, sort)
    # one number line per agent keeps a running maximum from crossing over
    lane = owner.astype(np.int64) * 10 * DAY - day.midnight
    finish = np.maximum.accumulate(calls["ended_at"] + lane) - lane
    before = np.concatenate([[NULL], finish[:-1]])
    fresh = np.concatenate([[True], owner[1:] != owner[:-1]])[: len(owner)]
    before = before[: len(owner)]
    start = np.where(
        fresh, calls["answered_at"], np.maximum(calls["answered_at"], before)
    )
    end = np.maximum(finish, start)
    after = np.concatenate([start[1:], start[:0]])
    final = np.concatenate([owner[1:] != owner[:-1], [True]])[: len(owner)]
    upto = np.full(len(owner), 0)
    upto[:-1] = after[: len(owner) - 1]
    place = voice[owner] if len(owner) else np.array([], int)
    upto = np.where(final, np.maximum(ends[place], end), upto)
    rest = np.minimum(end + calls["acw_secs"], upto)
    opening = np.array([begins[v] for v in voice], np.int64)
    first = np.array([ends[v] for v in voice], np.int64)
    if len(owner):
        first[owner[fresh]] = np.maximum(start[fresh], opening[owner[fresh]])
    idle = upto - rest
    pause = np.where((idle > 1800) & (rest % 3 == 0), "break", "available")
    states = concat(
        [
            _state(voice, "available", opening, first),
            _state(place, "handling", start, end),
            _state(place, "after_work", end, rest),
            _state(place, pause.astype(object), rest, upto),
        ]
    )
    return _ordered(states)


def _state(
    place: np.ndarray, state: str | np.ndarray, start: np.ndarray, end: np.ndarray
) -> Frame:
    """Return rows of one state."""
    column = constant(state, len(place)) if isinstance(state, str) else state
    return {
        "place": place,
        "state": column,
        "channel": nothing(len(place)),
        "started_at": start,
        "ended_at": end,
    }


def _ordered(states: Frame) -> Frame:
    """Return states that last, by agent and time."""
    states = take(states, states["ended_at"] > states["started_at"])
    return take(states, np.lexsort((states["started_at"], states["place"])))


def _block_states(
    day: Day, other: np.ndarray, begins: np.ndarray, ends: np.ndarray
) -> Frame:
    """Return the states of agents whose work overlaps: blocks with a break."""
    rng, rows, blocks = day.rng, len(other), 36
    cycle = ["available", "handling"] * 6 + ["after_work", "break"] + ["handling"]
    cycle = (cycle + ["available", "handling", "after_work", "handling"] * 6)[:blocks]
    cuts = np.sort(rng.random((rows, blocks - 1)), axis=1)
    edge = np.concatenate([np.zeros((rows, 1)), cuts, np.ones((rows, 1))], axis=1)
    length = (ends - begins)[other]
    at = begins[other][:, None] + (edge * length[:, None]).astype(np.int64)
    state = np.tile(np.array(cycle, dtype=object), (rows, 1))
    state[rng.random(rows) < 0.08, 3] = "training"
    place = np.repeat(other, blocks)
    return _ordered(_state(place, state.ravel(), at[:, :-1].ravel(), at[:, 1:].ravel()))


def _marketing(day: Day) -> None:
    """Write sales two weeks ahead and the groups of experiments."""
    calendar = day.world.calendar
    first: date = calendar.dates[0]
    sales = [
        sale
        for sale in calendar.promotions
        if max(first, sale["starts_on"] - timedelta(days=14)) == day.date
    ]
    if sales:
        rows = len(sales)
        frame: Frame = {
            name: objects([sale[name] for sale in sales])
            for name in ("promotion_id", "name", "product_line")
        }
        frame["discount_rate"] = np.array([sale["discount_rate"] for sale in sales])
        for name in ("starts_on", "ends_on"):
            days = [(sale[name] - date(1970, 1, 1)).days for sale in sales]
            frame[name] = np.array(days, np.int64)
        frame["exported_at"] = np.full(rows, day.midnight + 3600)
        day.add("marketing", "promotions", frame)
    for number, (name, variants) in enumerate(EXPERIMENTS):
        if day.number == number * (len(calendar.dates) // 3):
            _assign(day, number, name, variants)


def _assign(day: Day, number: int, name: str, variants: tuple[str, ...]) -> None:
    """Put a share of today's customers into the groups of an experiment."""
    rng = random(day.world.args, 6, number)
    people = day.world.people
    known = present(people["crm_id"]) & (people["registered"] < day.midnight)
    who = np.flatnonzero(known & (rng.random(len(known)) < 0.4))
    rows = len(who)
    assigned = day.midnight + rng.integers(0, DAY // 2, rows)
    day.add(
        "marketing",
        "experiment_assignments",
        {
            "assignment_id": numbered(f"Y{number}", day.stamp, 0, rows),
            "experiment": constant(name, rows),
            "variant": objects(list(variants))[rng.integers(0, len(variants), rows)],
            "crm_customer_id": people["crm_id"][who],
            "assigned_at": assigned,
            "exported_at": day.exported(assigned, 3600),
        },
    )
