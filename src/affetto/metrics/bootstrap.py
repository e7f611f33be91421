"""How far a figure would move with another draw of songs: bootstrap over whole groups.

Aim: an interval for any measure, and for the difference of two systems on the same examples.
Segments of one song, and songs of one artist, are alike; drawing single examples would take
them for independent and give intervals that are too narrow. So groups are drawn, with
replacement and as many as there are, and an example comes along as often as its group.

    interval          one system: the measure and its percentile interval
    paired_interval   two systems on the same draws: the interval of their difference

Sources:
- Efron, Tibshirani, "An Introduction to the Bootstrap", chapter 13 (percentile interval), 1993.
- Davison, Hinkley, "Bootstrap Methods and their Application", section 3.8 (groups), 1997.
- Koehn, "Statistical significance tests for machine translation evaluation", EMNLP 2004 (pairs).

Conventions: a statistic takes the indices of examples, (n_drawn,) int64 with repetitions, and
gives a float. The draws follow from the groups' names and `seed` alone: another statistic sees
the same ones, another order of the examples changes nothing, more resamples only add to them.
Resamples whose statistic is not finite (no true example was drawn) are left out, which shows
in `n_defined`; with none left, and with one group alone, which says nothing about spread, the
bounds are NaN. The interval covers the draw of test songs, not that of training songs or of
first weights: for these, repeat the training over seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.core import IntArray
from affetto.errors import BadConfig

Statistic = Callable[[IntArray], float]
"""Gives a measure of the examples whose indices, (n_drawn,) int64, it takes."""

Groups = Sequence[str] | Sequence[int] | npt.NDArray[Any]
"""The name of each example's group, (n_examples,)."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A figure on all examples and its interval; `n_defined` of the resamples gave a number."""

    estimate: float
    low: float
    high: float
    level: float
    n_defined: int


def interval(
    statistic: Statistic,
    groups: Groups,
    seed: int,
    n_resamples: int = 1000,
    level: float = 0.95,
    *,
    is_centered: bool = False,
) -> Bounds:
    """Give a statistic on all examples and its percentile interval over draws of groups.

    Formula: the (1 - level) / 2 and (1 + level) / 2 quantiles, interpolated linearly, of the
    statistic over the resamples. Source: Efron and Tibshirani; groups: Davison and Hinkley.
    `is_centered` moves them by what the estimate differs from the resamples' median: for an error
    that grows where examples repeat, as that of calibration does, so that all resamples exceed it.
    Shapes: groups (n_examples,), the name of each example's group.
    Raises: BadConfig without an example, n_resamples < 1, or a level outside (0, 1).
    """
    if n_resamples < 1:
        raise BadConfig(f"n_resamples must be at least 1, not {n_resamples}")
    if not 0 < level < 1:
        raise BadConfig(f"level must lie between 0 and 1, not {level}")
    members = _members(groups)
    estimate = float(statistic(np.arange(len(groups))))
    if len(members) == 1:
        return Bounds(estimate, math.nan, math.nan, level, 0)
    values = [float(statistic(drawn)) for drawn in _draws(members, seed, n_resamples)]
    defined = [value for value in values if math.isfinite(value)]
    if not defined:
        return Bounds(estimate, math.nan, math.nan, level, 0)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    if is_centered:
        low, high = np.array([low, high]) + estimate - np.median(defined)
    return Bounds(estimate, float(low), float(high), level, len(defined))


def paired_interval(
    first: Statistic,
    second: Statistic,
    groups: Groups,
    seed: int,
    n_resamples: int = 1000,
    level: float = 0.95,
) -> Bounds:
    """Give first - second on all examples and its percentile interval over the same draws.

    What makes songs hard for both systems cancels, so this can tell systems apart whose own
    intervals overlap; an interval without 0 is a difference beyond the draw of songs.
    Formula and shapes: as `interval`, of the difference. Source: Koehn.
    Raises: BadConfig as `interval` does.
    """

    def difference(drawn: IntArray) -> float:
        return float(first(drawn)) - float(second(drawn))

    return interval(difference, groups, seed, n_resamples, level)


def _members(groups: Groups) -> list[IntArray]:
    """Give the indices of each group's examples, groups in the order of their names."""
    names = np.asarray(groups)
    if names.ndim != 1 or names.size == 0:
        raise BadConfig(f"groups must be (n_examples,) with an example, not {names.shape}")
    _, places, counts = np.unique(names, return_inverse=True, return_counts=True)
    order = np.argsort(places, kind="stable")
    return np.split(order, counts.cumsum()[:-1])


def _draws(members: list[IntArray], seed: int, n_resamples: int) -> Iterator[IntArray]:
    rng = np.random.default_rng(seed)
    for _ in range(n_resamples):
        drawn = rng.integers(len(members), size=len(members))
        yield np.concatenate([members[place] for place in drawn])
