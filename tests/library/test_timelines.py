"""A packed timeline comes back as stated, and what is none is refused."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from affetto.core import Timeline, Vocabulary
from affetto.errors import LibraryInvalid
from affetto.library.timelines import TICKS_PER_S, pack, unpack
from affetto.vocabularies import load

EMOTIONS = load("cal500_emotions")


def made(n_windows: int, vocabulary: Vocabulary, seed: int = 0, *, plane: bool = True) -> Timeline:
    """Give a timeline like those of songs: windows in steps of 1.486 s, scores that drift."""
    generator = np.random.default_rng(seed)
    start_s = np.arange(n_windows) * 1.4860408
    drift = np.cumsum(generator.normal(0, 0.05, (n_windows, len(vocabulary) + 2)), axis=0)
    return Timeline(
        vocabulary=vocabulary,
        start_s=start_s,
        end_s=start_s + 2.972,
        scores=1 / (1 + np.exp(-drift[:, 2:])),
        weight=generator.random(n_windows),
        valence_arousal=np.tanh(drift[:, :2]) if plane else None,
    )


unit = st.floats(0, 1, width=32)


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    n_windows, n_tags = draw(st.integers(0, 6)), draw(st.integers(0, 3))
    tags = tuple(f"tag{number}" for number in range(n_tags))
    start_s = np.cumsum(draw(arrays(np.float64, n_windows, elements=st.floats(0, 30_000))))
    length_s = draw(arrays(np.float64, n_windows, elements=st.floats(0, 400_000)))
    both = st.floats(-1, 1, width=32)
    return Timeline(
        vocabulary=Vocabulary("made", tags, tags, tags),
        start_s=start_s,
        end_s=start_s + length_s,
        scores=draw(arrays(np.float32, (n_windows, n_tags), elements=unit)),
        weight=draw(arrays(np.float32, n_windows, elements=unit)),
        valence_arousal=draw(st.none() | arrays(np.float32, (n_windows, 2), elements=both)),
    )


@settings(max_examples=40)
@given(timelines())
def test_timeline_comes_back_within_the_stated_steps(timeline: Timeline) -> None:
    found = unpack(pack(timeline), timeline.vocabulary)
    assert len(found) == len(timeline)
    for name, step in {
        "start_s": 1e-4,
        "end_s": 1e-4,
        "weight": 1 / 255,
        "scores": 1 / 255,
    }.items():
        np.testing.assert_allclose(
            getattr(found, name), getattr(timeline, name), atol=step / 2 + 1e-6, rtol=0
        )
    if timeline.valence_arousal is None:
        assert found.valence_arousal is None
    else:
        assert found.valence_arousal is not None
        np.testing.assert_allclose(
            found.valence_arousal, timeline.valence_arousal, atol=1 / 254 + 1e-6, rtol=0
        )


@settings(max_examples=40)
@given(timelines())
def test_packing_what_came_back_gives_the_same_bytes(timeline: Timeline) -> None:
    packed = pack(timeline)
    assert pack(unpack(packed, timeline.vocabulary)) == packed


def test_ends_of_the_scales_are_exact() -> None:
    vocabulary = Vocabulary("made", ("a",), ("A",), ("A",))
    timeline = Timeline(
        vocabulary,
        np.array([0.0, 1.0]),
        np.array([1.0, 2.0]),
        np.array([[0.0], [1.0]]),
        np.array([1.0, 0.0]),
        np.array([[-1.0, 1.0], [0.0, 0.0]]),
    )
    assert unpack(pack(timeline), vocabulary) == timeline


def test_four_minutes_take_about_two_kilobytes() -> None:
    assert len(pack(made(160, EMOTIONS))) < 3_000
    assert 160 * (len(EMOTIONS) + 2 + 3) * 4 > 14_000  # what float32 would take


def test_layout_is_the_documented_one() -> None:
    packed = pack(made(5, EMOTIONS))
    assert struct.unpack("<BBHI", packed[:8]) == (1, 1, 18, 5)
    content = zlib.decompress(packed[8:])
    assert len(content) == 5 * (4 + 4 + 1 + 18 + 2)
    starts = np.cumsum(np.frombuffer(content[:20], "<u4")) / TICKS_PER_S
    np.testing.assert_allclose(starts, np.arange(5) * 1.4860408, atol=1e-4)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\1\0",
        struct.pack("<BBHI", 1, 0, 18, 5),
        struct.pack("<BBHI", 1, 0, 18, 5) + b"not zlib",
        b"\2" + pack(made(3, EMOTIONS))[1:],
        pack(made(3, load("gems9"))),
        pack(made(3, EMOTIONS))[:4] + b"\4" + pack(made(3, EMOTIONS))[5:],
    ],
    ids=["empty", "cut", "no-content", "noise", "newer", "other-tags", "other-length"],
)
def test_bytes_that_are_no_such_timeline_are_refused(packed: bytes) -> None:
    with pytest.raises(LibraryInvalid, match="a timeline of the library cannot be read"):
        unpack(packed, EMOTIONS)
