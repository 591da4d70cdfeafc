"""Markdown of descriptions as HTML, with links to what it names."""

import html
import re
from collections.abc import Callable

from markdown_it import MarkdownIt

Find = Callable[[str], str | None]
"""Returns the place on the page of something named, or nothing."""

_parser = MarkdownIt("commonmark", {"html": False}).enable("table")
LABEL = re.compile(r"\n(?=\*\*[^*\n]{1,40}:\*\*)")
EXAMPLE = re.compile(r"<p>(?=<strong>(?:Worked )?[Ee]xamples?:?</strong>)")
CODE = re.compile(r"<code>([\w.]+)</code>")


def rendered(text: str, find: Find) -> str:
    """Return Markdown as HTML; what stands in code and is on the page is a link.

    A line that begins with a label (**Counted:**) begins a paragraph.
    """
    body = _parser.render(LABEL.sub("\n\n", text.strip()))
    body = EXAMPLE.sub('<p class="example">', body)
    return CODE.sub(lambda found: _linked(found[1], find), body)


def _linked(name: str, find: Find) -> str:
    """Return a name in code, as a link where it is on the page."""
    place = find(name)
    code = f"<code>{escaped(name)}</code>"
    return f'<a href="#{escaped(place)}">{code}</a>' if place else code


def escaped(text: str) -> str:
    """Return text that means itself in HTML."""
    return html.escape(text, quote=True)
