"""Matrices of targets and scores for the tests of the measures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

Matrix = npt.NDArray[np.float64]
Case = tuple[Matrix, Matrix]

# No limit on an example's time: the machine may be busy.
laws = settings(deadline=None, max_examples=60)


def drawn(
    seed: int, n_examples: int = 60, n_tags: int = 7, unknown: float = 0.0, n_levels: int = 8
) -> Case:
    """Draw targets and scores of `n_levels` values, so that many tie; each row has both classes.

    The share `unknown` of the targets is NaN; the first two rows and columns are always known.
    """
    rng = np.random.default_rng(seed)
    targets = (rng.random((n_examples, n_tags)) < 0.35).astype(np.float64)
    targets[:, 0] = rng.permutation(np.arange(n_examples) % 2)
    targets[:, 1] = 1 - targets[:, 0]
    targets[0, 2:], targets[1, 2:] = 1, 0
    scores = rng.integers(n_levels, size=targets.shape) / (n_levels - 1)
    holes = rng.random(targets.shape) < unknown
    holes[:2], holes[:, :2] = False, False
    return np.where(holes, np.nan, targets), scores


@st.composite
def cases(draw: st.DrawFn, *, unknown: bool = True) -> Case:
    """Draw any targets and scores of one shape; scores are sixteenths, so sums are exact."""
    shape = draw(st.tuples(st.integers(1, 10), st.integers(1, 5)))
    values = [0.0, 1.0, np.nan] if unknown else [0.0, 1.0]
    targets = draw(arrays(np.float64, shape, elements=st.sampled_from(values)))
    sixteenths = draw(arrays(np.int64, shape, elements=st.integers(0, 16)))
    return targets, sixteenths / 16
