"""Bark loudness in NumPy: the level of the critical bands of hearing, and chroma on demand.

Definition, our choice, near to what the Echo Nest's analyses hold (`datasets.echonest`): frames
as `frames` cuts and weights them; the level of a band is 10 * log10 of the mean power of the
bins from its lower edge up to its upper one, in dB from -100 up. The edges are Zwicker's (E.
Zwicker, "Subdivision of the audible frequency range into critical bands", JASA 33, 1961); the
band in which half the sample rate falls ends there: 23 bands at 22,050 Hz.

Chroma, with `n_chroma` 12, are twelve further rows from C to B: the power of the bins between C4
and C8 that fall on a pitch class, a bin between two semitones being shared out between them,
divided by the strongest class of the frame. A share s in [0, 1] is written as -100 + 20 * s: so
silence is the floor in every row, and no row of chroma is ever loud enough to pass for sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affetto.core import FloatArray
from affetto.errors import BadConfig
from affetto.frontends.frames import (
    FLOOR_DB,
    POWER_FLOOR,
    BlockStream,
    FilterBank,
    bins_hz,
    check_lengths,
    reach,
    to_db,
)

EDGES_HZ = (
    0, 100, 200, 300, 400, 510, 630, 770, 920, 1_080, 1_270, 1_480, 1_720, 2_000, 2_320, 2_700,
    3_150, 3_700, 4_400, 5_300, 6_400, 7_700, 9_500, 12_000, 15_500,
)  # fmt: skip
CHROMA_SPAN = 20.0

# A block of 32 frames spans as much sound as one of 64 at the mel front end's hop.
BLOCK_FRAMES = 32
N_CLASSES = 12
_C4_HZ = 440 * 2 ** (-9 / 12)
_N_SEMITONES = 48  # up to C8, above which there is little but overtones


@dataclass(frozen=True, slots=True)
class BarkConfig:
    """Settings: lengths in samples; `n_chroma` is 0 or 12."""

    sample_rate: int = 22_050
    n_fft: int = 2048
    hop_length: int = 1024
    n_chroma: int = 0

    def __post_init__(self) -> None:
        check_lengths(self)
        if type(self.n_chroma) is not int or self.n_chroma not in (0, N_CLASSES):
            raise BadConfig(f"n_chroma must be 0 or {N_CLASSES}, not {self.n_chroma!r}")


class Bark:
    """The front end; see the module's text for the definition. Rows: bands, then chroma."""

    Config = BarkConfig
    name = "bark"
    revision = 1
    floor = FLOOR_DB

    def __init__(self, config: BarkConfig | None = None) -> None:
        self.config = config or BarkConfig()
        self.sample_rate = self.config.sample_rate
        self.hop_length = self.config.hop_length
        self._bands = FilterBank(band_filters(self.config))
        self._chroma = FilterBank(chroma_filters(self.config)) if self.config.n_chroma else None
        self.n_bands = self._bands.n_bands
        self.n_bins = self.n_bands + self.config.n_chroma
        self.n_pitches = 0

    def frames(self) -> BlockStream:
        """Open a stream of samples."""
        n_bins_used = self._bands.n_bins_used
        if self._chroma is not None:
            n_bins_used = max(n_bins_used, self._chroma.n_bins_used)
        return BlockStream(
            self.config.n_fft,
            self.hop_length,
            BLOCK_FRAMES,
            n_bins_used,
            self.n_bins,
            self._rows,
        )

    def reach(self, first: int, last: int) -> tuple[int, int]:
        """Say what frames hang on; see `FrontEnd`."""
        return reach(self.config.n_fft, self.hop_length, first, last)

    def of_power(self, power: FloatArray) -> FloatArray:
        """Give the frames (n_bins, n_frames) of power spectra (n_fft // 2 + 1, n_frames)."""
        return self._rows(power.T.astype(np.float32)).T

    def _rows(self, power: FloatArray) -> FloatArray:
        bands_db = to_db(self._bands.apply(power))
        if self._chroma is None:
            return bands_db
        return np.concatenate([bands_db, chroma_rows(self._chroma.apply(power))], axis=1)


def chroma_rows(energy: FloatArray) -> FloatArray:
    """Write the energy of pitch classes (n_frames, 12) as the front end does.

    The shares fade to 0 where the strongest class itself is below -100 dB.
    """
    strongest = np.maximum(energy.max(axis=1, keepdims=True), np.float32(POWER_FLOOR))
    rows: FloatArray = FLOOR_DB + np.float32(CHROMA_SPAN) * (energy / strongest)
    return rows


def band_filters(config: BarkConfig) -> FloatArray:
    """Give the filters (n_bands, n_fft // 2 + 1) that average the bins of a band.

    Raises: BadConfig when a band holds no bin.
    """
    hz = bins_hz(config.n_fft, config.sample_rate)
    half_rate_hz = config.sample_rate / 2
    lower = [edge for edge in EDGES_HZ[:-1] if edge < half_rate_hz]
    upper = [min(edge, half_rate_hz) for edge in EDGES_HZ[1 : len(lower) + 1]]
    if upper[-1] == half_rate_hz:
        upper[-1] = np.inf  # half the rate has a bin of its own
    held = np.stack([(low <= hz) & (hz < high) for low, high in zip(lower, upper, strict=True)])
    n_held = held.sum(axis=1, keepdims=True)
    if not n_held.all():
        raise BadConfig(
            f"n_fft {config.n_fft} is too short at {config.sample_rate} Hz: "
            "a critical band holds no frequency bin",
            "take a longer n_fft",
        )
    filters: FloatArray = (held / n_held).astype(np.float32)
    return filters


def chroma_filters(config: BarkConfig) -> FloatArray:
    """Give the filters (12, n_fft // 2 + 1) that sum the bins of a pitch class, C to B.

    Raises: BadConfig when the lowest semitones are closer than two bins, or the sample rate is
    too low for the highest.
    """
    hz = bins_hz(config.n_fft, config.sample_rate)
    semitone_hz = _C4_HZ * (2 ** (1 / 12) - 1)  # 15.6 Hz
    if hz[1] > semitone_hz or hz[-1] < _C4_HZ * 2 ** (_N_SEMITONES / 12):
        raise BadConfig(
            f"n_fft {config.n_fft} at {config.sample_rate} Hz does not tell the semitones from "
            "C4 to C8 apart",
            f"take a longer n_fft, {np.ceil(config.sample_rate / semitone_hz):.0f} at least, "
            "and a rate of at least 8,400 Hz",
        )
    pitch = N_CLASSES * np.log2(np.maximum(hz, 1.0) / _C4_HZ)  # in semitones above C4
    is_held = (pitch >= -0.5) & (pitch < _N_SEMITONES + 0.5)
    away = np.abs((pitch - np.arange(N_CLASSES)[:, None] + 6) % N_CLASSES - 6)
    filters: FloatArray = (np.maximum(0, 1 - away) * is_held).astype(np.float32)
    return filters
