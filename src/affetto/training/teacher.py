"""What other networks say of the clips: lessons for the trunk, in training alone.

A network that was trained on far more music than anyone has emotions for knows what sounds alike.
So the trunk learns, beside its heads, to tell that network's outputs of the same moments (G. Hinton
and others, "Distilling the knowledge in a neural network", 2015; here by least squares on its
inner values, as A. Romero and others, "FitNets", ICLR 2015). The layer that tells them is thrown
away, so a bundle has no part of the teacher, and prediction needs none.

What a teacher says is computed once, in a Python of its own (`benchmarks/teacher.py`), and kept in
the feature cache: for each recording (n_values, n_positions), a position each `HOP_S` seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto import cache
from affetto.core import Dataset, FloatArray
from affetto.errors import BadConfig, DatasetMissing, UnknownName
from affetto.training.config import TeacherConfig
from affetto.training.data import Item

HOP_S = 62 * 256 / 16_000
"""How far apart teachers are asked: the whole number of musicnn's frames nearest to a second."""
MOMENT_S = 8 * 256 / 16_000
"""How far apart the moments are that a teacher of moments tells of: eight of musicnn's frames."""
_WITHOUT = "`--set 'teacher.names=[]'` trains without"
_LEAST_DEVIATION = 1e-3
_ENOUGH_ROWS = 50_000  # to find principal components of


@dataclass(frozen=True, slots=True)
class Teacher:
    """A network that teaches: `reader` names what is kept of it, `about` is for the card.

    What it says stands `hop_s` apart, and is of windows from there on; or, `of_moments`, of the
    time up to the next, so that each position of a trunk's rows can be told what it should be.
    """

    reader: str
    about: str
    hop_s: float = HOP_S
    of_moments: bool = False


TEACHERS: Mapping[str, Teacher] = {
    "musicnn": Teacher(
        "musicnn-1",
        "musicnn's MSD_musicnn (J. Pons, X. Serra, ISC licence; trained on the tags of 200,000 "
        "songs)",
    ),
    "musicnn_moments": Teacher(
        "musicnn-moments-1",
        "musicnn's MSD_musicnn, what its inner layers say from moment to moment",
        MOMENT_S,
        of_moments=True,
    ),
    "musicnn_mtt": Teacher(
        "musicnn-mtt-1",
        "musicnn's MTT_musicnn (the same, trained on the tags of 19,000 clips of MagnaTagATune)",
    ),
    "yamnet": Teacher(
        "yamnet-2",
        "YAMNet (M. Plakal, D. Ellis, Apache licence 2.0; trained on the 521 kinds of sound of "
        "AudioSet, two million clips)",
    ),
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
    """Give items by id, those of the data sets that the teachers have heard with their lessons.

    Raises: UnknownName; DatasetMissing where something of such a data set has not been heard;
    BadConfig where a teacher says fewer values than are to be learnt of it.
    """
    if not config.names:
        return dict(items)
    teachers = {name: of_name(name) for name in config.names}
    unknown = [name for name in config.data if name not in datasets]
    if unknown:
        raise UnknownName(
            f"{' and '.join(config.names)} would teach on {', '.join(unknown)}, which the recipe "
            "has not",
            "name some of the recipe's data sets in the teacher's `data`",
        )
    taught = {id: item for id, item in items.items() if item.dataset in config.data}
    said = [_said(name, teachers[name], taught) for name in config.names]
    for name, of, n_dims in zip(config.names, said, config.n_dims, strict=True):
        n_values = min((len(values) for values in of.values()), default=n_dims)
        if n_values < n_dims:
            raise BadConfig(
                f"{name} says {n_values} values, of which no {n_dims} components can be learnt",
                f"set its place in the teacher's n_dims to {n_values} or less",
            )
    return {
        id: replace(
            item,
            lessons=tuple(
                _part(item, of[id], teachers[name].hop_s)
                for name, of in zip(config.names, said, strict=True)
                if id in of
            ),
        )
        for id, item in items.items()
    }


def simplified(items: Sequence[Item], n_dims: Sequence[int]) -> tuple[Item, ...]:
    """Give items whose lessons are principal components of those of all of them.

    Each teacher's stand apart, so that one of many values does not drown one of few: each value is
    brought to mean 0 and deviation 1 first, and the components, (n_positions, n_dims), to a mean
    variance of 1 together: the first ones are the loudest.
    """
    said = zip(*(item.lessons for item in items if item.lessons), strict=True)
    tellings = [_fitted(rows, n) for rows, n in zip(said, n_dims, strict=True)]

    def told(item: Item) -> Item:
        if not item.lessons:
            return item
        pairs = zip(tellings, item.lessons, strict=True)
        return replace(item, lessons=tuple(tell(rows) for tell, rows in pairs))

    return tuple(map(told, items))


def _fitted(
    said: Sequence[npt.NDArray[np.float16]], n_dims: int
) -> Callable[[npt.NDArray[np.float16]], FloatArray]:
    """Give what turns a teacher's words into principal components of all of `said`."""
    every = max(1, sum(map(len, said)) // _ENOUGH_ROWS)
    rows = np.concatenate([of[::every] for of in said]).astype(np.float32)
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), _LEAST_DEVIATION)
    rows = (rows - mean) / deviation
    variances, axes = np.linalg.eigh(rows.T.astype(np.float64) @ rows / len(rows))
    axes = axes[:, ::-1][:, :n_dims] / np.sqrt(variances[::-1][:n_dims].mean())
    return lambda of: np.asarray((of.astype(np.float32) - mean) / deviation @ axes, np.float32)


def _said(
    name: str, teacher: Teacher, items: Mapping[str, Item]
) -> dict[str, npt.NDArray[np.float16]]:
    """Give what is kept of a teacher's words, by item. Raises: DatasetMissing."""
    kept = {id: cache.kept(i.example.path, teacher.reader, "lessons") for id, i in items.items()}
    found = {id: values for id, values in kept.items() if values is not None}
    if len(found) < len(kept):
        raise DatasetMissing(
            f"what {name} says of the clips is missing for {len(kept) - len(found)} of {len(kept)}",
            f"run `python benchmarks/teacher.py` in affetto's repository; {_WITHOUT}",
        )
    return found


def _part(item: Item, said: npt.NDArray[np.float16], hop_s: float) -> npt.NDArray[np.float16]:
    """Give the rows (n_positions, n_values) of an item's part of its recording."""
    interval = item.example.interval
    first = 0 if interval is None else round(interval.start_s / hop_s)
    return said.T[min(first, said.shape[1] - 1) :]
