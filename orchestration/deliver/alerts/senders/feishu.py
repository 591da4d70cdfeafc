"""Feishu and Lark: the custom bot of a group, signed.

The signature is HMAC-SHA256 of nothing, keyed with the moment in seconds, a line break
and the secret; both stand in the body. The answer carries code (of old: StatusCode)
inside a 200. A bot takes 100 messages a minute and 5 a second, of 20 KB each.
"""

import base64
import hashlib
import hmac

from orchestration.deliver.alerts.fitting import cut, fitted
from orchestration.deliver.alerts.leases import Answer, Pace
from orchestration.deliver.alerts.senders.base import (
    HttpSender,
    Message,
    Reply,
    Request,
    Secrets,
    by_code,
    by_status,
    encoded,
    tame,
)
from orchestration.deliver.alerts.templates import Said

MOST_BYTES = 20_000
PASSING = {
    # too many messages: ours, or everybody's as at full hours
    "11232": 5.0,
    "99991400": 5.0,
}
LIMITED = "too many request"
TEMPLATES = {"red": "red", "orange": "orange", "blue": "blue"}
TEMPLATES |= {"green": "green", "grey": "grey"}


def signature(secret: str, seconds: int) -> str:
    """Return Feishu's signature of a moment, in base64."""
    key = f"{seconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def _markdown(text: str) -> dict:
    return {"tag": "div", "text": {"tag": "lark_md", "content": text}}


def _list(head: str, rows: list) -> dict:
    lines = [f"**{tame(head)}**"]
    for row in rows:
        text = tame(cut(row.text, 300))
        lines.append(f"- [{text}]({row.link})" if row.link else f"- {text}")
    return _markdown("\n".join(lines))


def card(said: Said, receivers: list[str]) -> dict:
    """Return an alert as a card."""
    fields = [
        {
            "is_short": len(fact.text) < 40,
            "text": {
                "tag": "lark_md",
                "content": f"**{tame(fact.name)}**\n{tame(fact.text)}",
            },
        }
        for fact in said.facts
    ]
    elements: list[dict] = [{"tag": "div", "fields": fields}] if fields else []
    if said.note:
        elements.append(_markdown(tame(said.note)))
    for head, rows in said.lists():
        elements += [{"tag": "hr"}, _list(head, rows)]
    if calls := " ".join(
        f'<at id="{tame(name.lstrip("@"))}"></at>' for name in receivers
    ):
        elements.append(_markdown(calls))
    if said.links():
        actions = [
            {
                "tag": "button",
                "type": "default",
                "text": {"tag": "plain_text", "content": word},
                "url": link,
            }
            for word, link in said.links()
        ]
        elements.append({"tag": "action", "actions": actions})
    if said.footer:
        footer = {"tag": "plain_text", "content": said.footer}
        elements.append({"tag": "note", "elements": [footer]})
    return {
        "config": {"wide_screen_mode": True},
        "header": {
            "template": TEMPLATES[said.colour],
            "title": {"tag": "plain_text", "content": said.title},
        },
        "elements": elements,
    }


def prepare(message: Message, secrets: Secrets, now: float) -> Request:
    """Return the request that posts a message."""
    seconds = int(now)
    signed = {}
    if secrets.secret:
        sign = signature(secrets.secret, seconds)
        signed = {"timestamp": str(seconds), "sign": sign}

    def render(said: Said) -> bytes:
        body = {"msg_type": "interactive", "card": card(said, message.receivers)}
        return encoded({**signed, **body})

    return Request(secrets.url, fitted(message.said, render, len, MOST_BYTES))


def judge(reply: Reply) -> Answer:
    """Read Feishu's answer, which comes in a shape of today and one of old."""
    body = reply.json()
    code = body.get("code", body.get("StatusCode"))
    text = body.get("msg") or body.get("StatusMessage")
    if code is None and (refused := by_status(reply)):
        return refused
    answer = by_code(reply, code, text, PASSING)
    if answer.outcome == "permanent" and LIMITED in f"{text}".lower():
        return Answer("passing", answer.text, code=answer.code, wait=5.0)
    if answer.is_delivered and (refused := by_status(reply)):
        return refused
    if reply.status in (408, 429) or reply.status >= 500:
        return by_status(reply) or answer
    return answer


feishu = HttpSender("feishu", Pace(count=100, seconds=60, burst=5), prepare, judge)
