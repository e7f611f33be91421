"""From the scores of windows to what is said about a song.

    summarize   windows -> one score a tag, one point of the plane
    uncertainty how windows differ -> standard errors of the song's values
    decide      scores -> which tags are chosen
    place       tag scores -> valence and arousal by the tags' anchors

A song's value is the mean over its windows, each weighted by its share of sound. A window is
silent when no band of any frame reaches -80 dB (`SILENT_ABOVE_FLOOR_DB` over the front end's
floor of digital silence): its scores mean nothing and weigh nothing.

The standard error of such a mean is sqrt(v / (n - 1)): v is the weighted variance over the windows,
n the number of windows that the sound would fill without overlap, 1 / sum(p_i p_j r_ij) for shares
p of the weight, where r_ij is the part of a window that i and j have in common. For windows that
touch it is the usual sqrt(s^2 / n). Music repeats itself less at a distance than noise does, so
another stretch of a song may differ by more: docs/python.md has figures. Where a bundle has several
networks, its square is added to that of the error of the mean over them, s^2 / n again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from affetto.core import BoolArray, FloatArray, Timeline, Uncertainty, Vocabulary, Windows
from affetto.errors import BadConfig

SILENT_ABOVE_FLOOR_DB = 20.0
MUSIC_CUT = 0.5
"""Below this score a sound is not taken for music."""
NOT_MUSIC = "not-music"
"""The code of the notice that says so."""
MIN_WINDOWS = 2.0
"""Less sound than so many windows says nothing about how a song varies."""


def sound_share(windows: Windows, floor_db: float, n_pitches: int = 0) -> FloatArray:
    """Give each window's weight (n_windows,) in [0, 1]: 0 in silence, less than 1 where repeated.

    `floor_db` is the front end's value of digital silence. Its last `n_pitches` rows do not count:
    their longer frames hear what is beyond the window.
    """
    bands = windows.values[:, : windows.values.shape[1] - n_pitches]
    is_sound = bands.max(axis=(1, 2)) > floor_db + SILENT_ABOVE_FLOOR_DB
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


def uncertainty(
    timeline: Timeline,
    members: FloatArray | None = None,
    others: Sequence[tuple[Vocabulary, FloatArray]] = (),
) -> Uncertainty | None:
    """Give the standard errors of a song's values; None for less sound than two windows.

    `others` are further vocabularies with their scores (n_windows, n_tags). `members`
    (n_members, n_values) are the song's tags, valence, arousal and tags of `others` as each of
    several networks has them. Where there is no head of the plane, the place of each window is
    that of its tags.
    """
    weight = timeline.weight.astype(np.float64)
    shares = (weight if weight.any() else np.ones(len(weight))) / (weight.sum() or len(weight))
    n_windows = _n_without_overlap(timeline, shares)
    if n_windows < MIN_WINDOWS - 1e-6:  # two windows that touch are enough
        return None
    plane = timeline.valence_arousal
    if plane is None:
        plane = place(timeline.scores, timeline.vocabulary)
    further = [scores for _, scores in others]
    rows = np.concatenate([timeline.scores, plane, *further], axis=1, dtype=np.float64)
    variance = shares @ (rows - shares @ rows) ** 2
    squares = variance / (n_windows - 1)
    if members is not None and len(members) > 1:
        squares += members.var(axis=0, ddof=1, dtype=np.float64) / len(members)
    errors = np.sqrt(squares)
    n_tags = timeline.scores.shape[1]
    of_tags, of_plane, of_others = np.split(errors, [n_tags, n_tags + 2])
    in_order = np.concatenate([of_plane, of_tags, of_others])
    tags = {vocabulary.name: vocabulary.tags for vocabulary, _ in others}
    return Uncertainty.of_array(in_order, n_tags, tags)


def _n_without_overlap(timeline: Timeline, shares: npt.NDArray[np.float64]) -> float:
    """Give the number of windows that would tell as much if none shared sound with another."""
    starts = timeline.start_s
    window_s = float((timeline.end_s - starts).max())
    total = float(shares @ shares)
    for lag in range(1, len(starts)):
        common = np.clip(1 - (starts[lag:] - starts[:-lag]) / window_s, 0, 1)
        if not common.any():
            break
        total += 2 * float((shares[lag:] * shares[:-lag]) @ common)
    return 1 / total


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
