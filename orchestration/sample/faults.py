"""What goes wrong on the way: damage done to rows, and the note kept of it."""

from dataclasses import dataclass, field

import numpy as np

from orchestration.sample.frames import (
    Frame,
    concat,
    numbered,
    present,
    size,
    take,
)
from orchestration.sample.phrases import objects
from orchestration.sample.world import DAY

RATE = 0.005
"""Share of the rows of a table that each fault befalls."""

EXPECTED = {
    "blank_content": "rejected",
    "exact_duplicate": "rejected",
    "near_duplicate": "rejected",
    "out_of_scale": "rejected",
    "extreme_response": "flagged",
    "ends_before_start": "rejected",
    "wrong_zone": "rejected",
    "unknown_agent": "flagged",
    "test_traffic": "rejected",
    "late_arrival": "flagged",
    "resent": "superseded",
    "broken_encoding": "flagged",
    "unreadable": "unreadable",
}
BLANKS = (
    "",
    " ",
    "   ",
    "\u3000",
    "\u3000\u3000",
    "\n",
    "\r\n \n",
    "\u200b",
    "\u200b\ufeff",
)


@dataclass
class Log:
    """Which record carries which fault."""

    rows: list[tuple[str, str, str | None, str, str]] = field(default_factory=list)

    def note(self, source: str, table: str, ids: np.ndarray, fault: str) -> None:
        """Write down one fault of some records."""
        expected = EXPECTED[fault]
        name = "broken_encoding" if fault == "unreadable" else fault
        self.rows += [(source, table, key, name, expected) for key in ids.tolist()]


def draw(
    rng: np.random.Generator, eligible: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return a mask per fault; no row is under two of them."""
    rows = len(next(iter(eligible.values())))
    slot = (rng.random(rows) / RATE).astype(np.int64)
    return {
        fault: (slot == place) & able
        for place, (fault, able) in enumerate(eligible.items())
    }


def blanks(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Return contents that look empty to a person."""
    return objects([BLANKS[n] for n in rng.integers(0, len(BLANKS), rows)])


def similar(rng: np.random.Generator, texts: np.ndarray) -> np.ndarray:
    """Return texts that differ in case, width, white space or punctuation only."""
    style = rng.integers(0, 5, len(texts)).tolist()
    return objects([_similar(t, s) for t, s in zip(texts.tolist(), style, strict=True)])


def _similar(text: str, style: int) -> str:
    """Return one variant of a text, never the text itself."""
    if style == 0:
        changed = text.upper()
    elif style == 1:
        changed = text.replace(" ", "  ").replace("，", "， ")
    elif style == 2:
        changed = "".join(chr(ord(c) + 0xFEE0) if "0" <= c <= "z" else c for c in text)
    elif style == 3:
        changed = f" {text} "
    else:
        changed = text + "!!"
    return changed if changed != text else text + "！"


def garbled(rng: np.random.Generator, texts: np.ndarray) -> np.ndarray:
    """Return texts as a wrong reading of their bytes shows them."""
    style = rng.integers(0, 2, len(texts)).tolist()
    return objects([_garbled(t, s) for t, s in zip(texts.tolist(), style, strict=True)])


def _garbled(text: str, style: int) -> str:
    """Return UTF-8 read as Latin-1, or a text with a replacement character."""
    if style and not text.isascii():
        return text.encode().decode("latin-1")
    middle = len(text) // 2
    return text[:middle] + "\ufffd\ufffd" + text[middle + 1 :]


def late(
    rng: np.random.Generator, exported: np.ndarray, ended: np.ndarray, end: int
) -> np.ndarray:
    """Return export times 2 to 9 days after the end, inside the world."""
    lag = (2 * DAY + rng.random(len(ended)) * 7 * DAY).astype(np.int64)
    return np.maximum(exported, np.minimum(ended + lag, end - 600))


def resend(
    rng: np.random.Generator, frame: Frame, index: np.ndarray, end: int
) -> Frame:
    """Return the older versions of rows, whose own export moves to a later time."""
    older = take(frame, index)
    older["_old"] = np.ones(len(index), bool)
    older["_kept"] = np.zeros(len(index), bool)
    gap = (3600 + rng.random(len(index)) * (3 * DAY - 3600)).astype(np.int64)
    later = older["exported_at"] + gap
    frame["exported_at"][index] = np.maximum(
        np.minimum(later, end - 60), older["exported_at"] + 1
    )
    return older


def copies(frame: Frame, index: np.ndarray) -> Frame:
    """Return copies of rows that are to be refused."""
    extra = take(frame, index)
    extra["_kept"] = np.zeros(len(index), bool)
    return extra


def messages(
    rng: np.random.Generator,
    log: Log,
    frame: Frame,
    source: str,
    columns: tuple[str, str],
    prefix: tuple[str, str],
    end: int,
    zone: bool = False,
    lateness: bool = False,
) -> Frame:
    """Damage messages and return them with the extra rows the damage adds.

    `columns` names the text and the time; `prefix` is that of message ids and the
    stamp of the day. Hidden columns: `_fine` (nothing else is wrong with the contact),
    `_slot` (0 is the opening message), `_short` (the contact lasts under six hours).
    """
    text, time = columns
    written = frame["_fine"] & present(frame[text])
    eligible = {
        "blank_content": written,
        "exact_duplicate": written,
        "near_duplicate": written,
        "broken_encoding": written,
    }
    if zone:
        eligible["wrong_zone"] = written & (frame["_slot"] > 0) & frame["_short"]
    if lateness:
        eligible["late_arrival"] = written & (frame[time] < end - 3 * DAY)
    chosen = {name: np.flatnonzero(m) for name, m in draw(rng, eligible).items()}

    extras = []
    same = copies(frame, chosen["exact_duplicate"])
    near = copies(frame, chosen["near_duplicate"])
    near[text] = similar(rng, near[text])
    near[time] = near[time] + rng.integers(1, 31, size(near))
    blank = copies(frame, chosen["blank_content"])
    blank[text] = blanks(rng, size(blank))
    blank[time] = blank[time] + rng.integers(1, 10, size(blank))
    if "tag" in blank:
        blank["tag"][:] = None
    given = size(frame)
    for fault, extra in (
        ("exact_duplicate", same),
        ("near_duplicate", near),
        ("blank_content", blank),
    ):
        extra["message_id"] = numbered(*prefix, given, size(extra))
        given += size(extra)
        log.note(source, "messages", extra["message_id"], fault)
        extras.append(extra)

    broken = chosen["broken_encoding"]
    frame[text][broken] = garbled(rng, frame[text][broken])
    log.note(source, "messages", frame["message_id"][broken], "broken_encoding")
    if zone:
        moved = chosen["wrong_zone"]
        shift = np.where(rng.random(len(moved)) < 0.5, 8 * 3600, -8 * 3600)
        frame[time][moved] += shift
        frame["_kept"][moved] = False
        log.note(source, "messages", frame["message_id"][moved], "wrong_zone")
    if lateness:
        slow = chosen["late_arrival"]
        frame["exported_at"][slow] = late(
            rng, frame["exported_at"][slow], frame[time][slow], end
        )
        log.note(source, "messages", frame["message_id"][slow], "late_arrival")
    return concat([frame, *extras])
