"""What an evaluation finds: scores of examples that were not seen, and the figures of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from affetto import mood
from affetto.core import QUADRANTS, Dataset, FloatArray, Head, quadrant_probabilities
from affetto.evaluation.held_out import HeldOut, joined
from affetto.evaluation.measures import Figure, by_genre, by_score, figures, kind_of, per_tag
from affetto.training.calibration import Calibration
from affetto.training.data import Item
from affetto.training.record import versions

RESULTS_SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one data set under one head, and the scores behind them, a part a seed."""

    dataset: str
    head: str
    kind: str
    n_examples: int
    n_groups: int
    figures: tuple[Figure, ...]
    per_tag: Mapping[str, Mapping[str, float | int]]
    held: tuple[HeldOut, ...] = field(default=(), repr=False, compare=False)
    by_genre: Mapping[str, Mapping[str, float | int]] = field(default_factory=dict)
    by_score: Mapping[str, Mapping[str, float | int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """All that an evaluation found.

    `calibration` by head is fitted on all held-out scores together, and so are `thresholds`, on
    the scores that it gives: for a bundle, never for a figure. `settings` are those of the recipe
    that were changed, as `--set` has them.
    """

    system: str
    protocol: str
    fingerprint: str
    seeds: tuple[int, ...]
    evaluations: tuple[Evaluation, ...]
    thresholds: Mapping[str, tuple[float, ...]]
    calibration: Mapping[str, Calibration] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return {
            "schema_version": RESULTS_SCHEMA_VERSION,
            "system": self.system,
            "settings": dict(self.settings),
            "protocol": self.protocol,
            "fingerprint": self.fingerprint,
            "seeds": list(self.seeds),
            "versions": versions(),
            "evaluations": [
                {
                    "dataset": e.dataset,
                    "head": e.head,
                    "kind": e.kind,
                    "n_examples": e.n_examples,
                    "n_groups": e.n_groups,
                    "figures": [figure.to_dict() for figure in e.figures],
                    "per_tag": {tag: dict(row) for tag, row in e.per_tag.items()},
                    "by_genre": {genre: dict(row) for genre, row in e.by_genre.items()},
                    "by_score": {score: dict(row) for score, row in e.by_score.items()},
                }
                for e in self.evaluations
            ],
            "thresholds": {name: list(values) for name, values in self.thresholds.items()},
            "calibration": {name: found.to_dict() for name, found in self.calibration.items()},
        }


def merged(parts: Sequence[Results]) -> Results:
    """Put the results of one bundle on several data sets together."""
    protocols = dict.fromkeys(part.protocol for part in parts)
    return replace(
        parts[0],
        protocol="; ".join(protocols),
        evaluations=tuple(found for part in parts for found in part.evaluations),
    )


def evaluation(
    dataset: Dataset, seeds: Sequence[HeldOut], company: Sequence[HeldOut] = ()
) -> Evaluation:
    """Measure one data set under one head, its examples ranked among those of `company`."""
    kind = kind_of(seeds[0], dataset.plane_kind)
    among = [joined(parts) for parts in zip(seeds, company, strict=True)] if company else seeds
    return Evaluation(
        dataset=dataset.name,
        head=seeds[0].head.name,
        kind=kind,
        n_examples=len(seeds[0].ids),
        n_groups=len(set(seeds[0].groups)),
        figures=figures(kind, among),
        per_tag=per_tag(kind, seeds),
        by_score=by_score(kind, seeds),
        by_genre=by_genre(kind, seeds, {e.id: e.genres for e in dataset.examples}),
        held=tuple(seeds),
    )


def held_out(
    heads: Sequence[Head],
    training: Sequence[Item],
    test: Sequence[Item],
    outputs: Mapping[str, FloatArray],
    thresholds: Mapping[str, FloatArray],
    fold: int,
    uncalibrated: Mapping[str, FloatArray] | None = None,
    sign_slopes: tuple[float, float] | None = None,
) -> dict[tuple[str, str], HeldOut]:
    """Put the outputs (n_examples, n_outputs) by head beside the targets of the examples `test`.

    Gives parts by data set and head, of the examples that the head's targets are known of. What
    is always said (`prior`) is taken from `training`; how likely quadrants are follows from the
    plane by `sign_slopes`.
    """
    found = {}
    for dataset in dict.fromkeys(item.dataset for item in test):
        for head in heads:
            rows = [
                i
                for i, item in enumerate(test)
                if item.dataset == dataset and not np.isnan(item.targets[head.name]).all()
            ]
            if not rows:
                continue
            targets = np.stack([test[i].targets[head.name] for i in rows])
            scores = outputs[head.name][rows]
            cuts = thresholds.get(head.name)
            found[dataset, head.name] = HeldOut(
                head=head,
                ids=tuple(test[i].example.id for i in rows),
                groups=tuple(test[i].example.group for i in rows),
                folds=np.full(len(rows), fold),
                targets=targets,
                outputs=scores,
                prior=np.tile(_prior(training, dataset, head), (len(rows), 1)),
                decisions=None if cuts is None else mood.decide(scores, cuts),
                uncalibrated=None if uncalibrated is None else uncalibrated[head.name][rows],
                quadrants=None
                if head.kind != "plane" or sign_slopes is None
                else _quadrants(scores, sign_slopes),
            )
    return found


def _quadrants(points: FloatArray, sign_slopes: tuple[float, float]) -> FloatArray:
    """Give how likely each quadrant is (n, 4) for points of the plane (n, 2)."""
    likely = [quadrant_probabilities(valence, arousal, sign_slopes) for valence, arousal in points]
    return np.asarray([[of[name] for name in QUADRANTS] for of in likely], np.float32)


def _prior(training: Sequence[Item], dataset: str, head: Head) -> FloatArray:
    """Give the mean target (n_outputs,) of a data set's training items; 1/2 where unknown."""
    targets = [item.targets[head.name] for item in training if item.dataset == dataset]
    rows = np.stack(targets) if targets else np.full((1, head.n_outputs), np.nan, np.float32)
    known = ~np.isnan(rows)
    means = np.where(known, rows, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known.any(axis=0), means, 0.5).astype(np.float32)
