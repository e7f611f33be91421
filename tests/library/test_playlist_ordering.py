"""All songs of a set come once, in small steps, no artist after itself where that can be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.library.playlisting.ordering import Steps, in_small_steps, nearest_first
from affetto.library.playlisting.problem import FORBIDDEN, NO_ARTIST


def random_steps(seed: int, n_songs: int, n_artists: int) -> Steps:
    rng = np.random.default_rng(seed)
    return Steps(rng.normal(size=(n_songs, 2)), rng.integers(NO_ARTIST, n_artists, n_songs))


def test_order_is_the_best_of_all_for_few_songs() -> None:
    """As good as the best in at least 27 of 30, and never more than a quarter worse."""
    ratios = []
    for seed in range(30):
        steps = random_steps(seed, 7, 4)
        every = np.array(list(itertools.permutations(range(7))))
        best = steps.between(every[:, :-1], every[:, 1:]).sum(axis=1).min()
        ratios.append(steps.cost(in_small_steps(steps)) / best)
    assert min(ratios) > 1 - 1e-9
    assert sum(ratio < 1 + 1e-9 for ratio in ratios) >= 27
    assert max(ratios) < 1.25


@pytest.mark.parametrize("n_songs", [60, 400])
def test_order_has_half_the_steps_of_going_to_the_nearest(n_songs: int) -> None:
    ratios = []
    for seed in range(5):
        steps = random_steps(seed, n_songs, n_songs // 8)
        ratios.append(steps.cost(in_small_steps(steps)) / steps.cost(nearest_first(steps)))
    assert max(ratios) < 1
    assert np.mean(ratios) < 0.6


@given(st.integers(0, 10_000), st.integers(0, 30), st.integers(1, 8))
def test_order_has_every_song_once(seed: int, n_songs: int, n_artists: int) -> None:
    steps = random_steps(seed, n_songs, n_artists)
    order = in_small_steps(steps)
    assert sorted(order.tolist()) == list(range(n_songs))
    assert steps.cost(order) <= steps.cost(nearest_first(steps)) + 1e-9


def test_artists_do_not_follow_themselves_where_that_can_be() -> None:
    places = np.zeros((9, 2))
    places[:, 0] = np.arange(9)
    artists = np.array([1, 1, 1, 1, 2, 2, 2, 2, 2])
    order = in_small_steps(Steps(places, artists))
    assert artists[order].tolist() == [2, 1] * 4 + [2]
    one = Steps(places, np.ones(9, np.int64))
    assert one.cost(in_small_steps(one)) == pytest.approx(8 * (FORBIDDEN + 1))
    nobody = Steps(places, np.full(9, NO_ARTIST))
    assert nobody.cost(in_small_steps(nobody)) == pytest.approx(8)
    free = Steps(places, artists, may_repeat=True)
    assert free.cost(in_small_steps(free)) == pytest.approx(8)
