"""Many partial playlists at once, grown along the time and thinned out at every step.

This is dynamic programming over the time, as for shortest ways, with two differences. The
state would have to hold all songs used so far, which are too many to count; so of the partial
playlists that end within the same few seconds (a *bucket*) only the cheapest are kept, and of
those that end on the same song only some, so that what is kept differs. And a partial playlist
carries along which songs it rules out: its own, and those that clash with them. With a bucket
for every state and no limit it would be exact; how near it comes is measured in the tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from affetto.core import BoolArray, IntArray
from affetto.library.playlisting.problem import NO_ARTIST, REACH, Problem
from affetto.library.playlisting.route import Float64Array
from affetto.library.playlisting.shortlist import Shortlist, usual_length_s

_BUCKETS_A_SONG = 8  # how finely the time is cut
_N_BRANCHES = 48  # songs that each partial playlist is tried with
_SAME_END = 4  # partial playlists of one bucket that end on the same song
_N_BEST = 12


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search gives: the best playlists, the best first, and the length nearest to wanted.

    `nearest_s` is the length of the partial playlist that came nearest, where there are none.
    """

    playlists: tuple[IntArray, ...]
    nearest_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """The partial playlists kept of one bucket, a row for each; `first_id` numbers the first."""

    first_id: int
    songs: IntArray  # the last song of each, (n,)
    ends_s: Float64Array
    costs: Float64Array
    off: Float64Array  # e of the last song, (n, 2)
    artists: IntArray  # of the last songs, the last first, (n, REACH)
    blocked: BoolArray  # (n, n_songs)


@dataclass(frozen=True, slots=True, eq=False)
class _Children:
    """Partial playlists with one song more, for one bucket; `rows` are those of their parents."""

    parents: _Layer
    rows: IntArray
    songs: IntArray
    ends_s: Float64Array
    costs: Float64Array
    off: Float64Array


def search(problem: Problem, shortlist: Shortlist, width: int = 64) -> Found:
    """Look for the best playlists, keeping `width` partial ones of each bucket."""
    return _Search(problem, shortlist, width).run()


class _Search:
    def __init__(self, problem: Problem, shortlist: Shortlist, width: int) -> None:
        self._problem = problem
        self._shortlist = shortlist
        self._width = width
        self._usual_s = usual_length_s(problem.durations_s)
        self._bucket_s = self._usual_s / _BUCKETS_A_SONG
        self._waiting: dict[int, list[_Children]] = {}
        self._songs: list[int] = []  # of every kept partial playlist, by its number
        self._parents: list[int] = []
        self._ended: list[tuple[float, int, int]] = []  # cost, number of the parent, last song
        self._nearest_s = 0.0

    def run(self) -> Found:
        empty = _Layer(
            first_id=-1,
            songs=np.full(1, -1),
            ends_s=np.zeros(1),
            costs=np.zeros(1),
            off=np.zeros((1, 2)),
            artists=np.full((1, REACH), NO_ARTIST),
            blocked=np.zeros((1, len(self._problem)), np.bool_),
        )
        self._grow(empty, -1)
        while self._waiting:
            bucket = min(self._waiting)
            self._grow(self._kept(self._waiting.pop(bucket)), bucket)
        self._ended.sort()
        return Found(tuple(self._playlists()), self._nearest_s)

    # ------------------------------------------------------------------ growing

    def _grow(self, layer: _Layer, bucket: int) -> None:
        """Try every partial playlist of a bucket with every song that comes into question."""
        problem = self._problem
        songs = self._branches(layer, (bucket + 0.5) * self._bucket_s)
        durations_s = problem.durations_s[songs]
        ends_s = layer.ends_s[:, None] + durations_s
        is_open = ~layer.blocked[:, songs] & (ends_s <= problem.longest_s)
        known = problem.artists[songs] != NO_ARTIST
        if not problem.may_repeat:
            is_open &= ~((layer.artists[:, :1] == problem.artists[songs]) & known)
        rows, columns = np.nonzero(is_open)
        if not len(rows):
            return
        ends_s = ends_s[rows, columns]
        chosen = songs[columns]
        shares = durations_s[columns] / problem.length_s
        middles = ends_s / problem.length_s - shares / 2
        off = problem.places[chosen] - problem.route.at(middles)
        weights = problem.weights
        level = weights.near * (off**2).sum(axis=1) + problem.handicaps[chosen]
        same = (layer.artists[rows] == problem.artists[chosen][:, None]) & known[columns, None]
        level += weights.repeat * (same / np.arange(1, REACH + 1)).sum(axis=1)
        costs = layer.costs[rows] + shares * level
        if layer.first_id >= 0:
            before = problem.durations_s[layer.songs[rows]] / problem.length_s
            step = ((off - layer.off[rows]) ** 2).sum(axis=1)
            costs += weights.step * (before + shares) / 2 * step
        self._end(layer, rows, chosen, ends_s, costs)
        self._wait(_Children(layer, rows, chosen, ends_s, costs, off), bucket)

    def _branches(self, layer: _Layer, now_s: float) -> IntArray:
        """Give the best songs of the moment that many of a layer's playlists can still take."""
        songs = self._shortlist.at(now_s + self._usual_s / 2)
        n_open = (~layer.blocked[:, songs]).sum(axis=0)
        is_wanted = n_open > len(layer.songs) // 4
        wanted = songs[is_wanted][:_N_BRANCHES]
        if len(wanted) < _N_BRANCHES:
            others = songs[~is_wanted & (n_open > 0)]
            wanted = np.concatenate([wanted, others[: _N_BRANCHES - len(wanted)]])
        return np.asarray(wanted, np.int64)

    def _end(
        self,
        layer: _Layer,
        rows: IntArray,
        songs: IntArray,
        ends_s: Float64Array,
        costs: Float64Array,
    ) -> None:
        """Note which of these playlists are long enough."""
        problem = self._problem
        nearest = int(np.argmin(np.abs(ends_s - problem.length_s)))
        if abs(ends_s[nearest] - problem.length_s) < abs(self._nearest_s - problem.length_s):
            self._nearest_s = float(ends_s[nearest])
        places = np.flatnonzero(ends_s >= problem.shortest_s)
        if not len(places):
            return
        excess = (ends_s[places] - problem.length_s) / problem.tolerance_s
        total = costs[places] + problem.weights.length * excess**2
        for place in np.argsort(total, kind="stable")[:_N_BEST]:
            row, song = int(rows[places[place]]), int(songs[places[place]])
            number = layer.first_id + row if layer.first_id >= 0 else -1
            self._ended.append((float(total[place]), number, song))

    def _wait(self, children: _Children, bucket: int) -> None:
        """Put partial playlists where they are looked at next, by their ends."""
        # The next bucket at the earliest: a song may be shorter than a bucket is.
        buckets = np.maximum((children.ends_s / self._bucket_s).astype(np.int64), bucket + 1)
        order = np.argsort(buckets, kind="stable")
        starts = np.flatnonzero(np.diff(buckets[order], prepend=-2))
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            part = order[start:end]
            each = _Children(
                children.parents,
                children.rows[part],
                children.songs[part],
                children.ends_s[part],
                children.costs[part],
                children.off[part],
            )
            self._waiting.setdefault(int(buckets[part[0]]), []).append(each)

    # ------------------------------------------------------------------ thinning out

    def _kept(self, waiting: list[_Children]) -> _Layer:
        """Keep the cheapest of a bucket, few of which end on the same song."""
        problem = self._problem
        costs = np.concatenate([each.costs for each in waiting])
        songs = np.concatenate([each.songs for each in waiting])
        groups = np.repeat(np.arange(len(waiting)), [len(each.costs) for each in waiting])
        offsets = np.concatenate([np.arange(len(each.costs)) for each in waiting])
        n_ending: Counter[int] = Counter()
        kept: list[int] = []
        for place in np.argsort(costs, kind="stable"):
            song = int(songs[place])
            if n_ending[song] < _SAME_END:
                n_ending[song] += 1
                kept.append(int(place))
                if len(kept) == self._width:
                    break
        first_id = len(self._songs)
        blocked = np.empty((len(kept), len(problem)), np.bool_)
        artists = np.empty((len(kept), REACH), np.int64)
        for number, place in enumerate(kept):
            each, offset = waiting[groups[place]], offsets[place]
            parents, row, song = each.parents, int(each.rows[offset]), int(each.songs[offset])
            np.logical_or(parents.blocked[row], problem.clashes[song], out=blocked[number])
            artists[number, 0] = problem.artists[song]
            artists[number, 1:] = parents.artists[row, :-1]
            self._songs.append(song)
            self._parents.append(parents.first_id + row if parents.first_id >= 0 else -1)
        ends_s = np.concatenate([each.ends_s for each in waiting])
        off = np.concatenate([each.off for each in waiting])
        return _Layer(first_id, songs[kept], ends_s[kept], costs[kept], off[kept], artists, blocked)

    def _playlists(self) -> Iterator[IntArray]:
        for _, number, song in self._ended[:_N_BEST]:
            playlist = [song]
            while number >= 0:
                playlist.append(self._songs[number])
                number = self._parents[number]
            yield np.asarray(playlist[::-1], np.int64)
