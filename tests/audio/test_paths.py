"""Folders give their music in a fixed order; any name can be shown on one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.audio import SUFFIXES, display, find, read
from affetto.core import Failure
from affetto.errors import AudioNotFound
from tests.helpers import as_nobody, open_to_all


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found_in(folder: Path) -> list[str]:
    """Give what `find` gives, as names relative to the folder."""
    return [
        str(path.relative_to(folder)) if isinstance(path, Path) else path.code
        for path in find([folder])
    ]


def test_folder_gives_its_music_sorted_and_deep(tmp_path: Path) -> None:
    touch(tmp_path, "b.mp3", "a/2.flac", "a/10.ogg", "a/b/c/deep.opus", "c.WAV", "Z.m4a", "é.mp3")
    assert found_in(tmp_path) == [
        "Z.m4a", "a/10.ogg", "a/2.flac", "a/b/c/deep.opus", "b.mp3", "c.WAV", "é.mp3",
    ]  # fmt: skip


def test_folder_gives_nothing_but_music(tmp_path: Path) -> None:
    touch(tmp_path, "song.mp3", "cover.jpg", "list.m3u", "notes.txt", "mp3", "song.mp3.part")
    assert found_in(tmp_path) == ["song.mp3"]


def test_folder_takes_every_suffix_in_any_case(tmp_path: Path) -> None:
    names = [f"1{suffix}" for suffix in SUFFIXES] + [f"2{suffix.upper()}" for suffix in SUFFIXES]
    touch(tmp_path, *names)
    assert found_in(tmp_path) == sorted(names)


def test_hidden_files_and_folders_are_skipped(tmp_path: Path) -> None:
    touch(tmp_path, "song.mp3", "._song.mp3", ".trash/song.mp3", "a/.hidden.flac")
    assert found_in(tmp_path) == ["song.mp3"]


def test_hidden_file_that_is_named_is_given(tmp_path: Path) -> None:
    touch(tmp_path, ".secret.mp3", ".folder/song.mp3")
    assert list(find([tmp_path / ".secret.mp3"])) == [tmp_path / ".secret.mp3"]
    assert found_in(tmp_path / ".folder") == ["song.mp3"]


def test_named_file_is_given_whatever_its_suffix_and_in_the_order_asked(tmp_path: Path) -> None:
    touch(tmp_path, "b.bin", "a.mp3")
    paths = [tmp_path / "b.bin", str(tmp_path / "a.mp3"), tmp_path / "b.bin"]
    assert list(find(paths)) == [tmp_path / "b.bin", tmp_path / "a.mp3", tmp_path / "b.bin"]


def test_links_do_not_go_round_in_circles(tmp_path: Path) -> None:
    touch(tmp_path, "a/song.mp3", "b/other.mp3")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to("self")
    (tmp_path / "b" / "to-a").symlink_to("../a")
    assert found_in(tmp_path) == ["a/song.mp3", "b/other.mp3"]


def test_two_links_to_a_folder_outside_give_it_once(tmp_path: Path) -> None:
    music, elsewhere = tmp_path / "music", tmp_path / "elsewhere"
    touch(music, "song.mp3")
    touch(elsewhere, "far.mp3")
    (elsewhere / "back").symlink_to(music)
    (music / "link-1").symlink_to(elsewhere)
    (music / "link-2").symlink_to(elsewhere)
    assert found_in(music) == ["link-1/far.mp3", "song.mp3"]


def test_link_to_a_file_is_given_and_a_broken_one_fails_when_read(tmp_path: Path) -> None:
    touch(tmp_path, "song.mp3")
    (tmp_path / "copy.mp3").symlink_to("song.mp3")
    (tmp_path / "lost.mp3").symlink_to("nowhere.mp3")
    assert found_in(tmp_path) == ["copy.mp3", "lost.mp3", "song.mp3"]
    with pytest.raises(AudioNotFound, match=r"lost\.mp3"):
        read(tmp_path / "lost.mp3", 22_050)


def test_file_that_vanishes_after_it_was_found_is_not_found(tmp_path: Path) -> None:
    touch(tmp_path, "song.mp3")
    (path,) = find([tmp_path])
    assert isinstance(path, Path)
    path.unlink()
    with pytest.raises(AudioNotFound, match=r"song\.mp3: no such file"):
        read(path, 22_050)


@pytest.mark.parametrize("has_other_files", [False, True])
def test_folder_without_music_is_a_failure(has_other_files: bool, tmp_path: Path) -> None:
    if has_other_files:
        touch(tmp_path, "cover.jpg", "a/notes.txt")
    (failure,) = find([tmp_path])
    assert isinstance(failure, Failure)
    assert failure.code == "audio-not-found"
    assert failure.path == str(tmp_path)
    assert "no music files" in failure.message


@pytest.mark.parametrize(
    "name", ["", "missing.mp3", "a/b.mp3", "file/below", "nul\0.mp3", "x" * 300]
)
def test_path_that_is_not_there_is_a_failure_and_the_rest_goes_on(
    name: str, tmp_path: Path
) -> None:
    touch(tmp_path, "song.mp3", "file")
    failure, song = find([f"{tmp_path}/{name}" if name else "", tmp_path / "song.mp3"])
    assert isinstance(failure, Failure)
    assert failure.code in ("audio-not-found", "audio-unreadable")
    assert failure.message.isprintable()
    assert failure.hint
    assert song == tmp_path / "song.mp3"


def test_folder_that_may_not_be_read_is_a_failure_and_the_rest_goes_on() -> None:
    with open_to_all() as folder:
        touch(folder, "a/song.mp3", "b/song.mp3")
        (folder / "a").chmod(0)
        with as_nobody():
            failure, song = find([folder])
    assert isinstance(failure, Failure)
    assert failure.code == "audio-unreadable"
    assert failure.path == str(folder / "a")
    assert song == folder / "b" / "song.mp3"


# Names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain.mp3", "plain.mp3"),
        ("Ärger 😂 音楽.mp3", "Ärger 😂 音楽.mp3"),
        ("two\nlines\t.mp3", "two\\nlines\\t.mp3"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("sep\u2028arated", "sep\\u2028arated"),
        ("3pm\u202e.exe", "3pm\\u202e.exe"),
        (b"caf\xe9.mp3", "caf\\xe9.mp3"),
        (os.fsdecode(b"caf\xe9.mp3"), "caf\\xe9.mp3"),
        ("-n", "-n"),
    ],
)
def test_name_is_shown_on_one_line(name: str | bytes, shown: str) -> None:
    assert display(name) == shown


@given(st.binary(max_size=60).filter(lambda name: b"\0" not in name))
def test_any_name_is_shown_as_text_that_can_be_printed(name: bytes) -> None:
    shown = display(name)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert display(os.fsdecode(name)) == shown
