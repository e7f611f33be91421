"""How far scores can be read as probabilities: what is true of the examples of each score.

Aim: the bins behind a reliability diagram, and the one figure that sums them up.

    reliability   scores and targets -> for each tag and bin: count, mean score, mean target

Sources:
- Niculescu-Mizil, Caruana, "Predicting good probabilities with supervised learning", ICML 2005
  (the diagram).
- Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
  AAAI 2015 (expected calibration error, of one class against the rest).
- Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017 (15 bins).

Conventions: those of `multilabel`, but a target may be any share in [0, 1], such as that of the
listeners who chose a tag. Bins are of equal width over [0, 1], closed below, the last one above
too. With few examples a bin's share is far from the true one by chance alone, so that even
perfect scores have an error above 0, the more bins the more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affetto.core import IntArray
from affetto.errors import BadConfig
from affetto.metrics.cells import ratio
from affetto.metrics.checks import Float64Array, targets_and_estimates

N_BINS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """What lies in each bin, (n_tags, n_bins) each; means are NaN where `counts` is 0."""

    counts: IntArray
    mean_scores: Float64Array
    mean_targets: Float64Array

    @property
    def error(self) -> Float64Array:
        """The expected calibration error (n_tags,); NaN for a tag without a known cell.

        Formula: sum over bins b of n_b / n |mean score in b - mean target in b|.
        """
        gaps = np.where(self.counts > 0, np.abs(self.mean_scores - self.mean_targets), 0)
        return ratio((self.counts * gaps).sum(axis=1), self.counts.sum(axis=1), np.nan)


def reliability(targets: npt.ArrayLike, scores: npt.ArrayLike, n_bins: int = N_BINS) -> Reliability:
    """Sort each tag's known examples into bins by their score.

    Shapes: (n_examples, n_tags) both. Raises: BadConfig for shapes that differ, values outside
    [0, 1] and n_bins < 1.
    """
    if n_bins < 1:
        raise BadConfig(f"n_bins must be at least 1, not {n_bins}")
    wanted, found = targets_and_estimates(targets, scores, "scores")
    known = ~np.isnan(wanted)
    if ((found < 0) | (found > 1)).any() or ((wanted < 0) | (wanted > 1)).any():
        raise BadConfig("scores and targets must lie in [0, 1] here")
    bins = np.minimum((found * n_bins).astype(np.int64), n_bins - 1)
    n_tags = wanted.shape[1]
    # One bin of one tag is one slot, so that a single count serves all tags.
    slots = (bins + n_bins * np.arange(n_tags))[known]

    def sums(weights: Float64Array) -> Float64Array:
        return np.asarray(np.bincount(slots, weights, n_bins * n_tags).reshape(n_tags, n_bins))

    counts = sums(np.ones(len(slots))).astype(np.int64)
    return Reliability(
        counts=counts,
        mean_scores=ratio(sums(found[known]), counts, np.nan),
        mean_targets=ratio(sums(wanted[known]), counts, np.nan),
    )
