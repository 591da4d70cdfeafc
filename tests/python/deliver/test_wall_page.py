"""The wall as people see it: in a browser, large and small, live and stale."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from orchestration.bench import browser as browsers
from orchestration.bench.browser import Browser
from orchestration.database import connections
from orchestration.settings import ROOT, Settings
from tests.python.deliver import floor

NOW = datetime(2026, 11, 18, 8, 42, 17, tzinfo=UTC)
DRAWN = "performance.getEntriesByName('first-data').length > 0"
SIZES = ((1600, 1000), (390, 844))
OVERFLOW = """(() => {
  const wide = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > wide) found.push("the page");
  const clips = (node) => {
    for (let one = node.parentElement; one; one = one.parentElement)
      if (["hidden", "auto"].includes(getComputedStyle(one).overflowX)) return true;
    return false;
  };
  for (const node of document.querySelectorAll("header *, main *")) {
    const box = node.getBoundingClientRect();
    if (box.width > 1 && box.right > wide + 1 && !clips(node))
      found.push(`${node.tagName}.${node.className} ends at ${box.right}`);
  }
  for (const panel of document.querySelectorAll(".panel, .tile"))
    if (panel.scrollHeight > panel.clientHeight + 1
        || panel.scrollWidth > panel.clientWidth + 1)
      found.push(`${panel.id || panel.dataset.tile} is cut`);
  return found;
})()"""

pytestmark = pytest.mark.skipif(
    browsers.program() is None, reason="no Chromium on this machine"
)


@dataclass(frozen=True)
class Running:
    """A wall that answers."""

    address: str
    process: subprocess.Popen


@contextmanager
def running(dsn: str, as_of: datetime, *options: str) -> Iterator[Running]:
    """Run the command as a user would."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "from orchestration.deliver.wall.commands import wall; wall()",
            *("--port", str(port), "--as-of", as_of.isoformat(), *options),
        ],
        cwd=ROOT,
        env={**os.environ, "FRONTDESK_DSN": dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wall = Running(f"http://127.0.0.1:{port}", process)
    try:
        until = time.monotonic() + 40
        while not _answers(wall.address):
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < until
            time.sleep(0.1)
        yield wall
    finally:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGINT)
        process.wait(15)


def _answers(address: str) -> bool:
    """Say whether there is a snapshot."""
    try:
        return httpx.get(f"{address}/api/snapshot", timeout=3).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def administered(server: Settings, fresh_dsn: Callable[[], str]) -> str:
    """Return the address of a database with a made-up floor, as its administrator."""
    address = fresh_dsn()
    with psycopg.connect(address) as connection:
        floor.make(connection, NOW, scale=0.5)
        floor.go_live(connection, NOW)
        floor.raise_alerts(connection, NOW)
    name = address.rpartition("/")[2]
    return make_conninfo(connections.dsn(server, "postgres"), dbname=name)


@pytest.fixture(scope="module")
def wall(administered: str) -> Iterator[Running]:
    """Return a wall whose data is fresh."""
    with psycopg.connect(administered, autocommit=True) as connection:
        # fresh for as long as these tests may take
        connection.execute("update live.feeds set limit_seconds = 3600")
    with running(administered, NOW) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser."""
    with Browser() as one:
        yield one


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_fits(
    wall: Running, browser: Browser, size: tuple[int, int], theme: str, language: str
) -> None:
    """Nothing is cut, nothing complains, nothing is asked of another host."""
    browser.size(*size)
    browser.open(f"{wall.address}/?theme={theme}&lang={language}")
    browser.wait(DRAWN)
    assert browser.value(OVERFLOW) == []
    assert browser.complaints() == []
    asked = browser.requests()
    assert len(asked) >= 6
    assert [one for one in asked if not one.startswith((wall.address, "data:"))] == []
    assert browser.value("document.getElementById('badge').dataset.state") == "live"
    assert browser.value("document.querySelectorAll('.tile').length") == 7
    assert (
        browser.value("document.querySelectorAll('#chart-volume canvas').length") == 1
    )
    language_of_page = {"en": "en", "zh": "zh-Hans"}[language]
    assert browser.value("document.documentElement.lang") == language_of_page
    # whatever is drawn has words
    assert (
        browser.value("/undefined|NaN|null|\\{\\w+\\}/.test(document.body.innerText)")
        is False
    )


def test_it_can_be_used_without_a_mouse(wall: Running, browser: Browser) -> None:
    """Keys change language and light; a promise opens its ticket and closes again."""
    browser.size(1600, 1000)
    browser.open(f"{wall.address}/?theme=light&lang=en")
    browser.wait(DRAWN)
    browser.press("t")
    assert browser.value("document.documentElement.dataset.theme") == "dark"
    browser.press("l")
    assert browser.value("document.documentElement.lang") == "zh-Hans"
    browser.press("l")
    browser.value("document.querySelector('.risk button').focus()")
    browser.value("document.activeElement.click()")
    text = browser.wait("document.querySelector('#ticket dl')?.innerText")
    assert "Priority" in text and "Customer waited" in text
    assert browser.value("document.getElementById('ticket').open")
    browser.value("document.getElementById('ticket-close').click()")
    assert not browser.value("document.getElementById('ticket').open")
    # a list that is drawn anew keeps the place of the one who reads it
    assert browser.value("document.activeElement.closest('.risk') !== null")


def test_a_screen_reader_is_told(wall: Running, browser: Browser) -> None:
    """States are words, charts have descriptions, tables have headings."""
    browser.size(1600, 1000)
    browser.open(f"{wall.address}/?theme=light&lang=en")
    browser.wait(DRAWN)
    label = browser.value("document.getElementById('chart-volume').ariaLabel")
    assert "a week before" in label
    states = browser.value(
        "[...document.querySelectorAll('.tile .chip')].map((one) => one.textContent)"
    )
    assert len(states) == 6
    assert set(states) <= {"on target", "close", "off target", "too few"}
    nameless = (
        "[...document.querySelectorAll('button, a, section')].filter((one) =>"
        " !(one.textContent.trim() || one.ariaLabel"
        " || one.getAttribute('aria-labelledby'))).length"
    )
    assert browser.value(nameless) == 0
    assert (
        browser.value("document.querySelectorAll('td[scope], th:not([scope])').length")
        == 0
    )
    assert browser.value("document.getElementById('badge-state').role") == "status"


def test_a_silent_feed_turns_the_badge_red(
    administered: str, wall: Running, browser: Browser
) -> None:
    """And says which, and /healthz fails; when it speaks again, all is well."""
    browser.size(1600, 1000)
    browser.open(f"{wall.address}/?lang=en")
    browser.wait(DRAWN)
    assert httpx.get(f"{wall.address}/healthz").status_code == 200
    with psycopg.connect(administered, autocommit=True) as connection:
        connection.execute(
            "update live.feeds set limit_seconds = 1 where source_name = 'phone'"
        )
        connection.execute("notify frontdesk_live, 'phone'")
        stale = "document.getElementById('badge').dataset.state === 'stale'"
        browser.wait(stale)
        text = browser.value("document.getElementById('badge').innerText")
        assert "STALE" in text and "phone.contacts" in text
        assert browser.value("document.title").startswith("STALE")
        health = httpx.get(f"{wall.address}/healthz")
        assert health.status_code == 503
        assert health.json()["reasons"] == ["feed phone.contacts"]
        connection.execute("update live.feeds set limit_seconds = 3600")
    browser.wait("document.getElementById('badge').dataset.state === 'live'")
    assert httpx.get(f"{wall.address}/healthz").status_code == 200


def test_a_wall_that_hears_nothing_says_stale(wall: Running, browser: Browser) -> None:
    """By its own clock: the server that stands still cannot tell it."""
    browser.size(1600, 1000)
    browser.open(f"{wall.address}/?lang=en")
    browser.wait(DRAWN)
    wall.process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(0.3)
        browser.value("{ const now = Date.now; Date.now = () => now() + 21000; }")
        browser.wait("document.getElementById('badge').dataset.state === 'stale'", 5)
        text = browser.value("document.getElementById('badge').innerText")
        assert "no snapshot for" in text
    finally:
        wall.process.send_signal(signal.SIGCONT)


def test_a_page_that_is_left_hears_no_more(wall: Running, browser: Browser) -> None:
    """It would hold one of the few connections; gone back to, it hears again."""

    def wait_for_viewers(number: int) -> None:
        end = time.monotonic() + 20
        while (
            found := httpx.get(f"{wall.address}/healthz").json()["viewers"]
        ) != number:
            assert time.monotonic() < end, f"{found} viewers"
            time.sleep(0.05)

    browser.size(1600, 1000)
    for language in ("en", "zh", "en", "zh"):
        browser.open(f"{wall.address}/?lang={language}")
        browser.wait(DRAWN)
        wait_for_viewers(1)
    browser.value("setTimeout(() => history.back(), 0)")
    browser.wait("document.documentElement.lang === 'en'")
    wait_for_viewers(1)
    browser.wait("document.getElementById('badge').dataset.state === 'live'")


def test_the_demonstration_clock_is_stated(wall: Running, browser: Browser) -> None:
    """On the page, with its date."""
    browser.size(1600, 1000)
    browser.open(f"{wall.address}/?lang=en")
    browser.wait(DRAWN)
    text = browser.value("document.getElementById('demonstration').innerText")
    assert text == "Demonstration clock · 18 Nov 2026"


def test_few_contacts_are_dashes(
    server: Settings, fresh_dsn: Callable[[], str], browser: Browser
) -> None:
    """A quiet floor shows counts and no rates; what is not there says so."""
    address = fresh_dsn()
    with psycopg.connect(address) as connection:
        floor.make(connection, NOW, scale=0.0004)
    administrator = make_conninfo(
        connections.dsn(server, "postgres"), dbname=address.rpartition("/")[2]
    )
    with running(administrator, NOW + timedelta(seconds=5)) as quiet:
        browser.size(390, 844)
        browser.open(f"{quiet.address}/?lang=en")
        browser.wait(DRAWN)
        values = browser.value(
            "Object.fromEntries([...document.querySelectorAll('.tile')].map((one) =>"
            " [one.dataset.tile, one.querySelector('.value').textContent]))"
        )
        assert values["abandonment"] == "–"
        assert values["contacts"].isdigit()
        text = browser.value("document.body.innerText")
        assert "No live data" in text and "Alerts are not set up" in text
        assert "0.0%" not in text
        assert browser.complaints() == []


def test_static_files_are_kept_and_snapshots_asked_anew(wall: Running) -> None:
    """Files bear their contents in their names; a snapshot has a mark of its own."""
    with httpx.Client(base_url=wall.address) as client:
        text = client.get("/").text
        names = [part.split('"')[0] for part in text.split('"static/')[1:]]
        assert len(names) == 5
        for name in names:
            answer = client.get(f"/static/{name}")
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
        first = client.get("/api/snapshot")
        assert first.headers["content-encoding"] == "gzip"
        assert "default-src 'none'" in first.headers["content-security-policy"]
        assert client.get("/static/../settings.py").status_code == 404
        assert client.get("/api/ticket/none%20such").status_code == 404
        found = client.get("/api/ticket/helpdesk%7C48210").json()
        assert found["source_ticket_id"] == "48210"
        assert found["promises"] and found["changes"]
        assert "customer_id" not in found and "subject" not in found
