"""Whether a difference is more than chance: tests over folds and tags, and ranks of methods.

Sources, named in the docstrings by author:
- Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1, 1945.
- Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
  Statistics 6, 1979.
- Demsar, "Statistical comparisons of classifiers over multiple data sets", Journal of Machine
  Learning Research 7, 2006 (Friedman's test, Nemenyi's critical difference).

Caution that belongs beside every p value of this module: folds share most of their training
songs, and tags share all of their test songs, so neither are independent trials, and these tests
reject somewhat too easily. The interval over draws of songs does not suffer from that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.errors import BadConfig, MissingExtra

Values = npt.NDArray[np.float64]

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Ranks:
    """Methods ranked within each of `n_trials` and averaged, the best first; 1 is best.

    Two methods whose mean ranks are less than `critical_difference` apart are not told apart at
    the level `ALPHA`. `p_value` is Friedman's, for all methods being alike.
    """

    methods: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    n_trials: int
    p_value: float
    critical_difference: float

    def groups(self) -> tuple[tuple[int, int], ...]:
        """Give the longest stretches (first, last) of methods that are not told apart."""
        found: list[tuple[int, int]] = []
        for first, rank in enumerate(self.mean_ranks):
            reach = [r for r in self.mean_ranks[first:] if r - rank < self.critical_difference]
            last = first + len(reach) - 1
            if last > first and (not found or last > found[-1][1]):
                found.append((first, last))
        return tuple(found)


def wilcoxon(differences: npt.ArrayLike) -> float:
    """Give the two-sided p value of the signed-rank test; 1 where nothing differs.

    With n differences it cannot be below 2 / 2^n: 0.0625 for five folds. Source: Wilcoxon.
    Raises: MissingExtra without SciPy.
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[np.isfinite(values) & (values != 0)]
    if not values.size:
        return 1.0
    return float(_stats().wilcoxon(values).pvalue)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Give p values corrected for their number, in the given order.

    Formula: of m values in rising order, the i-th is the largest of (m - j + 1) p_j, j <= i, at
    most 1. Source: Holm.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    highest = 0.0
    for place, row in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[row]))
        corrected[row] = highest
    return tuple(float(value) for value in corrected)


def rank(methods: Sequence[str], values: npt.ArrayLike) -> Ranks:
    """Rank methods by values (n_methods, n_trials), more is better; ties share their ranks.

    A trial in which any method has no value is left out.
    Formula: CD = q sqrt(k (k + 1) / (6 N)), q from the studentized range over sqrt(2), for k
    methods and N trials. Source: Demsar. Raises: BadConfig for fewer than two methods or
    trials; MissingExtra without SciPy.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table[:, np.isfinite(table).all(axis=0)]
    n_methods, n_trials = table.shape
    if n_methods != len(methods) or n_methods < 2 or n_trials < 2:
        raise BadConfig(f"ranks need two methods and two trials, not {n_methods} and {n_trials}")
    stats = _stats()
    mean_ranks = stats.rankdata(-table, axis=0).mean(axis=1)
    order = np.argsort(mean_ranks, kind="stable")
    q = float(stats.studentized_range.ppf(1 - ALPHA, n_methods, np.inf)) / math.sqrt(2)
    return Ranks(
        methods=tuple(methods[row] for row in order),
        mean_ranks=tuple(float(mean_ranks[row]) for row in order),
        n_trials=n_trials,
        p_value=_friedman(table),
        critical_difference=q * math.sqrt(n_methods * (n_methods + 1) / (6 * n_trials)),
    )


def _friedman(table: Values) -> float:
    """Give the p value of Friedman's test, which for two methods is that of the sign ranks."""
    if len(table) == 2:
        return wilcoxon(table[0] - table[1])
    if (table == table[0]).all():
        return 1.0
    return float(_stats().friedmanchisquare(*table).pvalue)


def _stats() -> Any:
    try:
        from scipy import stats
    except ImportError as error:
        raise MissingExtra(
            "comparing methods needs SciPy", "run: pip install 'affetto[train]'"
        ) from error
    return stats
