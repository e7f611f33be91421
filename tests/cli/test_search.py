"""`affetto search`: what it prints in each format, what it says beside it, and its exit codes."""

from __future__ import annotations

import csv
import inspect
import io
import json
import os
from pathlib import Path

import pytest

from affetto.cli import main
from affetto.cli.listings import FORMATS
from affetto.cli.search import TABLE_LIMIT
from affetto.cli.search import search as command
from affetto.library import Library
from affetto.library import search as find
from affetto.writers import WRITERS
from tests.cli.command import affetto
from tests.library.catalog import EMOTIONS, SHELF, Entry, record

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def db(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "library.sqlite"
    with Library(path) as library:
        record(library, bundle, SHELF)
    return path


def run(db: Path, *arguments: str) -> int:
    return main(["search", "--db", str(db), *arguments])


def test_table_has_a_line_a_song_with_the_tags_that_were_asked_for(
    db: Path, capsys: Captured
) -> None:
    assert run(db, "calm > 0.5 or tense") == 0
    out, err = capsys.readouterr()
    assert out == (
        "Calming  Tension  valence  arousal        time  id  song\n"
        "   0.90     0.10    +0.50    -0.60  Q4    5:00   1  Johann Sebastian Bach - Air\n"
        "   0.10     0.70    -0.40    +0.70  Q2    1:40   2  J. S. Bach - Sturm\n"
        "   0.60     0.10    -0.30    -0.40  Q3   12:00   3  Antonín Dvořák - Largo\n"
    )
    assert err == ""


def test_words_of_a_query_need_no_quotes(db: Path, capsys: Captured) -> None:
    assert run(db, "calm", "and", "not", "sad") == 0
    assert "Air" in (out := capsys.readouterr().out)
    assert "Largo" not in out


def test_song_without_a_title_shows_its_path(db: Path, capsys: Captured) -> None:
    run(db, "happy")
    assert capsys.readouterr().out.endswith("/music/unknown.wav\n")


def test_likeness_is_explained(db: Path, capsys: Captured) -> None:
    assert run(db, "--like", "1", "--limit", "2") == 0
    out, err = capsys.readouterr()
    assert out == (
        "like Air.flac  Q4  valence +0.50  arousal -0.60\n"
        "     Calming, Tender\n"
        "\n"
        "alike  valence  arousal        time  id  song\n"
        " 0.97    -0.30    -0.40  Q3   12:00   3  Antonín Dvořák - Largo\n"
        "       shares Calming; valence 0.80 lower, arousal 0.20 higher\n"
        " 0.32    +0.60    +0.50  Q1    3:20   4  /music/unknown.wav\n"
        "       shares no tag; valence 0.10 higher, arousal 1.10 higher\n"
    )
    assert err == "affetto: 2 of 3 songs are shown; for more: --limit N\n"


def test_json_is_an_array_of_songs(db: Path, capsys: Captured) -> None:
    assert run(db, "--format", "json", "--artist", "BACH", "--sort", "arousal") == 0
    air, sturm = json.loads(capsys.readouterr().out)
    assert (air["path"], air["tags"]["calming_soothing"]) == ("/music/Bach/Air.flac", 0.9)
    assert sturm["chosen"] == ["powerful_strong", "angry_aggressive"]
    assert sturm["others"]["gems9"]["tension"] == 0.7
    run(db, "--format", "json", "--like", "1", "--quadrant", "q3")
    (largo,) = json.loads(capsys.readouterr().out)
    assert largo["likeness"]["shared_tags"] == ["calming_soothing"]
    run(db, "--format", "json", "year > 2000")
    assert json.loads(capsys.readouterr().out) == []


def test_csv_has_a_row_a_song(db: Path, capsys: Captured) -> None:
    assert run(db, "--format", "csv", "--year", "1700..1800") == 0
    air, sturm = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (air["id"], air["artist"], air["year"]) == ("1", "Johann Sebastian Bach", "1731")
    assert (air["calming_soothing"], air["gems9.calmness"]) == ("0.9", "0.8")
    assert sturm["chosen"] == "powerful_strong angry_aggressive"
    run(db, "--format", "csv", "--like", "1", "--limit", "1")
    (largo,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (largo["cosine"], largo["shared_tags"]) == ("0.9701", "calming_soothing")


def test_json_lines_are_the_objects_of_the_array(db: Path, capsys: Captured) -> None:
    run(db, "--format", "json")
    songs = json.loads(capsys.readouterr().out)
    run(db, "--format", "jsonl")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == songs


@pytest.mark.parametrize(
    ("name", "format_name"),
    [("a.m3u", "m3u"), ("a.m3u8", "m3u"), ("a.csv", "csv"), ("a.json", "json"), ("b", "paths0")],
)
def test_list_goes_to_a_file_in_the_format_of_its_suffix(
    db: Path, tmp_path: Path, capsys: Captured, name: str, format_name: str
) -> None:
    run(db, "--format", format_name)
    printed = capsys.readouterr().out
    assert (
        run(db, "-o", str(tmp_path / name), *(() if name != "b" else ("--format", "paths0"))) == 0
    )
    assert capsys.readouterr().out == ""
    assert (tmp_path / name).read_text(encoding="utf-8") == printed != ""


def test_m3u_is_a_playlist(db: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(db, "--format", "m3u", "calm") == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[-4:] == [
        "#EXTINF:300,Johann Sebastian Bach - Air",
        "/music/Bach/Air.flac",
        "#EXTINF:720,Antonín Dvořák - Largo",
        "/music/Dvořák/Largo.mp3",
    ]


def test_paths0_are_the_bytes_of_names(
    bundle: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    paths = [b"/caf\xe9\n.wav", "/é.wav".encode()]
    with Library(tmp_path / "db") as library:
        record(library, bundle, [Entry(os.fsdecode(path)) for path in paths])
    assert run(tmp_path / "db", "--format", "paths0") == 0
    assert capsysbinary.readouterr().out == paths[0] + b"\0" + paths[1] + b"\0"


@pytest.mark.parametrize("format_name", sorted({*FORMATS, *WRITERS.names()} - {"parquet"}))
def test_odd_names_are_written_in_every_format(
    bundle: Path, tmp_path: Path, format_name: str
) -> None:
    with Library(tmp_path / "db") as library:
        record(library, bundle, [Entry(os.fsdecode(b"/caf\xe9\x1b[31m.wav"), title="音\x7f")])
    done = affetto("search", "--db", tmp_path / "db", "--format", format_name)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout or format_name == "paths0"


def test_table_shows_the_first_songs_and_other_formats_all(
    bundle: Path, tmp_path: Path, capsys: Captured
) -> None:
    n_songs = TABLE_LIMIT + 1
    with Library(tmp_path / "db") as library:
        record(library, bundle, [Entry(f"/{number}.wav") for number in range(n_songs)])
    assert run(tmp_path / "db") == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 + TABLE_LIMIT
    assert err == "affetto: 50 of 51 songs are shown; for more: --limit N\n"
    run(tmp_path / "db", "--format", "json")
    assert len(json.loads(capsys.readouterr().out)) == n_songs


def test_nothing_found_is_said_and_is_no_error(db: Path, capsys: Captured) -> None:
    assert run(db, "year > 2000") == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "affetto: no song of the library fits\n")


def test_songs_that_another_bundle_has_scored_are_told_of(
    bundle: Path, capsys: Captured, tmp_path: Path
) -> None:
    with Library(tmp_path / "db") as library:
        (first, *_) = record(library, bundle, SHELF)
        with library.connection.transaction() as cursor:
            cursor.execute("INSERT INTO bundles VALUES (9, 'f', 'old', '0.9', NULL, NULL)")
            cursor.execute("UPDATE results SET bundle_id = 9 WHERE file_id = ?", (first,))
    assert run(tmp_path / "db", "calm") == 0
    out, err = capsys.readouterr()
    assert "Air" not in out
    assert err == (
        "affetto: not searched: 1 song that only old 0.9 has scored; "
        "to score them again: affetto scan --refresh FOLDER\n"
    )


def test_query_that_cannot_be_read_shows_the_place(db: Path, capsys: Captured) -> None:
    assert run(db, "clam > 0.6 and not sad") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "affetto: there is no tag or field named 'clam'; did you mean calm?\n"
        "  clam > 0.6 and not sad\n"
        "  ^^^^\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--sort", "valense"), 2, "did you mean valence?"),
        (("--valence", "0.4..0.2"), 2, "runs backward"),
        (("--year", "abc"), 2, "must be compared with a number"),
        (("--limit", "0"), 2, "--limit"),
        (("--quadrant", "Q5"), 2, "--quadrant"),
        (("--like", "/none.mp3"), 1, "/none.mp3: no such file"),
        (("--bundle", "tinny"), 2, "did you mean tiny 1.0?"),
        (("--format", "csvv"), 2, "'csvv' is not one of 'table'"),
        (("--format", "vtt"), 2, "vtt holds one song, but there are 4; name a folder"),
        (("--timeline",), 2, "--timeline has no meaning in the format table"),
        (("-o", "songs.xyz"), 2, "its suffix does not tell the format"),
        (("-o", ".", "--format", "csv"), 2, "-o . is a folder"),
    ],
)
def test_wrong_use_is_one_sentence(
    db: Path, capsys: Captured, arguments: tuple[str, ...], code: int, said: str
) -> None:
    assert run(db, *arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_negative_range_is_taken_as_a_value(db: Path, capsys: Captured) -> None:
    assert run(db, "--valence", "-0.5..-0.1", "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_library_that_is_not_there_is_wrong_use(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path / "none.sqlite") == 2
    assert "affetto scan FOLDER" in capsys.readouterr().err
    assert not (tmp_path / "none.sqlite").exists()


def test_command_and_library_have_the_same_options() -> None:
    options = {parameter.name for parameter in command.params} - {
        "format_name",
        "output",
        "timeline",
        "debug",
    }
    assert options == set(inspect.signature(find).parameters) - {"scores"}


def test_lines_of_a_likeness_fit_the_terminal(
    bundle: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = dict.fromkeys(EMOTIONS.tags, 0.9)
    with Library(tmp_path / "db") as library:
        record(library, bundle, [Entry(f"/no/{name}.wav", tags, title=name * 80) for name in "ab"])
    monkeypatch.setenv("COLUMNS", "80")
    assert run(tmp_path / "db", "--like", "1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].endswith("more")
    assert "more; valence alike" in lines[-1]
