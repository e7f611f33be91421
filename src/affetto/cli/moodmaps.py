"""The mood map in a terminal of 80 columns: where songs lie, quadrants and tags beside it.

A cell is darker the more songs lie in it, by the logarithm of their number: a dot is a single
one. Color, where there is any, is the quadrant's, as in the panels of songs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from affetto.core import QUADRANT_TITLES, Quadrant, quadrant_of
from affetto.library.moodmap import Counts, MoodMap

N_COLUMNS, N_ROWS = 41, 21  # odd, so that the axes run through cells; a cell is twice as high
N_BAR = 10
WIDTH = 80

_COLORS: dict[Quadrant, str] = {"Q1": "#e69f00", "Q2": "#d55e00", "Q3": "#56b4e9", "Q4": "#009e73"}


@dataclass(frozen=True, slots=True)
class _Glyphs:
    """The characters that a map is drawn with; `steps` go from a single song to most of them."""

    steps: str
    line: str
    side: str
    center: str
    filled: str
    track: str
    corners: tuple[str, str, str, str]


_BLOCKS = _Glyphs("·░▒▓█", "─", "│", "┼", "━", "─", ("╭", "╮", "╰", "╯"))
_ASCII = _Glyphs(".:+#@", "-", "|", "+", "=", "-", ("+", "+", "+", "+"))


def draw(found: MoodMap) -> None:
    """Print the map on stdout."""
    console = Console(file=sys.stdout, width=WIDTH, highlight=False, markup=False, emoji=False)
    glyphs = _BLOCKS if _can_encode(_BLOCKS) else _ASCII
    beside = list(_beside(found, glyphs))
    for number, row in enumerate(_rows(found, glyphs)):
        line = Text.assemble(row, "  ", beside[number] if number < len(beside) else "")
        line.rstrip()
        console.print(line, soft_wrap=True)


def _can_encode(glyphs: _Glyphs) -> bool:
    every = "".join((glyphs.steps, glyphs.line, glyphs.center, glyphs.filled, *glyphs.corners))
    try:
        every.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _rows(found: MoodMap, glyphs: _Glyphs) -> Iterator[Text]:
    """Give the map line by line, framed, with its axes named."""
    top_left, top_right, bottom_left, bottom_right = glyphs.corners
    line, side = glyphs.line, glyphs.side
    reach = found.reach
    counts = found.counts(N_COLUMNS, N_ROWS)
    steps = _steps(counts)
    titles = _corners()
    yield Text(f"{'arousal':<8}{f'{reach:+.1f}':>{N_COLUMNS - 6}}")
    yield Text(top_left + line * N_COLUMNS + top_right, "dim")
    for row in range(N_ROWS):
        text = Text().append(side, "dim")
        for column in range(N_COLUMNS):
            valence, arousal = column - N_COLUMNS // 2, N_ROWS // 2 - row
            step = steps[row, column]
            if step:
                text.append(glyphs.steps[step - 1], _COLORS[quadrant_of(valence, arousal)])
            elif letter := titles.get((row, column)):
                text.append(letter, "dim")
            elif valence == 0 or arousal == 0:
                axis = glyphs.center if valence == arousal == 0 else side if valence == 0 else line
                text.append(axis, "dim")
            else:
                text.append(" ")
        text.append(side, "dim")
        yield text
    yield Text(bottom_left + line * N_COLUMNS + bottom_right, "dim")
    yield Text(f"{-reach:+.1f}{f'valence {reach:+.1f}':>{N_COLUMNS - 2}}")


def _steps(counts: Counts) -> Counts:
    """Give how dark each cell is: 0 empty, 1 a single song, up to 5 where most are."""
    logarithm = np.log(np.maximum(counts, 1))
    highest = max(float(logarithm.max()), 1e-9)
    steps = 1 + np.ceil(4 * logarithm / highest - 1e-9).astype(int)
    return np.where(counts > 0, steps, 0)


def _corners() -> dict[tuple[int, int], str]:
    """Give the letters of the quadrants' names by cell."""
    letters: dict[tuple[int, int], str] = {}
    for quadrant in QUADRANT_TITLES:
        row = 0 if quadrant in ("Q1", "Q2") else N_ROWS - 1
        name = f" {quadrant} "
        first = N_COLUMNS - len(name) if quadrant in ("Q1", "Q4") else 0
        letters |= {(row, first + place): letter for place, letter in enumerate(name)}
    return letters


def _beside(found: MoodMap, glyphs: _Glyphs) -> Iterator[Text]:
    n_songs = len(found.tracks)
    yield Text()
    for quadrant, n in found.quadrants.items():
        name = f"{quadrant} {QUADRANT_TITLES[quadrant]}"
        yield _bar(name, n / n_songs, glyphs, _COLORS[quadrant])
    yield Text()
    for each in found.tags[: N_ROWS + 4 - 6]:
        yield _bar(each.tag.title, each.n_songs / n_songs, glyphs, "")


def _bar(name: str, share: float, glyphs: _Glyphs, style: str) -> Text:
    n_filled = round(share * N_BAR)
    percent = f"{100 * share:3.0f}%" if share == 0 or share >= 0.005 else " <1%"
    return Text.assemble(
        set_cell_size(name, 17), " ",
        (glyphs.filled * n_filled, style), (glyphs.track * (N_BAR - n_filled), "dim"), " ", percent,
    )  # fmt: skip
