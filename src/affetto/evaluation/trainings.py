"""The networks of a cross-validation, one for each fold and seed, trained side by side.

Each is left in its run folder, where a cross-validation finds it: what process trained it does not
change a bit of it. What is stopped goes on after its last epoch, as any training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from affetto import workers
from affetto.bundles.bundle import read
from affetto.models.heads import Scorer
from affetto.training import loop
from affetto.training.config import TrainConfig
from affetto.training.data import Progress
from affetto.training.run import Prepared, Sides, prepare, sides
from affetto.training.start import Start


@dataclass(frozen=True, slots=True)
class FoldRun:
    """Which network is meant, and the folder that holds the run folders."""

    seed: int
    fold: int
    parent: Path

    @property
    def folder(self) -> Path:
        return self.parent / f"seed{self.seed}-fold{self.fold}"

    @property
    def is_done(self) -> bool:
        return (self.folder / loop.WEIGHTS).exists()


def train(
    prepared: Prepared, run: FoldRun, report: loop.Report = lambda *_: None
) -> tuple[Sides, Scorer]:
    """Train a fold's network, or load it. Gives the fold's sides too. Raises: as `loop.train`."""
    config = replace(prepared.config, seed=run.seed)
    parts = sides(prepared, run.fold, run.seed)
    scorer = loop.train(
        config, parts.training, parts.validation, run.folder, report, prepared.start
    )
    return parts, scorer


def train_all(
    config: TrainConfig,
    root: Path | None,
    start: Start | None,
    runs: Sequence[FoldRun],
    n_processes: int,
    progress: Progress = lambda *_: None,
) -> None:
    """Train the networks that are not there yet in processes of their own.

    Each process reads the data anew. Raises: as `train`; AffettoError where a process ended.
    """
    wanted = [run for run in runs if not run.is_done]
    if not wanted:
        return
    n_done = len(runs) - len(wanted)
    progress("training", n_done, len(runs))
    folder = None if start is None else start.bundle.folder
    for _ in workers.perform_all(
        _train,
        wanted,
        n_processes,
        name=lambda run: f"seed {run.seed}, fold {run.fold}",
        initializer=_set_up,
        initargs=(config, root, folder),
    ):
        n_done += 1
        progress("training", n_done, len(runs))


_prepared: Prepared | None = None


def _set_up(config: TrainConfig, root: Path | None, folder: Path | None) -> None:
    global _prepared
    start = None if folder is None else Start(read(folder))
    _prepared = prepare(config, root, start=start)


def _train(run: FoldRun) -> None:
    assert _prepared is not None
    train(_prepared, run)
