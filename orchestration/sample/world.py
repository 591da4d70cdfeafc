"""Who lives in the sample world, when, and which contacts they will make."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import chinese_calendar
import holidays
import numpy as np
from faker import Faker

from orchestration.sample.frames import (
    NULL,
    Frame,
    nothing,
    pick,
    present,
    take,
)
from orchestration.sample.phrases import TOPICS, Phrasebook, objects

SITES = ("cn", "uk")
CHANNELS = (
    "phone",
    "web_chat",
    "email",
    "app",
    "wechat",
    "social",
    "store",
    "bot",
)
PHONE, CHAT, EMAIL, APP, WECHAT, SOCIAL, STORE, BOT = range(8)
STORES = ("cn-sh01", "cn-bj01", "uk-ldn01")
SKILLS = ("voice", "digital", "email", "store")
DAY = 86_400
RATE = 0.0685
"""Contacts per person and day, so that 100,000 people make 5 million in two years."""
ORDER_RATE = 0.02

# share of each channel per site, in the order of CHANNELS
MIX = np.array(
    [
        [0.22, 0.12, 0.03, 0.16, 0.22, 0.05, 0.06, 0.14],
        [0.30, 0.18, 0.22, 0.06, 0.00, 0.07, 0.04, 0.13],
    ]
)
# local opening of each channel per site in hours: contacts begin inside it
OPEN = np.array(
    [
        [[8, 22], [8, 22], [0, 24], [8, 22], [8, 22], [8, 22], [10, 21], [0, 24]],
        [[8, 20], [8, 21], [0, 24], [8, 21], [8, 21], [8, 22], [9, 19], [0, 24]],
    ]
)
HOURS = np.array(
    [
        1,
        1,
        1,
        1,
        1,
        1,
        2,
        4,
        9,
        16,
        20,
        18,
        13,
        14,
        17,
        17,
        15,
        14,
        13,
        14,
        13,
        10,
        5,
        2,
    ]
)
WEEKDAYS = np.array(
    [[1.06, 1.0, 1.0, 1.0, 1.02, 0.86, 0.8], [1.15, 1.05, 1.0, 1.0, 0.98, 0.75, 0.55]]
)
TOPIC_WEIGHTS = np.array([0.2, 0.1, 0.09, 0.08, 0.08, 0.1, 0.12, 0.13, 0.04, 0.06])
SOLVED = np.array([0.86, 0.66, 0.82, 0.7, 0.6, 0.75, 0.84, 0.9, 0.4, 0.8])
"""How likely a contact on each topic is to settle the matter."""
SIMPLE = np.array([True, False, False, False, False, False, True, True, False, False])
"""The topics that are led to the bot."""
LED_TO_BOT = 0.9
"""Share of the other matters on the bot that change places with simple ones."""
BOT_GAP = 0.06
"""By how much less likely the bot is to settle a matter of the same topic."""


@dataclass(frozen=True)
class Arguments:
    """What a world is made from: the same arguments make the same world."""

    people: int
    days: int
    seed: int
    start: date


def random(args: Arguments, *stream: int) -> np.random.Generator:
    """Return the generator of one independent stream of this world."""
    return np.random.default_rng([args.seed, *stream])


def epoch(day: date) -> int:
    """Return midnight UTC of a date as epoch seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _last_sunday(year: int, month: int) -> int:
    """Return 01:00 UTC of the last Sunday, when British clocks change."""
    last = date(year, month, 31)
    return epoch(last - timedelta(days=(last.weekday() + 1) % 7)) + 3600


_CHANGES = np.array(
    sorted(_last_sunday(year, month) for year in range(1998, 2100) for month in (3, 10))
)


def offset(site: np.ndarray | int, instant: np.ndarray) -> np.ndarray:
    """Return the seconds by which local clocks are ahead of UTC at each instant."""
    summer = np.searchsorted(_CHANGES, instant, side="right") % 2 == 1
    return np.where(np.asarray(site) == 0, 8 * 3600, np.where(summer, 3600, 0))


def to_utc(site: np.ndarray | int, local: np.ndarray) -> np.ndarray:
    """Return the instant at which local clocks of the site show this time."""
    return local - offset(site, local - offset(site, local))


@dataclass
class Calendar:
    """The days of the world with their holidays and promotions."""

    args: Arguments
    dates: list[date] = field(init=False)
    midnight: np.ndarray = field(init=False)
    volume: np.ndarray = field(init=False)
    promotions: list[dict] = field(init=False)

    def __post_init__(self) -> None:
        """Work out how busy each day is on each site."""
        start = self.args.start
        self.dates = [start + timedelta(days=n) for n in range(self.args.days)]
        self.midnight = epoch(start) + DAY * np.arange(self.args.days, dtype=np.int64)
        self.promotions = _promotions(start, self.dates[-1])
        self.volume = np.array([_volume(day, self.promotions) for day in self.dates]).T

    @property
    def end(self) -> int:
        """Midnight UTC after the last day."""
        return int(self.midnight[-1]) + DAY


def _promotions(first: date, last: date) -> list[dict]:
    """Return every sale that touches the world."""
    yearly = (
        ("Winter sale", "all", 0.3, (1, 2), (1, 12)),
        ("年货节", "home", 0.2, (1, 20), (2, 8)),
        ("Valentine", "audio", 0.15, (2, 10), (2, 14)),
        ("三八节", "clothing", 0.2, (3, 4), (3, 8)),
        ("Easter weekend", "home", 0.15, (4, 2), (4, 6)),
        ("五一特惠", "all", 0.1, (4, 28), (5, 3)),
        ("618", "all", 0.25, (6, 1), (6, 18)),
        ("Summer clearance", "clothing", 0.4, (7, 15), (7, 31)),
        ("Back to school", "audio", 0.15, (8, 20), (9, 5)),
        ("国庆特惠", "all", 0.15, (10, 1), (10, 7)),
        ("双十一", "all", 0.3, (11, 1), (11, 11)),
        ("Black Friday", "all", 0.3, (11, 24), (11, 30)),
        ("双十二", "all", 0.2, (12, 10), (12, 12)),
        ("Boxing Day", "all", 0.35, (12, 26), (12, 31)),
    )
    rows = []
    for year in range(first.year, last.year + 1):
        for number, (name, line, rate, begins, ends) in enumerate(yearly, 1):
            row = {
                "promotion_id": f"PR{year}{number:02d}",
                "name": f"{name} {year}",
                "product_line": line,
                "discount_rate": rate,
                "starts_on": date(year, *begins),
                "ends_on": date(year, *ends),
            }
            if row["ends_on"] >= first and row["starts_on"] <= last:
                rows.append(row)
    return rows


def _volume(day: date, promotions: list[dict]) -> tuple[float, float]:
    """Return how busy a day is on each site, 1 being an ordinary Tuesday."""
    factors = [float(WEEKDAYS[site, day.weekday()]) for site in (0, 1)]
    if day in _HOLIDAYS[0]:
        factors[0] = 0.62
    elif _make_up_workday(day):
        factors[0] = 1.04
    if day in _HOLIDAYS[1]:
        factors[1] = 0.45
    if any(p["starts_on"] <= day <= p["ends_on"] for p in promotions):
        factors = [factor * 1.35 for factor in factors]
    return factors[0], factors[1]


_HOLIDAYS = (holidays.CN(), holidays.UK(subdiv="ENG"))


def _make_up_workday(day: date) -> bool:
    """Tell whether China works on this weekend day to make up for a holiday."""
    if day.weekday() < 5:
        return False
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        # the package knows a year only once its holidays are announced
        return False


_WORDS_LINE = (
    "lotus panda river cloud amber maple tiger star jade moon fox robin daisy otter "
    "acorn willow comet pepper ginger honey mango olive pixel rocket sunny breeze "
)
_WORDS = _WORDS_LINE.split()
_CN_MOBILE_LINE = (
    "130 131 132 133 135 136 137 138 139 150 151 152 157 158 159 176 177 178 180 "
    "181 182 183 185 186 187 188 189 198 199 "
)
_CN_MOBILE = _CN_MOBILE_LINE.split()
_UK_MOBILE_LINE = "7400 7425 7480 7512 7555 7590 7711 7720 7788 7801 7850 7890 7912 "
_UK_MOBILE = _UK_MOBILE_LINE.split()
_CITIES = (
    ("上海", "北京", "杭州", "广州", "成都", "武汉", "南京", "西安"),
    ("London", "Leeds", "Bristol", "Glasgow", "Cardiff", "York", "Bath", "Derby"),
)


@lru_cache(maxsize=2)
def _name_pools(seed: int) -> list[dict[str, np.ndarray]]:
    """Draw the pools of names and streets once; people index into them."""
    pools = []
    for locale in ("zh_CN", "en_GB"):
        fake = Faker(locale)
        fake.seed_instance(seed)
        pools.append(
            {
                "M": objects([_name(fake, "male") for _ in range(700)]),
                "F": objects([_name(fake, "female") for _ in range(700)]),
                "street": objects([fake.street_name() for _ in range(500)]),
                "postcode": objects([fake.postcode() for _ in range(400)]),
            }
        )
    return pools


def _name(fake: Faker, gender: str) -> str:
    """Return a full name without titles."""
    first = getattr(fake, f"first_name_{gender}")()
    if fake.current_country_code() == "CN":
        return fake.last_name() + first
    return f"{first} {fake.last_name()}"


def make_people(args: Arguments, calendar: Calendar) -> Frame:
    """Return one row per person with every identifier they own."""
    rng = random(args, 1)
    count = args.people
    number = np.arange(count)
    site = (rng.random(count) < 0.4).astype(np.int64)
    gender = np.where(rng.random(count) < 0.5, "M", "F").astype(object)
    pools = _name_pools(args.seed)
    people: Frame = {
        "person_id": objects([f"P{n:07d}" for n in range(count)]),
        "site": site,
        "language": np.where(rng.random(count) < 0.03, 1 - site, site),
        "gender": gender,
        "birth": rng.integers(-11_000, 13_500, count),
        "name": nothing(count),
        "street": nothing(count),
        "postcode": nothing(count),
        "city": nothing(count),
    }
    for place, names in enumerate(pools):
        for sex in ("M", "F"):
            mask = (site == place) & (gender == sex)
            people["name"][mask] = pick(names[sex], rng, int(mask.sum()))
        mask = site == place
        for column in ("street", "postcode"):
            people[column][mask] = pick(names[column], rng, int(mask.sum()))
        people["city"][mask] = pick(objects(list(_CITIES[place])), rng, int(mask.sum()))
    people |= _phones(rng, site, number)
    people |= _accounts(rng, site, number)
    people["weight"] = rng.gamma(0.45, 1.0, count) + 0.02
    people["favourite"] = _favourites(rng, people)
    people["registered"] = _registered(args, calendar)
    return people


def _phones(rng: np.random.Generator, site: np.ndarray, number: np.ndarray) -> Frame:
    """Return mobile and landline numbers in E.164; some families share one."""
    count = len(number)
    # multiplying by a number coprime to the range gives each person their own digits
    cn_digits = (number * 73_856_093 + int(rng.integers(10**8))) % 10**8
    uk_digits = (number * 611_953 + int(rng.integers(10**6))) % 10**6
    cn_block = rng.integers(0, len(_CN_MOBILE), count)
    uk_block = rng.integers(0, len(_UK_MOBILE), count)
    lines = rng.integers(10_000_000, 99_999_999, count)
    phone = [
        f"+44{_UK_MOBILE[b]}{u:06d}" if s else f"+86{_CN_MOBILE[a]}{c:08d}"
        for s, a, c, b, u in zip(
            site, cn_block, cn_digits, uk_block, uk_digits, strict=True
        )
    ]
    reserved = {"+8613800138000", "+8613900139000"}
    phone = [p[:-1] + "7" if p in reserved else p for p in phone]
    land = [
        f"+44207{n % 10**7:07d}" if s else f"+8621{50_000_000 + n % 10**7:08d}"
        for s, n in zip(site, lines.tolist(), strict=True)
    ]
    mobile, landline = objects(phone), objects(land)
    landline[rng.random(count) >= 0.1] = None
    # a relative's phone: the neighbour in the list if on the same site
    shares = (rng.random(count) < 0.06) & (number > 0) & (site == np.roll(site, 1))
    shares &= ~np.roll(shares, 1)
    mobile[shares] = np.roll(mobile, 1)[shares]
    return {"phone": mobile, "landline": landline}


def _accounts(rng: np.random.Generator, site: np.ndarray, number: np.ndarray) -> Frame:
    """Return mail addresses, accounts, devices, cards and handles."""
    count = len(number)
    word = rng.integers(0, len(_WORDS), (2, count))
    hosts = (("qq.com", "163.com", "126.com"), ("gmail.com", "outlook.com", "mail.uk"))
    host = rng.integers(0, 3, count)
    marks = rng.integers(16**7, 16**8, (6, count)).tolist()

    def own(share: float | np.ndarray, values: list[str]) -> np.ndarray:
        column = objects(values)
        column[rng.random(count) >= share] = None
        return column

    span = range(count)
    frame: Frame = {
        "email": own(
            0.7,
            [
                f"{_WORDS[word[0, n]]}.{_WORDS[word[1, n]]}{n}"
                f"@{hosts[site[n]][host[n]]}"
                for n in span
            ],
        ),
        "user_id": own(np.where(site == 0, 0.6, 0.35), [f"U{n:07d}" for n in span]),
        "device_id": objects([f"dev-{marks[0][n]:08x}{n:06x}" for n in span]),
        "openid_a": own(
            np.where(site == 0, 0.85, 0.03),
            [f"oA{marks[1][n]:08x}{n:06x}" for n in span],
        ),
        "openid_b": objects([f"oB{marks[2][n]:08x}{n:06x}" for n in span]),
        "unionid": objects([f"un{marks[3][n]:08x}{n:06x}" for n in span]),
        "handle": own(0.4, [f"{_WORDS[word[1, n]]}_{marks[4][n]:x}{n}" for n in span]),
        "cookie": objects([f"v{marks[5][n]:08x}{n:06x}" for n in span]),
        "devices": rng.integers(1, 4, count),
        "platform": rng.integers(0, 2, count),
        "card": own(0.35, [f"LC{n:08d}" for n in span]),
        "crm_id": own(0.78, [f"K{n:08d}" for n in span]),
    }
    frame["crm_twin_id"] = objects([f"K9{n:07d}" for n in span])
    frame["crm_twin_id"][rng.random(count) >= 0.03] = None
    frame["crm_twin_id"][~present(frame["crm_id"])] = None
    return frame


def _able(people: Frame) -> np.ndarray:
    """Tell which channels each person can use at all."""
    able = np.ones((len(people["site"]), len(CHANNELS)), dtype=bool)
    for channel, column in (
        (EMAIL, "email"),
        (APP, "user_id"),
        (WECHAT, "openid_a"),
        (SOCIAL, "handle"),
    ):
        able[:, channel] = present(people[column])
    return able


def _favourites(rng: np.random.Generator, people: Frame) -> np.ndarray:
    """Return the channel each person likes best among those they can use."""
    weight = MIX[people["site"]] * _able(people)
    total = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    return (rng.random(len(total))[:, None] > total).sum(axis=1).clip(0, 7)


@dataclass
class World:
    """Everything that is fixed before the first day is played."""

    args: Arguments
    calendar: Calendar
    people: Frame
    agents: Frame
    orders: Frame
    contacts: Frame
    first_contact: np.ndarray
    first_order: np.ndarray
    book: Phrasebook

    def on(self, day: int) -> Frame:
        """Return the contacts planned for one day."""
        span = slice(self.first_contact[day], self.first_contact[day + 1])
        return {
            name: column[span].astype(np.int64)
            for name, column in self.contacts.items()
        }

    def order_text(self, order: np.ndarray, base: np.ndarray) -> np.ndarray:
        """Return the order number to quote; without an order one of years ago."""
        quoted = np.where(order >= 0, order, 900_000_000 + base)
        return objects([order_number(n) for n in quoted.tolist()])


def order_number(index: int) -> str:
    """Return the number printed on an order."""
    return f"SO{index:09d}"


def make_world(args: Arguments) -> World:
    """Plan the whole world: people, agents, orders and contacts."""
    calendar = Calendar(args)
    people = make_people(args, calendar)
    orders = _orders(args, calendar, people)
    contacts = _contacts(args, calendar, people, orders)
    days = np.arange(args.days + 1)
    return World(
        args=args,
        calendar=calendar,
        people=people,
        agents=_agents(args, calendar),
        orders=orders,
        contacts=contacts,
        first_contact=np.searchsorted(contacts["day"], days),
        first_order=np.searchsorted(orders["day"], days),
        book=Phrasebook(),
    )


def _registered(args: Arguments, calendar: Calendar) -> np.ndarray:
    """Return when each person registered; a part of them during the world."""
    rng = random(args, 2)
    begin = int(calendar.midnight[0])
    before = begin - rng.integers(DAY, 1500 * DAY, args.people)
    during = begin + rng.integers(0, args.days * DAY, args.people)
    return np.where(rng.random(args.people) < 0.15, during, before)


def _weighted(
    rng: np.random.Generator, weight: np.ndarray, rows: int, members: np.ndarray
) -> np.ndarray:
    """Draw members in proportion to their weight."""
    total = np.cumsum(weight[members])
    place = np.searchsorted(total, rng.random(rows) * total[-1], side="right")
    return members[np.minimum(place, len(members) - 1)]


def _orders(args: Arguments, calendar: Calendar, people: Frame) -> Frame:
    """Return the orders of the whole world, by day."""
    rng = random(args, 3)
    parts: list[Frame] = []
    for site in (0, 1):
        members = np.flatnonzero((people["site"] == site) & present(people["crm_id"]))
        if not len(members):
            continue
        volume = calendar.volume[site] ** 1.6
        rows = int(rng.poisson(ORDER_RATE * len(members) * args.days))
        day = np.sort(_weighted(rng, volume, rows, np.arange(args.days)))
        local = calendar.midnight[day] + rng.integers(7 * 3600, 23 * 3600, rows)
        parts.append(
            {
                "day": day,
                "person": _weighted(rng, np.sqrt(people["weight"]), rows, members),
                "ordered": to_utc(site, local),
                "fate": rng.random(rows),
                "transit": rng.integers(20 * 3600, 70 * 3600, rows),
                "promised_days": rng.integers(3, 5, rows),
            }
        )
    orders = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    order = np.lexsort((orders["ordered"], orders["day"]))
    orders = take(orders, order)
    late = (orders["fate"] > 0.4) & (orders["fate"] < 0.52)
    orders["transit"] = orders["transit"] + np.where(late, 4 * DAY, 0)
    return orders


def order_fate(fate: np.ndarray) -> dict[str, np.ndarray]:
    """Read the one fate of an order: cancelled, returned, faulty, late, asked about."""
    return {
        "cancelled": fate < 0.03,
        "returned": (fate >= 0.03) & (fate < 0.13),
        "faulty": (fate >= 0.13) & (fate < 0.17),
        "late": (fate > 0.4) & (fate < 0.52),
        "asked": fate > 0.78,
    }


def _caused(
    rng: np.random.Generator, args: Arguments, calendar: Calendar, orders: Frame
) -> Frame:
    """Return the contacts that an order gives rise to."""
    fate = order_fate(orders["fate"])
    parts = []
    for name, topics, share, shift in (
        ("late", (1,), 0.6, 4 * DAY),
        ("returned", (2, 3), 0.75, 5 * DAY),
        ("faulty", (4,), 0.7, 4 * DAY),
        ("asked", (0,), 0.9, DAY),
    ):
        chosen = np.flatnonzero(fate[name] & (rng.random(len(fate[name])) < share))
        wait = shift + rng.integers(0, 2 * DAY, len(chosen))
        moment = orders["ordered"][chosen] + wait
        day = (moment - calendar.midnight[0]) // DAY
        inside = day < args.days
        topic = np.array(topics)[rng.integers(0, len(topics), len(chosen))]
        parts.append(
            {
                "day": day[inside],
                "person": orders["person"][chosen][inside],
                "topic": topic[inside],
                "order": chosen[inside],
            }
        )
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _baseline(
    rng: np.random.Generator,
    args: Arguments,
    calendar: Calendar,
    people: Frame,
    rows: int,
) -> Frame:
    """Return the contacts that people make of themselves."""
    parts = []
    for site in (0, 1):
        members = np.flatnonzero(people["site"] == site)
        if not len(members):
            continue
        share = int(rng.poisson(rows * len(members) / args.people))
        volume = calendar.volume[site]
        topics = _weighted(rng, TOPIC_WEIGHTS, share, np.arange(len(TOPICS)))
        parts.append(
            {
                "day": _weighted(rng, volume, share, np.arange(args.days)),
                "person": _weighted(rng, people["weight"], share, members),
                "topic": topics,
                "order": np.full(share, -1),
            }
        )
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _contacts(
    args: Arguments, calendar: Calendar, people: Frame, orders: Frame
) -> Frame:
    """Return every contact of the world, by day and moment.

    A person uses a channel at most once a day, and nobody rings twice from one
    phone on a day: the rules for joining messages and finding duplicates rest on it.
    """
    rng = random(args, 4)
    caused = _small(_caused(rng, args, calendar, orders))
    # repeats and dropped doubles change the total by about as much either way
    wanted = RATE * 0.86 * args.people * args.days - len(caused["day"])
    base = _small(_baseline(rng, args, calendar, people, max(int(wanted), 10)))
    plan = {name: np.concatenate([caused[name], base.pop(name)]) for name in caused}
    plan |= _small(_details(rng, people, plan))
    plan["origin"] = np.arange(len(plan["day"]), dtype=np.int32)
    plan["again"] = np.zeros(len(plan["day"]), bool)
    again = _small(_repeats(rng, args, plan))
    again["again"] = np.ones(len(again["day"]), bool)
    plan = {name: np.concatenate([plan[name], again[name]]) for name in plan}
    plan["start"] = _moments(rng, calendar, people, plan)
    plan = _once_a_day(people, plan)
    plan = _lead_to_bot(random(args, 6), plan)
    plan["order"] = _latest_orders(orders, plan).astype(np.int32)
    return take(plan, np.lexsort((plan["start"], plan["day"])))


def _small(plan: Frame) -> Frame:
    """Return a plan in small numbers: years of it stay in memory."""
    sizes = dict.fromkeys(("person", "order", "day", "origin"), np.int32)
    return {
        name: column.astype(sizes.get(name, np.int8)) for name, column in plan.items()
    }


def _details(rng: np.random.Generator, people: Frame, plan: Frame) -> Frame:
    """Choose channel and outcome of each contact."""
    rows = len(plan["day"])
    person = plan["person"]
    luck, site = rng.random(rows), people["site"][person]
    channel = np.zeros(rows, np.int64)
    for place in (0, 1):
        share = np.cumsum(MIX[place])[:-1]
        channel[site == place] = np.searchsorted(share, luck[site == place])
    favourite = rng.random(rows) < 0.45
    channel = np.where(favourite, people["favourite"][person], channel)
    able = _able(people)[person, channel]
    fallback = np.where(rng.random(rows) < 0.6, PHONE, CHAT)
    channel = np.where(able, channel, fallback)
    solved = rng.random(rows) < SOLVED[plan["topic"]]
    return {"channel": channel, "solved": solved.astype(np.int64)}


def _repeats(rng: np.random.Generator, args: Arguments, plan: Frame) -> Frame:
    """Return the second tries of people whose matter was not settled."""
    chance = np.where(plan["solved"] == 0, 0.45, 0.04)
    chosen = np.flatnonzero(rng.random(len(chance)) < chance)
    again = take(plan, chosen)
    again["day"] = again["day"] + rng.integers(1, 7, len(chosen))
    switch = rng.random(len(chosen)) < 0.5
    again["channel"] = np.where(switch, PHONE, again["channel"])
    again["solved"] = (rng.random(len(chosen)) < 0.75).astype(np.int64)
    return take(again, again["day"] < args.days)


def _moments(
    rng: np.random.Generator, calendar: Calendar, people: Frame, plan: Frame
) -> np.ndarray:
    """Return the instant each contact begins, inside the opening of its channel."""
    site = people["site"][plan["person"]]
    local = np.zeros(len(site), np.int64)
    for place in (0, 1):
        for channel in range(len(CHANNELS)):
            mask = (site == place) & (plan["channel"] == channel)
            first, last = OPEN[place, channel]
            hours = np.arange(first, last)
            hour = _weighted(rng, HOURS, int(mask.sum()), hours)
            local[mask] = hour * 3600 + rng.integers(0, 3600, len(hour))
    return to_utc(site, calendar.midnight[plan["day"]] + local)


def _once_a_day(people: Frame, plan: Frame) -> Frame:
    """Drop what would break the promise of one contact per key and day."""
    line = np.unique(people["phone"].astype(str), return_inverse=True)[1]
    shared = np.isin(plan["channel"], (PHONE, STORE))
    key = np.where(shared, line[plan["person"]], plan["person"])
    slot = plan["day"].astype(np.int64) * len(CHANNELS) + plan["channel"]
    stamp = slot * (len(line) + 1) + key
    first = np.unique(stamp, return_index=True)[1]
    return take(plan, np.sort(first))


def _lead_to_bot(rng: np.random.Generator, plan: Frame) -> Frame:
    """Give the bot simple matters, and let it settle fewer of each topic than people.

    Other matters on the bot change places with simple ones of people, and so do those
    of later contacts about them; what an order gave rise to stays. All else is as it
    was: who makes a contact where and when, how it is routed, what people settle.
    """
    origin, again = plan.pop("origin"), plan.pop("again")
    routed, helped = plan["topic"], plan["solved"]
    free, on_bot = (plan["order"] < 0) & ~again, plan["channel"] == BOT
    led = rng.random(len(free)) < LED_TO_BOT
    leaves = np.flatnonzero(free & on_bot & ~SIMPLE[routed] & led)
    comes = rng.permutation(np.flatnonzero(free & ~on_bot & SIMPLE[routed]))
    # people settle as many of the matters they get as they would have of such matters
    settles = rng.random(len(leaves)) < SOLVED[routed[leaves]]
    topic_of = np.full(origin.max(initial=0) + 1, -1)
    topic_of[origin[~again]] = routed[~again]
    for wanted in (0, 1):
        left, right = leaves[settles == wanted], comes[helped[comes] == wanted]
        count = min(len(left), len(right))
        left, right = left[:count], right[:count]
        topic_of[origin[left]] = routed[right]
        topic_of[origin[right]] = routed[left]
    known = topic_of[origin] >= 0
    topic = np.where(known, topic_of[origin], routed).astype(routed.dtype)
    solved = _settled(rng, topic, on_bot, helped)
    return plan | {
        "topic": topic,
        "routed": routed,
        "solved": solved,
        "helped": helped,
    }


def _settled(
    rng: np.random.Generator, topic: np.ndarray, on_bot: np.ndarray, helped: np.ndarray
) -> np.ndarray:
    """Return what is settled: on the bot a fixed number of points less of each topic.

    Which matters these are is drawn, how many is not.
    """
    solved, luck = helped.copy(), rng.random(len(helped))
    for number, expected in enumerate(SOLVED):
        bot = np.flatnonzero(on_bot & (topic == number))
        people = helped[~on_bot & (topic == number)]
        share = (people.mean() if len(people) else expected) - BOT_GAP
        # first what a person would settle too
        likely = bot[np.lexsort((luck[bot], -helped[bot]))]
        solved[bot] = 0
        solved[likely[: round(share * len(bot))]] = 1
    return solved


def _latest_orders(orders: Frame, plan: Frame) -> np.ndarray:
    """Return the order a contact is about: its cause, else the person's latest."""
    span = np.int64(2**33)
    by_person = np.lexsort((orders["ordered"], orders["person"]))
    keys = (
        orders["person"][by_person].astype(np.int64) * span
        + orders["ordered"][by_person]
    )
    if not len(keys):
        return plan["order"]
    found = (
        np.searchsorted(keys, plan["person"].astype(np.int64) * span + plan["start"])
        - 1
    )
    index = by_person[np.maximum(found, 0)]
    good = (found >= 0) & (orders["person"][index] == plan["person"])
    return np.where(plan["order"] >= 0, plan["order"], np.where(good, index, -1))


_TEAMS = (
    (("Shanghai Service", "own"), ("Chengdu Partner", "outsourced")),
    (("Leeds Service", "own"), ("Durban Partner", "outsourced")),
)


def _agents(args: Arguments, calendar: Calendar) -> Frame:
    """Return agents and shop clerks with team, skill and employment."""
    rng = random(args, 5)
    busy = RATE * args.people
    crew = {0: max(32, int(busy * 0.028)), 1: max(24, int(busy * 0.02))}
    rows = []
    for site, heads in crew.items():
        for n in range(heads):
            rows.append((site, (0, 0, 1, 1, 2)[n % 5] if site else n % 2, -1))
        if not site:
            # the Chinese site hardly has mail, yet somebody must answer it
            rows[-3:] = [(0, 2, -1)] * 3
    clerks = max(4, int(busy * 0.002))
    rows += [(int(s == 2), 3, s) for s in range(3) for _ in range(clerks)]
    count = len(rows)
    site, skill, store = (np.array(column) for column in zip(*rows, strict=True))
    partner = (rng.random(count) < 0.4) & (skill != 3)
    begin = (calendar.midnight[0] // DAY).astype(np.int64)
    newcomer = (rng.random(count) < 0.06) & (args.days > 20)
    leaver = (rng.random(count) < 0.05) & (args.days > 40) & ~newcomer
    hired = begin - rng.integers(30, 2500, count)
    hired = np.where(
        newcomer, begin + rng.integers(5, max(6, args.days // 2), count), hired
    )
    left = begin + args.days // 2 + rng.integers(0, max(args.days // 2, 1), count)
    pools = _name_pools(args.seed)
    names = [
        pools[s]["M" if g else "F"][n]
        for s, g, n in zip(
            site, rng.random(count) < 0.5, rng.integers(0, 700, count), strict=True
        )
    ]
    shops = ("Nanjing Road", "Wangfujing", "Oxford Street")
    teams = [
        (shops[p], "own") if k == 3 else _TEAMS[s][int(o)]
        for s, k, p, o in zip(site, skill, store, partner, strict=True)
    ]
    return {
        "agent_id": objects([f"A{100_001 + n}" for n in range(count)]),
        "name": objects(names),
        "site": site,
        "skill": skill,
        "store": store,
        "team": objects([team for team, _ in teams]),
        "team_kind": objects([kind for _, kind in teams]),
        "hired": hired,
        "left": np.where(leaver, left, NULL),
        "rota": rng.integers(0, 7, count),
    }


def on_shift(world: World, day: int) -> Frame:
    """Return who works on a day: index of the agent, local start and end of shift."""
    agents = world.agents
    today = int(world.calendar.midnight[day] // DAY)
    works = (today + agents["rota"]) % 7 < 5
    left = np.where(agents["left"] == NULL, 2**40, agents["left"])
    works &= (agents["hired"] <= today) & (today < left)
    # the last of each skill and site never rests, so that every line is staffed
    post = agents["site"] * 100 + agents["skill"] * 10 + agents["store"]
    staffed = np.isin(post, post[works])
    spare = ~staffed & (agents["hired"] <= today)
    agent = np.flatnonzero(works | spare)
    week = today // 7
    turn = (agent + week) % 3
    store = agents["store"][agent] >= 0
    start = np.where(store, 9.0, np.array([7.5, 10.5, 14.0])[turn])
    length = np.where(store, 12.0, np.array([8.5, 8.5, 9.0])[turn])
    return {
        "agent": agent,
        "starts": (start * 3600).astype(np.int64),
        "ends": ((start + length) * 3600).astype(np.int64),
    }


def choose_agents(
    rng: np.random.Generator,
    world: World,
    shift: Frame,
    post: tuple[int, int, int],
    local: np.ndarray,
) -> np.ndarray:
    """Return an agent of the post (site, skill, store) on shift at each local time."""
    site, skill, store = post
    agents = world.agents
    on = shift["agent"]
    match = (agents["site"][on] == site) & (agents["skill"][on] == skill)
    if store >= 0:
        match &= agents["store"][on] == store
    choice = np.flatnonzero(match)
    if not len(choice):
        choice = np.arange(len(on))
    drawn = choice[rng.integers(0, len(choice), len(local))]
    for _ in range(4):
        off = (shift["starts"][drawn] > local) | (shift["ends"][drawn] <= local)
        drawn[off] = choice[rng.integers(0, len(choice), int(off.sum()))]
    return on[drawn]
