"""A recipe carried out: data read, sides chosen, one network trained, a bundle made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from affetto import frontends, models
from affetto.bundles.card import CardData, card_text
from affetto.core import Dataset, FloatArray
from affetto.datasets.base import labels_sha256
from affetto.datasets.splits import first_drawn, fold_of_groups, split
from affetto.errors import BadConfig, DatasetInvalid
from affetto.metrics import best_thresholds
from affetto.training import teacher
from affetto.training.calibration import Calibration, fold_in, sign_slopes
from affetto.training.config import TeacherConfig, TrainConfig
from affetto.training.data import LABEL_CUT, Item, Progress, load_all, load_items
from affetto.training.record import versions
from affetto.training.start import Start, fingerprint


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recipe's data in memory: items by example id, and the fold of each group.

    `start` is the bundle that its trainings start from, if they do.
    """

    config: TrainConfig
    datasets: Mapping[str, Dataset]
    items: Mapping[str, Item]
    folds: Mapping[str, int]
    start: Start | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """The items of all data sets together, by what they are for."""

    training: tuple[Item, ...]
    validation: tuple[Item, ...]
    test: tuple[Item, ...]


def runs_folder(config: TrainConfig, start: Start | None = None) -> Path:
    """Give the folder under which a recipe's run folders are, by default: one a recipe and
    bundle to start from."""
    return Path("runs") / f"{config.name}-{fingerprint(config, start)}"


def read_results(path: Path, config: TrainConfig, start: Start | None = None) -> dict[str, Any]:
    """Read what an evaluation of this recipe wrote. Raises: BadConfig for anything else."""
    try:
        results: Any = json.loads(path.read_text(encoding="utf-8"))
        evaluated = results["fingerprint"]
        known = {name: len(values) for name, values in results["thresholds"].items()}
        calibration = _calibration(results)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadConfig(
            f"{path} does not hold the results of an evaluation",
            "give the file that `affetto evaluate -o` wrote",
        ) from error
    wanted = {spec.name: spec.n_outputs for spec in config.specs()}
    fitted = {name: len(found.slopes) for name, found in calibration.items()}
    fits = {*known.items(), *fitted.items()} <= set(wanted.items())
    if evaluated != fingerprint(config, start) or not fits:
        raise BadConfig(
            f"{path} holds the results of another recipe than {config.name} as it is now",
            "run `affetto evaluate` for this recipe, with the same --init",
        )
    return dict(results)


def prepare(
    config: TrainConfig,
    root: Path | None,
    progress: Progress = lambda *_: None,
    start: Start | None = None,
) -> Prepared:
    """Read a recipe's data, from the feature cache where it is there.

    Raises: DatasetMissing, DatasetInvalid, MissingExtra, UnknownName, BadConfig.
    """
    models.require_torch()
    from affetto.training import loop

    if start is not None:
        start.check(config)  # now, not after minutes of reading
    loop.build(config)  # likewise: a network that cannot be made
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    datasets = load_all(config.data, root)
    items = load_items(datasets, config.specs(), front_end, progress)
    items = teacher.with_lessons(items, datasets, config.teacher)
    return Prepared(config, datasets, items, fold_of_groups(datasets.values()), start)


def sides(prepared: Prepared, test_fold: int | None, seed: int) -> Sides:
    """Put one fold of groups aside, the same in every data set; None trains on all folds.

    Raises: DatasetInvalid when a side that is needed would be empty.
    """
    training: list[Item] = []
    validation: list[Item] = []
    test: list[Item] = []
    share = prepared.config.validation_share
    for dataset in prepared.datasets.values():
        chosen = split(dataset, prepared.folds, test_fold, share, seed)
        for ids, side in (
            (chosen.train, training),
            (chosen.validation, validation),
            (chosen.test, test),
        ):
            side.extend(prepared.items[id] for id in ids)
    if not validation:  # in so few groups that none was drawn
        groups = {item.example.group for item in training}
        first = first_drawn(groups, seed) if len(groups) > 1 else None
        validation = [item for item in training if item.example.group == first]
        training = [item for item in training if item.example.group != first]
    if not training or not validation or (test_fold is not None and not test):
        raise DatasetInvalid(
            "the data are too few groups (artists, albums) to split into training, validation "
            "and test",
            "add examples of other artists",
        )
    return Sides(tuple(training), tuple(validation), tuple(test))


def fitted_thresholds(
    config: TrainConfig, items: Sequence[Item], outputs: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """Give each tag head's thresholds (n_tags,): those of the highest F1 on `items`.

    `outputs` are the network's scores of the same items, (n_items, n_tags) by head. Soft
    targets count as positive from 1/2 on.
    """
    found = {}
    for spec in config.specs():
        if spec.kind != "tags":
            continue
        targets = np.stack([item.targets[spec.name] for item in items])
        binary = np.where(np.isnan(targets), np.nan, targets >= LABEL_CUT)
        found[spec.name] = np.asarray(best_thresholds(binary, outputs[spec.name]), np.float32)
    return found


def make_bundle(
    prepared: Prepared,
    run_folder: Path,
    output: Path,
    results: Mapping[str, Any] | None = None,
    report: Any = lambda *_: None,
) -> float:
    """Train on all folds (but the validation groups) and publish the bundle in `output`.

    `results` is what `affetto evaluate` wrote for this recipe: its out-of-fold scores give the
    calibration, which becomes part of the weights, and the thresholds; its figures go into the
    card. Without it the thresholds come from the validation groups. Thresholds and slopes that
    nothing was fitted for are those of the bundle that it starts from, if it does. Gives the
    difference between torch and ONNX. Raises: BadConfig, BundleInvalid, DatasetInvalid.
    """
    from affetto.training import loop, publish, shipping

    config = prepared.config
    publish.check_target(output)  # now, not after hours of training
    parts = sides(prepared, None, config.seed)
    examples = shipping.examples(config, parts.training)
    shipping.check(config, examples)
    start = prepared.start
    scorer = loop.train(config, parts.training, parts.validation, run_folder, report, start)
    calibration: dict[str, Calibration] = {}
    if results is None:
        shipped = shipping.as_shipped(scorer, config, parts.training)
        outputs = loop.score_items(shipped, config, parts.validation)
        thresholds = fitted_thresholds(config, parts.validation, outputs)
    else:
        thresholds = {
            name: np.asarray(values, np.float32) for name, values in results["thresholds"].items()
        }
        calibration = _calibration(results)
        fold_in(scorer, calibration)
    slopes = sign_slopes(calibration)
    if start is not None:
        slopes = slopes or start.sign_slopes(config.specs())
        fitted_on = parts.validation if results is None else tuple(prepared.items.values())
        thresholds = start.thresholds(thresholds, fitted_on, config.specs())
    record = training_record(prepared, parts, "validation" if results is None else "out-of-fold")
    record["calibration"] = {} if results is None else dict(results["calibration"])
    card = card_text(
        CardData(
            name=config.name,
            version=config.version,
            summary=config.summary,
            license=config.license,
            heads=config.specs(),
            datasets=tuple(prepared.datasets.values()),
            record=record,
            results=results,
        )
    )
    return publish.publish(scorer, config, examples, thresholds, record, card, output, slopes)


def _calibration(results: Mapping[str, Any]) -> dict[str, Calibration]:
    """Read the calibration by head that results hold."""
    plain: Mapping[str, Any] = results["calibration"]
    return {name: Calibration.from_dict(values) for name, values in plain.items()}


def training_record(prepared: Prepared, parts: Sides, thresholds_from: str) -> dict[str, Any]:
    """Say what a bundle was trained on and how; no time and no machine, so it can be repeated."""
    config = prepared.config
    return {
        "recipe": asdict(config),
        "recipe_fingerprint": config.fingerprint(),
        "seed": config.seed,
        "split": "all folds; validation by group",
        "thresholds_from": thresholds_from,
        "datasets": {
            name: {
                "n_training": sum(item.dataset == name for item in parts.training),
                "n_validation": sum(item.dataset == name for item in parts.validation),
                "license": dataset.license,
                "labels_sha256": labels_sha256(dataset),
            }
            for name, dataset in prepared.datasets.items()
        },
        **(_taught(config.teacher) if config.teacher.names else {}),
        **({} if prepared.start is None else {"init": prepared.start.record}),
        "versions": versions(),
    }


def _taught(config: TeacherConfig) -> dict[str, Any]:
    about = [teacher.of_name(name).about for name in config.names]
    return {"teacher": {"names": list(config.names), "about": about, "data": list(config.data)}}
