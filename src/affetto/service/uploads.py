"""From a request's body to a private file, in blocks and within limits.

An upload is a folder of its own in the server's temporary folder, which no other user of the
computer can enter. It holds the sound under a name of ours: the client's name is only text.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import python_multipart
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from affetto.service.problems import Problem
from affetto.service.settings import MB, Settings

_log = logging.getLogger(__name__)

_PREFIX = "affetto-serve-"
_YOUNG_S = 60.0
_WRITE_BYTES = 1 << 20
_FORM_BYTES = 1 << 20  # of a form, beside the file in it
_MAX_NAME = 255
_DRAIN_BYTES, _DRAIN_S = 8 * MB, 2.0


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a client has sent; `name` is what the client calls it."""

    folder: Path
    name: str

    @property
    def sound(self) -> Path:
        return self.folder / "sound"

    @property
    def progress(self) -> Path:
        return self.folder / "progress"

    def delete(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Uploads:
    """The server's temporary folder and what is on its way into it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        _delete_leftovers()
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = _locked(self.folder)
        self.n_arriving = 0

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)

    @contextlib.asynccontextmanager
    async def receive(self, request: Request, name: str) -> AsyncIterator[Upload]:
        """Take a request's body as a file; if the block raises, the file is gone.

        A form gives its first file, with its name; any other body is the file itself, and is
        called `name`. Raises: Problem for too large, too slow, too many, and no file;
        ClientDisconnect.
        """
        with self._counted():
            body = _Body(request, self._settings)
            if _stated_bytes(request) > self._most_bytes:
                await body.drain()
                raise self._too_large()
            folder = Path(tempfile.mkdtemp(prefix="upload-", dir=self.folder))
            upload = Upload(folder, name)
            try:
                kept = await self._written(body, _form_of(request), upload)
            except OSError as error:
                upload.delete()
                _log.error("an upload cannot be written (%s)", error.strerror)
                raise Problem(
                    507, "no-room", "the server has no room for this upload", "try again later"
                ) from error
            except BaseException:
                upload.delete()
                raise
        try:
            yield kept
        except BaseException:
            upload.delete()
            raise

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        if self.n_arriving >= self._settings.max_uploads:
            raise Problem(429, "too-many-uploads", "too many uploads are on their way", "try later")
        self.n_arriving += 1
        try:
            yield
        finally:
            self.n_arriving -= 1

    @property
    def _most_bytes(self) -> int:
        """Of a body in all, with what a form adds to its file."""
        return self._settings.max_upload_bytes + _FORM_BYTES

    async def _written(self, body: _Body, form: _Form | None, upload: Upload) -> Upload:
        name, n_bytes, waiting = upload.name, 0, bytearray()
        with upload.sound.open("wb") as file:
            async for part in body:
                content = part if form is None else form.push(part)
                n_bytes += len(content)
                is_too_large = n_bytes > self._settings.max_upload_bytes
                if is_too_large or body.n_bytes > self._most_bytes:
                    await body.drain()
                    raise self._too_large()
                waiting += content
                if len(waiting) >= _WRITE_BYTES:
                    await run_in_threadpool(file.write, bytes(waiting))
                    waiting.clear()
            await run_in_threadpool(file.write, bytes(waiting))
        if form is not None:
            name = plain_name(form.close(), upload.name)
        return Upload(upload.folder, name)

    def _too_large(self) -> Problem:
        limit = self._settings.max_upload_bytes
        shown = f"{limit / MB:g} MB" if limit >= MB else f"{limit:,} bytes"
        return Problem(413, "too-large", f"an upload may have at most {shown}", "send a part of it")


def _delete_leftovers() -> None:
    """Delete the folders of servers that were killed: nobody holds their locks any more."""
    before_s = time.time() - _YOUNG_S  # a younger one may be about to be locked
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or gone already
            if folder.is_symlink() or folder.stat().st_mtime > before_s:
                continue
            lock = _locked(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _locked(folder: Path) -> int | None:
    """Lock a folder for this process; None if another has it, or where folders have no locks."""
    if os.name == "nt":
        return None
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def plain_name(name: str, default: str) -> str:
    """Give the last part of what a client calls its file, cut where it is absurdly long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return last[:_MAX_NAME] or default


class _Body:
    """A request's body as it comes, within the limits of time.

    Raises: Problem for a client that is too slow; ClientDisconnect for one that went away.
    """

    def __init__(self, request: Request, settings: Settings) -> None:
        self.n_bytes = 0
        self._receive = request.receive
        self._silence_limit_s = settings.silence_limit_s
        self._end_s = time.monotonic() + settings.upload_limit_s
        self._is_more = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._is_more:
            raise StopAsyncIteration
        limit_s = min(self._silence_limit_s, self._end_s - time.monotonic())
        try:
            async with asyncio.timeout(max(limit_s, 0.0)):
                message = await self._receive()
        except TimeoutError:
            raise Problem(408, "too-slow", "the upload took too long", "send it again") from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self._is_more = message.get("more_body", False)
        part: bytes = message.get("body", b"")
        self.n_bytes += len(part)
        return part

    async def drain(self) -> None:
        """Read a little more of what is refused: many clients look for an answer only then."""
        end_bytes = self.n_bytes + _DRAIN_BYTES
        with contextlib.suppress(TimeoutError, ClientDisconnect, Problem):
            async with asyncio.timeout(_DRAIN_S):
                async for _ in self:
                    if self.n_bytes > end_bytes:
                        return


class _Form:
    """A form (multipart/form-data) that comes in parts; of it, the first file is kept."""

    def __init__(self, boundary: bytes) -> None:
        self._name: str | None = None
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value = bytearray(), bytearray()
        self._is_wanted = self._is_whole = False
        self._content = bytearray()
        self._parser = python_multipart.MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_content,
                "on_part_data": self._add,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def push(self, part: bytes) -> bytes:
        """Take a part of the form and give what it holds of the file."""
        try:
            self._parser.write(part)
        except FormParserError as error:
            raise _bad_form() from error
        content = bytes(self._content)
        self._content.clear()
        return content

    def close(self) -> str:
        """Give the file's name. Raises: Problem if there was no file, or the form did not end."""
        if self._name is None:
            raise Problem(
                400,
                "no-file",
                "there is no file in the form",
                "send it as the field `file`, or send the file itself as the body",
            )
        if not self._is_whole:
            raise _bad_form()
        return self._name

    def _end_header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _begin_content(self) -> None:
        options = parse_options_header(self._headers.get(b"content-disposition"))[1]
        self._is_wanted = self._name is None and b"filename" in options
        if self._is_wanted:
            self._name = options[b"filename"].decode("utf-8", "surrogateescape")

    def _add(self, data: bytes, start: int, end: int) -> None:
        if self._is_wanted:
            self._content += data[start:end]

    def _end_part(self) -> None:
        self._is_wanted = False

    def _end(self) -> None:
        self._is_whole = True


def _form_of(request: Request) -> _Form | None:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        return None
    boundary = options.get(b"boundary")
    if not boundary:
        raise _bad_form()
    try:
        return _Form(boundary)
    except FormParserError as error:
        raise _bad_form() from error


def _stated_bytes(request: Request) -> int:
    stated = request.headers.get("content-length", "")
    return int(stated) if stated.isdecimal() else 0


def _bad_form() -> Problem:
    return Problem(
        400, "bad-form", "the form cannot be read", "send it as multipart/form-data, whole"
    )
