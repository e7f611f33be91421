"""Fit small models on a frozen network's outputs, nothing of them chosen by the test fold.

For each test fold, every setting (which outputs, how strongly held back) is tried by
cross-validation inside the other folds, and the best one is fitted on all of these.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Kind = Literal["logistic", "ridge"]

STRENGTHS: Mapping[Kind, tuple[float, ...]] = {
    "logistic": (0.0003, 0.001, 0.01, 0.1),  # C
    "ridge": (30.0, 100.0, 300.0, 1000.0, 3000.0),  # alpha
}


@dataclass(frozen=True, slots=True)
class Fitted:
    """Out-of-fold estimates (n_examples,) of one target, and each test fold's setting.

    Logistic estimates are probabilities; those of folds that are not tested are NaN.
    """

    estimates: Array
    chosen: Mapping[int, tuple[str, float]]


def fit(
    kind: Kind,
    features: Mapping[str, Array],
    targets: Array,
    folds: npt.NDArray[np.int64],
    test_folds: Sequence[int],
) -> Fitted:
    """Give out-of-fold estimates of a target (n_examples,), 0 or 1 for a logistic regression.

    Shapes: features (n_examples, n_features) by the set's name; folds (n_examples,).
    """
    every = [int(fold) for fold in np.unique(folds)]
    if len(every) < 3:
        raise SystemExit("choosing settings inside the training folds needs three folds in all")
    settings = list(itertools.product(features, STRENGTHS[kind]))
    # Trained without two folds, a model serves the inner test of either, the other being outer.
    inner: dict[tuple[int, int], Array] = {}
    for pair in itertools.combinations(every, 2):
        if not set(pair) & set(test_folds):
            continue
        training = ~np.isin(folds, pair)
        losses = [
            _losses(kind, features[name], targets, training, strength)
            for name, strength in settings
        ]
        for outer, tested in (pair, pair[::-1]):
            inner[outer, tested] = np.array([loss[folds == tested].sum() for loss in losses])
    estimates = np.full(len(targets), np.nan)
    chosen = {}
    for outer in test_folds:
        losses_of = sum(inner[outer, tested] for tested in every if tested != outer)
        name, strength = settings[int(np.argmin(losses_of))]
        rows = folds == outer
        estimates[rows] = _estimates(kind, features[name], targets, ~rows, strength)[rows]
        chosen[outer] = (name, strength)
    return Fitted(estimates, chosen)


def line(values: Array, targets: Array, training: npt.NDArray[np.bool_]) -> Array:
    """Give the estimates (n_examples,) of a straight line fitted on the training examples."""
    slope, base = np.polyfit(values[training], targets[training], 1)
    return np.asarray(slope * values + base)


def _losses(
    kind: Kind, x: Array, targets: Array, training: npt.NDArray[np.bool_], strength: float
) -> Array:
    """Give each example's loss: log loss, or squared error."""
    found = _estimates(kind, x, targets, training, strength)
    if kind == "ridge":
        return np.asarray((found - targets) ** 2)
    right = np.where(targets > 0.5, found, 1 - found)
    return np.asarray(-np.log(np.clip(right, 1e-6, 1)))


def _estimates(
    kind: Kind, x: Array, targets: Array, training: npt.NDArray[np.bool_], strength: float
) -> Array:
    from sklearn.linear_model import LogisticRegression, Ridge

    center, spread = x[training].mean(axis=0), x[training].std(axis=0)
    scaled = (x - center) / np.where(spread > 0, spread, 1)
    if kind == "ridge":
        model: Any = Ridge(alpha=strength).fit(scaled[training], targets[training])
        return np.asarray(model.predict(scaled))
    model = LogisticRegression(C=strength, max_iter=500)
    model.fit(scaled[training], targets[training] > 0.5)
    return np.asarray(model.predict_proba(scaled)[:, 1])
