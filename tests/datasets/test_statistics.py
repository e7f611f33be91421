"""Counts of labels, by cases worked by hand and against NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from affetto.core import Dataset, Example, Vocabulary
from affetto.datasets.statistics import Statistics, statistics

NAN = np.nan


def counted(labels: Any, planes: list[Any] | None = None) -> Statistics:
    """Give the statistics of examples with these labels (n_examples, n_tags)."""
    labels = np.asarray(labels, np.float32)
    tags = tuple(f"tag{i}" for i in range(labels.shape[1]))
    return statistics(
        Dataset(
            name="made-up",
            vocabulary=Vocabulary("made-up", tags, tags, tags),
            examples=tuple(
                Example(
                    id=str(number),
                    path=Path("none.wav"),
                    group=f"artist{number // 4}",
                    song=f"song{number // 2}",
                    labels=row,
                    valence_arousal=None if planes is None else planes[number],
                )
                for number, row in enumerate(labels)
            ),
            license="none",
            citation="none",
            source_url="http://localhost",
            read=lambda *_: pytest.fail("statistics read no sound"),
            reader=None,
        )
    )


def test_statistics_of_yes_and_no_are_counts() -> None:
    found = counted([[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]])
    assert (found.n_examples, found.n_songs, found.n_groups) == (5, 3, 2)
    assert found.n_positive.tolist() == [4, 2, 0]
    assert found.n_known.tolist() == [5, 5, 5]
    assert found.frequency.tolist() == [0.8, 0.4, 0.0]
    assert found.cardinality == pytest.approx(6 / 5)
    assert found.density == pytest.approx(6 / 15)
    assert found.n_label_sets == 3
    assert found.co_occurrence.tolist() == [[4, 2, 0], [2, 2, 0], [0, 0, 0]]
    assert found.correlation[0, 1] == pytest.approx((5 * 2 - 4 * 2) / np.sqrt(4 * 1 * 2 * 3))
    assert np.isnan(found.correlation[:, 2]).all()  # nobody has it


def test_unknown_labels_do_not_count() -> None:
    found = counted([[1, NAN, NAN], [0, NAN, 0.5], [0.5, NAN, 1]])
    assert found.n_known.tolist() == [3, 0, 2]
    assert found.n_positive.tolist() == [1.5, 0, 1.5]
    np.testing.assert_array_equal(found.frequency, [0.5, NAN, 0.75])
    assert found.cardinality == pytest.approx(1)
    assert found.density == pytest.approx(3 / 5)
    assert found.correlation[0, 2] == pytest.approx(1)  # the two examples that know both


def test_data_set_without_tags_has_no_figures_of_them_but_quadrants() -> None:
    planes = [[0.5, 0.5], [-1, 0.5], [0.5, 0.25], [NAN, 1]]
    found = counted(np.zeros((4, 0)), planes)
    assert found.quadrants == {"Q1": 2, "Q2": 1}
    assert np.isnan(found.cardinality)
    assert np.isnan(found.density)
    assert found.n_label_sets == 0


def test_data_set_without_examples_is_counted_too() -> None:
    found = counted(np.zeros((0, 2)))
    assert found.n_examples == 0
    assert np.isnan(found.frequency).all()


@given(
    arrays(np.int8, st.tuples(st.integers(2, 30), st.integers(2, 4)), elements=st.integers(0, 1))
)
def test_correlation_is_numpys(labels: Any) -> None:
    with np.errstate(all="ignore"):
        expected = np.corrcoef(labels.astype(float), rowvar=False)
    np.testing.assert_allclose(counted(labels).correlation, expected, atol=1e-9)
