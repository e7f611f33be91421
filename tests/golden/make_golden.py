"""Make the golden files: run `python -m tests.golden.make_golden` after a change that is meant.

A front end's golden file holds what it gave for a fixed sound. Numbers that change without a
new revision are refused: caches and bundles would take them for the old ones.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from affetto.core import FloatArray, Waveform
from affetto.files import atomic_write
from affetto.frontends import FRONT_ENDS, FrontEnd, build, describe, fingerprint, spectrogram

FOLDER = Path(__file__).parent
TOLERANCE_DB = 0.005
"""More than processors and FFT libraries differ by, less than any change that is meant."""


def golden_sound(sample_rate: int) -> Waveform:
    """Give 0.7 s: a loud tone that climbs, a click in it, noise that fades, silence at the end."""
    times_s = np.arange(round(0.7 * sample_rate)) / sample_rate
    climbing = np.sin(2 * np.pi * (300 * times_s + 4_000 * times_s**2))
    noise = np.random.default_rng(11).uniform(-0.3, 0.3, len(times_s))
    samples = 0.6 * climbing + noise * 10 ** (-4 * times_s)
    samples[len(samples) // 3] += 0.9
    samples[len(samples) * 4 // 5 :] = 0
    return Waveform(samples.astype(np.float32), sample_rate)


def front_end_path(name: str) -> Path:
    return FOLDER / f"front-end-{name}.npz"


def values_of(front_end: FrontEnd) -> FloatArray:
    return spectrogram(front_end, golden_sound(front_end.sample_rate)).values


def make_front_end(name: str) -> None:
    """Write a front end's golden file; refuse other numbers under the same fingerprint."""
    front_end, path = build(name, {}), front_end_path(name)
    values, key = values_of(front_end), fingerprint(front_end)
    if path.exists():
        with np.load(path) as golden:
            if str(golden["fingerprint"]) == key and not is_close(values, golden["values"]):
                revision = describe(front_end)["revision"]
                raise SystemExit(f"{name}: the numbers changed; raise its revision, {revision}")
    with atomic_write(path, "wb") as file:
        np.savez_compressed(file, values=values, fingerprint=np.array(key))


def is_close(values: FloatArray, golden: FloatArray) -> bool:
    """Say whether values in dB are those of the golden file, but for rounding."""
    return values.shape == golden.shape and bool(np.abs(values - golden).max() <= TOLERANCE_DB)


if __name__ == "__main__":
    for name in FRONT_ENDS.names():
        make_front_end(name)
