"""The interface of all methods: fit on examples, score examples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from affetto.core import Example, FloatArray, IntArray
from affetto.experiments.examples import Examples
from affetto.experiments.outcome import Family, SplitBy
from affetto.experiments.partition import name_of
from affetto.experiments.tasks import Task


@dataclass(frozen=True, slots=True)
class Fence:
    """What must not be trained on: units that do not stand in the training side.

    A method that takes further data sets asks it for each of their examples. `songs` are those
    of the units, for examples that are not segments.
    """

    by: SplitBy
    units: frozenset[str]
    songs: frozenset[str]

    @staticmethod
    def around(training: IntArray, everything: Examples, by: SplitBy) -> Fence:
        """Put a fence around the training rows of all examples."""
        inside = {everything.units[row] for row in training}
        outside = [row for row, unit in enumerate(everything.units) if unit not in inside]
        return Fence(
            by,
            frozenset(everything.units[row] for row in outside),
            frozenset(everything.songs[row] for row in outside),
        )

    def without(self, kept_out: Examples) -> Fence:
        """Give a fence that keeps these examples out as well."""
        return Fence(self.by, self.units.union(kept_out.units), self.songs.union(kept_out.songs))

    def lets_in(self, example: Example) -> bool:
        """Say whether an example of any data set may be trained on."""
        if self.by == "song":
            return example.group not in self.units and example.song not in self.songs
        if example.interval is None:
            return example.song not in self.songs
        return name_of(example.id) not in self.units


@dataclass(frozen=True, slots=True)
class Site:
    """What all jobs of an experiment share; `work` is the folder of what they keep."""

    task: Task
    root: Path | None
    skip_bad: bool
    work: Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where one job works: what it may train on, and a folder for what it has not finished."""

    site: Site
    folder: Path
    fence: Fence


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a method has learned.

    `score` gives examples their scores (n_examples, n_tags) in [0, 1]. `held_out` are rows of the
    training side that were scored without having been learned from, `held_out_scores`
    (n_held_out, n_tags): thresholds are fitted on them. `settings` says what tuning chose.
    """

    score: Callable[[Examples], FloatArray]
    held_out: IntArray
    held_out_scores: FloatArray
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FoldResult:
    """A method on one fold.

    `scores` (n_test, n_tags) of the test side, `held_out` rows of all examples inside the
    training side with their scores (n_held_out, n_tags), `seconds` what it took.
    """

    scores: FloatArray
    held_out: IntArray
    held_out_scores: FloatArray
    settings: Mapping[str, Any]
    seconds: float


class Contender(ABC):
    """A method that is fitted: a frozen dataclass with `name`, `summary` and its settings.

    Same examples, seed and settings give the same scores. `is_random` says that another seed
    gives others. `needs` names the feature sets, one of which must be there; nothing where the
    method needs none. `seconds` is a rough guess of a fit on 2,500 segments, for the order of
    the work and the time left. `by` names the splits that it makes sense under, `variant_of` the
    method that an ablation is compared with.
    """

    __slots__ = ()

    name: str
    summary: str
    family: Family
    is_random: bool
    needs: tuple[str, ...]
    seconds: float
    by: tuple[SplitBy, ...] = ("song", "segment")
    variant_of: str = ""

    @abstractmethod
    def fit(self, training: Examples, seed: int, place: Place) -> Fitted:
        """Learn from labelled examples, whose `units` no inner split may cut."""

    @abstractmethod
    def definition(self, site: Site) -> Mapping[str, Any]:
        """Give all that the scores depend on beside examples, split and seed: for JSON."""


class Combination(ABC):
    """A method made of others' scores: nothing is fitted, so it has no jobs."""

    __slots__ = ()

    name: str
    summary: str
    family: Family

    @abstractmethod
    def parts(self, names: Sequence[str]) -> tuple[str, ...]:
        """Give the names of the methods it is made of, among those of an experiment.

        Empty where they are not all there.
        """

    @abstractmethod
    def combine(self, found: Mapping[str, Sequence[FoldResult]], labels: FloatArray) -> FoldResult:
        """Combine the parts' results on a fold, one for each seed; labels are of all examples."""


def mean_of(results: Sequence[FoldResult]) -> FoldResult:
    """Average the scores of different methods, on the held-out rows that all of them have."""
    rows = results[0].held_out
    for result in results[1:]:
        rows = np.intersect1d(rows, result.held_out)
    return _mean(results, rows)


def ensemble_of(results: Sequence[FoldResult]) -> FoldResult:
    """Average the scores of one method's seeds, each of which may hold other rows out.

    A held-out row gets the mean of the seeds that have not learned from it.
    """
    rows = results[0].held_out
    for result in results[1:]:
        rows = np.union1d(rows, result.held_out)
    return _mean(results, rows)


def _mean(results: Sequence[FoldResult], rows: IntArray) -> FoldResult:
    """Average scores, and on the held-out rows those of the results that have them."""
    sums = np.zeros((len(rows), results[0].scores.shape[1]), np.float64)
    counts = np.zeros((len(rows), 1))
    for result in results:
        _, places, own = np.intersect1d(rows, result.held_out, return_indices=True)
        sums[places] += result.held_out_scores[own]
        counts[places] += 1
    return FoldResult(
        scores=np.mean([result.scores for result in results], axis=0, dtype=np.float32),
        held_out=rows,
        held_out_scores=(sums / counts).astype(np.float32),
        settings={},
        seconds=sum(result.seconds for result in results),
    )
