"""k nearest neighbors and ML-kNN, worked out by hand on six examples of one feature."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.baselines import build
from affetto.baselines.knn import nearest, squared_distances

PLACES = np.array([[0.0], [1.0], [3.0], [10.0], [11.5], [14.0]])
TAG = np.array([[1], [1], [0], [0], [0], [1]])
RARE = np.array([[1], [0], [0], [0], [0], [0]])


def scores(
    name: str, settings: dict[str, float], labels: npt.ArrayLike, new: list[float]
) -> list[float]:
    fitted = build(name, settings).fit(PLACES, labels, 0)
    found: list[float] = fitted.score(np.array(new)[:, np.newaxis])[:, 0].tolist()
    return found


def test_knn_gives_the_share_of_neighbors_that_have_the_tag() -> None:
    assert scores("knn", {"k": 2}, TAG, [0.4, 2.1, 12.9]) == pytest.approx([1, 0.5, 0.5])
    assert scores("knn", {"k": 3}, TAG, [0.4, 12.9]) == pytest.approx([2 / 3, 1 / 3])


def test_knn_with_fewer_examples_than_neighbors_takes_all() -> None:
    assert scores("knn", {"k": 50}, TAG, [0.4, 100]) == pytest.approx([0.5, 0.5])


def test_mlknn_of_one_neighbor_is_bayes_rule_on_counts() -> None:
    """The nearest other: of 0 is 1, of 1 is 0, of 3 is 1, of 10 is 11.5, of 11.5 is 10, of 14
    is 11.5; so the tag's counts are 1 1 1 0 0 0. With smoothing 1, P(H1) = 4/8; of the three
    examples with the tag two have count 1: P(1 | H1) = 3/5; of those without it one:
    P(1 | H0) = 2/5.
    """
    near_true, near_false = 0.4, 11.0
    found = scores("mlknn", {"k": 1, "smoothing": 1.0}, TAG, [near_true, near_false])
    assert found == pytest.approx([0.6, 0.4])


def test_mlknn_of_two_neighbors_is_bayes_rule_on_counts() -> None:
    """Counts 1 1 2 1 1 0: with the tag 1 2 0 examples have count 0 1 2, without it 0 2 1; so
    P(c | H1) = 2/6 3/6 1/6 and P(c | H0) = 1/6 3/6 2/6.
    """
    found = scores("mlknn", {"k": 2}, TAG, [10.6, 12.5, 0.4])  # counts 0, 1, 2
    assert found == pytest.approx([2 / 3, 1 / 2, 1 / 3])


def test_mlknn_smooths_prior_and_likelihoods() -> None:
    """Smoothing 2: P(H1) = 3/10, P(1 | H1) = 2/5 and P(1 | H0) = 3/9."""
    found = scores("mlknn", {"k": 1, "smoothing": 2.0}, RARE, [0.4, 1.4])
    assert found == pytest.approx([18 / 53, 27 / 97])


def test_mlknn_has_no_more_neighbors_than_there_are_others() -> None:
    assert scores("mlknn", {"k": 50}, TAG, [3.0]) == scores("mlknn", {"k": 5}, TAG, [3.0])


@given(st.integers(0, 2**31), st.integers(1, 12))
def test_nearest_agrees_with_a_plain_search(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    ones, others = rng.normal(size=(4, 3)), rng.normal(size=(12, 3))
    distances = squared_distances(ones, others)
    for row, one in enumerate(ones):
        plain = [float(((one - other) ** 2).sum()) for other in others]
        np.testing.assert_allclose(distances[row], plain, atol=1e-9)
        assert nearest(distances, k)[row].tolist() == np.argsort(plain)[:k].tolist()


def test_neighbors_at_the_same_distance_come_in_their_order() -> None:
    assert nearest(np.array([[1.0, 0.0, 1.0, 0.0]]), 3).tolist() == [[1, 3, 0]]
