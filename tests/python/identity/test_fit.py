"""Learning weights from counts of patterns, on pairs whose truth is known."""

import random
from collections import Counter
from math import log2

import pytest

from orchestration.identity.fit import Chance, Pattern, learn

PAIRS = 20_000
MATCHES = 0.4
# how often one person's records, and two persons', show a level
TRUE_SHARES = {
    ("gender", "equal"): (0.97, 0.5),
    ("gender", "different"): (0.03, 0.5),
    ("city", "equal"): (0.8, 0.1),
    ("city", "different"): (0.2, 0.9),
    ("birth", "equal"): (0.9, 0.001),
    ("birth", "near"): (0.06, 0.004),
    ("birth", "different"): (0.04, 0.995),
}
WEIGHTS = {
    ("prior", "all"): -12.5,
    ("gender", "different"): -8.0,
    ("city", "different"): -2.5,
    ("birth", "equal"): 11.0,
    ("birth", "near"): 5.0,
    ("birth", "different"): -9.0,
    ("phone", "near"): 6.0,
    ("name", "fits"): 1.5,
}
CHANCES = {
    key: Chance(round(chance * 1_000_000), 1_000_000)
    for key, (_, chance) in TRUE_SHARES.items()
}


def drawn(shares: dict[str, float], dice: random.Random) -> str:
    """Draw a level."""
    return dice.choices(list(shares), list(shares.values()))[0]


def patterns(seed: int) -> list[Pattern]:
    """Draw pairs of known truth; what they share says how likely they are one."""
    dice = random.Random(seed)
    counts: Counter = Counter()
    for _ in range(PAIRS):
        is_match = dice.random() < MATCHES
        side = 0 if is_match else 1
        levels = {}
        for comparison in ("gender", "city", "birth"):
            if dice.random() < 0.7:
                levels[comparison] = drawn(
                    {
                        level: both[side]
                        for (name, level), both in TRUE_SHARES.items()
                        if name == comparison
                    },
                    dice,
                )
        counts[tuple(sorted(levels.items()))] += 1
    base = log2(MATCHES / (1 - MATCHES))
    return [
        Pattern(
            dict(levels), base + sum(WEIGHTS.get(key, 0.0) for key in levels), count
        )
        for levels, count in counts.items()
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_true_is_learnt(seed: int) -> None:
    """To within half a bit, whatever counted before."""
    _, weights = learn(patterns(seed), CHANCES, WEIGHTS)
    found = {(one.comparison, one.level): one for one in weights}
    for key in (("gender", "different"), ("city", "different"), ("birth", "near")):
        match, chance = TRUE_SHARES[key]
        assert found[key].note == "learnt"
        assert found[key].new_bits == pytest.approx(log2(match / chance), abs=0.5)


def test_policy_and_what_is_rare_keep_their_bits() -> None:
    """Constants, clashes, slips, and what nobody has seen often enough."""
    few = {**CHANCES, ("birth", "equal"): Chance(3, 1_000_000)}
    _, weights = learn(patterns(4), few, WEIGHTS)
    kept = {(one.comparison, one.level): one for one in weights if one.note != "learnt"}
    assert kept.keys() == {
        ("prior", "all"),
        ("birth", "different"),
        ("birth", "equal"),
        ("phone", "near"),
        ("name", "fits"),
    }
    assert all(one.new_bits == one.old_bits for one in kept.values())


def test_nonsense_is_not_proposed() -> None:
    """Differing cannot speak for two being one, nor agreeing against."""
    upside_down = [
        Pattern({"city": "different"}, 12.0, 1000),
        Pattern({"city": "equal"}, -12.0, 1000),
    ]
    chances = {
        ("city", "different"): Chance(10, 1000),
        ("city", "equal"): Chance(990, 1000),
    }
    _, weights = learn(upside_down, chances, {("city", "different"): -2.5})
    assert [(one.new_bits, one.note) for one in weights] == [
        (-2.5, "kept: differing cannot speak for")
    ]
