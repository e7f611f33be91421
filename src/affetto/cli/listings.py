"""Lists of songs on stdout: a table for reading, JSON, CSV, a playlist, bare paths.

The table has a line a song: the tags that the query names, the place on the mood map, the time,
artist and title. Where songs are like another, a second line says what both share.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from affetto.cli.options import say

if TYPE_CHECKING:
    from affetto.library import Found, Song, Track

FORMATS = ("table", "json", "jsonl", "csv", "m3u", "paths0")
WITHOUT_SCORES = ("m3u", "paths0")

MAX_TAGS = 4  # columns of the table
ALIKE = 0.1  # a difference of valence or arousal that is not worth a number
MAX_WIDTH, MIN_WIDTH, USUAL_WIDTH = 120, 60, 80


def write(found: Found, format_name: str) -> None:
    """Write the songs that were found on stdout."""
    writers: dict[str, Callable[[Found], None]] = {
        "table": _table,
        "json": _json,
        "jsonl": _json_lines,
        "csv": _csv,
        "m3u": _m3u,
        "paths0": _paths0,
    }
    writers[format_name](found)


def say_stale(found: Found) -> None:
    """Say which songs were not looked at, since only other bundles have scored them."""
    for title, n_songs in found.stale.items():
        say(
            f"not searched: {n_songs:,} {'song' if n_songs == 1 else 'songs'} that only {title} "
            "has scored",
            "to score them again: affetto scan --refresh FOLDER",
        )


# ---------------------------------------------------------------- for programs


def _json(found: Found) -> None:
    """Write one array, an object a song and line."""
    separator = "["
    for song in found:
        click.echo(f"{separator}\n{json.dumps(song.to_dict())}", nl=False)
        separator = ","
    click.echo("[]" if separator == "[" else "\n]")


def _json_lines(found: Found) -> None:
    for song in found:
        click.echo(json.dumps(song.to_dict()))


def _csv(found: Found) -> None:
    """Write a row a song and a column a tag; those of further vocabularies have its name too."""
    from affetto.audio import display

    rows = csv.writer(sys.stdout, lineterminator="\n")
    plain = ("path", "artist", "album", "title", "genre", "year")
    numbers = ("duration_s", "quadrant", "valence", "arousal")
    likeness = () if found.seed is None else ("cosine", "shared_tags")
    tags = [tag.tag if tag.is_main else f"{tag.vocabulary}.{tag.tag}" for tag in found.scores.tags]
    rows.writerow(["id", *plain, *numbers, *likeness, "chosen", *tags])
    for song in found:
        values = song.to_dict()
        values["path"] = display(values["path"])
        values |= {
            name: " ".join(value) if isinstance(value, list) else value
            for name, value in values.get("likeness", {}).items()
        }
        scores = dict(values["tags"])
        for name, others in values["others"].items():
            scores |= {f"{name}.{tag}": score for tag, score in others.items()}
        rows.writerow([
            values["id"],
            *(values[name] for name in (*plain, *numbers, *likeness)),
            " ".join(values["chosen"]),
            *(scores[tag] for tag in tags),
        ])  # fmt: skip


def _m3u(found: Found) -> None:
    from affetto.writers.playlists.base import Entry, Listing
    from affetto.writers.playlists.m3u8 import render

    entries = tuple(
        Entry(track.path, track.duration_s, track.title or track.path.stem, track.artist)
        for track in found.tracks
    )
    rendered = render(Listing("affetto search", entries))
    _write_bytes([rendered.text.encode()])
    for notice in rendered.notices:
        say(notice.message)


def _paths0(found: Found) -> None:
    """Write paths as the bytes that the system knows, each ended by a zero byte."""
    _write_bytes(os.fsencode(track.path) + b"\0" for track in found.tracks)


def _write_bytes(parts: Iterator[bytes] | Sequence[bytes]) -> None:
    sys.stdout.flush()
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


# ---------------------------------------------------------------- for reading


def _table(found: Found) -> None:
    width = terminal_width(USUAL_WIDTH, MAX_WIDTH)
    if found.seed is not None:
        from affetto.audio import display

        seed = found.seed
        place = f"{seed.quadrant}  valence {seed.valence:+.2f}  arousal {seed.arousal:+.2f}"
        click.echo(f"like {display(os.path.basename(seed.path))}  {place}")  # noqa: PTH119
        tags = _titles(found, seed.chosen, width - 5)
        click.echo(f"     {tags or 'no tag above its threshold'}\n")
    if not len(found):
        return
    columns = list(_columns(found))
    widths = [max(len(title), 5) for title, _ in columns]
    heads = [title.rjust(width) for (title, _), width in zip(columns, widths, strict=True)]
    n_id = max(2, max(len(str(track.id)) for track in found.tracks))
    click.echo("  ".join([*heads, "  ", "  time", "id".rjust(n_id), "song"]))
    n_before = sum(widths) + 2 * len(widths) + 4 + 8 + n_id + 2
    n_name = max(width - n_before, 20)
    for number, song in enumerate(found):
        cells = [
            text[number].rjust(width) for (_, text), width in zip(columns, widths, strict=True)
        ]
        time = _clock(song.track.duration_s).rjust(6)
        name = shown_name(song.track, n_name)
        number_shown = str(song.track.id).rjust(n_id)
        click.echo("  ".join([*cells, song.track.quadrant, time, number_shown, name]))
        if song.likeness is not None:
            click.echo(f"       {_shared(found, song, width - 7)}")


def _columns(found: Found) -> Iterator[tuple[str, list[str]]]:
    """Give the columns of numbers: title, and a text a song."""
    if found.cosines is not None:
        yield "alike", [f"{value:.2f}" for value in found.cosines]
    for tag in found.named[:MAX_TAGS]:
        column = found.scores.tags.index(tag)
        yield tag.title[:12], [f"{value:.2f}" for value in found.scores.values[:, column]]
    yield "valence", [f"{track.valence:+.2f}" for track in found.tracks]
    yield "arousal", [f"{track.arousal:+.2f}" for track in found.tracks]


def _shared(found: Found, song: Song, width: int) -> str:
    likeness = song.likeness
    assert likeness is not None
    places = (("valence", likeness.valence), ("arousal", likeness.arousal))
    said = ", ".join(_beside(name, difference) for name, difference in places)
    tags = _titles(found, likeness.tags, width - len(f"shares ; {said}"))
    return f"shares {tags or 'no tag'}; {said}"


def _beside(name: str, difference: float) -> str:
    if abs(difference) < ALIKE:
        return f"{name} alike"
    return f"{name} {abs(difference):.2f} {'higher' if difference > 0 else 'lower'}"


def _titles(found: Found, tags: Sequence[str], width: int) -> str:
    """Give the titles of tags, so many as go into so many columns."""
    known = {tag.tag: tag.title for tag in found.bundle.main_tags}
    titles = [known[tag] for tag in tags]
    text = ", ".join(titles)
    n_left = len(titles)
    while len(text) > width and n_left > 1:
        n_left -= 1
        text = f"{', '.join(titles[:n_left])} and {len(titles) - n_left} more"
    return text


def shown_name(track: Track, width: int) -> str:
    """Give artist and title in so many columns; of a song without a title, the path's end."""
    from affetto.audio import display

    if track.title is None:
        return fitted(display(track.path), width, from_end=True)
    name = f"{track.artist} - {track.title}" if track.artist else track.title
    return fitted(display(name), width)


def fitted(text: str, width: int, *, from_end: bool = False) -> str:
    """Cut a text to so many columns of a terminal, at its end or at its beginning."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:] if from_end else text[:-1]
    return f"…{text}" if from_end else f"{text}…"


def terminal_width(usual: int, most: int) -> int:
    """Give the columns to fill; a file or pipe gets the usual ones unless COLUMNS says more."""
    import shutil

    columns = shutil.get_terminal_size((usual, 24)).columns
    return max(MIN_WIDTH, min(columns, most))


def _clock(seconds: float) -> str:
    from affetto.writers.strips import clock

    return clock(seconds)
