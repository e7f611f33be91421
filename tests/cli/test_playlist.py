"""`affetto playlist`: a table to read, files for players, sentences for what cannot be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from affetto.cli import main
from affetto.library import Library
from tests.cli.command import AFFETTO
from tests.library.mood_songs import Made, record, scattered

Run = Callable[..., tuple[int, str, str]]

posix_only = pytest.mark.skipif(os.name == "nt", reason="no such signals on Windows")


@pytest.fixture(scope="session")
def moods(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a library of 120 made-up songs."""
    path = tmp_path_factory.mktemp("moods") / "library.sqlite"
    with Library(path) as library:
        record(library, bundle, scattered(2, 120))
    return path


@pytest.fixture
def run(moods: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Give `run(*arguments) -> exit code, stdout, stderr` of `affetto playlist`."""

    def run_playlist(*arguments: str | Path, db: Path = moods) -> tuple[int, str, str]:
        code = main(["playlist", "--db", str(db), *map(str, arguments)])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run_playlist


def test_table_shows_the_way_in_eighty_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run("--from", "angry", "--to", "calm", "--minutes", "30")
    assert (code, err) == (0, "")
    first, head, *rows, last = out.splitlines()
    assert first.startswith("angry -0.")
    assert "  ->  calm +0." in first
    assert head.split() == ["begins", "lasts", "valence", "arousal", "song"]
    assert rows[0].split()[:2] == ["1", "0:00"]
    assert "Artist " in rows[0]
    assert " - Song " in rows[0]
    assert last.startswith(f"{len(rows)} songs, ")
    assert last.endswith(" of 30:00 wanted")
    assert max(map(len, out.splitlines())) <= 80


def test_suffix_of_the_file_says_the_format(run: Run, tmp_path: Path) -> None:
    for name, begin in (
        ("list.m3u8", "#EXTM3U\n#PLAYLIST:calm"),
        ("list.m3u", "#EXTM3U\n"),
        ("list.xspf", "<?xml"),
        ("list.jspf", "{"),
        ("list.json", "{"),
    ):
        code, out, err = run("calm", "--limit", "3", "-o", tmp_path / name)
        assert (code, out) == (0, "")
        assert err.startswith("affetto: 3 songs, ")
        assert name in err
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)
    tracks = json.loads((tmp_path / "list.json").read_text())["tracks"]
    assert len(json.loads((tmp_path / "list.jspf").read_text())["playlist"]["track"]) == 3
    assert {Path(track["path"]).suffix for track in tracks} == {".mp3"}


def test_formats_go_to_stdout_too(run: Run) -> None:
    options = ("--from", "0.5,-0.5", "--minutes", "10", "--format")
    assert run(*options, "m3u8")[1].splitlines()[0] == "#EXTM3U"
    assert ElementTree.fromstring(run(*options, "xspf")[1])[0].text == "0.5,-0.5"
    assert json.loads(run(*options, "jspf")[1])["playlist"]["title"] == "0.5,-0.5"
    found: dict[str, Any] = json.loads(run(*options, "json")[1])
    assert found["length_s"] == 600
    assert abs(found["total_s"] - 600) <= 60


def test_paths_are_absolute_or_as_seen_from_a_folder(run: Run, tmp_path: Path) -> None:
    folder = Path(os.path.realpath(tmp_path))
    (folder / "lists").mkdir()
    output = folder / "lists" / "calm.m3u8"

    def line(*options: str | Path) -> str:
        assert run("calm", "--limit", "1", "-o", output, *options)[0] == 0
        return output.read_text().splitlines()[-1]

    absolute = line()
    assert absolute.startswith("/music/")
    assert line("--relative") == os.path.relpath(absolute, folder / "lists")
    assert line("--base", "/music") == absolute.removeprefix("/music/")


def test_title_and_options_reach_the_playlist(run: Run) -> None:
    out = run("calm", "--minutes", "9", "--format", "m3u8", "--title", "Sunday  morning")[1]
    assert "#PLAYLIST:Sunday morning\n" in out
    way = ("--from", "calm", "--via", "Q1", "--to", "angry", "--minutes", "20")
    outs = [run(*way, *options)[1] for options in ((), ("--seed", "1"), ("--seed", "2"))]
    assert {out.splitlines()[0].count("->") for out in outs} == {2}
    assert len(set(outs)) > 1
    like = run("--like", "1", "--like", "/music/1/12.mp3", "--minutes", "12", "--format", "m3u8")
    assert like[0] == 0
    assert "#PLAYLIST:like 1, 12.mp3\n" in like[1]


def test_dry_run_shows_the_songs_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "list.m3u8"
    code, out, err = run("calm", "--limit", "3", "-o", output, "--dry-run")
    assert code == 0
    assert out.splitlines()[-1].startswith("3 songs, ")
    assert "nothing was written" in err
    assert not output.exists()


def test_old_file_is_replaced_whole_and_stays_if_there_is_no_playlist(
    run: Run, tmp_path: Path
) -> None:
    output = tmp_path / "list.m3u8"
    output.write_text("old")
    assert run("calm > 2", "-o", output)[0] == 2
    assert run("--from", "calm", "--minutes", "0.5", "-o", output)[0] == 2
    assert output.read_text() == "old"
    assert run("calm", "-o", output)[0] == 0
    assert output.read_text().startswith("#EXTM3U")
    assert [path.name for path in tmp_path.iterdir()] == ["list.m3u8"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "nothing says what the playlist shall be; give a search, --from and --to, or --like"),
        (("--to", "calm"), "the way has an end but no beginning; add --from"),
        (("--from", "clam"), "there is no mood and no song named 'clam'; did you mean calm?"),
        (("--from", "3,0"), "3,0 is beyond the mood map"),
        (("calm", "--minutes", "0"), "0.0 is not a positive number"),
        (("calm", "--minutes", "nan"), "nan is not a positive number"),
        (("calm", "--limit", "0"), "0 is not in the range x>=1"),
        (
            ("calm", "--format", "pls"),
            "'pls' is not one of 'table', 'json', 'm3u8', 'xspf', 'jspf'",
        ),
        (("calm", "-o", "list.txt"), "its suffix tells no format of playlists; end it with one of"),
        (("calm", "-o", "song.mp3"), "would be a piece of music by its name"),
        (("calm", "-o", "."), "is a directory"),
        (("calm > 0.9 and angry > 0.9",), "no song of the 120 in the library fits"),
        (("calm", "--minutes", "1000"), "minutes, and 1000:00 minutes are wanted; ask for fewer"),
        (("calm", "--bundle", "huge"), "there is no bundle in this library named 'huge'"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_code_2(
    run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert sentence in line


def test_search_that_cannot_be_read_is_shown(run: Run) -> None:
    code, out, err = run("clam > 0.5")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "affetto: there is no tag or field named 'clam'; did you mean calm?",
        "  clam > 0.5",
        "  ^^^^",
    ]


def test_missing_seed_song_is_an_input_that_failed(run: Run, tmp_path: Path) -> None:
    code, out, err = run("--like", tmp_path / "none.mp3")
    assert (code, out) == (1, "")
    assert "none.mp3" in err
    assert len(err.splitlines()) == 1


def test_library_without_songs_is_one_sentence(run: Run, tmp_path: Path) -> None:
    code, _, err = run("calm", db=tmp_path / "none.sqlite")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "there is no library yet; make it with: affetto scan FOLDER" in err
    Library(tmp_path / "empty.sqlite").close()
    code, _, err = run("calm", db=tmp_path / "empty.sqlite")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "nothing is in this library yet" in err


def test_output_that_cannot_be_written_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run("calm", "-o", tmp_path / "file" / "list.m3u8")
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "check the disk and its permissions" in err


@pytest.mark.skipif(sys.platform != "linux", reason="names of files need not be UTF-8 on Linux")
def test_odd_bytes_of_a_path_come_through_and_are_said(
    run: Run, bundle: Path, tmp_path: Path
) -> None:
    db = tmp_path / "odd.sqlite"
    with Library(db) as library:
        record(library, bundle, [Made(os.fsdecode(b"/music/caf\xe9.mp3"), 0.1, 0.1)])
    code, out, err = run("valence > 0", "--format", "m3u8", db=db)
    assert code == 0
    assert "file:///music/caf%E9.mp3\n" in out
    assert "#EXTINF:200,caf\\xe9\n" in out
    assert err.startswith("affetto: 1 path is written as file: addresses")
    code, out, err = run("valence > 0", "--format", "xspf", db=db)
    assert (code, err) == (0, "")
    assert "<location>file:///music/caf%E9.mp3</location>" in out
    code, out, err = run("valence > 0", db=db)
    assert (code, err) == (0, "")
    assert "caf\\xe9.mp3" in out


@posix_only
def test_interrupt_leaves_nothing_behind(moods: Path, tmp_path: Path) -> None:
    output = tmp_path / "list.m3u8"
    options = ("--db", moods, "--from", "angry", "--to", "calm", "--minutes", "300", "-o", output)
    command = [*AFFETTO, "playlist", *map(str, options)]
    # Interrupted as soon as it has opened the library, which makes these files.
    beside = moods.with_name(f"{moods.name}-shm")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not beside.exists() and process.poll() is None:
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [line for line in err.splitlines() if line] == ["affetto: interrupted"]
    assert list(tmp_path.iterdir()) == []
