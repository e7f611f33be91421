"""Writers: a Prediction as a file, one file here and one line in the table for each format.

    table     for reading: panels on a terminal, plain blocks of text elsewhere
    json      one array, an object a song
    jsonl     an object a line, as soon as the song is scored
    csv       a row a song, or a row a window
    tidy      CSV again, a row a value
    parquet   the same rows in typed columns
    jams      JSON of music research: tags, valence and arousal as annotations
    audacity  labels beside the sound
    vtt, srt  captions

A writer is opened with a stream and a `Selection`, takes predictions one by one and is
closed, best in a `with` block; what it has written is valid even if it is closed early. Those
from `jams` on hold one song (`base.SongWriter`).
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
        "tidy": ("affetto.writers.tidy:TidyWriter", "CSV with a row a value"),
        "parquet": ("affetto.writers.parquet:ParquetWriter", "a row a value, in typed columns"),
        "jams": ("affetto.writers.jams:JamsWriter", "annotations of music research, one song"),
        "audacity": ("affetto.writers.audacity:AudacityWriter", "labels over time, one song"),
        "vtt": ("affetto.writers.webvtt:WebVttWriter", "captions over time, one song"),
        "srt": ("affetto.writers.subrip:SubRipWriter", "captions over time, one song"),
    },
)

_SUFFIXES = {
    "table": (".txt",),
    "jsonl": (".jsonl", ".ndjson"),
    "tidy": (".tidy.csv",),
    "audacity": (".labels.txt",),  # not `.txt`, where players look for a song's lyrics
}
"""How files are usually called, the first suffix first; else it is the format's own name."""


def format_of(path: Path) -> str | None:
    """Give the format that a file name's suffix stands for: its own name, or a usual one."""
    usual = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes}
    suffix = path.suffix.lower()
    for each in ("".join(path.suffixes[-2:]).lower(), suffix):
        if each in usual:
            return usual[each]
    name = suffix.removeprefix(".")
    return name if name in WRITERS else None


def suffix_of(name: str) -> str:
    """Give the suffix of a format's files."""
    return _SUFFIXES.get(name, (f".{name}",))[0]
