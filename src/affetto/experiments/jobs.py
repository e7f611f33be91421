"""The work of an experiment in pieces: a method on one fold with one seed, a process for each.

A job's result hangs on its key alone: not on which process does it, when, or after what. Every
process keeps to one thread, since several jobs share the cores, and since sums that are split
among threads round differently.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from affetto import workers
from affetto.core import IntArray
from affetto.experiments.examples import Examples
from affetto.experiments.methods.base import Contender, Fence, FoldResult, Place, Site
from affetto.experiments.outcome import SplitBy
from affetto.experiments.store import Store

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True, slots=True)
class Cell:
    """Which result is meant: `n_songs` is 0 where all songs of the training side are used."""

    method: str
    by: SplitBy
    repeat: int
    fold: int
    seed: int
    n_songs: int = 0

    def __str__(self) -> str:
        extra = f", {self.n_songs} songs" if self.n_songs else ""
        extra += ", split by segment" if self.by == "segment" else ""
        return f"{self.method}, fold {self.fold}, repeat {self.repeat}, seed {self.seed}{extra}"


@dataclass(frozen=True, slots=True)
class Job:
    """A cell with all that it takes: `training` and `test` are rows of the examples."""

    cell: Cell
    contender: Contender
    training: IntArray
    test: IntArray
    key: str
    cost: float


@dataclass(frozen=True, slots=True)
class Bench:
    """What every process of an experiment has at hand."""

    site: Site
    examples: Examples

    @property
    def store(self) -> Store:
        return Store(self.site.work / "results")

    def perform(self, job: Job) -> FoldResult:
        """Fit a method on the training side and score the test side, whose labels it lacks."""
        begun_s = time.monotonic()
        examples = self.examples.split_by(job.cell.by)
        folder = self.site.work / "unfinished" / job.key
        fence = Fence.around(job.training, examples, job.cell.by)
        fitted = job.contender.fit(
            examples.part(job.training), job.cell.seed, Place(self.site, folder, fence)
        )
        result = FoldResult(
            scores=fitted.score(examples.part(job.test).unlabeled()),
            held_out=job.training[fitted.held_out],
            held_out_scores=fitted.held_out_scores,
            settings=fitted.settings,
            seconds=time.monotonic() - begun_s,
        )
        self.store.write(job.key, result)
        shutil.rmtree(folder, ignore_errors=True)
        return result


def rows_sha256(examples: Examples, rows: IntArray) -> str:
    """Hash the ids of rows."""
    return hashlib.sha256("\n".join(examples.ids[row] for row in rows).encode()).hexdigest()


def perform_all(bench: Bench, jobs: Sequence[Job], n_processes: int) -> Iterator[tuple[Job, float]]:
    """Do the jobs, each in one of the processes; give each with its seconds when it is kept.

    Raises: what a job raises; AffettoError where its process ended.
    """
    order = sorted(jobs, key=lambda job: -job.cost)  # the longest first: none is left at the end
    with _one_thread_each():
        yield from workers.perform_all(
            _perform,
            order,
            n_processes,
            name=lambda job: str(job.cell),
            initializer=_set_up,
            initargs=(bench,),
        )


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start in this block use one thread each for their matrices."""
    before: Mapping[str, str | None] = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_bench: Bench | None = None


def _set_up(bench: Bench) -> None:
    global _bench
    _bench = bench


def _perform(job: Job) -> float:
    assert _bench is not None
    return _bench.perform(job).seconds
