"""DingTalk: the custom robot of a group, signed.

The signature is HMAC-SHA256 with the secret over the moment in milliseconds, a line
break and the secret; it stands in the address. The answer is HTTP 200 whatever happens;
errcode says what. More than 20 messages a minute close the robot for ten minutes.
"""

import base64
import hashlib
import hmac
from urllib.parse import quote_plus

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
    # busy; closed for a while after too many
    "-1": None,
    "130101": 600.0,
    "410100": 600.0,
}
MOST_TITLE = 200


def signature(secret: str, milliseconds: int) -> str:
    """Return DingTalk's signature of a moment, in base64."""
    signed = f"{milliseconds}\n{secret}".encode()
    made = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return base64.b64encode(made).decode()


def signed_url(url: str, secret: str | None, now: float) -> str:
    """Return the address with moment and signature; as it is without a secret."""
    if not secret:
        return url
    milliseconds = round(now * 1000)
    sign = quote_plus(signature(secret, milliseconds))
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}timestamp={milliseconds}&sign={sign}"


def markdown(said: Said, receivers: list[str]) -> str:
    """Return an alert in DingTalk's markdown, which breaks lines at blank ones only."""
    colon = said.word("colon")
    lines = [f"### {tame(said.title)}"]
    lines += [f"- {tame(f.name)}{colon}**{tame(f.text)}**" for f in said.facts]
    if said.note:
        lines.append(f"\n{tame(said.note)}")
    for head, rows in said.lists():
        lines.append(f"\n**{tame(head)}**\n")
        for row in rows:
            text = tame(row.text)
            lines.append(f"- [{text}]({row.link})" if row.link else f"- {text}")
    if said.links():
        pairs = " · ".join(f"[{word}]({link})" for word, link in said.links())
        lines.append(f"\n{pairs}")
    if called := [name for name in receivers if name != "all"]:
        # a member is called only when the text names them too
        lines.append("\n" + " ".join(f"@{tame(name)}" for name in called))
    if said.footer:
        lines.append(f"\n> {tame(said.footer)}")
    return "\n".join(lines)


def _calls(receivers: list[str]) -> dict:
    people = [name for name in receivers if name != "all"]
    is_number = {name: name.lstrip("+").isdigit() for name in people}
    return {
        "atMobiles": [name for name in people if is_number[name]],
        "atUserIds": [name for name in people if not is_number[name]],
        "isAtAll": "all" in receivers,
    }


def prepare(message: Message, secrets: Secrets, now: float) -> Request:
    """Return the request that posts a message."""
    receivers = [name.lstrip("@") for name in message.receivers]

    def render(said: Said) -> bytes:
        return encoded(
            {
                "msgtype": "markdown",
                "markdown": {
                    "title": cut(said.title, MOST_TITLE),
                    "text": markdown(said, receivers),
                },
                "at": _calls(receivers),
            }
        )

    body = fitted(message.said, render, len, MOST_BYTES)
    return Request(signed_url(secrets.url, secrets.secret, now), body)


def judge(reply: Reply) -> Answer:
    """Read DingTalk's answer."""
    if refused := by_status(reply):
        return refused
    body = reply.json()
    return by_code(reply, body.get("errcode"), body.get("errmsg"), PASSING)


dingtalk = HttpSender("dingtalk", Pace(count=20, seconds=60, burst=5), prepare, judge)
