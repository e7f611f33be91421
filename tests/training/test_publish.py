"""A bundle is whole, repeatable and checked, or the old one stays."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from affetto import bundles
from affetto.bundles.check import TOLERANCE, check, check_windows
from affetto.errors import BundleInvalid
from affetto.training import loop, publish, run
from affetto.training.calibration import Calibration
from tests.tiny_training import TinyTraining

NO_EXAMPLES = np.zeros((0, 0, 0), np.float32)  # float32 needs none
FILES = {"bundle.json", "weights.safetensors", "model.onnx", "expected.json", "CARD.md"}


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def run_folder(tiny: TinyTraining, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(tiny.run_folder, folder)
    return folder


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_published_bundle_can_be_read_and_passes_its_check(
    runtime: Any, tiny: TinyTraining
) -> None:
    bundle = bundles.load(tiny.bundle, runtime=runtime)
    assert bundle.title == "tiny 0.0.1"
    assert bundle.license == tiny.config.license
    assert [head.spec.name for head in bundle.heads] == ["emotions", "plane", "gems9"]
    assert check(bundle) <= TOLERANCE


def test_published_bundle_scores_alike_in_torch_and_onnx(tiny: TinyTraining) -> None:
    onnx, torch_ = (bundles.load(tiny.bundle, runtime=name) for name in ("onnx", "torch"))
    windows = check_windows(onnx.front_end, onnx.window_s, onnx.hop_s)
    ours, theirs = onnx.score(windows), torch_.score(windows)
    assert ours.keys() == theirs.keys() == {"emotions", "plane", "gems9", "embedding"}
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], atol=1e-4)


def test_published_bundle_holds_the_trained_weights(tiny: TinyTraining) -> None:
    assert set(content_of(tiny.bundle)) == FILES
    weights = (tiny.run_folder / "weights.safetensors").read_bytes()
    assert content_of(tiny.bundle)["weights.safetensors"] == weights


def test_published_bundle_can_be_read_by_others(tiny: TinyTraining) -> None:
    for path in tiny.bundle.iterdir():
        assert path.stat().st_mode & 0o044 == 0o044, path.name


def test_published_bundle_records_its_training_but_not_when_and_where(
    tiny: TinyTraining,
) -> None:
    text = (tiny.bundle / "bundle.json").read_text(encoding="utf-8")
    training = json.loads(text)["training"]
    assert training["recipe_fingerprint"] == tiny.config.fingerprint()
    assert training["seed"] == 3
    assert set(training["datasets"]) == {"cal500", "4q", "soundtracks", "emotify"}
    n_used = sum(d["n_training"] + d["n_validation"] for d in training["datasets"].values())
    assert n_used == len(tiny.prepared.items)
    assert all(d["license"] for d in training["datasets"].values())
    assert str(tiny.folder) not in text
    assert str(tiny.root) not in text


def test_make_bundle_takes_thresholds_and_figures_from_the_results(
    tiny: TinyTraining, run_folder: Path, tmp_path: Path
) -> None:
    thresholds = {"emotions": [round(0.1 + 0.01 * n, 4) for n in range(18)]}
    figure = {"measure": "macro_auc", "value": 0.678, "low": 0.6, "high": 0.7}
    results = {
        "protocol": "5 of 5 folds by group, one network a fold",
        "seeds": [3],
        "thresholds": thresholds,
        "calibration": {},
        "evaluations": [
            {
                "dataset": "cal500",
                "head": "emotions",
                "kind": "shares",
                "n_examples": 11,
                "n_groups": 10,
                "figures": [{**figure, "trivial": {"prior": 0.5}}],
                "per_tag": {},
            }
        ],
    }
    run.make_bundle(tiny.prepared, run_folder, tmp_path / "bundle", results)
    heads = {head.spec.name: head for head in bundles.load(tmp_path / "bundle").heads}
    assert heads["emotions"].thresholds == tuple(thresholds["emotions"])
    assert heads["gems9"].thresholds == (0.5,) * 9  # not evaluated
    card = (tmp_path / "bundle" / "CARD.md").read_text(encoding="utf-8")
    assert "| macro auc | 0.678 | 0.600 to 0.700 | 0.500 |" in card
    assert "(out-of-fold scores)" in card


def test_make_bundle_makes_the_calibration_of_the_results_part_of_the_weights(
    tiny: TinyTraining, run_folder: Path, tmp_path: Path
) -> None:
    calibration = {
        "emotions": {
            "slopes": [round(0.5 + 0.1 * n, 4) for n in range(18)],
            "intercepts": [round(0.9 - 0.1 * n, 4) for n in range(18)],
        },
        "plane": {"slopes": [2.0, 0.5], "intercepts": [0.0, 0.0], "sign_slopes": [1.5, 0.25]},
    }
    results = {
        "protocol": "made up",
        "seeds": [3],
        "thresholds": {},
        "calibration": calibration,
        "evaluations": [],
    }
    run.make_bundle(tiny.prepared, run_folder, tmp_path / "bundle", results)
    raw, calibrated = bundles.load(tiny.bundle), bundles.load(tmp_path / "bundle")
    windows = check_windows(raw.front_end, raw.window_s, raw.hop_s)
    before, after = raw.score(windows), calibrated.score(windows)
    for head in raw.heads:
        name = head.spec.name
        expected = before[name]
        if name in calibration:
            fitted = Calibration.from_dict(calibration[name])
            expected = fitted.song_values(head.spec, [row[None] for row in before[name]])
        np.testing.assert_allclose(after[name], expected, atol=1e-4, err_msg=name)
    np.testing.assert_allclose(after["embedding"], before["embedding"], atol=1e-4)
    assert check(calibrated) <= TOLERANCE
    assert calibrated.training["calibration"] == calibration
    assert raw.training["calibration"] == {}
    assert (raw.sign_slopes, calibrated.sign_slopes) == (None, (1.5, 0.25))


def test_publish_replaces_an_older_bundle_and_gives_the_same_bytes_each_time(
    tiny: TinyTraining, run_folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "here" / "bundle"
    shutil.copytree(tiny.bundle, target)
    (target / "bundle.json").write_text("{}", encoding="utf-8")
    (target / "left-over.txt").write_text("of the older one", encoding="utf-8")
    run.make_bundle(tiny.prepared, run_folder, target)
    assert content_of(target) == content_of(tiny.bundle)
    assert [path.name for path in target.parent.iterdir()] == ["bundle"]


def test_bundle_may_stand_where_there_is_nothing_an_empty_folder_or_a_bundle(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    publish.check_target(tmp_path / "nothing" / "here")
    publish.check_target(tiny.bundle)
    (tmp_path / "empty").mkdir()
    publish.check_target(tmp_path / "empty")


def test_make_bundle_refuses_a_target_that_is_no_bundle_before_it_trains(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    folder, file = tmp_path / "photos", tmp_path / "file"
    folder.mkdir()
    (folder / "cat.jpg").touch()
    file.touch()
    for target in (folder, file):
        with pytest.raises(BundleInvalid, match="is not a bundle, so it is not overwritten"):
            run.make_bundle(tiny.prepared, tmp_path / "run", target)
    assert [path.name for path in folder.iterdir()] == ["cat.jpg"]
    assert file.is_file()
    assert not (tmp_path / "run").exists()


def test_publish_keeps_the_older_bundle_when_the_network_gives_nan(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    target = tmp_path / "here" / "bundle"
    shutil.copytree(tiny.bundle, target)
    scorer = loop.build_from(tiny.config, tiny.run_folder / "weights.safetensors")
    with torch.no_grad():
        scorer.heads["gems9"].bias += float("nan")
    with pytest.raises(BundleInvalid, match="differs from the trained one by nan"):
        publish.publish(scorer, tiny.config, NO_EXAMPLES, {}, {"seed": 0}, "# Card\n", target)
    assert content_of(target) == content_of(tiny.bundle)
    assert [path.name for path in target.parent.iterdir()] == ["bundle"]


def test_publish_keeps_the_older_bundle_when_what_it_wrote_cannot_be_read(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    target = tmp_path / "here" / "bundle"
    shutil.copytree(tiny.bundle, target)
    scorer = loop.build_from(tiny.config, tiny.run_folder / "weights.safetensors")
    short = {"emotions": np.full(17, 0.5, np.float32)}  # of 18 tags
    with pytest.raises(BundleInvalid, match="must have a threshold from 0 to 1 for each tag"):
        publish.publish(scorer, tiny.config, NO_EXAMPLES, short, {"seed": 0}, "# Card\n", target)
    assert content_of(target) == content_of(tiny.bundle)
    assert [path.name for path in target.parent.iterdir()] == ["bundle"]
