"""Searching: the songs of a library that a query and options describe, in order.

    found = search("calm > 0.6 and not sad", year="1990..1999", limit=20)
    for song in found:
        print(song.track.path, song.tags["calming_soothing"])

A query is read by `query.py`, becomes a question by `sql.py`, and songs like another are found
by `neighbors.py`. Options are further conditions, which all must hold.

The module is not called `search`: importing it would then hide the function.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from affetto import bundles
from affetto.bundles import Bundle
from affetto.core import QUADRANTS, FloatArray, IntArray, frozen
from affetto.errors import BadConfig, UnknownName
from affetto.library.database import Library, Scores, StoredBundle, StoredTag, Track
from affetto.library.folding import SQL_NAME, folded_bytes
from affetto.library.memory import memory_of
from affetto.library.names import NumberField, TagNames, TextField, quadrant_named, slug
from affetto.library.neighbors import Likeness, Seed, neighbors_in, seed_of
from affetto.library.query import And, InQuadrant, Matched, Or, Query, Within, parse, parse_range
from affetto.library.sql import SORTS, SQL_LIKELY, likely, question, tags_of
from affetto.registry import unknown_name

Range = str | float | tuple[float | None, float | None]
"""Such as "1990..1999", "0.2..", 1999, or (0.2, None): both ends belong to it."""

SIMILARITY = "similarity"
MANY = 0.25  # of a library's songs: their scores are read by tag, not by song
BATCH = 500  # values in one IN (...): SQLite takes some thousand


@dataclass(frozen=True, slots=True)
class Song:
    """A song that was found.

    `tags` are the scores of the main vocabulary by slug, `others` those of further ones, and
    `chosen` the tags that reach their thresholds, highest first. `likeness` says why it is like
    the song that was asked for, if one was.
    """

    track: Track
    tags: Mapping[str, float]
    others: Mapping[str, Mapping[str, float]]
    chosen: tuple[str, ...]
    likeness: Likeness | None

    def to_dict(self) -> dict[str, Any]:
        """Give plain values; odd bytes of the path are lone surrogates."""
        track = self.track
        plain: dict[str, Any] = {
            "id": track.id,
            "path": os.fspath(track.path),
            "title": track.title,
            "artist": track.artist,
            "album": track.album,
            "genre": track.genre,
            "year": track.year,
            "duration_s": round(track.duration_s, 3),
            "quadrant": track.quadrant,
            "valence": round(track.valence, 4),
            "arousal": round(track.arousal, 4),
            "tags": {tag: round(score, 4) for tag, score in self.tags.items()},
            "chosen": list(self.chosen),
            "others": {
                name: {tag: round(score, 4) for tag, score in scores.items()}
                for name, scores in self.others.items()
            },
        }
        if self.likeness is not None:
            plain["likeness"] = self.likeness.to_dict()
        return plain


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search found: a sequence of `Song`.

    `n_found` counts also the songs beyond the limit, `stale` those that only other bundles have
    scored, by their titles: they were not searched. `named` are the tags that were asked for.
    """

    bundle: StoredBundle
    tracks: tuple[Track, ...]
    scores: Scores
    n_found: int
    stale: Mapping[str, int]
    named: tuple[StoredTag, ...] = ()
    seed: Seed | None = None
    cosines: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.tracks)

    def __iter__(self) -> Iterator[Song]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> Song:
        track = self.tracks[number]
        row = self.scores.values[number].tolist()
        tags: dict[str, float] = {}
        others: dict[str, dict[str, float]] = {}
        chosen: list[tuple[float, str]] = []
        for tag, score in zip(self.scores.tags, row, strict=True):
            if not tag.is_main:
                others.setdefault(tag.vocabulary, {})[tag.tag] = score
                continue
            tags[tag.tag] = score
            if score >= np.float32(tag.threshold):
                chosen.append((-score, tag.tag))
        names = tuple(name for _, name in sorted(chosen))
        return Song(track, tags, others, names, self._likeness(number, track, names))

    def _likeness(self, number: int, track: Track, chosen: tuple[str, ...]) -> Likeness | None:
        if self.seed is None or self.cosines is None:
            return None
        return Likeness(
            cosine=float(self.cosines[number]),
            tags=tuple(tag for tag in chosen if tag in self.seed.chosen),
            valence=track.valence - self.seed.valence,
            arousal=track.arousal - self.seed.arousal,
        )


def search(
    query: str = "",
    *,
    db: Library | str | os.PathLike[str] | None = None,
    quadrant: str | Iterable[str] | None = None,
    artist: str | None = None,
    album: str | None = None,
    genre: str | None = None,
    year: Range | None = None,
    duration: Range | None = None,
    valence: Range | None = None,
    arousal: Range | None = None,
    like: str | os.PathLike[str] | None = None,
    sort: str | None = None,
    reverse: bool = False,
    limit: int | None = None,
    bundle: str | os.PathLike[str] | None = None,
    scores: bool = True,
) -> Found:
    """Find songs of a library.

    `db` is a library or its path, by default the user's own. `artist`, `album` and `genre` are
    found as parts of what the song says; `duration` is in seconds, or text such as "..4:00". `like`
    is a file, or the number of a song: the songs come by similarity to it, without itself;
    `limit` then takes the most similar ones, and `sort` orders these. `sort` is otherwise by
    default the match with the tags of the query, else the path; `sql.SORTS` has the names, and
    any tag is one. `bundle` names whose scores are searched, by default those of the bundle that
    has scored most songs; a folder is a bundle too, for `like`.
    Without `scores` songs come without tags, which is quicker for many.
    Raises: LibraryError; QueryInvalid; BadConfig; UnknownName; what `neighbors.seed_of` raises.
    """
    if limit is not None and limit < 1:
        raise BadConfig(f"the limit must be at least 1, not {limit}")
    with nullcontext(db) if isinstance(db, Library) else Library.open(db) as library:
        stored, scorer = bundle_of(library, bundle)
        names = TagNames(stored)
        numbers: Mapping[NumberField, Range | None] = {
            "year": year,
            "duration": duration,
            "valence": valence,
            "arousal": arousal,
        }
        texts: Mapping[TextField, str | None] = {"artist": artist, "album": album, "genre": genre}
        asked = parse(query, names)
        whole = And((
            asked,
            *_quadrants(quadrant),
            *(Matched(field, "~", text) for field, text in texts.items() if text is not None),
            *(
                _range(field, value, names)
                for field, value in numbers.items()
                if value is not None
            ),
        ))  # fmt: skip
        by_similarity = sort is None or sort.casefold() == SIMILARITY
        if like is None and sort is not None and by_similarity:
            raise BadConfig("there is no song to sort by similarity to", "name one with --like")
        seed = None if like is None else seed_of(library, like, stored, scorer)
        order = "match" if sort is None or by_similarity else sort
        file_ids = matching(library, whole, stored, order, reverse)
        cosines: FloatArray | None = None
        if seed is not None:
            ordered = file_ids
            file_ids, cosines = neighbors_in(library, stored).nearest(seed.embedding, file_ids)
            is_other = np.isin(file_ids, _with_sound(library, seed.audio_sha256), invert=True)
            file_ids, cosines = file_ids[is_other], cosines[is_other]
            n_found = len(file_ids)
            file_ids, cosines = file_ids[:limit], cosines[:limit]
            if not by_similarity:
                rank = {file_id: place for place, file_id in enumerate(ordered.tolist())}
                places = np.argsort([rank[file_id] for file_id in file_ids.tolist()], kind="stable")
                file_ids, cosines = file_ids[places], cosines[places]
            elif reverse:
                file_ids, cosines = file_ids[::-1], cosines[::-1]
        else:
            n_found = len(file_ids)
            file_ids = file_ids[:limit]
        return Found(
            bundle=stored,
            tracks=tuple(library.tracks(file_ids.tolist(), bundle=stored)),
            scores=scores_of(library, stored, file_ids) if scores else _no_scores(file_ids),
            n_found=n_found,
            stale=stale(library, stored),
            named=tuple(dict.fromkeys((*tags_of(asked), *_sorted_by(sort, names)))),
            seed=seed,
            cosines=cosines,
        )


def matching(
    library: Library,
    query: Query,
    bundle: StoredBundle,
    sort: str = "path",
    reverse: bool = False,
) -> IntArray:
    """Give the numbers of the songs (n_songs,) for which a query holds, in order.

    Raises: LibraryError; BadConfig for an unknown `sort`.
    """
    memory = memory_of(library, bundle)
    found = None if memory is None else memory.matching(query, sort, reverse)
    if found is not None:
        return found
    asked = question(query, bundle, sort, reverse)
    library.connection.define(SQL_NAME, folded_bytes)
    library.connection.define(SQL_LIKELY, likely, 5)
    rows = library.connection.table(asked.text, asked.values)
    return np.array([row[0] for row in rows], np.int64)


def scores_of(library: Library, bundle: StoredBundle, file_ids: IntArray) -> Scores:
    """Give the scores of some songs in all tags of a bundle, in the order of `file_ids`."""
    if len(file_ids) > MANY * bundle.n_songs:
        names = dict.fromkeys(tag.vocabulary for tag in bundle.tags)
        tables = [library.scores(name, bundle=bundle, with_missing=True) for name in names]
        rows = np.searchsorted(tables[0].file_ids, file_ids)
        values = np.concatenate([table.values[rows] for table in tables], axis=1)
        return Scores(file_ids, tuple(tag for table in tables for tag in table.tags), values)
    columns = {tag.id: column for column, tag in enumerate(bundle.tags)}
    places = {file_id: row for row, file_id in enumerate(file_ids.tolist())}
    values = np.full((len(file_ids), len(columns)), np.nan, np.float32)
    for first in range(0, len(file_ids), BATCH):
        batch = file_ids[first : first + BATCH].tolist()
        marks = ",".join("?" * len(batch))
        question = f"SELECT file_id, tag_id, score FROM scores WHERE file_id IN ({marks})"
        for file_id, tag_id, score in library.connection.table(question, tuple(batch)):
            if tag_id in columns:  # else another bundle's
                values[places[file_id], columns[tag_id]] = score
    return Scores(file_ids, bundle.tags, frozen(values))


def _no_scores(file_ids: IntArray) -> Scores:
    return Scores(file_ids, (), frozen(np.zeros((len(file_ids), 0))))


def stale(library: Library, bundle: StoredBundle) -> dict[str, int]:
    """Count the songs that a bundle has not scored but others have, by these bundles' titles."""
    if library.connection.row("SELECT 1 FROM bundles WHERE id != ?", (bundle.id,)) is None:
        return {}
    rows = library.connection.rows(
        "SELECT name || ' ' || version, count(*) FROM results AS others"
        " JOIN bundles ON bundles.id = others.bundle_id JOIN files ON files.id = others.file_id"
        " WHERE others.bundle_id != ? AND others.status = 'ok' AND missing_since IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM results WHERE results.file_id = others.file_id"
        " AND results.bundle_id = ?) GROUP BY bundles.id ORDER BY count(*) DESC",
        (bundle.id, bundle.id),
    )
    return dict(rows)


def bundle_of(
    library: Library, bundle: str | os.PathLike[str] | None
) -> tuple[StoredBundle, Bundle | None]:
    """Give whose scores are meant, and the bundle itself if it was named by its folder.

    Raises: LibraryMissing; UnknownName; BundleError.
    """
    if bundle is None:
        return library.bundle(), None
    name = os.fspath(bundle)
    try:
        return library.bundle(name), None
    except UnknownName:
        if name == os.path.basename(name):  # noqa: PTH119 (a mere name)
            raise
    loaded = bundles.load(bundle)
    return library.bundle(loaded.fingerprint), loaded


def _sorted_by(sort: str | None, names: TagNames) -> Iterator[StoredTag]:
    tag = None if sort is None or slug(sort) in SORTS else names.tag(sort)
    if tag is not None:
        yield tag


def _with_sound(library: Library, audio_sha256: str) -> list[int]:
    """Give the files with this sound: the song itself, and copies of it."""
    rows = library.connection.rows("SELECT id FROM files WHERE audio_sha256 = ?", (audio_sha256,))
    return [row[0] for row in rows]


def _quadrants(given: str | Iterable[str] | None) -> Iterator[Query]:
    names = given.split(",") if isinstance(given, str) else list(given or ())
    found = []
    for name in map(str.strip, names):
        quadrant = quadrant_named(name)
        if quadrant is None:
            raise unknown_name("quadrant", name, QUADRANTS)
        found.append(InQuadrant(quadrant))
    if found:
        yield Or(tuple(found))


def _range(field: NumberField, value: Range, names: TagNames) -> Within:
    if isinstance(value, str):
        return parse_range(value, field, names)
    low, high = value if isinstance(value, tuple) else (value, value)
    ends = [end for end in (low, high) if end is not None]
    if not ends or not all(math.isfinite(end) for end in ends) or ends != sorted(ends):
        raise BadConfig(f"{field} {value!r} is not a range", "give (low, high), None for no end")
    return Within(field, low, high)
