"""A recipe cross-validated, one network a fold; or a bundle's own weights on unseen data.

The folds are those of `datasets.splits`: whole artists or albums, the same in all data sets of
the recipe. In each fold a network is trained on the other four without their validation
groups; the fold itself is only scored. Its scores are calibrated by what the other folds'
networks said of the other folds (which for each of them were not seen), and cut by thresholds
fitted on the calibrated scores of its validation groups. Runs are kept in folders, so that a
second call, for another data set, finds the networks trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from affetto import mood
from affetto.bundles import Bundle
from affetto.core import Dataset, FloatArray, Head
from affetto.datasets import load as load_dataset
from affetto.datasets import source
from affetto.datasets.base import labels_sha256
from affetto.datasets.folder import canonical
from affetto.datasets.splits import N_FOLDS
from affetto.errors import BadConfig, UnknownName
from affetto.evaluation.held_out import HeldOut, joined
from affetto.evaluation.measures import Figure, by_genre, figures, kind_of, per_tag
from affetto.evaluation.trainings import FoldRun, train, train_all
from affetto.frontends import FrontEnd
from affetto.training import loop
from affetto.training.calibration import Calibration, Windows, fit_heads
from affetto.training.config import TrainConfig
from affetto.training.data import Item, load_items, windows_of
from affetto.training.run import Prepared, Sides, fitted_thresholds, prepare, versions
from affetto.training.start import Start, fingerprint, seen
from affetto.vocabularies import moods

RESULTS_SCHEMA_VERSION = 2
_SEEN = "ON DATA THAT IT WAS TRAINED ON"
_PLACE = Head("plane of the tags", "plane")
"""Where a bundle without valence and arousal is placed by its tags."""
Progress = Callable[[str, int, int], None]
"""Called with what is going on, how many are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one data set under one head, and the scores behind them, a part a seed."""

    dataset: str
    head: str
    kind: str
    n_examples: int
    n_groups: int
    figures: tuple[Figure, ...]
    per_tag: Mapping[str, Mapping[str, float | int]]
    held: tuple[HeldOut, ...] = field(default=(), repr=False, compare=False)
    by_genre: Mapping[str, Mapping[str, float | int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """All that an evaluation found.

    `calibration` by head is fitted on all held-out scores together, and so are `thresholds`, on
    the scores that it gives: for a bundle, never for a figure. `settings` are those of the recipe
    that were changed, as `--set` has them.
    """

    system: str
    protocol: str
    fingerprint: str
    seeds: tuple[int, ...]
    evaluations: tuple[Evaluation, ...]
    thresholds: Mapping[str, tuple[float, ...]]
    calibration: Mapping[str, Calibration] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return {
            "schema_version": RESULTS_SCHEMA_VERSION,
            "system": self.system,
            "settings": dict(self.settings),
            "protocol": self.protocol,
            "fingerprint": self.fingerprint,
            "seeds": list(self.seeds),
            "versions": versions(),
            "evaluations": [
                {
                    "dataset": e.dataset,
                    "head": e.head,
                    "kind": e.kind,
                    "n_examples": e.n_examples,
                    "n_groups": e.n_groups,
                    "figures": [figure.to_dict() for figure in e.figures],
                    "per_tag": {tag: dict(row) for tag, row in e.per_tag.items()},
                    "by_genre": {genre: dict(row) for genre, row in e.by_genre.items()},
                }
                for e in self.evaluations
            ],
            "thresholds": {name: list(values) for name, values in self.thresholds.items()},
            "calibration": {name: found.to_dict() for name, found in self.calibration.items()},
        }


def cross_validate(
    config: TrainConfig,
    names: Sequence[str],
    root: Path | None,
    runs: Path,
    *,
    start: Start | None = None,
    allow_seen: bool = False,
    n_seeds: int = 1,
    n_folds: int = N_FOLDS,
    n_jobs: int = 1,
    progress: Progress = lambda *_: None,
    report: loop.Report = lambda *_: None,
) -> Results:
    """Cross-validate a recipe on data sets that it trains on.

    `runs` is the folder of the run folders. Fewer than all folds give a quick, noisier look.
    `n_jobs` networks are trained at the same time, in processes of their own if more than one;
    only a single one tells `report` of its epochs.
    `start` is a bundle that the trainings start from. Raises: BadConfig for a data set that the
    recipe does not train on, or that `start` has seen if that is not allowed; as `training.run`.
    """
    names = [canonical(name) for name in names]
    trained_on = [data.name for data in config.data]
    for name in names:
        if name not in trained_on:
            raise BadConfig(
                f"recipe {config.name} does not train on data set {name!r}",
                f"known: {', '.join(trained_on)}; or evaluate its bundle on it",
            )
    if not 1 <= n_folds <= N_FOLDS or n_seeds < 1 or n_jobs < 1:
        raise BadConfig(f"folds must be 1 to {N_FOLDS}, seeds and jobs at least 1")
    prepared = prepare(config, root, progress, start)
    seen_ones = [
        _refuse_seen(start.bundle, prepared.datasets[name], allow_seen)
        for name in names
        if start is not None
    ]
    groups = {example.group for d in prepared.datasets.values() for example in d.examples}
    there = sorted({prepared.folds[group] for group in groups})
    used = [fold for fold in there if fold < n_folds]
    seeds = tuple(range(config.seed, config.seed + n_seeds))
    if n_jobs > 1:
        wanted = [FoldRun(seed, fold, runs) for seed in seeds for fold in used]
        train_all(config, root, start, wanted, n_jobs, progress)
    held: dict[tuple[str, str], list[HeldOut]] = {}
    scored: list[_Fold] = []
    for round_, seed in enumerate(seeds):
        of_seed: list[_Fold] = []
        for number, fold in enumerate(used):
            progress(f"seed {seed}, fold {fold}", round_ * len(used) + number, len(used) * n_seeds)
            of_seed.append(_fold(prepared, FoldRun(seed, fold, runs), report))
        parts: dict[tuple[str, str], list[HeldOut]] = {}
        for found in of_seed:
            others = [other for other in of_seed if other is not found]
            for key, part in _calibrated(prepared, found, others).items():
                parts.setdefault(key, []).append(part)
        for key, of_folds in parts.items():
            held.setdefault(key, []).append(joined(of_folds))
        scored += of_seed
    calibration, thresholds = _pooled(prepared, scored)
    return Results(
        system=f"{config.name} {config.version}",
        protocol=f"{len(used)} of {len(there)} folds by group, one network a fold"
        + (", calibrated on the other folds" if len(used) > 1 else "")
        + ("" if start is None else f", each started from {start.bundle.title}")
        + (f", {_SEEN}" if any(seen_ones) else ""),
        fingerprint=fingerprint(config, start),
        seeds=seeds,
        evaluations=tuple(
            evaluation(prepared.datasets[name], of_seeds, _company(prepared, held, name, head))
            for (name, head), of_seeds in held.items()
            if name in names
        ),
        thresholds=thresholds,
        calibration=calibration,
    )


def evaluate_bundle(
    bundle: Bundle,
    name: str,
    root: Path | None,
    *,
    allow_seen: bool = False,
    progress: Progress = lambda *_: None,
) -> Results:
    """Score a data set with a bundle's own weights and thresholds.

    Raises: BadConfig when the bundle was trained on the data set and `allow_seen` is not set,
    or when no head of the bundle answers to the data set's labels.
    """
    dataset = load_dataset(name, root)
    is_seen = _refuse_seen(bundle, dataset, allow_seen)
    dataset, translation = _understood(dataset, bundle)
    heads = [head.spec for head in bundle.heads]
    if bundle.plane_head is None:
        heads.append(_PLACE)
    items = list(load_items({dataset.name: dataset}, heads, bundle.front_end, progress).values())
    outputs = _score_items(bundle, items, progress)
    if bundle.plane_head is None:
        main = bundle.tag_heads[0].spec
        assert main.vocabulary is not None
        outputs[_PLACE.name] = mood.place(outputs[main.name], main.vocabulary)
    thresholds = {
        head.spec.name: np.asarray(head.thresholds, np.float32)
        for head in bundle.heads
        if head.thresholds
    }
    found = _held_out(heads, items, items, outputs, thresholds, fold=0)
    if not found:
        raise BadConfig(
            f"no head of bundle {bundle.title} answers to the labels of data set {name}",
            "take a data set of its vocabularies, or one with valence and arousal",
        )
    return Results(
        system=bundle.title,
        protocol="the bundle's own weights" + translation + (f", {_SEEN}" if is_seen else ""),
        fingerprint=bundle.fingerprint,
        seeds=(),
        evaluations=tuple(evaluation(dataset, [held]) for held in found.values()),
        thresholds={},
    )


def _refuse_seen(bundle: Bundle, dataset: Dataset, allow_seen: bool) -> bool:
    """Say whether a bundle has been trained on a data set's music, by its name, the folder where
    its music lies, or its labels. Raises: BadConfig if so and that is not allowed."""
    known = seen(bundle.training)
    folder = _folder_of(dataset.name)
    kin = [name for name in known if folder and _folder_of(name) == folder]
    digest = labels_sha256(dataset)
    alike = [name for name, of_labels in known.items() if of_labels == digest]
    found = [name for name in (dataset.name, *kin, *alike) if name in known]
    if found and not allow_seen:
        same = "" if found[0] == dataset.name else f", the same music as {dataset.name}"
        raise BadConfig(
            f"bundle {bundle.title} was trained on {found[0]}{same}, so its figures there would "
            "be praise for memory",
            "cross-validate the recipe instead, or insist with --allow-seen",
        )
    return bool(found)


def _folder_of(name: str) -> str:
    """Give the folder where a data set's music lies; '' where nobody knows."""
    try:
        known = source(name)
    except UnknownName:  # of a package that is not installed here
        return ""
    return known.folder if known else ""


def _understood(dataset: Dataset, bundle: Bundle) -> tuple[Dataset, str]:
    """Give a data set in a vocabulary that the bundle has, and words on what was done for that."""
    heads = [head.spec.vocabulary for head in bundle.tag_heads]
    if dataset.vocabulary in heads or heads[0] is None:
        return dataset, ""
    ways = moods.crosswalk(dataset.vocabulary, heads[0])
    if not ways:
        return dataset, ""
    examples = tuple(
        replace(example, labels=moods.translated(example.labels, ways, len(heads[0])))
        for example in dataset.examples
    )
    told = f", tags of {dataset.vocabulary.name} read as those of {heads[0].name}"
    return replace(dataset, vocabulary=heads[0], examples=examples), told


def merged(parts: Sequence[Results]) -> Results:
    """Put the results of one bundle on several data sets together."""
    protocols = dict.fromkeys(part.protocol for part in parts)
    return replace(
        parts[0],
        protocol="; ".join(protocols),
        evaluations=tuple(found for part in parts for found in part.evaluations),
    )


def evaluation(
    dataset: Dataset, seeds: Sequence[HeldOut], company: Sequence[HeldOut] = ()
) -> Evaluation:
    """Measure one data set under one head, its examples ranked among those of `company`."""
    kind = kind_of(seeds[0], dataset.plane_kind)
    among = [joined(parts) for parts in zip(seeds, company, strict=True)] if company else seeds
    return Evaluation(
        dataset=dataset.name,
        head=seeds[0].head.name,
        kind=kind,
        n_examples=len(seeds[0].ids),
        n_groups=len(set(seeds[0].groups)),
        figures=figures(kind, among),
        per_tag=per_tag(kind, seeds),
        by_genre=by_genre(kind, seeds, {e.id: e.genres for e in dataset.examples}),
        held=tuple(seeds),
    )


def _company(
    prepared: Prepared, held: Mapping[tuple[str, str], Sequence[HeldOut]], name: str, head: str
) -> list[HeldOut]:
    """Give all music of the recipe, seed by seed, for data that are none; else nothing."""
    if prepared.datasets[name].is_music:
        return []
    music = [held[key] for key in held if key[1] == head and prepared.datasets[key[0]].is_music]
    return [joined(parts) for parts in zip(*music, strict=True)]


@dataclass(frozen=True, slots=True)
class _Fold:
    """One fold's sides, and what its network says of the windows of two of them, by head."""

    number: int
    sides: Sides
    validation: Mapping[str, Windows]
    test: Mapping[str, Windows]


def _fold(prepared: Prepared, run: FoldRun, report: loop.Report) -> _Fold:
    """Train and score one fold."""
    parts, scorer = train(prepared, run, report)
    config = prepared.config
    return _Fold(
        number=run.fold,
        sides=parts,
        validation=loop.score_windows(scorer, config, parts.validation),
        test=loop.score_windows(scorer, config, parts.test),
    )


def _calibrated(
    prepared: Prepared, fold: _Fold, others: Sequence[_Fold]
) -> dict[tuple[str, str], HeldOut]:
    """Give the held-out part of each data set and head, calibrated by the other folds."""
    config, validation = prepared.config, fold.sides.validation
    heads = config.specs()
    calibration = _fitted(prepared, others)
    thresholds = fitted_thresholds(
        config, validation, _song_values(heads, fold.validation, calibration)
    )
    if prepared.start is not None:
        thresholds = prepared.start.thresholds(thresholds, validation, heads)
    return _held_out(
        heads,
        fold.sides.training,
        fold.sides.test,
        _song_values(heads, fold.test, calibration),
        thresholds,
        fold.number,
        _song_values(heads, fold.test, {}) if others else None,
    )


def _pooled(
    prepared: Prepared, folds: Sequence[_Fold]
) -> tuple[dict[str, Calibration], dict[str, tuple[float, ...]]]:
    """Give each head's calibration and thresholds on all held-out scores: for a bundle."""
    calibration = _fitted(prepared, folds)
    items = [item for fold in folds for item in fold.sides.test]
    heads = prepared.config.specs()
    values = _song_values(heads, _windows(folds), calibration)
    thresholds = fitted_thresholds(prepared.config, items, values)
    rounded = {
        name: tuple(round(float(value), 4) for value in found) for name, found in thresholds.items()
    }
    return calibration, rounded


def _fitted(prepared: Prepared, folds: Sequence[_Fold]) -> dict[str, Calibration]:
    items = [item for fold in folds for item in fold.sides.test]
    return fit_heads(prepared.config.specs(), prepared.datasets, items, _windows(folds))


def _windows(folds: Sequence[_Fold]) -> dict[str, Windows]:
    """Put the folds' held-out windows in a row, by head."""
    names = folds[0].test if folds else ()
    return {name: [rows for fold in folds for rows in fold.test[name]] for name in names}


def _song_values(
    heads: Sequence[Head],
    windows: Mapping[str, Windows],
    calibration: Mapping[str, Calibration],
) -> dict[str, FloatArray]:
    """Give each head's values of the examples, (n_examples, n_outputs), calibrated where it is."""
    return {
        head.name: calibration[head.name].song_values(head, windows[head.name])
        if head.name in calibration
        else np.stack([rows.mean(axis=0) for rows in windows[head.name]])
        for head in heads
    }


def _held_out(
    heads: Sequence[Head],
    training: Sequence[Item],
    test: Sequence[Item],
    outputs: Mapping[str, FloatArray],
    thresholds: Mapping[str, FloatArray],
    fold: int,
    uncalibrated: Mapping[str, FloatArray] | None = None,
) -> dict[tuple[str, str], HeldOut]:
    found = {}
    for dataset in dict.fromkeys(item.dataset for item in test):
        for head in heads:
            rows = [
                i
                for i, item in enumerate(test)
                if item.dataset == dataset and not np.isnan(item.targets[head.name]).all()
            ]
            if not rows:
                continue
            targets = np.stack([test[i].targets[head.name] for i in rows])
            scores = outputs[head.name][rows]
            cuts = thresholds.get(head.name)
            found[dataset, head.name] = HeldOut(
                head=head,
                ids=tuple(test[i].example.id for i in rows),
                groups=tuple(test[i].example.group for i in rows),
                folds=np.full(len(rows), fold),
                targets=targets,
                outputs=scores,
                prior=np.tile(_prior(training, dataset, head), (len(rows), 1)),
                decisions=None if cuts is None else mood.decide(scores, cuts),
                uncalibrated=None if uncalibrated is None else uncalibrated[head.name][rows],
            )
    return found


def _prior(training: Sequence[Item], dataset: str, head: Head) -> FloatArray:
    """Give the mean target (n_outputs,) of a data set's training items; 1/2 where unknown."""
    targets = [item.targets[head.name] for item in training if item.dataset == dataset]
    rows = np.stack(targets) if targets else np.full((1, head.n_outputs), np.nan, np.float32)
    known = ~np.isnan(rows)
    means = np.where(known, rows, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known.any(axis=0), means, 0.5).astype(np.float32)


def _score_items(
    bundle: Bundle, items: Sequence[Item], progress: Progress
) -> dict[str, FloatArray]:
    front_end: FrontEnd = bundle.front_end
    rows: dict[str, list[FloatArray]] = {head.spec.name: [] for head in bundle.heads}
    for number, item in enumerate(items, start=1):
        values = windows_of(item, front_end, bundle.window_s, bundle.hop_s)
        outputs = bundle.score(values)
        for name, found in rows.items():
            found.append(outputs[name].mean(axis=0))
        progress("scoring", number, len(items))
    return {name: np.stack(found) for name, found in rows.items()}
