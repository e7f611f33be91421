"""CSV: a row a song, or with the timeline a row a window; one column a tag.

The columns are those of the first song's bundle: all tags of its main vocabulary, or the tags that
were asked for. A tag outside the `top` of a song has an empty cell, as have `music` and `Q1` to
`Q4`, how likely each quadrant is, where the bundle does not say. Names of files appear as
`audio.display` shows them. Without a song there is nothing, not even a header.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, TextIO

from affetto import audio
from affetto.core import QUADRANTS, Prediction
from affetto.writers.base import Selection, Writer, plain

_SONG = ("path", "duration_s", "quadrant", *QUADRANTS, "valence", "arousal", "music")
_WINDOW = ("path", "start_s", "end_s", "weight", "valence", "arousal")


class CsvWriter(Writer):
    """Rows are written song by song; warnings are joined by ` | ` in the last column."""

    media_type = "text/csv"

    def __init__(self, stream: TextIO, selection: Selection) -> None:
        super().__init__(stream, selection)
        self._rows = csv.writer(stream, lineterminator="\n")
        self._tags: tuple[str, ...] | None = None

    def add(self, prediction: Prediction) -> None:
        values = plain(prediction, self.selection)
        values["path"] = audio.display(prediction.path)
        by_window = self.selection.timeline
        if self._tags is None:
            self._tags = self._columns(prediction)
            header = (*_WINDOW, *self._tags) if by_window else (*_SONG, *self._tags, "warnings")
            self._rows.writerow(header)
        if by_window:
            self._rows.writerows(_windows(values, self._tags))
        else:
            self._rows.writerow(_song(values, self._tags))
        self.stream.flush()

    def _columns(self, prediction: Prediction) -> tuple[str, ...]:
        tags = self.selection.tags
        if tags is None:
            return prediction.vocabulary.tags
        # Only the main vocabulary's tags have values over time.
        known = prediction.vocabulary.tags if self.selection.timeline else tags
        return tuple(tag for tag in tags if tag in known)


def _song(values: dict[str, Any], tags: tuple[str, ...]) -> list[Any]:
    scores: dict[str, float] = {}
    for named in (*values["others"].values(), values["tags"]):  # the main vocabulary's name wins
        scores.update(named)
    known = {**dict.fromkeys(QUADRANTS, ""), **values, **(values["quadrant_probabilities"] or {})}
    warnings = " | ".join(audio.display(notice["message"]) for notice in values["warnings"])
    return [
        *(known[column] for column in _SONG),
        *(scores.get(tag, "") for tag in tags),
        warnings,
    ]


def _windows(values: dict[str, Any], tags: tuple[str, ...]) -> Iterator[list[Any]]:
    timeline = values["timeline"]
    n_windows = len(timeline["start_s"])
    empty = [""] * n_windows
    columns = [timeline.get(name, empty) for name in _WINDOW[1:]]
    columns += [timeline["tags"].get(tag, empty) for tag in tags]
    for row in zip(*columns, strict=True):
        yield [values["path"], *row]
