"""The page and its files: what lies in the folder `page`, and nothing else.

They are modules and styles as a browser takes them, so nothing is built. An address is looked
up among the files that were found at the start; it never becomes a path.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from affetto.service.gate import OPEN_PREFIX, PAGE_POLICY

FOLDER = Path(__file__).with_name("page")

# The system's own table of types may say that a module is plain text, which browsers refuse.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    tag: str


class Pages:
    """Gives the page at `/`, and its files below `/page/`."""

    def __init__(self) -> None:
        self._files = {
            path.relative_to(FOLDER).as_posix(): _read(path)
            for path in sorted(FOLDER.rglob("*"))
            if path.suffix in _TYPES
        }

    def routes(self) -> list[BaseRoute]:
        return [Route("/", self.page), Mount(OPEN_PREFIX, self._file)]

    async def page(self, request: Request) -> Response:
        file = self._files["index.html"]
        headers = {"Content-Security-Policy": PAGE_POLICY}
        return Response(file.content, headers=headers, media_type=file.media_type)

    async def _file(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix(OPEN_PREFIX)
        file = self._files.get(name)
        if scope["type"] != "http" or file is None:
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await _answer(file, Request(scope, receive))(scope, receive, send)


def _read(path: Path) -> _File:
    content = path.read_bytes()
    return _File(content, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def _answer(file: _File, request: Request) -> Response:
    """Give a file, or that the browser has it already; after an update it asks for it anew."""
    headers = {"Cache-Control": "no-cache", "ETag": file.tag}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)
