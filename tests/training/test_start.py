"""A training that starts at a bundle's weights."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from affetto import bundles
from affetto.errors import BadConfig
from affetto.training import loop, run
from affetto.training.config import HeadConfig, TrainConfig
from affetto.training.data import Item
from affetto.training.record import seen
from affetto.training.run import Prepared
from affetto.training.start import Start, fingerprint, open_start, recipe_from
from tests.tiny_training import TinyTraining

QUICK = {"optimizer.epochs": "2", "optimizer.batch_size": "4", "n_threads": "1"}


@pytest.fixture(scope="session")
def start(tiny: TinyTraining) -> Start:
    return open_start(str(tiny.bundle))


@pytest.fixture(scope="session")
def prepared(tiny: TinyTraining, start: Start) -> Prepared:
    """Give a recipe for fine-tuning on quadrants alone, with its data."""
    config = recipe_from("finetune", QUICK, start, [str(tiny.root / "emotion_audio" / "4q")])
    return run.prepare(config, None, start=start)


def weights_of(folder: Path) -> bytes:
    return (folder / "weights.safetensors").read_bytes()


def test_what_the_recipe_leaves_out_is_the_bundles(prepared: Prepared, tiny: TinyTraining) -> None:
    ours, theirs = prepared.config, tiny.config
    assert ours.specs() == theirs.specs()
    assert ours.window == theirs.window
    assert loop.build(ours).network.n_dims == loop.build(theirs).network.n_dims


def test_first_weights_are_the_bundles_and_those_of_other_heads_are_fresh(
    prepared: Prepared, start: Start, tiny: TinyTraining
) -> None:
    heads = (*prepared.config.heads[:2], HeadConfig("felt", "tags", "gems9"))
    config = replace(prepared.config, heads=heads)
    scorer, fresh = loop.build(config), loop.build(config)
    start.load(scorer, config)
    ours, trained = (
        scorer.state_dict(),
        loop.build_from(tiny.config, start.bundle.folder / "weights.safetensors").state_dict(),
    )
    for name, value in ours.items():
        expected = fresh.state_dict() if name.startswith("heads.felt.") else trained
        assert torch.equal(value, expected[name]), name


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"network.config": "{ channels = [4, 4] }"}, "the network's channels is (4, 4) in"),
        ({"front_end.config.n_mels": "20"}, "the front end's n_mels is 20 in the recipe and 16 in"),
        ({"front_end": '{ name = "bark" }'}, "the front end's name is bark in the recipe"),
    ],
)
def test_another_front_end_or_network_is_refused_in_one_sentence(
    overrides: dict[str, str], message: str, start: Start, tiny: TinyTraining, tmp_path: Path
) -> None:
    config = recipe_from("finetune", overrides, start, ["4q"])
    with pytest.raises(BadConfig) as refused:
        run.prepare(config, tiny.root, start=start)
    assert message in refused.value.message
    assert "\n" not in refused.value.message
    with pytest.raises(BadConfig):
        loop.train(config, (), (), tmp_path / "run", start=start)
    assert not (tmp_path / "run").exists()


def test_another_dropout_is_no_other_network(start: Start) -> None:
    start.check(recipe_from("finetune", {"network.config.dropout": "0.5"}, start, ["4q"]))


def test_heads_that_the_data_do_not_teach_learn_what_the_bundle_says(
    prepared: Prepared, start: Start
) -> None:
    parts = run.sides(prepared, None, 0)
    found = start.remembered(parts.training, prepared.config.specs())
    for before, after in zip(parts.training, found, strict=True):
        np.testing.assert_array_equal(before.targets["plane"], after.targets["plane"])
        assert np.isnan(before.targets["emotions"]).all()
        assert ((after.targets["emotions"] > 0) & (after.targets["emotions"] < 1)).all()
    emotions, plane = (
        {h.name: h for h in prepared.config.specs()}[n] for n in ("emotions", "plane")
    )
    outputs = start.bundle.score(_windows(found[0], start))
    np.testing.assert_allclose(found[0].targets["emotions"], outputs["emotions"].mean(axis=0))
    alike = [
        replace(item, targets={**item.targets, "plane": np.ones(2, np.float32)})
        for item in parts.training
    ]
    taught = start.remembered(alike, [emotions, plane])[0].targets["plane"]
    np.testing.assert_allclose(taught, (outputs["plane"].mean(axis=0) + 1) / 2)


def _windows(item: Item, start: Start) -> Any:
    from affetto.training.data import windows_of

    return windows_of(item, start.bundle.front_end, start.bundle.window_s, start.bundle.hop_s)


def test_fine_tuning_that_was_stopped_ends_with_the_same_weights(
    prepared: Prepared, start: Start, tmp_path: Path
) -> None:
    sides = run.sides(prepared, None, 0)

    def go(folder: Path, report: Any = lambda *_: None) -> None:
        loop.train(prepared.config, sides.training, sides.validation, folder, report, start)

    def stop(epoch: int, *_: Any) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    go(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path / "stopped", stop)
    go(tmp_path / "stopped")
    assert weights_of(tmp_path / "stopped") == weights_of(tmp_path / "whole")
    claim = json.loads((tmp_path / "whole" / "config.json").read_text(encoding="utf-8"))
    assert claim["init"] == start.fingerprint
    with pytest.raises(BadConfig, match="of another recipe, start or of other data"):
        loop.train(prepared.config, sides.training, sides.validation, tmp_path / "whole")


def test_run_folders_and_results_hang_on_the_bundle_too(
    prepared: Prepared, start: Start, tmp_path: Path
) -> None:
    config: TrainConfig = prepared.config
    assert run.runs_folder(config, start) != run.runs_folder(config)
    assert fingerprint(config, None) == config.fingerprint()
    results = {"fingerprint": fingerprint(config, start), "thresholds": {}, "calibration": {}}
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    assert run.read_results(path, config, start) == results
    with pytest.raises(BadConfig, match="holds the results of another recipe"):
        run.read_results(path, config)


def test_bundle_names_what_it_started_from_and_all_that_was_seen(
    prepared: Prepared, start: Start, tiny: TinyTraining, tmp_path: Path
) -> None:
    run.make_bundle(prepared, tmp_path / "run", tmp_path / "tuned")
    bundle = bundles.load(str(tmp_path / "tuned"))
    assert bundle.training["init"]["fingerprint"] == start.fingerprint
    own = str(tiny.root / "emotion_audio" / "4q")
    assert set(seen(bundle.training)) == {own, "cal500", "4q", "soundtracks", "emotify"}
    ours = {head.spec.name: head.thresholds for head in bundle.heads}
    theirs = {head.spec.name: head.thresholds for head in start.bundle.heads}
    assert ours == theirs  # the data say nothing of tags
    again = Start(bundle).record["datasets"]
    assert set(again) == set(seen(bundle.training))


def test_thresholds_are_the_bundles_where_too_few_examples_show_them(
    start: Start, tiny: TinyTraining
) -> None:
    items = list(tiny.prepared.items.values())
    specs = tiny.config.specs()
    fitted = {name: np.full(n, 0.123, np.float32) for name, n in (("emotions", 18), ("gems9", 9))}
    found = start.thresholds(fitted, items, specs)
    (head,) = [head for head in start.bundle.heads if head.spec.name == "emotions"]
    n_true = np.sum([item.targets["emotions"] >= 0.5 for item in items], axis=0)
    assert (n_true >= 5).any() and (n_true < 5).any()
    expected = np.where(n_true >= 5, 0.123, np.asarray(head.thresholds))
    np.testing.assert_allclose(found["emotions"], expected, rtol=1e-6)


def test_slopes_of_signs_are_the_bundles_unless_results_have_others(
    prepared: Prepared, start: Start, tmp_path: Path
) -> None:
    heads = tuple(
        replace(head, sign_slopes=(2.0, 3.0)) if head.spec.kind == "plane" else head
        for head in start.bundle.heads
    )
    begun = replace(prepared, start=Start(replace(start.bundle, heads=heads)))
    fitted = {"slopes": [1.0, 1.0], "intercepts": [0.0, 0.0], "sign_slopes": [0.5, 0.75]}
    results = {
        "protocol": "made up",
        "seeds": [0],
        "thresholds": {},
        "calibration": {"plane": fitted},
        "evaluations": [],
    }
    for found, expected in ((None, (2.0, 3.0)), (results, (0.5, 0.75))):
        run.make_bundle(begun, tmp_path / "run", tmp_path / "tuned", found)
        assert bundles.load(str(tmp_path / "tuned")).sign_slopes == expected
    without_plane = [spec for spec in prepared.config.specs() if spec.kind != "plane"]
    assert Start(replace(start.bundle, heads=heads)).sign_slopes(without_plane) is None


def test_four_clips_are_enough_to_train_on(
    start: Start, tiny: TinyTraining, tmp_path: Path
) -> None:
    folder = tmp_path / "four"
    shutil.copytree(tiny.root / "emotion_audio" / "4q" / "audio", folder / "audio")
    clips = sorted(path.name for path in (folder / "audio").iterdir())[:4]
    lines = ["clip,quadrant", *(f"{clip},Q{n}" for n, clip in enumerate(clips, start=1))]
    (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    config = recipe_from("finetune", QUICK, start, [str(folder)])
    parts = run.sides(run.prepare(config, None, start=start), None, 0)
    assert (len(parts.training), len(parts.validation)) == (3, 1)
