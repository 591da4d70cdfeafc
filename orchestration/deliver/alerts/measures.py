"""What can be measured: the shape of a measure, and the SQL that it makes.

What is asked of the database stands in the catalogue and in `exports.alert_*`, nowhere
else: a rule names a measure, the labels that make a series, and a window.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestration.settings import UserError

HOUR, DAY = 60, 1440
MONTH = 31 * DAY
"""Windows, in minutes."""
MART_SECONDS = 15
"""How often what only a build changes is asked again."""


@dataclass(frozen=True)
class Measure:
    """One thing that can be measured, and the SQL that does it for any labels."""

    name: str
    kind: str
    title: str
    unit: str
    labels: tuple[str, ...]
    source: str
    """Relation or subquery, after `from`."""
    value: str
    """Aggregate over its rows."""
    sample: str
    """Aggregate: out of how many."""
    relations: tuple[str, ...]
    """Without these there is nothing to ask yet."""
    offenders: str | None = None
    """Aggregate: who weighs most, a JSON array of kind, id, value, unit."""
    where: str = "true"
    windows: tuple[int, int] | tuple[()] = ()
    """Smallest step and longest window in minutes; empty when there is none."""
    default_window: int | None = None
    is_zero_when_absent: bool = False
    """A series without rows is zero, rather than too little to judge."""
    every_seconds: float = 0
    is_mart: bool = False
    """It is as old as the last build."""
    asset: tuple[str, ...] = ("reference", "seed_alert_rules")
    """Where Dagster shows the checks of its rules."""

    def query(self, series_by: tuple[str, ...]) -> str:
        """Return the SQL that gives labels, value, sample and offenders per series.

        Every name in it comes from this catalogue; labels were checked against it.
        """
        pairs = ", ".join(f"'{label}', {label}" for label in series_by)
        grouped = f"\ngroup by {', '.join(series_by)}" if series_by else ""
        return (
            f"select jsonb_build_object({pairs})::text,"
            f"\n({self.value})::float8,\ncoalesce(({self.sample})::bigint, 0),"
            f"\n{self.offenders or 'null::jsonb'}"
            f"\nfrom {self.source}\nwhere {self.where}{grouped}"
        )


@dataclass(frozen=True)
class Catalogue:
    """All measures by name."""

    measures: Mapping[str, Measure] = field(default_factory=dict)

    def measure(self, name: str, whose: str) -> Measure:
        """Return a measure, or refuse the name."""
        if found := self.measures.get(name):
            return found
        alike = [
            known
            for known in self.measures
            if name and (known.startswith(name[:8]) or name in known)
        ]
        hint = f"do you mean {', '.join(sorted(alike)[:3])}? " if alike else ""
        raise UserError(
            f"{whose}: measure {name or '(empty)'}: no such measure: {hint}"
            "`frontdesk alerts measures` lists them"
        )


def top(kind: str, identity: str, value: str, order: str, unit: str) -> str:
    """Return an aggregate that names the first five of a group."""
    return (
        "to_jsonb((array_agg(jsonb_build_object("
        f"'kind', '{kind}', 'id', {identity}, 'value', {value}, 'unit', '{unit}')"
        f" order by {order}) filter (where {identity} is not null))[1:5])"
    )
