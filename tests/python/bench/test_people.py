"""Made-up people files: the same every time, and their truth follows from them."""

import csv
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.bench import people, people_names
from orchestration.bench.people_truth import Owners, Row, judge

PLAN = people.Plan(people=400, seed=5)


@pytest.fixture(scope="module")
def world() -> people.World:
    """Return a small world."""
    return people.make(PLAN)


def records(world: people.World) -> list[dict[str, str]]:
    """Return the records alone."""
    return [row.record for row in world.rows]


def test_the_same_plan_makes_the_same_world(world: people.World) -> None:
    """Figures of two machines can be compared; another seed is another world."""
    again = people.make(PLAN)
    assert records(again) == records(world)
    assert again.truth() == world.truth()
    other = people.make(people.Plan(people=400, seed=6))
    assert records(other) != records(world)


def test_every_record_has_one_truth(world: people.World) -> None:
    """In the order of the records; a component is of one person and judged alike."""
    truth = world.truth()
    keys = [record["record_id"] for record in records(world)]
    assert [one.record_id for one in truth] == keys
    assert len(set(keys)) == len(keys)
    facts = defaultdict(set)
    for one in truth:
        facts[one.component].add((one.person_id, one.scored))
    assert all(len(fact) == 1 for fact in facts.values())
    made = {one.person_id for one in truth if one.person_id.startswith("P")}
    assert len(made) == PLAN.people


def test_a_record_says_only_what_its_channel_knows(world: people.World) -> None:
    """Times ascend, batches are periods, each channel has its identifiers."""
    moments = [record["occurred_at"] for record in records(world)]
    assert moments == sorted(moments)
    assert {record["batch"] for record in records(world)} == set("123456")
    always = {
        "crm": "crm_customer_id",
        "app_account": "user_id",
        "app": "device_id",
        "email": "email",
        "webchat": "cookie_id",
        "wechat": "openid",
        "social": "social_handle",
        "store": "name",
    }
    for record in records(world):
        assert set(record) <= set(people.COLUMNS)
        needed = always.get(record["channel"])
        assert needed is None or record[needed]


def test_issued_identifiers_have_one_owner(world: people.World) -> None:
    """Accounts and the like never lie; a phone or mailbox may, and says so."""
    owners = defaultdict(set)
    for row in world.rows:
        for key in row.keys:
            owners[key].add(row.person_id)
    for key, persons in owners.items():
        if key[0] in ("user", "openid", "unionid", "crm", "handle"):
            assert len(persons) == 1, key
        elif len(persons) > 1:
            assert world.owners.contested(key), key


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("hardness", ["normal", "hard"])
def test_all_traps_are_set(language: str, hardness: str) -> None:
    """Each is there in a world of one language; a hard world has more of most."""
    plan = people.Plan(700, 8, hardness, language)
    truth = people.make(plan).truth()
    seen = Counter(trap for one in truth for trap in one.hazards)
    expected = set(
        people_names.words("""
        family_phone shared_email shared_card shared_cookie twin recycled_phone
        secondhand_device privacy_number crm_duplicate title_name typo_phone placeholder
        test_call
        """)
    )
    own = {
        "zh": {"pinyin_name", "homophone_name", "switchboard"},
        "en": {"nickname", "typo_name"},
    }
    assert expected | own[language] <= set(seen)
    share = seen["family_phone"] / len(truth)
    assert (0.11 < share < 0.22) if hardness == "normal" else (0.2 < share < 0.32)
    unscored = sum(not one.scored for one in truth) / len(truth)
    assert (0.06 < unscored < 0.14) if hardness == "normal" else unscored > 0.12


def test_a_number_that_changed_hands_has_one_bearer_at_a_time() -> None:
    """The first has it before the second, never after."""
    world = people.make(people.Plan(900, 9))
    uses = defaultdict(lambda: defaultdict(list))
    for row in world.rows:
        for key in row.keys:
            if "recycled_phone" in world.owners.reasons(key):
                uses[key][row.person_id].append(row.moment)
    both = [bearers for bearers in uses.values() if len(bearers) > 1]
    assert both
    for bearers in both:
        first, second = sorted(bearers.values(), key=min)
        assert max(first) < min(second)


def test_an_early_truth_knows_only_early_records(world: people.World) -> None:
    """It never joins what the whole truth keeps apart."""
    whole = {one.record_id: one for one in world.truth()}
    early = world.truth(2)
    assert {one.batch for one in early} == {1, 2}
    heirs = defaultdict(set)
    for one in early:
        heirs[one.component].add(whole[one.record_id].component)
    assert all(len(heir) == 1 for heir in heirs.values())


def test_worlds_in_a_series_share_nothing_exclusive() -> None:
    """Many worlds make one large load."""
    taken: set[str] = set()
    first = people.make(people.Plan(200, 1, series=1), taken)
    second = people.make(people.Plan(200, 2, series=2), taken)
    kinds = {"user", "email", "card", "crm", "handle"}
    keys = [
        {key for row in one.rows for key in row.keys if key[0] in kinds}
        for one in (first, second)
    ]
    assert not {key for key in keys[0] & keys[1] if key[0] != "crm"}
    ids = [{record["record_id"] for record in records(one)} for one in (first, second)]
    assert not ids[0] & ids[1]


def test_files_hold_the_world(world: people.World, tmp_path: Path) -> None:
    """Records, the truth, and the truth of each first batches."""
    people.write(world, tmp_path)
    with (tmp_path / "records.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == people.COLUMNS
    assert len(read) == len(world.rows)
    assert read[0]["name"] == world.rows[0].record.get("name", "")
    with (tmp_path / "truth_b1.csv").open(encoding="utf-8", newline="") as file:
        early = list(csv.DictReader(file))
    assert {row["batch"] for row in early} == {"1"}
    assert list(early[0]) == people.TRUTH_COLUMNS
    assert len(list(tmp_path.iterdir())) == 7


def row(index: int, person: str, *keys: tuple[str, str], name: str = "") -> Row:
    """Return a record of a person that shows these keys."""
    made = Row(person, {"record_id": f"r{index}", "channel": "call"}, list(keys))
    made.index, made.name_kind, made.moment = index, name, datetime(2024, 1, 1)
    return made


def components(rows: list[Row], owners: Owners) -> list[str]:
    """Return the component of each row."""
    return [verdict.component for verdict in judge(rows, owners)]


def test_a_value_of_ones_own_joins_records() -> None:
    """Names are not needed."""
    phone = ("phone", "1")
    rows = [row(0, "a", phone), row(1, "a", phone), row(2, "a", ("phone", "2"))]
    assert components(rows, Owners()) == ["a.0", "a.0", "a.2"]


def test_a_shared_value_joins_full_names_only() -> None:
    """A nameless call on the family's phone could be anybody's."""
    phone = ("phone", "1")
    owners = Owners()
    owners.add(phone, "a", "family_phone")
    owners.add(phone, "b", "family_phone")
    rows = [
        row(0, "a", phone, name="full"),
        row(1, "a", phone, name="full"),
        row(2, "a", phone, name="partial"),
        row(3, "b", phone),
        row(4, "b", phone, ("user", "u1")),
        row(5, "b", phone, ("user", "u1"), name="full"),
    ]
    verdicts = judge(rows, owners)
    joined = [verdict.component for verdict in verdicts]
    assert joined == ["a.0", "a.0", "a.2", "b.3", "b.4", "b.4"]
    # a title, and a call, that another named person's phone hides
    scored = [verdict.scored for verdict in verdicts]
    assert scored == [True, True, False, False, True, True]


def test_a_birth_date_or_an_address_joins_full_names() -> None:
    """A name in Latin letters, or a title, does not."""
    rows = [row(index, "a", name="full") for index in range(3)]
    rows.append(row(3, "a", name="reading"))
    for one in rows[0], rows[1], rows[3]:
        one.birth = "1980-02-01"
    rows[1].address = rows[2].address = "1 High Road"
    assert components(rows, Owners()) == ["a.0", "a.0", "a.0", "a.3"]


def test_every_character_of_a_name_has_a_reading() -> None:
    """Else no name could be written in Latin letters."""
    for characters in (people_names.FEMALE, people_names.MALE, people_names.EITHER):
        assert set(characters) <= set(people_names.READING)
