"""What the measures demand of their input, checked before anything is computed.

A score that is not a number would be ranked somewhere by the sort and give a plausible figure
for a broken system, so it is refused; only a target may be unknown (NaN).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from affetto.core import BoolArray
from affetto.errors import BadConfig

Float64Array = npt.NDArray[np.float64]


def matrix(values: npt.ArrayLike, name: str) -> Float64Array:
    """Give values as float64 (n_examples, n_columns). Raises: BadConfig for another shape."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise BadConfig(
            f"{name} must be (n_examples, n_columns), not of shape {array.shape}",
            "for one column, give values[:, np.newaxis]",
        )
    if array.shape[1] == 0:
        raise BadConfig(f"{name} have no column to measure")
    return array


def targets_and_estimates(
    targets: npt.ArrayLike, estimates: npt.ArrayLike, name: str = "estimates"
) -> tuple[Float64Array, Float64Array]:
    """Give both as float64 of one shape (n_examples, n_columns); targets may hold NaN.

    Raises: BadConfig for shapes that differ, an infinite target or an estimate not finite.
    """
    wanted, found = matrix(targets, "targets"), matrix(estimates, name)
    if wanted.shape != found.shape:
        raise BadConfig(f"targets {wanted.shape} and {name} {found.shape} differ in shape")
    if np.isinf(wanted).any():
        raise BadConfig("targets hold an infinite value")
    if not np.isfinite(found).all():
        raise BadConfig(f"{name} hold a value that is not finite", "look at the system's output")
    return wanted, found


def labels(targets: npt.ArrayLike) -> Float64Array:
    """Give targets as float64 (n_examples, n_tags). Raises: BadConfig if not 0, 1 or NaN."""
    wanted = matrix(targets, "targets")
    if not np.isin(wanted[~np.isnan(wanted)], (0.0, 1.0)).all():
        raise BadConfig("targets must be 0, 1 or NaN (unknown)", "cut shares of raters first")
    return wanted


def labels_and_scores(
    targets: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[Float64Array, Float64Array]:
    """As `targets_and_estimates`; targets must be 0, 1 or NaN.

    Raises: BadConfig, also for another target.
    """
    return targets_and_estimates(labels(targets), scores, "scores")


def labels_and_probabilities(
    targets: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[Float64Array, Float64Array]:
    """As `labels_and_scores`; scores must lie in [0, 1]. Raises: BadConfig, also if not."""
    wanted, found = labels_and_scores(targets, scores)
    if ((found < 0) | (found > 1)).any():
        raise BadConfig("scores must lie in [0, 1] here", "put them through a sigmoid first")
    return wanted, found


def labels_and_decisions(
    targets: npt.ArrayLike, decisions: npt.ArrayLike
) -> tuple[Float64Array, BoolArray]:
    """As `labels_and_scores`; decisions must be bool, or 0 and 1. Raises: BadConfig if not."""
    wanted, found = labels_and_scores(targets, decisions)
    if not np.isin(found, (0.0, 1.0)).all():
        raise BadConfig("decisions must be 0 or 1", "compare the scores with thresholds first")
    return wanted, found == 1
