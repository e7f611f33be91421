"""Support vector machines, linear and Gaussian, with Platt's probabilities.

All tags share the kernel matrix of the training examples, which is computed once: 8 n^2 bytes,
so 50 MB for 2,500 examples and 800 MB for 10,000.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from affetto.baselines.base import (
    Float64Array,
    Grid,
    Scorer,
    Training,
    demand_positive,
    derived_seed,
    require_scikit_learn,
)
from affetto.baselines.binary_relevance import BinaryRelevance, Classifier, Problem
from affetto.baselines.knn import squared_distances
from affetto.baselines.platt import platt, sigmoid
from affetto.baselines.tuning import inner_folds
from affetto.core import BoolArray, IntArray

N_FOLDS = 3


class _SupportVectors(BinaryRelevance):
    """A support vector machine for each tag or, as a base, for each class against the rest.

    Formula: f(x) = sum_i a_i k(x_i, x) + b with the soft-margin hinge loss weighted by `c`;
    source: Cortes, Vapnik, "Support-vector networks", Machine Learning 20, 1995; solver:
    LIBSVM in scikit-learn (Chang, Lin, "LIBSVM: a library for support vector machines", ACM
    TIST 2, 2011). Scores are probabilities by Platt's method, fitted on the decisions of three
    inner folds which keep groups together; the order within a tag is that of f. As in LIBSVM a
    fold that lacks a class decides for the other one with 1 or -1. Several classes: one
    machine against the rest for each, probabilities divided by their sum (our choice).
    """

    __slots__ = ()

    c: float

    @abstractmethod
    def kernel(self, ones: Float64Array, others: Float64Array) -> Float64Array:
        """Give k of all pairs of rows, (n_ones, n_others)."""

    def learn(self, training: Training) -> Scorer:
        return self._machines(
            training.features, training.labels.T == 1, training.groups, training.seed
        )

    def classify(self, problem: Problem) -> Classifier:
        n_classes = int(problem.classes.max()) + 1
        truths = [problem.classes == each for each in range(n_classes)]
        if n_classes == 2:
            truths = truths[1:]
        machines = self._machines(problem.features, truths, problem.groups, problem.seed)

        def probabilities(features: Float64Array) -> Float64Array:
            found = machines(features)
            if n_classes == 2:
                return np.hstack([1 - found, found])
            shares: Float64Array = found / found.sum(axis=1, keepdims=True)
            return shares

        return probabilities

    def _machines(
        self,
        features: Float64Array,
        truths: Sequence[BoolArray] | BoolArray,
        groups: IntArray,
        seed: int,
    ) -> Scorer:
        """Learn yes or no for each of several questions about the same examples."""
        require_scikit_learn()
        gram = self.kernel(features, features)
        n_folds = min(N_FOLDS, len(np.unique(groups)))
        folds = list(inner_folds(groups, n_folds, derived_seed(seed))) if n_folds > 1 else []
        weights = np.zeros((len(features), len(truths)))
        offsets, slopes, shifts = np.zeros((3, len(truths)))
        for place, truth in enumerate(truths):
            weights[:, place], offsets[place] = self._machine(gram, truth)
            held_out = np.zeros(len(features))
            for rest, out in folds:
                dual, offset = self._machine(gram[np.ix_(rest, rest)], truth[rest])
                held_out[out] = gram[np.ix_(out, rest)] @ dual + offset
            slopes[place], shifts[place] = platt(held_out, truth)

        def score(new: Float64Array) -> Float64Array:
            return sigmoid((self.kernel(new, features) @ weights + offsets) * slopes + shifts)

        return score

    def _machine(self, gram: Float64Array, truth: BoolArray) -> tuple[Float64Array, float]:
        """Give the weights of the examples, (n_examples,), and the offset of one machine."""
        from sklearn.svm import SVC

        weights = np.zeros(len(gram))
        if truth.all() or not truth.any():
            return weights, 1.0 if truth.all() else -1.0
        machine = SVC(C=self.c, kernel="precomputed").fit(gram, truth)
        weights[machine.support_] = machine.dual_coef_[0]
        return weights, float(machine.intercept_[0])


@dataclass(frozen=True, slots=True)
class LinearSvm(_SupportVectors):
    """A linear support vector machine for each tag: `_SupportVectors` with k(x, z) = x z / d.

    d is the number of features, so that a good `c` does not hang on it (our choice).
    """

    GRID: ClassVar[Grid] = ({"c": (0.01, 0.03, 0.1, 0.3)},)

    c: float = 0.03

    def __post_init__(self) -> None:
        demand_positive(c=self.c)

    def kernel(self, ones: Float64Array, others: Float64Array) -> Float64Array:
        products: Float64Array = ones @ others.T / ones.shape[1]
        return products


@dataclass(frozen=True, slots=True)
class RbfSvm(_SupportVectors):
    """A Gaussian support vector machine for each tag: k(x, z) = exp(-gamma |x - z|^2 / d).

    d is the number of features: gamma 1 is what scikit-learn calls "scale" here.
    """

    GRID: ClassVar[Grid] = ({"gamma": (0.1, 0.3, 1.0), "c": (0.3, 1.0, 3.0)},)

    c: float = 1.0
    gamma: float = 0.3

    def __post_init__(self) -> None:
        demand_positive(c=self.c, gamma=self.gamma)

    def kernel(self, ones: Float64Array, others: Float64Array) -> Float64Array:
        distances = squared_distances(ones, others) / ones.shape[1]
        similarities: Float64Array = np.exp(-self.gamma * distances)
        return similarities
