"""Tests and ranks against worked cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.errors import BadConfig
from affetto.experiments.significance import Ranks, holm, rank, wilcoxon


def test_wilcoxon_of_five_folds_one_way_is_a_sixteenth() -> None:
    assert wilcoxon([0.01, 0.03, 0.02, 0.05, 0.04]) == pytest.approx(2 / 2**5)


def test_wilcoxon_of_no_difference_is_one() -> None:
    assert wilcoxon([0.0, 0.0]) == 1.0
    assert wilcoxon([]) == 1.0


def test_holm_corrects_by_the_number_that_is_left() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.6, 0.5]) == (1.0, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_never_lowers(values: list[float]) -> None:
    corrected = holm(values)
    assert all(0 <= p <= c <= 1 for p, c in zip(values, corrected, strict=True))
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.asarray(corrected)[order]) >= 0).all()


@pytest.mark.parametrize(("n_methods", "q"), [(2, 1.960), (4, 2.569), (10, 3.164)])
def test_critical_difference_has_the_factor_of_demsars_table(n_methods: int, q: float) -> None:
    values = np.random.default_rng(0).random((n_methods, 14))
    ranks = rank([str(number) for number in range(n_methods)], values)
    expected = q * np.sqrt(n_methods * (n_methods + 1) / (6 * 14))
    assert ranks.critical_difference == pytest.approx(expected, abs=1e-3)


def test_ranks_are_shared_by_ties_and_best_comes_first() -> None:
    ranks = rank(["low", "tied", "also"], [[0.1, 0.1], [0.5, 0.7], [0.5, 0.7]])
    assert ranks.methods == ("tied", "also", "low")
    assert ranks.mean_ranks == (1.5, 1.5, 3.0)
    assert ranks.n_trials == 2


def test_ranks_leave_out_what_not_all_have() -> None:
    ranks = rank(["a", "b"], [[1.0, np.nan, 1.0], [0.5, 0.9, 0.2]])
    assert ranks.n_trials == 2
    assert ranks.methods == ("a", "b")


def test_methods_alike_are_not_told_apart() -> None:
    ranks = rank(["a", "b", "c"], np.full((3, 5), 0.5))
    assert ranks.p_value == 1.0
    assert ranks.groups() == ((0, 2),)


def test_ranks_need_two_methods() -> None:
    with pytest.raises(BadConfig, match="two methods"):
        rank(["a"], [[0.1, 0.2]])


def test_groups_are_the_longest_stretches() -> None:
    ranks = Ranks(("a", "b", "c", "d"), (1.0, 2.0, 3.5, 6.0), 10, 0.01, 2.0)
    assert ranks.groups() == ((0, 1), (1, 2))
