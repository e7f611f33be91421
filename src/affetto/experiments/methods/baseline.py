"""A classic method on hand-made features, its settings tuned on inner folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from affetto.baselines import BASELINES, Method, tune
from affetto.baselines.base import Grid
from affetto.baselines.tuning import inner_folds
from affetto.core import FloatArray
from affetto.experiments.code import code_sha256
from affetto.experiments.examples import Examples
from affetto.experiments.methods.base import Contender, Fitted, Place, Site
from affetto.experiments.outcome import Family

N_INNER_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Baseline(Contender):
    """A member of `affetto.baselines`.

    It is given the first feature set of `needs` that the task has; `grid` replaces the method's
    own. The inner folds keep units together, as the outer ones do; the best settings' scores on
    them give the thresholds.
    """

    name: str
    summary: str
    method: str
    needs: tuple[str, ...]
    grid: Grid | None = None
    family: Family = "baseline"
    is_random: bool = False
    seconds: float = 10.0

    def fit(self, training: Examples, seed: int, place: Place) -> Fitted:
        feature_set = next(name for name in self.needs if name in training.features)
        values = training.features[feature_set]
        tuning = tune(
            BASELINES.load(self.method),
            self._grid(),
            values,
            training.labels,
            training.units,
            seed,
            n_folds=N_INNER_FOLDS,
        )
        method = tuning.best
        fitted = method.fit(values, training.labels, seed, training.units)
        return Fitted(
            score=lambda examples: fitted.score(examples.features[feature_set]),
            held_out=np.arange(len(training)),
            held_out_scores=_held_out(method, values, training, seed),
            settings={
                "features": feature_set,
                **asdict(method),  # type: ignore[call-overload]
                "inner_macro_auc": round(max(trial.score for trial in tuning.table), 4),
            },
        )

    def definition(self, site: Site) -> Mapping[str, Any]:
        return {
            "method": self.method,
            "features": self.needs,
            "grid": self._grid(),
            "n_inner_folds": N_INNER_FOLDS,
            "code": code_sha256("affetto.baselines", __name__),
        }

    def _grid(self) -> Grid:
        return self.grid if self.grid is not None else BASELINES.load(self.method).GRID


def _held_out(method: Method, values: FloatArray, training: Examples, seed: int) -> FloatArray:
    """Score each training example by what was learned from the other inner folds."""
    names = np.asarray(training.units)
    scores = np.zeros_like(training.labels)
    for rest, out in inner_folds(names, N_INNER_FOLDS, seed):
        fitted = method.fit(values[rest], training.labels[rest], seed, names[rest])
        scores[out] = fitted.score(values[out])
    return scores
