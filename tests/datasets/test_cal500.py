"""CAL500: which labels a picture gets, and what a damaged table is told."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from affetto.core import Vocabulary
from affetto.datasets import data_root, load
from affetto.datasets.cal500 import (
    artist,
    hard_annotations,
    segments,
    soft_annotations,
    song_names,
    tag_names,
)
from affetto.errors import DatasetInvalid, DatasetMissing
from affetto.vocabularies import load as load_vocabulary
from tests import miniature

LABELS, SEGMENTS = "cal500/cal500", "cal500/cal500exp/SegLabelHard"
PICTURES = "cal500/spectrogram_png_first3s"
SONG = miniature.SONGS[2]


def labels_by_song(root: Path) -> dict[str, list[float]]:
    return {example.song: example.labels.tolist() for example in load("cal500", root).examples}


def test_cal500_labels_a_picture_with_the_segment_that_covers_it(root: Path) -> None:
    found = labels_by_song(root)
    with_segments = set(found) - {
        miniature.SONG_WITHOUT_SEGMENTS,
        miniature.SONG_THAT_STARTS_LATE,
    }
    assert miniature.SONG_WITH_A_SHORT_START in with_segments
    for song in with_segments:
        assert found[song] == miniature.segment_labels(miniature.SONGS.index(song))


@pytest.mark.parametrize("song", [miniature.SONG_WITHOUT_SEGMENTS, miniature.SONG_THAT_STARTS_LATE])
def test_cal500_labels_a_picture_with_the_song_where_no_segment_covers_half(
    song: str, root: Path
) -> None:
    number = miniature.SONGS.index(song)
    assert miniature.song_labels(number) != miniature.segment_labels(number)
    assert labels_by_song(root)[song] == miniature.song_labels(number)


def test_cal500_leaves_out_songs_without_a_picture_to_read(root: Path) -> None:
    dataset = load("cal500", root)
    assert dataset.left_out == (
        f"{miniature.BLANK_SONG}: the picture is blank",
        f"{miniature.MISSING_SONG}: there is no picture",
    )
    assert len(dataset.examples) == len(miniature.SONGS) - 2


def test_cal500_groups_the_songs_of_an_artist(root: Path) -> None:
    groups = {example.song: example.group for example in load("cal500", root).examples}
    assert groups[miniature.SONGS[0]] == groups[miniature.SONGS[1]] == miniature.SHARED_GROUP
    assert len(set(groups.values())) == len(groups) - 1


@pytest.mark.parametrize(
    ("song", "expected"),
    [
        ("j.r._hobbin-no._2", "jrhobbin"),
        ("the_mill_pond_five-mud", "themillpondfive"),
        ("band_88-a-b-c", "band88"),
    ],
)
def test_artist_is_what_stands_before_the_first_hyphen(song: str, expected: str) -> None:
    assert artist(song) == expected


def test_cal500_finds_the_pictures_whose_names_were_damaged(copied: Path) -> None:
    names = copied / LABELS / "songNames.txt"
    text = names.read_text(encoding="utf-8")
    names.write_text(text.replace(SONG, "antonio_carlos_jobim-wave"), encoding="utf-8")
    pictures = copied / PICTURES
    (pictures / f"{SONG}.png").rename(pictures / "antonio_carlos_jobim-pnge.png")
    (copied / SEGMENT_TABLE).rename(copied / SEGMENTS / "antonio_carlos_jobim-wave.csv")
    songs = {example.song: example.path for example in load("cal500", copied).examples}
    assert songs["antonio_carlos_jobim-wave"] == pictures / "antonio_carlos_jobim-pnge.png"


def test_pictures_of_songs_have_the_labels_of_the_song(root: Path) -> None:
    songs, moments = load("cal500_songs_first3s", root), load("cal500", root)
    assert [e.path for e in songs.examples] == [e.path for e in moments.examples]
    assert songs.left_out == moments.left_out
    for example in songs.examples:
        number = miniature.SONGS.index(example.song)
        assert example.labels.tolist() == miniature.song_labels(number)


def test_pictures_of_songs_need_no_segments(copied: Path) -> None:
    shutil.rmtree(copied / SEGMENTS)
    assert len(load("cal500_songs_first3s", copied).examples) == len(miniature.SONGS) - 2


def test_annotations_are_found_by_the_names_of_their_columns(root: Path) -> None:
    base = root / "cal500"
    mixed = Vocabulary(
        name="made-up",
        tags=("duet", "not_happy", "happy"),
        titles=("Duet", "Not happy", "Happy"),
        source_names=("Vocals-Duet", "NOT-Emotion-Happy", "Emotion-Happy"),
    )
    hard, soft = hard_annotations(base, mixed, 13), soft_annotations(base, mixed, 13)
    for number in range(13):
        happy = miniature.song_labels(number)[8]
        duet = (number + tag_names(base).index("Vocals-Duet") - 36) % 2
        assert hard[number].tolist() == [duet, 1 - happy, happy]
    np.testing.assert_allclose(soft, hard * 2 / 3, atol=1e-5)


def test_segments_have_all_67_tags_on_demand(root: Path) -> None:
    vocabulary = load_vocabulary("cal500exp_tags")
    first, *_ = segments(root / "cal500", SONG, vocabulary)
    assert first.labels.tolist() == miniature.exp_labels(2, miniature.segment_labels(2))
    assert first.line == 2


@pytest.mark.parametrize("text", ["1.5", "-0.1", "nan", "?"])
def test_soft_label_that_is_no_share_is_refused_with_file_and_line(text: str, copied: Path) -> None:
    path = copied / LABELS / "softAnnotations.txt"
    path.write_text(cell(6, 2, text)(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DatasetInvalid, match=re.escape(f"{path}, line 6: '{text}' is not")):
        soft_annotations(copied / "cal500", load_vocabulary("cal500_emotions"), 13)


def on_line(number: int, change: Callable[[str], str]) -> Callable[[str], str]:
    """Give a change of one line of a text, counted from 1."""

    def changed(text: str) -> str:
        lines = text.split("\n")
        lines[number - 1] = change(lines[number - 1])
        return "\n".join(lines)

    return changed


def cell(line: int, column: int, value: str) -> Callable[[str], str]:
    """Give a change of one cell of a table, the line counted from 1, the column from 0."""

    def changed(text: str) -> str:
        cells = text.split(",")
        cells[column] = value
        return ",".join(cells)

    return on_line(line, changed)


SEGMENT_TABLE = f"{SEGMENTS}/{SONG}.csv"


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        pytest.param(
            f"{LABELS}/vocab.txt",
            lambda text: text.replace("Emotion-Sad\n", "Emotion-Glad\n", 1),
            "vocab.txt: the tag Emotion-Sad is missing",
            id="a tag is missing",
        ),
        pytest.param(
            f"{LABELS}/songNames.txt",
            on_line(5, lambda _: miniature.SONGS[1]),
            "songNames.txt, line 5: 'tin_larks-evening_kettle' is not what was expected",
            id="a song twice",
        ),
        pytest.param(
            f"{LABELS}/hardAnnotations.txt",
            on_line(4, lambda line: line[:-2]),
            "hardAnnotations.txt, line 4: 173 values for 174 tags",
            id="a short row of song labels",
        ),
        pytest.param(
            f"{LABELS}/hardAnnotations.txt",
            lambda text: text.partition("\n")[2],
            "hardAnnotations.txt has 12 rows for 13 songs",
            id="a row of song labels is missing",
        ),
        *(
            pytest.param(
                f"{LABELS}/hardAnnotations.txt",
                cell(6, 2, text),
                f"hardAnnotations.txt, line 6: '{text}' is not what was expected (0 or 1)",
                id=f"the song label {text!r}",
            )
            for text in ("2", "-1", "0.5", "nan", "yes", "")
        ),
        pytest.param(
            SEGMENT_TABLE,
            on_line(1, lambda line: line.replace("Emotion-Happy", "Emotion-Merry")),
            f"{SONG}.csv, line 1: the column Emotion-Happy is missing",
            id="a column of segment labels is missing",
        ),
        pytest.param(
            SEGMENT_TABLE,
            on_line(3, lambda line: line.rpartition(",")[0]),
            f"{SONG}.csv, line 3: the row has not one value for each column",
            id="a short row of segment labels",
        ),
        *(
            pytest.param(
                SEGMENT_TABLE,
                cell(4, column, text),
                f"{SONG}.csv, line 4: '{text}' is not what was expected",
                id=f"{text!r} in column {column} of the segments",
            )
            for column, text in (
                (0, "soon"),
                (0, "-0.5"),
                (1, "nan"),
                (1, "inf"),
                (5, "2.0"),
                (19, ""),
            )
        ),
        pytest.param(
            SEGMENT_TABLE,
            cell(3, 1, "2.5"),
            f"{SONG}.csv, line 3: the segment ends at 2.5 s, before it starts",
            id="a segment that ends before it starts",
        ),
        pytest.param(
            SEGMENT_TABLE,
            cell(3, 1, "3.1"),
            f"{SONG}.csv, line 3: the segment ends at 3.1 s, before it starts",
            id="a segment without length",
        ),
        pytest.param(
            SEGMENT_TABLE,
            lambda text: text + text.splitlines()[2] + "\n",
            f"{SONG}.csv, line 5: the segment from 3.1 to 9.4 s is there twice",
            id="a segment twice",
        ),
    ],
)
def test_cal500_refuses_a_damaged_table_with_file_and_line(
    file: str, change: Callable[[str], str], message: str, copied: Path
) -> None:
    path = copied / file
    before = path.read_bytes().decode()
    path.write_bytes(change(before).encode())
    assert path.read_bytes().decode() != before
    with pytest.raises(DatasetInvalid, match=re.escape(message)):
        load("cal500", copied)


@pytest.mark.parametrize(
    "file",
    [f"{LABELS}/vocab.txt", f"{LABELS}/songNames.txt", f"{LABELS}/hardAnnotations.txt"],
)
def test_cal500_needs_its_label_files(file: str, copied: Path) -> None:
    (copied / file).unlink()
    with pytest.raises(DatasetMissing, match=re.escape(Path(file).name)):
        load("cal500", copied)


@pytest.mark.parametrize("file", [f"{LABELS}/vocab.txt", SEGMENT_TABLE])
def test_cal500_refuses_text_in_another_encoding(file: str, copied: Path) -> None:
    path = copied / file
    path.write_bytes(path.read_bytes() + b"\xe9\n")
    with pytest.raises(DatasetInvalid, match=re.escape(f"{path} cannot be read")):
        load("cal500", copied)


def test_cal500_refuses_a_picture_that_cannot_be_decoded(copied: Path) -> None:
    picture = copied / PICTURES / f"{SONG}.png"
    picture.write_bytes(picture.read_bytes()[:2000])
    with pytest.raises(DatasetInvalid, match=f"{SONG}.png is not a picture that can be read"):
        load("cal500", copied)


def test_cal500_without_any_picture_has_no_example(copied: Path) -> None:
    shutil.rmtree(copied / PICTURES)
    dataset = load("cal500", copied)
    assert dataset.examples == ()
    assert len(dataset.left_out) == len(miniature.SONGS)


@pytest.mark.data
def test_cal500_of_the_research_data_has_499_pictures() -> None:
    dataset = load("cal500")
    assert len(dataset.examples) == 499
    assert len({example.group for example in dataset.examples}) == 496
    assert dataset.left_out == (
        "crosby_stills_and_nash-guinnevere: there is no picture",
        "jade_leary-going_in: the picture is blank",
        "radiohead-karma_police: there is no picture",
    )


@pytest.mark.data
def test_pictures_of_songs_of_the_research_data_differ_in_labels_alone() -> None:
    songs, moments = load("cal500_songs_first3s"), load("cal500")
    assert [e.path for e in songs.examples] == [e.path for e in moments.examples]
    base = data_root() / "cal500"
    distributed = hard_annotations(base, songs.vocabulary, 502)
    rows = [song_names(base).index(example.song) for example in songs.examples]
    np.testing.assert_array_equal([e.labels for e in songs.examples], distributed[rows])
    differing = [
        (ours.labels != theirs.labels).any()
        for ours, theirs in zip(songs.examples, moments.examples, strict=True)
    ]
    assert sum(differing) == 178  # the others have no segment, or one of the same labels
