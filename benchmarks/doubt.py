"""See how far affetto's doubts can be trusted, on sound of your own.

    python benchmarks/doubt.py FOLDER... [--bundle BUNDLE] [--at-most N] [--json FILE]

Of each folder, such as one of speech and one of music: how much of it is called music. Short files
are put together, neighbors by name, until there are 10 s. Of songs of a minute and more also how
far the halves of a song, and sums over every other 15 s, lie apart in their standard errors: 1
(root mean square) is what the errors promise for sound that knows neither verse nor chorus.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import affetto
import reporting
from affetto import audio, mood
from affetto.core import Failure, Prediction, Timeline
from affetto.errors import AudioError
from affetto.evaluation.report import table

SCHEMA_VERSION = 1
RATE_HZ = 22_050
ENOUGH_S, SONG_S, BLOCK_S = 10.0, 60.0, 15.0
Samples = npt.NDArray[np.float32]


def stretches(paths: Sequence[Path]) -> Iterator[tuple[str, Path | Samples]]:
    """Give long files as they are, the others joined to 10 s; a rest of less than 3 s is left."""
    waiting: list[Samples] = []
    for path in paths:
        try:
            with audio.stream(path, RATE_HZ) as blocks:
                is_long = (blocks.expected_duration_s or 0) >= ENOUGH_S
                waiting += [] if is_long else [block.samples for block in blocks]
        except AudioError:
            continue
        if is_long:
            yield path.name, path
        if sum(map(len, waiting)) >= ENOUGH_S * RATE_HZ:
            yield f"... {path.name}", np.concatenate(waiting)
            waiting = []
    if sum(map(len, waiting)) >= 3 * RATE_HZ:
        yield "the rest", np.concatenate(waiting)


def scored(folder: Path, bundle: Any, at_most: int) -> Iterator[tuple[str, Prediction]]:
    """Score a folder's sound, evenly chosen files where there are more than `at_most`."""
    paths = [path for path in audio.find([folder]) if not isinstance(path, Failure)]
    step = max(1, len(paths) // at_most)
    for name, source in stretches(paths[:: step if step > 1 else 1]):
        sound = source if isinstance(source, Path) else (source, RATE_HZ)
        try:
            yield name, affetto.predict(sound, bundle)
        except AudioError:
            continue


def part(timeline: Timeline, rows: npt.NDArray[np.bool_]) -> Timeline:
    """Give some of the windows."""
    plane = timeline.valence_arousal
    return Timeline(
        timeline.vocabulary,
        timeline.start_s[rows],
        timeline.end_s[rows],
        timeline.scores[rows],
        timeline.weight[rows],
        None if plane is None else plane[rows],
    )


def apart(one: Timeline, other: Timeline) -> npt.NDArray[np.float64] | None:
    """Give how far valence, arousal and each tag of two parts lie apart in standard errors."""
    values, errors = [], []
    for each in (one, other):
        error = mood.uncertainty(each)
        if error is None:
            return None
        scores, plane = mood.summarize(each)
        placed = mood.place(scores, each.vocabulary) if plane is None else plane
        values.append(np.concatenate([placed, scores]))
        errors.append(np.concatenate([[error.valence, error.arousal], error.scores]))
    return np.asarray((values[0] - values[1]) / np.maximum(np.hypot(*errors), 1e-6))


def spread(songs: Sequence[Timeline]) -> dict[str, dict[str, float]]:
    """Give the root mean square of `apart` for halves and blocks, by what is measured."""
    found: dict[str, dict[str, float]] = {}
    for name in ("halves", "every other 15 s"):
        rows = []
        for song in songs:
            middle = song.start_s + song.end_s
            if name == "halves":  # a window in the middle belongs to neither
                half_s = song.end_s[-1] / 2
                sides = song.end_s <= half_s, song.start_s >= half_s
            else:
                is_even = (middle / 2 / BLOCK_S).astype(int) % 2 == 0
                sides = is_even, ~is_even
            distance = apart(part(song, sides[0]), part(song, sides[1]))
            if distance is not None:
                rows.append(distance**2)
        if rows:
            mean = np.mean(rows, axis=0)
            found[name] = {
                "valence": float(np.sqrt(mean[0])),
                "arousal": float(np.sqrt(mean[1])),
                "tags": float(np.sqrt(mean[2:].mean())),
            }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--bundle", default="default")
    parser.add_argument("--at-most", type=int, default=100, help="files of a folder")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    bundle = affetto.load_bundle(options.bundle)
    songs: list[Timeline] = []
    judged: dict[str, dict[str, Any]] = {}
    for folder in options.folders:
        scores: dict[str, float] = {}
        for name, found in scored(folder, bundle, options.at_most):
            if found.music is not None:
                scores[name] = found.music
            if found.duration_s >= SONG_S:
                songs.append(found.timeline)
        values = np.asarray(list(scores.values()))
        judged[str(folder)] = {
            "n": len(values),
            "called_music": float(np.mean(values >= mood.MUSIC_CUT)) if len(values) else None,
            "median": float(np.median(values)) if len(values) else None,
            "called_music_names": [name for name, v in scores.items() if v >= mood.MUSIC_CUT],
            "refused_names": [name for name, v in scores.items() if v < mood.MUSIC_CUT],
        }
    errors = spread(songs)
    rows = [
        [name, str(row["n"]), _number(row["called_music"]), _number(row["median"])]
        for name, row in judged.items()
    ]
    lines = table(["folder", "stretches", "called music", "median"], rows)
    if errors:
        header = [f"apart in standard errors, {len(songs)} songs", *next(iter(errors.values()))]
        lines += ["", *table(header, [[n, *map(_number, v.values())] for n, v in errors.items()])]
    found = {
        "schema_version": SCHEMA_VERSION,
        "bundle": bundle.title,
        "fingerprint": bundle.fingerprint,
        "music": judged,
        "spread": errors,
        "n_songs": len(songs),
    }
    reporting.report(found, "\n".join(lines), options.json)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
