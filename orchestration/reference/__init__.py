"""Facts of the world that are written into the project, where people can read them."""

from pathlib import Path

from orchestration.reference.holidays import write_holidays
from orchestration.reference.phones import write_phone_rules


def write_all(root: Path) -> dict[Path, int]:
    """Write every such file anew; return how many entries each holds."""
    phones = root / "macros" / "standardise" / "phone_rules.sql"
    holidays = root / "seeds" / "seed_holidays.csv"
    return {phones: write_phone_rules(phones), holidays: write_holidays(holidays)}
