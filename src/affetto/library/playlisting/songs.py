"""A library's songs as columns, and which of them are the same or nearly so.

Songs are the same if their sound is (its hash), or if title and artist are; of these only the
first is kept. They are nearly the same if they sound alike to the network and are equally long.
Of 200 clips of 20 s the most alike of all pairs had a cosine of 0.994, and 50 copies of some of
them that MP3 and AAC had gone through had one of 0.9956 at least with their originals: the
limit lies between. As many pairs of a large library will pass it by chance, the length must
agree too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from affetto.core import BoolArray, FloatArray, IntArray, frozen
from affetto.library.database import Embeddings, Track
from affetto.library.folding import folded
from affetto.library.playlisting.problem import NO_ARTIST
from affetto.library.playlisting.route import Float64Array

ALIKE_COSINE = 0.995
ALIKE_S = 3.0  # seconds by which the lengths of two copies differ at most

_GUESTS = re.compile(r"\s*[(\[]?\b(?:feat|ft|featuring)\b.*", re.IGNORECASE)
_REMASTERED = re.compile(r"\s*(?:[(\[][^)\]]*\bremaster[^)\]]*[)\]]|-[^-]*\bremaster.*$)", re.I)
_NOBODY = frozenset(
    folded(name) for name in ("", "unknown", "unknown artist", "various", "various artists")
)
_BLOCK = 2_000  # rows of the matrix of cosines at once: all of it may be some hundred MB


@dataclass(frozen=True, slots=True, eq=False)
class Songs:
    """Songs as columns, a row for each of `tracks`.

    `places` (n_songs, 2) are valence and arousal in spreads, `durations_s` and `artists`
    (n_songs,), `directions` (n_songs, n_dims) the embeddings at unit length, zero where there
    is none.
    """

    tracks: tuple[Track, ...]
    places: Float64Array
    durations_s: Float64Array
    artists: IntArray
    directions: FloatArray

    @classmethod
    def of(cls, tracks: Iterable[Track], embeddings: Embeddings, spread: Float64Array) -> Songs:
        """Make columns of tracks; `spread` (2,) is the unit of each axis."""
        kept = tuple(tracks)
        places = np.array([(track.valence, track.arousal) for track in kept]).reshape(-1, 2)
        numbers: dict[bytes, int] = {}
        keys = [artist_key(track.artist) for track in kept]
        artists = [
            NO_ARTIST if key is None else numbers.setdefault(key, len(numbers)) for key in keys
        ]
        return cls(
            tracks=kept,
            places=frozen(places / spread, np.float64),
            durations_s=frozen([track.duration_s for track in kept], np.float64),
            artists=frozen(artists, np.int64),
            directions=_directions(kept, embeddings),
        )

    def __len__(self) -> int:
        return len(self.tracks)

    def clashes(self, rows: IntArray) -> BoolArray:
        """Say which of some songs are nearly the same, (n_rows, n_rows); each is so with itself."""
        durations_s = self.durations_s[rows]
        found = np.eye(len(rows), dtype=np.bool_)
        directions = self.directions[rows]
        for first in range(0, len(rows), _BLOCK):
            block = slice(first, first + _BLOCK)
            is_as_long = np.abs(durations_s[block, None] - durations_s) <= ALIKE_S
            found[block] |= is_as_long & (directions[block] @ directions.T >= ALIKE_COSINE)
        return found

    def unlikeness(self, seeds: Iterable[FloatArray]) -> Float64Array:
        """Give 1 less the cosine with the embedding that a song is most like, (n_songs,)."""
        nearest = np.full(len(self), -1.0)
        for seed in seeds:
            length = float(np.linalg.norm(seed)) or 1.0
            if self.directions.shape[1] == len(seed):
                nearest = np.maximum(nearest, self.directions @ (seed / length))
        return np.asarray(np.clip(1 - nearest, 0, 2), np.float64)


def distinct(tracks: Iterable[Track]) -> list[Track]:
    """Leave out songs whose sound, or whose title and artist, one before has."""
    seen: set[object] = set()
    kept = []
    for track in tracks:
        keys = [key for key in (track.audio_sha256, recording_key(track)) if key]
        if seen.isdisjoint(keys):
            kept.append(track)
        seen.update(keys)
    return kept


def artist_key(artist: str | None) -> bytes | None:
    """Give what an artist is compared by: the first of several, without guests; None if unknown."""
    if artist is None:
        return None
    key = folded(_GUESTS.sub("", artist.split(";")[0]).strip())
    return None if key in _NOBODY else key


def recording_key(track: Track) -> tuple[bytes, bytes] | None:
    """Give what tells a song by its title and artist, or None if they are not both known."""
    artist = artist_key(track.artist)
    title = folded(_GUESTS.sub("", _REMASTERED.sub("", track.title or "")).strip())
    return None if artist is None or not title else (artist, title)


def _directions(tracks: tuple[Track, ...], embeddings: Embeddings) -> FloatArray:
    values = embeddings.values
    found = np.zeros((len(tracks), values.shape[1] if len(values) else 0), np.float32)
    if len(values) and tracks:
        file_ids = np.array([track.id for track in tracks])
        places = np.searchsorted(embeddings.file_ids, file_ids)
        places[places == len(values)] = 0
        is_there = embeddings.file_ids[places] == file_ids
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        units = values / np.where(lengths > 0, lengths, 1)
        found[is_there] = units[places[is_there]]
    return np.asarray(frozen(found))
