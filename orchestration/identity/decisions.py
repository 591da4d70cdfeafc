"""What people decide about records: one person, or two; kept for ever, obeyed next."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import psycopg

from orchestration.identity.warehouse import (
    require_built,
    require_records,
    require_said,
)
from orchestration.settings import UserError

STANDING = """
select decision_id, record_id_a, record_id_b, verdict
from frontdesk.identity_decisions
where undone_at is null
"""
DECIDE = """
insert into frontdesk.identity_decisions
    (record_id_a, record_id_b, verdict, decided_by, reason)
values (%s, %s, %s, %s, %s)
returning decision_id
"""
UNDO = """
update frontdesk.identity_decisions
set
    undone_by = %s,
    undone_reason = %s,
    undone_at = now(),
    landed_xid = pg_current_xact_id()
where decision_id = %s
"""
FORCED, FORBIDDEN = "forced", "forbidden"


class Decision(NamedTuple):
    """A decision that stands."""

    decision_id: int
    record_id_a: str
    record_id_b: str
    verdict: str

    @property
    def pair(self) -> frozenset[str]:
        """The two records it is about."""
        return frozenset((self.record_id_a, self.record_id_b))


def _standing(connection: psycopg.Connection) -> list[Decision]:
    """Return what stands; nobody else decides until this transaction ends."""
    connection.execute(
        "lock table frontdesk.identity_decisions in share row exclusive mode"
    )
    return [Decision(*row) for row in connection.execute(STANDING).fetchall()]


class _Groups:
    """Records that were forced to be one person, directly or over others."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._head: dict[str, str] = {}
        for decision in decisions:
            if decision.verdict == FORCED:
                self._head[self.of(decision.record_id_a)] = self.of(
                    decision.record_id_b
                )

    def of(self, record_id: str) -> str:
        """Return the record that stands for the group of this one."""
        while record_id in self._head and self._head[record_id] != record_id:
            record_id = self._head[record_id]
        return record_id


def _refuse_contradiction(
    standing: Sequence[Decision], verdict: str, one: str, other: str
) -> None:
    """Refuse what contradicts decisions that stand, directly or over others."""
    for decision in standing:
        if decision.pair == {one, other}:
            remedy = f"`frontdesk identity decide undo {decision.decision_id}` first"
            if decision.verdict == verdict:
                remedy = "it stands already"
            raise UserError(
                f"decision {decision.decision_id} says {decision.verdict} of"
                f" {one} and {other}: {remedy}"
            )
    groups = _Groups(standing)
    sides = {groups.of(one), groups.of(other)}
    if verdict == FORBIDDEN and len(sides) == 1:
        raise UserError(
            f"{one} and {other} are one person by forced decisions over other"
            " records: undo one of those first"
        )
    for decision in standing:
        held = {groups.of(decision.record_id_a), groups.of(decision.record_id_b)}
        if verdict == FORCED and decision.verdict == FORBIDDEN and held == sides:
            raise UserError(
                f"decision {decision.decision_id} forbids {decision.record_id_a} and"
                f" {decision.record_id_b}, which this would make one: undo it first"
            )


def decide(
    connection: psycopg.Connection,
    verdict: str,
    pairs: Sequence[tuple[str, str]],
    by: str,
    why: str,
) -> list[int]:
    """Write down a verdict on pairs of records, all or none; return the decisions."""
    require_said(by, why)
    require_built(connection)
    for one, other in pairs:
        if one == other:
            raise UserError(f"{one} and {other} are the same record")
    require_records(connection, dict.fromkeys(name for pair in pairs for name in pair))
    made = []
    with connection.transaction():
        standing = _standing(connection)
        for one, other in pairs:
            _refuse_contradiction(standing, verdict, one, other)
            one, other = sorted((one, other))
            row = connection.execute(
                DECIDE, [one, other, verdict, by.strip(), why.strip()]
            )
            made.append(row.fetchone()[0])
            standing.append(Decision(made[-1], one, other, verdict))
    return made


def split(
    connection: psycopg.Connection,
    groups: Sequence[Sequence[str]],
    by: str,
    why: str,
) -> list[int]:
    """Forbid every pair of records of two groups; pairs forbidden already stay so."""
    if len(groups) < 2 or not all(groups):
        raise UserError("a split needs two groups at least: A,B / C")
    pairs = [
        (one, other)
        for left, right in combinations(groups, 2)
        for one in left
        for other in right
    ]
    require_built(connection)
    with connection.transaction():
        forbidden = {
            decision.pair
            for decision in _standing(connection)
            if decision.verdict == FORBIDDEN
        }
        wanted = [pair for pair in pairs if frozenset(pair) not in forbidden]
        return decide(connection, FORBIDDEN, wanted, by, why)


def groups_of(words: Sequence[str]) -> list[list[str]]:
    """Read `A,B / C,D`: records by commas, groups by slashes that stand alone."""
    groups: list[list[str]] = [[]]
    for word in words:
        if word == "/":
            groups.append([])
        else:
            groups[-1] += [name for name in word.split(",") if name]
    return groups


def undo(
    connection: psycopg.Connection, which: Sequence[str], by: str, why: str
) -> Decision:
    """Undo a decision, named by its number or by its two records; return it."""
    require_said(by, why)
    require_built(connection)
    with connection.transaction():
        standing = _standing(connection)
        found = [
            decision
            for decision in standing
            if (len(which) == 2 and decision.pair == set(which))
            or (len(which) == 1 and str(decision.decision_id) == which[0])
        ]
        if not found:
            raise UserError(f"no decision stands on {' and '.join(which)}")
        connection.execute(UNDO, [by.strip(), why.strip(), found[0].decision_id])
    return found[0]
