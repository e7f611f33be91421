"""`affetto playlist`: songs chosen and ordered by a search, a way over the mood map, likeness."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from affetto.cli.options import COUNT, Member, Verb, db_option, positive, say
from affetto.errors import BadConfig
from affetto.writers.playlists import PLAYLISTS, format_of

if TYPE_CHECKING:
    from affetto.library import Playlist
    from affetto.library.playlisting.places import Waypoint

SHOWN = ("table", "json")  # what is no playlist for a player


@click.command(cls=Verb)
@click.argument("query", nargs=-1, metavar="[QUERY]")
@db_option
@click.option("--from", "from_", metavar="PLACE", help="Where on the mood map the music begins.")
@click.option("--via", multiple=True, metavar="PLACE", help="Where it comes by; repeatable.")
@click.option("--to", metavar="PLACE", help="Where it ends.")
@click.option("--like", multiple=True, metavar="SONG", help="Songs like this one; repeatable.")
@click.option(
    "--minutes",
    type=float,
    callback=positive,
    metavar="N",
    help="How long it shall be; by default 60, and a search alone is taken whole.",
)
@click.option(
    "--tolerance",
    type=float,
    callback=positive,
    metavar="N",
    help="Minutes more or less that are good; by default 1, or 2 % of the length.",
)
@click.option("--seed", type=int, metavar="N", help="Another playlist for each number.")
@click.option(
    "--limit",
    type=COUNT,
    metavar="N",
    help="Only the N songs that fit the search best.",
)
@click.option("--repeat-artists", is_flag=True, help="An artist may come twice in a row.")
@click.option(
    "--bundle",
    metavar="NAME|FOLDER",
    help="Go by its scores; by default those of the bundle that scored most songs.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the playlist to FILE, in the format of its suffix.",
)
@click.option(
    "--format",
    "format_name",
    type=Member(PLAYLISTS, SHOWN),
    help="How it is written; by default a table, or what FILE's suffix says.",
)
@click.option("--relative", is_flag=True, help="Write paths as seen from FILE's folder.")
@click.option(
    "--base",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write paths as seen from FOLDER, such as a player's music folder.",
)
@click.option("--title", metavar="TEXT", help="What the playlist is called.")
@click.option("--dry-run", is_flag=True, help="Show the songs, and write no file.")
def playlist(
    query: tuple[str, ...],
    db: Path | None,
    from_: str | None,
    via: tuple[str, ...],
    to: str | None,
    like: tuple[str, ...],
    minutes: float | None,
    tolerance: float | None,
    seed: int | None,
    limit: int | None,
    repeat_artists: bool,
    bundle: str | None,
    output: Path | None,
    format_name: str | None,
    relative: bool,
    base: Path | None,
    title: str | None,
    dry_run: bool,
) -> None:
    """Choose and order songs, such as: affetto playlist --from tense --to peaceful

    QUERY is a search, whose songs alone are taken. A PLACE is a mood (tense), valence and
    arousal (-0.5,0.6), a quadrant (Q4) or a song. No artist comes twice in a row, and no song
    twice in two copies.
    """
    from affetto.library import playlist as make

    format_name = _format(output, format_name, dry_run)
    made = make(
        " ".join(query),
        db=db,
        from_=from_,
        via=via,
        to=to,
        like=like,
        minutes=minutes,
        tolerance=tolerance,
        seed=seed,
        limit=limit,
        repeat_artists=repeat_artists,
        bundle=bundle,
    )
    for notice in made.notices:
        say(notice.message)
    target = None if dry_run else output
    if format_name == "table":
        text = "\n".join(_table(made))
        click.echo(text) if target is None else _write(f"{text}\n", target)
    elif format_name == "json":
        _write(json.dumps(made.to_dict(), indent=2) + "\n", target)
    else:
        folder = base or ((output.parent if output else Path()) if relative else None)
        name = title or _title(made, query, like)
        listing = made.listing(name, None if folder is None else Path(os.path.realpath(folder)))
        rendered = PLAYLISTS.load(format_name)(listing)
        if target is not None:
            from affetto.cli.outputs import refuse_inputs

            refuse_inputs(target, [track.path for track in made.tracks], "-o")
        _write(rendered.text, target)
        for notice in rendered.notices:
            say(notice.message)
    if target is not None:
        from affetto.audio import display

        say(f"{_length(made)}: {display(target)}")
    elif dry_run and output is not None:
        say("nothing was written", "leave out --dry-run to do it")


def _format(output: Path | None, name: str | None, dry_run: bool) -> str:
    """Give the format to write in. Raises: BadConfig for a FILE that tells none, or a song."""
    from affetto.audio import SUFFIXES, display

    if output is not None and output.suffix.lower() in SUFFIXES:
        raise BadConfig(
            f"-o {display(output)} would be a piece of music by its name",
            f"end it with one of {', '.join(f'.{each}' for each in PLAYLISTS.names())}",
        )
    if name is not None:
        return name
    if output is None or dry_run:
        return "table"
    found = "json" if output.suffix.lower() == ".json" else format_of(output)
    if found is None:
        raise BadConfig(
            f"-o {display(output)}: its suffix tells no format of playlists",
            f"end it with one of {', '.join(f'.{each}' for each in PLAYLISTS.names())},"
            " or add --format",
        )
    return found


def _write(text: str, target: Path | None) -> None:
    """Write UTF-8, whatever the terminal's encoding: to a file that is whole, or to stdout."""
    if target is None:
        click.echo(text.encode(), nl=False)
        return
    from affetto.files import atomic_write

    with atomic_write(target, "wb") as file:
        file.write(text.encode())


def _title(made: Playlist, query: tuple[str, ...], like: tuple[str, ...]) -> str:
    parts = [" ".join(query)] if query else []
    if made.route:
        parts.append(" to ".join(each.name for each in made.route))
    if like:
        from affetto.audio import display

        parts.append(f"like {', '.join(display(Path(each).name) for each in like)}")
    return ", ".join(parts)


def _table(made: Playlist) -> list[str]:
    """Give lines for reading: a line a song, with when it begins and where it lies."""
    from affetto.cli.listings import MAX_WIDTH, USUAL_WIDTH, shown_name, terminal_width
    from affetto.writers.strips import clock

    lines = ["  ->  ".join(map(_place, made.route))] if made.route else []
    head = f"{'':>4}  {'begins':>7}  {'lasts':>6}  valence  arousal  song"
    n_name = max(terminal_width(USUAL_WIDTH, MAX_WIDTH) - head.index("song"), 20)
    lines.append(head)
    begins_s = 0.0
    for number, track in enumerate(made.tracks, 1):
        lines.append(
            f"{number:>4}  {clock(begins_s):>7}  {clock(track.duration_s):>6}  "
            f"{track.valence:>+7.2f}  {track.arousal:>+7.2f}  {shown_name(track, n_name)}"
        )
        begins_s += track.duration_s
    return [*lines, _length(made)]


def _place(waypoint: Waypoint) -> str:
    from affetto.audio import display

    if "," in waypoint.name:
        return waypoint.name
    return f"{display(waypoint.name)} {waypoint.valence:+.2f},{waypoint.arousal:+.2f}"


def _length(made: Playlist) -> str:
    from affetto.writers.strips import clock

    songs = "1 song" if len(made) == 1 else f"{len(made):,} songs"
    wanted = "" if made.length_s is None else f" of {clock(made.length_s)} wanted"
    return f"{songs}, {clock(made.total_s)}{wanted}"
