"""Scores of examples by networks that did not see them: what every figure is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from affetto.core import BoolArray, FloatArray, Head, IntArray


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One data set's examples under one head, every fold once, for one seed.

    `targets` (n, n_outputs) in [0, 1] with NaN for unknown; `outputs` (n, n_outputs), tags in
    [0, 1] and the plane in [-1, 1], and `uncalibrated` the same before a calibration, None
    without one; `decisions` (n, n_tags), cut by thresholds that its fold had no part in, None for
    the plane; `prior` (n, n_outputs) the fold's training mean of the targets; `folds` (n,) which
    fold tested the example; `groups` the artists or songs. `quadrants` (n, 4) are the probabilities
    of the plane's quadrants in the order of `core.QUADRANTS`, by slopes that its fold had no part
    in; None where there are none.
    """

    head: Head
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    folds: IntArray
    targets: FloatArray
    outputs: FloatArray
    prior: FloatArray
    decisions: BoolArray | None = None
    uncalibrated: FloatArray | None = None
    quadrants: FloatArray | None = None


def joined(parts: Sequence[HeldOut]) -> HeldOut:
    """Put the folds of one seed together."""
    first = parts[0]
    decisions = [part.decisions for part in parts if part.decisions is not None]
    uncalibrated = [part.uncalibrated for part in parts if part.uncalibrated is not None]
    quadrants = [part.quadrants for part in parts if part.quadrants is not None]
    return HeldOut(
        head=first.head,
        ids=tuple(id for part in parts for id in part.ids),
        groups=tuple(group for part in parts for group in part.groups),
        folds=np.concatenate([part.folds for part in parts]),
        targets=np.concatenate([part.targets for part in parts]),
        outputs=np.concatenate([part.outputs for part in parts]),
        prior=np.concatenate([part.prior for part in parts]),
        decisions=np.concatenate(decisions) if decisions else None,
        uncalibrated=np.concatenate(uncalibrated) if len(uncalibrated) == len(parts) else None,
        quadrants=np.concatenate(quadrants) if len(quadrants) == len(parts) else None,
    )
