"""Labelled clips: what becomes of the labels, and what a damaged table is told."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from affetto.core import quadrant_of
from affetto.datasets import load
from affetto.errors import DatasetInvalid, DatasetMissing
from affetto.vocabularies import load as load_vocabulary
from tests import miniature

NAMES = ("4q", "soundtracks", "emotify")


def table_of(root: Path, name: str) -> list[dict[str, str]]:
    path = root / "emotion_audio" / name / "labels.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_4q_gives_the_signs_of_each_quadrant(root: Path) -> None:
    dataset = load("4q", root)
    assert dataset.plane_kind == "signs"
    assert len(dataset.vocabulary) == 0
    for row, example in zip(table_of(root, "4q"), dataset.examples, strict=True):
        assert example.valence_arousal is not None
        assert quadrant_of(*example.valence_arousal) == row["quadrant"]


def test_soundtracks_maps_ratings_to_the_plane_and_to_soft_tags(root: Path) -> None:
    dataset = load("soundtracks", root)
    tags = dataset.vocabulary.tags
    pairs = {"anger": "angry_aggressive", "happy": "happy", "sad": "sad", "tender": "tender_soft"}
    for row, example in zip(table_of(root, "soundtracks"), dataset.examples, strict=True):
        expected = [(float(row["valence"]) - 4) / 3, (float(row["energy"]) - 4) / 3]
        np.testing.assert_allclose(example.valence_arousal, expected, rtol=1e-6)
        known = {tags[i] for i in np.flatnonzero(~np.isnan(example.labels))}
        assert known == set(pairs.values())
        for column, tag in pairs.items():
            share = (float(row[column]) - 1) / 7
            assert example.labels[tags.index(tag)] == pytest.approx(share)


def test_emotify_gives_the_shares_of_votes_in_the_order_of_gems(root: Path) -> None:
    dataset = load("emotify", root)
    for row, example in zip(table_of(root, "emotify"), dataset.examples, strict=True):
        shares = [float(row[name]) for name in dataset.vocabulary.source_names]
        np.testing.assert_allclose(example.labels, shares, rtol=1e-6)
        assert example.valence_arousal is None


@pytest.mark.parametrize("name", NAMES)
def test_clips_keep_the_folds_and_groups_of_their_table(name: str, root: Path) -> None:
    dataset = load(name, root)
    rows = table_of(root, name)
    assert [example.group for example in dataset.examples] == [row["group"] for row in rows]
    assert dataset.folds == {row["group"]: int(row["fold"]) for row in rows}
    assert [example.path.name for example in dataset.examples] == [row["clip"] for row in rows]


def change_cell(root: Path, name: str, line: int, column: str, value: str) -> None:
    rows = table_of(root, name)
    rows[line - 2][column] = value
    miniature.write_table(root / "emotion_audio" / name / "labels.csv", list(rows[0]), rows)


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("4q", "quadrant", "Q5"),
        ("4q", "quadrant", ""),
        ("4q", "quadrant", "q1"),
        ("4q", "group", ""),
        ("4q", "clip", ""),
        ("4q", "clip", "MT0000000000.opus"),  # stands in line 2 already
        *((name, "fold", fold) for name in NAMES for fold in ("5", "-1", "1.0", "", "nan")),
        ("soundtracks", "valence", "0.9"),
        ("soundtracks", "valence", "7.5"),
        ("soundtracks", "energy", "nan"),
        ("soundtracks", "energy", "high"),
        ("soundtracks", "anger", "8.1"),
        ("soundtracks", "tender", ""),
        ("emotify", "sadness", "1.01"),
        ("emotify", "power", "-0.1"),
        ("emotify", "tension", "NaN"),
        ("emotify", "calmness", "0,5"),
    ],
)
def test_clips_with_a_bad_cell_are_refused_with_file_and_line(
    name: str, column: str, value: str, copied: Path
) -> None:
    change_cell(copied, name, 5, column, value)
    table = copied / "emotion_audio" / name / "labels.csv"
    message = f"{table}, line 5: {value!r} is not what was expected"
    with pytest.raises(DatasetInvalid, match=re.escape(message)):
        load(name, copied)


def test_clips_of_one_group_in_two_folds_are_refused(copied: Path) -> None:
    rows = table_of(copied, "4q")
    assert rows[-1]["group"] == rows[-2]["group"]
    change_cell(copied, "4q", len(rows) + 1, "fold", str((int(rows[-2]["fold"]) + 1) % 5))
    expected = re.escape(f"line {len(rows) + 1}: '1' is not what was expected (0, as above)")
    with pytest.raises(DatasetInvalid, match=expected):
        load("4q", copied)


@pytest.mark.parametrize(
    ("name", "column"),
    [("4q", "quadrant"), ("soundtracks", "energy"), ("emotify", "tension"), ("emotify", "fold")],
)
def test_clips_without_a_column_are_refused(name: str, column: str, copied: Path) -> None:
    rows = table_of(copied, name)
    columns = [key for key in rows[0] if key != column]
    table = copied / "emotion_audio" / name / "labels.csv"
    miniature.write_table(table, columns, [{key: row[key] for key in columns} for row in rows])
    with pytest.raises(DatasetInvalid, match=f"line 1: the column {column} is missing"):
        load(name, copied)


@pytest.mark.parametrize("name", NAMES)
def test_clips_with_a_short_row_are_refused(name: str, copied: Path) -> None:
    table = copied / "emotion_audio" / name / "labels.csv"
    lines = table.read_bytes().decode().splitlines()
    lines[3] = lines[3].rpartition(",")[0]
    table.write_bytes("\r\n".join(lines).encode())
    with pytest.raises(DatasetInvalid, match="line 4: the row has not one value for each column"):
        load(name, copied)


@pytest.mark.parametrize("name", NAMES)
def test_clips_need_their_table_and_their_sound(name: str, copied: Path) -> None:
    folder = copied / "emotion_audio" / name
    sound = next(iter(sorted((folder / "audio").iterdir())))
    sound.unlink()
    with pytest.raises(DatasetMissing, match=re.escape(str(sound))):
        load(name, copied)
    (folder / "labels.csv").unlink()
    with pytest.raises(DatasetMissing, match=re.escape(str(folder / "labels.csv"))):
        load(name, copied)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "n_clips", "n_groups"),
    [("4q", 713, 526), ("soundtracks", 282, 34), ("emotify", 316, 112)],
)
def test_clips_of_the_research_data_are_all_there(name: str, n_clips: int, n_groups: int) -> None:
    dataset = load(name)
    assert len(dataset.examples) == n_clips
    assert len({example.group for example in dataset.examples}) == n_groups
    assert dataset.left_out == ()


def test_miniature_has_the_columns_of_the_vocabularies(root: Path) -> None:
    assert set(load_vocabulary("gems9").source_names) <= set(table_of(root, "emotify")[0])
