"""Answers in JSON that are safe wherever they end up, and parameters that are checked."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from typing import Any

from starlette.datastructures import QueryParams
from starlette.responses import Response

from affetto import audio
from affetto.errors import BadConfig

_TRUE, _FALSE = ("1", "true", "yes"), ("0", "false", "no")
_MAX_DIGITS = 12
_MAX_TEXT = 4_000
_MAX_VALUES = 32


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

    Those in `repeatable` may come several times. Raises: BadConfig, here and with every value
    that is not as it should be.
    """

    def __init__(
        self, query: QueryParams, known: Collection[str], repeatable: Collection[str] = ()
    ) -> None:
        self._query = query
        given = [name for name, _ in query.multi_items() if name != "token"]
        for name in given:
            if name not in known:
                hint = f"known: {', '.join(sorted(known))}" if known else "it takes none"
                raise BadConfig(f"there is no parameter {audio.display(name)[:80]!r} here", hint)
            if name not in repeatable and given.count(name) > 1:
                raise BadConfig(f"the parameter {name} is given twice")

    def text(self, name: str, default: str = "") -> str:
        value = self._query.get(name, default)
        if len(value) > _MAX_TEXT:
            raise BadConfig(f"{name} is longer than {_MAX_TEXT:,} characters", "say it in fewer")
        return value

    def some_text(self, name: str) -> str | None:
        """Give a text, or None where there is none."""
        return self.text(name) if name in self._query else None

    def texts(self, name: str) -> list[str]:
        """Give the values of a parameter that may come several times."""
        values = self._query.getlist(name)
        if len(values) > _MAX_VALUES or any(len(value) > _MAX_TEXT for value in values):
            raise BadConfig(f"there is too much of {name}", f"at most {_MAX_VALUES} are taken")
        return values

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

    def number(self, name: str) -> float | None:
        """Give a number, or None where there is none."""
        value = self._query.get(name)
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise _wrong(name, value, "a number")
        return number

    def share(self, name: str) -> float | None:
        """Give a number from 0 to 1, or None where there is none."""
        number = self.number(name)
        if number is not None and not 0 <= number <= 1:
            raise _wrong(name, self._query[name], "a number from 0 to 1")
        return number


def _wrong(name: str, value: str, wanted: str) -> BadConfig:
    return BadConfig(f"{name} must be {wanted}, not {audio.display(value)[:80]!r}")
