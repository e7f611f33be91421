"""Measures of one class for each example, such as the quadrant of the plane.

Aim: say how often the class is right (accuracy), how well each class is found (f1), all
classes weighing alike (macro_f1), and which are taken for which (confusion).

Source: Sokolova, Lapalme, "A systematic analysis of performance measures for classification
tasks", Information Processing and Management 45, 2009; Manning, Raghavan, Schütze,
"Introduction to Information Retrieval", chapters 8 and 13, 2008.

Conventions: targets and estimates are (n_examples,) class names (strings, or integers);
`classes` names all of them, in the order of the results. A class neither true nor estimated
has F1 0 and counts in `macro_f1`, so that figures of one set of classes stay comparable;
without examples everything but `confusion` is NaN. Raises everywhere: BadConfig for shapes
that differ, a name that is not among the classes, a class named twice or no class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from affetto.core import IntArray
from affetto.errors import BadConfig
from affetto.metrics.cells import ratio
from affetto.metrics.checks import Float64Array


def confusion(
    targets: npt.ArrayLike, estimates: npt.ArrayLike, classes: Sequence[str | int]
) -> IntArray:
    """Count the examples of each true class (row) that are taken for each class (column).

    Shapes: (n_examples,) both -> (n_classes, n_classes).

    >>> confusion(["Q1", "Q1", "Q3"], ["Q1", "Q2", "Q3"], ["Q1", "Q2", "Q3"])
    array([[1, 1, 0],
           [0, 0, 0],
           [0, 0, 1]])
    """
    n_classes = len(classes)
    wanted = _numbers(targets, classes, "targets")
    found = _numbers(estimates, classes, "estimates")
    if wanted.shape != found.shape:
        raise BadConfig(f"targets {wanted.shape} and estimates {found.shape} differ in shape")
    cells = np.bincount(wanted * n_classes + found, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def accuracy(
    targets: npt.ArrayLike, estimates: npt.ArrayLike, classes: Sequence[str | int]
) -> float:
    """Give the share of examples whose class is right: trace / sum of `confusion`."""
    counts = confusion(targets, estimates, classes)
    return float(np.trace(counts) / counts.sum()) if counts.any() else float("nan")


def f1(
    targets: npt.ArrayLike, estimates: npt.ArrayLike, classes: Sequence[str | int]
) -> Float64Array:
    """Give each class's F1 against the rest, (n_classes,): 2 TP / (2 TP + FP + FN)."""
    counts = confusion(targets, estimates, classes)
    if not counts.any():
        return np.full(len(classes), np.nan)
    n_true_and_estimated = counts.sum(axis=0) + counts.sum(axis=1)
    return ratio(2 * np.diag(counts), n_true_and_estimated, 0.0)


def macro_f1(
    targets: npt.ArrayLike, estimates: npt.ArrayLike, classes: Sequence[str | int]
) -> float:
    """Give the mean of the classes' F1, each weighing the same however rare it is."""
    return float(f1(targets, estimates, classes).mean())


def _numbers(values: npt.ArrayLike, classes: Sequence[str | int], name: str) -> IntArray:
    """Give each value's place among the classes, (n_examples,)."""
    places = {value: place for place, value in enumerate(classes)}
    if not places or len(places) != len(classes):
        raise BadConfig(f"classes must be named, each once, not {list(classes)}")
    array = np.asarray(values)
    if array.ndim != 1:
        raise BadConfig(f"{name} must be (n_examples,), not of shape {array.shape}")
    try:
        return np.array([places[value] for value in array.tolist()], dtype=np.int64)
    except KeyError as error:
        raise BadConfig(
            f"{name} hold {error.args[0]!r}, which is not among the classes",
            f"the classes are {', '.join(map(str, classes))}",
        ) from None
