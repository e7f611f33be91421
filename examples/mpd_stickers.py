"""Moods of an affetto library as stickers of MPD, for players that ask MPD and read no tags.

    python examples/mpd_stickers.py --music ~/Music [--db FILE] [--host HOST[:PORT] | SOCKET]
    mpc sticker "" find affetto_quadrant

MPD keeps stickers in a database of its own (`sticker_file` in its configuration) and leaves the
files alone. Each song gets affetto_valence, affetto_arousal, affetto_quadrant and affetto_mood.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from affetto.library import Library
from affetto.library.tagging import Moods, TagSettings
from affetto.library.tagging.fields import texts_of


class Refused(Exception):
    """MPD did not do what it was asked."""


class Mpd:
    """A connection to MPD: a command in, its answer's lines out."""

    def __init__(self, address: str) -> None:
        if address.startswith("/"):
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(address)
        else:
            host, _, port = address.partition(":")
            self._socket = socket.create_connection((host, int(port or 6600)))
        self._answers = self._socket.makefile("r", encoding="utf-8", newline="\n")
        self._lines()

    def ask(self, command: str, *words: str) -> list[str]:
        line = " ".join([command, *map(_quoted, words)])
        if "\n" in line:  # which would be another command
            raise Refused("MPD takes no name with a line break")
        self._socket.sendall(os.fsencode(line + "\n"))
        return self._lines()

    def _lines(self) -> list[str]:
        lines: list[str] = []
        for line in self._answers:
            if line.startswith("OK"):
                return lines
            if line.startswith("ACK"):
                raise Refused(line.strip())
            lines.append(line.rstrip("\n"))
        raise Refused("MPD has closed the connection")


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def moods_below(library: Library, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Give each song below a folder by its path in it, and its stickers."""
    for track in library.tracks():
        if not track.path.is_relative_to(folder):
            continue
        texts = texts_of(Moods.of(library.prediction(track.id)), TagSettings())
        yield (
            track.path.relative_to(folder).as_posix(),
            {
                "affetto_valence": texts["AFFETTO_VALENCE"][0],
                "affetto_arousal": texts["AFFETTO_AROUSAL"][0],
                "affetto_quadrant": texts["AFFETTO_QUADRANT"][0],
                "affetto_mood": "; ".join(texts["MOOD"]),
            },
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, required=True, help="MPD's music_directory")
    parser.add_argument("--db", type=Path, help="the library's file; by default your own")
    parser.add_argument("--host", default=os.environ.get("MPD_HOST", "localhost"))
    options = parser.parse_args()
    mpd = Mpd(options.host)
    n_set = n_unknown = 0
    with Library.open(options.db) as library:
        for uri, stickers in moods_below(library, options.music.resolve()):
            try:
                for name, value in stickers.items():
                    mpd.ask("sticker", "set", "song", uri, name, value)
            except Refused as refusal:
                n_unknown += 1
                print(f"{uri}: {refusal}", file=sys.stderr)
            else:
                n_set += 1
    print(f"{n_set} songs have stickers now; {n_unknown} are not known to MPD")
    return 1 if n_unknown else 0


if __name__ == "__main__":
    sys.exit(main())
