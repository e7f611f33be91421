"""Measures of tagging: many tags for each example, judged by scores or by decisions.

Aim: say how well scores rank (ROC-AUC, average precision) and how well decisions choose
(precision, recall, F1), for each tag and over all tags.

Sources, named in the docstrings by author:
- Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006.
- Manning, Raghavan, Schütze, "Introduction to Information Retrieval", chapter 8, 2008.
- Sokolova, Lapalme, "A systematic analysis of performance measures for classification tasks",
  Information Processing and Management 45, 2009.

Conventions:
- targets (n_examples, n_tags) hold 0, 1 or NaN; NaN is an unknown cell and never counts.
- scores (n_examples, n_tags) are finite, more means more likely; decisions are bool or 0/1.
- A measure of each tag gives (n_tags,); `macro` takes its mean over the tags that have one.
  A micro measure pools the known cells of all tags and gives one float.
- A ranking measure of a tag without both classes is undefined: NaN. A decision measure with a
  zero denominator is 0 (a tag never chosen has precision 0), as long as a cell is known.
- Ties: examples with equal scores stand and fall together, so no order of rows changes a figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affetto.metrics.checks import (
    BoolArray,
    Float64Array,
    IntArray,
    labels_and_decisions,
    labels_and_scores,
    ratio,
)

# Over tags


def macro(values: npt.ArrayLike) -> float:
    """Give the mean of a measure over the tags that have it; NaN when none does.

    Shape: values (n_tags,). Source: Sokolova and Lapalme, macro-averaging.
    """
    array = np.asarray(values, dtype=np.float64)
    kept = array[~np.isnan(array)]
    return float(kept.mean()) if kept.size else float("nan")


# Ranking, from scores


def roc_auc(targets: npt.ArrayLike, scores: npt.ArrayLike) -> Float64Array:
    """Give each tag's chance that a true example outscores a false one, ties counting half.

    Formula: mean over pairs (i true, j false) of [s_i > s_j] + [s_i = s_j] / 2, which is the
    area under the ROC curve (Fawcett, section 7).
    Shapes: targets and scores (n_examples, n_tags) -> (n_tags,). NaN without both classes.
    Raises: BadConfig for shapes that differ, targets other than 0, 1, NaN, scores not finite.

    >>> roc_auc([[0], [0], [1], [1]], [[0.1], [0.4], [0.35], [0.8]])
    array([0.75])
    """
    ranked = _Ranked.of(*labels_and_scores(targets, scores))
    lost = (ranked.n_false_at_least + ranked.n_false_above) * ranked.is_true
    n_pairs = ranked.n_true * ranked.n_false
    return ratio(2 * n_pairs - lost.sum(axis=0), 2 * n_pairs, np.nan)


def average_precision(targets: npt.ArrayLike, scores: npt.ArrayLike) -> Float64Array:
    """Give each tag's precision averaged over the cuts at its true examples, not interpolated.

    Formula: sum over thresholds k of (R_k - R_k-1) P_k, with recall R and precision P of the
    examples that score at least the threshold (Manning et al., section 8.4).
    Shapes: targets and scores (n_examples, n_tags) -> (n_tags,). NaN without both classes.
    Raises: BadConfig as `roc_auc` does.
    """
    ranked = _Ranked.of(*labels_and_scores(targets, scores))
    values = ranked.precision_at_true()
    return np.where(ranked.n_false > 0, values, np.nan)


def micro_roc_auc(targets: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Give the ROC-AUC of all known cells pooled, as if they were one tag."""
    return float(roc_auc(*_pooled(*labels_and_scores(targets, scores)))[0])


def micro_average_precision(targets: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Give the average precision of all known cells pooled, as if they were one tag."""
    return float(average_precision(*_pooled(*labels_and_scores(targets, scores)))[0])


# Choosing, from decisions


def precision(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> Float64Array:
    """Give each tag's share of true examples among those chosen: TP / (TP + FP).

    Shapes: targets and decisions (n_examples, n_tags) -> (n_tags,); 0 for a tag never chosen,
    NaN for a tag without a known cell. Source: Sokolova and Lapalme.
    Raises: BadConfig for shapes that differ, targets other than 0, 1, NaN, decisions not 0, 1.
    """
    counts = _Counts.of(targets, decisions)
    return counts.where_known(ratio(counts.n_hits, counts.n_chosen, 0.0))


def recall(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> Float64Array:
    """Give each tag's share of chosen examples among the true ones: TP / (TP + FN).

    Shapes: as `precision`; 0 for a tag without a true example, NaN for one without a known
    cell. Source: Sokolova and Lapalme. Raises: BadConfig as `precision` does.
    """
    counts = _Counts.of(targets, decisions)
    return counts.where_known(ratio(counts.n_hits, counts.n_true, 0.0))


def f1(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> Float64Array:
    """Give each tag's harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    `macro(f1(...))` is the mean of the tags' F1, not the F1 of mean precision and mean recall,
    which some papers print and which is never smaller.
    Shapes: as `precision`; 0 for a tag neither true nor chosen, NaN for one without a known
    cell. Source: Sokolova and Lapalme. Raises: BadConfig as `precision` does.
    """
    counts = _Counts.of(targets, decisions)
    return counts.where_known(ratio(2 * counts.n_hits, counts.n_chosen + counts.n_true, 0.0))


def micro_precision(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the precision of all known cells pooled; NaN without a known cell."""
    return float(precision(*_pooled(*labels_and_decisions(targets, decisions)))[0])


def micro_recall(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the recall of all known cells pooled; NaN without a known cell."""
    return float(recall(*_pooled(*labels_and_decisions(targets, decisions)))[0])


def micro_f1(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the F1 of all known cells pooled; NaN without a known cell."""
    return float(f1(*_pooled(*labels_and_decisions(targets, decisions)))[0])


def _pooled(
    targets: Float64Array, estimates: npt.NDArray[np.generic]
) -> tuple[Float64Array, Float64Array]:
    """Give both as one column of cells, (n_cells, 1)."""
    return targets.reshape(-1, 1), np.asarray(estimates, dtype=np.float64).reshape(-1, 1)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Numbers of known cells along the first axis."""

    n_known: IntArray
    n_true: IntArray
    n_chosen: IntArray
    n_hits: IntArray

    @classmethod
    def of(cls, targets: npt.ArrayLike, decisions: npt.ArrayLike, axis: int = 0) -> _Counts:
        wanted, chosen = labels_and_decisions(targets, decisions)
        known, is_true = ~np.isnan(wanted), wanted == 1
        return cls(
            n_known=known.sum(axis=axis),
            n_true=is_true.sum(axis=axis),
            n_chosen=(known & chosen).sum(axis=axis),
            n_hits=(is_true & chosen).sum(axis=axis),
        )

    def where_known(self, values: Float64Array) -> Float64Array:
        return np.where(self.n_known > 0, values, np.nan)


@dataclass(frozen=True, slots=True)
class _Ranked:
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
    def of(cls, targets: Float64Array, scores: Float64Array) -> _Ranked:
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

    def precision_at_true(self) -> Float64Array:
        """Give the mean, over a column's true cells, of the precision down to their score."""
        n_at_least = self.n_true_at_least + self.n_false_at_least
        values = ratio(self.n_true_at_least, n_at_least, 0.0) * self.is_true
        return ratio(values.sum(axis=0), self.n_true, np.nan)
