"""Rules and routes as people write them, read strictly: nothing is guessed.

A rule names a measure of the catalogue and numbers; it never holds SQL. What cannot be
followed is refused in one line that names the rule, the column and the remedy.
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from orchestration.settings import UserError

if TYPE_CHECKING:
    from orchestration.deliver.alerts.measures import Catalogue, Measure

KINDS = ("threshold", "sla", "feed", "volume", "gate", "churn", "pipeline")
SEVERITIES = ("critical", "warning", "info")
COMPARISONS = ("above", "below")
ON_NO_DATA = ("quiet", "tell")
SENDERS = (
    *("slack", "teams", "wecom", "dingtalk", "feishu", "email", "webhook", "apprise"),
)
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
LONGEST_SECONDS = 31 * 86400
LEAST_REPEAT_SECONDS = 60
LOWEST = {"share": 0, "count": 0, "seconds": 0, "ratio": 0, "points": -100}
HIGHEST = {"share": 1, "points": 100}
TEXT_COLUMNS = (
    *("rule_name", "title_en", "title_zh", "kind", "measure", "comparison"),
    *("severity", "owner", "mute_calendar", "on_no_data", "runbook"),
)


@dataclass(frozen=True)
class Rule:
    """One rule, every part of it known to be possible."""

    rule_name: str
    title_en: str
    title_zh: str
    kind: str
    measure: str
    series_by: tuple[str, ...]
    scope: tuple[tuple[str, tuple[str, ...]], ...]
    window_minutes: int | None
    comparison: str
    fire_limit: float
    clear_limit: float
    for_seconds: int
    keep_seconds: int
    minimum_sample: int
    severity: str
    owner: str
    routes: tuple[str, ...]
    group_by: tuple[str, ...]
    group_seconds: int
    repeat_seconds: int
    muted_by: tuple[str, ...]
    mute_calendar: str
    on_no_data: str
    runbook: str
    is_enabled: bool

    def holds_for(self, labels: Mapping[str, Any]) -> bool:
        """Say whether the scope takes in a series."""
        return all(labels.get(name) in values for name, values in self.scope)

    def group_of(self, labels: Mapping[str, Any]) -> dict[str, Any]:
        """Return the labels of the incident that a series belongs to."""
        return {name: labels.get(name) for name in self.group_by}


COLUMNS = tuple(field.name for field in fields(Rule))


@dataclass(frozen=True)
class Route:
    """A person or a room that is told, and who is next."""

    route: str
    title: str
    sender: str
    receiver: str
    language: str
    next_route: str
    next_after_seconds: int
    is_enabled: bool


@dataclass(frozen=True)
class Known:
    """What a rule may name."""

    catalogue: "Catalogue"
    routes: Collection[str]
    calendars: Collection[str]
    channels: Collection[str] = ()
    """Empty when the list of channels has not landed: then any is taken."""


def words(text: str) -> tuple[str, ...]:
    """Return the parts of a list with `|` between them."""
    parts = (part.strip() for part in (text or "").split("|"))
    return tuple(part for part in parts if part)


class Reader:
    """Reads the columns of one row, and says what is wrong by name."""

    def __init__(self, what: str, row: Mapping[str, Any]) -> None:
        """Begin with a row; what is empty reads as an empty text."""
        self.what = what
        self.row = {
            name: "" if value is None else str(value).strip()
            for name, value in row.items()
        }

    def refuse(self, column: str, remedy: str) -> UserError:
        """Return the refusal of one column."""
        said = self.row.get(column) or "(empty)"
        return UserError(f"{self.what}: {column} {said}: {remedy}")

    def text(self, column: str, *, required: bool = False) -> str:
        """Return a text."""
        found = self.row.get(column, "")
        if required and not found:
            raise self.refuse(column, "it may not be empty")
        return found

    def name(self, column: str) -> str:
        """Return a name in lower case."""
        found = self.row.get(column, "")
        if not NAME.fullmatch(found):
            raise self.refuse(column, "write lower case letters, digits and _")
        return found

    def one_of(self, column: str, allowed: Collection[str], default: str = "") -> str:
        """Return one word of a closed list."""
        found = self.row.get(column, "") or default
        if found not in allowed:
            raise self.refuse(column, f"one of {', '.join(allowed)}")
        return found

    def whole(
        self,
        column: str,
        default: int | None = None,
        *,
        most: int = LONGEST_SECONDS,
    ) -> int:
        """Return a whole number of 0 or more."""
        found = self.row.get(column, "")
        if not found and default is not None:
            return default
        if not found.isascii() or not found.isdigit() or int(found) > most:
            raise self.refuse(column, f"a whole number from 0 to {most}")
        return int(found)

    def number(self, column: str, default: float | None = None) -> float:
        """Return a finite number."""
        found = self.row.get(column, "")
        if not found and default is not None:
            return default
        try:
            value = float(found)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in found:
            raise self.refuse(column, "a number, such as 0.8 or 300")
        return value

    def yes(self, column: str) -> bool:
        """Return a yes or no; empty means yes."""
        found = self.row.get(column, "").lower() or "true"
        if found not in ("true", "false"):
            raise self.refuse(column, "true or false")
        return found == "true"


def parse_scope(reader: Reader) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read `channel=phone|web_chat, queue_name=cn_vip`."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, map(str.strip, reader.text("scope").split(","))):
        label, sign, values = part.partition("=")
        label = label.strip()
        if not sign or not label or not words(values):
            raise reader.refuse("scope", "write label=value|value, label=value")
        if label in found:
            raise reader.refuse("scope", f"name the label {label} once")
        found[label] = words(values)
    return tuple(found.items())


def parse_rule(row: Mapping[str, Any], known: Known) -> Rule:
    """Return a rule, or refuse the row by name."""
    reader = Reader(f"rule {row.get('rule_name') or '(no name)'}", row)
    for column in row:
        if column not in COLUMNS:
            raise UserError(
                f"{reader.what}: {column} is no column of a rule:"
                f" one of {', '.join(COLUMNS)}"
            )
    name = reader.name("rule_name")
    measure = known.catalogue.measure(reader.text("measure"), reader.what)
    kind = reader.one_of("kind", KINDS, measure.kind)
    if kind != measure.kind:
        raise reader.refuse("kind", f"measure {measure.name} is of kind {measure.kind}")
    comparison = reader.one_of("comparison", COMPARISONS)
    fire = reader.number("fire_limit")
    clear = reader.number("clear_limit", fire)
    _require_possible(reader, measure, comparison, fire, clear)
    series_by = words(reader.text("series_by"))
    _require_labels(reader, "series_by", series_by, measure.labels, "measure")
    scope = parse_scope(reader)
    _require_labels(reader, "scope", [label for label, _ in scope], series_by, "rule")
    for label, values in scope:
        unknown = [value for value in values if value not in known.channels]
        if label == "channel" and known.channels and unknown:
            raise reader.refuse(
                "scope",
                f"no channel {unknown[0]}: one of {', '.join(known.channels)}",
            )
    group_by = words(reader.text("group_by"))
    _require_labels(reader, "group_by", group_by, series_by, "rule")
    routes = words(reader.text("routes"))
    if not routes:
        raise reader.refuse("routes", "name at least one route")
    for route in routes:
        if route not in known.routes:
            raise reader.refuse(
                "routes", f"no route {route}: one of {', '.join(known.routes)}"
            )
    calendar = reader.text("mute_calendar")
    if calendar and calendar not in known.calendars:
        raise reader.refuse(
            "mute_calendar", f"no such calendar: one of {', '.join(known.calendars)}"
        )
    muted_by = words(reader.text("muted_by"))
    if name in muted_by:
        raise reader.refuse("muted_by", "a rule cannot mute itself")
    repeat = reader.whole("repeat_seconds", 0)
    if 0 < repeat < LEAST_REPEAT_SECONDS:
        raise reader.refuse(
            "repeat_seconds", f"{LEAST_REPEAT_SECONDS} or more, or 0 for never"
        )
    title = reader.text("title_en", required=True)
    return Rule(
        rule_name=name,
        title_en=title,
        title_zh=reader.text("title_zh") or title,
        kind=kind,
        measure=measure.name,
        series_by=series_by,
        scope=scope,
        window_minutes=_window(reader, measure),
        comparison=comparison,
        fire_limit=fire,
        clear_limit=clear,
        for_seconds=reader.whole("for_seconds", 0),
        keep_seconds=reader.whole("keep_seconds", 0),
        minimum_sample=reader.whole("minimum_sample", 0, most=10**9),
        severity=reader.one_of("severity", SEVERITIES, "warning"),
        owner=reader.text("owner", required=True),
        routes=routes,
        group_by=group_by,
        group_seconds=reader.whole("group_seconds", 60),
        repeat_seconds=repeat,
        muted_by=muted_by,
        mute_calendar=calendar,
        on_no_data=reader.one_of("on_no_data", ON_NO_DATA, "quiet"),
        runbook=reader.text("runbook"),
        is_enabled=reader.yes("is_enabled"),
    )


def _require_labels(
    reader: Reader,
    column: str,
    labels: Collection[str],
    allowed: Collection[str],
    whose: str,
) -> None:
    for label in labels:
        if label not in allowed:
            listed = ", ".join(allowed) or "none"
            raise reader.refuse(column, f"no label {label}: the {whose} has {listed}")
    if len(set(labels)) < len(labels):
        raise reader.refuse(column, "name each label once")


def _require_possible(
    reader: Reader, measure: "Measure", comparison: str, fire: float, clear: float
) -> None:
    """Refuse limits that can never be passed, or never be left again."""
    lowest, highest = LOWEST.get(measure.unit), HIGHEST.get(measure.unit)
    unit = {"share": "a share from 0 to 1 (write 0.8 for 80 %)"}.get(
        measure.unit, f"{measure.unit} from {lowest}"
    )
    if comparison == "above":
        if clear > fire:
            raise reader.refuse("clear_limit", "at or below the fire limit")
        if highest is not None and fire >= highest:
            raise reader.refuse("fire_limit", f"never above it: {unit}")
        if lowest is not None and clear < lowest:
            raise reader.refuse("clear_limit", f"never at or below it: {unit}")
    else:
        if clear < fire:
            raise reader.refuse("clear_limit", "at or above the fire limit")
        if lowest is not None and fire <= lowest:
            raise reader.refuse("fire_limit", f"never below it: {unit}")
        if highest is not None and clear > highest:
            raise reader.refuse("clear_limit", f"never at or above it: {unit}")


def _window(reader: Reader, measure: "Measure") -> int | None:
    """Return the minutes that are looked back over, or None where none are."""
    most = max(measure.windows, default=0)
    given = reader.whole("window_minutes", measure.default_window or 0, most=10**6)
    if not measure.windows:
        if reader.text("window_minutes"):
            raise reader.refuse(
                "window_minutes", f"measure {measure.name} has none: leave it empty"
            )
        return None
    step, most = measure.windows
    if given < step or given > most or given % step:
        raise reader.refuse(
            "window_minutes", f"a multiple of {step} from {step} to {most}"
        )
    return given


def parse_rules(
    rows: Collection[Mapping[str, Any]], known: Known
) -> tuple[dict[str, Rule], dict[str, str]]:
    """Return the rules that can be followed, and why the others cannot."""
    rules: dict[str, Rule] = {}
    refused: dict[str, str] = {}
    for row in rows:
        name = str(row.get("rule_name") or "(no name)")
        if name in rules or name in refused:
            rules.pop(name, None)
            refused[name] = f"rule {name}: it stands in the list twice: keep one row"
            continue
        try:
            rules[name] = parse_rule(row, known)
        except UserError as error:
            refused[name] = str(error)
    listed = {str(row.get("rule_name")) for row in rows}
    for name, rule in list(rules.items()):
        if said := _wrong_muting(rule, rules, listed):
            refused[name] = said
            del rules[name]
    return rules, refused


def _wrong_muting(
    rule: Rule, rules: Mapping[str, Rule], listed: Collection[str]
) -> str | None:
    for other in rule.muted_by:
        if other not in listed:
            return f"rule {rule.rule_name}: muted_by {other}: no such rule"
        if other in rules and rule.rule_name in rules[other].muted_by:
            return (
                f"rule {rule.rule_name}: muted_by {other}: both would mute each other:"
                " let one of them speak"
            )
    return None


def parse_routes(
    rows: Collection[Mapping[str, Any]],
) -> tuple[dict[str, Route], dict[str, str]]:
    """Return the routes that can be followed, and why the others cannot."""
    routes: dict[str, Route] = {}
    refused: dict[str, str] = {}
    for row in rows:
        name = str(row.get("route") or "(no name)")
        try:
            if name in routes:
                raise UserError(f"route {name}: it stands in the list twice")
            routes[name] = _parse_route(row)
        except UserError as error:
            refused[name] = str(error)
    for name, route in list(routes.items()):
        if route.next_route and route.next_route not in routes:
            refused[name] = (
                f"route {name}: next_route {route.next_route}: no such route"
            )
            del routes[name]
        elif name in chain(routes, name):
            refused[name] = f"route {name}: next_route leads back to it: end the chain"
            del routes[name]
    return routes, refused


def _parse_route(row: Mapping[str, Any]) -> Route:
    reader = Reader(f"route {row.get('route') or '(no name)'}", row)
    after = reader.whole("next_after_seconds", 0)
    next_route = reader.text("next_route")
    if next_route and after < LEAST_REPEAT_SECONDS:
        raise reader.refuse("next_after_seconds", f"{LEAST_REPEAT_SECONDS} or more")
    return Route(
        route=reader.name("route"),
        title=reader.text("title"),
        sender=reader.one_of("sender", SENDERS),
        receiver=reader.text("receiver"),
        language=reader.one_of("language", ("en", "zh"), "en"),
        next_route=next_route,
        next_after_seconds=after,
        is_enabled=reader.yes("is_enabled"),
    )


def chain(routes: Mapping[str, Route], first: str) -> tuple[str, ...]:
    """Return who is told after a route, one after the other."""
    found: list[str] = []
    route = routes.get(first)
    while route and route.next_route and route.next_route not in found:
        found.append(route.next_route)
        route = routes.get(route.next_route)
    return tuple(found)
