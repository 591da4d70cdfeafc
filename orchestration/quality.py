"""How well cleaning did: the sample world's truth against what the marts say.

Three figures have a floor (design goals of the cleaned room): the share of kept rows
that are right, the share of injected faults that were found, the share of clean
records that were left out by mistake.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from orchestration.database import connections
from orchestration.records import RECORD_TYPES, RecordType
from orchestration.settings import UserError, settings

RIGHT_FLOOR = 0.99
FOUND_FLOOR = 0.97
LOST_CEILING = 0.005

COMPARED = (
    *("channel", "queue_name", "agent_id", "contact_phone", "contact_email"),
    *("direction", "started_at", "ended_at", "is_offered", "is_handled"),
    *("is_abandoned", "first_response_seconds", "handle_seconds", "is_resolved"),
    *("is_complaint", "csat_score"),
)

FACTS = """
select
    interactions.source_name,
    interactions.source_record_id as record_id,
    interactions.channel,
    interactions.queue_name,
    case when agents.is_known then interactions.agent_id end as agent_id,
    interactions.agent_id is not null and not agents.is_known as is_agent_unknown,
    interactions.contact_phone,
    interactions.contact_email,
    interactions.direction,
    interactions.started_at,
    interactions.ended_at,
    interactions.is_offered,
    interactions.is_handled,
    interactions.is_abandoned,
    interactions.first_response_seconds,
    interactions.handle_seconds,
    interactions.is_resolved,
    interactions.is_complaint,
    interactions.csat_score,
    interactions.is_first_response_outlier
from marts.fct_interactions as interactions
left join marts.dim_agents as agents
    on interactions.agent_id = agents.agent_id
where interactions.source_name = any(%s)
"""

MESSAGES = """
select source_name, source_record_id as record_id
from marts.fct_messages
where source_name = any(%s)
"""

UNREADABLE = """
select source_name, table_name, sum(unreadable_count)::bigint as found
from frontdesk.batches
group by source_name, table_name
"""


@dataclass(frozen=True)
class Quality:
    """What the comparison found; shares are from 0 to 1."""

    kept_count: int
    right_count: int
    fault_count: int
    found_count: int
    clean_count: int
    lost_count: int
    by_fault: pd.DataFrame
    """One row per fault and expected outcome: injected, found."""
    wrong: pd.DataFrame
    """One row per column and source: kept contacts that differ from the truth."""

    @property
    def right_share(self) -> float:
        """Return the share of kept rows that are right."""
        return self.right_count / self.kept_count

    @property
    def found_share(self) -> float:
        """Return the share of injected faults that were found."""
        return self.found_count / self.fault_count

    @property
    def lost_share(self) -> float:
        """Return the share of clean records that were left out by mistake."""
        return self.lost_count / self.clean_count

    @property
    def is_good(self) -> bool:
        """Say whether every figure keeps its floor."""
        return (
            self.right_share >= RIGHT_FLOOR
            and self.found_share >= FOUND_FLOOR
            and self.lost_share <= LOST_CEILING
        )


def frame(
    connection: psycopg.Connection, query: str | sql.Composed, *arguments: object
) -> pd.DataFrame:
    """Return the rows of a query as a data frame."""
    cursor = connection.execute(query, arguments or None)
    names = [column.name for column in cursor.description]
    return pd.DataFrame(cursor.fetchall(), columns=names)


def verdicts(connection: psycopg.Connection, record: RecordType) -> pd.DataFrame:
    """Return the verdict on each record of one type."""
    found = frame(
        connection,
        sql.SQL(
            "select {key} as record_id, rejection_reason, coalesce(flags, '') as flags,"
            " version_count from {table}"
        ).format(
            key=sql.Identifier(record.key),
            table=sql.Identifier("cleaned", record.judged),
        ),
    )
    return found.assign(source_name=record.source, table_name=record.table)


def compare(connection: psycopg.Connection, truth: Path) -> Quality:
    """Compare the warehouse with the truth of the sample world it was loaded from."""
    faults = pd.read_parquet(truth / "faults.parquet")
    expected = pd.read_parquet(truth / "interactions.parquet")
    counts = pd.read_parquet(truth / "counts.parquet")
    sources = sorted(counts["source_name"].unique())
    facts = frame(connection, FACTS, sources)
    judged = pd.concat(
        [verdicts(connection, r) for r in RECORD_TYPES if r.source in sources],
        ignore_index=True,
    )
    contacts = expected.merge(
        facts,
        on=["source_name", "record_id"],
        how="outer",
        suffixes=("_true", "_found"),
        indicator=True,
    )
    wrong = pd.DataFrame(
        {name: differs(contacts, name) for name in COMPARED}, index=contacts.index
    )
    kept = contacts["_merge"] != "left_only"
    right = kept & (contacts["_merge"] == "both") & ~wrong.any(axis=1)
    messages = messages_right(connection, truth, sources)
    by_fault = find_faults(faults, judged, facts, frame(connection, UNREADABLE))
    refused = judged[judged["rejection_reason"].notna()]
    to_refuse = faults.loc[faults["expected"] == "rejected"]
    keys = ["source_name", "table_name", "record_id"]
    lost = refused.merge(to_refuse[keys], on=keys, how="left", indicator=True)
    return Quality(
        kept_count=int(kept.sum()) + len(messages),
        right_count=int(right.sum()) + int(messages.sum()),
        fault_count=int(by_fault["injected"].sum()),
        found_count=int(by_fault["found"].sum()),
        clean_count=len(judged) - len(to_refuse),
        lost_count=int((lost["_merge"] == "left_only").sum()),
        by_fault=by_fault,
        wrong=wrong[kept].groupby(contacts["source_name"]).sum(),
    )


def differs(contacts: pd.DataFrame, name: str) -> pd.Series:
    """Say for each contact whether a value is not what it truly was."""
    true, found = contacts[f"{name}_true"], contacts[f"{name}_found"]
    if name.endswith("_at"):
        true, found = (pd.to_datetime(side, utc=True) for side in (true, found))
    elif name.startswith("is_"):
        # the marts know no third value: what cannot be so is not so
        true, found = (side.eq(True) for side in (true, found))
    elif name.endswith("_seconds") or name == "csat_score":
        true, found = (side.astype("Float64") for side in (true, found))
    same = true.eq(found).fillna(False).astype(bool) | (true.isna() & found.isna())
    return ~same


def messages_right(
    connection: psycopg.Connection, truth: Path, sources: list[str]
) -> pd.Series:
    """Say for each message in the marts whether it should be there."""
    path = truth / "messages.parquet"
    if not path.exists():
        return pd.Series(dtype=bool)
    kept = pd.read_parquet(path)
    kept = kept[kept["is_kept"]]
    # tickets have a reference of their own: the truth holds what channels carry
    carried = sorted(set(sources) & set(kept["source_name"]))
    found = frame(connection, MESSAGES, carried)
    merged = found.merge(
        kept, on=["source_name", "record_id"], how="left", indicator=True
    )
    return merged["_merge"] == "both"


def find_faults(
    faults: pd.DataFrame,
    judged: pd.DataFrame,
    facts: pd.DataFrame,
    unreadable: pd.DataFrame,
) -> pd.DataFrame:
    """Return, per fault and expected outcome, how many were injected and found."""
    readable = faults[faults["expected"] != "unreadable"].merge(
        judged, on=["source_name", "table_name", "record_id"], how="left"
    )
    marks = [
        "source_name",
        "record_id",
        "is_agent_unknown",
        "is_first_response_outlier",
    ]
    readable = readable.merge(facts[marks], on=["source_name", "record_id"], how="left")
    rows = [
        {
            "fault": fault,
            "expected": outcome,
            "injected": len(group),
            "found": int(is_found(str(fault), str(outcome), group).sum()),
        }
        for (fault, outcome), group in readable.groupby(["fault", "expected"])
    ]
    rows.extend(find_unreadable(faults, unreadable))
    return pd.DataFrame(rows).sort_values(["fault", "expected"], ignore_index=True)


def is_found(fault: str, outcome: str, group: pd.DataFrame) -> pd.Series:
    """Say for each record with a fault whether the warehouse noticed it."""
    if outcome == "rejected":
        return group["rejection_reason"].notna()
    if outcome == "superseded":
        return group["version_count"] > 1
    if fault == "unknown_agent":
        return group["is_agent_unknown"].eq(True)
    if fault == "extreme_response":
        return group["is_first_response_outlier"].eq(True)
    flag = {"late_arrival": "late_arrival", "broken_encoding": "text_garbled"}[fault]
    return group["flags"].fillna("").str.contains(flag, regex=False)


def find_unreadable(
    faults: pd.DataFrame, unreadable: pd.DataFrame
) -> Iterator[dict[str, object]]:
    """Yield how many unreadable rows were written and set aside, per kind of fault.

    Such a row has no key; a table's share of them is found when it set as many aside.
    """
    injected = (
        faults[faults["expected"] == "unreadable"]
        .groupby(["fault", "source_name", "table_name"])
        .size()
        .rename("injected")
        .reset_index()
        .merge(unreadable, on=["source_name", "table_name"], how="left")
    )
    injected["found"] = injected[["injected", "found"]].fillna(0).min(axis=1)
    for fault, group in injected.groupby("fault"):
        yield {
            "fault": fault,
            "expected": "unreadable",
            "injected": int(group["injected"].sum()),
            "found": int(group["found"].sum()),
        }


def report(console: Console, truth: Path | None = None) -> Quality:
    """Print the comparison; raise UserError when there is no truth to compare with."""
    folder = truth or settings().home / "sample" / "truth"
    if not (folder / "faults.parquet").exists():
        raise UserError(
            f"{folder} holds no truth: `frontdesk sample` writes it, or name it with"
            " --truth"
        )
    with connections.connect() as connection:
        row = connection.execute("select to_regclass('marts.fct_interactions')")
        if row.fetchone()[0] is None:
            raise UserError("no marts yet: `frontdesk build`, then again")
        quality = compare(connection, folder)
    show(quality, console)
    return quality


def show(quality: Quality, console: Console) -> None:
    """Print the three figures, the faults, and what is wrong where."""
    table = Table(title="Quality", title_justify="left", title_style="bold")
    for name in ("figure", "count", "of", "share", "floor"):
        table.add_column(name, justify="left" if name == "figure" else "right")
    figures = (
        (
            *("kept rows that are right", quality.right_count, quality.kept_count),
            *(quality.right_share, f"at least {RIGHT_FLOOR:.1%}"),
        ),
        (
            *("injected faults found", quality.found_count, quality.fault_count),
            *(quality.found_share, f"at least {FOUND_FLOOR:.1%}"),
        ),
        (
            *("clean records left out", quality.lost_count, quality.clean_count),
            *(quality.lost_share, f"at most {LOST_CEILING:.1%}"),
        ),
    )
    for name, count, of, share, floor in figures:
        table.add_row(name, f"{count:,}", f"{of:,}", f"{share:.3%}", floor)
    console.print(table)
    faults = Table(title="Injected faults", title_justify="left", title_style="bold")
    for name in ("fault", "expected", "injected", "found"):
        faults.add_column(name, justify="left" if "e" in name[:2] else "right")
    for row in quality.by_fault.itertuples():
        faults.add_row(row.fault, row.expected, f"{row.injected:,}", f"{row.found:,}")
    console.print(faults)
    for source, row in quality.wrong.iterrows():
        for name, count in row[row > 0].items():
            console.print(f"{source}: {count:,} kept contacts differ in {name}")
