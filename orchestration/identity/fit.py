"""Learn weights from the pairs at hand and propose them; nothing moves by that.

Each pair that a shared identifier brought together either is one person or is not. How
two persons agree by chance (u) is counted on a sample of customers; how one person's
records agree (m) is what makes the pairs likeliest, found by expectation-maximisation
over counts of patterns. Identifiers, thresholds and the prior are policy and stay.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import log2

import psycopg

from orchestration.identity.warehouse import require_built, version_in_force
from orchestration.settings import UserError

LEARNT = ("name", "email_name", "birth", "gender", "address", "city", "postcode")
KEPT = ("phone", "email")
"""A slip in a number or address shows only where it is one: it has no known base."""
CLASHES = (("name", "different"), ("birth", "different"))
"""What forbids is policy: families share numbers and homes, which would mislead."""

SAMPLE = 1_500
ROUNDS = 200
STILL = 1e-6
RARE = ("name", "equal")
"""How rare a name is counts by itself, name by name."""
FEW_PAIRS = 10.0
"""Levels met less often than that, by chance or in matches, keep what they count."""
MOST_BITS = 15.0

WEIGHTS = """
select comparison, level, bits
from cleaned.int_identity_weights__cleaned
order by comparison, level
"""
PATTERNS = "select levels, bits, pair_count from identity.agreement_patterns()"
CHANCES = "select * from identity.agreements_at_random(%s)"
NEXT_VERSION = """
select 1 + greatest(
    (select max(model_version) from reference.seed_identity_weights),
    (select max(model_version) from frontdesk.identity_models)
)
"""
PROPOSE = """
insert into frontdesk.identity_models (model_version, comparison, level, bits)
values (%s, %s, %s, %s)
"""

Key = tuple[str, str]
"""A comparison and one of its levels."""


@dataclass(frozen=True)
class Pattern:
    """Pairs that agree in the same way."""

    levels: Mapping[str, str]
    bits: float
    """What the adopted model counts for them."""
    pair_count: int


@dataclass(frozen=True)
class Chance:
    """How many pairs of two persons show a level, of those that could."""

    pair_count: int
    known_count: int

    @property
    def share(self) -> float:
        """How often it happens by chance."""
        return self.pair_count / self.known_count


@dataclass(frozen=True)
class Weight:
    """The bits of one level, as they count now and as they are proposed."""

    comparison: str
    level: str
    old_bits: float
    new_bits: float
    note: str


@dataclass(frozen=True)
class Proposal:
    """A version of the model that a person may adopt."""

    version: int
    in_force: int
    pair_count: int
    match_count: float
    rounds: int
    weights: list[Weight]


@dataclass(frozen=True)
class Learnt:
    """What expectation-maximisation has found."""

    matched: dict[Key, float]
    """By level: how many matching pairs show it."""
    known: dict[str, float]
    """By comparison: how many matching pairs it can be said of."""
    match_count: float
    rounds: int

    def share(self, key: Key) -> float:
        """Return how often one person's records agree in this way."""
        return self.matched[key] / self.known[key[0]]


def _bits(key: Key, share: float, chances: Mapping[Key, Chance]) -> float:
    """Return what a level counts."""
    if key == RARE:
        return log2(share)
    return log2(share / chances[key].share)


def _posterior(said: float) -> float:
    """Return the chance that a pair of so many bits is one person."""
    return 1.0 / (1.0 + 2.0 ** -max(-500.0, min(500.0, said)))


def maximise(
    patterns: Sequence[Pattern],
    chances: Mapping[Key, Chance],
    weights: Mapping[Key, float],
    fixed: Collection[Key],
) -> Learnt:
    """Find how often matching pairs show each level; what is fixed stays."""
    rest = [
        pattern.bits - sum(weights.get(level, 0.0) for level in pattern.levels.items())
        for pattern in patterns
    ]
    met = {key for pattern in patterns for key in pattern.levels.items()}
    bits = {key: weights.get(key, 0.0) for key in met}
    free = [key for key in met if key not in fixed]
    learnt = Learnt({}, {}, 0.0, 0)
    for rounds in range(1, ROUNDS + 1):
        matched: dict[Key, float] = defaultdict(float)
        known: dict[str, float] = defaultdict(float)
        total = 0.0
        for pattern, base in zip(patterns, rest, strict=True):
            said = base + sum(bits[key] for key in pattern.levels.items())
            share = pattern.pair_count * _posterior(said)
            total += share
            for key in pattern.levels.items():
                matched[key] += share
                known[key[0]] += share
        moved = abs(total - learnt.match_count)
        learnt = Learnt(dict(matched), dict(known), total, rounds)
        for key in free:
            if learnt.share(key) > 0:
                told = _bits(key, learnt.share(key), chances)
                bits[key] = max(-MOST_BITS, min(MOST_BITS, told))
        if moved <= STILL * max(total, 1.0):
            break
    return learnt


def _reason_to_keep(key: Key, chances: Mapping[Key, Chance]) -> str | None:
    """Say why a level cannot be learnt here, before anything is."""
    if key[0] in KEPT:
        return "kept: cannot be learnt from what is compared"
    if key[0] not in LEARNT:
        return "policy"
    if key in CLASHES:
        return "policy: it forbids"
    if key == RARE:
        return None
    if key not in chances or chances[key].pair_count < FEW_PAIRS:
        return "kept: too rare by chance to count"
    return None


def _reason_to_doubt(
    key: Key, learnt: Learnt, chances: Mapping[Key, Chance]
) -> str | None:
    """Say why what was learnt of a level cannot be."""
    if learnt.matched.get(key, 0.0) < FEW_PAIRS:
        return "kept: too few matching pairs show it"
    told = _bits(key, learnt.share(key), chances)
    if key[1] == "equal" and key != RARE and told < 0:
        return "kept: agreeing cannot speak against"
    if key[1] in ("different", "unfit") and told > 0:
        return "kept: differing cannot speak for"
    return "kept: beyond belief" if abs(told) > MOST_BITS else None


def learn(
    patterns: Sequence[Pattern],
    chances: Mapping[Key, Chance],
    weights: Mapping[Key, float],
) -> tuple[Learnt, list[Weight]]:
    """Learn what can be learnt; what cannot keeps its bits while the rest is learnt."""
    levels = {key for pattern in patterns for key in pattern.levels.items()}
    kept = {
        key: reason
        for key in levels | weights.keys()
        if (reason := _reason_to_keep(key, chances))
    }
    while True:
        learnt = maximise(patterns, chances, weights, kept.keys())
        doubts = {
            key: reason
            for key in (levels | weights.keys()) - kept.keys()
            if (reason := _reason_to_doubt(key, learnt, chances))
        }
        if not doubts:
            break
        kept |= doubts
    return learnt, [
        Weight(*key, old, old, kept[key])
        if key in kept
        else Weight(
            *key, old, round(_bits(key, learnt.share(key), chances), 2), "learnt"
        )
        for key, old in weights.items()
    ]


def propose(connection: psycopg.Connection, sample: int = SAMPLE) -> Proposal:
    """Learn the weights, write them as the next version, return old and new."""
    require_built(connection)
    weights = {
        (row[0], row[1]): row[2] for row in connection.execute(WEIGHTS).fetchall()
    }
    patterns = [Pattern(*row) for row in connection.execute(PATTERNS).fetchall()]
    chances = {
        (row[0], row[1]): Chance(row[2], row[3])
        for row in connection.execute(CHANCES, [sample]).fetchall()
        if row[2]
    }
    if not patterns:
        raise UserError(
            "no two records share an identifier yet: there is nothing to learn from"
        )
    learnt, proposed = learn(patterns, chances, weights)
    with connection.transaction():
        connection.execute(
            "lock table frontdesk.identity_models in share row exclusive mode"
        )
        version = connection.execute(NEXT_VERSION).fetchone()[0]
        with connection.cursor() as cursor:
            cursor.executemany(
                PROPOSE,
                [
                    (version, one.comparison, one.level, one.new_bits)
                    for one in proposed
                ],
            )
    return Proposal(
        version=version,
        in_force=version_in_force(connection),
        pair_count=sum(pattern.pair_count for pattern in patterns),
        match_count=learnt.match_count,
        rounds=learnt.rounds,
        weights=proposed,
    )
