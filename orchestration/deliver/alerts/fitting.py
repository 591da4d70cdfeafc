"""Making an alert as short as its receiver takes, never by half a character."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from orchestration.deliver.alerts.templates import JOINER, Fact, Said

Body = TypeVar("Body")

ELLIPSIS = "…"
SELECTORS = range(0xFE00, 0xFE10)
SKIN_TONES = range(0x1F3FB, 0x1F400)


def cut(text: str, most: int, size: Callable[[str], int] | None = None) -> str:
    """Return as much of a text as fits, ended by an ellipsis, never half a character.

    `size` measures a text; without it that is bytes of UTF-8. What belongs together on
    the screen, such as a letter and its accent, stays together.
    """
    measure = size or (lambda some: len(some.encode()))
    if measure(text) <= most:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle] + ELLIPSIS) <= most:
            low = middle
        else:
            high = middle - 1
    while low > 0 and _joins(text, low):
        low -= 1
    return text[:low] + ELLIPSIS if measure(ELLIPSIS) <= most else ""


def _joins(text: str, place: int) -> bool:
    """Say whether the characters before and at a place are one on the screen."""
    if place >= len(text):
        return False
    after, before = text[place], text[place - 1]
    return (
        bool(unicodedata.combining(after))
        or JOINER in (after, before)
        or ord(after) in SELECTORS
        or ord(after) in SKIN_TONES
        or (
            _is_flag(after) and _is_flag(before) and _flags_before(text, place) % 2 == 1
        )
    )


def _is_flag(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _flags_before(text: str, place: int) -> int:
    count = 0
    while place - count > 0 and _is_flag(text[place - count - 1]):
        count += 1
    return count


def shorter(said: Said) -> Said | None:
    """Return the alert with less in its lists, then in its words; None when bare."""
    for name in ("members", "offenders"):
        rows = getattr(said, name)
        if rows:
            kept = rows[: len(rows) // 2]
            left_out = getattr(said, f"{name}_left_out") + len(rows) - len(kept)
            return replace(said, **{name: kept, f"{name}_left_out": left_out})
    longest = max((len(text.encode()) for text in _texts(said)), default=0)
    if longest > 64:
        most = longest // 2
        return replace(
            said,
            title=cut(said.title, most),
            note=cut(said.note, most),
            footer=cut(said.footer, most),
            facts=tuple(Fact(fact.name, cut(fact.text, most)) for fact in said.facts),
        )
    if said.link or said.runbook:
        return replace(said, link=None, runbook=None)
    return None


def _texts(said: Said) -> list[str]:
    return [said.title, said.note, said.footer, *(fact.text for fact in said.facts)]


def fitted(
    said: Said, render: Callable[[Said], Body], size: Callable[[Body], int], most: int
) -> Body:
    """Return the fullest rendering that a receiver takes.

    Lists give way first, a line that says how many are left out stays.
    """
    body = render(said)
    while size(body) > most:
        less = shorter(said)
        if less is None:
            break
        said = less
        body = render(said)
    return body
