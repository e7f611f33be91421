from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from affetto import metrics, workers
from affetto.errors import BadConfig
from affetto.experiments import run
from affetto.experiments.examples import Examples
from affetto.experiments.jobs import Bench
from affetto.experiments.methods import find
from affetto.experiments.methods.base import Contender, Site
from affetto.experiments.methods.combinations import Ensemble, WithBestBaseline
from affetto.experiments.methods.copying import CopyLabel
from affetto.experiments.outcome import Experiment
from affetto.experiments.run import Plan, Protocol
from tests.experiments import tiny

METHODS = (
    tiny.PRIOR,
    tiny.KNN,
    tiny.NETWORK,
    Ensemble("ensemble", "of seeds", of="network"),
    WithBestBaseline("both", "with a baseline", of="network", baselines=("knn",)),
)


@pytest.fixture
def where(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny.site(tmp_path_factory)


@pytest.fixture
def planned(where: Site, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(run, "LEARNING_SHARES", (0.1, 0.8))  # a tenth of the songs is too few
    return tiny.performed(
        tiny.plan(where, METHODS, leaky=(CopyLabel(), tiny.KNN), learning=(tiny.KNN,), seeds=(0, 1))
    )


@pytest.fixture
def experiment(planned: Plan) -> Experiment:
    return run.run(planned, "affetto reproduce cal500exp")


def test_every_method_tests_every_example_once_a_run(experiment: Experiment) -> None:
    for outcome in experiment.outcomes:
        for held in outcome.runs:
            assert sorted(held.ids) == sorted(experiment.folds)
            assert {id: int(f) for id, f in zip(held.ids, held.folds, strict=True)} == dict(
                experiment.folds
            )


def test_random_methods_have_a_run_for_each_seed_and_others_one(experiment: Experiment) -> None:
    n_runs = {outcome.method: len(outcome.runs) for outcome in experiment.outcomes}
    assert n_runs == {"prior": 1, "knn": 1, "network": 2, "ensemble": 1, "both": 1}


def test_ensemble_is_the_mean_of_the_seeds(experiment: Experiment) -> None:
    by_name = {outcome.method: outcome.runs for outcome in experiment.outcomes}
    mean = np.mean([held.outputs for held in by_name["network"]], axis=0)
    assert np.allclose(by_name["ensemble"][0].outputs, mean)


def test_prior_scores_are_the_shares_in_the_training_side(experiment: Experiment) -> None:
    held = experiment.outcomes[0].runs[0]
    assert np.allclose(held.outputs, held.prior)


def test_leaky_methods_are_those_of_a_split_that_cuts_songs(experiment: Experiment) -> None:
    assert [outcome.method for outcome in experiment.leaky] == ["copy_label", "knn"]
    held = experiment.leaky[0].runs[0]
    songs = [id.split("/")[1] for id in held.ids]
    assert len({(song, int(f)) for song, f in zip(songs, held.folds, strict=True)}) > len(
        set(songs)
    )


def test_learning_has_fewer_songs_and_all_of_them(experiment: Experiment, planned: Plan) -> None:
    fewer, n_all = sorted(experiment.learning["knn"])
    assert fewer == 4
    whole = experiment.learning["knn"][n_all][0]
    assert (whole.outputs == experiment.outcomes[1].runs[0].outputs).all()
    assert (whole.outputs != experiment.learning["knn"][fewer][0].outputs).any()
    for cell, job in planned.jobs.items():
        if cell.n_songs:
            assert len({planned.examples.songs[row] for row in job.training}) == 4


def test_songs_task_has_no_split_by_segment(tmp_path_factory: pytest.TempPathFactory) -> None:
    planned = tiny.plan(tiny.site(tmp_path_factory, "cal500"), leaky=(CopyLabel(),))
    assert not planned.protocol.leaky
    assert all(cell.by == "song" for cell in planned.jobs)


def test_method_without_its_features_is_left_out_and_told(where: Site) -> None:
    planned = tiny.plan(where, (tiny.PRIOR, find("logistic_mulan")))
    assert [method.name for method in planned.protocol.methods] == ["prior"]
    assert any("logistic_mulan" in sentence for sentence in planned.left_out)


def test_combination_without_its_parts_is_left_out_and_told(where: Site) -> None:
    planned = tiny.performed(tiny.plan(where, (tiny.PRIOR, METHODS[3])))
    experiment = run.run(planned, "")
    assert [outcome.method for outcome in experiment.outcomes] == ["prior"]
    assert any("ensemble" in sentence for sentence in experiment.left_out)


def test_repetitions_have_folds_of_their_own(where: Site) -> None:
    planned = tiny.performed(tiny.plan(where, (tiny.PRIOR,), n_repeats=2))
    first, second = run.run(planned, "").outcomes[0].runs
    fold_of = dict(zip(first.ids, first.folds, strict=True))
    assert [fold_of[id] for id in second.ids] != list(second.folds)


# ------------------------------------------------------------------ the test side is not seen


@pytest.mark.parametrize("method", [tiny.KNN, tiny.NETWORK, tiny.PRIOR])
def test_scores_and_thresholds_do_not_change_with_the_labels_of_the_test_side(
    method: Contender, where: Site
) -> None:
    planned = tiny.plan(where, (method,))
    job = next(iter(planned.jobs.values()))
    examples = planned.examples
    swapped = examples.labels.copy()
    swapped[job.test] = 1 - swapped[job.test]

    def outcome(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bench = Bench(where, replace(examples, labels=labels))
        found = bench.perform(job)
        assert not set(found.held_out) & set(job.test)
        return found.scores, metrics.best_thresholds(labels[found.held_out], found.held_out_scores)

    (scores, thresholds), (other_scores, other_thresholds) = map(
        outcome, (examples.labels, swapped)
    )
    assert (scores == other_scores).all()
    assert (thresholds == other_thresholds).all()


def test_a_method_gets_no_labels_of_the_test_side(where: Site) -> None:
    seen: list[Examples] = []

    class Spy(type(tiny.PRIOR)):  # type: ignore[misc]
        __slots__ = ()

        def fit(self, training, seed, place):  # type: ignore[no-untyped-def]
            seen.append(training)
            fitted = super().fit(training, seed, place)

            def score(examples: Examples) -> np.ndarray:
                seen.append(examples)
                return np.asarray(fitted.score(examples))

            return replace(fitted, score=score)

    planned = tiny.plan(where, (tiny.PRIOR,))
    job = next(iter(planned.jobs.values()))
    spy = Spy(**{name: getattr(tiny.PRIOR, name) for name in tiny.PRIOR.__slots__})
    planned.bench.perform(replace(job, contender=spy))
    training, test = seen[0], seen[-1]
    assert not set(training.groups) & set(test.groups)
    assert np.isnan(test.labels).all()


# ------------------------------------------------------------------ resuming


def test_a_result_that_is_there_is_not_computed_again(
    planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a finished fold was repeated")

    monkeypatch.setattr(workers, "map_completed", refuse)
    assert run.run(planned, "").outcomes


def test_only_the_result_that_is_damaged_is_computed_again(where: Site) -> None:
    planned = tiny.performed(tiny.plan(where, (tiny.PRIOR, tiny.KNN)))
    before = run.run(planned, "")
    keys = [job.key for job in planned.jobs.values()]
    times = {key: planned.bench.store.path(key).stat().st_mtime_ns for key in keys}
    planned.bench.store.path(keys[-1]).write_bytes(b"damaged")
    told: list[str] = []
    after = run.run(planned, "", tell=lambda sentence, *_: told.append(sentence))
    assert told[0] == "3 of 4 results are there already"
    assert len(told) == 2
    for key in keys[:-1]:
        assert planned.bench.store.path(key).stat().st_mtime_ns == times[key]
    for ours, theirs in zip(before.outcomes, after.outcomes, strict=True):
        assert (ours.runs[0].outputs == theirs.runs[0].outputs).all()


def test_unfinished_work_is_removed_once_its_result_is_kept(planned: Plan) -> None:
    folder = planned.bench.site.work / "unfinished"
    assert not [path for path in folder.glob("*") if len(path.name) == 64]


def test_another_grid_is_another_result(where: Site) -> None:
    other = replace(tiny.KNN, grid=({"k": (3, 7)},))
    keys = [next(iter(tiny.plan(where, (m,)).jobs.values())).key for m in (tiny.KNN, other)]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"methods": ()}, "no method to run"),
        ({"methods": (METHODS[3],)}, "no method to run"),
        ({"seeds": ()}, "needs a seed"),
        ({"n_tested": 6}, "6 of 5 folds"),
    ],
)
def test_protocol_that_cannot_be_carried_out_is_a_sentence(
    changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadConfig, match=sentence):
        Protocol(**({"methods": (tiny.PRIOR,)} | changes))  # type: ignore[arg-type]
