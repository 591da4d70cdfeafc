"""The wall's parts: figures, freshness, the stream, who may look, what it reads."""

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from orchestration.database import connections
from orchestration.deliver.wall import figures, freshness, page, serve
from orchestration.deliver.wall.access import Access, read_token, require_safe
from orchestration.deliver.wall.clock import Clock, parsed
from orchestration.deliver.wall.figures import Target
from orchestration.deliver.wall.freshness import Known, Limits
from orchestration.deliver.wall.hub import GZIP_HEADER, Frame, Hub, Viewer
from orchestration.deliver.wall.poller import Poller
from orchestration.settings import ROOT, Settings, UserError
from tests.python.deliver import floor
from tests.python.deliver.floor import Floor

NOW = datetime(2026, 11, 18, 8, 42, 17, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TOKEN = "a-token-of-enough-characters"
Snapshot = dict[str, Any]


# figures


def test_a_rate_of_too_few_is_no_rate() -> None:
    """Nine contacts say nothing, ten do; none is not zero per cent."""
    assert figures.share(9, 9) is None
    assert figures.share(0, 0) is None
    assert figures.share(None, 50) is None
    assert figures.share(5, 10) == 0.5


@pytest.mark.parametrize(
    ("figure", "target", "state"),
    [
        (0.80, Target(0.80, 0.75), "ok"),
        (0.76, Target(0.80, 0.75), "near"),
        (0.74, Target(0.80, 0.75), "off"),
        (0.05, Target(0.05, 0.08, True), "ok"),
        (0.08, Target(0.05, 0.08, True), "near"),
        (0.09, Target(0.05, 0.08, True), "off"),
        (None, Target(0.80, 0.75), "few"),
        (0.5, None, "none"),
    ],
)
def test_a_figure_stands_to_its_target(
    figure: float | None, target: Target | None, state: str
) -> None:
    """Whichever way is better, and where nobody set one."""
    assert figures.state_of(figure, target) == state


def test_the_median_of_a_histogram_lies_in_its_bucket() -> None:
    """Half of forty are answered between 10 and 30 seconds."""
    counts = (10, 30, 40, 40, 40, 40, 40, 40)
    assert figures.median_between_edges(counts, 40) == 20
    assert figures.median_between_edges((0,) * 8, 40) is None
    assert figures.median_between_edges(counts, 5) is None


# freshness


def known(**more: object) -> Known:
    """Return what is known when everything is well."""
    told = {
        "now": NOW,
        "server_at": NOW,
        "is_shifted": False,
        "known_at": NOW - 5 * SECOND,
        "landed_at": NOW - 5 * SECOND,
        "built_at": NOW - 30 * SECOND,
        "read_at": NOW,
    }
    return Known(**{**told, **more})


def feed(age: float, limit: int = 60, is_stale: bool = False) -> dict[str, Any]:
    """Return what a feed says of itself."""
    return {
        "source_name": "phone",
        "table_name": "calls",
        "last_event_at": NOW - timedelta(seconds=age),
        "last_landed_at": NOW - timedelta(seconds=age),
        "limit_seconds": limit,
        "is_stale": is_stale,
    }


def reasons(told: Known, feeds: list[dict[str, Any]], at: datetime = NOW) -> list[str]:
    """Return why the wall is stale at a moment."""
    found = freshness.expiries(told, feeds, Limits())
    return [one["reason"] for one in freshness.stale(found, at)]


def test_a_feed_past_its_limit_makes_the_wall_stale() -> None:
    """By its own judgement; on a demonstration clock by its newest event."""
    assert reasons(known(), [feed(5)]) == []
    assert reasons(known(), [feed(5, is_stale=True)]) == ["feed"]
    assert reasons(known(is_shifted=True), [feed(61)]) == ["feed"]
    assert reasons(known(is_shifted=True), [feed(59)]) == []
    # the same snapshot, looked at two seconds later
    assert reasons(known(is_shifted=True), [feed(59)], NOW + 2 * SECOND) == ["feed"]


def test_data_without_feeds_has_one_limit() -> None:
    """And a warehouse that knows nothing is stale at once."""
    old = NOW - timedelta(seconds=Limits().data_seconds + 1)
    assert reasons(known(known_at=old), []) == ["data"]
    assert reasons(known(known_at=None), []) == ["data"]


def test_what_lands_this_second_may_tell_of_yesterday() -> None:
    """Feeds are alive, and the wall is not."""
    old = NOW - timedelta(seconds=Limits().data_seconds + 60)
    just = NOW - SECOND
    assert reasons(known(known_at=old, landed_at=just), [feed(1)]) == ["late"]
    # an idle night: what came last came in time
    assert reasons(known(known_at=old, landed_at=old + SECOND), [feed(1)]) == []
    assert reasons(known(known_at=just, landed_at=NOW), [feed(1)]) == []


def test_what_is_landed_and_not_built_makes_the_wall_stale() -> None:
    """But a night on which nothing lands does not."""
    long_ago = NOW - timedelta(hours=9)
    assert reasons(known(built_at=long_ago), [feed(5)]) == ["marts"]
    idle = known(built_at=long_ago, landed_at=long_ago - SECOND)
    assert reasons(idle, [feed(5)]) == []


def test_marts_that_cannot_be_read_make_the_wall_stale() -> None:
    """Though everything else goes on."""
    late = NOW - timedelta(seconds=freshness.MARTS_READ_SECONDS + 1)
    assert reasons(known(read_at=late), [feed(5)]) == ["reading"]


def test_an_event_of_the_future_makes_nothing_fresh() -> None:
    """A clock that is wrong elsewhere must not hide silence here."""
    feeds = [feed(-3600), feed(40)]
    assert freshness.known_at(NOW - 50 * SECOND, feeds, NOW) == NOW - 40 * SECOND
    assert freshness.known_at(None, [], NOW) is None


def test_a_demonstration_clock_runs_on() -> None:
    """From its beginning, by the server's clock; the true clock is the server's."""
    clock = Clock(parsed("2026-02-18T16:40+08:00"))
    assert clock.now(NOW) == datetime(2026, 2, 18, 8, 40, tzinfo=UTC)
    assert clock.now(NOW + 3 * SECOND) - clock.now(NOW) == 3 * SECOND
    assert Clock().now(NOW) == NOW
    with pytest.raises(UserError, match="--as-of yesterday"):
        parsed("yesterday")


# the stream


async def received(hub: Hub, viewer: Viewer, pieces: int) -> bytes:
    """Return the first pieces of what a viewer gets."""
    stream = hub.watch(viewer)
    return b"".join([await anext(stream) for _ in range(pieces)])


def test_parts_packed_alone_make_one_stream() -> None:
    """Any viewer's stream is one gzip stream, wherever it began."""

    async def look() -> bytes:
        hub = Hub()
        hub.publish({"number": 1, "words": "x" * 500})
        viewer = Viewer(is_packed=True)
        stream = hub.watch(viewer)
        first = await anext(stream) + await anext(stream)
        hub.publish({"number": 2, "words": "x" * 500})
        second = await anext(stream)
        hub.publish({"number": 3, "words": "y"})
        third = await anext(stream)
        await stream.aclose()
        assert hub.viewers == set()
        return first + second + third

    sent = asyncio.run(look())
    assert sent.startswith(GZIP_HEADER)
    text = zlib.decompressobj(wbits=31).decompress(sent).decode()
    told = [json.loads(line[6:]) for line in text.splitlines() if line[:5] == "data:"]
    assert re.findall(r"event: (\w+)", text) == [
        "hello",
        "snapshot",
        "change",
        "change",
    ]
    # what did not change is not sent again
    assert told[1:] == [
        {"number": 1, "words": "x" * 500},
        {"number": 2},
        {"number": 3, "words": "y"},
    ]


def test_a_slow_viewer_gets_the_whole_instead_of_all_changes() -> None:
    """It owes a few events at most, so that it holds no memory."""

    async def look() -> str:
        hub = Hub()
        viewer = Viewer(is_packed=False)
        stream = hub.watch(viewer)
        await anext(stream)
        for number in range(50):
            hub.publish({"number": number, "always": 1})
        assert len(viewer.waiting) <= 5
        text = (await anext(stream)).decode()
        await stream.aclose()
        return text

    text = asyncio.run(look())
    last = [json.loads(line[6:]) for line in text.splitlines() if line[:5] == "data:"]
    merged: dict[str, int] = {}
    for one in last:
        merged |= one
    assert merged == {"number": 49, "always": 1}
    assert "event: snapshot" in text


def test_trouble_is_told_once() -> None:
    """And is over with the next snapshot."""
    hub, viewer = Hub(), Viewer(is_packed=False)
    hub.viewers.add(viewer)
    hub.complain("database")
    hub.complain("database")
    assert len(viewer.waiting) == 1
    hub.publish({"number": 1})
    assert hub.trouble is None
    assert hub.document is not None
    assert gzip.decompress(hub.document.gzipped) == hub.document.plain
    assert Frame.of("x", b"1").plain == b"event: x\ndata: 1\n\n"


# who may look


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer everything."""
    await PlainTextResponse(scope["path"])(scope, receive, send)


def asking(access: Access, base: str = "http://127.0.0.1:8790") -> httpx.AsyncClient:
    """Return somebody who asks."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(access), base_url=base)


def test_a_token_opens_the_wall_and_leaves_the_address() -> None:
    """As a bearer, or once in the address, from then on as a cookie."""

    async def walk() -> None:
        access = Access(plain, TOKEN, 8790)
        async with asking(access) as one:
            refused = await one.get("/")
            assert refused.status_code == 401
            assert TOKEN not in refused.text
            assert (await one.get("/?token=wrong")).status_code == 401
            assert (await one.get("/api/events")).status_code == 401
            assert (await one.get("/healthz")).status_code == 200
            welcome = await one.get(f"/?lang=zh&token={TOKEN}")
            assert (welcome.status_code, welcome.headers["location"]) == (
                303,
                "/?lang=zh",
            )
            cookie = welcome.headers["set-cookie"].lower()
            assert "httponly" in cookie and "samesite=strict" in cookie
            assert TOKEN not in cookie
            assert (await one.get("/")).status_code == 200
        async with asking(access) as other:
            bearer = {"authorization": f"Bearer {TOKEN}"}
            assert (await other.get("/", headers=bearer)).status_code == 200
            forged = {"cookie": "frontdesk_wall_8790=0000"}
            assert (await other.get("/", headers=forged)).status_code == 401

    asyncio.run(walk())


def test_a_strange_name_is_not_answered_without_a_token() -> None:
    """A page from elsewhere may point its own name at this machine."""

    async def walk() -> None:
        access = Access(plain, None, 8790, ("127.0.0.1", "localhost", "::1"))
        for base, status in (
            ("http://127.0.0.1:8790", 200),
            ("http://localhost:8790", 200),
            ("http://[::1]:8790", 200),
            ("http://evil.example:8790", 421),
        ):
            async with asking(access, base) as one:
                assert (await one.get("/")).status_code == status

    asyncio.run(walk())


def test_the_network_needs_a_token(tmp_path: Path) -> None:
    """Or an explicit word; a token is not short."""
    require_safe("127.0.0.1", None, False)
    require_safe("0.0.0.0", TOKEN, False)
    require_safe("0.0.0.0", None, True)
    with pytest.raises(UserError, match="--token-file"):
        require_safe("0.0.0.0", None, False)
    file = tmp_path / "token"
    file.write_text("short\n")
    with pytest.raises(UserError, match="at least 16"):
        read_token(file)
    file.write_text(f"{TOKEN}\n")
    assert read_token(file) == TOKEN


# the page


def test_both_languages_say_the_same_things() -> None:
    """Same words, same places to fill, and every word that the page asks for."""
    words = page.words()
    assert words["en"].keys() == words["zh"].keys()
    for name, text in words["en"].items():
        places = (
            set(re.findall(r"\{(\w+)\}", one)) for one in (text, words["zh"][name])
        )
        first, second = places
        assert first == second, name
        assert text and words["zh"][name]
    scripts = "".join(
        (page.FOLDER / "static" / name).read_text()
        for name in ("wall.js", "charts.js", "index.html")
    )
    asked = set(re.findall(r'word\("(\w+)"', scripts))
    asked |= set(re.findall(r'data-word="(\w+)"', scripts))
    assert asked - words["en"].keys() == set()


def test_nothing_is_asked_of_anybody_else() -> None:
    """The page, its style and its scripts name no other host."""
    for name in ("index.html", "wall.css", "wall.js", "charts.js"):
        text = (page.FOLDER / "static" / name).read_text()
        found = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text))
        assert found <= {"http://www.w3.org"}, name
    assert "default-src 'none'" in page.POLICY
    assert (
        "licensed"
        in (page.FOLDER / "static" / "echarts.LICENSE.txt").read_text().lower()
    )


# what it reads


@pytest.fixture(scope="module")
def administered(server: Settings, fresh_dsn: Callable[[], str]) -> Settings:
    """Return the settings of a database with a made-up floor, as its administrator."""
    address = fresh_dsn()
    with psycopg.connect(address) as connection:
        floor.make(connection, NOW, scale=0.5)
        floor.go_live(connection, NOW)
        floor.raise_alerts(connection, NOW)
    name = address.rpartition("/")[2]
    return replace(
        server, dsn=make_conninfo(connections.dsn(server, "postgres"), dbname=name)
    )


@pytest.fixture(scope="module")
def reading(administered: Settings) -> str:
    """Return the address of the wall's own role."""
    return serve.reading_address(administered)


@pytest.fixture(scope="module")
def made() -> Floor:
    """Return the truth of the floor, drawn again."""
    import numpy as np

    told, random = Floor(NOW), np.random.default_rng(3)
    top = NOW.replace(minute=0, second=0, microsecond=0)
    at = top - timedelta(days=57)
    while at <= top:
        part = 1.0 if at < top else (NOW - top) / floor.HOUR
        floor._hour(told, random, at, 0.5 * part)
        at += floor.HOUR
    return told


def snapshot(address: str, begins_at: datetime | None = NOW) -> Snapshot:
    """Return what one look shows."""

    async def look() -> bytes:
        poller = Poller(address, Hub(), floor.ZONE, Clock(begins_at))
        async with await poller._connect() as connection:
            await poller.tick(connection)
        return poller.hub.document.plain

    return json.loads(asyncio.run(look()))


@pytest.fixture(scope="module")
def shown(reading: str) -> Snapshot:
    """Return one snapshot of the floor."""
    return snapshot(reading)


def tile(shown: Snapshot, name: str) -> dict[str, Any]:
    """Return one tile."""
    return next(one for one in shown["marts"]["tiles"] if one["name"] == name)


def added(made: Floor, part: str, days_before: int = 0, **only: object) -> int:
    """Add up one part over the 24 whole hours that ended so many days before."""
    end = NOW.replace(minute=0, second=0) - timedelta(days=days_before)
    return sum(
        counts[part]
        for (name, at), counts in made.hours.items()
        if end - timedelta(days=1) <= at < end
        and floor.CHANNELS[name][1] in only.get("kinds", ("live", "deferred", "bot"))
    )


def test_tiles_add_up_whole_hours(shown: Snapshot, made: Floor) -> None:
    """Against the same hours a week before; rates of sums, not sums of rates."""
    offered, before = added(made, "offered"), added(made, "offered", 7)
    contacts = tile(shown, "contacts")
    assert contacts["value"] == offered
    assert contacts["change"] == pytest.approx(offered / before - 1, abs=1e-4)
    live = added(made, "offered", kinds=("live",))
    gone = added(made, "abandoned", kinds=("live",))
    abandoned = tile(shown, "abandonment")
    assert abandoned["value"] == pytest.approx(gone / live, abs=1e-4)
    assert abandoned["count"] == live
    served = {"kinds": ("deferred",)}
    kept = added(made, "on_time", kinds=("live",)) + added(made, "on_time", **served)
    due = live + added(made, "answered", **served)
    on_time = tile(shown, "on_time")
    assert on_time["value"] == pytest.approx(kept / due, abs=1e-4)
    assert on_time["count"] == due


def test_the_target_is_that_of_the_mixture(shown: Snapshot, made: Floor) -> None:
    """Each channel's own, by how many contacts it was due."""
    end = NOW.replace(minute=0, second=0)
    due = wanted = 0.0
    for (name, at), counts in made.hours.items():
        _, kind, _, rate, *_ = floor.CHANNELS[name]
        if kind == "bot" or not end - timedelta(days=1) <= at < end:
            continue
        count = counts["offered"] if kind == "live" else counts["answered"]
        due += count
        wanted += count * rate
    assert tile(shown, "on_time")["target"] == pytest.approx(wanted / due, abs=1e-4)


def test_the_chart_ends_where_the_hour_runs(shown: Snapshot, made: Floor) -> None:
    """36 whole hours, each as counted; the running one from what landed."""
    hours = shown["marts"]["hours"]
    starts = [datetime.fromisoformat(at) for at in hours["starts"]]
    assert len(starts) == 36
    assert starts[-1] + floor.HOUR == datetime.fromisoformat(shown["until"])
    for channel in hours["channels"]:
        expected = [
            made.hours.get((channel["channel"], at), {}).get("offered", 0)
            for at in starts
        ]
        assert channel["counts"] == expected
    running = {row["channel"]: row["offered_count"] for row in shown["live_hour"]}
    assert running["phone"] == 310


def test_an_hour_of_few_contacts_is_a_gap(shown: Snapshot) -> None:
    """Never 0 per cent, and never of fewer than five."""
    for line in shown["marts"]["on_time"]["lines"]:
        assert any(value is not None for value, _ in line["points"])
        for value, count in line["points"]:
            assert (value is None) == (count < figures.FEWEST_OF_POINT)
    bot = next(one for one in shown["marts"]["scorecard"] if one["channel"] == "bot")
    assert bot["on_time"]["value"] is None
    assert bot["first_response"]["state"] == "few"


def test_the_week_has_its_profile(shown: Snapshot, made: Floor) -> None:
    """Means of eight weeks; today, which is not over, is left out."""
    cells = shown["marts"]["profile"]["cells"]
    assert [len(row) for row in cells] == [24] * 7
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(floor.ZONE)
    today = NOW.astimezone(zone).date()
    tuesdays_at_ten = [
        sum(
            counts["offered"]
            for (_, at), counts in made.hours.items()
            if (local := at.astimezone(zone)).date() == day and local.hour == 10
        )
        for day in (today - timedelta(days=1 + 7 * week) for week in range(8))
    ]
    assert cells[1][10] == pytest.approx(sum(tuesdays_at_ten) / 8, abs=0.06)


def test_queues_and_agents_are_of_this_second(shown: Snapshot) -> None:
    """The longest wait first; sums over all."""
    assert shown["queues"]["waiting"] == 30
    assert [row["waiting_count"] for row in shown["queues"]["rows"]][:2] == [7, 4]
    assert shown["agents"]["available_count"] == 20


def test_alerts_stand_in_the_order_of_gravity(shown: Snapshot) -> None:
    """Open before mended, critical before warning."""
    rows = shown["alerts"]["rows"]
    assert [(row["state"], row["severity"]) for row in rows] == [
        ("open", "critical"),
        ("open", "warning"),
        ("open", "warning"),
        ("resolved", "critical"),
    ]


def test_what_can_still_be_kept_comes_first(shown: Snapshot) -> None:
    """Soonest first; then what is broken."""
    rows = shown["marts"]["at_risk"]
    states = [row["state"] for row in rows]
    assert states == ["at_risk"] * 15 + ["breached"] * 11
    remaining = [row["remaining_seconds"] for row in rows[:15]]
    assert remaining == sorted(remaining)


def test_the_role_reads_and_no_more(reading: str) -> None:
    """It changes nothing, waits no longer than two seconds."""
    with psycopg.connect(reading, autocommit=True) as connection:
        assert connection.execute("show statement_timeout").fetchone() == ("2s",)
        connection.execute("set default_transaction_read_only = off")
        for attempt in (
            "delete from marts.kpi_channel_hourly",
            "create table marts.mine ()",
            "update alerts.incidents set state = 'resolved'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt)


def test_an_empty_warehouse_says_so(
    server: Settings, fresh_dsn: Callable[[], str]
) -> None:
    """No tables, no live data, no alerts: a snapshot all the same, and a stale one."""
    address = fresh_dsn()
    shown = snapshot(address, None)
    assert shown["marts"] is None
    assert (shown["queues"], shown["alerts"], shown["has_marts"]) == (None, None, False)
    assert [one["reason"] for one in shown["expires"]] == ["data"]
    with psycopg.connect(address) as connection:
        floor.make(connection, NOW, scale=0.01)
    few = snapshot(address)
    assert few["queues"] is None
    assert few["marts"]["tiles"]


def test_the_wall_outlives_its_connection(reading: str, administered: Settings) -> None:
    """A killed session is opened again, and the viewers hear of the trouble."""

    async def live_through() -> tuple[list[int], bool]:
        poller = Poller(reading, Hub(), floor.ZONE, Clock(NOW), every=0.5)
        task = asyncio.create_task(poller.run())
        seen = []
        for _ in range(2):
            while poller.hub.document is None:
                await asyncio.sleep(0.05)
            seen.append(json.loads(poller.hub.document.plain)["number"])
            with psycopg.connect(administered.dsn, autocommit=True) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'frontdesk wall'"
                )
            poller.hub.document = None
        while poller.hub.document is None:
            await asyncio.sleep(0.05)
        seen.append(json.loads(poller.hub.document.plain)["number"])
        healthy, _ = poller.health()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return seen, healthy

    seen, healthy = asyncio.run(asyncio.wait_for(live_through(), 30))
    assert seen == sorted(set(seen))
    assert healthy


def test_the_library_is_whole() -> None:
    """Vendored as it was published: one file, with its licence in it."""
    text = (ROOT / "orchestration/deliver/wall/static/echarts.min.js").read_text()
    assert "Apache Software Foundation" in text[:600]
    assert len(text) > 500_000
