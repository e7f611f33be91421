"""JSON: an array with one object a song, as `docs/prediction.schema.json` describes them.

The output is ASCII, so it survives any encoding: a name that is not UTF-8 keeps its bytes as
escaped lone surrogates, which `os.fsencode(json.loads(...))` turns back into the bytes.
"""

from __future__ import annotations

import json
from typing import Any, TextIO

from affetto.core import Prediction
from affetto.writers.base import Selection, Writer, plain


class JsonWriter(Writer):
    """Each song is written whole when it comes; `close` ends the array."""

    media_type = "application/json"

    def __init__(self, stream: TextIO, selection: Selection) -> None:
        super().__init__(stream, selection)
        self._n_written = 0

    def add(self, prediction: Prediction) -> None:
        text = _indented(plain(prediction, self.selection), "  ")
        self.stream.write(f"{',' if self._n_written else '['}\n  {text}")
        self._n_written += 1
        self.stream.flush()

    def close(self) -> None:
        self.stream.write("\n]\n" if self._n_written else "[]\n")
        super().close()


def _indented(value: Any, margin: str) -> str:
    """Give JSON with a line for each key; lists stay on one line, or a timeline fills a mile."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value, allow_nan=False)
    inner = margin + "  "
    members = (f"{json.dumps(key)}: {_indented(item, inner)}" for key, item in value.items())
    return "{\n" + ",\n".join(f"{inner}{member}" for member in members) + f"\n{margin}}}"
