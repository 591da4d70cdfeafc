"""Microsoft Teams: a workflow that starts when a webhook request is received.

The workflow takes an adaptive card and answers 202. A connector's address of old says
1, and tells of failures inside a 200. An accepted request may still fail inside the
workflow: its owner sees that in its history, we cannot.
"""

import re

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

MOST_BYTES = 28_000
STYLES = {"red": "attention", "orange": "warning", "blue": "accent"}
STYLES |= {"green": "good", "grey": "default"}
REFUSED = re.compile(r"returned HTTP error (\d{3})", re.IGNORECASE)


def escape(text: str) -> str:
    """Return text that a card shows as it is: its markdown knows backslashes."""
    text = text.replace("<", "＜").replace(">", "＞")
    return re.sub(r"([\\`*_\[\]~#])", r"\\\1", text)


def _text(text: str, **more: object) -> dict:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def _list(head: str, rows: list) -> list[dict]:
    lines = []
    for row in rows:
        shown = escape(cut(row.text, 300))
        lines.append(f"- [{shown}]({row.link})" if row.link else f"- {shown}")
    return [
        _text(escape(head), weight="Bolder", spacing="Medium"),
        _text("\n".join(lines), spacing="Small"),
    ]


def card(said: Said, receivers: list[str]) -> dict:
    """Return an alert as an adaptive card."""
    facts = [{"title": fact.name, "value": escape(fact.text)} for fact in said.facts]
    head = _text(escape(said.title), weight="Bolder", size="Large")
    calls = [f"<at>{escape(name)}</at>" for name in receivers]
    body: list[dict] = [
        {
            "type": "Container",
            "style": STYLES[said.colour],
            "bleed": True,
            "items": [head, *([_text(" ".join(calls))] if calls else [])],
        },
        {"type": "FactSet", "facts": facts},
    ]
    if said.note:
        body.append(_text(escape(said.note)))
    for title, rows in said.lists():
        body += _list(title, rows)
    if said.footer:
        body.append(_text(escape(said.footer), isSubtle=True, size="Small"))
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": said.title,
        "body": body,
        "actions": [
            {"type": "Action.OpenUrl", "title": word, "url": link}
            for word, link in said.links()
        ],
        "msteams": {
            "width": "Full",
            "entities": [
                {
                    "type": "mention",
                    "text": call,
                    "mentioned": {"id": name, "name": name},
                }
                for call, name in zip(calls, receivers, strict=True)
            ],
        },
    }


def prepare(message: Message, secrets: Secrets, now: float) -> Request:
    """Return the request that posts a message."""

    def render(said: Said) -> bytes:
        return encoded(
            {
                "type": "message",
                "attachments": [
                    {
                        "contentType": "application/vnd.microsoft.card.adaptive",
                        "contentUrl": None,
                        "content": card(said, message.receivers),
                    }
                ],
            }
        )

    return Request(secrets.url, fitted(message.said, render, len, MOST_BYTES))


def judge(reply: Reply) -> Answer:
    """Read the answer of a workflow, or of a connector of old."""
    error = reply.json().get("error")
    code = str(error.get("code")) if isinstance(error, dict) else None
    if refused := by_status(reply):
        return Answer(
            refused.outcome, refused.text, code=code or refused.code, wait=refused.wait
        )
    said = reply.text.strip()
    if found := REFUSED.search(said):
        status = int(found[1])
        is_passing = status in (408, 429) or status >= 500
        outcome = "passing" if is_passing else "permanent"
        return Answer(outcome, said, code=str(status), wait=wait_of(reply))
    if code or "failed with error" in said.lower():
        return Answer("permanent", said, code=code or "failed")
    return Answer("delivered", said or "accepted", code=str(reply.status))


teams = HttpSender("teams", Pace(count=60, seconds=60, burst=3), prepare, judge)
