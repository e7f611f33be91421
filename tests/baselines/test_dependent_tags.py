"""Chains, powersets, RAkEL and calibrated ranking: tags that depend on each other."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, comb
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto import metrics
from affetto.baselines import build
from affetto.baselines.powerset import prune
from affetto.baselines.rakel import Rakel, average_votes
from affetto.baselines.ranking import calibrated

Array = npt.NDArray[Any]

LINEAR = {"base": "logistic", "base_settings": {"c": 10.0}}


def corners(n_examples: int, seed: int) -> tuple[Array, Array]:
    """Give the corners of a square with a little noise, and the tags OR, AND and XOR of them.

    No line parts XOR; but XOR is OR without AND, and each corner has its set of tags.
    """
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, size=(n_examples, 2))
    one, other = bits.T == 1
    labels = np.stack([one | other, one & other, one ^ other], axis=1)
    return bits + rng.normal(0, 0.1, size=bits.shape), labels


def xor_auc(name: str, settings: dict[str, Any]) -> float:
    features, labels = corners(200, seed=1)
    new, wanted = corners(200, seed=2)
    scores = build(name, settings).fit(features, labels, 0).score(new)
    return float(metrics.roc_auc(wanted, scores)[2])


def test_binary_relevance_with_a_linear_learner_cannot_hear_xor() -> None:
    assert xor_auc("logistic", {"c": 10.0}) < 0.7


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("chains", {"n_chains": 10}),
        ("label_powerset", {}),
        ("rakel", {"k": 3, "disjoint": True}),
        ("rakel", {"k": 2, "disjoint": False}),
    ],
)
def test_method_that_knows_other_tags_hears_xor_with_the_same_learner(
    name: str, settings: dict[str, Any]
) -> None:
    assert xor_auc(name, {**LINEAR, **settings}) > 0.9


# ---------------------------------------------------------------- powerset


def test_powerset_adds_up_the_sets_that_hold_a_tag() -> None:
    """Four kinds of example at one place each: the marginals are the mixture of their sets."""
    labels = np.array([[1, 0], [1, 1], [0, 1], [1, 1]] * 25)
    features = np.zeros((100, 1))
    scores = build("label_powerset", {}).fit(features, labels, 0).score(features[:1])
    np.testing.assert_allclose(scores, [[0.75, 0.75]], atol=1e-3)


def test_pruning_sends_rare_sets_to_the_class_with_the_fewest_changes() -> None:
    frequent, other, rare, tied = [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 0], [1, 0, 1, 0]
    labels = np.array([frequent] * 4 + [other] * 3 + [rare] + [tied])
    sets, classes = prune(labels, 3)
    assert sets.tolist() == [frequent, other]
    # `tied` is two changes away from both, so the more frequent one takes it.
    assert classes.tolist() == [0, 0, 0, 0, 1, 1, 1, 0, 0]


def test_pruning_keeps_the_most_frequent_sets_where_all_are_rare() -> None:
    sets, classes = prune(np.array([[1, 0], [0, 1], [0, 1]]), 10)
    assert sets.tolist() == [[0, 1]]
    assert classes.tolist() == [0, 0, 0]


def test_pruning_of_nothing_gives_each_set_its_class() -> None:
    labels = np.random.default_rng(0).integers(0, 2, size=(40, 3))
    sets, classes = prune(labels, 1)
    np.testing.assert_array_equal(sets[classes], labels)


# ---------------------------------------------------------------- RAkEL

VOTES = [
    ((0, 1, 5), (1, 0, 1)),
    ((1, 2, 3), (1, 1, 0)),
    ((2, 4, 5), (0, 0, 1)),
    ((1, 3, 4), (0, 0, 0)),
    ((0, 3, 4), (1, 0, 1)),
    ((0, 1, 2), (1, 0, 1)),
    ((0, 3, 5), (0, 1, 0)),
]
"""Seven sets of 3 out of 6 tags and what they vote for one example."""


def test_votes_are_averaged_over_the_sets_that_hold_a_tag() -> None:
    labelsets = [labelset for labelset, _ in VOTES]
    votes = [np.array([vote], dtype=np.float64) for _, vote in VOTES]
    found = average_votes(votes, labelsets, np.zeros(6))
    np.testing.assert_allclose(found, [[3 / 4, 1 / 4, 2 / 3, 1 / 4, 1 / 3, 2 / 3]])
    assert (found >= 0.5).astype(int).tolist() == [[1, 0, 1, 0, 0, 1]]


def test_tag_without_a_vote_gets_its_rate() -> None:
    found = average_votes([np.array([[0.9]])], [(1,)], np.array([0.2, 0.4, 0.6]))
    np.testing.assert_allclose(found, [[0.2, 0.9, 0.6]])


@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 1000))
def test_disjoint_labelsets_deal_out_every_tag_once(n_tags: int, k: int, seed: int) -> None:
    labelsets = Rakel(k=k, disjoint=True).labelsets(n_tags, seed)
    assert sorted(tag for labelset in labelsets for tag in labelset) == list(range(n_tags))
    assert len(labelsets) == ceil(n_tags / min(k, n_tags))
    assert all(len(labelset) == min(k, n_tags) for labelset in labelsets[:-1])


@given(st.integers(1, 9), st.integers(1, 6), st.integers(1, 40), st.integers(0, 1000))
def test_overlapping_labelsets_differ_and_are_as_many_as_there_can_be(
    n_tags: int, k: int, m: int, seed: int
) -> None:
    labelsets = Rakel(k=k, m=m, disjoint=False).labelsets(n_tags, seed)
    size = min(k, n_tags)
    assert len(set(labelsets)) == len(labelsets) == min(m, comb(n_tags, size))
    for labelset in labelsets:
        assert len(labelset) == size
        assert all(one < other for one, other in pairwise(labelset))
        assert labelset[0] >= 0
        assert labelset[-1] < n_tags


def test_labelsets_are_disjoint_threes_or_twice_the_tags_unless_told_otherwise() -> None:
    assert len(Rakel(disjoint=False).labelsets(18, 0)) == 36
    assert len(Rakel().labelsets(18, 0)) == 6
    assert Rakel().labelsets(18, 0) != Rakel().labelsets(18, 1)


def test_rakel_of_single_tags_is_binary_relevance() -> None:
    features, labels = corners(100, seed=1)
    ours = build("rakel", {**LINEAR, "k": 1, "disjoint": True}).fit(features, labels, 0)
    single = build("logistic", {"c": 10.0}).fit(features, labels, 0)
    np.testing.assert_allclose(ours.score(features), single.score(features), atol=1e-6)


def test_rakel_of_all_tags_is_a_powerset() -> None:
    features, labels = corners(100, seed=1)
    ours = build("rakel", {**LINEAR, "k": 9, "disjoint": True}).fit(features, labels, 0)
    powerset = build("label_powerset", {**LINEAR, "min_count": 1}).fit(features, labels, 0)
    np.testing.assert_allclose(ours.score(features), powerset.score(features), atol=1e-4)


# ---------------------------------------------------------------- chains


def test_chain_of_one_tag_is_binary_relevance() -> None:
    features, labels = corners(100, seed=1)
    ours = build("chains", {**LINEAR, "n_chains": 2}).fit(features, labels[:, :1], 0)
    single = build("logistic", {"c": 10.0}).fit(features, labels[:, :1], 0)
    np.testing.assert_allclose(ours.score(features), single.score(features), atol=1e-6)


def test_first_tag_of_a_chain_is_binary_relevance_and_the_next_follow_it() -> None:
    """Of two tags that are always alike one is learned, the other one copied from it."""
    features, labels = corners(100, seed=1)
    alike = np.repeat(labels[:, :1], 2, axis=1)
    scores = build("chains", {**LINEAR, "n_chains": 1}).fit(features, alike, 0).score(features)
    single = build("logistic", {"c": 10.0}).fit(features, labels[:, :1], 0).score(features)
    is_first = [np.allclose(scores[:, tag], single[:, 0], atol=1e-6) for tag in (0, 1)]
    assert sum(is_first) == 1
    assert np.corrcoef(scores.T)[0, 1] > 0.99


# ---------------------------------------------------------------- calibrated label ranking


def test_ranking_of_two_tags_by_hand() -> None:
    """P(1 > 2) = 0.75, P(1 > 0) = 0.9, P(2 > 0) = 0.4: the votes are 1.65, 0.65 and 0.7."""
    preferences = np.array([[[0.0, 0.75], [0.25, 0.0]]])
    scores = calibrated(preferences, np.array([[0.9, 0.4]]))
    np.testing.assert_allclose(scores, [[(0.95 + 2) / 4, (-0.05 + 2) / 4]])


def test_ranking_of_hard_votes_by_hand() -> None:
    """1 beats 2, both beat 3; the virtual tag beats 3 alone: votes 3, 2, 0 and 1."""
    preferences = np.array([[[0, 1, 1], [0, 0, 1], [0, 0, 0]]], dtype=np.float64)
    scores = calibrated(preferences, np.array([[1.0, 1.0, 0.0]]))
    np.testing.assert_allclose(scores, [[5 / 6, 4 / 6, 2 / 6]])


@given(st.integers(1, 6), st.integers(0, 1000))
def test_ranking_scores_stay_in_range_and_follow_the_votes(n_tags: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((3, n_tags, n_tags)), 1)
    preferences = upper + np.tril(1 - upper.transpose(0, 2, 1), -1)
    relevance = rng.random((3, n_tags))
    scores = calibrated(preferences, relevance)
    assert ((scores >= 0) & (scores <= 1)).all()
    votes = preferences.sum(axis=2) + relevance
    virtual = (1 - relevance).sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(scores > 0.5, votes > virtual)
    np.testing.assert_array_equal(np.argsort(scores, axis=1), np.argsort(votes, axis=1))


def test_ranking_cuts_at_the_virtual_tag() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 3))
    labels = features > [0.0, 0.3, -0.3]
    scores = build("calibrated_label_ranking", LINEAR).fit(features, labels, 0).score(features)
    assert ((scores > 0.5) == labels).mean() > 0.93


def test_ranking_of_tags_that_never_differ_shares_the_vote() -> None:
    features, labels = corners(100, seed=1)
    alike = np.repeat(labels[:, :1], 2, axis=1)
    scores = build("calibrated_label_ranking", LINEAR).fit(features, alike, 0).score(features)
    np.testing.assert_allclose(scores[:, 0], scores[:, 1], atol=1e-6)
