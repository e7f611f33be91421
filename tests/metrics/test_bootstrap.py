"""Intervals over draws of whole groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto import metrics
from affetto.errors import BadConfig
from affetto.metrics import interval, paired_interval

from .cases import drawn, laws

GROUPS = ["b", "a", "c", "a", "b", "a"]


def mean_of(values: Any) -> Any:
    array = np.asarray(values, dtype=np.float64)
    return lambda drawn: float(array[drawn].mean())


@laws
@given(st.lists(st.sampled_from("abcde"), min_size=2, max_size=15), st.integers(0, 99))
def test_resample_holds_whole_groups_and_as_many_as_there_are(groups: list[str], seed: int) -> None:
    seen: list[np.ndarray] = []

    def record(drawn: np.ndarray) -> float:
        seen.append(drawn)
        return 0.0

    interval(record, groups, seed, n_resamples=5)
    np.testing.assert_array_equal(seen[0], np.arange(len(groups)))
    for indices in seen[1:]:
        times = np.bincount(indices, minlength=len(groups))
        of_group = {name: {times[i] for i, g in enumerate(groups) if g == name} for name in groups}
        assert all(len(found) == 1 for found in of_group.values())
        assert sum(found.pop() for found in of_group.values()) == len(set(groups))


def test_interval_follows_from_the_seed() -> None:
    values = np.random.default_rng(0).normal(size=60)
    groups = np.arange(60) // 3
    first = interval(mean_of(values), groups, seed=1)
    assert interval(mean_of(values), groups, seed=1) == first
    assert interval(mean_of(values), groups, seed=2) != first


def test_interval_does_not_hang_on_the_order_of_examples() -> None:
    values = np.arange(12) / 8
    groups = np.array(list("cabbacddeeff"))
    order = np.random.default_rng(3).permutation(12)
    one = interval(mean_of(values), groups, seed=0)
    other = interval(mean_of(values[order]), groups[order], seed=0)
    assert (other.low, other.high) == pytest.approx((one.low, one.high))


def test_interval_of_grouped_examples_is_wider_than_of_single_ones() -> None:
    # Twenty songs of ten alike segments: twenty facts, not two hundred.
    values = np.repeat(np.random.default_rng(0).normal(size=20), 10)
    by_song = interval(mean_of(values), np.arange(200) // 10, seed=0)
    by_segment = interval(mean_of(values), np.arange(200), seed=0)
    ratio = (by_song.high - by_song.low) / (by_segment.high - by_segment.low)
    assert ratio == pytest.approx(np.sqrt(10), rel=0.15)


def test_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(7).normal(size=400)
    found = interval(mean_of(values), np.arange(400), seed=0, n_resamples=2000, level=0.9)
    half = 1.645 * values.std() / np.sqrt(400)
    assert found.estimate == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)
    assert (found.level, found.n_defined) == (0.9, 2000)


def test_interval_of_a_higher_level_holds_that_of_a_lower() -> None:
    values = np.random.default_rng(1).normal(size=50)
    inner, outer = (interval(mean_of(values), range(50), 0, level=level) for level in (0.5, 0.99))
    assert outer.low < inner.low < inner.high < outer.high


def test_interval_leaves_out_resamples_without_a_figure() -> None:
    # One true example: a resample without its group has no AUC.
    targets, scores = np.c_[[1, 0, 0, 0]], np.c_[[0.9, 0.8, 0.95, 0.1]]
    found = interval(
        lambda i: metrics.macro(metrics.roc_auc(targets[i], scores[i])), range(4), seed=0
    )
    assert found.estimate == pytest.approx(2 / 3)
    assert 0 < found.n_defined < 1000
    assert 0 <= found.low <= found.high <= 1


@pytest.mark.parametrize(
    ("statistic", "groups"),
    [(lambda _: float("nan"), ["a", "b"]), (mean_of([1, 2]), ["a", "a"])],
)
def test_interval_is_nan_where_nothing_can_be_said(statistic: Any, groups: list[str]) -> None:
    found = interval(statistic, groups, seed=0, n_resamples=20)
    assert np.isnan([found.low, found.high]).all()
    assert found.n_defined == 0


def test_paired_interval_of_a_system_with_itself_is_zero() -> None:
    values = np.random.default_rng(0).normal(size=6)
    found = paired_interval(mean_of(values), mean_of(values), GROUPS, seed=0)
    assert (found.estimate, found.low, found.high) == (0, 0, 0)


def test_paired_interval_tells_systems_apart_whose_own_intervals_overlap() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(size=100)
    better, worse = mean_of(hard + 0.1), mean_of(hard + rng.normal(0, 0.05, size=100))
    alone = interval(better, range(100), 0), interval(worse, range(100), 0)
    assert alone[0].low < alone[1].high
    found = paired_interval(better, worse, range(100), 0)
    assert 0 < found.low < found.estimate < found.high


def test_paired_interval_of_swapped_systems_is_mirrored() -> None:
    rng = np.random.default_rng(0)
    one, other = mean_of(rng.normal(size=6)), mean_of(rng.normal(size=6))
    found, swapped = (paired_interval(*pair, GROUPS, 0) for pair in ((one, other), (other, one)))
    assert (-swapped.high, -swapped.low) == pytest.approx((found.low, found.high))


def test_interval_takes_the_measures_of_tags() -> None:
    targets, scores = drawn(0, unknown=0.2)
    found = interval(
        lambda i: metrics.macro(metrics.roc_auc(targets[i], scores[i])),
        [f"artist-{number // 4}" for number in range(len(targets))],
        seed=0,
        n_resamples=200,
    )
    assert found.low < found.estimate < found.high
    assert found.n_defined == 200


@pytest.mark.parametrize(
    ("groups", "options", "words"),
    [
        ([], {}, "groups"),
        ([["a"], ["b"]], {}, "groups"),
        (GROUPS, {"n_resamples": 0}, "n_resamples"),
        (GROUPS, {"level": 1.0}, "level"),
        (GROUPS, {"level": 95}, "level"),
    ],
)
def test_interval_refuses_bad_settings(groups: Any, options: Any, words: str) -> None:
    with pytest.raises(BadConfig, match=words):
        interval(mean_of(np.zeros(6)), groups, 0, **options)


def test_centered_interval_of_an_error_that_repetition_raises_holds_the_estimate() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((300, 1))
    targets = (rng.random((300, 1)) < scores).astype(float)

    def error(drawn: Any) -> float:
        return float(metrics.expected_calibration_error(targets[drawn], scores[drawn], 15)[0])

    groups = [str(number) for number in range(300)]
    plain = metrics.interval(error, groups, 0, 200)
    centered = metrics.interval(error, groups, 0, 200, is_centered=True)
    assert centered.low < centered.estimate < centered.high
    assert centered.high - centered.low == pytest.approx(plain.high - plain.low)
