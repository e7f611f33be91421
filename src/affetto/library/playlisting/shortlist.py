"""Which songs come into question at which moment: those near to where the route is then."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from affetto.core import IntArray
from affetto.library.playlisting.problem import Problem
from affetto.library.playlisting.route import Float64Array, Route

MAX_SONGS = 4_000  # in one problem: what clashes is a square of this size
_BASE, _PER_SONG = 48, 3  # songs at one moment: so many, and more the more are needed in all
_QUOTA = 6  # songs of one artist that come before the next ones of others have had their turn


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """The songs of a problem by moment, the best first; a moment lasts `moment_s` seconds."""

    moments: tuple[IntArray, ...]
    moment_s: float

    @classmethod
    def of(cls, problem: Problem) -> Shortlist:
        """Rank the songs of a problem for every moment of its length."""
        usual_s = usual_length_s(problem.durations_s)
        moments = tuple(
            ranked(
                problem.places,
                problem.artists,
                problem.handicaps,
                problem.route,
                problem.weights.near,
                problem.length_s,
                usual_s,
            )
        )
        return cls(moments, problem.length_s / len(moments))

    def at(self, time_s: float) -> IntArray:
        """Give the songs for a moment, the best first."""
        moment = int(time_s / self.moment_s)
        return self.moments[min(max(moment, 0), len(self.moments) - 1)]


def usual_length_s(durations_s: Float64Array) -> float:
    """Give how long a song of these is usually, at least a second."""
    return max(float(np.median(durations_s)), 1.0) if len(durations_s) else 1.0


def ranked(
    places: Float64Array,
    artists: IntArray,
    handicaps: Float64Array,
    route: Route,
    near: float,
    length_s: float,
    usual_s: float,
) -> Iterator[IntArray]:
    """Give for each moment, of half a usual song, the rows of the best songs, the best first.

    Best is who has the least near |e|^2 + c; but after `_QUOTA` songs of one artist it is the
    others' turn, so that no artist fills the list. Shapes: as `Problem`.
    """
    n_moments = max(1, math.ceil(2 * length_s / usual_s))
    n_wanted = min(len(places), _BASE + _PER_SONG * math.ceil(length_s / usual_s))
    is_still = near == 0 or route.length == 0  # then every moment is like the first
    for moment in range(1 if is_still else n_moments):
        keys = handicaps
        if near:
            off = places - route.at((moment + 0.5) / n_moments)
            keys = handicaps + near * (off**2).sum(axis=1)
        best = _smallest(keys, min(len(keys), 4 * n_wanted))
        turns = _occurrences(artists[best]) // _QUOTA
        rows = best[np.argsort(turns, kind="stable")][:n_wanted]
        if is_still:
            yield from [rows] * n_moments
        else:
            yield rows


def in_question(
    places: Float64Array,
    artists: IntArray,
    handicaps: Float64Array,
    durations_s: Float64Array,
    route: Route,
    near: float,
    length_s: float,
) -> IntArray:
    """Give the rows of at most `MAX_SONGS` songs that a playlist may want, in order.

    They are those that stand highest in the list of some moment. Shapes: as `Problem`.
    """
    usual_s = usual_length_s(durations_s)
    if len(places) <= _BASE:
        return np.arange(len(places))
    highest = np.full(len(places), len(places))
    for rows in ranked(places, artists, handicaps, route, near, length_s, usual_s):
        highest[rows] = np.minimum(highest[rows], np.arange(len(rows)))
    wanted = np.flatnonzero(highest < len(places))
    return np.sort(wanted[_smallest(highest[wanted], min(len(wanted), MAX_SONGS))])


def _smallest(keys: Float64Array | IntArray, n: int) -> IntArray:
    """Give where the n smallest are, in order; of equal ones the first comes first."""
    if n < len(keys):
        rows = np.argpartition(keys, n - 1)[:n]
        rows.sort()
    else:
        rows = np.arange(len(keys))
    return rows[np.argsort(keys[rows], kind="stable")]


def _occurrences(artists: IntArray) -> IntArray:
    """Count for each row how many of the same artist stand before it; unknown ones are none's."""
    order = np.argsort(artists, kind="stable")
    sorted_artists = artists[order]
    is_first = np.ones(len(artists), np.bool_)
    is_first[1:] = sorted_artists[1:] != sorted_artists[:-1]
    places = np.arange(len(artists))
    starts = np.maximum.accumulate(np.where(is_first, places, 0))
    counts = np.empty(len(artists), np.int64)
    counts[order] = np.where(sorted_artists < 0, 0, places - starts)
    return counts
