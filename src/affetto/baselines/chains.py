"""Classifier chains, many of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from affetto.baselines.base import (
    Float64Array,
    Grid,
    Method,
    Scorer,
    Training,
    demand_count,
    derived_seed,
)
from affetto.baselines.binary_relevance import BinaryRelevance, Classifier, base_method, solve
from affetto.core import IntArray


@dataclass(frozen=True, slots=True)
class Chains(Method):
    """Average chains in which each tag's classifier also sees the tags before it.

    Source: Read, Pfahringer, Holmes, Frank, "Classifier chains for multi-label
    classification", Machine Learning 85, 2011. In the training the tags before are the true
    ones, afterwards those that the chain has found.
    Formula: s_j = mean over `n_chains` random orders of P(y_j = 1 | x, tags before j).
    Our choices: the chain hands on probabilities, where the paper hands on 0 or 1, and they
    are averaged where the paper counts votes; all chains see all examples, since grouped
    examples would have to be drawn by group.
    """

    GRID: ClassVar[Grid] = (
        {
            "base": ("logistic",),
            "base_settings": ({"c": 0.001}, {"c": 0.003}, {"c": 0.01}),
        },
        {
            "base": ("rbf_svm",),
            "base_settings": ({"c": 0.3, "gamma": 0.3}, {"c": 1.0, "gamma": 0.1}),
        },
    )

    n_chains: int = 5
    base: str = "rbf_svm"
    base_settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        demand_count(n_chains=self.n_chains)
        base_method(self.base, self.base_settings)

    def learn(self, training: Training) -> Scorer:
        base = base_method(self.base, self.base_settings)
        chains = [
            _chain(base, training, derived_seed(training.seed, place))
            for place in range(self.n_chains)
        ]
        return lambda features: np.mean([chain(features) for chain in chains], axis=0)


def _chain(base: BinaryRelevance, training: Training, seed: int) -> Scorer:
    order: IntArray = np.random.default_rng(seed).permutation(training.n_tags)
    classifiers: list[Classifier] = []
    for place, tag in enumerate(order):
        seen = np.hstack([training.features, training.labels[:, order[:place]]])
        classifiers.append(
            solve(base, training, seen, training.labels[:, tag], 2, derived_seed(seed, place))
        )

    def score(features: Float64Array) -> Float64Array:
        scores = np.empty((len(features), len(order)))
        for place, (tag, classifier) in enumerate(zip(order, classifiers, strict=True)):
            seen = np.hstack([features, scores[:, order[:place]]])
            scores[:, tag] = classifier(seen)[:, 1]
        return scores

    return score
