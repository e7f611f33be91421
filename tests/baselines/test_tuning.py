"""Tuning: what it picks, how it scores, and that a song never stands on two sides."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto import metrics
from affetto.baselines import BASELINES, Fitted, Method, build, tune
from affetto.baselines.base import Groups, Scorer, Training
from affetto.baselines.knn import Knn
from affetto.baselines.svm import RbfSvm
from affetto.baselines.trivial import Prior
from affetto.baselines.tuning import combinations, inner_folds
from affetto.core import FloatArray
from affetto.errors import BadConfig

Array = npt.NDArray[Any]


def songs_and_segments(n_songs: int = 30, n_segments: int = 5) -> tuple[Array, Array, Array]:
    """Give segments that tell their song and nothing else, and labels drawn for each song."""
    rng = np.random.default_rng(0)
    songs = np.repeat(np.arange(n_songs), n_segments)
    features = rng.normal(size=(n_songs, 4))[songs] + 0.01 * rng.normal(size=(len(songs), 4))
    labels = rng.integers(0, 2, size=(n_songs, 3))[songs]
    return features, labels, np.array([f"song-{song}" for song in songs])


def half_planes(n_examples: int = 120) -> tuple[Array, Array, Array]:
    features = np.random.default_rng(1).normal(size=(n_examples, 3))
    return features, (features[:, :2] > 0).astype(int), np.arange(n_examples) // 4


# ---------------------------------------------------------------- a song stays together


@dataclass(frozen=True, slots=True)
class SeenBy:
    """What one fit has learned from and was asked to score, by the first feature."""

    learned: list[float]
    groups: list[str]
    scored: list[float]


SEEN: list[SeenBy] = []


@dataclass(frozen=True, slots=True)
class SpyFitted(Fitted):
    seen: SeenBy = field(kw_only=True)

    def score(self, features: npt.ArrayLike) -> FloatArray:
        self.seen.scored.extend(np.asarray(features)[:, 0].tolist())
        return Fitted.score(self, features)


@dataclass(frozen=True, slots=True)
class Spy(Method):
    """A prior that writes down what it is shown; the first feature is the example's number."""

    setting: int = 0

    def fit(
        self,
        features: npt.ArrayLike,
        labels: npt.ArrayLike,
        seed: int,
        groups: Groups | None = None,
    ) -> Fitted:
        assert groups is not None
        seen = SeenBy(np.asarray(features)[:, 0].tolist(), list(map(str, groups)), [])
        SEEN.append(seen)
        fitted = Prior().fit(features, labels, seed, groups)
        values = {each.name: getattr(fitted, each.name) for each in fields(fitted)}
        return SpyFitted(**values, seen=seen)

    def learn(self, training: Training) -> Scorer:
        return Prior().learn(training)


@given(
    sizes=st.lists(st.integers(1, 7), min_size=4, max_size=12),
    n_folds=st.integers(2, 4),
    seed=st.integers(0, 1000),
)
def test_tuning_never_sees_a_group_on_two_sides(sizes: list[int], n_folds: int, seed: int) -> None:
    SEEN.clear()
    rng = np.random.default_rng(seed)
    songs = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    numbers = np.arange(len(songs))
    labels = np.stack([numbers % 2, 1 - numbers % 2], axis=1)
    try:
        tune(
            Spy,
            [{"setting": (1, 2)}],
            numbers[:, np.newaxis],
            labels,
            [f"song-{song}" for song in songs],
            seed,
            n_folds=n_folds,
        )
    except BadConfig as error:  # so few examples that no fold has both classes
        assert "both classes" in error.message
    assert len(SEEN) in (n_folds, 2 * n_folds)
    for seen in SEEN:
        learned, scored = np.array(seen.learned, int), np.array(seen.scored, int)
        assert seen.groups == [f"song-{songs[number]}" for number in learned]
        assert set(songs[learned]).isdisjoint(songs[scored])
        assert sorted([*learned, *scored]) == numbers.tolist()
    held_out = [number for seen in SEEN[:n_folds] for number in seen.scored]
    assert sorted(held_out) == numbers.tolist()


def test_memory_of_songs_is_worth_nothing_by_song_and_all_by_segment() -> None:
    features, labels, songs = songs_and_segments()
    by_song = tune(Knn, [{"k": (1,)}], features, labels, songs, 0).table[0].score
    segments = np.arange(len(features))
    by_segment = tune(Knn, [{"k": (1,)}], features, labels, segments, 0).table[0].score
    assert by_segment > 0.95
    assert by_song < 0.7


@given(st.lists(st.integers(0, 9), min_size=12, max_size=40), st.integers(0, 100))
def test_folds_hang_on_groups_and_seed_not_on_the_order(groups: list[int], seed: int) -> None:
    names = np.array([*groups, 10, 11, 12])
    order = np.random.default_rng(seed).permutation(len(names))
    plain = [set(names[out]) for _, out in inner_folds(names, 3, seed)]
    shuffled = [set(names[order][out]) for _, out in inner_folds(names[order], 3, seed)]
    assert plain == shuffled
    sizes = [sum(name in fold for name in names) for fold in plain]
    largest = int(np.bincount(names).max())
    assert max(sizes) - min(sizes) <= largest


def test_folds_are_drawn_by_the_seed() -> None:
    groups = np.arange(40)
    folds = {seed: [out.tolist() for _, out in inner_folds(groups, 4, seed)] for seed in range(5)}
    assert len({str(value) for value in folds.values()}) == 5


# ---------------------------------------------------------------- what is picked


def test_tuning_picks_the_setting_with_the_best_score() -> None:
    features, labels, songs = half_planes()
    # A kernel this narrow makes every example a stranger to every other.
    tuning = tune(RbfSvm, [{"gamma": (1e4, 0.3)}], features, labels, songs, 0)
    assert tuning.best == RbfSvm(gamma=0.3)
    assert [trial.settings for trial in tuning.table] == [{"gamma": 1e4}, {"gamma": 0.3}]
    useless, good = tuning.table
    assert useless.score == pytest.approx(0.5, abs=0.1)
    assert good.score > 0.9
    assert len(good.fold_scores) == 3


def test_of_settings_that_score_alike_the_earlier_is_kept() -> None:
    features, labels, songs = half_planes()
    tuning = tune(Knn, [{"k": (5000, 2000)}], features, labels, songs, 0)
    assert tuning.best == Knn(k=5000)


def test_score_is_the_measure_averaged_over_folds_then_over_tags() -> None:
    features, labels, songs = half_planes()
    for measure, function in (
        ("roc_auc", metrics.roc_auc),
        ("average_precision", metrics.average_precision),
    ):
        (trial,) = tune(
            Knn, [{"k": (9,)}], features, labels, songs, 3, measure=measure, n_folds=4
        ).table
        by_tag = [
            function(
                labels[out], Knn(k=9).fit(features[rest], labels[rest], 3).score(features[out])
            )
            for rest, out in inner_folds(songs, 4, 3)
        ]
        assert trial.score == pytest.approx(np.mean(by_tag))
        assert trial.fold_scores == pytest.approx(np.mean(by_tag, axis=1))


def test_tag_that_a_fold_has_only_one_class_of_counts_where_it_has_both() -> None:
    features, labels, songs = half_planes()
    rare = np.zeros((len(labels), 1), int)
    rare[songs == 0] = [[1], [1], [0], [0]]  # all in one fold
    rare[songs == 1] = [[1], [1], [0], [0]]
    (trial,) = tune(Prior, [{}], features, np.hstack([labels, rare]), songs, 0).table
    assert trial.score == 0.5
    assert trial.fold_scores == (0.5, 0.5, 0.5)


def test_best_method_can_be_fitted_and_scores_new_examples() -> None:
    features, labels, songs = half_planes()
    best = tune(Knn, Knn.GRID, features, labels, songs, 0).best
    new, wanted, _ = half_planes(50)
    assert metrics.roc_auc(wanted, best.fit(features, labels, 0).score(new)).min() > 0.9


def test_same_seed_gives_the_same_table() -> None:
    features, labels, songs = half_planes()
    grid = [{"n_trees": (5,), "min_leaf": (1, 5)}]
    forest = BASELINES.load("random_forest")
    ours, same = (tune(forest, grid, features, labels, songs, 4) for _ in range(2))
    assert ours == same


def test_combinations_are_the_products_of_each_mapping() -> None:
    grid: list[dict[str, tuple[Any, ...]]] = [{"a": (1, 2), "b": ("x",)}, {"c": (3,)}, {}]
    assert list(combinations(grid)) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}, {"c": 3}, {}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grid": []}, "nothing to try"),
        ({"grid": [{"neighbours": (1,)}]}, "Knn has no setting neighbours"),
        ({"measure": "f1"}, "measure must be one of roc_auc, average_precision, not 'f1'"),
        ({"n_folds": 1}, "1 folds cannot be made of 30 groups"),
        ({"n_folds": 31}, "31 folds cannot be made of 30 groups"),
        ({"labels": np.zeros((120, 2))}, "no tag has both classes in an inner fold"),
        ({"groups": np.zeros(7)}, "must be as many, not 120, 120 and 7"),
        ({"labels": np.zeros((7, 2))}, "must be as many, not 120, 7 and 120"),
    ],
)
def test_tuning_that_cannot_be_done_is_refused(change: dict[str, Any], message: str) -> None:
    features, labels, songs = half_planes()
    arguments = {"grid": Knn.GRID, "features": features, "labels": labels, "groups": songs}
    with pytest.raises(BadConfig, match=message):
        tune(Knn, **{**arguments, "seed": 0, **change})


@pytest.mark.parametrize("name", BASELINES.names())
def test_default_settings_are_among_those_of_the_grid(name: str) -> None:
    """Those of a base are written out in the grid and left to the base by default."""

    def plain(method: Method) -> dict[str, Any]:
        settings: dict[str, Any] = asdict(method)  # type: ignore[call-overload]
        if "base" in settings:
            base = build(settings["base"], settings["base_settings"])
            settings["base_settings"] = asdict(base)  # type: ignore[call-overload]
        return settings

    grid = combinations(BASELINES.load(name).GRID)
    assert plain(build(name, {})) in [plain(build(name, settings)) for settings in grid]
