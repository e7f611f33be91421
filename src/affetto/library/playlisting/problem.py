"""What a playlist shall be, as a formula, and the songs that it can be made of.

A playlist is a sequence s_1 ... s_n of songs. Song i lasts d_i seconds, lies at the place x_i and
has its middle m_i seconds after the start; the route is at p(m_i / L) then, where L is the
wanted length, so that e_i = x_i - p(m_i / L) is how far the music is off the route. Of all
playlists without two songs that clash, with no artist twice in a row, and with a length
T = d_1 + ... + d_n within the tolerance t of L, the one is wanted with the smallest

    J =  sum_i d_i/L (near |e_i|^2 + c_i + repeat r_i)
       + step sum_{i>1} (d_{i-1} + d_i)/(2 L) |e_i - e_{i-1}|^2
       + length ((T - L) / t)^2

The first sum is the mean over time of the squared distance to the route, of the handicap c_i
that a song has of its own (it sounds unlike the seeds; it drew a bad lot), and of the artist's
return: r_i = sum of 1/g over the songs g = 1 ... 4 places before that are the same artist's. The
second is the mean squared step beyond the route's own, so that the music neither jumps nor
stands still; where no route is wanted (`near` 0, the route one point) it is the step itself.
The weights `near`, `step`, `repeat`, `length` are ours, chosen so that a song next to the route
is preferred to a smooth row beside it; distances are in the spreads of the library's songs.

Finding the best is as hard as the orienteering problem (B. Golden, L. Levy, R. Vohra, "The
orienteering problem", Naval Research Logistics 34, 1987), of which it is a kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affetto.core import BoolArray, IntArray, frozen
from affetto.library.playlisting.route import Float64Array, Route

NO_ARTIST = -1  # an artist that is not known is nobody's
REACH = 4  # songs back in which the return of an artist is seen
FORBIDDEN = 1_000.0  # what breaking a rule once costs: more than any playlist that keeps them


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part of the objective counts; see this module's formula."""

    near: float = 1.0
    step: float = 0.5
    repeat: float = 0.05
    length: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The songs in question, a row for each, and what is wanted of a playlist of them.

    Shapes: places (n_songs, 2), clashes (n_songs, n_songs) with a diagonal of True, the others
    (n_songs,). `artists` are numbers, `NO_ARTIST` if unknown; `may_repeat` lets an artist follow
    itself.
    """

    places: Float64Array
    durations_s: Float64Array
    artists: IntArray
    handicaps: Float64Array
    clashes: BoolArray
    route: Route
    length_s: float
    tolerance_s: float
    weights: Weights = Weights()
    may_repeat: bool = False

    def __post_init__(self) -> None:
        for name in ("places", "durations_s", "handicaps"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        object.__setattr__(self, "artists", frozen(self.artists, np.int64))
        object.__setattr__(self, "clashes", frozen(self.clashes, np.bool_))

    def __len__(self) -> int:
        return len(self.durations_s)

    @property
    def shortest_s(self) -> float:
        return self.length_s - self.tolerance_s

    @property
    def longest_s(self) -> float:
        return self.length_s + self.tolerance_s

    def cost(self, playlists: npt.ArrayLike) -> Float64Array:
        """Give the objective (n_playlists,) of playlists (n_playlists, n) of one size.

        A broken rule of order or length costs `FORBIDDEN`, and more the worse it is; whether
        songs clash is not looked at.
        """
        rows = np.asarray(playlists, np.int64)
        return self.flow(rows) + self.length_cost(self.durations_s[rows].sum(axis=1))

    def flow(self, parts: IntArray, begins_s: float = 0.0) -> Float64Array:
        """Give both sums of the objective (n_parts,) over parts of playlists, (n_parts, n).

        A part begins `begins_s` seconds after its playlist; what comes before it is not
        looked at.
        """
        durations_s = self.durations_s[parts]
        ends_s = begins_s + np.cumsum(durations_s, axis=1)
        shares = durations_s / self.length_s
        off = self.places[parts] - self.route.at((ends_s - durations_s / 2) / self.length_s)
        returns, n_in_a_row = self._returns(parts)
        level = self.weights.near * _squared(off) + self.handicaps[parts]
        cost = (shares * (level + self.weights.repeat * returns)).sum(axis=1)
        if parts.shape[1] > 1:
            between = (shares[:, 1:] + shares[:, :-1]) / 2
            cost += self.weights.step * (between * _squared(np.diff(off, axis=1))).sum(axis=1)
        if not self.may_repeat:
            cost += FORBIDDEN * n_in_a_row
        return np.asarray(cost, np.float64)

    def length_cost(self, total_s: npt.ArrayLike) -> Float64Array:
        """Give what the objective adds for playlists' lengths (...) in seconds."""
        off_s = np.abs(np.asarray(total_s, np.float64) - self.length_s)
        excess_s = off_s - self.tolerance_s
        too_much = np.where(excess_s > 1e-6, 1 + excess_s / self.length_s, 0)
        return np.asarray(
            self.weights.length * (off_s / self.tolerance_s) ** 2 + FORBIDDEN * too_much
        )

    def _returns(self, rows: IntArray) -> tuple[Float64Array, IntArray]:
        """Give r_i (n_playlists, n), and how often an artist follows itself (n_playlists,)."""
        artists = self.artists[rows]
        returns = np.zeros(rows.shape)
        n_in_a_row = np.zeros(len(rows), np.int64)
        for back in range(1, min(REACH, rows.shape[1] - 1) + 1):
            later = artists[:, back:]
            is_same = (later == artists[:, :-back]) & (later != NO_ARTIST)
            returns[:, back:] += is_same / back
            if back == 1:
                n_in_a_row = is_same.sum(axis=1)
        return returns, n_in_a_row


def _squared(vectors: Float64Array) -> Float64Array:
    return np.asarray(vectors[..., 0] ** 2 + vectors[..., 1] ** 2, np.float64)
