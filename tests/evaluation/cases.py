"""Held-out scores made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from affetto.core import Head, Vocabulary
from affetto.evaluation.held_out import HeldOut

TWO_TAGS = Head("two", "tags", Vocabulary("two", ("a", "b"), ("A", "B"), ("a", "b")))
PLANE = Head("plane", "plane")


def held_out(
    folds: Sequence[int],
    targets: Sequence[Sequence[float]],
    outputs: Sequence[Sequence[float]],
    *,
    head: Head = TWO_TAGS,
    groups: Sequence[str] | None = None,
    **others: Any,
) -> HeldOut:
    """Give held-out scores; each example its own group, decisions from 0.5 on, if not told."""
    n = len(folds)
    scores = np.asarray(outputs, np.float32)
    values = {
        "prior": np.full(scores.shape, 0.25, np.float32),
        "decisions": scores >= 0.5 if head.kind == "tags" else None,
        **others,
    }
    return HeldOut(
        head=head,
        ids=tuple(f"x/{number}" for number in range(n)),
        groups=tuple(groups or (f"g{number}" for number in range(n))),
        folds=np.asarray(folds),
        targets=np.asarray(targets, np.float32),
        outputs=scores,
        **values,
    )
