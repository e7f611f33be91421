"""Answers in JSON that are safe wherever they end up, and parameters that are checked."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from starlette.datastructures import QueryParams
from starlette.responses import Response

from affetto import audio
from affetto.errors import BadConfig

_TRUE, _FALSE = ("1", "true", "yes"), ("0", "false", "no")
_MAX_DIGITS = 12


class Json(Response):
    """JSON in ASCII: names that are not UTF-8 keep their bytes as escaped lone surrogates.

    The signs that HTML gives a meaning are escaped too, so that a title is never a tag, even
    where somebody shows the text as it is.
    """

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return to_json(content).encode("ascii")


def to_json(content: Any) -> str:
    """Give JSON on one line; see `Json`."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class Parameters:
    """The parameters of an address; only those `known` may be there, and each once.

    Raises: BadConfig, here and with every value that is not as it should be.
    """

    def __init__(self, query: QueryParams, known: Collection[str]) -> None:
        self._query = query
        given = [name for name, _ in query.multi_items() if name != "token"]
        for name in given:
            if name not in known:
                hint = f"known: {', '.join(sorted(known))}" if known else "it takes none"
                raise BadConfig(f"there is no parameter {audio.display(name)[:80]!r} here", hint)
            if given.count(name) > 1:
                raise BadConfig(f"the parameter {name} is given twice")

    def text(self, name: str, default: str = "") -> str:
        return self._query.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._query.get(name, "1" if default else "0").lower()
        if value not in (*_TRUE, *_FALSE):
            raise _wrong(name, value, "1 or 0")
        return value in _TRUE

    def choice(self, name: str, known: Collection[str], default: str) -> str:
        value = self._query.get(name, default)
        if value not in known:
            raise _wrong(name, value, " or ".join(known))
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int | None:
        """Give a whole number from `low` to `high`."""
        value = self._query.get(name)
        if value is None:
            return default
        is_number = value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS
        if not is_number or not low <= int(value) <= high:
            raise _wrong(name, value, f"a whole number from {low} to {high}")
        return int(value)

    def share(self, name: str) -> float | None:
        """Give a number from 0 to 1, or None where there is none."""
        value = self._query.get(name)
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1:
            raise _wrong(name, value, "a number from 0 to 1")
        return number


def _wrong(name: str, value: str, wanted: str) -> BadConfig:
    return BadConfig(f"{name} must be {wanted}, not {audio.display(value)[:80]!r}")
