"""The table: fits, degrades, and says the same without color."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from affetto.core import Notice, Prediction, Uncertainty
from affetto.writers.base import Selection
from affetto.writers.table import TableWriter
from tests.writers.songs import odd_song, song

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def written(
    stream: io.TextIOBase, *songs: Prediction, selection: Selection | None = None
) -> Iterator[str]:
    with TableWriter(stream, selection or Selection()) as writer:  # type: ignore[arg-type]
        for one in songs:
            writer.add(one)
    if isinstance(stream, io.StringIO):
        return iter(stream.getvalue().splitlines())
    stream.seek(0)
    return iter(stream.read().splitlines())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Be a terminal of 80 columns and all colors."""
    monkeypatch.delenv("NO_COLOR")
    for name, value in {"TERM": "xterm", "COLORTERM": "truecolor", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("columns", [40, 50, 63, 80])
def test_panel_fills_the_width_exactly(terminal: pytest.MonkeyPatch, columns: int) -> None:
    terminal.setenv("COLUMNS", str(columns))
    lines = [ESCAPES.sub("", line) for line in written(Terminal(), song(), odd_song())]
    assert {cell_len(line) for line in lines} == {columns}


@pytest.mark.parametrize(("columns", "width"), [(200, 80), (20, 40)])
def test_panel_is_never_wider_than_80_nor_narrower_than_40(
    terminal: pytest.MonkeyPatch, columns: int, width: int
) -> None:
    terminal.setenv("COLUMNS", str(columns))
    assert {cell_len(ESCAPES.sub("", line)) for line in written(Terminal(), song())} == {width}


@settings(max_examples=50)
@given(name=st.text(min_size=1, max_size=120).filter(lambda name: "\0" not in name))
def test_panel_keeps_its_shape_for_any_name(name: str) -> None:
    stream = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "50")
        patch.setenv("TERM", "dumb")  # no escapes
        patch.setenv("TTY_COMPATIBLE", "1")
        lines = list(written(stream, song(name)))
    assert {cell_len(line) for line in lines} == {50}


def test_panel_shows_the_end_of_a_name_that_is_too_long(terminal: pytest.MonkeyPatch) -> None:
    first, *_ = written(Terminal(), song("a/" * 100 + "the end.mp3"))
    assert "the end.mp3" in ESCAPES.sub("", first)


def test_color_says_nothing_that_is_not_in_the_text(terminal: pytest.MonkeyPatch) -> None:
    colored = list(written(Terminal(), song(), odd_song()))
    assert any("\x1b[38;2;" in line for line in colored)
    terminal.setenv("NO_COLOR", "1")
    plain = list(written(Terminal(), song(), odd_song()))
    assert not any(re.search(r"\x1b\[[0-9;]*3[0-9]", line) for line in plain)
    assert [ESCAPES.sub("", line) for line in colored] == [ESCAPES.sub("", line) for line in plain]


def test_strips_of_the_plane_change_color_with_the_quadrant(terminal: pytest.MonkeyPatch) -> None:
    valence = next(line for line in written(Terminal(), song()) if "valence" in line)
    sad, calm = "86;180;233", "0;158;115"
    assert sad in valence
    assert calm in valence.split(sad)[-1]


def test_table_makes_do_with_sixteen_colors(terminal: pytest.MonkeyPatch) -> None:
    terminal.setenv("COLORTERM", "")
    text = "\n".join(written(Terminal(), song(), odd_song()))
    assert ESCAPES.search(text)
    assert "38;2;" not in text


def test_table_in_a_pipe_is_text_with_a_line_between_songs() -> None:
    lines = list(written(io.StringIO(), song(), odd_song()))
    assert "\x1b" not in "".join(lines)
    assert lines.count("") == 1
    assert lines[0] == "album/one.mp3  0:20"
    assert all(line == line.rstrip() for line in lines)


def test_table_in_a_pipe_never_cuts_a_name() -> None:
    name = "folder/" * 30 + "song.mp3"
    assert next(written(io.StringIO(), song(name))).startswith(name)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_table_is_ascii_where_there_are_no_blocks(encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    text = "\n".join(written(stream, song()))
    assert text.isascii()
    assert "* Happy" in text


def test_table_shows_five_tags_unless_told() -> None:
    def tags(selection: Selection) -> list[str]:
        lines = written(io.StringIO(), song(), selection=selection)
        return re.findall(r"Happy|Sad|Playful|Angry|Calmness", "\n".join(lines))

    assert tags(Selection()) == ["Happy", "Playful", "Sad", "Angry"]
    assert tags(Selection(top=2)) == ["Happy", "Playful"]
    assert tags(Selection(tags=("sad", "calmness"))) == ["Calmness", "Sad"]


def test_table_names_no_quadrant_for_what_does_not_sound_like_music() -> None:
    notice = Notice("not-music", "this does not sound like music, so the emotions mean little")
    lines = list(written(io.StringIO(), song(music=0.125, warnings=(notice,))))
    assert lines[1] == "not music?  music 0.12, below 0.50"
    assert lines[-1] == f"! {notice}"


def test_table_says_how_likely_each_quadrant_is_and_doubts_one_that_the_rest_outweighs() -> None:
    unsure, sure = (list(written(io.StringIO(), song(sign_slopes=s)))[1] for s in ((1, 1), (2, 2)))
    assert unsure == "Q4  calm, content  47%  (unsure)   Q3 28%  Q1 16%  Q2 9%"
    assert sure == "Q4  calm, content  66%   Q3 24%  Q1 7%  Q2 3%"


def test_table_leaves_the_other_quadrants_out_where_there_is_no_room(
    terminal: pytest.MonkeyPatch,
) -> None:
    terminal.setenv("COLUMNS", "40")
    lines = ESCAPES.sub("", "".join(written(Terminal(), song(sign_slopes=(2, 2)))))
    assert "Q4  calm, content  66%  " in lines
    assert "Q3 24%" not in lines


def test_table_without_probabilities_doubts_a_quadrant_whose_axis_is_within_its_error() -> None:
    sure = Uncertainty(np.zeros(4), 0.25, 0.5)
    for errors, heading in ((sure, ""), (song().uncertainty, "  (unsure)")):
        lines = list(written(io.StringIO(), song(sign_slopes=None, uncertainty=errors)))
        assert lines[1] == f"Q4  calm, content{heading}"


def test_errors_are_shown_where_there_is_room(terminal: pytest.MonkeyPatch) -> None:
    for columns, shown in ((80, True), (50, False)):
        terminal.setenv("COLUMNS", str(columns))
        text = ESCAPES.sub("", "".join(written(Terminal(), song())))
        assert ("+0.25 ±0.31" in text) == shown
    assert "±" not in "".join(written(io.StringIO(), song(uncertainty=None)))


def test_strip_leaves_silence_blank() -> None:
    line = next(line for line in written(io.StringIO(), song()) if "Sad" in line)
    strip = line[re.search(r"[─━╸]  ", line).end() :]  # type: ignore[union-attr]
    # Windows 0 and 1 are silent, so the first 4 of 20 seconds have nothing to show.
    assert len(strip) - len(strip.lstrip()) == len(strip) * 4 // 20


def test_bars_are_as_long_as_their_values() -> None:
    def bar(score: float) -> str:
        scores = np.array([score, 0, 0, 0])
        line = next(x for x in written(io.StringIO(), song(scores=scores)) if "Happy" in x)
        return re.search(r"[━╸─]+", line).group()  # type: ignore[union-attr]

    assert bar(0.0) == "─" * 11
    assert bar(0.5) == "━━━━━╸─────"
    assert bar(1.0) == "━" * 11


def test_signed_bars_grow_from_the_middle() -> None:
    def bar(valence: float) -> str:
        line = next(x for x in written(io.StringIO(), song(valence=valence)) if "valence" in x)
        return re.search(r"[━╸─┼]+", line).group()  # type: ignore[union-attr]

    assert bar(-1.0) == "━━━━━┼─────"
    assert bar(0.0) == "─────┼─────"
    assert bar(0.4) == "─────┼━━───"


def test_long_warnings_wrap_within_the_panel(terminal: pytest.MonkeyPatch) -> None:
    lines = [ESCAPES.sub("", line) for line in written(Terminal(), odd_song())]
    assert any(line.startswith("│ ! the file ends early") for line in lines)
    terminal.setenv("COLUMNS", "40")
    lines = [ESCAPES.sub("", line) for line in written(Terminal(), odd_song())]
    assert {cell_len(line) for line in lines} == {40}
    assert any(line.startswith("│   ") and "states" in line for line in lines)
