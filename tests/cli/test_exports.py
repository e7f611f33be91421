"""`affetto search` and `affetto show` in the formats of predictions: what predict said before."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from affetto.cli import main
from tests.rules.source import ROOT

Captured = pytest.CaptureFixture[str]
ONE_SONG = ("jams", "audacity", "vtt", "srt")


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of the four example pieces, two in each of two albums."""
    folder = tmp_path_factory.mktemp("music")
    for number, path in enumerate(sorted((ROOT / "examples").glob("*.opus"))):
        album = folder / f"album-{number // 2 + 1}"
        album.mkdir(exist_ok=True)
        shutil.copy(path, album / f"{number % 2 + 1}.opus")
    return folder


@pytest.fixture(scope="module")
def db(bundle: Path, music: Path) -> Path:
    path = music / "library.sqlite"
    arguments = ("--db", str(path), "--bundle", str(bundle), "--jobs", "1")
    assert main(["scan", str(music), *arguments]) == 0
    return path


def printed(capsys: Captured, *arguments: str | Path) -> str:
    assert main(list(map(str, arguments))) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize("format_name", ["csv", "tidy"])
def test_show_writes_songs_as_predict_did(
    db: Path, music: Path, bundle: Path, capsys: Captured, format_name: str
) -> None:
    songs = sorted(music.rglob("*.opus"))
    shown = printed(capsys, "show", "--db", db, "--format", format_name, *songs)
    said = printed(capsys, "predict", "--bundle", bundle, "--format", format_name, *songs)
    assert shown == said


@pytest.mark.parametrize("format_name", ONE_SONG)
def test_show_writes_a_song_over_time(
    db: Path, music: Path, bundle: Path, capsys: Captured, format_name: str
) -> None:
    # A library keeps a window's scores in a byte each; those of this song lie further apart.
    song = music / "album-1" / "2.opus"
    shown = printed(capsys, "show", "--db", db, "--format", format_name, song)
    said = printed(capsys, "predict", "--bundle", bundle, "--format", format_name, song)
    assert shown == said


def test_shown_lines_are_the_objects_of_the_array(db: Path, music: Path, capsys: Captured) -> None:
    songs = sorted(music.rglob("*.opus"))
    array = json.loads(printed(capsys, "show", "--db", db, "--format", "json", *songs))
    lines = printed(capsys, "show", "--db", db, "--format", "jsonl", *songs).splitlines()
    assert list(map(json.loads, lines)) == array
    assert [entry["file"]["title"] for entry in array if "file" in entry] != []


def test_search_writes_a_file_for_each_song_that_it_finds(
    db: Path, tmp_path: Path, capsys: Captured
) -> None:
    query = ("search", "--db", db, 'path ~ "album-1"')
    found = json.loads(printed(capsys, *query, "--format", "json"))
    assert printed(capsys, *query, "--format", "vtt", "-o", tmp_path / "captions") == ""
    names = sorted(path.name for path in (tmp_path / "captions").iterdir())
    assert names == ["1.vtt", "2.vtt"]
    printed(capsys, "search", "--db", db, "--format", "jams", "-o", f"{tmp_path / 'all'}/")
    whole = [json.loads(path.read_text("utf-8")) for path in sorted((tmp_path / "all").iterdir())]
    assert len(whole) == 4
    assert {entry["path"] for entry in found} <= {entry["sandbox"]["path"] for entry in whole}


def test_search_writes_all_windows_of_the_songs_as_one_table(
    db: Path, tmp_path: Path, capsys: Captured
) -> None:
    reader = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    output = tmp_path / "windows.parquet"
    printed(capsys, "search", "--db", db, "--timeline", "-o", output)
    text = printed(capsys, "search", "--db", db, "--timeline", "--format", "tidy")
    rows = list(csv.DictReader(io.StringIO(text)))
    table = reader.read_table(output)
    assert table.num_rows == len(rows)
    assert [f"{value}" for value in table["value"].to_pylist()] == [row["value"] for row in rows]
    assert len({row["path"] for row in rows}) == 4
    assert len({row["start_s"] for row in rows}) > 4


def test_song_that_is_not_there_is_told_and_the_others_are_written(
    db: Path, music: Path, tmp_path: Path, capsys: Captured
) -> None:
    output = tmp_path / "labels"
    songs = ("/none.mp3", music / "album-1" / "2.opus")
    arguments = ("show", "--db", db, "--format", "audacity", "-o", output, *songs)
    assert main(list(map(str, arguments))) == 1
    assert "this song is not in the library" in capsys.readouterr().err
    assert [path.name for path in output.iterdir()] == ["2.labels.txt"]


def test_panel_of_a_song_goes_to_a_file(
    db: Path, music: Path, tmp_path: Path, capsys: Captured
) -> None:
    song = music / "album-1" / "1.opus"
    shown = printed(capsys, "show", "--db", db, song)
    assert printed(capsys, "show", "--db", db, song, "-o", tmp_path / "song.txt") == ""
    assert (tmp_path / "song.txt").read_text(encoding="utf-8") == shown


def test_song_of_the_library_is_never_overwritten(db: Path, music: Path, capsys: Captured) -> None:
    song = music / "album-1" / "1.opus"
    before = song.read_bytes()
    for verb, name in (("show", "json"), ("show", "csv"), ("search", "csv"), ("search", "tidy")):
        arguments = (verb, "--db", db, "--format", name, "-o", song)
        assert main(list(map(str, (*arguments, *([song] if verb == "show" else []))))) == 2
        assert "is one of the inputs" in capsys.readouterr().err
    assert song.read_bytes() == before
