"""`affetto show`: what the library knows of songs, without scoring them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from affetto import bundles
from affetto.cli import main
from affetto.core import Failure
from affetto.library import Library
from affetto.library.metadata import Metadata
from affetto.library.recording import Recorder
from affetto.library.walk import Stamp
from tests.library.catalog import SHELF, record
from tests.rules.source import ROOT

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def db(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "library.sqlite"
    with Library(path) as library:
        record(library, bundle, SHELF)
        recorder = Recorder(library.connection, bundles.load(bundle))
        failure = Failure("/bad.mp3", "audio-unreadable", "/bad.mp3: not sound", "get it again")
        recorder.add_failure("/bad.mp3", Stamp(1, 1, 0), Metadata(), failure, is_temporary=False)
        recorder.mark((), [4])
    return path


def run(db: Path, *arguments: str) -> int:
    return main(["show", "--db", str(db), *arguments])


def test_song_is_shown_as_predict_shows_it_with_its_own_tags(db: Path, capsys: Captured) -> None:
    assert run(db, "/music/Bach/Air.flac", "--top", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "/music/Bach/Air.flac  5:00"
    assert lines[1] == "Q4  calm, content  80%   Q1 10%  Q3 9%  Q2 1%"
    assert [line.split()[:3] for line in lines[2:6]] == [
        ["valence", "+0.50", "─────┼━━───"],
        ["arousal", "-0.60", "──━━━┼─────"],
        ["●", "Calming", "0.90"],
        ["●", "Tender", "0.70"],
    ]
    assert "█" in lines[4]
    assert lines[7:] == [
        "  title   Air",
        "  artist  Johann Sebastian Bach",
        "  album   Suites",
        "  genre   Baroque",
        "  year    1731",
        "  number  1, scored by tiny 1.0",
    ]


def test_songs_are_named_by_number_and_shown_one_after_the_other(
    db: Path, capsys: Captured
) -> None:
    assert run(db, "2", "/music/Bach/Air.flac") == 0
    out = capsys.readouterr().out
    assert out.index("Sturm.flac") < out.index("Air.flac")
    assert "\n\n/music/Bach/Air.flac" in out


def test_json_is_that_of_predict_with_the_files_own_tags(db: Path, capsys: Captured) -> None:
    assert run(db, "1", "2", "--format", "json", "--timeline") == 0
    air, _ = json.loads(capsys.readouterr().out)
    assert air.pop("id") == 1
    assert air.pop("file") == {
        "title": "Air",
        "artist": "Johann Sebastian Bach",
        "album": "Suites",
        "genre": "Baroque",
        "year": 1731,
        "size_bytes": 1000,
        "missing_since": None,
    }
    schema = json.loads((ROOT / "docs" / "prediction.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(air, schema)
    assert air["chosen"] == ["calming_soothing", "tender_soft"]
    assert len(air["timeline"]["start_s"]) == 1


def test_song_whose_file_is_gone_is_shown_so(db: Path, capsys: Captured) -> None:
    assert run(db, "4") == 0
    assert "  file    gone since 20" in capsys.readouterr().out


def test_song_that_is_not_there_is_an_input_that_failed(db: Path, capsys: Captured) -> None:
    assert run(db, "99", "/none.mp3", "1") == 1
    out, err = capsys.readouterr()
    assert "Air.flac" in out
    assert err.splitlines() == [
        "affetto: 99: the library has no song of this number; for numbers see: affetto search",
        "affetto: /none.mp3: this song is not in the library; "
        "add its folder with: affetto scan FOLDER",
    ]


def test_song_that_could_not_be_scored_tells_why(db: Path, capsys: Captured) -> None:
    assert run(db, "/bad.mp3", "--format", "json") == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == []
    assert err == "affetto: /bad.mp3: not sound; get it again\n"


def test_song_that_only_another_bundle_has_scored_is_shown(
    bundle: Path, tmp_path: Path, capsys: Captured
) -> None:
    with Library(tmp_path / "db") as library:
        record(library, bundle, SHELF)
        with library.connection.transaction() as cursor:
            cursor.execute("INSERT INTO bundles VALUES (9, 'f', 'old', '0.9', NULL, NULL)")
            cursor.execute(
                "INSERT INTO tags SELECT id + 100, 9, vocabulary, tag, title, threshold, is_main"
                " FROM tags"
            )
            cursor.execute("UPDATE results SET bundle_id = 9 WHERE file_id = 1")
            cursor.execute("UPDATE timelines SET bundle_id = 9 WHERE file_id = 1")
            cursor.execute("UPDATE scores SET tag_id = tag_id + 100 WHERE file_id = 1")
    assert run(tmp_path / "db", "1") == 0
    assert "scored by old 0.9" in capsys.readouterr().out
