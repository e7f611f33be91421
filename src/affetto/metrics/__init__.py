"""Measures, NumPy only: tags (`multilabel`) and numbers (`regression`).

Each module states its conventions; the names below are what other layers call.
"""

from affetto.metrics.multilabel import (
    average_precision,
    f1,
    macro,
    micro_average_precision,
    micro_f1,
    micro_precision,
    micro_recall,
    micro_roc_auc,
    precision,
    recall,
    roc_auc,
)
from affetto.metrics.regression import concordance, pearson, r2, rmse

__all__ = [
    "average_precision",
    "concordance",
    "f1",
    "macro",
    "micro_average_precision",
    "micro_f1",
    "micro_precision",
    "micro_recall",
    "micro_roc_auc",
    "pearson",
    "precision",
    "r2",
    "recall",
    "rmse",
    "roc_auc",
]
