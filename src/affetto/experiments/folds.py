"""Held-out scores taken apart again, fold by fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from affetto.core import IntArray
from affetto.evaluation.held_out import HeldOut


def folds_of(held: HeldOut) -> tuple[HeldOut, ...]:
    """Give the examples of each fold, folds in rising order."""
    return tuple(
        rows_of(held, np.flatnonzero(held.folds == fold)) for fold in np.unique(held.folds)
    )


def rows_of(held: HeldOut, rows: IntArray) -> HeldOut:
    """Give some of the examples, in the order of `rows`."""
    return replace(
        held,
        ids=tuple(held.ids[row] for row in rows),
        groups=tuple(held.groups[row] for row in rows),
        folds=held.folds[rows],
        targets=held.targets[rows],
        outputs=held.outputs[rows],
        prior=held.prior[rows],
        decisions=None if held.decisions is None else held.decisions[rows],
    )


def assignment(held: HeldOut) -> bytes:
    """Give what runs of one repetition have in common: which fold tests which example."""
    return held.folds[np.argsort(held.ids)].astype(np.int64).tobytes()


def song_of(example_id: str) -> str:
    """Give the song of an example, whose id is `data set/song` or `data set/song/part`."""
    return example_id.split("/")[1]
