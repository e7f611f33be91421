"""What holds for every baseline: shapes, range, seeds, order, constant tags, and that it learns."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from affetto import metrics
from affetto.baselines import BASELINES, Fitted, Method, build
from affetto.baselines.tuning import combinations
from affetto.errors import BadConfig, MissingExtra

NAMES = BASELINES.names()
DEAF = ("prior", "all_ones")
"""These look at no feature."""
IN_NUMPY = (*DEAF, "knn", "mlknn")

# Fewer parts than by default, so that the tests stay fast.
SMALL: Mapping[str, Mapping[str, Any]] = {
    "random_forest": {"n_trees": 30},
    "extra_trees": {"n_trees": 30},
    "boosting": {"n_rounds": 20},
    "chains": {"n_chains": 3},
    "knn": {"k": 10},
    "mlknn": {"k": 10},
}

Array = npt.NDArray[Any]


def method_of(name: str) -> Method:
    return build(name, SMALL.get(name, {}))


def problem(n_examples: int = 160, seed: int = 0) -> tuple[Array, Array]:
    """Give 5 features, of which two matter, and 3 tags: two halves of the plane and a corner."""
    features = np.random.default_rng(seed).normal(size=(n_examples, 5)).astype(np.float32)
    first, second = features[:, 0] > 0, features[:, 1] > 0.3
    return features, np.stack([first, second, first & second], axis=1).astype(np.float32)


def fitted(name: str, seed: int = 1) -> Fitted:
    return method_of(name).fit(*problem(), seed)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_examples", [0, 1, 50])
def test_scores_are_one_row_an_example_between_0_and_1(name: str, n_examples: int) -> None:
    scores = fitted(name).score(problem(n_examples, seed=5)[0])
    assert scores.shape == (n_examples, 3)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_baseline_learns_a_simple_problem_unless_it_is_deaf(name: str) -> None:
    features, labels = problem(300, seed=7)
    auc = metrics.roc_auc(labels, fitted(name).score(features))
    if name in DEAF:
        assert auc.tolist() == [0.5, 0.5, 0.5]
    else:
        assert auc.min() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_gives_the_same_scores(name: str) -> None:
    new = problem(seed=5)[0]
    np.testing.assert_array_equal(fitted(name).score(new), fitted(name).score(new))


@pytest.mark.parametrize("name", NAMES)
def test_order_of_the_training_examples_changes_nothing(name: str) -> None:
    features, labels = problem()
    new = problem(seed=5)[0]
    songs = np.array([f"song-{number % 31}" for number in range(len(features))])
    order = np.random.default_rng(3).permutation(len(features))
    ours = method_of(name).fit(features, labels, 1, songs)
    other = method_of(name).fit(features[order], labels[order], 1, songs[order])
    np.testing.assert_array_equal(ours.score(new), other.score(new))


@pytest.mark.parametrize("name", NAMES)
def test_example_is_scored_alone_as_in_company(name: str) -> None:
    new = problem(20, seed=5)[0]
    learned = fitted(name)
    alone = np.concatenate([learned.score(new[place : place + 1]) for place in range(20)])
    np.testing.assert_allclose(alone, learned.score(new), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_unit_of_a_feature_does_not_matter(name: str) -> None:
    features, labels = problem()
    new = problem(seed=5)[0]
    units = np.array([4.0, 0.25, 1.0, 1024.0, 2.0], dtype=np.float32)  # exact in binary
    other = method_of(name).fit(features * units, labels, 1)
    np.testing.assert_array_equal(other.score(new * units), fitted(name).score(new))


@pytest.mark.parametrize("name", NAMES)
def test_tag_with_one_class_gets_it_and_changes_no_other_tag(name: str) -> None:
    features, labels = problem()
    new = problem(seed=5)[0]
    never, always = np.zeros((len(labels), 1)), np.ones((len(labels), 1))
    scores = method_of(name).fit(features, np.hstack([never, labels, always]), 1).score(new)
    assert (scores[:, 0] == (1 if name == "all_ones" else 0)).all()
    assert (scores[:, -1] == 1).all()
    np.testing.assert_array_equal(scores[:, 1:-1], fitted(name).score(new))


@pytest.mark.parametrize("name", NAMES)
def test_training_without_any_varying_tag_gives_constants(name: str) -> None:
    features = problem(4)[0]
    scores = method_of(name).fit(features, np.ones((4, 2)), 0).score(features)
    assert (scores == 1).all()


@pytest.mark.parametrize("name", NAMES)
def test_two_examples_and_one_tag_are_enough(name: str) -> None:
    features = np.array([[0.0, 1.0], [2.0, 1.0]])
    scores = method_of(name).fit(features, [[0], [1]], 0).score(features)
    assert scores.shape == (2, 1)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", NAMES)
def test_constant_and_repeated_features_do_no_harm(name: str) -> None:
    features, labels = problem()
    constant = np.full((len(features), 1), 0.1, dtype=np.float32)
    wide = np.hstack([features, constant, features[:, :1]])
    scores = method_of(name).fit(wide, labels, 1).score(wide)
    assert np.isfinite(scores).all()
    if name not in DEAF:
        assert metrics.roc_auc(labels, scores).min() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_labels_may_be_of_any_numeric_type(name: str) -> None:
    features, labels = problem()
    expected = fitted(name).score(features)
    for kind in (np.bool_, np.int8, np.float64):
        found = method_of(name).fit(features, labels.astype(kind), 1).score(features)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_fit_and_score_leave_their_input_as_it_is(name: str) -> None:
    features, labels = problem()
    for array in (features, labels):
        array.flags.writeable = False
    kept = features.copy(), labels.copy()
    method_of(name).fit(features, labels, 1).score(features)
    np.testing.assert_array_equal(features, kept[0])
    np.testing.assert_array_equal(labels, kept[1])


@pytest.mark.parametrize("name", NAMES)
def test_examples_that_cannot_be_learned_from_are_refused(name: str) -> None:
    features, labels = problem(10)
    method = method_of(name)
    holed = features.copy()
    holed[3, 2] = np.nan
    unknown = labels.copy()
    unknown[3, 2] = np.nan
    for wrong, truth, seed, groups, message in [
        (features[:, 0], labels, 0, None, "features must be"),
        (features, labels[:, 0], 0, None, "labels must be"),
        (features[:9], labels, 0, None, "9 features but 10 labels"),
        (features[:0], labels[:0], 0, None, "no example"),
        (holed, labels, 0, None, "not finite"),
        (features, unknown, 0, None, "labels must be 0 or 1"),
        (features, labels * 0.5, 0, None, "labels must be 0 or 1"),
        (features, labels, -1, None, "seed must not be negative"),
        (features, labels, 0, ["a"] * 9, "groups must be"),
    ]:
        with pytest.raises(BadConfig, match=message):
            method.fit(wrong, truth, seed, groups)


@pytest.mark.parametrize("name", NAMES)
def test_features_that_were_not_fitted_are_refused(name: str) -> None:
    learned = fitted(name)
    with pytest.raises(BadConfig, match="fitted on 5 features, not on 4"):
        learned.score(np.zeros((2, 4)))
    with pytest.raises(BadConfig, match="not finite"):
        learned.score(np.full((2, 5), np.inf))


@pytest.mark.parametrize("name", NAMES)
def test_settings_have_a_plain_form_that_builds_the_method_again(name: str) -> None:
    for settings in ({}, *combinations(BASELINES.load(name).GRID)):
        method = build(name, settings)
        assert build(name, json.loads(json.dumps(asdict(method)))) == method  # type: ignore[call-overload]


@pytest.mark.parametrize("name", NAMES)
def test_setting_that_a_baseline_has_not_is_refused(name: str) -> None:
    with pytest.raises(BadConfig, match="has no setting n_oscillators"):
        build(name, {"n_oscillators": 3})


@pytest.mark.parametrize("name", NAMES)
def test_scikit_learn_is_asked_for_only_where_it_is_needed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    method = method_of(name)
    if name in IN_NUMPY:
        method.fit(*problem(20), 0)
        return
    with pytest.raises(MissingExtra, match=r"run: pip install 'affetto\[train\]'"):
        method.fit(*problem(20), 0)
