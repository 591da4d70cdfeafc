"""Slack: incoming webhooks.

A success is the word ok. Everything else is a refusal, also inside a 200: the words of
the answer name it. A webhook takes about one message a second.
"""

from orchestration.deliver.alerts.fitting import cut, fitted
from orchestration.deliver.alerts.leases import Answer, Pace
from orchestration.deliver.alerts.senders.base import (
    HttpSender,
    Message,
    Reply,
    Request,
    Secrets,
    by_status,
    encoded,
    wait_of,
)
from orchestration.deliver.alerts.templates import Said

HEADER_LENGTH = 150
FIELD_LENGTH = 2000
TEXT_LENGTH = 3000
FIELDS_OF_A_SECTION = 10
MOST_BYTES = 36_000
PASSING = {"rate_limited", "ratelimited", "rollup_error", "internal_error"}
PASSING |= {"fatal_error", "service_unavailable", "request_timeout", "timeout"}
HEX = {"red": "#d13438", "orange": "#f2a100", "blue": "#2f6fde"}
HEX |= {"green": "#2e9e5b", "grey": "#8a8f98"}


def escape(text: str) -> str:
    """Return text that Slack shows as it is: nothing calls anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _length(text: str) -> int:
    """Return a length as Slack counts it, which is not below any other way to count."""
    return len(text.encode("utf-16-le")) // 2


def _escaped(text: str, most: int) -> str:
    """Return as much of a text as fits once it is escaped."""
    return escape(cut(text, most, lambda some: _length(escape(some))))


def _calls(receivers: list[str]) -> str:
    """Return what calls members, groups or the channel."""
    calls = []
    for name in receivers:
        name = name.lstrip("@")
        if name in ("channel", "here", "everyone"):
            calls.append(f"<!{name}>")
        elif name.startswith("S"):
            calls.append(f"<!subteam^{escape(name)}>")
        else:
            calls.append(f"<@{escape(name)}>")
    return " ".join(calls)


def _section(text: str) -> dict:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _list(head: str, rows: list) -> str:
    """Return a headed list that fits a section; rows that do not fit are left out."""
    text = f"*{escape(head)}*"
    for row in rows:
        shown = _escaped(row.text, 300)
        line = f"\n• <{escape(row.link)}|{shown}>" if row.link else f"\n• {shown}"
        if _length(text + line) > TEXT_LENGTH - 2:
            return text + "\n…"
        text += line
    return text


def blocks(said: Said, calls: str = "") -> list[dict]:
    """Return an alert as Slack's blocks."""
    title = cut(said.title, HEADER_LENGTH, _length)
    found = [{"type": "header", "text": {"type": "plain_text", "text": title}}]
    if calls:
        found.append(_section(calls))
    fields = [
        {"type": "mrkdwn", "text": f"*{_escaped(fact.name, 150)}*\n{text}"}
        for fact in said.facts
        for text in [_escaped(fact.text, FIELD_LENGTH - 200)]
    ]
    for start in range(0, len(fields), FIELDS_OF_A_SECTION):
        part = fields[start : start + FIELDS_OF_A_SECTION]
        found.append({"type": "section", "fields": part})
    if said.note:
        found.append(_section(_escaped(said.note, TEXT_LENGTH)))
    found += [_section(_list(head, rows)) for head, rows in said.lists()]
    if said.links():
        pairs = (f"<{escape(link)}|{escape(word)}>" for word, link in said.links())
        text = " · ".join(pairs)
        found += [_section(text)] if _length(text) <= TEXT_LENGTH else []
    if said.footer:
        footer = {"type": "mrkdwn", "text": _escaped(said.footer, FIELD_LENGTH)}
        found.append({"type": "context", "elements": [footer]})
    return found


def prepare(message: Message, secrets: Secrets, now: float) -> Request:
    """Return the request that posts a message."""

    def render(said: Said) -> bytes:
        return encoded(
            {
                # what a notification on a telephone shows
                "text": _escaped(said.title, TEXT_LENGTH),
                "attachments": [
                    {
                        "color": HEX[said.colour],
                        "blocks": blocks(said, _calls(message.receivers)),
                    }
                ],
            }
        )

    return Request(secrets.url, fitted(message.said, render, len, MOST_BYTES))


def judge(reply: Reply) -> Answer:
    """Read Slack's answer."""
    if refused := by_status(reply):
        return refused
    said = reply.text.strip()
    body = reply.json()
    if said == "ok" or body.get("ok") is True:
        return Answer("delivered", said, code="ok")
    code = str(body.get("error") or said[:80] or "empty")
    outcome = "passing" if code in PASSING or not said else "permanent"
    return Answer(outcome, said or "an empty answer", code=code, wait=wait_of(reply))


slack = HttpSender("slack", Pace(count=60, seconds=60, burst=4), prepare, judge)
