"""Measure how long after the last sample of a window its scores are there.

    python benchmarks/live.py [--quick] [--seconds S] [--hop-s S] [--json FILE]

Made-up music is written to `affetto live -` at the pace of its playing, in blocks of 20 ms, as a
player does. A window's latency is the time from the moment when its last sample was written to the
moment when its line was read: it holds what the resampler keeps back, the rest of a block, the
pipe, front end, network and output. `push` is the part that is computing, measured in this process.
Wall-clock milliseconds, since waiting is what counts here: other work on the machine shows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import reporting
from affetto import bundles
from affetto.live import Listener

SCHEMA_VERSION = 1
RATE_HZ, BLOCK_S = 44_100, 0.02
N_BLOCK = round(RATE_HZ * BLOCK_S)


def music(seconds: float) -> npt.NDArray[np.float32]:
    """Make three voices that tremble, and some noise, (n_samples,)."""
    times_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(0)
    voices = [
        (1 + np.sin(2 * np.pi * rate_hz * times_s)) * np.sin(2 * np.pi * pitch_hz * times_s)
        for rate_hz, pitch_hz in ((0.4, 220.0), (0.7, 277.2), (1.1, 329.6))
    ]
    sound = 0.1 * np.sum(voices, axis=0) + 0.01 * rng.standard_normal(len(times_s))
    return np.asarray(sound, np.float32)


def push_ms(sound: npt.NDArray[np.float32], hop_s: float | None) -> list[float]:
    """Give the milliseconds that each window takes to compute, in this process."""
    listener = Listener(bundles.load(), RATE_HZ, hop_s)
    found = []
    for first in range(0, len(sound), N_BLOCK):
        begun_s = time.perf_counter()
        timeline = listener.push(sound[first : first + N_BLOCK])
        if timeline is not None:
            found.append(1000 * (time.perf_counter() - begun_s))
    return found[1:]  # the first one fills caches


def piped_ms(sound: npt.NDArray[np.float32], hop_s: float | None) -> list[float]:
    """Play sound into the command; give the milliseconds from a window's end to its line."""
    command = [sys.executable, "-m", "affetto", "live", "-", "--channels", "1", "--format", "jsonl"]
    command += [] if hop_s is None else ["--hop-s", str(hop_s)]
    content = np.round(32_767 * np.clip(sound, -1, 1)).astype("<i2").tobytes()
    written_s: list[float] = []  # when each block was
    read: list[tuple[float, float]] = []  # a window's end in the sound, when its line was there
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        output = process.stdout

        def listen() -> None:
            for line in output:
                now_s = time.perf_counter()
                read.append((json.loads(line)["end_s"], now_s))

        reader = threading.Thread(target=listen)
        reader.start()
        time.sleep(2.0)  # until it has started: no latency of a window
        begun_s = time.perf_counter()
        for number, first in enumerate(range(0, len(content), 2 * N_BLOCK)):
            time.sleep(max(0.0, begun_s + number * BLOCK_S - time.perf_counter()))
            process.stdin.write(content[first : first + 2 * N_BLOCK])
            process.stdin.flush()
            written_s.append(time.perf_counter())
        process.stdin.close()
        reader.join()
    if process.returncode:
        raise SystemExit("affetto live failed")
    found = []
    for end_s, there_s in read:
        block = min(round(end_s * RATE_HZ - 1) // N_BLOCK, len(written_s) - 1)
        found.append(1000 * (there_s - written_s[block]))
    return found


def quantiles(values_ms: Sequence[float], hop_s: float) -> dict[str, float]:
    p50, p95 = np.percentile(values_ms, (50, 95))
    return {
        "n_windows": len(values_ms),
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
        "max_ms": round(max(values_ms), 1),
        "p50_per_hop": round(float(p50) / (1000 * hop_s), 4),
        "p95_per_hop": round(float(p95) / (1000 * hop_s), 4),
    }


def measure(seconds: float, hop_s: float | None) -> dict[str, Any]:
    sound = music(seconds)
    real_hop_s = Listener(bundles.load(), RATE_HZ, hop_s).hop_s
    return {
        "schema_version": SCHEMA_VERSION,
        "machine": reporting.machine(),
        "settings": {"seconds": seconds, "hop_s": round(real_hop_s, 4)},
        "push": quantiles(push_ms(sound, hop_s), real_hop_s),
        "pipe": quantiles(piped_ms(sound, hop_s), real_hop_s),
    }


def table(found: dict[str, Any]) -> str:
    machine, settings = found["machine"], found["settings"]
    lines = [
        f"{machine['processor']}; {machine['system']}, Python {machine['python']}",
        f"{settings['seconds']:g} s of sound played, a window each {settings['hop_s']:g} s",
        "",
        f"{'':<34}{'windows':>8}{'p50 ms':>9}{'p95 ms':>9}{'of a hop: p50':>16}{'p95':>8}",
    ]
    for name, title in (
        ("push", "computing (Listener.push)"),
        ("pipe", "last sample to line (affetto live)"),
    ):
        of = found[name]
        lines.append(
            f"{title:<34}{of['n_windows']:>8}{of['p50_ms']:>9.1f}{of['p95_ms']:>9.1f}"
            f"{of['p50_per_hop']:>16.1%}{of['p95_per_hop']:>8.1%}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = reporting.parser(__doc__, "6 seconds of sound")
    parser.add_argument("--seconds", type=float, help="how long to play (60)")
    parser.add_argument("--hop-s", type=float, help="distance of windows (the bundle's)")
    options: argparse.Namespace = parser.parse_args(arguments)
    seconds = options.seconds or (6.0 if options.quick else 60.0)
    reporting.say(f"playing {seconds:g} s of sound")
    found = measure(seconds, options.hop_s)
    reporting.report(found, table(found), options.json)


if __name__ == "__main__":
    main()
