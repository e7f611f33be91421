"""From frames to windows, counted in whole frames.

Window i begins at frame i * n_hop. What is left at the end gets one more window: the last
n_window frames of the sound, so that every frame is seen and none is invented. Sound shorter
than a window is repeated to fill it, which keeps the window's own mean and deviation (padding
with silence would not), and `n_valid` says how many frames are real.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from affetto.core import FloatArray, Spectrogram, Windows
from affetto.errors import AudioEmpty, BadConfig


@dataclass(frozen=True, slots=True)
class Cut:
    """How frames are cut: window and hop in whole frames, and the frame period in seconds."""

    n_window: int
    n_hop: int
    frame_s: float

    @classmethod
    def of_seconds(cls, duration_s: float, hop_s: float, frame_s: float) -> Cut:
        """Round seconds to whole frames. Raises: BadConfig unless both are at least one frame."""
        lengths = duration_s / frame_s, hop_s / frame_s
        if not all(math.isfinite(length) and round(length) >= 1 for length in lengths):
            raise BadConfig(
                f"a window of {duration_s} s and a hop of {hop_s} s must both be at least one "
                f"frame long ({frame_s:.4f} s)"
            )
        return cls(round(lengths[0]), round(lengths[1]), frame_s)

    @property
    def duration_s(self) -> float:
        return self.n_window * self.frame_s


class WindowStream:
    """Frames in, windows out."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._frames: FloatArray | None = None
        self._first = 0  # index in the file of the first frame kept
        self._next = 0  # first frame of the next window

    def push(self, frames: FloatArray) -> Windows | None:
        """Take frames (n_bins, n) and give the windows that they complete, if any."""
        if frames.shape[1] == 0:
            return None
        kept = frames if self._frames is None else np.concatenate([self._frames, frames], axis=1)
        self._frames = kept
        end = self._first + kept.shape[1]
        starts = range(self._next, end - self._cut.n_window + 1, self._cut.n_hop)
        if not starts:
            return None
        windows = self._windows([start - self._first for start in starts])
        self._next = starts[-1] + self._cut.n_hop
        # One window's length is kept back for the window at the end of the sound.
        n_drop = max(0, min(self._next, end - self._cut.n_window) - self._first)
        self._frames = kept[:, n_drop:].copy()
        self._first += n_drop
        return windows

    def finish(self) -> Windows | None:
        """Give the last window, unless a hop fell on the end. Raises: AudioEmpty with no frame."""
        kept = self._frames
        if kept is None:
            raise AudioEmpty("there is no frame of sound to cut into windows")
        n_window = self._cut.n_window
        end = self._first + kept.shape[1]
        if end < n_window:
            repeats = -(-n_window // end)
            self._frames = np.tile(kept, (1, repeats))[:, :n_window]
            return self._windows([0], n_valid=end)
        covered = self._next - self._cut.n_hop + n_window
        if covered >= end:
            return None
        return self._windows([end - n_window - self._first])

    def _windows(self, offsets: list[int], n_valid: int | None = None) -> Windows:
        assert self._frames is not None
        n_window = self._cut.n_window
        values = np.stack([self._frames[:, at : at + n_window] for at in offsets])
        starts = (np.asarray(offsets) + self._first) * self._cut.frame_s
        return Windows(
            values=values,
            start_s=starts,
            duration_s=self._cut.duration_s,
            n_valid=np.full(len(offsets), n_window if n_valid is None else n_valid),
        )


def cut(spectrogram: Spectrogram, duration_s: float, hop_s: float) -> Windows:
    """Cut a whole spectrogram into windows; see the module's text for the end of the sound.

    Shapes: (n_bins, n_frames) -> (n_windows, n_bins, n_window_frames). Units: seconds, rounded
    to whole frames. Raises: BadConfig for less than a frame; AudioEmpty without a frame.
    """
    frame_s = spectrogram.hop_length / spectrogram.sample_rate
    stream = WindowStream(Cut.of_seconds(duration_s, hop_s, frame_s))
    parts = [part for part in (stream.push(spectrogram.values), stream.finish()) if part]
    return Windows(
        values=np.concatenate([part.values for part in parts]),
        start_s=spectrogram.start_s + np.concatenate([part.start_s for part in parts]),
        duration_s=parts[0].duration_s,
        n_valid=np.concatenate([part.n_valid for part in parts]),
    )
