"""The measures of one class for each example."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from affetto.core import QUADRANT_TITLES
from affetto.errors import BadConfig
from affetto.metrics import classes

from .cases import laws

QUADRANTS = tuple(QUADRANT_TITLES)
pairs = st.lists(st.tuples(*[st.sampled_from(QUADRANTS)] * 2), min_size=1, max_size=20)


@laws
@given(pairs)
def test_figures_agree_with_scikit_learn(found: list[tuple[str, str]]) -> None:
    targets, estimates = zip(*found, strict=True)
    shared: dict[str, Any] = {"labels": QUADRANTS, "zero_division": 0}
    np.testing.assert_array_equal(
        classes.confusion(targets, estimates, QUADRANTS),
        reference.confusion_matrix(targets, estimates, labels=QUADRANTS),
    )
    np.testing.assert_allclose(
        classes.f1(targets, estimates, QUADRANTS),
        reference.f1_score(targets, estimates, average=None, **shared),
    )
    assert classes.macro_f1(targets, estimates, QUADRANTS) == pytest.approx(
        reference.f1_score(targets, estimates, average="macro", **shared)
    )
    assert classes.accuracy(targets, estimates, QUADRANTS) == pytest.approx(
        reference.accuracy_score(targets, estimates)
    )


@laws
@given(pairs, st.permutations(QUADRANTS))
def test_order_of_classes_moves_the_cells_and_no_figure(
    found: list[tuple[str, str]], order: list[str]
) -> None:
    targets, estimates = zip(*found, strict=True)
    places = [QUADRANTS.index(name) for name in order]
    counts = classes.confusion(targets, estimates, QUADRANTS)
    moved = classes.confusion(targets, estimates, order)
    np.testing.assert_array_equal(moved, counts[np.ix_(places, places)])
    assert classes.macro_f1(targets, estimates, order) == pytest.approx(
        classes.macro_f1(targets, estimates, QUADRANTS)
    )


def test_figures_are_those_worked_by_hand() -> None:
    targets = ["Q1", "Q1", "Q2", "Q3"]
    estimates = ["Q1", "Q2", "Q2", "Q1"]
    expected = [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(classes.confusion(targets, estimates, QUADRANTS), expected)
    assert classes.accuracy(targets, estimates, QUADRANTS) == 1 / 2
    np.testing.assert_allclose(classes.f1(targets, estimates, QUADRANTS), [1 / 2, 2 / 3, 0, 0])
    assert classes.macro_f1(targets, estimates, QUADRANTS) == pytest.approx(7 / 24)


def test_classes_may_be_numbers() -> None:
    counts = classes.confusion(np.array([3, 1, 1]), np.array([3, 3, 1]), [1, 3])
    np.testing.assert_array_equal(counts, [[1, 1], [0, 1]])


def test_figures_without_examples_are_nan() -> None:
    assert np.isnan(classes.accuracy([], [], QUADRANTS))
    assert np.isnan(classes.f1([], [], QUADRANTS)).all()
    assert np.isnan(classes.macro_f1([], [], QUADRANTS))
    assert not classes.confusion([], [], QUADRANTS).any()


@pytest.mark.parametrize(
    ("targets", "estimates", "names", "words"),
    [
        (["Q1"], ["Q5"], QUADRANTS, "'Q5'"),
        (["Q1", "Q2"], ["Q1"], QUADRANTS, "differ in shape"),
        ([["Q1"]], [["Q1"]], QUADRANTS, "n_examples"),
        (["Q1"], ["Q1"], ["Q1", "Q1"], "each once"),
        (["Q1"], ["Q1"], [], "each once"),
    ],
)
def test_confusion_refuses_what_it_cannot_place(
    targets: Any, estimates: Any, names: Any, words: str
) -> None:
    with pytest.raises(BadConfig, match=words):
        classes.confusion(targets, estimates, names)
