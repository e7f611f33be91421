"""M3U8: a line a song with its path, and above it `#EXTINF:seconds,artist - title`.

Paths stand as they are: players that read `%20` as a blank are as common as those that do not.
A path that UTF-8 or a line cannot hold (bytes that are not UTF-8, a line break, blanks at an
end) is written as a `file:` address instead, which many players read, and a notice says so.
"""

from __future__ import annotations

import re
from pathlib import Path

from affetto.core import Notice
from affetto.writers.playlists.base import Entry, Listing, Rendered, is_plain, one_line

_LIKE_A_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def render(listing: Listing) -> Rendered:
    """Give a playlist as M3U8."""
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(listing.title)}"]
    n_addresses = 0
    for entry in listing.entries:
        line = _line(listing.path_of(entry))
        n_addresses += line is None
        lines += [_heading(entry), entry.path.as_uri() if line is None else line]
    notices = (_notice(n_addresses),) if n_addresses else ()
    return Rendered("".join(f"{line}\n" for line in lines), notices)


def _heading(entry: Entry) -> str:
    name = one_line(entry.title)
    if entry.artist:
        name = f"{one_line(entry.artist)} - {name}"
    return f"#EXTINF:{round(entry.duration_s)},{name}"


def _line(path: Path) -> str | None:
    """Give a path as a line, or None if no line can hold it."""
    text = str(path)
    if not is_plain(text) or text != text.strip():
        return None
    if not path.is_absolute() and (text.startswith("#") or _LIKE_A_SCHEME.match(text)):
        return f"./{text}"  # not to be taken for a comment or a network address
    return text


def _notice(n_addresses: int) -> Notice:
    who = "1 path is" if n_addresses == 1 else f"{n_addresses} paths are"
    return Notice(
        "path-as-address",
        f"{who} written as file: addresses, because M3U8 cannot hold them as they are;"
        " a player that does not read these reads XSPF",
    )
