"""A tiny network trained on the miniature, made once in a run of the tests and then shared.

Nobody changes what these functions give; who wants to takes a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pytest
import torch

from affetto.training import loop, run
from affetto.training.config import TrainConfig, load
from affetto.training.run import Prepared, Sides
from tests import miniature


@contextmanager
def quietly(cache: Path) -> Iterator[None]:
    """Keep the features in `cache`, use one thread, and leave torch as it was."""
    n_threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFFETTO_CACHE", str(cache))
        torch.set_num_threads(1)
        yield
    torch.set_num_threads(n_threads)
    if torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(False)


class TinyTraining:
    """The recipe, its data, a run that nothing stopped and the bundle made of it."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.root = folder, root
        self.cache = folder / "cache"
        folder.mkdir(parents=True)
        self.recipe = folder / "tiny.toml"
        self.recipe.write_text(miniature.RECIPE, encoding="utf-8")
        self.config: TrainConfig = load(self.recipe)

    @property
    def prepared(self) -> Prepared:
        return _prepared(self)

    @property
    def sides(self) -> Sides:
        """The sides of the training on all folds."""
        return run.sides(self.prepared, None, self.config.seed)

    @property
    def run_folder(self) -> Path:
        folder = self.folder / "uninterrupted"
        if not (folder / "weights.safetensors").exists():
            sides = self.sides
            with quietly(self.cache):
                loop.train(self.config, sides.training, sides.validation, folder)
        return folder

    @property
    def bundle(self) -> Path:
        folder = self.folder / "tiny-0.0.1"
        if not folder.exists():
            with quietly(self.cache):
                run.make_bundle(self.prepared, self.run_folder, folder)
        return folder


@lru_cache
def of(base: Path) -> TinyTraining:
    """Give the training that is kept under a folder of this run of the tests."""
    root = base / "miniature" / "data"
    if not root.exists():
        miniature.write(root)
    return TinyTraining(base / "tiny-training", root)


@lru_cache
def _prepared(tiny: TinyTraining) -> Prepared:
    with quietly(tiny.cache):
        return run.prepare(tiny.config, tiny.root)
