"""A network on spectrograms, trained by a recipe; torch is imported by `fit` alone.

The recipe trains on the task's data set, whose examples are split by the experiment's folds. Other
data sets of the recipe help, all but what the fence keeps out: what belongs to the test side, and
to the examples that the thresholds are fitted on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from affetto import datasets, frontends, models
from affetto.core import Dataset, FloatArray, Head, IntArray
from affetto.errors import BadConfig
from affetto.experiments.code import code_sha256
from affetto.experiments.examples import Examples
from affetto.experiments.methods.base import Contender, Fitted, Place, Site
from affetto.experiments.outcome import Family
from affetto.experiments.partition import draw
from affetto.experiments.recordings import with_kept
from affetto.experiments.tasks import Task
from affetto.files import file_sha256
from affetto.training.config import DataConfig, TeacherConfig, TrainConfig
from affetto.training.config import load as load_recipe
from affetto.training.data import Item, load_items

_CODE = ("affetto.training", "affetto.models", "affetto.frontends", __name__)


@dataclass(frozen=True, slots=True)
class Network(Contender):
    """A recipe of `training/recipes`, or a TOML file, with overrides of its settings.

    `recipe` is the task's own where it is empty, with the task's overrides; `overrides` come on
    top. `context_s` is how much sound on both sides of a segment its window may lie in.
    `variant_of` names the network that this one is compared with.
    """

    name: str
    summary: str
    recipe: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict)
    context_s: float = 0.0
    variant_of: str = ""
    family: Family = "network"
    is_random: bool = True
    needs: tuple[str, ...] = ()
    seconds: float = 240.0

    def config(self, task: Task) -> TrainConfig:
        """Give the recipe for a task, trained in one thread and without a teacher, who may know
        the test side. Raises: BadConfig."""
        if self.recipe:
            config = load_recipe(self.recipe, self.overrides)
        else:
            config = load_recipe(task.recipe, {**task.overrides, **self.overrides})
            config = replace(config, data=tuple(_of_task(data, task) for data in config.data))
        if task.dataset not in [data.name for data in config.data]:
            raise BadConfig(
                f"recipe {config.name} of method {self.name} does not train on {task.dataset}",
                "add it to the recipe's data",
            )
        return replace(config, n_threads=1, teacher=TeacherConfig())

    def fit(self, training: Examples, seed: int, place: Place) -> Fitted:
        models.require_torch()
        from affetto.models.scorer import TorchScorer
        from affetto.training import loop

        task = place.site.task
        config = replace(self.config(task), seed=seed)
        items = _items(config, self.context_s, place.site)
        head = _head(config, training)
        learned, held_out = validation_rows(training, config.validation_share, seed)
        main = [_labeled(items[id], head, training, row) for row, id in enumerate(training.ids)]
        fence = place.fence.without(training.part(held_out))
        further = [
            item
            for item in items.values()
            if item.dataset != task.dataset and fence.lets_in(item.example)
        ]
        validation = [main[row] for row in held_out]
        scorer = TorchScorer(
            loop.train(
                config, [*(main[row] for row in learned), *further], validation, place.folder
            )
        )

        def score(examples: Examples) -> FloatArray:
            wanted = [items[id] for id in examples.ids]
            found: FloatArray = loop.score_items(scorer, config, wanted)[head.name]
            return found

        return Fitted(
            score=score,
            held_out=held_out,
            held_out_scores=score(training.part(held_out)),
            settings={"n_validation": len(held_out), "n_further": len(further)},
        )

    def definition(self, site: Site) -> Mapping[str, Any]:
        config = self.config(site.task)
        further = [data.name for data in config.data if data.name != site.task.dataset]
        return {
            "recipe": asdict(config),
            "context_s": self.context_s,
            "further": {name: _data_sha256(name, site.root, site.skip_bad) for name in further},
            "code": code_sha256(*_CODE),
        }


def _of_task(data: DataConfig, task: Task) -> DataConfig:
    return replace(data, name=task.dataset) if data.name == task.stands_for else data


def _head(config: TrainConfig, training: Examples) -> Head:
    """Give the head that answers to the examples' labels. Raises: BadConfig."""
    found = [spec for spec in config.specs() if spec.vocabulary == training.vocabulary]
    if len(found) != 1:
        raise BadConfig(
            f"recipe {config.name} has {len(found)} heads for the vocabulary "
            f"{training.vocabulary.name}, where one is needed"
        )
    return found[0]


def validation_rows(training: Examples, share: float, seed: int) -> tuple[IntArray, IntArray]:
    """Give the rows to learn from and those to fit thresholds on: one of stratified folds.

    Seeds take turns, so that all rows of a seed's fold are left to the others to learn from, and
    an ensemble has more rows to fit thresholds on than each of its members.
    """
    n_folds = min(max(2, round(1 / share)), len(set(training.units)))
    drawn = draw(training.ids, training.units, training.labels, n_folds)
    return drawn.sides(0, seed % n_folds)


def _labeled(item: Item, head: Head, training: Examples, row: int) -> Item:
    """Give an item with the labels that the method was given, and no others of that head."""
    return replace(item, targets={**item.targets, head.name: training.labels[row]})


_items_in_memory: dict[str, dict[str, Item]] = {}


def _items(config: TrainConfig, context_s: float, site: Site) -> dict[str, Item]:
    """Read a recipe's items, once in a process as long as its methods want the same."""
    names = [data.name for data in config.data]
    part = config.front_end
    wanted = (names, asdict(part), [asdict(head) for head in config.heads], context_s)
    key = f"{json.dumps(wanted, sort_keys=True)} {site.root} {site.skip_bad}"
    if key not in _items_in_memory:
        _items_in_memory.clear()
        front_end = frontends.build(part.name, part.config)
        folder = site.work / "recordings"
        loaded = {
            name: with_kept(datasets.load(name, site.root, site.skip_bad), front_end, folder)
            for name in names
        }
        _items_in_memory[key] = load_items(loaded, config.specs(), front_end, context_s=context_s)
    return _items_in_memory[key]


@lru_cache
def _data_sha256(name: str, root: Path | None, skip_bad: bool) -> str:
    """Hash a further data set: its files as far as examples name them, and all labels."""
    dataset: Dataset = datasets.load(name, root, skip_bad)
    digest = hashlib.sha256()
    for path in sorted({example.path for example in dataset.examples}):
        digest.update(file_sha256(path).encode())
    for example in dataset.examples:
        digest.update(f"{example.id} {example.group} {example.interval}".encode())
        digest.update(example.labels.tobytes())
        if example.valence_arousal is not None:
            digest.update(example.valence_arousal.tobytes())
    return digest.hexdigest()
