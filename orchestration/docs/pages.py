"""The page itself: one file of HTML that asks nothing of the network."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from orchestration.docs.contents import (
    FOLDERS,
    ROOMS,
    TOLD_IN_FULL,
    Analysis,
    Column,
    Contents,
    Metric,
    Table,
    read,
)
from orchestration.docs.words import escaped, rendered
from orchestration.settings import UserError, settings

HERE = Path(__file__).parent
ROOM_TITLES = {
    "marts": "Marts",
    "reference": "Lists that people edit",
    "exports": "Exports",
    "identity": "Identity",
    "cleaned": "Cleaned",
    "staging": "Staging",
    "raw": "Raw tables",
}
ROOM_TEXTS = {
    "marts": "What people and BI tools ask. Schema `marts`, read by every reader.",
    "reference": "Small lists from `seeds/`. Schema `reference`, read by every reader.",
    "exports": "What leaves for other systems.",
    "identity": "Whose record it is.",
    "cleaned": "What is true about a record on its own.",
    "staging": "What each source said, in our words.",
    "raw": "What each source said, kept for ever.",
}
UNITS = {
    "share": "share, 0 to 1",
    "count": "count",
    "seconds": "seconds",
    "amount": "money",
    "ratio": "ratio",
    "score": "score",
    "points": "points",
}
DIRECTIONS = {
    "higher": "higher is better",
    "lower": "lower is better",
    "neither": "neither up nor down is better",
}


@dataclass(frozen=True)
class Written:
    """What the page holds."""

    marts: int
    metrics: int
    kilobytes: int


def write(file: Path) -> Written:
    """Write the page of the project as it stands."""
    from orchestration.transform.project import dbt_project, ensure_manifest

    manifest = json.loads(ensure_manifest(dbt_project()).read_text())
    contents = read(manifest, settings().root)
    text = page(contents)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {file} ({error.strerror})") from error
    return Written(
        marts=len(contents.of_room("marts")),
        metrics=len(contents.metrics),
        kilobytes=round(len(text.encode()) / 1024),
    )


def page(contents: Contents) -> str:
    """Return the page; the same contents give the same bytes."""
    rooms = [_room(contents, room) for room in ROOMS]
    return (
        (HERE / "page.html")
        .read_text(encoding="utf-8")
        .format(
            style=(HERE / "page.css").read_text(encoding="utf-8"),
            script=(HERE / "page.js").read_text(encoding="utf-8"),
            navigation=_navigation(contents),
            overview=rendered(contents.overview, partial(_place, contents, None)),
            metric_count=len(contents.metrics),
            metrics="\n".join(_metric(contents, metric) for metric in contents.metrics),
            analyses="\n".join(_analysis(contents, one) for one in contents.analyses),
            rooms="\n".join(rooms),
        )
    )


def _place(contents: Contents, table: Table | None, name: str) -> str | None:
    """Return where on the page a name stands: a table, or a column of this one."""
    if name in contents.tables:
        return name
    owner, _, column = name.rpartition(".")
    known = contents.tables.get(owner) if owner else table
    if known is None or known.room not in TOLD_IN_FULL:
        return None
    if any(one.name == column for one in known.columns):
        return f"{known.name}.{column}"
    return None


def _links(names: Iterable[str]) -> str:
    """Return links to tables, in a row."""
    links = [
        f'<a href="#{escaped(name)}"><code>{escaped(name)}</code></a>' for name in names
    ]
    return ", ".join(links) or "nothing"


def _folders(tables: list[Table]) -> dict[str, list[Table]]:
    """Return the marts by folder, in the order of the page."""
    known = {table.folder for table in tables}
    order = [*(folder for folder in FOLDERS if folder in known)]
    order += sorted(known - set(order))
    return {
        folder: [table for table in tables if table.folder == folder]
        for folder in order
    }


def _navigation(contents: Contents) -> str:
    """Return the list of everything one may jump to."""
    lines = [
        '<a href="#start">How to read</a>',
        '<a href="#metrics">Metrics 指标</a>',
        '<a href="#questions">Questions</a>',
    ]
    for folder, tables in _folders(contents.of_room("marts")).items():
        title = FOLDERS.get(folder, folder.replace("_", " ").capitalize())
        items = "".join(
            f'<li><a href="#{table.name}">{table.name}</a></li>' for table in tables
        )
        lines.append(f"<h2>{escaped(title)}</h2><ul>{items}</ul>")
    others = "".join(
        f'<li><a href="#room-{room}">{ROOM_TITLES[room]}</a></li>' for room in ROOMS[1:]
    )
    lines.append(f"<h2>Other rooms</h2><ul>{others}</ul>")
    return "\n".join(lines)


def _metric(contents: Contents, metric: Metric) -> str:
    """Return one entry of the dictionary."""
    stated = [
        f'<a href="#{model}{f".{metric.column_name}" if metric.column_name else ""}">'
        f"<code>{model}{f'.{metric.column_name}' if metric.column_name else ''}</code>"
        "</a>"
        for model in metric.models
    ]
    searched = " ".join(
        (
            *(metric.metric, metric.title_en, metric.title_zh, metric.column_name),
            *(metric.meaning_en, metric.meaning_zh, *metric.models),
        )
    ).lower()
    parts = []
    if metric.definition:
        first = contents.tables.get(metric.models[0])
        body = rendered(metric.definition, partial(_place, contents, first))
        parts.append(f'<div class="words">{body}</div>')
    if metric.expression:
        parts.append(
            "<p>To roll up, over any rows of the mart:</p>"
            f'<pre tabindex="0"><code>{escaped(metric.expression)}</code></pre>'
        )
    else:
        parts.append("<p>It does not add up: read the column as it stands.</p>")
    return (
        f'<article class="metric" id="metric-{metric.metric}"'
        f' data-search="{escaped(searched)}">'
        f'<h3><a href="#metric-{metric.metric}">{escaped(metric.title_en)}</a>'
        f' <span lang="zh-Hans">{escaped(metric.title_zh)}</span></h3>'
        f"<p>{escaped(metric.meaning_en)}</p>"
        f'<p lang="zh-Hans">{escaped(metric.meaning_zh)}</p>'
        f'<p class="facts"><code>{metric.metric}</code>'
        f"<span>{UNITS[metric.unit]}</span>"
        f"<span>{DIRECTIONS[metric.direction]}</span></p>"
        f'<p class="stated">{", ".join(stated)}</p>'
        f"<details><summary>Definition and roll-up</summary>{''.join(parts)}</details>"
        "</article>"
    )


def _analysis(contents: Contents, analysis: Analysis) -> str:
    """Return one question with the query that answers it."""
    reads = [name for name in analysis.reads if name in contents.tables]
    question = analysis.question[:1].upper() + analysis.question[1:]
    return (
        f'<details class="analysis" id="analysis-{analysis.name}">'
        f"<summary><strong>{escaped(analysis.name.replace('_', ' '))}</strong>"
        f" <span>{escaped(question)}</span></summary>"
        f'<p class="lineage">Reads {_links(reads)}</p>'
        f'<pre tabindex="0"><code>{escaped(analysis.text)}</code></pre></details>'
    )


def _room(contents: Contents, room: str) -> str:
    """Return one room: its tables in full, or what they are made of."""
    tables = contents.of_room(room)
    text = rendered(ROOM_TEXTS[room], partial(_place, contents, None))
    told = [
        f'<section id="room-{room}"><h2>{ROOM_TITLES[room]}'
        f' <small>{len(tables)}</small></h2><div class="words">{text}</div>'
    ]
    if room == "marts":
        for folder, some in _folders(tables).items():
            title = FOLDERS.get(folder, folder.replace("_", " ").capitalize())
            told.append(f"<h3>{escaped(title)}</h3>")
            told += [_table(contents, table) for table in some]
    else:
        told += [_table(contents, table) for table in tables]
    return "\n".join([*told, "</section>"])


def _table(contents: Contents, table: Table) -> str:
    """Return one table, closed until somebody asks for it."""
    find = partial(_place, contents, table)
    made = "".join(
        f'<p class="lineage">{label} {_links(names)}</p>'
        for label, names in (("Made from", table.parents), ("Read by", table.children))
        if names
    )
    facts = []
    if table.key:
        keys = ", ".join(f"<code>{escaped(name)}</code>" for name in table.key)
        facts.append(f"Key {keys}")
    if table.tests:
        facts.append(f"{table.tests} tests at every build")
    schema = "" if table.room == "raw" else f"{table.room}."
    told = table.columns if table.room in TOLD_IN_FULL else []
    searched = " ".join((table.name, table.grain, *(column.name for column in told)))
    columns = ""
    if told:
        rows = "\n".join(_column(contents, table, column) for column in told)
        columns = (
            '<table><thead><tr><th scope="col">Column</th><th scope="col">Type</th>'
            f'<th scope="col">Meaning</th></tr></thead><tbody>{rows}</tbody></table>'
        )
    return (
        f'<details class="table" id="{escaped(table.name)}"'
        f' data-search="{escaped(searched.lower())}">'
        f"<summary><code>{schema}{escaped(table.name)}</code>"
        f" <span>{rendered(table.grain, lambda _: None)[3:-5]}</span></summary>"
        f'<div class="words">{rendered(table.description, find)}</div>'
        f'<p class="facts">{"".join(f"<span>{fact}</span>" for fact in facts)}</p>'
        f"{made}{columns}</details>"
    )


def _column(contents: Contents, table: Table, column: Column) -> str:
    """Return one column as a row."""
    words = rendered(column.description, partial(_place, contents, table))
    place = escaped(f"{table.name}.{column.name}")
    return (
        f'<tr id="{place}"><th scope="row"><a href="#{place}">'
        f"<code>{escaped(column.name)}</code></a></th>"
        f"<td><code>{escaped(column.data_type)}</code></td>"
        f'<td class="words">{words}</td></tr>'
    )
