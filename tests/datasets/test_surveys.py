"""Surveys give CAL500's labels back, and what is wrong with one is said with file and line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from affetto.datasets import data_root, inspect
from affetto.datasets.base import Loading
from affetto.datasets.cal500 import hard_annotations, soft_annotations, song_names
from affetto.datasets.surveys import (
    disagreements,
    labels_from_surveys,
    read_surveys,
    shares,
    soft_from_surveys,
    soft_labels,
)
from affetto.errors import DatasetInvalid, DatasetMissing
from affetto.vocabularies import load as load_vocabulary
from tests import miniature

EMOTIONS = load_vocabulary("cal500_emotions")
SONG = miniature.SONGS[2]
NOT_LABELED = f"{miniature.SONG_WITHOUT_LABELS}: it is surveyed, but has no labels"


@pytest.mark.parametrize(
    ("ratings", "label"),
    [
        ([5], 0),  # one listener is not enough
        ([4, 5], 1),
        ([4, 4, 3], 1),  # 3 is neither for nor against
        ([4, 4, 2], 0),  # 2 of 3
        ([5, 5, 5, 1], 0),  # 3 of 4
        ([5, 5, 4, 4, 1], 1),  # 4 of 5: just 80 %
        ([3, 3, 3], 0),
        ([1, 2, 3], 0),
        ([5, 5, 5, 5, 5, 5, 5, 2, 2], 0),  # 7 of 9
    ],
)
def test_label_needs_two_listeners_and_four_fifths(ratings: list[int], label: int) -> None:
    assert labels_from_surveys(np.array(ratings)[:, None]).tolist() == [label]


@pytest.mark.parametrize(
    ("ratings", "share", "soft"),
    [
        ([5, 4, 3], 2 / 3, 2 / 3),
        ([5, 4, 1], 2 / 3, 1 / 3),  # one of the three is against it
        ([5, 5, 4, 4, 4], 1, 1),
        ([3, 3, 3], 0, 0),
        ([5, 3, 3, 3], 1 / 4, 0),  # one opinion is none
        ([5], 1, 0),
        ([4, 2], 1 / 2, 0),
        ([4, 2, 1], 1 / 3, 0),  # never below 0
        ([4, 4, 2, 3], 1 / 2, 1 / 4),
    ],
)
def test_soft_labels_count_doubt_and_dissent_each_in_its_way(
    ratings: list[int], share: float, soft: float
) -> None:
    column = np.array(ratings)[:, None]
    assert shares(column).tolist() == [pytest.approx(share)]
    assert soft_from_surveys(column).tolist() == [pytest.approx(soft)]


@given(
    ratings=arrays(np.int64, st.tuples(st.integers(1, 9), st.just(5)), elements=st.integers(1, 5))
)
def test_soft_labels_lie_between_none_and_the_share_for_it(
    ratings: np.ndarray,  # type: ignore[type-arg]
) -> None:
    share, soft = shares(ratings), soft_from_surveys(ratings)
    assert share.dtype == soft.dtype == np.float32
    assert ((soft >= 0) & (soft <= share + 1e-6) & (share <= 1)).all()
    np.testing.assert_array_equal(shares(ratings[::-1]), share)
    unanimous = (ratings >= 4).all(axis=0)
    np.testing.assert_array_equal(share == 1, unanimous)


@given(
    ratings=arrays(np.int64, st.tuples(st.integers(1, 9), st.just(5)), elements=st.integers(1, 5))
)
def test_labels_do_not_hang_on_the_order_and_one_more_for_takes_none_away(
    ratings: np.ndarray,  # type: ignore[type-arg]
) -> None:
    labels = labels_from_surveys(ratings)
    np.testing.assert_array_equal(labels_from_surveys(ratings[::-1]), labels)
    more = np.vstack([ratings, np.full(5, 5)])
    assert (labels_from_surveys(more) >= labels).all()


def test_surveys_hold_a_row_of_ratings_for_each_listener(root: Path) -> None:
    found = read_surveys(root / "cal500", EMOTIONS)
    assert set(found) == {*miniature.SONGS, miniature.SONG_WITHOUT_LABELS}
    labels = np.array(miniature.song_labels(2))
    expected = [np.where(labels, 5, 1), np.where(labels, 4, 2), np.full(18, 3)]
    np.testing.assert_array_equal(found[SONG], expected)


def test_first_answers_of_a_file_count(root: Path) -> None:
    ratings = read_surveys(root / "cal500", EMOTIONS)[miniature.SONG_SURVEYED_TWICE]
    labels = miniature.song_labels(miniature.SONGS.index(miniature.SONG_SURVEYED_TWICE))
    assert ratings.shape == (3, 18)
    assert labels_from_surveys(ratings).tolist() == labels


def test_soft_labels_are_a_row_for_each_song_and_unknown_without_a_survey(copied: Path) -> None:
    base = copied / "cal500"
    for survey in (base / "cal500" / "annotations").glob(f"{miniature.SONGS[4]}_*.txt"):
        survey.unlink()
    found = soft_labels(base, EMOTIONS)
    assert found.shape == (13, 18)
    assert np.isnan(found[4]).all()
    labels = np.array([miniature.song_labels(number) for number in range(13)])
    others = [number for number in range(13) if number != 4]
    np.testing.assert_allclose(found[others], labels[others] * 2 / 3, rtol=1e-6)


def test_survey_that_is_damaged_can_be_left_out(copied: Path) -> None:
    path = copied / "cal500" / "cal500" / "annotations" / f"{SONG}_02.txt"
    path.write_text("no survey\n", encoding="utf-8")
    loading = Loading(skip_bad=True)
    found = read_surveys(copied / "cal500", EMOTIONS, loading)
    assert found[SONG].shape == (2, 18)
    assert loading.left_out == [f"{path} has no rating of {'Emotion-Angry_/_Agressive'}"]
    with pytest.raises(DatasetInvalid, match="has no rating"):
        inspect("cal500_songs", copied)
    assert loading.left_out[0] in inspect("cal500_songs", copied, skip_bad=True)


def test_disagreements_name_soft_labels_that_the_surveys_do_not_give(copied: Path) -> None:
    path = copied / "cal500" / "cal500" / "softAnnotations.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    tag = miniature.song_labels(2).index(1)
    cells = lines[2].split(",")
    cells[2 * tag] = "0.5"  # the columns between are those of the tags' opposites
    lines[2] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = f"{SONG}: the soft label of {EMOTIONS.tags[tag]} is 0.500, where the surveys say 0.667"
    assert told in disagreements(copied / "cal500", EMOTIONS)


def test_disagreements_name_labels_that_the_surveys_do_not_give(copied: Path) -> None:
    assert disagreements(copied / "cal500", EMOTIONS) == (NOT_LABELED,)
    path = copied / "cal500" / "cal500" / "hardAnnotations.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = lines[2].split(",")
    words = (path.parent / "vocab.txt").read_text(encoding="utf-8").split()
    column = words.index("Emotion-Happy")
    cells[column] = str(1 - int(cells[column]))
    lines[2] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = f"{SONG}: happy is {cells[column]}, where the surveys say {1 - int(cells[column])}"
    assert disagreements(copied / "cal500", EMOTIONS) == tuple(sorted([told, NOT_LABELED]))
    for survey in (path.parent / "annotations").glob(f"{SONG}_*.txt"):
        survey.unlink()
    told = f"{SONG}: no survey tells where its labels come from"
    assert told in inspect("cal500_songs", copied)


def test_surveys_that_are_not_there_are_missing(copied: Path) -> None:
    shutil.rmtree(copied / "cal500" / "cal500" / "annotations")
    with pytest.raises(DatasetMissing, match="annotations"):
        read_surveys(copied / "cal500", EMOTIONS)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('Emotion-Happy = "1"', 'Emotion-Happy = "6"', ", line 11: '6' is not what was expected"),
        ('Emotion-Happy = "1"', 'Emotion-Happy = ""', ", line 11: '' is not what was expected"),
        ('Emotion-Happy = "1"', 'Emotion-Merry = "1"', " has no rating of Emotion-Happy"),
    ],
)
def test_survey_that_is_damaged_is_refused_by_name(
    before: str, after: str, message: str, copied: Path
) -> None:
    path = copied / "cal500" / "cal500" / "annotations" / f"{SONG}_01.txt"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(DatasetInvalid, match=re.escape(f"{path}{message}")):
        read_surveys(copied / "cal500", EMOTIONS)


def test_survey_of_another_name_is_refused(copied: Path) -> None:
    folder = copied / "cal500" / "cal500" / "annotations"
    (folder / f"{SONG}_01.txt").rename(folder / "notes.txt")
    with pytest.raises(DatasetInvalid, match=r"notes\.txt is not named <song>_<number>\.txt"):
        read_surveys(copied / "cal500", EMOTIONS)


@pytest.mark.data
def test_surveys_of_the_research_data_give_all_labels_of_the_emotions() -> None:
    """At least 99.5 % of the 9,036 cells would do; the message lists those that differ."""
    base = data_root() / "cal500"
    songs = song_names(base)
    surveys = read_surveys(base, EMOTIONS)
    assert sum(map(len, surveys.values())) == 1_708
    distributed = hard_annotations(base, EMOTIONS, len(songs))
    rebuilt = np.stack([labels_from_surveys(surveys[song]) for song in songs])
    differing = [(songs[i], EMOTIONS.tags[j]) for i, j in np.argwhere(rebuilt != distributed)]
    assert rebuilt.size == 9_036
    assert differing == []


@pytest.mark.data
def test_surveys_of_the_research_data_give_all_soft_labels_of_the_emotions() -> None:
    base = data_root() / "cal500"
    songs = song_names(base)
    surveys = read_surveys(base, EMOTIONS)
    distributed = soft_annotations(base, EMOTIONS, len(songs))
    rebuilt = np.stack([soft_from_surveys(surveys[song]) for song in songs])
    assert rebuilt.size == 9_036
    np.testing.assert_allclose(rebuilt, distributed, rtol=0, atol=1e-5)
    assert not np.isnan(soft_labels(base, EMOTIONS)).any()
    assert (soft_labels(base, EMOTIONS) >= distributed - 1e-5).all()
