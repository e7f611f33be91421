"""A tiny experiment on the miniature data: few methods, two folds, a network of some weights."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from affetto.experiments import run, tasks
from affetto.experiments.examples import Examples, Loaded, load
from affetto.experiments.methods import AnyMethod, find
from affetto.experiments.methods.base import Contender, Fence, Place, Site
from affetto.experiments.methods.baseline import Baseline
from affetto.experiments.methods.network import Network
from affetto.experiments.outcome import SplitBy
from affetto.experiments.partition import draw
from affetto.experiments.run import Plan, Protocol
from tests import miniature

OVERRIDES = {
    "optimizer.epochs": "1",
    "optimizer.batch_size": "8",
    "network.config": "{ channels = [4, 8], n_summary = 8, n_dims = 8 }",
}
NETWORK = Network("network", "a network of some weights", overrides=OVERRIDES)
KNN = Baseline("knn", "neighbors", "knn", ("segment", "scales"), grid=({"k": (3, 5)},))
PRIOR = find("prior")


def site(tmp_path_factory: pytest.TempPathFactory, task: str = "cal500exp") -> Site:
    """Give a site whose work folder all tests share: nothing in it hangs on the test."""
    root = miniature.data_root(tmp_path_factory)
    return Site(tasks.find(task), root, False, tmp_path_factory.getbasetemp() / "experiments")


@lru_cache
def loaded(where: Site) -> Loaded:
    """Read a task's examples, once in a run of the tests."""
    return load(where.task, where.root, where.work)


def sides(everything: Examples, by: SplitBy = "song") -> tuple[Examples, Examples]:
    """Give the training side and the test side of the first of two folds."""
    split = everything.split_by(by)
    training, test = draw(split.ids, split.units, split.labels, 2).sides(0, 0)
    return split.part(training), split.part(test)


def place(where: Site, everything: Examples, training: Examples) -> Place:
    """Give a place to fit a method that is fenced in by the training side."""
    rows = np.asarray([everything.ids.index(id) for id in training.ids])
    folder = Path(tempfile.mkdtemp(dir=where.work))
    return Place(where, folder, Fence.around(rows, everything, "song"))


def plan(
    where: Site,
    methods: tuple[AnyMethod, ...] = (PRIOR, KNN),
    *,
    leaky: tuple[Contender, ...] = (),
    learning: tuple[Contender, ...] = (),
    seeds: tuple[int, ...] = (0,),
    n_repeats: int = 1,
) -> Plan:
    """Plan an experiment of two folds."""
    protocol = Protocol(methods, leaky, learning, seeds, n_folds=2, n_repeats=n_repeats)
    return run.plan(protocol, where)


def performed(planned: Plan) -> Plan:
    """Do all jobs in this process."""
    for job in planned.jobs.values():
        planned.bench.perform(job)
    return planned
