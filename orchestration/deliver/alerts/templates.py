"""What an alert says: one shape made from a payload, rendered by each sender.

A payload is what `alerts.notifications` keeps of an alert. Everything in it is optional
but `rule`; what is not listed here is never shown, so that nothing slips out:

- rule, severity (critical, warning, info), title (text, or a text per language),
  state (no_data and error are said in words)
- value, limit, clear_limit, worst, comparison (above or below), unit (share, seconds,
  count, amount), currency, sample_count
- since, ended_at (moments, ISO 8601), time_zone
- labels: name to value; owner, level, repeat_number, acknowledged_by, note
- offenders: rows of kind, id, name, value, unit, link
- members: rows of labels, value, unit, sample_count, for an alert that groups several
- link, runbook (addresses)

A customer is shown by id only, unless the payload says `shows_names`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.deliver.alerts.words import (
    CHANNELS,
    LABELS,
    LANGUAGES,
    WORDS,
)

MOST_DETAILS = 10
COLOURS = {"critical": "red", "warning": "orange", "info": "blue"}
JOINER = "\u200d"
"""Makes one sign of several, as in a family of emoji."""


@dataclass(frozen=True)
class Fact:
    """One named thing that an alert says."""

    name: str
    text: str


@dataclass(frozen=True)
class Detail:
    """One line of a list: an offender, or a member of a group."""

    text: str
    link: str | None = None


@dataclass(frozen=True)
class Said:
    """An alert in words: plain text all through, for a sender to set in its own way."""

    title: str
    kind: str
    severity: str
    language: str
    rule: str
    facts: tuple[Fact, ...] = ()
    members: tuple[Detail, ...] = ()
    offenders: tuple[Detail, ...] = ()
    members_left_out: int = 0
    offenders_left_out: int = 0
    note: str = ""
    link: str | None = None
    runbook: str | None = None
    footer: str = ""

    @property
    def colour(self) -> str:
        """The colour of the alert: green when it is over."""
        if self.kind in ("resolved", "test"):
            return "green" if self.kind == "resolved" else "grey"
        return COLOURS.get(self.severity, "orange")

    def word(self, name: str, **values: object) -> str:
        """Return a word in the language of the alert."""
        return WORDS[self.language][name].format(**values)

    def lists(self) -> list[tuple[str, list[Detail]]]:
        """Return the headed lists, each ended by how many it leaves out."""
        found = []
        for name in ("members", "offenders"):
            rows = list(getattr(self, name))
            if left_out := getattr(self, f"{name}_left_out"):
                rows.append(Detail(self.word("more", count=left_out)))
            if rows:
                found.append((self.word(name), rows))
        return found

    def links(self) -> list[tuple[str, str]]:
        """Return what can be opened: word and address."""
        pairs = (("open", self.link), ("runbook", self.runbook))
        return [(self.word(name), address) for name, address in pairs if address]


def say(
    kind: str, payload: Mapping[str, Any], language: str = "en", route: str = ""
) -> Said:
    """Put a notice into words."""
    language = language if language in LANGUAGES else "en"
    words = WORDS[language]
    severity = str(payload.get("severity") or "warning")
    rule = _line(payload.get("rule") or "")
    title = _in_language(payload.get("title"), language) or rule
    if kind == "test":
        title = title or words["test"]
    head = words.get(kind, kind)
    if kind in ("firing", "repeat", "escalated") and severity in words:
        head = words["graded"].format(head=head, severity=words[severity])
    note = _line(_in_language(payload.get("note"), language))
    if kind == "test":
        note = words["test_text"].format(route=route)
    members = [_member(row, payload, language) for row in _rows(payload, "members")]
    offenders = [
        _offender(row, payload, language) for row in _rows(payload, "offenders")
    ]
    return Said(
        title=words["head"].format(head=head, title=_line(title)),
        kind=kind,
        severity=severity,
        language=language,
        rule=rule,
        facts=tuple(_facts(kind, payload, language)),
        members=tuple(members[:MOST_DETAILS]),
        offenders=tuple(offenders[:MOST_DETAILS]),
        members_left_out=max(len(members) - MOST_DETAILS, 0)
        + int(payload.get("members_left_out") or 0),
        offenders_left_out=max(len(offenders) - MOST_DETAILS, 0)
        + int(payload.get("offenders_left_out") or 0),
        note=note,
        link=_address(payload.get("link")),
        runbook=_address(payload.get("runbook")),
        footer=words["footer"].format(rule=rule),
    )


def _facts(kind: str, payload: Mapping[str, Any], language: str) -> list[Fact]:
    words = WORDS[language]
    found: list[tuple[str, str]] = []
    if payload.get("state") in ("no_data", "error"):
        found.append(("state", words[payload["state"]]))
    if labels := payload.get("labels"):
        found.append(("scope", labels_text(labels, language)))
    if "value" in payload:
        found.append(("value", _value_and_limit(payload, language)))
    if kind == "resolved" and payload.get("worst") is not None:
        found.append(("worst", amount_text(payload["worst"], payload, language)))
    if kind != "resolved" and payload.get("clear_limit") is not None:
        clear = amount_text(payload["clear_limit"], payload, language)
        found.append(("clear_limit", clear))
    if payload.get("sample_count") is not None:
        found.append(("sample_count", f"n = {int(payload['sample_count']):,}"))
    if payload.get("since"):
        found.append(("since", moment_text(payload["since"], payload)))
    if kind == "resolved" and payload.get("ended_at"):
        found.append(("ended_at", moment_text(payload["ended_at"], payload)))
    if payload.get("since") and payload.get("ended_at"):
        span = _moment(payload["ended_at"]) - _moment(payload["since"])
        found.append(("lasted", duration_text(span.total_seconds(), language)))
    for name in ("owner", "level", "repeat_number", "acknowledged_by"):
        if payload.get(name) not in (None, ""):
            found.append((name, _line(payload[name])))
    if payload.get("runbook") and not _address(payload["runbook"]):
        # a place that no telephone can open is still worth naming
        found.append(("runbook", _line(payload["runbook"])))
    return [Fact(words[name], text) for name, text in found]


def _value_and_limit(payload: Mapping[str, Any], language: str) -> str:
    """Return the value, and the limit it is judged by."""
    said = amount_text(payload["value"], payload, language)
    if payload.get("limit") is None:
        return said
    limit = amount_text(payload["limit"], payload, language)
    comparison = payload.get("comparison")
    if comparison in ("above", "below"):
        limit = WORDS[language][comparison].format(limit=limit)
    return WORDS[language]["judged"].format(value=said, limit=limit)


def _member(
    row: Mapping[str, Any], payload: Mapping[str, Any], language: str
) -> Detail:
    parts = [labels_text(row.get("labels") or {}, language)]
    if "value" in row:
        parts.append(amount_text(row["value"], {**payload, **row}, language))
    text = WORDS[language]["colon"].join(part for part in parts if part)
    if row.get("sample_count") is not None:
        text += f" (n = {int(row['sample_count']):,})"
    return Detail(text, _address(row.get("link")))


def _offender(
    row: Mapping[str, Any], payload: Mapping[str, Any], language: str
) -> Detail:
    kind = str(row.get("kind") or "")
    name = row.get("id") if _is_nameless(row, payload) else row.get("name")
    name = name or row.get("id")
    text = value_text(kind, name, language)
    if called := LABELS[language].get(kind):
        text = f"{called} {text}"
    if row.get("value") is not None:
        said = amount_text(row["value"], {**payload, **row}, language)
        text += WORDS[language]["colon"] + said
    return Detail(text, _address(row.get("link")))


def _rows(payload: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    rows = payload.get(name) or ()
    return [row for row in rows if isinstance(row, Mapping)]


def labels_text(labels: Mapping[str, Any], language: str) -> str:
    """Return what an alert is about: each label with its value."""
    return WORDS[language]["comma"].join(
        f"{LABELS[language].get(name, _line(name))} {value_text(name, value, language)}"
        for name, value in labels.items()
        if value not in (None, "")
    )


def value_text(label: str, value: object, language: str) -> str:
    """Return a label's value, channels by their name."""
    text = _line(value)
    return CHANNELS[language].get(text, text) if label == "channel" else text


def amount_text(value: object, about: Mapping[str, Any], language: str) -> str:
    """Return a number in its unit."""
    if value is None or value == "":
        return WORDS[language]["no_value"]
    try:
        number = float(value)
    except (TypeError, ValueError):
        return _line(value)
    if not math.isfinite(number):
        return WORDS[language]["no_value"]
    unit = about.get("unit")
    if unit == "share":
        return f"{number * 100:.1f} %" if language == "en" else f"{number:.1%}"
    if unit == "seconds":
        return duration_text(number, language)
    if unit == "ratio":
        return WORDS[language]["times"].format(n=f"{number:.2f}")
    if unit == "amount":
        return f"{number:,.2f} {about.get('currency') or ''}".strip()
    if number == int(number):
        return f"{int(number):,}"
    return f"{number:,.2f}"


def duration_text(seconds: float, language: str) -> str:
    """Return a span in its two largest units."""
    words = WORDS[language]
    left = round(abs(seconds))
    if left < 60 and seconds != round(seconds):
        return words["seconds"].format(n=f"{seconds:.1f}")
    units = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
    parts = []
    for name, size in units:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(words[name].format(n=count) if count else "")
        if len(parts) == 2:
            break
    sign = "-" if seconds < 0 else ""
    said = words["gap"].join(part for part in parts if part)
    return sign + (said or words["seconds"].format(n=0))


def moment_text(moment: object, payload: Mapping[str, Any]) -> str:
    """Return a moment in the zone of those who read it, which is named."""
    at = _moment(moment)
    zone = str(payload.get("time_zone") or "UTC")
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"


def _moment(moment: object) -> datetime:
    at = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo("UTC"))


def _in_language(text: object, language: str) -> str:
    if isinstance(text, Mapping):
        return str(
            text.get(language) or text.get("en") or next(iter(text.values()), "")
        )
    return str(text or "")


def _line(text: object) -> str:
    """Return text as one line, without what only steers a screen."""
    printable = (c if c.isprintable() or c == JOINER else " " for c in str(text))
    return " ".join("".join(printable).split())


def _address(text: object) -> str | None:
    """Return an address that may be opened, or None."""
    given = str(text or "").strip()
    is_one = given.startswith(("https://", "http://")) and not set(given) & set(
        " <>\"'"
    )
    return given if is_one else None


SHOWN = (
    *("rule", "severity", "title", "state", "value", "limit", "clear_limit", "worst"),
    *("comparison", "unit", "currency", "sample_count", "since", "ended_at"),
    *("time_zone", "labels", "owner", "level", "repeat_number", "acknowledged_by"),
    *("note", "link", "runbook"),
)


def shown(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a payload what may leave, for receivers that are machines."""
    found = {name: payload[name] for name in SHOWN if payload.get(name) is not None}
    members = ("labels", "value", "unit", "sample_count", "link")
    if rows := _rows(payload, "members"):
        found["members"] = [{n: row[n] for n in members if n in row} for row in rows]
    offenders = ("kind", "id", "name", "value", "unit", "link")
    if rows := _rows(payload, "offenders"):
        found["offenders"] = [
            {
                name: row[name]
                for name in offenders
                if name in row and not (name == "name" and _is_nameless(row, payload))
            }
            for row in rows
        ]
    return found


def _is_nameless(row: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Say whether a row is about a customer whose name is not to be shown."""
    is_customer = str(row.get("kind") or "").startswith("customer")
    return is_customer and payload.get("shows_names") is not True


def plain(said: Said) -> str:
    """Return an alert as plain text."""
    colon = said.word("colon")
    lines = [said.title, ""]
    lines += [f"{fact.name}{colon}{fact.text}" for fact in said.facts]
    if said.note:
        lines += ["", said.note]
    for head, rows in said.lists():
        lines += ["", f"{head}{colon}".rstrip()]
        lines += [f"- {row.text}" for row in rows]
    if said.links():
        lines += ["", *(f"{word}{colon}{address}" for word, address in said.links())]
    if said.footer:
        lines += ["", said.footer]
    return "\n".join(lines)
