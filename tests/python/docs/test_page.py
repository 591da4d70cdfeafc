"""The manual holds every mart and metric, and asks nothing of the network."""

import html.parser
import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestration.docs import pages
from orchestration.docs.contents import Contents, read
from orchestration.docs.pages import page
from orchestration.docs.words import rendered
from orchestration.settings import ROOT, UserError

Attributes = list[tuple[str, str | None]]


class Page(html.parser.HTMLParser):
    """What a browser would find: ids, links, and whether tags are closed in order."""

    empty = ("meta", "input", "br", "hr", "img", "link")

    def __init__(self, text: str) -> None:
        """Read the page."""
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.asked: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Note what the tag names and points at."""
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given.get("href") or "")
        for name in ("src", "srcset", "action", "poster", "data"):
            if name in given:
                self.asked.append(f"{tag} {name}={given[name]}")
        if tag in ("link", "iframe", "object", "embed", "base"):
            self.asked.append(tag)
        if tag not in self.empty:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """A tag closes the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text.append(data)


@pytest.fixture(scope="module")
def contents(manifest: dict[str, Any]) -> Contents:
    """Return what the project says of itself."""
    return read(manifest, ROOT)


@pytest.fixture(scope="module")
def written(contents: Contents) -> str:
    """Return the page."""
    return page(contents)


@pytest.fixture(scope="module")
def seen(written: str) -> Page:
    """Return the page as a browser reads it."""
    return Page(written)


def test_the_command_writes_the_page(
    contents: Contents, written: str, tmp_path: Path
) -> None:
    """As one file, wherever it is wanted; in one line where it cannot be."""
    file = tmp_path / "new" / "manual.html"
    said = pages.write(file)
    assert file.read_text() == written
    assert said.marts == len(contents.of_room("marts"))
    assert said.metrics == len(contents.metrics)
    with pytest.raises(UserError, match="cannot write"):
        pages.write(file / "below")


def test_every_mart_and_column_has_its_place(contents: Contents, seen: Page) -> None:
    """A link to any of them works."""
    wanted = {"start", "metrics", "questions"}
    for table in contents.of_room("marts") + contents.of_room("reference"):
        wanted.add(table.name)
        wanted |= {f"{table.name}.{column.name}" for column in table.columns}
    assert len(contents.of_room("marts")) > 40
    assert wanted - set(seen.ids) == set()


def test_every_metric_is_told_in_both_languages(contents: Contents, seen: Page) -> None:
    """Title and meaning of each row of the dictionary."""
    text = "".join(seen.text)
    for metric in contents.metrics:
        assert f"metric-{metric.metric}" in seen.ids
        told = (metric.title_en, metric.title_zh, metric.meaning_en, metric.meaning_zh)
        for part in told:
            assert part in text


def test_every_question_is_told_with_its_query(contents: Contents, seen: Page) -> None:
    """They run as they stand: no template is left in them."""
    assert len(contents.analyses) >= 12
    for analysis in contents.analyses:
        assert f"analysis-{analysis.name}" in seen.ids
        assert analysis.question
        assert analysis.reads
        assert "{{" not in analysis.text
        assert "{%" not in analysis.text


def test_every_link_leads_somewhere_on_the_page(seen: Page) -> None:
    """And no place has two owners."""
    assert sorted(link for link in seen.links if not link.startswith("#")) == []
    assert {link[1:] for link in seen.links} - set(seen.ids) == set()
    assert sorted(one for one in set(seen.ids) if seen.ids.count(one) > 1) == []


def test_nothing_is_asked_of_the_network(written: str, seen: Page) -> None:
    """No address, no file beside it; a browser would refuse one, too."""
    assert re.findall(r"https?://|url\(|@import", written) == []
    assert seen.asked == []
    assert "default-src 'none'" in written


def test_the_page_is_whole(seen: Page) -> None:
    """Every tag that was opened was closed."""
    assert seen.open == []


def test_the_same_project_gives_the_same_page(
    manifest: dict[str, Any], written: str
) -> None:
    """A difference between two pages is a difference in meaning."""
    again = json.loads(json.dumps(manifest))
    for kind in ("nodes", "sources", "docs"):
        again[kind] = dict(reversed(again[kind].items()))
    assert page(read(again, ROOT)) == written


def test_lineage_is_told_both_ways(contents: Contents) -> None:
    """Who reads a table is said by both."""
    for table in contents.tables.values():
        for parent in table.parents:
            assert table.name in contents.tables[parent].children


def test_what_a_description_says_is_text() -> None:
    """Markdown is rendered, HTML is not; a known name in code is a link."""
    told = rendered(
        "A `kpi` and `x`.\n**Counted:** a <b>.\n**Example:** 1 < 2.",
        lambda name: name if name == "kpi" else None,
    )
    assert told == (
        '<p>A <a href="#kpi"><code>kpi</code></a> and <code>x</code>.</p>\n'
        "<p><strong>Counted:</strong> a &lt;b&gt;.</p>\n"
        '<p class="example"><strong>Example:</strong> 1 &lt; 2.</p>\n'
    )
