"""The methods of an experiment side by side: figures, intervals, differences, ranks.

    compare     an Experiment -> a Comparison, from which tables and charts are made

A figure is the mean over runs and folds of its value in the fold, since scores of different
networks are not to be ranked against each other. Intervals are percentile bootstraps over groups
(artists or songs), the same draws for all methods, so that differences are paired.

The best network and the best baseline are those of the highest macro ROC-AUC on the very folds
that are reported. That flatters both, and it is why Holm's correction runs over all pairs of a
network and a baseline, not over the one pair that is looked at.

Ranks are taken over tags, not folds: five folds could tell hardly any two of twenty methods
apart (the critical difference would be 13 ranks), and each tag is a problem of its own, as the
data sets are in Demsar's paper.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from affetto import metrics
from affetto.errors import BadConfig
from affetto.evaluation.held_out import HeldOut
from affetto.experiments.folds import assignment, folds_of
from affetto.experiments.outcome import Experiment, Family, Outcome
from affetto.experiments.resampling import (
    HEADLINE,
    DrawnValues,
    Draws,
    bounds,
    drawn_values,
    mean_of_defined,
)
from affetto.experiments.significance import Ranks, holm, rank, wilcoxon

Values = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]
"""Called with what is going on, how many are done and how many there are."""

N_RESAMPLES = 1000
EVEN = 0.5
CHOSEN_BY = "macro_auc"
COMPARED = {"macro_auc": "auc", "macro_ap": "ap"}
"""The measures of a difference, and what each is the mean of over tags."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of tags: how it is called, whether more is better, and its value in a fold."""

    title: str
    is_more_better: bool
    of: Callable[[HeldOut], float]


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its interval (NaN where none is computed) and its deviation over runs."""

    value: float
    low: float = math.nan
    high: float = math.nan
    deviation: float = math.nan


@dataclass(frozen=True, slots=True)
class Method:
    """What is known of one method: `figures` by measure, `per_tag` (n_tags,) by measure."""

    name: str
    family: Family
    summary: str
    n_runs: int
    seconds: float
    figures: Mapping[str, Measured]
    per_tag: Mapping[str, Values]


@dataclass(frozen=True, slots=True)
class Difference:
    """`challenger` minus `base` on the same songs, and the tests of it over folds and tags.

    `n_folds` counts folds times repetitions. The `holm` values are corrected over all pairs of
    the same table.
    """

    challenger: str
    base: str
    measure: str
    value: float
    low: float
    high: float
    n_folds: int
    p_folds: float
    p_folds_holm: float
    p_tags: float
    p_tags_holm: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class LearningPoint:
    """A method that was trained on `n_songs` songs."""

    method: str
    n_songs: int
    figures: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that follows from an experiment's scores.

    `differences` are between every network (or mixture of one with a baseline) and every
    baseline; `ablations` between the variants and what they are variants of; `ranks` by measure.
    `trivial` are the figures of `all_ones` and of the training's base rates, `prior`, by measure,
    on the same folds: what an F1 is to be read beside, whether or not they are methods here.
    """

    methods: tuple[Method, ...]
    leaky: tuple[Method, ...]
    best_network: str | None
    best_both: str | None
    best_baseline: str | None
    differences: tuple[Difference, ...]
    ablations: tuple[Difference, ...]
    ranks: Mapping[str, Ranks]
    learning: tuple[LearningPoint, ...]
    trivial: Mapping[str, Mapping[str, float]]
    n_resamples: int
    seed: int
    n_groups: int

    def method(self, name: str) -> Method:
        return next(method for method in self.methods if method.name == name)

    def difference(self, challenger: str, base: str, measure: str) -> Difference:
        return next(
            found
            for found in (*self.differences, *self.ablations)
            if (found.challenger, found.base, found.measure) == (challenger, base, measure)
        )


@dataclass(frozen=True, slots=True)
class _Scored:
    """A method with all that differences and ranks are computed from."""

    method: Method
    drawn: DrawnValues
    by_fold: Mapping[tuple[int, int], Mapping[str, float]] = field(default_factory=dict)


def compare(
    experiment: Experiment,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> Comparison:
    """Compare all methods of an experiment.

    Raises: BadConfig for an experiment without a method, for methods of different examples, or
    for an `ablation_of` that is not among them; MissingExtra without SciPy.
    """
    outcomes = experiment.outcomes
    if not outcomes:
        raise BadConfig("there is no method to compare", "run at least one")
    _check_examples(outcomes)
    _check_examples(experiment.leaky)
    names = [outcome.method for outcome in outcomes]
    if len(set(names)) < len(names):
        raise BadConfig(f"a method stands twice among {', '.join(names)}")
    if experiment.ablation_of and experiment.ablation_of not in names:
        raise BadConfig(f"there is no method {experiment.ablation_of!r} to compare variants with")
    draws = Draws.of(outcomes[0].runs[0].groups, seed, n_resamples)
    repetitions: dict[bytes, int] = {}
    n_all = len(outcomes) + len(experiment.leaky)
    scored: dict[str, _Scored] = {}
    for number, outcome in enumerate(outcomes):
        progress(outcome.method, number, n_all)
        scored[outcome.method] = _scored(outcome, draws, repetitions)
    leaky = []
    if experiment.leaky:  # a quick look's folds by segment hold other examples
        draws_leaky = Draws.of(experiment.leaky[0].runs[0].groups, seed, n_resamples)
    for number, outcome in enumerate(experiment.leaky, start=len(outcomes)):
        progress(f"{outcome.method}, leaky", number, n_all)
        leaky.append(_scored(outcome, draws_leaky, {}).method)
    best = {family: _best(scored, family) for family in ("network", "both", "baseline", "trivial")}
    challengers = _named(scored, "network", "both")
    bases = _named(scored, "baseline")
    reference = experiment.ablation_of
    return Comparison(
        methods=tuple(found.method for found in scored.values()),
        leaky=tuple(leaky),
        best_network=best["network"],
        best_both=best["both"],
        best_baseline=best["baseline"],
        differences=_differences(scored, [(c, b) for c in challengers for b in bases]),
        ablations=_differences(
            scored, [(c, reference) for c in challengers if reference and c != reference]
        ),
        ranks=_ranks([found.method for found in scored.values()]),
        learning=_learning(experiment, draws),
        trivial=_trivial(outcomes[0].runs[0]),
        n_resamples=n_resamples,
        seed=seed,
        n_groups=len(draws.names),
    )


def _scored(outcome: Outcome, draws: Draws, repetitions: dict[bytes, int]) -> _Scored:
    drawn = drawn_values(outcome.runs, draws)
    of_runs = [folds_of(held) for held in outcome.runs]
    method = Method(
        name=outcome.method,
        family=outcome.family,
        summary=outcome.summary,
        n_runs=len(outcome.runs),
        seconds=outcome.seconds,
        figures=_figures(of_runs, drawn),
        per_tag=_per_tag([part for folds in of_runs for part in folds]),
    )
    cells: dict[tuple[int, int], list[Mapping[str, float]]] = {}
    for held, folds in zip(outcome.runs, of_runs, strict=True):
        repetition = repetitions.setdefault(assignment(held), len(repetitions))
        for part in folds:
            values = {name: MEASURES[name].of(part) for name in COMPARED}
            cells.setdefault((repetition, int(part.folds[0])), []).append(values)
    by_fold = {
        cell: {name: float(np.mean([values[name] for values in found])) for name in COMPARED}
        for cell, found in cells.items()
    }
    return _Scored(method, drawn, by_fold)


def measured(name: str, runs: Sequence[Sequence[HeldOut]], drawn: DrawnValues) -> Measured:
    """Measure a method by the folds of its runs; headline measures get their interval."""
    values = np.asarray([[MEASURES[name].of(part) for part in run] for run in runs])
    value = float(mean_of_defined(values.reshape(-1, 1))[0])
    deviation = float(np.std(mean_of_defined(values.T), ddof=1)) if len(runs) > 1 else math.nan
    if name not in HEADLINE:
        return Measured(value, deviation=deviation)
    return Measured(*bounds(value, drawn.figures[name]), deviation=deviation)


def _figures(runs: Sequence[Sequence[HeldOut]], drawn: DrawnValues) -> dict[str, Measured]:
    """Measure the folds of each run, all measures that its decisions allow."""
    is_decided = all(part.decisions is not None for run in runs for part in run)
    names = [name for name in MEASURES if is_decided or name not in DECIDED]
    return {name: measured(name, runs, drawn) for name in names}


def _per_tag(parts: Sequence[HeldOut]) -> dict[str, Values]:
    columns: dict[str, Callable[[HeldOut], Values]] = {
        "auc": lambda held: metrics.roc_auc(held.targets, held.outputs),
        "ap": lambda held: metrics.average_precision(held.targets, held.outputs),
    }
    if all(part.decisions is not None for part in parts):
        columns["f1"] = lambda held: metrics.f1(held.targets, _decisions(held))
    return {
        name: mean_of_defined(np.stack([of(part) for part in parts]))
        for name, of in columns.items()
    }


def _differences(
    scored: Mapping[str, _Scored], pairs: Sequence[tuple[str, str]]
) -> tuple[Difference, ...]:
    """Compare each pair on both measures; p values are corrected over the pairs of a measure."""
    found = []
    for measure, of_tag in COMPARED.items():
        rows = []
        for challenger, base in pairs:
            ours, theirs = scored[challenger], scored[base]
            cells = sorted(ours.by_fold.keys() & theirs.by_fold.keys())
            by_fold = [ours.by_fold[c][measure] - theirs.by_fold[c][measure] for c in cells]
            by_tag = ours.method.per_tag[of_tag] - theirs.method.per_tag[of_tag]
            rows.append((len(cells), wilcoxon(by_fold), wilcoxon(by_tag)))
        folds_holm, tags_holm = (holm([row[place] for row in rows]) for place in (1, 2))
        for (challenger, base), (n_folds, p_folds, p_tags), of_folds, of_tags in zip(
            pairs, rows, folds_holm, tags_holm, strict=True
        ):
            ours, theirs = scored[challenger], scored[base]
            value, low, high = bounds(
                ours.method.figures[measure].value - theirs.method.figures[measure].value,
                ours.drawn.figures[measure] - theirs.drawn.figures[measure],
            )
            found.append(
                Difference(
                    challenger=challenger,
                    base=base,
                    measure=measure,
                    value=value,
                    low=low,
                    high=high,
                    n_folds=n_folds,
                    p_folds=p_folds,
                    p_folds_holm=of_folds,
                    p_tags=p_tags,
                    p_tags_holm=of_tags,
                )
            )
    return tuple(found)


def _ranks(methods: Sequence[Method]) -> dict[str, Ranks]:
    """Rank all methods but the trivial ones, which would only widen the critical difference."""
    ranked = [method for method in methods if method.family != "trivial"]
    if len(ranked) < 2:
        return {}
    found = {}
    for measure, of_tag in COMPARED.items():
        table = np.stack([method.per_tag[of_tag] for method in ranked])
        if np.isfinite(table).all(axis=0).sum() >= 2:
            found[measure] = rank([method.name for method in ranked], table)
    return found


def _learning(experiment: Experiment, draws: Draws) -> tuple[LearningPoint, ...]:
    found = []
    for method, sizes in experiment.learning.items():
        for n_songs, runs in sorted(sizes.items()):
            drawn = drawn_values(runs, draws)
            parts = [folds_of(held) for held in runs]
            figures = {name: measured(name, parts, drawn) for name in COMPARED}
            found.append(LearningPoint(method, n_songs, figures))
    return tuple(found)


def _trivial(held: HeldOut) -> dict[str, dict[str, float]]:
    """Measure the systems that hear nothing, which cut their scores at a half."""
    systems = {"all_ones": np.ones_like(held.outputs), "prior": held.prior}
    found = {}
    for name, outputs in systems.items():
        parts = folds_of(replace(held, outputs=outputs, decisions=outputs >= EVEN))
        values = {measure: [MEASURES[measure].of(part) for part in parts] for measure in MEASURES}
        found[name] = {measure: metrics.macro(of_folds) for measure, of_folds in values.items()}
    return found


def _best(scored: Mapping[str, _Scored], family: str) -> str | None:
    names = _named(scored, family)
    if not names:
        return None
    return max(names, key=lambda name: scored[name].method.figures[CHOSEN_BY].value)


def _named(scored: Mapping[str, _Scored], *families: str) -> list[str]:
    return [name for name, found in scored.items() if found.method.family in families]


def _check_examples(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        expected = sorted(outcomes[0].runs[0].ids)
        for held in outcome.runs:
            if sorted(held.ids) != expected:
                raise BadConfig(
                    f"{outcome.method} and {outcomes[0].method} were tested on different examples",
                    "what is compared must hold the same ones",
                )


def _decisions(held: HeldOut) -> npt.NDArray[np.bool_]:
    assert held.decisions is not None
    return held.decisions


def _scores(measure: Callable[..., npt.ArrayLike]) -> Callable[[HeldOut], float]:
    return lambda held: metrics.macro(np.atleast_1d(measure(held.targets, held.outputs)))


def _choices(measure: Callable[..., npt.ArrayLike]) -> Callable[[HeldOut], float]:
    return lambda held: metrics.macro(np.atleast_1d(measure(held.targets, _decisions(held))))


_SCORED: dict[str, Measure] = {
    "macro_auc": Measure("macro ROC-AUC", True, _scores(metrics.roc_auc)),
    "macro_ap": Measure("macro AP", True, _scores(metrics.average_precision)),
    "ranking_loss": Measure("ranking loss", False, _scores(metrics.ranking_loss)),
    "coverage": Measure("coverage", False, _scores(metrics.coverage)),
    "one_error": Measure("one-error", False, _scores(metrics.one_error)),
    "lrap": Measure("label-ranking AP", True, _scores(metrics.label_ranking_average_precision)),
    "ece": Measure("calibration error", False, _scores(metrics.expected_calibration_error)),
}
_DECIDED: dict[str, Measure] = {
    "micro_precision": Measure("micro precision", True, _choices(metrics.micro_precision)),
    "micro_recall": Measure("micro recall", True, _choices(metrics.micro_recall)),
    "micro_f1": Measure("micro F1", True, _choices(metrics.micro_f1)),
    "macro_precision": Measure("macro precision", True, _choices(metrics.precision)),
    "macro_recall": Measure("macro recall", True, _choices(metrics.recall)),
    "macro_f1": Measure("macro F1", True, _choices(metrics.f1)),
    "example_accuracy": Measure("example accuracy", True, _choices(metrics.example_accuracy)),
    "example_precision": Measure("example precision", True, _choices(metrics.example_precision)),
    "example_recall": Measure("example recall", True, _choices(metrics.example_recall)),
    "example_f1": Measure("example F1", True, _choices(metrics.example_f1)),
    "hamming_loss": Measure("Hamming loss", False, _choices(metrics.hamming_loss)),
    "subset_accuracy": Measure("subset accuracy", True, _choices(metrics.subset_accuracy)),
}
DECIDED = frozenset(_DECIDED)
"""The measures that need decisions."""
MEASURES: Mapping[str, Measure] = _SCORED | _DECIDED
