"""Names of sound files: which files a folder scan takes, and how a name is shown."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from affetto.core import Failure
from affetto.errors import AudioError, AudioNotFound, AudioUnreadable

# fmt: off
SUFFIXES: frozenset[str] = frozenset({
    ".aac", ".aif", ".aifc", ".aiff", ".ape", ".asf", ".au", ".avi", ".caf", ".dsf", ".flac",
    ".flv", ".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp1", ".mp2", ".mp3", ".mp4", ".mpc",
    ".mpeg", ".mpg", ".oga", ".ogg", ".ogv", ".opus", ".rf64", ".snd", ".spx", ".tak", ".tta",
    ".w64", ".wav", ".wave", ".webm", ".wma", ".wmv", ".wv",
})
# fmt: on
"""Lower-case file suffixes that a folder scan takes as music. Decoding goes by content."""

_SHOWN_AS_ESCAPE = {"Cc", "Cs", "Zl", "Zp"}
_TEXT_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Invisible marks that turn the reading direction: they could make one name look like another."""


def display(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> str:
    """Give a path as printable text.

    Bytes that are not UTF-8, control characters (newline, escape) and marks that turn the
    reading direction appear as backslash escapes; everything else as it is.
    """
    return "".join(_shown(character) for character in os.fsdecode(path))


def _shown(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if character in _TEXT_DIRECTION or unicodedata.category(character) in _SHOWN_AS_ESCAPE:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def find(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path | Failure]:
    """Expand folders into the music in them, sorted; give files as they are.

    Hidden files and folders are skipped, links are followed without going round in circles.
    What cannot be found or looked into is given as a failure, not raised: a missing path and
    a folder without music as `audio-not-found`, a folder that may not be read as
    `audio-unreadable`.
    """
    for path in paths:
        if isinstance(path, str) and not path:  # Path("") would mean the current folder
            yield _failure(
                path, AudioNotFound("'': no such file", "give the path of a file or folder")
            )
            continue
        try:
            status = Path(path).stat()
        except (OSError, ValueError) as error:
            yield _failure(path, stat_error(path, error))
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _find_in(Path(path))
        else:
            yield Path(path)


def _failure(path: str | os.PathLike[str], error: AudioError) -> Failure:
    return Failure(os.fspath(path), error.code, error.message, error.hint)


def _find_in(folder: Path) -> Iterator[Path | Failure]:
    is_empty = True
    for found in _walk(folder, os.path.realpath(folder), set()):
        is_empty = False
        yield found
    if is_empty:
        error = AudioNotFound(
            f"{display(folder)}: no music files in this folder", "name a file, or another folder"
        )
        yield _failure(folder, error)


def _walk(folder: Path, root: str, visited: set[str]) -> Iterator[Path | Failure]:
    visited.add(os.path.realpath(folder))
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        reason = AudioUnreadable(
            f"{display(folder)}: this folder cannot be read ({_reason(error)})",
            "check its permissions",
        )
        yield _failure(folder, reason)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        if _is_folder(entry):
            if not _comes_elsewhere(entry, root, visited):
                yield from _walk(path, root, visited)
        elif path.suffix.lower() in SUFFIXES:
            yield path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _comes_elsewhere(entry: os.DirEntry[str], root: str, visited: set[str]) -> bool:
    """Say whether a link leads to a folder that this walk has seen or will see by itself."""
    if not entry.is_symlink():
        return False
    target = os.path.realpath(entry.path)
    is_inside = target == root or target.startswith(root.rstrip(os.sep) + os.sep)
    return is_inside or target in visited


def stat_error(path: str | os.PathLike[str], error: OSError | ValueError) -> AudioError:
    """Translate what `os.stat` or `open` raised for `path`."""
    name = display(path)
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
        return AudioNotFound(f"{name}: no such file", "check the spelling of the path")
    if isinstance(error, PermissionError):
        return AudioUnreadable(f"{name}: no permission to read it", "check its permissions")
    return AudioUnreadable(f"{name}: it cannot be opened ({_reason(error)})", "check the path")


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
