from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.errors import BadConfig
from affetto.experiments.stratification import stratified_folds

Counts = npt.NDArray[np.int64]


def problem(seed: int, n_groups: int = 60, n_tags: int = 6) -> tuple[Counts, Counts]:
    """Give groups of 1 to 9 examples; tags from rare to common, with songs that are alike."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 10, n_groups)
    shares = np.linspace(0.05, 0.6, n_tags)
    is_tagged = rng.random((n_groups, n_tags)) < shares
    return is_tagged * rng.binomial(sizes, 0.8)[:, None], sizes


def unevenness(folds: Counts, counts: Counts, sizes: Counts, n_folds: int) -> float:
    """Give how far the tags' shares in the folds are from their shares in all, on average."""
    share = counts.sum(axis=0) / sizes.sum()
    in_folds = [counts[folds == f].sum(axis=0) / sizes[folds == f].sum() for f in range(n_folds)]
    return float(np.abs(np.stack(in_folds) - share).mean())


@pytest.mark.parametrize("seed", range(5))
def test_shares_of_tags_in_the_folds_are_closer_than_those_of_random_folds(seed: int) -> None:
    counts, sizes = problem(seed)
    ours = unevenness(stratified_folds(counts, sizes, 5, seed), counts, sizes, 5)
    rng = np.random.default_rng(seed)
    by_chance = [
        unevenness(rng.permutation(np.arange(len(sizes)) % 5), counts, sizes, 5) for _ in range(50)
    ]
    assert ours < min(by_chance)


@given(st.integers(0, 10**6), st.integers(6, 40), st.integers(2, 5))
def test_every_group_has_one_fold_and_no_fold_is_empty(
    seed: int, n_groups: int, n_folds: int
) -> None:
    counts, sizes = problem(seed, n_groups)
    folds = stratified_folds(counts, sizes, n_folds, seed)
    assert folds.shape == (n_groups,)
    assert set(folds) == set(range(n_folds))


@given(st.integers(0, 10**6))
def test_folds_follow_from_the_seed(seed: int) -> None:
    counts, sizes = problem(seed)
    folds = stratified_folds(counts, sizes, 4, seed)
    assert (folds == stratified_folds(counts, sizes, 4, seed)).all()


def test_another_seed_gives_other_folds() -> None:
    counts, sizes = problem(0)
    assert (stratified_folds(counts, sizes, 5, 0) != stratified_folds(counts, sizes, 5, 1)).any()


def test_a_tag_of_as_many_groups_as_folds_is_in_every_fold() -> None:
    counts = np.zeros((20, 2), np.int64)
    counts[:4, 0], counts[:, 1] = 1, 1
    folds = stratified_folds(counts, np.ones(20), 4, 0)
    assert sorted(folds[:4]) == [0, 1, 2, 3]
    assert np.bincount(folds).tolist() == [5, 5, 5, 5]


def test_groups_without_any_tag_fill_the_folds_up() -> None:
    folds = stratified_folds(np.zeros((9, 3)), np.ones(9), 3, 0)
    assert np.bincount(folds).tolist() == [3, 3, 3]


@pytest.mark.parametrize("n_folds", [1, 4])
def test_folds_that_groups_do_not_suffice_for_are_refused(n_folds: int) -> None:
    with pytest.raises(BadConfig, match=f"{n_folds} folds cannot be made of 3 groups"):
        stratified_folds(np.ones((3, 1)), np.ones(3), n_folds, 0)
