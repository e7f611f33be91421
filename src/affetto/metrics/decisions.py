"""From scores to decisions, and the systems that know nothing to compare with.

Aim: cut each tag's scores where the F1 is best, and give the two trivial systems that any
measure should be read beside: choosing every tag, and the training's base rates as scores.

    best_thresholds   scores and targets -> a threshold for each tag
    all_ones          decisions that choose every tag
    prior             scores that are the tags' base rates

Sources, named in the docstrings by author:
- Lipton, Elkan, Naryanaswamy, "Optimal thresholding of classifiers to maximize F1 measure",
  ECML PKDD 2014.
- Yang, "A study of thresholding strategies for text categorization", SIGIR 2001.

Conventions: those of `multilabel`. A tag is chosen when its score reaches the threshold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from affetto.core import BoolArray
from affetto.errors import BadConfig
from affetto.metrics.cells import ratio
from affetto.metrics.checks import Float64Array, labels, labels_and_probabilities

NO_EVIDENCE = 0.5
"""The threshold, and the base rate, of a tag about which the data say nothing."""


def best_thresholds(targets: npt.ArrayLike, scores: npt.ArrayLike) -> Float64Array:
    """Give each tag's threshold in [0, 1] with the highest F1 on these data.

    Candidates are the midpoints between neighboring distinct scores, with 0 as the lowest
    neighbor, so that choosing every example is among them. Of candidates alike in F1 the one
    nearest to 0.5 is taken, of two as near the lower. A tag without a true example gets 0.5.
    The values survive a cast to float32: float32 scores are cut alike before and after it.
    Thresholds fit the data they were found on: find them on validation, measure on test.

    Shapes: (n_examples, n_tags) both -> (n_tags,). Source: Yang (SCut); Lipton et al. on F1,
    which also explain why a tag that cannot be told from noise ends up always chosen.
    Raises: BadConfig as `multilabel.f1` does, and for scores outside [0, 1].

    >>> best_thresholds([[0], [0], [1], [1]], [[0.25], [0.5], [0.75], [1.0]])
    array([0.625])
    """
    wanted, found = labels_and_probabilities(targets, scores)
    thresholds = np.full(wanted.shape[1], NO_EVIDENCE)
    for tag, known in enumerate(~np.isnan(wanted.T)):
        is_true = wanted[known, tag] == 1
        if is_true.any():
            thresholds[tag] = _best_threshold(is_true, found[known, tag])
    return thresholds


def all_ones(n_examples: int, n_tags: int) -> BoolArray:
    """Give decisions (n_examples, n_tags) that choose every tag.

    Their recall is 1 and their precision the base rate: the F1 to beat where tags are common.
    Raises: BadConfig for a negative number.
    """
    if n_examples < 0 or n_tags < 0:
        raise BadConfig(f"there is no ({n_examples}, {n_tags}) matrix of decisions")
    return np.ones((n_examples, n_tags), dtype=np.bool_)


def prior(training_targets: npt.ArrayLike, n_examples: int) -> Float64Array:
    """Give every example the tags' shares of true examples in the training, as its scores.

    Shapes: training_targets (n_training, n_tags) -> (n_examples, n_tags). A tag without a known
    training target gets 0.5. Each tag's ROC-AUC is then 0.5; the pooled and the example-based
    rankings show what the tags' frequencies alone are worth.
    Raises: BadConfig for targets other than 0, 1, NaN, and n_examples < 0.
    """
    if n_examples < 0:
        raise BadConfig(f"n_examples must not be negative, but is {n_examples}")
    wanted = labels(training_targets)
    known = ~np.isnan(wanted)
    rates = ratio((wanted == 1).sum(axis=0), known.sum(axis=0), NO_EVIDENCE)
    return np.tile(rates, (n_examples, 1))


def _best_threshold(is_true: BoolArray, scores: Float64Array) -> float:
    """Give the threshold of one tag from its known examples, of which at least one is true."""
    values, slots = np.unique(scores, return_inverse=True)
    # Counts of the examples from each distinct score upwards.
    n_hits = np.bincount(slots, weights=is_true)[::-1].cumsum()[::-1]
    n_chosen = np.bincount(slots)[::-1].cumsum()[::-1]
    # Equal fractions give equal floats, for both parts are whole numbers: == finds the ties.
    values_f1 = 2 * n_hits / (n_chosen + is_true.sum())
    thresholds = _midpoints(np.concatenate([[0.0], values[:-1]]), values)
    tied = thresholds[values_f1 == values_f1.max()]
    return float(tied[np.argmin(np.abs(tied - 0.5))])


def _midpoints(low: Float64Array, high: Float64Array) -> Float64Array:
    """Give values t with low < t <= high, halfway where float32 has a number there.

    Where both are 0, so is t.
    """
    halfway = ((low + high) / 2).astype(np.float32).astype(np.float64)
    return np.where((low < halfway) & (halfway <= high), halfway, high)
