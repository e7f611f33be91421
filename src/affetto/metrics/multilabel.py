"""Measures of tagging: many tags for each example, judged by scores or by decisions.

Aim: say how well scores rank, how well decisions choose, and how far scores can be read as
probabilities.

    each tag, from scores        roc_auc, average_precision, expected_calibration_error
    each tag, from decisions     precision, recall, f1
    all cells pooled             micro_roc_auc, micro_average_precision,
                                 micro_precision, micro_recall, micro_f1
    mean over examples,          ranking_loss, coverage, one_error,
      from scores                label_ranking_average_precision
    mean over examples,          example_accuracy, example_precision, example_recall,
      from decisions             example_f1, subset_accuracy, hamming_loss

Sources, named in the docstrings by author:
- Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006.
- Godbole, Sarawagi, "Discriminative methods for multi-labeled classification", PAKDD 2004.
- Manning, Raghavan, Schütze, "Introduction to Information Retrieval", chapter 8, 2008.
- Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
  AAAI 2015.
- Opitz, Burst, "Macro F1 and macro F1", arXiv:1911.03347, 2019.
- Schapire, Singer, "BoosTexter: a boosting-based system for text categorization", Machine
  Learning 39, 2000.
- Sokolova, Lapalme, "A systematic analysis of performance measures for classification tasks",
  Information Processing and Management 45, 2009.
- Tsoumakas, Katakis, Vlahavas, "Mining multi-label data", Data Mining and Knowledge Discovery
  Handbook, 2nd edition, 2010.

Conventions:
- targets (n_examples, n_tags) hold 0, 1 or NaN; NaN is an unknown cell and never counts.
- scores (n_examples, n_tags) are finite, more means more likely; decisions are bool or 0/1.
- A measure of each tag gives (n_tags,); `macro` takes its mean over the tags that have one.
  A pooled measure, and a mean over examples, is one float.
- Zero division: a decision measure with a zero denominator is 0 (a tag never chosen has
  precision 0, an example neither labeled nor tagged has F1 0), as long as a cell is known.
- Undefined is NaN and left out of means: a ranking measure of a tag or an example without
  both classes (what needs only true cells says so), any measure without a known cell.
- Ties: equal scores stand and fall together, so no order of rows or columns changes a figure.
- Raises everywhere: BadConfig for shapes that differ, targets other than 0, 1, NaN, scores that
  are not finite, decisions other than 0, 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from affetto.metrics import calibration
from affetto.metrics.cells import Counts, Ranked, pooled, ratio
from affetto.metrics.checks import (
    Float64Array,
    labels_and_decisions,
    labels_and_probabilities,
    labels_and_scores,
)


def macro(values: npt.ArrayLike) -> float:
    """Give the mean of a measure over the tags that have it; NaN when none does.

    Shape: values (n_tags,). Source: Sokolova and Lapalme, macro-averaging.
    """
    array = np.asarray(values, dtype=np.float64)
    kept = array[~np.isnan(array)]
    return float(kept.mean()) if kept.size else float("nan")


# Each tag, from scores


def roc_auc(targets: npt.ArrayLike, scores: npt.ArrayLike) -> Float64Array:
    """Give each tag's chance that a true example outscores a false one, ties counting half.

    Formula: mean over pairs (i true, j false) of [s_i > s_j] + [s_i = s_j] / 2, which is the
    area under the ROC curve. Source: Fawcett, section 7.
    Shapes: (n_examples, n_tags) both -> (n_tags,); NaN for a tag without both classes.

    >>> roc_auc([[0], [0], [1], [1]], [[0.1], [0.4], [0.35], [0.8]])
    array([0.75])
    """
    return _roc_auc(*labels_and_scores(targets, scores))


def average_precision(targets: npt.ArrayLike, scores: npt.ArrayLike) -> Float64Array:
    """Give each tag's precision averaged over the cuts at its true examples, not interpolated.

    Formula: sum over thresholds k of (R_k - R_k-1) P_k, with recall R and precision P of the
    examples that score at least the threshold. Source: Manning et al., section 8.4.
    Shapes: (n_examples, n_tags) both -> (n_tags,); NaN for a tag without both classes.
    """
    return _average_precision(*labels_and_scores(targets, scores))


def expected_calibration_error(
    targets: npt.ArrayLike, scores: npt.ArrayLike, n_bins: int = 10
) -> Float64Array:
    """Give how far each tag's scores are from the shares of true examples at those scores.

    Formula: sum over bins b of n_b / n |mean score in b - share of true examples in b|, with
    `n_bins` bins of equal width over [0, 1], closed below and the last one closed above too.
    Source: Naeini et al., for one class against the rest.
    Shapes: (n_examples, n_tags) both -> (n_tags,); NaN for a tag without a known cell.
    Raises: BadConfig, also for scores outside [0, 1] and n_bins < 1.
    """
    return calibration.reliability(*labels_and_probabilities(targets, scores), n_bins).error


# Each tag, from decisions


def precision(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> Float64Array:
    """Give each tag's share of true examples among those chosen: TP / (TP + FP).

    Shapes: (n_examples, n_tags) both -> (n_tags,); 0 for a tag never chosen, NaN for one
    without a known cell. Source: Sokolova and Lapalme.
    """
    return Counts.of(*labels_and_decisions(targets, decisions)).precision


def recall(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> Float64Array:
    """Give each tag's share of chosen examples among the true ones: TP / (TP + FN).

    Shapes: (n_examples, n_tags) both -> (n_tags,); 0 for a tag without a true example, NaN for
    one without a known cell. Source: Sokolova and Lapalme.
    """
    return Counts.of(*labels_and_decisions(targets, decisions)).recall


def f1(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> Float64Array:
    """Give each tag's harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    `macro(f1(...))` is the mean of the tags' F1, not the F1 of mean precision and mean recall,
    which some papers print and which is never smaller (Opitz and Burst).
    Shapes: (n_examples, n_tags) both -> (n_tags,); 0 for a tag neither true nor chosen, NaN for
    one without a known cell. Source: Sokolova and Lapalme.
    """
    return Counts.of(*labels_and_decisions(targets, decisions)).f1


# All cells pooled, as if they were one tag


def micro_roc_auc(targets: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Give the ROC-AUC of all known cells; NaN without both classes. Formula: `roc_auc`."""
    return float(_roc_auc(*pooled(*labels_and_scores(targets, scores)))[0])


def micro_average_precision(targets: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Give the average precision of all known cells; NaN without both classes.

    Formula: `average_precision`.
    """
    return float(_average_precision(*pooled(*labels_and_scores(targets, scores)))[0])


def micro_precision(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the precision of all known cells: sum TP / sum (TP + FP).

    Source: Sokolova and Lapalme, micro-averaging, as for the two below.
    """
    return float(Counts.of(*pooled(*labels_and_decisions(targets, decisions))).precision[0])


def micro_recall(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the recall of all known cells: sum TP / sum (TP + FN)."""
    return float(Counts.of(*pooled(*labels_and_decisions(targets, decisions))).recall[0])


def micro_f1(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the F1 of all known cells: 2 sum TP / sum (2 TP + FP + FN)."""
    return float(Counts.of(*pooled(*labels_and_decisions(targets, decisions))).f1[0])


# Mean over examples, from scores


def ranking_loss(targets: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Give the mean share of an example's (true, false) tag pairs in the wrong order.

    Formula: mean over examples of |{(j, k): s_j <= s_k}| / (n_true n_false), j true, k false:
    a tie counts as wrong, in full. Source: Schapire and Singer; Tsoumakas et al. Examples
    without both classes are left out; scikit-learn counts them as perfect.
    """
    ranked = _ranked_tags(targets, scores)
    n_wrong = (ranked.n_false_at_least * ranked.is_true).sum(axis=0)
    return macro(ratio(n_wrong, ranked.n_true * ranked.n_false, np.nan))


def coverage(targets: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Give the mean number of tags, from the top, that hold all true tags of an example.

    Formula: mean over examples of max over true j of |{k: s_k >= s_j}|, at best the number of
    true tags. This is one more than in Schapire and Singer, in Tsoumakas et al. and in Mulan,
    whose best is 0 for a single true tag; scikit-learn counts as we do. Examples without a
    true tag are left out.
    """
    ranked = _ranked_tags(targets, scores)
    depth = (ranked.n_at_least * ranked.is_true).max(axis=0)
    return macro(np.where(ranked.n_true > 0, depth, np.nan))


def one_error(targets: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Give the share of examples whose top tag is not true.

    Formula: mean over examples of [the tag of the highest score is false]; among tags tied at
    the top, the share that is false, which is what a fair draw gives on average (our choice).
    Source: Schapire and Singer. Examples without a true tag, wrong whatever the scores, are
    left out.
    """
    ranked = _ranked_tags(targets, scores)
    values = ratio(ranked.n_false_at_least[0], ranked.n_at_least[0], np.nan)
    return macro(np.where(ranked.n_true > 0, values, np.nan))


def label_ranking_average_precision(targets: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Give the mean, over examples and their true tags, of the precision down to that tag.

    Formula: mean over examples of the mean over true j of |{k true: s_k >= s_j}| /
    |{k: s_k >= s_j}|. Source: Schapire and Singer, average precision. Examples without a true
    tag are left out; scikit-learn counts them as perfect.
    """
    return macro(_ranked_tags(targets, scores).mean_precision)


# Mean over examples, from decisions


def example_accuracy(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the mean of |true and chosen| / |true or chosen|, Jaccard's index.

    Source: Godbole and Sarawagi; Tsoumakas et al. The same for the three below.
    """
    return macro(_counted_tags(targets, decisions).overlap)


def example_precision(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the mean of |true and chosen| / |chosen|."""
    return macro(_counted_tags(targets, decisions).precision)


def example_recall(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the mean of |true and chosen| / |true|."""
    return macro(_counted_tags(targets, decisions).recall)


def example_f1(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the mean of 2 |true and chosen| / (|true| + |chosen|)."""
    return macro(_counted_tags(targets, decisions).f1)


def subset_accuracy(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the share of examples whose known cells are all right. Source: Tsoumakas et al."""
    counts = _counted_tags(targets, decisions)
    return macro(np.where(counts.n_known > 0, counts.n_wrong == 0, np.nan))


def hamming_loss(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> float:
    """Give the share of wrong cells among all known cells: |true xor chosen| / n.

    Every known cell weighs the same, so an example with few known cells weighs less; without
    unknown cells this is the mean over examples. Source: Tsoumakas et al.
    """
    counts = Counts.of(*pooled(*labels_and_decisions(targets, decisions)))
    return float(ratio(counts.n_wrong, counts.n_known, np.nan)[0])


def _roc_auc(targets: Float64Array, scores: Float64Array) -> Float64Array:
    ranked = Ranked.of(targets, scores)
    lost = (ranked.n_false_at_least + ranked.n_false_above) * ranked.is_true
    twice_pairs = 2 * ranked.n_true * ranked.n_false
    return ratio(twice_pairs - lost.sum(axis=0), twice_pairs, np.nan)


def _average_precision(targets: Float64Array, scores: Float64Array) -> Float64Array:
    ranked = Ranked.of(targets, scores)
    return np.where(ranked.n_false > 0, ranked.mean_precision, np.nan)


def _ranked_tags(targets: npt.ArrayLike, scores: npt.ArrayLike) -> Ranked:
    wanted, found = labels_and_scores(targets, scores)
    return Ranked.of(wanted.T, found.T)


def _counted_tags(targets: npt.ArrayLike, decisions: npt.ArrayLike) -> Counts:
    wanted, chosen = labels_and_decisions(targets, decisions)
    return Counts.of(wanted.T, chosen.T)
