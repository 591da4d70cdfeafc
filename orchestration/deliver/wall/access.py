"""Who may look: holders of the token, or whoever sits at this machine."""

import hashlib
import hmac
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestration.settings import UserError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN_PATHS = ("/healthz",)
SHORTEST_TOKEN = 16
KEPT_SECONDS = 90 * 86400


def read_token(file: Path) -> str:
    """Return the token that a file holds."""
    token = file.read_text().strip()
    if len(token) < SHORTEST_TOKEN:
        raise UserError(
            f"{file} holds {len(token)} characters: put a token of at least"
            f" {SHORTEST_TOKEN} into it"
        )
    return token


def require_safe(host: str, token: str | None, is_open: bool) -> None:
    """Refuse to show the wall to a network by accident."""
    if host not in LOOPBACK and token is None and not is_open:
        raise UserError(
            f"--host {host} shows the wall to everybody who reaches it: add"
            " --token-file FILE, or --open if that is what you want"
        )


class Access:
    """Lets requests through that come with the token, or from this machine's pages."""

    def __init__(
        self, app: ASGIApp, token: str | None, port: int, hosts: Iterable[str] = ()
    ) -> None:
        """Guard an application; without a token only the named hosts are answered.

        A page from elsewhere may point a name of its own at this machine: such
        requests carry that name as their host. No names means any.
        """
        self.app = app
        self.token = token
        self.hosts = frozenset(hosts)
        self.cookie = f"frontdesk_wall_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to one who may not look, and to one who logs in."""
        headers = Headers(scope=scope)
        if self.token is None:
            host = _host_name(headers.get("host", ""))
            if self.hosts and host not in self.hosts:
                return PlainTextResponse("this wall has another name\n", 421)
            return None
        if self._is_known(headers):
            return None
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        if self._fits(asked.pop("token", [""])[0]):
            return self._welcome(scope, urlencode(asked, doseq=True))
        return PlainTextResponse(
            "this wall asks for its token: open it as /?token=...\n",
            401,
            {"www-authenticate": "Bearer", "cache-control": "no-store"},
        )

    def _is_known(self, headers: Headers) -> bool:
        """Say whether a request carries the token, or the cookie made of it."""
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._fits(given.strip()):
            return True
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return False
        return bool(found) and hmac.compare_digest(
            found.value.encode(), self._ticket().encode()
        )

    def _fits(self, given: str) -> bool:
        """Say whether somebody knows the token, in a time that tells nothing of it."""
        return hmac.compare_digest(given.encode(), (self.token or "").encode())

    def _ticket(self) -> str:
        """Return what the cookie holds: proof of the token, not the token."""
        return hmac.new(
            (self.token or "").encode(), b"frontdesk wall", hashlib.sha256
        ).hexdigest()

    def _welcome(self, scope: Scope, query: str) -> Response:
        """Keep the proof in a cookie and take the token out of the address."""
        answer = RedirectResponse(
            scope["path"] + (f"?{query}" if query else ""),
            303,
            {"cache-control": "no-store", "referrer-policy": "no-referrer"},
        )
        answer.set_cookie(
            self.cookie,
            self._ticket(),
            max_age=KEPT_SECONDS,
            httponly=True,
            samesite="strict",
            secure=scope["scheme"] == "https",
        )
        return answer


def _host_name(host: str) -> str:
    """Return the name in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
