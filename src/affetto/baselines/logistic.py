"""Logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from affetto.baselines.base import Grid, demand_positive, require_scikit_learn
from affetto.baselines.binary_relevance import BinaryRelevance, Classifier, Problem


@dataclass(frozen=True, slots=True)
class Logistic(BinaryRelevance):
    """Logistic regression with a squared penalty, for each tag.

    Formula: P(y | x) = softmax of w_y x + b_y, where w, b minimize c sum of -log P(y_i | x_i)
    + |w|^2 / 2. Source: Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning",
    2nd edition, section 4.4, 2009. Solver: scikit-learn's L-BFGS. Our choice: classes weigh
    as they come, so that scores can be read as probabilities.
    """

    GRID: ClassVar[Grid] = ({"c": (0.0003, 0.001, 0.003, 0.01)},)

    c: float = 0.003

    def __post_init__(self) -> None:
        demand_positive(c=self.c)

    def classify(self, problem: Problem) -> Classifier:
        require_scikit_learn()
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=self.c, max_iter=10_000)
        model.fit(problem.features, problem.classes)
        return model.predict_proba  # type: ignore[no-any-return]
