"""Measure `affetto.library.search` against bare SELECTs of the same rows.

    python benchmarks/search.py [--quick] [--n-songs N] [--json FILE]

A library is filled with made-up songs of the default bundle's tags, whose scores hang together as
those of real songs do. It is opened once, as a server would; each search is repeated, and so is a
plain `SELECT` of all columns of the songs that are found, by their numbers, without making objects
of them. Most searches give 50 of these songs, the best ones. CPU milliseconds, the median of the
rounds. The first search after the library was opened asks the database, the second fills the
memory that all later ones are answered from.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import reporting
from affetto import bundles
from affetto.core import Timeline, quadrant_of
from affetto.library import Found, Library, timelines
from affetto.library.neighbors import Neighbors
from affetto.library.recording import Recorder

SCHEMA_VERSION = 1
AIMS_MS = {"two_tags": 20.0, "like": 50.0}  # at 100,000 songs, in an open library
LIKE_ID = 7

SEARCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "two_tags": ("calm > 0.6 and not sad", {"limit": 50}),
    "two_tags_all": ("calm > 0.6 and not sad", {}),
    "two_tags_paths": ("calm > 0.6 and not sad", {"scores": False}),
    "place": ("valence in 0.1..0.2 and arousal < 0", {"limit": 50}),
    "text": ('artist ~ "artist 12" and year > 1990', {"limit": 50}),
    "everything": ("", {"limit": 50}),
    "like": ("", {"like": str(LIKE_ID), "limit": 50}),
}
TITLES = {
    "two_tags": "calm > 0.6 and not sad, 50 songs",
    "two_tags_first": "the same, first after opening",
    "two_tags_second": "the same, second, fills the memory",
    "two_tags_all": "the same, all of them",
    "two_tags_paths": "the same, without their scores",
    "place": "a place on the map, 50 songs",
    "text": "artist and year, 50 songs",
    "everything": "no condition, 50 songs",
    "like": "the 50 most like a song",
    "nearest": "... ordering by the embeddings alone",
}


def fill(library: Library, n_songs: int, seed: int = 0) -> None:
    """Fill a library with songs: three hidden traits make tags, place and embedding of each."""
    bundle = bundles.load()
    recorder = Recorder(library.connection, bundle)
    rng = np.random.default_rng(seed)
    traits = rng.standard_normal((n_songs, 3))
    stored = next(each for each in library.bundles() if each.id == recorder.bundle_id)
    n_tags = len(stored.tags)
    logits = traits @ rng.standard_normal((3, n_tags)) - 1.5
    scores = 1 / (1 + np.exp(-logits - 0.5 * rng.standard_normal((n_songs, n_tags))))
    plane = np.tanh(traits[:, :2] * 0.3 + 0.1).astype(np.float32)
    embeddings = np.maximum(traits @ rng.standard_normal((3, 128)), 0) + rng.random((n_songs, 128))
    durations_s = rng.uniform(60, 400, n_songs)
    vocabulary = bundle.tag_heads[0].spec.vocabulary
    assert vocabulary is not None
    packed = timelines.pack(
        Timeline(
            vocabulary,
            np.zeros(1),
            np.ones(1),
            np.zeros((1, len(vocabulary)), np.float32),
            np.ones(1, np.float32),
        )
    )
    ids = range(1, n_songs + 1)
    with library.connection.transaction() as cursor:
        cursor.executemany(
            "INSERT INTO files (id, path, size_bytes, mtime_ns, inode, audio_sha256, duration_s,"
            " title, artist, album, genre, year) VALUES (?, ?, 1, 1, 0, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    i,
                    f"/music/artist {i // 30}/album {i // 10}/{i}.flac",
                    f"{i:064x}",
                    float(durations_s[i - 1]),
                    f"Song {i}",
                    f"Artist {i // 30}",
                    f"Album {i // 10}",
                    ("Rock", "Jazz", "Klassik", "Chanson française")[i % 4],
                    1950 + i // 10 % 75,
                )
                for i in ids
            ],
        )
        cursor.executemany(
            "INSERT INTO results (file_id, bundle_id, status, valence, arousal, plane_source,"
            " quadrant, scored_at, embedding) VALUES (?, ?, 'ok', ?, ?, 'head', ?, '', ?)",
            [
                (
                    i,
                    stored.id,
                    float(valence),
                    float(arousal),
                    quadrant_of(valence, arousal),
                    embeddings[i - 1].astype("<f4").tobytes(),
                )
                for i, (valence, arousal) in zip(ids, plane, strict=True)
            ],
        )
        cursor.executemany(
            "INSERT INTO timelines VALUES (?, ?, ?)", [(i, stored.id, packed) for i in ids]
        )
        for tag, column in zip(stored.tags, scores.astype(np.float32).T, strict=True):
            cursor.executemany(
                "INSERT INTO scores VALUES (?, ?, ?)",
                [(tag.id, i, float(score)) for i, score in zip(ids, column, strict=True)],
            )


def timed_ms(work: Callable[[], object], rounds: int) -> list[float]:
    """Give the CPU milliseconds of each round; the first, which fills caches, does not count."""
    found = []
    for _ in range(rounds + 1):
        begun_s = time.process_time()
        work()
        found.append(1000 * (time.process_time() - begun_s))
    return found[1:]


def opened_ms(
    path: Path, query: str, options: dict[str, Any], rounds: int
) -> dict[str, list[float]]:
    """Time the first two searches in a library that was just opened."""
    found: dict[str, list[float]] = {"two_tags_first": [], "two_tags_second": []}
    for _ in range(rounds):
        with Library.open(path) as library:
            for times in found.values():
                begun_s = time.process_time()
                library.search(query, **options)
                times.append(1000 * (time.process_time() - begun_s))
    return found


def bare(library: Library, found: Found) -> Callable[[], object]:
    """Give a plain SELECT of all that is known of some songs, in SQLite's own rows."""
    connection = sqlite3.connect(library.path)
    connection.execute("CREATE TEMPORARY TABLE found (id INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO found VALUES (?)", [(track.id,) for track in found.tracks])
    question = (
        "SELECT files.*, valence, arousal, quadrant FROM found CROSS JOIN files USING (id)"
        " CROSS JOIN results ON file_id = files.id AND bundle_id = ?"
    )
    return lambda: connection.execute(question, (found.bundle.id,)).fetchall()


def measure(path: Path, n_songs: int, rounds: int) -> dict[str, Any]:
    """Fill a library at `path`, and give all figures."""
    with Library(path) as library:
        begun_s = time.perf_counter()
        fill(library, n_songs)
        filled_s = time.perf_counter() - begun_s
    searches: dict[str, dict[str, float]] = {}
    with Library.open(path) as library:
        for name, (query, options) in SEARCHES.items():
            found = library.search(query, **options)
            ours = timed_ms(lambda: library.search(query, **options), rounds)  # noqa: B023
            every = library.search(query, **{**options, "limit": None, "scores": False})
            theirs = timed_ms(bare(library, every), rounds)
            searches[name] = figures(ours, theirs, found.n_found, len(found))
            if name == "two_tags":
                for each, times in opened_ms(path, query, options, rounds).items():
                    searches[each] = {"ms": round(statistics.median(times), 2)}
        embeddings = library.embeddings()
        neighbors = Neighbors(embeddings)
        seed = embeddings.values[LIKE_ID - 1]
        ours = timed_ms(lambda: neighbors.nearest(seed, embeddings.file_ids), rounds)
        searches["nearest"] = {"ms": round(statistics.median(ours), 2)}
    return {
        "schema_version": SCHEMA_VERSION,
        "machine": reporting.machine(sqlite=sqlite3.sqlite_version),
        "settings": {"n_songs": n_songs, "rounds": rounds},
        "aims_ms": AIMS_MS,
        "library": {"mb": round(path.stat().st_size / 1e6, 1), "filled_s": round(filled_s, 1)},
        "searches": searches,
    }


def figures(
    ours: Sequence[float], theirs: Sequence[float], n_found: int, n_given: int
) -> dict[str, float]:
    median, base = statistics.median(ours), statistics.median(theirs)
    return {
        "ms": round(median, 2),
        "bare_ms": round(base, 3),
        "ratio": round(median / max(base, 1e-6), 2),
        "n_found": n_found,
        "n_given": n_given,
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out for reading."""
    machine, settings = found["machine"], found["settings"]
    lines = [
        f"{machine['processor']}; {machine['system']}, Python {machine['python']}, "
        f"SQLite {machine['sqlite']}",
        f"{settings['n_songs']:,} songs, {found['library']['mb']:,.0f} MB; CPU milliseconds, "
        f"median of {settings['rounds']} rounds",
        "",
        f"{'':<36}{'found':>8}{'given':>8}{'search':>9}{'SELECT':>9}{'ratio':>8}",
    ]
    for name, of in found["searches"].items():
        aim = f"   aim {AIMS_MS[name]:.0f} at 100,000" if name in AIMS_MS else ""
        if "bare_ms" in of:
            lines.append(
                f"{TITLES[name]:<36}{of['n_found']:>8,}{of['n_given']:>8,}{of['ms']:>9.1f}"
                f"{of['bare_ms']:>9.2f}{of['ratio']:>8.1f}{aim}"
            )
        else:
            lines.append(f"{TITLES[name]:<36}{'':>16}{of['ms']:>9.1f}{'':>17}{aim}".rstrip())
    return "\n".join(lines)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = reporting.parser(__doc__, "2,000 songs, three rounds")
    parser.add_argument("--n-songs", type=int, help="songs in the library (30,000)")
    parser.add_argument("--rounds", type=int, help="how often each search is made (15)")
    options = parser.parse_args(arguments)
    n_songs, rounds = (2_000, 3) if options.quick else (30_000, 15)
    options.n_songs = options.n_songs or n_songs
    options.rounds = options.rounds or rounds
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    options = read_options(arguments)
    with tempfile.TemporaryDirectory(prefix="affetto-benchmark-") as folder:
        reporting.say("filling a library")
        found = measure(Path(folder) / "library.sqlite", options.n_songs, options.rounds)
    reporting.report(found, table(found), options.json)


if __name__ == "__main__":
    main()
