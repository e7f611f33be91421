"""XSPF 1: XML, each song with its address, title, artist, album and milliseconds.

The children of a track stand in the order of the specification's table, which some readers
count on. Where a song lies on the mood map is its `annotation`, which players show.
"""

from __future__ import annotations

from xml.etree import ElementTree

from affetto.writers.playlists.base import Entry, Listing, Rendered, one_line

NAMESPACE = "http://xspf.org/ns/0/"


def render(listing: Listing) -> Rendered:
    """Give a playlist as XSPF."""
    root = ElementTree.Element("playlist", {"version": "1", "xmlns": NAMESPACE})
    _add(root, "title", listing.title)
    tracks = ElementTree.SubElement(root, "trackList")
    for entry in listing.entries:
        _add_track(ElementTree.SubElement(tracks, "track"), entry, listing.address_of(entry))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    return Rendered(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')


def _add_track(track: ElementTree.Element, entry: Entry, address: str) -> None:
    _add(track, "location", address)
    _add(track, "title", entry.title)
    _add(track, "creator", entry.artist)
    _add(track, "annotation", entry.note)
    _add(track, "album", entry.album)
    _add(track, "duration", str(round(1000 * entry.duration_s)))


def _add(parent: ElementTree.Element, name: str, text: str | None) -> None:
    if text:
        ElementTree.SubElement(parent, name).text = one_line(text)
