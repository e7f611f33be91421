"""What an evaluation scores with is what ships, in the precision that the recipe asks for."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affetto import bundles, frontends
from affetto.bundles.check import INT8_DIFFERENCE, TOLERANCE, check, check_windows, tolerance
from affetto.errors import BadConfig, BundleInvalid, DatasetInvalid
from affetto.models.scorer import TorchScorer, score
from affetto.training import loop, run, shipping
from affetto.training.config import ExportConfig, TrainConfig, load
from affetto.training.data import windows_of
from affetto.training.start import Start
from tests.tiny_training import TinyTraining


@pytest.fixture(scope="module")
def config(tiny: TinyTraining) -> TrainConfig:
    return replace(tiny.config, export=ExportConfig("int8"))


@pytest.fixture(scope="module")
def scorer(tiny: TinyTraining) -> Any:
    return loop.build_from(tiny.config, tiny.run_folder / "weights.safetensors")


@pytest.fixture(scope="module")
def bundle(
    tiny: TinyTraining, config: TrainConfig, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The tiny bundle in int8; the same weights, of a run whose recipe says so."""
    here = tmp_path_factory.mktemp("int8")
    folder = here / "run"
    shutil.copytree(tiny.run_folder, folder)
    text = (folder / "config.json").read_text(encoding="utf-8")
    plain = json.loads(text)
    plain["recipe"]["export"]["precision"] = "int8"
    (folder / "config.json").write_text(json.dumps(plain), encoding="utf-8")
    run.make_bundle(replace(tiny.prepared, config=config), folder, here / "bundle")
    return here / "bundle"


def test_examples_are_the_middle_windows_of_items_from_all_over_the_data(
    tiny: TinyTraining, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = tiny.sides.training
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    found = shipping.examples(config, items)
    assert len(found) == len(items)
    np.testing.assert_array_equal(found, shipping.examples(config, items[::-1]))
    monkeypatch.setattr(shipping, "N_EXAMPLES", 3)
    ordered = sorted(items, key=lambda item: item.example.id)
    few = shipping.examples(config, items)
    for window, item in zip(few, (ordered[0], ordered[len(items) // 2], ordered[-1]), strict=True):
        windows = windows_of(item, front_end, config.window.duration_s, config.window.hop_s)
        if item is not ordered[len(items) // 2]:  # an even number of items has no middle one
            np.testing.assert_array_equal(window, windows[len(windows) // 2])


def test_as_shipped_in_float32_is_the_trained_network(tiny: TinyTraining, scorer: Any) -> None:
    assert isinstance(shipping.as_shipped(scorer, tiny.config, ()), TorchScorer)


def test_as_shipped_in_int8_scores_bit_for_bit_as_the_bundle(
    tiny: TinyTraining, config: TrainConfig, scorer: Any, bundle: Path
) -> None:
    published = bundles.load(bundle)
    windows = check_windows(published.front_end, published.window_s, published.hop_s)
    runtime = shipping.as_shipped(scorer, config, tiny.sides.training)
    ours, theirs, exact = runtime.score(windows), published.score(windows), score(scorer, windows)
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name])
        assert 0 < np.abs(values - exact[name]).max() < INT8_DIFFERENCE


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_bundle_in_int8_says_so_and_passes_its_check(runtime: Any, bundle: Path) -> None:
    loaded = bundles.load(bundle, runtime=runtime)
    assert loaded.precision == "int8"
    assert check(loaded) <= tolerance(loaded)
    assert tolerance(loaded) > TOLERANCE


def test_bundle_in_int8_keeps_the_weights_that_were_trained(
    tiny: TinyTraining, bundle: Path
) -> None:
    weights = (tiny.run_folder / "weights.safetensors").read_bytes()
    assert (bundle / "weights.safetensors").read_bytes() == weights
    Start(bundles.load(bundle)).check(tiny.config)  # so that a training can go on from it


def test_bundle_in_float32_does_not_speak_of_precision(tiny: TinyTraining) -> None:
    assert bundles.load(tiny.bundle).precision == "float32"
    plain = json.loads((tiny.bundle / "bundle.json").read_text(encoding="utf-8"))
    assert "precision" not in plain


def test_export_refuses_a_network_that_rounding_changes_too_much(
    tiny: TinyTraining,
    config: TrainConfig,
    scorer: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shipping, "MOST_ROUNDING", 1e-6)
    windows = shipping.examples(config, tiny.sides.training)
    with pytest.raises(BundleInvalid, match="in int8 the network's embedding differs from"):
        shipping.export(scorer, config, windows, tmp_path / "model.onnx")


def test_network_that_never_heard_a_pitch_does_not_ship() -> None:
    recipe = load("default")
    windows = np.full((3, 96 + 180, 128), -100, np.float32)
    windows[:, :96] = -20  # bands alone, as pictures have them
    with pytest.raises(DatasetInvalid, match="front end mel_pitch tells pitches, and no data of"):
        shipping.check(recipe, windows)
    windows[1, 200, 5] = -30
    shipping.check(recipe, windows)
    shipping.check(recipe, windows[:0])


def test_recipe_names_a_precision_that_is_known() -> None:
    with pytest.raises(BadConfig, match="an export's precision float32 or int8"):
        ExportConfig("int4")
