"""A recipe cross-validated, one network a fold.

The folds are those of `datasets.splits`: whole artists or albums, the same in all data sets of
the recipe. In each fold a network is trained on the other four without their validation
groups; the fold itself is only scored. Its scores are calibrated by what the other folds'
networks said of the other folds (which for each of them were not seen), and cut by thresholds
fitted on those scores, too: its validation groups would be too few. Where only one fold is run,
they alone are left for thresholds, and nothing is calibrated. Runs are kept in folders, so that a
second call, for another data set, finds the networks trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from affetto.core import FloatArray, Head
from affetto.datasets.folder import canonical
from affetto.datasets.splits import N_FOLDS
from affetto.errors import BadConfig
from affetto.evaluation.held_out import HeldOut, joined
from affetto.evaluation.results import Results, evaluation, held_out
from affetto.evaluation.seen_data import SEEN, refuse_seen
from affetto.evaluation.trainings import FoldRun, train, train_all
from affetto.training import loop
from affetto.training.calibration import Calibration, Windows, fit_heads, sign_slopes
from affetto.training.config import TrainConfig
from affetto.training.data import Item, Progress
from affetto.training.run import Prepared, Sides, fitted_thresholds, prepare
from affetto.training.shipping import as_shipped
from affetto.training.start import Start, fingerprint


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
        refuse_seen(start.bundle, prepared.datasets[name], allow_seen)
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
            run = FoldRun(seed, fold, runs)
            of_seed.append(_fold(prepared, run, report, is_alone=len(used) == 1))
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
        + (", calibrated and cut by the other folds" if len(used) > 1 else "")
        + ("" if start is None else f", each started from {start.bundle.title}")
        + (f", {SEEN}" if any(seen_ones) else ""),
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
    """One fold's sides, and what its network says of the windows of two of them, by head.

    `validation` is empty where there are other folds: it serves only where there is none.
    """

    number: int
    sides: Sides
    validation: Mapping[str, Windows]
    test: Mapping[str, Windows]


def _fold(prepared: Prepared, run: FoldRun, report: loop.Report, *, is_alone: bool) -> _Fold:
    """Train and score one fold."""
    parts, scorer = train(prepared, run, report)
    config = prepared.config
    shipped = as_shipped(scorer, config, parts.training)
    return _Fold(
        number=run.fold,
        sides=parts,
        validation=loop.score_windows(shipped, config, parts.validation if is_alone else ()),
        test=loop.score_windows(shipped, config, parts.test),
    )


def _calibrated(
    prepared: Prepared, fold: _Fold, others: Sequence[_Fold]
) -> dict[tuple[str, str], HeldOut]:
    """Give the held-out part of each data set and head, calibrated and cut by the other folds."""
    heads = prepared.config.specs()
    calibration: dict[str, Calibration] = {}
    if others:
        items: Sequence[Item] = _test_items(others)
        calibration, thresholds = _fitted(prepared, others)
    else:
        items = fold.sides.validation
        values = _song_values(heads, fold.validation, calibration)
        thresholds = fitted_thresholds(prepared.config, items, values)
    if prepared.start is not None:
        thresholds = prepared.start.thresholds(thresholds, items, heads)
    return held_out(
        heads,
        fold.sides.training,
        fold.sides.test,
        _song_values(heads, fold.test, calibration),
        thresholds,
        fold.number,
        _song_values(heads, fold.test, {}) if others else None,
        sign_slopes(calibration),
    )


def _pooled(
    prepared: Prepared, folds: Sequence[_Fold]
) -> tuple[dict[str, Calibration], dict[str, tuple[float, ...]]]:
    """Give each head's calibration and thresholds, rounded, on all scores: for a bundle."""
    calibration, thresholds = _fitted(prepared, folds)
    rounded = {
        name: tuple(round(float(value), 4) for value in found) for name, found in thresholds.items()
    }
    return calibration, rounded


def _fitted(
    prepared: Prepared, folds: Sequence[_Fold]
) -> tuple[dict[str, Calibration], dict[str, FloatArray]]:
    """Fit each head's calibration and thresholds on the folds' held-out scores."""
    heads, items, windows = prepared.config.specs(), _test_items(folds), _windows(folds)
    calibration = fit_heads(heads, prepared.datasets, items, windows)
    values = _song_values(heads, windows, calibration)
    return calibration, fitted_thresholds(prepared.config, items, values)


def _test_items(folds: Sequence[_Fold]) -> list[Item]:
    return [item for fold in folds for item in fold.sides.test]


def _windows(folds: Sequence[_Fold]) -> dict[str, Windows]:
    """Put the folds' held-out windows in a row, by head."""
    return {name: [rows for fold in folds for rows in fold.test[name]] for name in folds[0].test}


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
