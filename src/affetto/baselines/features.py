"""Statistics of a spectrogram: the hand-made features that the classic methods learn from.

They describe a stretch of sound band by band: how strong the band is (mean, percentiles), how
much it varies (deviation) and how fast (deltas). Bands may be anything with a row: mel or Bark
bands, chroma, loudness. Values are taken as they are, so give decibels or another log scale.

The choice of statistics is ours, after the usual practice of the field: Tzanetakis, Cook,
"Musical genre classification of audio signals", IEEE Transactions on Speech and Audio
Processing 10, 2002 (means and variances of a texture window).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from affetto.baselines.base import Float64Array, demand
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


MODULATION_HZ = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""The edges of the octaves in which a level is looked at as it rises and falls."""
N_BAND_GROUPS = 4
SLOWEST_BEAT_S, FASTEST_BEAT_S = 1.5, 0.25


def dynamics(values: npt.ArrayLike, frame_hz: float) -> FloatArray:
    """Give how loud the sound is, how it swells, and how regular its beat is: (36,).

    Shapes: values (n_bins, n_frames) in dB, `frame_hz` frames in a second. In their order:

    - loudness, the level of the bands' mean power: mean, deviation, 10th and 90th percentile,
      and its trend in dB a second (5);
    - modulation: the deviation in dB, in each octave of MODULATION_HZ, of the loudness and of the
      mean level of four groups of neighboring bands (25). Slow ones are phrases, those of 1 to 4
      Hz beats, fast ones trills and roughness;
    - onsets, the mean rise of the bands from frame to frame: mean, deviation, peaks in a second
      (3); their highest autocorrelation at lags of a beat, and that lag in seconds (2);
    - the share of frames that are 20 dB below the loudest (1).

    Source: our choice, after Tzanetakis and Cook (beat histogram) and L. Lu, D. Liu, H.-J. Zhang,
    "Automatic mood detection and tracking of music audio signals", IEEE Transactions on Audio,
    Speech and Language Processing 14, 2006 (intensity, rhythm). Raises: BadConfig as `summary`.
    """
    array = np.asarray(values, dtype=np.float64)
    demand(
        array.ndim == 2 and array.size > 0,
        f"values must be (n_bins, n_frames) with a frame, not of shape {array.shape}",
    )
    demand(bool(np.isfinite(array).all()), "values hold one that is not finite")
    loudness = 10 * np.log10(np.mean(10 ** (array / 10), axis=0))
    groups = [part.mean(axis=0) for part in np.array_split(array, N_BAND_GROUPS) if len(part)]
    groups += [np.zeros(array.shape[1])] * (N_BAND_GROUPS - len(groups))
    parts: list[npt.ArrayLike] = [
        [loudness.mean(), loudness.std(), *np.percentile(loudness, (10, 90))],
        [_trend(loudness) * frame_hz],
        *(_modulation(envelope, frame_hz) for envelope in (loudness, *groups)),
        _onsets(array, frame_hz),
        [float(np.mean(loudness < loudness.max() - 20))],
    ]
    return np.concatenate(parts).astype(np.float32)


def _trend(envelope: Float64Array) -> float:
    """Give the slope of the line of least squares, a frame."""
    if len(envelope) < 2:
        return 0.0
    places = np.arange(len(envelope)) - (len(envelope) - 1) / 2
    return float(places @ envelope / (places @ places))


def _modulation(envelope: Float64Array, frame_hz: float) -> Float64Array:
    """Give the deviation of an envelope in each octave, by Parseval under a Hann window."""
    window = np.hanning(len(envelope) + 2)[1:-1]
    weighted = (envelope - envelope @ window / window.sum()) * window
    power = 2 * np.abs(np.fft.rfft(weighted)) ** 2 / (len(envelope) * (window @ window))
    rates_hz = np.fft.rfftfreq(len(envelope), 1 / frame_hz)
    edges = np.searchsorted(rates_hz, MODULATION_HZ)
    octaves = [power[low:high].sum() for low, high in pairwise(edges)]
    deviations: Float64Array = np.sqrt(np.asarray(octaves))
    return deviations


def _onsets(array: Float64Array, frame_hz: float) -> Float64Array:
    """Give mean, deviation and rate of onsets, the strength of their beat and its period."""
    if array.shape[1] < 2:
        return np.zeros(5)
    rise = np.maximum(np.diff(array, axis=1), 0).mean(axis=0)
    inner = rise[1:-1]
    is_peak = (inner > rise[:-2]) & (inner >= rise[2:]) & (inner > rise.mean() + rise.std())
    rate = is_peak.sum() * frame_hz / len(rise)
    centered = rise - rise.mean()
    first, last = round(FASTEST_BEAT_S * frame_hz), round(SLOWEST_BEAT_S * frame_hz)
    lags = np.arange(max(1, first), min(last, len(rise) - 1) + 1)
    energy = centered @ centered
    if not len(lags) or energy == 0:
        return np.asarray([rise.mean(), rise.std(), rate, 0.0, 0.0])
    strength = np.asarray([centered[lag:] @ centered[:-lag] for lag in lags]) / energy
    best = int(strength.argmax())
    return np.asarray([rise.mean(), rise.std(), rate, strength[best], lags[best] / frame_hz])
