"""The endpoint: signed webhooks, answered once what they said is committed.

Events are taken by a plain ASGI function: a framework's request would cost more than
all the rest. The pages beside it are Starlette's.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestration.live.landing import signing
from orchestration.live.landing.events import (
    BodyError,
    find_table,
    read_body,
    read_events,
)
from orchestration.live.landing.measures import Measures, exposition
from orchestration.live.landing.store import Fate
from orchestration.live.landing.writer import FullError, StoppedError, Writer

BODY_BYTES = 5 << 20
BODY_SECONDS = 15.0
PATIENCE_SECONDS = 10.0
AGAIN_SECONDS = 1
LINES = ("ndjson", "jsonl", "json-lines")
ROOT = "/events/"
COME_AGAIN = (429, 503)

SecretsOf = Callable[[str], Sequence[bytes]]
Headers = dict[bytes, bytes]


@dataclass(eq=False)
class Refusal(Exception):
    """An answer that takes nothing: its status, a word to count it by, a sentence."""

    status: int
    cause: str
    sentence: str


class Endpoint:
    """Takes events of one request to the writer, and answers with what became of them.

    The answer is 202 when all of them are committed: landed, known already, or kept
    as unreadable. Anything else means that the sender should mend or repeat it.
    """

    def __init__(
        self,
        writer: Writer,
        secrets_of: SecretsOf,
        *,
        body_bytes: int = BODY_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take events for this writer, signed with the secrets of their source."""
        self._writer = writer
        self._measures = writer.measures
        self._secrets_of = secrets_of
        self._body_bytes = body_bytes
        self._clock = clock
        # later ones are greater, also after a restart: ties between versions of a row
        # fall to it
        self._number = time.time_ns() // 1_000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for `/events/SOURCE/TABLE`."""
        try:
            status, answer = 202, await self._take(scope, receive)
            self._measures.requests[202, "landed"] += 1
        except Refusal as refusal:
            status, answer = refusal.status, {"error": refusal.sentence}
            self._count(refusal)
        said = orjson.dumps(answer) + b"\n"
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(said)),
        ]
        if status in COME_AGAIN:
            headers.append((b"retry-after", b"%d" % AGAIN_SECONDS))
        if status == 413:
            # the rest of the body is not read
            headers.append((b"connection", b"close"))
        await send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )
        await send({"type": "http.response.body", "body": said})

    async def _take(self, scope: Scope, receive: Receive) -> dict[str, int]:
        if scope["method"] != "POST":
            raise Refusal(405, "method", "events are sent with POST")
        source, _, table = scope["path"].removeprefix(ROOT).partition("/")
        if find_table(source, table) is None:
            raise Refusal(404, "unknown", f"{source}.{table} is no table of a source")
        if self._writer.is_full:
            raise _full()
        headers: Headers = dict(scope["headers"])
        body = await self._read(headers, receive)
        now = self._clock()
        wrong = signing.problem(
            self._secrets_of(source),
            _text(headers.get(signing.TIMESTAMP.encode())),
            _text(headers.get(signing.SIGNATURE.encode())),
            body,
            now,
        )
        if wrong:
            raise Refusal(401, *wrong)
        kind = _text(headers.get(b"content-type")) or ""
        try:
            values = read_body(body, as_lines=any(word in kind for word in LINES))
        except BodyError as error:
            raise Refusal(400, "json", str(error)) from None
        events = list(
            read_events(source, table, values, number=self._number, sent_at=now)
        )
        self._number += len(events)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                fates = await self._writer.submit(events)
        except FullError:
            raise _full() from None
        except (TimeoutError, StoppedError):
            raise Refusal(
                503, "warehouse", "the warehouse takes nothing just now: send it again"
            ) from None
        return {fate.value: fates.count(fate) for fate in Fate}

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        """Return the body; a long one is refused before all of it has come."""
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise Refusal(400, "encoding", "the body must not be compressed")
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > self._body_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._parts(receive)
        except TimeoutError:
            raise Refusal(400, "slow", "the body did not come in time") from None

    async def _parts(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, "disconnect", "the body was cut short")
            part = message.get("body", b"")
            if len(body) + len(part) > self._body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body + part) if body else part
            body += part

    def _too_large(self) -> Refusal:
        return Refusal(
            413,
            "size",
            f"the body is larger than {self._body_bytes} bytes: send fewer at once",
        )

    def _count(self, refusal: Refusal) -> None:
        self._measures.requests[refusal.status, refusal.cause] += 1
        if refusal.status not in COME_AGAIN:
            # those come again; the others are news to somebody
            self._measures.refused_count += 1


def _full() -> Refusal:
    return Refusal(429, "full", "more waits than can be landed: send it again")


def _text(header: bytes | None) -> str | None:
    return header.decode("latin-1") if header is not None else None


def app(endpoint: Endpoint, all_measures: Callable[[], Iterable[Measures]]) -> ASGIApp:
    """Return the endpoint with the pages that say how landing goes."""

    async def health(request: Request) -> Response:
        problems = {
            one.way: one.problem for one in all_measures() if one.problem is not None
        }
        return Response(
            orjson.dumps({"ok": not problems, **problems}) + b"\n",
            503 if problems else 200,
            media_type="application/json",
        )

    async def metrics(request: Request) -> Response:
        text = exposition(all_measures())
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    pages = Starlette(routes=[Route("/healthz", health), Route("/metrics", metrics)])

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(ROOT):
            await endpoint(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return serve
