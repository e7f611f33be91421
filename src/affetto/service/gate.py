"""What every request passes before anything is done for it.

    Shield      the name by which the server was called; headers of safety; the last resort
    Doorkeeper  where a page's request comes from, and the token

A page of any other site can make a browser send requests to this server, also to one that only
this computer reaches. It is kept from it three times: its requests that change something name
another origin, its own name cannot stand for this server (DNS rebinding), and it may not read
answers, since no header allows it to.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
from collections.abc import Collection
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from affetto import audio
from affetto.service.counters import Counters
from affetto.service.problems import Problem, of_exception
from affetto.service.settings import Settings

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OPEN_PATHS = ("/", "/healthz", "/openapi.json")  # hold nothing that is anybody's
OPEN_PREFIX = "/page/"
_LISTED_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::[0-9]{1,5})?")

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Cache-Control": "no-store",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class Shield:
    """The outermost part: refuses foreign names of hosts, and lets no error out as it is."""

    def __init__(self, app: ASGIApp, settings: Settings, counters: Counters) -> None:
        self._app = app
        self._counters = counters
        self._hosts = _own_names(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        is_begun = False

        async def shielded(message: Message) -> None:
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                method = scope["method"] if scope["method"] in _LISTED_METHODS else "other"
                status = str(message["status"])
                self._counters.count("requests", method=method, status=status)
            await send(message)

        try:
            if not self._is_own(Headers(scope=scope).getlist("host")):
                problem = Problem(
                    421,
                    "unknown-host",
                    "this server does not go by that name",
                    "call it by its address, or start it with --allow-host NAME",
                )
                await _refuse(problem, scope, receive, shielded)
                return
            await self._app(scope, receive, shielded)
        except ClientDisconnect:  # there is nobody to answer
            return
        except Exception as error:
            problem = of_exception(error)
            if not is_begun and scope["type"] == "http":
                await _refuse(problem, scope, receive, shielded)
            else:
                raise

    def _is_own(self, given: list[str]) -> bool:
        """Say whether a request names this server, once; no name can pass for an address."""
        if len(given) != 1:
            return False
        name = _name_of(given[0])
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._hosts
        return True


class Doorkeeper:
    """Lets in who has the token, and of pages only those of this server or of `cors`."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._token = settings.token
        self._origins = settings.cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            is_safe = scope["type"] == "http" and scope["method"] in SAFE_METHODS
            is_open = scope["path"] in OPEN_PATHS or scope["path"].startswith(OPEN_PREFIX)
            if not is_safe or not is_open:
                _check_origin(headers, self._origins, is_safe)
            if not is_open:
                self._check_token(scope, headers)
        except Problem as problem:
            await _refuse(problem, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check_token(self, scope: Scope, headers: Headers) -> None:
        """Raise a Problem unless the token is there, in a header or where none can be set."""
        if self._token is None:
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            # Players, event streams and sockets of browsers send no headers of the page's choice.
            is_media = scope["type"] == "websocket" or scope["method"] in ("GET", "HEAD")
            query = parse_qs(scope["query_string"].decode("latin-1")) if is_media else {}
            given = query.get("token", [""])[0]
        if not secrets.compare_digest(given.strip().encode(), self._token.encode()):
            raise Problem(
                401,
                "no-token" if not given else "wrong-token",
                "this server asks for its token",
                "send the header `Authorization: Bearer TOKEN`; the server has printed it",
                headers={"WWW-Authenticate": "Bearer"},
            )


def _check_origin(headers: Headers, allowed: Collection[str], is_safe: bool) -> None:
    """Raise a Problem for a page of another site; other programs name no origin.

    Such a page could not read an answer, but it could keep the server busy with questions. To
    follow a link is another thing.
    """
    origin = headers.get("origin")
    if origin is None or is_safe:
        is_link = is_safe and headers.get("sec-fetch-mode") == "navigate"
        is_own = headers.get("sec-fetch-site", "none") in ("none", "same-origin") or is_link
        is_own = is_own or origin in allowed
    else:
        is_own = origin in allowed or urlsplit(origin).netloc == headers.get("host")
    if not is_own:
        raise Problem(
            403,
            "foreign-origin",
            f"pages of {audio.display(origin or 'another site')[:200]} may not do this",
            "to let them, start the server with --cors ORIGIN",
        )


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": problem.message})
        return
    await problem.answer()(scope, receive, send)


def _own_names(settings: Settings) -> frozenset[str]:
    names = {"localhost", settings.host, socket.gethostname(), *settings.allow_hosts}
    return frozenset(name.lower().rstrip(".") for name in names)


def _name_of(host: str) -> str | None:
    """Give the name in a header `Host`, without its port; None for what is not one."""
    found = _HOST.fullmatch(host)
    return None if found is None else found[1].strip("[]").rstrip(".").lower()
