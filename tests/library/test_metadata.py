"""A file's own tags are read in every format, and damaged ones do no harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.asf import ASF
from mutagen.id3 import TALB, TCON, TDRC, TIT2, TPE1
from mutagen.wave import WAVE

from affetto.library.metadata import MAX_LENGTH, Metadata, read_metadata
from tests.corpus import Case
from tests.helpers import chirp, encode
from tests.library.music import set_tags, write_song

TAGS = {
    "title": "Stjörnur",
    "artist": "Sólveig",
    "album": "Himinn",
    "genre": "Ambient",
    "date": "2011-05-03",
}
EXPECTED = Metadata("Stjörnur", "Sólveig", "Himinn", "Ambient", 2011)


def texts(metadata: Metadata) -> Metadata:
    return Metadata(metadata.title, metadata.artist, metadata.album, metadata.genre, metadata.year)


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg"])
def test_tags_are_read_whatever_the_format(tmp_path: Path, suffix: str) -> None:
    path = write_song(tmp_path / f"song.{suffix}", duration_s=1.5)
    set_tags(path, TAGS)
    found = read_metadata(path)
    assert texts(found) == EXPECTED
    assert found.duration_s == pytest.approx(1.5, abs=0.15)
    assert found.sample_rate == 8_000


def test_tags_of_mp4_are_read(tmp_path: Path) -> None:
    path = encode(tmp_path / "song.m4a", chirp(1.5), 22_050, "aac")
    set_tags(path, TAGS)
    assert texts(read_metadata(path)) == EXPECTED


def test_tags_of_asf_are_read(tmp_path: Path) -> None:
    path = encode(tmp_path / "song.wma", chirp(1.5), 22_050, "wmav2", container="asf")
    file = ASF(path)
    names = {"Title": "title", "Author": "artist", "WM/AlbumTitle": "album", "WM/Genre": "genre"}
    for name, ours in names.items():
        file[name] = [TAGS[ours]]
    file["WM/Year"] = ["2011"]
    file.save()
    assert texts(read_metadata(path)) == EXPECTED


def test_tags_of_wave_are_read(tmp_path: Path) -> None:
    path = write_song(tmp_path / "song.wav")
    file = WAVE(path)
    file.add_tags()
    for frame in (
        TIT2(text=TAGS["title"]),
        TPE1(text=TAGS["artist"]),
        TALB(text=TAGS["album"]),
        TCON(text="(26)"),  # Ambient, by its number
        TDRC(text=TAGS["date"]),
    ):
        file.tags.add(frame)
    file.save()
    assert texts(read_metadata(path)) == EXPECTED


def test_several_values_are_joined_and_text_is_one_line(tmp_path: Path) -> None:
    path = write_song(tmp_path / "song.flac")
    file: Any = mutagen.File(path)
    file["artist"] = ["Nils ", "Ólöf", "Nils"]
    file["title"] = ["two\nlines\0 and a null"]
    file["genre"] = ["", " "]
    file["album"] = ["long " * 1_000]
    file.save()
    found = read_metadata(path)
    assert (found.artist, found.title) == ("Nils; Ólöf", "two lines and a null")
    assert found.genre is None
    assert found.album is not None
    assert len(found.album) == MAX_LENGTH


@pytest.mark.parametrize(
    ("text", "year"),
    [("1974", 1974), ("03.05.1999", 1999), ("1999-2001", 1999), ("0", None), ("12345", None)],
)
def test_year_is_the_first_that_a_date_names(tmp_path: Path, text: str, year: int | None) -> None:
    path = write_song(tmp_path / "song.ogg")
    set_tags(path, {"date": text})
    assert read_metadata(path).year == year


def test_file_without_tags_has_only_its_length(tmp_path: Path) -> None:
    found = read_metadata(write_song(tmp_path / "song.flac", duration_s=2.0))
    assert found == Metadata(duration_s=2.0, sample_rate=8_000)


def test_whatever_a_file_holds_reading_its_tags_does_no_harm(corpus: list[Case]) -> None:
    for case in corpus:
        if case.name != "pipe":  # a scan does not touch these
            assert isinstance(read_metadata(case.path), Metadata), case.name
