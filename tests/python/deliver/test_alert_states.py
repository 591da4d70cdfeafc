"""The states of a series: every step, and what may never happen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.deliver.alerts.rules import Rule
from orchestration.deliver.alerts.states import Held, Reading, judge, step

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
PLAIN = Rule(
    rule_name="r",
    title_en="R",
    title_zh="R",
    kind="threshold",
    measure="m",
    series_by=(),
    scope=(),
    window_minutes=None,
    comparison="above",
    fire_limit=300,
    clear_limit=240,
    for_seconds=60,
    keep_seconds=30,
    minimum_sample=5,
    severity="warning",
    owner="o",
    routes=("floor",),
    group_by=(),
    group_seconds=60,
    repeat_seconds=0,
    muted_by=(),
    mute_calendar="",
    on_no_data="quiet",
    runbook="",
    is_enabled=True,
)
BELOW = replace(PLAIN, comparison="below", fire_limit=0.7, clear_limit=0.8)


@pytest.mark.parametrize(
    ("rule", "value", "sample", "expected"),
    [
        (PLAIN, 301, 5, "breach"),
        (PLAIN, 300, 5, "between"),
        (PLAIN, 241, 5, "between"),
        (PLAIN, 240, 5, "clear"),
        (PLAIN, 999, 4, "few"),
        (PLAIN, None, 0, "few"),
        (PLAIN, None, 5, "missing"),
        (BELOW, 0.69, 5, "breach"),
        (BELOW, 0.7, 5, "between"),
        (BELOW, 0.8, 5, "clear"),
    ],
)
def test_a_value_is_judged_by_both_limits(
    rule: Rule, value: float | None, sample: int, expected: str
) -> None:
    """Beyond the fire limit, at the clear limit or better, or between."""
    assert judge(rule, Reading(value, sample)) == expected


def test_what_could_not_be_asked_is_neither_good_nor_bad() -> None:
    """An error and missing data come before any value."""
    assert judge(PLAIN, Reading(999, 9, error="gone")) == "failed"
    assert judge(PLAIN, Reading(999, 9, missing="old")) == "missing"


def play(
    verdicts: str, rule: Rule = PLAIN, seconds: float = 10, held: Held | None = None
) -> list[str]:
    """Return the states after each verdict, one letter each, some seconds apart."""
    names = {"b": "breach", "c": "clear", "-": "between", "f": "few"}
    names |= {"m": "missing", "e": "failed"}
    held, now, last, states = held or Held(), NOON, NOON - timedelta(seconds=10), []
    for letter in verdicts:
        held = step(held, names[letter], rule, now, last)
        states.append(held.state)
        now, last = now + timedelta(seconds=seconds), now
    return states


def test_it_fires_when_it_has_held_for_long_enough() -> None:
    """Pending until sixty seconds have gone by."""
    assert play("bbbbbbb") == ["pending"] * 6 + ["firing"]


def test_one_good_value_ends_what_is_pending() -> None:
    """A short spike tells nobody."""
    assert play("bbbbbcbbbbbb") == ["pending"] * 5 + ["normal"] + ["pending"] * 6


def test_between_the_limits_what_was_stays() -> None:
    """A value that swings around one limit changes nothing."""
    assert play("-") == ["normal"]
    assert play("b-b-b-b") == ["pending"] * 6 + ["firing"]
    assert play("bbbbbb-") == ["pending"] * 7
    assert play("bbbbbbb--") == ["pending"] * 6 + ["firing"] * 3


def test_it_is_over_when_it_has_been_over_for_long_enough() -> None:
    """Recovering for thirty seconds; a relapse is the same incident."""
    fired = "bbbbbbb"
    assert play(fired + "cccc")[6:] == ["firing", *["recovering"] * 3, "normal"]
    assert play(fired + "ccbcccc")[7:] == [
        *("recovering", "recovering", "firing"),
        *("recovering", "recovering", "recovering", "normal"),
    ]


def test_without_durations_it_turns_at_once() -> None:
    """No pending, no recovering."""
    rule = replace(PLAIN, for_seconds=0, keep_seconds=0)
    assert play("bcbc", rule) == ["firing", "normal", "firing", "normal"]


def test_too_few_to_judge_counts_as_over() -> None:
    """An incident of the day does not last through the night."""
    assert play("bbf") == ["pending", "pending", "normal"]
    assert play("bbbbbbbffff")[7:] == ["recovering"] * 3 + ["normal"]


@pytest.mark.parametrize(("letter", "state"), [("m", "no_data"), ("e", "error")])
def test_without_data_it_goes_on_where_it_was(letter: str, state: str) -> None:
    """Firing stays firing; what was pending begins anew."""
    fired = play(f"bbbbbbb{letter}{letter}b")
    assert fired[7:] == [state, state, "firing"]
    assert play(f"bbbbb{letter}bbbbbbb")[5:] == [state, *["pending"] * 6, "firing"]
    assert play(f"{letter}c") == [state, "normal"]


def test_nothing_is_known_of_a_time_without_a_look() -> None:
    """After a gap what must last begins anew, both ways."""
    assert play("bb", seconds=61) == ["pending", "pending"]
    held = Held("recovering", NOON, "recovering", NOON)
    later = NOON + timedelta(seconds=600)
    after = step(held, "clear", PLAIN, later, NOON)
    assert (after.state, after.since) == ("recovering", later)


@given(st.text("bc-fme", min_size=1, max_size=80), st.sampled_from([0, 30, 60]))
def test_no_state_is_skipped(verdicts: str, seconds: int) -> None:
    """With a duration nothing fires out of normal, and nothing is over out of firing.

    That is checked against the verdicts alone: how long there has been no good value.
    """
    rule = replace(PLAIN, for_seconds=seconds, keep_seconds=seconds)
    held, now, last = Held(), NOON, NOON
    since_clear = None
    names = {"b": "breach", "c": "clear", "-": "between", "f": "few"}
    names |= {"m": "missing", "e": "failed"}
    for letter in verdicts:
        former = held
        held = step(held, names[letter], rule, now, last)
        if letter in "cf":
            since_clear = None
        elif since_clear is None and letter == "b":
            since_clear = now
        if held.base == "firing" and former.base not in ("firing", "recovering"):
            assert letter == "b"
            assert since_clear is not None
            assert (now - since_clear).total_seconds() >= seconds
        if former.base == "firing" and held.base == "normal":
            assert seconds == 0 and letter in "cf"
        if letter in "me":
            assert held.base == former.base
        now, last = now + timedelta(seconds=10), now
