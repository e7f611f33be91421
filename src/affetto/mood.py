"""From the scores of windows to what is said about a song.

    summarize   windows -> one score a tag, one point of the plane
    decide      scores -> which tags are chosen
    place       tag scores -> valence and arousal by the tags' anchors

A song's value is the mean over its windows, each weighted by its share of sound. A window is
silent when no band of any frame reaches -80 dB (`SILENT_ABOVE_FLOOR_DB` over the front end's
floor of digital silence): its scores mean nothing and weigh nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from affetto.core import BoolArray, FloatArray, Timeline, Vocabulary, Windows
from affetto.errors import BadConfig

SILENT_ABOVE_FLOOR_DB = 20.0
MUSIC_CUT = 0.5
"""Below this score a sound is not taken for music."""


def sound_share(windows: Windows, floor_db: float) -> FloatArray:
    """Give each window's weight (n_windows,) in [0, 1]: 0 in silence, less than 1 where repeated.

    `floor_db` is the front end's value of digital silence.
    """
    is_sound = windows.values.max(axis=(1, 2)) > floor_db + SILENT_ABOVE_FLOOR_DB
    share = is_sound * (windows.n_valid / windows.values.shape[2])
    return np.asarray(share, np.float32)


def mean_over_windows(values: npt.ArrayLike, weight: FloatArray) -> FloatArray:
    """Give the weighted mean (n_outputs,) of values (n_windows, n_outputs).

    Where no window weighs anything, all count alike.
    """
    rows = np.asarray(values, np.float64)
    weights = weight.astype(np.float64) if weight.any() else np.ones(len(rows))
    return np.asarray(weights @ rows / weights.sum(), np.float32)


def summarize(timeline: Timeline) -> tuple[FloatArray, FloatArray | None]:
    """Give the song's tag scores (n_tags,) and its valence and arousal (2,), if there is a head."""
    scores = mean_over_windows(timeline.scores, timeline.weight)
    if timeline.valence_arousal is None:
        return scores, None
    return scores, mean_over_windows(timeline.valence_arousal, timeline.weight)


def decide(scores: FloatArray, thresholds: Sequence[float] | FloatArray | float) -> BoolArray:
    """Say which tags (n_tags,) reach their threshold, one for each tag or one for all."""
    return np.asarray(scores >= np.asarray(thresholds, np.float32), np.bool_)


def place(scores: FloatArray, vocabulary: Vocabulary) -> FloatArray:
    """Give valence and arousal (..., 2) of tag scores (..., n_tags): the mean of the anchors,
    weighted by the scores.

    Raises: BadConfig for a vocabulary without anchors.
    """
    if vocabulary.anchors is None:
        raise BadConfig(f"vocabulary {vocabulary.name} has no anchors in the plane")
    total = np.maximum(scores.sum(axis=-1, keepdims=True), 1e-6)
    placed = np.clip(scores @ vocabulary.anchors / total, -1, 1)  # the two sums round apart
    return np.asarray(placed, np.float32)
