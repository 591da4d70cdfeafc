"""Rules, routes and calendars that people wrote: read strictly, refused by name."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestration.deliver.alerts import calendars, rulebook, rules
from orchestration.deliver.alerts.catalogue import catalogue
from orchestration.deliver.alerts.rules import Known
from orchestration.settings import ROOT, UserError
from tests.python.deliver.stage import CALENDAR_COLUMNS, RULE

SEEDS = ROOT / "seeds"
KNOWN = Known(
    catalogue=catalogue(None, SEEDS),
    routes=["floor", "managers"],
    calendars=["nights"],
    channels=["phone", "web_chat"],
)
SHARE = {
    "measure": "live_abandonment_rate",
    "fire_limit": "0.2",
    "clear_limit": "0.1",
}


def test_a_rule_is_read_whole() -> None:
    """Texts become numbers, lists and labels."""
    row = {**RULE, "scope": "channel=phone|web_chat, queue_name=vip"}
    rule = rules.parse_rule(row, KNOWN)
    assert rule.fire_limit == 300
    assert rule.scope == (("channel", ("phone", "web_chat")), ("queue_name", ("vip",)))
    assert rule.holds_for({"channel": "phone", "queue_name": "vip"})
    assert not rule.holds_for({"channel": "phone", "queue_name": "orders"})
    assert rules.parse_rule(rulebook.definition(rule), KNOWN) == rule


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("measure", "longest_wait", "no such measure"),
        ("measure", "select 1", "no such measure"),
        ("measure", "", "no such measure"),
        ("kind", "sla", "is of kind threshold"),
        ("comparison", "beyond", "one of above, below"),
        ("fire_limit", "", "a number"),
        ("fire_limit", "lots", "a number"),
        ("fire_limit", "nan", "a number"),
        ("fire_limit", "inf", "a number"),
        ("fire_limit", "1_000", "a number"),
        ("clear_limit", "301", "at or below the fire limit"),
        ("clear_limit", "-1", "never at or below it"),
        ("for_seconds", "-5", "a whole number"),
        ("for_seconds", "1.5", "a whole number"),
        ("for_seconds", "99999999", "a whole number"),
        ("repeat_seconds", "5", "60 or more"),
        ("minimum_sample", "few", "a whole number"),
        ("severity", "urgent", "one of critical"),
        ("owner", "", "may not be empty"),
        ("title_en", "", "may not be empty"),
        ("routes", "", "at least one route"),
        ("routes", "floor|nobody", "no route nobody"),
        ("series_by", "channel|agent", "no label agent"),
        ("series_by", "channel|channel", "each label once"),
        ("scope", "phone", "label=value"),
        ("scope", "channel=fax", "no channel fax"),
        ("scope", "agent=kim", "no label agent"),
        ("group_by", "site", "no label site"),
        ("window_minutes", "30", "leave it empty"),
        ("mute_calendar", "sundays", "no such calendar"),
        ("muted_by", "long_wait", "cannot mute itself"),
        ("on_no_data", "panic", "one of quiet, tell"),
        ("is_enabled", "maybe", "true or false"),
        ("rule_name", "Long Wait", "lower case"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(
    column: str, value: str, said: str
) -> None:
    """One line: the rule, the column, what stands there, the remedy."""
    with pytest.raises(UserError) as refusal:
        rules.parse_rule({**RULE, column: value}, KNOWN)
    text = str(refusal.value)
    assert said in text
    assert column in text
    assert text.startswith(f"rule {value if column == 'rule_name' else 'long_wait'}:")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("comparison", "fire", "clear", "said"),
    [
        ("above", "80", "70", "never above it"),
        ("above", "1", "0.5", "never above it"),
        ("below", "0", "0", "never below it"),
        ("below", "0.5", "1.5", "never at or above it"),
        ("below", "0.5", "0.4", "at or above the fire limit"),
    ],
)
def test_impossible_limits_of_a_share_are_refused(
    comparison: str, fire: str, clear: str, said: str
) -> None:
    """80 is meant as 0.8, and says so."""
    row = {**RULE, **SHARE, "comparison": comparison, "fire_limit": fire}
    with pytest.raises(UserError, match=said):
        rules.parse_rule({**row, "clear_limit": clear}, KNOWN)


@pytest.mark.parametrize(
    ("measure", "window", "is_possible"),
    [
        ("live_abandonment_rate", "30", True),
        ("live_abandonment_rate", "0", False),
        ("live_abandonment_rate", "100000", False),
        ("abandonment_rate", "120", True),
        ("abandonment_rate", "90", False),
        ("survey_csat_rate", "10080", True),
        ("survey_csat_rate", "60", False),
        ("backlog_closing_count", "2880", False),
    ],
)
def test_a_window_fits_its_measure(
    measure: str, window: str, is_possible: bool
) -> None:
    """Minutes, whole hours or whole days, as the table holds them."""
    row = {**RULE, **SHARE, "measure": measure, "window_minutes": window}
    row |= {"series_by": "channel", "group_by": ""}
    if is_possible:
        assert rules.parse_rule(row, KNOWN).window_minutes == int(window)
    else:
        with pytest.raises(UserError, match="window_minutes"):
            rules.parse_rule(row, KNOWN)


def test_one_bad_rule_does_not_take_the_others_along() -> None:
    """Refused are the bad, the doubled, and those that mute each other."""
    good, refused = rules.parse_rules(
        [
            {**RULE, "rule_name": "good"},
            {**RULE, "rule_name": "bad", "fire_limit": "lots"},
            {**RULE, "rule_name": "twice"},
            {**RULE, "rule_name": "twice"},
            {**RULE, "rule_name": "one", "muted_by": "other"},
            {**RULE, "rule_name": "other", "muted_by": "one"},
            {**RULE, "rule_name": "lost", "muted_by": "nobody"},
        ],
        KNOWN,
    )
    assert "good" in good
    assert {"bad", "twice", "one", "lost"} <= set(refused)
    assert all(name in said for name, said in refused.items())


def test_the_rules_of_the_project_can_be_followed() -> None:
    """The lists that come along refuse nothing, and every kind has a rule."""
    routes, wrong = rules.parse_routes(
        rulebook.read_file(SEEDS / "seed_alert_routes.csv")
    )
    assert wrong == {}
    windows, wrong = calendars.parse_calendars(
        rulebook.read_file(SEEDS / "seed_alert_calendars.csv")
    )
    assert wrong == {}
    known = Known(KNOWN.catalogue, list(routes), list(windows))
    good, refused = rules.parse_rules(
        rulebook.read_file(SEEDS / "seed_alert_rules.csv"), known
    )
    assert refused == {}
    assert {rule.kind for rule in good.values()} == set(rules.KINDS)


def test_routes_lead_on_but_never_round() -> None:
    """A chain ends; one that leads back is refused by name."""
    row = {"title": "", "sender": "webhook", "receiver": "", "language": "en"}
    good, refused = rules.parse_routes(
        [
            {**row, "route": "a", "next_route": "b", "next_after_seconds": "60"},
            {**row, "route": "b", "next_route": "", "next_after_seconds": ""},
            {**row, "route": "c", "next_route": "d", "next_after_seconds": "60"},
            {**row, "route": "d", "next_route": "c", "next_after_seconds": "60"},
            {**row, "route": "e", "next_route": "f", "next_after_seconds": "60"},
            {**row, "route": "g", "next_route": "b", "next_after_seconds": "5"},
            {**row, "route": "h", "sender": "pigeon"},
        ]
    )
    assert rules.chain(good, "a") == ("b",)
    assert "leads back" in refused["c"]
    assert "no such route" in refused["e"]
    assert "60 or more" in refused["g"]
    assert "one of slack" in refused["h"]


def windows(**columns: str) -> dict[str, tuple[calendars.Window, ...]]:
    """Return a calendar of one window."""
    row = dict.fromkeys(CALENDAR_COLUMNS, "")
    row |= {"calendar": "c", "time_zone": "Asia/Shanghai", **columns}
    found, wrong = calendars.parse_calendars([row])
    if wrong:
        raise UserError(wrong["c"])
    return found


def local(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """Return a local moment in UTC."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "is_silent"),
    [
        ("2026-11-23 21:59:59", False),
        ("2026-11-23 22:00:00", True),
        ("2026-11-24 07:59:59", True),
        ("2026-11-24 08:00:00", False),
        # the night from Friday to Saturday is Friday's
        ("2026-11-28 03:00:00", True),
        ("2026-11-28 23:00:00", False),
        ("2026-11-29 03:00:00", False),
    ],
)
def test_a_night_goes_over_midnight(text: str, is_silent: bool) -> None:
    """Its weekday is the day on which it begins."""
    night = windows(weekdays="1|2|3|4|5", starts_at="22:00", ends_at="08:00")
    assert calendars.is_muted(night, "c", local(text)) is is_silent


def test_a_whole_day_and_its_dates() -> None:
    """From midnight to midnight, between the first and the last date."""
    day = windows(
        starts_at="00:00",
        ends_at="24:00",
        first_date="2026-12-24",
        last_date="2026-12-25",
    )
    expected = {
        "2026-12-23 23:59": False,
        "2026-12-24 00:00": True,
        "2026-12-25 23:59": True,
        "2026-12-26 00:00": False,
    }
    found = {text: calendars.is_muted(day, "c", local(text)) for text in expected}
    assert found == expected


def test_a_night_with_a_clock_change_is_a_night() -> None:
    """In London the last Sunday of October has an hour more."""
    zone = "Europe/London"
    night = windows(starts_at="22:00", ends_at="07:30", time_zone=zone)
    assert calendars.is_muted(night, "c", local("2026-10-25 07:29", zone))
    assert not calendars.is_muted(night, "c", local("2026-10-25 07:31", zone))
    assert calendars.is_muted(night, "c", datetime(2026, 10, 25, 1, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    "columns",
    [
        {"starts_at": "25:00", "ends_at": "08:00"},
        {"starts_at": "22", "ends_at": "08:00"},
        {"starts_at": "22:00", "ends_at": "24:30"},
        {"starts_at": "22:00", "ends_at": "08:00", "time_zone": "Mars/Base"},
        {"starts_at": "22:00", "ends_at": "08:00", "weekdays": "8"},
        {"starts_at": "22:00", "ends_at": "08:00", "first_date": "soon"},
    ],
)
def test_a_calendar_that_cannot_be_read_is_refused(columns: dict[str, str]) -> None:
    """Half a night of silence is worse than a refusal."""
    with pytest.raises(UserError, match="calendar c:"):
        windows(**columns)
