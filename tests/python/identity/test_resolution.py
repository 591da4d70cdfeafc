"""One person across every channel: right, stable, and the same however records come."""

import csv
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings, strategies

from orchestration.bench import agreement, people
from orchestration.bench.identity import told
from orchestration.settings import Settings
from tests.python.conftest import superuser_dsn
from tests.python.warehouse import Warehouse

Record = Mapping[str, str]

ALL = ("run", "--select", "+identity")
NEWS = (
    *("run", "--select", "int_people__judged", "int_people__cleaned"),
    *("int_records__unioned", "identity"),
)
COLUMNS = people.COLUMNS


def write(path: Path, records: Iterable[Record]) -> Path:
    """Write records as a file of the source `people`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return path


def customers(warehouse: Warehouse) -> dict[str, str]:
    """Return the published customer of each record."""
    found = warehouse.frame(
        "select record_id, customer_id from identity.int_records__resolved"
    )
    return dict(zip(found["record_id"], found["customer_id"], strict=True))


def partition(warehouse: Warehouse) -> set[frozenset[str]]:
    """Return which records are together, whatever their customer is called."""
    groups: dict[str, set[str]] = {}
    for record, customer in customers(warehouse).items():
        groups.setdefault(customer, set()).add(record)
    return {frozenset(records) for records in groups.values()}


def edges(warehouse: Warehouse, *states: str) -> list[tuple[str, str]]:
    """Return the pairs of records with an edge of such a state."""
    found = warehouse.frame(
        "select record_id_a, record_id_b from identity.int_identity_edges"
        " where state = any(%s)",
        list(states),
    )
    return list(found.itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def empty(make_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """Return a warehouse whose identity is built and has no record yet."""
    made = make_warehouse()
    made.dbt(*ALL)
    return made


@pytest.fixture(scope="module")
def new_warehouse(
    empty: Warehouse, copy_of: Callable[[str], str]
) -> Callable[[], Warehouse]:
    """Return what makes warehouses that know nobody."""
    return lambda: Warehouse(copy_of(empty.dsn))


@pytest.fixture(scope="module")
def arrive(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Return what lands records and resolves them."""

    def land(warehouse: Warehouse, records: Sequence[Record], *options: str) -> None:
        folder = tmp_path_factory.mktemp("people")
        warehouse.load([("people", write(folder / "people.csv", records))])
        warehouse.dbt(*NEWS, *options)

    return land


def test_six_batches_come_to_one_truth_under_lasting_ids(
    new_warehouse: Callable[[], Warehouse], arrive: Callable[..., None]
) -> None:
    """Accuracy against the truth, batches against a full run, ids between runs."""
    made = people.make(people.Plan(people=700, seed=101))
    rows = list(made.rows)
    random.Random(5).shuffle(rows)
    truth = told(made.truth())
    warehouse = new_warehouse()
    before: dict[str, str] = {}
    for batch in range(1, 7):
        part = [row.record for row in rows if row.batch == batch]
        # a tenth of what was there is sent again
        again = [row.record for row in rows if row.batch < batch][::10]
        arrive(warehouse, part + again)
        now = customers(warehouse)
        moved = agreement.stability(before, now)
        assert moved.without_cause == 0
        assert moved.stolen == 0
        assert moved.excess.rate <= 0.001
        before = now

    judged = agreement.accuracy(before, truth)
    assert judged.records == sum(fact.scored for fact in truth.values())
    assert judged.precision.rate >= 0.993
    assert judged.recall.rate >= 0.975
    assert judged.cluster_f1 >= 0.965
    assert judged.mixed.rate <= 0.007
    assert judged.persons_in_worst <= 3
    held = agreement.explained(before, edges(warehouse, "linked", "forced"))
    assert held.part == held.whole > 100
    across = [
        pair
        for pair in edges(warehouse, "linked", "forced")
        if before[pair[0]] != before[pair[1]]
    ]
    assert across == []

    # with nothing new, nothing is written
    written = warehouse.contents()
    stamps = "select coalesce(max(changed_xid)::text, '') from identity."
    stamped = {
        name: warehouse.value(stamps + name)
        for name in ("int_records__resolved", "int_identity_edges", "int_pairs__scored")
    }
    warehouse.dbt(*NEWS)
    assert {name: warehouse.value(stamps + name) for name in stamped} == stamped

    # a full run mints no id, drops none, and comes to the same rows
    warehouse.dbt(*ALL, "--full-refresh")
    assert customers(warehouse) == before
    full = warehouse.contents()
    assert [name for name in written if written[name] != full[name]] == []

    # every id that ever was still resolves
    issued = warehouse.frame(
        "select events.customer_id, aliases.current_customer_id"
        " from frontdesk.customer_events as events"
        " left join identity.int_customer_aliases as aliases using (customer_id)"
    )
    assert set(issued["current_customer_id"]) <= set(before.values())


@pytest.fixture(scope="module")
def neighbours() -> list[Record]:
    """Return the records of a few people who share much."""
    made = people.make(people.Plan(people=60, seed=7, hardness="hard"))
    return [row.record for row in made.rows]


@pytest.fixture(scope="module")
def at_once(
    new_warehouse: Callable[[], Warehouse],
    arrive: Callable[..., None],
    neighbours: list[Record],
) -> set[frozenset[str]]:
    """Return who is together when they come in one file."""
    warehouse = new_warehouse()
    arrive(warehouse, neighbours)
    return partition(warehouse)


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(data=strategies.data())
def test_no_order_and_no_repetition_changes_who_is_together(
    new_warehouse: Callable[[], Warehouse],
    arrive: Callable[..., None],
    neighbours: list[Record],
    at_once: set[frozenset[str]],
    data: strategies.DataObject,
) -> None:
    """The same records in any order, split anywhere, some of them sent twice."""
    shuffled = data.draw(strategies.permutations(neighbours))
    cut = data.draw(strategies.integers(1, len(neighbours) - 1))
    again = data.draw(
        strategies.lists(strategies.sampled_from(neighbours), max_size=20)
    )
    warehouse = new_warehouse()
    arrive(warehouse, shuffled[:cut])
    arrive(warehouse, [*shuffled[cut:], *again])
    assert partition(warehouse) == at_once


def person(record_id: str, **said: str) -> Record:
    """Return a record that says this."""
    return {
        "record_id": record_id,
        "channel": "crm",
        "occurred_at": "2026-01-05 10:00:00",
        **said,
    }


def test_values_that_say_nothing_join_nobody(
    new_warehouse: Callable[[], Warehouse], arrive: Callable[..., None]
) -> None:
    """Placeholders, switchboards, relay numbers and a value of ten thousand records."""
    strangers = [
        person("a1", phone="13800138000", name="王小可"),
        person("a2", phone="13800138000", name="李建国"),
        person("a3", phone="１３８００１３８０００"),
        person("b1", email="test@test.com", name="Mary Jones"),
        person("b2", email="test@test.com"),
        person("c1", birth_date="1900-01-01", name="张伟", address="长江路1号"),
        person("c2", birth_date="1900-01-01", name="张伟", address="黄河路2号"),
        person("d1", channel="call", phone="02163471667"),
        person("d2", channel="call", phone="021-6347 1667"),
        person("e1", channel="call", phone="17019558566"),
        person("e2", channel="call", phone="+86 170 1955 8566"),
        person("f1"),
        person("f2"),
        person("g1", name="Ольга Иванова"),
        person("g2", name="أحمد"),
        person("g3", name="\x01\x02 名\t"),
        person("l1", name="王伟" * 3000, address="x" * 50_000, city="y" * 9000),
        person("l2", email=f"{'e' * 9000}@example.com", user_id="u" * 9000),
    ]
    crowd = [person(f"h{n}", phone="13911223344", name=f"王{n:x}明") for n in range(20)]
    calls = [
        person(f"i{n}", channel="call", phone="13555667788") for n in range(10_000)
    ]
    warehouse = new_warehouse()
    arrive(warehouse, [*strangers, *crowd, *calls])
    found = customers(warehouse)
    assert len(found) == len(strangers) + len(crowd) + len(calls)
    alone = {
        record for group in partition(warehouse) if len(group) == 1 for record in group
    }
    assert {record["record_id"] for record in strangers} <= alone
    assert {record["record_id"] for record in calls} <= alone


def test_pairs_over_a_value_of_many_follow_who_stands_for_a_name(
    new_warehouse: Callable[[], Warehouse],
    arrive: Callable[..., None],
    copy_of: Callable[[str], str],
) -> None:
    """As others come and go, and as the value is no longer one of many."""
    names = ("王小明", "李建国", "Ann Smith")
    crowd = [
        person(
            f"c{number:02}",
            phone="13911223344",
            name=names[number % 3],
            address=f"长江路{number}号",
        )
        for number in range(30)
    ]
    gone = [{**one, "phone": f"139{one['record_id'][1:]}556677"} for one in crowd]
    models = ("int_identifiers__counted", "int_hubs__extracted", "int_pairs__compared")
    stand = (
        "select hubs.atom_id::text from identity.int_hubs__extracted as hubs"
        " inner join identity.int_identifiers__counted using (identifier_id)"
        " where identifier_type = 'phone'"
    )
    warehouse = new_warehouse()
    stood: list[set[str]] = []
    met: list[int] = []
    for part in (crowd[:10], crowd[10:26], [*crowd[26:], *gone[:8]], gone[8:20]):
        arrive(warehouse, part)
        stood.append(set(warehouse.frame(stand)["atom_id"]))
        met.append(warehouse.value("select count(*) from identity.int_pairs__compared"))
        anew = Warehouse(copy_of(warehouse.dsn))
        anew.dbt("run", "--full-refresh", "--select", *models)
        incremental, full = (one.contents(["identity"]) for one in (warehouse, anew))
        for model in models:
            assert incremental[f"identity.{model}"] == full[f"identity.{model}"]
    # all meet while they are few; three stand for the many, and not always the same
    assert [len(atoms) for atoms in stood] == [0, 3, 3, 0]
    assert stood[1] != stood[2]
    assert met[0] == 10 * 9 / 2
    assert met[1] < 26 * 25 / 4


def test_a_value_that_came_to_have_two_owners_is_no_longer_ones_own(
    new_warehouse: Callable[[], Warehouse], arrive: Callable[..., None]
) -> None:
    """Customers that missed a run still hear of it, though the value changed again."""
    owners = ("王小明", "Ann Smith", "李建国")
    warehouse = new_warehouse()
    phone = (
        "select phone from identity.int_customers__resolved"
        " inner join identity.int_records__resolved using (customer_id)"
        " where record_id = 'o1'"
    )
    told = []
    for number, name in enumerate(owners, 1):
        arrive(
            warehouse,
            [person(f"o{number}", phone="13911223344", name=name)],
            *(("--exclude", "int_customers__resolved") if number == 2 else ()),
        )
        told.append(warehouse.value(phone))
    assert told == ["+8613911223344", "+8613911223344", None]


def test_what_several_people_share_is_told_apart(
    new_warehouse: Callable[[], Warehouse], arrive: Callable[..., None]
) -> None:
    """Sisters on one phone, a chain of ids, one openid text in two apps."""
    warehouse = new_warehouse()
    arrive(
        warehouse,
        [
            person("s1", phone="13911223344", name="王小可", birth_date="1990-03-04"),
            person("s2", phone="13911223344", name="王小雨", birth_date="1990-03-04"),
            person("s3", phone="13911223344", name="王女士", channel="call"),
            person("s4", phone="13911223344", channel="call"),
            person("s5", phone="13911223344", name="Xiaoke Wang", channel="store"),
            person("k1", user_id="u1", unionid="oU1"),
            person("k2", unionid="oU1", openid="o1", openid_app="mini"),
            person("k3", openid="o1", openid_app="mini", phone="13711112222"),
            person("k4", phone="+86 137 1111 2222", channel="call"),
            person("k5", openid="o1", openid_app="shop"),
            person("k6", openid="o2", openid_app="mini"),
        ],
    )
    found = customers(warehouse)
    assert found["s1"] == found["s5"] != found["s2"]
    assert found["s4"] not in (found["s1"], found["s2"])
    assert found["k1"] == found["k2"] == found["k3"] == found["k4"]
    assert len({found["k1"], found["k5"], found["k6"]}) == 3
    refused = edges(warehouse, "refused")
    assert ("s1", "s2") in refused


def test_who_says_only_a_number_makes_nobody_one_with_another(
    new_warehouse: Callable[[], Warehouse], arrive: Callable[..., None]
) -> None:
    """Calls and chats over a phone that two log-ins have, with and without a name."""

    def over(phone: str, group: str) -> list[Record]:
        # two log-ins on devices of their own say nothing of being one person
        said = [
            {"user_id": f"u1{group}", "device_id": f"d1{group}"},
            {"user_id": f"u2{group}", "device_id": f"d2{group}"},
            {},
            {"cookie_id": f"c{group}"},
        ]
        return [
            person(f"{group}{day}", phone=phone, occurred_at=f"2025-01-0{day}", **one)
            for day, one in enumerate(said, 1)
        ]

    mute = over("13911223344", "m")
    named = over("13922334455", "n")
    named.append(person("n5", phone="13922334455", name="何刚杰"))
    chat = person("m5", cookie_id="cm", occurred_at="2025-01-05")
    at_once, late = new_warehouse(), new_warehouse()
    arrive(at_once, [*mute, *named, chat])
    # the earlier log-in comes last: who rang is then of that one
    arrive(late, [*mute[1:3], *named[:4]])
    found = customers(late)
    assert found["m2"] == found["m3"]
    assert found["n1"] == found["n3"] != found["n2"]
    arrive(late, [chat, mute[3]])
    arrive(late, [mute[0], named[4]])
    for warehouse in (at_once, late):
        found = customers(warehouse)
        assert found["m1"] == found["m3"] == found["m4"] == found["m5"] != found["m2"]
        assert len({found[f"n{day}"] for day in range(1, 6)}) == 1
        told = warehouse.frame(
            "select record_id_a, record_id_b, reason from identity.int_identity_edges"
            " where state = 'refused' order by 1, 2"
        )
        assert [tuple(row) for row in told.itertuples(index=False)] == [
            ("m2", "m3", "nothing tells whose of several it is"),
            ("m2", "m4", "nothing tells whose of several it is"),
        ]


def slipped(text: str, chance: random.Random) -> str:
    """Return a text with one letter struck wrongly."""
    at = chance.randrange(len(text))
    return text[:at] + chance.choice("aeilnorst") + text[at + 1 :]


def residents(count: int, chance: random.Random) -> list[dict[str, str]]:
    """Return people of whom nothing is known but name, birth date and address."""
    given = [
        "amelia",
        "bruno",
        "carla",
        "dmitri",
        "edith",
        "farid",
        "greta",
        "hugo",
        "ines",
        "jonas",
    ]
    heads = [
        "ash",
        "brin",
        "col",
        "dun",
        "east",
        "far",
        "gor",
        "had",
        "kel",
        "mar",
        "nor",
        "sel",
    ]
    tails = [
        "bury",
        "combe",
        "dale",
        "field",
        "ford",
        "ham",
        "leigh",
        "mont",
        "stead",
        "wick",
    ]

    def made() -> str:
        return chance.choice(heads) + chance.choice(tails)

    return [
        {
            "name": f"{chance.choice(given)} {made()}",
            "birth_date": f"{chance.randrange(1930, 2005)}-{chance.randrange(1, 13):02}"
            f"-{chance.randrange(1, 29):02}",
            "address": f"{chance.randrange(1, 400)} {made()} street",
            "city": made(),
            "postcode": f"{chance.randrange(1000, 9999)}",
        }
        for _ in range(count)
    ]


def test_records_of_name_birth_and_address_alone_are_found_by_their_parts(
    new_warehouse: Callable[[], Warehouse], arrive: Callable[..., None]
) -> None:
    """Slips in each part join; where places hold households, two births are two."""
    chance = random.Random(11)
    people = residents(300, chance)
    others = residents(300, chance)
    records, slips = [], []
    for number, (said, other) in enumerate(zip(people, others, strict=True)):
        again = {**said, "address": slipped(said["address"], chance)}
        kind = number % 6
        if kind < 4:
            part = ("name", "city", "birth_date", "postcode")[kind]
            again[part] = other[part]
        again["name"] = slipped(again["name"], chance)
        if kind == 5 and number % 60 == 5:
            # one in sixty has another given name and another birth date
            again["name"] = f"{other['name'].split()[0]} {said['name'].split()[1]}"
            again["birth_date"] = other["birth_date"]
            slips += [f"{number}a"] * (again["name"] != said["name"])
        records += [person(f"{number}a", **said), person(f"{number}b", **again)]
    warehouse = new_warehouse()
    arrive(warehouse, records)
    pairs = {frozenset((f"{n}a", f"{n}b")) for n in range(len(people))}
    found = partition(warehouse)
    assert len(found & pairs) >= 296
    assert max(map(len, found)) == 2

    households = []
    for number, (said, other) in enumerate(
        zip(residents(60, chance), residents(60, chance), strict=True)
    ):
        mate = {**said, "birth_date": other["birth_date"]}
        mate["name"] = f"{other['name'].split()[0]} {said['name'].split()[1]}"
        if mate["name"] != said["name"]:
            households += [
                person(f"h{number}a", **said),
                person(f"h{number}b", **mate),
            ]
    arrive(warehouse, households)
    customer = customers(warehouse)
    for one, mate in zip(households[::2], households[1::2], strict=True):
        assert customer[one["record_id"]] != customer[mate["record_id"]]
    # what was taken for slips before the households were seen is parted again
    now = partition(warehouse)
    assert [one for one in slips if {one} not in now] == []
    assert len(slips) > 2
    assert len(now & pairs) >= 288
    warehouse.dbt(*ALL, "--full-refresh")
    assert customers(warehouse) == customer


GATED = (
    *("build", "--resource-type", "model", "--resource-type", "test"),
    *("--select", "identity"),
)


def limit_customers(warehouse: Warehouse, records: int) -> None:
    """Say how many records a customer may have."""
    with psycopg.connect(warehouse.dsn) as connection:
        connection.execute(
            "update reference.seed_identity_limits set limit_value = %s"
            " where limit_name = 'largest_customer_records'",
            [records],
        )


@pytest.fixture
def refuse(tmp_path: Path) -> Callable[..., None]:
    """Return what lands records whose publication breaks a limit."""

    def land(warehouse: Warehouse, records: Sequence[Record], most: int) -> None:
        before = customers(warehouse)
        limit_customers(warehouse, most)
        warehouse.load([("people", write(tmp_path / "more.csv", records))])
        warehouse.dbt(*NEWS[:5])
        with pytest.raises(AssertionError, match="assert_no_customer_is_too_large"):
            warehouse.dbt(*GATED)
        assert customers(warehouse) == before
        limit_customers(warehouse, 5000)

    return land


def test_a_run_that_breaks_a_limit_publishes_nothing(
    new_warehouse: Callable[[], Warehouse],
    arrive: Callable[..., None],
    refuse: Callable[..., None],
) -> None:
    """The last publication stays until a person has looked."""
    warehouse = new_warehouse()
    arrive(warehouse, [person("a", phone="13911223344", name="王小可")])
    before = customers(warehouse)
    more = [
        person(name, phone="13911223344", name="王小可", channel="call")
        for name in ("b", "c")
    ]
    refuse(warehouse, more, most=2)
    warehouse.dbt(*GATED)
    found = customers(warehouse)
    assert found["a"] == found["b"] == found["c"] == before["a"]


@pytest.fixture(scope="module")
def published(
    new_warehouse: Callable[[], Warehouse], arrive: Callable[..., None]
) -> Warehouse:
    """Return a warehouse of two people."""
    warehouse = new_warehouse()
    told_apart = [
        person("a", phone="13911223344", name="王小可", birth_date="1990-03-05"),
        person("b", phone="13755667788", name="赵思远", birth_date="1971-11-30"),
    ]
    arrive(warehouse, told_apart)
    return warehouse


@pytest.mark.parametrize(
    ("fault", "gate"),
    [
        (
            "update identity.int_atoms__clustered set cluster_id = md5('one')::uuid,"
            " component_id = md5('one')::uuid, changed_xid = pg_current_xact_id()",
            "assert_no_customer_joins_records_that_clash",
        ),
        (
            "delete from identity.int_records__clustered where record_id = 'a'",
            "assert_every_record_is_clustered_once",
        ),
        (
            "update identity.int_records__clustered set"
            " cluster_id = md5(record_id)::uuid, changed_xid = pg_current_xact_id()",
            "assert_every_record_is_clustered_once",
        ),
        (
            "update identity.int_clusters__linked"
            " set customer_id = 'C9999999999', changed_xid = pg_current_xact_id()",
            "assert_few_records_change_their_customer",
        ),
    ],
    ids=["joined", "lost", "placed nowhere", "renamed"],
)
def test_a_gate_sees_what_is_about_to_be_published(
    published: Warehouse, copy_of: Callable[[str], str], fault: str, gate: str
) -> None:
    """What a build has broken since the last publication stops the next one."""
    warehouse = Warehouse(copy_of(published.dsn))
    warehouse.dbt("test", "--select", gate)
    with psycopg.connect(warehouse.dsn) as connection:
        connection.execute(
            "update reference.seed_identity_limits set limit_value = 0"
            " where limit_name in ('relabelled_share', 'relabelled_floor')"
        )
        connection.execute(fault)
    with pytest.raises(AssertionError, match=gate):
        warehouse.dbt("test", "--select", gate)


def test_a_limit_counts_from_the_last_publication(
    published: Warehouse, copy_of: Callable[[str], str]
) -> None:
    """What a gate let pass before another one stopped the run counts again."""
    warehouse = Warehouse(copy_of(published.dsn))
    gate = "assert_few_records_change_their_customer"
    rename = """
    update identity.int_clusters__linked as clusters
    set customer_id = 'C9' || records.record_id, changed_xid = pg_current_xact_id()
    from identity.int_records__clustered as records
    where clusters.cluster_id = records.cluster_id and records.record_id = %s
    """
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        connection.execute(
            "update reference.seed_identity_limits set limit_value = case limit_name"
            " when 'relabelled_floor' then 1 else 0 end"
            " where limit_name in ('relabelled_share', 'relabelled_floor')"
        )
        connection.execute(rename, ["a"])
        warehouse.dbt("test", "--select", gate)
        connection.execute(rename, ["b"])
        with pytest.raises(AssertionError, match=gate):
            warehouse.dbt("test", "--select", gate)


def test_who_was_parted_unpublished_keeps_one_id(
    new_warehouse: Callable[[], Warehouse],
    arrive: Callable[..., None],
    refuse: Callable[..., None],
) -> None:
    """An id stays with most of its records, also after a run that stopped."""
    warehouse = new_warehouse()
    shared = {"phone": "13911223344", "name": "王小可"}
    arrive(warehouse, [person(name, **shared) for name in ("a", "b", "c")])
    before = customers(warehouse)
    assert before["a"] == before["b"] == before["c"]
    other = {"phone": "13755667788", "name": "赵思远"}
    refuse(warehouse, [person("a", **other)], most=1)
    arrive(warehouse, [person("d", **other)])
    found = customers(warehouse)
    assert found["b"] == found["c"] == before["a"]
    assert found["a"] == found["d"] != before["a"]


def test_a_database_that_knows_ascii_only_is_refused(server: Settings) -> None:
    """Names cannot be compared there, so the build says so and stops."""
    with psycopg.connect(superuser_dsn(server), autocommit=True) as connection:
        connection.execute(
            "create database ascii_only template template0 locale_provider libc"
            " lc_collate 'C' lc_ctype 'C'"
        )
    address = superuser_dsn(server).rpartition("/")[0] + "/ascii_only"
    warehouse = Warehouse(address)
    with pytest.raises(AssertionError, match="knows ASCII letters only"):
        warehouse.dbt("run", "--select", "stg_people__records")
