"""`affetto show`: what the library knows of songs, without scoring them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from affetto.cli.exports import format_option, output_option
from affetto.cli.facts import print_facts
from affetto.cli.options import COUNT, Verb, db_option, say

if TYPE_CHECKING:
    from affetto.core import Prediction
    from affetto.library import Library, StoredBundle, Track
    from affetto.writers.base import Selection

OWN = ("table", "json", "jsonl")  # with what the file's own tags say


@click.command(cls=Verb)
@click.argument("songs", nargs=-1, required=True, metavar="SONG...")
@db_option
@click.option(
    "--top",
    type=COUNT,
    metavar="N",
    help="At most N tags a song; by default 5 in the table, else all.",
)
@click.option(
    "--timeline", is_flag=True, help="Also the values over time, which the table always draws."
)
@format_option(
    OWN,
    "How songs are written: table, json, jsonl, or another format of predict; by default a table, "
    "with -o what the suffix says.",
)
@output_option
def show(
    songs: tuple[str, ...],
    db: Path | None,
    top: int | None,
    timeline: bool,
    format_name: str | None,
    output: str | None,
) -> int:
    """Show tags, place on the mood map and strips over time of songs in the library.

    SONG is a path, or a number that affetto search --format json has given.
    """
    from affetto.cli import exports, outputs
    from affetto.library import Library
    from affetto.writers.base import Selection

    format_name = format_name or outputs.format_for(output)
    selection = Selection(top, None, timeline)
    n_failed = 0
    found: list[tuple[Track, StoredBundle]] = []
    with Library.open(db) as library:
        library.bundle()  # says so if there is nothing at all
        for song in songs:
            known = _find(library, song)
            if known is None:
                _say_why_not(library, song)
                n_failed += 1
            else:
                found.append(known)
        if format_name not in OWN:
            exports.write(library, found, format_name, selection, output)
        else:
            with exports.printed_to(output, [track.path for track, _ in found]):
                _print(library, found, format_name, selection)
    return 1 if n_failed else 0


def _print(
    library: Library,
    songs: Iterable[tuple[Track, StoredBundle]],
    format_name: str,
    selection: Selection,
) -> None:
    """Print songs with what only the library knows of them."""
    shown: list[dict[str, Any]] = []
    for number, (track, bundle) in enumerate(songs):
        prediction = library.prediction(track.id, bundle=bundle)
        if format_name == "table":
            _print_panel(track, prediction, selection, bundle, is_first=not number)
        elif format_name == "jsonl":
            click.echo(json.dumps(_plain(track, prediction, selection)))
        else:
            shown.append(_plain(track, prediction, selection))
    if format_name == "json":
        click.echo(json.dumps(shown, indent=2))


def _find(library: Library, song: str) -> tuple[Track, StoredBundle] | None:
    """Find a song among what any bundle has said, the one with most songs first."""
    from affetto.library.picking import pick

    for bundle in library.bundles():
        track = pick(library, song, bundle=bundle)
        if track is not None:
            return track, bundle
    return None


def _say_why_not(library: Library, song: str) -> None:
    from affetto.library.picking import failure_of

    failure = failure_of(library, song)
    if failure is not None:
        say(failure.message, failure.hint)
    elif song.isdecimal() and not os.path.lexists(song):
        say(f"{song}: the library has no song of this number", "for numbers see: affetto search")
    else:
        say(f"{song}: this song is not in the library", "add its folder with: affetto scan FOLDER")


def _plain(track: Track, prediction: Prediction, selection: Selection) -> dict[str, Any]:
    from affetto.writers.base import plain

    file = {
        name: getattr(track, name)
        for name in ("title", "artist", "album", "genre", "year", "size_bytes", "missing_since")
    }
    return {"id": track.id, **plain(prediction, selection), "file": file}


def _print_panel(
    track: Track,
    prediction: Prediction,
    selection: Selection,
    bundle: StoredBundle,
    *,
    is_first: bool,
) -> None:
    from affetto.writers.table import TableWriter

    if not is_first:
        click.echo()
    with TableWriter(sys.stdout, selection) as writer:
        writer.add(prediction)
    print_facts(_facts(track, bundle))


def _facts(track: Track, bundle: StoredBundle) -> Iterator[tuple[str, str]]:
    for name in ("title", "artist", "album", "genre", "year"):
        value = getattr(track, name)
        if value is not None:
            yield f"  {name}", str(value)
    yield "  number", f"{track.id}, scored by {bundle.title}"
    if track.missing_since is not None:
        yield "  file", f"gone since {track.missing_since[:10]}"
