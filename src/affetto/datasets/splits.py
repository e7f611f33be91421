"""Splits: folds of whole groups, the same for every data set that a recipe trains on.

One map from group to fold serves all data sets together, so that an artist who stands in two
of them (CAL500 and 4Q share some) is never trained on in one and tested in the other.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from affetto.core import Dataset, Split
from affetto.errors import BadConfig

N_FOLDS = 5


def fold_of_groups(datasets: Iterable[Dataset], seed: int = 0) -> dict[str, int]:
    """Give each group its fold, 0 to 4.

    Folds that come with the data are kept; where two data sets disagree about a group, the
    first one counts. The other groups are dealt out, large before small and otherwise in an
    order drawn by `seed`, each to the fold with the fewest examples of its data set so far.
    """
    datasets = tuple(datasets)
    folds: dict[str, int] = {}
    for dataset in datasets:
        for group, fold in dataset.folds.items():
            folds.setdefault(group, fold)
    for dataset in datasets:
        sizes = Counter(example.group for example in dataset.examples)
        filled = Counter(dict.fromkeys(range(N_FOLDS), 0))
        for group, size in sizes.items():
            if group in folds:
                filled[folds[group]] += size
        left = sorted(group for group in sizes if group not in folds)
        order = np.random.default_rng(seed).permutation(len(left))
        for group in sorted((left[i] for i in order), key=lambda name: -sizes[name]):
            folds[group] = min(range(N_FOLDS), key=lambda fold: filled[fold])
            filled[folds[group]] += sizes[group]
    return folds


def deal(strata: Mapping[str, Counter[str]], given: Mapping[str, int]) -> dict[str, int]:
    """Give each group its fold, 0 to 4, so that the folds are alike and hang on no order.

    `strata` counts each group's examples by what they are like; folds in `given` are kept. The
    other groups are dealt out, large before small and else by the hash of their names, each to
    the fold with the fewest examples like its own, then to the one with the fewest in all.
    """
    folds = dict(given)
    filled = [Counter[str]() for _ in range(N_FOLDS)]
    for group, fold in folds.items():
        filled[fold] += strata.get(group, Counter())
    for group in sorted(strata.keys() - folds.keys(), key=lambda g: _place(g, strata[g].total())):
        like = strata[group]
        folds[group] = min(
            range(N_FOLDS),
            key=lambda f: (sum(filled[f][s] * n for s, n in like.items()), filled[f].total(), f),
        )
        filled[folds[group]] += like
    return folds


def _place(group: str, size: int) -> tuple[int, str]:
    return -size, hashlib.sha256(group.encode()).hexdigest()


def split(
    dataset: Dataset,
    folds: Mapping[str, int],
    test_fold: int | None,
    validation_share: float,
    seed: int,
) -> Split:
    """Put one fold aside for the test and a share of the other groups for validation.

    `test_fold` None leaves nothing for the test: the split of a bundle that is to be shipped.
    Raises: BadConfig when validation would take nothing or everything.
    """
    if not 0 < validation_share < 1:
        raise BadConfig(f"validation_share must lie between 0 and 1, not {validation_share}")
    test = tuple(e.id for e in dataset.examples if folds[e.group] == test_fold)
    rest = [e for e in dataset.examples if folds[e.group] != test_fold]
    groups = sorted({e.group for e in rest})
    # A group's place in the draw hangs on its name alone, so that all data sets agree on it.
    chosen = {group for group in groups if _draw(group, seed) < validation_share}
    return Split(
        name=f"{dataset.name}-{'all' if test_fold is None else f'fold{test_fold}'}",
        train=tuple(e.id for e in rest if e.group not in chosen),
        validation=tuple(e.id for e in rest if e.group in chosen),
        test=test,
        seed=seed,
    )


def first_drawn(groups: Collection[str], seed: int) -> str:
    """Give the group that any validation share would take first."""
    return min(groups, key=lambda group: (_draw(group, seed), group))


def _draw(group: str, seed: int) -> float:
    """Give a number in [0, 1) that depends on a group's name and the seed."""
    return float(np.random.default_rng([seed, *group.encode()]).random())
