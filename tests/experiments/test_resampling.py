"""Draws by weights give what draws by copies give."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto import metrics
from affetto.errors import BadConfig
from affetto.evaluation import measures
from affetto.experiments.resampling import (
    HEADLINE,
    Draws,
    bounds,
    drawn_values,
    ranked_values,
)
from tests.experiments.cases import held_out

N_DRAWS = 25


def by_copies(name: str, runs: list, seed: int) -> metrics.Bounds:  # type: ignore[type-arg]
    statistic, _ = measures.MEASURES["tags"][name]
    return metrics.interval(
        lambda drawn: measures._over_seeds(statistic, runs, drawn),
        runs[0].groups,
        seed,
        N_DRAWS,
    )


@pytest.mark.parametrize("name", HEADLINE)
def test_intervals_are_those_of_repeated_examples(name: str) -> None:
    runs = [held_out(0.5, seed, n_decimals=1) for seed in (3, 4)]
    expected = by_copies(name, runs, seed=7)
    drawn = drawn_values(runs, Draws.of(runs[0].groups, 7, N_DRAWS)).figures[name]
    found = bounds(expected.estimate, drawn)
    assert found == pytest.approx((expected.estimate, expected.low, expected.high), abs=1e-6)


def test_unknown_labels_count_nowhere() -> None:
    held = held_out(0.7, 1)
    targets = held.targets.copy()
    targets[::5, 0] = np.nan
    targets[:, 2] = np.nan
    held = replace(held, targets=targets)
    drawn = drawn_values([held], Draws.of(held.groups, 2, N_DRAWS))
    for name in HEADLINE:
        expected = by_copies(name, [held], seed=2)
        low, high = bounds(0, drawn.figures[name])[1:]
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert np.isnan(drawn.per_tag["auc"][2]).all()


def test_draws_do_not_hang_on_the_order_of_examples() -> None:
    held = held_out(0.7, 1)
    turned = np.arange(len(held.ids))[::-1]
    other = replace(
        held,
        ids=held.ids[::-1],
        groups=held.groups[::-1],
        folds=held.folds[turned],
        targets=held.targets[turned],
        outputs=held.outputs[turned],
        prior=held.prior[turned],
        decisions=None if held.decisions is None else held.decisions[turned],
    )
    draws = Draws.of(held.groups, 5, N_DRAWS)
    assert draws.names == Draws.of(other.groups, 5, N_DRAWS).names
    first, second = drawn_values([held], draws), drawn_values([other], draws)
    for name in HEADLINE:
        assert np.allclose(first.figures[name], second.figures[name], atol=1e-6)


@given(
    rows=st.lists(
        st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=25
    )
)
def test_weighted_ranks_are_ranks_of_copies(rows: list[tuple[bool, int, int]]) -> None:
    """Few distinct scores, so that nearly all are tied; a weight of 0 is a missing example."""
    targets = np.asarray([row[0] for row in rows], np.float32)
    scores = np.asarray([row[1] for row in rows], np.float32)
    weights = np.asarray([row[2] for row in rows])
    found = ranked_values(
        targets, scores, np.arange(len(rows)), weights[:, np.newaxis].astype(np.float32)
    )
    copies = np.repeat(np.arange(len(rows)), weights)
    if len(copies):
        expected = [
            measure(targets[copies, np.newaxis], scores[copies, np.newaxis])[0]
            for measure in (metrics.roc_auc, metrics.average_precision)
        ]
    else:
        expected = [math.nan, math.nan]
    assert [values[0] for values in found] == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_a_draw_takes_as_many_groups_as_there_are() -> None:
    draws = Draws.of(["b", "a", "b", "c"], 0, 10)
    assert draws.names == ("a", "b", "c")
    assert (draws.weights.sum(axis=0) == 3).all()


def test_draws_of_nothing_are_refused() -> None:
    with pytest.raises(BadConfig, match="at least one draw"):
        Draws.of([], 0, 10)


def test_bounds_without_a_number_are_not_a_number() -> None:
    value, low, high = bounds(0.5, np.asarray([math.nan, math.nan]))
    assert value == 0.5
    assert math.isnan(low) and math.isnan(high)
