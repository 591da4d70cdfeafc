"""Why two records are one customer, and why they are not."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from orchestration.identity.warehouse import require_built
from orchestration.settings import UserError

MOST_STEPS = 8
MEANT = """
select resolved.customer_id, array_agg(resolved.record_id order by resolved.record_id)
from identity.records_of(%s) as meant
inner join identity.int_records__resolved as resolved
    on meant.record_id = resolved.record_id
group by resolved.customer_id
order by resolved.customer_id
"""
WHY = "select * from identity.why(%s, %s)"
WHY_NOT = "select * from identity.why_not(%s, %s)"
CARRIED = "select * from identity.carried_by(%s)"


@dataclass(frozen=True)
class Meant:
    """What somebody asks about: a record, a customer, or the value of an identifier."""

    asked: str
    customers: dict[str, list[str]]
    """By customer, those of its records that are meant."""

    @property
    def records(self) -> set[str]:
        """Every record that is meant."""
        return {record for records in self.customers.values() for record in records}


@dataclass(frozen=True)
class Step:
    """One edge of the path between two records."""

    step: int
    from_record_id: str
    to_record_id: str
    rule: str
    state: str
    bits: float | None
    reason: str | None
    evidence: dict[str, Any]
    model_version: int | None


@dataclass(frozen=True)
class Obstacle:
    """What stands between two customers."""

    customer_id_a: str
    customer_id_b: str
    record_id_a: str
    record_id_b: str
    rule: str
    state: str
    bits: float | None
    reason: str | None
    evidence: dict[str, Any]
    model_version: int | None


@dataclass(frozen=True)
class Carried:
    """A value that a customer's records carry."""

    kind: str
    carried_value: str
    record_count: int
    unusable_reason: str | None


@dataclass(frozen=True)
class Why:
    """The answer to `why`: a sentence, and the path if there is one."""

    sentence: str
    steps: list[Step]


@dataclass(frozen=True)
class WhyNot:
    """The answer to `why-not`: what stands between, or else what each carries."""

    sentence: str
    obstacles: list[Obstacle]
    carried: dict[str, list[Carried]]


def meant(connection: psycopg.Connection, asked: str) -> Meant:
    """Return what a word of the user means, or say that it means nothing."""
    found = dict(connection.execute(MEANT, [asked]).fetchall())
    if not found:
        raise UserError(
            f"{asked} is no record, no customer and no value of an identifier"
        )
    return Meant(asked, found)


def _named(*several: Meant) -> str:
    """Return the customers of each side, as a sentence lists them."""
    return " and ".join(", ".join(one.customers) for one in several)


def why(connection: psycopg.Connection, one: str, other: str) -> Why:
    """Return the shortest, then strongest path of active edges between the two."""
    require_built(connection)
    left, right = meant(connection, one), meant(connection, other)
    same = left.records & right.records
    if same:
        return Why(f"both are of one record: {', '.join(sorted(same)[:5])}", [])
    common = sorted(left.customers.keys() & right.customers.keys())
    if not common:
        return Why(
            f"they are different customers: {_named(left, right)}"
            " (`frontdesk identity why-not` says why)",
            [],
        )
    with connection.cursor(row_factory=class_row(Step)) as cursor:
        steps = cursor.execute(WHY, [one, other]).fetchall()
    customer = f"one customer, {', '.join(common)}"
    if not steps:
        return Why(
            f"{customer}, but no path of {MOST_STEPS} steps or fewer joins them:"
            " ask about a record between them",
            [],
        )
    return Why(f"{customer}: {len(steps)} step{'s' * (len(steps) > 1)}", steps)


def why_not(connection: psycopg.Connection, one: str, other: str) -> WhyNot:
    """Return what stands between the customers of the two."""
    require_built(connection)
    left, right = meant(connection, one), meant(connection, other)
    common = sorted(left.customers.keys() & right.customers.keys())
    if common and left.customers.keys() == right.customers.keys():
        return WhyNot(
            f"they are one customer, {', '.join(common)}"
            " (`frontdesk identity why` says why)",
            [],
            {},
        )
    with connection.cursor(row_factory=class_row(Obstacle)) as cursor:
        obstacles = cursor.execute(WHY_NOT, [one, other]).fetchall()
    said = f"different customers, {_named(left, right)}"
    if any(obstacle.state != "unused" for obstacle in obstacles):
        return WhyNot(f"{said}: what stands between them", obstacles, {})
    carried = {}
    for asked in (one, other):
        with connection.cursor(row_factory=class_row(Carried)) as cursor:
            carried[asked] = cursor.execute(CARRIED, [asked]).fetchall()
    return WhyNot(
        f"{said}: no pair of their records was ever compared,"
        " for they share no value that could join two records; what each carries:",
        obstacles,
        carried,
    )
