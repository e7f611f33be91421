"""Networks trained in processes side by side are those that are trained one after the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from affetto.errors import BadConfig
from affetto.evaluation.cross_validation import cross_validate
from affetto.evaluation.trainings import FoldRun, train, train_all
from affetto.training import loop
from tests.tiny_training import TinyTraining


def test_networks_trained_side_by_side_have_the_same_weights_and_are_found(
    tiny: TinyTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFETTO_CACHE", str(tiny.cache))
    runs = [FoldRun(seed, fold, tmp_path / "beside") for seed, fold in ((3, 0), (4, 0), (3, 1))]
    told: list[tuple[int, int]] = []
    train_all(tiny.config, tiny.root, None, runs, 2, lambda _, *counts: told.append(counts))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    alone = FoldRun(4, 0, tmp_path / "alone")
    train(tiny.prepared, alone)
    weights = [(run.folder / loop.WEIGHTS).read_bytes() for run in (alone, *runs)]
    assert weights[0] == weights[2]
    assert len(set(weights)) == 3
    written = [(run.folder / loop.WEIGHTS).stat().st_mtime_ns for run in runs]
    train_all(tiny.config, tiny.root, None, runs, 2)
    assert [(run.folder / loop.WEIGHTS).stat().st_mtime_ns for run in runs] == written


def test_what_keeps_a_process_from_training_is_said_as_without_one(
    tiny: TinyTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFETTO_CACHE", str(tiny.cache))
    train(tiny.prepared, FoldRun(3, 0, tmp_path))
    (tmp_path / "seed3-fold0" / loop.WEIGHTS).unlink()
    other = replace(tiny.config, optimizer=replace(tiny.config.optimizer, weight_decay=0.01))
    with pytest.raises(BadConfig, match="holds a run of another recipe"):
        cross_validate(other, ["4q"], tiny.root, tmp_path, n_folds=1, n_jobs=2)
