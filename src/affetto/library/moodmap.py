"""A library summed up: how many songs, which moods, and where they lie on the mood map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.core import QUADRANTS, FloatArray, IntArray, Quadrant, frozen
from affetto.library.database import Library, StoredTag, Track
from affetto.library.names import TagNames
from affetto.library.query import parse
from affetto.library.searching import matching, scores_of, stale

Counts = npt.NDArray[np.int64]

LEAST_REACH = 0.2  # of the map: less would blow differences up that mean nothing
N_CELLS = 20  # a side, in what programs get


@dataclass(frozen=True, slots=True)
class TagShare:
    """How often songs have a tag, and its mean score."""

    tag: StoredTag
    n_songs: int
    mean: float


@dataclass(frozen=True, slots=True, eq=False)
class MoodMap:
    """What is to be said about the songs of a library, or about those that a query finds.

    `places` (n_songs, 2) are valence and arousal, in the order of `tracks`. `n_failed`,
    `n_missing` and `stale` tell of the whole library: files that could not be scored, songs
    whose file is gone, and songs that only other bundles have scored, by their titles.
    """

    bundle: str
    query: str
    tracks: tuple[Track, ...]
    places: FloatArray
    tags: tuple[TagShare, ...]
    n_failed: int
    n_missing: int
    stale: Mapping[str, int]

    @property
    def duration_s(self) -> float:
        return sum(track.duration_s for track in self.tracks)

    @property
    def quadrants(self) -> dict[Quadrant, int]:
        """How many songs lie in each quadrant."""
        found = Counter(track.quadrant for track in self.tracks)
        return {quadrant: found[quadrant] for quadrant in QUADRANTS}

    @property
    def reach(self) -> float:
        """How far the map must reach from its center on all sides, in tenths."""
        if not len(self.places):
            return 1.0
        farthest = float(np.abs(self.places).max())
        return min(1.0, max(LEAST_REACH, float(np.ceil(farthest * 10 - 1e-6)) / 10))

    def counts(self, n_columns: int, n_rows: int) -> Counts:
        """Count the songs in the cells of the map (n_rows, n_columns), the top row first.

        Columns go along valence, rows from the highest arousal down, both over `reach`.
        """
        reach = self.reach
        edges = (np.linspace(-reach, reach, n + 1) for n in (n_rows, n_columns))
        # In float32 a place on the very edge can be rounded to one beyond it, and is not counted.
        inside = np.clip(self.places.astype(np.float64), -reach, reach)
        counted, *_ = np.histogram2d(inside[:, 1], inside[:, 0], bins=list(edges))
        return counted[::-1].astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values; shares are of the songs, quartiles of their values."""
        n_songs = len(self.tracks)
        return {
            "bundle": self.bundle,
            "query": self.query,
            "songs": n_songs,
            "failed": self.n_failed,
            "missing": self.n_missing,
            "stale": dict(self.stale),
            "duration_s": round(self.duration_s, 1),
            "artists": len({track.artist for track in self.tracks} - {None}),
            "albums": len({track.album for track in self.tracks} - {None}),
            "quadrants": {
                name: {"songs": n, "share": _share(n, n_songs)}
                for name, n in self.quadrants.items()
            },
            "valence": _quartiles(self.places[:, 0]),
            "arousal": _quartiles(self.places[:, 1]),
            "tags": {
                each.tag.tag: {
                    "songs": each.n_songs,
                    "share": _share(each.n_songs, n_songs),
                    "mean": round(each.mean, 4) if n_songs else None,
                    "threshold": each.tag.threshold,
                }
                for each in self.tags
            },
            "map": {"reach": self.reach, "counts": self.counts(N_CELLS, N_CELLS).tolist()},
        }


def mood_map(library: Library, query: str = "") -> MoodMap:
    """Sum up a library, or what a query finds in it. Raises: LibraryError; QueryInvalid."""
    bundle = library.bundle()
    file_ids: IntArray = matching(library, parse(query, TagNames(bundle)), bundle)
    tracks = tuple(library.tracks(file_ids.tolist(), bundle=bundle))
    scores = scores_of(library, bundle, file_ids)
    shares = [
        TagShare(tag, int((column >= np.float32(tag.threshold)).sum()), _mean(column))
        for tag, column in zip(scores.tags, scores.values.T, strict=True)
        if tag.is_main
    ]
    places = frozen([(track.valence, track.arousal) for track in tracks]).reshape(-1, 2)
    return MoodMap(
        bundle=bundle.title,
        query=query,
        tracks=tracks,
        places=places,
        tags=tuple(sorted(shares, key=lambda share: (-share.n_songs, -share.mean))),
        n_failed=library.count("failed", bundle=bundle),
        n_missing=library.count("missing", bundle=bundle),
        stale=stale(library, bundle),
    )


def _mean(values: FloatArray) -> float:
    return float(values.mean(dtype=np.float64)) if len(values) else 0.0


def _share(n: int, n_songs: int) -> float:
    return round(n / n_songs, 4) if n_songs else 0.0


def _quartiles(values: FloatArray) -> dict[str, float] | None:
    if not len(values):
        return None
    names = ("lowest", "quartile1", "median", "quartile3", "highest")
    found = np.quantile(values.astype(np.float64), (0, 0.25, 0.5, 0.75, 1)).tolist()
    return {name: round(value, 4) for name, value in zip(names, found, strict=True)}
