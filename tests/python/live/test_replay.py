"""A replay says what the files say, bit by bit, at other times and under other ids."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from orchestration.live.landing.casting import cast_events
from orchestration.live.landing.events import find_table, read_event
from orchestration.raw.sources import SOURCES
from orchestration.replay import play
from orchestration.replay import world as worlds
from orchestration.replay.commands import replay

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def groups(world: Path) -> list[worlds.Group]:
    """Return what can be played of the sample world."""
    return worlds.read_groups(world)


def test_every_declared_name_is_a_column() -> None:
    """A stage, a group or an id that no table has would be passed over in silence."""
    for (source, name), life in worlds.LIVES.items():
        columns = {column.name for column in SOURCES[source].table(name).columns}
        told = {column for stage in life.stages for column in stage.tells}
        moments = {stage.moment for stage in life.stages}
        assert {life.group, worlds.EXPORTED} | told | moments <= columns
        assert set(life.at_first) <= told


def test_the_last_version_says_what_the_file_says(groups: list[worlds.Group]) -> None:
    """All values, but for its times, its ids and the time of its export."""
    shift = timedelta(days=100, seconds=5)
    compared = 0
    for group in groups[::25]:
        last = {}
        for one in worlds.versions(group, shift, "t"):
            key = SOURCES[one.source].table(one.table).key[0]
            last[one.table, one.row[key]] = one
        rows = {}
        for source, name, row in group.rows:
            if any(row[s.moment] for s in worlds.LIVES[source, name].stages):
                key = SOURCES[source].table(name).key[0]
                known = rows.get((name, f"{row[key]}-t"))
                if known is None or known["exported_at"] <= row["exported_at"]:
                    rows[name, f"{row[key]}-t"] = row
        assert rows.keys() == last.keys()
        for named, row in rows.items():
            said = last[named].row
            for column, value in row.items():
                if column == worlds.EXPORTED:
                    continue
                if isinstance(value, datetime):
                    value += shift
                elif column in worlds.OWN_IDS and value:
                    value = f"{value}-t"
                assert said[column] == value
            compared += 1
    assert compared > 500


def test_a_call_rings_is_answered_and_ends(groups: list[worlds.Group]) -> None:
    """What comes later is not known earlier; later versions are exported later."""
    answered = next(
        group
        for group in groups
        if len([r for s, n, r in group.rows if n == "calls" and r["answered_at"]]) == 1
    )
    said = [
        one
        for one in worlds.versions(answered, timedelta(0), "t")
        if one.table == "calls"
    ]
    known = [(bool(o.row["answered_at"]), bool(o.row["call_result"])) for o in said]
    assert known == [(False, False), (True, False), (True, True)]
    exported = [one.row["exported_at"] for one in said]
    assert exported == sorted(set(exported))
    assert [one.moment for one in said] == [
        one.row[name]
        for one, name in zip(
            said, ("started_at", "answered_at", "ended_at"), strict=True
        )
    ]


@pytest.mark.parametrize(("speed", "days"), [(1, 1), (1, 3), (60, 1)])
def test_a_day_is_played_up_to_now_and_never_ahead(
    groups: list[worlds.Group], speed: float, days: int
) -> None:
    """Each event once; hours of the day stay at speed 1; the last comes at the end."""
    plan = play.Plan(Path(), speed=speed, days=days, tag="t")
    due = play.timetable(groups, plan, NOW)
    assert due
    ids = Counter((d.version.source, d.version.table, d.version.event_id) for d in due)
    assert set(ids.values()) == {1}
    assert [d.at for d in due] == sorted(d.at for d in due)
    # nothing is said before it happened, by more than the clock's own grain
    assert all(d.version.moment.timestamp() <= d.at + 0.001 for d in due)
    assert NOW.timestamp() <= due[0].at <= due[-1].at
    assert due[-1].at <= NOW.timestamp() + 86_400 / speed
    if speed == 1:
        hours = {
            row["call_id"]: row["started_at"].time()
            for group in groups
            for _, name, row in group.rows
            if name == "calls"
        }
        calls = [d.version.row for d in due if d.version.table == "calls"]
        assert calls
        for row in calls:
            assert row["started_at"].time() == hours[row["call_id"].rpartition("-")[0]]


def test_what_is_played_can_land(groups: list[worlds.Group]) -> None:
    """No event of a replay is unreadable: what could not be read was left out."""
    due = play.timetable(groups, play.Plan(Path(), days=5, tag="t"), NOW)
    tables: dict[tuple[str, str], list] = {}
    for number, one in enumerate(due):
        where = one.version.source, one.version.table
        value = orjson.loads(play.envelope(one.version))
        event = read_event(*where, value, number=number, sent_at=0)
        tables.setdefault(where, []).append(event)
    assert len(tables) > 10
    for where, events in tables.items():
        table = find_table(*where)
        typed = cast_events(table, "http", events)
        assert typed.refused == []
        # moments arrive as they were sent
        key, name = table.key[0], "exported_at"
        expected = {e.record[key]: e.record[name] for e in events}
        places = typed.columns.index(key), typed.columns.index(name)
        landed = {row[places[0]]: row[places[1]].isoformat() for row in typed.rows}
        assert landed == expected


class Kept:
    """A sender that keeps what it is given."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.kept: list[worlds.Version] = []
        self.is_open = False

    async def open(self) -> None:
        """Connect."""
        self.is_open = True

    async def send(self, found: list[worlds.Version]) -> Counter[str]:
        """Keep."""
        self.kept += found
        return Counter(landed=len(found))

    async def close(self) -> None:
        """Part."""
        self.is_open = False


def test_events_are_sent_in_order_and_not_early(groups: list[worlds.Group]) -> None:
    """By a clock that the test turns."""
    due = play.timetable(groups, play.Plan(Path(), speed=1e9, tag="t"), NOW)
    sender, turned = Kept(), iter(range(1_000_000))

    def clock() -> float:
        return NOW.timestamp() + next(turned) * 1e-6

    fates = asyncio.run(play.play(due, sender, lambda sent, fates: None, clock))
    assert sender.kept == [one.version for one in due]
    assert fates == Counter(landed=len(due))
    assert not sender.is_open


def test_a_folder_without_a_world_is_a_mistake(tmp_path: Path) -> None:
    """It names the folder and the remedy."""
    result = CliRunner().invoke(replay, [str(tmp_path)])
    assert "holds no sample world" in str(result.exception)
