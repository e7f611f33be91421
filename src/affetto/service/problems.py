"""Errors as answers: problem documents (RFC 9457) with our `code` and `hint`, by one map.

What an error says to the user of the command line it says here too, with two exceptions: names
of the server's own files are left out, and an error that nobody foresaw is told to the server's
owner alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException

from affetto import audio
from affetto.core import Failure
from affetto.errors import (
    AffettoError,
    AudioError,
    AudioNotFound,
    BadConfig,
    LibraryLocked,
    LibraryMissing,
    MissingExtra,
    QueryInvalid,
    UnknownName,
)
from affetto.service.answers import Json

# The first that an error is an instance of counts; all others are our own fault: 500.
_STATUSES: tuple[tuple[type[AffettoError], int], ...] = (
    (AudioNotFound, 404),
    (AudioError, 422),
    (UnknownName, 404),
    (MissingExtra, 501),
    (BadConfig, 400),
    (LibraryLocked, 503),
    (LibraryMissing, 404),
)
_CODES = {  # of failures that are no AffettoError
    "internal": 500,
    "crashed": 422,
    "timeout": 504,
    "too-long": 413,
    "cancelled": 410,
    "stopping": 503,
}
RETRY_S = 5

_log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer that is not what was asked for: a status, a stable code, a sentence, a hint."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})
        self.more = dict(more or {})
        if status in (429, 503):
            self.headers.setdefault("Retry-After", str(RETRY_S))

    def to_dict(self) -> dict[str, Any]:
        """Give the members of the problem document."""
        return {
            "type": f"urn:affetto:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": audio.display(self.message),
            "code": self.code,
            "hint": audio.display(self.hint),
            **self.more,
        }

    def answer(self) -> Json:
        return Json(
            self.to_dict(),
            self.status,
            headers=self.headers,
            media_type="application/problem+json",
        )


def of_error(error: AffettoError, hidden: Mapping[str, str] | None = None) -> Problem:
    """Give the problem that an error is; each of `hidden` texts is replaced in its sentences."""
    message, hint = error.message, error.hint
    for text, shown in (hidden or {}).items():
        message, hint = message.replace(text, shown), hint.replace(text, shown)
    more = {"excerpt": error.excerpt} if isinstance(error, QueryInvalid) and error.excerpt else {}
    return Problem(_status_of(type(error)), error.code, message, hint, more=more)


def of_failure(failure: Failure) -> Problem:
    """Give the problem that a failed song is."""
    status = _CODES.get(failure.code)
    if status is None:
        known = {each.code: each for each in _tree(AffettoError)}
        status = _status_of(known.get(failure.code, AffettoError))
    if status == 500:
        _log.error("%s", failure)
        return unforeseen()
    return Problem(status, failure.code, failure.message, failure.hint)


def of_exception(error: Exception) -> Problem:
    """Give the problem that an error is which nobody foresaw, and tell the server's owner."""
    shown = audio.display(f"{type(error).__name__}: {error}")
    _log.error("a request failed (%s)", shown)
    _log.debug("an error that nobody foresaw", exc_info=error)
    return unforeseen()


def of_http(error: HTTPException) -> Problem:
    """Give the problem of an address that there is not, or a method that it does not take."""
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return Problem(404, "not-found", "there is nothing at this address", "see /openapi.json")
    if error.status_code == 405:
        message = "this address does not take this method"
        return Problem(405, "method-not-allowed", message, "see /openapi.json", headers=headers)
    return Problem(error.status_code, "http", str(error.detail), headers=headers)


def unforeseen() -> Problem:
    return Problem(
        500,
        "internal",
        "affetto failed on this request",
        "please report it, with what the server has printed",
    )


def _status_of(kind: type[AffettoError]) -> int:
    return next((status for each, status in _STATUSES if issubclass(kind, each)), 500)


def _tree(root: type[AffettoError]) -> Iterator[type[AffettoError]]:
    yield root
    for each in root.__subclasses__():
        yield from _tree(each)
