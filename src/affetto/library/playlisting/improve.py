"""Changes small moves of a playlist as long as one makes it better.

At each place, what is tried: another song instead (*exchange*), one more, one less, this song
and a later one changing places (*swap*), up to three songs moved elsewhere (*or-opt*, I. Or,
1976), and a stretch reversed (*2-opt*, G. A. Croes, Operations Research 6, 1958). All that is
tried at a place is costed at once, by the objective itself, but only from there on: what lies
before it stays. Moves reach `_NEAR` places; on a route, places further apart want other songs
anyhow.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from affetto.core import IntArray
from affetto.library.playlisting.problem import REACH, Problem
from affetto.library.playlisting.route import Float64Array
from affetto.library.playlisting.shortlist import Shortlist

_NEAR = 8
_N_SONGS = 48  # songs of the shortlist that are tried at a place
_LONGEST_MOVED = 3
_MAX_SWEEPS = 12
_GAIN = 1e-9  # a smaller one is rounding


def improve(problem: Problem, shortlist: Shortlist, playlist: IntArray) -> tuple[IntArray, float]:
    """Give a playlist (n,) that small moves have made better, and its cost.

    No two songs of `playlist` may clash. The cost never grows.
    """
    best = np.asarray(playlist, np.int64)
    for _ in range(_MAX_SWEEPS):
        is_better = False
        place = 0
        while place <= len(best):
            better = _better(problem, shortlist, best, place)
            is_better |= better is not None
            best = best if better is None else better
            place += 1
        if not is_better:
            break
    return best, float(problem.cost(best[None])[0])


def _better(
    problem: Problem, shortlist: Shortlist, playlist: IntArray, place: int
) -> IntArray | None:
    """Give what the best move at a place makes of a playlist; None if none makes it better."""
    best, most = None, _GAIN
    for first, end, parts in _moves(problem, shortlist, playlist, place):
        if not parts.size:
            continue
        gains = _gains(problem, playlist, first, end, parts)
        number = int(np.argmax(gains))
        if gains[number] > most:
            most = float(gains[number])
            best = np.concatenate([playlist[:first], parts[number], playlist[end:]])
    return best


def _gains(
    problem: Problem, playlist: IntArray, first: int, end: int, parts: IntArray
) -> Float64Array:
    """Give how much less a playlist costs with each of these parts in the place of its own.

    Shape: parts (n_parts, n). If they are another size or length than first:end of the
    playlist, that must go on to its end, since later songs come at other times then.
    """
    begins_s = float(problem.durations_s[playlist[:first]].sum())
    old = playlist[None, first:end]
    old_s = problem.durations_s[old].sum(axis=1)
    new_s = problem.durations_s[parts].sum(axis=1)
    total_s = float(problem.durations_s[playlist].sum())
    gain = problem.flow(old, begins_s) - problem.flow(parts, begins_s)
    gain += problem.length_cost(total_s) - problem.length_cost(total_s + new_s - old_s)
    return np.asarray(gain)


def _moves(
    problem: Problem, shortlist: Shortlist, playlist: IntArray, place: int
) -> Iterator[tuple[int, int, IntArray]]:
    """Give what can stand in a playlist from a place to another, instead of what does.

    Each part begins `REACH` songs before the first that is changed, and ends as many after the
    last: so far is the return of an artist seen.
    """
    n_songs = len(playlist)
    first = max(place - REACH, 0)
    tail, here = playlist[first:], place - first
    n_clashes = problem.clashes[playlist].sum(axis=0)
    songs = shortlist.at(float(problem.durations_s[playlist[:place]].sum()))
    more = songs[n_clashes[songs] == 0][:_N_SONGS]
    yield first, n_songs, np.insert(_repeated(tail, len(more)), here, more, axis=1)
    if place == n_songs:
        return
    others = songs[n_clashes[songs] == problem.clashes[playlist[place], songs]][:_N_SONGS]
    exchanged = _repeated(tail, len(others))
    exchanged[:, here] = others
    yield first, n_songs, exchanged
    if n_songs > 1:
        yield first, n_songs, np.delete(tail, here)[None]
    first = max(place - _NEAR - REACH, 0)
    end = min(place + _NEAR + _LONGEST_MOVED + REACH, n_songs)
    yield first, end, playlist[first:end][_orders(end - first, place - first)]


def _repeated(part: IntArray, n: int) -> IntArray:
    return np.repeat(part[None], n, axis=0)


@lru_cache(maxsize=256)
def _orders(n_songs: int, place: int) -> IntArray:
    """Give the orders (n_orders, n_songs) that swaps, moves and reversals at a place lead to."""
    order = np.arange(n_songs)
    found = [order]
    for other in range(place + 1, min(place + _NEAR, n_songs - 1) + 1):
        swapped = order.copy()
        swapped[[place, other]] = other, place
        found.append(swapped)
        turned = order.copy()
        turned[place : other + 1] = turned[place : other + 1][::-1]
        found.append(turned)
    for size in range(1, min(_LONGEST_MOVED, n_songs - place) + 1):
        moved = order[place : place + size]
        rest = np.delete(order, moved)
        for target in range(max(place - _NEAR, 0), min(place + _NEAR, len(rest)) + 1):
            found += [np.insert(rest, target, moved), np.insert(rest, target, moved[::-1])]
    return np.stack(found)
