"""Support vector machines, linear and Gaussian, with Platt's probabilities."""

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

    Our choices: an example weighs by how rare its class is, n / (2 n_class), without which rare
    tags are ordered worse (Gaussian kernel on CAL500exp, macro ROC-AUC: 0.750 without, 0.763
    with). Scores are probabilities by Platt's method, fitted on the decisions of three inner
    folds which keep groups together; the order within a tag stays the machine's. As in LIBSVM
    a fold that lacks a class decides for the other one with 1 or -1. Of several classes each
    has a machine against the rest, and the probabilities are divided by their sum.
    """

    __slots__ = ()

    c: float

    @abstractmethod
    def represent(self, features: Float64Array, known: Float64Array) -> Float64Array:
        """Give what decisions are linear in, (n_examples, n_columns); `known` was trained on."""

    @abstractmethod
    def machine(
        self, known: Float64Array, rows: IntArray, truth: BoolArray
    ) -> tuple[Float64Array, float]:
        """Learn truth (n_rows,), of both classes, from some rows of the represented training.

        Gives the weights of the columns, (n_columns,), and an offset.
        """

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
        known = self.represent(features, features)
        everything = np.arange(len(features))
        n_folds = min(N_FOLDS, len(np.unique(groups)))
        folds = list(inner_folds(groups, n_folds, derived_seed(seed))) if n_folds > 1 else []
        weights = np.zeros((known.shape[1], len(truths)))
        offsets, slopes, shifts = np.zeros((3, len(truths)))
        for place, truth in enumerate(truths):
            weights[:, place], offsets[place] = self.machine(known, everything, truth)
            held_out = np.zeros(len(features))
            for rest, out in folds:
                if truth[rest].min() == truth[rest].max():
                    held_out[out] = 1.0 if truth[rest[0]] else -1.0
                else:
                    fold_weights, offset = self.machine(known, rest, truth[rest])
                    held_out[out] = known[out] @ fold_weights + offset
            slopes[place], shifts[place] = platt(held_out, truth)

        def score(new: Float64Array) -> Float64Array:
            decisions = self.represent(new, features) @ weights + offsets
            return sigmoid(slopes * decisions + shifts)

        return score


@dataclass(frozen=True, slots=True)
class LinearSvm(_SupportVectors):
    """A linear support vector machine for each tag, with squared hinge loss.

    Formula: f(x) = w x + b, where w, b minimize c / d sum of weight_i max(0, 1 - y_i f(x_i))^2
    + (|w|^2 + (b / 10)^2) / 2 for y = 1 or -1 and d features, so that a good `c` does not hang
    on d. Source: Fan and others, "LIBLINEAR: a library for large linear classification", JMLR
    9, 2008, which is the solver, in scikit-learn. The plain hinge loss ordered the emotions of
    CAL500exp worse (macro ROC-AUC 0.730 against 0.743). More in `_SupportVectors`.
    """

    GRID: ClassVar[Grid] = ({"c": (0.01, 0.03, 0.1, 0.3)},)

    c: float = 0.03

    def __post_init__(self) -> None:
        demand_positive(c=self.c)

    def represent(self, features: Float64Array, known: Float64Array) -> Float64Array:
        return features

    def machine(
        self, known: Float64Array, rows: IntArray, truth: BoolArray
    ) -> tuple[Float64Array, float]:
        from sklearn.svm import LinearSVC

        machine = LinearSVC(
            C=self.c / known.shape[1],
            dual=False,
            class_weight="balanced",
            intercept_scaling=10.0,
            max_iter=10_000,
        )
        machine.fit(known[rows], truth)
        return machine.coef_[0], float(machine.intercept_[0])


@dataclass(frozen=True, slots=True)
class RbfSvm(_SupportVectors):
    """A support vector machine with a Gaussian kernel for each tag.

    Formula: f(x) = sum_i a_i k(x_i, x) + b with k(x, z) = exp(-gamma |x - z|^2 / d) for d
    features (so `gamma` 1 is what scikit-learn calls "scale" here), which minimizes c times the
    weighted hinge losses + |f|^2 / 2. Source: Cortes, Vapnik, "Support-vector networks",
    Machine Learning 20, 1995; solver: Chang, Lin, "LIBSVM: a library for support vector
    machines", ACM TIST 2, 2011, in scikit-learn. More in `_SupportVectors`.

    All tags share the kernel matrix of the training examples, which is computed once and takes
    8 n^2 bytes: 50 MB for 2,500 examples, 800 MB for 10,000.
    """

    GRID: ClassVar[Grid] = ({"gamma": (0.1, 0.3, 1.0), "c": (0.1, 0.3, 1.0)},)

    c: float = 0.3
    gamma: float = 0.3

    def __post_init__(self) -> None:
        demand_positive(c=self.c, gamma=self.gamma)

    def represent(self, features: Float64Array, known: Float64Array) -> Float64Array:
        distances = squared_distances(features, known) / known.shape[1]
        similarities: Float64Array = np.exp(-self.gamma * distances)
        return similarities

    def machine(
        self, known: Float64Array, rows: IntArray, truth: BoolArray
    ) -> tuple[Float64Array, float]:
        from sklearn.svm import SVC

        machine = SVC(C=self.c, kernel="precomputed", class_weight="balanced")
        machine.fit(known[np.ix_(rows, rows)], truth)
        weights = np.zeros(len(known))
        weights[rows[machine.support_]] = machine.dual_coef_[0]
        return weights, float(machine.intercept_[0])
