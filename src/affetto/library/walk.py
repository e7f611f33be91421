"""Which files of a folder a scan takes, and what it could not look at.

Links are followed, without going round in circles: one that leads into a folder which is
walked anyway is left out. Hidden files and folders are skipped, and folders with a marker
file. What cannot be read gives one sentence, and the walk goes on; what is known from there is
not taken for deleted.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from affetto.audio import SUFFIXES, display
from affetto.audio.paths import stat_error
from affetto.core import Failure
from affetto.errors import AudioError, AudioNotFound, AudioUnreadable, BadConfig

MARKERS = (".nomedia", ".notmusic")
"""A folder that holds a file of such a name is skipped, with all that is below it."""

_DISK_HINT = (
    "is its disk connected? if they are gone for good, scan the folder above it, with --prune"
)
_MAX = 2**63 - 1  # the largest number that SQLite holds


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells cheaply that a file is still the same."""

    size_bytes: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        mtime_ns = max(-_MAX, min(status.st_mtime_ns, _MAX))
        return cls(status.st_size, mtime_ns, status.st_ino & _MAX)


def stamp_of(path: str) -> Stamp:
    """Look at a file. Raises: OSError."""
    return Stamp.of(os.stat(path))  # noqa: PTH116 (called for each file of a library)


@dataclass(slots=True)
class Walk:
    """Walks folders; afterwards `problems` and `unread` say what was left out, and why.

    `folders` are the given ones as absolute paths, links resolved. `unread` holds the folders
    (or files) about which nothing is known, since they could not be read. `excluded` are globs:
    one with a slash in it is matched against the path below the given folder, any other against
    the name alone; `*` matches slashes too.
    """

    given: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    known_in: Callable[[str], int] = lambda _: 0
    folders: tuple[str, ...] = ()
    problems: list[Failure] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    _visited: set[tuple[int, int]] = field(default_factory=set)
    _by_name: re.Pattern[str] | None = None
    _by_path: re.Pattern[str] | None = None

    @classmethod
    def of(
        cls,
        folders: Iterable[str | os.PathLike[str]],
        excluded: Iterable[str] = (),
        known_in: Callable[[str], int] = lambda _: 0,
    ) -> Walk:
        """Prepare a walk. `known_in` counts the known songs below a folder. Raises: BadConfig."""
        given = tuple(dict.fromkeys(os.fspath(folder) for folder in folders))
        patterns = [pattern.rstrip("/") for pattern in excluded]
        if not given or not all(given):
            raise BadConfig("there is no folder to scan", "name one or more")
        if not all(patterns):
            raise BadConfig("an empty pattern excludes nothing", "leave it out")
        return cls(
            given=given,
            excluded=tuple(patterns),
            known_in=known_in,
            folders=tuple(dict.fromkeys(os.path.realpath(folder) for folder in given)),
            _by_name=_any_of(pattern for pattern in patterns if "/" not in pattern),
            _by_path=_any_of(pattern.lstrip("/") for pattern in patterns if "/" in pattern),
        )

    def files(self) -> Iterator[tuple[str, Stamp]]:
        """Give the path and the stamp of each music file, folder by folder, sorted."""
        for folder in self.folders:
            try:
                status = os.stat(folder)  # noqa: PTH116
            except (OSError, ValueError) as error:
                self._leave(folder, self._unreachable(folder, stat_error(folder, error)))
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from self._below(folder)
            else:
                yield from self._file(folder, status)

    def _file(self, path: str, status: os.stat_result) -> Iterator[tuple[str, Stamp]]:
        if stat.S_ISREG(status.st_mode):
            yield path, Stamp.of(status)
        else:
            self._leave(path, AudioUnreadable(f"{display(path)}: is not a file", "leave it out"))

    def _below(self, top: str) -> Iterator[tuple[str, Stamp]]:
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            try:
                if not self._is_first_visit(folder):
                    continue
                with os.scandir(folder) as scan:
                    entries = sorted(scan, key=_name_of)
            except OSError as error:
                self._leave(folder, _unreadable(folder, error))
                continue
            if folder == top and not self._is_there(folder, entries):
                continue
            if any(entry.name in MARKERS for entry in entries):
                continue
            folders = []
            for entry in entries:
                if entry.name.startswith(".") or self._is_excluded(entry, top):
                    continue
                try:
                    if entry.is_dir():
                        folders.append(entry)
                    elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122
                        yield from self._file(entry.path, entry.stat())
                except FileNotFoundError as error:
                    if entry.is_symlink():  # else it was there a moment ago, and is gone now
                        self._leave(entry.path, stat_error(entry.path, error))
                except OSError as error:
                    self._leave(entry.path, stat_error(entry.path, error))
            waiting += [
                entry.path for entry in reversed(folders) if not self._comes_elsewhere(entry)
            ]

    def _is_there(self, folder: str, entries: list[os.DirEntry[str]]) -> bool:
        """Say whether a given folder can be scanned, and tell if not.

        An empty one of which songs are known is most likely a disk that is not there.
        """
        marker = next((entry.name for entry in entries if entry.name in MARKERS), None)
        if marker is not None:
            hint = f"remove {marker}, or leave this folder out"
            message = f"{display(folder)}: a file {marker} in it says that it is not to be scanned"
            self.problems.append(_failure(folder, AudioNotFound(message, hint)))
            return False
        if not entries and (n_known := self.known_in(folder)):
            self._leave(
                folder,
                AudioNotFound(
                    f"{display(folder)}: this folder is empty, and its {n_known:,} files stay in "
                    "the library",
                    _DISK_HINT,
                ),
            )
            return False
        return True

    def _unreachable(self, folder: str, error: AudioError) -> AudioError:
        n_known = self.known_in(folder)
        if not n_known:
            return error
        return type(error)(
            f"{error.message}, and its {n_known:,} files stay in the library", _DISK_HINT
        )

    def _is_excluded(self, entry: os.DirEntry[str], top: str) -> bool:
        if self._by_name is not None and self._by_name.match(entry.name):
            return True
        if self._by_path is None:
            return False
        below = entry.path[len(top) :].replace(os.sep, "/").lstrip("/")
        return self._by_path.match(below) is not None

    def _comes_elsewhere(self, entry: os.DirEntry[str]) -> bool:
        """Say whether a link leads to a folder that this walk takes by itself."""
        if not entry.is_symlink():
            return False
        target = os.path.realpath(entry.path)
        return any(is_in(target, folder) for folder in self.folders)

    def _is_first_visit(self, folder: str) -> bool:
        status = os.stat(folder)  # noqa: PTH116
        key = (status.st_dev, status.st_ino)
        if key in self._visited:
            return False
        self._visited.add(key)
        return True

    def _leave(self, path: str, error: AudioError) -> None:
        self.problems.append(_failure(path, error))
        self.unread.append(path)


def is_in(path: str, folder: str) -> bool:
    """Say whether a path is a folder or lies below it."""
    return path == folder or path.startswith(below(folder))


def below(folder: str) -> str:
    """Give what the path of everything below a folder begins with."""
    return folder.rstrip(os.sep) + os.sep


def _any_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    found = [fnmatch.translate(pattern) for pattern in patterns]
    return re.compile("|".join(found)) if found else None


def _name_of(entry: os.DirEntry[str]) -> str:
    return entry.name


def _unreadable(folder: str, error: OSError) -> AudioUnreadable:
    reason = (error.strerror or type(error).__name__).lower()
    return AudioUnreadable(
        f"{display(folder)}: this folder cannot be read ({reason})",
        "check its permissions, or the connection",
    )


def _failure(path: str, error: AudioError) -> Failure:
    return Failure(path, error.code, error.message, error.hint)
