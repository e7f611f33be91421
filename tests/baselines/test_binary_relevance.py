"""Binary relevance, its members beside scikit-learn's own, and bases of other methods."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from affetto import metrics
from affetto.baselines import BASELINES, build
from affetto.baselines.base import Training
from affetto.baselines.binary_relevance import BinaryRelevance, base_method, solve
from affetto.errors import BadConfig, UnknownName

Array = npt.NDArray[Any]

LEARNERS = [name for name in BASELINES.names() if issubclass(BASELINES.load(name), BinaryRelevance)]
_TREES = {"n_trees": 20, "min_leaf": 3, "max_features": 1.0}
SMALL: dict[str, dict[str, Any]] = {
    "random_forest": _TREES,
    "extra_trees": _TREES,
    "boosting": {"n_rounds": 20},
}


def problem(n_examples: int = 120, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    features = rng.normal(3.0, 2.0, size=(n_examples, 4))
    noisy = features + rng.normal(size=features.shape)
    return features, (noisy[:, :2] > 3).astype(np.int64)


def training(features: Array, seed: int = 0) -> Training:
    n_examples = len(features)
    return Training(features, np.zeros((n_examples, 0), np.int64), np.arange(n_examples), seed)


def three_bands(n_examples: int = 150) -> tuple[Array, Array]:
    """Give one feature and three classes that lie one after the other."""
    features = np.random.default_rng(2).uniform(-3, 3, size=(n_examples, 1))
    return features, np.digitize(features[:, 0], [-1, 1])


def test_learners_are_the_six_kinds_of_classifier() -> None:
    assert len(LEARNERS) == 6


def test_logistic_agrees_with_a_pipeline_of_scikit_learn() -> None:
    features, labels = problem()
    new = problem(seed=1)[0]
    found = build("logistic", {"c": 0.5}).fit(features, labels, 0).score(new)
    for tag in range(2):
        pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
        expected = pipeline.fit(features, labels[:, tag]).predict_proba(new)[:, 1]
        np.testing.assert_allclose(found[:, tag], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "settings", "machine"),
    [
        (
            "rbf_svm",
            {"c": 2.0, "gamma": 0.5},
            SVC(C=2.0, gamma=0.5 / 4, class_weight="balanced"),
        ),
        (
            "linear_svm",
            {"c": 2.0},
            LinearSVC(C=2.0 / 4, class_weight="balanced", intercept_scaling=10.0),
        ),
    ],
)
def test_svm_orders_examples_as_scikit_learns_decisions_do(
    name: str, settings: dict[str, float], machine: Any
) -> None:
    features, labels = problem()
    new = problem(seed=1)[0]
    found = build(name, settings).fit(features, labels, 0).score(new)
    for tag in range(2):
        pipeline = make_pipeline(StandardScaler(), machine)
        expected = pipeline.fit(features, labels[:, tag]).decision_function(new)
        logits = np.log(found[:, tag].astype(np.float64) / (1 - found[:, tag]))
        assert np.corrcoef(logits, expected)[0, 1] > 0.9999


def test_svm_is_sure_of_itself_only_on_the_evidence_of_other_songs() -> None:
    """Songs that can be told apart, with labels drawn for each: nothing holds for a new song."""
    rng = np.random.default_rng(0)
    songs = np.repeat(np.arange(40), 5)
    places = rng.normal(size=(40, 6))
    features = places[songs] + 0.01 * rng.normal(size=(200, 6))
    labels = (rng.permutation(40) < 20)[songs][:, np.newaxis]
    by_song = build("rbf_svm", {}).fit(features, labels, 0, songs).score(features)
    by_segment = build("rbf_svm", {}).fit(features, labels, 0).score(features)
    assert by_segment.std() > 0.2
    assert by_song.std() < 0.1
    assert by_song.mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("name", ["random_forest", "extra_trees"])
def test_forest_of_one_tag_does_not_know_the_others(name: str) -> None:
    features, labels = problem()
    alone = build(name, {**SMALL[name], "shared": False})
    together = build(name, SMALL[name])
    first = alone.fit(features, labels, 0).score(features)[:, 0]
    labels[:, 1] = 1 - labels[:, 1] * (features[:, 2] > 3)
    np.testing.assert_array_equal(alone.fit(features, labels, 0).score(features)[:, 0], first)
    shared = together.fit(features, labels, 0).score(features)[:, 0]
    labels[:, 1] = features[:, 3] > 3
    assert (together.fit(features, labels, 0).score(features)[:, 0] != shared).any()


@pytest.mark.parametrize("name", LEARNERS)
def test_learner_gives_probabilities_of_several_classes(name: str) -> None:
    features, classes = three_bands()
    base = base_method(name, SMALL.get(name, {}))
    found = solve(base, training(features), features, classes, 3, 0)(features)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)
    one_hot = np.eye(3)[classes]
    auc = metrics.roc_auc(one_hot, found)
    # A line cannot part the middle band from the rest; the outer ones anything can.
    assert auc[[0, 2]].min() > 0.95


@pytest.mark.parametrize("name", LEARNERS)
def test_class_without_an_example_has_probability_0(name: str) -> None:
    features, classes = three_bands()
    base = base_method(name, SMALL.get(name, {}))
    found = solve(base, training(features), features, 2 * classes, 6, 0)(features)
    assert (found[:, [1, 3, 5]] == 0).all()
    dense = solve(base, training(features), features, classes, 3, 0)(features)
    np.testing.assert_array_equal(found[:, [0, 2, 4]], dense)


def test_class_that_stands_alone_has_probability_1() -> None:
    features = np.zeros((4, 2))
    classes = np.full(4, 2)
    found = solve(base_method("logistic", {}), training(features), features, classes, 3, 0)
    np.testing.assert_array_equal(found(np.ones((2, 2))), [[0, 0, 1], [0, 0, 1]])


def test_problem_without_an_example_leaves_all_classes_alike() -> None:
    features = np.zeros((4, 2))
    classes, no_rows = np.zeros(4, np.int64), np.zeros(0, np.int64)
    found = solve(
        base_method("logistic", {}), training(features), features, classes, 4, 0, rows=no_rows
    )
    np.testing.assert_array_equal(found(np.ones((1, 2))), [[0.25, 0.25, 0.25, 0.25]])


def test_problem_on_some_rows_does_not_know_the_others() -> None:
    features, classes = three_bands()
    rows = np.flatnonzero(classes < 2)
    base = base_method("logistic", {})
    found = solve(base, training(features), features, classes, 2, 0, rows=rows)
    alone = solve(base, training(features[rows]), features[rows], classes[rows], 2, 0)
    np.testing.assert_array_equal(found(features), alone(features))


@pytest.mark.parametrize("name", ["chains", "label_powerset", "rakel", "calibrated_label_ranking"])
def test_base_is_refused_before_anything_is_fitted(name: str) -> None:
    with pytest.raises(UnknownName, match="no baseline named 'logistik'; did you mean logistic"):
        build(name, {"base": "logistik"})
    with pytest.raises(BadConfig, match="knn cannot be the base of another"):
        build(name, {"base": "knn"})
    with pytest.raises(BadConfig, match="Logistic has no setting gamma"):
        build(name, {"base": "logistic", "base_settings": {"gamma": 1}})
    with pytest.raises(BadConfig, match="c must be above 0"):
        build(name, {"base_settings": {"c": 0}})


@pytest.mark.parametrize("name", ["chains", "label_powerset", "rakel", "calibrated_label_ranking"])
@pytest.mark.parametrize("base", LEARNERS)
def test_every_learner_serves_every_method_that_needs_a_base(name: str, base: str) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 3))
    labels = np.stack([features[:, 0] > 0, features[:, 1] > 0, features[:, 0] > 0.5], axis=1)
    few = {"n_chains": 2} if name == "chains" else {}
    method = build(name, {"base": base, "base_settings": SMALL.get(base, {}), **few})
    scores = method.fit(features, labels, 0).score(features)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert metrics.roc_auc(labels, scores).min() > 0.75


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("knn", {"k": 0}, "k must be a whole number of at least 1, not 0"),
        ("mlknn", {"k": 2.5}, "k must be a whole number"),
        ("mlknn", {"smoothing": 0.0}, "smoothing must be above 0"),
        ("logistic", {"c": -1.0}, "c must be above 0, not -1.0"),
        ("logistic", {"c": True}, "c must be above 0, not True"),
        ("rbf_svm", {"gamma": float("inf")}, "gamma must be above 0"),
        ("linear_svm", {"c": "1"}, "c must be above 0"),
        ("random_forest", {"max_features": 1.5}, "max_features must be a share"),
        ("extra_trees", {"n_trees": 0}, "n_trees must be a whole number"),
        ("boosting", {"max_leaves": 1}, "max_leaves must be at least 2"),
        ("chains", {"n_chains": 0}, "n_chains must be a whole number"),
        ("label_powerset", {"min_count": 0}, "min_count must be a whole number"),
        ("rakel", {"k": 0}, "k must be a whole number"),
        ("rakel", {"m": 0}, "m must be a whole number"),
    ],
)
def test_settings_out_of_range_are_refused(
    name: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadConfig, match=message):
        build(name, settings)
