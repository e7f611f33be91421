"""From a problem to a playlist: the best that the beam and greed give, improved."""

from __future__ import annotations

from dataclasses import dataclass

from affetto.core import IntArray
from affetto.library.playlisting.beam import search
from affetto.library.playlisting.greedy import nearest_first
from affetto.library.playlisting.improve import improve
from affetto.library.playlisting.problem import FORBIDDEN, Problem
from affetto.library.playlisting.shortlist import Shortlist

_WIDTHS = (64, 256)  # the second only if the first finds nothing
_MOST_IMPROVED = 6
_SONGS_IMPROVED = 120  # in all of these playlists together: the work is for the songs


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A playlist (n,) of a problem's songs and its cost; `playlist` is None if none was found.

    `nearest_s` is then the length that came nearest to the wanted one.
    """

    playlist: IntArray | None
    cost: float
    nearest_s: float


def solve(problem: Problem) -> Solution:
    """Give the best playlist that is found: all rules kept, the objective small."""
    if not len(problem):
        return Solution(None, FORBIDDEN, 0.0)
    shortlist = Shortlist.of(problem)
    for width in _WIDTHS:
        found = search(problem, shortlist, width)
        if found.playlists:
            break
    starts = [each for each in (*found.playlists, nearest_first(problem)) if len(each)]
    starts.sort(key=lambda each: float(problem.cost(each[None])[0]))
    n_improved = min(max(_SONGS_IMPROVED // max(map(len, starts), default=1), 1), _MOST_IMPROVED)
    best, cost = None, FORBIDDEN
    for start in starts[:n_improved]:
        improved, its_cost = improve(problem, shortlist, start)
        if its_cost < cost:
            best, cost = improved, its_cost
    return Solution(best, cost, found.nearest_s)
