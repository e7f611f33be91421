"""The tables of a library, as a list of migrations, and how a file is brought up to date.

    migrations   which of the steps below a file has gone through
    files        what lies on the disk, and what its own tags say
    bundles      what scored: fingerprint, name, version
    tags         a bundle's tags with their thresholds; `scores` names them by number
    results      what a bundle says of a file, or why it cannot say anything
    scores       a row a tag: the song's score, findable by tag and value
    timelines    the scores over time, packed (see `timelines.py`)
    claims       which process is scoring which file right now

Paths are TEXT that holds the bytes of the file name: on Linux these need not be UTF-8, and
SQLite keeps them as they are. Numbers that the system counts in 64 bits without a sign, such as
inodes, are cut to what SQLite holds.

A step is carried out together with its record in one transaction, so that a file is never
between two versions. `user_version` repeats how many steps there were, and `application_id`
tells a library from another program's database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from affetto.errors import LibraryInvalid, LibraryNewer

APPLICATION_ID = 0x41464645  # "AFFE"

_FIRST = (
    """CREATE TABLE files (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        path TEXT NOT NULL UNIQUE,
        size_bytes INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        audio_sha256 TEXT,
        duration_s REAL,
        title TEXT, artist TEXT, album TEXT, genre TEXT, year INTEGER,
        missing_since TEXT
    )""",
    # By size a copy or a moved file is looked for, by sound one whose tags have changed.
    "CREATE INDEX files_size ON files (size_bytes)",
    "CREATE INDEX files_audio ON files (audio_sha256)",
    "CREATE INDEX files_missing ON files (missing_since) WHERE missing_since IS NOT NULL",
    "CREATE INDEX files_artist ON files (artist COLLATE NOCASE)",
    "CREATE INDEX files_album ON files (album COLLATE NOCASE)",
    "CREATE INDEX files_genre ON files (genre COLLATE NOCASE)",
    "CREATE INDEX files_year ON files (year)",
    "CREATE INDEX files_duration ON files (duration_s)",
    """CREATE TABLE bundles (
        id INTEGER PRIMARY KEY,
        fingerprint TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        version TEXT NOT NULL
    )""",
    """CREATE TABLE tags (
        id INTEGER PRIMARY KEY,
        bundle_id INTEGER NOT NULL REFERENCES bundles ON DELETE CASCADE,
        vocabulary TEXT NOT NULL,
        tag TEXT NOT NULL,
        title TEXT NOT NULL,
        threshold REAL NOT NULL,
        is_main INTEGER NOT NULL,
        UNIQUE (bundle_id, vocabulary, tag)
    )""",
    """CREATE TABLE results (
        file_id INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
        bundle_id INTEGER NOT NULL REFERENCES bundles ON DELETE CASCADE,
        status TEXT NOT NULL CHECK (status IN ('ok', 'failed')),
        is_temporary INTEGER NOT NULL DEFAULT 0,
        error_code TEXT, error_message TEXT, error_hint TEXT,
        valence REAL, arousal REAL, plane_source TEXT, quadrant TEXT,
        warnings TEXT NOT NULL DEFAULT '[]',
        scored_at TEXT NOT NULL,
        embedding BLOB,
        PRIMARY KEY (file_id, bundle_id)
    )""",
    # A scan asks for the state of every file; it is answered from the index alone.
    "CREATE INDEX results_state ON results (file_id, bundle_id, status, is_temporary)",
    "CREATE INDEX results_plane ON results (bundle_id, valence, arousal) WHERE status = 'ok'",
    """CREATE TABLE scores (
        tag_id INTEGER NOT NULL REFERENCES tags ON DELETE CASCADE,
        file_id INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
        score REAL NOT NULL,
        PRIMARY KEY (tag_id, file_id)
    ) WITHOUT ROWID""",
    "CREATE INDEX scores_score ON scores (tag_id, score)",
    "CREATE INDEX scores_file ON scores (file_id)",
    """CREATE TABLE timelines (
        file_id INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
        bundle_id INTEGER NOT NULL REFERENCES bundles ON DELETE CASCADE,
        packed BLOB NOT NULL,
        PRIMARY KEY (file_id, bundle_id)
    )""",
    """CREATE TABLE claims (
        path TEXT PRIMARY KEY,
        process_id INTEGER NOT NULL,
        claimed_s REAL NOT NULL
    ) WITHOUT ROWID""",
)

_DOUBT = (
    "ALTER TABLE results ADD COLUMN music REAL",  # NULL where the bundle does not say
    # Of valence, arousal, each main tag, and, since quadrants are likely, the other tags; or NULL.
    "ALTER TABLE results ADD COLUMN errors BLOB",
)

_LIKELY = (  # `core.quadrant_probabilities` takes them; NULL where the bundle has none
    "ALTER TABLE bundles ADD COLUMN valence_slope REAL",
    "ALTER TABLE bundles ADD COLUMN arousal_slope REAL",
)

MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("0001-first", _FIRST),
    ("0002-doubt", _DOUBT),
    ("0003-likely", _LIKELY),
)
"""Name and statements of each step, in order. A step that was released never changes."""


@contextmanager
def transaction(connection: sqlite3.Connection, *, writes: bool = True) -> Iterator[None]:
    """Carry the block out as a whole or not at all; while it writes, nobody else does.

    The connection must be in autocommit mode. Raises: sqlite3.Error.
    """
    connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled it back by itself
            connection.execute("ROLLBACK")
        raise


def migrate(connection: sqlite3.Connection, shown: str) -> None:
    """Bring an opened database up to date; `shown` is its path for messages.

    The connection must be in autocommit mode. Raises: LibraryNewer, LibraryInvalid,
    sqlite3.Error.
    """
    with transaction(connection, writes=False):  # all that it asks is of one moment
        n_done = _check(connection, shown)
    if n_done == len(MIGRATIONS):
        return
    with transaction(connection):
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations"
            " (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) WITHOUT ROWID"
        )
        # Another process may have done it while this one waited for its turn.
        for name, statements in MIGRATIONS[_check(connection, shown) :]:
            for statement in statements:
                connection.execute(statement)
            connection.execute(
                "INSERT INTO migrations VALUES (?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))", (name,)
            )
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _check(connection: sqlite3.Connection, shown: str) -> int:
    """Give how many steps the database has gone through."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        (n_tables,) = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name != 'migrations'"
        ).fetchone()
        if n_tables or version:
            raise LibraryInvalid(
                f"{shown}: this is the database of another program", "name another file with --db"
            )
        return 0
    if version > len(MIGRATIONS):
        raise LibraryNewer(
            f"{shown}: a newer affetto has written this library (version {version}; this one "
            f"knows {len(MIGRATIONS)})",
            "update affetto, or name another file with --db",
        )
    return int(version)
