"""A library: scored songs in one SQLite file, to be read and to be searched.

    with Library.open() as library:
        for track in library.tracks():
            print(track.artist, track.title, track.valence, track.arousal)

Reading is here, scanning in `scan.py`, writing in `recording.py`; `schema.py` describes the
tables. What several bundles say is kept side by side, and reading goes by one of them: the
one asked for, else the one that has scored most songs, since scores of two bundles cannot be
compared.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from affetto.audio import display
from affetto.closing import Closing
from affetto.core import (
    Failure,
    FloatArray,
    IntArray,
    Notice,
    Prediction,
    Quadrant,
    Timeline,
    Uncertainty,
    Vocabulary,
    frozen,
)
from affetto.errors import LibraryError, LibraryMissing
from affetto.files import data_home
from affetto.library import timelines
from affetto.library.connection import BUSY_S, Connection, restored, stored
from affetto.registry import unknown_name
from affetto.vocabularies import VOCABULARIES
from affetto.vocabularies import load as load_vocabulary

if TYPE_CHECKING:
    from affetto.bundles import Bundle
    from affetto.library.playlisting.making import Playlist
    from affetto.library.scan import ScanReport
    from affetto.library.searching import Found

_TRACK = """
    files.id, path, size_bytes, mtime_ns, audio_sha256, duration_s, title, artist, album, genre,
    year, missing_since, valence, arousal, quadrant
"""
_SCORED = "files JOIN results ON file_id = files.id AND bundle_id = ? AND status = 'ok'"
_BATCH = 500  # values in one IN (...): SQLite takes some thousand


def default_path() -> Path:
    """Give where the user's library is unless another is named."""
    return data_home() / "library.sqlite"


@dataclass(frozen=True, slots=True)
class StoredTag:
    """A tag of a bundle: `id` is its number in `scores`; a song has it from `threshold` on."""

    id: int
    vocabulary: str
    tag: str
    title: str
    threshold: float
    is_main: bool


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """A bundle that has scored songs of the library; `id` is its number in the tables.

    `n_songs` counts them, those whose file is missing among them. `sign_slopes` are the bundle's.
    """

    id: int
    fingerprint: str
    name: str
    version: str
    n_songs: int
    tags: tuple[StoredTag, ...]
    sign_slopes: tuple[float, float] | None = None

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def main_tags(self) -> tuple[StoredTag, ...]:
        """The tags of the main vocabulary, in its order."""
        return tuple(tag for tag in self.tags if tag.is_main)

    @property
    def vocabulary(self) -> Vocabulary:
        """The main vocabulary: ours if it is still the same."""
        tags = self.main_tags
        name = tags[0].vocabulary if tags else "none"
        slugs = tuple(tag.tag for tag in tags)
        if name in VOCABULARIES:
            ours = load_vocabulary(name)
            if ours.tags == slugs:
                return ours
        titles = tuple(tag.title for tag in tags)
        return Vocabulary(name, slugs, titles, titles)


@dataclass(frozen=True, slots=True)
class Track:
    """A song that was scored: where it is, what its tags say, where it lies on the mood map.

    `size_bytes` and `mtime_ns` are those of the file when it was scanned. `missing_since` is
    when a scan no longer found it (ISO 8601, UTC), else None.
    """

    id: int
    path: Path
    size_bytes: int
    mtime_ns: int
    audio_sha256: str
    duration_s: float
    title: str | None
    artist: str | None
    album: str | None
    genre: str | None
    year: int | None
    missing_since: str | None
    valence: float
    arousal: float
    quadrant: Quadrant


@dataclass(frozen=True, slots=True)
class Scores:
    """Songs' tag scores: `values` (n_songs, n_tags) in [0, 1], a row for each of `file_ids`."""

    file_ids: IntArray
    tags: tuple[StoredTag, ...]
    values: FloatArray


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Songs' embeddings: `values` (n_songs, n_dims), a row for each of `file_ids`."""

    file_ids: IntArray
    values: FloatArray


class Library(Closing):
    """One library's file. Use it in a `with` block, and in the thread that made it.

    `Library(path)` makes the file where there is none; `Library.open(path)` refuses then.
    `path` is by default the user's own library, and ":memory:" one that is gone at the end.
    Raises: LibraryError.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, busy_s: float = BUSY_S
    ) -> None:
        self.path = default_path() if path is None else Path(path)
        self.connection = Connection(None if path == ":memory:" else self.path, busy_s=busy_s)
        self._bundles: tuple[object, tuple[StoredBundle, ...]] | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None, *, busy_s: float = BUSY_S) -> Library:
        """Open a library that is there. Raises: LibraryMissing and other LibraryErrors."""
        found = default_path() if path is None else Path(path)
        if path != ":memory:" and not found.exists():
            raise LibraryMissing(
                f"{display(found)}: there is no library yet", "make it with: affetto scan FOLDER"
            )
        return cls(path, busy_s=busy_s)

    def close(self) -> None:
        self.connection.close()

    def __repr__(self) -> str:
        return f"Library({str(self.path)!r})"

    def scan(
        self,
        folders: Iterable[str | os.PathLike[str]],
        bundle: str | os.PathLike[str] | Bundle = "default",
        **settings: Any,
    ) -> ScanReport:
        """Score what is new or has changed in folders; see `affetto.library.scan.scan`."""
        from affetto.library.scan import scan

        return scan(self, folders, bundle, **settings)

    def search(self, query: str = "", **options: Any) -> Found:
        """Find songs by mood and by what their files say; see `affetto.library.search`."""
        from affetto.library.searching import search

        return search(query, db=self, **options)

    def playlist(self, query: str = "", **options: Any) -> Playlist:
        """Choose and order songs; see `affetto.library.playlist`."""
        from affetto.library.playlisting.making import playlist

        return playlist(query, db=self, **options)

    # ------------------------------------------------------------------ bundles

    def bundles(self) -> tuple[StoredBundle, ...]:
        """Give the bundles that have scored songs, the one with most songs first."""
        version = self.connection.version()
        if self._bundles is None or self._bundles[0] != version:
            self._bundles = (version, self._read_bundles())
        return self._bundles[1]

    def _read_bundles(self) -> tuple[StoredBundle, ...]:
        rows = self.connection.rows(
            "SELECT id, fingerprint, name, version, (SELECT count(*) FROM results"
            " WHERE bundle_id = bundles.id AND status = 'ok') AS n_songs, valence_slope,"
            " arousal_slope FROM bundles ORDER BY n_songs DESC, id DESC"
        )
        return tuple(
            StoredBundle(
                *(bundle_id, fingerprint, name, version, n_songs),
                self._tags(bundle_id),
                None if None in slopes else (slopes[0], slopes[1]),
            )
            for bundle_id, fingerprint, name, version, n_songs, *slopes in list(rows)
        )

    def bundle(self, name: str | None = None) -> StoredBundle:
        """Give a bundle by name, title (name and version) or beginning of its fingerprint.

        None means the one that has scored most songs. Raises: LibraryMissing in a library that
        holds nothing yet; UnknownName.
        """
        known = self.bundles()
        if not known:
            raise LibraryMissing(
                f"{display(self.path)}: nothing is in this library yet",
                "fill it with: affetto scan FOLDER",
            )
        if name is None:
            return known[0]
        for each in known:
            is_start = len(name) >= 8 and each.fingerprint.startswith(name)
            if name in (each.name, each.title) or is_start:
                return each
        raise unknown_name("bundle in this library", name, [each.title for each in known])

    def _tags(self, bundle_id: int) -> tuple[StoredTag, ...]:
        rows = self.connection.rows(
            "SELECT id, vocabulary, tag, title, threshold, is_main FROM tags"
            " WHERE bundle_id = ? ORDER BY is_main DESC, id",
            (bundle_id,),
        )
        return tuple(
            StoredTag(tag_id, vocabulary, tag, title, threshold, bool(is_main))
            for tag_id, vocabulary, tag, title, threshold, is_main in rows
        )

    # ------------------------------------------------------------------ songs

    def tracks(
        self,
        file_ids: Iterable[int] | None = None,
        *,
        bundle: StoredBundle | None = None,
        with_missing: bool = False,
    ) -> Iterator[Track]:
        """Give the songs that were scored, by path; or those of `file_ids`, in that order.

        Files that a scan no longer found are left out unless asked for, by `with_missing` or
        by their id. Ids that there are none of give nothing. Raises: LibraryError.
        """
        scoring = self._chosen(bundle)
        if scoring is None:
            return
        if file_ids is None:
            where = "" if with_missing else " WHERE missing_since IS NULL"
            question = f"SELECT {_TRACK} FROM {_SCORED}{where} ORDER BY path"
            for row in self.connection.rows(question, (scoring.id,)):
                yield _track(row)
            return
        wanted = list(file_ids)
        for first in range(0, len(wanted), _BATCH):
            batch = wanted[first : first + _BATCH]
            marks = ",".join("?" * len(batch))
            question = f"SELECT {_TRACK} FROM {_SCORED} WHERE files.id IN ({marks})"
            rows = self.connection.rows(question, (scoring.id, *batch))
            found = {row[0]: _track(row) for row in rows}
            yield from (found[file_id] for file_id in batch if file_id in found)

    def track(
        self, path: str | os.PathLike[str], *, bundle: StoredBundle | None = None
    ) -> Track | None:
        """Give the song of a path, or None if it is not in the library."""
        folder, name = os.path.split(os.fspath(path))
        in_folder = os.path.join(os.path.realpath(folder), name)  # noqa: PTH118 (it may be a link)
        for spelled in dict.fromkeys((in_folder, os.path.realpath(path))):
            row = self.connection.row(
                "SELECT id FROM files WHERE path = CAST(? AS TEXT)", (stored(spelled),)
            )
            if row is not None:
                return next(self.tracks(row, bundle=bundle), None)
        return None

    def failures(self, *, bundle: StoredBundle | None = None) -> Iterator[Failure]:
        """Give the files that could not be scored, with the reason, by path."""
        scoring = self._chosen(bundle)
        if scoring is None:
            return
        for path, code, message, hint in self.connection.rows(
            "SELECT path, error_code, error_message, error_hint FROM files"
            " JOIN results ON file_id = files.id AND bundle_id = ? AND status = 'failed'"
            " WHERE missing_since IS NULL ORDER BY path",
            (scoring.id,),
        ):
            yield Failure(restored(path), code, message, hint)

    # ------------------------------------------------------------------ what was said of them

    def scores(
        self,
        vocabulary: str | None = None,
        *,
        bundle: StoredBundle | None = None,
        with_missing: bool = False,
    ) -> Scores:
        """Give all songs' scores of a vocabulary, by default the main one, ordered by file id.

        Raises: UnknownName.
        """
        scoring = self._chosen(bundle)
        if scoring is None:
            return Scores(frozen([], np.int64), (), frozen(np.zeros((0, 0))))
        tags = tuple(
            tag
            for tag in scoring.tags
            if (tag.is_main if vocabulary is None else tag.vocabulary == vocabulary)
        )
        if not tags and vocabulary is not None:
            known = list(dict.fromkeys(tag.vocabulary for tag in scoring.tags))
            raise unknown_name("vocabulary in this library", vocabulary, known)
        file_ids = self._ids(scoring, with_missing)
        values = np.full((len(file_ids), len(tags)), np.nan, np.float32)
        for column, tag in enumerate(tags):
            rows = self.connection.rows(
                "SELECT file_id, score FROM scores WHERE tag_id = ? ORDER BY file_id", (tag.id,)
            )
            pairs = np.fromiter(rows, np.dtype("i8,f4"))
            places = np.searchsorted(file_ids, pairs["f0"])
            places[places == len(file_ids)] = 0
            is_wanted = file_ids[places] == pairs["f0"] if len(file_ids) else places < 0
            values[places[is_wanted], column] = pairs["f1"][is_wanted]
        return Scores(file_ids, tags, frozen(values))

    def embeddings(
        self, *, bundle: StoredBundle | None = None, with_missing: bool = False
    ) -> Embeddings:
        """Give all songs' embeddings, ordered by file id."""
        scoring = self._chosen(bundle)
        where = "" if with_missing else " AND missing_since IS NULL"
        rows = (
            []
            if scoring is None
            else list(
                self.connection.rows(
                    f"SELECT files.id, embedding FROM {_SCORED} WHERE embedding IS NOT NULL{where}"
                    " ORDER BY files.id",
                    (scoring.id,),
                )
            )
        )
        file_ids = frozen([row[0] for row in rows], np.int64)
        values = np.frombuffer(b"".join(row[1] for row in rows), "<f4")
        return Embeddings(file_ids, frozen(values.reshape(len(rows), -1 if rows else 0)))

    def timeline(self, file_id: int, *, bundle: StoredBundle | None = None) -> Timeline:
        """Give a song's scores over time. Raises: LibraryError if there are none of it."""
        return self.prediction(file_id, bundle=bundle).timeline

    def prediction(self, file_id: int, *, bundle: StoredBundle | None = None) -> Prediction:
        """Give all that was said of a song, as `affetto.predict` gave it.

        Only its timeline is a little coarser (see `timelines.py`). Raises: LibraryError.
        """
        scoring = self._chosen(bundle)
        row = None if scoring is None else self.connection.row(
            "SELECT path, duration_s, audio_sha256, valence, arousal, plane_source, warnings,"
            f" embedding, packed, music, errors FROM {_SCORED}"
            " JOIN timelines USING (file_id, bundle_id) WHERE files.id = ?",
            (scoring.id, file_id),
        )  # fmt: skip
        if scoring is None or row is None:
            raise LibraryError(
                f"{display(self.path)}: there is no result of song {file_id}", "scan it"
            )
        path, duration_s, audio_sha256, valence, arousal, plane_source, warnings = row[:7]
        values: dict[int, float] = dict(
            self.connection.rows(
                "SELECT tag_id, score FROM scores JOIN tags ON tags.id = tag_id"
                " WHERE file_id = ? AND bundle_id = ?",
                (file_id, scoring.id),
            )
        )
        main = scoring.main_tags
        scores = frozen([values[tag.id] for tag in main])
        others: dict[str, dict[str, float]] = {}
        for tag in scoring.tags:
            if not tag.is_main:
                others.setdefault(tag.vocabulary, {})[tag.tag] = values[tag.id]
        return Prediction(
            path=restored(path),
            duration_s=duration_s,
            audio_sha256=audio_sha256,
            scores=scores,
            thresholds=frozen([tag.threshold for tag in main]),
            valence=valence,
            arousal=arousal,
            plane_source=plane_source,
            timeline=timelines.unpack(row[8], scoring.vocabulary),
            bundle=scoring.title,
            bundle_fingerprint=scoring.fingerprint,
            others=others,
            sign_slopes=scoring.sign_slopes,
            music=row[9],
            uncertainty=None
            if row[10] is None
            else Uncertainty.of_array(np.frombuffer(row[10], "<f8"), len(main), others),
            embedding=None if row[7] is None else np.frombuffer(row[7], "<f4"),
            warnings=tuple(Notice(**plain) for plain in json.loads(warnings)),
        )

    # ------------------------------------------------------------------ the whole

    def count(
        self, what: Literal["songs", "failed", "missing"], *, bundle: StoredBundle | None = None
    ) -> int:
        """Count the songs that were scored, those that could not be, or those gone."""
        scoring = self._chosen(bundle)
        if scoring is None:
            return 0
        status = "status = 'failed'" if what == "failed" else "status = 'ok'"
        gone = "NOT NULL" if what == "missing" else "NULL"
        row = self.connection.row(
            "SELECT count(*) FROM results JOIN files ON files.id = file_id"
            f" WHERE bundle_id = ? AND {status} AND missing_since IS {gone}",
            (scoring.id,),
        )
        return 0 if row is None else int(row[0])

    def _chosen(self, bundle: StoredBundle | None) -> StoredBundle | None:
        if bundle is not None:
            return bundle
        known = self.bundles()
        return known[0] if known else None

    def _ids(self, bundle: StoredBundle, with_missing: bool) -> IntArray:
        where = "" if with_missing else " WHERE missing_since IS NULL"
        rows = self.connection.rows(
            f"SELECT files.id FROM {_SCORED}{where} ORDER BY files.id", (bundle.id,)
        )
        return frozen([row[0] for row in rows], np.int64)


def _track(row: tuple[Any, ...]) -> Track:
    return Track(row[0], Path(restored(row[1])), *row[2:])
