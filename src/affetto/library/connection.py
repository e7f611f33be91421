"""An opened SQLite file: its settings, transactions, paths as text, and errors in sentences.

WAL lets readers go on while one process writes. `synchronous = NORMAL` syncs when the log is
put into the file: a killed process loses nothing that it has committed, and a power cut loses the
last moments but never harms the file. Writers wait for each other `BUSY_S` seconds.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from affetto.audio import display
from affetto.errors import LibraryError, LibraryInvalid, LibraryLocked, LibraryUnwritable
from affetto.library import schema

BUSY_S = 60.0
_RETRY_S = 0.01
MEMORY = ":memory:"

Row = tuple[Any, ...]
Parameters = tuple[Any, ...] | Mapping[str, Any]


class Connection:
    """One connection to a library's file, which is made and brought up to date as needed.

    `path` None means a library in memory. Not to be shared between threads.
    Raises: LibraryError.
    """

    def __init__(self, path: Path | None, *, busy_s: float = BUSY_S) -> None:
        self.shown = "the library" if path is None else display(path)
        with self._translating():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._sqlite = sqlite3.connect(
                MEMORY if path is None else path, timeout=busy_s, isolation_level=None
            )
            try:
                self._set_up(busy_s)
            except BaseException:
                self._sqlite.close()
                raise

    def _set_up(self, busy_s: float) -> None:
        self._sqlite.text_factory = _text
        self._sqlite.execute("PRAGMA foreign_keys = ON")
        # Before anything is changed: what is not a library is left as it is.
        schema.migrate(self._sqlite, self.shown)
        self._turn_to_wal(busy_s)
        self._sqlite.execute("PRAGMA synchronous = NORMAL")

    def _turn_to_wal(self, busy_s: float) -> None:
        """Keep a log, and wait for those that use a new file: SQLite refuses this at once."""
        end_s = time.monotonic() + busy_s
        while True:
            try:
                self._sqlite.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() >= end_s:
                    raise
            time.sleep(_RETRY_S)

    def close(self) -> None:
        self._sqlite.close()

    def define(self, name: str, function: Callable[..., Any], n_values: int = 1) -> None:
        """Let SQL call a function that always gives the same for the same values."""
        self._sqlite.create_function(name, n_values, function, deterministic=True)

    def rows(self, question: str, parameters: Parameters = ()) -> Iterator[Row]:
        """Give the rows of an answer one after the other. Raises: LibraryError."""
        with self._translating():
            # `yield from` would close the cursor of rows that are left, by Ctrl-C say, when the
            # connection has been closed already, and that fails.
            for row in self._sqlite.execute(question, parameters):  # noqa: UP028
                yield row

    def table(self, question: str, parameters: Parameters = ()) -> list[Row]:
        """Give all rows of an answer at once, which is quicker for many. Raises: LibraryError."""
        with self._translating():
            return self._sqlite.execute(question, parameters).fetchall()

    def row(self, question: str, parameters: Parameters = ()) -> Row | None:
        """Give the first row of an answer, or None. Raises: LibraryError."""
        with self._translating():
            found: Row | None = self._sqlite.execute(question, parameters).fetchone()
            return found

    def version(self) -> object:
        """Give a value that is equal to one given before if nothing was written since."""
        if self._sqlite.in_transaction:  # what is written may yet be taken back
            return object()
        # What others have written changes the first number, what this connection has the second.
        return self.row("PRAGMA data_version"), self._sqlite.total_changes

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """Give a cursor whose changes are all there after the block, or none of them.

        No other process writes meanwhile. Raises: LibraryError.
        """
        with self._translating(), schema.transaction(self._sqlite):
            yield self._sqlite.cursor()

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._translated(error) from error
        except OSError as error:  # the folder cannot be made
            raise self._unwritable((error.strerror or type(error).__name__).lower()) from error

    def _translated(self, error: sqlite3.Error) -> LibraryError:
        code = _code(error)
        if _is_busy(error):
            return LibraryLocked(
                f"{self.shown}: another process has been writing to the library for too long",
                "wait for it, or end it",
            )
        if code == sqlite3.SQLITE_FULL:
            return LibraryUnwritable(
                f"{self.shown}: the disk is full", "make room; what was written before is whole"
            )
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA):
            return LibraryInvalid(
                f"{self.shown}: this is not a library, or it is damaged ({error})",
                "name another file with --db, or put a copy back",
            )
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR):
            return self._unwritable(str(error))
        return LibraryError(f"{self.shown}: {error}", "please report this")

    def _unwritable(self, reason: str) -> LibraryUnwritable:
        return LibraryUnwritable(
            f"{self.shown}: the library cannot be written ({reason})",
            "check the disk and its permissions, or name another file with --db",
        )


def _code(error: sqlite3.Error) -> int:
    """Give SQLite's own number of a failure, without its finer kinds, or 0."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _is_busy(error: sqlite3.Error) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _text(content: bytes) -> str:
    """Read TEXT. All of it is UTF-8 but paths, whose odd bytes become lone surrogates."""
    return content.decode("utf-8", "surrogateescape")


def stored(path: str | os.PathLike[str]) -> bytes:
    """Give a path as it is bound to `CAST(? AS TEXT)`: SQLite refuses a text that is not UTF-8."""
    return os.fsencode(path)


def restored(text: str) -> str:
    """Give a path as Python has it, from TEXT that was read."""
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))
