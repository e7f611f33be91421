"""Changes small moves of a playlist as long as one makes it better.

At each place, what is tried: another song instead (*exchange*), one more, one less, this song
and a later one changing places (*swap*), up to three songs moved elsewhere (*or-opt*, I. Or,
1976), and a stretch reversed (*2-opt*, G. A. Croes, Operations Research 6, 1958). All that is
tried at a place is costed at once, by the objective itself; the best is taken if it is better.
Moves reach `_REACH` places, so that the work grows with the square of a playlist's length and
not with its cube; on a route, places further apart want other songs anyhow.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from affetto.core import IntArray
from affetto.library.playlisting.problem import Problem
from affetto.library.playlisting.shortlist import Shortlist

_REACH = 8
_N_SONGS = 64  # songs of the shortlist that are tried at a place
_LONGEST_MOVED = 3
_MAX_SWEEPS = 25
_GAIN = 1e-12  # a smaller one is rounding


def improve(problem: Problem, shortlist: Shortlist, playlist: IntArray) -> tuple[IntArray, float]:
    """Give a playlist (n,) that no small move makes better, and its cost.

    No two songs of `playlist` may clash. The cost never grows.
    """
    best = np.asarray(playlist, np.int64)
    cost = float(problem.cost(best[None])[0])
    for _ in range(_MAX_SWEEPS):
        before = cost
        place = 0
        while place <= len(best):
            best, cost = _improve_at(problem, shortlist, best, cost, place)
            place += 1
        if before - cost <= _GAIN:
            break
    return best, cost


def _improve_at(
    problem: Problem, shortlist: Shortlist, playlist: IntArray, cost: float, place: int
) -> tuple[IntArray, float]:
    """Make the best move that there is at one place, if one makes the playlist better."""
    best = playlist
    for tried in _moves(problem, shortlist, playlist, place):
        if not tried.size:
            continue
        costs = problem.cost(tried)
        number = int(np.argmin(costs))
        if costs[number] < cost - _GAIN:
            best, cost = tried[number], float(costs[number])
    return best, cost


def _moves(
    problem: Problem, shortlist: Shortlist, playlist: IntArray, place: int
) -> Iterator[IntArray]:
    """Give what a playlist can become at a place, (n_moves, n) for each size n."""
    n_songs = len(playlist)
    n_clashes = problem.clashes[playlist].sum(axis=0)
    songs = shortlist.at(float(problem.durations_s[playlist[:place]].sum()))
    if n_songs:
        more = songs[n_clashes[songs] == 0][:_N_SONGS]
        yield np.insert(np.repeat(playlist[None], len(more), axis=0), place, more, axis=1)
    if place == n_songs:
        return
    here = playlist[place]
    others = songs[n_clashes[songs] - problem.clashes[here, songs] == 0][:_N_SONGS]
    exchanged = np.repeat(playlist[None], len(others), axis=0)
    exchanged[:, place] = others
    yield exchanged
    yield np.stack([playlist[order] for order in _orders(n_songs, place)])
    if n_songs > 1:
        yield np.delete(playlist, place)[None]


def _orders(n_songs: int, place: int) -> Iterator[IntArray]:
    """Give the orders (n,) that swaps, moves and reversals from a place on lead to."""
    order = np.arange(n_songs)
    yield order
    for other in range(place + 1, min(place + _REACH, n_songs - 1) + 1):
        swapped = order.copy()
        swapped[[place, other]] = other, place
        yield swapped
        if other > place + 1:
            turned = order.copy()
            turned[place : other + 1] = turned[place : other + 1][::-1]
            yield turned
    for size in range(1, min(_LONGEST_MOVED, n_songs - place) + 1):
        moved = order[place : place + size]
        rest = np.delete(order, moved)
        for target in range(max(0, place - _REACH), min(len(rest), place + _REACH) + 1):
            if target != place:
                yield np.insert(rest, target, moved)
                if size > 1:
                    yield np.insert(rest, target, moved[::-1])
