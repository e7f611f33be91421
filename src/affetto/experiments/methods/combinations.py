"""Methods that average the scores of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from affetto import metrics
from affetto.core import FloatArray
from affetto.experiments.methods.base import Combination, FoldResult, ensemble_of, mean_of
from affetto.experiments.outcome import Family


@dataclass(frozen=True, slots=True)
class Ensemble(Combination):
    """The mean of the scores of one method's seeds."""

    name: str
    summary: str
    of: str
    family: Family = "network"

    def parts(self, names: Sequence[str]) -> tuple[str, ...]:
        return (self.of,) if self.of in names else ()

    def combine(self, found: Mapping[str, Sequence[FoldResult]], labels: FloatArray) -> FoldResult:
        results = found[self.of]
        return replace(ensemble_of(results), settings={"n_members": len(results)})


@dataclass(frozen=True, slots=True)
class WithBestBaseline(Combination):
    """The mean of an ensemble of networks and of the baseline that is best inside the fold.

    The baseline is chosen by macro ROC-AUC on the held-out rows of the training side, fold by
    fold, so that the test side has no part in the choice.
    """

    name: str
    summary: str
    of: str
    baselines: tuple[str, ...]
    family: Family = "both"

    def parts(self, names: Sequence[str]) -> tuple[str, ...]:
        bases = tuple(name for name in self.baselines if name in names)
        return (self.of, *bases) if self.of in names and bases else ()

    def combine(self, found: Mapping[str, Sequence[FoldResult]], labels: FloatArray) -> FoldResult:
        bases = {name: ensemble_of(results) for name, results in found.items() if name != self.of}
        best = max(bases, key=lambda name: inner_macro_auc(bases[name], labels))
        both = mean_of([ensemble_of(found[self.of]), bases[best]])
        return replace(both, settings={"baseline": best})


def inner_macro_auc(result: FoldResult, labels: FloatArray) -> float:
    """Give macro ROC-AUC on the held-out rows of the training side."""
    return metrics.macro(metrics.roc_auc(labels[result.held_out], result.held_out_scores))
