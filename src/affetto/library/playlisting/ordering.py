"""All songs of a set in an order with small steps.

Wanted is the order with the smallest sum of squared steps on the mood map in which no artist
follows itself: a traveling salesman's way with open ends. The nearest song, again and again, is
the start; then stretches are reversed (2-opt) and up to three songs moved (or-opt) as long as
that makes it better. A song is only brought next to one of its `_N_NEAR` nearest, and moves that
do not touch each other are made at once, so that thousands of songs take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from affetto.core import IntArray
from affetto.library.playlisting.problem import FORBIDDEN, NO_ARTIST
from affetto.library.playlisting.route import Float64Array

MAX_SONGS = 5_000

_N_NEAR = 10
_LONGEST_MOVED = 3
_GAIN = 1e-9
_BLOCK = 1_000  # rows of the matrix of distances at once


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What a step between two songs costs: places (n_songs, 2), artists (n_songs,)."""

    places: Float64Array
    artists: IntArray
    may_repeat: bool = False

    def __len__(self) -> int:
        return len(self.artists)

    def between(self, one: IntArray, other: IntArray) -> Float64Array:
        """Give the cost of the steps between songs, by number; -1 is no song and costs nothing."""
        step = ((self.places[one] - self.places[other]) ** 2).sum(axis=-1)
        if not self.may_repeat:
            is_same = self.artists[one] == self.artists[other]
            step = step + FORBIDDEN * (is_same & (self.artists[one] != NO_ARTIST))
        return np.asarray(np.where((one < 0) | (other < 0), 0.0, step))

    def cost(self, order: IntArray) -> float:
        """Give the cost of an order (n,), or of a part of one."""
        return float(self.between(order[:-1], order[1:]).sum())


def in_small_steps(steps: Steps) -> IntArray:
    """Give all songs in an order with small steps, from a start at the first of them or nearby."""
    return improved(steps, nearest_first(steps))


def nearest_first(steps: Steps) -> IntArray:
    """Give all songs, each followed by the one with the cheapest step from it."""
    order = [0] if len(steps) else []
    left = np.arange(1, len(steps))
    while len(left):
        next_one = int(np.argmin(steps.between(np.full(len(left), order[-1]), left)))
        order.append(int(left[next_one]))
        left = np.delete(left, next_one)
    return np.asarray(order, np.int64)


def improved(steps: Steps, order: IntArray) -> IntArray:
    """Give an order that no reversal and no move between neighbors makes better."""
    near = _nearest(steps.places)
    looked_at = np.arange(len(order))  # songs beside which something has changed
    while len(looked_at):
        is_touched = np.zeros(len(order) + 2, np.bool_)
        again: set[int] = set()
        for move in sorted(_better(steps, order, near, looked_at)):
            _, first, middle, end, is_turned, song = move
            # The songs on both sides take part too: their steps are counted in the gain.
            if is_touched[first : end + 2].any():
                again.add(song)
                continue
            is_touched[first : end + 2] = True
            sides = np.array([first - 1, first, middle - 1, middle, end - 1, end])
            again.update(order[np.clip(sides, 0, len(order) - 1)].tolist())
            order = _moved(order, first, middle, end, is_turned)
        looked_at = np.array(sorted(again), np.int64)
    return order


_Move = tuple[float, int, int, int, bool, int]
"""Gain (negative); songs first:middle and middle:end, which change places; and whose move it is.

The shorter of the two parts is turned around where the flag says so; where middle is end, the
stretch is reversed.
"""


def _moved(order: IntArray, first: int, middle: int, end: int, is_turned: bool) -> IntArray:
    left, right = order[first:middle], order[middle:end]
    if middle == end:
        left = left[::-1]
    elif is_turned:
        left, right = (left[::-1], right) if len(left) <= len(right) else (left, right[::-1])
    return np.concatenate([order[:first], right, left, order[end:]])


def _better(steps: Steps, order: IntArray, near: IntArray, looked_at: IntArray) -> Iterator[_Move]:
    """Give the moves of some songs that make an order better, each on its own."""
    n_songs = len(order)
    ended = np.concatenate([[-1], order, [-1]])  # song at place i is ended[i + 1]
    place_of = np.empty(n_songs, np.int64)
    place_of[order] = np.arange(n_songs)
    here = np.repeat(place_of[looked_at], near.shape[1])
    there = place_of[near[looked_at]].ravel()

    def cost(one: IntArray, other: IntArray) -> Float64Array:
        return steps.between(ended[one + 1], ended[other + 1])

    # Reversed: the song there comes next to the song here, on either of its sides.
    low, high = np.minimum(here, there), np.maximum(here, there)
    for first, end in ((low + 1, high + 1), (low, high)):
        gain = cost(first - 1, end - 1) + cost(first, end)
        gain -= cost(first - 1, first) + cost(end - 1, end)
        yield from _worth(gain, first, end, end, False, order[here])
    # Moved: some songs from here on come behind, or before, the song there.
    for size in range(1, _LONGEST_MOVED + 1):
        start, stop = here, here + size
        is_possible = stop <= n_songs
        start, stop, target = start[is_possible], stop[is_possible], there[is_possible]
        outside = (target < start) | (target >= stop)
        start, stop, target = start[outside], stop[outside], target[outside]
        closed = cost(start - 1, stop) - cost(start - 1, start) - cost(stop - 1, stop)
        for gap in (target, target + 1):  # the moved songs stand before the song at this place
            is_real = (gap < start) | (gap > stop)
            opened = -cost(gap - 1, gap)
            first = np.minimum(start, gap)
            end = np.maximum(stop, gap)
            middle = np.where(gap < start, start, stop)
            straight = cost(gap - 1, start) + cost(stop - 1, gap)
            turned = cost(gap - 1, stop - 1) + cost(start, gap)
            # `_moved` turns the shorter part, which shall be the moved one.
            is_shorter = np.where(gap < start, size < start - gap, size <= gap - stop)
            for joined, is_turned in ((straight, False), (turned, True)):
                if is_turned and size == 1:
                    continue
                wanted = is_real & (is_shorter if is_turned else True)
                gain = np.where(wanted, closed + opened + joined, 0.0)
                yield from _worth(gain, first, middle, end, is_turned, order[start])


def _worth(
    gain: Float64Array,
    first: IntArray,
    middle: IntArray,
    end: IntArray,
    is_turned: bool,
    songs: IntArray,
) -> Iterator[_Move]:
    for number in np.flatnonzero(gain < -_GAIN).tolist():
        yield (
            float(gain[number]),
            int(first[number]),
            int(middle[number]),
            int(end[number]),
            is_turned,
            int(songs[number]),
        )


def _nearest(places: Float64Array) -> IntArray:
    """Give the nearest songs of each, (n_songs, up to `_N_NEAR`)."""
    n_near = min(_N_NEAR, len(places) - 1)
    if n_near < 1:
        return np.zeros((len(places), 0), np.int64)
    found = np.empty((len(places), n_near), np.int64)
    for first in range(0, len(places), _BLOCK):
        block = places[first : first + _BLOCK]
        squares = ((block[:, None] - places) ** 2).sum(axis=-1)
        squares[np.arange(len(block)), np.arange(first, first + len(block))] = np.inf
        found[first : first + len(block)] = np.argpartition(squares, n_near - 1)[:, :n_near]
    return found
