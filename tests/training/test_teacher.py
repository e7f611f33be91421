"""A trunk learns from what another network says, and nothing of that is left in the bundle."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from affetto.core import FloatArray, Interval
from affetto.errors import BadConfig, DatasetMissing, UnknownName
from affetto.training import loop, run, teacher
from affetto.training.config import TeacherConfig, TrainConfig
from affetto.training.data import Item
from tests.tiny_training import TinyTraining

MUSICNN = teacher.of_name("musicnn")
CONFIG = TeacherConfig(("musicnn",), ("4q", "emotify"), n_dims=(3,), weight=2.0)
N_VALUES = 7


def said(number: int, n_positions: int = 4) -> FloatArray:
    """Give what a teacher might say of a recording, (n_values, n_positions)."""
    rng = np.random.default_rng(number)
    return rng.normal(number, 1 + np.arange(N_VALUES)[:, None], (N_VALUES, n_positions)).astype(
        np.float32
    )


@pytest.fixture
def heard(tiny: TinyTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    """Give the tiny recipe with a teacher that has heard two of its data sets."""
    datasets, cache = tiny.prepared.datasets, tmp_path / "cache"
    shutil.copytree(tiny.cache, cache)
    monkeypatch.setenv("AFFETTO_CACHE", str(cache))
    for name in CONFIG.data:
        for number, example in enumerate(datasets[name].examples):
            teacher.keep(MUSICNN, example.path, lambda number=number: said(number))  # type: ignore[misc]
    return replace(tiny.config, teacher=CONFIG)


def test_lessons_go_to_the_data_sets_that_the_teacher_has_heard(
    tiny: TinyTraining, heard: TrainConfig
) -> None:
    items = run.prepare(heard, tiny.root).items
    for number, example in enumerate(tiny.prepared.datasets["4q"].examples):
        (lessons,) = items[example.id].lessons
        np.testing.assert_allclose(lessons, said(number).T, rtol=1e-3)
    assert all((i.lessons == ()) == (i.dataset not in CONFIG.data) for i in items.values())


def test_a_part_of_a_recording_gets_the_lessons_from_its_start_on(
    tiny: TinyTraining, heard: TrainConfig
) -> None:
    datasets = tiny.prepared.datasets
    (id, item), *_ = ((k, i) for k, i in tiny.prepared.items.items() if i.dataset == "4q")
    for start_s, first in ((0.0, 0), (1.9, 2), (50.0, 3)):
        example = replace(item.example, interval=Interval(start_s, start_s + 1))
        found = teacher.with_lessons({id: replace(item, example=example)}, datasets, CONFIG)
        (lessons,) = found[id].lessons
        assert len(lessons) == 4 - first


def test_two_teachers_lessons_stand_side_by_side_where_both_have_spoken(
    tiny: TinyTraining, heard: TrainConfig
) -> None:
    yamnet = teacher.of_name("yamnet")
    both = replace(CONFIG, names=("musicnn", "yamnet"), n_dims=(3, 2))
    with pytest.raises(DatasetMissing, match="yamnet says of the clips is missing for"):
        run.prepare(replace(heard, teacher=both), tiny.root)
    examples = [e for name in CONFIG.data for e in tiny.prepared.datasets[name].examples]
    for number, example in enumerate(examples):
        teacher.keep(yamnet, example.path, lambda number=number: said(100 + number, 3))  # type: ignore[misc]
    items = run.prepare(replace(heard, teacher=both), tiny.root).items
    for number, example in enumerate(tiny.prepared.datasets["4q"].examples):
        ours, theirs = items[example.id].lessons
        np.testing.assert_allclose(ours, said(number).T, rtol=1e-3)
        np.testing.assert_allclose(theirs, said(100 + number, 3).T, rtol=1e-3)


def test_what_the_teacher_has_not_heard_is_told_with_the_command_that_helps(
    tiny: TinyTraining, heard: TrainConfig
) -> None:
    with pytest.raises(DatasetMissing, match="musicnn says of the clips is missing for") as told:
        run.prepare(replace(heard, teacher=replace(CONFIG, data=("4q", "soundtracks"))), tiny.root)
    assert "benchmarks/teacher.py" in told.value.hint
    with pytest.raises(UnknownName, match="teach on nowhere"):
        run.prepare(replace(heard, teacher=replace(CONFIG, data=("nowhere",))), tiny.root)
    with pytest.raises(UnknownName, match="no teacher named 'socrates'"):
        run.prepare(replace(heard, teacher=TeacherConfig(("socrates",), n_dims=(3,))), tiny.root)


def test_more_components_than_a_teacher_says_values_are_refused_before_training(
    tiny: TinyTraining, heard: TrainConfig
) -> None:
    greedy = replace(heard, teacher=replace(CONFIG, n_dims=(N_VALUES + 1,)))
    with pytest.raises(BadConfig, match="musicnn says 7 values") as caught:
        run.prepare(greedy, tiny.root)
    assert "7 or less" in caught.value.hint
    run.prepare(replace(heard, teacher=replace(CONFIG, n_dims=(N_VALUES,))), tiny.root)


def test_simplified_lessons_are_uncorrelated_and_the_first_ones_the_loudest(
    tiny: TinyTraining,
) -> None:
    (item, *_) = tiny.prepared.items.values()
    items = [replace(item, lessons=(said(n, 50).T,)) for n in range(8)]
    found = teacher.simplified([*items, item], [4])
    assert found[-1].lessons == ()
    rows = np.concatenate([rows for i in found for rows in i.lessons])
    assert rows.shape == (400, 4)
    covariance = rows.T @ rows / len(rows)
    variances = np.diag(covariance)
    assert variances.mean() == pytest.approx(1, rel=1e-3)
    assert (np.diff(variances) < 0).all()
    np.testing.assert_allclose(covariance, np.diag(variances), atol=1e-3)


def test_simplified_lessons_do_not_depend_on_the_values_units(tiny: TinyTraining) -> None:
    (item, *_) = tiny.prepared.items.values()
    plain = [replace(item, lessons=(said(n, 50).T,)) for n in range(8)]
    scale = np.asarray([1, 10, 100, 1, 1, 0.1, 5], np.float32)
    scaled = [replace(i, lessons=tuple(rows * scale + 3 for rows in i.lessons)) for i in plain]
    for one, other in zip(
        teacher.simplified(plain, [3]), teacher.simplified(scaled, [3]), strict=True
    ):
        np.testing.assert_allclose(np.abs(one.lessons), np.abs(other.lessons), atol=2e-2)


def test_what_a_teacher_says_is_simplified_as_if_it_were_the_only_one(tiny: TinyTraining) -> None:
    (item, *_) = tiny.prepared.items.values()
    alone = [replace(item, lessons=(said(n, 50).T,)) for n in range(8)]
    both = [replace(i, lessons=(*i.lessons, said(99 - n, 9).T)) for n, i in enumerate(alone)]
    for one, other in zip(
        teacher.simplified(alone, [3]), teacher.simplified(both, [3, 2]), strict=True
    ):
        np.testing.assert_array_equal(one.lessons[0], other.lessons[0])
        assert other.lessons[1].shape == (9, 2)


def test_a_teacher_changes_the_weights_and_leaves_no_tensor_of_its_own(
    tiny: TinyTraining, heard: TrainConfig, tmp_path: Path
) -> None:
    parts = run.sides(run.prepare(heard, tiny.root), None, heard.seed)
    loop.train(heard, parts.training, parts.validation, tmp_path / "run")
    with (
        safe_open(tmp_path / "run" / "weights.safetensors", "pt") as taught,
        safe_open(tiny.run_folder / "weights.safetensors", "pt") as alone,
    ):
        assert set(taught.keys()) == set(alone.keys())
        name = "network.collapse.0.weight"
        assert not torch.equal(taught.get_tensor(name), alone.get_tensor(name))


def test_a_teacher_of_moments_teaches_beside_one_of_windows_and_alone(
    tiny: TinyTraining, heard: TrainConfig, tmp_path: Path
) -> None:
    moments = teacher.of_name("musicnn_moments")
    for name in CONFIG.data:
        for number, example in enumerate(tiny.prepared.datasets[name].examples):
            teacher.keep(moments, example.path, lambda number=number: said(number, 30))  # type: ignore[misc]
    weights = {}
    for names in (("musicnn",), ("musicnn_moments",), ("musicnn", "musicnn_moments")):
        config = replace(heard, teacher=replace(CONFIG, names=names, n_dims=(3,) * len(names)))
        parts = run.sides(run.prepare(config, tiny.root), None, config.seed)
        scorer = loop.train(config, parts.training, parts.validation, tmp_path / "-".join(names))
        weights[names] = scorer.state_dict()["network.collapse.0.weight"]
        assert torch.isfinite(weights[names]).all()
    one, other, both = weights.values()
    assert not torch.equal(one, other) and not torch.equal(one, both)


def test_a_part_of_a_recording_gets_the_moments_from_its_start_on(
    tiny: TinyTraining, heard: TrainConfig
) -> None:
    moments = teacher.of_name("musicnn_moments")
    config = replace(CONFIG, names=("musicnn_moments",))
    (id, item), *_ = ((k, i) for k, i in tiny.prepared.items.items() if i.dataset == "4q")
    teacher.keep(moments, item.example.path, lambda: said(1, 40))
    example = replace(item.example, interval=Interval(1.28, 2.28))
    items = {id: replace(item, example=example)}
    (lessons,) = teacher.with_lessons(items, tiny.prepared.datasets, config)[id].lessons
    np.testing.assert_allclose(lessons, said(1, 40).T[10:], rtol=1e-3)


def test_a_stopped_training_with_a_teacher_gives_the_same_weights(
    tiny: TinyTraining, heard: TrainConfig, tmp_path: Path
) -> None:
    parts = run.sides(run.prepare(heard, tiny.root), None, heard.seed)

    class Stopped(Exception):
        pass

    def stop(epoch: int, *_: object) -> None:
        if epoch == 2:
            raise Stopped

    with pytest.raises(Stopped):
        loop.train(heard, parts.training, parts.validation, tmp_path / "stopped", stop)
    for name in ("stopped", "whole"):
        loop.train(heard, parts.training, parts.validation, tmp_path / name)
    first, second = (tmp_path / n / "weights.safetensors" for n in ("stopped", "whole"))
    assert first.read_bytes() == second.read_bytes()


def test_other_lessons_are_other_data(
    tiny: TinyTraining, heard: TrainConfig, tmp_path: Path
) -> None:
    parts = run.sides(run.prepare(heard, tiny.root), None, heard.seed)
    loop.train(heard, parts.training, parts.validation, tmp_path / "run")

    def doubled(item: Item) -> Item:
        return replace(item, lessons=tuple(rows * 2 for rows in item.lessons))

    with pytest.raises(BadConfig, match="other data"):
        loop.train(heard, tuple(map(doubled, parts.training)), parts.validation, tmp_path / "run")


def test_the_default_recipe_learns_from_a_teacher_that_there_is() -> None:
    from affetto.training.config import load

    config = load("default")
    assert [teacher.of_name(name).reader for name in config.teacher.names]
    assert len(config.teacher.names) == len(config.teacher.n_dims) > 0
    assert set(config.teacher.data) < {data.name for data in config.data}
