"""RAkEL, random k-labelsets, written here: the library that had it is no longer maintained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
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
from affetto.baselines.binary_relevance import base_method
from affetto.baselines.powerset import learn_powerset
from affetto.core import IntArray

Labelset = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rakel(Method):
    """Average label powersets that know a few tags each.

    Source: Tsoumakas, Katakis, Vlahavas, "Random k-labelsets for multilabel classification",
    IEEE TKDE 23, 2011; Tsoumakas, Vlahavas, "Random k-labelsets", ECML 2007. `disjoint`
    (RAkEL-d) deals the q tags out to ceil(q / k) sets, the last of which may be smaller;
    otherwise (RAkEL-o) `m` different sets of k tags are drawn, 2 q unless told otherwise and
    never more than there are. A powerset is learned for each.
    Formula: s_j = mean of the votes for tag j over the sets that hold it.
    Our choices: a vote is the tag's marginal probability, where the papers count 0 or 1; every
    set of tags found is a class; a tag that no drawn set holds is scored by its base rate.
    """

    GRID: ClassVar[Grid] = (
        {
            "disjoint": (True, False),
            "base": ("logistic",),
            "base_settings": ({"c": 0.001}, {"c": 0.003}),
        },
        {
            "disjoint": (True,),
            "base": ("rbf_svm",),
            "base_settings": ({"c": 0.3, "gamma": 0.3}, {"c": 1.0, "gamma": 0.1}),
        },
    )

    k: int = 3
    m: int | None = None
    disjoint: bool = True
    base: str = "rbf_svm"
    base_settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        demand_count(k=self.k, m=1 if self.m is None else self.m)
        base_method(self.base, self.base_settings)

    def learn(self, training: Training) -> Scorer:
        base = base_method(self.base, self.base_settings)
        labelsets = self.labelsets(training.n_tags, derived_seed(training.seed))
        scorers = [
            learn_powerset(
                base,
                training,
                training.labels[:, labelset],
                1,
                derived_seed(training.seed, place),
            )
            for place, labelset in enumerate(labelsets)
        ]
        rates = training.labels.mean(axis=0)

        def score(features: Float64Array) -> Float64Array:
            return average_votes([each(features) for each in scorers], labelsets, rates)

        return score

    def labelsets(self, n_tags: int, seed: int) -> list[Labelset]:
        """Draw the sets of tags, each as sorted numbers from 0 to n_tags - 1."""
        rng = np.random.default_rng(seed)
        k = min(self.k, n_tags)
        if self.disjoint:
            tags = rng.permutation(n_tags)
            return [_sorted(tags[start : start + k]) for start in range(0, n_tags, k)]
        n_sets = min(2 * n_tags if self.m is None else self.m, comb(n_tags, k))
        drawn: dict[Labelset, None] = {}
        while len(drawn) < n_sets:
            drawn[_sorted(rng.permutation(n_tags)[:k])] = None
        return list(drawn)


def average_votes(
    votes: Sequence[Float64Array], labelsets: Sequence[Labelset], rates: Float64Array
) -> Float64Array:
    """Give the mean of each tag's votes, and its rate where there is none.

    Shapes: votes, for each set, (n_examples, size of the set); rates (n_tags,) -> (n_examples,
    n_tags).
    """
    sums = np.zeros((len(votes[0]), len(rates)))
    n_votes = np.zeros(len(rates))
    for vote, labelset in zip(votes, labelsets, strict=True):
        sums[:, labelset] += vote
        n_votes[list(labelset)] += 1
    return np.where(n_votes > 0, sums / np.maximum(n_votes, 1), rates)


def _sorted(tags: IntArray) -> Labelset:
    return tuple(sorted(tags.tolist()))
