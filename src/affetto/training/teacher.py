"""What another network says of the clips: lessons for the trunk, in training alone.

A network that was trained on far more music than anyone has emotions for knows what sounds alike.
So the trunk learns, beside its heads, to tell that network's outputs of the same moments (G. Hinton
and others, "Distilling the knowledge in a neural network", 2015; here by least squares on its
inner values, as A. Romero and others, "FitNets", ICLR 2015). The layer that tells them is thrown
away, so a bundle has no part of the teacher, and prediction needs none.

What a teacher says is computed once, in a Python of its own (`benchmarks/teacher.py`), and kept in
the feature cache: for each recording (n_values, n_positions), a position each `hop_s` seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto import cache
from affetto.core import Dataset, FloatArray
from affetto.errors import DatasetMissing, UnknownName
from affetto.training.config import TeacherConfig
from affetto.training.data import Item

_WITHOUT = "`--set teacher.name=''` trains without"
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True, slots=True)
class Teacher:
    """A network that teaches: `reader` names what is kept of it, `about` is for the card."""

    reader: str
    hop_s: float
    about: str


TEACHERS: Mapping[str, Teacher] = {
    "musicnn": Teacher(
        "musicnn-1",
        62 * 256 / 16_000,  # the whole number of its frames that is nearest to a second
        "musicnn's MSD_musicnn (J. Pons, X. Serra, ISC licence; trained on the tags of 200,000 "
        "songs)",
    )
}


def of_name(name: str) -> Teacher:
    """Give a teacher. Raises: UnknownName."""
    if name not in TEACHERS:
        raise UnknownName(f"there is no teacher named {name!r}", f"known: {', '.join(TEACHERS)}")
    return TEACHERS[name]


def keep(teacher: Teacher, recording: Path, say: Callable[[], FloatArray]) -> None:
    """Keep what the teacher says of a recording, (n_values, n_positions), unless it is kept."""
    cache.features(recording, teacher.reader, "lessons", say)


def with_lessons(
    items: Mapping[str, Item], datasets: Mapping[str, Dataset], config: TeacherConfig
) -> dict[str, Item]:
    """Give items by id, those of the data sets that the teacher has heard with its lessons.

    Raises: UnknownName; DatasetMissing where something of such a data set has not been heard.
    """
    if not config.name:
        return dict(items)
    teacher = of_name(config.name)
    unknown = [name for name in config.data if name not in datasets]
    if unknown:
        raise UnknownName(
            f"teacher {config.name} is to teach on {', '.join(unknown)}, which the recipe has not",
            "name some of the recipe's data sets in the teacher's `data`",
        )
    heard = {}
    for id, item in items.items():
        if item.dataset in config.data:
            heard[id] = cache.kept(item.example.path, teacher.reader, "lessons")
    n_missing = sum(values is None for values in heard.values())
    if n_missing:
        raise DatasetMissing(
            f"what {config.name} says of the clips is missing for {n_missing} of {len(heard)}",
            f"run `python benchmarks/teacher.py` in affetto's repository; {_WITHOUT}",
        )
    return {
        id: replace(item, lessons=_lessons(item, heard.get(id), teacher.hop_s))
        for id, item in items.items()
    }


def simplified(items: Sequence[Item], n_dims: int) -> tuple[Item, ...]:
    """Give items whose lessons are principal components of those of all of them.

    Each value is brought to mean 0 and deviation 1 first, and the components, (n_positions,
    n_dims), to a mean variance of 1 together: the first ones are the loudest.
    """
    rows = np.concatenate([item.lessons for item in items if item.lessons is not None])
    rows = rows.astype(np.float32)
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), _LEAST_DEVIATION)
    rows = (rows - mean) / deviation
    variances, axes = np.linalg.eigh(rows.T.astype(np.float64) @ rows / len(rows))
    axes = axes[:, ::-1][:, :n_dims] / np.sqrt(variances[::-1][:n_dims].mean())

    def told(values: npt.NDArray[np.float16] | None) -> FloatArray | None:
        if values is None:
            return None
        return np.asarray((values.astype(np.float32) - mean) / deviation @ axes, np.float32)

    return tuple(replace(item, lessons=told(item.lessons)) for item in items)


def _lessons(
    item: Item, heard: npt.NDArray[np.float16] | None, hop_s: float
) -> npt.NDArray[np.float16] | None:
    """Give the rows (n_positions, n_values) of an item's part of its recording."""
    if heard is None:
        return None
    interval = item.example.interval
    first = 0 if interval is None else round(interval.start_s / hop_s)
    return heard.T[min(first, heard.shape[1] - 1) :]
