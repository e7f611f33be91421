"""Counts and ranks of cells, which the measures of tags and of examples share.

Both work along the first axis: for measures of a tag that axis is the examples, for measures
of an example (matrices transposed) it is the tags. Unknown cells count nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from affetto.core import BoolArray, IntArray
from affetto.metrics.checks import Float64Array

_Scalar = TypeVar("_Scalar", np.float64, np.bool_)


def ratio(numerator: Float64Array | IntArray, denominator: IntArray, empty: float) -> Float64Array:
    """Divide elementwise; where the denominator is 0, give `empty`."""
    quotient = np.full(denominator.shape, empty)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def pooled(
    targets: Float64Array, estimates: npt.NDArray[_Scalar]
) -> tuple[Float64Array, npt.NDArray[_Scalar]]:
    """Give both as one column of cells, (n_cells, 1)."""
    return targets.reshape(-1, 1), estimates.reshape(-1, 1)


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of known cells along the first axis: (n_columns,) each."""

    n_known: IntArray
    n_true: IntArray
    n_chosen: IntArray
    n_hits: IntArray

    @classmethod
    def of(cls, targets: Float64Array, chosen: BoolArray) -> Counts:
        known, is_true = ~np.isnan(targets), targets == 1
        return cls(
            n_known=known.sum(axis=0),
            n_true=is_true.sum(axis=0),
            n_chosen=(known & chosen).sum(axis=0),
            n_hits=(is_true & chosen).sum(axis=0),
        )

    @property
    def precision(self) -> Float64Array:
        return self._where_known(ratio(self.n_hits, self.n_chosen, 0.0))

    @property
    def recall(self) -> Float64Array:
        return self._where_known(ratio(self.n_hits, self.n_true, 0.0))

    @property
    def f1(self) -> Float64Array:
        return self._where_known(ratio(2 * self.n_hits, self.n_chosen + self.n_true, 0.0))

    @property
    def overlap(self) -> Float64Array:
        """Hits by the union of true and chosen cells."""
        n_union = self.n_chosen + self.n_true - self.n_hits
        return self._where_known(ratio(self.n_hits, n_union, 0.0))

    @property
    def n_wrong(self) -> IntArray:
        return self.n_chosen + self.n_true - 2 * self.n_hits

    def _where_known(self, values: Float64Array) -> Float64Array:
        return np.where(self.n_known > 0, values, np.nan)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Each column of cells from the highest score to the lowest, unknown cells behind.

    (n_examples, n_columns) for the cells, (n_columns,) for the totals. The counts of a cell
    run over the known cells that score at least as much as it, or more than it ("above").
    """

    is_true: BoolArray
    n_true_at_least: IntArray
    n_false_at_least: IntArray
    n_false_above: IntArray
    n_true: IntArray
    n_false: IntArray

    @classmethod
    def of(cls, targets: Float64Array, scores: Float64Array) -> Ranked:
        keys = np.where(np.isnan(targets), np.inf, -scores)
        order = np.argsort(keys, axis=0, kind="stable")
        keys = np.take_along_axis(keys, order, axis=0)
        targets = np.take_along_axis(targets, order, axis=0)
        rows = np.arange(len(keys))[:, np.newaxis]
        differs = keys[1:] != keys[:-1]
        edge = np.ones((min(1, len(keys)), keys.shape[1]), dtype=np.bool_)
        first = np.maximum.accumulate(np.where(np.concatenate([edge, differs]), rows, 0), axis=0)
        ends = np.where(np.concatenate([differs, edge]), rows, len(keys))
        last = np.minimum.accumulate(ends[::-1], axis=0)[::-1]
        is_true, is_false = targets == 1, targets == 0
        n_true, n_false = is_true.cumsum(axis=0), is_false.cumsum(axis=0)
        return cls(
            is_true=is_true,
            n_true_at_least=np.take_along_axis(n_true, last, axis=0),
            n_false_at_least=np.take_along_axis(n_false, last, axis=0),
            n_false_above=np.take_along_axis(n_false - is_false, first, axis=0),
            n_true=is_true.sum(axis=0),
            n_false=is_false.sum(axis=0),
        )

    @property
    def n_at_least(self) -> IntArray:
        return self.n_true_at_least + self.n_false_at_least

    @property
    def mean_precision(self) -> Float64Array:
        """The mean over a column's true cells of the precision down to their score."""
        values = ratio(self.n_true_at_least, self.n_at_least, 0.0) * self.is_true
        return ratio(values.sum(axis=0), self.n_true, np.nan)
