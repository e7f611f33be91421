"""Mulan's features are those of the songs, or refused."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from affetto.datasets import data_root, inspect
from affetto.datasets.mulan import features, features_path
from affetto.errors import DatasetInvalid, DatasetMissing
from tests import miniature

FIRST_ROW = 3 + 68 + 174 + 2 + 1  # behind comment, relation, attributes, `@data`; from 1


def rewrite(base: Path, change: Callable[[list[str]], None]) -> None:
    """Change the lines of the file of features."""
    path = features_path(base)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    change(lines)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def with_cell(row: int, column: int, text: str) -> Callable[[list[str]], None]:
    def change(lines: list[str]) -> None:
        cells = lines[FIRST_ROW - 1 + row].split(",")
        cells[column] = text
        lines[FIRST_ROW - 1 + row] = ",".join(cells)

    return change


def swap_rows(lines: list[str]) -> None:
    lines[-1], lines[-2] = lines[-2], lines[-1]


def test_features_are_the_songs_in_their_order(root: Path) -> None:
    names, values = features(root / "cal500")
    assert names == tuple(f"Mean_Invented_{number}" for number in range(68))
    expected = [miniature.mulan_features(number) for number in range(len(miniature.SONGS))]
    np.testing.assert_array_equal(values, np.float32(expected))
    assert values.dtype == np.float32


def test_features_that_are_not_there_are_missing(copied: Path) -> None:
    features_path(copied / "cal500").unlink()
    with pytest.raises(DatasetMissing, match=r"CAL500\.arff\.gz"):
        features(copied / "cal500")
    assert len(inspect("cal500_songs", copied)) == 1  # they are not part of the data set


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_cell(4, 5, "?"), f"line {FIRST_ROW + 4}: '?' is not what was expected"),
        (with_cell(4, 5, "nan"), f"line {FIRST_ROW + 4}: 'nan' is not what was expected"),
        (with_cell(4, 5, "1,2"), f"line {FIRST_ROW + 4}: 243 values for 242 attributes"),
        (
            with_cell(4, 68, "0.5"),
            f"line {FIRST_ROW + 4}: the labels of row 5 are not those of that song",
        ),
        (swap_rows, f"line {FIRST_ROW + 11}: the labels of row 12 are not those of that song"),
        (lambda lines: lines.append(lines[-1]), "the labels of row 14 are not those of that song"),
        (lambda lines: lines.pop(), "has 12 rows for 13 songs"),
        (
            lambda lines: lines.insert(5, lines[5]),
            "line 7: the attribute has no kind, or is there twice",
        ),
        (lambda lines: lines.insert(5, "@attribute Sex {f,m}"), "has no header of numeric"),
        (lambda lines: lines.__delitem__(slice(3, 80)), "has no header of numeric"),
        (lambda lines: lines.clear(), "has no header of numeric"),
    ],
)
def test_features_that_are_damaged_are_refused_with_file_and_line(
    change: Callable[[list[str]], None], message: str, copied: Path
) -> None:
    rewrite(copied / "cal500", change)
    path = features_path(copied / "cal500")
    with pytest.raises(DatasetInvalid, match=f"{re.escape(str(path))}.*{re.escape(message)}"):
        features(copied / "cal500")
    assert any(message in remark for remark in inspect("cal500_songs", copied))


@pytest.mark.parametrize(
    "content",
    [b"", b"not compressed", gzip.compress(b"x" * 10_000, mtime=0)[:-20]],
    ids=["empty", "not compressed", "cut short"],
)
def test_features_that_cannot_be_unpacked_are_refused(content: bytes, copied: Path) -> None:
    features_path(copied / "cal500").write_bytes(content)
    with pytest.raises(DatasetInvalid, match=r"CAL500\.arff\.gz (cannot be read|has no header)"):
        features(copied / "cal500")


@pytest.mark.data
def test_features_of_the_research_data_are_68_of_each_song() -> None:
    names, values = features(data_root() / "cal500")
    assert values.shape == (502, 68)
    assert len(names) == 68
    assert all("_Acc1000_" in name for name in names)
    assert (values.std(axis=0) > 0).all()
