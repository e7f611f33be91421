"""Does a bundle still say what it said? Scores of a synthetic signal, kept beside the weights.

The signal is made of numbers alone: ten seconds of decaying chords over a little noise, so that
every band and every layer has something to do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from affetto.audio import display
from affetto.bundles.bundle import EXPECTED, Bundle
from affetto.core import FloatArray, Waveform
from affetto.errors import BundleInvalid
from affetto.frontends import FrontEnd, spectrogram
from affetto.models.outputs import largest_difference
from affetto.windows import cut

TOLERANCE = 1e-4
INT8_TOLERANCE = 5e-3  # a value between two steps may be rounded to either
INT8_DIFFERENCE = 0.25  # of a network in int8 from itself in float32, on this signal
SIGNAL = "chords-1"
DURATION_S = 10.0


def check_signal(sample_rate: int) -> Waveform:
    """Give the signal: 10 s at `sample_rate` Hz."""
    times_s = np.arange(round(DURATION_S * sample_rate)) / sample_rate
    since_s = times_s % 1.25  # a chord is struck every 1.25 s
    number = (times_s // 1.25).astype(np.int64)
    root_hz = 110.0 * 2 ** (np.asarray([0, 5, 7, 3, 8, 10, 7, 0])[number % 8] / 12)
    samples = np.zeros(len(times_s))
    for ratio, level in ((1, 1.0), (1.5, 0.6), (2, 0.5), (2.52, 0.4), (4, 0.25), (7.1, 0.1)):
        samples += level * np.sin(2 * np.pi * ratio * root_hz * since_s)
    samples *= 0.2 * np.exp(-2.5 * since_s) * (1 + times_s / DURATION_S)
    samples += 0.003 * np.random.default_rng(7).standard_normal(len(times_s))
    return Waveform(samples.astype(np.float32), sample_rate)


def check_windows(front_end: FrontEnd, window_s: float, hop_s: float) -> FloatArray:
    """Give the signal's windows (n_windows, n_bins, n_frames)."""
    whole = spectrogram(front_end, check_signal(front_end.sample_rate))
    return cut(whole, window_s, hop_s).values


def expected_text(outputs: Mapping[str, FloatArray]) -> str:
    """Give the text of `expected.json` for the network's outputs on the signal's windows."""
    heads = {
        name: [[round(float(value), 6) for value in row] for row in values]
        for name, values in outputs.items()
    }
    return json.dumps({"signal": SIGNAL, "outputs": heads}) + "\n"


def tolerance(bundle: Bundle) -> float:
    """Say by how much a bundle may differ from what is written down, which ONNX Runtime said."""
    if bundle.precision == "float32":
        return TOLERANCE
    return INT8_TOLERANCE if bundle.runtime_name == "onnx" else INT8_DIFFERENCE


def check(bundle: Bundle) -> float:
    """Score the signal again; give the largest difference from what is written down.

    Raises: BundleInvalid when it exceeds `tolerance` or `expected.json` is of another kind.
    """
    allowed = tolerance(bundle)
    path = bundle.folder / EXPECTED
    try:
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if plain["signal"] != SIGNAL:
            raise ValueError(f"signal {plain['signal']!r} is unknown")
        expected = {name: np.asarray(rows, np.float32) for name, rows in plain["outputs"].items()}
        windows = check_windows(bundle.front_end, bundle.window_s, bundle.hop_s)
        found = bundle.score(windows)
        difference = largest_difference(found, expected)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleInvalid(
            f"{display(path)} cannot be used ({display(str(error))[:300]})", "get the bundle again"
        ) from error
    if not difference <= allowed:  # also for NaN
        raise BundleInvalid(
            f"bundle {bundle.title} scores its test signal differently from what was written "
            f"down: by {difference:.2g}, at most {allowed:g} is expected",
            "get the bundle again, or another version of onnxruntime",
        )
    return difference
