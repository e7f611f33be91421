"""What an experiment found: every method's held-out scores, from which all figures follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from affetto.core import Vocabulary
from affetto.evaluation.held_out import HeldOut

Family = Literal["trivial", "baseline", "network", "both"]
"""`both` averages a network with a baseline."""

SplitBy = Literal["song", "segment"]
"""`segment` lets segments of one song stand in training and test: the leakage line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One method on every fold.

    `runs` has an element for each seed (and each repetition of the folds); a method in which
    nothing is random has one for each repetition. All runs hold the same examples, and their
    decisions are cut by thresholds fitted inside the training side. `settings` says what tuning
    chose, one mapping for each run's fold in order; `seconds` is what it took, all folds together.
    """

    method: str
    family: Family
    summary: str
    runs: tuple[HeldOut, ...]
    seeds: tuple[int, ...]
    settings: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Experiment:
    """A whole experiment. `leaky` are methods again, under a split by segment.

    `task` and `source` are as on the command line (`cal500exp`, `echonest`), `command` is the
    line that repeats it, `is_quick` marks a run with fewer folds, seeds or methods. `folds` maps
    each example's id to its fold, for the first repetition. `environment` holds versions, the
    commit and the machine's facts that a figure may depend on; `left_out` what the source lacks.
    `learning` maps a method to the numbers of training songs that it was tried with, and each of
    these to its runs. `ablation_of` names the outcome that the networks here are variants of.
    """

    task: str
    source: str
    command: str
    is_quick: bool
    vocabulary: Vocabulary
    n_folds: int
    n_repeats: int
    folds: Mapping[str, int]
    outcomes: tuple[Outcome, ...]
    leaky: tuple[Outcome, ...] = ()
    left_out: tuple[str, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    learning: Mapping[str, Mapping[int, tuple[HeldOut, ...]]] = field(default_factory=dict)
    ablation_of: str = ""
