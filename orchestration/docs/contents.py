"""What the manual tells: rooms, tables, columns, lineage, metrics, analyses."""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Node = dict[str, Any]

ROOMS = ("marts", "reference", "exports", "identity", "cleaned", "staging", "raw")
"""What the page shows, in the order in which a reader asks."""
TOLD_IN_FULL = ("marts", "reference", "exports")
KINDS = ("model", "seed", "source")
FOLDERS = {
    "core": "Contacts, people and calendars",
    "customer_360": "Customers",
    "kpi": "KPIs",
    "service": "Tickets and promises",
    "experiments": "Experiments",
    "quality": "Data quality",
}
"""Folders of the marts, in the order of the page; others follow."""


@dataclass(frozen=True)
class Column:
    """One column: what it holds."""

    name: str
    data_type: str
    description: str


@dataclass
class Table:
    """One table or view: what a row of it is, and what it is made of."""

    name: str
    room: str
    folder: str
    description: str
    columns: list[Column]
    key: tuple[str, ...] = ()
    parents: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    tests: int = 0

    @property
    def grain(self) -> str:
        """The first sentence of the description."""
        text = " ".join(self.description.split())
        return re.split(r"(?<=[.;])\s", text, maxsplit=1)[0].rstrip(";.")


@dataclass(frozen=True)
class Metric:
    """One row of the dictionary."""

    metric: str
    title_en: str
    title_zh: str
    meaning_en: str
    meaning_zh: str
    models: tuple[str, ...]
    column_name: str
    expression: str
    unit: str
    direction: str
    definition: str
    """The block of documentation that defines it, as Markdown."""


@dataclass(frozen=True)
class Analysis:
    """One query that answers a question."""

    name: str
    question: str
    text: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """Everything the page tells."""

    overview: str
    tables: dict[str, Table]
    metrics: list[Metric]
    analyses: list[Analysis]

    def of_room(self, room: str) -> list[Table]:
        """Return the tables of a room by name."""
        found = [table for table in self.tables.values() if table.room == room]
        return sorted(found, key=lambda table: table.name)


def read(manifest: dict[str, Any], root: Path) -> Contents:
    """Return what the manifest and the dictionary say."""
    tables = _tables(manifest)
    project = manifest["metadata"]["project_name"]
    blocks = {
        block["name"]: block
        for block in manifest["docs"].values()
        if block["package_name"] == project
    }
    overview = blocks["__overview__"]["block_contents"]
    return Contents(
        overview=re.sub(r"\A\s*#[^\n]*\n", "", overview),
        tables=tables,
        metrics=_metrics(root / "seeds" / "seed_metrics.csv", blocks),
        analyses=_analyses(manifest, root),
    )


def _room_of(node: Node) -> str:
    """Return the room that a node lies in."""
    if node["resource_type"] == "source":
        return "raw"
    return "reference" if node["resource_type"] == "seed" else node["fqn"][1]


def _name_of(node: Node) -> str:
    """Return the name that the page uses: a raw table needs its source's too."""
    if node["resource_type"] == "source":
        return f"{node['schema']}.{node['name']}"
    return node["name"]


def _tables(manifest: dict[str, Any]) -> dict[str, Table]:
    """Return every table with its lineage."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    kept = {
        unique_id: node
        for unique_id, node in nodes.items()
        if node["resource_type"] in KINDS
    }
    names = {unique_id: _name_of(node) for unique_id, node in kept.items()}
    tables = {}
    for unique_id, node in kept.items():
        children = manifest["child_map"].get(unique_id, [])
        parents = manifest["parent_map"].get(unique_id, [])
        tables[names[unique_id]] = Table(
            name=names[unique_id],
            room=_room_of(node),
            folder=node["fqn"][2] if len(node["fqn"]) > 3 else "",
            description=node["description"].strip(),
            columns=[
                Column(column["name"], column["data_type"] or "", column["description"])
                for column in _typed(node)
            ],
            key=_key_of(node),
            parents=sorted({names[one] for one in parents if one in names}),
            children=sorted({names[one] for one in children if one in names}),
            tests=sum(one.startswith("test.") for one in children),
        )
    return tables


def _typed(node: Node) -> list[Node]:
    """Return the columns of a node; a seed's types stand in its configuration."""
    types = node["config"].get("column_types") or {}
    return [
        {**column, "data_type": column.get("data_type") or types.get(column["name"])}
        for column in node["columns"].values()
    ]


def _key_of(node: Node) -> tuple[str, ...]:
    """Return the columns of the primary key."""
    for rule in node.get("constraints") or []:
        if rule["type"] == "primary_key":
            return tuple(rule["columns"])
    return tuple(
        column["name"]
        for column in node["columns"].values()
        if any(rule["type"] == "primary_key" for rule in column["constraints"])
    )


def _metrics(path: Path, blocks: dict[str, Node]) -> list[Metric]:
    """Return the dictionary, each metric with its definition."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        Metric(
            models=tuple(row.pop("model_names").split("|")),
            definition=blocks[block]["block_contents"]
            if (block := row.pop("doc_block")) in blocks
            else "",
            **row,
        )
        for row in rows
    ]


def _analyses(manifest: dict[str, Any], root: Path) -> list[Analysis]:
    """Return the queries of the dashboards, as one may run them."""
    variables = yaml.safe_load((root / "dbt_project.yml").read_text())["vars"]
    found = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "analysis" or node["fqn"][-2] != "dashboards":
            continue
        comment, text = _parted(node["raw_code"])
        reads = tuple(
            sorted(one.rpartition(".")[2] for one in node["depends_on"]["nodes"])
        )
        found.append(
            Analysis(
                name=node["name"],
                question=comment,
                text=_plain(text, manifest, variables),
                reads=reads,
            )
        )
    return sorted(found, key=lambda analysis: analysis.name)


def _parted(code: str) -> tuple[str, str]:
    """Return the comment that a query begins with, and the query."""
    lines = code.strip().splitlines()
    said = [line for line in lines[: _first(lines)] if line.startswith("--")]
    comment = " ".join(line.lstrip("- ").strip() for line in said)
    return comment, "\n".join(lines[_first(lines) :])


def _first(lines: list[str]) -> int:
    """Return the number of the first line that is no comment."""
    numbers = (n for n, line in enumerate(lines) if not line.startswith("--"))
    return next(numbers, len(lines))


def _plain(text: str, manifest: dict[str, Any], variables: dict[str, object]) -> str:
    """Return a query with the names of tables and the values of variables in it."""
    schemas = {
        node["name"]: node["schema"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    }
    text = re.sub(
        r"""\{\{\s*ref\(['"](\w+)['"]\)\s*\}\}""",
        lambda found: f"{schemas.get(found[1], '')}.{found[1]}",
        text,
    )
    return re.sub(
        r"""\{\{\s*var\(['"](\w+)['"]\)\s*\}\}""",
        lambda found: str(variables.get(found[1], found[0])),
        text,
    )
