"""`affetto search`: songs of the library by mood, by what they say of themselves, by likeness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from affetto.cli.exports import format_option, output_option
from affetto.cli.listings import FORMATS, WITHOUT_SCORES, say_stale
from affetto.cli.options import COUNT, Verb, db_option, say

if TYPE_CHECKING:
    from affetto.library import Found

TABLE_LIMIT = 50  # songs in a table unless told: more are not read


@click.command(cls=Verb)
@click.argument("query", nargs=-1, metavar="[QUERY]")
@db_option
@click.option(
    "--quadrant",
    multiple=True,
    type=click.Choice(["Q1", "Q2", "Q3", "Q4"], case_sensitive=False),
    help="Only songs of this quadrant; may be given several times.",
)
@click.option("--artist", metavar="TEXT", help="Only songs whose artist has TEXT in it.")
@click.option("--album", metavar="TEXT", help="Only songs whose album has TEXT in it.")
@click.option("--genre", metavar="TEXT", help="Only songs whose genre has TEXT in it.")
@click.option("--year", metavar="RANGE", help="Such as 1990..1999, 1990.. or 1990.")
@click.option("--duration", metavar="RANGE", help="In seconds or minutes, such as ..4:00.")
@click.option("--valence", metavar="RANGE", help="Between -1 and 1, such as -0.2..0.4.")
@click.option("--arousal", metavar="RANGE", help="Between -1 and 1, such as ..0.")
@click.option(
    "--like",
    metavar="SONG",
    help="The nearest songs to this one: a file, or a number of the library.",
)
@click.option(
    "--sort",
    metavar="NAME",
    help="By a tag, valence, artist, year ...; by default what fits best comes first.",
)
@click.option("--reverse", is_flag=True, help="Sort the other way round.")
@click.option(
    "--limit",
    type=COUNT,
    metavar="N",
    help=f"At most N songs; by default {TABLE_LIMIT} in the table, else all.",
)
@click.option(
    "--bundle",
    metavar="NAME|FOLDER",
    help="Search its scores; by default those of the bundle that scored most songs.",
)
@format_option(
    FORMATS,
    "How songs are listed: table, json, jsonl, csv, m3u, or paths0 for xargs -0; other formats "
    "of predict, such as jams, have all that was said of them.",
)
@output_option
@click.option("--timeline", is_flag=True, help="In formats of predict also the values over time.")
@click.pass_context
def search(
    ctx: click.Context,
    query: tuple[str, ...],
    db: Path | None,
    quadrant: tuple[str, ...],
    artist: str | None,
    album: str | None,
    genre: str | None,
    year: str | None,
    duration: str | None,
    valence: str | None,
    arousal: str | None,
    like: str | None,
    sort: str | None,
    reverse: bool,
    limit: int | None,
    bundle: str | None,
    format_name: str | None,
    output: str | None,
    timeline: bool,
) -> None:
    """Find songs of the library, such as: affetto search "calm > 0.6 and not sad"

    QUERY compares tags, quadrants, valence, arousal, music, year, duration, artist, album, title,
    genre and path, with and, or, not and parentheses. Without one, all songs are found.
    """
    from affetto.cli import exports, listings
    from affetto.library import Library
    from affetto.library import search as find
    from affetto.writers.base import Selection

    format_name = format_name or _format_of(output)
    if timeline and format_name in FORMATS:
        raise click.UsageError(f"--timeline has no meaning in the format {format_name}", ctx)
    if limit is None and format_name == "table":
        limit = TABLE_LIMIT
    with Library.open(db) as library:
        found = find(
            " ".join(query),
            db=library,
            quadrant=quadrant,
            artist=artist,
            album=album,
            genre=genre,
            year=year,
            duration=duration,
            valence=valence,
            arousal=arousal,
            like=like,
            sort=sort,
            reverse=reverse,
            limit=limit,
            bundle=bundle,
            scores=format_name in FORMATS and format_name not in WITHOUT_SCORES,
        )
        if format_name in FORMATS:
            with exports.printed_to(output, [track.path for track in found.tracks]):
                listings.write(found, format_name)
        else:
            songs = [(track, found.bundle) for track in found.tracks]
            exports.write(library, songs, format_name, Selection(timeline=timeline), output)
    _tell(found, format_name)


def _format_of(output: str | None) -> str:
    from affetto.cli.outputs import format_for

    is_playlist = output is not None and Path(output).suffix.lower() in (".m3u", ".m3u8")
    return "m3u" if is_playlist else format_for(output)


def _tell(found: Found, format_name: str) -> None:
    """Say what the list itself does not: nothing, not all, not everything looked at."""
    if not found.n_found:
        say("no song of the library fits")
    elif format_name == "table" and found.n_found > len(found):
        say(f"{len(found):,} of {found.n_found:,} songs are shown", "for more: --limit N")
    say_stale(found)
