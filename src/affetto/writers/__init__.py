"""Writers: a Prediction as text, one file here and one line in the table for each format.

    table   for reading: panels on a terminal, plain blocks of text elsewhere
    json    one array, an object a song
    jsonl   an object a line, as soon as the song is scored
    csv     a row a song, or a row a window

A writer is opened with a text stream and a `Selection`, takes predictions one by one and is
closed, best in a `with` block; what it has written is valid even if it is closed early.
"""

from __future__ import annotations

from pathlib import Path

from affetto.registry import Registry

WRITERS = Registry(
    "format",
    "writers",
    {
        "table": ("affetto.writers.table:TableWriter", "panels for reading"),
        "json": ("affetto.writers.json_array:JsonWriter", "one array, an object a song"),
        "jsonl": ("affetto.writers.json_lines:JsonLinesWriter", "an object a line"),
        "csv": ("affetto.writers.csv_table:CsvWriter", "a row a song, or a row a window"),
    },
)

_SUFFIXES = {".txt": "table", ".ndjson": "jsonl"}


def format_of(path: Path) -> str | None:
    """Give the format that a file name's suffix stands for: its own name, or a usual other."""
    suffix = path.suffix.lower()
    name = _SUFFIXES.get(suffix, suffix.removeprefix("."))
    return name if name in WRITERS else None
