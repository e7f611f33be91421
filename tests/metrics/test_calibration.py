"""Scores sorted into bins, with what is true of them there."""

from __future__ import annotations

import numpy as np
import pytest

from affetto import metrics
from affetto.errors import BadConfig

nan = float("nan")


def test_reliability_counts_and_averages_each_bin_by_hand() -> None:
    targets = [[0, nan], [1, nan], [1, 0.5], [nan, 0.25]]
    scores = [[0.1, 0.1], [0.3, 0.1], [1.0, 0.5], [0.4, 0.75]]
    found = metrics.reliability(targets, scores, n_bins=2)
    np.testing.assert_array_equal(found.counts, [[2, 1], [0, 2]])
    np.testing.assert_allclose(found.mean_scores, [[0.2, 1.0], [nan, 0.625]])
    np.testing.assert_allclose(found.mean_targets, [[0.5, 1.0], [nan, 0.375]])
    np.testing.assert_allclose(found.error, [2 / 3 * 0.3, 0.25])


def test_reliability_error_is_the_calibration_error_of_labels() -> None:
    rng = np.random.default_rng(0)
    targets, scores = rng.integers(0, 2, (50, 3)), rng.random((50, 3))
    np.testing.assert_allclose(
        metrics.reliability(targets, scores, 10).error,
        metrics.expected_calibration_error(targets, scores, 10),
    )


def test_reliability_of_nothing_known_is_nan() -> None:
    assert np.isnan(metrics.reliability([[nan]], [[0.5]]).error).all()


@pytest.mark.parametrize(("target", "score"), [(1.5, 0.5), (-0.1, 0.5), (1, 1.5), (1, -0.5)])
def test_reliability_refuses_what_is_no_share(target: float, score: float) -> None:
    with pytest.raises(BadConfig, match=r"\[0, 1\]"):
        metrics.reliability([[target]], [[score]])
