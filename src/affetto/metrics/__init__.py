"""Measures, NumPy only; each module is a chapter that states its sources and conventions.

multilabel   tags: rankings, decisions, calibration; for each tag, pooled, over examples
calibration  what is true of the examples of each score
decisions    thresholds that maximize F1, and the trivial systems to compare with
regression   numbers such as valence and arousal
classes      one class for each example, such as the quadrant (its names stay there)
bootstrap    intervals over songs or artists
"""

from affetto.metrics import classes
from affetto.metrics.bootstrap import Bounds, interval, paired_interval
from affetto.metrics.calibration import N_BINS, Reliability, reliability
from affetto.metrics.decisions import all_ones, best_thresholds, prior
from affetto.metrics.multilabel import (
    average_precision,
    coverage,
    example_accuracy,
    example_f1,
    example_precision,
    example_recall,
    expected_calibration_error,
    f1,
    hamming_loss,
    label_ranking_average_precision,
    macro,
    micro_average_precision,
    micro_f1,
    micro_precision,
    micro_recall,
    micro_roc_auc,
    one_error,
    precision,
    ranking_loss,
    recall,
    roc_auc,
    subset_accuracy,
)
from affetto.metrics.regression import concordance, pearson, r2, rmse

__all__ = [
    "N_BINS",
    "Bounds",
    "Reliability",
    "all_ones",
    "average_precision",
    "best_thresholds",
    "classes",
    "concordance",
    "coverage",
    "example_accuracy",
    "example_f1",
    "example_precision",
    "example_recall",
    "expected_calibration_error",
    "f1",
    "hamming_loss",
    "interval",
    "label_ranking_average_precision",
    "macro",
    "micro_average_precision",
    "micro_f1",
    "micro_precision",
    "micro_recall",
    "micro_roc_auc",
    "one_error",
    "paired_interval",
    "pearson",
    "precision",
    "prior",
    "r2",
    "ranking_loss",
    "recall",
    "reliability",
    "rmse",
    "roc_auc",
    "subset_accuracy",
]
