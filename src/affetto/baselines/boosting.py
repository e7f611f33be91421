"""Gradient boosting of small trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from affetto.baselines.base import (
    Float64Array,
    Grid,
    demand,
    demand_count,
    demand_positive,
    require_scikit_learn,
)
from affetto.baselines.binary_relevance import BinaryRelevance, Classifier, Problem


@dataclass(frozen=True, slots=True)
class Boosting(BinaryRelevance):
    """A sum of small trees, each fitted to what the sum so far leaves over, for each tag.

    Formula: P(y | x) = sigmoid of the sum of `n_rounds` trees, each a Newton step of the
    logistic loss times `learning_rate`. Source: Friedman, "Greedy function approximation: a
    gradient boosting machine", Annals of Statistics 29, 2001; on histograms of the features as
    Ke and others, "LightGBM", NIPS 2017 (scikit-learn's implementation). Our choices: a fixed
    number of rounds, since early stopping would hold out examples of songs that it learns from;
    a node looks at the share `max_features` of the features; penalty 1 on squared leaf values.
    """

    GRID: ClassVar[Grid] = ({"learning_rate": (0.05, 0.1), "n_rounds": (100, 200)},)

    n_rounds: int = 200
    max_leaves: int = 4
    learning_rate: float = 0.05
    max_features: float = 0.1

    def __post_init__(self) -> None:
        demand_count(n_rounds=self.n_rounds, max_leaves=self.max_leaves)
        demand(self.max_leaves >= 2, "max_leaves must be at least 2")
        demand_positive(learning_rate=self.learning_rate)
        demand(0 < self.max_features <= 1, "max_features must be a share above 0 and up to 1")

    def classify(self, problem: Problem) -> Classifier:
        require_scikit_learn()
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            max_iter=self.n_rounds,
            max_leaf_nodes=self.max_leaves,
            learning_rate=self.learning_rate,
            max_features=self.max_features,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=problem.seed,
        )
        with one_thread():
            model.fit(problem.features, problem.classes)

        def probabilities(features: Float64Array) -> Float64Array:
            with one_thread():
                found: Float64Array = model.predict_proba(features)
            return found

        return probabilities


def one_thread() -> Any:
    """Keep OpenMP to one thread while the block lasts.

    Its threads wait for each other after every split by spinning: with more of them than free
    cores, such as beside a training or when folds run in parallel, a fit of a second takes
    minutes.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="openmp")
