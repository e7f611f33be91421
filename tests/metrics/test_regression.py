"""The measures of estimated numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import r2_score, root_mean_squared_error

from affetto import metrics
from affetto.errors import BadConfig

from .cases import laws

nan = float("nan")
Measure = Callable[[Any, Any], np.ndarray]
MEASURES = [metrics.pearson, metrics.r2, metrics.concordance, metrics.rmse]
eighths = arrays(np.int64, (6, 2), elements=st.integers(-8, 8)).map(lambda values: values / 8)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = rng.uniform(-1, 1, (40, 3))
    return targets, 0.6 * targets + rng.normal(0, 0.3, targets.shape) + 0.1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("measure", "theirs"),
    [
        (metrics.pearson, lambda y, x: np.corrcoef(y, x)[0, 1]),
        (metrics.r2, r2_score),
        (metrics.rmse, root_mean_squared_error),
    ],
)
def test_measure_agrees_with_the_reference_on_the_known_rows(
    measure: Measure, theirs: Any, seed: int
) -> None:
    targets, estimates = drawn(seed)
    targets[seed::5, 1] = nan
    known = ~np.isnan(targets)
    expected = [theirs(targets[known[:, c], c], estimates[known[:, c], c]) for c in range(3)]
    np.testing.assert_allclose(measure(targets, estimates), expected)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        # Means 2 and 3; cov 2/3, variances 2/3 and 8/3, errors 2, -1, 2.
        (metrics.pearson, 0.5),
        (metrics.r2, 1 - 9 / 2),
        (metrics.concordance, (4 / 3) / (2 / 3 + 8 / 3 + 1)),
        (metrics.rmse, np.sqrt(3)),
    ],
)
def test_measure_gives_the_figure_worked_by_hand(measure: Measure, expected: float) -> None:
    assert measure([[1], [2], [3]], [[3], [1], [5]]) == pytest.approx(expected)


def test_mean_of_the_targets_explains_nothing_and_the_targets_everything() -> None:
    targets, _ = drawn(0)
    flat = np.tile(targets.mean(axis=0), (len(targets), 1))
    np.testing.assert_allclose(metrics.r2(targets, flat), 0, atol=1e-12)
    np.testing.assert_array_equal(metrics.r2(targets, targets), 1)
    np.testing.assert_allclose(metrics.concordance(targets, targets), 1)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (metrics.pearson, [nan, nan, nan, nan]),
        (metrics.r2, [nan, -1.5, nan, nan]),
        (metrics.concordance, [0, 0, nan, nan]),
        (metrics.rmse, [0.1, np.sqrt(5 / 300), 0.1, nan]),
    ],
)
def test_measure_of_a_constant_or_of_too_few_is_nan_where_undefined(
    measure: Measure, expected: list[float]
) -> None:
    # Columns: constant targets; constant estimates; one known target; none.
    targets = [[0.1, 0.1, nan, nan], [0.1, 0.2, 0.2, nan], [0.1, 0.3, nan, nan]]
    estimates = [[0.0, 0.3, 0.1, 0.1], [0.1, 0.3, 0.1, 0.1], [0.1 + np.sqrt(0.02), 0.3, 0.1, 0.1]]
    np.testing.assert_allclose(measure(targets, estimates), expected, atol=1e-12)


def test_pearson_does_not_depend_on_rounding_of_a_constant() -> None:
    # The mean of these is not 0.1 in floating point, so differences from it are not zero.
    targets = np.c_[np.full(7, 0.1)]
    assert np.isnan(metrics.pearson(targets, np.c_[np.arange(7.0)])).all()


def test_pearson_of_tiny_numbers_is_that_of_their_shape() -> None:
    targets, estimates = drawn(1)
    tiny = metrics.pearson(targets * 1e-200, estimates * 1e-200)
    np.testing.assert_allclose(tiny, metrics.pearson(targets, estimates))


def test_pearson_of_lines_never_rounds_past_one() -> None:
    targets = np.random.default_rng(0).normal(size=(7, 200))
    r = metrics.pearson(targets, 3 * targets + 0.1)
    np.testing.assert_allclose(r, 1)
    assert r.max() == 1


@laws
@given(eighths, eighths)
def test_pearson_is_symmetric_bounded_and_blind_to_scale(y: np.ndarray, x: np.ndarray) -> None:
    r = metrics.pearson(y, x)
    assert np.all((np.abs(r) <= 1) | np.isnan(r))
    np.testing.assert_allclose(metrics.pearson(x, y), r, atol=1e-12)
    np.testing.assert_allclose(metrics.pearson(y, 4 * x + 1), r, atol=1e-12)
    np.testing.assert_allclose(metrics.pearson(-y, x), -r, atol=1e-12)


@laws
@given(eighths, eighths)
def test_concordance_is_never_stronger_than_correlation(y: np.ndarray, x: np.ndarray) -> None:
    r, c = metrics.pearson(y, x), metrics.concordance(y, x)
    assert np.all((np.abs(c) <= np.abs(r) + 1e-12) | np.isnan(r))


@laws
@given(eighths, eighths, st.permutations(range(6)))
def test_order_of_examples_changes_no_figure(
    y: np.ndarray, x: np.ndarray, order: list[int]
) -> None:
    for measure in MEASURES:
        np.testing.assert_allclose(measure(y[order], x[order]), measure(y, x), atol=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("targets", "estimates", "words"),
    [
        ([[1.0, 2.0]], [[1.0]], "differ in shape"),
        ([1.0, 2.0], [1.0, 2.0], "n_examples, n_columns"),
        ([[np.inf]], [[1.0]], "infinite"),
        ([[1.0]], [[nan]], "not finite"),
    ],
)
def test_measure_refuses_input_that_it_would_misread(
    measure: Measure, targets: Any, estimates: Any, words: str
) -> None:
    with pytest.raises(BadConfig, match=words):
        measure(targets, estimates)
