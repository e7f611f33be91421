"""A timeline as moments: parts of a song that have the same tags, for labels and captions.

Windows overlap, labels and captions should not. So each window speaks for the time around its
center: up to half the way to the centers of its neighbors, and at the ends of the song up to
there. Neighbors with the same tags are one moment; silence, and what has no tag, is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from affetto.audio import display
from affetto.core import Prediction
from affetto.writers.base import Selection

DEFAULT_TOP = 3  # more cannot be read while they last, and change more often


@dataclass(frozen=True, slots=True)
class Moment:
    """A part of a song, and the titles of its tags, strongest first."""

    start_s: float
    end_s: float
    titles: tuple[str, ...]

    @property
    def label(self) -> str:
        """The titles on one line."""
        return display(", ".join(self.titles))


def moments(prediction: Prediction, selection: Selection) -> Iterator[Moment]:
    """Give a song's moments in order; they do not overlap, and each lasts for some time.

    A tag is there where its score of a window reaches the threshold that it has for the song;
    of these the `top` strongest are taken, three where nothing is said.
    """
    timeline = prediction.timeline
    if selection.top is None and selection.tags is None:
        selection = Selection(DEFAULT_TOP)
    edges_s = _edges(prediction)
    tags = [_tags(prediction, selection, window) for window in range(len(timeline))]
    for there, group in groupby(range(len(timeline)), key=tags.__getitem__):
        windows = list(group)
        start_s, end_s = float(edges_s[windows[0]]), float(edges_s[windows[-1] + 1])
        if not there or end_s <= start_s:
            continue
        ranked = np.argsort(-timeline.scores[windows].mean(axis=0), kind="stable").tolist()
        titles = (timeline.vocabulary.titles[column] for column in ranked if column in there)
        yield Moment(start_s, end_s, tuple(titles))


def _edges(prediction: Prediction) -> npt.NDArray[np.float64]:
    """Give where windows take turns, (n_windows + 1,) seconds."""
    timeline = prediction.timeline
    centers_s = (timeline.start_s + timeline.end_s) / 2
    between_s = (centers_s[:-1] + centers_s[1:]) / 2
    edges_s = np.concatenate([timeline.start_s[:1], between_s, timeline.end_s[-1:]])
    # What is shorter than a window was repeated to fill one.
    edges_s[edges_s > prediction.duration_s] = prediction.duration_s
    return edges_s


def _tags(prediction: Prediction, selection: Selection, window: int) -> frozenset[int]:
    """Give the columns of a window's tags: none in silence."""
    timeline = prediction.timeline
    if not timeline.weight[window] > 0:
        return frozenset()
    scores = timeline.scores[window]
    columns = {timeline.vocabulary.tags[column]: column for column in range(len(scores))}
    over = np.flatnonzero(scores >= prediction.thresholds).tolist()
    wanted = selection.of({timeline.vocabulary.tags[column]: scores[column] for column in over})
    return frozenset(columns[tag] for tag in wanted)
