"""Label powerset: one class for each set of tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from affetto.baselines.base import Float64Array, Grid, Method, Scorer, Training, demand_count
from affetto.baselines.binary_relevance import BinaryRelevance, base_method, solve
from affetto.core import IntArray


@dataclass(frozen=True, slots=True)
class LabelPowerset(Method):
    """Learn which set of tags an example has, each set being a class of its own.

    Formula: s_j = sum of P(class | x) over the classes whose set holds tag j. Source:
    Tsoumakas, Katakis, "Multi-label classification: an overview", IJDWM 3, 2007 (as PT3); the
    marginals are from Read, "A pruned problem transformation method for multi-label
    classification", NZCSRSC 2008, as is the pruning: a set of fewer than `min_count` examples
    is no class. Our choice: its examples go to the class with the fewest tags to change, of
    several the one with the most examples, instead of being dropped or multiplied.
    """

    GRID: ClassVar[Grid] = (
        {"base": ("logistic",), "base_settings": ({"c": 0.001}, {"c": 0.003}, {"c": 0.01})},
        {"base": ("random_forest",), "base_settings": ({"n_trees": 100, "min_leaf": 3},)},
    )

    base: str = "logistic"
    base_settings: Mapping[str, Any] = field(default_factory=dict)
    min_count: int = 5

    def __post_init__(self) -> None:
        demand_count(min_count=self.min_count)
        base_method(self.base, self.base_settings)

    def learn(self, training: Training) -> Scorer:
        base = base_method(self.base, self.base_settings)
        return learn_powerset(base, training, training.labels, self.min_count, training.seed)


def learn_powerset(
    base: BinaryRelevance, training: Training, labels: IntArray, min_count: int, seed: int
) -> Scorer:
    """Learn a powerset of some tags, labels (n_examples, n_tags); gives their marginals."""
    sets, classes = prune(labels, min_count)
    classifier = solve(base, training, training.features, classes, len(sets), seed)
    return lambda features: classifier(features) @ sets


def prune(labels: IntArray, min_count: int) -> tuple[IntArray, IntArray]:
    """Give the sets that are classes, (n_classes, n_tags), and each example's class.

    Where no set has `min_count` examples, the most frequent ones are classes.
    """
    sets, places, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(counts >= min(min_count, counts.max()))
    kept = kept[np.argsort(-counts[kept], kind="stable")]
    n_changes: Float64Array = np.abs(sets[:, np.newaxis] - sets[kept]).sum(axis=2)
    return sets[kept], n_changes.argmin(axis=1)[places.reshape(-1)]
