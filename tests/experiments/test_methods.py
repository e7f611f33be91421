"""The methods: what they learn from, what they may not see, and how they are put together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from affetto.core import Example, Interval
from affetto.errors import BadConfig, UnknownName
from affetto.experiments.examples import Examples
from affetto.experiments.methods import DEFAULT, LEAKY, LEARNING, METHODS, QUICK, QUICK_LEAKY, find
from affetto.experiments.methods.base import (
    Contender,
    Fence,
    FoldResult,
    Site,
    ensemble_of,
    mean_of,
)
from affetto.experiments.methods.baseline import Baseline
from affetto.experiments.methods.combinations import Ensemble, WithBestBaseline
from affetto.experiments.methods.copying import CopyLabel, copied
from affetto.experiments.methods.network import Network, validation_rows
from tests.experiments import tiny


@pytest.fixture
def where(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny.site(tmp_path_factory)


@pytest.fixture
def everything(where: Site) -> Examples:
    return tiny.loaded(where).examples


@pytest.mark.parametrize("method", [tiny.PRIOR, tiny.KNN, CopyLabel(), tiny.NETWORK])
def test_method_scores_every_example_and_holds_training_rows_out(
    method: Contender, where: Site, everything: Examples
) -> None:
    training, test = tiny.sides(everything)
    fitted = method.fit(training, 0, tiny.place(where, everything, training))
    scores = fitted.score(test.unlabeled())
    assert scores.shape == test.labels.shape
    assert ((scores >= 0) & (scores <= 1)).all()
    assert fitted.held_out_scores.shape == (len(fitted.held_out), 18)
    assert set(fitted.held_out) <= set(range(len(training)))


@pytest.mark.parametrize("name", METHODS)
def test_method_of_the_table_says_what_it_is(name: str) -> None:
    method = find(name)
    assert method.name == name
    assert method.summary
    assert method.family in ("trivial", "baseline", "network", "both")
    assert not isinstance(method, Contender) or not method.variant_of or find(method.variant_of)


@pytest.mark.parametrize("name", [*DEFAULT, *LEAKY, *LEARNING, *QUICK, *QUICK_LEAKY])
def test_methods_that_protocols_name_are_in_the_table(name: str) -> None:
    assert name in METHODS


def test_a_method_that_is_not_there_is_a_sentence_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="no method named 'random_forrest'") as raised:
        find("random_forrest")
    assert "did you mean random_forest?" in raised.value.hint


def test_baseline_takes_the_first_feature_set_that_the_task_has(
    where: Site, everything: Examples
) -> None:
    training, _ = tiny.sides(everything)
    place = tiny.place(where, everything, training)
    method = replace(tiny.KNN, needs=("mulan", "scales", "segment"))
    assert method.fit(training, 0, place).settings["features"] == "scales"


def test_baseline_is_given_the_settings_that_do_best_on_inner_folds(
    where: Site, everything: Examples
) -> None:
    training, _ = tiny.sides(everything)
    telling = training.labels[:, :1] + np.float32(0.01) * training.labels[:, 1:2]
    training = replace(training, features={"segment": telling})
    # Fifty neighbors are all there are, so that they tell nothing.
    method = replace(tiny.KNN, grid=({"k": (50, 3)},))
    fitted = method.fit(training, 0, tiny.place(where, everything, training))
    assert fitted.settings["k"] == 3
    assert fitted.settings["inner_macro_auc"] > 0.5


def test_held_out_scores_of_a_baseline_do_not_hang_on_the_labels_of_the_song_itself(
    where: Site, everything: Examples
) -> None:
    training, _ = tiny.sides(everything)
    place = tiny.place(where, everything, training)
    method = Baseline("knn", "neighbors", "knn", ("segment",), grid=({"k": (3,)},))
    before = method.fit(training, 0, place).held_out_scores
    unit = training.units[0]
    rows = [row for row, name in enumerate(training.units) if name == unit]
    changed = training.labels.copy()
    changed[rows] = 1 - changed[rows]
    after = method.fit(replace(training, labels=changed), 0, place).held_out_scores
    assert (after[rows] == before[rows]).all()


def test_network_gives_the_same_scores_for_a_seed_and_others_for_another(
    where: Site, everything: Examples
) -> None:
    training, test = tiny.sides(everything)
    found = []
    for seed in (0, 0, 1):
        place = tiny.place(where, everything, training)
        found.append(tiny.NETWORK.fit(training, seed, place).score(test.unlabeled()))
    assert (found[0] == found[1]).all()
    assert (found[0] != found[2]).any()


def test_network_learns_the_labels_that_it_is_given(where: Site, everything: Examples) -> None:
    training, test = tiny.sides(everything)
    changed = replace(training, labels=1 - training.labels)
    before, after = (
        tiny.NETWORK.fit(given, 0, tiny.place(where, everything, given)).score(test)
        for given in (training, changed)
    )
    assert (before != after).any()


def test_network_of_another_data_set_is_refused(where: Site) -> None:
    network = Network("other", "of pictures", recipe="cal500_first3s")
    with pytest.raises(BadConfig, match="recipe cal500_first3s of method other does not train on"):
        network.definition(where)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [({"optimizer.epoch": "3"}, "has no key epoch"), ({"heads": "[]"}, "needs heads")],
)
def test_network_with_settings_that_are_not_there_is_refused(
    where: Site, overrides: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BadConfig, match=sentence):
        Network("wrong", "wrong", overrides=overrides).definition(where)


def test_further_data_help_a_network_without_the_songs_of_the_test(
    where: Site, everything: Examples
) -> None:
    further = tiny.OVERRIDES | {
        "data": '[{ name = "cal500exp" }, { name = "cal500exp_tags" }]',
        "heads": '[{ name = "emotions", kind = "tags", vocabulary = "cal500_emotions" }, '
        '{ name = "tags", kind = "tags", vocabulary = "cal500exp_tags" }]',
    }
    network = replace(tiny.NETWORK, overrides=further)
    training, test = tiny.sides(everything)
    fitted = network.fit(training, 0, tiny.place(where, everything, training))
    learned = len(training) - fitted.settings["n_validation"]
    assert fitted.settings["n_further"] == learned
    assert fitted.score(test).shape == test.labels.shape


# ------------------------------------------------------------------ the fence


def example(id: str, group: str, song: str, interval: Interval | None = None) -> Example:
    return Example(id, Path("none"), group, song, np.zeros(1, np.float32), interval=interval)


def test_fence_by_song_keeps_out_what_is_of_the_artist_or_the_song(everything: Examples) -> None:
    group, song = everything.groups[0], everything.songs[0]
    inside = np.flatnonzero(np.asarray(everything.groups) != group)
    fence = Fence.around(inside, everything, "song")
    assert not fence.lets_in(example("other/1", group, "another song"))
    assert not fence.lets_in(example("other/1", "somebody", song))
    assert fence.lets_in(example("other/1", "somebody", "another song"))


def test_fence_by_segment_keeps_out_the_segment_and_whole_songs(everything: Examples) -> None:
    split = everything.split_by("segment")
    fence = Fence.around(np.arange(1, len(split)), split, "segment")
    name, song, group = split.units[0], split.songs[0], split.groups[0]
    span = Interval(0.0, 1.0)
    assert not fence.lets_in(example(f"other/{name}", group, song, span))
    assert fence.lets_in(example(f"other/{split.units[1]}", group, song, span))
    assert not fence.lets_in(example(f"other/{song}", group, song))


# ------------------------------------------------------------------ copy the label


def test_copied_labels_are_those_of_the_nearest_segment_of_the_song(everything: Examples) -> None:
    first = [row for row, song in enumerate(everything.songs) if song == everything.songs[0]]
    assert len(first) == 3
    rest = everything.part(np.asarray(first[1:]))
    scores = copied(rest, everything.part(np.asarray(first[:1])))
    assert (scores[0] == everything.labels[first[1]]).all()


def test_copied_labels_of_an_unknown_song_are_the_shares(everything: Examples) -> None:
    rows = [row for row, song in enumerate(everything.songs) if song == everything.songs[0]]
    others = everything.part(np.setdiff1d(np.arange(len(everything)), rows))
    scores = copied(others, everything.part(np.asarray(rows)))
    assert np.allclose(scores, others.labels.mean(axis=0))


# ------------------------------------------------------------------ combinations

LABELS = np.asarray([[0], [1], [0], [1], [0], [1]], np.float32)


def result(scores: float, held_out: list[int], held_out_scores: list[float]) -> FoldResult:
    return FoldResult(
        scores=np.full((2, 1), scores, np.float32),
        held_out=np.asarray(held_out),
        held_out_scores=np.asarray(held_out_scores, np.float32)[:, None],
        settings={},
        seconds=1.0,
    )


GOOD = result(0.2, [0, 1, 2, 3], [0.1, 0.9, 0.2, 0.8])
BAD = result(0.8, [0, 1, 2, 3], [0.9, 0.1, 0.8, 0.2])
NET = result(0.6, [2, 3], [0.4, 0.6])


def test_mean_is_taken_on_the_held_out_rows_that_all_have() -> None:
    mean = mean_of([GOOD, NET])
    assert mean.held_out.tolist() == [2, 3]
    assert np.allclose(mean.held_out_scores[:, 0], [0.3, 0.7])
    assert np.allclose(mean.scores, 0.4)
    assert mean.seconds == 2.0


def test_held_out_rows_of_an_ensemble_are_those_of_any_seed() -> None:
    ensemble = ensemble_of([NET, result(0.2, [0, 3], [0.1, 0.8])])
    assert ensemble.held_out.tolist() == [0, 2, 3]
    assert np.allclose(ensemble.held_out_scores[:, 0], [0.1, 0.4, 0.7])
    assert np.allclose(ensemble.scores, 0.4)


def test_seeds_fit_their_thresholds_on_other_rows(everything: Examples) -> None:
    sides = [validation_rows(everything, 0.25, seed) for seed in range(4)]
    held_out = np.concatenate([held_out for _, held_out in sides])
    assert sorted(held_out) == list(range(len(everything)))
    for learned, rows in sides:
        songs = np.asarray(everything.songs)
        assert not set(songs[learned]) & set(songs[rows])


def test_ensemble_averages_the_seeds() -> None:
    ensemble = Ensemble("all", "all seeds", of="net")
    assert ensemble.parts(("knn", "net")) == ("net",)
    assert ensemble.parts(("knn",)) == ()
    found = ensemble.combine({"net": [NET, result(0.2, [2, 3], [0.0, 1.0])]}, LABELS)
    assert np.allclose(found.scores, 0.4)


def test_best_baseline_is_chosen_by_held_out_rows_alone() -> None:
    method = WithBestBaseline("both", "both", of="net", baselines=("bad", "good"))
    assert method.parts(("net", "good", "other")) == ("net", "good")
    found = method.combine({"net": [NET], "bad": [BAD], "good": [GOOD]}, LABELS)
    assert found.settings["baseline"] == "good"
    assert np.allclose(found.scores, 0.4)
