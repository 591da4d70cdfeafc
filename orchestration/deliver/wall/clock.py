"""The wall's now: the server's clock, or a demonstration clock that says so."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from orchestration.settings import UserError


@dataclass
class Clock:
    """Turns the database server's moments into those that the wall shows."""

    begins_at: datetime | None = None
    """Where a demonstration begins; it runs on from there. None: the true time."""
    _shift: timedelta | None = field(default=None, init=False)

    @property
    def is_shifted(self) -> bool:
        """Whether the wall shows another time than the server's."""
        return self.begins_at is not None

    def now(self, server_at: datetime) -> datetime:
        """Return the wall's moment for one of the server's."""
        if self.begins_at is None:
            return server_at
        if self._shift is None:
            self._shift = self.begins_at - server_at
        return server_at + self._shift


def parsed(text: str) -> datetime:
    """Return the moment that somebody typed; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            f"--as-of {text}: write a moment as 2026-02-18T16:40 (UTC) or with its"
            " zone, 2026-02-18T16:40+08:00"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
