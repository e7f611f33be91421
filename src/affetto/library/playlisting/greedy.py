"""The nearest song, again and again: quick, and what every better method is measured against."""

from __future__ import annotations

import numpy as np

from affetto.core import IntArray
from affetto.library.playlisting.problem import NO_ARTIST, Problem

_LAST_SONGS = 1.5  # with this many usual songs left, one that ends in time is taken if there is one


def nearest_first(problem: Problem) -> IntArray:
    """Give the playlist (n,) of the songs that are nearest to the route at their time.

    Each song is the one with the least near |e|^2 + c that clashes with none before it, is
    not by the artist before it, and does not end too late. The result may be too short.
    """
    chosen: list[int] = []
    is_free = np.ones(len(problem), np.bool_)
    usual_s = float(np.median(problem.durations_s)) if len(problem) else 0.0
    now_s = 0.0
    while now_s < problem.length_s:
        is_left = is_free & (now_s + problem.durations_s <= problem.longest_s)
        if chosen and not problem.may_repeat and problem.artists[chosen[-1]] != NO_ARTIST:
            is_left &= problem.artists != problem.artists[chosen[-1]]
        if problem.length_s - now_s < _LAST_SONGS * usual_s:
            ends_well = is_left & (now_s + problem.durations_s >= problem.shortest_s)
            is_left = ends_well if ends_well.any() else is_left
        if not is_left.any():
            break
        middles_s = now_s + problem.durations_s / 2
        off = problem.places - problem.route.at(middles_s / problem.length_s)
        keys = problem.weights.near * (off**2).sum(axis=1) + problem.handicaps
        song = int(np.argmin(np.where(is_left, keys, np.inf)))
        chosen.append(song)
        is_free &= ~problem.clashes[song]
        now_s += float(problem.durations_s[song])
    return np.asarray(chosen, np.int64)
