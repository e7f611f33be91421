from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from affetto.errors import BadConfig
from affetto.experiments.partition import (
    Partition,
    draw,
    name_of,
    read_folds,
    units_of,
    write_folds,
)

IDS = tuple(f"made_up/song{n // 3}/{n % 3}" for n in range(30))
GROUPS = tuple(f"artist{n // 6}" for n in range(30))
LABELS = np.random.default_rng(0).random((30, 4)) < 0.4


def drawn(n_repeats: int = 2) -> Partition:
    return draw(IDS, GROUPS, LABELS, 3, n_repeats)


def test_no_group_stands_on_two_sides_and_every_example_is_tested_once() -> None:
    partition = drawn()
    for repeat in range(2):
        tested: list[int] = []
        for fold in range(3):
            training, test = partition.sides(repeat, fold)
            assert not {GROUPS[row] for row in training} & {GROUPS[row] for row in test}
            assert sorted([*training, *test]) == list(range(30))
            tested += list(test)
        assert sorted(tested) == list(range(30))


def test_repetitions_draw_other_folds() -> None:
    first, second = drawn().folds
    assert (first != second).any()


def test_a_split_by_segment_cuts_songs() -> None:
    partition = draw(IDS, units_of(IDS, GROUPS, "segment"), LABELS, 3)
    songs = [id.split("/")[1] for id in IDS]
    training, test = partition.sides(0, 0)
    assert {songs[row] for row in training} & {songs[row] for row in test}


def test_name_is_the_id_without_the_data_set() -> None:
    assert name_of("cal500exp/some-song/3.100") == "some-song/3.100"


def test_folds_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_folds(drawn(), tmp_path / "folds.csv")
    again = read_folds(tmp_path / "folds.csv", IDS, GROUPS)
    assert (again.folds == drawn().folds).all()
    assert again.ids == IDS


def written(tmp_path: Path, change: str, to: str) -> Path:
    path = tmp_path / "folds.csv"
    write_folds(drawn(1), path)
    text = path.read_text(encoding="utf-8")
    assert change in text
    path.write_text(text.replace(change, to, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "to", "sentence"),
    [
        ("id,group", "name,group", "line 1: the column id is missing"),
        ("song1/0", "song99/0", "line 5: 'made_up/song99/0' is not among the examples"),
        ("song1/0", "song0/0", "line 5: made_up/song0/0 is there twice"),
        ("artist0,", "artist0,x", "is not a number of a fold"),
    ],
)
def test_a_file_of_folds_that_does_not_fit_is_refused(
    tmp_path: Path, change: str, to: str, sentence: str
) -> None:
    with pytest.raises(BadConfig, match=sentence):
        read_folds(written(tmp_path, change, to), IDS, GROUPS)


def test_folds_that_cut_a_group_are_refused(tmp_path: Path) -> None:
    partition = draw(IDS, units_of(IDS, GROUPS, "segment"), LABELS, 3)
    write_folds(partition, tmp_path / "folds.csv")
    with pytest.raises(BadConfig, match="artist0 stands in two folds"):
        read_folds(tmp_path / "folds.csv", IDS, GROUPS)


def test_an_example_without_a_fold_is_named(tmp_path: Path) -> None:
    path = tmp_path / "folds.csv"
    write_folds(drawn(1), path)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(BadConfig, match="made_up/song9/2 has no fold"):
        read_folds(path, IDS, GROUPS)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot be read"):
        read_folds(tmp_path / "none.csv", IDS, GROUPS)
