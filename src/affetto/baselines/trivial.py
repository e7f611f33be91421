"""The methods that look at no feature: what any figure should be read beside."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from affetto.baselines.base import Fitted, Groups, Method, Scorer, Training


@dataclass(frozen=True, slots=True)
class Prior(Method):
    """Give every example the tags' shares of true examples in the training.

    Formula: s_j = sum_i y_ij / n. Each tag's ROC-AUC is 0.5, its average precision the share
    in the test; pooled and example-based measures show what frequencies alone are worth.
    """

    def learn(self, training: Training) -> Scorer:
        rates = training.labels.mean(axis=0)
        return lambda features: np.tile(rates, (len(features), 1))


@dataclass(frozen=True, slots=True)
class AllOnes(Method):
    """Choose every tag for every example: score 1, also for a tag that the training never has.

    Its recall is 1 and its precision the base rate: the F1 to beat where tags are common.
    """

    def fit(
        self,
        features: npt.ArrayLike,
        labels: npt.ArrayLike,
        seed: int,
        groups: Groups | None = None,
    ) -> Fitted:
        fitted = Prior().fit(features, labels, seed, groups)
        ones = np.ones_like(fitted.constants)
        return replace(fitted, constants=ones, varying=ones == 0, scorer=None)

    def learn(self, training: Training) -> Scorer:
        return lambda features: np.ones((len(features), training.n_tags))
