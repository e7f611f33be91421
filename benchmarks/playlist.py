"""Measure `affetto.library.playlist` against a greedy pass over the same songs.

    python benchmarks/playlist.py [--quick] [--n-songs N] [--json FILE]

A library is filled with made-up songs (`search.py`). Playlists of an hour and of ten, along a
way from tense to peaceful, are made of it: once as affetto does, reading, choosing and improving;
and once by reading the same songs and taking the nearest one again and again, which is about
the least that any program can do. CPU milliseconds, the median of the rounds; and the objective
of both, whose formula stands in `affetto/library/playlisting/problem.py`: the smaller the better.
The order of all songs of a search is timed too.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import reporting
from affetto.core import IntArray
from affetto.library import Library, Playlist
from affetto.library.playlisting.greedy import nearest_first
from affetto.library.playlisting.making import pose
from affetto.library.playlisting.places import MoodMap
from affetto.library.playlisting.problem import Problem
from affetto.library.playlisting.route import Route
from affetto.library.playlisting.songs import Songs, distinct
from search import fill, timed_ms

SCHEMA_VERSION = 1
AIM_MS = 2_000.0  # for an hour of 10,000 songs
WAY = ("tense", "peaceful")
ORDERED = 1_000  # songs of a search that are put in order


def greedy(library: Library, minutes: float) -> tuple[Songs, IntArray, Problem, IntArray]:
    """Make a playlist by taking the nearest song again and again."""
    bundle = library.bundle()
    mood_map = MoodMap(library, bundle)
    embeddings = library.embeddings(bundle=bundle)
    songs = Songs.of(distinct(library.tracks(bundle=bundle)), embeddings, mood_map.spread)
    places = [mood_map.find(name) for name in WAY]
    corners = np.array([(each.valence, each.arousal) for each in places]) / mood_map.spread
    length_s = 60 * minutes
    tolerance_s = max(60.0, 0.02 * length_s)
    handicaps = np.zeros(len(songs))
    rows, problem = pose(songs, handicaps, Route(corners), 1.0, length_s, tolerance_s)
    return songs, rows, problem, nearest_first(problem)


def cost_of(made: Playlist, songs: Songs, rows: IntArray, problem: Problem) -> float:
    """Give the objective of a playlist that was made of a problem's songs."""
    numbers = {songs.tracks[row].id: number for number, row in enumerate(rows.tolist())}
    return float(problem.cost([[numbers[track.id] for track in made.tracks]])[0])


def measure(path: Path, n_songs: int, rounds: int, lengths: Sequence[float]) -> dict[str, Any]:
    """Fill a library at `path`, and give all figures; `lengths` are minutes."""
    with Library(path) as library:
        fill(library, n_songs)
    playlists = {}
    with Library.open(path) as library:
        for minutes in lengths:
            made = library.playlist(from_=WAY[0], to=WAY[1], minutes=minutes)
            songs, rows, problem, nearest = greedy(library, minutes)
            ours = timed_ms(
                lambda: library.playlist(from_=WAY[0], to=WAY[1], minutes=minutes),  # noqa: B023
                rounds,
            )
            theirs = timed_ms(lambda: greedy(library, minutes), rounds)  # noqa: B023
            median, base = statistics.median(ours), statistics.median(theirs)
            playlists[f"{minutes:g}"] = {
                "n_tracks": len(made),
                "ms": round(median, 1),
                "greedy_ms": round(base, 1),
                "ratio": round(median / max(base, 1e-6), 2),
                "objective": round(cost_of(made, songs, rows, problem), 6),
                "greedy_objective": round(float(problem.cost(nearest[None])[0]), 6),
            }
        limit = min(ORDERED, n_songs)
        ordered = timed_ms(lambda: library.playlist("valence > -1", limit=limit), rounds)
    return {
        "schema_version": SCHEMA_VERSION,
        "machine": reporting.machine(numpy=np.__version__),
        "settings": {"n_songs": n_songs, "rounds": rounds},
        "aim_ms": AIM_MS,
        "playlists": playlists,
        "ordered": {"n_tracks": limit, "ms": round(statistics.median(ordered), 1)},
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out for reading."""
    machine, settings, ordered = found["machine"], found["settings"], found["ordered"]
    lines = [
        f"{machine['processor']}; {machine['system']}, Python {machine['python']}, "
        f"NumPy {machine['numpy']}",
        f"{settings['n_songs']:,} songs; CPU milliseconds, median of {settings['rounds']} rounds",
        "",
        f"{'':<28}{'songs':>6}{'ours':>8}{'greedy':>8}{'ratio':>7}   objective, ours and greedy",
    ]
    for minutes, of in found["playlists"].items():
        lines.append(
            f"{f'from tense to peaceful, {minutes}':<28}{of['n_tracks']:>6}{of['ms']:>8.0f}"
            f"{of['greedy_ms']:>8.0f}{of['ratio']:>7.2f}"
            f"{of['objective']:>12.5f}{of['greedy_objective']:>12.5f}"
        )
    title = "a search's songs in order"
    lines.append(f"{title:<28}{ordered['n_tracks']:>6}{ordered['ms']:>8.0f}")
    return "\n".join(lines)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = reporting.parser(__doc__, "2,000 songs, one round")
    parser.add_argument("--n-songs", type=int, help="songs in the library (10,000)")
    parser.add_argument("--rounds", type=int, help="how often each playlist is made (5)")
    parser.add_argument(
        "--minutes", type=float, nargs="+", default=[60.0, 600.0], help="lengths (60 and 600)"
    )
    options = parser.parse_args(arguments)
    n_songs, rounds = (2_000, 1) if options.quick else (10_000, 5)
    options.n_songs = options.n_songs or n_songs
    options.rounds = options.rounds or rounds
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    options = read_options(arguments)
    with tempfile.TemporaryDirectory(prefix="affetto-benchmark-") as folder:
        reporting.say("filling a library")
        found = measure(
            Path(folder) / "library.sqlite", options.n_songs, options.rounds, options.minutes
        )
    reporting.report(found, table(found), options.json)


if __name__ == "__main__":
    main()
