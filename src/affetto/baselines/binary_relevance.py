"""Binary relevance: one classifier for each tag; and its members as bases of other methods.

The classic remedies for what binary relevance ignores (chains, powersets, pairs) all turn one
multi-label problem into several with a single answer, and leave those to a classifier. Every
subclass here is such a classifier: `solve` puts it to work on any classes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from affetto.baselines import build
from affetto.baselines.base import Float64Array, Method, Scorer, Training, derived_seed
from affetto.core import IntArray
from affetto.errors import BadConfig

Classifier = Callable[[Float64Array], Float64Array]
"""Gives features (n_examples, n_features) the probabilities (n_examples, n_classes)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Examples with one answer each: `classes` (n_examples,) from 0 to n_classes - 1."""

    features: Float64Array
    classes: IntArray
    groups: IntArray
    seed: int


class BinaryRelevance(Method):
    """Learn each tag on its own with one kind of classifier.

    Formula: s_j = P(y_j = 1 | x) of a classifier that was shown tag j alone. Source: Godbole,
    Sarawagi, "Discriminative methods for multi-labeled classification", PAKDD 2004 (as SVM-BR).
    """

    __slots__ = ()

    @abstractmethod
    def classify(self, problem: Problem) -> Classifier:
        """Learn a problem in which each of two or more classes has an example.

        Raises: MissingExtra.
        """

    def learn(self, training: Training) -> Scorer:
        classifiers = [
            solve(self, training, training.features, tag, 2, derived_seed(training.seed, place))
            for place, tag in enumerate(training.labels.T)
        ]
        return lambda features: np.stack([each(features)[:, 1] for each in classifiers], axis=1)


def solve(
    base: BinaryRelevance,
    training: Training,
    features: Float64Array,
    classes: IntArray,
    n_classes: int,
    seed: int,
    rows: IntArray | None = None,
) -> Classifier:
    """Learn classes 0 to n_classes - 1 of examples, on all of them or on some `rows`.

    A class without an example has probability 0, one that stands alone has 1; without any
    example all classes are as likely.
    """
    if rows is None:
        rows = np.arange(len(classes))
    present, compact = np.unique(classes[rows], return_inverse=True)
    if len(present) < 2:
        probabilities = np.full(n_classes, 1 / n_classes)
        if len(present):
            probabilities = np.eye(n_classes)[present[0]]
        return lambda features: np.tile(probabilities, (len(features), 1))
    classifier = base.classify(Problem(features[rows], compact, training.groups[rows], seed))
    if len(present) == n_classes:
        return classifier

    def spread(features: Float64Array) -> Float64Array:
        probabilities = np.zeros((len(features), n_classes))
        probabilities[:, present] = classifier(features)
        return probabilities

    return spread


def base_method(name: str, settings: Mapping[str, Any]) -> BinaryRelevance:
    """Make the classifier that another method is built on.

    Raises: UnknownName; BadConfig for an unknown setting or a method that is no classifier.
    """
    method = build(name, settings)
    if not isinstance(method, BinaryRelevance):
        raise BadConfig(
            f"baseline {name} cannot be the base of another",
            "take one of binary relevance, such as logistic",
        )
    return method
