"""Finished folds on disk, by the hash of all that they depend on.

A result is one `.npz` file, written whole or not at all; what is damaged counts as not there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from affetto.experiments.examples import read_arrays, write_arrays
from affetto.experiments.methods.base import FoldResult

REVISION = 1
"""To be raised when the code of the experiments gives other numbers for the same methods."""


def key_of(parts: Mapping[str, Any]) -> str:
    """Hash what a result depends on: plain values. Gives 64 hexadecimal digits."""
    text = json.dumps({"revision": REVISION, **parts}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of the results."""

    folder: Path

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"

    def read(self, key: str) -> FoldResult | None:
        """Give a result; None where there is none, or none that is whole."""
        arrays = read_arrays(self.path(key))
        if arrays is None:
            return None
        try:
            record = json.loads(arrays["record"].tobytes())
            return FoldResult(
                scores=arrays["scores"],
                held_out=arrays["held_out"].astype(np.int64),
                held_out_scores=arrays["held_out_scores"],
                settings=record["settings"],
                seconds=record["seconds"],
            )
        except (KeyError, ValueError, TypeError):
            return None

    def write(self, key: str, result: FoldResult) -> None:
        """Keep a result."""
        record = json.dumps({"settings": dict(result.settings), "seconds": result.seconds})
        write_arrays(
            self.path(key),
            {
                "scores": result.scores.astype(np.float32),
                "held_out": result.held_out.astype(np.int64),
                "held_out_scores": result.held_out_scores.astype(np.float32),
                "record": np.frombuffer(record.encode(), np.uint8),
            },
        )
