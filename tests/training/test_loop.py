"""A training gives the same weights, whatever stops it."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from affetto.errors import BadConfig
from affetto.frontends import build
from affetto.models.scorer import TorchScorer, score
from affetto.training import loop
from affetto.training.config import AugmentConfig, Part, TrainConfig, load
from affetto.training.data import windows_of
from affetto.training.run import Sides
from tests.tiny_training import TinyTraining

WEIGHTS, METRICS = "weights.safetensors", "metrics.jsonl"


def train(config: TrainConfig, sides: Sides, folder: Path) -> list[int]:
    """Train, or go on. Gives the epochs that were run."""
    epochs: list[int] = []
    loop.train(
        config, sides.training, sides.validation, folder, lambda number, *_: epochs.append(number)
    )
    return epochs


def lines_of(folder: Path) -> list[dict[str, float]]:
    text = (folder / METRICS).read_text(encoding="utf-8")
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


def test_training_leaves_a_run_folder_of_three_files(tiny: TinyTraining) -> None:
    names = {path.name for path in tiny.run_folder.iterdir()}
    assert names == {"config.json", METRICS, WEIGHTS}


def test_training_with_the_same_seed_gives_the_same_weights_bit_for_bit(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    assert train(tiny.config, tiny.sides, tmp_path / "run") == [1, 2, 3]
    for name in (WEIGHTS, METRICS, "config.json"):
        assert (tmp_path / "run" / name).read_bytes() == (tiny.run_folder / name).read_bytes()


def test_training_with_another_seed_gives_other_weights(tiny: TinyTraining, tmp_path: Path) -> None:
    train(replace(tiny.config, seed=4), tiny.sides, tmp_path / "run")
    ours = load_file(tmp_path / "run" / WEIGHTS)
    theirs = load_file(tiny.run_folder / WEIGHTS)
    assert ours.keys() == theirs.keys()
    assert not torch.equal(ours["heads.plane.weight"], theirs["heads.plane.weight"])


@pytest.mark.parametrize("name", ["cnn", "ensemble"])
def test_pitches_that_the_front_end_has_in_other_rows_are_told_before_training(name: str) -> None:
    recipe = load("default", {"front_end.config.n_octaves": "4"})
    config = {**recipe.network.config}
    network = Part(name, {"config": config, "n_members": 2} if name == "ensemble" else config)
    with pytest.raises(
        BadConfig, match=f"{name} expects 180 rows of .* mel_pitch gives 144"
    ) as told:
        loop.build(replace(recipe, network=network))
    assert told.value.hint == "set the network's n_pitches to 144"
    bands_alone = Part("cnn", {**config, "n_pitches": 0})
    assert loop.build(replace(recipe, network=bands_alone)).network.n_pitches == 0


CHILD = """\
import os, signal, sys, time
from pathlib import Path

import torch

from affetto.training import config, loop, run

recipe, root, folder, kind = sys.argv[1:]
torch.set_num_threads(1)
prepared = run.prepare(config.load(recipe), Path(root))
sides = run.sides(prepared, None, prepared.config.seed)
n_steps = loop.n_batches(sides.training, prepared.config.data, 8)
total, write_text = loop.losses.total, loop.write_text
n_losses = 0


def stopping_total(*arguments):
    global n_losses
    n_losses += 1
    if n_losses == n_steps + 2:  # in the midst of the second epoch
        print("waiting", flush=True)
        time.sleep(600)
    return total(*arguments)


def killing_write_text(path, text):
    write_text(path, text)
    if path.name == "metrics.jsonl":  # its line is there, the checkpoint not yet
        os.kill(os.getpid(), signal.SIGKILL)


if kind == "in an epoch":
    loop.losses.total = stopping_total
else:
    loop.write_text = killing_write_text
loop.train(
    prepared.config, sides.training, sides.validation, Path(folder),
    lambda number, *_: print("epoch", number, flush=True),
)
"""


def start(tiny: TinyTraining, folder: Path, kind: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tiny.recipe), str(tiny.root), str(folder), kind],
        env={**os.environ, "AFFETTO_CACHE": str(tiny.cache)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_training_killed_twice_gives_the_weights_of_one_that_was_not(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    """One kill -9 in the second epoch, one between the log and the checkpoint."""
    folder = tmp_path / "run"
    with start(tiny, folder, "in an epoch") as child:
        assert child.stdout is not None
        assert [child.stdout.readline() for _ in range(2)] == ["epoch 1\n", "waiting\n"]
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert not (folder / WEIGHTS).exists()
    assert len(lines_of(folder)) == 1
    with start(tiny, folder, "between log and checkpoint") as child:
        assert child.stdout is not None
        assert child.stdout.read() == ""
    assert child.returncode == -signal.SIGKILL
    assert len(lines_of(folder)) == 2
    assert train(tiny.config, tiny.sides, folder) == [2, 3]
    assert (folder / WEIGHTS).read_bytes() == (tiny.run_folder / WEIGHTS).read_bytes()
    assert (folder / METRICS).read_bytes() == (tiny.run_folder / METRICS).read_bytes()
    assert not (folder / "checkpoint.safetensors").exists()


def test_training_that_is_done_is_loaded_and_not_run_again(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(tiny.run_folder, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    epochs: list[int] = []
    scorer = loop.train(
        tiny.config,
        tiny.sides.training,
        tiny.sides.validation,
        folder,
        lambda number, *_: epochs.append(number),
    )
    assert epochs == []
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not scorer.training
    for name, value in load_file(folder / WEIGHTS).items():
        assert torch.equal(scorer.state_dict()[name], value)


def test_training_refuses_a_run_folder_of_another_recipe(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(tiny.run_folder, folder)
    other = replace(tiny.config, optimizer=replace(tiny.config.optimizer, learning_rate=0.1))
    with pytest.raises(BadConfig, match="holds a run of another recipe, start or of other data"):
        train(other, tiny.sides, folder)


def test_training_refuses_a_run_folder_of_other_data(tiny: TinyTraining, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(tiny.run_folder, folder)
    first, *rest = tiny.sides.training
    changed = {name: values + np.float32(1e-3) for name, values in first.targets.items()}
    others = (
        Sides(tuple(rest), tiny.sides.validation, ()),
        Sides((replace(first, values=first.values + 1), *rest), tiny.sides.validation, ()),
        Sides((replace(first, targets=changed), *rest), tiny.sides.validation, ()),
    )
    for sides in others:
        with pytest.raises(BadConfig, match="name another folder"):
            train(tiny.config, sides, folder)


def test_training_log_has_a_line_for_each_epoch_and_validation_in_the_last(
    tiny: TinyTraining,
) -> None:
    lines = lines_of(tiny.run_folder)
    assert [line["epoch"] for line in lines] == [0, 1, 2]
    assert all(math.isfinite(line["loss"]) for line in lines)
    assert [sorted(line) for line in lines[:2]] == [["epoch", "loss"]] * 2
    assert {"valence_r", "arousal_r", "emotions_macro_auc"} <= set(lines[2])


def test_training_log_leaves_out_what_a_small_validation_cannot_measure(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    no_tags = tuple(item for item in tiny.sides.validation if item.dataset == "4q")
    assert no_tags
    config = replace(tiny.config, optimizer=replace(tiny.config.optimizer, epochs=1))
    train(config, Sides(tiny.sides.training[:8], no_tags, ()), tmp_path / "run")
    (line,) = lines_of(tmp_path / "run")
    assert "emotions_macro_auc" not in line
    assert "gems9_macro_auc" not in line


def test_training_learns_the_examples_that_it_sees(tiny: TinyTraining, tmp_path: Path) -> None:
    settings = replace(tiny.config.optimizer, epochs=12)
    config = replace(tiny.config, augment=AugmentConfig(), optimizer=settings)
    train(config, tiny.sides, tmp_path / "run")
    losses = [line["loss"] for line in lines_of(tmp_path / "run")]
    assert losses[-1] < 0.95 * losses[0]


def test_score_items_gives_the_mean_over_an_items_windows(tiny: TinyTraining) -> None:
    scorer = loop.build_from(tiny.config, tiny.run_folder / WEIGHTS)
    items = tiny.sides.validation[:3]
    found = loop.score_items(TorchScorer(scorer), tiny.config, items)
    front_end = build(tiny.config.front_end.name, tiny.config.front_end.config)
    assert list(found) == ["emotions", "plane", "gems9"]
    for row, item in enumerate(items):
        outputs = score(scorer, windows_of(item, front_end, 1.486, 0.743))
        for name, values in found.items():
            np.testing.assert_allclose(values[row], outputs[name].mean(axis=0), rtol=1e-6)
