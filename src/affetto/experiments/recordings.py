"""Whole recordings kept in one file, for data sets that compute theirs anew in every reading.

Each process of an experiment reads all recordings; those of the Echo Nest's analyses take a
minute to rebuild. They are kept in half precision, as training has them, frame after frame in
one `.npy` file that is mapped into memory, its hash beside it: what is damaged is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.core import Dataset, Example, Spectrogram
from affetto.experiments.code import code_sha256
from affetto.files import atomic_write, file_sha256
from affetto.frontends import FrontEnd, fingerprint

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how many are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Recordings in one array of frames (n_frames, n_bins), and the rows of each song."""

    frames: npt.NDArray[np.float16]
    rows: Mapping[str, tuple[int, int]]

    def read(self, example: Example, front_end: FrontEnd) -> Spectrogram:
        """Give an example's whole recording; what calls this cuts the interval out."""
        first, end = self.rows[example.song]
        return Spectrogram(
            values=self.frames[first:end].T.astype(np.float32),
            sample_rate=front_end.sample_rate,
            hop_length=front_end.hop_length,
            fingerprint=fingerprint(front_end),
        )


def recordings_of(dataset: Dataset) -> tuple[Example, ...]:
    """Give an example without interval for each recording, in order."""
    found: dict[tuple[Path, str], Example] = {}
    for example in dataset.examples:
        found.setdefault((example.path, example.song), replace(example, interval=None))
    return tuple(found.values())


def with_kept(
    dataset: Dataset, front_end: FrontEnd, folder: Path, progress: Progress = lambda *_: None
) -> Dataset:
    """Give the data set with recordings that are read from a file in `folder`.

    They are computed if they are not there. A data set whose readings the feature cache keeps
    (its `reader` has a name) is given back as it is.
    """
    if dataset.reader is not None:
        return dataset
    examples = recordings_of(dataset)
    path = folder / f"{_key(dataset, examples, front_end)}.npy"
    kept = _open(path)
    if kept is None:
        _write(path, dataset, examples, front_end, progress)
        kept = _open(path)
    assert kept is not None
    return replace(dataset, read=kept.read)


def _key(dataset: Dataset, examples: tuple[Example, ...], front_end: FrontEnd) -> str:
    """Name what the numbers depend on: the code, the front end, the songs and the files.

    What a reading needs beside the example's own file lies in the same folder.
    """
    folders = sorted({example.path.parent for example in examples})
    files = sorted(path for each in folders for path in each.iterdir() if path.is_file())
    parts = {
        "reader": code_sha256(dataset.read.__module__, "affetto.frontends"),
        "front_end": fingerprint(front_end),
        "songs": [example.song for example in examples],
        "files": [(path.name, file_sha256(path)) for path in files],
    }
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _write(
    path: Path,
    dataset: Dataset,
    examples: tuple[Example, ...],
    front_end: FrontEnd,
    progress: Progress,
) -> None:
    parts, rows, n_frames = [], {}, 0
    for number, example in enumerate(examples, start=1):
        values = dataset.read(example, front_end).values.astype(np.float16).T
        parts.append(values)
        rows[example.song] = (n_frames, n_frames + len(values))
        n_frames += len(values)
        progress("reading recordings", number, len(examples))
    path.parent.mkdir(parents=True, exist_ok=True)
    index = path.with_suffix(".json")
    with atomic_write(path, "wb") as file:
        np.save(file, np.concatenate(parts))
    with atomic_write(index) as file:
        json.dump({"rows": rows, "sha256": file_sha256(path)}, file)


def _open(path: Path) -> Kept | None:
    try:
        index = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if file_sha256(path) != index["sha256"]:
            return None
        frames = np.load(path, mmap_mode="r", allow_pickle=False)
        rows = {song: (int(first), int(end)) for song, (first, end) in index["rows"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Kept(frames, rows)
