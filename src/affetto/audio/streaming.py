"""From a source to mono blocks at the wanted rate, with the book-keeping at the end."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from affetto.audio.decoders import Damage, Decoder, SamplesDecoder, checked_rate, open_decoder
from affetto.audio.source import Source, open_source
from affetto.closing import Closing
from affetto.core import FloatArray, Notice, Waveform
from affetto.errors import AudioEmpty, AudioUnreadable, BadConfig

AudioSource = str | os.PathLike[str] | BinaryIO | tuple[npt.NDArray[Any], int]

MIN_DURATION_S = 0.5
SHORT_DURATION_S = 3.0
SILENT_PEAK = 1e-4  # -80 dBFS
PHASE_LOSS_DB = 12.0

_BLOCK_SAMPLES = 1 << 16  # of all channels: 256 kB, which the processor's cache holds
_POWER_STEP = 16  # every 16th frame is enough to compare powers


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What is known of a sound after its last block.

    `sample_rate` (Hz) and `n_channels` are the file's own. `audio_sha256` hashes the decoded
    float32 samples of all channels, so it stays the same when tags are written.
    """

    duration_s: float
    sample_rate: int
    n_channels: int
    audio_sha256: str
    notices: tuple[Notice, ...] = ()


def stream(source: AudioSource, sample_rate: int) -> AudioStream:
    """Open a source as blocks of mono sound at `sample_rate` Hz; use it in a `with` block.

    `source` is a path, a binary file object (read from its beginning), or (samples,
    sample_rate) with samples (n,) or (n, n_channels), integers scaled to [-1, 1).
    Raises: AudioNotFound, AudioUnreadable, AudioEmpty, BadConfig; some only with the last block.
    """
    return AudioStream(source, sample_rate)


def read(source: AudioSource, sample_rate: int) -> tuple[Waveform, AudioInfo]:
    """Give a whole source as one Waveform: the blocks of `stream`, joined.

    Raises: as `stream`.
    """
    with stream(source, sample_rate) as blocks:
        parts = [block.samples for block in blocks]
        return Waveform(np.concatenate(parts), blocks.sample_rate), blocks.info


class AudioStream(Closing):
    """An iterator over Waveform blocks, and a context manager that closes the file.

    `expected_duration_s` is what the header says, or None; `info` is there after the last block.
    """

    def __init__(
        self, source: AudioSource, sample_rate: int, *, _block_samples: int = _BLOCK_SAMPLES
    ) -> None:
        self.sample_rate = checked_rate(sample_rate)
        self._source: Source | None = None
        self._block_samples = _block_samples
        self._info: AudioInfo | None = None
        if isinstance(source, tuple):
            if len(source) != 2:
                raise BadConfig("a tuple as a source of sound must be (samples, sample_rate)")
            self._decoder: Decoder = SamplesDecoder(*source)
        else:
            self._source = open_source(source)
            try:
                self._decoder = open_decoder(self._source)
            except BaseException:
                self._source.close()
                raise
        self.expected_duration_s: float | None = self._decoder.duration_s
        self._blocks = self._run()

    @property
    def info(self) -> AudioInfo:
        """What is known after the last block. Raises BadConfig before."""
        if self._info is None:
            raise BadConfig("a stream's info is known after its last block", "read it to the end")
        return self._info

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._blocks.close()
        self._decoder.close()
        if self._source is not None:
            self._source.close()

    def __iter__(self) -> Iterator[Waveform]:
        return self._blocks

    def __next__(self) -> Waveform:
        return next(self._blocks)

    def _run(self) -> Generator[Waveform, None, None]:
        tally = _Tally()
        resampler: Any = None
        n_given = 0
        for block in self._decoder.blocks(self._block_samples):
            mono = tally.add(block)
            if resampler is None:
                resampler = make_resampler(self._decoder.sample_rate, self.sample_rate)
            samples = resampler.resample_chunk(mono)
            if len(samples):
                yield self._waveform(samples, n_given)
                n_given += len(samples)
        if resampler is not None:
            samples = resampler.resample_chunk(np.zeros(0, np.float32), last=True)
            if len(samples):
                yield self._waveform(samples, n_given)
        decoder = self._decoder
        self._info = tally.close(decoder.name, decoder.sample_rate, decoder.damage)

    def _waveform(self, samples: FloatArray, n_before: int) -> Waveform:
        return Waveform(samples, self.sample_rate, start_s=n_before / self.sample_rate)


class _SameRate:
    """Stands in for a resampler where there is nothing to resample."""

    def resample_chunk(self, samples: FloatArray, last: bool = False) -> FloatArray:
        return samples


def make_resampler(from_hz: int, to_hz: int) -> Any:
    """Give what turns sound of one rate into sound of another as it comes.

    Its `resample_chunk(samples, last=False)` takes (n,) float32 and gives what is ready.
    """
    if from_hz == to_hz:
        return _SameRate()
    import soxr

    return soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")


class _Tally:
    """Mixes blocks down, and keeps what is to be said about the whole at its end."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._n_channels = 0
        self._n_frames = 0
        self._n_replaced = 0
        self._mono_peak = self._channel_peak = 0.0
        self._mono_power = self._channel_power = 0.0

    def add(self, block: FloatArray) -> FloatArray:
        """Take a block (n_frames, n_channels) and give its mix (n_frames,), free of NaN."""
        self._hash.update(block.data)
        self._n_channels = block.shape[1]
        mono = _mixed(block)
        peak = _peak(mono)
        if not peak <= _MAX_SAMPLE:  # a NaN compares as False
            block, n_replaced = _repaired(block)
            self._n_replaced += n_replaced
            mono = _mixed(block)
            peak = _peak(mono)
        self._mono_peak = max(self._mono_peak, peak)
        if self._mono_peak < SILENT_PEAK:  # else nobody asks for the channels' own peak
            self._channel_peak = max(self._channel_peak, _peak(block))
        if self._n_channels > 1:
            self._add_powers(block, mono)
        self._n_frames += len(mono)
        return mono

    def _add_powers(self, block: FloatArray, mono: FloatArray) -> None:
        first = -self._n_frames % _POWER_STEP  # the same frames whatever the block size
        self._mono_power += float(np.square(mono[first::_POWER_STEP], dtype=np.float64).sum())
        channels = np.square(block[first::_POWER_STEP], dtype=np.float64)
        self._channel_power += float(channels.sum()) / self._n_channels

    def close(self, name: str, sample_rate: int, damage: Damage) -> AudioInfo:
        """Give what is known about the whole.

        Raises: AudioEmpty for silence and too little sound; AudioUnreadable if most samples
        are not numbers.
        """
        duration_s = self._n_frames / sample_rate
        self._check(name, duration_s)
        notices = [
            *_damage_notices(damage, duration_s),
            *self._sample_notices(),
            *_duration_notices(duration_s),
        ]
        digest = self._hash.hexdigest()
        return AudioInfo(duration_s, sample_rate, self._n_channels, digest, tuple(notices))

    def _check(self, name: str, duration_s: float) -> None:
        if not self._n_frames:
            raise AudioEmpty(f"{name}: there is no sound in this file", "get the file again")
        if self._n_replaced * 2 > self._n_frames:
            raise AudioUnreadable(
                f"{name}: most samples are not numbers ({self._n_replaced:,} of "
                f"{self._n_frames:,})",
                "export the file again",
            )
        if duration_s < MIN_DURATION_S:
            raise AudioEmpty(
                f"{name}: only {_seconds(duration_s)} of sound; "
                f"at least {MIN_DURATION_S} s is needed",
                "give a longer piece",
            )
        if self._mono_peak < SILENT_PEAK and self._channel_peak >= SILENT_PEAK:
            raise AudioEmpty(
                f"{name}: the channels cancel each other (opposite phase), so their mix is silent",
                "turn the polarity of one channel",
            )
        if self._mono_peak < SILENT_PEAK:
            raise AudioEmpty(f"{name}: the whole file is silent", "there is nothing to score")

    def _sample_notices(self) -> Iterator[Notice]:
        if self._n_replaced:
            yield Notice(
                "non-finite",
                f"{_counted(self._n_replaced, 'sample')} that are not numbers, or absurdly large, "
                "were taken as silence",
            )
        if self._channel_power > 0:
            share = self._mono_power / self._channel_power
            loss_db = math.inf if share <= 0 else -10 * math.log10(share)
            # Unrelated channels lose 10 log10(n) dB: more than the limit where n is large.
            limit_db = max(PHASE_LOSS_DB, 10 * math.log10(self._n_channels) + 3)
            if loss_db >= limit_db:
                yield Notice(
                    "phase",
                    f"the channels largely cancel each other (opposite phase): their mix is "
                    f"{min(loss_db, 99):.0f} dB weaker than they are",
                )


_MAX_SAMPLE = 1e9  # 180 dB over full scale: whatever this is, it is not sound


def _mixed(block: FloatArray) -> FloatArray:
    """Give the mean of the channels; adding columns is 17 times as fast as mean(axis=1)."""
    n_channels = block.shape[1]
    if n_channels == 1:
        return block[:, 0].copy()
    with np.errstate(all="ignore"):  # what is not finite is looked at afterwards
        mono: FloatArray = block[:, 0] + block[:, 1]
        for channel in range(2, n_channels):
            mono += block[:, channel]
        mono *= np.float32(1 / n_channels)
    return mono


def _peak(samples: FloatArray) -> float:
    """Give the largest magnitude; NaN if there is one in it."""
    return float(np.maximum(samples.max(), -samples.min())) if samples.size else 0.0


def _repaired(block: FloatArray) -> tuple[FloatArray, int]:
    """Put silence for what is no sample; give the number of frames where that was needed."""
    is_sample = np.abs(block) <= np.float32(_MAX_SAMPLE)
    n_replaced = len(block) - int(np.count_nonzero(is_sample.all(axis=1)))
    return np.where(is_sample, block, np.float32(0)), n_replaced


def _damage_notices(damage: Damage, duration_s: float) -> Iterator[Notice]:
    if damage.rate_changes:
        yield Notice(
            "cut-short",
            f"the sample rate changes after {_seconds(duration_s)}; only that part is used",
        )
    elif damage.is_cut:
        known = damage.duration_s is not None and damage.duration_s > duration_s
        of_whole = f" of {_seconds(damage.duration_s)}" if known else ""  # type: ignore[arg-type]
        yield Notice(
            "cut-short",
            f"the file ends after {_seconds(duration_s)}{of_whole}; its last part is missing",
        )
    if damage.n_parts:
        parts = _counted(damage.n_parts, "damaged part")
        yield Notice("damaged", f"{parts} of the file {_was(damage.n_parts)} skipped")


def _duration_notices(duration_s: float) -> Iterator[Notice]:
    if duration_s < SHORT_DURATION_S:
        yield Notice("short", f"only {_seconds(duration_s)} of sound, so the scores are a guess")


def _seconds(duration_s: float) -> str:
    if duration_s >= 1:
        return f"{duration_s:.1f} s"
    return f"{duration_s:.2f} s" if duration_s >= 0.01 else "less than 0.01 s"


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _was(n: int) -> str:
    return "was" if n == 1 else "were"
