"""Calibrated label ranking: every pair of tags, and a virtual one that parts true from false."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from affetto.baselines.base import Float64Array, Grid, Method, Scorer, Training, derived_seed
from affetto.baselines.binary_relevance import base_method, solve


@dataclass(frozen=True, slots=True)
class CalibratedLabelRanking(Method):
    """Rank the tags by pairwise votes, with a virtual tag as the place to cut.

    Source: Fürnkranz, Hüllermeier, Loza Mencía, Brinker, "Multilabel classification via
    calibrated label ranking", Machine Learning 73, 2008. A classifier for each pair of tags
    learns from the examples that have one of the two; one for each tag against the virtual tag
    0 learns from all examples: true tags beat it, false ones lose to it.
    Formula, with P(j > k | x) of these: v_j = sum over k of P(j > k), v_0 = sum over k of
    P(0 > k), and s_j = (v_j - v_0 + q) / (2 q) for q tags: above 0.5 are the tags that are
    ranked above the virtual one.
    Our choices: votes are probabilities, where the paper counts 0 or 1, and the score says how
    far a tag is from the virtual one, which makes scores of different examples comparable; a
    pair of tags that never differ in the training shares its vote.
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

    base: str = "rbf_svm"
    base_settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        base_method(self.base, self.base_settings)

    def learn(self, training: Training) -> Scorer:
        base = base_method(self.base, self.base_settings)
        labels, n_tags = training.labels, training.n_tags
        relevance = base.learn(training)
        pairs = list(combinations(range(n_tags), 2))
        classifiers = [
            solve(
                base,
                training,
                training.features,
                labels[:, one],
                2,
                derived_seed(training.seed, one, other),
                rows=np.flatnonzero(labels[:, one] != labels[:, other]),
            )
            for one, other in pairs
        ]

        def score(features: Float64Array) -> Float64Array:
            preferences = np.zeros((len(features), n_tags, n_tags))
            for (one, other), classifier in zip(pairs, classifiers, strict=True):
                preferences[:, one, other] = classifier(features)[:, 1]
                preferences[:, other, one] = 1 - preferences[:, one, other]
            return calibrated(preferences, relevance(features))

        return score


def calibrated(preferences: Float64Array, relevance: Float64Array) -> Float64Array:
    """Give the scores of tags from the pairwise votes.

    Shapes: preferences (n_examples, n_tags, n_tags), [i, j, k] the vote of example i for tag j
    against tag k, 0 on the diagonal; relevance (n_examples, n_tags), the votes against the
    virtual tag -> (n_examples, n_tags).
    """
    n_tags = relevance.shape[1]
    votes = preferences.sum(axis=2) + relevance
    virtual = (1 - relevance).sum(axis=1, keepdims=True)
    scores: Float64Array = (votes - virtual + n_tags) / (2 * n_tags)
    return scores
