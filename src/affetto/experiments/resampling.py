"""Figures of many draws of songs at once, by weights instead of copies.

A bootstrap draw takes each group so many times: an example counts with that weight, and nothing
else about it changes. So the examples of a fold are ranked once for each tag, and all draws are
summed along that one ranking. The draws are those of `metrics.interval` with the same groups and
seed, and so are the values, up to rounding: tests compare them.

    Draws           how often each draw takes each group
    drawn_values    a method's headline figures on every draw
    bounds          a figure with its percentile interval

Shapes: n_draws is the number of resamples; weights are (n_groups, n_draws).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affetto.core import BoolArray, FloatArray, IntArray
from affetto.errors import BadConfig
from affetto.evaluation.held_out import HeldOut

Values = npt.NDArray[np.float64]

LEVEL = 0.95
RANKED = ("auc", "ap")
HEADLINE = ("macro_auc", "macro_ap", "micro_f1", "macro_f1")


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each draw takes each group: `weights` (n_groups, n_draws).

    Counts are exact in float32, and their sums take half the time there.
    """

    names: tuple[str, ...]
    weights: FloatArray

    @classmethod
    def of(cls, groups: Iterable[str], seed: int, n_draws: int) -> Draws:
        """Draw groups with replacement, as many as there are, in the order of their names."""
        names = tuple(sorted(set(groups)))
        if not names or n_draws < 1:
            raise BadConfig("a bootstrap needs a group and at least one draw")
        rng = np.random.default_rng(seed)
        drawn = (rng.integers(len(names), size=len(names)) for _ in range(n_draws))
        counts = [np.bincount(places, minlength=len(names)) for places in drawn]
        return cls(names, np.stack(counts, axis=1).astype(np.float32))

    def places(self, groups: Sequence[str]) -> IntArray:
        """Give the row of each example's group, (n_examples,)."""
        rows = {name: row for row, name in enumerate(self.names)}
        return np.asarray([rows[group] for group in groups], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class DrawnValues:
    """Figures on every draw: `figures` (n_draws,) by name, and `per_tag` (n_tags, n_draws)."""

    figures: Mapping[str, Values]
    per_tag: Mapping[str, Values]


def drawn_values(runs: Sequence[HeldOut], draws: Draws) -> DrawnValues:
    """Give the headline figures of a method on every draw.

    As in `evaluation.measures`, a figure is the mean over folds and runs of its value in the
    fold. What a draw leaves undefined, such as a tag without a true example, stays out of means.
    """
    cells: dict[str, list[Values]] = {name: [] for name in (*HEADLINE, *RANKED)}
    for held in runs:
        places = draws.places(held.groups)
        for fold in np.unique(held.folds):
            rows = np.flatnonzero(held.folds == fold)
            present, of_fold = np.unique(places[rows], return_inverse=True)
            found = _of_fold(held, rows, of_fold, draws.weights[present])
            for name, values in found.items():
                cells[name].append(values)
    means = {name: mean_of_defined(np.stack(values)) for name, values in cells.items() if values}
    return DrawnValues(
        figures={name: means[name] for name in HEADLINE if name in means},
        per_tag={name: means[name] for name in RANKED},
    )


def bounds(estimate: float, drawn: Values) -> tuple[float, float, float]:
    """Give a figure and its 95 % percentile interval; NaN bounds where no draw has a value."""
    defined = drawn[np.isfinite(drawn)]
    if not defined.size:
        return estimate, float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return estimate, float(low), float(high)


def mean_of_defined(values: Values) -> Values:
    """Give the mean along the first axis over what is not NaN; NaN where nothing is."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        return np.asarray(np.nanmean(values, axis=0))


def ranked_values(
    targets: FloatArray, scores: FloatArray, places: IntArray, weights: FloatArray
) -> tuple[Values, Values]:
    """Give ROC-AUC and average precision of one tag on every draw, (n_draws,) each.

    Shapes: targets, scores, places (n_examples,). Formulas: `metrics.roc_auc` and
    `metrics.average_precision`, each example counted as often as the draw takes its group.
    """
    known = ~np.isnan(targets)
    targets, scores, places = targets[known], scores[known], places[known]
    order = np.argsort(-scores, kind="stable")
    scores, places = scores[order], places[order]
    true_rows = np.flatnonzero(targets[order] == 1)
    if not 0 < len(true_rows) < len(order):
        undefined = np.full(weights.shape[1], np.nan)
        return undefined, undefined.copy()
    first, last = _ties(scores)
    total = np.cumsum(weights[places], axis=0)
    true_weights = weights[places[true_rows]]
    true = np.cumsum(true_weights, axis=0)
    # The true examples at or above the last, and above the first, of an example's equals.
    n_true_to_last = np.searchsorted(true_rows, last[true_rows], side="right")
    n_true_before = np.searchsorted(true_rows, first[true_rows], side="left")
    at_least = total[last[true_rows]]
    true_at_least = true[n_true_to_last - 1]
    n_true = true[-1]
    n_false = total[-1] - n_true
    with np.errstate(invalid="ignore", divide="ignore"):
        # Where nothing is drawn down to an example, it is not drawn itself: its weight is 0.
        shares = true_at_least / np.maximum(at_least, 1)
        precision = np.einsum("ij,ij->j", true_weights, shares) / n_true
        false_at_least = at_least - true_at_least
        false_above = _before(total, first[true_rows]) - _before(true, n_true_before)
        lost = np.einsum("ij,ij->j", true_weights, false_at_least + false_above)
        auc = 1 - lost / (2 * n_true * n_false)
    is_defined = (n_true > 0) & (n_false > 0)
    return np.where(is_defined, auc, np.nan), np.where(is_defined, precision, np.nan)


def _of_fold(
    held: HeldOut, rows: IntArray, places: IntArray, weights: FloatArray
) -> dict[str, Values]:
    targets, scores = held.targets[rows], held.outputs[rows]
    ranked = [
        ranked_values(targets[:, tag], scores[:, tag], places, weights)
        for tag in range(targets.shape[1])
    ]
    aucs, precisions = (np.stack(values) for values in zip(*ranked, strict=True))
    found = {
        "auc": aucs,
        "ap": precisions,
        "macro_auc": mean_of_defined(aucs),
        "macro_ap": mean_of_defined(precisions),
    }
    if held.decisions is not None:
        found |= _decided_values(targets, held.decisions[rows], places, weights)
    return found


def _decided_values(
    targets: FloatArray, chosen: BoolArray, places: IntArray, weights: FloatArray
) -> dict[str, Values]:
    """Give F1 on every draw. Formulas: `metrics.micro_f1` and `metrics.f1`."""
    is_true, is_known = targets == 1, ~np.isnan(targets)

    def count(cells: BoolArray) -> Values:
        by_group = np.zeros((len(weights), cells.shape[1]))
        np.add.at(by_group, places, cells)
        # Not a matrix product, whose threads would cost more than they save on so few groups.
        return np.asarray(np.einsum("gt,gd->td", by_group, weights))

    hits, n_known = count(is_true & chosen), count(is_known)
    both = count(is_true) + count(is_known & chosen)
    per_tag = np.where(n_known > 0, 2 * hits / np.maximum(both, 1), np.nan)
    micro = 2 * hits.sum(axis=0) / np.maximum(both.sum(axis=0), 1)
    is_defined = n_known.sum(axis=0) > 0
    return {"micro_f1": np.where(is_defined, micro, np.nan), "macro_f1": mean_of_defined(per_tag)}


def _ties(scores: FloatArray) -> tuple[IntArray, IntArray]:
    """Give the first and the last row of each row's equals, scores in falling order."""
    starts = np.concatenate([[True], scores[1:] != scores[:-1]])
    number = np.cumsum(starts) - 1
    firsts = np.flatnonzero(starts)
    lasts = np.append(firsts[1:], len(scores)) - 1
    return firsts[number], lasts[number]


def _before(sums: FloatArray, rows: IntArray) -> FloatArray:
    """Give running sums as they stand before the rows: 0 before the first."""
    return sums[np.maximum(rows - 1, 0)] * (rows > 0)[:, np.newaxis]
