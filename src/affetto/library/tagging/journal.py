"""What files held before affetto wrote to them: the memory of `--undo`.

It is a small SQLite database in the user's data folder and not a further field in the files.
A field would travel with the file, but other taggers drop or copy what they do not know, it
would put into every file something that no player wants, and undoing could not bring back
a file without it. A database takes 30,000 entries, survives a crash between two files, and two
processes may use it at once.

An entry is written, with fsync, before its file is replaced. After a crash between the two the
file still holds what it held: that is either what it held before affetto came, and undoing changes
nothing, or what affetto wrote the time before, which the entry therefore keeps too.

A song is found by its path, and after it has moved by the hash of its sound.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from affetto.audio import display
from affetto.errors import TagUnwritable
from affetto.files import data_home
from affetto.library.tagging.containers import Held
from affetto.library.tagging.fields import Texts

BUSY_S = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    path BLOB PRIMARY KEY,        -- as the file system has it, links resolved
    audio_sha256 TEXT NOT NULL,
    before TEXT NOT NULL,         -- JSON: what each field held, by field
    written TEXT NOT NULL,        -- JSON: the texts that affetto wrote last, by field
    earlier TEXT NOT NULL         -- JSON: those of the time before
);
CREATE INDEX IF NOT EXISTS entries_audio ON entries (audio_sha256);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file held `before`, and what affetto has `written` last and `earlier`, by field."""

    path: Path
    audio_sha256: str
    before: Mapping[str, Held]
    written: Mapping[str, Texts]
    earlier: Mapping[str, Texts]

    def is_ours(self, name: str, texts: Texts) -> bool:
        """Say whether a field that holds these texts has them from affetto."""
        return name in self.written and texts in (self.written[name], self.earlier.get(name))


class Journal:
    """The entries of one user. The file is made with the first entry."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = data_home() / "tagged.sqlite" if path is None else path

    def find(self, path: Path) -> Entry | None:
        """Give the entry of a file by its real path. Raises: TagUnwritable."""
        rows = self._query("SELECT * FROM entries WHERE path = ?", os.fsencode(path))
        return rows[0] if rows else None

    def find_moved(self, audio_sha256: str) -> Entry | None:
        """Give an entry of the same sound whose own file is gone. Raises: TagUnwritable."""
        rows = self._query("SELECT * FROM entries WHERE audio_sha256 = ?", audio_sha256)
        return next((entry for entry in rows if not os.path.lexists(entry.path)), None)

    def record(self, entry: Entry, instead_of: Path | None = None) -> None:
        """Keep an entry, in the place of an older one. Raises: TagUnwritable."""
        before = json.dumps({name: asdict(held) for name, held in entry.before.items()})
        written, earlier = json.dumps(entry.written), json.dumps(entry.earlier)
        row = (os.fsencode(entry.path), entry.audio_sha256, before, written, earlier)
        with self._opened() as database:
            if instead_of is not None:
                database.execute("DELETE FROM entries WHERE path = ?", (os.fsencode(instead_of),))
            database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", row)

    def forget(self, path: Path) -> None:
        """Drop the entry of a file. Raises: TagUnwritable."""
        with self._opened() as database:
            database.execute("DELETE FROM entries WHERE path = ?", (os.fsencode(path),))

    def _query(self, question: str, value: bytes | str) -> list[Entry]:
        if not self.path.exists():
            return []
        with self._opened() as database:
            return [_entry(*row) for row in database.execute(question, (value,))]

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Open the database for one transaction."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self.path, timeout=BUSY_S)
            try:
                database.executescript("PRAGMA synchronous = FULL;" + _SCHEMA)
                with database:
                    yield database
            finally:
                database.close()
        except (OSError, sqlite3.Error, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TagUnwritable(
                f"{display(self.path)}: the journal for undo cannot be used ({reason.lower()})",
                "check the disk and its permissions",
            ) from error


def _entry(path: bytes, audio_sha256: str, before: str, written: str, earlier: str) -> Entry:
    return Entry(
        path=Path(os.fsdecode(path)),
        audio_sha256=audio_sha256,
        before={name: _held(plain) for name, plain in json.loads(before).items()},
        written=_texts(written),
        earlier=_texts(earlier),
    )


def _texts(text: str) -> dict[str, Texts]:
    return {name: tuple(texts) for name, texts in json.loads(text).items()}


def _held(plain: Mapping[str, Any]) -> Held:
    return Held(plain["form"], tuple(plain["names"]), tuple(plain["texts"]), tuple(plain["raw"]))
