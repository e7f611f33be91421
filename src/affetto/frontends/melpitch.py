"""Log-power mel bands, and below them the levels of single pitches, which mel bands do not tell.

Mel bands are wider than a semitone below 1 kHz, so major and minor, which valence hangs on, look
the same in them. Definition, our choice: first the rows of `logmel`; then `n_octaves` octaves from
`pitch_min_hz` up, `bins_per_semitone` rows to each of their semitones. A row's level is the mean
power of the frequency bins around its pitch, in dB from -100 up, weighted by a triangle over the
logarithm of frequency that reaches to the neighboring rows, or by `_LEAST_BINS` bins where these
lie closer. Such frames need `n_fft_pitch` samples and change slowly: there is one for `hold`
frames of mel bands, and the same stands in all of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affetto.core import FloatArray
from affetto.errors import BadConfig
from affetto.frontends.frames import (
    FLOOR_DB,
    HIGHEST,
    BlockStream,
    FilterBank,
    bins_hz,
    reach,
    to_db,
)
from affetto.frontends.logmel import BLOCK_FRAMES, LogMel, LogMelConfig

SEMITONES = 12
_LEAST_BINS = 1.2


@dataclass(frozen=True, slots=True)
class MelPitchConfig(LogMelConfig):
    """Settings of `logmel`, and those of the pitches: see the module's text."""

    n_fft_pitch: int = 8192
    hold: int = 8
    pitch_min_hz: float = 65.406  # C2
    n_octaves: int = 5
    bins_per_semitone: int = 3

    def __post_init__(self) -> None:
        LogMelConfig.__post_init__(self)
        limits = {
            "n_fft_pitch": HIGHEST["n_fft"],
            "hold": BLOCK_FRAMES,
            "n_octaves": 10,
            "bins_per_semitone": 8,
        }
        for name, limit in limits.items():
            value = getattr(self, name)
            if type(value) is not int or not 0 < value <= limit:
                raise BadConfig(f"{name} must be a whole number from 1 to {limit}, not {value!r}")
        if self.hold * self.hop_length > self.n_fft_pitch:
            raise BadConfig(
                f"hold {self.hold} of hop_length {self.hop_length} must not exceed "
                f"n_fft_pitch {self.n_fft_pitch}"
            )
        if type(self.pitch_min_hz) not in (int, float) or not self.pitch_min_hz > 0:
            raise BadConfig(f"pitch_min_hz must be a number above 0, not {self.pitch_min_hz!r}")
        if self.pitch_min_hz * 2**self.n_octaves > self.sample_rate / 2:
            raise BadConfig(
                f"{self.n_octaves} octaves from {self.pitch_min_hz} Hz up must stay below half "
                f"the sample rate, {self.sample_rate / 2}"
            )

    @property
    def n_pitches(self) -> int:
        """How many rows of pitches there are."""
        return self.n_octaves * SEMITONES * self.bins_per_semitone


class MelPitch:
    """The front end; see the module's text for the definition. Rows: mel bands, then pitches."""

    Config = MelPitchConfig
    name = "mel_pitch"
    revision = 1
    floor = FLOOR_DB

    def __init__(self, config: MelPitchConfig | None = None) -> None:
        self.config = config or MelPitchConfig()
        self.sample_rate = self.config.sample_rate
        self.hop_length = self.config.hop_length
        self.n_pitches = self.config.n_pitches
        self.n_bins = self.config.n_mels + self.n_pitches
        self._mel = LogMel(self.config)
        self._pitches = FilterBank(pitch_filters(self.config))

    def frames(self) -> HeldStream:
        """Open a stream of samples."""
        config = self.config
        pitches = BlockStream(
            config.n_fft_pitch,
            config.hold * config.hop_length,
            BLOCK_FRAMES // config.hold,
            self._pitches.n_bins_used,
            self.n_pitches,
            lambda power: to_db(self._pitches.apply(power)),
        )
        return HeldStream(self._mel.frames(), pitches, config.hold)

    def reach(self, first: int, last: int) -> tuple[int, int]:
        """Say what frames hang on; see `FrontEnd`. A stream begins where a pitch's frame does."""
        config, hold = self.config, self.config.hold
        begin_mel, end_mel = self._mel.reach(first, last)
        begin, end = reach(config.n_fft_pitch, hold * self.hop_length, first // hold, last // hold)
        return min(begin * hold, begin_mel // hold * hold), max(end, end_mel)

    def of_power(self, power: FloatArray) -> FloatArray:
        """Give the mel bands (n_mels, n_frames) of power spectra (n_fft // 2 + 1, n_frames): all
        that spectra as short as these tell."""
        return self._mel.of_power(power)


class HeldStream:
    """Samples in, frames out: those of one stream above those of another, each of which stands
    for `hold` frames."""

    def __init__(self, upper: BlockStream, lower: BlockStream, hold: int) -> None:
        self._streams = upper, lower
        self._holds = 1, hold
        self._waiting: list[FloatArray] = [stream.push(_NONE) for stream in self._streams]

    def push(self, samples: FloatArray) -> FloatArray:
        """Take samples (n,) and give the frames (n_bins, n_frames) that they complete."""
        return self._joined([stream.push(samples) for stream in self._streams])

    def finish(self) -> FloatArray:
        """Give the frames that are left."""
        return self._joined([stream.finish() for stream in self._streams])

    def _joined(self, new: list[FloatArray]) -> FloatArray:
        rows = [
            np.concatenate([waiting, np.repeat(frames, hold, axis=1)], axis=1)
            for waiting, frames, hold in zip(self._waiting, new, self._holds, strict=True)
        ]
        n = min(part.shape[1] for part in rows)
        self._waiting = [part[:, n:].copy() for part in rows]
        return np.concatenate([part[:, :n] for part in rows])


_NONE: FloatArray = np.zeros(0, np.float32)


def pitch_filters(config: MelPitchConfig) -> FloatArray:
    """Give the filters (n_pitches, n_fft_pitch // 2 + 1) that average the bins of a pitch."""
    hz = bins_hz(config.n_fft_pitch, config.sample_rate)
    bins_per_octave = SEMITONES * config.bins_per_semitone
    rows = np.arange(config.n_pitches)[:, None]
    row_of_bin = bins_per_octave * np.log2(np.maximum(hz, hz[1]) / config.pitch_min_hz)
    center_hz = config.pitch_min_hz * 2 ** (rows / bins_per_octave)
    bin_in_rows = hz[1] * bins_per_octave / (center_hz * np.log(2))
    width = np.maximum(1.0, _LEAST_BINS * bin_in_rows)
    weights = np.maximum(0, 1 - np.abs(row_of_bin - rows) / width)
    filters: FloatArray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return filters
