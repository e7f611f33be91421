"""Writing to a library: what was found out about a file, in one transaction a file.

A file's results hold for its sound. So they stay when only its tags or its place have changed,
and all of them go, whichever bundle they are of, when the sound is another.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from affetto.bundles import Bundle
from affetto.core import Failure, Prediction
from affetto.library import timelines
from affetto.library.connection import Connection, Row, restored, stored
from affetto.library.metadata import Metadata
from affetto.library.walk import Stamp

CLAIM_S = 6 * 3600.0  # after that a claim is void: its process is another by now

_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
_TAGS = "title, artist, album, genre, year"
_RESULT = (
    "bundle_id, status, is_temporary, error_code, error_message, error_hint, valence, arousal,"
    " plane_source, quadrant, warnings, scored_at, embedding, music, errors"
)


class Recorder:
    """Writes what one bundle says into a library. Raises, as all its methods: LibraryError."""

    def __init__(self, connection: Connection, bundle: Bundle) -> None:
        self._connection = connection
        self._process_id = os.getpid()
        with connection.transaction() as cursor:
            self.bundle_id = _bundle_id(cursor, bundle)
            self._tag_ids: dict[tuple[str, str], int] = {
                (vocabulary, tag): tag_id
                for vocabulary, tag, tag_id in cursor.execute(
                    "SELECT vocabulary, tag, id FROM tags WHERE bundle_id = ?", (self.bundle_id,)
                )
            }

    # ------------------------------------------------------------------ what scoring gave

    def add(self, path: str, stamp: Stamp, metadata: Metadata, prediction: Prediction) -> None:
        """Record a song's scores."""
        sha256 = prediction.audio_sha256
        metadata = replace(metadata, duration_s=prediction.duration_s)
        main = prediction.vocabulary
        scores = [
            (self._tag_ids[main.name, tag], float(score))
            for tag, score in zip(main.tags, prediction.scores, strict=True)
        ]
        for name, values in prediction.others.items():
            scores += [(self._tag_ids[name, tag], score) for tag, score in values.items()]
        embedding, errors = prediction.embedding, prediction.uncertainty
        with self._connection.transaction() as cursor:
            known = _known(cursor, path)
            if known is not None and known[1] != sha256:
                _forget(cursor, known[0])
            file_id = _put_file(cursor, path, stamp, metadata, sha256)
            _forget(cursor, file_id, self.bundle_id)
            cursor.execute(
                f"INSERT INTO results (file_id, {_RESULT})"
                f" VALUES (?, ?, 'ok', 0, NULL, NULL, NULL, ?, ?, ?, ?, ?, {_NOW}, ?, ?, ?)",
                (
                    file_id,
                    self.bundle_id,
                    prediction.valence,
                    prediction.arousal,
                    prediction.plane_source,
                    prediction.quadrant,
                    json.dumps(
                        [{"code": n.code, "message": n.message} for n in prediction.warnings]
                    ),
                    None if embedding is None else embedding.astype("<f4").tobytes(),
                    prediction.music,
                    None if errors is None else errors.to_array().astype("<f8").tobytes(),
                ),
            )
            cursor.executemany(
                "INSERT INTO scores VALUES (?, ?, ?)",
                [(tag_id, file_id, score) for tag_id, score in scores],
            )
            cursor.execute(
                "INSERT INTO timelines VALUES (?, ?, ?)",
                (file_id, self.bundle_id, timelines.pack(prediction.timeline)),
            )
            _release(cursor, path)

    def add_failure(
        self, path: str, stamp: Stamp, metadata: Metadata, failure: Failure, *, is_temporary: bool
    ) -> None:
        """Record that a file cannot be scored.

        A temporary failure says nothing about the content, so it takes no results away.
        """
        with self._connection.transaction() as cursor:
            known = _known(cursor, path)
            is_changed = known is not None and known[2:] != (stamp.size_bytes, stamp.mtime_ns)
            _release(cursor, path)
            if is_changed and is_temporary:
                return
            if known is not None and is_changed:
                _forget(cursor, known[0])
            sha256 = None if known is None or is_changed else known[1]
            file_id = _put_file(cursor, path, stamp, metadata, sha256)
            _forget(cursor, file_id, self.bundle_id)
            cursor.execute(
                "INSERT INTO results (file_id, bundle_id, status, is_temporary, error_code,"
                " error_message, error_hint, scored_at)"
                f" VALUES (?, ?, 'failed', ?, ?, ?, ?, {_NOW})",
                (
                    file_id,
                    self.bundle_id,
                    is_temporary,
                    failure.code,
                    _encodable(failure.message),
                    failure.hint,
                ),
            )

    # ------------------------------------------------------------------ what is known already

    def recognize(
        self, path: str, stamp: Stamp, metadata: Metadata, sha256: str, *, any_bundle: bool
    ) -> bool:
        """Give a file the results of the same sound: its own, or those of another file.

        Where that other file is gone, this is it in another place, and it keeps its number.
        Gives False if there are no such results (any more).
        """
        with self._connection.transaction() as cursor:
            _release(cursor, path)
            own = _known(cursor, path)
            donors = self._with_sound(cursor, sha256, any_bundle)
            if own is not None and own[0] in dict(donors):
                duration_s = _duration_s(cursor, own[0])
                _put_file(cursor, path, stamp, replace(metadata, duration_s=duration_s), sha256)
                return True
            if not donors:
                return False
            gone = next((donor for donor in donors if not os.path.lexists(donor[1])), None)
            donor_id = donors[0][0] if gone is None else gone[0]
            metadata = replace(metadata, duration_s=_duration_s(cursor, donor_id))
            if own is None and gone is not None:
                _rename(cursor, donor_id, path)
                _put_file(cursor, path, stamp, metadata, sha256)
                return True
            if own is not None:
                _forget(cursor, own[0])
            file_id = _put_file(cursor, path, stamp, metadata, sha256)
            _copy_results(cursor, donor_id, file_id)
            return True

    def relocate(self, path: str, stamp: Stamp) -> bool:
        """Recognize a new path of a known file without reading it; False if it is not one.

        The same inode, size and time of change are those of a file that was renamed, or that
        has a second name.
        """
        with self._connection.transaction() as cursor:
            donors = with_stamp(cursor.execute, stamp)
            if not donors or _known(cursor, path) is not None:
                return False
            gone = next((donor for donor in donors if not os.path.lexists(donor[1])), None)
            if gone is not None:
                _rename(cursor, gone[0], path)
                return True
            cursor.execute(
                "INSERT INTO files (path, size_bytes, mtime_ns, inode, audio_sha256, duration_s,"
                f" {_TAGS}) SELECT CAST(? AS TEXT), size_bytes, mtime_ns, inode, audio_sha256,"
                f" duration_s, {_TAGS} FROM files WHERE id = ?",
                (stored(path), donors[0][0]),
            )
            known = _known(cursor, path)
            assert known is not None
            _copy_results(cursor, donors[0][0], known[0])
            return True

    def is_done(self, path: str, stamp: Stamp) -> bool:
        """Say whether a file has been scored as it is now: by another scan, a moment ago."""
        row = self._connection.row(
            "SELECT 1 FROM files JOIN results ON file_id = files.id AND bundle_id = ?"
            " WHERE path = CAST(? AS TEXT) AND size_bytes = ? AND mtime_ns = ? AND status = 'ok'",
            (self.bundle_id, stored(path), stamp.size_bytes, stamp.mtime_ns),
        )
        return row is not None

    def _with_sound(
        self, cursor: sqlite3.Cursor, sha256: str, any_bundle: bool
    ) -> list[tuple[int, str]]:
        rows = cursor.execute(
            "SELECT id, path FROM files WHERE audio_sha256 = ? AND EXISTS (SELECT 1 FROM results"
            " WHERE file_id = files.id AND status = 'ok' AND (? OR bundle_id = ?))",
            (sha256, any_bundle, self.bundle_id),
        )
        return [(file_id, restored(path)) for file_id, path in rows]

    def sounds_like(self, path: str, size_bytes: int, *, any_bundle: bool) -> frozenset[str]:
        """Give the hashes that a file may turn out to have: its own, and those of its size."""
        rows = self._connection.rows(
            "SELECT DISTINCT audio_sha256 FROM files WHERE audio_sha256 IS NOT NULL"
            " AND (size_bytes = ? OR path = CAST(? AS TEXT)) AND EXISTS (SELECT 1 FROM results"
            " WHERE file_id = files.id AND status = 'ok' AND (? OR bundle_id = ?))",
            (size_bytes, stored(path), any_bundle, self.bundle_id),
        )
        return frozenset(row[0] for row in rows)

    # ------------------------------------------------------------------ there or not

    def mark(self, found: Iterable[int], missing: Iterable[int]) -> None:
        """Record which known files are there again, and which are no longer there."""
        with self._connection.transaction() as cursor:
            cursor.executemany(
                "UPDATE files SET missing_since = NULL WHERE id = ?", [(each,) for each in found]
            )
            cursor.executemany(
                f"UPDATE files SET missing_since = {_NOW} WHERE id = ? AND missing_since IS NULL",
                [(each,) for each in missing],
            )

    def n_missing(self, file_ids: Iterable[int]) -> int:
        """Count those of these files that are missing, and were not found elsewhere."""
        wanted = set(file_ids)
        rows = self._connection.rows("SELECT id FROM files WHERE missing_since IS NOT NULL")
        return sum(row[0] in wanted for row in rows)

    def prune(self, file_ids: Iterable[int]) -> int:
        """Remove those of these files that are still missing; give how many there were."""
        with self._connection.transaction() as cursor:
            cursor.executemany(
                "DELETE FROM files WHERE id = ? AND missing_since IS NOT NULL",
                [(each,) for each in file_ids],
            )
            return max(cursor.rowcount, 0)

    # ------------------------------------------------------------------ who scores what

    def claim(self, path: str) -> bool:
        """Take a file to score; False if another scan that still runs has it in hand."""
        now_s = time.time()
        with self._connection.transaction() as cursor:
            row = cursor.execute(
                "SELECT process_id, claimed_s FROM claims WHERE path = CAST(? AS TEXT)",
                (stored(path),),
            ).fetchone()
            if row is not None and now_s - row[1] < CLAIM_S and self._is_other(row[0]):
                return False
            cursor.execute(
                "INSERT OR REPLACE INTO claims VALUES (CAST(? AS TEXT), ?, ?)",
                (stored(path), self._process_id, now_s),
            )
            return True

    def release(self, path: str | None = None) -> None:
        """Give back a file that was not scored after all, or all that this process has."""
        with self._connection.transaction() as cursor:
            if path is None:
                cursor.execute("DELETE FROM claims WHERE process_id = ?", (self._process_id,))
            else:
                _release(cursor, path)

    def _is_other(self, process_id: int) -> bool:
        if process_id == self._process_id or os.name == "nt":
            # On Windows asking would end the process: there two scans may do a song twice.
            return False
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return False
        except OSError:  # another user's
            pass
        return True


def _bundle_id(cursor: sqlite3.Cursor, bundle: Bundle) -> int:
    question = "SELECT id FROM bundles WHERE fingerprint = ?"
    row = cursor.execute(question, (bundle.fingerprint,)).fetchone()
    if row is not None:
        return int(row[0])
    cursor.execute(
        "INSERT INTO bundles (fingerprint, name, version, valence_slope, arousal_slope)"
        " VALUES (?, ?, ?, ?, ?)",
        (bundle.fingerprint, bundle.name, bundle.version, *(bundle.sign_slopes or (None, None))),
    )
    (bundle_id,) = cursor.execute(question, (bundle.fingerprint,)).fetchone()
    for number, head in enumerate(bundle.tag_heads):
        vocabulary = head.spec.vocabulary
        assert vocabulary is not None
        thresholds = head.thresholds or (0.5,) * len(vocabulary)
        cursor.executemany(
            "INSERT INTO tags (bundle_id, vocabulary, tag, title, threshold, is_main)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (bundle_id, vocabulary.name, tag, title, threshold, number == 0)
                for tag, title, threshold in zip(
                    vocabulary.tags, vocabulary.titles, thresholds, strict=True
                )
            ],
        )
    return int(bundle_id)


def _known(cursor: sqlite3.Cursor, path: str) -> tuple[int, str | None, int, int] | None:
    """Give number, hash, size and time of change of a path's file as it was recorded."""
    row: tuple[int, str | None, int, int] | None = cursor.execute(
        "SELECT id, audio_sha256, size_bytes, mtime_ns FROM files WHERE path = CAST(? AS TEXT)",
        (stored(path),),
    ).fetchone()
    return row


def with_stamp(
    execute: Callable[[str, tuple[int, ...]], Iterable[Row]], stamp: Stamp
) -> list[tuple[int, str]]:
    """Give number and path of the scored files that looked like this."""
    if not stamp.inode:  # a file system without such numbers
        return []
    rows = execute(
        "SELECT id, path FROM files WHERE size_bytes = ? AND mtime_ns = ? AND inode = ?"
        " AND EXISTS (SELECT 1 FROM results WHERE file_id = files.id AND status = 'ok')",
        (stamp.size_bytes, stamp.mtime_ns, stamp.inode),
    )
    return [(file_id, restored(path)) for file_id, path in rows]


def _put_file(
    cursor: sqlite3.Cursor, path: str, stamp: Stamp, metadata: Metadata, sha256: str | None
) -> int:
    """Write the row of a file that is there, and give its number."""
    values = {
        "path": stored(path),
        "size": stamp.size_bytes,
        "mtime": stamp.mtime_ns,
        "inode": stamp.inode,
        "sha256": sha256,
        "duration_s": metadata.duration_s,
        "title": metadata.title,
        "artist": metadata.artist,
        "album": metadata.album,
        "genre": metadata.genre,
        "year": metadata.year,
    }
    cursor.execute(
        "INSERT INTO files (path, size_bytes, mtime_ns, inode, audio_sha256, duration_s,"
        f" {_TAGS}) VALUES (CAST(:path AS TEXT), :size, :mtime, :inode, :sha256, :duration_s,"
        " :title, :artist, :album, :genre, :year) ON CONFLICT (path) DO UPDATE SET"
        " size_bytes = :size, mtime_ns = :mtime, inode = :inode, audio_sha256 = :sha256,"
        " duration_s = :duration_s, title = :title, artist = :artist, album = :album,"
        " genre = :genre, year = :year, missing_since = NULL",
        values,
    )
    known = _known(cursor, path)
    assert known is not None
    return known[0]


def _rename(cursor: sqlite3.Cursor, file_id: int, path: str) -> None:
    cursor.execute(
        "UPDATE files SET path = CAST(? AS TEXT), missing_since = NULL WHERE id = ?",
        (stored(path), file_id),
    )


def _duration_s(cursor: sqlite3.Cursor, file_id: int) -> float | None:
    (duration_s,) = cursor.execute(
        "SELECT duration_s FROM files WHERE id = ?", (file_id,)
    ).fetchone()
    return None if duration_s is None else float(duration_s)


def _forget(cursor: sqlite3.Cursor, file_id: int, bundle_id: int | None = None) -> None:
    """Remove what one bundle has said of a file, or all of them."""
    parameters = {"file": file_id, "bundle": bundle_id}
    of_bundle = "" if bundle_id is None else " AND bundle_id = :bundle"
    tags = "" if bundle_id is None else (
        " AND tag_id IN (SELECT id FROM tags WHERE bundle_id = :bundle)"
    )  # fmt: skip
    cursor.execute(f"DELETE FROM scores WHERE file_id = :file{tags}", parameters)
    cursor.execute(f"DELETE FROM timelines WHERE file_id = :file{of_bundle}", parameters)
    cursor.execute(f"DELETE FROM results WHERE file_id = :file{of_bundle}", parameters)


def _copy_results(cursor: sqlite3.Cursor, donor_id: int, file_id: int) -> None:
    """Give a file, which has none, the good results of another with the same sound."""
    both = (file_id, donor_id)
    cursor.execute(
        f"INSERT INTO results (file_id, {_RESULT}) SELECT ?, {_RESULT} FROM results"
        " WHERE file_id = ? AND status = 'ok'",
        both,
    )
    cursor.execute("INSERT INTO scores SELECT tag_id, ?, score FROM scores WHERE file_id = ?", both)
    cursor.execute(
        "INSERT INTO timelines SELECT ?, bundle_id, packed FROM timelines WHERE file_id = ?", both
    )


def _release(cursor: sqlite3.Cursor, path: str) -> None:
    cursor.execute("DELETE FROM claims WHERE path = CAST(? AS TEXT)", (stored(path),))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
