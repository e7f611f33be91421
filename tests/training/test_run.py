"""A recipe's data fall into sides, its results into a bundle."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affetto.core import Dataset
from affetto.datasets.splits import N_FOLDS
from affetto.errors import BadConfig, DatasetInvalid, DatasetMissing
from affetto.training import run
from affetto.training.config import Part
from affetto.training.data import LABEL_CUT
from affetto.training.run import Prepared
from tests.tiny_training import TinyTraining


def results_of(tiny: TinyTraining) -> dict[str, Any]:
    """Give the least that a file of results holds."""
    return {
        "fingerprint": tiny.config.fingerprint(),
        "thresholds": {"emotions": [0.25] * 18, "gems9": [0.5] * 9},
        "calibration": {"plane": {"slopes": [0.5, 2.0], "intercepts": [0.0, -1.0]}},
    }


@pytest.mark.parametrize("test_fold", [None, *range(N_FOLDS)])
def test_sides_keep_the_groups_of_all_data_sets_apart(
    test_fold: int | None, tiny: TinyTraining
) -> None:
    sides = run.sides(tiny.prepared, test_fold, seed=3)
    groups = [
        {item.example.group for item in side}
        for side in (sides.training, sides.validation, sides.test)
    ]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]
    ids = [i.example.id for side in (sides.training, sides.validation, sides.test) for i in side]
    assert sorted(ids) == sorted(tiny.prepared.items)
    assert bool(sides.test) == (test_fold is not None)


def test_sides_test_every_example_once_over_the_folds(tiny: TinyTraining) -> None:
    tested = [
        item.example.id
        for fold in range(N_FOLDS)
        for item in run.sides(tiny.prepared, fold, seed=3).test
    ]
    assert sorted(tested) == sorted(tiny.prepared.items)


def test_sides_test_the_same_examples_for_every_seed(tiny: TinyTraining) -> None:
    ids = [[item.example.id for item in run.sides(tiny.prepared, 1, seed).test] for seed in (3, 4)]
    assert ids[0] == ids[1]


def test_sides_of_too_few_groups_are_refused(tiny: TinyTraining) -> None:
    dataset: Dataset = tiny.prepared.datasets["emotify"]
    few = replace(dataset, examples=dataset.examples[:1])
    prepared = Prepared(tiny.config, {"emotify": few}, tiny.prepared.items, tiny.prepared.folds)
    with pytest.raises(DatasetInvalid, match="too few groups"):
        run.sides(prepared, None, seed=3)


def test_prepare_says_which_data_are_missing(tiny: TinyTraining, tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match="data set cal500 needs"):
        run.prepare(tiny.config, tmp_path)


def test_prepare_refuses_a_network_that_cannot_be_made_before_it_looks_for_data(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    network = Part("cnn", {"channels": [4] * 12})
    with pytest.raises(BadConfig, match="12 blocks are too many for"):
        run.prepare(replace(tiny.config, network=network), tmp_path)


def test_prepare_reports_every_file_that_is_read(tiny: TinyTraining) -> None:
    steps: list[tuple[str, int, int]] = []
    run.prepare(tiny.config, tiny.root, lambda *step: steps.append(step))
    n_items = len(tiny.prepared.items)
    assert steps == [("reading", number, n_items) for number in range(1, n_items + 1)]


def test_fitted_thresholds_cut_where_known_labels_part(tiny: TinyTraining) -> None:
    items = [item for item in tiny.prepared.items.values() if item.dataset != "4q"]
    outputs = {
        name: np.stack([item.targets[name] for item in items]) for name in ("emotions", "gems9")
    }
    # Scores that are the labels themselves where known, and mislead where not.
    scores = {
        name: np.where(np.isnan(values), 0.45, 0.1 + 0.6 * values).astype(np.float32)
        for name, values in outputs.items()
    }
    found = run.fitted_thresholds(tiny.config, items, scores)
    assert set(found) == {"emotions", "gems9"}
    for name, thresholds in found.items():
        known = ~np.isnan(outputs[name])
        is_true = outputs[name] >= LABEL_CUT
        assert ((scores[name] >= thresholds) == is_true)[known].all()


def test_runs_folder_is_another_for_another_recipe(tiny: TinyTraining) -> None:
    folder = run.runs_folder(tiny.config)
    assert folder.parent == Path("runs")
    assert folder.name.startswith("tiny-")
    assert run.runs_folder(replace(tiny.config, seed=99)) != folder


def test_read_results_gives_what_an_evaluation_of_the_recipe_wrote(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results_of(tiny)), encoding="utf-8")
    assert run.read_results(path, tiny.config) == results_of(tiny)


def test_read_results_refuses_those_of_another_recipe(tiny: TinyTraining, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results_of(tiny)), encoding="utf-8")
    with pytest.raises(BadConfig, match="holds the results of another recipe than tiny"):
        run.read_results(path, replace(tiny.config, seed=99))
    for short in (
        {"thresholds": {"emotions": [0.5] * 17}},
        {"calibration": {"plane": {"slopes": [1.0], "intercepts": [0.0]}}},
    ):
        path.write_text(json.dumps({**results_of(tiny), **short}), encoding="utf-8")
        with pytest.raises(BadConfig, match="holds the results of another recipe than tiny"):
            run.read_results(path, tiny.config)


@pytest.mark.parametrize("slope", [0, -1, math.nan, math.inf, None, "1"])
def test_read_results_refuses_a_calibration_that_is_none(
    slope: Any, tiny: TinyTraining, tmp_path: Path
) -> None:
    path = tmp_path / "results.json"
    calibration = {"plane": {"slopes": [1.0, slope], "intercepts": [0.0, 0.0]}}
    path.write_text(json.dumps({**results_of(tiny), "calibration": calibration}), encoding="utf-8")
    with pytest.raises(BadConfig, match="does not hold the results of an evaluation"):
        run.read_results(path, tiny.config)


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"fingerprint": "x"}', "\x00"])
def test_read_results_refuses_any_other_file(text: str, tiny: TinyTraining, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadConfig, match="does not hold the results of an evaluation"):
        run.read_results(path, tiny.config)
    with pytest.raises(BadConfig, match="does not hold the results of an evaluation"):
        run.read_results(tmp_path / "none.json", tiny.config)
