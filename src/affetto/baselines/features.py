"""Statistics of a spectrogram: the hand-made features that the classic methods learn from.

They describe a stretch of sound band by band: how strong the band is (mean, percentiles), how
much it varies (deviation) and how fast (deltas). Bands may be anything with a row: mel or Bark
bands, chroma, loudness. Values are taken as they are, so give decibels or another log scale.

The choice of statistics is ours, after the usual practice of the field: Tzanetakis, Cook,
"Musical genre classification of audio signals", IEEE Transactions on Speech and Audio
Processing 10, 2002 (means and variances of a texture window).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from affetto.baselines.base import demand
from affetto.core import FloatArray

STATISTICS = ("mean", "deviation", "p10", "p50", "p90", "delta_mean", "delta_deviation")


def summary(values: npt.ArrayLike) -> FloatArray:
    """Give each band's statistics over time, statistic by statistic in the order of STATISTICS.

    Shapes: values (n_bins, n_frames) -> (7 * n_bins,), the first n_bins of which are the
    averages. Deltas are differences between neighboring frames: `delta_mean` is the mean of
    their sizes (that of the differences themselves would tell the two outermost frames apart
    and nothing else), `delta_deviation` the deviation of the differences. One frame alone has
    deltas of 0. Raises: BadConfig for another shape, no frame, or a value that is not finite.

    >>> summary([[0.0, 2.0, 1.0]]).tolist()[:4]
    [1.0, 0.8164966106414795, 0.20000000298023224, 1.0]
    """
    array = np.asarray(values, dtype=np.float64)
    demand(
        array.ndim == 2 and array.size > 0,
        f"values must be (n_bins, n_frames) with a frame, not of shape {array.shape}",
    )
    demand(bool(np.isfinite(array).all()), "values hold one that is not finite")
    deltas = np.diff(array, axis=1) if array.shape[1] > 1 else np.zeros((len(array), 1))
    statistics = [
        array.mean(axis=1),
        array.std(axis=1),
        *np.percentile(array, (10, 50, 90), axis=1),
        np.abs(deltas).mean(axis=1),
        deltas.std(axis=1),
    ]
    return np.concatenate(statistics).astype(np.float32)


def names(n_bins: int) -> tuple[str, ...]:
    """Name the features of `summary`, such as `delta_mean_07`; bands count from 0."""
    width = max(2, len(str(n_bins - 1)))
    return tuple(
        f"{statistic}_{band:0{width}}" for statistic in STATISTICS for band in range(n_bins)
    )
