"""What state a series is in: a pure step from what was, by what is seen now.

    normal -> pending -> firing -> recovering -> normal

`no_data` and `error` stand beside these: nothing can be said then, so a series keeps
what it was (`base`) and goes on from there. Between the two limits whatever was stays,
so a value that swings around one limit changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestration.deliver.alerts.rules import Rule

LONGEST_GAP = timedelta(seconds=60)
"""Nothing is known of a longer time without a look: what must last begins anew."""

BREACH, BETWEEN, CLEAR, FEW = "breach", "between", "clear", "few"
MISSING, FAILED = "missing", "failed"


@dataclass(frozen=True)
class Reading:
    """What was seen of one series: a value and out of how many, or why not."""

    value: float | None = None
    sample: int = 0
    missing: str | None = None
    """Why there is no value that could be judged."""
    error: str | None = None
    """Why the measure could not be asked."""


@dataclass(frozen=True)
class Held:
    """A state, since when, and what a series without data goes back to."""

    state: str = "normal"
    since: datetime | None = None
    base: str = "normal"
    base_since: datetime | None = None

    @property
    def is_on(self) -> bool:
        """Say whether people were to be told: it fires, or did and is not over yet."""
        return self.base in ("firing", "recovering")


def judge(rule: Rule, reading: Reading) -> str:
    """Return how a reading stands to the limits of a rule."""
    if reading.error is not None:
        return FAILED
    if reading.missing is not None:
        return MISSING
    if reading.sample < rule.minimum_sample:
        return FEW
    if reading.value is None:
        return MISSING
    if rule.comparison == "above":
        if reading.value > rule.fire_limit:
            return BREACH
        return CLEAR if reading.value <= rule.clear_limit else BETWEEN
    if reading.value < rule.fire_limit:
        return BREACH
    return CLEAR if reading.value >= rule.clear_limit else BETWEEN


def step(
    held: Held, verdict: str, rule: Rule, now: datetime, last: datetime | None
) -> Held:
    """Return the state after one look; `last` is when the series was looked at before.

    What is too few to judge counts as over: nobody is woken by three contacts, and an
    incident of the day does not last through the night.
    """
    if verdict in (MISSING, FAILED):
        state = "no_data" if verdict == MISSING else "error"
        if held.state == state:
            return held
        return replace(held, state=state, since=now, base_since=held.base_since or now)
    unseen = last is None or now - last > LONGEST_GAP
    if held.state in ("no_data", "error"):
        unseen = True
    base, since = _next(held.base, held.base_since or now, verdict, rule, now, unseen)
    return Held(state=base, since=since, base=base, base_since=since)


def _next(
    base: str,
    since: datetime,
    verdict: str,
    rule: Rule,
    now: datetime,
    unseen: bool,
) -> tuple[str, datetime]:
    """Return the next state among the four that data decides, and since when."""
    is_over = verdict in (CLEAR, FEW)
    if base == "normal" and verdict == BREACH:
        return ("pending" if rule.for_seconds else "firing"), now
    if base == "pending":
        if is_over:
            return "normal", now
        if unseen:
            return "pending", now
        lasted = (now - since).total_seconds() >= rule.for_seconds
        if verdict == BREACH and lasted:
            return "firing", now
    elif base == "firing" and is_over:
        return ("recovering" if rule.keep_seconds else "normal"), now
    elif base == "recovering":
        if verdict == BREACH:
            return "firing", now
        if unseen:
            return "recovering", now
        lasted = (now - since).total_seconds() >= rule.keep_seconds
        if is_over and lasted:
            return "normal", now
    return base, since
