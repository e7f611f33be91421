from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from affetto import metrics
from affetto.experiments.results import write_predictions, write_results
from tests.experiments import cases


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    experiment = cases.experiment(
        learning={"cnn": {20: (cases.held_out(0.5),), 30: (cases.held_out(1.0),)}}
    )
    write_results(experiment, folder / "results.json")
    write_predictions(experiment, folder / "predictions.parquet")
    return folder


def test_results_hold_every_fold_of_every_run(folder: Path) -> None:
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert [outcome["method"] for outcome in found["outcomes"]][:3] == [
        "prior",
        "all_ones",
        "logistic",
    ]
    (cnn,) = [outcome for outcome in found["outcomes"] if outcome["method"] == "cnn"]
    assert [run["seed"] for run in cnn["runs"]] == [0, 1, 2]
    for run in cnn["runs"]:
        assert [part["fold"] for part in run["folds"]] == [0, 1, 2, 3]
    assert found["environment"]["commit"] == "0123abcd"
    assert found["left_out"] == ["song99: there is no sound"]
    assert sorted(found["learning"]["cnn"]) == ["20", "30"]
    assert [outcome["method"] for outcome in found["leaky"]] == ["forest", "copy_label"]


def test_figures_of_a_fold_are_those_of_the_metrics(folder: Path) -> None:
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    held = cases.experiment().outcomes[2].runs[0]
    rows = held.folds == 1
    figures = found["outcomes"][2]["runs"][0]["folds"][1]["figures"]
    auc = metrics.macro(metrics.roc_auc(held.targets[rows], held.outputs[rows]))
    assert figures["macro_auc"] == pytest.approx(auc, abs=1e-6)
    assert held.decisions is not None
    f1 = metrics.micro_f1(held.targets[rows], held.decisions[rows])
    assert figures["micro_f1"] == pytest.approx(f1, abs=1e-6)


def test_predictions_give_every_score_back(folder: Path) -> None:
    table = pq.read_table(folder / "predictions.parquet")
    assert table.column_names == [
        "id", "group", "fold", "repeat", "method", "split_by", "seed", "tag", "target", "score",
        "chosen",
    ]  # fmt: skip
    experiment = cases.experiment()
    n_cells = cases.N_SONGS * cases.N_SEGMENTS * len(cases.TAGS)
    n_runs = sum(len(o.runs) for o in (*experiment.outcomes, *experiment.leaky))
    assert table.num_rows == n_cells * n_runs
    rows = [
        row
        for row in table.to_pylist()
        if (row["method"], row["seed"], row["split_by"]) == ("cnn", 1, "song")
    ]
    held = next(o for o in experiment.outcomes if o.method == "cnn").runs[1]
    assert [row["id"] for row in rows[:: len(cases.TAGS)]] == list(held.ids)
    assert np.allclose([row["score"] for row in rows], held.outputs.reshape(-1))
    assert [row["target"] for row in rows] == held.targets.reshape(-1).astype(int).tolist()
    assert held.decisions is not None
    assert [row["chosen"] for row in rows] == held.decisions.reshape(-1).tolist()
    assert {row["split_by"] for row in table.to_pylist()} == {"song", "segment"}
