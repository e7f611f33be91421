"""Which measures a data set's labels allow, each beside the trivial systems.

    tags        labels of 0 and 1: ROC-AUC, AP, F1, calibration error
    shares      votes or ratings in [0, 1] a tag: correlation, R2, calibration error
    quadrants   signs of valence and arousal: accuracy and F1 of the quadrant, AUC of each sign; how
                far the quadrants' probabilities hold (calibration error, log loss)
    ratings     valence and arousal as numbers: R2, correlation
    music       music or not: ROC-AUC, share of the music kept, share of the rest refused

A measure is the mean over the folds of its value in the fold, since scores of different
networks are not to be ranked against each other, and then the mean over the seeds. The
calibration error alone is that of all folds together: a probability means the same from any
network, and chance would rule the bins of a fold. Its bins are 15 of equal width. Intervals are
percentile bootstraps over groups (artists or songs), 95 %; that of the calibration error is moved
to the figure, since every resample has a higher one.

Beside the trivial systems, `uncalibrated` is the same network before its calibration, and
`perfect` the error that these scores would have if they were exactly right, on labels drawn by
them: what is left to chance by so few examples. Of a single tag, `ece_chance` is the error that
right scores stay below in 19 of 20 draws, so of 18 tags that are right one is above it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from affetto import metrics
from affetto.core import QUADRANTS, FloatArray, IntArray, quadrant_of, quadrants_of_signs
from affetto.evaluation.held_out import HeldOut
from affetto.mood import MUSIC_CUT
from affetto.training.data import LABEL_CUT

Kind = Literal["tags", "shares", "quadrants", "ratings", "music"]
Statistic = Callable[[HeldOut, IntArray], float]
N_RESAMPLES = 500
N_TENTHS = 10
N_DRAWS = 20
N_CHANCE_DRAWS = 200
MIN_OF_GENRE = 25
OF_GENRES: Mapping[Kind, str] = {"quadrants": "accuracy", "shares": "macro_r"}
"""The measure that is given for each genre, by kind."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure with its interval, and the same measure of the trivial systems by name."""

    measure: str
    value: float
    low: float
    high: float
    trivial: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        plain = asdict(self)
        return {
            key: {name: _plain(v) for name, v in value.items()} if key == "trivial" else value
            for key, value in ((k, _plain(v)) for k, v in plain.items())
        }


def kind_of(held: HeldOut, plane_kind: str) -> Kind:
    """Say which measures fit a data set under a head; `plane_kind` is the data set's."""
    if held.head.kind == "plane":
        return "quadrants" if plane_kind == "signs" else "ratings"
    if held.head.kind == "music":
        return "music"
    known = held.targets[~np.isnan(held.targets)]
    return "tags" if np.isin(known, (0, 1)).all() else "shares"


def figures(kind: Kind, seeds: Sequence[HeldOut], bootstrap_seed: int = 0) -> tuple[Figure, ...]:
    """Measure the held-out scores of one or more seeds, the same examples in each."""
    found = []
    for name, (ours, trivial) in MEASURES[kind].items():
        if (
            (name.startswith(tuple(_PLANE_AXES)) and _lacks(seeds[0], name))
            or (kind == "music" and not _MUSIC_NEEDS[name] <= set(np.unique(seeds[0].targets)))
            or (name in _OF_PROBABILITIES and any(held.quadrants is None for held in seeds))
        ):
            continue
        over_seeds = _over_whole_seeds if name in _ECES else _over_seeds
        bounds = metrics.interval(
            lambda drawn, of=ours, over=over_seeds: over(of, seeds, drawn),  # type: ignore[misc]
            seeds[0].groups,
            bootstrap_seed,
            N_RESAMPLES,
            is_centered=name in _ECES,
        )
        everything = np.arange(len(seeds[0].ids))
        raw = _raw(seeds) if name in _CALIBRATED else []
        found.append(
            Figure(
                measure=name,
                value=bounds.estimate,
                low=bounds.low,
                high=bounds.high,
                trivial={
                    **{s: over_seeds(of, seeds, everything) for s, of in trivial.items()},
                    **({"uncalibrated": over_seeds(ours, raw, everything)} if raw else {}),
                },
            )
        )
    return tuple(found)


def per_tag(kind: Kind, seeds: Sequence[HeldOut]) -> dict[str, dict[str, float | int]]:
    """Give the figures of each labelled tag by slug: mean over folds (but `ece`) and seeds, no
    interval."""
    vocabulary = seeds[0].head.vocabulary
    if vocabulary is None:
        return {}
    columns: dict[str, Callable[[HeldOut, IntArray], FloatArray]] = (
        {"auc": _aucs, "ap": _aps, "f1": _f1s} if kind == "tags" else {"r": _rs}
    )
    rows: dict[str, dict[str, float | int]] = {tag: {} for tag in vocabulary.tags}
    for name, values_of in columns.items():
        values = [values_of(held, part) for held in seeds for part in _parts(held)]
        means = _nanmean(np.stack(values))
        for tag, value in zip(vocabulary.tags, means, strict=True):
            rows[tag][name] = _plain(value)
    for name, whole in (("ece", seeds), ("ece_uncalibrated", _raw(seeds))):
        if whole:
            means = _nanmean(np.stack([_eces(held, np.arange(len(held.ids))) for held in whole]))
            for tag, value in zip(vocabulary.tags, means, strict=True):
                rows[tag][name] = _plain(value)
    if kind == "tags":
        counts = np.nansum(seeds[0].targets >= LABEL_CUT, axis=0)
        chances = _nanmean(np.stack([_eces_by_chance(held) for held in seeds]))
        for tag, count, chance in zip(vocabulary.tags, counts, chances, strict=True):
            rows[tag] |= {"ece_chance": _plain(chance), "n_positive": int(count)}
    n_labels = (~np.isnan(seeds[0].targets)).sum(axis=0)
    return {tag: row for (tag, row), n in zip(rows.items(), n_labels, strict=True) if n}


def by_score(kind: Kind, seeds: Sequence[HeldOut]) -> dict[str, dict[str, float | int]]:
    """Give what is true at each tenth of the scores, of all tags, folds and seeds together: `n`
    scores a seed, their `mean_score`, and `mean_label`, the mean of what they were to tell.

    Of the plane the scores are the quadrants' probabilities. Nothing where neither is there.
    """
    if kind in ("tags", "shares"):
        cells = [(held.targets, held.outputs) for held in seeds]
    elif kind == "quadrants" and all(held.quadrants is not None for held in seeds):
        every = np.arange(len(seeds[0].ids))
        cells = [(_is_quadrant(held, every), _probabilities(held, every)) for held in seeds]
    else:
        return {}
    labels, scores = (
        np.concatenate([of.reshape(-1, 1) for of in part]) for part in zip(*cells, strict=True)
    )
    found = metrics.reliability(labels, scores, N_TENTHS)
    rows: dict[str, dict[str, float | int]] = {}
    for tenth, count in enumerate(found.counts[0]):
        if count:
            rows[f"{tenth / N_TENTHS:.1f} to {(tenth + 1) / N_TENTHS:.1f}"] = {
                "n": -(-int(count) // len(seeds)),
                "mean_score": _plain(found.mean_scores[0, tenth]),
                "mean_label": _plain(found.mean_targets[0, tenth]),
            }
    return rows


def by_genre(
    kind: Kind, seeds: Sequence[HeldOut], genres: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float | int]]:
    """Give `OF_GENRES` for each genre of at least `MIN_OF_GENRE` examples, the largest first.

    `genres` are those of each example by id; an example may be of several. A figure is that of all
    folds together, the mean over the seeds, without interval; `n` counts examples.
    """
    if kind not in OF_GENRES:
        return {}
    name = OF_GENRES[kind]
    ours, trivial = MEASURES[kind][name]
    rows: dict[str, list[int]] = {}
    for number, id in enumerate(seeds[0].ids):
        for genre in genres.get(id, ()):
            rows.setdefault(genre, []).append(number)
    found: dict[str, dict[str, float | int]] = {}
    for genre, numbers in sorted(rows.items(), key=lambda row: (-len(row[1]), row[0])):
        if len(numbers) < MIN_OF_GENRE:
            continue
        of = np.asarray(numbers)
        found[genre] = {
            "n": len(of),
            name: _plain(_over_whole_seeds(ours, seeds, of)),
            "prior": _plain(_over_whole_seeds(trivial["prior"], seeds, of)),
        }
    return found


def _over_seeds(statistic: Statistic, seeds: Sequence[HeldOut], drawn: IntArray) -> float:
    values = [
        statistic(held, part) for held in seeds for part in _parts(held, drawn) if len(part) > 1
    ]
    defined = [value for value in values if math.isfinite(value)]
    return float(np.mean(defined)) if defined else math.nan


def _over_whole_seeds(statistic: Statistic, seeds: Sequence[HeldOut], drawn: IntArray) -> float:
    return metrics.macro([statistic(held, drawn) for held in seeds])


def _raw(seeds: Sequence[HeldOut]) -> list[HeldOut]:
    """Give the same scores before their calibration; nothing where there was none."""
    return [replace(s, outputs=s.uncalibrated) for s in seeds if s.uncalibrated is not None]


def _parts(held: HeldOut, drawn: IntArray | None = None) -> Iterator[IntArray]:
    """Give the drawn indices fold by fold."""
    drawn = np.arange(len(held.ids)) if drawn is None else drawn
    folds = held.folds[drawn]
    for fold in np.unique(held.folds):
        yield drawn[folds == fold]


def _aucs(held: HeldOut, of: IntArray) -> FloatArray:
    return np.asarray(metrics.roc_auc(held.targets[of], held.outputs[of]))


def _aps(held: HeldOut, of: IntArray) -> FloatArray:
    return np.asarray(metrics.average_precision(held.targets[of], held.outputs[of]))


def _f1s(held: HeldOut, of: IntArray) -> FloatArray:
    return np.asarray(metrics.f1(held.targets[of], _decisions(held)[of]))


def _eces(held: HeldOut, of: IntArray) -> FloatArray:
    return np.asarray(metrics.reliability(held.targets[of], held.outputs[of]).error)


def _prior_ece(held: HeldOut, of: IntArray) -> float:
    return metrics.macro(metrics.reliability(held.targets[of], held.prior[of]).error)


def _perfect_ece(held: HeldOut, of: IntArray) -> float:
    """Give the macro error of these scores on labels drawn by them, the mean of some draws."""
    return metrics.macro([metrics.macro(errors) for errors in _perfect_eces(held, of, N_DRAWS)])


def _perfect_eces(held: HeldOut, of: IntArray, n_draws: int) -> Iterator[FloatArray]:
    """Give each tag's error (n_tags,) of these scores on labels drawn by them, draw by draw."""
    scores, known = held.outputs[of], ~np.isnan(held.targets[of])
    rng = np.random.default_rng(0)
    for _ in range(n_draws):
        targets = np.where(known, rng.random(scores.shape) < scores, np.nan)
        yield np.asarray(metrics.reliability(targets, scores).error)


def _eces_by_chance(held: HeldOut) -> FloatArray:
    """Give each tag's error that scores which are right stay below in 19 of 20 draws."""
    draws = np.stack(list(_perfect_eces(held, np.arange(len(held.ids)), N_CHANCE_DRAWS)))
    return np.asarray(np.quantile(draws, 0.95, axis=0))


def _rs(held: HeldOut, of: IntArray) -> FloatArray:
    return np.asarray(metrics.pearson(held.targets[of], held.outputs[of]))


def _decisions(held: HeldOut) -> Any:
    assert held.decisions is not None
    return held.decisions


def _ones(held: HeldOut, of: IntArray) -> Any:
    return metrics.all_ones(len(of), held.targets.shape[1])


def _prior_decisions(held: HeldOut, of: IntArray) -> Any:
    return held.prior[of] >= LABEL_CUT


def _axis(held: HeldOut, of: IntArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """Give targets and estimates (n, 1) of valence (0) or arousal (1), both in [0, 1]."""
    estimates = np.asarray((held.outputs[of, axis : axis + 1] + 1) / 2, np.float32)
    return held.targets[of, axis : axis + 1], estimates


def _prior_axis(held: HeldOut, of: IntArray, axis: int) -> tuple[FloatArray, FloatArray]:
    return held.targets[of, axis : axis + 1], held.prior[of, axis : axis + 1]


def _quadrants(values: FloatArray) -> list[str]:
    return [quadrant_of(valence, arousal) for valence, arousal in values]


def _true_quadrants(held: HeldOut, of: IntArray) -> list[str]:
    return _quadrants(2 * held.targets[of] - 1)


def _found_quadrants(held: HeldOut, of: IntArray) -> list[str]:
    return _quadrants(held.outputs[of])


def _prior_quadrants(held: HeldOut, of: IntArray) -> list[str]:
    """Always the quadrant of the training's mean."""
    return _quadrants(2 * held.prior[of] - 1)


def _quadrants_f1(
    held: HeldOut, of: IntArray, found: Callable[[HeldOut, IntArray], list[str]]
) -> float:
    """Give the macro F1 of the ratings' quadrants, of the examples with both ratings."""
    both = of[~np.isnan(held.targets[of]).any(axis=1)]
    if not len(both):
        return math.nan
    truth = _true_quadrants(held, both)
    return metrics.classes.macro_f1(truth, found(held, both), QUADRANTS)


def _probabilities(held: HeldOut, of: IntArray) -> FloatArray:
    assert held.quadrants is not None
    return held.quadrants[of]


def _prior_probabilities(held: HeldOut, of: IntArray) -> FloatArray:
    """Give how likely the quadrants (n, 4) are by the shares of positive signs in training."""
    likely = [quadrants_of_signs(positive, excited) for positive, excited in held.prior[of]]
    return np.asarray([[row[name] for name in QUADRANTS] for row in likely], np.float32)


def _is_quadrant(held: HeldOut, of: IntArray) -> FloatArray:
    """Give 1 for each example's own quadrant (n, 4), else 0."""
    truth = np.asarray(_true_quadrants(held, of))
    return np.asarray(truth[:, None] == np.asarray(QUADRANTS), np.float32)


def _quadrant_ece(
    held: HeldOut, of: IntArray, likely: Callable[[HeldOut, IntArray], FloatArray]
) -> float:
    """Give the mean calibration error of the four quadrants, each against the rest."""
    return metrics.macro(metrics.reliability(_is_quadrant(held, of), likely(held, of)).error)


def _perfect_quadrant_ece(held: HeldOut, of: IntArray) -> float:
    """Give the same on quadrants drawn by the probabilities, the mean of some draws."""
    likely = _probabilities(held, of)
    rng = np.random.default_rng(0)
    upper = likely.cumsum(axis=1)
    errors = []
    for _ in range(N_DRAWS):
        drawn = (rng.random((len(of), 1)) > upper[:, :-1]).sum(axis=1)
        truth = np.asarray(drawn[:, None] == np.arange(len(QUADRANTS)), np.float32)
        errors.append(metrics.macro(metrics.reliability(truth, likely).error))
    return metrics.macro(errors)


def _log_loss(
    held: HeldOut, of: IntArray, likely: Callable[[HeldOut, IntArray], FloatArray]
) -> float:
    """Give the mean of -log p of the true quadrant, in nats; log 4 = 1.386 for equal chances."""
    own = (likely(held, of) * _is_quadrant(held, of)).sum(axis=1)
    return float(-np.log(np.maximum(own, 1e-7)).mean())


def _lacks(held: HeldOut, name: str) -> bool:
    axes = _PLANE_AXES[name.split("_")[0]]
    return bool(np.isnan(held.targets[:, axes]).any(axis=1).all())


_PLANE_AXES = {"valence": [0], "arousal": [1], "quadrant": [0, 1]}

_Table = dict[str, tuple[Statistic, dict[str, Statistic]]]

_ECE = "macro_ece"
_QUADRANT_ECE = "quadrant_ece"
_ECES = {_ECE, _QUADRANT_ECE}
_OF_PROBABILITIES = {_QUADRANT_ECE, "quadrant_log_loss"}
_CALIBRATED = {_ECE, "macro_r2", "valence_r2", "arousal_r2", "accuracy", "quadrant_macro_f1"}
"""Measures that a calibration can change by more than chance."""
_TAGS: _Table = {
    "macro_auc": (
        lambda h, i: metrics.macro(_aucs(h, i)),
        {"prior": lambda h, i: metrics.macro(metrics.roc_auc(h.targets[i], h.prior[i]))},
    ),
    "macro_ap": (
        lambda h, i: metrics.macro(_aps(h, i)),
        {"prior": lambda h, i: metrics.macro(metrics.average_precision(h.targets[i], h.prior[i]))},
    ),
    "micro_f1": (
        lambda h, i: metrics.micro_f1(h.targets[i], _decisions(h)[i]),
        {
            "all_ones": lambda h, i: metrics.micro_f1(h.targets[i], _ones(h, i)),
            "prior": lambda h, i: metrics.micro_f1(h.targets[i], _prior_decisions(h, i)),
        },
    ),
    "macro_f1": (
        lambda h, i: metrics.macro(_f1s(h, i)),
        {
            "all_ones": lambda h, i: metrics.macro(metrics.f1(h.targets[i], _ones(h, i))),
            "prior": lambda h, i: metrics.macro(metrics.f1(h.targets[i], _prior_decisions(h, i))),
        },
    ),
    _ECE: (
        lambda h, i: metrics.macro(_eces(h, i)),
        {"prior": _prior_ece, "perfect": _perfect_ece},
    ),
}
_SHARES: _Table = {
    "macro_r": (lambda h, i: metrics.macro(_rs(h, i)), {"prior": lambda h, i: 0.0}),
    "macro_r2": (
        lambda h, i: metrics.macro(metrics.r2(h.targets[i], h.outputs[i])),
        {"prior": lambda h, i: metrics.macro(metrics.r2(h.targets[i], h.prior[i]))},
    ),
    _ECE: (lambda h, i: metrics.macro(_eces(h, i)), {"prior": _prior_ece}),
}
_QUADRANTS: _Table = {
    "accuracy": (
        lambda h, i: metrics.classes.accuracy(
            _true_quadrants(h, i), _found_quadrants(h, i), QUADRANTS
        ),
        {
            "prior": lambda h, i: metrics.classes.accuracy(
                _true_quadrants(h, i), _prior_quadrants(h, i), QUADRANTS
            )
        },
    ),
    "macro_f1": (
        lambda h, i: metrics.classes.macro_f1(
            _true_quadrants(h, i), _found_quadrants(h, i), QUADRANTS
        ),
        {
            "prior": lambda h, i: metrics.classes.macro_f1(
                _true_quadrants(h, i), _prior_quadrants(h, i), QUADRANTS
            )
        },
    ),
    "valence_auc": (
        lambda h, i: float(metrics.roc_auc(*_axis(h, i, 0))[0]),
        {"prior": lambda h, i: float(metrics.roc_auc(*_prior_axis(h, i, 0))[0])},
    ),
    "arousal_auc": (
        lambda h, i: float(metrics.roc_auc(*_axis(h, i, 1))[0]),
        {"prior": lambda h, i: float(metrics.roc_auc(*_prior_axis(h, i, 1))[0])},
    ),
    _QUADRANT_ECE: (
        lambda h, i: _quadrant_ece(h, i, _probabilities),
        {
            "prior": lambda h, i: _quadrant_ece(h, i, _prior_probabilities),
            "perfect": _perfect_quadrant_ece,
        },
    ),
    "quadrant_log_loss": (
        lambda h, i: _log_loss(h, i, _probabilities),
        {"prior": lambda h, i: _log_loss(h, i, _prior_probabilities)},
    ),
}
_RATINGS: _Table = {
    "valence_r2": (
        lambda h, i: float(metrics.r2(*_axis(h, i, 0))[0]),
        {"prior": lambda h, i: float(metrics.r2(*_prior_axis(h, i, 0))[0])},
    ),
    "arousal_r2": (
        lambda h, i: float(metrics.r2(*_axis(h, i, 1))[0]),
        {"prior": lambda h, i: float(metrics.r2(*_prior_axis(h, i, 1))[0])},
    ),
    "quadrant_macro_f1": (
        lambda h, i: _quadrants_f1(h, i, _found_quadrants),
        {"prior": lambda h, i: _quadrants_f1(h, i, _prior_quadrants)},
    ),
    "valence_r": (
        lambda h, i: float(metrics.pearson(*_axis(h, i, 0))[0]),
        {"prior": lambda h, i: 0.0},
    ),
    "arousal_r": (
        lambda h, i: float(metrics.pearson(*_axis(h, i, 1))[0]),
        {"prior": lambda h, i: 0.0},
    ),
}
_MUSIC: _Table = {
    "music_auc": (lambda h, i: float(_aucs(h, i)[0]), {"prior": lambda h, i: 0.5}),
    "music_kept": (lambda h, i: _share_called_music(h, i, 1), {"all_ones": lambda h, i: 1.0}),
    "not_music_refused": (
        lambda h, i: 1 - _share_called_music(h, i, 0),
        {"all_ones": lambda h, i: 0.0},
    ),
}
_MUSIC_NEEDS = {"music_auc": {0, 1}, "music_kept": {1}, "not_music_refused": {0}}


def _share_called_music(held: HeldOut, of: IntArray, target: int) -> float:
    """Give how much of what has this target is called music; NaN where there is none of it."""
    scores = held.outputs[of][held.targets[of] == target]
    return float(np.mean(scores >= MUSIC_CUT)) if len(scores) else math.nan


MEASURES: dict[Kind, _Table] = {
    "music": _MUSIC,
    "tags": _TAGS,
    "shares": _SHARES,
    "quadrants": _QUADRANTS,
    "ratings": _RATINGS,
}


def _nanmean(rows: FloatArray) -> FloatArray:
    return np.asarray([metrics.macro(column) for column in rows.T])


def _plain(value: Any) -> Any:
    """Round numbers for a file; NaN, which JSON has no word for, becomes None."""
    if isinstance(value, float | np.floating):
        return round(float(value), 4) if math.isfinite(value) else None
    return value
