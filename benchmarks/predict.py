"""Measure `affetto predict` on one core: against decoding alone, from a cold start, in memory.

    python benchmarks/predict.py [--quick] [--json FILE]

Sounds are made first (see `sounds.py`). CPU seconds are counted, not seconds on the wall, and
the smallest of several interleaved rounds is taken: what else the machine does then matters
little. This program itself imports nothing but Python's own modules: the peak memory that the
system reports for a process is at least that of the process which started it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import reporting

HERE = Path(__file__).parent
SCHEMA_VERSION = 1
AIMS = {"warm": 1.8, "command": 2.1, "peak_mb": 150}
LIBRARIES = ("affetto", "numpy", "av", "soundfile", "soxr", "onnxruntime", "click", "rich")
N_IMPORTS, MAX_IMPORT_RUNS = 10, 5
PIECE = HERE.parent / "examples" / "q1-sunny-parade.opus"  # 23 s: what is left is the start

DECODE = """
import sys, av
with av.open(sys.argv[1]) as file:
    track = file.streams.audio[0]
    track.thread_count = 1
    for frame in file.decode(track):
        frame.to_ndarray()
"""
STAGE_TITLES = {
    "decode": "decode alone (PyAV)",
    "decode_with_soundfile": "decode alone (soundfile)",
    "spectrogram": "decode, resample, spectrogram",
    "predict": "affetto.predict",
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took: CPU seconds of all its threads, and its peak memory in MB."""

    cpu_s: float
    peak_mb: float


def run(command: Sequence[str | Path]) -> Usage:
    """Run a command to its end, its output thrown away. Raises: SystemExit if it fails."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(map(str, command))}")
    peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Usage(usage.ru_utime + usage.ru_stime, peak_bytes / 1e6)


def affetto(*arguments: str | Path) -> list[str | Path]:
    """Give the command line of `affetto`: what pip has installed beside Python, or the module."""
    script = Path(sys.executable).with_name("affetto")
    start: list[str | Path] = [script] if script.exists() else [sys.executable, "-m", "affetto"]
    return [*start, *arguments]


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Make the sounds in `folder` and give all figures; `docs/speed.md` explains them."""
    durations = ["--duration-s", str(options.duration_s), "--long-s", str(options.long_s)]
    reporting.say("making the sounds")
    subprocess.run([sys.executable, HERE / "sounds.py", folder, *durations], check=True)
    reporting.say("timing inside one process")
    arguments = ["--rounds", str(options.rounds), "--bundle", options.bundle]
    warm = subprocess.run(
        [sys.executable, HERE / "warm.py", folder, *arguments],
        check=True,
        stdout=subprocess.PIPE,
    )
    reporting.say("timing fresh processes")
    song, long = folder / "song.mp3", folder / "long.mp3"
    predict = affetto("predict", "--bundle", options.bundle, song)
    commands = {
        "decode": [sys.executable, "-c", DECODE, song],
        "predict": predict,
        "predict_piece": [*predict[:-1], PIECE],
        "help": affetto("--help"),
    }
    usages: dict[str, list[Usage]] = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            usages[name].append(run(command))
    reporting.say("scoring the long file")
    long_usage = run([*predict[:-1], long])
    n_runs = min(options.rounds, MAX_IMPORT_RUNS)
    return {
        "schema_version": SCHEMA_VERSION,
        "machine": reporting.machine(libraries={name: version(name) for name in LIBRARIES}),
        "settings": {
            "bundle": options.bundle,
            "duration_s": options.duration_s,
            "long_s": options.long_s,
            "rounds": options.rounds,
            "one_core": hasattr(os, "sched_setaffinity"),
        },
        "aims": AIMS,
        "warm": {
            suffix: figures(stages, options.duration_s)
            for suffix, stages in json.loads(warm.stdout).items()
        },
        "command": figures(
            {name: cpu_s_of(usages[name]) for name in ("decode", "predict")}, options.duration_s
        ),
        "start": {name: seconds(cpu_s_of(usages[name])) for name in ("predict_piece", "help")},
        "memory": {
            "song_peak_mb": round(max(usage.peak_mb for usage in usages["predict"]), 1),
            "long_peak_mb": round(long_usage.peak_mb, 1),
            "long_cpu_s": round(long_usage.cpu_s, 2),
        },
        "imports": {
            "help": imports(["--help"], n_runs),
            "predict": imports(["predict", "--bundle", options.bundle, PIECE], n_runs),
        },
    }


def figures(rounds: dict[str, list[float]], duration_s: float) -> dict[str, dict[str, float]]:
    """Give, for each of some things measured in the same rounds, its figures.

    `cpu_s` is the minimum over the rounds, `ratio` that to the minimum of `decode`; the medians
    are those of the rounds and of each round's own ratio.
    """
    base = rounds["decode"]
    return {
        name: {
            **seconds(found),
            "times_real_time": round(duration_s / min(found), 1),
            "ratio": round(min(found) / min(base), 3),
            "ratio_median": round(
                statistics.median(one / other for one, other in zip(found, base, strict=True)), 3
            ),
        }
        for name, found in rounds.items()
    }


def seconds(rounds: Sequence[float]) -> dict[str, float]:
    return {
        "cpu_s": round(min(rounds), 4),
        "cpu_s_median": round(statistics.median(rounds), 4),
    }


def cpu_s_of(usages: Sequence[Usage]) -> list[float]:
    return [usage.cpu_s for usage in usages]


def imports(arguments: Sequence[str | Path], n_runs: int) -> dict[str, Any]:
    """Give what Python says of the command's imports: ms in all, and the dearest packages.

    A package's time is that of all its modules, each without what it imports itself and each
    the smallest of a few runs: Python measures it on the wall.
    """
    own_us: dict[str, int] = {}
    command = [sys.executable, "-X", "importtime", "-m", "affetto", *arguments]
    for _ in range(n_runs):
        done = subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for line in done.stderr.splitlines():
            if line.startswith("import time:") and "self [us]" not in line:
                own, _, name = (part.strip() for part in line[12:].split("|"))
                own_us[name] = min(own_us.get(name, int(own)), int(own))
    packages: dict[str, float] = {}
    for name, microseconds in own_us.items():
        package = name.partition(".")[0]
        packages[package] = packages.get(package, 0.0) + microseconds / 1000
    dearest = sorted(packages, key=lambda package: -packages[package])[:N_IMPORTS]
    return {
        "total_ms": round(sum(packages.values()), 1),
        "packages_ms": {package: round(packages[package], 1) for package in dearest},
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out for reading."""
    settings, machine, memory = found["settings"], found["machine"], found["memory"]
    duration = f"{settings['duration_s']:,.0f} s"
    long = f"{settings['long_s']:,.0f} s"
    core = "one core" if settings["one_core"] else "any core"
    names = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
    lines = [
        f"{machine['processor']}, {core}; {machine['system']}, Python {machine['python']}",
        names,
        f"{duration} of stereo sound at 44.1 kHz, bundle {settings['bundle']}; "
        f"CPU seconds, minimum and median of {settings['rounds']} rounds",
    ]
    heads = f"{'min':>8}{'median':>8}{'x real':>10}{'/ decode':>10}"
    lines += ["", f"{'inside one process':<42}{heads}"]
    for suffix, stages in found["warm"].items():
        for name, of in stages.items():
            aim = f"   aim {AIMS['warm']}" if (suffix, name) == ("mp3", "predict") else ""
            lines.append(row(f"{suffix:<6}{STAGE_TITLES[name]}", of) + aim)
    command, start = found["command"], found["start"]
    lines += [
        "",
        f"{'a fresh process':<42}{heads}",
        row("mp3   Python that only decodes (PyAV)", command["decode"]),
        row("mp3   affetto predict", command["predict"]) + f"   aim {AIMS['command']}",
        start_row(f"      affetto predict, {PIECE.stem}", start["predict_piece"]),
        start_row("      affetto --help", start["help"]),
        "",
        "peak memory of affetto predict",
        f"{'mp3   ' + duration:<42}{memory['song_peak_mb']:>5.0f} MB",
        f"{'mp3   ' + long:<42}{memory['long_peak_mb']:>5.0f} MB   aim {AIMS['peak_mb']}; "
        f"{memory['long_cpu_s']:.1f} s, {settings['long_s'] / memory['long_cpu_s']:,.0f} x real",
    ]
    lines += ["", f"imports, each package's own ms, the first {N_IMPORTS} of all"]
    for name, of in found["imports"].items():
        packages = ", ".join(f"{package} {ms:.0f}" for package, ms in of["packages_ms"].items())
        lines.append(f"{name:<8} {of['total_ms']:.0f}: {packages}")
    return "\n".join(lines)


def row(title: str, of: dict[str, float]) -> str:
    return f"{start_row(title, of)}{of['times_real_time']:>10,.0f}{of['ratio']:>10.2f}"


def start_row(title: str, of: dict[str, float]) -> str:
    return f"{title:<42}{of['cpu_s']:>8.3f}{of['cpu_s_median']:>8.3f}"


def use_one_core() -> None:
    """Stay on one core, and have libraries start one thread: what we start inherits both."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = reporting.parser(__doc__, "short sounds, two rounds")
    parser.add_argument("--duration-s", type=float, help="length of the song (240)")
    parser.add_argument("--long-s", type=float, help="length of the long file (3600)")
    parser.add_argument("--rounds", type=int, help="how often each thing is measured (9)")
    parser.add_argument("--bundle", default="default")
    options = parser.parse_args(arguments)
    usual = (30.0, 120.0, 2) if options.quick else (240.0, 3600.0, 9)
    for name, value in zip(("duration_s", "long_s", "rounds"), usual, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    options = read_options(arguments)
    if not hasattr(os, "wait4"):
        raise SystemExit("this benchmark needs a system that counts a process's CPU time (wait4)")
    use_one_core()
    with tempfile.TemporaryDirectory(prefix="affetto-benchmark-") as folder:
        found = measure(options, Path(folder))
    reporting.report(found, table(found), options.json)


if __name__ == "__main__":
    main()
