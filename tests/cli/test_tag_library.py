"""`affetto tag` from a library: what a scan has stored, into files that still sound the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from mutagen.id3 import TIT2
from mutagen.wave import WAVE

from affetto.cli import main
from affetto.library import Library
from affetto.prediction import predict
from tests.helpers import chirp

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def music(album: Path, tmp_path: Path, bundle: Path) -> Path:
    """Give a scanned folder of three songs, one of them in a folder of its own."""
    folder = Path(shutil.copytree(album, tmp_path / "music"))
    (folder / "more").mkdir()
    (folder / "3.wav").rename(folder / "more" / "3.wav")
    arguments = ("--db", tmp_path / "db", "--bundle", bundle, "--jobs", "1")
    assert main(["scan", str(folder), *map(str, arguments)]) == 0
    return folder


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give `run(*arguments) -> exit code, stdout, stderr`."""

    def run_tag(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["tag", "--db", str(tmp_path / "db"), *map(str, arguments)])
        return code, *capsys.readouterr()

    return run_tag


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.wav")}


def field_of(path: Path, name: str) -> list[str]:
    tags = WAVE(path).tags
    return [] if tags is None or name not in tags else list(tags[name].text)


def test_what_the_scan_stored_is_written_as_scoring_would_write_it(
    run: Run, music: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    main(["tag", str(music), "--bundle", str(bundle), "--format", "json"])
    scored = json.loads(capsys.readouterr().out)
    code, out, err = run("--format", "json")
    assert json.loads(out) == scored
    assert (code, len(scored)) == (0, 3)
    assert err == "affetto: 3 files to be written, 0 already as wanted; to do it, add --write\n"


def test_nothing_is_scored(run: Run, music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("it was scored")

    monkeypatch.setattr("affetto.prediction.predict_many", fail)
    monkeypatch.setattr("affetto.bundles.load", fail)
    assert run("--write")[0] == 0


def test_second_run_knows_the_tagged_files_by_their_sound(run: Run, music: Path) -> None:
    assert run("--write")[2] == "affetto: 3 files written, 0 already as wanted\n"
    before = contents(music)
    assert run("--write") == (0, "", "affetto: 0 files written, 3 already as wanted\n")
    assert contents(music) == before


def test_undo_takes_back_what_was_written_into_the_songs_of_a_library(
    run: Run, music: Path
) -> None:
    before = contents(music)
    run("--write")
    assert contents(music) != before
    code, _, err = run("--undo", "--write")
    assert (code, err) == (0, "affetto: 3 files restored, 0 already as wanted\n")
    assert contents(music) == before


def test_file_with_another_sound_is_told_and_left_alone(run: Run, music: Path) -> None:
    soundfile.write(music / "1.wav", chirp(3.0, 8_000)[::-1], 8_000)
    before = (music / "1.wav").read_bytes()
    code, _, err = run("--write")
    assert code == 1
    assert err.splitlines() == [
        f"affetto: {music / '1.wav'}: its sound is not the one that was scanned; "
        "scan its folder again: affetto scan FOLDER",
        "affetto: 2 files written, 0 already as wanted",
    ]
    assert (music / "1.wav").read_bytes() == before


def test_file_that_only_got_other_tags_is_written(run: Run, music: Path) -> None:
    file = WAVE(music / "1.wav")
    file.add_tags()
    file.tags.add(TIT2(text="A title"))
    file.save()
    assert run(music / "1.wav", "--write")[0] == 0
    assert field_of(music / "1.wav", "TXXX:AFFETTO_QUADRANT") != []
    assert field_of(music / "1.wav", "TIT2") == ["A title"]


def test_file_that_is_gone_is_told(run: Run, music: Path) -> None:
    (music / "2.wav").unlink()
    code, _, err = run()
    assert code == 1
    assert f"{music / '2.wav'}: no such file" in err
    assert "2 files to be written" in err


def test_only_songs_that_a_query_finds_are_written(run: Run, music: Path) -> None:
    _, out, _ = run("--query", 'path ~ "more"', "--format", "json")
    assert [entry["path"] for entry in json.loads(out)] == [str(music / "more" / "3.wav")]
    code, out, err = run("--query", "year > 3000", "--write")
    assert (code, out, err) == (0, "", "affetto: no song of the library fits\n")
    code, _, err = run("--query", "year >> 3000")
    assert (code, err.splitlines()[0].startswith("affetto: ")) == (2, True)


def test_only_songs_at_the_paths_are_written_each_once(
    run: Run, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(music)
    _, out, _ = run("more", "2.wav", music / "more", "--format", "json")
    assert [Path(entry["path"]).name for entry in json.loads(out)] == ["3.wav", "2.wav"]
    _, out, _ = run(music, "--query", 'path ~ "2.wav"', "--format", "json")
    assert [Path(entry["path"]).name for entry in json.loads(out)] == ["2.wav"]


def test_path_that_the_library_does_not_know_is_told(run: Run, music: Path, tmp_path: Path) -> None:
    (tmp_path / "mus").mkdir()  # the beginning of another folder's name
    code, out, err = run(tmp_path / "mus", music / "1.wav", "--format", "json")
    assert (code, len(json.loads(out))) == (1, 1)
    assert err.splitlines()[0] == (
        f"affetto: {tmp_path / 'mus'}: no song of it is in the library; "
        "add it with: affetto scan FOLDER"
    )


def test_threshold_and_top_choose_among_the_stored_scores(
    run: Run, music: Path, bundle: Path
) -> None:
    run("--write", "--threshold", "0", "--top", "2")
    best = list(predict(music / "1.wav", bundle).tags)[:2]
    assert field_of(music / "1.wav", "TXXX:AFFETTO_TAGS") == best


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--jobs", "2"), "a library scores nothing, so --jobs has no meaning"),
        (("--bundle", "tinny"), "did you mean tiny 1.0?"),
        (("--undo", "--top", "2"), "--undo scores nothing, so --top has no meaning"),
    ],
)
def test_wrong_option_is_one_sentence(
    run: Run, music: Path, options: tuple[str, ...], sentence: str
) -> None:
    code, out, err = run(*options)
    assert (code, out) == (2, "")
    assert sentence in err


def test_library_is_the_users_own_unless_another_is_named(
    music: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("affetto.library.database.data_home", lambda: tmp_path)
    capsys.readouterr()
    assert main(["tag", "--library"]) == 2
    assert "there is no library yet" in capsys.readouterr().err
    (tmp_path / "db").rename(tmp_path / "library.sqlite")
    assert main(["tag", "--library"]) == 0
    assert main(["tag", "--query", 'path ~ "more"']) == 0
    assert "1 file to be written" in capsys.readouterr().err
    assert main(["tag"]) == 2
    assert "Missing argument 'PATH...'" in capsys.readouterr().err


def test_bundle_that_has_scored_fewer_songs_is_named(run: Run, music: Path, tmp_path: Path) -> None:
    with Library(tmp_path / "db") as library, library.connection.transaction() as cursor:
        cursor.execute("INSERT INTO bundles VALUES (9, 'f', 'old', '0.9', NULL, NULL)")
        cursor.execute(
            "INSERT INTO tags SELECT id + 100, 9, vocabulary, tag, title, threshold, is_main"
            " FROM tags"
        )
        for table in ("results", "timelines"):
            cursor.execute(f"UPDATE {table} SET bundle_id = 9 WHERE file_id = 1")
        cursor.execute("UPDATE scores SET tag_id = tag_id + 100 WHERE file_id = 1")
    code, _, err = run()
    assert (code, "2 files to be written" in err) == (0, True)
    assert "not searched: 1 song that only old 0.9 has scored" in err
    assert "1 file to be written" in run("--bundle", "old")[2]
