"""A walk finds each music file once, and tells what it could not look at."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import BadConfig
from affetto.library.walk import Stamp, Walk, is_in, stamp_of
from tests.helpers import as_nobody, open_to_all

posix_only = pytest.mark.skipif(os.name == "nt", reason="links and permissions of POSIX")


@pytest.fixture
def music(tmp_path: Path) -> Callable[..., Path]:
    """Give `music(*names)`, which makes small files and gives their folder."""
    folder = Path(os.path.realpath(tmp_path)) / "music"

    def make(*names: str) -> Path:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"music")
        return folder

    return make


def found(walk: Walk, folder: Path) -> list[str]:
    return [os.path.relpath(path, folder).replace(os.sep, "/") for path, _ in walk.files()]


def test_music_below_a_folder_is_found_in_order(music: Callable[..., Path]) -> None:
    folder = music(
        "b/2.MP3", "b/10.flac", "a.ogg", "b/c/1.wav", "notes.txt", ".hidden.mp3", ".x/1.mp3"
    )
    walk = Walk.of([folder])
    assert found(walk, folder) == ["a.ogg", "b/10.flac", "b/2.MP3", "b/c/1.wav"]
    assert walk.problems == walk.unread == []


def test_stamps_are_those_of_the_files(music: Callable[..., Path]) -> None:
    folder = music("a.mp3")
    ((path, stamp),) = Walk.of([folder]).files()
    status = (folder / "a.mp3").stat()
    assert stamp == Stamp(5, status.st_mtime_ns, status.st_ino) == stamp_of(path)


def test_folder_in_a_folder_and_given_twice_is_walked_once(music: Callable[..., Path]) -> None:
    folder = music("a/1.mp3", "b/1.mp3")
    assert found(Walk.of([folder / "b", folder, folder]), folder) == ["b/1.mp3", "a/1.mp3"]


def test_file_may_be_given_itself_whatever_its_name(music: Callable[..., Path]) -> None:
    folder = music("a/track", "a/1.mp3")
    assert found(Walk.of([folder / "a" / "track"]), folder) == ["a/track"]


@pytest.mark.parametrize("marker", [".nomedia", ".notmusic"])
def test_folder_with_a_marker_is_left_out_with_all_below(
    music: Callable[..., Path], marker: str
) -> None:
    folder = music("a/1.mp3", "books/1.mp3", "books/deep/2.mp3", f"books/{marker}")
    walk = Walk.of([folder])
    assert found(walk, folder) == ["a/1.mp3"]
    assert walk.problems == []
    given_itself = Walk.of([folder / "books"])
    assert list(given_itself.files()) == []
    (problem,) = given_itself.problems
    assert marker in problem.message
    assert given_itself.unread == []  # what was known from there is no longer music


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*.wav"], ["a/1.mp3", "a/live/1.mp3", "b/live/2.mp3"]),
        (["live"], ["a/1.mp3", "a/2.wav"]),
        (["live/"], ["a/1.mp3", "a/2.wav"]),
        (["a/live"], ["a/1.mp3", "a/2.wav", "b/live/2.mp3"]),
        (["/a/*"], ["b/live/2.mp3"]),
        (["*/live/1*", "*.wav"], ["a/1.mp3", "b/live/2.mp3"]),
        (["A"], ["a/1.mp3", "a/2.wav", "a/live/1.mp3", "b/live/2.mp3"]),
        (["[ab]"], []),
    ],
)
def test_globs_exclude_names_and_paths(
    music: Callable[..., Path], patterns: list[str], expected: list[str]
) -> None:
    folder = music("a/1.mp3", "a/2.wav", "a/live/1.mp3", "b/live/2.mp3")
    assert found(Walk.of([folder], patterns), folder) == expected


@pytest.mark.parametrize(
    ("folders", "patterns"), [([], []), ([""], []), (["x"], [""]), (["x"], ["/"])]
)
def test_nothing_is_no_folder_and_no_pattern(folders: list[str], patterns: list[str]) -> None:
    with pytest.raises(BadConfig):
        Walk.of(folders, patterns)


@posix_only
def test_links_that_go_round_in_circles_are_no_trap(music: Callable[..., Path]) -> None:
    folder = music("a/1.mp3", "a/b/2.mp3")
    (folder / "a" / "b" / "up").symlink_to(folder)
    (folder / "a" / "self").symlink_to(folder / "a" / "self")
    (folder / "other").symlink_to(folder / "a" / "b")
    walk = Walk.of([folder])
    assert found(walk, folder) == ["a/1.mp3", "a/b/2.mp3"]


@posix_only
def test_linked_folder_outside_is_walked_and_a_circle_there_ends(
    music: Callable[..., Path], tmp_path: Path
) -> None:
    folder, outside = music("a/1.mp3"), tmp_path / "outside"
    (outside / "c").mkdir(parents=True)
    (outside / "c" / "3.mp3").write_bytes(b"music")
    (outside / "c" / "again").symlink_to(outside)
    (folder / "linked").symlink_to(outside)
    (folder / "zz").symlink_to(outside)
    assert found(Walk.of([folder]), folder) == ["a/1.mp3", "linked/c/3.mp3"]


@posix_only
def test_link_that_leads_nowhere_is_told_and_the_walk_goes_on(music: Callable[..., Path]) -> None:
    folder = music("a.mp3", "c.mp3")
    (folder / "b.mp3").symlink_to(folder / "gone")
    walk = Walk.of([folder])
    assert found(walk, folder) == ["a.mp3", "c.mp3"]
    (problem,) = walk.problems
    assert problem.code == "audio-not-found"
    assert walk.unread == [str(folder / "b.mp3")]


@posix_only
def test_named_pipe_is_told_and_not_opened(music: Callable[..., Path]) -> None:
    folder = music("a.mp3")
    os.mkfifo(folder / "pipe.mp3")
    walk = Walk.of([folder])
    assert found(walk, folder) == ["a.mp3"]
    assert [problem.path for problem in walk.problems] == [str(folder / "pipe.mp3")]


@posix_only
def test_folder_without_permission_is_told_and_the_walk_goes_on() -> None:
    with open_to_all() as folder:
        for name in ("a", "b", "c"):
            (folder / name).mkdir()
            (folder / name / "1.mp3").write_bytes(b"music")
            (folder / name).chmod(0o755)
        (folder / "b").chmod(0)
        walk = Walk.of([folder])
        with as_nobody():
            assert found(walk, folder) == ["a/1.mp3", "c/1.mp3"]
        (folder / "b").chmod(0o755)
    (problem,) = walk.problems
    assert "this folder cannot be read (permission denied)" in problem.message
    assert walk.unread == [os.path.realpath(folder / "b")]


def test_folder_that_is_gone_is_told(music: Callable[..., Path]) -> None:
    folder = music("a/1.mp3")
    walk = Walk.of([folder / "gone", folder / "a"])
    assert found(walk, folder) == ["a/1.mp3"]
    assert walk.unread == [str(folder / "gone")]
    (problem,) = walk.problems
    assert problem.message.endswith("gone: no such file")


def test_folder_whose_songs_are_known_but_gone_is_taken_for_a_disk_that_is_away(
    tmp_path: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "gone"):
        folder = os.path.realpath(tmp_path / name)
        walk = Walk.of([folder], known_in=lambda _: 1_234)
        assert list(walk.files()) == []
        assert walk.unread == [folder]
        assert "its 1,234 files stay in the library" in walk.problems[0].message
        unknown = Walk.of([tmp_path / "empty"])
        assert list(unknown.files()) == unknown.problems == []


def test_very_deep_folders_are_walked(tmp_path: Path) -> None:
    """Deeper than Python lets functions call each other."""
    deep = Path(os.path.realpath(tmp_path)) / "deep"
    levels = [deep]
    for _ in range(1_100):
        levels.append(levels[-1] / "a")
    try:
        for level in levels:
            level.mkdir()
        song = levels[-1] / "1.mp3"
        song.write_bytes(b"music")
        assert [path for path, _ in Walk.of([deep]).files()] == [str(song)]
        song.unlink()
    finally:
        for level in reversed(levels):
            level.rmdir()


names = st.lists(st.sampled_from(["a", "b", "ab", "a b", "a-"]), min_size=1, max_size=4)


@settings(max_examples=50)
@given(names, names)
def test_path_is_in_a_folder_exactly_if_its_parts_begin_so(
    parts: list[str], folder_parts: list[str]
) -> None:
    path, folder = Path("/", *parts), Path("/", *folder_parts)
    assert is_in(str(path), str(folder)) == path.is_relative_to(folder)
    assert is_in(str(path), str(Path("/")))
