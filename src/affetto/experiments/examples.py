"""The examples of a task in memory: what every method is given, and what none may see.

A method learns from `Examples.part(training)` and scores `Examples.part(test).unlabeled()`, so
that the labels of the test side are not there to be used.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from affetto import datasets, frontends
from affetto.core import Dataset, Example, FloatArray, IntArray, Spectrogram, Vocabulary
from affetto.datasets.base import Loading, section_of
from affetto.errors import DatasetInvalid, DatasetMissing
from affetto.experiments import handmade
from affetto.experiments.code import code_sha256
from affetto.experiments.outcome import SplitBy
from affetto.experiments.partition import units_of
from affetto.experiments.recordings import Progress, recordings_of, with_kept
from affetto.experiments.tasks import Task
from affetto.files import atomic_write
from affetto.frontends import FrontEnd, fingerprint
from affetto.training.data import load_items


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled examples, row by row.

    `units` (n_examples,) names what no split may cut: the artist or song or, under a split by
    segment, the example alone. `times_s` (n_examples,) is the middle of the example in its
    recording, 0 for a whole one. `labels` (n_examples, n_tags) are 0 or 1, NaN where they are
    hidden. `features` maps each feature set to (n_examples, n_features).
    """

    vocabulary: Vocabulary
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    units: tuple[str, ...]
    songs: tuple[str, ...]
    times_s: FloatArray
    labels: FloatArray
    features: Mapping[str, FloatArray]

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, rows: IntArray) -> Examples:
        """Give some of the examples, in the order of `rows`."""
        return Examples(
            vocabulary=self.vocabulary,
            ids=tuple(self.ids[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            units=tuple(self.units[row] for row in rows),
            songs=tuple(self.songs[row] for row in rows),
            times_s=self.times_s[rows],
            labels=self.labels[rows],
            features={name: values[rows] for name, values in self.features.items()},
        )

    def unlabeled(self) -> Examples:
        """Give the examples without what is to be found out."""
        return replace(self, labels=np.full_like(self.labels, np.nan))

    def split_by(self, by: SplitBy) -> Examples:
        """Give the examples with the units of such a split."""
        return replace(self, units=units_of(self.ids, self.groups, by))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A task's examples, what the source lacks, and the hash of all that methods may look at."""

    examples: Examples
    left_out: tuple[str, ...]
    sha256: str


def load(
    task: Task,
    root: Path | None,
    work: Path,
    *,
    skip_bad: bool = False,
    progress: Progress = lambda *_: None,
) -> Loaded:
    """Read a task's data and compute the hand-made features, or read them from `work`.

    Raises: UnknownName, DatasetMissing; DatasetInvalid for what is damaged, unless `skip_bad`
    leaves it out.
    """
    dataset = datasets.load(task.dataset, root, skip_bad)
    front_end = frontends.build(task.front_end.name, task.front_end.config)
    dataset = with_kept(dataset, front_end, work / "recordings", progress)
    left_out = list(dataset.left_out)
    dataset, recordings_sha256 = _readable(dataset, front_end, skip_bad, left_out, progress)
    if len(dataset.examples) < 2:
        raise DatasetInvalid(f"data set {dataset.name} has no examples that can be used")
    features = _features(dataset, front_end, task, recordings_sha256, work, progress)
    if task.has_mulan:
        try:
            songs = tuple(example.song for example in dataset.examples)
            features[handmade.MULAN] = handmade.mulan_features(root, songs)
        except DatasetMissing as error:
            left_out.append(f"Mulan's 68 features: {error.message}")
    examples = _examples(dataset, features)
    return Loaded(examples, tuple(left_out), _sha256(examples, recordings_sha256))


def _examples(dataset: Dataset, features: Mapping[str, FloatArray]) -> Examples:
    known = dataset.examples
    for example in known:
        if not np.isin(example.labels, (0, 1)).all():
            raise DatasetInvalid(
                f"{example.id} lacks a label of 0 or 1", "leave the example out of the data set"
            )
    groups = tuple(example.group for example in known)
    return Examples(
        vocabulary=dataset.vocabulary,
        ids=tuple(example.id for example in known),
        groups=groups,
        units=groups,
        songs=tuple(example.song for example in known),
        times_s=np.asarray([_middle_s(example) for example in known], np.float32),
        labels=np.stack([example.labels for example in known]),
        features=features,
    )


def _middle_s(example: Example) -> float:
    interval = example.interval
    return 0.0 if interval is None else (interval.start_s + interval.end_s) / 2


def _readable(
    dataset: Dataset,
    front_end: FrontEnd,
    skip_bad: bool,
    left_out: list[str],
    progress: Progress,
) -> tuple[Dataset, str]:
    """Leave out the recordings and examples without frames, if that is wanted; hash the rest."""
    digest = hashlib.sha256()
    kept: list[Example] = []
    by_recording = _by_recording(dataset)
    loading = Loading(skip_bad, left_out=left_out)
    for number, (recording, examples) in enumerate(by_recording, start=1):
        with loading.part(recording.song):
            whole = _whole(dataset, recording, front_end)
            for example in examples:
                with loading.part():
                    section_of(whole, example)
                    kept.append(example)
            digest.update(whole.values.tobytes())
        progress("checking recordings", number, len(by_recording))
    return replace(dataset, examples=tuple(kept)), digest.hexdigest()


def _by_recording(dataset: Dataset) -> list[tuple[Example, list[Example]]]:
    """Give the recordings, each with its examples."""
    recordings = {(each.path, each.song): each for each in recordings_of(dataset)}
    found: dict[tuple[Path, str], list[Example]] = {key: [] for key in recordings}
    for example in dataset.examples:
        found[example.path, example.song].append(example)
    return [(recordings[key], found[key]) for key in recordings]


def _whole(dataset: Dataset, recording: Example, front_end: FrontEnd) -> Spectrogram:
    """Give a whole recording as trainings have it. Raises: DatasetInvalid, also for a NaN."""
    alone = replace(dataset, examples=(recording,))
    item = load_items({dataset.name: alone}, (), front_end)[recording.id]
    if not np.isfinite(item.values).all():
        raise DatasetInvalid(
            f"{recording.path}: the spectrogram of {recording.song} holds a value that is not a "
            "number",
            "take the file as it was distributed, or leave it out with --skip-bad",
        )
    return Spectrogram(
        values=item.values.astype(np.float32),
        sample_rate=front_end.sample_rate,
        hop_length=front_end.hop_length,
        fingerprint=fingerprint(front_end),
    )


def _features(
    dataset: Dataset,
    front_end: FrontEnd,
    task: Task,
    recordings_sha256: str,
    work: Path,
    progress: Progress,
) -> dict[str, FloatArray]:
    """Give the feature sets, from the file that keeps them if it is there and whole."""
    parts = {
        "code": code_sha256("affetto.baselines.features", handmade.__name__),
        "recordings": recordings_sha256,
        "front_end": fingerprint(front_end),
        "around_s": task.around_s,
        "examples": [
            (e.song, None if e.interval is None else (e.interval.start_s, e.interval.end_s))
            for e in dataset.examples
        ],
    }
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    path = work / "features" / f"{key}.npz"
    kept = read_arrays(path)
    if kept is not None:
        return kept
    rows: dict[str, dict[str, FloatArray]] = {}
    by_recording = _by_recording(dataset)
    for number, (recording, examples) in enumerate(by_recording, start=1):
        whole = _whole(dataset, recording, front_end)
        described = handmade.describe(whole, examples, front_end, task.around_s)
        for example, found in zip(examples, described, strict=True):
            for name, values in found.items():
                rows.setdefault(name, {})[example.id] = values
        progress("computing features", number, len(by_recording))
    features = {
        name: np.stack([of_set[example.id] for example in dataset.examples])
        for name, of_set in rows.items()
        if len(of_set) == len(dataset.examples)
    }
    write_arrays(path, features)
    return features


def read_arrays(path: Path) -> dict[str, FloatArray] | None:
    """Give the arrays of a `.npz` file; None where there is none, or none that is whole."""
    import zipfile
    import zlib

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}  # which checks their sums
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def write_arrays(path: Path, arrays: Mapping[str, FloatArray]) -> None:
    """Write a `.npz` file, whole or not at all."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    with atomic_write(path, "wb") as file:
        file.write(buffer.getvalue())


def _sha256(examples: Examples, recordings_sha256: str) -> str:
    digest = hashlib.sha256(recordings_sha256.encode())
    names = (examples.vocabulary.tags, examples.ids, examples.groups, examples.songs)
    digest.update(json.dumps(names).encode())
    for values in (examples.times_s, examples.labels):
        digest.update(values.tobytes())
    for name, values in sorted(examples.features.items()):
        digest.update(name.encode() + values.tobytes())
    return digest.hexdigest()
