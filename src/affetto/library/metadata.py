"""What a file's own tags say: title, artist, album, genre, year, and how long it is.

Nothing here decides whether a song is scored: tags that are damaged or missing give None.
"""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_LENGTH = 1_000  # characters of a text: some files hold a whole web page where a name should be

# What each kind of tags calls a field, the best name first. The keys of "easy" tags are also
# those of Vorbis comments and, but for the case, of APEv2.
_NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "easy": {
        "title": ("title",),
        "artist": ("artist", "albumartist"),
        "album": ("album",),
        "genre": ("genre",),
        "year": ("date", "year", "originaldate"),
    },
    "id3": {
        "title": ("TIT2",),
        "artist": ("TPE1", "TPE2"),
        "album": ("TALB",),
        "genre": ("TCON",),
        "year": ("TDRC", "TYER", "TDOR"),
    },
    "asf": {
        "title": ("Title",),
        "artist": ("Author", "WM/AlbumArtist"),
        "album": ("WM/AlbumTitle",),
        "genre": ("WM/Genre",),
        "year": ("WM/Year",),
    },
}
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Metadata:
    """A song by its file's tags. `duration_s` is what the header says, `sample_rate` likewise."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    duration_s: float | None = None
    sample_rate: int | None = None


def read_metadata(path: str | os.PathLike[str]) -> Metadata:
    """Read a file's tags; several values of one field are joined by "; "."""
    import mutagen

    try:
        file = mutagen.File(path, easy=True)
        return Metadata() if file is None else _read(file)
    except Exception:  # whatever a tag holds that mutagen trips over, the music can be scored
        _log.debug("tags that cannot be read", exc_info=True)
        return Metadata()


def _read(file: Any) -> Metadata:
    from mutagen.asf import ASFTags
    from mutagen.id3 import ID3

    duration_s = getattr(file.info, "length", None)
    sample_rate = getattr(file.info, "sample_rate", None)
    tags = file.tags
    kind = "id3" if isinstance(tags, ID3) else "asf" if isinstance(tags, ASFTags) else "easy"
    texts = {} if tags is None else {
        field: _joined(tags, names) for field, names in _NAMES[kind].items()
    }  # fmt: skip
    year = _YEAR.search(texts.get("year") or "")
    return Metadata(
        title=texts.get("title"),
        artist=texts.get("artist"),
        album=texts.get("album"),
        genre=texts.get("genre"),
        year=int(year[1]) if year else None,
        duration_s=float(duration_s) if duration_s and math.isfinite(duration_s) else None,
        sample_rate=int(sample_rate) if sample_rate else None,
    )


def _joined(tags: Any, names: Iterable[str]) -> str | None:
    """Give the first of these fields that says anything."""
    for name in names:
        values = tags.get(name)
        if values is None:
            continue
        if hasattr(values, "genres"):  # ID3 may name a genre by number
            values = values.genres
        elif hasattr(values, "text"):
            values = values.text
        elif isinstance(values, str):
            values = [values]
        found = [text for value in values if (text := _clean(str(value)))]
        if found:
            return "; ".join(dict.fromkeys(found))[:MAX_LENGTH]
    return None


def _clean(text: str) -> str:
    """Give one line of a text, without what no database and no terminal takes."""
    text = text.encode("utf-8", "replace").decode()
    return " ".join(text.replace("\0", " ").split())
