"""Copy the labels of another segment of the song: what a split by segment gives away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from affetto.baselines.tuning import inner_folds
from affetto.core import FloatArray
from affetto.experiments.code import code_sha256
from affetto.experiments.examples import Examples
from affetto.experiments.methods.base import Contender, Fitted, Place, Site
from affetto.experiments.methods.baseline import N_INNER_FOLDS
from affetto.experiments.outcome import Family, SplitBy


@dataclass(frozen=True, slots=True)
class CopyLabel(Contender):
    """Give an example the labels of the training segment of its song that is nearest in time.

    Where the training side has none, the tags' shares in it. It hears nothing, so it measures
    nothing but the leak: under a split by song it is the prior.
    """

    name: str = "copy_label"
    summary: str = "the labels of the song's nearest segment in the training side"
    family: Family = "trivial"
    is_random: bool = False
    needs: tuple[str, ...] = ()
    seconds: float = 1.0
    by: tuple[SplitBy, ...] = ("segment",)

    def fit(self, training: Examples, seed: int, place: Place) -> Fitted:
        held_out = np.zeros_like(training.labels)
        for rest, out in inner_folds(np.asarray(training.units), N_INNER_FOLDS, seed):
            held_out[out] = copied(training.part(rest), training.part(out))
        return Fitted(
            score=lambda examples: copied(training, examples),
            held_out=np.arange(len(training)),
            held_out_scores=held_out,
            settings={},
        )

    def definition(self, site: Site) -> Mapping[str, Any]:
        return {"method": self.name, "code": code_sha256(__name__)}


def copied(training: Examples, examples: Examples) -> FloatArray:
    """Give each example the labels of its nearest neighbor in the song, or the shares."""
    rows_of: dict[str, list[int]] = {}
    for row, song in enumerate(training.songs):
        rows_of.setdefault(song, []).append(row)
    scores = np.tile(training.labels.mean(axis=0), (len(examples), 1))
    for place, (song, time_s) in enumerate(zip(examples.songs, examples.times_s, strict=True)):
        rows = rows_of.get(song)
        if rows:
            nearest = np.abs(training.times_s[rows] - time_s).argmin()
            scores[place] = training.labels[rows[nearest]]
    return scores
