"""The hand-made features of an example, from the very spectrograms that the networks see.

    segment    statistics of each row of the example's spectrogram, and its dynamics
    scales     the same at three scales: the example, what is around it, the whole recording
    averages   the mean of each row
    mulan      Mulan's 68 features of the song, where the examples are songs

A set is (n_features,) for each example. With `scales` a baseline hears as much as any network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from affetto import datasets
from affetto.baselines.features import dynamics, summary
from affetto.core import Example, FloatArray, Spectrogram
from affetto.datasets import cal500, mulan
from affetto.datasets.base import section_of
from affetto.frontends import FrontEnd

SEGMENT, SCALES, AVERAGES, MULAN = "segment", "scales", "averages", "mulan"


def describe(
    whole: Spectrogram, examples: Sequence[Example], front_end: FrontEnd, around_s: float
) -> Iterator[dict[str, FloatArray]]:
    """Give the feature sets of each example of a recording; `scales` only with `around_s` > 0."""
    of_recording = _features(whole, front_end) if around_s > 0 else None
    for example in examples:
        own = _features(section_of(whole, example), front_end)
        found = {SEGMENT: own, AVERAGES: own[: whole.n_bins]}
        if of_recording is not None and example.interval is not None:
            around = _features(section_of(whole, example, around_s), front_end)
            found[SCALES] = np.concatenate([own, around, of_recording])
        yield found


def mulan_features(root: Path | None, songs: tuple[str, ...]) -> FloatArray:
    """Give Mulan's features of songs (n_songs, 68). Raises: DatasetMissing, DatasetInvalid."""
    base = datasets.data_root(root) / "cal500"
    _, values = mulan.features(base)
    rows = {song: row for row, song in enumerate(cal500.song_names(base))}
    return values[[rows[song] for song in songs]]


def _features(part: Spectrogram, front_end: FrontEnd) -> FloatArray:
    n_bands = getattr(front_end, "n_bands", front_end.n_bins)  # chroma has no loudness
    frame_hz = part.sample_rate / part.hop_length
    return np.concatenate([summary(part.values), dynamics(part.values[:n_bands], frame_hz)])
