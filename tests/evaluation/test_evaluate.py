"""No network is measured on music that it has seen, and no fold is trained twice."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affetto import bundles
from affetto.core import Head, quadrant_of
from affetto.datasets import load as load_dataset
from affetto.datasets.splits import N_FOLDS
from affetto.errors import BadConfig
from affetto.evaluation import cross_validation, report
from affetto.evaluation import results as measuring
from affetto.evaluation.cross_validation import cross_validate
from affetto.evaluation.held_out import HeldOut
from affetto.evaluation.own_weights import evaluate_bundle
from affetto.evaluation.results import Results, merged
from affetto.training import loop
from affetto.training.data import Item
from affetto.training.run import read_results
from affetto.training.start import open_start, recipe_from
from tests import tiny_bundle, tiny_training
from tests.evaluation.cases import held_out
from tests.tiny_training import TinyTraining

NAMES = ("cal500", "4q", "soundtracks", "emotify")
HEADS = {
    ("cal500", "emotions"): "tags",
    ("4q", "plane"): "quadrants",
    ("soundtracks", "emotions"): "shares",
    ("soundtracks", "plane"): "ratings",
    ("emotify", "gems9"): "shares",
}


@dataclass
class Spied:
    """What a cross-validation did: the groups that each run saw, and what was held out."""

    results: Results
    runs: Path
    seen: dict[str, set[str]] = field(default_factory=dict)
    held: list[HeldOut] = field(default_factory=list)


@pytest.fixture(scope="module")
def spied(tiny: TinyTraining, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spied]:
    """Cross-validate the tiny recipe, and look on."""
    runs = tmp_path_factory.mktemp("runs")
    seen: dict[str, set[str]] = {}
    held: list[HeldOut] = []
    train, figures = loop.train, measuring.figures

    def spying_train(
        config: Any, training: Sequence[Item], validation: Sequence[Item], folder: Path, *rest: Any
    ) -> Any:
        seen[folder.name] = {item.example.group for item in (*training, *validation)}
        return train(config, training, validation, folder, *rest)

    def spying_figures(kind: Any, seeds: Sequence[HeldOut]) -> Any:
        held.extend(seeds)
        return figures(kind, seeds)

    with pytest.MonkeyPatch.context() as patch, tiny_training.quietly(tiny.cache):
        patch.setattr("affetto.evaluation.measures.N_RESAMPLES", 8)
        patch.setattr(loop, "train", spying_train)
        patch.setattr(measuring, "figures", spying_figures)
        results = cross_validate(tiny.config, NAMES, tiny.root, runs)
    yield Spied(results, runs, seen, held)


def test_cross_validation_never_tests_a_group_that_the_network_has_seen(spied: Spied) -> None:
    assert set(spied.seen) == {f"seed3-fold{fold}" for fold in range(N_FOLDS)}
    for held in spied.held:
        for group, fold in zip(held.groups, held.folds, strict=True):
            assert group not in spied.seen[f"seed3-fold{fold}"]


def test_cross_validation_tests_every_example_once(spied: Spied, tiny: TinyTraining) -> None:
    assert len(spied.held) == len(HEADS)
    for held, (name, _) in zip(spied.held, HEADS, strict=True):
        dataset = tiny.prepared.datasets[name]
        assert Counter(held.ids) == Counter(example.id for example in dataset.examples)
        assert set(held.folds) == set(range(N_FOLDS))
        groups = {example.id: example.group for example in dataset.examples}
        assert [groups[id] for id in held.ids] == list(held.groups)


def test_cross_validation_holds_the_labels_and_the_prior_of_its_own_fold(
    spied: Spied, tiny: TinyTraining
) -> None:
    held = spied.held[0]
    dataset = tiny.prepared.datasets["cal500"]
    labels = {example.id: example.labels for example in dataset.examples}
    np.testing.assert_array_equal(held.targets, np.stack([labels[id] for id in held.ids]))
    for fold in range(N_FOLDS):
        sides_groups = spied.seen[f"seed3-fold{fold}"]
        rows = held.folds == fold
        assert (held.prior[rows] == held.prior[rows][0]).all()
        assert ((held.prior[rows] >= 0) & (held.prior[rows] <= 1)).all()
        known = [e.labels for e in dataset.examples if e.group in sides_groups]
        assert len(known) + rows.sum() == len(dataset.examples)


def test_cross_validation_measures_each_head_that_a_data_set_answers_to(spied: Spied) -> None:
    found = {(e.dataset, e.head): e.kind for e in spied.results.evaluations}
    assert found == HEADS
    sizes = {e.dataset: (e.n_examples, e.n_groups) for e in spied.results.evaluations}
    assert sizes == {
        "cal500": (11, 10),
        "4q": (12, 11),
        "soundtracks": (10, 10),
        "emotify": (10, 10),
    }


def test_results_are_valid_json_without_nan_and_with_the_trivial_systems(spied: Spied) -> None:
    plain = json.loads(json.dumps(spied.results.to_dict(), allow_nan=False))
    assert plain["schema_version"] == 2
    assert plain["system"] == "tiny 0.0.1"
    assert plain["seeds"] == [3]
    assert plain["protocol"] == (
        "5 of 5 folds by group, one network a fold, calibrated and cut by the other folds"
    )
    n_numbers = 0
    for found in plain["evaluations"]:
        for figure in found["figures"]:
            assert "prior" in figure["trivial"]
            if found["kind"] == "tags" and figure["measure"].endswith("f1"):
                assert set(figure["trivial"]) == {"prior", "all_ones"}
            n_numbers += isinstance(figure["value"], float)
    assert n_numbers >= 8
    for name, size in (("emotions", 18), ("gems9", 9)):
        assert len(plain["thresholds"][name]) == size
        assert all(0 <= value <= 1 for value in plain["thresholds"][name])


def test_results_hold_a_calibration_of_each_head_but_music_with_a_value_for_each_output(
    spied: Spied,
) -> None:
    sizes = {name: len(found.slopes) for name, found in spied.results.calibration.items()}
    assert sizes == {"emotions": 18, "plane": 2, "gems9": 9}
    assert spied.results.calibration["plane"].intercepts == (0, 0)
    signs = {n for n, found in spied.results.calibration.items() if found.sign_slopes is not None}
    assert signs == {"plane"}


def test_scores_of_a_fold_do_not_depend_on_its_own_labels(
    spied: Spied, tiny: TinyTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrated_on: list[set[str]] = []
    cut_on: list[set[str]] = []
    fit, cut = cross_validation.fit_heads, cross_validation.fitted_thresholds

    def spying_fit(heads: Any, datasets: Any, items: Sequence[Item], windows: Any) -> Any:
        calibrated_on.append({item.example.group for item in items})
        return fit(heads, datasets, items, windows)

    def spying_cut(config: Any, items: Sequence[Item], outputs: Any) -> Any:
        cut_on.append({item.example.group for item in items})
        return cut(config, items, outputs)

    monkeypatch.setattr(cross_validation, "fit_heads", spying_fit)
    monkeypatch.setattr(cross_validation, "fitted_thresholds", spying_cut)
    again = cross_validate(tiny.config, NAMES, tiny.root, spied.runs)
    everyone = {item.example.group for item in tiny.prepared.items.values()}
    assert cut_on == calibrated_on
    *of_folds, of_bundle = cut_on
    assert of_bundle == everyone
    held = [held for e in again.evaluations for held in e.held]
    for fold, groups in enumerate(of_folds):
        tested = {g for h in held for g, f in zip(h.groups, h.folds, strict=True) if f == fold}
        assert groups == everyone - tested


def test_one_fold_alone_is_not_calibrated(spied: Spied, tiny: TinyTraining) -> None:
    results = cross_validate(tiny.config, ["cal500"], tiny.root, spied.runs, n_folds=1)
    assert results.protocol == "1 of 5 folds by group, one network a fold"
    (found,) = results.evaluations
    assert found.held[0].uncalibrated is None
    assert "ece_uncalibrated" not in next(iter(found.per_tag.values()))
    assert all("uncalibrated" not in figure.trivial for figure in found.figures)


def test_results_go_back_into_a_training_of_the_same_recipe(
    spied: Spied, tiny: TinyTraining, tmp_path: Path
) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(spied.results.to_dict()), encoding="utf-8")
    assert read_results(path, tiny.config)["fingerprint"] == tiny.config.fingerprint()
    with pytest.raises(BadConfig, match="another recipe"):
        read_results(path, replace(tiny.config, version="0.0.2"))


def test_results_as_text_show_every_data_set(spied: Spied) -> None:
    text = report.text(spied.results)
    for name, head in HEADS:
        assert f"{name}, head {head}: " in text
    assert "nan" not in text


def mtimes_of(runs: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in runs.rglob("weights.safetensors")}


def test_what_is_no_music_is_ranked_among_the_music_of_its_fold() -> None:
    head = Head("music", "music")
    music = held_out([0, 0, 1], [[1], [1], [1]], [[0.9], [0.3], [0.8]], head=head)
    other = held_out([0, 1, 1], [[0], [0], [0]], [[0.4], [0.1], [0.9]], head=head)
    found = measuring.evaluation(load_dataset("not_music"), [other], [music])
    assert (found.dataset, found.kind, found.n_examples) == ("not_music", "music", 3)
    values = {figure.measure: figure.value for figure in found.figures}
    assert values["music_auc"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert values["not_music_refused"] == pytest.approx((1 + 1 / 2) / 2)


def test_cross_validation_again_finds_its_networks_trained(
    spied: Spied, tiny: TinyTraining
) -> None:
    before = mtimes_of(spied.runs)
    assert len(before) == N_FOLDS
    epochs: list[Any] = []
    again = cross_validate(
        tiny.config,
        NAMES,
        tiny.root,
        spied.runs,
        report=lambda *measured: epochs.append(measured),
    )
    assert epochs == []
    assert mtimes_of(spied.runs) == before
    assert again.to_dict() == spied.results.to_dict()


def test_cross_validation_that_was_stopped_keeps_the_folds_that_are_done(
    spied: Spied, tiny: TinyTraining, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    for fold in range(3):  # as a kill in the fourth fold leaves them
        shutil.copytree(spied.runs / f"seed3-fold{fold}", runs / f"seed3-fold{fold}")
    before = mtimes_of(runs)

    class Stopped(BaseException):
        pass

    def stop(epoch: int, *_: Any) -> None:
        if epoch == 2:
            raise Stopped

    with pytest.raises(Stopped):
        cross_validate(tiny.config, ["4q"], tiny.root, runs, report=stop)
    assert mtimes_of(runs) == before
    assert (runs / "seed3-fold3" / "checkpoint.safetensors").exists()
    epochs: list[int] = []
    results = cross_validate(
        tiny.config,
        ["4q"],
        tiny.root,
        runs,
        report=lambda number, *_: epochs.append(number),
    )
    assert epochs == [3, 1, 2, 3]  # what was left of the fourth, then the fifth
    assert {path: time for path, time in mtimes_of(runs).items() if path in before} == before
    whole = [e for e in spied.results.evaluations if e.dataset == "4q"]
    assert list(results.evaluations) == whole


def test_cross_validation_of_fewer_folds_says_so(spied: Spied, tiny: TinyTraining) -> None:
    steps: list[str] = []
    results = cross_validate(
        tiny.config,
        ["emotify"],
        tiny.root,
        spied.runs,
        n_folds=2,
        progress=lambda what, *_: steps.append(what),
    )
    assert results.protocol == (
        "2 of 5 folds by group, one network a fold, calibrated and cut by the other folds"
    )
    (found,) = results.evaluations
    assert found.n_examples == 4
    assert steps[-2:] == ["seed 3, fold 0", "seed 3, fold 1"]


def test_cross_validation_refuses_data_that_the_recipe_does_not_train_on(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    with pytest.raises(BadConfig, match="does not train on data set 'deam'") as refused:
        cross_validate(tiny.config, ["4q", "deam"], tiny.root, tmp_path)
    assert "known: cal500, 4q, soundtracks, emotify" in refused.value.hint


@pytest.mark.parametrize("kind", [{"n_folds": 0}, {"n_folds": 6}, {"n_seeds": 0}, {"n_jobs": 0}])
def test_cross_validation_refuses_numbers_of_folds_seeds_or_jobs_that_make_no_sense(
    kind: dict[str, int], tiny: TinyTraining, tmp_path: Path
) -> None:
    with pytest.raises(BadConfig, match="folds must be 1 to 5, seeds and jobs at least 1"):
        cross_validate(tiny.config, ["4q"], tiny.root, tmp_path, **kind)


@pytest.mark.parametrize("name", NAMES)
def test_bundle_is_not_evaluated_on_data_that_it_was_trained_on(
    name: str, tiny: TinyTraining
) -> None:
    bundle = bundles.load(tiny.bundle)
    with pytest.raises(BadConfig, match=f"bundle tiny 0.0.1 was trained on {name}") as refused:
        evaluate_bundle(bundle, name, tiny.root)
    assert "--allow-seen" in refused.value.hint


def test_bundle_is_evaluated_on_seen_data_only_when_insisted_and_says_so(
    tiny: TinyTraining,
) -> None:
    results = evaluate_bundle(bundles.load(tiny.bundle), "cal500", tiny.root, allow_seen=True)
    assert "ON DATA THAT IT WAS TRAINED ON" in results.protocol
    (found,) = results.evaluations
    assert (found.dataset, found.kind, found.n_examples) == ("cal500", "tags", 11)
    json.dumps(results.to_dict(), allow_nan=False)


def test_bundle_is_evaluated_on_unseen_data_with_its_own_weights(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    bundle = bundles.load(tiny_bundle.make(tmp_path / "known"))
    steps: list[str] = []
    results = evaluate_bundle(bundle, "4q", tiny.root, progress=lambda what, *_: steps.append(what))
    assert results.protocol == "the bundle's own weights"
    assert results.fingerprint == bundle.fingerprint
    (found,) = results.evaluations
    assert found.kind == "quadrants"
    accuracy = next(f for f in found.figures if f.measure == "accuracy")
    # This bundle hears level alone, so valence and arousal have one sign: Q1 or Q3.
    signs = [e.valence_arousal for e in tiny.prepared.datasets["4q"].examples]
    n_diagonal = sum(v is not None and quadrant_of(*v) in ("Q1", "Q3") for v in signs)
    assert 0 <= accuracy.value <= n_diagonal / len(signs)
    assert steps.count("scoring") == len(signs)


def test_bundle_without_a_head_for_the_labels_is_refused(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    gems = [head for head in tiny_bundle.HEADS if head.spec.name == "gems9"]
    bundle = bundles.load(tiny_bundle.make(tmp_path / "known", gems))
    folder = shutil.copytree(tiny.root / "emotion_audio" / "emotify", tmp_path / "folder")
    clips = sorted(path.name for path in (folder / "audio").iterdir())
    lines = ["clip,happy", *(f"{clip},1" for clip in clips)]
    (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadConfig, match=r"no head of bundle .* answers to the labels"):
        evaluate_bundle(bundle, str(folder), None)


def test_bundle_without_a_plane_is_measured_where_its_tags_place_a_song(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    bundle = bundles.load(tiny_bundle.make(tmp_path / "known", tiny_bundle.HEADS))
    (found,) = evaluate_bundle(bundle, "4q", tiny.root).evaluations
    assert (found.head, found.kind) == ("plane of the tags", "quadrants")


def test_bundle_without_a_vocabulary_is_measured_by_the_tags_that_stand_for_its_own(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    emotions = [head for head in tiny_bundle.HEADS if head.spec.name == "emotions"]
    bundle = bundles.load(tiny_bundle.make(tmp_path / "known", emotions))
    results = evaluate_bundle(bundle, "emotify", tiny.root)
    assert "tags of gems9 read as those of cal500_emotions" in results.protocol
    (found,) = results.evaluations
    assert found.kind == "shares"
    assert set(found.per_tag) == {
        "calming_soothing",
        "happy",
        "powerful_strong",
        "sad",
        "tender_soft",
    }


def test_bundle_is_refused_on_its_training_music_under_other_names(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    bundle = bundles.load(str(tiny.bundle))
    with pytest.raises(BadConfig, match="trained on cal500, the same music as cal500_songs"):
        evaluate_bundle(bundle, "cal500_songs", tiny.root)
    folder = shutil.copytree(tiny.root / "emotion_audio" / "emotify", tmp_path / "mine")
    with pytest.raises(BadConfig, match=r"trained on emotify, the same music as .*mine"):
        evaluate_bundle(bundle, f"{folder}/", None)
    results = evaluate_bundle(bundle, str(folder), None, allow_seen=True)
    assert "ON DATA THAT IT WAS TRAINED ON" in results.protocol


def test_cross_validation_is_refused_on_what_its_start_has_seen(
    tiny: TinyTraining, tmp_path: Path
) -> None:
    start = open_start(str(tiny.bundle))
    config = recipe_from("finetune", {}, start, ["4q"])
    with pytest.raises(BadConfig, match="was trained on 4q"):
        cross_validate(config, ["4q"], tiny.root, tmp_path, start=start)


def test_merged_puts_a_bundles_results_in_a_row(tiny: TinyTraining, tmp_path: Path) -> None:
    bundle = bundles.load(tiny_bundle.make(tmp_path / "known"))
    parts = [evaluate_bundle(bundle, name, tiny.root) for name in ("4q", "emotify")]
    found = merged(parts)
    assert [e.dataset for e in found.evaluations] == ["4q", "emotify"]
    assert found.protocol == "the bundle's own weights"
    assert all(math.isfinite(f.value) for f in found.evaluations[0].figures)
