"""Segments and songs of CAL500 with the Echo Nest's analyses: times, labels, what is left out."""

from __future__ import annotations

import re
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from affetto.core import Dataset, FloatArray, Interval
from affetto.datasets import inspect, load
from affetto.datasets.splits import fold_of_groups
from affetto.errors import DatasetInvalid, DatasetMissing
from affetto.frontends import build
from affetto.metrics import macro, roc_auc
from tests import miniature

SEGMENTS = "cal500/cal500exp/SegLabelHard"
SONG = miniature.SONGS[2]
NUMBER = 2


def segments_of(dataset: Dataset, song: str) -> list[Interval | None]:
    return [example.interval for example in dataset.examples if example.song == song]


def rename(root: Path, song: str, other: str) -> None:
    """Give a song of the data root another name, in all of CAL500's files."""
    base = root / "cal500"
    for path in (base / "cal500" / "songNames.txt", base / "derived" / "echonest_index.csv"):
        path.write_text(path.read_text(encoding="utf-8").replace(song, other), encoding="utf-8")
    (root / SEGMENTS / f"{song}.csv").rename(root / SEGMENTS / f"{other}.csv")


def test_segments_lie_30_s_later_in_the_song_than_in_their_table(root: Path) -> None:
    assert segments_of(load("cal500exp", root), SONG) == [
        Interval(30.0, 33.1),
        Interval(33.1, 39.4),
        Interval(50.0, 56.5),
    ]


def test_segments_have_their_own_labels_and_bear_their_start(root: Path) -> None:
    examples = {example.id: example for example in load("cal500exp", root).examples}
    first, second = (examples[f"cal500exp/{SONG}/{start}"] for start in ("0.000", "3.100"))
    assert first.labels.tolist() == miniature.segment_labels(NUMBER)
    assert (second.labels == 1 - first.labels).all()
    assert first.group == second.group == "doraquill"


def test_segments_of_a_song_follow_each_other_in_time(root: Path) -> None:
    table = load("cal500exp", root)
    for example, following in pairwise(table.examples):
        if example.song == following.song:
            assert example.interval is not None
            assert following.interval is not None
            assert example.interval.start_s < following.interval.start_s


def test_segments_that_are_left_out_are_named_with_a_reason(root: Path) -> None:
    dataset = load("cal500exp", root)
    assert dataset.left_out == (
        f"{miniature.SONG_WITHOUT_SEGMENTS}: CAL500exp has no segments of it",
        f"{miniature.SONG_WITH_A_SHORT_ANALYSIS}/20.000: its analysis ends before the segment "
        "begins",
        f"{miniature.SONG_WITHOUT_ANALYSIS}: the Echo Nest has not analyzed it (3 segments)",
    )
    assert len(dataset.examples) == 3 * (len(miniature.SONGS) - 2) - 1


def test_segments_of_songs_that_begin_elsewhere_have_their_own_offset(copied: Path) -> None:
    rename(copied, SONG, "jade_leary-going_in")
    assert segments_of(load("cal500exp", copied), "jade_leary-going_in")[0] == Interval(0.0, 3.1)


def test_song_whose_analysis_is_of_another_recording_is_left_out(copied: Path) -> None:
    other = "kris_kristofferson-the_best_of_all_possible_worlds"
    rename(copied, SONG, other)
    reason = f"{other}: its analysis is of another recording"
    assert f"{reason} (3 segments)" in load("cal500exp", copied).left_out
    assert reason in load("cal500_songs", copied).left_out


def test_segments_of_a_song_that_is_not_listed_are_left_out(copied: Path) -> None:
    shutil.copy(copied / SEGMENTS / f"{SONG}.csv", copied / SEGMENTS / "stray-song.csv")
    dataset = load("cal500exp", copied)
    assert dataset.left_out[-1] == "stray-song: songNames.txt has no such song"
    assert {example.song for example in dataset.examples} <= set(miniature.SONGS)


def test_segments_with_all_tags_are_those_with_the_emotions(root: Path) -> None:
    emotions, tags = load("cal500exp", root), load("cal500exp_tags", root)
    assert tags.left_out == emotions.left_out
    assert len(tags.examples) == len(emotions.examples)
    for few, many in zip(emotions.examples, tags.examples, strict=True):
        assert many.interval == few.interval
        assert many.labels[:18].tolist() == few.labels.tolist()
        assert set(many.labels[18:].tolist()) == {0, 1}


def test_songs_have_the_labels_of_cal500_and_no_interval(root: Path) -> None:
    dataset = load("cal500_songs", root)
    assert [example.song for example in dataset.examples] == list(miniature.SONGS[:12])
    for number, example in enumerate(dataset.examples):
        assert example.labels.tolist() == miniature.song_labels(number)
        assert example.interval is None
    assert dataset.left_out == (
        f"{miniature.SONG_WITHOUT_ANALYSIS}: the Echo Nest has not analyzed it",
    )


@pytest.mark.parametrize("name", ["cal500exp", "cal500_songs"])
def test_files_are_missed_by_their_names(name: str, copied: Path) -> None:
    shutil.rmtree(copied / "cal500" / "derived")
    with pytest.raises(DatasetMissing, match=re.escape(f"data set {name} needs {copied}")):
        load(name, copied)


def test_segments_need_their_folder(copied: Path) -> None:
    shutil.rmtree(copied / SEGMENTS)
    with pytest.raises(DatasetMissing, match="SegLabelHard"):
        load("cal500exp", copied)
    assert load("cal500_songs", copied).examples


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("Emotion-Sad,", "Emotion-Glad,", "line 1: the column Emotion-Sad is missing"),
        ("3.100000,9.400000", "3.100000,2.000000", "line 3: the segment ends at 2.0 s, before it"),
        ("3.100000,9.400000", "3.100000,nan", "line 3: 'nan' is not what was expected"),
        (
            "3.100000,9.400000",
            "0.000000,3.100000",
            "line 3: the segment from 0.0 to 3.1 s is there",
        ),
    ],
)
def test_damaged_table_of_segments_is_refused_with_file_and_line(
    before: str, after: str, message: str, copied: Path
) -> None:
    table = copied / SEGMENTS / f"{SONG}.csv"
    text = table.read_bytes().decode()
    assert before in text
    table.write_bytes(text.replace(before, after, 1).encode())
    with pytest.raises(DatasetInvalid, match=re.escape(f"{table}, {message}")):
        load("cal500exp", copied)


def test_inspection_names_segments_of_few_sound_events(copied: Path) -> None:
    index = copied / "cal500" / "derived" / "echonest_index.csv"
    lines = index.read_text(encoding="utf-8").splitlines()
    cells = lines[3].split(",")
    cells[2] = str(int(cells[1]) + 2)  # all of the song is one long event, but for a first one
    lines[3] = ",".join(cells)
    index.write_text("\n".join(lines) + "\n", encoding="utf-8")
    remarks = inspect("cal500exp", copied)
    assert remarks == tuple(
        f"cal500exp/{SONG}/{start}: only 0 sound events begin in it"
        for start in ("0.000", "3.100", "20.000")
    )


@pytest.mark.data
def test_segments_of_the_research_data_are_all_but_six() -> None:
    dataset = load("cal500exp")
    assert len(dataset.examples) == 3_217
    assert len({example.song for example in dataset.examples}) == 499
    assert len({example.group for example in dataset.examples}) == 496
    assert dataset.left_out == (
        "crosby_stills_and_nash-guinnevere: CAL500exp has no segments of it",
        "kris_kristofferson-the_best_of_all_possible_worlds: its analysis is of another recording "
        "(6 segments)",
        "radiohead-karma_police: CAL500exp has no segments of it",
    )
    labels = np.stack([example.labels for example in dataset.examples])
    assert labels.mean() == pytest.approx(0.351, abs=0.0005)
    assert len(inspect("cal500exp")) == 4 + 1  # 3,213 have four or more


@pytest.mark.data
def test_segments_of_the_research_data_have_67_tags() -> None:
    emotions, tags = load("cal500exp"), load("cal500exp_tags")
    few = np.stack([example.labels for example in emotions.examples])
    many = np.stack([example.labels for example in tags.examples])
    assert many.shape == (3_217, 67)
    np.testing.assert_array_equal(many[:, :18], few)
    assert (many.sum(axis=0) > 0).all()
    # 44,993 ones in the 3,223 rows; six are left out.
    assert 44_993 - 6 * 67 < many.sum() <= 44_993


@pytest.mark.data
def test_songs_of_the_research_data_are_all_but_one() -> None:
    dataset = load("cal500_songs")
    assert len(dataset.examples) == 501
    assert dataset.left_out == (
        "kris_kristofferson-the_best_of_all_possible_worlds: its analysis is of another recording",
    )


@pytest.mark.slow
@pytest.mark.data
def test_segments_of_the_research_data_are_told_apart_by_their_mean_frames() -> None:
    """Were labels and analyses not aligned, or the rebuilding wrong, this would be chance."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    dataset, front_end = load("cal500exp"), build("bark", {"n_chroma": 12})
    features = np.stack([_features(dataset.read(e, front_end).values) for e in dataset.examples])
    labels = np.stack([example.labels for example in dataset.examples])
    folds = fold_of_groups([dataset])
    is_test = np.array([folds[example.group] == 0 for example in dataset.examples])
    scores = np.stack(
        [
            make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
            .fit(features[~is_test], labels[~is_test, tag])
            .predict_proba(features[is_test])[:, 1]
            for tag in range(labels.shape[1])
        ],
        axis=1,
    )
    assert macro(roc_auc(labels[is_test], scores)) > 0.70


def _features(values: FloatArray) -> FloatArray:
    return np.concatenate([values.mean(axis=1), values.std(axis=1)])
