"""Platt's probabilities beside a logistic regression on weighted copies, and their order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from affetto.baselines.platt import LEAST_SLOPE, platt, sigmoid


@pytest.mark.parametrize("seed", range(5))
def test_platt_agrees_with_logistic_regression_on_weighted_copies(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.random(80) < 0.3
    decisions = rng.normal(size=80) + truth
    high, low = (truth.sum() + 1) / (truth.sum() + 2), 1 / ((~truth).sum() + 2)
    targets = np.where(truth, high, low)
    model = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000).fit(
        np.tile(decisions, 2)[:, np.newaxis],
        np.repeat([True, False], 80),
        sample_weight=np.concatenate([targets, 1 - targets]),
    )
    found = platt(decisions, truth)
    np.testing.assert_allclose(found, [model.coef_[0, 0], model.intercept_[0]], rtol=1e-3)


def test_decisions_that_part_the_classes_give_a_finite_slope() -> None:
    decisions = np.array([-1.0, -1.0, 1.0, 1.0])
    slope, offset = platt(decisions, decisions > 0)
    # The targets are 1/4 and 3/4, which the sigmoid meets exactly at log 3.
    assert slope == pytest.approx(np.log(3))
    assert offset == pytest.approx(0, abs=1e-9)


def test_decisions_worse_than_chance_keep_their_order_near_the_base_rate() -> None:
    decisions = np.array([2.0, 1.0, 0.0, -1.0])
    truth = np.array([False, False, False, True])
    slope, offset = platt(decisions, truth)
    assert slope == LEAST_SLOPE
    np.testing.assert_allclose(sigmoid(slope * decisions + offset), 1 / 3, atol=1e-3)


@given(
    st.lists(st.tuples(st.floats(-50, 50), st.booleans()), min_size=2, max_size=40).filter(
        lambda rows: len({truth for _, truth in rows}) == 2
    )
)
def test_probabilities_rise_with_the_decisions_and_average_to_the_targets(
    rows: list[tuple[float, bool]],
) -> None:
    decisions = np.array([row[0] for row in rows])
    truth = np.array([row[1] for row in rows])
    slope, offset = platt(decisions, truth)
    assert slope >= LEAST_SLOPE
    assert np.isfinite(offset)
    if slope > LEAST_SLOPE:
        targets = np.where(truth, (truth.sum() + 1) / (truth.sum() + 2), 1 / ((~truth).sum() + 2))
        chances = sigmoid(slope * decisions + offset)
        assert chances.mean() == pytest.approx(targets.mean(), abs=1e-4)


def test_sigmoid_does_not_overflow() -> None:
    np.testing.assert_allclose(sigmoid(np.array([-1e4, 0.0, 1e4])), [0, 0.5, 1])
