"""What a network with heads gives for windows, by name. No torch.

A head's values under its name, and `embedding`. Where several networks learn apart, the embedding
is that of the first, and what each of them says stands beside, (batch, n_members * n_outputs),
under the head's name with `.members` behind, one member after another. All are (batch, width).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from affetto.core import FloatArray, Head

EMBEDDING = "embedding"


def members_of(head: Head) -> str:
    """Give the name under which stands what each member says."""
    return f"{head.name}.members"


def widths(heads: Sequence[Head], n_dims: int, n_members: int) -> dict[str, int]:
    """Give the width of each output, in their order."""
    found = {head.name: head.n_outputs for head in heads}
    found[EMBEDDING] = n_dims
    if n_members > 1:
        found |= {members_of(head): n_members * head.n_outputs for head in heads}
    return found


def largest_difference(one: Mapping[str, FloatArray], other: Mapping[str, FloatArray]) -> float:
    """Give the largest absolute difference of two networks' outputs, NaN where one has NaN.

    Raises: ValueError when they differ in names or shapes.
    """
    if one.keys() != other.keys():
        raise ValueError(f"outputs {', '.join(one)} and {', '.join(other)} differ")
    differences = []
    for name, values in one.items():
        if values.shape != other[name].shape:
            raise ValueError(f"{name} is of shape {values.shape} or {other[name].shape}")
        differences.append(np.abs(values - other[name]).max())
    return float(np.max(differences))  # max() would lose a NaN that does not come first
