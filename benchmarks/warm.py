"""Time the stages of a prediction inside one process, in CPU seconds; JSON on stdout.

    python benchmarks/warm.py FOLDER --rounds 7 --bundle default

Each round runs every stage once on every song, so that what else the machine does meets all of
them alike. Nothing is timed but `process_time`: the CPU time of all threads of the process.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import av
import soundfile

import affetto
from affetto import audio
from sounds import FORMATS, SONG

BLOCK_FRAMES = 32_768


def decode(path: Path) -> None:
    """Decode to arrays of samples with the bare library that affetto uses for these formats."""
    with av.open(str(path)) as file:
        track = file.streams.audio[0]
        track.thread_count = 1
        for frame in file.decode(track):
            frame.to_ndarray()


def decode_with_soundfile(path: Path) -> None:
    """Decode with the other library that could be used."""
    for _ in soundfile.blocks(path, BLOCK_FRAMES, dtype="float32"):
        pass


def time_stages(folder: Path, n_rounds: int, bundle_name: str) -> dict[str, dict[str, list[float]]]:
    """Give the CPU seconds of each round, by format and stage."""
    bundle = affetto.load_bundle(bundle_name)

    def spectrogram(path: Path) -> None:
        frames = bundle.front_end.frames()
        with audio.stream(path, bundle.front_end.sample_rate) as blocks:
            for block in blocks:
                frames.push(block.samples)
        frames.finish()

    def predict(path: Path) -> None:
        affetto.predict(path, bundle)

    stages: dict[str, Callable[[Path], None]] = {
        "decode": decode,
        "decode_with_soundfile": decode_with_soundfile,
        "spectrogram": spectrogram,
        "predict": predict,
    }
    found: dict[str, dict[str, list[float]]] = {
        suffix: {name: [] for name in stages} for suffix in FORMATS
    }
    for _ in range(n_rounds):
        for suffix in FORMATS:
            for name, stage in stages.items():
                start_s = time.process_time()
                stage(folder / f"{SONG}.{suffix}")
                found[suffix][name].append(time.process_time() - start_s)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--bundle", default="default")
    options = parser.parse_args()
    print(json.dumps(time_stages(options.folder, options.rounds, options.bundle)))


if __name__ == "__main__":
    main()
