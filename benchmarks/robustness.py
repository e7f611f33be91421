"""Measure how far valence, arousal and tags move under changes that leave the mood alone.

    python benchmarks/robustness.py [--pieces] [--folder FOLDER] [--json FILE] [--card]

The songs are the pieces of `examples/`, a seeded draw of the clips of 4Q and Soundtracks where
AFFETTO_DATA has them, and of a folder of whole songs if one is given. The changes are those of
`distortions.py`. This is a program of its own and no part of `affetto evaluate`: it needs
neither labels nor torch, and so tells of any bundle on any music.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import affetto
import cards
import reporting
from affetto import audio, datasets
from affetto.core import Failure, Prediction
from affetto.errors import AffettoError, DatasetMissing
from affetto.evaluation.report import table
from distortions import CHANGES, Sound
from sounds import EXAMPLES

SCHEMA_VERSION = 1
TITLE = "What a change of the sound does to it"
CLIPS = ("4q", "soundtracks")
MEASURED = ("valence", "arousal", "tags")
SONG_S = (60.0, 900.0)  # what counts as a whole song in a folder
LIBRARIES = ("affetto", "numpy", "av", "soundfile", "soxr", "onnxruntime")


def songs(options: argparse.Namespace) -> dict[str, list[Path]]:
    """Give the files to change, by the set that they are of."""
    found = {"pieces": sorted(EXAMPLES.glob("*.opus"))}
    if not options.pieces:
        clips: list[Path] = []
        for name in CLIPS:
            try:
                clips += [e.path for e in datasets.load(name, options.data_root).examples]
            except DatasetMissing as error:
                reporting.say(f"without {name}: {error.message}")
        found["clips"] = _drawn(clips)[: options.n_clips]
    if options.folder is not None:
        files = [path for path in audio.find([options.folder]) if not isinstance(path, Failure)]
        whole = (path for path in _drawn(files) if _is_song(path))
        found["songs"] = list(itertools.islice(whole, options.n_songs))
    return {name: paths for name, paths in found.items() if paths}


def _drawn(paths: Sequence[Path]) -> list[Path]:
    """Give them in an order that hangs on nothing but the paths themselves."""
    return random.Random(0).sample(sorted(paths), len(paths))


def _is_song(path: Path) -> bool:
    try:
        return SONG_S[0] <= soundfile.info(path).duration <= SONG_S[1]
    except soundfile.LibsndfileError:
        return False


def moves(path: Path, bundle: Any) -> dict[str, dict[str, float]] | None:
    """Give how far a song's figures move under each change; None for what cannot be used."""
    try:
        sound: Sound = soundfile.read(path, dtype="float32", always_2d=True)
        plain = affetto.predict(sound, bundle)
        return {
            name: _moved(plain, affetto.predict(change(sound), bundle))
            for name, (_, change) in CHANGES.items()
        }
    except (soundfile.LibsndfileError, AffettoError):
        reporting.say(f"without {path.name}, which cannot be scored")
        return None


def _moved(plain: Prediction, changed: Prediction) -> dict[str, float]:
    return {
        "valence": abs(changed.valence - plain.valence),
        "arousal": abs(changed.arousal - plain.arousal),
        "tags": float(np.abs(changed.scores - plain.scores).mean()),
        "quadrant": float(changed.quadrant != plain.quadrant),
    }


def figures(found: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, Any]]:
    """Give each change's figures over songs: median, 95th percentile, the largest."""
    plain: dict[str, dict[str, Any]] = {}
    for name in CHANGES:
        plain[name] = {}
        for measure in MEASURED:
            values = [song[name][measure] for song in found]
            median, high = np.quantile(values, [0.5, 0.95])
            plain[name][measure] = {
                "median": round(float(median), 4),
                "p95": round(float(high), 4),
                "max": round(max(values), 4),
            }
        share = float(np.mean([song[name]["quadrant"] for song in found]))
        plain[name]["quadrant_changed"] = round(share, 4)
    return plain


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Give all figures, of each set of songs and of all together."""
    bundle = affetto.load_bundle(options.bundle)
    found: dict[str, list[dict[str, dict[str, float]]]] = {}
    for name, paths in songs(options).items():
        reporting.say(f"{len(paths)} {name}")
        found[name] = [song for path in paths if (song := moves(path, bundle)) is not None]
    found = {name: of for name, of in found.items() if of}
    if len(found) > 1:
        found["all"] = [song for of in found.values() for song in of]
    return {
        "schema_version": SCHEMA_VERSION,
        "machine": reporting.machine(libraries={name: version(name) for name in LIBRARIES}),
        "bundle": bundle.title,
        "bundle_fingerprint": bundle.fingerprint,
        "changes": {name: title for name, (title, _) in CHANGES.items()},
        "sets": {name: {"n_songs": len(of), "changes": figures(of)} for name, of in found.items()},
    }


def tables(found: Mapping[str, Any]) -> str:
    """Lay the figures out: a Markdown table for each set of songs."""
    lines = [
        f"{found['bundle']}: how far a song's figures move, median and 95th percentile",
        "tags: their mean; quad.: share of songs that change their quadrant",
    ]
    for name, of in found["sets"].items():
        lines += ["", f"{name}, {of['n_songs']} of them", "", *_table(found["changes"], of)]
    return "\n".join(lines)


def _table(titles: Mapping[str, str], of: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        [
            titles[name],
            *(f"{row[m][q]:.3f}" for m in MEASURED for q in ("median", "p95")),
            f"{row['quadrant_changed']:.0%}",
        ]
        for name, row in of["changes"].items()
    ]
    heads = [head for name in ("valence", "arousal", "tags") for head in (name, "95 %")]
    yield from table(["change", *heads, "quad."], rows)


def card_lines(found: Mapping[str, Any]) -> list[str]:
    """Give what a bundle's card says of the figures."""
    lines = [
        "How far valence and arousal (in [-1, 1]) and tags (the mean, in [0, 1]) of a piece move",
        "when its sound is changed in ways that leave the mood alone: the median, and what 95 %",
        "stay below; `quad.` is the share whose quadrant changes. From",
        "`python benchmarks/robustness.py`.",
    ]
    for name, of in found["sets"].items():
        if name != "all":
            lines += ["", f"{of['n_songs']} {name}:", "", *_table(found["changes"], of)]
    return lines


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = reporting.parser(__doc__, "six clips and two songs")
    parser.add_argument("--pieces", action="store_true", help="the pieces of examples/ alone")
    parser.add_argument("--folder", type=Path, help="of whole songs, 1 to 15 minutes each")
    parser.add_argument("--data-root", type=Path, help="where the data sets are (AFFETTO_DATA)")
    parser.add_argument("--n-clips", type=int, help="drawn of the clips (60)")
    parser.add_argument("--n-songs", type=int, help="drawn of the folder (20)")
    parser.add_argument("--bundle", default="default")
    parser.add_argument(
        "--card", action="store_true", help="write them into the bundle's card, too"
    )
    options = parser.parse_args(arguments)
    for name, usual in (("n_clips", (6, 60)), ("n_songs", (2, 20))):
        if getattr(options, name) is None:
            setattr(options, name, usual[0 if options.quick else 1])
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    options = read_options(arguments)
    found = measure(options)
    reporting.report(found, tables(found), options.json)
    if options.card:
        cards.write_section(options.bundle, TITLE, card_lines(found))


if __name__ == "__main__":
    main()
