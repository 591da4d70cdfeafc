"""Measures of agreement, against examples worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.bench import agreement
from orchestration.bench.agreement import Share, Truth

TRUTH = {
    "a1": Truth("A", "A.1", hazards=frozenset({"twin"})),
    "a2": Truth("A", "A.1"),
    "a3": Truth("A", "A.1"),
    "a4": Truth("A", "A.2"),
    "b1": Truth("B", "B.1", hazards=frozenset({"twin"})),
    "b2": Truth("B", "B.1"),
    "x1": Truth("X", "X.1", scored=False),
}
MAPPINGS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.sampled_from("123"), min_size=1
)


def test_everything_right_is_one() -> None:
    """Components are all that can be asked for."""
    customers = {record: fact.component for record, fact in TRUTH.items()}
    got = agreement.accuracy(customers, TRUTH)
    assert got.precision.rate == got.recall.rate == got.cluster_f1 == 1
    # a4 with a1, a2 and a3: three of seven true pairs nobody could see
    assert got.recall_of_all == Share(4, 7)
    assert got.mixed == Share(0, 6)
    assert got.persons_in_worst == 1


def test_a_mixed_customer_is_seen_in_every_measure() -> None:
    """One customer of a3 with all of B; a1 with a2; a4 alone."""
    customers = {"a1": "1", "a2": "1", "a3": "2", "b1": "2", "b2": "2", "a4": "3"}
    got = agreement.accuracy(customers, TRUTH)
    # joined: a1-a2, a3-b1, a3-b2, b1-b2
    assert got.precision == Share(2, 4)
    # to be joined: three pairs of A.1, one of B.1
    assert got.recall == Share(2, 4)
    assert got.recall_of_all == Share(2, 7)
    # the first leaves out a3, the second is of two persons
    assert got.cluster_precision == Share(0, 2)
    assert got.cluster_recall == Share(0, 2)
    assert got.mixed == Share(3, 6)
    assert got.persons_in_worst == 2
    assert got.hazards == {"twin": Share(1, 2)}


def test_a_person_joined_beyond_what_is_known_is_right() -> None:
    """Both components of A in one customer: pairs and clusters are good."""
    customers = dict.fromkeys(("a1", "a2", "a3", "a4"), "1") | {"b1": "2", "b2": "2"}
    got = agreement.accuracy(customers, TRUTH)
    assert got.precision == Share(7, 7)
    assert got.recall == Share(4, 4)
    assert got.cluster_f1 == 1


def test_a_missing_record_is_its_own_customer() -> None:
    """An unscored one does not count, wherever it is."""
    customers = {"a1": "1", "a2": "1", "b1": "2", "b2": "2", "x1": "2"}
    got = agreement.accuracy(customers, TRUTH)
    assert got.records == 6
    assert got.recall == Share(2, 4)
    assert got.precision == Share(2, 2)
    assert got.mixed == Share(0, 6)


def test_a_merge_is_no_churn_but_a_new_name_is() -> None:
    """The smaller side must change; a customer that stayed must not."""
    before = {"a": "1", "b": "1", "c": "2", "d": "3", "e": "3"}
    merged = agreement.stability(before, before | {"c": "1"})
    assert (merged.changed, merged.least, merged.without_cause) == (1, 1, 0)
    assert merged.excess.rate == 0
    renamed = agreement.stability(before, before | {"d": "9", "e": "9"})
    assert (renamed.changed, renamed.least, renamed.without_cause) == (2, 0, 2)
    assert renamed.excess == Share(2, 5)


def test_a_split_keeps_the_larger_part() -> None:
    """The smaller part gets a new id; the other way round is excess."""
    before = dict.fromkeys("abc", "1")
    assert agreement.stability(before, before | {"c": "2"}).excess.part == 0
    assert agreement.stability(before, before | {"a": "2", "b": "2"}).excess.part == 1


def test_an_id_on_strangers_is_stolen() -> None:
    """Its own records still exist, under another."""
    before = {"a": "1", "b": "2"}
    after = {"a": "2", "b": "1", "new": "3"}
    got = agreement.stability(before, after)
    assert (got.records, got.stolen) == (2, 2)


def test_the_same_partition_may_bear_other_ids() -> None:
    """Pairs are one thing, ids another."""
    one = {"a": "1", "b": "1", "c": "2"}
    same = agreement.sameness(one, {"a": "7", "b": "7", "c": "2"})
    assert same.pairs == 1
    assert same.same_ids == Share(1, 3)
    apart = agreement.sameness(one, {"a": "1", "b": "4", "c": "2"})
    assert apart.pairs == 0 or apart.pairs == pytest.approx(0)


def test_edges_must_hold_a_customer_together() -> None:
    """Edges across customers, or to unknown records, hold nothing."""
    customers = {"a": "1", "b": "1", "c": "1", "d": "2", "e": "2", "f": "3"}
    edges = [("a", "b"), ("b", "c"), ("d", "f"), ("e", "nobody")]
    assert agreement.explained(customers, edges) == Share(1, 2)
    assert agreement.explained(customers, [*edges, ("d", "e")]).rate == 1


@given(MAPPINGS)
def test_a_result_agrees_with_itself(customers: dict[str, str]) -> None:
    """Nothing has changed, everything is the same."""
    same = agreement.sameness(customers, customers)
    assert (same.pairs, same.same_ids.rate) == (1, 1)
    got = agreement.stability(customers, customers)
    assert got.changed == got.least == got.without_cause == got.stolen == 0


@given(MAPPINGS, MAPPINGS)
def test_what_must_change_is_no_more_than_what_did(
    before: dict[str, str], after: dict[str, str]
) -> None:
    """Sameness does not depend on the side."""
    got = agreement.stability(before, after)
    assert got.least <= got.changed <= got.records
    one = agreement.sameness(before, after)
    assert one.pairs == agreement.sameness(after, before).pairs
