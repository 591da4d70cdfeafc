"""Receivers of one's own machine that answer as the real ones do.

They check signatures, shapes, byte limits and rates, refuse in each vendor's own words,
and keep what they took. Tests and `frontdesk alerts receivers` run them.
"""

import socket
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default as mail_policy
from typing import Any

import anyio
import orjson
import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestration.deliver.alerts.refusals import (
    CHECKS,
    SECRET,
    TAKEN,
    TOKEN,
    TOO_MANY,
    Refusal,
)
from orchestration.deliver.alerts.senders.base import variable
from orchestration.deploy.processes import free_port
from orchestration.settings import UserError

PATHS = {
    "slack": f"/slack/services/T0LOCAL/B0LOCAL/{TOKEN}",
    "teams": f"/teams/workflows/local/triggers/manual/paths/invoke?sig={TOKEN}",
    "wecom": f"/wecom/cgi-bin/webhook/send?key={TOKEN}",
    "dingtalk": f"/dingtalk/robot/send?access_token={TOKEN}",
    "feishu": f"/feishu/open-apis/bot/v2/hook/{TOKEN}",
    "webhook": f"/webhook/{TOKEN}",
}
KINDS = (*PATHS, "email")
LIMITS = {"slack": 60, "teams": 240, "wecom": 20, "dingtalk": 20, "feishu": 100}
"""Messages a minute."""


@dataclass(frozen=True)
class Taken:
    """One message a receiver took."""

    kind: str
    text: str
    body: Mapping[str, Any]
    message_id: str | None
    at: float


@dataclass(frozen=True)
class Fault:
    """What a receiver does instead of its work: rests, breaks off, or refuses.

    `takes` says that it took the message all the same, which its sender cannot know.
    """

    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sleep: float = 0.0
    takes: bool = False


def address(kind: str, port: int, mail_port: int) -> str:
    """Return the address of a kind of receiver on given ports."""
    if kind == "email":
        sender = "alerts%40example.com"
        return f"smtp://127.0.0.1:{mail_port}?from={sender}&tls=none"
    if kind not in PATHS:
        raise UserError(f"no local receiver of kind {kind}: one of {', '.join(PATHS)}")
    return f"http://127.0.0.1:{port}{PATHS[kind]}"


def environment(routes: Mapping[str, str], port: int, mail_port: int) -> dict[str, str]:
    """Return the variables that lead routes, each of a kind, to local receivers."""
    found = {}
    for route, kind in routes.items():
        found[variable(route, "url")] = address(kind, port, mail_port)
        found[variable(route, "secret")] = SECRET
    return found


class Receivers:
    """All receivers on one port, and a mail server beside them.

    `fault` is asked before each message, with its kind, what shall go wrong; `seen` is
    called with each message taken. `limits` says whether rates are watched.
    """

    def __init__(
        self,
        port: int = 0,
        mail_port: int = 0,
        fault: Callable[[str], Fault | None] | None = None,
        seen: Callable[[Taken], None] | None = None,
        limits: bool = True,
    ) -> None:
        """Take the ports; nothing is answered yet."""
        self.fault = fault or (lambda kind: None)
        self.seen = seen or (lambda taken: None)
        self.limits = limits
        self.taken: list[Taken] = []
        self.asked: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self.mail_port = mail_port or free_port()
        app = Starlette(
            routes=[Route("/{kind}/{rest:path}", self._answer, methods=["POST"])]
        )
        config = uvicorn.Config(app, log_level="critical", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._mail = Controller(self, hostname="127.0.0.1", port=self.mail_port)

    def __enter__(self) -> "Receivers":
        """Start to answer."""
        self._thread.start()
        self._mail.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop answering and give the ports back."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)
        with suppress(OSError):
            self._mail.stop()
        self._socket.close()

    def url(self, kind: str) -> str:
        """Return the address of a kind of receiver."""
        return address(kind, self.port, self.mail_port)

    def environment(self, routes: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that lead routes, each of a kind, to these receivers."""
        return environment(routes, self.port, self.mail_port)

    def of(self, kind: str) -> list[Taken]:
        """Return what a kind of receiver took."""
        return [taken for taken in self.taken if taken.kind == kind]

    async def _answer(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in CHECKS:
            return Response("no such receiver", 404)
        raw = await request.body()
        self.asked[kind] += 1
        fault = self.fault(kind)
        if fault is None or fault.takes:
            answer = self._judged(kind, request, raw)
        if fault is not None:
            await anyio.sleep(fault.sleep)
            if fault.status or fault.body:
                status = fault.status or 200
                return Response(fault.body, status, headers=dict(fault.headers))
            if not fault.sleep or not fault.takes:
                # no answer at all: the connection breaks off
                raise ConnectionAbortedError
        return Response(answer.body, answer.status, headers=dict(answer.headers))

    def _judged(self, kind: str, request: Request, raw: bytes) -> Refusal:
        now = time.time()
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = {}
        refusal = CHECKS[kind](request, raw, body, now) or self._too_many(kind, now)
        if refusal:
            self.refused[kind] += 1
            return refusal
        message_id = request.headers.get("webhook-id")
        self._keep(Taken(kind, _text(kind, body), body, message_id, now))
        return TAKEN[kind]

    def _too_many(self, kind: str, now: float) -> Refusal | None:
        recent = self._recent[kind]
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if self.limits and len(recent) >= LIMITS.get(kind, 10_000):
            return TOO_MANY[kind]
        recent.append(now)
        return None

    def _keep(self, taken: Taken) -> None:
        with self._lock:
            self.taken.append(taken)
        self.seen(taken)

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail, or go wrong as asked."""
        self.asked["email"] += 1
        fault = self.fault("email")
        if fault is not None:
            await anyio.sleep(fault.sleep)
            return f"{fault.status or 451} {fault.body.decode() or 'try again later'}"
        letter = message_from_bytes(envelope.content, policy=mail_policy)
        part = letter.get_body(("plain",))
        head = {name.lower(): str(value) for name, value in letter.items()}
        head["rcpt"] = ",".join(envelope.rcpt_tos)
        text = f"{head.get('subject', '')}\n{part.get_content() if part else ''}"
        self._keep(Taken("email", text, head, head.get("message-id"), time.time()))
        return "250 2.0.0 taken"

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Refuse people nobody knows."""
        if address.startswith("nobody@"):
            self.refused["email"] += 1
            return "550 5.1.1 no such person here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"


def _text(kind: str, body: Mapping[str, Any]) -> str:
    """Return the words of a message, for people who look at what came."""
    if kind == "wecom":
        return body["markdown"]["content"]
    if kind == "dingtalk":
        return body["markdown"]["text"]
    if kind == "webhook":
        return body.get("data", {}).get("text", "")
    return "\n".join(_strings(body))


def _strings(value: object) -> list[str]:
    """Return the texts inside a card, in their order."""
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    if not isinstance(value, Mapping):
        return []
    found = []
    for name, item in value.items():
        if name in ("text", "content", "title", "value") and isinstance(item, str):
            found.append(item)
        elif name not in ("fallbackText", "msteams", "config"):
            found += _strings(item)
    return found
