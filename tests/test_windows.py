"""Windows count whole frames, see every frame, and are the same however the frames come."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.core import FloatArray, Spectrogram, Windows
from affetto.errors import AudioEmpty, BadConfig
from affetto.windows import Cut, WindowStream, cut

FRAME_S = 512 / 22_050


def numbered(n_frames: int, n_bins: int = 2) -> FloatArray:
    """Give frames (n_bins, n_frames) of which frame k holds k, or -k in odd bins."""
    signs = np.where(np.arange(n_bins) % 2, -1, 1)[:, np.newaxis]
    return (signs * np.arange(n_frames)).astype(np.float32)


def spectrogram(n_frames: int, start_s: float = 0.0) -> Spectrogram:
    return Spectrogram(numbered(n_frames), 22_050, 512, "of a test", start_s)


def cut_frames(n_frames: int, n_window: int, n_hop: int) -> Windows:
    return cut(spectrogram(n_frames), n_window * FRAME_S, n_hop * FRAME_S)


def first_frames(windows: Windows) -> list[int]:
    return [int(first) for first in windows.values[:, 0, 0]]


def test_windows_follow_each_other_by_the_hop_and_the_last_ends_with_the_sound() -> None:
    windows = cut_frames(25, 10, 4)
    assert windows.values.shape == (5, 2, 10)
    assert first_frames(windows) == [0, 4, 8, 12, 15]
    np.testing.assert_array_equal(windows.values[-1, 0], np.arange(15, 25))
    np.testing.assert_array_equal(windows.n_valid, [10] * 5)
    np.testing.assert_allclose(windows.start_s, np.array([0, 4, 8, 12, 15]) * FRAME_S)
    assert windows.duration_s == pytest.approx(10 * FRAME_S)


@pytest.mark.parametrize(
    ("n_frames", "starts"), [(10, [0]), (11, [0, 1]), (14, [0, 4]), (18, [0, 4, 8])]
)
def test_sound_that_ends_with_a_window_gets_no_other(n_frames: int, starts: list[int]) -> None:
    assert first_frames(cut_frames(n_frames, 10, 4)) == starts


@given(
    n_frames=st.integers(1, 200),
    n_window=st.integers(1, 60),
    n_hop=st.integers(1, 60),
    cuts=st.lists(st.integers(0, 200), max_size=10),
)
def test_stream_equals_whole_for_any_partition(
    n_frames: int, n_window: int, n_hop: int, cuts: list[int]
) -> None:
    whole = cut_frames(n_frames, n_window, n_hop)
    stream = WindowStream(Cut(n_window, n_hop, FRAME_S))
    places = sorted(min(place, n_frames) for place in cuts)
    parts = [stream.push(part) for part in np.split(numbered(n_frames), places, axis=1)]
    found = [part for part in (*parts, stream.finish()) if part is not None]
    for name in ("values", "start_s", "n_valid"):
        joined = np.concatenate([getattr(part, name) for part in found])
        np.testing.assert_array_equal(joined, getattr(whole, name))


@given(n_frames=st.integers(1, 300), n_window=st.integers(1, 60), n_hop=st.integers(1, 60))
def test_every_frame_is_seen_and_none_is_invented(n_frames: int, n_window: int, n_hop: int) -> None:
    windows = cut_frames(n_frames, n_window, min(n_hop, n_window))
    assert set(windows.values[:, 0].ravel()) == set(range(n_frames))
    np.testing.assert_array_equal(windows.values[:, 1], -windows.values[:, 0])
    np.testing.assert_array_equal(windows.n_valid, min(n_frames, n_window))


@given(n_frames=st.integers(1, 300), n_window=st.integers(1, 60), n_hop=st.integers(1, 60))
def test_starts_are_whole_frames_and_rise(n_frames: int, n_window: int, n_hop: int) -> None:
    windows = cut_frames(n_frames, n_window, n_hop)
    firsts = first_frames(windows)
    np.testing.assert_allclose(windows.start_s, np.array(firsts) * FRAME_S, rtol=1e-12)
    assert firsts == sorted(set(firsts))
    assert firsts[:-1] == [n_hop * number for number in range(len(firsts) - 1)]


@pytest.mark.parametrize("n_frames", [1, 3, 9])
def test_sound_shorter_than_a_window_is_repeated_and_says_so(n_frames: int) -> None:
    windows = cut_frames(n_frames, 10, 4)
    assert windows.values.shape == (1, 2, 10)
    np.testing.assert_array_equal(windows.values[0, 0], np.arange(10) % n_frames)
    np.testing.assert_array_equal(windows.n_valid, [n_frames])
    assert windows.start_s == [0]


def test_hop_longer_than_the_window_leaves_gaps_but_not_at_the_end() -> None:
    assert first_frames(cut_frames(50, 5, 20)) == [0, 20, 40, 45]


def test_times_do_not_drift_in_an_hour() -> None:
    frames_an_hour = round(3600 / FRAME_S)
    stream = WindowStream(Cut.of_seconds(3.0, 1.0, FRAME_S))
    starts: list[float] = []
    for first in range(0, frames_an_hour, 5_000):
        n_frames = min(5_000, frames_an_hour - first)
        windows = stream.push(np.zeros((1, n_frames), np.float32))
        starts += [] if windows is None else windows.start_s.tolist()
    hop_s = 43 * FRAME_S  # 1 s is 43.07 frames
    np.testing.assert_allclose(starts, np.arange(len(starts)) * hop_s, rtol=1e-12)


def test_seconds_are_rounded_to_whole_frames() -> None:
    assert Cut.of_seconds(3.0, 1.0, FRAME_S) == Cut(129, 43, FRAME_S)
    assert Cut.of_seconds(0.5, 0.25, 0.1) == Cut(5, 2, 0.1)
    assert Cut(129, 43, FRAME_S).duration_s == pytest.approx(2.9954, abs=1e-4)


@pytest.mark.parametrize(
    ("duration_s", "hop_s"),
    [(0, 1), (1, 0), (-1, 1), (1, -1), (0.01, 1), (1, 0.01), (math.nan, 1), (1, math.inf)],
)
def test_window_or_hop_of_no_frame_is_refused(duration_s: float, hop_s: float) -> None:
    with pytest.raises(BadConfig, match="at least one frame"):
        cut(spectrogram(100), duration_s, hop_s)


def test_no_frame_is_an_error() -> None:
    stream = WindowStream(Cut(10, 5, FRAME_S))
    assert stream.push(np.zeros((3, 0), np.float32)) is None
    with pytest.raises(AudioEmpty, match="no frame"):
        stream.finish()


def test_windows_of_a_part_keep_its_place_in_the_sound() -> None:
    from_start = cut(spectrogram(30), 10 * FRAME_S, 5 * FRAME_S)
    later = cut(spectrogram(30, start_s=12.5), 10 * FRAME_S, 5 * FRAME_S)
    np.testing.assert_allclose(later.start_s, from_start.start_s + 12.5)


def test_memory_stays_flat_however_long_the_sound() -> None:
    stream = WindowStream(Cut(10, 4, FRAME_S))

    def bytes_after(n_pushes: int) -> int:
        for _ in range(n_pushes):
            stream.push(np.zeros((100, 40), np.float32))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        early, late = bytes_after(10), bytes_after(200)
    finally:
        tracemalloc.stop()
    assert late < early + 16_000  # a push is 16,000 bytes
