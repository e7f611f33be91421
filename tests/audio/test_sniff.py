"""A file is what its first bytes say, and what is no sound is called by its name."""

from __future__ import annotations

import io
import struct

import pytest
import soundfile

from affetto.audio import read
from affetto.errors import AudioEmpty, AudioUnreadable
from tests.helpers import chirp

RATE_HZ = 22_050


def song(container: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, chirp(4.0), RATE_HZ, format=container)
    return file.getvalue()


def id3(n_bytes: int, *, has_footer: bool = False) -> bytes:
    size = bytes(n_bytes >> shift & 0x7F for shift in (21, 14, 7, 0))
    flags = 0x10 if has_footer else 0
    return b"ID3\x04\0" + bytes([flags]) + size + bytes(n_bytes + (10 if has_footer else 0))


def ape_tag(n_bytes: int) -> bytes:
    return b"APETAGEX" + struct.pack("<4I", 2000, n_bytes, 0, 1 << 29) + bytes(8 + n_bytes)


@pytest.mark.parametrize("container", ["MP3", "FLAC", "WAV", "AIFF", "OGG"])
@pytest.mark.parametrize(
    "tag",
    [id3(300), id3(100_000), id3(50) + id3(70), id3(200, has_footer=True), ape_tag(500)],
    ids=["id3", "long-id3", "two-id3", "id3-with-footer", "ape"],
)
def test_tag_in_front_of_the_sound_is_passed_over(tag: bytes, container: str) -> None:
    plain, info = read(io.BytesIO(song(container)), RATE_HZ)
    tagged, tagged_info = read(io.BytesIO(tag + song(container)), RATE_HZ)
    assert (plain.samples == tagged.samples).all()
    assert info == tagged_info


def test_file_of_tags_alone_is_empty() -> None:
    with pytest.raises(AudioEmpty, match="tag but no sound"):
        read(io.BytesIO(id3(300) + id3(50)), RATE_HZ)


def test_tag_longer_than_the_file_is_unreadable() -> None:
    with pytest.raises(AudioUnreadable, match=r"claims 2 MB, but the file has only"):
        read(io.BytesIO(id3(2_000_000)[:10] + song("MP3")), RATE_HZ)


@pytest.mark.parametrize(
    "junk", [bytes(1_000), b"\xff" * 99, bytes(range(256)) * 40], ids=["zeros", "ones", "bytes"]
)
def test_mp3_is_found_behind_junk(junk: bytes) -> None:
    plain, info = read(io.BytesIO(song("MP3")), RATE_HZ)
    found, found_info = read(io.BytesIO(junk + song("MP3")), RATE_HZ)
    assert (plain.samples == found.samples).all()
    assert info == found_info


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x7fELF\x02", "program"),
        (b"SQLite format 3\0", "database"),
        (b"MThd\0\0\0\x06", "MIDI"),
        (b"#EXTM3U\n", "playlist"),
        (b"  <!doctype html><title>404</title>", "web page"),
        (b"<html>", "web page"),
        (b"Dear diary\n", "text"),
        ("Ärger und Süßes, überall. ".encode() * 60, "text"),  # cut within a letter at 1,024
    ],
)
def test_what_is_no_sound_is_called_by_its_name(content: bytes, what: str) -> None:
    with pytest.raises(AudioUnreadable, match=f"this is .*{what}.*, not sound"):
        read(io.BytesIO(content), RATE_HZ)


@pytest.mark.parametrize("n_bytes", [1, 2, 3, 10, 100, 100_000])
def test_zeros_are_no_sound(n_bytes: int) -> None:
    with pytest.raises(AudioUnreadable, match="not sound"):
        read(io.BytesIO(bytes(n_bytes)), RATE_HZ)


@pytest.mark.parametrize(
    "head",
    [b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS", b"FORM\0\0\0\0AIFF", b"\0\0\0\x20ftypM4A ", b"wvpk",
     b"caff", b".snd", b"\x1a\x45\xdf\xa3", b"MAC ", b"TTA1", b"DSD ", b"\x30\x26\xb2\x75"],
)  # fmt: skip
@pytest.mark.parametrize("rest", [b"", bytes(5), bytes(5_000), bytes(range(256)) * 9])
def test_signature_without_the_format_behind_it_is_an_error(head: bytes, rest: bytes) -> None:
    with pytest.raises((AudioUnreadable, AudioEmpty)) as caught:
        read(io.BytesIO(head + rest), RATE_HZ)
    assert caught.value.hint
