"""What a report is made of, before it is Markdown or HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from affetto.evaluation.report import table as markdown_table


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; 1 is the report's own."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain text. A warning stands out; the answer is what the reader came for."""

    text: str
    kind: Literal["text", "warning", "answer"] = "text"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of plain sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A command line."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; all columns but the first `n_words` hold numbers. `strong` rows stand out."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_words: int = 1
    strong: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart by its name, and what it shows."""

    name: str
    caption: str


Block = Heading | Paragraph | Listing | Code | Table | Picture

_SPECIAL = re.compile(r"[\\`*<|]|(?<!\w)_|_(?!\w)|](?=\()")
"""What Markdown would take for markup: an underscore within a word and a bracket are none."""


def markdown(blocks: Sequence[Block], folder: str = "charts") -> str:
    """Give blocks as Markdown; pictures are links into `folder`."""
    return "\n\n".join("\n".join(_markdown(block, folder)) for block in blocks) + "\n"


def _markdown(block: Block, folder: str) -> list[str]:
    match block:
        case Heading(text, level):
            return [f"{'#' * level} {_plain(text)}"]
        case Paragraph(text, "warning"):
            return [f"> **Warning.** {_plain(text)}"]
        case Paragraph(text, "answer"):
            return [f"**{_plain(text)}**"]
        case Paragraph(text):
            return [_plain(text)]
        case Listing(items):
            return [f"- {_plain(item)}" for item in items]
        case Code(text):
            return ["```", text, "```"]
        case Table(header, rows, _, strong):
            cells = [
                [f"**{_plain(cell)}**" if row in strong and cell else _plain(cell) for cell in line]
                for row, line in enumerate(rows)
            ]
            return markdown_table([_plain(cell) for cell in header], cells)
        case Picture(name, caption):
            return [f"![{_plain(caption)}]({folder}/{name}.svg)"]


def _plain(text: str) -> str:
    """Give text that Markdown takes as it stands, on one line."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))
