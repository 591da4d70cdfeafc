"""Which rules are in force: the list of the project, and what people changed of it.

The list is the seed as it landed in the warehouse; before the first build, the file of
the project. What commands change is kept as changes, with author and reason, and wins
over the list until it is reset.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from orchestration.deliver.alerts import calendars, rules
from orchestration.deliver.alerts.calendars import Calendars
from orchestration.deliver.alerts.catalogue import catalogue
from orchestration.deliver.alerts.measures import Catalogue
from orchestration.deliver.alerts.rules import COLUMNS, Known, Route, Rule
from orchestration.deliver.alerts.schema import CHANGED
from orchestration.settings import UserError, settings

LISTS = ("seed_alert_rules", "seed_alert_routes", "seed_alert_calendars")
LOCK = "select pg_advisory_xact_lock(hashtext('frontdesk alerts rules'))"


@dataclass(frozen=True)
class Rulebook:
    """Everything that decides what is judged, and who hears of it."""

    rules: dict[str, Rule] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    calendars: Calendars = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """What cannot be followed, by name, and why."""
    catalogue: Catalogue = field(default_factory=Catalogue)
    changed: frozenset[str] = frozenset()
    """Rules of which a command changed something."""
    zone: str = "UTC"
    """Where those who read live, and business days end."""

    def in_force(self) -> list[Rule]:
        """Return the rules that are judged."""
        return [rule for rule in self.rules.values() if rule.is_enabled]


def read_list(conn: psycopg.Connection, name: str, seeds: Path) -> list[dict[str, Any]]:
    """Return the rows of a list, as they landed or as the project states them."""
    found = conn.execute("select to_regclass(%s)", [f"reference.{name}"]).fetchone()[0]
    if not found:
        return read_file(seeds / f"{name}.csv")
    cursor = conn.execute(
        sql.SQL("select to_jsonb(listed) from {} as listed").format(
            sql.Identifier("reference", name)
        )
    )
    return [row[0] for row in cursor.fetchall()]


def read_file(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a list of the project."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CHANGES = """
select rule_name, changes, is_reset from alerts.rule_changes order by change_id
"""
CHANNELS = "select channel from reference.seed_channels order by channel"


def merged(
    rows: Sequence[Mapping[str, Any]],
    changes: Sequence[tuple[str, Mapping[str, Any], bool]],
) -> tuple[list[dict[str, Any]], set[str]]:
    """Return the rows with the changes laid over them, and which rules changed."""
    found = [dict(row) for row in rows]
    overlaid: dict[str, dict[str, Any]] = {}
    for name, given, is_reset in changes:
        if is_reset:
            overlaid.pop(name, None)
        else:
            overlaid.setdefault(name, {}).update(given)
    listed = {str(row.get("rule_name")) for row in found}
    for row in found:
        row.update(overlaid.get(str(row.get("rule_name")), {}))
    found += [
        {"rule_name": name, **given}
        for name, given in overlaid.items()
        if name not in listed
    ]
    return found, set(overlaid)


def read(conn: psycopg.Connection, seeds: Path | None = None) -> Rulebook:
    """Read lists and changes, and take in what can be followed."""
    folder = seeds or settings().root / "seeds"
    listed = {name: read_list(conn, name, folder) for name in LISTS}
    changes = conn.execute(CHANGES).fetchall()
    rows, changed = merged(listed["seed_alert_rules"], changes)
    routes, wrong_routes = rules.parse_routes(listed["seed_alert_routes"])
    windows, wrong_calendars = calendars.parse_calendars(listed["seed_alert_calendars"])
    known = Known(
        catalogue=catalogue(conn, folder),
        routes=list(routes),
        calendars=list(windows),
        channels=_channels(conn),
    )
    good, refused = rules.parse_rules(rows, known)
    last, versions = _last_good(conn, refused, known)
    return Rulebook(
        rules={**good, **last},
        versions=versions,
        routes=routes,
        calendars=windows,
        refused={
            **refused,
            **{f"route {name}": said for name, said in wrong_routes.items()},
            **{f"calendar {name}": said for name, said in wrong_calendars.items()},
        },
        catalogue=known.catalogue,
        changed=frozenset(changed),
        zone=business_zone(),
    )


@cache
def business_zone() -> str:
    """Return the zone of business days; its home is a file, read once a process."""
    return settings().business_zone


def _channels(conn: psycopg.Connection) -> list[str]:
    """Return the channels that exist, or none while their list has not landed."""
    if not conn.execute("select to_regclass('reference.seed_channels')").fetchone()[0]:
        return []
    return [row[0] for row in conn.execute(CHANNELS).fetchall()]


def _last_good(
    conn: psycopg.Connection, refused: Mapping[str, str], known: Known
) -> tuple[dict[str, Rule], dict[str, int]]:
    """Return the last good version of what is refused now, and all versions."""
    found: dict[str, Rule] = {}
    versions: dict[str, int] = {}
    rows = conn.execute(
        "select rule_name, version, definition from alerts.rules"
    ).fetchall()
    for name, version, definition in rows:
        versions[name] = version
        if name in refused:
            good, _ = rules.parse_rules([{**definition, "muted_by": ""}], known)
            found.update(good)
    return found, versions


def definition(rule: Rule) -> dict[str, str]:
    """Return a rule as a row of the list, every column a text."""
    found: dict[str, str] = {}
    for name, value in asdict(rule).items():
        if name == "scope":
            parts = (f"{label}={'|'.join(values)}" for label, values in value)
            found[name] = ", ".join(parts)
        elif isinstance(value, tuple):
            found[name] = "|".join(value)
        elif isinstance(value, bool):
            found[name] = str(value).lower()
        elif isinstance(value, float):
            found[name] = f"{value:.12g}"
        else:
            found[name] = "" if value is None else str(value)
    return found


PUT_RULE = """
insert into alerts.rules (
    rule_name, version, title_en, title_zh, kind, measure, unit, comparison, fire_limit,
    clear_limit, minimum_sample, severity, owner, routes, runbook, is_enabled,
    definition, is_changed_by_command, changed_at
)
values (
    %(rule_name)s, %(version)s, %(title_en)s, %(title_zh)s, %(kind)s, %(measure)s,
    %(unit)s, %(comparison)s, %(fire_limit)s, %(clear_limit)s, %(minimum_sample)s,
    %(severity)s, %(owner)s, %(routes)s, %(runbook)s, %(is_enabled)s, %(definition)s,
    %(is_changed)s, %(now)s
)
on conflict (rule_name) do update set
    version = excluded.version,
    title_en = excluded.title_en,
    title_zh = excluded.title_zh,
    kind = excluded.kind,
    measure = excluded.measure,
    unit = excluded.unit,
    comparison = excluded.comparison,
    fire_limit = excluded.fire_limit,
    clear_limit = excluded.clear_limit,
    minimum_sample = excluded.minimum_sample,
    severity = excluded.severity,
    owner = excluded.owner,
    routes = excluded.routes,
    runbook = excluded.runbook,
    is_enabled = excluded.is_enabled,
    definition = excluded.definition,
    is_changed_by_command = excluded.is_changed_by_command,
    changed_at = excluded.changed_at
"""
PUT_VERSION = """
insert into alerts.rule_versions (rule_name, version, definition, valid_from)
values (%(rule_name)s, %(version)s, %(definition)s, %(now)s)
"""
LAST_VERSION = """
select coalesce(max(version), 0) from alerts.rule_versions where rule_name = %s
"""


def sync(
    conn: psycopg.Connection, now: datetime, seeds: Path | None = None
) -> Rulebook:
    """Make the tables say what is in force; return it, with the version of each rule.

    Runs in the caller's transaction: an evaluation never sees half of a change.
    """
    conn.execute(LOCK)
    book = read(conn, seeds)
    stated = {
        name: (body, is_changed)
        for name, body, is_changed in conn.execute(
            "select rule_name, definition, is_changed_by_command from alerts.rules"
        ).fetchall()
    }
    versions: dict[str, int] = {}
    for name, rule in book.rules.items():
        said, is_changed = definition(rule), name in book.changed
        if stated.get(name) == (said, is_changed):
            versions[name] = book.versions[name]
            continue
        is_new = name not in stated or stated[name][0] != said
        version = book.versions.get(name, 0)
        if is_new:
            version = conn.execute(LAST_VERSION, [name]).fetchone()[0] + 1
        versions[name] = version
        given = {
            **asdict(rule),
            "unit": book.catalogue.measures[rule.measure].unit,
            "routes": list(rule.routes),
            "version": version,
            "definition": Jsonb(said),
            "is_changed": is_changed,
            "now": now,
        }
        conn.execute(PUT_RULE, given)
        if is_new:
            conn.execute(PUT_VERSION, given)
    gone = [name for name in stated if name not in book.rules]
    if gone:
        conn.execute("delete from alerts.rules where rule_name = any(%s)", [gone])
    _put_routes(conn, book)
    _put_refusals(conn, book, now)
    return Rulebook(**{**vars(book), "versions": versions})


def _put_routes(conn: psycopg.Connection, book: Rulebook) -> None:
    """State routes and calendars, where they changed."""
    rows = [tuple(asdict(route).values()) for route in book.routes.values()]
    if sorted(conn.execute("select * from alerts.routes").fetchall()) != sorted(rows):
        conn.execute("delete from alerts.routes")
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into alerts.routes values (%s, %s, %s, %s, %s, %s, %s, %s)",
                rows,
            )
    windows = [
        (name, place, _plain(asdict(window)))
        for name, found in book.calendars.items()
        for place, window in enumerate(found, 1)
    ]
    stated = conn.execute(
        "select calendar, place, definition from alerts.calendars"
        " order by calendar, place"
    ).fetchall()
    if stated != sorted(windows, key=lambda row: row[:2]):
        conn.execute("delete from alerts.calendars")
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into alerts.calendars values (%s, %s, %s)",
                [(name, place, Jsonb(body)) for name, place, body in windows],
            )


def _plain(window: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **window,
        "weekdays": sorted(window["weekdays"]),
        "first_date": window["first_date"] and window["first_date"].isoformat(),
        "last_date": window["last_date"] and window["last_date"].isoformat(),
    }


def _put_refusals(conn: psycopg.Connection, book: Rulebook, now: datetime) -> None:
    """State what cannot be followed, and since when."""
    stated = dict(conn.execute("select what, reason from alerts.refusals").fetchall())
    if stated == book.refused:
        return
    conn.execute(
        "delete from alerts.refusals where what <> all(%s)", [list(book.refused)]
    )
    for what, reason in book.refused.items():
        if stated.get(what) != reason:
            conn.execute(
                "insert into alerts.refusals values (%s, %s, %s)"
                " on conflict (what) do update set reason = excluded.reason,"
                " refused_at = excluded.refused_at",
                [what, reason, now],
            )


def require_rule(book: Rulebook, name: str) -> Rule:
    """Return a rule, or say which there are."""
    if name in book.rules:
        return book.rules[name]
    if name in book.refused:
        raise UserError(book.refused[name])
    raise UserError(f"no rule {name}: `frontdesk alerts list` names them")


def change(
    conn: psycopg.Connection,
    name: str,
    changes: Mapping[str, str],
    by: str,
    why: str,
    seeds: Path | None = None,
) -> Rule:
    """Change a rule, or make one; refuse by name what could not be followed."""
    require_said(by, why)
    unknown = [column for column in changes if column not in COLUMNS[1:]]
    if unknown:
        raise UserError(
            f"rule {name}: {unknown[0]} is no column of a rule:"
            f" one of {', '.join(COLUMNS[1:])}"
        )
    with conn.transaction():
        conn.execute(LOCK)
        conn.execute(
            "insert into alerts.rule_changes (rule_name, changes, author, reason)"
            " values (%s, %s, %s, %s)",
            [name, Jsonb(dict(changes)), by.strip(), why.strip()],
        )
        # what is refused here is rolled back with the change
        book = read(conn, seeds)
        if name in book.refused:
            raise UserError(book.refused[name])
        sync(conn, datetime.now(UTC), seeds)
        conn.execute("select pg_notify(%s, %s)", [CHANGED, name])
    return book.rules[name]


def reset(
    conn: psycopg.Connection, name: str, by: str, why: str, seeds: Path | None = None
) -> bool:
    """Forget what commands changed of a rule; say whether it is still there."""
    require_said(by, why)
    with conn.transaction():
        conn.execute(LOCK)
        book = read(conn, seeds)
        if name not in book.changed:
            require_rule(book, name)
            raise UserError(f"rule {name}: no command has changed it")
        conn.execute(
            "insert into alerts.rule_changes"
            " (rule_name, changes, is_reset, author, reason)"
            " values (%s, '{}', true, %s, %s)",
            [name, by.strip(), why.strip()],
        )
        book = sync(conn, datetime.now(UTC), seeds)
        conn.execute("select pg_notify(%s, %s)", [CHANGED, name])
    return name in book.rules


def require_said(by: str, why: str) -> None:
    """Refuse what nobody answers for."""
    if not by.strip():
        raise UserError("say who: --by NAME")
    if not why.strip():
        raise UserError("say why: --why REASON")
