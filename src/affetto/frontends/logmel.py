"""A log-power mel spectrogram in NumPy.

Definition, our choice: frames as `frames` cuts and weights them; triangular filters of peak 1,
evenly spaced on the Slaney mel scale (linear to 1 kHz, logarithmic above; M. Slaney, "Auditory
Toolbox", 1998), sum the power; the value is 10 * log10(max(power, 1e-10)), in dB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affetto.core import FloatArray
from affetto.errors import BadConfig
from affetto.frontends.frames import (
    FLOOR_DB,
    HIGHEST,
    BlockStream,
    FilterBank,
    bins_hz,
    check_lengths,
    reach,
    to_db,
)

BLOCK_FRAMES = 64


@dataclass(frozen=True, slots=True)
class LogMelConfig:
    """Settings: lengths in samples, frequencies in Hz."""

    sample_rate: int = 22_050
    n_fft: int = 1024
    hop_length: int = 512
    n_mels: int = 96
    f_min_hz: float = 30.0
    f_max_hz: float = 8_000.0

    def __post_init__(self) -> None:
        check_lengths(self, {**HIGHEST, "n_mels": 1024})
        for name in ("f_min_hz", "f_max_hz"):
            value = getattr(self, name)
            if type(value) not in (int, float):
                raise BadConfig(f"{name} must be a number, not {value!r}")
        if not 0 <= self.f_min_hz < self.f_max_hz <= self.sample_rate / 2:
            raise BadConfig(
                f"f_min_hz {self.f_min_hz} and f_max_hz {self.f_max_hz} must rise and stay "
                f"below half the sample rate, {self.sample_rate / 2}"
            )


class LogMel:
    """The front end; see the module's text for the definition."""

    Config = LogMelConfig
    name = "logmel"
    revision = 1
    floor = FLOOR_DB

    def __init__(self, config: LogMelConfig | None = None) -> None:
        self.config = config or LogMelConfig()
        self.sample_rate = self.config.sample_rate
        self.hop_length = self.config.hop_length
        self.n_bins = self.config.n_mels
        self.n_pitches = 0
        self._bank = FilterBank(mel_filters(self.config))

    def frames(self) -> BlockStream:
        """Open a stream of samples."""
        return BlockStream(
            self.config.n_fft,
            self.hop_length,
            BLOCK_FRAMES,
            self._bank.n_bins_used,
            self.n_bins,
            self._bands_db,
        )

    def reach(self, first: int, last: int) -> tuple[int, int]:
        """Say what frames hang on; see `FrontEnd`."""
        return reach(self.config.n_fft, self.hop_length, first, last)

    def of_power(self, power: FloatArray) -> FloatArray:
        """Give the frames (n_mels, n_frames) of power spectra (n_fft // 2 + 1, n_frames)."""
        return self._bands_db(power.T.astype(np.float32)).T

    def _bands_db(self, power: FloatArray) -> FloatArray:
        return to_db(self._bank.apply(power))


def hz_to_mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Slaney's scale: 3 mel for each 200 Hz up to 1 kHz, then 27 mel for a factor of 6.4."""
    hz = np.asarray(hz, np.float64)
    logarithmic = 15 + np.log(np.maximum(hz, 1e-9) / 1000) / (np.log(6.4) / 27)
    return np.where(hz < 1000, hz * 3 / 200, logarithmic)


def mel_to_hz(mel: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Invert `hz_to_mel`."""
    mel = np.asarray(mel, np.float64)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def mel_filters(config: LogMelConfig) -> FloatArray:
    """Give the triangular filters (n_mels, n_fft // 2 + 1) of peak 1."""
    edges_hz = mel_to_hz(
        np.linspace(hz_to_mel(config.f_min_hz), hz_to_mel(config.f_max_hz), config.n_mels + 2)
    )
    hz = bins_hz(config.n_fft, config.sample_rate)
    low, center, high = (edges_hz[i : i + config.n_mels, None] for i in range(3))
    rising = (hz - low) / (center - low)
    falling = (high - hz) / (high - center)
    filters: FloatArray = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    if not filters.any(axis=1).all():
        raise BadConfig(
            f"{config.n_mels} mel bands are too many for n_fft {config.n_fft}: "
            "some hold no frequency bin",
            "take fewer bands or a longer n_fft",
        )
    return filters
