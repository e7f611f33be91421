"""Held-out scores in a file are all there, in their units, and come back as they were."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from affetto.core import Head
from affetto.errors import BadConfig
from affetto.evaluation import score_files
from affetto.evaluation.held_out import HeldOut
from affetto.evaluation.results import Evaluation, Results
from affetto.vocabularies import load as load_vocabulary
from tests.cli.command import affetto
from tests.tiny_training import TinyTraining

EMOTIONS = Head("emotions", "tags", load_vocabulary("cal500_emotions"))
PLANE = Head("plane", "plane", None)


def held_out(head: Head, n_examples: int, seed: int) -> HeldOut:
    rng = np.random.default_rng(seed)
    targets = rng.uniform(0, 1, (n_examples, head.n_outputs)).astype(np.float32)
    targets[0, 1] = np.nan
    return HeldOut(
        head=head,
        ids=tuple(f"made/{number}, “up”" for number in range(n_examples)),
        groups=tuple(f"band {number % 3}" for number in range(n_examples)),
        folds=np.arange(n_examples) % 3,
        targets=targets,
        outputs=rng.uniform(-1, 1, targets.shape).astype(np.float32),
        prior=np.full(targets.shape, 0.5, np.float32),
    )


def results_of(*held: tuple[HeldOut, ...], seeds: tuple[int, ...]) -> Results:
    return Results(
        system="made up",
        protocol="none",
        fingerprint="",
        seeds=seeds,
        evaluations=tuple(
            Evaluation("songs", of[0].head.name, "tags", len(of[0].ids), 3, (), {}, of)
            for of in held
        ),
        thresholds={},
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_scores_come_back_as_they_were_written(suffix: str, tmp_path: Path) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    planes = (held_out(PLANE, 5, 1), held_out(PLANE, 5, 2))
    tags = (held_out(EMOTIONS, 5, 3), held_out(EMOTIONS, 5, 4))
    path = tmp_path / f"scores{suffix}"
    score_files.write(results_of(planes, tags, seeds=(7, 8)), path)
    found = score_files.read(path)
    assert set(found) == set(score_files.COLUMNS)
    assert len(found["score"]) == 2 * 5 * (2 + 18)
    for seed, plane, tag in zip((7, 8), planes, tags, strict=True):
        of_seed = found["seed"] == seed
        for held, targets in ((plane, 2 * plane.targets - 1), (tag, tag.targets)):
            rows = of_seed & (found["head"] == held.head.name)
            shape = held.outputs.shape
            np.testing.assert_array_equal(found["score"][rows].reshape(shape), held.outputs)
            np.testing.assert_array_equal(found["target"][rows].reshape(shape), targets)
            assert tuple(found["example"][rows].reshape(shape)[:, 0]) == held.ids
            assert tuple(found["group"][rows].reshape(shape)[:, 0]) == held.groups
            np.testing.assert_array_equal(found["fold"][rows].reshape(shape)[:, 1], held.folds)
    outputs = found["output"][found["head"] == "plane"]
    assert list(outputs[:4]) == ["valence", "arousal", "valence", "arousal"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_scores_of_a_bundles_own_weights_have_no_seed(suffix: str, tmp_path: Path) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"scores{suffix}"
    score_files.write(results_of((held_out(PLANE, 2, 1),), seeds=()), path)
    assert list(score_files.read(path)["seed"]) == [-1] * 4
    if suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row["seed"] for row in rows} == {""}
        assert rows[1]["target"] == ""  # unknown
        assert "nan" not in path.read_text(encoding="utf-8")


def test_another_suffix_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"must end in \.csv or \.parquet"):
        score_files.check(tmp_path / "scores.json")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "dataset,example\n"])
def test_another_file_is_refused_with_a_hint(text: str, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadConfig, match="does not hold the scores") as refused:
        score_files.read(path)
    assert "--scores" in refused.value.hint


def test_evaluate_writes_changed_settings_and_a_score_of_every_clip_and_output(
    tiny: TinyTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFETTO_CACHE", str(tiny.cache))
    path = tmp_path / "scores.csv"
    done = affetto(
        "evaluate", tiny.recipe, "4q", "soundtracks", "--data-root", tiny.root, "--folds", "2",
        "--set", "optimizer.epochs=1", "--run-folder", tmp_path / "runs", "--scores", path,
        "-o", tmp_path / "results.json", "--jobs", "2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tiny 0.0.1 with optimizer.epochs=1: ")
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert results["settings"] == {"optimizer.epochs": "1"}
    found = score_files.read(path)
    of_4q = found["dataset"] == "4q"
    examples = {e.id: e for e in tiny.prepared.datasets["4q"].examples}
    assert set(found["output"][of_4q]) == {"valence", "arousal"}
    assert set(found["fold"]) == {0, 1}
    for id, group, output, target in zip(
        *(found[name][of_4q] for name in ("example", "group", "output", "target")), strict=True
    ):
        plane = examples[id].valence_arousal
        assert plane is not None
        assert (group, target) == (examples[id].group, plane[int(output == "arousal")])
    tags = found["head"] == "emotions"
    assert set(found["dataset"][tags]) == {"soundtracks"}
    assert np.isnan(found["target"][tags]).any() and np.isfinite(found["score"]).all()
