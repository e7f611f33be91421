"""Playlists as files, one file here and one line in the table for each format.

    m3u8   a line a song, UTF-8: what nearly every player reads
    xspf   XML with percent-encoded addresses, which hold any file name
    jspf   the same in JSON

A format is a function `render(listing) -> Rendered`. Nothing here knows how songs are chosen.
"""

from __future__ import annotations

from pathlib import Path

from affetto.registry import Registry

PLAYLISTS = Registry(
    "playlist format",
    "playlists",
    {
        "m3u8": ("affetto.writers.playlists.m3u8:render", "a line a song, UTF-8"),
        "xspf": ("affetto.writers.playlists.xspf:render", "XML, any file name"),
        "jspf": ("affetto.writers.playlists.jspf:render", "JSON, any file name"),
    },
)

_SUFFIXES = {".m3u": "m3u8"}


def format_of(path: Path) -> str | None:
    """Give the format that a file name's suffix stands for: its own name, or a usual other."""
    suffix = path.suffix.lower()
    name = _SUFFIXES.get(suffix, suffix.removeprefix("."))
    return name if name in PLAYLISTS else None
