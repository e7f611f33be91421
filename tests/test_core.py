"""The values between the layers cannot change, have the shapes they name, and travel whole."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.core import (
    QUADRANT_TITLES,
    Dataset,
    Example,
    Failure,
    Head,
    Interval,
    Notice,
    Prediction,
    Spectrogram,
    Timeline,
    Uncertainty,
    Vocabulary,
    Waveform,
    Windows,
    frozen,
    quadrant_of,
    quadrant_probabilities,
)
from affetto.errors import BadConfig

FEELINGS = Vocabulary(
    "feelings",
    ("happy", "sad", "tense"),
    ("Happy", "Sad", "Tense"),
    ("Happy", "Sad", "Tense / Anxious"),
    np.array([[0.8, 0.5], [-0.7, -0.5], [-0.4, 0.6]], np.float32),
)
TIMELINE = Timeline(
    FEELINGS,
    start_s=np.array([0.0, 1.0]),
    end_s=np.array([3.0, 4.0]),
    scores=np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]),
    weight=np.array([1.0, 0.5]),
    valence_arousal=np.array([[0.1, -0.1], [0.2, -0.2]]),
)
VALUES: tuple[Any, ...] = (
    Waveform(np.array([0.0, 0.5]), 22_050, 1.5),
    Spectrogram(np.zeros((3, 4)), 22_050, 512, "fingerprint"),
    Windows(np.zeros((2, 3, 4)), np.array([0.0, 1.0]), 3.0, np.array([4, 2])),
    FEELINGS,
    Example("1", Path("a.mp3"), "artist", "song", np.array([1, 0, np.nan]), np.array([0.5, -1])),
    TIMELINE,
    Prediction(
        path="a.mp3",
        duration_s=4.0,
        audio_sha256="ab" * 32,
        scores=np.array([0.2, 0.7, 0.7]),
        thresholds=np.array([0.3, 0.7, 0.8]),
        valence=-0.25,
        arousal=0.5,
        plane_source="head",
        timeline=TIMELINE,
        bundle="default-1.0",
        bundle_fingerprint="cd" * 32,
        others={"gems9": {"power": 0.25}},
        embedding=np.array([1.0, 2.0]),
        warnings=(Notice("short", "only 2.0 s of sound"),),
    ),
)

# By the data set's vocabulary, the network, and all other arrays of the timeline.
SHAPED_ELSEWHERE = {("Example", "labels"), ("Prediction", "embedding"), ("Timeline", "start_s")}


def arrays_of(value: Any) -> list[tuple[str, np.ndarray[Any, Any]]]:
    named = [(field.name, getattr(value, field.name)) for field in fields(value)]
    return [(name, array) for name, array in named if isinstance(array, np.ndarray)]


def name_of(value: Any) -> str:
    return type(value).__name__


@pytest.mark.parametrize("value", VALUES, ids=name_of)
def test_value_cannot_be_changed(value: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, None)
    for name, array in arrays_of(value):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
        assert array.dtype in (np.float32, np.float64, np.int64, np.bool_), name


@pytest.mark.parametrize("value", VALUES, ids=name_of)
def test_value_comes_back_equal_and_frozen_from_another_process(value: Any) -> None:
    again = pickle.loads(pickle.dumps(value))
    assert again == value
    assert all(not array.flags.writeable for _, array in arrays_of(again))


@pytest.mark.parametrize("value", VALUES, ids=name_of)
def test_values_are_equal_where_their_arrays_are(value: Any) -> None:
    assert replace(value) == value
    for name, array in arrays_of(value):
        other = array.copy()
        other.flat[0] = other.flat[0] == 0
        assert replace(value, **{name: other}) != value, name
    assert value != "something else"


@pytest.mark.parametrize("value", VALUES, ids=name_of)
def test_arrays_of_another_shape_are_refused(value: Any) -> None:
    for name, array in arrays_of(value):
        if (name_of(value), name) in SHAPED_ELSEWHERE:
            continue
        with pytest.raises(BadConfig):
            replace(value, **{name: np.zeros((*array.shape, 2))})


def test_freezing_copies_only_where_it_must() -> None:
    floats = np.zeros(3, np.float32)
    view = frozen(floats)
    assert np.shares_memory(view, floats)
    assert floats.flags.writeable
    assert frozen(view) is view
    assert frozen([1, 2], np.int64).dtype == np.int64


@pytest.mark.parametrize(
    ("valence", "arousal", "quadrant"),
    [(0.5, 0.5, "Q1"), (-0.5, 0.5, "Q2"), (-0.5, -0.5, "Q3"), (0.5, -0.5, "Q4"),
     (0.0, 0.0, "Q1"), (-0.0, -0.0, "Q1"), (-1.0, 0.0, "Q2"), (0.0, -1.0, "Q4")],
)  # fmt: skip
def test_quadrant_counts_zero_as_positive(valence: float, arousal: float, quadrant: str) -> None:
    assert quadrant_of(valence, arousal) == quadrant


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_every_point_has_a_quadrant_with_a_title(valence: float, arousal: float) -> None:
    assert quadrant_of(valence, arousal) in QUADRANT_TITLES


# Values a little beyond [-1, 1] are what rounding makes of a mean.
@given(
    valence=st.floats(-1.0000001, 1.0000001),
    arousal=st.floats(-1, 1),
    slopes=st.tuples(st.floats(0.02, 50), st.floats(0.02, 50)),
)
def test_quadrant_of_a_point_is_the_likeliest_and_the_four_add_up_to_one(
    valence: float, arousal: float, slopes: tuple[float, float]
) -> None:
    likely = quadrant_probabilities(valence, arousal, slopes)
    assert list(likely) == list(QUADRANT_TITLES)
    assert sum(likely.values()) == pytest.approx(1)
    assert likely[quadrant_of(valence, arousal)] == max(likely.values())


def test_quadrant_probabilities_are_what_the_formula_gives_by_hand() -> None:
    # Odds of valence (1.5 / 0.5) ** 2 = 9, of arousal (0.75 / 1.25) ** 1 = 0.6.
    likely = quadrant_probabilities(0.5, -0.25, (2.0, 1.0))
    assert likely["Q1"] == pytest.approx(0.9 * 0.375)
    assert likely["Q2"] == pytest.approx(0.1 * 0.375)
    assert likely["Q3"] == pytest.approx(0.1 * 0.625)
    assert likely["Q4"] == pytest.approx(0.9 * 0.625)


def test_errors_are_an_array_and_back_also_one_without_those_of_other_vocabularies() -> None:
    others = {"felt": {"tension": 0.125, "calmness": 0.25}}
    errors = Uncertainty(np.array([0.5, 0.0625]), 0.25, 0.75, others)
    assert Uncertainty.of_array(errors.to_array(), 2, others) == errors
    older = Uncertainty.of_array(errors.to_array()[:4], 2, others)
    assert older == Uncertainty(errors.scores, 0.25, 0.75)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(-1, 1), (1, 1), (2, 1), (float("nan"), 1), (0, float("nan"))]
)
def test_interval_runs_forward(start_s: float, end_s: float) -> None:
    with pytest.raises(BadConfig, match="forward"):
        Interval(start_s, end_s)


def test_widened_interval_does_not_begin_before_the_recording() -> None:
    assert Interval(5.0, 8.0).widened(2.0) == Interval(3.0, 10.0)
    assert Interval(1.0, 8.0).widened(2.5) == Interval(0.0, 10.5)


def numbered(n_frames: int, start_s: float = 0.0) -> Spectrogram:
    """Give frames 10 ms apart that hold their own numbers."""
    return Spectrogram(np.arange(n_frames)[None], 1_000, 10, "fingerprint", start_s)


def test_section_are_the_frames_whose_centers_lie_in_the_interval() -> None:
    section = numbered(100).section(Interval(0.25, 0.40))
    assert section.values[0].tolist() == list(range(25, 40))
    assert section.start_s == 0.25
    later = numbered(100, start_s=0.2).section(Interval(0.254, 0.301))
    assert later.values[0].tolist() == [6, 7, 8, 9, 10]
    assert later.start_s == pytest.approx(0.26)


def test_section_ends_where_the_frames_do() -> None:
    assert numbered(30).section(Interval(0.28, 9.0)).values[0].tolist() == [28, 29]
    assert numbered(30).section(Interval(0.31, 9.0)).n_frames == 0
    assert numbered(30, start_s=1.0).section(Interval(0.0, 1.02)).values[0].tolist() == [0, 1]
    assert numbered(30, start_s=1.0).section(Interval(0.0, 1.0)).n_frames == 0


@given(st.lists(st.floats(0, 3), min_size=2, max_size=8, unique=True))
def test_sections_that_follow_each_other_take_each_frame_once(borders_s: list[float]) -> None:
    borders_s = sorted([0.0, *(border for border in borders_s if border > 0), 4.0])
    whole = numbered(300)
    parts = [whole.section(Interval(*pair)).values[0] for pair in pairwise(borders_s)]
    assert np.concatenate(parts).tolist() == list(range(300))


def test_duration_is_samples_by_rate() -> None:
    assert Waveform(np.zeros(33_075), 22_050).duration_s == 1.5
    with pytest.raises(BadConfig, match="sample_rate"):
        Waveform(np.zeros(3), 0)


def test_vocabulary_refuses_a_tag_twice_and_a_missing_title() -> None:
    with pytest.raises(BadConfig, match="twice"):
        Vocabulary("v", ("a", "a"), ("A", "A"), ("A", "A"))
    with pytest.raises(BadConfig, match="title"):
        Vocabulary("v", ("a", "b"), ("A",), ("A", "B"))
    assert len(FEELINGS) == 3


def test_head_of_tags_has_a_vocabulary_and_the_plane_has_none() -> None:
    assert Head("emotions", "tags", FEELINGS).n_outputs == 3
    assert Head("plane", "plane").n_outputs == 2
    for kind, vocabulary in (("tags", None), ("plane", FEELINGS), ("colors", None)):
        with pytest.raises(BadConfig):
            Head("head", kind, vocabulary)  # type: ignore[arg-type]


def test_dataset_refuses_an_id_twice_and_labels_of_another_vocabulary() -> None:
    def dataset(*examples: Example) -> Dataset:
        return Dataset(
            "set", FEELINGS, examples, "CC0", "Us, 2026", "", lambda *_: VALUES[1], "r-1"
        )

    one = VALUES[4]
    assert dataset(one, replace(one, id="2")).examples[1].id == "2"
    with pytest.raises(BadConfig, match="id twice"):
        dataset(one, one)
    with pytest.raises(BadConfig, match="3 labels"):
        dataset(replace(one, labels=np.zeros(2)))


def test_prediction_gives_tags_from_the_highest_score_and_its_quadrant() -> None:
    prediction = VALUES[-1]
    assert list(prediction.tags) == ["sad", "tense", "happy"]
    assert prediction.tags["sad"] == pytest.approx(0.7)
    assert prediction.quadrant == "Q2"
    assert prediction.vocabulary is FEELINGS


def test_prediction_is_plain_json_with_a_timeline_on_demand() -> None:
    prediction = VALUES[-1]
    plain = json.loads(json.dumps(prediction.to_dict(), allow_nan=False))
    assert plain["chosen"] == ["sad"]
    assert plain["tags"]["happy"] == pytest.approx(0.2)
    assert plain["warnings"] == [{"code": "short", "message": "only 2.0 s of sound"}]
    assert "timeline" not in plain
    timeline = json.loads(json.dumps(prediction.to_dict(timeline=True)))["timeline"]
    assert timeline["start_s"] == [0, 1]
    assert timeline["tags"]["tense"] == pytest.approx([0.3, 0.6])
    assert timeline["arousal"] == pytest.approx([-0.1, -0.2])


def test_notice_and_failure_read_as_a_sentence() -> None:
    assert str(Notice("short", "only 2.0 s of sound")) == "only 2.0 s of sound"
    assert str(Failure("a.mp3", "audio-empty", "a.mp3: silent")) == "a.mp3: silent"
    assert str(Failure("a", "c", "a: silent", "turn it up")) == "a: silent; turn it up"
