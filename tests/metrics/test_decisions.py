"""Thresholds that maximize F1, and the trivial systems."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given

from affetto import metrics
from affetto.errors import BadConfig

from .cases import Case, cases, drawn, laws

nan = float("nan")


@pytest.mark.parametrize(
    ("targets", "scores", "expected"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.8], 0.4),
        # The unknown example does not move the midpoint.
        ([0, nan, 1, 1], [0.25, 0.375, 0.75, 0.875], 0.5),
        # Choosing all is best: halfway from 0 to the lowest score.
        ([1, 0, 1, 1], [0.25, 0.5, 0.75, 1.0], 0.125),
        ([1, 1], [0.0, 0.0], 0.0),
        # Choosing the first or all gives F1 2/3, what lies between less: .8125 is nearer to .5
        # than .125 is; of .875 and .125, as near, the lower.
        ([1, 0, 0, 1], [0.875, 0.75, 0.5, 0.25], 0.8125),
        ([1, 0, 0, 1], [1.0, 0.75, 0.5, 0.25], 0.125),
        ([0, 0], [0.1, 0.9], 0.5),
        ([nan, nan], [0.1, 0.9], 0.5),
    ],
)
def test_best_threshold_is_the_one_worked_by_hand(
    targets: list[float], scores: list[float], expected: float
) -> None:
    found = metrics.best_thresholds(np.c_[targets], np.c_[scores])
    np.testing.assert_allclose(found, [expected], rtol=1e-7)


@laws
@given(cases())
def test_best_threshold_is_the_best_midpoint_nearest_to_one_half(case: Case) -> None:
    targets, scores = case
    for tag, found in enumerate(metrics.best_thresholds(targets, scores)):
        known = ~np.isnan(targets[:, tag])
        wanted, values = targets[known, tag], scores[known, tag]
        levels = [0.0, *sorted(set(values))]
        cuts = [(low + high) / 2 for low, high in pairwise(levels)]
        f1 = [metrics.f1(np.c_[wanted], np.c_[values >= cut])[0] for cut in cuts]
        tied = [cut for cut, value in zip(cuts, f1, strict=True) if value == max(f1)]
        expected = min(tied, key=lambda cut: abs(cut - 0.5)) if wanted.any() else 0.5
        assert found == expected


@laws
@given(cases())
def test_no_other_threshold_gives_a_better_f1(case: Case) -> None:
    targets, scores = case
    thresholds = metrics.best_thresholds(targets, scores)
    best = metrics.f1(targets, scores >= thresholds)
    assert np.all((thresholds >= 0) & (thresholds <= 1))
    for cut in np.arange(0, 1.04, 1 / 32):
        other = metrics.f1(targets, scores >= cut)
        assert np.all((best >= other) | np.isnan(best))


def test_thresholds_cut_neighboring_float32_scores_also_as_float32() -> None:
    scores = [np.float32(0.1)]
    for _ in range(40):
        scores.append(np.nextafter(scores[-1], np.float32(1)))
    column = np.array(scores, dtype=np.float32)[:, np.newaxis]
    for n_false in range(1, len(scores)):
        targets = np.c_[np.arange(len(scores)) >= n_false]
        thresholds = metrics.best_thresholds(targets, column)
        for cut in (thresholds, thresholds.astype(np.float32)):
            np.testing.assert_array_equal(column >= cut, targets)


def test_thresholds_refuse_scores_that_are_no_probabilities() -> None:
    with pytest.raises(BadConfig, match=r"\[0, 1\]"):
        metrics.best_thresholds([[0], [1]], [[-1.0], [2.0]])


def test_all_ones_finds_everything_at_the_base_rate() -> None:
    targets, _ = drawn(1)
    decisions = metrics.all_ones(*targets.shape)
    np.testing.assert_array_equal(metrics.recall(targets, decisions), 1)
    np.testing.assert_allclose(metrics.precision(targets, decisions), targets.mean(axis=0))


def test_prior_scores_every_example_with_the_known_training_base_rates() -> None:
    training = [[1, 0, nan], [0, nan, nan], [1, 0, nan], [1, 1, nan]]
    expected = [[3 / 4, 1 / 3, 1 / 2]] * 2
    np.testing.assert_allclose(metrics.prior(training, n_examples=2), expected)


def test_prior_ranks_no_tag_but_orders_the_tags_of_an_example() -> None:
    targets, _ = drawn(2)
    targets[:, 3] = np.arange(len(targets)) % 10 > 0
    scores = metrics.prior(targets, len(targets))
    np.testing.assert_array_equal(metrics.roc_auc(targets, scores), 0.5)
    assert metrics.micro_roc_auc(targets, scores) > 0.55
    assert metrics.ranking_loss(targets, scores) < 0.45


def test_trivial_systems_refuse_a_negative_size() -> None:
    with pytest.raises(BadConfig, match="matrix"):
        metrics.all_ones(-1, 2)
    with pytest.raises(BadConfig, match="n_examples"):
        metrics.prior([[1.0]], -1)
