"""`affetto predict`: what goes where, in which form, with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from affetto.cli import main, outputs
from affetto.prediction import predict
from affetto.workers import n_cores
from affetto.writers import suffix_of
from tests.cli.command import AFFETTO
from tests.writers.test_json import SCHEMA

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(bundle: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give `run(*arguments) -> exit code, stdout, stderr` of `affetto predict`, in this process."""

    def run_predict(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["predict", "--bundle", str(bundle), *map(str, arguments)])
        return code, *capsys.readouterr()

    return run_predict


def entries(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_predict_prints_a_table_of_text_into_a_pipe(run: Run, album: Path) -> None:
    code, out, err = run(album)
    assert (code, err) == (0, "")
    assert out.count("valence") == 3
    assert f"{album / '1.wav'}  0:03" in out
    assert "\x1b" not in out


def test_predict_says_what_the_library_says(run: Run, album: Path, bundle: Path) -> None:
    code, out, _ = run(album, "--format", "json", "--timeline")
    songs = [str(album / f"{number}.wav") for number in (1, 2, 3)]
    assert code == 0
    assert entries(out) == [predict(song, bundle).to_dict(timeline=True) for song in songs]


@pytest.mark.parametrize("format_name", ["json", "jsonl"])
@pytest.mark.parametrize("options", [(), ("--timeline",), ("--top", "2"), ("--tags", "sad,power")])
def test_predict_writes_json_as_the_schema_says(
    run: Run, album: Path, format_name: str, options: tuple[str, ...]
) -> None:
    _, out, _ = run(album, "--format", format_name, *options)
    found = entries(out) if format_name == "json" else list(map(json.loads, out.splitlines()))
    assert len(found) == 3
    for entry in found:
        jsonschema.Draft202012Validator(SCHEMA).validate(entry)


def test_predict_writes_csv(run: Run, album: Path) -> None:
    _, out, _ = run(album, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [Path(row["path"]).name for row in rows] == ["1.wav", "2.wav", "3.wav"]
    assert 0 <= float(rows[0]["happy"]) <= 1


def test_predict_goes_on_after_a_failure_and_names_it(run: Run, album: Path) -> None:
    code, out, err = run(album / "1.wav", "missing.mp3", album / "2.wav", "--format", "json")
    assert code == 1
    assert [Path(entry["path"]).name for entry in entries(out)] == ["1.wav", "2.wav"]
    assert err == "affetto: missing.mp3: no such file; check the spelling of the path\n"


def test_predict_of_nothing_but_failures_is_valid_json(run: Run, tmp_path: Path) -> None:
    code, out, err = run(tmp_path / "a.mp3", tmp_path, "", "--format", "json")
    assert (code, out) == (1, "[]\n")
    assert len(err.splitlines()) == 3


def test_predict_takes_a_name_that_begins_with_a_dash(
    run: Run, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(album / "1.wav", tmp_path / "-n.wav")
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("--format", "json", "--", "-n.wav")
    assert (code, entries(out)[0]["path"]) == (0, "-n.wav")


def test_tags_are_known_by_slug_and_title_of_any_vocabulary(run: Run, album: Path) -> None:
    _, out, _ = run(album / "1.wav", "--tags", "Angry,sad, power ,SAD", "--format", "json")
    (entry,) = entries(out)
    assert set(entry["tags"]) == {"angry_aggressive", "sad"}
    assert entry["others"] == {"gems9": {"power": entry["others"]["gems9"]["power"]}}


def test_unknown_tag_is_refused_with_the_nearest(run: Run, album: Path) -> None:
    code, out, err = run(album, "--tags", "happi")
    assert (code, out) == (2, "")
    assert "no tag 'happi'; did you mean happy?" in err


def test_top_is_five_in_the_table_and_all_in_json(run: Run, album: Path) -> None:
    _, table, _ = run(album / "1.wav")
    _, out, _ = run(album / "1.wav", "--format", "json")
    assert len(table.splitlines()) == 1 + 1 + 2 + 5 + 1
    assert len(entries(out)[0]["tags"]) == 18


def test_threshold_marks_other_tags(run: Run, album: Path) -> None:
    def chosen(threshold: str) -> list[str]:
        _, out, _ = run(album / "1.wav", "--format", "json", "--threshold", threshold)
        names: list[str] = entries(out)[0]["chosen"]
        return names

    assert len(chosen("0")) == 18
    assert chosen("1") == []


def test_hop_sets_the_distance_of_windows(run: Run, album: Path) -> None:
    _, out, _ = run(album / "1.wav", "--format", "json", "--timeline", "--hop-s", "0.24")
    start_s = entries(out)[0]["timeline"]["start_s"]
    assert start_s[:3] == [0.0, 0.24, 0.48]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--hop-s", "nan"), "nan is not a positive number"),
        (("--hop-s", "0"), "0.0 is not a positive number"),
        (("--hop-s", "inf"), "inf is not a positive number"),
        (("--hop-s", "0.0001"), "at least one frame"),
        (("--threshold", "1.5"), "1.5 does not lie between 0 and 1"),
        (("--threshold", "nan"), "nan does not lie between 0 and 1"),
        (("--top", "0"), "0 is not in the range x>=1"),
        (("--jobs", "0"), "0 is not in the range x>=1"),
        (("--tags", "sad,,happy"), "is not names with commas"),
        (("--runtime", "guess"), "'guess' is not one of"),
        (("--bundle", "nope"), "there is no bundle named 'nope'"),
        (("--bundle", "."), "is not a bundle"),
        (("-o", "out.xyz"), "does not tell the format"),
        (("-o", "out"), "does not tell the format"),
        (("-o", ".", "--format", "csv"), "-o . is a folder, but csv is one file for all songs"),
        (("-o", "new/", "--format", "parquet"), "name a file, such as songs.parquet"),
        (("-o", "new/"), "does not tell the format"),
        (("--format", "vtt"), "vtt holds one song, but there are 3; name a folder"),
        (("-o", "-", "--format", "srt"), "srt holds one song, but there are 3; name a folder"),
        (("-o", "all.jams"), "jams holds one song, but there are 3; name a folder"),
    ],
)
def test_wrong_option_is_one_sentence_and_nothing_is_done(
    run: Run,
    album: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(album, *options)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert sentence in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv", "txt", "tidy.csv"])
def test_output_file_has_the_format_of_its_suffix(
    run: Run, album: Path, tmp_path: Path, suffix: str
) -> None:
    format_name = {"txt": "table", "tidy.csv": "tidy"}.get(suffix, suffix)
    _, printed, _ = run(album, "--format", format_name)
    code, out, err = run(album, "-o", tmp_path / "new" / f"moods.{suffix}")
    assert (code, out, err) == (0, "", "")
    assert (tmp_path / "new" / f"moods.{suffix}").read_text(encoding="utf-8") == printed


@pytest.mark.parametrize("name", ["jams", "audacity", "vtt", "srt"])
def test_one_song_goes_to_stdout_or_a_file_in_a_format_that_holds_one(
    run: Run, album: Path, tmp_path: Path, name: str
) -> None:
    code, printed, err = run(album / "1.wav", "--format", name)
    assert (code, err) == (0, "")
    output = tmp_path / f"song{suffix_of(name)}"
    assert run(album / "1.wav", "-o", output) == (0, "", "")
    assert output.read_text(encoding="utf-8") == printed
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_songs_get_a_file_each_with_a_name_of_its_own(
    run: Run, album: Path, tmp_path: Path
) -> None:
    songs, output = tmp_path / "songs", tmp_path / "new" / "captions"
    for name in ("a/song.wav", "b/Song.wav", "b/odd\n.wav", "b/song-2.wav"):
        (songs / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(album / "1.wav", songs / name)
    (songs / "b" / "bad.wav").write_bytes(b"no sound at all")
    code, out, err = run(songs, "--format", "jams", "-o", f"{output}/")
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    stored = {
        path.name: json.loads(path.read_text(encoding="utf-8"))["sandbox"]["path"]
        for path in output.iterdir()
    }
    assert stored == {
        "song.jams": str(songs / "a/song.wav"),
        "Song-2.jams": str(songs / "b/Song.wav"),
        "odd_n.jams": str(songs / "b/odd\n.wav"),
        "song-2-2.jams": str(songs / "b/song-2.wav"),
    }
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    run(songs, "--format", "jams", "-o", output)  # the same names again
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


def test_file_of_a_song_in_its_own_folder_never_replaces_an_input(
    run: Run, album: Path, tmp_path: Path
) -> None:
    shutil.copy(album / "1.wav", tmp_path / "song.wav")
    shutil.copy(album / "2.wav", tmp_path / "song.vtt")  # it is known by its content
    before = (tmp_path / "song.vtt").read_bytes()
    code, _, err = run(
        tmp_path / "song.wav", tmp_path / "song.vtt", "--format", "vtt", "-o", tmp_path
    )
    assert (code, err) == (0, "")
    assert (tmp_path / "song.vtt").read_bytes() == before
    assert (tmp_path / "song-2.vtt").read_text(encoding="utf-8").startswith("WEBVTT")
    assert (tmp_path / "song-3.vtt").exists()


def test_song_that_fails_leaves_no_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound at all")
    code, out, err = run(tmp_path / "bad.wav", "-o", tmp_path / "bad.vtt")
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert not (tmp_path / "bad.vtt").exists()


def test_folder_that_cannot_be_made_is_told_before_anything_is_scored(
    run: Run, album: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    code, out, err = run(album, "--format", "srt", "-o", f"{tmp_path / 'file'}/in/")
    assert (code, out) == (2, "")
    assert "cannot be written (not a directory)" in err


def test_parquet_goes_to_a_file_and_into_a_pipe(
    run: Run, album: Path, tmp_path: Path, bundle: Path
) -> None:
    reader = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    assert run(album, "-o", tmp_path / "moods.parquet", "--timeline") == (0, "", "")
    table = reader.read_table(tmp_path / "moods.parquet")
    assert set(table["path"].to_pylist()) == {str(album / f"{n}.wav") for n in (1, 2, 3)}
    piped = subprocess.run(
        [*AFFETTO, "predict", album, "--bundle", bundle, "--format", "parquet", "--timeline"],
        capture_output=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    assert reader.read_table(io.BytesIO(piped)).equals(table)


def test_format_overrules_the_suffix(run: Run, album: Path, tmp_path: Path) -> None:
    run(album, "-o", tmp_path / "moods.txt", "--format", "jsonl")
    lines = (tmp_path / "moods.txt").read_text(encoding="utf-8").splitlines()
    assert len(list(map(json.loads, lines))) == 3


def test_dash_as_output_is_stdout(run: Run, album: Path) -> None:
    code, out, _ = run(album, "-o", "-", "--format", "json")
    assert (code, len(entries(out))) == (0, 3)


def test_output_file_is_written_though_some_fail(run: Run, album: Path, tmp_path: Path) -> None:
    code, _, err = run(album, "missing.mp3", "-o", tmp_path / "moods.json")
    assert (code, len(err.splitlines())) == (1, 1)
    assert len(entries((tmp_path / "moods.json").read_text(encoding="utf-8"))) == 3


def test_output_never_overwrites_an_input(run: Run, album: Path, tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    shutil.copy(album / "1.wav", song)
    (tmp_path / "link.csv").symlink_to(song)
    (tmp_path / "hard.csv").hardlink_to(song)
    before = song.read_bytes()
    for output in (song, tmp_path / "link.csv", tmp_path / "hard.csv"):
        code, out, err = run(tmp_path, "-o", output, "--format", "csv")
        assert (code, out) == (2, "")
        assert "is one of the inputs" in err
    code, _, err = run(tmp_path / "missing.csv", "-o", tmp_path / "missing.csv")
    assert (code, "is one of the inputs" in err) == (2, True)
    assert song.read_bytes() == before


def test_output_goes_through_a_link_and_into_a_device(
    run: Run, album: Path, tmp_path: Path
) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert run(album, "-o", tmp_path / "link.csv")[0] == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text(encoding="utf-8").startswith("path,")
    if Path(os.devnull).is_char_device():
        assert run(album, "-o", os.devnull)[0] == 0
        assert Path(os.devnull).is_char_device()


def test_jobs_change_neither_result_nor_order(run: Run, album: Path, tmp_path: Path) -> None:
    arguments = (album, tmp_path / "missing.wav", album / "1.wav", "--format", "jsonl")
    one, two = run(*arguments, "--jobs", "1"), run(*arguments, "--jobs", "2")
    assert one == two
    assert len(one[1].splitlines()) == 4


@pytest.mark.parametrize(
    ("given", "n_files", "runtime", "debug", "expected"),
    [
        (None, 1, "onnx", False, 1),
        (None, 7, "onnx", False, 1),
        (None, 4000, "onnx", False, n_cores()),
        (None, 4000, "onnx", True, 1),
        (None, 4000, "torch", False, 1),
        (8, 3, "onnx", False, 3),
        (2, 0, "onnx", False, 1),
    ],
)
def test_jobs_are_as_many_as_pay(
    given: int | None, n_files: int, runtime: str, debug: bool, expected: int
) -> None:
    from affetto.cli.options import State
    from affetto.cli.predict import _n_jobs

    assert _n_jobs(given, n_files, runtime, State(debug)) == expected


def test_debug_shows_the_trace_of_an_input_that_failed(
    run: Run, album: Path, tmp_path: Path
) -> None:
    (tmp_path / "noise.mp3").write_bytes(bytes(range(256)) * 40)
    code, _, err = run(tmp_path, "--debug")
    assert code == 1
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("affetto: ")
    code, _, err = run(tmp_path)
    assert (code, len(err.splitlines())) == (1, 1)


def test_picture_of_one_song_is_a_file(run: Run, album: Path, tmp_path: Path) -> None:
    code, _, err = run(album / "1.wav", "--plot", tmp_path / "song.png")
    assert (code, err) == (0, "")
    assert (tmp_path / "song.png").read_bytes().startswith(b"\x89PNG")


def test_pictures_of_songs_have_names_of_their_own(run: Run, album: Path, tmp_path: Path) -> None:
    songs, plots = tmp_path / "songs", tmp_path / "plots"
    for name in ("a/song.wav", "b/Song.wav", "b/odd\n.wav"):
        (songs / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(album / "1.wav", songs / name)
    code, _, err = run(songs, "--plot", plots)
    assert (code, err) == (0, "")
    assert {path.name for path in plots.iterdir()} == {"song.png", "Song-2.png", "odd_n.png"}


@pytest.mark.parametrize(
    ("target", "sentence"),
    [("all.png", "is one file, but there are 3 inputs"), ("all.jpeg", "ends in .png, .svg or")],
)
def test_picture_file_for_songs_is_refused(
    run: Run, album: Path, tmp_path: Path, target: str, sentence: str
) -> None:
    code, out, err = run(album, "--plot", tmp_path / target)
    assert (code, out) == (2, "")
    assert sentence in err


def test_picture_without_matplotlib_says_what_to_install(
    run: Run, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "find_spec", lambda _: None)
    code, out, err = run(album, "--plot", tmp_path)
    assert (code, out) == (2, "")
    assert "pip install 'affetto[plot]'" in err
