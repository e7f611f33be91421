"""The table: what a person reads. A panel a song on a terminal, plain text elsewhere.

    ╭─ song.mp3 ─────────────────────────────────────────────── 3:41 ─╮
    │ Q1  excited, happy  81%   Q4 15%  Q2 3%  Q3 1%                  │
    │ valence    +0.42 ±0.06  ───┼━━─  ▄▅▅▆▆▆▅▅▄▅▆▆▇▇▆▆▆▅▅▅▆▆▆▇▇▇▆▆  │
    │ ● Happy     0.81 ±0.03  ━━━━━━╸─ ▂▃▃▅▅▆▅▄▄▄▃▃▅▅▆▆▆▆▇▇▇▆▆▆▅▅▅▆  │
    │                                  0:00         1:30       3:00  │
    ╰─────────────────────────────────────────────────────────────────╯

Behind ± is the standard error, where there is room. Behind the quadrant stands how likely it is and
how likely the others are, where the bundle says so; it is called unsure where all others together
are likelier (without that, where valence or arousal is nearer to 0 than its error), and is not
named where the sound is not taken for music. A bar's length and a strip's height carry the values;
color only repeats them, so the table says the same without color. Each quadrant has one accent, of
Okabe and Ito's colors that also people see apart who are color-blind; the strips of valence and
arousal wear the accent of the quadrant that the song is in at that moment. Where the encoding lacks
block characters, ASCII stands in.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.style import Style
from rich.text import Text

from affetto import audio
from affetto.core import QUADRANT_TITLES, Prediction, Quadrant, quadrant_of
from affetto.mood import MUSIC_CUT, NOT_MUSIC
from affetto.writers.base import Selection, Writer
from affetto.writers.strips import Float64Array, axis, cell_weights, clock

DEFAULT_TOP = 5
MAX_WIDTH, MIN_WIDTH = 80, 40

_ACCENTS: Mapping[Quadrant, ColorTriplet] = {
    "Q1": ColorTriplet(230, 159, 0),
    "Q2": ColorTriplet(213, 94, 0),
    "Q3": ColorTriplet(86, 180, 233),
    "Q4": ColorTriplet(0, 158, 115),
}
_SIXTEEN: Mapping[Quadrant, str] = {"Q1": "yellow", "Q2": "red", "Q3": "blue", "Q4": "green"}
_FAINT = ColorTriplet(118, 124, 134)  # is seen on black and on white
_BOLD = Style(bold=True)


class _Palette:
    """The colors of a terminal: the accents exactly, or the nearest in meaning of its sixteen."""

    def __init__(self, console: Console) -> None:
        self._system = console.color_system
        is_fine = self._system in ("truecolor", "256")
        self.faint = Style(color=Color.from_triplet(_FAINT)) if is_fine else Style(dim=True)

    def accent(self, quadrant: Quadrant, share: float = 1.0) -> Style:
        """Give a quadrant's color, where colors are fine the fainter the smaller the `share`."""
        if self._system not in ("truecolor", "256"):
            return Style(color=_SIXTEEN[quadrant])
        if self._system == "256":  # whose mixtures are of other hues
            share = 1.0
        mixed = (
            round(low + (high - low) * min(max(share, 0.0), 1.0))
            for low, high in zip(_FAINT, _ACCENTS[quadrant], strict=True)
        )
        return Style(color=Color.from_triplet(ColorTriplet(*mixed)))


@dataclass(frozen=True, slots=True)
class _Glyphs:
    """The characters that a table is drawn with; `ramp` climbs from low to high."""

    ramp: str
    full: str
    half: str
    track: str
    zero: str
    chosen: str
    silence: str
    ellipsis: str
    error: str
    corners: tuple[str, str, str, str]
    line: str
    side: str


_BLOCKS = _Glyphs(
    "▁▂▃▄▅▆▇█", "━", "╸", "─", "┼", "●", " ", "…", "±", ("╭", "╮", "╰", "╯"), "─", "│"
)
_ASCII = _Glyphs("_.:-=+*#%@", "=", "", "-", "|", "*", " ", "...", "~", ("+",) * 4, "-", "|")


class TableWriter(Writer):
    """Writes panels, or blocks with an empty line between them; five tags unless told."""

    def __init__(self, stream: TextIO, selection: Selection) -> None:
        if selection.top is None and selection.tags is None:
            selection = Selection(DEFAULT_TOP, None, selection.timeline)
        super().__init__(stream, selection)
        self._width = _width(stream)  # rich has its own mind about a dumb terminal's
        self._console = Console(
            file=stream, width=self._width, highlight=False, markup=False, emoji=False
        )
        self._palette = _Palette(self._console)
        self._glyphs = _BLOCKS if _can_encode(stream, _BLOCKS) else _ASCII
        self._n_written = 0

    def add(self, prediction: Prediction) -> None:
        is_panel = self._console.is_terminal
        width = self._width - 4 * is_panel
        song = _Song(prediction, self.selection, self._glyphs, self._palette)
        lines = song.lines(width, self._console)
        title = audio.display(prediction.path)
        if is_panel:
            rows = self._framed(title, clock(prediction.duration_s), lines)
        else:
            heading = Text(f"{title}  {clock(prediction.duration_s)}")
            rows = [Text("")] * bool(self._n_written) + [heading, *lines]
        for row in rows:
            row.rstrip()
            self._console.print(row, soft_wrap=True)  # as it is, however long
        self._n_written += 1
        self.stream.flush()

    def _framed(self, title: str, end: str, lines: Sequence[Text]) -> list[Text]:
        glyphs, width = self._glyphs, self._width
        top_left, top_right, bottom_left, bottom_right = glyphs.corners
        title = _shortened(title, width - len(end) - 9, glyphs.ellipsis)
        n_rule = width - cell_len(title) - len(end) - 8
        faint = self._palette.faint
        side = Text(glyphs.side, faint)
        return [
            Text.assemble(
                (f"{top_left}{glyphs.line} ", faint),
                (title, _BOLD),
                (f" {glyphs.line * n_rule} ", faint),
                end,
                (f" {glyphs.line}{top_right}", faint),
            ),
            *(
                Text.assemble(side, " ", line, " " * (width - 4 - line.cell_len), " ", side)
                for line in lines
            ),
            Text(f"{bottom_left}{glyphs.line * (width - 2)}{bottom_right}", faint),
        ]


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table: a score in [0, 1], or `signed` in [-1, 1], with its standard error if
    that is known; `cells` over time."""

    label: str
    value: float
    error: float | None
    is_chosen: bool
    is_signed: bool
    cells: Float64Array | None


class _Song:
    """One song's lines, without the frame."""

    def __init__(
        self, prediction: Prediction, selection: Selection, glyphs: _Glyphs, palette: _Palette
    ) -> None:
        self._prediction = prediction
        self._glyphs = glyphs
        self._palette = palette
        self._accent = palette.accent(prediction.quadrant)
        self._scores = _scores(prediction, selection)

    def lines(self, width: int, console: Console) -> list[Text]:
        prediction = self._prediction
        titles = [_title(prediction, tag) for tag in self._scores]
        n_label = min(max(map(cell_len, ["valence", *titles])), 18 if width >= 60 else 12)
        n_bar = 11 if width >= 60 else 7 if width >= 46 else 5
        has_errors = width >= 60 and prediction.uncertainty is not None
        n_error = len(f" {self._glyphs.error}0.00") if has_errors else 0
        n_strip = width - 2 - n_label - 2 - 5 - n_error - 2 - n_bar - 2
        shares = cell_weights(prediction.timeline, prediction.duration_s, n_strip)
        rows = [*self._plane_rows(shares), *self._tag_rows(shares)]
        accent = self._accent + _BOLD
        moments = self._moments(shares)
        found = [self._heading(accent, width)]
        for row in rows:
            mark = (self._glyphs.chosen, accent) if row.is_chosen else " "
            number = f"{row.value:+.2f}" if row.is_signed else f" {row.value:.2f}"
            error = "" if row.error is None else f" {self._glyphs.error}{row.error:.2f}"
            found.append(
                Text.assemble(
                    mark,
                    " ",
                    set_cell_size(row.label, n_label),
                    "  ",
                    number,
                    (set_cell_size(error, n_error), self._palette.faint),
                    "  ",
                    self._signed_bar(row.value, n_bar) if row.is_signed else self._bar(row, n_bar),
                    "  ",
                    self._strip(row, moments),
                )
            )
        left = self._legend(rows, width - n_strip - 2)
        clock_line = axis(prediction.duration_s, n_strip)
        found.append(Text.assemble((f"{left}  {clock_line}", self._palette.faint)))
        found.extend(self._warnings(width, console))
        return found

    def _heading(self, accent: Style, width: int) -> Text:
        prediction = self._prediction
        if any(notice.code == NOT_MUSIC for notice in prediction.warnings):
            score = f"  music {prediction.music:.2f}, below {MUSIC_CUT:.2f}"
            return Text.assemble(("not music?", _BOLD), score)
        ours, likely = prediction.quadrant, prediction.quadrant_probabilities
        title, others = QUADRANT_TITLES[ours], ""
        if likely is not None:
            title = f"{title}  {_percent(likely[ours])}"
            rest = sorted(set(likely) - {ours}, key=lambda name: (-likely[name], name))
            others = "   " + "  ".join(f"{name} {_percent(likely[name])}" for name in rest)
        sure = "" if prediction.is_quadrant_sure else "  (unsure)"
        heading = Text.assemble((ours, accent), f"  {title}", (sure, self._palette.faint))
        if heading.cell_len + len(others) <= width:
            heading.append(others, self._palette.faint)
        return heading

    def _plane_rows(self, shares: Float64Array) -> Iterator[_Row]:
        plane = self._prediction.timeline.valence_arousal
        for column, name in enumerate(("valence", "arousal")):
            cells = None if plane is None else shares @ plane[:, column]
            errors = self._prediction.uncertainty
            error = None if errors is None else getattr(errors, name)
            value = getattr(self._prediction, name)
            yield _Row(name, value, error, False, True, cells)

    def _tag_rows(self, shares: Float64Array) -> Iterator[_Row]:
        prediction = self._prediction
        errors = prediction.uncertainty
        of_others: dict[str, float] = {}
        for of in () if errors is None else errors.others.values():
            of_others = {**of, **of_others}  # the first with a tag of this name, as its score
        positions = {tag: column for column, tag in enumerate(prediction.vocabulary.tags)}
        for tag, score in self._scores.items():
            column = positions.get(tag)
            label = _title(prediction, tag)
            if column is None:  # of a further vocabulary, which has no values over time
                yield _Row(label, score, of_others.get(tag), False, False, None)
                continue
            error = None if errors is None else float(errors.scores[column])
            cells = shares @ prediction.timeline.scores[:, column]
            yield _Row(label, score, error, bool(prediction.chosen[column]), False, cells)

    def _moments(self, shares: Float64Array) -> list[Quadrant]:
        """Give the quadrant that the song is in at the moment of each cell."""
        plane = self._prediction.timeline.valence_arousal
        if plane is None:
            return [self._prediction.quadrant] * len(shares)
        return [quadrant_of(valence, arousal) for valence, arousal in shares @ plane]

    def _bar(self, row: _Row, n_bar: int) -> Text:
        glyphs = self._glyphs
        n_halves = round(min(max(row.value, 0.0), 1.0) * n_bar * 2)
        filled = glyphs.full * (n_halves // 2) + glyphs.half * (n_halves % 2)
        return Text.assemble(
            (filled, self._accent), (glyphs.track * (n_bar - len(filled)), self._palette.faint)
        )

    def _signed_bar(self, value: float, n_bar: int) -> Text:
        glyphs = self._glyphs
        n_side = n_bar // 2
        n_filled = min(round(abs(value) * n_side), n_side)
        faint = self._palette.faint
        filled = (glyphs.full * n_filled, self._accent)
        track, empty = (glyphs.track * (n_side - n_filled), faint), (glyphs.track * n_side, faint)
        left, right = ((track, filled), (empty,)) if value < 0 else ((empty,), (filled, track))
        return Text.assemble(*left, (glyphs.zero, faint), *right)

    def _strip(self, row: _Row, moments: Sequence[Quadrant]) -> Text:
        strip = Text()
        if row.cells is None:
            return strip
        ramp = self._glyphs.ramp
        heights = (row.cells + 1) / 2 if row.is_signed else row.cells
        for height, moment in zip(heights, moments, strict=True):
            if np.isnan(height):
                strip.append(self._glyphs.silence)
                continue
            # A little more, so that a value on a border is not above or below it by rounding.
            step = min(max(int(height * len(ramp) + 1e-6), 0), len(ramp) - 1)
            song, accent = self._prediction.quadrant, self._palette.accent
            style = accent(moment) if row.is_signed else accent(song, height)
            strip.append(ramp[step], style)
        return strip

    def _legend(self, rows: Sequence[_Row], width: int) -> str:
        legend = f"{self._glyphs.chosen} over its threshold"
        is_due = any(row.is_chosen for row in rows) and len(legend) <= width
        return (legend if is_due else "").ljust(width)

    def _warnings(self, width: int, console: Console) -> Iterator[Text]:
        for notice in self._prediction.warnings:
            message = Text(audio.display(notice.message))
            for number, line in enumerate(message.wrap(console, width - 2)):
                yield Text.assemble("  " if number else ("! ", _BOLD), line)


def _scores(prediction: Prediction, selection: Selection) -> dict[str, float]:
    """Give the scores to show, highest first; of further vocabularies only what was asked for."""
    scores = dict(prediction.tags)
    if selection.tags is not None:
        for others in prediction.others.values():
            scores = {**others, **scores}
    return selection.of(scores)


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def _title(prediction: Prediction, tag: str) -> str:
    vocabulary = prediction.vocabulary
    if tag in vocabulary.tags:
        return vocabulary.titles[vocabulary.tags.index(tag)]
    return tag.replace("_", " ").capitalize()


def _shortened(text: str, width: int, ellipsis: str) -> str:
    """Cut a text at its beginning to a width in columns: the end of a path says more."""
    if cell_len(text) <= width:
        return text
    text = text[-2 * width :]  # of a very long one not even the width is asked
    while text and cell_len(text) > width - len(ellipsis):
        text = text[1:]
    return ellipsis + text


def _width(stream: TextIO) -> int:
    """Give the columns to fill; a file or pipe gets 80 unless COLUMNS says otherwise."""
    if stream.isatty():
        columns = shutil.get_terminal_size().columns
    else:
        stated = os.environ.get("COLUMNS", "")
        columns = int(stated) if stated.isdecimal() else MAX_WIDTH
    return min(max(columns, MIN_WIDTH), MAX_WIDTH)


def _can_encode(stream: TextIO, glyphs: _Glyphs) -> bool:
    every = "".join((glyphs.ramp, glyphs.full, glyphs.half, glyphs.zero, *glyphs.corners))
    try:
        (every + glyphs.chosen + glyphs.ellipsis + glyphs.error).encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
