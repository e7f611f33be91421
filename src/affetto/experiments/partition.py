"""Which fold tests each example, repetition by repetition; as a file that others can use."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.core import IntArray
from affetto.errors import BadConfig
from affetto.experiments.outcome import SplitBy
from affetto.experiments.stratification import stratified_folds
from affetto.files import atomic_write

COLUMNS = ("id", "group", "fold", "repeat")


@dataclass(frozen=True, slots=True)
class Partition:
    """The folds of the examples: `folds` (n_repeats, n_examples), counted from 0.

    `units` (n_examples,) names what no fold cuts: the group, or the example itself.
    """

    ids: tuple[str, ...]
    units: tuple[str, ...]
    folds: IntArray

    @property
    def n_repeats(self) -> int:
        return len(self.folds)

    @property
    def n_folds(self) -> int:
        return int(self.folds.max()) + 1

    def sides(self, repeat: int, fold: int) -> tuple[IntArray, IntArray]:
        """Give the rows of the training side and of the test side."""
        is_test = self.folds[repeat] == fold
        return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def draw(
    ids: Sequence[str],
    units: Sequence[str],
    labels: npt.ArrayLike,
    n_folds: int,
    n_repeats: int = 1,
) -> Partition:
    """Draw stratified folds of whole units, each repetition by its own number as the seed.

    Shapes: labels (n_examples, n_tags) of 0 and 1. Raises: BadConfig for too few units.
    """
    names, places = np.unique(np.asarray(units), return_inverse=True)
    wanted = np.asarray(labels)
    counts = np.zeros((len(names), wanted.shape[1]), np.int64)
    np.add.at(counts, places, wanted.astype(np.int64))
    sizes = np.bincount(places, minlength=len(names))
    repeats = [stratified_folds(counts, sizes, n_folds, seed)[places] for seed in range(n_repeats)]
    return Partition(tuple(ids), tuple(units), np.stack(repeats))


def units_of(ids: Sequence[str], groups: Sequence[str], by: SplitBy) -> tuple[str, ...]:
    """Give what a split may not cut: the examples' groups, or nothing but the examples."""
    return tuple(groups) if by == "song" else tuple(name_of(id) for id in ids)


def name_of(example_id: str) -> str:
    """Give an example's name without its data set's: `cal500exp/song/3.1` -> `song/3.1`."""
    return example_id.partition("/")[2]


def write_folds(partition: Partition, path: Path) -> None:
    """Write a row for each repetition and example."""
    with atomic_write(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for repeat, folds in enumerate(partition.folds):
            for id, unit, fold in zip(partition.ids, partition.units, folds, strict=True):
                writer.writerow((id, unit, int(fold), repeat))


def read_folds(path: Path, ids: Sequence[str], units: Sequence[str]) -> Partition:
    """Read folds of these examples. Raises: BadConfig with file and line for anything else."""
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
        rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadConfig(f"{path} cannot be read: {error}", "give a file of folds") from error
    missing = sorted({"id", "fold"} - set(reader.fieldnames or ()))
    if missing:
        raise BadConfig(f"{path}, line 1: the column {', '.join(missing)} is missing")
    places = {id: place for place, id in enumerate(ids)}
    found: dict[int, IntArray] = {}
    for line, row in rows:
        where = f"{path}, line {line}"
        if row["id"] not in places:
            raise BadConfig(
                f"{where}: {row['id']!r} is not among the examples",
                "take folds that were made for this task and source",
            )
        fold, repeat = (_count(row.get(name) or "0", where) for name in ("fold", "repeat"))
        of_repeat = found.setdefault(repeat, np.full(len(ids), -1))
        if of_repeat[places[row["id"]]] >= 0:
            raise BadConfig(f"{where}: {row['id']} is there twice", "remove one of the rows")
        of_repeat[places[row["id"]]] = fold
    return _checked(path, found, tuple(ids), tuple(units))


def _checked(
    path: Path, found: dict[int, IntArray], ids: tuple[str, ...], units: tuple[str, ...]
) -> Partition:
    if sorted(found) != list(range(len(found))) or not found:
        raise BadConfig(f"{path}: the repetitions must be counted from 0")
    folds = np.stack([found[repeat] for repeat in range(len(found))])
    if (folds < 0).any():
        without = ids[int(np.argwhere(folds < 0)[0][1])]
        raise BadConfig(f"{path}: {without} has no fold", "give each example one")
    for of_repeat in folds:
        if len(np.unique(of_repeat)) != of_repeat.max() + 1 or of_repeat.max() < 1:
            raise BadConfig(f"{path}: the folds must be counted from 0, two at least, none empty")
        fold_of: dict[str, int] = {}
        for unit, fold in zip(units, of_repeat, strict=True):
            if fold_of.setdefault(unit, int(fold)) != fold:
                raise BadConfig(
                    f"{path}: {unit} stands in two folds",
                    "what was learned from one part would help on the other",
                )
    if len({int(of_repeat.max()) for of_repeat in folds}) > 1:
        raise BadConfig(f"{path}: the repetitions differ in the number of folds")
    return Partition(ids, units, folds)


def _count(text: str, where: str) -> int:
    if not text.isdecimal():
        raise BadConfig(f"{where}: {text!r} is not a number of a fold or a repetition")
    return int(text)
