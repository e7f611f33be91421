"""`affetto stats`: the library summed up, with its mood map in the terminal or as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from affetto.cli.facts import format_option, print_facts, print_json
from affetto.cli.options import Verb, db_option

if TYPE_CHECKING:
    from affetto.library.moodmap import MoodMap


@click.command(cls=Verb)
@click.argument("query", nargs=-1, metavar="[QUERY]")
@db_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also draw the map: .png, .svg, .pdf, or .html to look around in.",
)
@format_option
def stats(query: tuple[str, ...], db: Path | None, plot: Path | None, format_name: str) -> None:
    """Sum up the library: counts, quadrants, tags, and where its songs lie.

    QUERY, as for affetto search, takes only the songs that it finds.
    """
    from affetto.library import Library
    from affetto.library.moodmap import mood_map

    if plot is not None:
        from affetto.library import pictures

        pictures.check(plot)
    with Library.open(db) as library:
        found = mood_map(library, " ".join(query))
    if format_name == "json":
        print_json(found.to_dict())
    else:
        print_facts(_facts(found))
        if found.tracks:
            from affetto.cli.moodmaps import draw

            click.echo()
            draw(found)
    if plot is not None:
        pictures.save(found, plot)


def _facts(found: MoodMap) -> Iterator[tuple[str, str]]:
    plain = found.to_dict()
    n_songs = plain["songs"]
    said = "" if not found.query else f" that fit {found.query!r}"
    yield "songs", f"{n_songs:,}{said}, {_hours(found.duration_s)}, scored by {found.bundle}"
    if plain["artists"]:
        albums = f", {_n(plain['albums'], 'album')}" if plain["albums"] else ""
        yield "by", f"{_n(plain['artists'], 'artist')}{albums}"
    if found.n_failed:
        yield "failed", f"{_n(found.n_failed, 'file')} could not be scored"
    if found.n_missing:
        yield (
            "missing",
            f"{_n(found.n_missing, 'song')}; to remove them: affetto scan --prune FOLDER",
        )
    for title, n in found.stale.items():
        yield "stale", f"{_n(n, 'song')} scored by {title} only; affetto scan --refresh FOLDER"
    for name in ("valence", "arousal"):
        of = plain[name]
        if of is not None:
            yield (
                name,
                f"half of them from {of['quartile1']:+.2f} to {of['quartile3']:+.2f}, "
                f"all from {of['lowest']:+.2f} to {of['highest']:+.2f}",
            )


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _hours(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{round(seconds / 3600):,} h"
