"""What is damaged ends a loading; or it alone is left out, with the same sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.datasets import load
from affetto.datasets.base import Loading, rows
from affetto.errors import AffettoError, BadConfig, DatasetError, DatasetInvalid
from tests import miniature

SONG = miniature.SONGS[2]
TABLE = f"cal500/cal500exp/SegLabelHard/{SONG}.csv"
NAMES, HARD = "cal500/cal500/songNames.txt", "cal500/cal500/hardAnnotations.txt"
INDEX = "cal500/derived/echonest_index.csv"

Change = Callable[[str], str]


def swap(before: str, after: str) -> Change:
    return lambda text: text.replace(before, after, 1)


def again(line: int) -> Change:
    """Put a line, counted from 1, at the end of the text once more."""
    return lambda text: text + text.splitlines(keepends=True)[line - 1]


def label(line: int, text: str) -> Change:
    """Change the first label of a row of the songs' labels."""

    def change(content: str) -> str:
        lines = content.split("\n")
        lines[line - 1] = text + lines[line - 1][1:]
        return "\n".join(lines)

    return change


CLIPS = "emotion_audio/4q/labels.csv"
BAD_SEGMENT = "3.100000,9.400000"
CASES = [
    # data set, file, change, the sentence behind the file, what is left out
    ("cal500exp", TABLE, swap(BAD_SEGMENT, "9.4,3.1"), ", line 3: the segment ends at 3.1", "row"),
    ("cal500exp", TABLE, swap(BAD_SEGMENT, "nan,9.4"), ", line 3: 'nan' is not what", "row"),
    ("cal500exp", TABLE, swap(f"{BAD_SEGMENT},", "3.1,"), ", line 3: the row has not", "row"),
    ("cal500exp", TABLE, again(3), ", line 5: the segment from 3.1 to 9.4 s is there", "nothing"),
    ("cal500exp", TABLE, swap("Emotion-Sad", "Sad"), ", line 1: the column Emotion-Sad", "song"),
    ("cal500exp", INDEX, swap(f"{SONG},", f"{SONG},-"), ", line 4: '-", "song"),
    ("cal500exp", INDEX, again(4), f", line 14: '{SONG}' is not", "nothing"),
    ("cal500exp_tags", TABLE, swap("Vocals-Duet", "x"), ", line 1: the column Vocals-D", "song"),
    ("cal500exp_audio", TABLE, swap(BAD_SEGMENT, "9.4,3.1"), ", line 3: the segment", "row"),
    ("cal500", TABLE, swap(BAD_SEGMENT, "9.4,3.1"), ", line 3: the segment ends", "song"),
    ("cal500", HARD, label(3, "nan"), ", line 3: 'nan' is not what", "song"),
    ("cal500_songs", HARD, label(3, "nan"), ", line 3: 'nan' is not what", "song"),
    ("cal500_songs_audio", HARD, label(3, "2"), ", line 3: '2' is not what", "song"),
    ("cal500_songs_first3s", HARD, label(3, ""), ", line 3: '' is not what", "song"),
]


def ids(name: str, root: Path, skip_bad: bool = False) -> list[str]:
    return [example.id for example in load(name, root, skip_bad).examples]


@pytest.mark.parametrize(("name", "file", "change", "sentence", "lost"), CASES)
def test_damage_is_refused_or_left_out_alone_with_the_same_sentence(
    name: str, file: str, change: Change, sentence: str, lost: str, copied: Path
) -> None:
    whole = load(name, copied)
    path = copied / file
    before = path.read_bytes().decode()
    path.write_bytes(change(before).encode())
    assert path.read_bytes().decode() != before
    with pytest.raises(DatasetInvalid, match=re.escape(f"{path}{sentence}")) as refused:
        load(name, copied)
    found = load(name, copied, skip_bad=True)
    expected = {
        "nothing": lambda id: False,
        "row": lambda id: id == f"{name}/{SONG}/3.100",
        "song": lambda id: SONG in id,
    }[lost]
    assert [e.id for e in found.examples] == [e.id for e in whole.examples if not expected(e.id)]
    told = set(found.left_out) - set(whole.left_out)
    assert any(text.endswith(refused.value.message) for text in told)
    assert set(whole.left_out) <= set(found.left_out)


@pytest.mark.parametrize("name", ["cal500", "cal500exp", "cal500exp_audio", "cal500exp_tags"])
def test_song_without_its_label_file_is_refused_or_left_out(name: str, copied: Path) -> None:
    (copied / TABLE).unlink()
    sentence = f"{copied / NAMES}, line 3: the labels of its segments, {copied / TABLE}, are not"
    with pytest.raises(DatasetInvalid, match=re.escape(sentence)):
        load(name, copied)
    found = load(name, copied, skip_bad=True)
    assert any(text.startswith(f"{SONG}: {sentence}") for text in found.left_out)
    assert SONG not in {example.song for example in found.examples}


def test_picture_that_cannot_be_decoded_is_left_out(copied: Path) -> None:
    picture = copied / "cal500" / "spectrogram_png_first3s" / f"{SONG}.png"
    picture.write_bytes(picture.read_bytes()[:2000])
    found = load("cal500", copied, skip_bad=True)
    assert f"{SONG}: {picture} is not a picture that can be read" in found.left_out
    assert len(found.examples) == len(miniature.SONGS) - 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (swap("Q1", "Q5"), "line 2: 'Q5' is not what was expected"),
        (swap(",MT", ",twice\nMT"), "line 2: the row has not one value"),
    ],
)
def test_clips_that_are_damaged_are_left_out(change: Change, sentence: str, copied: Path) -> None:
    table = copied / CLIPS
    before = ids("4q", copied)
    table.write_bytes(change(table.read_bytes().decode()).encode())
    with pytest.raises(DatasetInvalid, match=re.escape(f"{table}, {sentence}")):
        load("4q", copied)
    found = load("4q", copied, skip_bad=True)
    assert f"{table}, {sentence}" in found.left_out[0]
    assert [e.id for e in found.examples] == before[1:]


def test_clips_without_sound_are_left_out_by_their_line(copied: Path) -> None:
    before = load("4q", copied)
    sound = before.examples[3].path
    sound.unlink()
    with pytest.raises(DatasetError, match=rf"labels\.csv, line 5: data set 4q needs {sound}"):
        load("4q", copied)
    found = load("4q", copied, skip_bad=True)
    assert len(found.examples) == len(before.examples) - 1
    assert f"line 5: data set 4q needs {sound}" in found.left_out[0]


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (NAMES, swap(miniature.SONGS[4], miniature.SONGS[1])),
        (HARD, lambda text: text.partition("\n")[2]),
        ("cal500/cal500/vocab.txt", swap("Emotion-Sad\n", "Emotion-Glad\n")),
    ],
)
def test_damage_that_makes_the_order_of_rows_or_columns_uncertain_is_always_refused(
    file: str, change: Change, copied: Path
) -> None:
    path = copied / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DatasetInvalid, match=re.escape(str(path))):
        load("cal500_songs", copied, skip_bad=True)


@pytest.mark.parametrize("name", ["cal500exp", "cal500_songs_audio", "emotify"])
def test_whole_data_set_is_the_same_with_and_without_skipping(name: str, root: Path) -> None:
    careful, lenient = load(name, root), load(name, root, skip_bad=True)
    assert lenient.left_out == careful.left_out
    assert lenient.examples == careful.examples


# ---------------------------------------------------------------- a loading by itself


@given(is_bad=st.lists(st.booleans(), max_size=20))
def test_loading_leaves_out_the_bad_parts_and_only_them(is_bad: list[bool]) -> None:
    loading, good = Loading(skip_bad=True), []
    for number, bad in enumerate(is_bad):
        with loading.part(f"song {number}"):
            if bad:
                raise DatasetInvalid(f"t.csv, line {number}: it is bad", "correct it")
            good.append(number)
    assert good == [number for number, bad in enumerate(is_bad) if not bad]
    assert loading.left_out == [
        f"song {number}: t.csv, line {number}: it is bad"
        for number, bad in enumerate(is_bad)
        if bad
    ]


@pytest.mark.parametrize("error", [BadConfig("no damage"), KeyError("a defect")])
def test_loading_lets_other_errors_pass(error: AffettoError | KeyError) -> None:
    with pytest.raises(type(error)), Loading(skip_bad=True).part():
        raise error


@given(
    n_cells=st.lists(st.integers(1, 3), min_size=1, max_size=10),
)
def test_rows_that_are_not_whole_are_left_out(
    n_cells: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    table = tmp_path_factory.mktemp("t") / "t.csv"
    lines = ["a,b", *(",".join("x" * n) for n in n_cells)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    loading = Loading(skip_bad=True)
    found = [line for line, _ in rows(table, ("a", "b"), loading)]
    assert found == [line for line, n in enumerate(n_cells, start=2) if n == 2]
    assert len(loading.left_out) + len(found) == len(n_cells)


def test_rows_of_a_loading_do_not_swallow_what_their_user_raises(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a\n1\n2\n", encoding="utf-8")
    with pytest.raises(DatasetInvalid, match="the user's own"):
        for _ in rows(table, ("a",), Loading(skip_bad=True)):
            raise DatasetInvalid("the user's own", "")
