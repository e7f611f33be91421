"""Sound cut into frames and turned into power in fixed blocks: what the front ends share.

Frame k is centered on sample k * hop_length of the zero-padded sound; it is weighted by a
periodic Hamming window, whose length is that of the FFT, and scaled so that a sine of amplitude
1 has power 1 at its bin.

Frames are computed in blocks of a fixed number, the last one padded with zeros: a matrix product
rounds differently for another number of rows, and a stream would not equal the whole. At 64
frames of 1024 samples a block stays in the processor's cache (4 minutes of sound take 0.04 s; at
256 it is 0.11 s, measured), and a stream with a hop of 512 runs 1.5 s behind its sound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.core import FloatArray
from affetto.errors import BadConfig

POWER_FLOOR = 1e-10
FLOOR_DB = -100.0  # 10 * log10(POWER_FLOOR)
TYPICAL_LEVEL_DB = -45.0
"""About the mean over bands and frames of log-mel music, where its level is not known."""

# Beyond any use, and small enough for the filter bank of a foreign bundle to fit into memory.
HIGHEST = {"sample_rate": 768_000, "n_fft": 1 << 15, "hop_length": 1 << 15}

_GROUP_BANDS = 16


def check_lengths(config: Any, highest: Mapping[str, int] = HIGHEST) -> None:
    """Check that settings are whole numbers from 1 up, and that frames leave no sound out.

    Raises: BadConfig.
    """
    for name, limit in highest.items():
        value = getattr(config, name)
        if type(value) is not int or not 0 < value <= limit:
            raise BadConfig(f"{name} must be a whole number from 1 to {limit}, not {value!r}")
    if not config.hop_length <= config.n_fft:
        raise BadConfig(f"hop_length {config.hop_length} must not exceed n_fft {config.n_fft}")


def reach(n_fft: int, hop_length: int, first: int, last: int) -> tuple[int, int]:
    """Give the frame from which on no sample before it reaches into frame `first`, and the end of
    the samples of frame `last`."""
    half = n_fft // 2
    return max(0, first - -(-half // hop_length)), last * hop_length + half


class BlockStream:
    """Samples in, frames out, in blocks of `block_frames`.

    `of_power` turns power (block_frames, n_bins_used), whose bins above are not computed, into
    what the front end gives, (block_frames, n_bins).
    """

    def __init__(
        self,
        n_fft: int,
        hop_length: int,
        block_frames: int,
        n_bins_used: int,
        n_bins: int,
        of_power: Callable[[FloatArray], FloatArray],
    ) -> None:
        self._n_fft = n_fft
        self._hop_length = hop_length
        self._block_frames = block_frames
        self._n_bins_used = n_bins_used
        self._n_bins = n_bins
        self._of_power = of_power
        self._window = hamming(n_fft)
        # What the next block begins with; frame 0 is centered on sample 0.
        self._rest: FloatArray = np.zeros(n_fft // 2, np.float32)
        self._n_samples = 0
        self._n_frames = 0
        self._block_samples = (block_frames - 1) * hop_length + n_fft

    def push(self, samples: FloatArray) -> FloatArray:
        """Take samples (n,) and give the frames (n_bins, n_frames) that they complete."""
        self._n_samples += len(samples)
        buffer = np.concatenate([self._rest, samples])
        step = self._block_frames * self._hop_length
        n_blocks = max(0, 1 + (len(buffer) - self._block_samples) // step)
        blocks = [self._block(buffer[i * step :]) for i in range(n_blocks)]
        self._rest = buffer[n_blocks * step :].copy()
        self._n_frames += n_blocks * self._block_frames
        return self._joined(blocks)

    def finish(self) -> FloatArray:
        """Give the frames that are left: 1 + n_samples // hop_length in all."""
        n_left = 1 + self._n_samples // self._hop_length - self._n_frames
        parts = []
        for first in range(0, n_left, self._block_frames):
            block = np.zeros(self._block_samples, np.float32)
            rest = self._rest[first * self._hop_length :][: self._block_samples]
            block[: len(rest)] = rest
            parts.append(self._block(block)[: n_left - first])
        return self._joined(parts)

    def _joined(self, blocks: list[FloatArray]) -> FloatArray:
        return np.concatenate([np.zeros((0, self._n_bins), np.float32), *blocks]).T

    def _block(self, samples: FloatArray) -> FloatArray:
        """Compute (block_frames, n_bins) from the first block_samples of `samples`."""
        frames = np.lib.stride_tricks.sliding_window_view(
            samples[: self._block_samples], self._n_fft
        )[:: self._hop_length]
        spectrum = np.fft.rfft(frames * self._window, axis=1)[:, : self._n_bins_used]
        power = np.square(spectrum.real)
        power += np.square(spectrum.imag)
        return self._of_power(power)


class FilterBank:
    """Filters (n_bands, n_bins), applied in groups of neighbors to the bins that they look at.

    A product with the whole matrix, nearly all zeros, is not only 15 times the work: it is
    large enough for BLAS to share it among threads, whose waiting for each other doubles the
    CPU time of the front end (measured).
    """

    def __init__(self, filters: FloatArray) -> None:
        self.n_bands = len(filters)
        self.n_bins_used = int(np.flatnonzero(filters.any(axis=0))[-1]) + 1
        self._groups: list[tuple[slice, slice, FloatArray]] = []
        for first in range(0, self.n_bands, _GROUP_BANDS):
            group = filters[first : first + _GROUP_BANDS]
            used = np.flatnonzero(group.any(axis=0))
            bins = slice(used[0], used[-1] + 1)
            weights = np.ascontiguousarray(group[:, bins].T)
            self._groups.append((slice(first, first + len(group)), bins, weights))

    def apply(self, power: FloatArray) -> FloatArray:
        """Sum power (n_frames, at least n_bins_used) to bands (n_frames, n_bands)."""
        summed = np.empty((len(power), self.n_bands), np.float32)
        for bands, bins, weights in self._groups:
            np.matmul(power[:, bins], weights, out=summed[:, bands])
        return summed


def to_db(power: FloatArray) -> FloatArray:
    """Give 10 * log10 of power, from -100 dB up; works in place."""
    np.maximum(power, POWER_FLOOR / 2, out=power)  # rounded: the floor itself may come out higher
    np.log10(power, out=power)
    power *= 10
    return np.maximum(power, FLOOR_DB, out=power)


def hamming(length: int) -> FloatArray:
    """Give a periodic Hamming window scaled so that a sine of amplitude 1 has power 1."""
    phase = 2 * np.pi * np.arange(length) / length
    window: npt.NDArray[np.float64] = 0.54 - 0.46 * np.cos(phase)
    return (window * (2 / float(window.sum()))).astype(np.float32)


def bins_hz(n_fft: int, sample_rate: int) -> npt.NDArray[np.float64]:
    """Give the frequencies (n_fft // 2 + 1,) of the bins."""
    return np.arange(n_fft // 2 + 1) * sample_rate / n_fft
