"""The protocols that can be asked for: the whole one, a quick look, some methods, an ablation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from affetto.errors import BadConfig
from affetto.experiments import methods as table
from affetto.experiments.methods import AnyMethod
from affetto.experiments.methods.base import Contender
from affetto.experiments.methods.network import Network
from affetto.experiments.methods.song_network import SongNetwork
from affetto.experiments.run import N_FOLDS, Protocol

N_SEEDS = 3
N_TESTED_QUICKLY = 2


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for on the command line.

    `methods` replace the usual ones, of which `without` leaves some out; `only` names further
    methods, which are run beside the one that they are variants of. `overrides` change the recipes
    of all networks.
    """

    is_quick: bool = False
    methods: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    n_seeds: int | None = None
    n_repeats: int = 1
    folds: Path | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)


def protocol(wish: Wish) -> Protocol:
    """Make the protocol of a wish. Raises: UnknownName, BadConfig."""
    if wish.methods and wish.only:
        raise BadConfig("methods and only exclude each other", "name all of them as methods")
    for name in wish.without:
        table.find(name)
    n_seeds = wish.n_seeds or (1 if wish.is_quick else N_SEEDS)
    chosen = _chosen(wish)
    ablation_of = next(
        (method.variant_of for method in chosen if isinstance(method, Contender) and wish.only), ""
    )
    if ablation_of and ablation_of not in [method.name for method in chosen]:
        chosen = (table.find(ablation_of), *chosen)
    is_whole = not wish.methods and not wish.only
    leaky = table.QUICK_LEAKY if wish.is_quick else table.LEAKY
    return Protocol(
        methods=_overridden(chosen, wish.overrides),
        leaky=_contenders(leaky if is_whole else (), wish),
        learning=_contenders(table.LEARNING if is_whole and not wish.is_quick else (), wish),
        seeds=tuple(range(n_seeds)),
        n_folds=N_FOLDS,
        n_tested=N_TESTED_QUICKLY if wish.is_quick else None,
        n_repeats=wish.n_repeats,
        folds=wish.folds,
        ablation_of=ablation_of,
        is_quick=wish.is_quick,
    )


def _chosen(wish: Wish) -> tuple[AnyMethod, ...]:
    names: Sequence[str] = wish.only or wish.methods
    if not names:
        names = table.QUICK if wish.is_quick else table.DEFAULT
    for name in names:
        if names.count(name) > 1:
            raise BadConfig(f"method {name} is named twice")
    found = tuple(table.find(name) for name in names if name not in wish.without)
    for method in found:
        if isinstance(method, Contender) and "song" not in method.by:
            raise BadConfig(
                f"method {method.name} has nothing to go by when folds keep songs together",
                "it is among those of the split by segment",
            )
    return found


def _contenders(names: Sequence[str], wish: Wish) -> tuple[Contender, ...]:
    chosen = tuple(table.find(name) for name in names if name not in wish.without)
    found = _overridden(chosen, wish.overrides)
    return tuple(method for method in found if isinstance(method, Contender))


def _overridden(
    methods: Sequence[AnyMethod], overrides: Mapping[str, str]
) -> tuple[AnyMethod, ...]:
    return tuple(
        replace(method, overrides={**method.overrides, **overrides})
        if isinstance(method, Network | SongNetwork)
        else method
        for method in methods
    )
