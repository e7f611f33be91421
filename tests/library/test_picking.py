"""A song is found by its path or by its number, also one whose file is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from affetto import bundles
from affetto.core import Failure
from affetto.library import Library
from affetto.library.metadata import Metadata
from affetto.library.picking import failure_of, pick
from affetto.library.recording import Recorder
from affetto.library.walk import Stamp
from tests.library.catalog import SHELF, Entry, record


@pytest.fixture
def library(bundle: Path) -> Iterator[Library]:
    with Library(":memory:") as made:
        record(made, bundle, SHELF)
        yield made


def test_song_is_found_by_path_and_number(library: Library) -> None:
    track = pick(library, "/music/Bach/Air.flac")
    assert track is not None
    assert pick(library, Path("/music/Bach/Air.flac")) == track
    assert pick(library, str(track.id)) == track
    for name in ("/music/none.flac", "99", "9" * 30, "-1", "1.0"):
        assert pick(library, name) is None, name


def test_file_goes_before_a_number(
    library: Library, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1").touch()
    assert pick(library, "1") is None
    record(library, bundle, [Entry(str(tmp_path / "1"))])
    track = pick(library, "1")
    assert track is not None
    assert track.path == tmp_path / "1"


def test_song_whose_file_is_gone_is_found(library: Library, bundle: Path) -> None:
    track = pick(library, "1")
    assert track is not None
    Recorder(library.connection, bundles.load(bundle)).mark((), [track.id])
    for name in ("1", track.path):
        found = pick(library, name)
        assert found is not None
        assert found.missing_since is not None


def test_reason_of_a_failure_is_told(library: Library, bundle: Path) -> None:
    failure = Failure("/bad.mp3", "audio-unreadable", "/bad.mp3: not sound", "get it again")
    recorder = Recorder(library.connection, bundles.load(bundle))
    recorder.add_failure("/bad.mp3", Stamp(1, 1, 0), Metadata(), failure, is_temporary=False)
    assert failure_of(library, "/bad.mp3") == failure
    assert failure_of(library, "/music/Bach/Air.flac") is None
