"""What all senders share: a message, its secrets, one careful request, its answer."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import orjson

from orchestration.deliver.alerts.leases import Answer, Pace
from orchestration.deliver.alerts.templates import Said
from orchestration.settings import UserError, alert_secret

CONNECT_SECONDS = 5
SILENT_SECONDS = 10
WHOLE_SECONDS = 20
"""An answer that drips longer than this is none; a lease must outlast it."""
MOST_ANSWER = 64 * 1024
MOST_TEXT = 500
LONGEST_WAIT = 3600
HIDDEN = "***"
PARTS = ("url", "secret", "password")


@dataclass(frozen=True)
class Secrets:
    """Where a route leads and what opens it; never printed."""

    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    def redact(self, text: str) -> str:
        """Return a text without anything of these secrets."""
        for piece in sorted(self._pieces(), key=len, reverse=True):
            text = text.replace(piece, HIDDEN)
        return text

    def _pieces(self) -> set[str]:
        """Return what gives a secret away: wholes, and telling parts of the address."""
        parts = urlsplit(self.url)
        pieces = {self.url, self.secret or "", self.password or ""}
        pieces |= {parts.query, parts.password or ""}
        pieces |= {value for _, value in parse_qsl(parts.query)}
        pieces |= {piece for piece in parts.path.split("/") if len(piece) >= 8}
        return {piece for piece in pieces if len(piece) >= 4}


def variable(route: str, part: str) -> str:
    """Return the name of the variable that holds one secret of a route."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in route)
    return f"FRONTDESK_ALERT_{name}_{part}".upper()


def secrets_of(route: str) -> Secrets:
    """Return the secrets of a route, or say which variable to set."""
    found = {part: alert_secret(route, part) for part in PARTS}
    if not found["url"]:
        raise UserError(
            f"route {route} has no address: set {variable(route, 'url')},"
            f" or write it to alerts/{route}.url in the state folder"
        )
    return Secrets(**found)


@dataclass(frozen=True)
class Message:
    """One alert on its way to one receiver."""

    said: Said
    message_id: UUID
    kind: str
    route: str
    receiver: str = ""
    incident_id: int | None = None
    created_at: datetime | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def receivers(self) -> list[str]:
        """Whom to call: the parts of a list with commas."""
        return [name.strip() for name in self.receiver.split(",") if name.strip()]


@dataclass(frozen=True)
class Request:
    """What is sent over HTTP."""

    url: str = field(repr=False)
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP."""

    status: int
    text: str
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        """Return the answer as an object, empty when it is none."""
        try:
            found = orjson.loads(self.text)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


Prepare = Callable[[Message, Secrets, float], Request]
Judge = Callable[[Reply], Answer]


@dataclass(frozen=True)
class HttpSender:
    """A receiver reached by one POST: how to write it, how to read the answer."""

    name: str
    pace: Pace
    prepare: Prepare
    judge: Judge

    def send(self, message: Message, secrets: Secrets, clients: "Clients") -> Answer:
        """Send a message; what came of it, secrets taken out."""
        request = self.prepare(message, secrets, time.time())
        try:
            reply = clients.post(request)
        except httpx.TimeoutException as error:
            return Answer("passing", f"no answer in time ({type(error).__name__})")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            return Answer("permanent", "its address is no http or https address")
        except httpx.HTTPError as error:
            said = secrets.redact(str(error)) or type(error).__name__
            return Answer("passing", f"cannot be reached: {said}")
        answer = self.judge(reply)
        text = secrets.redact(" ".join(answer.text.split()))[:MOST_TEXT]
        return Answer(
            answer.outcome,
            text,
            code=answer.code,
            http_status=reply.status,
            wait=answer.wait,
        )


class Clients:
    """HTTP clients that keep connections open between messages; share among threads."""

    def __init__(self) -> None:
        """Open nothing yet."""
        # at lower levels they tell every address, and an address is a secret here
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
        self._outside = httpx.Client(timeout=timeout)
        # what runs on this machine is never reached through a proxy
        self._inside = httpx.Client(timeout=timeout, trust_env=False)

    def post(self, request: Request) -> Reply:
        """Send one request; read its answer in bounded length and time."""
        client = self._inside if _is_here(request.url) else self._outside
        deadline = time.monotonic() + WHOLE_SECONDS
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "frontdesk",
            **request.headers,
        }
        with client.stream(
            "POST", request.url, content=request.body, headers=headers
        ) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_ANSWER:
                    break
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer drips")
            return Reply(
                response.status_code,
                bytes(body[:MOST_ANSWER]).decode(errors="replace"),
                {name.lower(): value for name, value in response.headers.items()},
            )

    def close(self) -> None:
        """Close what is open."""
        self._outside.close()
        self._inside.close()


def _is_here(url: str) -> bool:
    """Say whether an address is of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def wait_of(reply: Reply, now: datetime | None = None) -> float | None:
    """Return how many seconds a reply asks to be left alone, by number or date."""
    text = reply.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - (now or datetime.now(UTC))).total_seconds()
    if seconds != seconds:
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def by_status(reply: Reply) -> Answer | None:
    """Judge an answer by its status alone; None when the status is a success."""
    if 200 <= reply.status < 300:
        return None
    text = reply.text.strip() or httpx.codes.get_reason_phrase(reply.status)
    if reply.status in (408, 425, 429) or reply.status >= 500:
        return Answer("passing", text, code=str(reply.status), wait=wait_of(reply))
    if 300 <= reply.status < 400:
        text = "it sends us elsewhere: the address is not a receiver's"
    return Answer("permanent", text, code=str(reply.status))


def by_code(
    reply: Reply,
    code: object,
    text: object,
    passing: Mapping[str, float | None],
) -> Answer:
    """Judge an answer by the code in its body: 0 is delivered.

    `passing` says which codes pass, and after how many seconds.
    """
    said = f"{text or ''}" or reply.text
    if code is None:
        # a login page, or a proxy's own words: not the receiver speaking
        return Answer("passing", f"not the receiver's answer: {reply.text[:200]}")
    if str(code) == "0":
        return Answer("delivered", said, code="0")
    if str(code) in passing:
        wait = wait_of(reply) or passing[str(code)]
        return Answer("passing", said, code=str(code), wait=wait)
    return Answer("permanent", said, code=str(code))


def encoded(body: object) -> bytes:
    """Return JSON as it goes over the wire: UTF-8, no blanks."""
    return orjson.dumps(body)


FULL_WIDTH = str.maketrans("<>[]*`~|", "＜＞［］＊ˋ～｜")


def tame(text: str) -> str:
    """Return text whose characters cannot steer a markdown that knows no escapes."""
    return text.translate(FULL_WIDTH)
