"""How the answers about identity are printed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.identity.adopt import Churn
from orchestration.identity.erase import Erasure
from orchestration.identity.explain import Why, WhyNot
from orchestration.identity.fit import Proposal
from orchestration.identity.review import Doubt

MOST_OBSTACLES = 20


def _table(*columns: str, numeric: Iterable[str] = ()) -> Table:
    """Return an empty table; numbers stand to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    right = set(numeric)
    for name in columns:
        table.add_column(
            name, justify="right" if name in right else "left", overflow="fold"
        )
    return table


def _add(table: Table, *cells: str) -> None:
    """Add a row; what people wrote is no markup."""
    table.add_row(*map(escape, cells))


def _bits(value: float | None) -> str:
    """Return bits as people read them; a decision has none."""
    return "-" if value is None else f"{value:.1f}"


def _evidence(evidence: Mapping[str, Any] | None) -> str:
    """Return evidence in one line: `phone +861…; name: near`."""
    said = []
    for name, value in (evidence or {}).items():
        if name in ("shared", "shared_values"):
            said += value
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            said.append(f"{name.removesuffix('_level').replace('_', ' ')}: {text}")
    return "; ".join(said)


def why(answer: Why, console: Console) -> None:
    """Print the path between two records."""
    console.print(answer.sentence, markup=False)
    if not answer.steps:
        return
    table = _table("step", "from", "to", "rule", "bits", "evidence", numeric=["bits"])
    for step in answer.steps:
        told = _evidence(step.evidence)
        _add(
            table,
            *(str(step.step), step.from_record_id, step.to_record_id, step.rule),
            *(_bits(step.bits), f"{step.reason}; {told}" if step.reason else told),
        )
    console.print(table)


def why_not(answer: WhyNot, console: Console) -> None:
    """Print what stands between two customers, or what each carries."""
    console.print(answer.sentence, markup=False)
    shown: Sequence[Any] = answer.obstacles[:MOST_OBSTACLES]
    if shown:
        table = _table(
            *("record", "record", "state", "bits", "reason", "evidence"),
            numeric=["bits"],
        )
        for one in shown:
            _add(
                table,
                *(one.record_id_a, one.record_id_b, one.state, _bits(one.bits)),
                *(one.reason or "", _evidence(one.evidence)),
            )
        console.print(table)
    if len(answer.obstacles) > len(shown):
        console.print(f"and {len(answer.obstacles) - len(shown):,} more")
    for asked, carried in answer.carried.items():
        table = _table(asked, "value", "records", "joins nobody", numeric=["records"])
        for one in carried:
            _add(
                table,
                *(one.kind, one.carried_value, f"{one.record_count:,}"),
                (one.unusable_reason or "").replace("_", " "),
            )
        console.print(table)


def queue(doubts: Sequence[Doubt], console: Console) -> None:
    """Print the review queue."""
    if not doubts:
        console.print("nothing waits for a person")
        return
    table = _table(
        *("record", "record", "customers", "state", "bits", "records"),
        *("evidence", "reason"),
        numeric=["bits", "records"],
    )
    for one in doubts:
        _add(
            table,
            *(one.record_id_a, one.record_id_b),
            f"{one.customer_id_a} {one.customer_id_b}",
            *(one.state, _bits(one.bits), f"{one.records_at_stake:,}"),
            *(_evidence(one.evidence), one.reason or ""),
        )
    console.print(table)
    console.print(
        f"{len(doubts):,} of {doubts[0].queued_count:,}; decide with"
        " `frontdesk identity decide force|forbid RECORD RECORD --by WHO --why TEXT`",
        markup=False,
    )


def proposal(made: Proposal, console: Console) -> None:
    """Print old and new bits side by side."""
    table = _table(
        *("comparison", "level", f"version {made.in_force}", f"version {made.version}"),
        "",
        numeric=[f"version {made.in_force}", f"version {made.version}"],
    )
    for one in made.weights:
        _add(
            table,
            *(one.comparison, one.level, f"{one.old_bits:.2f}", f"{one.new_bits:.2f}"),
            one.note,
        )
    console.print(table)
    console.print(
        f"learnt from {made.pair_count:,} pairs, {made.match_count:,.0f} of them one"
        f" person, in {made.rounds} rounds; proposed as version {made.version}; no"
        f" score moves until `frontdesk identity adopt {made.version}`",
        markup=False,
    )


def churn(found: Churn, console: Console) -> None:
    """Print what a version of the model would change."""
    console.print(
        f"version {found.version} instead of {found.in_force}: of {found.records:,}"
        f" records {found.moved:,} change their customer (limit {found.limit:,});"
        f" {found.merges:,} merges, {found.splits:,} splits;"
        f" {found.customers:,} customers become {found.customers_then:,}"
    )


def erasure(done: Erasure, console: Console) -> None:
    """Print how much was erased."""
    where = ", ".join(f"{name} {rows:,}" for name, rows in done.tables.items())
    console.print(
        f"{done.values:,} values of {done.records:,} records erased in"
        f" {done.rows:,} rows{f' ({where})' if where else ''};"
        " `frontdesk build` carries it on to every table"
    )
