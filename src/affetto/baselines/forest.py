"""Forests of randomized trees, each tree for all tags at once or for one."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from affetto.baselines.base import (
    Float64Array,
    Grid,
    Scorer,
    Training,
    demand,
    demand_count,
    require_scikit_learn,
)
from affetto.baselines.binary_relevance import BinaryRelevance, Classifier, Problem


class _Forest(BinaryRelevance):
    """The mean over trees of the shares of true examples in the leaves.

    With `shared` one forest serves all tags: a split lowers the impurity (Gini) summed over the
    tags, and a leaf holds the shares of all of them, so that correlated tags support each
    other. Source: Kocev, Vens, Struyf, Džeroski, "Ensembles of multi-objective decision trees",
    ECML 2007. Without it each tag has a forest, which is binary relevance proper and takes as
    many times longer as there are tags.
    """

    __slots__ = ()

    n_trees: int
    min_leaf: int
    max_features: float
    shared: bool

    def __post_init__(self) -> None:
        demand_count(n_trees=self.n_trees, min_leaf=self.min_leaf)
        demand(0 < self.max_features <= 1, "max_features must be a share above 0 and up to 1")

    @abstractmethod
    def _kind(self) -> Any:
        """Give scikit-learn's class."""

    def learn(self, training: Training) -> Scorer:
        if not self.shared or training.n_tags == 1:
            return BinaryRelevance.learn(self, training)
        forest = self._forest(training.seed).fit(training.features, training.labels)

        def score(features: Float64Array) -> Float64Array:
            return np.stack([tag[:, 1] for tag in forest.predict_proba(features)], axis=1)

        return score

    def classify(self, problem: Problem) -> Classifier:
        forest = self._forest(problem.seed).fit(problem.features, problem.classes)
        return forest.predict_proba  # type: ignore[no-any-return]

    def _forest(self, seed: int) -> Any:
        require_scikit_learn()
        return self._kind()(
            n_estimators=self.n_trees,
            min_samples_leaf=self.min_leaf,
            max_features=self.max_features,
            random_state=np.random.RandomState(seed),
        )


@dataclass(frozen=True, slots=True)
class RandomForest(_Forest):
    """Trees on bootstrap samples, the best cut of a random share of the features at each node.

    Source: Breiman, "Random forests", Machine Learning 45, 2001. `min_leaf` examples at least
    are in a leaf; `max_features` is the share of features that a node looks at.
    """

    GRID: ClassVar[Grid] = (
        {"min_leaf": (20, 10, 5)},
        {"max_features": (0.2,)},
    )

    n_trees: int = 200
    min_leaf: int = 10
    max_features: float = 0.06
    shared: bool = True

    def _kind(self) -> Any:
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier


@dataclass(frozen=True, slots=True)
class ExtraTrees(_Forest):
    """Trees on all examples, the best of random cuts, one for each feature looked at.

    Source: Geurts, Ernst, Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006.
    Settings as in `RandomForest`.
    """

    GRID: ClassVar[Grid] = ({"min_leaf": (10, 5), "max_features": (0.2, 0.5)},)

    n_trees: int = 200
    min_leaf: int = 10
    max_features: float = 0.5
    shared: bool = True

    def _kind(self) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier

        return ExtraTreesClassifier
