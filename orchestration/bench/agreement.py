"""How well customers agree with the truth, with an earlier run, and with their edges.

All of it looks at a mapping from record to customer. Pairs are counted by group sizes,
never one by one.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Customers = Mapping[str, str]
"""The customer of each record."""


@dataclass(frozen=True)
class Truth:
    """What is known of one record.

    `component` holds the records of the person that a perfect linker could join;
    a record that is not `scored` is nobody's to judge.
    """

    person_id: str
    component: str
    scored: bool = True
    batch: int = 1
    hazards: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def rate(self) -> float:
        """Return the share; one of nothing is all of it."""
        return self.part / self.whole if self.whole else 1.0


@dataclass(frozen=True)
class Accuracy:
    """Customers against the truth.

    Pairs: of the pairs joined, how many are of one person (precision); of the pairs
    that could be joined, how many are (recall). Clusters of two and more: of the
    customers, how many are one person and leave out nothing that could be joined; of
    the components, how many lie whole in a customer of one person.
    """

    records: int
    precision: Share
    recall: Share
    recall_of_all: Share
    cluster_precision: Share
    cluster_recall: Share
    mixed: Share
    persons_in_worst: int
    hazards: Mapping[str, Share]

    @property
    def cluster_f1(self) -> float:
        """Return the harmonic mean of both cluster shares."""
        return f1(self.cluster_precision.rate, self.cluster_recall.rate)


@dataclass(frozen=True)
class Stability:
    """Two runs over the records that both have.

    `without_cause`: records whose customer holds exactly the same records under another
    id. `excess`: changed records beyond what merges and splits need. `stolen`: ids that
    sit on records none of which had them while theirs exist.
    """

    records: int
    changed: int
    least: int
    without_cause: int
    stolen: int

    @property
    def excess(self) -> Share:
        """Return how many changed that need not."""
        return Share(max(0, self.changed - self.least), max(1, self.records))


@dataclass(frozen=True)
class Sameness:
    """Two results over the records that both have."""

    records: int
    pairs: float
    same_ids: Share


def f1(precision: float, recall: float) -> float:
    """Return the harmonic mean."""
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


def pairs(sizes: Iterable[int]) -> int:
    """Return how many pairs lie within groups of these sizes."""
    return sum(size * (size - 1) // 2 for size in sizes)


def read_truth(path: Path) -> dict[str, Truth]:
    """Read a truth file, as `people.write` writes it."""
    with path.open(newline="", encoding="utf-8") as file:
        return {
            row["record_id"]: Truth(
                person_id=row["person_id"],
                component=row["component"],
                scored=row["scored"] != "0",
                batch=int(row["batch"]),
                hazards=frozenset(filter(None, row["hazards"].split("|"))),
            )
            for row in csv.DictReader(file)
        }


def accuracy(customers: Customers, truth: Mapping[str, Truth]) -> Accuracy:
    """Judge customers; a scored record without a customer is its own."""
    known = {record: fact for record, fact in truth.items() if fact.scored}
    given = {record: customers.get(record, f"alone {record}") for record in known}
    joined = Counter(given.values())
    persons = Counter(fact.person_id for fact in known.values())
    components = Counter(fact.component for fact in known.values())
    right: Counter[tuple[str, str]] = Counter()
    parts: Counter[tuple[str, str]] = Counter()
    for record, fact in known.items():
        right[given[record], fact.person_id] += 1
        parts[given[record], fact.component] += 1
    of_persons = Counter(customer for customer, _ in right)
    mixed = {customer for customer, count in of_persons.items() if count > 1}
    torn = {
        customer
        for (customer, component), count in parts.items()
        if count < components[component]
    }
    several = [customer for customer, size in joined.items() if size > 1]
    good = sum(customer not in mixed and customer not in torn for customer in several)
    whole = sum(
        count > 1 and count == components[component] and customer not in mixed
        for (customer, component), count in parts.items()
    )
    found = pairs(right.values())
    return Accuracy(
        records=len(known),
        precision=Share(found, pairs(joined.values())),
        recall=Share(pairs(parts.values()), pairs(components.values())),
        recall_of_all=Share(found, pairs(persons.values())),
        cluster_precision=Share(good, len(several)),
        cluster_recall=Share(whole, sum(size > 1 for size in components.values())),
        mixed=Share(sum(joined[customer] for customer in mixed), len(known)),
        persons_in_worst=max(of_persons.values(), default=0),
        hazards=_hazards(given, known, mixed),
    )


def _hazards(
    given: Customers, known: Mapping[str, Truth], mixed: set[str]
) -> dict[str, Share]:
    """Of the records with each hazard, how many sit with another person's."""
    carried: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    for record, fact in known.items():
        carried.update(fact.hazards)
        if given[record] in mixed:
            caught.update(fact.hazards)
    return {
        hazard: Share(caught[hazard], count)
        for hazard, count in sorted(carried.items())
    }


def stability(before: Customers, after: Customers) -> Stability:
    """Compare the ids of two runs."""
    common = before.keys() & after.keys()
    old, new = _groups(before, common), _groups(after, common)
    changed = sum(before[record] != after[record] for record in common)
    without_cause = 0
    for customer, records in old.items():
        heir = after[next(iter(records))]
        if heir != customer and new[heir] == records:
            without_cause += len(records)
    stolen = sum(
        customer in old and not old[customer] & records
        for customer, records in new.items()
    )
    least = len(common) - _kept(before, after, common)
    return Stability(len(common), changed, least, without_cause, stolen)


def _groups(customers: Customers, records: Iterable[str]) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for record in records:
        groups[customers[record]].add(record)
    return groups


def _kept(before: Customers, after: Customers, common: Collection[str]) -> int:
    """Return how many records could have kept their id: largest overlaps first."""
    overlaps = Counter((before[record], after[record]) for record in common)
    old_used: set[str] = set()
    new_used: set[str] = set()
    kept = 0
    for (old, new), count in sorted(
        overlaps.items(), key=lambda overlap: (-overlap[1], overlap[0])
    ):
        if old not in old_used and new not in new_used:
            old_used.add(old)
            new_used.add(new)
            kept += count
    # the largest first is not always the most in all
    return max(kept, sum(before[record] == after[record] for record in common))


def sameness(one: Customers, other: Customers) -> Sameness:
    """Compare two results: do they join the same pairs, under the same ids?"""
    common = one.keys() & other.keys()
    both = pairs(Counter((one[record], other[record]) for record in common).values())
    first = pairs(Counter(one[record] for record in common).values())
    second = pairs(Counter(other[record] for record in common).values())
    same = sum(one[record] == other[record] for record in common)
    return Sameness(
        records=len(common),
        pairs=f1(Share(both, first).rate, Share(both, second).rate),
        same_ids=Share(same, len(common)),
    )


def explained(customers: Customers, edges: Iterable[tuple[str, str]]) -> Share:
    """Of the customers of two records and more, how many do edges hold together?"""
    root = {record: record for record in customers}

    def top(record: str) -> str:
        while root[record] != record:
            root[record] = root[root[record]]
            record = root[record]
        return record

    for one, other in edges:
        if one in root and other in root and customers[one] == customers[other]:
            root[top(other)] = top(one)
    sizes = Counter(customers.values())
    tops: dict[str, set[str]] = defaultdict(set)
    for record, customer in customers.items():
        tops[customer].add(top(record))
    several = [customer for customer, size in sizes.items() if size > 1]
    held = sum(len(tops[customer]) == 1 for customer in several)
    return Share(held, len(several))
