"""k nearest neighbors, and the search for them that ML-kNN shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from affetto.baselines.base import Float64Array, Grid, Method, Scorer, Training, demand_count
from affetto.core import IntArray


@dataclass(frozen=True, slots=True)
class Knn(Method):
    """Score a tag by its share among the k nearest training examples.

    Formula: s_j = sum over the neighbors i of y_ij / k. Source: Cover, Hart, "Nearest neighbor
    pattern classification", IEEE Transactions on Information Theory 13, 1967.
    Our choices: Euclidean distance on standardized features; neighbors weigh the same; with
    fewer than k examples all of them are neighbors. On the averages of a spectrogram, the
    first n_bins of `features.summary`, this is the simplest thing that listens at all.
    """

    GRID: ClassVar[Grid] = ({"k": (160, 80, 40, 20)},)

    k: int = 80

    def __post_init__(self) -> None:
        demand_count(k=self.k)

    def learn(self, training: Training) -> Scorer:
        k = min(self.k, len(training.features))

        def score(features: Float64Array) -> Float64Array:
            neighbors = nearest(squared_distances(features, training.features), k)
            shares: Float64Array = training.labels[neighbors].mean(axis=1)
            return shares

        return score


def squared_distances(ones: Float64Array, others: Float64Array) -> Float64Array:
    """Give the squared Euclidean distances (n_ones, n_others) of rows."""
    products = ones @ others.T
    sums = (ones**2).sum(axis=1)[:, np.newaxis] + (others**2).sum(axis=1)
    distances: Float64Array = np.maximum(sums - 2 * products, 0.0)
    return distances


def nearest(distances: Float64Array, k: int) -> IntArray:
    """Give the k nearest columns of each row, (n_rows, k), nearest first, ties in their order."""
    return np.argsort(distances, axis=1, kind="stable")[:, :k]
