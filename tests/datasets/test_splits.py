"""No group on two sides, whatever the data look like."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.core import Dataset, Example
from affetto.datasets.splits import N_FOLDS, fold_of_groups, split
from affetto.errors import BadConfig
from affetto.vocabularies import load as load_vocabulary


def dataset_of(
    groups: list[str], folds: dict[str, int] | None = None, name: str = "made-up"
) -> Dataset:
    """Give a data set with one example for each entry of `groups`."""
    return Dataset(
        name=name,
        vocabulary=load_vocabulary("none"),
        examples=tuple(
            Example(
                id=f"{name}/{number}",
                path=Path("none.wav"),
                group=group,
                song=str(number),
                labels=np.zeros(0, np.float32),
            )
            for number, group in enumerate(groups)
        ),
        license="none",
        citation="none",
        source_url="http://localhost",
        read=lambda *_: pytest.fail("no split reads sound"),
        reader="none",
        folds=folds or {},
    )


GROUPS = st.lists(st.text("abcdéß", min_size=1, max_size=2), min_size=1, max_size=40)


@given(groups=GROUPS, test_fold=st.none() | st.integers(0, 4), seed=st.integers(0, 3))
def test_split_puts_every_example_on_one_side_and_no_group_on_two(
    groups: list[str], test_fold: int | None, seed: int
) -> None:
    dataset = dataset_of(groups)
    found = split(dataset, fold_of_groups([dataset], seed), test_fold, 0.25, seed)
    sides = (found.train, found.validation, found.test)
    assert sorted(id for side in sides for id in side) == sorted(e.id for e in dataset.examples)
    group_of = {example.id: example.group for example in dataset.examples}
    on_sides = Counter(group for side in sides for group in {group_of[id] for id in side})
    assert set(on_sides.values()) == {1}
    assert (test_fold is None) <= (not found.test)


@settings(max_examples=40)
@given(first=GROUPS, second=GROUPS, seed=st.integers(0, 3))
def test_split_takes_a_shared_group_to_the_same_side_in_all_data_sets(
    first: list[str], second: list[str], seed: int
) -> None:
    datasets = [dataset_of(first, name="one"), dataset_of(second, name="two")]
    folds = fold_of_groups(datasets)
    for test_fold in range(N_FOLDS):
        side_of: dict[str, str] = {}
        for dataset in datasets:
            found = split(dataset, folds, test_fold, 0.25, seed)
            group_of = {example.id: example.group for example in dataset.examples}
            for side in ("train", "validation", "test"):
                for id in getattr(found, side):
                    assert side_of.setdefault(group_of[id], side) == side


@settings(max_examples=40)
@given(groups=GROUPS, seed=st.integers(0, 3))
def test_fold_of_groups_tests_each_group_in_exactly_one_fold(groups: list[str], seed: int) -> None:
    dataset = dataset_of(groups)
    folds = fold_of_groups([dataset], seed)
    assert set(folds) == set(groups)
    tested = Counter(
        id for fold in range(N_FOLDS) for id in split(dataset, folds, fold, 0.25, seed).test
    )
    assert tested == Counter(example.id for example in dataset.examples)


@given(groups=GROUPS)
def test_fold_of_groups_fills_the_folds_evenly(groups: list[str]) -> None:
    folds = fold_of_groups([dataset_of(groups)])
    sizes = Counter(dict.fromkeys(range(N_FOLDS), 0)) + Counter(folds[group] for group in groups)
    filled = [sizes[fold] for fold in range(N_FOLDS)]
    assert max(filled) - min(filled) <= max(Counter(groups).values())


def test_fold_of_groups_keeps_the_folds_that_come_with_the_data() -> None:
    given_folds = {"a": 4, "b": 4, "c": 0}
    folds = fold_of_groups([dataset_of(["a", "b", "c", "d"], given_folds)])
    assert {group: folds[group] for group in given_folds} == given_folds
    assert folds["d"] not in (0, 4)  # the emptier ones


def test_fold_of_groups_believes_the_first_of_two_data_sets_that_disagree() -> None:
    one = dataset_of(["a", "b"], {"a": 1, "b": 2}, "one")
    two = dataset_of(["a", "c"], {"a": 3, "c": 4}, "two")
    assert fold_of_groups([one, two]) == {"a": 1, "b": 2, "c": 4}
    assert fold_of_groups([two, one]) == {"a": 3, "b": 2, "c": 4}


def test_fold_of_groups_gives_a_set_without_folds_those_of_its_companion() -> None:
    without = dataset_of(["shared", *"abcdefgh"], name="one")
    companion = dataset_of(["shared"], {"shared": 3}, "two")
    assert fold_of_groups([without, companion])["shared"] == 3


def test_splits_are_the_same_for_the_same_seed_and_others_for_another() -> None:
    groups = [f"group{number}" for number in range(40)]
    dataset = dataset_of(groups)
    assert fold_of_groups([dataset], 1) == fold_of_groups([dataset_of(groups)], 1)
    assert fold_of_groups([dataset], 1) != fold_of_groups([dataset], 2)
    folds = fold_of_groups([dataset])
    assert split(dataset, folds, 0, 0.25, 1) == split(dataset, folds, 0, 0.25, 1)
    assert (
        split(dataset, folds, 0, 0.25, 1).validation != split(dataset, folds, 0, 0.25, 2).validation
    )


def test_split_validation_is_the_asked_share_of_groups() -> None:
    groups = [f"group{number}" for number in range(1000)]
    dataset = dataset_of(groups)
    found = split(dataset, fold_of_groups([dataset]), None, 0.2, seed=0)
    assert 150 < len(found.validation) < 250
    assert found.test == ()
    assert found.name == "made-up-all"


def test_split_validation_of_a_group_does_not_hang_on_the_other_groups() -> None:
    groups = [f"group{number}" for number in range(50)]
    few, many = dataset_of(groups[:20]), dataset_of(groups)
    folds = fold_of_groups([many])
    of_few = split(few, folds, None, 0.3, seed=5)
    of_many = split(many, folds, None, 0.3, seed=5)
    assert set(of_few.validation) == {id for id in of_many.validation if int(id[8:]) < 20}


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 1.5, float("nan")])
def test_split_refuses_a_validation_of_nothing_or_everything(share: float) -> None:
    dataset = dataset_of(["a", "b"])
    with pytest.raises(BadConfig, match="validation_share must lie between 0 and 1"):
        split(dataset, fold_of_groups([dataset]), None, share, seed=0)
