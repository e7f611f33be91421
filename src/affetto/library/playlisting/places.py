"""Where on the mood map words, songs and quadrants lie, in this library.

A mood is where the songs are that have most of it: the mean place of the twentieth of the
library with the highest scores in its tag. So a way from tense to peaceful begins with what is
tense in this library and ends with what is peaceful in it, whichever tags its bundle has and
however much of the map its songs cover.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from affetto.bundles import Bundle
from affetto.core import QUADRANTS, Quadrant
from affetto.errors import BadConfig, UnknownName
from affetto.library.database import Library, StoredBundle, StoredTag
from affetto.library.names import TagNames, quadrant_named
from affetto.library.neighbors import seed_of
from affetto.library.playlisting.route import Float64Array

SHARE, FEWEST, MOST = 0.05, 3, 200  # songs that say where a mood is
NARROWEST = 0.02  # a spread below this is noise, and would make the axis count for too much

_CENTERS: dict[Quadrant, tuple[float, float]] = {
    "Q1": (0.5, 0.5),
    "Q2": (-0.5, 0.5),
    "Q3": (-0.5, -0.5),
    "Q4": (0.5, -0.5),
}
_COORDINATES = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*,\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*")
_OF_BUNDLE = (
    "FROM results JOIN files ON files.id = results.file_id"
    " WHERE bundle_id = ? AND status = 'ok' AND missing_since IS NULL"
)


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A place of the mood map that has a name."""

    name: str
    valence: float
    arousal: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "valence": round(self.valence, 4),
            "arousal": round(self.arousal, 4),
        }


class MoodMap:
    """The mood map of a library by one bundle; `scorer` is that bundle if it is loaded already."""

    def __init__(
        self, library: Library, bundle: StoredBundle, scorer: Bundle | None = None
    ) -> None:
        self._library = library
        self._bundle = bundle
        self._scorer = scorer
        self._names = TagNames(bundle)
        rows = library.connection.rows(f"SELECT valence, arousal {_OF_BUNDLE}", (bundle.id,))
        places = np.array(list(rows), np.float64).reshape(-1, 2)
        self.n_songs = len(places)
        spread = places.std(axis=0) if len(places) else np.ones(2)
        self.spread: Float64Array = np.maximum(spread, NARROWEST)

    def find(self, text: str) -> Waypoint:
        """Give the place of `-0.5,0.6`, of a mood, of a quadrant, or of a song.

        A song is a file or the number of one in the library, as `search --like` takes it.
        Raises: BadConfig beyond the map; UnknownName; what `neighbors.seed_of` raises.
        """
        coordinates = _COORDINATES.fullmatch(text)
        if coordinates is not None:
            valence, arousal = (float(number) for number in coordinates.groups())
            if max(abs(valence), abs(arousal)) > 1:
                raise BadConfig(
                    f"{text.strip()} is beyond the mood map", "valence and arousal are from -1 to 1"
                )
            return Waypoint(text.strip(), valence, arousal)
        quadrant = quadrant_named(text)
        if quadrant is not None:
            return Waypoint(quadrant, *_CENTERS[quadrant])
        tag = self._names.tag(text)
        if tag is not None:
            return self._of_tag(text, tag)
        if text.isdecimal() or os.path.lexists(text) or self._library.track(text) is not None:
            seed = seed_of(self._library, text, self._bundle, self._scorer)
            return Waypoint(os.path.basename(seed.path), seed.valence, seed.arousal)  # noqa: PTH119
        near = self._names.near(text, QUADRANTS)
        guess = "" if near is None else f"did you mean {near}? "
        raise UnknownName(
            f"there is no mood and no song named {text!r}",
            f"{guess}a place is a mood, a song, or valence and arousal such as -0.5,0.6",
        )

    def _of_tag(self, name: str, tag: StoredTag) -> Waypoint:
        n_songs = min(max(round(SHARE * self.n_songs), FEWEST), MOST)
        rows = self._library.connection.rows(
            "SELECT valence, arousal FROM scores JOIN results USING (file_id) JOIN files"
            " ON files.id = file_id WHERE tag_id = ? AND bundle_id = ? AND status = 'ok'"
            " AND missing_since IS NULL ORDER BY score DESC, file_id LIMIT ?",
            (tag.id, self._bundle.id, n_songs),
        )
        places = np.array(list(rows), np.float64).reshape(-1, 2)
        valence, arousal = places.mean(axis=0) if len(places) else (0.0, 0.0)
        return Waypoint(name, float(valence), float(arousal))
