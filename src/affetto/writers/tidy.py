"""Tidy tables: a row for each value, and what it is a value of in columns that never change.

    path        the song, as `audio.display` shows it
    start_s     the window, or all of the song
    end_s
    weight      the window's share of sound from 0 to 1; empty for all of the song
    vocabulary  where the name is from; `plane` for valence and arousal, `quadrant`, `music`
    name        a tag, valence, arousal, a quadrant or music
    value       from 0 to 1, of the plane from -1 to 1
    chosen      whether a tag of the main vocabulary reaches its threshold, or the song lies in the
                quadrant; else empty

Without the timeline the rows are the song's, with it those of its windows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, NamedTuple, TextIO

import numpy as np

from affetto import audio
from affetto.core import PLANE_AXES, Prediction
from affetto.writers.base import Selection, Writer, plain

PLANE, QUADRANT, MUSIC = "plane", "quadrant", "music"


class Row(NamedTuple):
    """One value; None is an empty cell."""

    path: str
    start_s: float
    end_s: float
    weight: float | None
    vocabulary: str
    name: str
    value: float
    chosen: bool | None


def rows_of(prediction: Prediction, selection: Selection) -> Iterator[Row]:
    """Give a song's rows: the highest tags first, or window by window."""
    values = plain(prediction, selection)
    path = audio.display(prediction.path)
    if selection.timeline:
        yield from _windows(path, prediction, values)
        return
    for vocabulary, name, value, chosen in _song(prediction.vocabulary.name, values):
        yield Row(path, 0.0, values["duration_s"], None, vocabulary, name, value, chosen)


def _song(main: str, values: dict[str, Any]) -> Iterator[tuple[str, str, float, bool | None]]:
    for axis in PLANE_AXES:
        yield PLANE, axis, values[axis], None
    for quadrant, likely in (values["quadrant_probabilities"] or {}).items():
        yield QUADRANT, quadrant, likely, quadrant == values["quadrant"]
    if values["music"] is not None:
        yield MUSIC, MUSIC, values[MUSIC], None
    for tag, score in values["tags"].items():
        yield main, tag, score, tag in values["chosen"]
    for vocabulary, scores in values["others"].items():
        for tag, score in scores.items():
            yield vocabulary, tag, score, None


def _windows(path: str, prediction: Prediction, values: dict[str, Any]) -> Iterator[Row]:
    main, columns = prediction.vocabulary, values["timeline"]
    over = prediction.timeline.scores >= prediction.thresholds
    chosen = dict(zip(main.tags, np.transpose(over).tolist(), strict=True))
    for window in range(len(prediction.timeline)):
        start_s, end_s, weight = (columns[name][window] for name in ("start_s", "end_s", "weight"))
        for axis in PLANE_AXES:
            if axis in columns:
                value = columns[axis][window]
                yield Row(path, start_s, end_s, weight, PLANE, axis, value, None)
        for tag, scores in columns["tags"].items():
            value, is_chosen = scores[window], chosen[tag][window]
            yield Row(path, start_s, end_s, weight, main.name, tag, value, is_chosen)


class TidyWriter(Writer):
    """The table as CSV; its header is there even without a song."""

    media_type = "text/csv"

    def __init__(self, stream: TextIO, selection: Selection) -> None:
        super().__init__(stream, selection)
        self._rows = csv.writer(stream, lineterminator="\n")
        self._rows.writerow(Row._fields)

    def add(self, prediction: Prediction) -> None:
        for row in rows_of(prediction, self.selection):
            chosen = "" if row.chosen is None else str(row.chosen).lower()
            self._rows.writerow(row._replace(chosen=chosen))  # type: ignore[arg-type]
        self.stream.flush()
