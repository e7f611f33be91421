"""Measures of estimated numbers, such as valence and arousal, column by column.

Aim: say how well estimates follow the targets (pearson), how much of the targets' variance
they explain (r2), how far off they are (rmse), and follow and agree at once (concordance).

Sources, named in the docstrings by author:
- Pearson, "Note on regression and inheritance in the case of two parents", Proceedings of the
  Royal Society of London 58, 1895.
- Draper, Smith, "Applied Regression Analysis", 3rd edition, 1998.
- Lin, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45, 1989.

Conventions: targets and estimates are (n_examples, n_columns), the measures (n_columns,). A NaN
target is unknown and leaves its column without that example; estimates are finite. A column
with fewer than two known examples, or whose spread is zero where the formula divides by it, is
NaN. Raises everywhere: BadConfig for shapes that differ, an infinite target, estimates not
finite.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from affetto.metrics.checks import Float64Array, targets_and_estimates


def pearson(targets: npt.ArrayLike, estimates: npt.ArrayLike) -> Float64Array:
    """Give each column's linear correlation, in [-1, 1]; NaN when either side is constant.

    Formula: cov(y, x) / (sd(y) sd(x)). Source: Pearson.

    >>> pearson([[1.0], [2.0], [3.0]], [[10.0], [20.0], [30.0]])
    array([1.])
    """
    return _each_column(_pearson, targets, estimates)


def r2(targets: npt.ArrayLike, estimates: npt.ArrayLike) -> Float64Array:
    """Give each column's coefficient of determination, at most 1; NaN for constant targets.

    Formula: 1 - sum (y - x)^2 / sum (y - mean y)^2: 0 for the targets' own mean, negative for
    what is worse. Source: Draper and Smith. It is not the square of `pearson`, which some
    papers print under the same name.
    """
    return _each_column(_r2, targets, estimates)


def concordance(targets: npt.ArrayLike, estimates: npt.ArrayLike) -> Float64Array:
    """Give each column's concordance correlation; NaN when both sides are the same constant.

    Formula: 2 cov(y, x) / (var y + var x + (mean y - mean x)^2), variances over n. Source: Lin.
    """
    return _each_column(_concordance, targets, estimates)


def rmse(targets: npt.ArrayLike, estimates: npt.ArrayLike) -> Float64Array:
    """Give each column's root of the mean squared error, in the targets' unit.

    Formula: sqrt(mean (y - x)^2). One known example is enough. Source: Draper and Smith.
    """
    return _each_column(_rmse, targets, estimates, n_least=1)


def _each_column(
    measure: Callable[[Float64Array, Float64Array], float],
    targets: npt.ArrayLike,
    estimates: npt.ArrayLike,
    n_least: int = 2,
) -> Float64Array:
    wanted, found = targets_and_estimates(targets, estimates)
    values = np.full(wanted.shape[1], np.nan)
    for column, known in enumerate(~np.isnan(wanted.T)):
        if known.sum() >= n_least:
            values[column] = measure(wanted[known, column], found[known, column])
    return values


def _pearson(y: Float64Array, x: Float64Array) -> float:
    y, x = _centered(y), _centered(x)
    if not (y.any() and x.any()):
        return float("nan")
    # The scale cancels; taking it out first keeps squares of tiny numbers above zero.
    y, x = y / np.abs(y).max(), x / np.abs(x).max()
    r = float((y @ x) / np.sqrt((y @ y) * (x @ x)))
    return min(1.0, max(-1.0, r))


def _r2(y: Float64Array, x: Float64Array) -> float:
    centered = _centered(y)
    if not centered.any():
        return float("nan")
    scale = np.abs(centered).max()
    spread, error = centered / scale, (y - x) / scale
    return float(1 - (error @ error) / (spread @ spread))


def _concordance(y: Float64Array, x: Float64Array) -> float:
    v, u = _centered(y), _centered(x)
    denominator = v @ v / len(v) + u @ u / len(u) + (y.mean() - x.mean()) ** 2
    return float(2 * (v @ u) / len(v) / denominator) if denominator > 0 else float("nan")


def _rmse(y: Float64Array, x: Float64Array) -> float:
    return float(np.sqrt(np.mean((y - x) ** 2)))


def _centered(values: Float64Array) -> Float64Array:
    """Subtract the mean; a constant gives exact zeros, which its rounded mean would not."""
    if values.min() == values.max():
        return np.zeros_like(values)
    return values - float(values.mean())
