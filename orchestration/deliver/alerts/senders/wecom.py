"""WeCom: the robot of a group chat.

Its markdown holds 4,096 bytes, not characters: a Chinese character takes three. The
answer is HTTP 200 whatever happens; errcode says what. It takes 20 messages a minute.
"""

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

MOST_BYTES = 4096
PASSING = {
    # busy; too many in a minute; too many at once
    "-1": None,
    "45009": 60.0,
    "45033": 10.0,
}
COLOURS = {"red": "warning", "orange": "warning", "blue": "comment"}
COLOURS |= {"green": "info", "grey": "comment"}


def markdown(said: Said, receivers: list[str]) -> str:
    """Return an alert in WeCom's markdown."""
    colour, colon = COLOURS[said.colour], said.word("colon")
    lines = [f'### <font color="{colour}">{tame(said.title)}</font>']
    lines += [f"> {tame(f.name)}{colon}**{tame(f.text)}**" for f in said.facts]
    if said.note:
        lines += ["", tame(said.note)]
    for head, rows in said.lists():
        lines += ["", f"**{tame(head)}**"]
        for row in rows:
            text = tame(row.text)
            lines.append(f"- [{text}]({row.link})" if row.link else f"- {text}")
    if said.links():
        lines += ["", " · ".join(f"[{word}]({link})" for word, link in said.links())]
    if calls := " ".join(f"<@{tame(name.lstrip('@'))}>" for name in receivers):
        lines += ["", calls]
    if said.footer:
        lines += ["", f'<font color="comment">{tame(said.footer)}</font>']
    return "\n".join(lines)


def prepare(message: Message, secrets: Secrets, now: float) -> Request:
    """Return the request that posts a message."""

    def render(said: Said) -> str:
        return markdown(said, message.receivers)

    def size(text: str) -> int:
        return len(text.encode())

    content = cut(fitted(message.said, render, size, MOST_BYTES), MOST_BYTES)
    body = {"msgtype": "markdown", "markdown": {"content": content}}
    return Request(secrets.url, encoded(body))


def judge(reply: Reply) -> Answer:
    """Read WeCom's answer."""
    if refused := by_status(reply):
        return refused
    body = reply.json()
    return by_code(reply, body.get("errcode"), body.get("errmsg"), PASSING)


wecom = HttpSender("wecom", Pace(count=20, seconds=60, burst=5), prepare, judge)
