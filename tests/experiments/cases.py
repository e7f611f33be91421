"""Experiments made of seeded random scores, whose differences are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from affetto.core import Head, Vocabulary
from affetto.evaluation.held_out import HeldOut
from affetto.experiments.outcome import Experiment, Family, Outcome

TAGS = ("happy", "sad", "angry", "calm")
VOCABULARY = Vocabulary("four", TAGS, tuple(tag.title() for tag in TAGS), TAGS)
HEAD = Head("four", "tags", VOCABULARY)
N_SONGS, N_SEGMENTS, N_FOLDS = 40, 3, 4
BASE_RATES = (0.6, 0.35, 0.25, 0.15)


def held_out(
    strength: float,
    seed: int = 0,
    *,
    labels_seed: int = 1,
    shift: int = 0,
    by_segment: bool = False,
    n_songs: int = N_SONGS,
    n_decimals: int = 2,
) -> HeldOut:
    """Give scores that follow the labels the more, the greater `strength` is; 0 is chance.

    Scores are rounded, so that some are tied. `shift` gives other folds.
    """
    labels_rng = np.random.default_rng(labels_seed)
    n = n_songs * N_SEGMENTS
    of_song = labels_rng.random((n_songs, len(TAGS))).repeat(N_SEGMENTS, axis=0)
    mixed = 0.7 * of_song + 0.3 * labels_rng.random((n, len(TAGS)))
    targets = (mixed < np.quantile(mixed, BASE_RATES, axis=0).diagonal()).astype(np.float32)
    noise = np.random.default_rng(seed).normal(size=targets.shape)
    logits = strength * (2 * targets - 1) + noise - 0.5
    outputs = np.round(1 / (1 + np.exp(-logits)), n_decimals).astype(np.float32)
    songs = np.arange(n) // N_SEGMENTS
    places = np.arange(n) if by_segment else songs
    return HeldOut(
        head=HEAD,
        ids=tuple(f"four/song{song:02}/{row % N_SEGMENTS}" for row, song in enumerate(songs)),
        groups=tuple(f"artist{song:02}" for song in songs),
        folds=(places + shift * (places // N_FOLDS)) % N_FOLDS,
        targets=targets,
        outputs=outputs,
        prior=np.tile(np.asarray(BASE_RATES, np.float32), (n, 1)),
        decisions=outputs >= 0.5,
    )


def outcome(
    method: str,
    family: Family,
    strength: float,
    *,
    seeds: Sequence[int] = (0,),
    shift: int = 0,
    by_segment: bool = False,
) -> Outcome:
    """Give a method of that strength, a run for each seed."""
    first = 100 * sum(map(ord, method))
    return Outcome(
        method=method,
        family=family,
        summary=f"{method} of strength {strength:g}",
        runs=tuple(
            held_out(strength, first + seed, shift=shift, by_segment=by_segment) for seed in seeds
        ),
        seeds=tuple(seeds),
        settings=({"strength": strength},),
        seconds=12.5,
    )


def constant(method: str, value: float) -> Outcome:
    """Give a method that says the same of everything."""
    held = held_out(0.0)
    scores = np.full_like(held.outputs, value)
    run = HeldOut(
        head=held.head,
        ids=held.ids,
        groups=held.groups,
        folds=held.folds,
        targets=held.targets,
        outputs=scores,
        prior=held.prior,
        decisions=scores >= 0.5,
    )
    return Outcome(method, "trivial", f"always {value:g}", (run,), (0,))


def experiment(**changes: object) -> Experiment:
    """Give an experiment in which `cnn` is the best network and `forest` the best baseline."""
    values: dict[str, object] = {
        "task": "four",
        "source": "made_up",
        "command": "affetto reproduce four --source made_up",
        "is_quick": False,
        "vocabulary": VOCABULARY,
        "n_folds": N_FOLDS,
        "n_repeats": 1,
        "folds": {},
        "outcomes": (
            constant("prior", 0.25),
            constant("all_ones", 1.0),
            outcome("logistic", "baseline", 0.4),
            outcome("forest", "baseline", 0.6, seeds=(0, 1)),
            outcome("cnn", "network", 1.2, seeds=(0, 1, 2)),
            outcome("cnn_small", "network", 0.9, seeds=(0, 1, 2)),
            outcome("cnn+forest", "both", 1.3, seeds=(0, 1)),
        ),
        "leaky": (
            outcome("forest", "baseline", 1.6, by_segment=True),
            outcome("copy_label", "trivial", 2.0, by_segment=True),
        ),
        "left_out": ("song99: there is no sound",),
        "environment": {"python": "3.11.7", "commit": "0123abcd"},
    }
    return Experiment(**(values | changes))  # type: ignore[arg-type]
