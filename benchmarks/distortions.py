"""What happens to music on its way to a listener, and leaves its mood alone.

Each change takes samples (n_frames, n_channels) float32 and their rate, and gives both anew.
Nothing is clipped: levels above 1 are kept, as floats keep them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import av
import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.float32]
Sound = tuple[Samples, int]
"""Samples (n_frames, n_channels) and their rate in Hz."""

GAIN_DB = 12.0
MP3_BIT_RATE = 64_000
MP3_RATE_HZ = 44_100  # as FFmpeg leaves it: the bits do not reach the upper bands, which get holes
MP3_LOW_RATE_HZ = 24_000  # as the program lame chooses at this bit rate
LOW_RATE_HZ = 22_050
CUT_S = 30.0
NOISE_DB = -50.0


def gain(sound: Sound, db: float) -> Sound:
    samples, rate = sound
    return np.asarray(samples * np.float32(10 ** (db / 20))), rate


def mp3(sound: Sound, rate_hz: int) -> Sound:
    """Encode with LAME at 64 kbit/s, in the channels that are there, and decode again."""
    samples, rate = resampled(sound, rate_hz)
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp3") as output:
        track = output.add_stream("libmp3lame", rate=rate)
        track.layout, track.bit_rate = layout, MP3_BIT_RATE
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, :2].reshape(1, -1)), "flt", layout
        )
        frame.sample_rate, frame.pts = rate, 0
        fitting = av.AudioResampler(track.format, track.layout, track.rate, track.frame_size)
        for part in (*fitting.resample(frame), *fitting.resample(None)):
            output.mux(track.encode(part))
        output.mux(track.encode(None))
    memory.seek(0)
    with av.open(memory) as source:
        parts = [part.to_ndarray() for part in source.decode(source.streams.audio[0])]
    return np.ascontiguousarray(np.concatenate(parts, axis=1).T, np.float32), rate


def mono(sound: Sound) -> Sound:
    """One channel, as a player's down-mix to 16 bits gives it."""
    samples, rate = sound
    mixed = samples.mean(axis=1, keepdims=True)
    return np.asarray(np.round(mixed * 32_768) / 32_768, np.float32), rate


def low_rate(sound: Sound) -> Sound:
    """Sampled at 22,050 Hz: nothing is left above 11 kHz."""
    return resampled(sound, LOW_RATE_HZ)


def middle_alone(sound: Sound) -> Sound:
    """The middle 30 s, as a shop's preview; half of what is shorter than a minute."""
    samples, rate = sound
    first, last = _middle(len(samples), rate)
    return samples[first:last], rate


def middle_gone(sound: Sound) -> Sound:
    """All but that."""
    samples, rate = sound
    first, last = _middle(len(samples), rate)
    return np.concatenate([samples[:first], samples[last:]]), rate


def noise(sound: Sound) -> Sound:
    """White noise 50 dB below the song's own level, another in each channel."""
    samples, rate = sound
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    drawn = np.random.default_rng(0).standard_normal(samples.shape, dtype=np.float32)
    return samples + drawn * np.float32(level * 10 ** (NOISE_DB / 20)), rate


def resampled(sound: Sound, rate: int) -> Sound:
    samples, own = sound
    return (samples, own) if own == rate else (soxr.resample(samples, own, rate), rate)


def _middle(n_frames: int, rate: int) -> tuple[int, int]:
    length = min(round(CUT_S * rate), n_frames // 2)
    first = (n_frames - length) // 2
    return first, first + length


CHANGES: Mapping[str, tuple[str, Callable[[Sound], Sound]]] = {
    "louder": ("12 dB louder", lambda sound: gain(sound, GAIN_DB)),
    "quieter": ("12 dB quieter", lambda sound: gain(sound, -GAIN_DB)),
    "mp3": ("MP3 64k, 44 kHz", lambda sound: mp3(sound, MP3_RATE_HZ)),
    "mp3_low_rate": ("MP3 64k, 24 kHz", lambda sound: mp3(sound, MP3_LOW_RATE_HZ)),
    "mono": ("mono, 16 bits", mono),
    "low_rate": ("22 kHz sampling", low_rate),
    "noise": ("noise at -50 dB", noise),
    "middle_alone": ("30 s alone", middle_alone),
    "middle_gone": ("30 s cut out", middle_gone),
}
