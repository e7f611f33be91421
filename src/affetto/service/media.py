"""A file as an answer, whole or in part, as players ask for it (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from affetto.audio import display
from affetto.audio.paths import stat_error
from affetto.errors import AudioUnreadable
from affetto.service.problems import Problem

_BLOCK_BYTES = 1 << 18
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")

# What is not here goes as bytes without a meaning: a browser must never take it for a page.
_TYPES = {
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mka": "audio/x-matroska",
    ".mp3": "audio/mpeg",
    ".mp4": "audio/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".webm": "audio/webm",
    ".wma": "audio/x-ms-wma",
}


async def answer(path: Path, request: Request) -> Response:
    """Give a file of the library, or the part of it that is asked for.

    One range is given as such; several at once are answered with the whole, as is allowed.
    Raises: AudioNotFound, AudioUnreadable; Problem for a range beyond the end.
    """
    status = await run_in_threadpool(_stat, path)
    size = status.st_size
    tag = f'"{status.st_mtime_ns:x}-{size:x}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "ETag": tag,
        "Last-Modified": formatdate(status.st_mtime, usegmt=True),
    }
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in [
        each.strip().removeprefix("W/") for each in known.split(",")
    ]:
        return Response(status_code=304, headers=headers)
    part = None if request.headers.get("if-range", tag) != tag else _part(request, size)
    first, end = (0, size) if part is None else part
    headers["Content-Length"] = str(end - first)
    if part is not None:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    media_type = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    code = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=code, headers=headers, media_type=media_type)
    return StreamingResponse(_blocks(path, first, end), code, headers, media_type)


def _stat(path: Path) -> os.stat_result:
    try:
        status = path.stat()
    except OSError as error:
        raise stat_error(path.name, error) from error
    if not stat.S_ISREG(status.st_mode):  # a named pipe would be waited for
        raise AudioUnreadable(f"{display(path.name)}: it is no file any more", "scan it again")
    return status


def _part(request: Request, size: int) -> tuple[int, int] | None:
    """Give the first byte that is asked for and the one after the last; None for the whole."""
    found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:  # the last so many bytes
        begin, end = max(size - int(last), 0), size
    else:
        begin, end = int(first), size if not last else min(int(last) + 1, size)
        if last and int(last) < begin:
            return None
    if begin >= end:
        raise Problem(
            416,
            "beyond-end",
            f"the file has {size:,} bytes, and others were asked for",
            "ask for a range within it",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return begin, end


async def _blocks(path: Path, first: int, end: int) -> AsyncIterator[bytes]:
    file = await run_in_threadpool(path.open, "rb", 0)
    try:
        await run_in_threadpool(file.seek, first)
        while first < end:
            block = await run_in_threadpool(file.read, min(_BLOCK_BYTES, end - first))
            if not block:  # the file has become shorter: the length shows that something is amiss
                return
            first += len(block)
            yield block
    finally:
        file.close()
