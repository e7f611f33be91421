"""JSPF: XSPF's fields as JSON; a track's `location` is a list of addresses, here of one."""

from __future__ import annotations

import json
from typing import Any

from affetto.writers.playlists.base import Entry, Listing, Rendered, one_line


def render(listing: Listing) -> Rendered:
    """Give a playlist as JSPF."""
    tracks = [_track(entry, listing.address_of(entry)) for entry in listing.entries]
    plain = {"playlist": {"title": one_line(listing.title), "track": tracks}}
    return Rendered(json.dumps(plain, indent=2, ensure_ascii=False) + "\n")


def _track(entry: Entry, address: str) -> dict[str, Any]:
    texts = {
        "title": entry.title,
        "creator": entry.artist,
        "annotation": entry.note,
        "album": entry.album,
    }
    return {
        "location": [address],
        **{name: one_line(text) for name, text in texts.items() if text},
        "duration": round(1000 * entry.duration_s),
    }
