"""Sound that comes as it is played, scored window by window as soon as each is there.

It is the path of `prediction.py` with one difference: there frames are computed in blocks of a
fixed number, here those of a window are as soon as its sound is there, since a block may take a
second and more to fill. The sums then round in another order, and scores differ by some 1e-6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto import mood
from affetto.audio.claims import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ
from affetto.audio.streaming import make_resampler
from affetto.bundles import Bundle
from affetto.core import FloatArray, Timeline, Windows, quadrant_of
from affetto.errors import BadConfig
from affetto.windows import Cut

MIN_HOP_S = 0.1
SAMPLE_FORMATS: dict[str, np.dtype[Any]] = {
    "f32le": np.dtype("<f4"),
    "s16le": np.dtype("<i2"),
    "s32le": np.dtype("<i4"),
}
_MAX_SAMPLE = 1e9  # whatever is beyond is not sound


class Listener:
    """Samples in, scores of windows out.

    `sample_rate` is that of the samples in Hz; `hop_s` the distance of windows in seconds, by
    default the bundle's. The first window is there after `bundle.window_s` seconds.
    Raises: BadConfig.
    """

    def __init__(self, bundle: Bundle, sample_rate: int, hop_s: float | None = None) -> None:
        if not MIN_RATE_HZ <= sample_rate <= MAX_RATE_HZ:
            raise BadConfig(
                f"{sample_rate} Hz is no rate of sound", f"give {MIN_RATE_HZ} to {MAX_RATE_HZ:,} Hz"
            )
        hop_s = bundle.hop_s if hop_s is None else hop_s
        if not hop_s >= MIN_HOP_S:
            raise BadConfig(f"a hop of {hop_s} s is too short", f"give at least {MIN_HOP_S} s")
        front_end = bundle.front_end
        self._bundle = bundle
        self._cut = Cut.of_seconds(
            bundle.window_s, hop_s, front_end.hop_length / front_end.sample_rate
        )
        self._resampler = make_resampler(sample_rate, front_end.sample_rate)
        self._samples: FloatArray = np.zeros(0, np.float32)
        self._first = 0  # number of the first sample that is kept
        self._next = 0  # first frame of the next window

    @property
    def hop_s(self) -> float:
        """The distance of windows in seconds, in whole frames."""
        return self._cut.n_hop * self._cut.frame_s

    def push(self, samples: npt.NDArray[np.float32]) -> Timeline | None:
        """Take samples (n,) or (n, n_channels) and score the windows that they complete, if any.

        Raises: BadConfig for another shape.
        """
        if samples.ndim not in (1, 2) or (samples.ndim == 2 and not samples.shape[1]):
            raise BadConfig(f"sound has the shape (n,) or (n, n_channels), not {samples.shape}")
        if samples.ndim == 2 and samples.shape[1] > MAX_CHANNELS:
            raise BadConfig(f"{samples.shape[1]} channels are too many")
        sound = np.where(np.abs(samples) <= _MAX_SAMPLE, samples, np.float32(0))  # nor NaN
        mono = sound if sound.ndim == 1 else sound.mean(axis=1, dtype=np.float32)
        ready = self._resampler.resample_chunk(np.ascontiguousarray(mono, np.float32))
        self._samples = np.concatenate([self._samples, ready])
        starts, values = [], []
        while (frames := self._frames()) is not None:
            starts.append(self._next * self._cut.frame_s)
            values.append(frames)
            self._next += self._cut.n_hop
        self._forget()
        if not values:
            return None
        return self._scored(np.stack(values), np.asarray(starts))

    def _frames(self) -> FloatArray | None:
        """Give the frames (n_bins, n_frames) of the next window, once all its samples are there."""
        front_end = self._bundle.front_end
        begin, end = front_end.reach(self._next, self._next + self._cut.n_window - 1)
        if self._first + len(self._samples) < end:
            return None
        stream = front_end.frames()
        sound = self._samples[begin * front_end.hop_length - self._first : end - self._first]
        frames = np.concatenate([stream.push(sound), stream.finish()], axis=1)
        first = self._next - begin
        return frames[:, first : first + self._cut.n_window]

    def _forget(self) -> None:
        begin, _ = self._bundle.front_end.reach(self._next, self._next)
        needed = begin * self._bundle.front_end.hop_length
        n_drop = min(max(0, needed - self._first), len(self._samples))
        self._samples = self._samples[n_drop:]
        self._first += n_drop

    def _scored(self, values: FloatArray, starts: npt.NDArray[np.float64]) -> Timeline:
        bundle = self._bundle
        n_windows = len(values)
        windows = Windows(
            values=values,
            start_s=starts,
            duration_s=self._cut.duration_s,
            n_valid=np.full(n_windows, self._cut.n_window),
        )
        outputs = bundle.score(values)
        main = bundle.tag_heads[0].spec
        assert main.vocabulary is not None
        plane = bundle.plane_head
        scores = outputs[main.name]
        return Timeline(
            vocabulary=main.vocabulary,
            start_s=starts,
            end_s=starts + self._cut.duration_s,
            scores=scores,
            weight=mood.sound_share(windows, bundle.front_end.floor, bundle.front_end.n_pitches),
            valence_arousal=mood.place(scores, main.vocabulary)
            if plane is None
            else outputs[plane.spec.name],
        )


class RawSamples:
    """Raw sound (PCM), cut anywhere, as samples of all channels.

    `format_name` is one of `SAMPLE_FORMATS`, named as FFmpeg does. Raises: BadConfig.
    """

    def __init__(self, format_name: str, n_channels: int = 1) -> None:
        if format_name not in SAMPLE_FORMATS:
            raise BadConfig(
                f"samples have no format {format_name!r}", f"give {', '.join(SAMPLE_FORMATS)}"
            )
        if not 1 <= n_channels <= MAX_CHANNELS:
            raise BadConfig(f"{n_channels} channels are not there", f"give 1 to {MAX_CHANNELS}")
        self._kind = SAMPLE_FORMATS[format_name]
        self._n_channels = n_channels
        self._rest = b""

    def push(self, content: bytes) -> npt.NDArray[np.float32]:
        """Take bytes and give the samples (n, n_channels) that they complete, in [-1, 1)."""
        content = self._rest + content
        n_whole = len(content) - len(content) % (self._kind.itemsize * self._n_channels)
        self._rest = content[n_whole:]
        values = np.frombuffer(content[:n_whole], self._kind).reshape(-1, self._n_channels)
        is_whole = self._kind.kind == "i"
        scale = 1 << (8 * self._kind.itemsize - 1) if is_whole else 1
        return np.asarray(values.astype(np.float32) / np.float32(scale), np.float32)


def moments(timeline: Timeline) -> Iterator[dict[str, Any]]:
    """Give each window as the object that a socket and `affetto live --format jsonl` write.

    Its `weight` is 0 in silence, whose scores mean nothing.
    """
    columns = timeline.to_dict()
    for number in range(len(timeline)):
        valence, arousal = columns["valence"][number], columns["arousal"][number]
        yield {
            "type": "scores",
            **{name: columns[name][number] for name in ("start_s", "end_s", "weight")},
            "valence": valence,
            "arousal": arousal,
            "quadrant": quadrant_of(valence, arousal),
            "tags": {tag: column[number] for tag, column in columns["tags"].items()},
        }
