"""Scores become probabilities, and little is made of few labels."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto import metrics
from affetto.core import FloatArray, Head, Vocabulary
from affetto.errors import BadConfig
from affetto.training.calibration import Calibration, fit, fit_signs

TAG = Head("one", "tags", Vocabulary("one", ("a",), ("A",), ("a",)))
PLANE = Head("plane", "plane")


def sigmoid(logits: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-logits))


def songs(
    n_songs: int, slope: float, intercept: float, seed: int = 0
) -> tuple[list[FloatArray], FloatArray]:
    """Give windows' scores and each song's true chance, their mean once they are calibrated."""
    rng = np.random.default_rng(seed)
    logits = [rng.normal(rng.normal(-0.5, 1.5), 1, (rng.integers(1, 9), 1)) for _ in range(n_songs)]
    chances = np.array([sigmoid(slope * rows + intercept).mean() for rows in logits])
    return [sigmoid(rows).astype(np.float32) for rows in logits], chances[:, None]


def test_fit_finds_the_slope_and_the_intercept_behind_labels() -> None:
    windows, chances = songs(4000, slope=0.6, intercept=-0.8)
    labels = (np.random.default_rng(1).random(chances.shape) < chances).astype(np.float32)
    found = fit(TAG, windows, labels)
    assert found.slopes[0] == pytest.approx(0.6, abs=0.1)
    assert found.intercepts[0] == pytest.approx(-0.8, abs=0.1)
    before = np.stack([rows.mean(axis=0) for rows in windows])
    after = found.song_values(TAG, windows)
    errors = [metrics.reliability(labels, scores).error[0] for scores in (before, after)]
    assert errors[1] < 0.03 < errors[0]


def test_fit_takes_shares_of_votes_as_they_are() -> None:
    windows, chances = songs(300, slope=1.5, intercept=0.5)
    found = fit(TAG, windows, chances.astype(np.float32))
    np.testing.assert_allclose(found.song_values(TAG, windows), chances, atol=0.01)


def test_fit_of_ratings_is_least_squares_with_a_slope_alone() -> None:
    windows, chances = songs(300, slope=0.5, intercept=0.0)
    plane = [np.tile(2 * rows - 1, 2) for rows in windows]  # both axes alike
    targets = np.concatenate([chances, np.full_like(chances, np.nan)], axis=1)
    found = fit(PLANE, plane, targets.astype(np.float32))
    assert found.slopes == (pytest.approx(0.5, abs=0.02), 1.0)
    assert found.intercepts == (0.0, 0.0)
    values = found.song_values(PLANE, plane)
    np.testing.assert_allclose(values[:, 0], 2 * chances[:, 0] - 1, atol=0.02)


def test_plane_calibration_leaves_the_sign_of_every_window() -> None:
    windows = [np.array([[value, -value]], np.float32) for value in np.linspace(-0.99, 0.99, 21)]
    found = Calibration((0.3, 3.0), (0.0, 0.0)).song_values(PLANE, windows)
    np.testing.assert_array_equal(np.sign(found), np.sign(np.concatenate(windows)))


def test_fit_without_a_label_changes_nothing() -> None:
    windows, chances = songs(9, slope=1, intercept=0)
    found = fit(TAG, windows, np.full_like(chances, np.nan))
    assert found == Calibration((1.0,), (0.0,))
    means = np.stack([rows.mean(axis=0) for rows in windows])
    np.testing.assert_allclose(found.song_values(TAG, windows), means, atol=1e-6)


def test_fit_makes_little_of_few_labels() -> None:
    windows, chances = songs(2, slope=1, intercept=0)
    found = fit(TAG, windows, np.ones_like(chances))
    assert 0.5 < found.slopes[0] < 2
    assert 0 < found.intercepts[0] < 1


def test_fit_never_turns_the_order_around() -> None:
    windows, chances = songs(500, slope=1, intercept=0)
    found = fit(TAG, windows, 1 - chances)
    assert found.slopes[0] > 0


@given(
    scores=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=12),
    labels=st.lists(st.sampled_from([0.0, 1.0, 0.3, math.nan]), min_size=12, max_size=12),
)
def test_fit_gives_numbers_for_any_scores_and_labels(
    scores: list[float], labels: list[float]
) -> None:
    windows = [np.array([[score]], np.float32) for score in scores]
    targets = np.array(labels[: len(scores)], np.float32)[:, None]
    values = fit(TAG, windows, targets).song_values(TAG, windows)
    assert ((values >= 0) & (values <= 1)).all()
    order = np.argsort(scores)
    assert (np.diff(values[order, 0]) >= 0).all()


def test_signs_are_fitted_so_that_probabilities_hold() -> None:
    rng = np.random.default_rng(0)
    values = np.tanh(rng.normal(0, 0.6, (4000, 2)))
    chances = sigmoid(np.array([2.0, 0.5]) * np.log((1 + values) / (1 - values)))
    targets = (rng.random(values.shape) < chances).astype(np.float32)
    targets[:500, 0] = np.nan
    targets[500:1000] = 0.5  # neither positive nor negative
    found = fit_signs(values.astype(np.float32), targets)
    assert found == (pytest.approx(2.0, abs=0.2), pytest.approx(0.5, abs=0.1))


def test_signs_of_ratings_are_those_of_their_side_of_the_middle() -> None:
    values = np.tanh(np.random.default_rng(0).normal(0, 0.6, (200, 2))).astype(np.float32)
    signs = (values + np.float32(0.1) > 0).astype(np.float32)
    ratings = np.where(signs > 0.5, np.float32(0.7), np.float32(0.2))
    assert fit_signs(values, ratings) == fit_signs(values, signs)


@pytest.mark.parametrize("unknown", [np.nan, 0.5])
def test_signs_without_any_of_an_axis_are_not_fitted(unknown: float) -> None:
    targets = np.array([[1, unknown], [0, unknown]], np.float32)
    assert fit_signs(np.array([[0.5, 0.5], [-0.5, 0.5]], np.float32), targets) is None


@pytest.mark.parametrize("signs", [None, (2.0, 0.75)])
def test_calibration_is_plain_values_in_a_file_and_back(signs: tuple[float, float] | None) -> None:
    found = Calibration((0.5, 2.0), (0.25, -1.0), signs)
    assert Calibration.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize("signs", [(), (1.0,), (1.0, 0.0), (1.0, math.nan), (1.0, 1.0, 1.0)])
def test_calibration_refuses_slopes_of_signs_that_are_none(signs: Any) -> None:
    with pytest.raises(BadConfig):
        Calibration((1.0,), (0.0,), signs)


@pytest.mark.parametrize("slopes", [(1.0,), (1.0, 0.0), (1.0, -2.0), (1.0, math.nan)])
def test_calibration_that_is_none_is_refused(slopes: tuple[float, ...]) -> None:
    with pytest.raises(BadConfig):
        Calibration(slopes, (0.0, 0.0))
