"""The wall's addresses: the page, its snapshot, its stream, a ticket, its health."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestration.deliver.wall import page as pages
from orchestration.deliver.wall.hub import Hub, Viewer
from orchestration.deliver.wall.page import File, Page
from orchestration.deliver.wall.poller import Poller
from orchestration.deliver.wall.queries import ask

GUARDS = {
    "content-security-policy": pages.POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
TICKETS_AT_ONCE = 2
TICKET_SECONDS = 5
FOR_EVER = "public, max-age=31536000, immutable"


class Stream:
    """Sends the events of the hub to one viewer until one of both has enough."""

    def __init__(self, hub: Hub) -> None:
        """Stream from a hub."""
        self.hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; notice at once when the viewer leaves."""
        if len(self.hub.viewers) >= self.hub.most_viewers or self.hub.is_closed:
            answer = Response("too many look at this wall\n", 503)
            await answer(scope, receive, send)
            return
        viewer = Viewer(_accepts_gzip(Request(scope)))
        headers = {
            **GUARDS,
            "content-type": "text/event-stream",
            "cache-control": "no-store, no-transform",
            "x-accel-buffering": "no",
            "vary": "accept-encoding",
        }
        if viewer.is_packed:
            headers["content-encoding"] = "gzip"
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        leaving = asyncio.create_task(_wait_for_leave(receive, viewer))
        try:
            async with contextlib.aclosing(self.hub.watch(viewer)) as parts:
                async for part in parts:
                    await send(
                        {"type": "http.response.body", "body": part, "more_body": True}
                    )
            await send({"type": "http.response.body", "body": b""})
        finally:
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving


async def _wait_for_leave(receive: Receive, viewer: Viewer) -> None:
    """Wait until the viewer closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    viewer.leave()


def _accepts_gzip(request: Request) -> bool:
    """Say whether the one who asks can read gzip."""
    return "gzip" in request.headers.get("accept-encoding", "").lower()


def _sent(request: Request, file: File, cache: str) -> Response:
    """Return a file, packed where that is understood, or that nothing is new."""
    headers = {**GUARDS, "etag": file.etag, "cache-control": cache}
    headers["vary"] = "accept-encoding"
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    if _accepts_gzip(request):
        headers["content-encoding"] = "gzip"
        return Response(file.gzipped, headers=headers, media_type=file.kind)
    return Response(file.plain, headers=headers, media_type=file.kind)


class Wall:
    """The handlers, with what they share."""

    def __init__(self, poller: Poller, page: Page) -> None:
        """Serve one poller's snapshots."""
        self.poller = poller
        self.page = page
        self.tickets = asyncio.Semaphore(TICKETS_AT_ONCE)

    async def index(self, request: Request) -> Response:
        """Send the page."""
        return _sent(request, self.page.index, "no-cache")

    async def static(self, request: Request) -> Response:
        """Send a file of the page; its name changes with its contents."""
        file = self.page.files.get(request.path_params["name"])
        if file is None:
            return Response(status_code=404, headers=GUARDS)
        return _sent(request, file, FOR_EVER)

    async def snapshot(self, request: Request) -> Response:
        """Send the whole snapshot, and how old it is."""
        found = self.poller.hub.document
        if found is None:
            return JSONResponse({"error": "no snapshot yet"}, 503, GUARDS)
        kind = "application/json"
        file = File(found.plain, found.gzipped, kind, found.etag)
        answer = _sent(request, file, "no-cache")
        answer.headers["x-snapshot-age"] = f"{self.poller.hub.age() or 0:.1f}"
        return answer

    async def health(self, request: Request) -> Response:
        """Say whether the wall may be believed: 200, or 503 with the reasons."""
        is_well, told = self.poller.health()
        headers = {**GUARDS, "cache-control": "no-store"}
        return JSONResponse(told, 200 if is_well else 503, headers)

    async def ticket(self, request: Request) -> Response:
        """Send what the marts know of one ticket."""
        headers = {**GUARDS, "cache-control": "no-store"}
        try:
            async with asyncio.timeout(TICKET_SECONDS), self.tickets:
                told = await self._ticket(request.path_params["ticket_id"])
        except (psycopg.Error, OSError, TimeoutError):
            return JSONResponse({"error": "database"}, 503, headers)
        if told is None:
            return JSONResponse({"error": "unknown"}, 404, headers)
        body = orjson.dumps(told, default=float)
        return Response(body, headers=headers, media_type="application/json")

    async def _ticket(self, ticket_id: str) -> dict[str, Any] | None:
        """Return one ticket with its promises and changes."""
        async with await psycopg.AsyncConnection.connect(
            self.poller.address,
            autocommit=True,
            connect_timeout=3,
            application_name="frontdesk wall",
        ) as connection:
            found = await ask(connection, "ticket", ticket_id=ticket_id)
            if not found:
                return None
            return {
                **found[0],
                **{
                    part: await ask(connection, f"ticket_{part}", ticket_id=ticket_id)
                    for part in ("promises", "changes")
                },
            }


def make(poller: Poller, page: Page) -> ASGIApp:
    """Return the application; its poller runs as long as it does."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(poller.run()),
            asyncio.create_task(poller.hub.keep_alive()),
        ]
        try:
            yield
        finally:
            poller.hub.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    wall = Wall(poller, page)
    return Starlette(
        routes=[
            Route("/", wall.index),
            Route("/static/{name}", wall.static),
            Route("/api/snapshot", wall.snapshot),
            Route("/api/events", Stream(poller.hub)),
            Route("/api/ticket/{ticket_id:path}", wall.ticket),
            Route("/healthz", wall.health),
        ],
        lifespan=lifespan,
    )
