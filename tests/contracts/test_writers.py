"""Every writer: its golden files, and what holds for any output."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from affetto.errors import BadConfig
from affetto.writers import WRITERS, format_of, suffix_of
from affetto.writers.base import Selection
from tests.writers.make_golden import FOLDER, SELECTIONS, TEXT, golden_path, text_of
from tests.writers.songs import odd_song, song

NAMES = WRITERS.names()
ONE_SONG = [name for name in NAMES if WRITERS.load(name).holds_one_song]
FLOWING = [name for name in TEXT if name not in ONE_SONG]


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("name", TEXT)
def test_writer_writes_what_the_golden_file_holds(name: str, selection: str) -> None:
    golden = golden_path(name, selection).read_text(encoding="utf-8")
    assert text_of(name, selection) == golden


def test_every_golden_file_has_a_writer() -> None:
    paths = {golden_path(name, selection) for name in TEXT for selection in SELECTIONS}
    assert set(FOLDER.iterdir()) == paths


@pytest.mark.parametrize("name", TEXT)
def test_writer_passes_no_control_character_of_a_file_on(name: str) -> None:
    stream = io.StringIO()
    with WRITERS.load(name)(stream, Selection(timeline=True)) as writer:
        writer.add(odd_song())
    assert [c for c in stream.getvalue() if c not in "\n\t" and not c.isprintable()] == []
    stream.getvalue().encode("utf-8")  # no lone surrogate either


@pytest.mark.parametrize("name", FLOWING)
def test_writer_hands_each_song_on_before_the_next(name: str) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="utf-8", write_through=False)
    writer = WRITERS.load(name)(stream, Selection())
    writer.add(song("first.mp3"))
    assert b"first.mp3" in buffer.getvalue()
    assert b"second.mp3" not in buffer.getvalue()
    writer.add(song("second.mp3"))
    assert b"second.mp3" in buffer.getvalue()


@pytest.mark.parametrize("name", ONE_SONG)
def test_format_of_one_song_refuses_a_second_and_keeps_the_first(name: str) -> None:
    stream = io.StringIO()
    writer = WRITERS.load(name)(stream, Selection())
    writer.add(song())
    first = stream.getvalue()
    with pytest.raises(BadConfig, match="holds one song"):
        writer.add(odd_song())
    assert stream.getvalue() == first != ""


@pytest.mark.parametrize("name", NAMES)
def test_writer_leaves_its_stream_open(name: str) -> None:
    stream = io.BytesIO() if WRITERS.load(name).is_binary else io.StringIO()
    with WRITERS.load(name)(stream, Selection()):
        pass
    assert not stream.closed


@pytest.mark.parametrize("name", NAMES)
def test_format_is_told_by_its_name_and_its_usual_suffix(name: str) -> None:
    assert format_of(Path(f"song.{name}")) == name
    assert format_of(Path(f"A.SONG{suffix_of(name).upper()}")) == name
