"""`affetto stats`: the library summed up, and its mood map in 80 columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from affetto.cli import main
from affetto.library import Library
from tests.cli.command import affetto
from tests.library.catalog import SHELF, record

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def db(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "library.sqlite"
    with Library(path) as library:
        record(library, bundle, SHELF)
    return path


def run(db: Path, *arguments: str) -> int:
    return main(["stats", "--db", str(db), *arguments])


def test_summary_has_counts_and_a_map(db: Path, capsys: Captured) -> None:
    assert run(db) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[:2] == [
        "songs    4, 22 min, scored by tiny 1.0",
        "by       3 artists, 2 albums",
    ]
    assert max(map(len, lines)) <= 80
    assert err == ""
    assert "Q1 excited, happy ━━────────  25%" in out
    assert "Calming           ━━━━━─────  50%" in out
    (top,) = (number for number, line in enumerate(lines) if line.startswith("╭"))
    field = [line[1:42] for line in lines[top + 1 : top + 22]]
    assert sum(row.count("·") for row in field) == 4
    # Sturm is high and on the left, Air low and on the right, as far as the map reaches.
    assert field[0].index("·") < 20
    assert field[-2].index("·") > 20
    assert lines[top - 1].endswith("+0.7")


def test_query_limits_the_summary(db: Path, capsys: Captured) -> None:
    assert run(db, "artist", "~", "bach") == 0
    assert capsys.readouterr().out.startswith("songs    2 that fit 'artist ~ bach', 7 min,")
    assert run(db, "year > 2000") == 0
    assert capsys.readouterr().out == (
        "songs  0 that fit 'year > 2000', 0 min, scored by tiny 1.0\n"
    )
    assert run(db, "clam") == 2
    assert "did you mean calm?" in capsys.readouterr().err


def test_json_has_the_same_numbers(db: Path, capsys: Captured) -> None:
    assert run(db, "--format", "json") == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["songs"] == 4
    assert plain["quadrants"]["Q3"] == {"songs": 1, "share": 0.25}


@pytest.mark.parametrize("name", ["map.png", "map.html"])
def test_plot_draws_the_map(db: Path, tmp_path: Path, capsys: Captured, name: str) -> None:
    assert run(db, "--plot", str(tmp_path / name)) == 0
    assert (tmp_path / name).stat().st_size > 1_000


def test_plot_of_another_kind_is_refused_before_the_work(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path / "none.sqlite", "--plot", str(tmp_path / "map.gif")) == 2
    assert "a map ends in .png, .svg, .pdf or .html" in capsys.readouterr().err


def test_terminal_without_block_characters_gets_ascii(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = affetto("stats", "--db", db)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "+-----" in done.stdout
    assert "\\u" not in done.stdout


def test_library_that_is_not_there_is_wrong_use(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path / "none.sqlite") == 2
    assert "affetto scan FOLDER" in capsys.readouterr().err
