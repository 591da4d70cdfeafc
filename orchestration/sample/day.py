"""One day in play: what every channel needs to tell its part of it."""

import numpy as np

from orchestration.sample import faults
from orchestration.sample.frames import (
    NULL,
    Frame,
    constant,
    keep_where,
    nothing,
    present,
    size,
    take,
)
from orchestration.sample.phrases import KINDS, objects
from orchestration.sample.world import (
    CHANNELS,
    DAY,
    World,
    choose_agents,
    offset,
    on_shift,
    random,
)

HIDDEN = ("_c", "_p", "_kept", "_old")
KIND = {name: place for place, name in enumerate(KINDS)}
CUSTOMER, AGENT, AUTO = 0, 1, 2
ROUNDS = 4


class Day:
    """The rows of one local day, table by table, and the faults among them."""

    def __init__(self, world: World, number: int) -> None:
        """Start the independent random stream of this day."""
        self.world = world
        self.number = number
        self.rng = random(world.args, 100, number)
        self.date = world.calendar.dates[number]
        self.stamp = f"{self.date:%y%m%d}"
        self.midnight = int(world.calendar.midnight[number])
        self.end = world.calendar.end
        self.shift = on_shift(world, number)
        self.plan = world.on(number)
        self.log = faults.Log()
        self.tables: dict[tuple[str, str], list[Frame]] = {}
        self.damaged: list[tuple[str, str, Frame, str]] = []
        self.contacts: list[Frame] = []
        self.handoffs: dict[int, list[Frame]] = {}

    def add(self, source: str, table: str, frame: Frame) -> None:
        """Put rows into a table; hidden columns get their ordinary values."""
        rows = size(frame)
        if not rows:
            return
        frame.setdefault("_c", np.full(rows, -1))
        frame.setdefault("_p", np.full(rows, -1))
        frame.setdefault("_kept", np.ones(rows, bool))
        frame.setdefault("_old", np.zeros(rows, bool))
        self.tables.setdefault((source, table), []).append(frame)

    def damage(self, source: str, table: str, frame: Frame, how: str) -> None:
        """Add lines that no reader can make sense of."""
        if size(frame):
            self.damaged.append((source, table, frame, how))
            key = next(iter(frame))
            self.log.note(source, table, frame[key], "unreadable")

    def sample(self, rows: int) -> np.ndarray:
        """Return the few rows that a fault strikes."""
        return np.flatnonzero(self.rng.random(rows) < faults.RATE)

    def exported(self, ended: np.ndarray, longest: int = 6 * 3600) -> np.ndarray:
        """Return when the source wrote rows that ended at these times."""
        lag = self.rng.integers(60, longest, len(ended))
        return np.minimum(ended + lag, np.maximum(self.end - 60, ended + 1))

    def of(self, channel: int) -> Frame:
        """Return the contacts of a channel: planned, handed over, tests."""
        planned = take(self.plan, self.plan["channel"] == channel)
        frame = {
            name: planned[name]
            for name in (
                "person",
                "start",
                "topic",
                "routed",
                "solved",
                "helped",
                "order",
            )
        }
        frame["bot"] = nothing(size(frame))
        for extra in self.handoffs.get(channel, []):
            frame = {n: np.concatenate([frame[n], extra[n]]) for n in frame}
        rows = size(frame)
        tests = np.flatnonzero(self.rng.random(rows) < faults.RATE)
        clones = take(frame, tests)
        clones["start"] = clones["start"] + self.rng.integers(300, 3000, len(tests))
        clones["bot"][:] = None
        frame = {n: np.concatenate([frame[n], clones[n]]) for n in frame}
        frame["test"] = np.arange(size(frame)) >= rows
        people = self.world.people
        frame["site"] = people["site"][frame["person"]]
        frame["language"] = people["language"][frame["person"]]
        frame["base"] = self.rng.integers(0, 1000, size(frame))
        frame["_p"] = np.where(frame["test"], -1, frame["person"])
        return frame

    def local(self, site: np.ndarray, instant: np.ndarray) -> np.ndarray:
        """Return local seconds since the midnight that began this day."""
        return instant + offset(site, instant) - self.midnight

    def agents(
        self, site: np.ndarray, instant: np.ndarray, skill: int, store: int = -1
    ) -> np.ndarray:
        """Return the id of an agent on shift for each contact."""
        chosen = np.zeros(len(site), np.int64)
        local = self.local(site, instant)
        for place in (0, 1):
            mask = site == place
            chosen[mask] = choose_agents(
                self.rng, self.world, self.shift, (place, skill, store), local[mask]
            )
        return self.world.agents["agent_id"][chosen]

    def unknown_agents(self, rows: int) -> np.ndarray:
        """Return agent ids that are in no list of agents."""
        return objects([f"A9{n:05d}" for n in self.rng.integers(0, 10**5, rows)])

    def own(self, contacts: Frame, column: str, share: float) -> np.ndarray:
        """Return an identifier of the person where it was given."""
        given = self.rng.random(size(contacts)) < share
        return keep_where(self.world.people[column][contacts["person"]], given)

    def say(self, contacts: Frame, at: np.ndarray, kind: str, turn: int) -> np.ndarray:
        """Return one text of a kind for the contacts at these places."""
        kinds = np.full(len(at), KIND[kind])
        return self.texts(contacts, at, kinds, np.full(len(at), turn))

    def texts(
        self, contacts: Frame, at: np.ndarray, kind: np.ndarray, turn: np.ndarray
    ) -> np.ndarray:
        """Return texts by kind and turn for the contacts at these places."""
        return self.world.book.say(
            kind,
            contacts["language"][at],
            contacts["topic"][at],
            contacts["base"][at] + turn,
            self.world.order_text(contacts["order"][at], contacts["base"][at]),
        )

    def tags(self, topic: np.ndarray) -> np.ndarray:
        """Return complaint, praise or nothing."""
        luck = self.rng.random(len(topic))
        complains = np.where(topic == 8, luck < 0.92, luck < 0.015)
        tag = np.where(luck > 0.96, "praise", None).astype(object)
        tag[complains] = "complaint"
        return tag

    def settled(self, contacts: Frame, known: float) -> np.ndarray:
        """Return whether the source says that the matter was settled."""
        said = self.rng.random(size(contacts)) < known
        return keep_where(contacts["solved"], said)

    def conclude(
        self,
        channel: int,
        source: str,
        contacts: Frame,
        ids: np.ndarray,
        kept: np.ndarray,
        columns: Frame,
    ) -> None:
        """Hand the day's contacts of one channel to surveys, tickets and the truth."""
        rows = size(contacts)
        person = contacts["_p"]
        names = self.world.people["person_id"]
        frame = {
            "source_name": constant(source, rows),
            "channel": constant(CHANNELS[channel], rows),
            "record_id": ids,
            "person_id": keep_where(names[person], person >= 0),
            "queue_name": nothing(rows),
            "agent_id": nothing(rows),
            "contact_phone": nothing(rows),
            "contact_email": nothing(rows),
            "direction": constant("inbound", rows),
            "csat_score": np.full(rows, NULL),
            "_channel": np.full(rows, channel),
            "_kept": kept & ~contacts["test"],
        }
        for name in ("topic", "solved", "order", "site", "language", "test", "base"):
            frame["_" + name] = contacts[name]
        frame["_person"] = contacts["person"]
        frame["_p"] = person
        self.contacts.append(frame | columns)


def known(agent: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Return agent ids with null in place of those nobody knows."""
    return keep_where(agent, ~unknown & present(agent))


def dialogue(
    rng: np.random.Generator,
    first: np.ndarray,
    auto: np.ndarray,
    reply: np.ndarray,
    limit: np.ndarray,
    pace: float,
    rounds: float,
    auto_kind: str,
) -> Frame:
    """Return the turns of conversations: an opening, a first reply, some rounds.

    `auto` and `reply` are null where nothing answers; no turn lies after `limit`.
    Hidden columns: `_c` the conversation, `_slot` its place, `side` and `kind`.
    """
    count = len(first)
    slots = 4 + 2 * ROUNDS + 1
    on = np.zeros((count, slots), bool)
    at = np.zeros((count, slots), np.int64)
    answered = reply != NULL
    at[:, 0], on[:, 0] = first, True
    at[:, 1], on[:, 1] = auto, auto != NULL
    at[:, 2] = first + rng.integers(6, 30, count)
    on[:, 2] = (rng.random(count) < 0.4) & (~answered | (at[:, 2] < reply))
    at[:, 3], on[:, 3] = reply, answered
    held = np.minimum(rng.poisson(rounds, count), ROUNDS)
    place = np.arange(2 * ROUNDS)
    on[:, 4:-1] = answered[:, None] & (place[None, :] < 2 * held[:, None])
    on[:, -1] = answered & (rng.random(count) < 0.6)
    pause = np.exp(rng.normal(np.log(pace), 0.6, (count, slots - 4)))
    pause = np.clip(pause, 3, 3000).astype(np.int64) * on[:, 4:]
    at[:, 4:] = np.where(answered, reply, 0)[:, None] + np.cumsum(pause, axis=1)
    on &= at <= limit[:, None]
    on[:, 0] = True
    side = np.array([CUSTOMER, AUTO, CUSTOMER, AGENT, *[CUSTOMER, AGENT] * ROUNDS, 0])
    names = ["ask", auto_kind, "more", "reply", *["more", "answer"] * ROUNDS, "end"]
    kind = np.array([KIND[name] for name in names])
    contact, slot = np.nonzero(on)
    return {
        "_c": contact,
        "_slot": slot,
        "side": side[slot],
        "kind": kind[slot],
        "sent": at[contact, slot],
    }


def last_sent(rows: int, talk: Frame) -> np.ndarray:
    """Return the time of the last turn of each conversation."""
    last = np.zeros(rows, np.int64)
    np.maximum.at(last, talk["_c"], talk["sent"])
    return last


def spell_phones(rng: np.random.Generator, phones: np.ndarray) -> np.ndarray:
    """Return phone numbers as people and systems write them."""
    styles = rng.integers(0, 8, len(phones)).tolist()
    return objects(
        [
            None if phone is None else _spell(phone, style)
            for phone, style in zip(phones.tolist(), styles, strict=True)
        ]
    )


def _spell(phone: str, style: int) -> str:
    """Return one spelling of an E.164 number, always readable in its own country."""
    if phone.startswith("+86"):
        return _spell_chinese(phone[3:], style)
    rest = phone[3:]
    if rest.startswith("20"):
        area, number = "020", f"{rest[2:6]} {rest[6:]}"
    else:
        area, number = "0" + rest[:4], rest[4:]
    spelled = (
        f"{area} {number}",
        f"0{rest}",
        phone,
        f"0044{rest}",
        f"+44 (0){rest}",
        f"({area}) {number}",
        f"+44 {area[1:]} {number}",
        f"{area}-{number}",
    )
    return spelled[style]


def _spell_chinese(rest: str, style: int) -> str:
    """Return one spelling of a Chinese number without its country code."""
    if rest.startswith("1"):
        parts, national = (rest[:3], rest[3:7], rest[7:]), rest
    else:
        parts, national = (rest[:2], rest[2:6], rest[6:]), "0" + rest
    own = ("0" + parts[0] if national != rest else parts[0], *parts[1:])
    spelled = (
        national,
        "-".join(own),
        "+86 " + " ".join(parts),
        "0086" + rest,
        "+86" + rest,
        "(+86)" + rest,
        " ".join(own),
        "".join(chr(ord(digit) + 0xFEE0) for digit in national),
    )
    return spelled[style]


def inside(limit: int, instant: np.ndarray) -> np.ndarray:
    """Tell which moments leave room for something that takes days."""
    return instant < limit - 3 * DAY


def mixed_case(rng: np.random.Generator, mails: np.ndarray) -> np.ndarray:
    """Return mail addresses as people type them."""
    style = rng.integers(0, 4, len(mails)).tolist()
    return objects(
        [
            mail if mail is None or how > 1 else (mail.upper(), mail.title())[how]
            for mail, how in zip(mails.tolist(), style, strict=True)
        ]
    )
