"""From the decisions of a machine, which have no unit, to probabilities."""

from __future__ import annotations

import numpy as np

from affetto.baselines.base import Float64Array
from affetto.core import BoolArray

LEAST_SLOPE = 1e-3
_MAX_STEPS = 100


def platt(decisions: Float64Array, truth: BoolArray) -> tuple[float, float]:
    """Give slope and offset of P(true) = 1 / (1 + exp(-(slope * decision + offset))).

    They minimize the cross-entropy to the targets (n1 + 1) / (n1 + 2) for true examples and
    1 / (n0 + 2) for false ones, n1 and n0 being their numbers, by Newton's method with halved
    steps. Source: Platt, "Probabilistic outputs for support vector machines", 1999; Lin, Lin,
    Weng, "A note on Platt's probabilistic outputs for support vector machines", Machine
    Learning 68, 2007.
    Our choice: the slope is at least 0.001. Decisions on held-out data can come out worse than
    chance where a tag cannot be learned; to turn the machine's order around on that evidence
    would be to fit noise, so the order stays and all scores lie near the base rate.
    Shapes: (n_examples,) both, with a true and a false example; finite decisions.
    """
    n_true, n_false = int(truth.sum()), int((~truth).sum())
    targets = np.where(truth, (n_true + 1) / (n_true + 2), 1 / (n_false + 2))
    design = np.stack([decisions, np.ones_like(decisions)])
    weights = np.array([0.0, np.log((n_true + 1) / (n_false + 1))])
    loss = _cross_entropy(weights @ design, targets)
    for _ in range(_MAX_STEPS):
        chances = sigmoid(weights @ design)
        gradient = design @ (chances - targets)
        # The ridge keeps the step defined where all decisions are the same.
        curvature = (design * (chances * (1 - chances))) @ design.T + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-10:
            trial = weights - size * step
            trial_loss = _cross_entropy(trial @ design, targets)
            if trial_loss < loss:
                break
            size /= 2
        else:
            break
        converged = loss - trial_loss < 1e-12 * loss
        weights, loss = trial, trial_loss
        if converged:
            break
    slope, offset = weights
    if slope < LEAST_SLOPE:
        slope = LEAST_SLOPE
        offset = np.log((n_true + 1) / (n_false + 1)) - slope * decisions.mean()
    return float(slope), float(offset)


def sigmoid(values: Float64Array) -> Float64Array:
    """Give 1 / (1 + exp(-values)) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * values))


def _cross_entropy(logits: Float64Array, targets: Float64Array) -> float:
    return float((np.logaddexp(0, logits) - targets * logits).sum())
