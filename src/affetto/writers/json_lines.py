"""JSON lines: an object a line, the same object as in the JSON array."""

from __future__ import annotations

import json

from affetto.core import Prediction
from affetto.writers.base import Writer, plain


class JsonLinesWriter(Writer):
    """Each line is there as soon as its song is scored, for whoever reads along."""

    media_type = "application/jsonl"

    def add(self, prediction: Prediction) -> None:
        text = json.dumps(plain(prediction, self.selection), allow_nan=False)
        self.stream.write(text + "\n")
        self.stream.flush()
