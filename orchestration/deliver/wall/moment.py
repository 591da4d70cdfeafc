"""When the wall looks, and to where the marts know everything."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Moment:
    """When the wall looks, and to where the marts know everything."""

    now: datetime
    until: datetime
    zone: str

    @property
    def parameters(self) -> dict[str, object]:
        """Return what the queries are bound with."""
        today = self.until.astimezone(ZoneInfo(self.zone)).date()
        return {
            "now": self.now,
            "until": self.until,
            "zone": self.zone,
            "today": today.isoformat(),
        }


def whole_hour(moment: datetime, zone: str) -> datetime:
    """Return the top of the reporting hour of a moment."""
    local = moment.astimezone(ZoneInfo(zone))
    past = timedelta(
        minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    return moment - past
