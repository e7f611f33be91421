"""Settings chosen by cross-validation on inner folds that keep a group together.

Segments of one song are alike and share their labels: inner folds that cut through songs would
reward whatever remembers songs, and choose settings that fail on new ones. Test data have no
part in this: give the training examples of an outer fold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from affetto import metrics
from affetto.baselines.base import Float64Array, Grid, Groups, Method, demand, make
from affetto.core import IntArray

Measure = Literal["roc_auc", "average_precision"]

_MEASURES: Mapping[str, Callable[[npt.ArrayLike, npt.ArrayLike], Float64Array]] = {
    "roc_auc": metrics.roc_auc,
    "average_precision": metrics.average_precision,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings that were tried: the macro measure over all inner folds, and in each of them."""

    settings: Mapping[str, Any]
    score: float
    fold_scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tuning:
    """The best method, not fitted, and what was tried, in the order of the grid."""

    best: Method
    table: tuple[Trial, ...]


def tune(
    method: type[Method],
    grid: Grid,
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    groups: Groups,
    seed: int,
    *,
    measure: Measure = "roc_auc",
    n_folds: int = 3,
) -> Tuning:
    """Try all settings of a grid (`method.GRID` is the usual one) and keep the best.

    A setting's score is the measure of each tag, averaged over the inner folds that have both
    classes of it, then over the tags. Of settings that score alike the earlier one is kept:
    a grid lists simpler ones first.
    Shapes: features (n_examples, n_features), labels (n_examples, n_tags), groups (n_examples,).
    Raises: BadConfig as `Method.fit` does, for an empty grid, an unknown setting or measure,
    fewer groups than folds, and when no tag has both classes in any fold.
    """
    demand(measure in _MEASURES, f"measure must be one of {', '.join(_MEASURES)}, not {measure!r}")
    values, wanted = np.asarray(features), np.asarray(labels)
    candidates = [(settings, make(method, settings)) for settings in combinations(grid)]
    demand(bool(candidates), "the grid has nothing to try")
    names = np.asarray(groups)
    demand(
        len(values) == len(wanted) and names.shape == (len(values),),
        f"features, labels and groups must be as many, not {len(values)}, {len(wanted)} "
        f"and {names.size}",
    )
    folds = list(inner_folds(names, n_folds, seed))
    table = []
    for settings, candidate in candidates:
        by_tag = []
        for rest, held_out in folds:
            fitted = candidate.fit(values[rest], wanted[rest], seed, names[rest])
            by_tag.append(_MEASURES[measure](wanted[held_out], fitted.score(values[held_out])))
        table.append(_trial(settings, np.stack(by_tag)))
    best = int(np.argmax([trial.score for trial in table]))
    return Tuning(candidates[best][1], tuple(table))


def combinations(grid: Grid) -> Iterator[dict[str, Any]]:
    """Give each setting of a grid: the products of its mappings, one mapping after the other.

    >>> list(combinations([{"a": (1, 2)}, {"a": (3,), "b": (4,)}]))
    [{'a': 1}, {'a': 2}, {'a': 3, 'b': 4}]
    """
    for axes in grid:
        for values in product(*axes.values()):
            yield dict(zip(axes, values, strict=True))


def inner_folds(groups: Groups, n_folds: int, seed: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Give (the rest, held out) as indices of examples; whole groups, each held out once.

    Large groups are dealt before small ones, otherwise in an order drawn by the seed, each to
    the fold with the fewest examples. The fold of a group hangs on all groups and their sizes
    alone, not on the order of the examples. Raises: BadConfig for n_folds < 2 or fewer groups.
    """
    names, places, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    demand(
        2 <= n_folds <= len(names),
        f"{n_folds} folds cannot be made of {len(names)} groups; each needs one, and 2 folds",
    )
    shuffled = np.random.default_rng(seed).permutation(len(names))
    fold_of = np.empty(len(names), dtype=np.int64)
    filled = np.zeros(n_folds, dtype=np.int64)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    for fold in range(n_folds):
        is_held_out = fold_of[places] == fold
        yield np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def _trial(settings: Mapping[str, Any], by_tag: Float64Array) -> Trial:
    """Sum up a measure (n_folds, n_tags), NaN where a fold has one class of a tag."""
    known = ~np.isnan(by_tag)
    demand(bool(known.any()), "no tag has both classes in an inner fold")
    means = np.where(known, by_tag, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return Trial(
        settings,
        float(means[known.any(axis=0)].mean()),
        tuple(metrics.macro(fold) for fold in by_tag),
    )
