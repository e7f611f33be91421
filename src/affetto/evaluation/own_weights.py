"""A bundle's own weights on data that it has not seen: no torch, as in prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from affetto import mood
from affetto.bundles import Bundle
from affetto.core import Dataset, FloatArray, Head
from affetto.datasets import load as load_dataset
from affetto.errors import BadConfig
from affetto.evaluation.results import Results, evaluation, held_out
from affetto.evaluation.seen_data import SEEN, refuse_seen
from affetto.frontends import FrontEnd
from affetto.training.data import Item, Progress, load_items, windows_of
from affetto.vocabularies import moods

_PLACE = Head("plane of the tags", "plane")
"""Where a bundle without valence and arousal is placed by its tags."""


def evaluate_bundle(
    bundle: Bundle,
    name: str,
    root: Path | None,
    *,
    allow_seen: bool = False,
    progress: Progress = lambda *_: None,
) -> Results:
    """Score a data set with a bundle's own weights and thresholds.

    Raises: BadConfig when the bundle was trained on the data set and `allow_seen` is not set,
    or when no head of the bundle answers to the data set's labels.
    """
    dataset = load_dataset(name, root)
    is_seen = refuse_seen(bundle, dataset, allow_seen)
    dataset, translation = _understood(dataset, bundle)
    heads = [head.spec for head in bundle.heads]
    if bundle.plane_head is None:
        heads.append(_PLACE)
    items = list(load_items({dataset.name: dataset}, heads, bundle.front_end, progress).values())
    outputs = _score_items(bundle, items, progress)
    if bundle.plane_head is None:
        main = bundle.tag_heads[0].spec
        assert main.vocabulary is not None
        outputs[_PLACE.name] = mood.place(outputs[main.name], main.vocabulary)
    thresholds = {
        head.spec.name: np.asarray(head.thresholds, np.float32)
        for head in bundle.heads
        if head.thresholds
    }
    slopes = bundle.sign_slopes
    found = held_out(heads, items, items, outputs, thresholds, fold=0, sign_slopes=slopes)
    if not found:
        raise BadConfig(
            f"no head of bundle {bundle.title} answers to the labels of data set {name}",
            "take a data set of its vocabularies, or one with valence and arousal",
        )
    return Results(
        system=bundle.title,
        protocol="the bundle's own weights" + translation + (f", {SEEN}" if is_seen else ""),
        fingerprint=bundle.fingerprint,
        seeds=(),
        evaluations=tuple(evaluation(dataset, [held]) for held in found.values()),
        thresholds={},
    )


def _understood(dataset: Dataset, bundle: Bundle) -> tuple[Dataset, str]:
    """Give a data set in a vocabulary that the bundle has, and words on what was done for that."""
    heads = [head.spec.vocabulary for head in bundle.tag_heads]
    if dataset.vocabulary in heads or heads[0] is None:
        return dataset, ""
    ways = moods.crosswalk(dataset.vocabulary, heads[0])
    if not ways:
        return dataset, ""
    examples = tuple(
        replace(example, labels=moods.translated(example.labels, ways, len(heads[0])))
        for example in dataset.examples
    )
    told = f", tags of {dataset.vocabulary.name} read as those of {heads[0].name}"
    return replace(dataset, vocabulary=heads[0], examples=examples), told


def _score_items(
    bundle: Bundle, items: Sequence[Item], progress: Progress
) -> dict[str, FloatArray]:
    front_end: FrontEnd = bundle.front_end
    rows: dict[str, list[FloatArray]] = {head.spec.name: [] for head in bundle.heads}
    for number, item in enumerate(items, start=1):
        values = windows_of(item, front_end, bundle.window_s, bundle.hop_s)
        outputs = bundle.score(values)
        for name, found in rows.items():
            found.append(outputs[name].mean(axis=0))
        progress("scoring", number, len(items))
    return {name: np.stack(found) for name, found in rows.items()}
