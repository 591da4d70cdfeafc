"""A made-up company's people files, with the truth of who made each record.

Nine channels know the same persons by different identifiers, spelled as people and
machines spell them. Families share phones and mailboxes, numbers change hands, relay
numbers and switchboards hide many callers; each such trap is named on the record.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from orchestration.bench import people_names as names
from orchestration.bench.people_truth import Owners, Row, Verdict, judge

COLUMNS = names.words("""
record_id channel occurred_at batch lang name gender birth_date phone email cookie_id
user_id device_id openid openid_app unionid social_platform social_handle loyalty_card
crm_customer_id address city postcode
""")
TRUTH_COLUMNS = names.words("""
record_id person_id component scored batch channel hazards
""")
ZH_PREFIXES = names.words("""
130 131 133 134 135 136 137 138 139 150 151 155 158 159 176 177 186 187 188 189
""")
SHAPES = {"plain": 72, "zero": 4, "plus": 4, "cc": 4, "spaces": 3, "full": 4} | {
    "dash": 4,
    "wide": 3,
    "short": 3,
}
"""How systems write a phone number, and how many of a hundred do."""
START = datetime(2024, 1, 1)
DAYS = 728
ALPHABET = "0123456789abcdefghijkmnpqrstuvwxyz"
PLACEHOLDER_PHONES = ("13800138000", "11111111111", "0400000000", "12345678")
PLACEHOLDER_BIRTHS = ("1900-01-01", "1900-01-01", "2000-01-01", "1970-01-01")
MAIL = {"qq.com": 28, "gmail.com": 24, "163.com": 17, "outlook.com": 12} | {
    "126.com": 8,
    "hotmail.com": 6,
    "icloud.com": 5,
}
APPS = {"wx_mini": 58, "wx_oa": 27, "wx_mall": 8}
PLATFORMS = {
    "zh": ("douyin", "xiaohongshu", "weibo"),
    "en": ("instagram", "facebook", "x", "tiktok"),
}


@dataclass(frozen=True)
class Rates:
    """How often what happens: of persons, of records, of chances to do so."""

    # of the households, how many have one, two, ... members
    households: tuple[float, ...] = (0.62, 0.19, 0.11, 0.05, 0.03)
    # of family members after the first
    shared_phone: float = 0.34
    shared_email: float = 0.075
    shared_card: float = 0.17
    shared_cookie: float = 0.17
    twin: float = 0.04
    # of persons
    recycled_phone: float = 0.017
    secondhand_device: float = 0.003
    second_phone: float = 0.2
    second_email: float = 0.08
    test_call: float = 0.015
    # of records of the channel
    privacy_number: float = 0.046
    switchboard: float = 0.06
    landline: float = 0.06
    placeholder: float = 0.016
    placeholder_birth: float = 0.066
    crm_duplicate: float = 0.18
    # of records with a name, where the language has it
    title: float = 0.135
    pinyin: float = 0.075
    homophone: float = 0.046
    typo_name: float = 0.14
    nickname: float = 0.135
    initial: float = 0.035
    swapped: float = 0.055
    # of values a person types
    typo_phone: float = 0.055
    typo_email: float = 0.004
    typo_birth: float = 0.004
    # of what could be filled in, how much is
    filled: float = 1.0


HARDNESS = {
    "normal": Rates(),
    "hard": Rates(
        households=(0.45, 0.25, 0.16, 0.08, 0.06),
        shared_phone=0.5,
        shared_email=0.15,
        shared_card=0.27,
        shared_cookie=0.27,
        twin=0.08,
        recycled_phone=0.04,
        secondhand_device=0.02,
        second_phone=0.3,
        second_email=0.14,
        test_call=0.02,
        privacy_number=0.1,
        switchboard=0.1,
        landline=0.08,
        placeholder=0.035,
        placeholder_birth=0.1,
        crm_duplicate=0.28,
        title=0.2,
        pinyin=0.14,
        homophone=0.09,
        typo_name=0.22,
        nickname=0.2,
        initial=0.06,
        swapped=0.08,
        typo_phone=0.1,
        typo_email=0.012,
        typo_birth=0.02,
        filled=0.85,
    ),
}
"""Rates by hardness; `hard` has more of each trap and fewer identifiers."""


@dataclass(frozen=True)
class Plan:
    """What world to make; the same plan makes the same world."""

    people: int = 400
    seed: int = 3
    hardness: str = "normal"
    language: str = "mixed"
    batches: int = 6
    series: int = 1
    """The number of the world among several; no two share a key of a record."""


@dataclass
class World:
    """Records in the order of their time, and the truth of each."""

    plan: Plan
    rows: list[Row]
    owners: Owners

    def truth(self, until: int | None = None) -> list[Verdict]:
        """Return the truth as the batches up to `until` let it be seen."""
        seen = [row for row in self.rows if until is None or row.batch <= until]
        return judge(seen, self.owners)


@dataclass
class _Number:
    """A phone number and when its bearer has it."""

    value: str
    since: datetime = datetime.min
    until: datetime = datetime.max


@dataclass
class _Person:
    """One person and all that belongs to them."""

    index: int
    language: str
    gender: str
    family: str
    given: str
    birth: date
    household: "_Household"
    phones: list[_Number] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    accounts: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    openids: dict[str, str] = field(default_factory=dict)
    unionid: str = ""
    handle: tuple[str, str] = ("", "")
    card: str = ""

    @property
    def id(self) -> str:
        """Return the key of the person in the truth."""
        return f"P{self.index:06d}"


@dataclass
class _Household:
    """Where people live together."""

    city: str
    address: str
    postcode: str
    landline: str
    members: list[_Person] = field(default_factory=list)


def make(plan: Plan, taken: set[str] | None = None) -> World:
    """Make the world of a plan.

    Worlds that share `taken` have no phone, mailbox, account or card in common.
    """
    return _Maker(plan, set() if taken is None else taken).world()


def write(world: World, folder: Path) -> None:
    """Write records.csv, truth.csv and the truth as seen from each first batches."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(folder / "records.csv", COLUMNS, [row.record for row in world.rows])
    for until in range(1, world.plan.batches):
        _write_truth(folder / f"truth_b{until}.csv", world.truth(until))
    _write_truth(folder / "truth.csv", world.truth())


def _write_truth(path: Path, verdicts: Sequence[Verdict]) -> None:
    rows = [
        {
            "record_id": verdict.record_id,
            "person_id": verdict.person_id,
            "component": verdict.component,
            "scored": int(verdict.scored),
            "batch": verdict.batch,
            "channel": verdict.channel,
            "hazards": "|".join(sorted(verdict.hazards)),
        }
        for verdict in verdicts
    ]
    _write_csv(path, TRUTH_COLUMNS, rows)


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[dict]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class _Maker:
    """Makes persons first, then what each of them leaves behind."""

    def __init__(self, plan: Plan, taken: set[str]) -> None:
        self.plan = plan
        self.chance = Random(f"{plan.seed} {plan.hardness} {plan.language}")
        self.rates = HARDNESS[plan.hardness]
        self.owners = Owners()
        self.people: list[_Person] = []
        self.rows: list[Row] = []
        self.taken = taken
        pool = max(4, plan.people // 250)
        self.relays = [
            self._fresh(lambda: f"170{self._digits(8)}") for _ in range(pool)
        ]
        self.switchboards = [
            self._fresh(lambda: self._landline("zh", "上海市"))
            for _ in range(pool // 2)
        ]

    def world(self) -> World:
        """Make everything, in the order of time."""
        while len(self.people) < self.plan.people:
            self._add_household(self.plan.people - len(self.people))
        self._hand_numbers_on()
        self._hand_devices_on()
        self._note_owners()
        for person in self.people:
            self._live(person)
        self._test_calls()
        return World(self.plan, self._numbered(), self.owners)

    # chances

    def _happens(self, rate: float) -> bool:
        return self.chance.random() < rate

    def _filled(self, rate: float) -> bool:
        return self._happens(rate * self.rates.filled)

    def _digits(self, count: int) -> str:
        return "".join(self.chance.choices("0123456789", k=count))

    def _token(self, count: int) -> str:
        return "".join(self.chance.choices(ALPHABET, k=count))

    def _fresh(self, draw: Callable[[], str]) -> str:
        """Return a value nobody else has."""
        while (value := draw()) in self.taken:
            pass
        self.taken.add(value)
        return value

    # persons

    def _language(self) -> str:
        if self.plan.language != "mixed":
            return self.plan.language
        return "zh" if self._happens(0.68) else "en"

    def _add_household(self, room: int) -> None:
        sizes = range(1, len(self.rates.households) + 1)
        size = min(room, self.chance.choices(sizes, self.rates.households)[0])
        language = self._language()
        household = self._home(language)
        for _ in range(size):
            self._add_person(household, language)
        for member in household.members[1:]:
            self._share(household, member)

    def _home(self, language: str) -> _Household:
        chance = self.chance
        if language == "zh":
            city = chance.choice(list(names.ZH_CITIES))
            area = chance.choice(names.ZH_CITIES[city][1].split())
            address = (
                f"{city}{area}{chance.choice(names.ZH_ROADS)}{chance.randint(1, 399)}号"
                f"{chance.choice(names.ZH_ESTATES)}{chance.randint(1, 30)}栋"
                f"{chance.randint(1, 33)}{chance.randint(1, 5):02d}室"
            )
            postcode = f"0{chance.randint(100, 850):03d}00"
        else:
            city = chance.choice(list(names.EN_CITIES))
            code, suburbs = names.EN_CITIES[city]
            unit = f"Unit {chance.randint(1, 40)}, " if self._happens(0.4) else ""
            kind = chance.choice(list(names.EN_KINDS))
            address = (
                f"{unit}{chance.randint(1, 260)} {chance.choice(names.EN_STREETS)}"
                f" {kind}, {chance.choice(suburbs.split())}"
            )
            postcode = f"{code * 100 + chance.randint(0, 99)}"
        landline = self._fresh(lambda: self._landline(language, city))
        return _Household(city, address, postcode, landline)

    def _landline(self, language: str, city: str) -> str:
        if language == "zh":
            return (
                names.ZH_CITIES[city][0]
                + f"{self.chance.randint(2, 8)}"
                + (self._digits(7))
            )
        return f"0{self.chance.choice('2378')}{self.chance.randint(4, 9)}" + (
            self._digits(7)
        )

    def _mobile(self, language: str) -> str:
        if language == "en":
            return self._fresh(lambda: f"04{self._digits(8)}")
        return self._fresh(lambda: self.chance.choice(ZH_PREFIXES) + self._digits(8))

    def _add_person(self, household: _Household, language: str) -> None:
        chance = self.chance
        members = household.members
        family = names.surname(chance, language)
        if members and (language == "en" or self._happens(0.6)):
            family = chance.choice(members).family
        gender = chance.choice("FM")
        birth = date(1950, 1, 1) + timedelta(days=chance.randrange(62 * 365))
        given = names.given(chance, language, gender)
        if len(members) > 1 and self._happens(2.5 * self.rates.twin):
            other = members[-1]
            family, gender, birth = other.family, other.gender, other.birth
            given = self._twin_name(other)
        while any(other.given == given for other in members):
            given = names.given(chance, language, gender)
        person = _Person(
            len(self.people), language, gender, family, given, birth, household
        )
        members.append(person)
        self.people.append(person)
        self._equip(person)

    def _twin_name(self, other: _Person) -> str:
        given = names.given(self.chance, other.language, other.gender)
        if other.language == "zh" and self._happens(0.7):
            return other.given[0] + given[-1]
        return given

    def _equip(self, person: _Person) -> None:
        """Give a person what only they have."""
        zh = person.language == "zh"
        count = 2 if self._happens(self.rates.second_phone) else 1
        person.phones = [_Number(self._mobile(person.language)) for _ in range(count)]
        if self._happens(0.8):
            count = 2 if self._happens(self.rates.second_email) else 1
            person.emails = [self._address(person) for _ in range(count)]
        count = 0 if self._happens(0.25) else 2 if self._happens(0.14) else 1
        devices = [f"dev-{self._token(16)}" for _ in range(2)]
        for _ in range(count):
            device = devices[0] if self._happens(0.8) else devices[1]
            user = self._fresh(lambda: f"u{self.chance.randint(10**9, 10**10 - 1)}")
            person.accounts.append((user, device))
        count = 2 if self._happens(0.2) else 1
        person.cookies = [f"ck_{self._token(16)}" for _ in range(count)]
        if self._happens(0.46):
            person.card = self._fresh(lambda: f"VIP{self._digits(9)}")
        if zh:
            person.unionid = f"oU_{self._token(24)}"
            apps = self.chance.choices(list(APPS), list(APPS.values()), k=2)
            for app in apps if self._happens(0.25) else apps[:1]:
                person.openids[app] = f"oP_{self._token(24)}"
        first = names.SURNAME_READING[person.family] if zh else person.given.lower()
        person.handle = (
            self.chance.choice(PLATFORMS[person.language]),
            self._fresh(lambda: names.ascii_only(first) + self._token(4)),
        )

    def _address(self, person: _Person) -> str:
        return self._fresh(lambda: self._mailbox(person))

    def _mailbox(self, person: _Person) -> str:
        chance = self.chance
        domain = chance.choices(list(MAIL), list(MAIL.values()))[0]
        if person.language == "zh":
            if domain == "qq.com" and self._happens(0.6):
                return f"{chance.randrange(10**8, 10**13)}@qq.com"
            local = "".join(names.reading(person.family, person.given))
        else:
            parts = (person.given.lower(), person.family.lower())
            local = names.ascii_only(chance.choice((".", "_", "")).join(parts))
        year = person.birth.year if self._happens(0.3) else chance.randint(1950, 2004)
        tails = ("", year, f"{year % 100:02d}", chance.randint(0, 999))
        return f"{local}{chance.choices(tails, (25, 20, 30, 25))[0]}@{domain}"

    def _share(self, household: _Household, member: _Person) -> None:
        """Let a member use what another of the household has."""
        others = [one for one in household.members if one.index < member.index]
        if self._happens(self.rates.shared_phone):
            member.phones = [self.chance.choice(others).phones[0]]
        mailed = [one for one in others if one.emails]
        if mailed and self._happens(self.rates.shared_email):
            member.emails = [self.chance.choice(mailed).emails[0]]
        carded = [one for one in others if one.card]
        if carded and self._happens(self.rates.shared_card):
            member.card = self.chance.choice(carded).card
        if self._happens(self.rates.shared_cookie):
            member.cookies = [self.chance.choice(others).cookies[0]]

    def _strangers(
        self, rate: float, among: list[_Person]
    ) -> Iterator[tuple[_Person, _Person]]:
        """Pair strangers of one language, `rate` couples for each person."""
        wanted = round(rate * len(self.people))
        waiting: dict[str, _Person] = {}
        for person in self.chance.sample(among, len(among)):
            other = waiting.pop(person.language, None)
            if not wanted:
                return
            if other is None or other.household is person.household:
                waiting[person.language] = person
                continue
            wanted -= 1
            yield other, person

    def _hand_numbers_on(self) -> None:
        """Some numbers go back to the operator and come to somebody else."""
        bearers = Counter(person.phones[0].value for person in self.people)
        alone = [one for one in self.people if bearers[one.phones[0].value] == 1]
        for first, second in self._strangers(self.rates.recycled_phone, alone):
            former, own = first.phones[0], second.phones[0]
            former.until = START + timedelta(days=self.chance.randint(180, 540))
            own.until = former.until + timedelta(days=self.chance.randint(30, 120))
            first.phones.insert(
                0, _Number(self._mobile(first.language), since=former.until)
            )
            second.phones.insert(0, _Number(former.value, since=own.until))
            self.owners.tag(("phone", former.value), "recycled_phone")

    def _hand_devices_on(self) -> None:
        holders = [one for one in self.people if one.accounts]
        for first, second in self._strangers(self.rates.secondhand_device, holders):
            device = first.accounts[0][1]
            second.accounts = [(user, device) for user, _ in second.accounts]
            self.owners.tag(("device", device), "secondhand_device")

    def _note_owners(self) -> None:
        """Note what belongs to whom: two owners make a value contested."""
        for person in self.people:
            for number in person.phones:
                self.owners.add(("phone", number.value), person.id, "family_phone")
            for email in person.emails:
                self.owners.add(("email", email), person.id, "shared_email")
            if person.card:
                self.owners.add(("card", person.card), person.id, "shared_card")
            for cookie in person.cookies:
                self.owners.add(("cookie", cookie), person.id, "shared_cookie")
            if len(person.household.members) > 1:
                self.owners.tag(("phone", person.household.landline), "family_phone")
        for number in self.relays:
            self.owners.tag(("phone", number), "privacy_number")
        for number in self.switchboards:
            self.owners.tag(("phone", number), "switchboard")
        for number in PLACEHOLDER_PHONES:
            self.owners.tag(("phone", number), "placeholder")

    # records

    def _live(self, person: _Person) -> None:
        """Let a person leave records on each channel they use."""
        before = len(self.rows)
        while len(self.rows) == before:
            _Trail(self, person).leave()

    def _test_calls(self) -> None:
        for index in range(round(self.rates.test_call * self.plan.people)):
            row = Row(f"TEST{index:05d}", {"channel": "call", "lang": "zh"})
            row.record["name"] = self.chance.choice(("测试", "test", "test", ""))
            row.record["phone"] = self.chance.choice(
                ("13800138000", "10086", "11111111111")
            )
            row.hazards.add("test_call")
            row.moment = self.moment()
            self.rows.append(row)

    def moment(self) -> datetime:
        """Return a moment in opening hours."""
        return START + timedelta(
            days=self.chance.randrange(DAYS),
            hours=self.chance.randint(8, 21),
            minutes=self.chance.randrange(60),
        )

    def _numbered(self) -> list[Row]:
        """Return the rows by time, with keys that say nothing."""
        keys = self.chance.sample(range(9 * len(self.rows)), len(self.rows))
        length = -(-DAYS // self.plan.batches)
        for index, (row, key) in enumerate(zip(self.rows, keys, strict=True)):
            row.index = index
            row.batch = 1 + (row.moment - START).days // length
            row.record["record_id"] = f"R{self.plan.series:02d}{key:07d}"
            row.record["occurred_at"] = f"{row.moment:%Y-%m-%d %H:%M:%S}"
            row.record["batch"] = str(row.batch)
        return sorted(self.rows, key=lambda row: (row.moment, row.index))


class _Trail:
    """What one person leaves on the channels."""

    def __init__(self, maker: _Maker, person: _Person) -> None:
        self.maker = maker
        self.person = person
        self.rates = maker.rates
        self.chance = maker.chance
        self.happens = maker._happens
        self.filled = maker._filled

    def leave(self) -> None:
        """Draw the number of records of each channel and write them."""
        zh = self.person.language == "zh"
        for _ in range(self._count(0.72, 0.0)):
            self._crm(duplicate=False)
            if self.happens(self.rates.crm_duplicate):
                self._crm(duplicate=True)
        for account in self.person.accounts:
            self._account(account)
            for _ in range(self._count(0.27, 0.17)):
                self._app(account)
        for rate, more, record in (
            (0.62, 0.35, self._call),
            (0.37, 0.26, self._store),
            (0.37, 0.27, self._email),
            (0.30, 0.18, self._webchat),
            (0.27 if zh else 0.0, 0.27, self._wechat),
            (0.028, 0.15, self._social),
        ):
            for _ in range(self._count(rate, more)):
                record()

    def _count(self, rate: float, more: float) -> int:
        count = int(self.happens(rate))
        while count and self.happens(more):
            count += 1
        return count

    def _row(self, channel: str) -> Row:
        row = Row(self.person.id, {"channel": channel, "lang": self.person.language})
        row.moment = self.maker.moment()
        self.maker.rows.append(row)
        return row

    # channels

    def _crm(self, *, duplicate: bool) -> None:
        person, row = self.person, self._row("crm")
        if duplicate:
            row.hazards.add("crm_duplicate")
        self._name(row, title=0.2)
        if self.filled(0.81):
            row.record["gender"] = (
                person.gender
                if person.language == "en"
                else {"F": "女", "M": "男"}[person.gender]
            )
        if self.filled(0.763):
            self._birth(row)
        if self.filled(0.86):
            self._phone(row, typed=True)
        if self.filled(0.84):
            self._mail(row, typed=True)
        if self.filled(0.56):
            self._card(row)
        row.record["crm_customer_id"] = f"C{self.chance.randint(10**7, 10**8 - 1)}"
        row.keys.append(("crm", row.record["crm_customer_id"]))
        if person.household and self.filled(0.772):
            self._home(row)
        if self.happens(0.9):
            row.record["city"] = person.household.city

    def _account(self, account: tuple[str, str]) -> None:
        row = self._row("app_account")
        if self.filled(0.39):
            self._name(row)
        if self.filled(0.836):
            self._phone(row)
        if self.filled(0.45):
            self._mail(row)
        self._user(row, account)
        if self.person.unionid and self.filled(0.26):
            self._unionid(row)

    def _app(self, account: tuple[str, str]) -> None:
        row = self._row("app")
        self._user(row, account)
        if self.happens(0.06):
            row.record["user_id"] = ""
            row.keys.clear()

    def _user(self, row: Row, account: tuple[str, str]) -> None:
        user, device = account
        if self.happens(0.1):
            device = f"dev-{self.maker._token(16)}"
        row.record |= {"user_id": user, "device_id": device}
        row.keys.append(("user", user))
        row.hazards |= self.maker.owners.reasons(("device", device))

    def _call(self) -> None:
        row = self._row("call")
        zh = self.person.language == "zh"
        if self.filled(0.36):
            self._name(row)
        if self.happens(self.rates.privacy_number):
            self._put_phone(row, self.chance.choice(self.maker.relays), plain=True)
        elif zh and self.happens(self.rates.switchboard):
            number = self.chance.choice(self.maker.switchboards)
            self._put_phone(row, number, plain=True)
        elif self.happens(self.rates.landline):
            self._put_phone(row, self.person.household.landline)
        elif self.happens(0.975):
            self._phone(row)
        elif self.happens(0.5):
            row.record["phone"] = self.chance.choice(("anonymous", "未知号码"))
        if self.happens(0.03):
            self._known_crm(row)

    def _known_crm(self, row: Row) -> None:
        """Let an agent note the customer's number, when there is one."""
        for other in reversed(self.maker.rows[:-1]):
            if other.person_id != self.person.id:
                return
            if number := other.record.get("crm_customer_id"):
                row.record["crm_customer_id"] = number
                row.keys.append(("crm", number))
                return

    def _store(self) -> None:
        row = self._row("store")
        self._name(row)
        if self.filled(0.784):
            self._phone(row, typed=True)
        if self.filled(0.78):
            self._card(row)
        row.record["city"] = self.person.household.city

    def _email(self) -> None:
        if not self.person.emails:
            return
        row = self._row("email")
        if self.filled(0.7):
            self._name(row, title=1.1)
        if self.filled(0.245):
            self._phone(row, typed=True)
        self._mail(row)

    def _webchat(self) -> None:
        row = self._row("webchat")
        if self.filled(0.382):
            self._name(row)
        if self.filled(0.208):
            self._phone(row, typed=True)
        if self.filled(0.16):
            self._mail(row)
        cookie = self.chance.choice(self.person.cookies)
        row.record["cookie_id"] = cookie
        self._key(row, "cookie", cookie)
        if self.person.accounts and self.filled(0.3):
            user = self.chance.choice(self.person.accounts)[0]
            row.record["user_id"] = user
            row.keys.append(("user", user))

    def _wechat(self) -> None:
        row = self._row("wechat")
        app = self.chance.choice(list(self.person.openids))
        row.record |= {"openid": self.person.openids[app], "openid_app": app}
        row.keys.append(("openid", row.record["openid"]))
        if self.happens(0.53):
            self._handle_name(row)
        if self.filled(0.25):
            self._phone(row)
        if self.filled(0.58):
            self._unionid(row)

    def _social(self) -> None:
        row = self._row("social")
        platform, handle = self.person.handle
        row.record |= {"social_platform": platform, "social_handle": handle}
        row.keys.append(("handle", f"{platform} {handle}"))
        if self.filled(0.46):
            self._name(row)
        if self.filled(0.23):
            self._phone(row)

    # values

    def _key(self, row: Row, kind: str, value: str) -> None:
        row.keys.append((kind, value))
        row.hazards |= self.maker.owners.reasons((kind, value))

    def _unionid(self, row: Row) -> None:
        row.record["unionid"] = self.person.unionid
        row.keys.append(("unionid", self.person.unionid))

    def _card(self, row: Row) -> None:
        if self.person.card:
            row.record["loyalty_card"] = self.person.card
            self._key(row, "card", self.person.card)

    def _birth(self, row: Row) -> None:
        birth = self.person.birth
        if self.happens(self.rates.placeholder_birth):
            row.record["birth_date"] = self.chance.choice(PLACEHOLDER_BIRTHS)
            return
        if self.happens(self.rates.typo_birth):
            birth += timedelta(days=self.chance.choice((-365, -30, -1, 1, 10, 365)))
        row.record["birth_date"] = birth.isoformat()
        row.birth = birth.isoformat()

    def _phone(self, row: Row, *, typed: bool = False) -> None:
        """Put down the number the person has at the time."""
        if typed and self.happens(self.rates.placeholder):
            number = self.chance.choice(PLACEHOLDER_PHONES)
            row.record["phone"] = number
            row.hazards.add("placeholder")
            return
        numbers = [
            number
            for number in self.person.phones
            if number.since <= row.moment < number.until
        ]
        if not numbers:
            return
        second = len(numbers) > 1 and self.happens(0.3)
        number = numbers[1 if second else 0].value
        if typed and self.happens(self.rates.typo_phone):
            row.hazards |= self.maker.owners.reasons(("phone", number))
            row.hazards.add("typo_phone")
            place = self.chance.randrange(3, len(number))
            wrong = str((int(number[place]) + self.chance.randint(1, 9)) % 10)
            self._put_phone(row, number[:place] + wrong + number[place + 1 :])
        else:
            self._put_phone(row, number)

    def _put_phone(self, row: Row, number: str, *, plain: bool = False) -> None:
        if not plain and self.happens(0.008) and number[0] == "1":
            # a mask says too little to join by
            row.record["phone"] = f"{number[:3]}****{number[-4:]}"
            row.hazards |= self.maker.owners.reasons(("phone", number))
            return
        row.record["phone"] = number if plain else self._spelled(number)
        self._key(row, "phone", number)

    def _spelled(self, number: str) -> str:
        """Return the number as this or that system writes it."""
        shape = self.chance.choices(list(SHAPES), list(SHAPES.values()))[0]
        if number.startswith("0"):
            bare, code = number[1:], "61" if number.startswith("04") else "86"
            if len(number) == 10:
                code = "61"
            grouped = f"{bare[:3]} {bare[3:6]} {bare[6:]}"
            local = f"0{grouped}"
        else:
            bare, code = number, "86"
            grouped = f"{number[:3]} {number[3:7]} {number[7:]}"
            local = f"{number[:3]}-{number[3:7]}-{number[7:]}"
        return {
            "plain": number,
            "zero": f"0{bare}",
            "plus": f"+{code}{bare}",
            "cc": f"00{code}{bare}",
            "spaces": f" {number} ",
            "full": f"+{code} {grouped}",
            "dash": local,
            "wide": number.translate(WIDE) if code == "86" else local,
            "short": f"{code}{bare}",
        }[shape]

    def _mail(self, row: Row, *, typed: bool = False) -> None:
        if not self.person.emails:
            return
        emails = self.person.emails
        email = emails[-1 if len(emails) > 1 and self.happens(0.35) else 0]
        if typed and self.happens(self.rates.typo_email):
            row.hazards |= self.maker.owners.reasons(("email", email))
            slips = (email + ".", email.replace(".com", ".con"), email[1:])
            row.record["email"] = self.chance.choice(slips)
            return
        spelling = self.chance.choices(
            (email, email.upper(), email.capitalize(), f" {email}"), (92, 2.2, 3.5, 2.3)
        )[0]
        row.record["email"] = spelling
        self._key(row, "email", email)

    def _home(self, row: Row) -> None:
        home = self.person.household
        address, shape = home.address, self.chance.random()
        row.record["postcode"] = home.postcode
        if self.person.language == "zh":
            if shape < 0.07:
                address = address.replace("栋", "幢").removesuffix("室")
            elif shape < 0.13:
                address = address.replace("市", "", 1)
            elif shape < 0.17:
                address = address.removeprefix(home.city)
        elif shape < 0.13:
            for long, short in names.EN_KINDS.items():
                address = address.replace(f"{long},", f"{short},")
            if shape < 0.06:
                address = address.replace("Unit ", "U")
        elif shape < 0.15:
            address = names.slip(self.chance, address)
        row.record["address"] = row.address = address

    # names

    def _name(self, row: Row, *, title: float = 1.0) -> None:
        """Put down the name in one of its spellings."""
        if self.person.language == "zh":
            self._chinese(row, title * self.rates.title)
        else:
            self._english(row, title * self.rates.title * 0.35)
        if self._is_twin():
            row.hazards.add("twin")

    def _is_twin(self) -> bool:
        return any(
            other is not self.person and other.birth == self.person.birth
            for other in self.person.household.members
        )

    def _chinese(self, row: Row, title: float) -> None:
        chance, rates = self.chance, self.rates
        family, given = self.person.family, self.person.given
        shape = chance.random()
        if shape < title:
            row.hazards.add("title_name")
            row.name_kind = "partial"
            gender = {"F": "女", "M": "男"}[self.person.gender]
            row.record["name"] = (
                family + "*" * len(given)
                if self.happens(0.35)
                else family + chance.choice(names.ZH_TITLES[gender])
            )
            return
        if shape < title + rates.pinyin:
            row.hazards.add("pinyin_name")
            row.name_kind = "reading"
            first, last = names.reading(family, given)
            row.record["name"] = chance.choice(
                (f"{first}{last}", f"{first} {last}", f"{last} {first}".title())
            )
            return
        row.name_kind = "full"
        if self.happens(rates.homophone):
            row.hazards.add("homophone_name")
            given = names.homophone(chance, given)
        gap = chance.choices(("", "\u3000", " "), (95, 2.7, 2.3))[0]
        name = f"{family}{gap}{given}"
        traditional = self.happens(0.015)
        row.record["name"] = name.translate(names.TRADITIONAL) if traditional else name

    def _english(self, row: Row, title: float) -> None:
        chance, rates = self.chance, self.rates
        family, given = self.person.family, self.person.given
        shape = chance.random()
        if shape < title:
            row.hazards.add("title_name")
            row.name_kind = "partial"
            prefix = "Mr" if self.person.gender == "M" else "Ms"
            row.record["name"] = f"{prefix} {family}"
            return
        row.name_kind = "full"
        if shape < title + rates.initial:
            row.name_kind = "partial"
            given = f"{given[0]}."
        elif shape < title + rates.initial + rates.nickname:
            short = names.NICKNAMES.get(given)
            if short:
                row.hazards.add("nickname")
                given = chance.choice(short)
        name = f"{given} {family}"
        if row.name_kind == "full" and self.happens(rates.typo_name):
            row.hazards.add("typo_name")
            name = names.slip(chance, name)
        elif row.name_kind == "full" and self.happens(rates.swapped):
            name = f"{family} {given}"
        case = chance.random()
        lowered = name.lower() if case < 0.07 else name
        row.record["name"] = name.upper() if 0.07 <= case < 0.12 else lowered

    def _handle_name(self, row: Row) -> None:
        """Put down what people call themselves in a chat."""
        kind = self.chance.random()
        family, given = self.person.family, self.person.given
        if kind < 0.13:
            self._name(row)
        elif kind < 0.22:
            row.record["name"] = given
        elif kind < 0.3:
            sibling = "姐" if self.person.gender == "F" else "哥"
            row.record["name"] = f"A{family}{sibling}"
        else:
            row.record["name"] = self.chance.choice(names.HANDLES)


WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
