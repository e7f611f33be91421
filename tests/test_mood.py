"""From windows to a song: weighted means, thresholds, and the place of tags in the plane."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from affetto.core import FloatArray, Timeline, Vocabulary, Windows, quadrant_of
from affetto.errors import BadConfig
from affetto.mood import decide, mean_over_windows, place, sound_share, summarize, uncertainty
from affetto.vocabularies import VOCABULARIES, load

FLOOR_DB = -100.0
FEELINGS = Vocabulary(
    "feelings",
    ("happy", "sad", "tense"),
    ("Happy", "Sad", "Tense"),
    ("Happy", "Sad", "Tense"),
    np.array([[1.0, 0.5], [-1.0, -0.5], [-0.5, 1.0]], np.float32),
)

unit = st.floats(0, 1, width=32)
rows_and_weights = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        arrays.arrays(np.float32, (n, 3), elements=unit),
        arrays.arrays(np.float32, n, elements=st.just(0.0) | st.floats(0.015625, 1, width=32)),
    )
)
Rows = tuple[FloatArray, FloatArray]


def windows(values: npt.ArrayLike, n_valid: list[int]) -> Windows:
    return Windows(np.asarray(values, np.float32), np.arange(len(n_valid)), 1.0, np.array(n_valid))


def timeline(
    scores: npt.ArrayLike, weight: npt.ArrayLike, plane: npt.ArrayLike | None = None
) -> Timeline:
    starts = np.arange(len(np.asarray(weight)), dtype=float)
    return Timeline(
        FEELINGS,
        starts,
        starts + 1,
        np.asarray(scores, np.float32),
        np.asarray(weight, np.float32),
        None if plane is None else np.asarray(plane, np.float32),
    )


# Sound and silence


def test_share_of_sound_is_that_of_frames_which_are_not_repeated() -> None:
    values = np.full((3, 2, 4), -20.0)
    np.testing.assert_array_equal(sound_share(windows(values, [4, 2, 1]), FLOOR_DB), [1, 0.5, 0.25])


@pytest.mark.parametrize(("loudest_db", "is_sound"), [(-100, 0), (-80, 0), (-79.9, 1), (0, 1)])
def test_window_is_silent_unless_one_band_of_one_frame_rises_above_80_db(
    loudest_db: float, is_sound: int
) -> None:
    values = np.full((1, 3, 5), FLOOR_DB)
    values[0, 1, 3] = loudest_db
    assert sound_share(windows(values, [5]), FLOOR_DB) == [is_sound]


def test_pitches_that_hear_beyond_a_silent_window_do_not_make_it_sound() -> None:
    values = np.full((1, 5, 4), FLOOR_DB)
    values[0, 3:] = -20.0
    assert sound_share(windows(values, [4]), FLOOR_DB) == [1]
    assert sound_share(windows(values, [4]), FLOOR_DB, n_pitches=2) == [0]


def test_silence_is_measured_from_the_floor_of_the_front_end() -> None:
    values = np.full((1, 3, 5), -15.0)
    assert sound_share(windows(values, [5]), -40.0) == [1]
    assert sound_share(windows(values, [5]), -30.0) == [0]


# The mean


def test_mean_is_worked_by_hand() -> None:
    found = mean_over_windows([[0.0, 1.0], [1.0, 0.5]], np.array([1.0, 0.25], np.float32))
    np.testing.assert_allclose(found, [0.2, 0.9], rtol=1e-6)
    assert found.dtype == np.float32


@given(rows_and_weights)
def test_mean_lies_between_the_windows_that_weigh(case: Rows) -> None:
    rows, weight = case
    counted = rows[weight > 0] if weight.any() else rows
    found = mean_over_windows(rows, weight)
    assert np.all((found >= counted.min(axis=0)) & (found <= counted.max(axis=0)))


@given(rows_and_weights)
def test_windows_without_weight_do_not_matter(case: Rows) -> None:
    rows, weight = case
    assume(weight.any())
    others = np.where(weight[:, np.newaxis] > 0, rows, np.float32(1) - rows)
    np.testing.assert_array_equal(
        mean_over_windows(others, weight), mean_over_windows(rows, weight)
    )
    np.testing.assert_allclose(
        mean_over_windows(rows[weight > 0], weight[weight > 0]),
        mean_over_windows(rows, weight),
        rtol=1e-6,
    )


@given(rows_and_weights, st.floats(0.125, 8, width=32))
def test_mean_hangs_on_the_ratios_of_weights_and_not_on_order(case: Rows, factor: float) -> None:
    rows, weight = case
    expected = mean_over_windows(rows, weight)
    np.testing.assert_allclose(mean_over_windows(rows, weight * factor), expected, rtol=1e-6)
    np.testing.assert_allclose(mean_over_windows(rows[::-1], weight[::-1]), expected, rtol=1e-6)


@given(rows_and_weights)
def test_where_nothing_weighs_all_windows_count_alike(case: Rows) -> None:
    rows, weight = case
    found = mean_over_windows(rows, np.zeros_like(weight))
    np.testing.assert_array_equal(found, mean_over_windows(rows, np.ones_like(weight)))


def test_summary_is_the_mean_of_scores_and_of_the_plane() -> None:
    scores = [[0.0, 0.5, 1.0], [1.0, 0.5, 0.0], [0.9, 0.9, 0.9]]
    song, plane = summarize(timeline(scores, [1, 1, 0], [[0.0, -1.0], [1.0, -0.5], [9.0, 9.0]]))
    np.testing.assert_allclose(song, [0.5, 0.5, 0.5])
    assert plane is not None
    np.testing.assert_allclose(plane, [0.5, -0.75])
    assert summarize(timeline(scores, [1, 1, 0]))[1] is None


# Thresholds


def test_tag_is_chosen_from_its_threshold_on() -> None:
    scores = np.array([0.3, 0.5, 0.7], np.float32)
    assert decide(scores, (0.3, 0.6, 0.7)).tolist() == [True, False, True]
    assert decide(scores, 0.5).tolist() == [False, True, True]
    assert decide(scores, 0.0).all()
    assert not decide(scores, 1.0).any()


@given(arrays.arrays(np.float32, 5, elements=unit), unit, unit)
def test_higher_threshold_never_chooses_more(scores: FloatArray, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert not np.any(decide(scores, high) & ~decide(scores, low))


# Tags in the plane


@pytest.mark.parametrize(
    ("scores", "place_of_scores"),
    [
        ([1.0, 0.0, 0.0], [1.0, 0.5]),
        ([0.5, 0.5, 0.0], [0.0, 0.0]),
        ([0.25, 0.0, 0.75], [-0.125, 0.875]),
        ([0.0, 0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_place_is_the_mean_of_anchors_worked_by_hand(
    scores: list[float], place_of_scores: list[float]
) -> None:
    found = place(np.array(scores, np.float32), FEELINGS)
    np.testing.assert_allclose(found, place_of_scores, atol=1e-7)


@given(arrays.arrays(np.float32, (4, 3), elements=unit))
def test_place_is_within_the_plane_for_each_window(scores: FloatArray) -> None:
    found = place(scores, FEELINGS)
    assert found.shape == (4, 2)
    assert np.abs(found).max() <= 1
    for row, one in zip(scores, found, strict=True):
        np.testing.assert_allclose(place(row, FEELINGS), one, atol=1e-6)


@given(
    arrays.arrays(np.float32, 3, elements=st.floats(0.0625, 1, width=32)),
    st.floats(0.0625, 1, width=32),
)
def test_place_hangs_on_the_ratios_of_scores(scores: FloatArray, factor: float) -> None:
    np.testing.assert_allclose(
        place(np.float32(factor) * scores, FEELINGS), place(scores, FEELINGS), atol=1e-6
    )


def test_place_does_not_leave_the_plane_by_rounding() -> None:
    names = tuple(map(str, range(18)))
    corner = Vocabulary("corner", names, names, names, np.ones((18, 2), np.float32))
    scores = np.random.default_rng(0).random((1000, 18), np.float32)
    assert place(scores, corner).max() == 1


def test_place_needs_anchors() -> None:
    bare = Vocabulary("bare", ("a",), ("A",), ("A",))
    with pytest.raises(BadConfig, match="bare has no anchors"):
        place(np.zeros(1, np.float32), bare)


@pytest.mark.parametrize(
    ("tag", "quadrant"),
    [("happy", "Q1"), ("angry_aggressive", "Q2"), ("sad", "Q3"), ("tender_soft", "Q4")],
)
def test_single_emotion_falls_into_its_quadrant(tag: str, quadrant: str) -> None:
    vocabulary = load("cal500_emotions")
    valence, arousal = place(
        np.array([name == tag for name in vocabulary.tags], np.float32), vocabulary
    )
    assert quadrant_of(valence, arousal) == quadrant


@pytest.mark.parametrize(
    "name", [name for name in VOCABULARIES.names() if load(name).anchors is not None]
)
def test_every_vocabulary_with_anchors_can_be_placed(name: str) -> None:
    vocabulary = load(name)
    found = place(np.eye(len(vocabulary), dtype=np.float32), vocabulary)
    np.testing.assert_allclose(found, vocabulary.anchors, atol=1e-6)


# How sure a song's values are


def overlapping(hop_s: float, sound: FloatArray, per_s: int = 100) -> Timeline:
    """Give windows of 1 s whose scores are the means of what they cover of `sound`."""
    starts = np.arange(0, len(sound) / per_s - 1 + 1e-9, hop_s)
    first = np.rint(starts * per_s).astype(int)
    means = np.asarray([sound[at : at + per_s].mean(axis=0) for at in first], np.float32)
    weight = np.ones(len(starts), np.float32)
    return Timeline(FEELINGS, starts, starts + 1, means[:, :3], weight, means[:, 3:])


def test_error_of_windows_that_touch_is_the_usual_standard_error() -> None:
    scores = np.array([[0.1, 0.5, 0.2], [0.3, 0.5, 0.2], [0.8, 0.5, 0.5], [0.6, 0.5, 0.3]])
    plane = 2 * scores[:, :2] - 1
    found = uncertainty(timeline(scores, np.ones(4), plane))
    assert found is not None
    usual = scores.std(axis=0, ddof=1) / 2
    np.testing.assert_allclose(found.scores, usual, atol=1e-6)
    assert (found.valence, found.arousal) == pytest.approx((2 * usual[0], 0), abs=1e-6)


def test_error_does_not_shrink_by_looking_at_the_same_sound_more_often() -> None:
    sound = np.random.default_rng(2).random((3000, 5)).cumsum(axis=0) % 1
    errors = []
    for hop_s in (0.5, 0.25, 0.1):
        found = uncertainty(overlapping(hop_s, sound))
        assert found is not None
        errors.append(found.scores)
    np.testing.assert_allclose(errors[1], errors[0], rtol=0.2)
    np.testing.assert_allclose(errors[2], errors[0], rtol=0.2)


def test_error_is_how_much_the_mean_of_another_such_song_would_differ() -> None:
    """Of sound whose moments know nothing of each other, by 300 songs of 20 s."""
    rng = np.random.default_rng(5)
    means, errors = [], []
    for _ in range(300):
        line = overlapping(0.5, rng.random((2000, 5)).astype(np.float32))
        found = uncertainty(line)
        assert found is not None
        means.append(summarize(line)[0])
        errors.append(found.scores)
    expected = np.std(means, axis=0)
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(errors), axis=0)), expected, rtol=0.15)


def test_windows_of_silence_say_nothing_about_the_error() -> None:
    rows = np.random.default_rng(1).random((6, 3))
    alone = uncertainty(timeline(rows, np.ones(6)))
    gap = np.full((40, 3), 0.99)
    among = uncertainty(
        timeline(np.concatenate([rows, gap]), np.concatenate([np.ones(6), np.zeros(40)]))
    )
    assert alone is not None
    assert among is not None
    np.testing.assert_allclose(among.scores, alone.scores, rtol=1e-5)
    assert among.valence == pytest.approx(alone.valence)


def test_error_grows_by_how_far_the_networks_are_from_one_another() -> None:
    line = timeline(np.random.default_rng(1).random((6, 3)), np.ones(6))
    members = np.array([[0.2, 0.5, 0.1, 0.3, -0.2], [0.5, 0.5, 0.4, 0.3, 0.2]], np.float32)
    alone, together = uncertainty(line), uncertainty(line, members)
    assert alone is not None
    assert together is not None
    of_mean = members.std(axis=0, ddof=1) / np.sqrt(2)
    expected = np.hypot([*alone.scores, alone.valence, alone.arousal], of_mean)
    found = [*together.scores, together.valence, together.arousal]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert uncertainty(line, members[:1]).to_array().tolist() == alone.to_array().tolist()  # type: ignore[union-attr]


def test_two_windows_are_needed_for_an_error() -> None:
    assert uncertainty(timeline(np.zeros((1, 3)), [1])) is None
    assert uncertainty(timeline(np.zeros((3, 3)), [1, 0, 0.5])) is None
    assert uncertainty(timeline(np.zeros((2, 3)), [1, 1])) is not None


@given(rows_and_weights)
def test_error_is_a_number_that_is_not_negative(case: Rows) -> None:
    rows, weight = case
    found = uncertainty(timeline(rows, weight))
    if found is not None:
        assert (found.scores >= 0).all()
        assert np.isfinite([*found.scores, found.valence, found.arousal]).all()
