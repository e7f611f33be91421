"""Other systems are compared on affetto's folds; what is fitted never sees the tested fold."""

from __future__ import annotations

import csv
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affetto import load_bundle
from affetto.core import PLANE_AXES
from affetto.datasets import load as load_dataset
from affetto.evaluation import score_files
from tests import miniature
from tests.benchmarks.test_predict import BENCHMARKS

ROOT = Path(__file__).parents[2]
QUICK = ("--quick", "--duration-s", "3", "--rounds", "1", "--resamples", "20")

# A package in vibenet's place: louder is happier, and it says how often it was asked.
FAKE = """
from pathlib import Path
from types import SimpleNamespace

class Model:
    def predict(self, inputs, sr=None):
        (sound,) = inputs
        with Path(__file__).with_name("asked").open("a") as file:
            file.write("song\\n" if isinstance(sound, str) else "clip\\n")
        level = 0.5 if isinstance(sound, str) else float(abs(sound).mean())
        return [SimpleNamespace(valence=level, energy=2 * level)]

def load_model():
    return Model()
"""


@pytest.fixture
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return miniature.data_root(tmp_path_factory)


@pytest.fixture
def scores(data_root: Path, tmp_path: Path) -> Path:
    """Give scores as an evaluation writes them, right on every clip but for the first few."""
    path = tmp_path / "scores.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(score_files.COLUMNS)
        for name in ("4q", "soundtracks"):
            dataset = load_dataset(name, data_root)
            for number, example in enumerate(dataset.examples):
                assert example.valence_arousal is not None
                for output, target in zip(PLANE_AXES, example.valence_arousal, strict=True):
                    score = float(target) * (-1 if number < 2 else 1)
                    place = (name, example.id, example.group, dataset.folds[example.group], 0)
                    rows.writerow((*place, "plane", output, float(target), score))
    return path


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """Give a folder that holds the made-up package, installed as pip does it."""
    folder = tmp_path / "fake"
    (folder / "vibenet").mkdir(parents=True)
    (folder / "vibenet" / "__init__.py").write_text(FAKE, encoding="utf-8")
    record = folder / "vibenet-9.9.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Name: vibenet\nVersion: 9.9\n", encoding="utf-8")
    (record / "RECORD").write_text("vibenet/__init__.py,,\n", encoding="utf-8")
    return folder


@pytest.fixture
def fits() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("peer_fits")


def compare(*arguments: str | Path, **more_environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, BENCHMARKS / "peers.py", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **more_environment},
        check=False,
    )


def test_peers_are_compared_with_affetto_in_one_table_and_as_json(
    scores: Path, data_root: Path, fake: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "figures.json"
    arguments = (
        "--scores", scores, "--data-root", data_root, "--cache", tmp_path / "cache", *QUICK,
        "--without", "musicnn", "--without", "yamnet",
        "--vibenet-python", sys.executable, "--json", figures,
    )  # fmt: skip
    done = compare(*arguments, PYTHONPATH=str(fake))
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["skipped"] == dict.fromkeys(("musicnn", "yamnet"), "not asked for")
    assert found["systems"]["vibenet"]["versions"]["vibenet"] == "9.9"
    assert found["systems"]["vibenet"]["n_packages"] == 1
    for system in found["systems"].values():
        assert {"song_cpu_s", "start_cpu_s", "installed_mb", "network_mb"} <= set(system)
    assert [(of["dataset"], of["measure"]) for of in found["quality"]] == [
        ("4q", "macro_f1"), ("4q", "valence_auc"), ("4q", "arousal_auc"),
        ("soundtracks", "valence_r2"), ("soundtracks", "arousal_r2"),
    ]  # fmt: skip
    for of in found["quality"]:
        ours, theirs = of["systems"]["affetto"], of["systems"]["vibenet"]
        assert theirs["lead"]["estimate"] == pytest.approx(
            ours["estimate"] - theirs["estimate"], abs=2e-4
        )
        assert ours["low"] <= ours["high"]
        assert f"{theirs['estimate']:.3f}" in done.stdout
    assert "musicnn is left out: not asked for" in done.stdout

    asked = (fake / "vibenet" / "asked").read_text().split()
    assert asked.count("clip") == 12 + 10
    again = compare(*arguments, PYTHONPATH=str(fake))
    assert again.returncode == 0, again.stderr
    asked = (fake / "vibenet" / "asked").read_text().split()
    assert asked.count("clip") == 12 + 10  # the second time they were in the cache

    page = compare("--page", figures).stdout
    assert page.startswith("# Beside other programs\n")
    assert all(line in page for line in again.stdout.splitlines() if line.startswith("| 4Q"))
    assert all(len(line) <= 100 for line in page.splitlines() if not line.startswith("|"))

    bundle = shutil.copytree(load_bundle("default").folder, tmp_path / "bundle")
    written = compare("--page", figures, "--card", "--bundle", bundle)
    assert (written.returncode, written.stdout) == (0, ""), written.stderr
    card = (bundle / "CARD.md").read_text(encoding="utf-8")
    (section,) = card.split("\n## Beside other programs\n")[1:]
    section = section.partition("\n## ")[0]
    for of in found["quality"]:
        assert f"{of['systems']['vibenet']['estimate']:.3f}" in section
    assert "musicnn" not in section
    assert "Do not use it to judge people" in card


def test_peer_that_cannot_be_run_is_left_out_with_the_reason(
    scores: Path, data_root: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "figures.json"
    done = compare(
        "--scores", scores, "--data-root", data_root, "--cache", tmp_path / "cache", *QUICK,
        "--vibenet-python", sys.executable, "--musicnn-python", tmp_path / "no-python",
        "--yamnet-python", tmp_path / "no-python", "--json", figures,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert "No module named 'vibenet'" in found["skipped"]["vibenet"]
    assert "no-python cannot be run" in found["skipped"]["musicnn"]
    assert list(found["systems"]) == ["affetto"]
    assert "Traceback" not in done.stderr


def test_scores_of_other_data_are_refused(scores: Path, data_root: Path) -> None:
    text = scores.read_text(encoding="utf-8")
    lacking = "\n".join(line for line in text.splitlines() if not line.startswith("soundtracks"))
    scores.write_text(lacking, encoding="utf-8")
    done = compare("--scores", scores, "--data-root", data_root)
    assert (done.returncode, done.stderr) == (
        1, "the scores have none of data set soundtracks: evaluate it, too\n",
    )  # fmt: skip
    scores.write_text(text.replace("4q/MT", "4q/XY"), encoding="utf-8")
    done = compare("--scores", scores, "--data-root", data_root)
    assert done.returncode == 1 and "the scores are of other data" in done.stderr


@pytest.mark.parametrize("kind", ["logistic", "ridge"])
def test_nothing_is_learnt_or_chosen_from_the_fold_that_is_tested(kind: str, fits: Any) -> None:
    rng = np.random.default_rng(0)
    folds = np.arange(80) % 4
    features = {"noise": rng.normal(size=(80, 6)), "all": rng.normal(size=(80, 9))}
    targets = features["all"][:, 0] + 0.1 * rng.normal(size=80)
    other = np.where(folds == 2, -targets, targets)
    if kind == "logistic":
        targets, other = (targets > 0).astype(float), (other > 0).astype(float)
    found = fits.fit(kind, features, targets, folds, [2, 3])
    changed = fits.fit(kind, features, other, folds, [2, 3])
    rows = folds == 2
    np.testing.assert_array_equal(found.estimates[rows], changed.estimates[rows])
    assert found.chosen[2] == changed.chosen[2]
    assert found.chosen[2][0] == "all"  # where the signal is
    assert np.corrcoef(found.estimates[rows], targets[rows])[0, 1] > 0.7
    assert np.isnan(found.estimates[folds < 2]).all()
    assert set(found.chosen) == {2, 3}


def test_line_is_fitted_on_the_training_examples_alone(fits: Any) -> None:
    values = np.arange(10.0)
    targets = np.where(values < 6, 3 * values - 1, 100.0)
    np.testing.assert_allclose(fits.line(values, targets, values < 6), 3 * values - 1)


def test_together_is_the_mean_of_affetto_and_all_regressed_peers_or_nothing(
    scores: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    peers = importlib.import_module("peers")
    clips = {"4q": peers.clips_of("4q", score_files.read(scores), data_root)}
    (ours,) = clips["4q"].scores
    right = clips["4q"].targets
    assert peers.together(clips, {"4q": [right]}) == {}  # one of them is left out
    ((held,),) = (of["4q"] for of in peers.together(clips, {"4q": [right, right]}).values())
    np.testing.assert_allclose(held.outputs, (ours + 2 * right) / 3, rtol=1e-6)


def test_page_of_the_peers_is_made_of_the_committed_results() -> None:
    results, page = ROOT / "results" / "benchmarks" / "peers.json", ROOT / "docs" / "peers.md"
    assert page.read_text(encoding="utf-8") == compare("--page", results).stdout
