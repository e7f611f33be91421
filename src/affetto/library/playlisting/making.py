"""Making a playlist: from options to a problem, and from its answer to songs with their places.

    from affetto.library import playlist

    made = playlist(from_="tense", to="peaceful", minutes=60)
    for track in made.tracks:
        print(track.artist, track.title)

There are three kinds, which can be combined: songs that a search finds, songs along a route
over the mood map, songs like others. With a length wanted it is a problem (`problem.py`) of
choosing and ordering; without one, all songs that the search finds are put in an order with
small steps (`ordering.py`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from affetto.audio import display
from affetto.core import IntArray, Notice
from affetto.errors import BadConfig
from affetto.library.database import Library, StoredBundle, Track
from affetto.library.names import TagNames
from affetto.library.neighbors import seed_of
from affetto.library.playlisting import ordering
from affetto.library.playlisting.places import MoodMap, Waypoint
from affetto.library.playlisting.problem import NO_ARTIST, Problem, Weights
from affetto.library.playlisting.route import Float64Array, Route
from affetto.library.playlisting.shortlist import in_question
from affetto.library.playlisting.solving import solve
from affetto.library.playlisting.songs import Songs, distinct
from affetto.library.query import parse
from affetto.library.searching import bundle_of, matching
from affetto.writers.playlists.base import Entry, Listing

SCHEMA_VERSION = 1
DEFAULT_MINUTES = 60.0
MAX_MINUTES = 1_440.0
TOLERANCE_S, TOLERANCE_SHARE = 60.0, 0.02  # of the wanted length: whichever is more

_LOT, _LEAST_LOT, _MOST_LOT = 20.0, 0.005, 0.1  # mean handicap that a seed gives, times songs
_MATCH = 0.5  # handicap of a search's last song, where nothing else says what is better


@dataclass(frozen=True, slots=True, eq=False)
class Playlist:
    """Songs in order, and what was asked for.

    `route` are the places that the way leads through, in order, none where no way was asked
    for; `wanted` (n_tracks, 2) is where it is at each song's middle, valence and arousal, or
    None. `length_s` and `tolerance_s` are None where all songs of a search were taken.
    """

    bundle: StoredBundle
    tracks: tuple[Track, ...]
    length_s: float | None = None
    tolerance_s: float | None = None
    route: tuple[Waypoint, ...] = ()
    wanted: Float64Array | None = None
    notices: tuple[Notice, ...] = ()

    def __len__(self) -> int:
        return len(self.tracks)

    @property
    def total_s(self) -> float:
        return math.fsum(track.duration_s for track in self.tracks)

    def listing(self, title: str = "affetto", folder: Path | None = None) -> Listing:
        """Give what `writers.playlists` writes; paths are relative to `folder` if it is given."""
        return Listing(title, tuple(map(_entry, self.tracks)), folder)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values; odd bytes of paths are lone surrogates."""
        return {
            "schema_version": SCHEMA_VERSION,
            "bundle": self.bundle.title,
            "total_s": round(self.total_s, 3),
            "length_s": self.length_s,
            "tolerance_s": self.tolerance_s,
            "route": [each.to_dict() for each in self.route],
            "tracks": [self._track(number) for number in range(len(self))],
            "notices": [{"code": each.code, "message": each.message} for each in self.notices],
        }

    def _track(self, number: int) -> dict[str, Any]:
        track = self.tracks[number]
        plain: dict[str, Any] = {
            "id": track.id,
            "path": os.fspath(track.path),
            "title": track.title,
            "artist": track.artist,
            "album": track.album,
            "duration_s": round(track.duration_s, 3),
            "valence": round(track.valence, 4),
            "arousal": round(track.arousal, 4),
        }
        if self.wanted is not None:
            valence, arousal = self.wanted[number].tolist()
            plain |= {"wanted_valence": round(valence, 4), "wanted_arousal": round(arousal, 4)}
        return plain


def playlist(
    query: str = "",
    *,
    db: Library | str | os.PathLike[str] | None = None,
    from_: str | None = None,
    via: Iterable[str] = (),
    to: str | None = None,
    like: Iterable[str | os.PathLike[str]] = (),
    minutes: float | None = None,
    tolerance: float | None = None,
    seed: int | None = None,
    limit: int | None = None,
    repeat_artists: bool = False,
    bundle: str | os.PathLike[str] | None = None,
) -> Playlist:
    """Make a playlist of a library's songs.

    `query` is a search (`affetto.library.search`), whose songs alone are taken. `from_`, `via`
    and `to` are places of the mood map (`places.MoodMap.find`) that the music moves through; with
    `from_` alone it stays there. `like` are songs that it shall be like. `minutes` is the
    wanted length, by default 60; a search alone is taken whole, at most `limit` songs of it.
    `tolerance` is by how many minutes the length may differ, by default 1 or 2 % of the length,
    whichever is more. Each `seed` gives another playlist, and always the same; none the best.
    No artist follows itself unless `repeat_artists`, and no two songs are nearly the same.
    Raises: LibraryError; QueryInvalid; UnknownName; BadConfig for what does not go together and
    for what the library's songs cannot give; what `neighbors.seed_of` raises for a song.
    """
    stops = [] if from_ is None else [from_, *via, *([] if to is None else [to])]
    if from_ is None and (to is not None or tuple(via)):
        raise BadConfig("the way has an end but no beginning", "add --from")
    likes = tuple(like)
    if not (query.strip() or stops or likes):
        raise BadConfig(
            "nothing says what the playlist shall be",
            "give a search, --from and --to, or --like",
        )
    if minutes is None and (stops or likes):
        minutes = DEFAULT_MINUTES
    _check(minutes, tolerance, limit)
    with nullcontext(db) if isinstance(db, Library) else Library.open(db) as library:
        stored, scorer = bundle_of(library, bundle)
        mood_map = MoodMap(library, stored, scorer)
        asked = parse(query, TagNames(stored))
        route = tuple(mood_map.find(stop) for stop in stops)
        seeds = [seed_of(library, each, stored, scorer) for each in likes]
        file_ids = matching(library, asked, stored, "match")[:limit]
        tracks = distinct(library.tracks(file_ids.tolist(), bundle=stored))
        if not tracks:
            raise BadConfig(
                f"no song of the {mood_map.n_songs:,} in the library fits", "ask for something else"
            )
        songs = Songs.of(tracks, library.embeddings(bundle=stored), mood_map.spread)
        if minutes is None:
            return _whole(stored, songs, repeat_artists)
        handicaps = np.zeros(len(songs))
        if seeds:
            handicaps += songs.unlikeness(each.embedding for each in seeds)
        elif not route:
            handicaps += _MATCH * np.arange(len(songs)) / len(songs)
        if seed is not None:
            # About a squared distance at which a handful of others lie: seeds choose among these.
            mean = min(max(_LOT / len(songs), _LEAST_LOT), _MOST_LOT)
            handicaps += mean * _lots(songs.tracks, seed)
        length_s = 60 * minutes
        tolerance_s = (
            max(TOLERANCE_S, TOLERANCE_SHARE * length_s) if tolerance is None else 60 * tolerance
        )
        return _chosen(
            stored, songs, handicaps, route, mood_map.spread, length_s, tolerance_s, repeat_artists
        )


def _check(minutes: float | None, tolerance: float | None, limit: int | None) -> None:
    if minutes is not None and not 0 < minutes <= MAX_MINUTES:
        raise BadConfig(f"{minutes:g} minutes are no length", f"ask for 1 to {MAX_MINUTES:g}")
    if tolerance is not None and not 0 < tolerance < math.inf:
        raise BadConfig(f"{tolerance:g} minutes are no tolerance", "ask for 0.1 or more")
    if tolerance is not None and minutes is None:
        raise BadConfig("there is no length that a tolerance could be for", "add --minutes")
    if limit is not None and limit < 1:
        raise BadConfig(f"the limit must be at least 1, not {limit}")


def _whole(bundle: StoredBundle, songs: Songs, may_repeat: bool) -> Playlist:
    """Give all of these songs, in an order with small steps."""
    if len(songs) > ordering.MAX_SONGS:
        raise BadConfig(
            f"{len(songs):,} songs are too many for one playlist, which takes "
            f"{ordering.MAX_SONGS:,}",
            "add --minutes or --limit, or search for less",
        )
    rows = _without_copies(songs)
    steps = ordering.Steps(songs.places[rows], songs.artists[rows], may_repeat)
    order = rows[ordering.in_small_steps(steps)]
    artists = songs.artists[order]
    n_repeats = int(((artists[1:] == artists[:-1]) & (artists[1:] != NO_ARTIST)).sum())
    notices = []
    if n_repeats and not may_repeat:
        times = "once" if n_repeats == 1 else f"{n_repeats:,} times"
        message = f"an artist comes twice in a row {times}: too many songs are by one"
        notices.append(Notice("artist-repeats", message))
    return Playlist(bundle, tuple(songs.tracks[row] for row in order), notices=tuple(notices))


def _without_copies(songs: Songs) -> IntArray:
    """Give the rows of songs that are not nearly the same as one before."""
    clashes = songs.clashes(np.arange(len(songs)))
    is_kept = np.ones(len(songs), np.bool_)
    for row in np.flatnonzero(np.triu(clashes, 1).any(axis=1)):
        if is_kept[row]:
            is_kept[row + 1 :] &= ~clashes[row, row + 1 :]
    return np.asarray(np.flatnonzero(is_kept), np.int64)


def pose(
    songs: Songs,
    handicaps: Float64Array,
    way: Route,
    near: float,
    length_s: float,
    tolerance_s: float,
    may_repeat: bool = False,
) -> tuple[IntArray, Problem]:
    """Give the rows of the songs that come into question, and the problem made of them.

    `handicaps` (n_songs,) are those of the objective, `near` is its weight of that name.
    Raises: BadConfig if all songs together are too short, or each too long.
    """
    rows = np.flatnonzero((songs.durations_s > 0) & (songs.durations_s <= length_s + tolerance_s))
    total_s = float(songs.durations_s[rows].sum())
    if not len(rows):
        raise BadConfig(
            f"every song lasts longer than the {_minutes(length_s)} wanted",
            "ask for more --minutes",
        )
    if total_s < length_s - tolerance_s:
        raise BadConfig(
            f"the {_n_songs(len(rows))} that fit last {_minutes(total_s)}, and "
            f"{_minutes(length_s)} are wanted",
            "ask for fewer --minutes, or for more songs",
        )
    rows = rows[
        in_question(
            songs.places[rows],
            songs.artists[rows],
            handicaps[rows],
            songs.durations_s[rows],
            way,
            near,
            length_s,
        )
    ]
    problem = Problem(
        places=songs.places[rows],
        durations_s=songs.durations_s[rows],
        artists=songs.artists[rows],
        handicaps=handicaps[rows],
        clashes=songs.clashes(rows),
        route=way,
        length_s=length_s,
        tolerance_s=tolerance_s,
        weights=Weights(near=near),
        may_repeat=may_repeat,
    )
    return rows, problem


def _chosen(
    bundle: StoredBundle,
    songs: Songs,
    handicaps: Float64Array,
    route: Sequence[Waypoint],
    spread: Float64Array,
    length_s: float,
    tolerance_s: float,
    may_repeat: bool,
) -> Playlist:
    """Choose songs for a length, and order them."""
    corners = np.array([(each.valence, each.arousal) for each in route] or [(0.0, 0.0)]) / spread
    way, near = Route(corners), 1.0 if route else 0.0
    rows, problem = pose(songs, handicaps, way, near, length_s, tolerance_s, may_repeat)
    solution = solve(problem)
    if solution.playlist is None:
        raise BadConfig(
            f"no playlist of {_minutes(length_s)} (give or take {_minutes(tolerance_s)}) can be "
            f"made of the {_n_songs(len(rows))} that fit, without an artist twice in a row or "
            f"nearly the same song twice; the nearest has {_minutes(solution.nearest_s)}",
            "ask for other --minutes, a wider --tolerance, or --repeat-artists",
        )
    order = solution.playlist
    ends_s = np.cumsum(problem.durations_s[order])
    middles = (ends_s - problem.durations_s[order] / 2) / length_s
    return Playlist(
        bundle=bundle,
        tracks=tuple(songs.tracks[row] for row in rows[order]),
        length_s=length_s,
        tolerance_s=tolerance_s,
        route=tuple(route),
        wanted=way.at(middles) * spread if route else None,
    )


def _lots(tracks: Iterable[Track], seed: int) -> Float64Array:
    """Draw a lot for each song, (n_songs,), exponential with mean 1, by the seed and its sound.

    So a song more in the library leaves the others their lots.
    """
    numbers = [int(track.audio_sha256[:15], 16) ^ (seed * 0x9E3779B97F4A7C15) for track in tracks]
    # A round of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014) makes of neighbors strangers.
    mixed = np.array([number & 0xFFFFFFFFFFFFFFFF for number in numbers], np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    shares = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return np.asarray(-np.log1p(-shares), np.float64)


def _entry(track: Track) -> Entry:
    return Entry(
        path=track.path,
        duration_s=track.duration_s,
        title=track.title or display(track.path.stem),
        artist=track.artist,
        album=track.album,
        note=f"valence {track.valence:+.2f}, arousal {track.arousal:+.2f}",
    )


def _n_songs(count: int) -> str:
    return "1 song" if count == 1 else f"{count:,} songs"


def _minutes(seconds: float) -> str:
    whole, rest = divmod(round(seconds), 60)
    return f"{whole}:{rest:02} minutes"
