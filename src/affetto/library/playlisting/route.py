"""A way over the mood map: straight lines between places, gone at one speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affetto.core import frozen

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """Straight lines through `corners` (n_corners, 2), of which there is at least one."""

    corners: Float64Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "corners", frozen(self.corners, np.float64))

    @property
    def length(self) -> float:
        return float(np.linalg.norm(np.diff(self.corners, axis=0), axis=1).sum())

    def at(self, shares: npt.ArrayLike) -> Float64Array:
        """Give the places (..., 2) after these shares (...) of the way; beyond its ends, the ends.

        >>> Route([[0, 0], [3, 0], [3, 1]]).at([0.0, 0.5, 0.75, 1.0]).tolist()
        [[0.0, 0.0], [2.0, 0.0], [3.0, 0.0], [3.0, 1.0]]
        """
        steps = np.linalg.norm(np.diff(self.corners, axis=0), axis=1)
        walked = np.concatenate([[0.0], np.cumsum(steps)])
        way = np.asarray(shares, np.float64) * walked[-1]
        valence, arousal = (np.interp(way, walked, column) for column in self.corners.T)
        return np.stack([valence, arousal], axis=-1)
