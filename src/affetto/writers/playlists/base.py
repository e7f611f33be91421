"""What all formats of playlists share: entries, texts of one line, and how paths are spelled."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

from affetto.core import Notice


@dataclass(frozen=True, slots=True)
class Entry:
    """A song of a playlist: `path` is absolute, `note` one sentence for those who look at it."""

    path: Path
    duration_s: float
    title: str
    artist: str | None = None
    album: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A playlist as it is to be written; paths are relative to `folder`, absolute if it is None."""

    title: str
    entries: tuple[Entry, ...]
    folder: Path | None = None

    def path_of(self, entry: Entry) -> Path:
        """Give an entry's path as it is to be written."""
        if self.folder is None:
            return entry.path
        try:
            return Path(os.path.relpath(entry.path, self.folder))
        except ValueError:  # on another drive of Windows
            return entry.path

    def address_of(self, entry: Entry) -> str:
        """Give an entry's address (RFC 3986): every byte that is no plain character is escaped."""
        path = self.path_of(entry)
        return path.as_uri() if path.is_absolute() else relative_address(path)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A playlist's text, to be written as UTF-8, and what its user should know about it."""

    text: str
    notices: tuple[Notice, ...] = ()


def relative_address(path: PurePath) -> str:
    """Give a relative path as a relative reference; colons are escaped, so it has no scheme."""
    return quote(os.fsencode(path.as_posix()), safe="/")


def is_plain(text: str) -> bool:
    """Say whether a text is one line of UTF-8: no control characters, no odd bytes."""
    return not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in text)


def one_line(text: str) -> str:
    """Give a text as one line that UTF-8 and XML can hold.

    White space and control characters become single spaces; what is no character, U+FFFD.
    """
    return " ".join("".join(map(_plain_character, text)).split())


def _plain_character(character: str) -> str:
    if character in "\ufffe\uffff" or unicodedata.category(character) == "Cs":
        return "\ufffd"
    return " " if unicodedata.category(character) == "Cc" else character
