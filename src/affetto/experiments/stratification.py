"""Folds of whole groups in which every tag is as frequent as it can be made.

Iterative stratification: the rarest tag that is left is dealt out first, each of its examples to
the fold that still wants most of that tag, since what is rare cannot be made up for later. Here
what is dealt is a group with the counts of its examples, so that no group is cut.

Source: K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data", ECML
PKDD 2011, figure 2. Ours: groups for examples, large groups of a tag before small ones.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from affetto.core import IntArray
from affetto.errors import BadConfig


def stratified_folds(
    counts: npt.ArrayLike, sizes: npt.ArrayLike, n_folds: int, seed: int
) -> IntArray:
    """Give each group its fold, (n_groups,), 0 to n_folds - 1.

    Shapes: counts (n_groups, n_tags) of examples that have the tag, sizes (n_groups,) of
    examples. What ties leave open is drawn by `seed`. Raises: BadConfig for fewer than two folds,
    and where a fold would stay empty.
    """
    of_tag = np.asarray(counts, np.int64) * n_folds  # so that a fold's share is a whole number
    of_all = np.asarray(sizes, np.int64) * n_folds
    n_groups = len(of_all)
    if not 2 <= n_folds <= n_groups:
        raise BadConfig(
            f"{n_folds} folds cannot be made of {n_groups} groups", "each fold needs a group"
        )
    rng = np.random.default_rng(seed)
    wanted = np.tile(of_tag.sum(axis=0) // n_folds, (n_folds, 1))
    room = np.full(n_folds, of_all.sum() // n_folds)
    folds = np.full(n_groups, -1)
    while (left := folds < 0).any():
        tag = _rarest(of_tag[left].sum(axis=0))
        weights = of_all if tag is None else of_tag[:, tag]
        members = rng.permutation(np.flatnonzero(left & (weights > 0) if tag is not None else left))
        for group in members[np.argsort(-weights[members], kind="stable")]:
            wishes = room if tag is None else wanted[:, tag]
            fold = _most(wishes, room, rng)
            folds[group] = fold
            wanted[fold] -= of_tag[group]
            room[fold] -= of_all[group]
    if len(np.unique(folds)) < n_folds:
        raise BadConfig(f"{n_folds} folds leave one empty", "take fewer folds")
    return folds


def _rarest(n_left: IntArray) -> int | None:
    """Give the tag of which fewest, but some, examples are left; None where none is."""
    present = np.flatnonzero(n_left)
    return int(present[np.argmin(n_left[present])]) if len(present) else None


def _most(wishes: IntArray, room: IntArray, rng: np.random.Generator) -> int:
    """Give the fold that wishes most, of equals that with most room, of these any."""
    best = np.flatnonzero(wishes == wishes.max())
    best = best[room[best] == room[best].max()]
    return int(best[0] if len(best) == 1 else rng.choice(best))
