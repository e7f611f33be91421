"""Measure `affetto scan`: against predict alone, against a bare walk, and its memory.

    python benchmarks/scan.py [--quick] [--json FILE]

Three questions, each answered as a ratio within one run:

    songs    songs per minute on 1 and 2 processes, and what a scan adds to the CPU seconds of
             `affetto.predict` on the same files in one process
    known    scanning files again that are all known, against a bare os.scandir + os.stat walk
    memory   peak memory of that, with few and with many rows

The songs are cut from the music of `sounds.py`, each another part. The known files are small and
hold no music: a scan that knows them does not look into them, and their rows are made up.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import reporting
from affetto import bundles
from affetto.bundles import Bundle
from affetto.core import Prediction, Timeline, quadrant_of
from affetto.library import Library
from affetto.library.metadata import Metadata
from affetto.library.recording import Recorder
from affetto.library.walk import Walk
from affetto.prediction import predict
from sounds import SAMPLE_RATE, music

SCHEMA_VERSION = 1
FILES_PER_FOLDER = 12
AIM_OVERHEAD = 0.05


def cpu_s() -> float:
    """Give the CPU seconds of this process and of those that it has waited for."""
    times = os.times()  # in hundredths of a second, too coarse for this process itself
    return time.process_time() + times.children_user + times.children_system


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Give the wall-clock and the CPU seconds that some work takes."""
    begun_s, begun_cpu_s = time.perf_counter(), cpu_s()
    work()
    return time.perf_counter() - begun_s, cpu_s() - begun_cpu_s


def write_songs(folder: Path, n_songs: int, duration_s: float) -> list[Path]:
    """Write songs of one length, all of different sound, as FLAC, which takes no time to write."""
    folder.mkdir()
    sound = np.concatenate(list(music(duration_s + n_songs)))
    paths = []
    for number in range(n_songs):
        part = sound[number * SAMPLE_RATE :][: round(duration_s * SAMPLE_RATE)]
        paths.append(folder / f"{number}.flac")
        soundfile.write(paths[-1], part, SAMPLE_RATE)
    return paths


def measure_songs(folder: Path, paths: list[Path], bundle: Bundle, rounds: int) -> dict[str, Any]:
    """Scan songs on 1 and 2 processes, and score the same by predict alone, in turns."""
    predict(paths[0], bundle)  # what is imported on first use is not what is compared
    found: dict[str, list[tuple[float, float]]] = {"predict": [], "1": [], "2": []}
    for number in range(rounds):
        found["predict"].append(timed(lambda: [predict(path, bundle) for path in paths]))
        for jobs in (1, 2):
            with Library(folder / f"{number}-{jobs}.sqlite") as library:
                found[str(jobs)].append(
                    timed(lambda: library.scan([paths[0].parent], bundle, jobs=jobs))  # noqa: B023
                )
                assert library.count("songs") == len(paths)
    alone_s = min(cpu for _, cpu in found["predict"])
    return {
        "songs": len(paths),
        "predict_cpu_s": round(alone_s, 3),
        **{
            f"jobs_{jobs}": {
                "songs_per_minute": round(60 * len(paths) / min(wall for wall, _ in found[jobs])),
                "cpu_s": round(min(cpu for _, cpu in found[jobs]), 3),
                "ratio": round(min(cpu for _, cpu in found[jobs]) / alone_s, 3),
            }
            for jobs in ("1", "2")
        },
        "ratios": {
            jobs: [
                round(cpu / alone, 3)
                for (_, cpu), (_, alone) in zip(found[jobs], found["predict"], strict=True)
            ]
            for jobs in ("1", "2")
        },
    }


def make_known(folder: Path, db: Path, n_files: int, bundle: Bundle) -> None:
    """Make files, and a library that knows them: scores at random, a timeline of four minutes."""
    for number in range(n_files):
        path = folder / f"{number // FILES_PER_FOLDER:05}" / f"{number % FILES_PER_FOLDER:02}.mp3"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no music")
    with Library(db) as library:
        recorder = hasty_recorder(library, bundle)
        for number, (path, stamp) in enumerate(Walk.of([folder]).files()):
            recorder.add(path, stamp, Metadata(f"Song {number}"), made_up(path, number, bundle))


def make_rows(db: Path, n_rows: int, bundle: Bundle) -> None:
    """Make a library of files that lie elsewhere, without the scores, which no scan reads."""
    with Library(db) as library:
        recorder = hasty_recorder(library, bundle)
        with library.connection.transaction() as cursor:
            cursor.executemany(
                "INSERT INTO files (id, path, size_bytes, mtime_ns, inode) VALUES (?, ?, ?, ?, ?)",
                (
                    (n, f"/music/An artist/An album {n // 12}/{n % 12:02} A song.mp3", n, n, n)
                    for n in range(1, n_rows + 1)
                ),
            )
            cursor.executemany(
                "INSERT INTO results (file_id, bundle_id, status, scored_at)"
                " VALUES (?, ?, 'ok', '')",
                ((n, recorder.bundle_id) for n in range(1, n_rows + 1)),
            )


def hasty_recorder(library: Library, bundle: Bundle) -> Recorder:
    """Give one that does not wait for the disk: what it writes need not survive anything."""
    list(library.connection.rows("PRAGMA synchronous = OFF"))
    return Recorder(library.connection, bundle)


def made_up(path: str, seed: int, bundle: Bundle) -> Prediction:
    """Give a prediction of a four-minute song that nobody has heard."""
    generator = np.random.default_rng(seed)
    main, *others = (head.spec.vocabulary for head in bundle.tag_heads)
    assert main is not None
    n_windows = 160
    start_s = np.arange(n_windows) * bundle.hop_s
    plane = generator.uniform(-1, 1, 2)
    scores = generator.random(len(main), np.float32)
    drift = 0.1 * np.cumsum(generator.standard_normal((n_windows, len(main))), axis=0)
    return Prediction(
        path=path,
        duration_s=240.0,
        audio_sha256=f"{seed:064x}",
        scores=scores,
        thresholds=np.full(len(main), 0.5),
        valence=float(plane[0]),
        arousal=float(plane[1]),
        plane_source="head",
        timeline=Timeline(
            vocabulary=main,
            start_s=start_s,
            end_s=start_s + bundle.window_s,
            scores=1 / (1 + np.exp(-drift)),
            weight=np.ones(n_windows),
            valence_arousal=np.repeat(plane[np.newaxis], n_windows, axis=0),
        ),
        bundle=bundle.title,
        bundle_fingerprint=bundle.fingerprint,
        others={
            each.name: dict.fromkeys(each.tags, float(quadrant_of(*plane) == "Q1"))
            for each in others
            if each is not None
        },
        embedding=generator.standard_normal(bundle.n_dims).astype(np.float32),
    )


def bare_walk(folder: Path) -> int:
    """Look at every file as cheaply as Python can, and give their number."""
    n_files = 0
    waiting = [os.fspath(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(entry.path)
                else:
                    os.stat(entry.path)  # noqa: PTH116
                    n_files += 1
    return n_files


def measure_known(
    folder: Path, db: Path, n_files: int, bundle: Bundle, rounds: int
) -> dict[str, Any]:
    """Scan known files again and again, in turns with a bare walk."""
    walks, scans = [], []
    for _ in range(rounds):
        walks.append(timed(lambda: bare_walk(folder))[0])

        def scan() -> None:
            with Library(db) as library:
                report = library.scan([folder], bundle)
                assert (report.n_known, report.n_to_score) == (n_files, 0)

        scans.append(timed(scan)[0])
    ratios = [scan_s / walk_s for scan_s, walk_s in zip(scans, walks, strict=True)]
    return {
        "files": n_files,
        "walk_s": round(min(walks), 4),
        "scan_s": round(min(scans), 4),
        "ratio": round(min(scans) / min(walks), 2),
        "ratio_median": round(statistics.median(ratios), 2),
        "library_mb": round(db.stat().st_size / 1e6, 1),
    }


def peak_mb_of(db: Path, bundle: str) -> float:
    """Give the peak memory of scanning what a library knows of, in a process of its own."""
    program = [sys.executable, __file__, "--rows-of", db, "--bundle", bundle]
    ended = subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True)
    return float(ended.stdout)


def scan_rows(db: Path, bundle: str) -> None:
    """Scan a folder that is not there, which reads all rows below it, and print the peak in MB."""
    with Library(db) as library:
        report = library.scan(["/music"], bundle)
        assert report.n_missing == 0
    print(round(peak_bytes() / 1e6, 1))


def peak_bytes() -> int:
    """Give this process's peak memory.

    What `getrusage` says is at least that of the process which started this one, so Linux is
    asked otherwise.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    bundle = bundles.load(options.bundle)
    reporting.say("making the songs")
    paths = write_songs(folder / "songs", options.songs, options.duration_s)
    reporting.say("scoring and scanning them")
    songs = measure_songs(folder, paths, bundle, options.rounds)
    reporting.say("making known files")
    known, db = folder / "known", folder / "known.sqlite"
    make_known(known, db, options.files, bundle)
    reporting.say("scanning them again")
    rescan = measure_known(known, db, options.files, bundle, 3 * options.rounds)
    reporting.say("making many rows")
    memory = {}
    for n_rows in (100, options.rows):
        rows = folder / f"rows-{n_rows}.sqlite"
        make_rows(rows, n_rows, bundle)
        memory[str(n_rows)] = peak_mb_of(rows, options.bundle)
    return {
        "schema_version": SCHEMA_VERSION,
        "processor": reporting.processor(),
        "settings": {
            "bundle": options.bundle,
            "songs": options.songs,
            "duration_s": options.duration_s,
            "rounds": options.rounds,
        },
        "songs": songs,
        "known": rescan,
        "memory_mb": memory,
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out for reading."""
    songs, known, memory = found["songs"], found["known"], found["memory_mb"]
    settings = found["settings"]
    lines = [
        f"{found['processor']}; bundle {settings['bundle']}",
        f"{songs['songs']} songs of {settings['duration_s']:.0f} s as FLAC, "
        f"the best of {settings['rounds']} rounds",
        "",
        f"{'':<30}{'songs/min':>10}{'CPU s':>10}{'/ predict':>10}  of each round",
        f"{'affetto.predict, one process':<30}{'':>10}{songs['predict_cpu_s']:>10.2f}{1:>10.3f}",
    ]
    for jobs in (1, 2):
        of, ratios = songs[f"jobs_{jobs}"], songs["ratios"][str(jobs)]
        lines.append(
            f"{f'scan, jobs={jobs}':<30}{of['songs_per_minute']:>10}{of['cpu_s']:>10.2f}"
            f"{of['ratio']:>10.3f}  {', '.join(f'{ratio:.2f}' for ratio in ratios)}"
        )
    lines += [
        "",
        f"{known['files']:,} known files: bare walk {known['walk_s']:.3f} s, scan "
        f"{known['scan_s']:.3f} s, ratio {known['ratio']:.1f} "
        f"(median {known['ratio_median']:.1f}); the library has {known['library_mb']:.0f} MB",
        "peak memory: " + ", ".join(f"{int(n):,} rows {mb:.0f} MB" for n, mb in memory.items()),
    ]
    return "\n".join(lines)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = reporting.parser(__doc__, "little of everything")
    parser.add_argument("--songs", type=int, help="how many songs are scored (24)")
    parser.add_argument("--duration-s", type=float, help="the length of each (240)")
    parser.add_argument("--files", type=int, help="how many known files there are (10000)")
    parser.add_argument("--rows", type=int, help="how many rows the large library has (100000)")
    parser.add_argument("--rounds", type=int, help="how often each thing is measured (3)")
    parser.add_argument("--bundle", default="default")
    parser.add_argument("--rows-of", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    usual = (4, 10.0, 300, 300, 1) if options.quick else (24, 240.0, 10_000, 100_000, 3)
    names = ("songs", "duration_s", "files", "rows", "rounds")
    for name, value in zip(names, usual, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    options = read_options(arguments)
    if options.rows_of is not None:
        scan_rows(options.rows_of, options.bundle)
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    with tempfile.TemporaryDirectory(prefix="affetto-benchmark-") as folder:
        found = measure(options, Path(folder))
    reporting.report(found, table(found), options.json)


if __name__ == "__main__":
    main()
