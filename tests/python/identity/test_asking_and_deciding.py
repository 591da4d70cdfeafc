"""What `frontdesk identity` tells, and what becomes of what people tell it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from orchestration.bench import people
from orchestration.cli import main
from orchestration.database import connections
from orchestration.identity import adopt, decisions, erase, explain, fit, review
from orchestration.settings import UserError
from orchestration.transform.compiling import compile_models
from orchestration.transform.project import dbt_project
from tests.python.warehouse import Warehouse

BUILD = ("run", "--select", "+path:models/identity")
BUILD_AGAIN = (
    "run",
    "--select",
    "int_people__judged",
    "int_people__cleaned",
    "int_records__unioned",
    "int_identity_decisions__cleaned",
    "path:models/identity",
)
GUARDS = ("test", "--select", "path:tests/identity")

RECORDS = {
    # a chain: no value of the first is known of the last
    "chain-1": {"phone": "13911000001"},
    "chain-2": {"phone": "13911000001", "email": "wanderer1@qq.com"},
    "chain-3": {"email": "wanderer1@qq.com"},
    # two sisters with one number
    "sister-1": {"phone": "13911000002", "name": "王小红", "gender": "女"},
    "sister-2": {"phone": "13911000002", "name": "王建兰", "gender": "女"},
    # a placeholder that two have written
    "blank-1": {"phone": "13800138000", "name": "赵志强"},
    "blank-2": {"phone": "13800138000", "name": "孙丽华"},
    # two calls from numbers that a platform lends
    "relay-1": {"phone": "17012345678"},
    "relay-2": {"phone": "17012345678"},
    # one person, as only a person can know
    "apart-1": {"email": "formerly1@qq.com", "name": "Linda Carter"},
    "apart-2": {"phone": "13911000003"},
    # two persons, as only a person can know
    "joined-1": {"phone": "13911000004", "name": "Sam Brown", "city": "Leeds"},
    "joined-2": {"phone": "13911000004", "name": "Sam Brown"},
    # four who look like one
    "group-1": {"email": "office77@qq.com", "city": "York"},
    "group-2": {"email": "office77@qq.com", "city": "Leeds"},
    "group-3": {"email": "office77@qq.com"},
    "group-4": {"email": "office77@qq.com", "phone": "13911000005"},
    # the middle one joins the others, and asks to be forgotten
    "gone-1": {"phone": "13911000006"},
    "gone-2": {
        "phone": "13911000006",
        "cookie_id": "ck-gone-1",
        "email": "forgetme@qq.com",
        "name": "Octavia Quillfeather",
        "birth_date": "1971-03-04",
        "address": "12 Vanishing Lane",
        "favourite": "Quillfeather's own",
    },
    "gone-3": {"cookie_id": "ck-gone-1"},
}
FORGOTTEN = ("Quillfeather", "forgetme", "Vanishing", "vanishing", "1971-03-04")


def write_people(folder: Path) -> Path:
    """Write the cases above among the records of a small made-up company."""
    path = folder / "people.jsonl"
    rows = [
        {name: value for name, value in row.record.items() if value}
        for row in people.make(people.Plan(90, 5)).rows
    ]
    said = {"channel": "crm", "occurred_at": "2026-01-05 09:30:00"}
    rows += [{"record_id": name, **said, **row} for name, row in RECORDS.items()]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return path


@pytest.fixture(scope="module")
def told(
    make_warehouse: Callable[[], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """Return a warehouse that knows these people; nobody has decided anything."""
    warehouse = make_warehouse()
    warehouse.load([("people", write_people(tmp_path_factory.mktemp("people")))])
    warehouse.dbt(*BUILD)
    return warehouse


@pytest.fixture(scope="module")
def decided(told: Warehouse, copy_of: Callable[[str], str]) -> Warehouse:
    """Return a copy in which people have decided and erased, and a build has obeyed."""
    warehouse = Warehouse(copy_of(told.dsn))
    with psycopg.connect(warehouse.dsn) as connection:
        decisions.decide(
            connection, "forced", [("apart-2", "apart-1")], "kim", "new name"
        )
        decisions.decide(
            connection, "forbidden", [("joined-1", "joined-2")], "kim", "twins"
        )
        decisions.split(
            connection, [["group-1", "group-2"], ["group-3"]], "kim", "colleagues"
        )
        erase.erase(connection, ["gone-2"], "kim", "request 17")
    warehouse.dbt(*BUILD_AGAIN)
    return warehouse


def customers(warehouse: Warehouse) -> dict[str, str]:
    """Return the customer of each record."""
    rows = warehouse.frame(
        "select record_id, customer_id from identity.int_records__resolved"
    )
    return dict(zip(rows["record_id"], rows["customer_id"], strict=True))


@pytest.fixture
def run(use_dsn: Callable[[str], None]) -> Callable[..., Result]:
    """Return a function that runs a command of identity on a warehouse."""

    def command(warehouse: Warehouse, *words: str) -> Result:
        use_dsn(warehouse.dsn)
        return CliRunner().invoke(main, ["identity", *words])

    return command


# explain


def test_why_shows_the_path_over_the_record_between(told: Warehouse) -> None:
    """Shortest first, with rule, bits and evidence of each step."""
    with psycopg.connect(told.dsn) as connection:
        answer = explain.why(connection, "chain-1", "chain-3")
    assert [(step.from_record_id, step.to_record_id) for step in answer.steps] == [
        ("chain-1", "chain-2"),
        ("chain-2", "chain-3"),
    ]
    shared = [step.evidence["shared"] for step in answer.steps]
    assert shared == [["phone +8613911000001"], ["email wanderer1@qq.com"]]
    assert all(step.bits >= 2 and step.state == "linked" for step in answer.steps)


def test_why_takes_customers_and_values(told: Warehouse) -> None:
    """Whatever the person at the desk has at hand."""
    customer = customers(told)["chain-1"]
    with psycopg.connect(told.dsn) as connection:
        by_value = explain.why(connection, "13911000001", "chain-3")
        by_customer = explain.why(connection, customer, "chain-3")
    assert [step.to_record_id for step in by_value.steps] == ["chain-3"]
    assert by_customer.steps == []
    assert "chain-3" in by_customer.sentence


def test_every_customer_is_explained(told: Warehouse) -> None:
    """A path of edges leads from any record to any other of the same customer."""
    unexplained = told.frame(
        "select one, other from ("
        " select min(record_id) as one, max(record_id) as other"
        " from identity.int_records__resolved"
        " group by customer_id having count(*) > 1) as customers"
        " where not exists (select 1 from identity.why(one, other))"
    )
    assert unexplained.empty


def test_why_says_that_they_are_two(
    told: Warehouse, run: Callable[..., Result]
) -> None:
    """Plainly, and what to ask next."""
    done = run(told, "why", "sister-1", "sister-2")
    assert done.exit_code == 0
    assert "different customers" in done.output
    assert "why-not" in done.output


def test_why_not_names_the_clash(told: Warehouse) -> None:
    """Two sisters share a number, and no more."""
    with psycopg.connect(told.dsn) as connection:
        answer = explain.why_not(connection, "sister-1", "sister-2")
    found = [one for one in answer.obstacles if one.state in ("refused", "unlikely")]
    assert found
    assert "clash: name" in found[0].reason
    assert "phone +8613911000002" in str(found[0].evidence)
    # what the model keeps for itself is no evidence
    assert not {"are_bare", "has_common_word"} & found[0].evidence.keys()


def test_why_not_tells_once_of_records_that_say_the_same(told: Warehouse) -> None:
    """They are one atom, which is compared with itself."""
    with psycopg.connect(told.dsn) as connection:
        answer = explain.why_not(connection, "relay-1", "relay-2")
    (found,) = answer.obstacles
    assert found.state == "unlikely"
    assert "phone +8617012345678" in str(found.evidence)


def test_why_not_names_values_that_join_nobody(told: Warehouse) -> None:
    """Both wrote the number that everybody writes."""
    with psycopg.connect(told.dsn) as connection:
        answer = explain.why_not(connection, "blank-1", "blank-2")
    assert [one.state for one in answer.obstacles] == ["unused"]
    assert "placeholder" in answer.obstacles[0].reason


def test_why_not_of_strangers_tells_what_each_carries(
    told: Warehouse, run: Callable[..., Result]
) -> None:
    """No pair of theirs was ever compared."""
    done = run(told, "why-not", "chain-1", "sister-1")
    assert done.exit_code == 0
    assert "no pair of their records was ever compared" in " ".join(done.output.split())
    for value in ("+8613911000001", "wanderer1@qq.com", "+8613911000002"):
        assert value in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("why", "nobody", "chain-1"), "nobody"),
        (("why-not", "chain-1", "nobody"), "nobody"),
        (("decide", "force", "chain-1", "nobody"), "nobody"),
        (("decide", "forbid", "chain-1", "chain-1"), "same record"),
        (("decide", "split", "chain-1,chain-2"), "two groups"),
        (("decide", "undo", "4711"), "no decision"),
        (("erase", "nobody"), "nobody"),
        (("erase", "--customer", "nobody"), "nobody"),
        (("erase",), "--customer"),
        (("adopt", "4711"), "no version 4711"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_line(
    told: Warehouse, run: Callable[..., Result], words: Sequence[str], said: str
) -> None:
    """It names the thing; nothing is written."""
    signed = ("--by", "kim", "--why", "x") if words[0] in ("decide", "erase") else ()
    done = run(told, *words, *signed)
    assert done.exit_code == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert told.value("select count(*) from frontdesk.identity_decisions") == 0


def test_the_queue_puts_the_most_at_stake_first(told: Warehouse) -> None:
    """Bits times records; two customers stand in it once."""
    with psycopg.connect(told.dsn) as connection:
        doubts = review.queue(connection, 1000)
    assert doubts
    weights = [doubt.weight for doubt in doubts]
    assert weights == sorted(weights, reverse=True)
    pairs = [frozenset((one.customer_id_a, one.customer_id_b)) for one in doubts]
    assert len(pairs) == len(set(pairs))
    for doubt in doubts:
        assert doubt.state == "review" or doubt.bits >= review.STRONG_BITS


# decide


def test_builds_obey_decisions(told: Warehouse, decided: Warehouse) -> None:
    """Forced are one, forbidden are two, and so are the parts of a split."""
    before, after = customers(told), customers(decided)
    assert before["apart-1"] != before["apart-2"]
    assert after["apart-1"] == after["apart-2"]
    assert before["joined-1"] == before["joined-2"]
    assert after["joined-1"] != after["joined-2"]
    assert len({before[f"group-{n}"] for n in (1, 2, 3, 4)}) == 1
    assert after["group-3"] not in (after["group-1"], after["group-2"])
    touched = {name for name in RECORDS if name.split("-")[0] != "apart"}
    others = before.keys() - touched - {"apart-1", "apart-2"}
    assert {name: after[name] for name in others} == {
        name: before[name] for name in others
    }
    states = decided.frame(
        "select state, reason from identity.int_identity_edges"
        " where rule like 'decision %%' order by record_id_a, record_id_b"
    )
    assert list(states["state"]) == ["forced"] + ["forbidden"] * 3
    assert "kim: new name" in list(states["reason"])
    decided.dbt(*GUARDS)


def test_a_decision_is_explained(decided: Warehouse) -> None:
    """By whom and why, as any other evidence."""
    with psycopg.connect(decided.dsn) as connection:
        path = explain.why(connection, "apart-1", "apart-2").steps
        barrier = explain.why_not(connection, "joined-1", "joined-2").obstacles
    assert [(step.state, step.reason) for step in path] == [("forced", "kim: new name")]
    assert (barrier[0].state, barrier[0].reason) == ("forbidden", "kim: twins")


@pytest.mark.parametrize(
    ("verdict", "pair", "said"),
    [
        ("forbidden", ("apart-1", "apart-2"), "undo"),
        ("forced", ("apart-1", "apart-2"), "stands already"),
        ("forced", ("joined-2", "joined-1"), "undo"),
    ],
)
def test_a_contradiction_is_refused(
    decided: Warehouse, verdict: str, pair: tuple[str, str], said: str
) -> None:
    """The decision that stands is named."""
    with (
        psycopg.connect(decided.dsn) as connection,
        pytest.raises(UserError, match=said),
    ):
        decisions.decide(connection, verdict, [pair], "lee", "no")


def test_decisions_contradict_over_others(decided: Warehouse) -> None:
    """A and B one, B and C one: A and C cannot be two; nothing of it is kept."""
    with psycopg.connect(decided.dsn) as connection:
        chain = [("chain-1", "sister-1"), ("sister-1", "blank-1")]
        with pytest.raises(UserError, match="one person by forced decisions"):
            decisions.decide(connection, "forced", chain, "lee", "a test")
            decisions.decide(
                connection, "forbidden", [("chain-1", "blank-1")], "lee", "a test"
            )
        connection.rollback()
        forbidden = [("joined-1", "joined-2")]
        with pytest.raises(UserError, match="forbids joined-1 and joined-2"):
            decisions.decide(
                connection,
                "forced",
                [("joined-1", "chain-1"), ("chain-1", "joined-2")],
                "lee",
                f"against {forbidden}",
            )
        connection.rollback()
    assert (
        decided.value(
            "select count(*) from frontdesk.identity_decisions where decided_by = 'lee'"
        )
        == 0
    )


def test_undone_is_as_before_even_built_anew(
    told: Warehouse, decided: Warehouse, copy_of: Callable[[str], str]
) -> None:
    """Ids come back; what stands is obeyed; a full build mints and drops none."""
    warehouse = Warehouse(copy_of(decided.dsn))
    with psycopg.connect(warehouse.dsn) as connection:
        decisions.undo(connection, ["apart-1", "apart-2"], "lee", "wrong file")
        number = connection.execute(
            "select decision_id::text from frontdesk.identity_decisions"
            " where record_id_a = 'joined-1'"
        ).fetchone()[0]
        decisions.undo(connection, [number], "lee", "one person after all")
    warehouse.dbt(*BUILD_AGAIN)
    before, after = customers(told), customers(warehouse)
    apart = {"apart-1", "apart-2"}
    same = before.keys() - {name for name in RECORDS if name[:4] in ("grou", "gone")}
    same -= apart
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    # the smaller half of a forced customer had given up its id for good
    assert after["apart-1"] != after["apart-2"]
    assert len({before[name] for name in apart} & {after[name] for name in apart}) == 1
    assert after["group-3"] != after["group-1"]
    warehouse.dbt(*BUILD_AGAIN, "--full-refresh")
    assert customers(warehouse) == after


# fit and adopt


def test_a_proposal_moves_no_score(
    told: Warehouse, copy_of: Callable[[str], str], run: Callable[..., Result]
) -> None:
    """Not now, and not at the next build."""
    warehouse = Warehouse(copy_of(told.dsn))
    scores = "select count(*), sum(bits), min(model_version), max(model_version)"
    scores += " from identity.int_pairs__scored"
    before = tuple(warehouse.frame(scores).iloc[0])
    done = run(warehouse, "fit")
    assert done.exit_code == 0, done.output
    assert "version 1" in done.output
    assert "version 2" in done.output
    proposed = warehouse.frame(
        "select proposed.*, shipped.bits as old_bits"
        " from frontdesk.identity_models as proposed"
        " inner join cleaned.int_identity_weights__cleaned as shipped"
        " using (comparison, level)"
    )
    shipped = warehouse.value(
        "select count(*) from cleaned.int_identity_weights__cleaned"
    )
    assert len(proposed) == shipped
    changed = proposed[proposed["bits"] != proposed["old_bits"]]
    assert set(changed["comparison"]) <= set(fit.LEARNT)
    assert len(changed) > 0
    assert changed["bits"].abs().max() <= 30
    warehouse.dbt("run", "--select", "int_identity_weights__cleaned", adopt.SCORED)
    assert tuple(warehouse.frame(scores).iloc[0]) == before


def test_an_adoption_shows_its_churn_and_then_moves(
    told: Warehouse, copy_of: Callable[[str], str], use_dsn: Callable[[str], None]
) -> None:
    """What was foretold comes to pass, to the record."""
    warehouse = Warehouse(copy_of(told.dsn))
    use_dsn(warehouse.dsn)
    with psycopg.connect(warehouse.dsn) as connection:
        # an address alone shall no longer join two records
        connection.execute(
            "insert into frontdesk.identity_models"
            " (model_version, comparison, level, bits)"
            " select 2, comparison, level,"
            " case when level = 'email' then bits - 2 else bits end"
            " from cleaned.int_identity_weights__cleaned"
        )
    models = compile_models(dbt_project(), (adopt.WEIGHTS, *adopt.REHEARSED))
    before = customers(warehouse)
    with connections.connect() as connection:
        none = adopt.rehearse(connection, models, 1)
        churn = adopt.rehearse(connection, models, 2)
    assert (none.moved, none.merges, none.splits) == (0, 0, 0)
    assert churn.moved > 0
    assert churn.splits > 0
    assert customers(warehouse) == before
    with connections.connect() as connection:
        adopt.adopt(connection, churn, "kim", "a test")
        assert not adopt.is_in_force(connection, 2)
    for selection in adopt.SELECTIONS:
        warehouse.dbt(*arguments(selection))
    warehouse.dbt("test", "--select", "path:tests/identity")
    after = customers(warehouse)
    moved = [name for name in before if before[name] != after[name]]
    assert len(moved) == churn.moved
    assert len(set(after.values())) == churn.customers_then
    assert after["chain-2"] != after["chain-3"]
    with connections.connect() as connection:
        assert adopt.is_in_force(connection, 2)


def arguments(selection: dict[str, Sequence[str] | bool]) -> list[str]:
    """Return a selection of an adoption as dbt takes it, for what is built here."""
    words = ["run", "--select"]
    words += [
        f"{name},path:models/identity" if "+" in name else name
        for name in selection["select"]
    ]
    if selection.get("exclude"):
        words += ["--exclude", *selection["exclude"]]
    return [*words, "--full-refresh"] if selection.get("full_refresh") else words


def test_an_adoption_over_the_limit_is_refused(told: Warehouse) -> None:
    """The guard would stop the build, so nothing is written."""
    churn = adopt.Churn(2, 1, 1000, 201, 0, 0, 10, 10, limit=200)
    with (
        psycopg.connect(told.dsn) as connection,
        pytest.raises(UserError, match="seed_identity_limits"),
    ):
        adopt.adopt(connection, churn, "kim", "a test")
    assert told.value("select count(*) from frontdesk.identity_adoptions") == 0


# erase


def test_an_erasure_leaves_no_value_and_parts_what_it_joined(
    told: Warehouse, decided: Warehouse
) -> None:
    """Record ids, customer ids and their history stay."""
    before, after = customers(told), customers(decided)
    assert leaks(told) != []
    assert leaks(decided) == []
    assert after.keys() == before.keys()
    gone = ("gone-1", "gone-2", "gone-3")
    assert len({before[name] for name in gone}) == 1
    assert len({after[name] for name in gone}) == 3
    assert before["gone-1"] in {after[name] for name in gone}
    aliases = decided.frame(
        "select current_customer_id from identity.int_customer_aliases"
        " where customer_id = %s",
        before["gone-1"],
    )
    assert list(aliases["current_customer_id"]) == [before["gone-1"]]


def test_an_erasure_is_logged_without_a_value(decided: Warehouse) -> None:
    """Who, when, why and how many."""
    log = decided.frame("select * from frontdesk.erasures").iloc[0]
    assert (log["erased_by"], log["reason"]) == ("kim", "request 17")
    assert (log["record_count"], log["row_count"]) == (1, 1)
    assert log["value_count"] == len(RECORDS["gone-2"])


def leaks(warehouse: Warehouse) -> list[str]:
    """Return where a forgotten value still stands."""
    tables = warehouse.frame(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema in"
        " ('raw_people', 'cleaned', 'identity', 'staging', 'frontdesk')"
        " and table_name !~ 'int_(messages|interactions)'"
    )
    return [
        f"{schema}.{table}: {value}"
        for schema, table in tables.itertuples(index=False)
        if "people" in f"{schema}{table}"
        or "records" in table
        or schema in ("identity", "frontdesk")
        for value in FORGOTTEN
        if warehouse.value(
            f'select exists (select 1 from "{schema}"."{table}" as told'
            " where told::text like %s)",
            f"%{value}%",
        )
    ]
