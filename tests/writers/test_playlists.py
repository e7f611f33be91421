"""Playlists as files come back as they were, read by parsers that are not ours."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.writers.playlists import PLAYLISTS, format_of
from affetto.writers.playlists.base import Entry, Listing, is_plain, one_line
from affetto.writers.playlists.jspf import render as render_jspf
from affetto.writers.playlists.m3u8 import render as render_m3u8
from affetto.writers.playlists.xspf import NAMESPACE
from affetto.writers.playlists.xspf import render as render_xspf

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names of files are text on Windows")

ODD = Path(os.fsdecode(b"/music/caf\xe9 #1\n?.mp3"))

texts = st.text(max_size=30)
names = st.binary(min_size=1, max_size=20).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)
paths = st.lists(names, min_size=1, max_size=3).map(
    lambda parts: Path(os.fsdecode(b"/" + b"/".join(parts)))
)
entries = st.builds(
    Entry,
    path=paths,
    duration_s=st.floats(0, 36_000),
    title=texts,
    artist=st.none() | texts,
    album=st.none() | texts,
    note=texts,
)
listings = st.builds(
    Listing,
    title=texts,
    entries=st.lists(entries, max_size=4).map(tuple),
    folder=st.none() | st.sampled_from([Path("/"), Path("/music/lists")]),
)


def path_of(address: str, folder: Path | None) -> Path:
    """Read an address as RFC 3986 has it; a relative one from a folder."""
    parts = urlsplit(address)
    assert parts.scheme in ("file", "")
    assert (parts.query, parts.fragment) == ("", "")
    path = Path(os.fsdecode(unquote_to_bytes(parts.path)))
    return path if folder is None else Path(os.path.normpath(folder / path))


def text_of(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{{NAMESPACE}}}{name}") or ""


@given(listings)
def test_xspf_comes_back_as_it_was(listing: Listing) -> None:
    text = render_xspf(listing).text
    root = ElementTree.fromstring(text.encode())
    assert root.tag == f"{{{NAMESPACE}}}playlist"
    assert root.get("version") == "1"
    assert text_of(root, "title") == one_line(listing.title)
    tracks = root.findall(f"{{{NAMESPACE}}}trackList/{{{NAMESPACE}}}track")
    assert len(tracks) == len(listing.entries)
    for track, entry in zip(tracks, listing.entries, strict=True):
        location = text_of(track, "location")
        assert location.isascii()
        assert path_of(location, listing.folder) == entry.path
        assert text_of(track, "title") == one_line(entry.title)
        assert text_of(track, "creator") == one_line(entry.artist or "")
        assert text_of(track, "album") == one_line(entry.album or "")
        assert text_of(track, "annotation") == one_line(entry.note)
        assert int(text_of(track, "duration")) == round(1000 * entry.duration_s)


@given(listings)
def test_jspf_comes_back_as_it_was(listing: Listing) -> None:
    plain = json.loads(render_jspf(listing).text.encode())["playlist"]
    assert plain["title"] == one_line(listing.title)
    assert len(plain["track"]) == len(listing.entries)
    for track, entry in zip(plain["track"], listing.entries, strict=True):
        (location,) = track["location"]
        assert path_of(location, listing.folder) == entry.path
        assert track.get("title", "") == one_line(entry.title)
        assert track.get("creator", "") == one_line(entry.artist or "")
        assert track["duration"] == round(1000 * entry.duration_s)


@given(listings)
def test_m3u8_comes_back_as_it_was_and_says_what_it_could_not_hold(listing: Listing) -> None:
    rendered = render_m3u8(listing)
    lines = rendered.text.encode().decode("utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[1] == f"#PLAYLIST:{one_line(listing.title)}"
    assert len(lines) == 2 + 2 * len(listing.entries)
    n_addresses = 0
    for number, entry in enumerate(listing.entries):
        heading, line = lines[2 + 2 * number : 4 + 2 * number]
        assert heading.startswith(f"#EXTINF:{round(entry.duration_s)},")
        assert heading.endswith(one_line(entry.title))
        assert not line.startswith("#")
        if line.startswith("file:///"):
            n_addresses += 1
            shown = str(listing.path_of(entry))
            assert not is_plain(shown) or shown != shown.strip()
            assert path_of(line, None) == entry.path
        else:
            assert os.path.normpath((listing.folder or Path("/")) / line) == str(entry.path)
    assert [notice.code for notice in rendered.notices] == ["path-as-address"] * bool(n_addresses)


@given(texts | st.text(st.characters(categories=["Cc", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"])))
def test_one_line_is_what_utf8_and_xml_can_hold_and_stays_so(text: str) -> None:
    line = one_line(text)
    assert one_line(line) == line
    assert line == line.strip()
    assert len(line.splitlines()) <= 1
    assert not {unicodedata.category(each) for each in line} & {"Cc", "Cs"}
    ElementTree.fromstring(f"<a>{line.replace('&', '').replace('<', '')}</a>".encode())


# ---------------------------------------------------------------- by example


def song(path: str | Path, **changes: object) -> Entry:
    fields: dict[str, object] = {"duration_s": 221.4, "title": "Sunny & bright", "artist": "Ada"}
    return Entry(path=Path(path), **(fields | changes))  # type: ignore[arg-type]


def test_m3u8_is_what_players_know() -> None:
    listing = Listing("mine", (song("/music/a b/1.mp3"), song("/music/2.mp3", artist=None)))
    assert render_m3u8(listing).text == (
        "#EXTM3U\n#PLAYLIST:mine\n"
        "#EXTINF:221,Ada - Sunny & bright\n/music/a b/1.mp3\n"
        "#EXTINF:221,Sunny & bright\n/music/2.mp3\n"
    )
    assert render_m3u8(listing).notices == ()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/music/Ünï/1 %20.mp3", "Ünï/1 %20.mp3"),
        ("/other/1.mp3", "../other/1.mp3"),
        ("/music/#1.mp3", "./#1.mp3"),
        ("/music/http:/1.mp3", "./http:/1.mp3"),
        ("/music/a/#1.mp3", "a/#1.mp3"),
        ("/music/ 1.mp3", "file:///music/%201.mp3"),
        ("/music/1.mp3 ", "file:///music/1.mp3%20"),
        ("/music/1\r.mp3", "file:///music/1%0D.mp3"),
        ("/music/1\u2028.mp3", "file:///music/1%E2%80%A8.mp3"),
        (ODD, "file:///music/caf%E9%20%231%0A%3F.mp3"),
    ],
)
def test_m3u8_spells_relative_paths_so_that_they_are_taken_for_paths(
    path: str | Path, line: str
) -> None:
    rendered = render_m3u8(Listing("", (song(path),), Path("/music")))
    assert rendered.text.splitlines()[-1] == line
    assert len(rendered.notices) == line.startswith("file:")


def test_notice_of_m3u8_counts_the_paths_and_names_a_way_out() -> None:
    one = render_m3u8(Listing("", (song(ODD), song("/1.mp3"))))
    assert one.notices[0].message.startswith("1 path is written as file: addresses")
    two = render_m3u8(Listing("", (song(ODD), song(ODD))))
    assert two.notices[0].message.startswith("2 paths are written")
    assert "XSPF" in two.notices[0].message


def test_xspf_has_its_elements_in_the_specifications_order() -> None:
    listing = Listing("mine", (song(ODD, album="<A>", note="calm"),))
    root = ElementTree.fromstring(render_xspf(listing).text)
    track = root[1][0]
    names = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in track]
    assert names == ["location", "title", "creator", "annotation", "album", "duration"]
    assert track[0].text == "file:///music/caf%E9%20%231%0A%3F.mp3"
    assert track[4].text == "<A>"


def test_relative_addresses_have_no_scheme() -> None:
    entry = song("/music/a:b/c?d#e.mp3")
    assert Listing("", (entry,), Path("/music")).address_of(entry) == "a%3Ab/c%3Fd%23e.mp3"


@pytest.mark.parametrize("name", PLAYLISTS.names())
def test_every_format_writes_an_empty_list_and_has_a_suffix(name: str) -> None:
    rendered = PLAYLISTS.load(name)(Listing("nothing", ()))
    assert "nothing" in rendered.text
    assert rendered.notices == ()
    assert format_of(Path(f"list.{name.upper()}")) == name
    assert format_of(Path("list.m3u")) == "m3u8"
    assert format_of(Path("list.txt")) is None
