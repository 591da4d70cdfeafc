"""What could be known of made-up records: who made them, and who could tell.

A component holds the records of one person that a perfect linker could join from what
they show: a value nobody else has, or a value others share beside a full name, or the
full name beside the birth date or the address.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

Key = tuple[str, str]
"""Kind and canonical value of an identifier."""

ISSUED = frozenset({"user", "openid", "unionid", "crm", "handle"})
"""Kinds one system gives to one person."""
ANONYMOUS = frozenset({"privacy_number", "switchboard"})
"""Traps whose values say nothing of their other users."""


@dataclass
class Row:
    """One record as its maker knows it."""

    person_id: str
    record: dict[str, str]
    keys: list[Key] = field(default_factory=list)
    hazards: set[str] = field(default_factory=set)
    # full; reading: in Latin letters; partial: a title, a mask, an initial
    name_kind: str = ""
    birth: str = ""
    address: str = ""
    moment: datetime = datetime.min
    batch: int = 1
    index: int = 0


@dataclass(frozen=True)
class Verdict:
    """The truth of one record."""

    record_id: str
    person_id: str
    component: str
    scored: bool
    batch: int
    channel: str
    hazards: frozenset[str]


class Owners:
    """Who has which value, and which values are a trap."""

    def __init__(self) -> None:
        """Begin with nothing owned."""
        self._people: dict[Key, set[str]] = defaultdict(set)
        self._shared_as: dict[Key, str] = {}
        self._tags: dict[Key, set[str]] = defaultdict(set)

    def add(self, key: Key, person_id: str, shared_as: str) -> None:
        """Note an owner, and what it is called when there are several."""
        self._people[key].add(person_id)
        self._shared_as[key] = shared_as

    def tag(self, key: Key, hazard: str) -> None:
        """Note that a value is a trap whoever has it."""
        self._tags[key].add(hazard)

    def reasons(self, key: Key) -> set[str]:
        """Return the traps a value is."""
        tags = set(self._tags.get(key, ()))
        shared = len(self._people.get(key, ())) > 1
        if shared and "recycled_phone" not in tags:
            tags.add(self._shared_as[key])
        return tags

    def contested(self, key: Key) -> bool:
        """Return whether a value alone does not tell its owner."""
        return bool(self.reasons(key))


class _Forest:
    """Union-find over the rows of one person."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def root(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def join(self, nodes: Sequence[int]) -> None:
        for other in nodes[1:]:
            first, second = sorted((self.root(nodes[0]), self.root(other)))
            self.parent[second] = first


def judge(rows: Sequence[Row], owners: Owners) -> list[Verdict]:
    """Return the truth of rows as far as these rows show it, in their order."""
    named: dict[Key, set[str]] = defaultdict(set)
    by_person: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_person[row.person_id].append(row)
        if row.name_kind == "full":
            for key in row.keys:
                named[key].add(row.person_id)
    verdicts = {
        verdict.record_id: verdict
        for person_rows in by_person.values()
        for verdict in _judge_person(person_rows, owners, named)
    }
    return [verdicts[row.record["record_id"]] for row in rows]


def _judge_person(
    rows: Sequence[Row], owners: Owners, named: dict[Key, set[str]]
) -> Iterable[Verdict]:
    rows = sorted(rows, key=lambda row: row.index)
    components: dict[int, list[Row]] = defaultdict(list)
    forest = _joined(rows, owners)
    for place, row in enumerate(rows):
        components[forest.root(place)].append(row)
    for members in components.values():
        scored = _can_be_judged(members, owners, named)
        for row in members:
            yield Verdict(
                record_id=row.record["record_id"],
                person_id=row.person_id,
                component=f"{row.person_id}.{members[0].index}",
                scored=scored,
                batch=row.batch,
                channel=row.record["channel"],
                hazards=frozenset(row.hazards),
            )


def _joined(rows: Sequence[Row], owners: Owners) -> _Forest:
    """Join the rows of one person that show the same."""
    shown: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        full = row.name_kind == "full"
        for key in row.keys:
            traps = owners.reasons(key) - {"recycled_phone"}
            if not traps:
                shown[key].append(place)
            elif full:
                shown[("named", *key)].append(place)
        if full and row.birth:
            shown["birth", row.birth].append(place)
        if full and row.address:
            shown["address", row.address].append(place)
    forest = _Forest(len(rows))
    for places in shown.values():
        forest.join(places)
    return forest


def _can_be_judged(
    rows: Sequence[Row], owners: Owners, named: dict[Key, set[str]]
) -> bool:
    """Return whether anybody could say whose records these are.

    Without a full name, a value that a named other person shows too points to that
    one; and a record that shows nothing of its own points to nobody.
    """
    if "test_call" in rows[0].hazards:
        return False
    if any(row.name_kind == "full" for row in rows):
        return True
    keys = {key for row in rows for key in row.keys}
    contested = {key for key in keys if owners.contested(key)}
    own = {kind for kind, _ in keys - contested}
    # a device joins nothing, yet it is somebody's
    own |= {"device" for row in rows if row.record.get("device_id")}
    partial = any(row.name_kind for row in rows)
    if not own and not partial:
        return False
    if "crm" in own and own - ISSUED - {"device"}:
        return True
    person_id = rows[0].person_id
    return not any(
        named.get(key, set()) - {person_id}
        for key in contested
        if not owners.reasons(key) & ANONYMOUS
    )
