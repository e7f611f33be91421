"""Make the golden files of the writers: run `python -m tests.writers.make_golden`."""

from __future__ import annotations

import io
from pathlib import Path

from affetto.files import write_text
from affetto.writers import WRITERS, suffix_of
from affetto.writers.base import Selection
from tests.writers.songs import odd_song, song

FOLDER = Path(__file__).parent / "golden"
SELECTIONS = {
    "songs": Selection(),
    "timeline": Selection(top=3, timeline=True),
    "tags": Selection(tags=("sad", "calmness", "happy")),
}


TEXT = tuple(name for name in WRITERS.names() if not WRITERS.load(name).is_binary)
"""What is text: bytes of another format may differ from one version of its library to another."""


def golden_path(name: str, selection: str) -> Path:
    return FOLDER / f"{selection}{suffix_of(name)}"


def text_of(name: str, selection: str) -> str:
    """Give what a writer makes of both songs, or of one, in a stream that is no terminal."""
    stream = io.StringIO()
    with WRITERS.load(name)(stream, SELECTIONS[selection]) as writer:
        writer.add(song())
        if not writer.holds_one_song:
            writer.add(odd_song())
    return stream.getvalue()


if __name__ == "__main__":
    for name in TEXT:
        for selection in SELECTIONS:
            write_text(golden_path(name, selection), text_of(name, selection))
