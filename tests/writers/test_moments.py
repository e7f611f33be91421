"""Moments: what labels and captions are made of."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from affetto.core import Prediction, Timeline
from affetto.prediction import predict
from affetto.writers import WRITERS, suffix_of
from affetto.writers.base import Selection
from affetto.writers.captions import timestamp
from affetto.writers.moments import DEFAULT_TOP, Moment, moments
from tests.rules.source import ROOT
from tests.writers.songs import TAGS, song

EXAMPLES = sorted((ROOT / "examples").glob("*.opus"))


def with_scores(
    scores: np.ndarray, weight: np.ndarray, hop_s: float, duration_s: float
) -> Prediction:
    """Give a song of windows of 3 s."""
    start_s = np.arange(len(scores)) * hop_s
    timeline = Timeline(TAGS, start_s, start_s + 3.0, scores, weight)
    return song(timeline=timeline, duration_s=duration_s)


@st.composite
def songs(draw: st.DrawFn) -> Prediction:
    n_windows = draw(st.integers(1, 12))
    share = st.floats(0, 1, width=32)
    return with_scores(
        draw(arrays.arrays(np.float32, (n_windows, 4), elements=share)),
        draw(arrays.arrays(np.float32, n_windows, elements=st.sampled_from([0.0, 0.5, 1.0]))),
        draw(st.floats(0.1, 6)),
        draw(st.floats(0.5, 80)),
    )


@given(song=songs(), top=st.none() | st.integers(1, 4))
def test_moments_come_in_order_within_the_song_and_neighbors_differ(
    song: Prediction, top: int | None
) -> None:
    found = list(moments(song, Selection(top)))
    edges = [edge for each in found for edge in (each.start_s, each.end_s)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= song.duration_s for edge in edges)
    assert all(each.start_s < each.end_s for each in found)
    assert all(0 < len(each.titles) <= (top or DEFAULT_TOP) for each in found)
    for one, other in pairwise(found):
        assert one.end_s < other.start_s or set(one.titles) != set(other.titles)


def test_moment_has_the_tags_over_their_own_thresholds_strongest_first() -> None:
    # thresholds: happy, sad and angry 0.5, playful 0.4
    scores = np.array([[0.6, 0.4, 0.45, 0.7], [0.5, 0.5, 0.3, 0.9]], np.float32)
    found = list(moments(with_scores(scores, np.ones(2), 2.0, 5.0), Selection(top=4)))
    assert found == [
        Moment(0.0, 2.5, ("Angry", "Happy", "Playful")),
        Moment(2.5, 5.0, ("Angry", "Happy", "Sad")),
    ]


def test_top_and_tags_are_chosen_window_by_window() -> None:
    scores = np.array([[0.9, 0.8, 0, 0], [0.8, 0.9, 0, 0], [0.9, 0.9, 0, 0]], np.float32)
    rising = with_scores(scores, np.ones(3), 2.0, 7.0)
    assert [each.titles for each in moments(rising, Selection(top=1))] == [
        ("Happy",), ("Sad",), ("Happy",)
    ]  # fmt: skip
    only = list(moments(rising, Selection(tags=("sad", "calmness"))))
    assert only == [Moment(0.0, 7.0, ("Sad",))]


def test_silence_and_what_has_no_tag_are_gaps() -> None:
    scores = np.array([[0.9, 0, 0, 0]] * 2 + [[0, 0, 0, 0]] + [[0.9, 0, 0, 0]], np.float32)
    quiet = with_scores(scores, np.array([1.0, 0.0, 1.0, 0.5]), 2.0, 9.0)
    assert [(each.start_s, each.end_s) for each in moments(quiet, Selection())] == [
        (0.0, 2.5), (6.5, 9.0)
    ]  # fmt: skip


def test_song_shorter_than_a_window_is_one_moment_as_long_as_it_is() -> None:
    short = with_scores(np.array([[0.9, 0, 0, 0]], np.float32), np.ones(1), 1.0, 1.25)
    assert list(moments(short, Selection())) == [Moment(0.0, 1.25, ("Happy",))]


def test_time_of_hours_has_all_its_digits() -> None:
    assert timestamp(3_725.0004, ".") == "01:02:05.000"
    assert timestamp(59.9996, ",") == "00:01:00,000"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ["vtt", "srt"])
def test_ffmpeg_reads_the_captions_of_real_music(name: str, path: Path) -> None:
    said = predict(path)
    text = io.StringIO()
    with WRITERS.load(name)(text, Selection()) as writer:
        writer.add(said)
    expected = list(moments(said, Selection()))
    with av.open(
        io.BytesIO(text.getvalue().encode()), format={"vtt": "webvtt"}.get(name, name)
    ) as read:
        packets = [packet for packet in read.demux() if packet.size]
        assert [bytes(packet).decode() for packet in packets] == [each.label for each in expected]
        for packet, each in zip(packets, expected, strict=True):
            tick_s = packet.time_base
            assert float(packet.pts * tick_s) == pytest.approx(each.start_s, abs=0.001)
            assert float(packet.duration * tick_s) == pytest.approx(
                each.end_s - each.start_s, abs=0.0015
            )


def test_title_with_signs_of_markup_is_text_in_a_caption() -> None:
    titles = ("R&B <b>", "a --> b", "x\ny", "z")
    odd = Timeline(
        type(TAGS)("odd", TAGS.tags, titles, titles),
        np.zeros(1), np.full(1, 3.0), np.array([[0.9, 0.8, 0.7, 0]], np.float32), np.ones(1),
    )  # fmt: skip
    texts = {}
    for name in ("vtt", "srt", "audacity"):
        stream = io.StringIO()
        WRITERS.load(name)(stream, Selection()).add(song(timeline=odd, duration_s=3.0))
        texts[name] = stream.getvalue()
    assert texts["vtt"].endswith("\nR&amp;B &lt;b&gt;, a --&gt; b, x\\ny\n")
    assert texts["srt"].endswith("\nR&B <b>, a --> b, x\\ny\n\n")
    assert texts["audacity"] == "0.000000\t3.000000\tR&B <b>, a --> b, x\\ny\n"


def test_file_of_captions_without_any_is_still_one() -> None:
    texts = {}
    for name in ("vtt", "srt", "audacity"):
        stream = io.StringIO()
        WRITERS.load(name)(stream, Selection()).add(song(thresholds=np.ones(4)))
        texts[suffix_of(name)] = stream.getvalue()
    assert texts == {".vtt": "WEBVTT\n", ".srt": "", ".labels.txt": ""}
