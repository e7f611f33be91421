"""ML-kNN, written here: the library that had it is no longer maintained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from affetto.baselines.base import (
    Float64Array,
    Grid,
    Method,
    Scorer,
    Training,
    demand_count,
    demand_positive,
)
from affetto.baselines.knn import nearest, squared_distances
from affetto.core import IntArray


@dataclass(frozen=True, slots=True)
class MlKnn(Method):
    """Score a tag by Bayes' rule from the number of neighbors that have it.

    Source: Zhang, Zhou, "ML-KNN: a lazy learning approach to multi-label learning", Pattern
    Recognition 40, 2007. With H1 "the example has the tag", H0 "it has not", E_c "c of its k
    neighbors have it", n examples and smoothing s:

        P(H1) = (s + number that have the tag) / (2 s + n)
        P(E_c | H1) = (s + n1[c]) / (s (k + 1) + sum over c of n1[c])

    where n1[c] counts the training examples that have the tag and c neighbors that have it
    among the k nearest of the others; P(E_c | H0) likewise, of those that have it not.
    Score: P(H1 | E_c) = P(H1) P(E_c | H1) / (P(H1) P(E_c | H1) + P(H0) P(E_c | H0)).

    Our choices: Euclidean distance on standardized features, as in `Knn`; an example is never
    its own neighbor, but a copy of it may be; k is at most the number of the others.
    """

    GRID: ClassVar[Grid] = ({"k": (160, 80, 40, 20)},)

    k: int = 80
    smoothing: float = 1.0

    def __post_init__(self) -> None:
        demand_count(k=self.k)
        demand_positive(smoothing=self.smoothing)

    def learn(self, training: Training) -> Scorer:
        labels, s = training.labels, self.smoothing
        n_examples = len(labels)
        k = min(self.k, n_examples - 1)
        distances = squared_distances(training.features, training.features)
        np.fill_diagonal(distances, np.inf)
        counts = labels[nearest(distances, k)].sum(axis=1)
        prior = (s + labels.sum(axis=0)) / (2 * s + n_examples)
        with_tag = _frequencies(counts, labels, k)
        without_tag = _frequencies(counts, 1 - labels, k)
        likely = prior * (s + with_tag) / (s * (k + 1) + with_tag.sum(axis=0))
        unlikely = (1 - prior) * (s + without_tag) / (s * (k + 1) + without_tag.sum(axis=0))
        posterior = likely / (likely + unlikely)

        def score(features: Float64Array) -> Float64Array:
            neighbors = nearest(squared_distances(features, training.features), k)
            found = labels[neighbors].sum(axis=1)
            return np.take_along_axis(posterior, found, axis=0)

        return score


def _frequencies(counts: IntArray, members: IntArray, k: int) -> IntArray:
    """Count, for each tag, the member examples with 0 to k neighbors: (k + 1, n_tags)."""
    return np.stack([((counts == c) & (members == 1)).sum(axis=0) for c in range(k + 1)])
