"""A labelled folder of one's own: its columns, its groups and folds, and what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from affetto.core import Dataset, quadrant_of
from affetto.datasets import inspect, load, source
from affetto.datasets.base import labels_sha256
from affetto.datasets.folder import canonical
from affetto.errors import DatasetInvalid, DatasetMissing, UnknownName
from affetto.frontends import build
from tests import miniature

Make = Callable[..., str]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Give a function that writes `labels.csv`, and a second of sound for each clip."""

    def made(*lines: str, encoding: str = "utf-8") -> str:
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding=encoding)
        for line in lines[1:]:
            path = folder / re.split("[,;\t]", line)[0]
            if path.suffix and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, miniature.tune(1, 1.0, 16_000), 16_000)
        return str(folder)

    return made


def tags_of(dataset: Dataset, number: int = 0) -> dict[str, float]:
    """Give the known labels of an example."""
    labels = zip(dataset.vocabulary.tags, dataset.examples[number].labels.tolist(), strict=True)
    return {tag: label for tag, label in labels if not math.isnan(label)}


def plane_of(dataset: Dataset, number: int = 0) -> list[float]:
    plane = dataset.examples[number].valence_arousal
    assert plane is not None
    return [round(value, 4) for value in plane.tolist()]


# ---------------------------------------------------------------- names


def test_names_with_a_slash_or_a_leading_dot_are_paths_and_have_one_spelling() -> None:
    same = ("./a", "a/", "./a/", "./b/../a")
    assert {canonical(name) for name in same} == {"./a"}
    assert canonical("../a/") == "../a"
    assert canonical("./") == "."
    assert canonical("/a//b/") == "/a/b"
    assert canonical("cal500") == "cal500"
    assert canonical("./cal500") == "./cal500"


def test_a_bare_name_of_a_folder_is_no_data_set_but_says_how_to_name_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(make("clip,quadrant", "a.wav,Q1"))
    monkeypatch.chdir(folder.parent)
    with pytest.raises(UnknownName) as refused:
        load("mine")
    assert refused.value.hint == "for the folder here, write ./mine"
    assert load("./mine/").name == "./mine"
    assert load("./mine").examples[0].id == "./mine/a.wav"


def test_a_folder_needs_no_data_root(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("clip,quadrant", "a.wav,Q1")
    monkeypatch.setenv("AFFETTO_DATA", "/nowhere")
    dataset = load(folder)
    assert dataset.read(dataset.examples[0], build("logmel", {})).n_frames > 10
    known = source(folder)
    assert known is not None and known.is_there(Path("/nowhere"))


def test_a_folder_that_is_not_there_or_has_no_table_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match="there is no such folder"):
        load(str(tmp_path / "none"))
    with pytest.raises(DatasetMissing, match=r"the folder has no labels\.csv"):
        load(str(tmp_path))


# ---------------------------------------------------------------- labels


def test_quadrants_are_signs(make: Make) -> None:
    dataset = load(make("clip,quadrant", "a.wav,Q2", "b.wav, q4 "))
    assert dataset.plane_kind == "signs"
    assert [plane_of(dataset, i) for i in (0, 1)] == [[-1, 1], [1, -1]]
    assert len(dataset.vocabulary) == 0


def test_ratings_lie_between_minus_one_and_one(make: Make) -> None:
    dataset = load(make("clip,valence,arousal", "a.wav,-0.5,0.25", "b.wav,,1"))
    assert dataset.plane_kind == "ratings"
    assert plane_of(dataset) == [-0.5, 0.25]
    assert math.isnan(plane_of(dataset, 1)[0])


def test_ratings_on_another_scale_say_so_in_the_columns_name(make: Make) -> None:
    dataset = load(make("clip,Valence 1..9,energy [1..7]", "a.wav,9,4", "b.wav,5,1"))
    assert [plane_of(dataset, i) for i in (0, 1)] == [[1, 0], [0, -1]]
    assert dataset.plane_kind == "ratings"


@pytest.mark.parametrize(("low", "high"), [("0", "1"), ("-1", "1"), ("0.0", "1.0")])
def test_valence_and_arousal_that_are_only_low_or_high_are_signs(
    low: str, high: str, make: Make
) -> None:
    lines = ("clip,quadrant,valence,arousal", f"a.wav,Q3,{low},{low}", f"b.wav,Q4,{high},{low}")
    dataset = load(make(*lines))
    assert dataset.plane_kind == "signs"
    assert [plane_of(dataset, i) for i in (0, 1)] == [[-1, -1], [1, -1]]


def test_columns_of_tags_choose_the_vocabulary(make: Make) -> None:
    emotions = load(make("clip,happy,sad,Title", "a.wav,1,0,x", "b.wav,,0.25,y"))
    assert emotions.vocabulary.name == "cal500_emotions"
    assert tags_of(emotions) == {"happy": 1, "sad": 0}
    assert tags_of(emotions, 1) == {"sad": 0.25}
    assert emotions.plane_kind == "none"
    gems = load(make("clip,sadness 0..10,power 0..10", "a.wav,5,10"))
    assert gems.vocabulary.name == "gems9"
    assert tags_of(gems) == {"sadness": 0.5, "power": 1}
    wide = load(make("clip,happy,Instrument_-_Piano", "a.wav,1,1"))
    assert wide.vocabulary.name == "cal500exp_tags"


def test_moods_give_tags_and_quadrants(make: Make) -> None:
    dataset = load(make("clip,moods", "a.wav,Sad; Bleak", "b.wav,happy; sad", "c.wav,happy"))
    assert tags_of(dataset)["sad"] == 1
    assert tags_of(dataset)["happy"] == 0
    assert dataset.plane_kind == "signs"
    assert plane_of(dataset) == [-1, -1]
    assert all(map(math.isnan, plane_of(dataset, 1)))


def test_a_tags_own_column_comes_before_the_moods(make: Make) -> None:
    dataset = load(make("clip,happy,moods", "a.wav,0.5,happy; sad", "b.wav,,happy"))
    assert tags_of(dataset)["happy"] == 0.5
    assert tags_of(dataset)["sad"] == 1
    assert tags_of(dataset, 1)["happy"] == 1


def test_ratings_come_before_the_quadrant_and_the_quadrant_before_the_moods(make: Make) -> None:
    rated = load(make("clip,valence,arousal,quadrant", "a.wav,0.5,0.5,Q1", "b.wav,,,Q2"))
    assert plane_of(rated) == [0.5, 0.5]
    assert rated.left_out[0].endswith("line 3: b.wav has no label")
    named = load(make("clip,quadrant,moods", "a.wav,Q1,sad", "b.wav,,sad"))
    assert [plane_of(named, i) for i in (0, 1)] == [[1, 1], [-1, -1]]


@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_tables_of_other_programs_are_read(comma: str, mark: str, make: Make) -> None:
    rows = ("clip{0}happy{0}valence", "a.wav{0}1{0}0.5", "b.wav{0}0{0}-0.5")
    dataset = load(make(*(row.format(comma) for row in rows), encoding=mark))
    assert [tags_of(dataset, i)["happy"] for i in (0, 1)] == [1, 0]


# ---------------------------------------------------------------- groups and folds


def groups_of(dataset: Dataset) -> list[str]:
    return [example.group for example in dataset.examples]


def test_groups_come_from_the_column_with_letters_and_digits_alone(make: Make) -> None:
    dataset = load(make("clip,group,quadrant", "a.wav,Aimee Mann,Q1", "b.wav,aimee-mann,Q2"))
    assert groups_of(dataset) == ["aimeemann", "aimeemann"]
    dataset = load(make("clip,Artist,quadrant", "a.wav,10cc,Q1"))
    assert groups_of(dataset) == ["10cc"]


def test_groups_come_from_the_files_own_tags_else_the_folder_else_the_clip(make: Make) -> None:
    lines = ("clip,quadrant", "a.wav,Q1", "Q1/One Band/x/b.wav,Q1", "happy/c.wav,Q1", "d.flac,Q3")
    folder = make(*lines)
    song = mutagen.File(Path(folder) / "d.flac", easy=True)
    song["artist"] = "Someone Else"
    song.save()
    dataset = load(folder)
    assert groups_of(dataset) == ["awav", "oneband", "happycwav", "someoneelse"]
    (remark,) = inspect(folder)
    assert remark.startswith("clips are grouped: 2 by themselves, ")


def test_a_folder_that_all_clips_share_is_no_group(make: Make) -> None:
    dataset = load(make("clip,quadrant", "band/a.wav,Q1", "band/b.wav,Q2"))
    assert len(set(groups_of(dataset))) == 2


def test_clips_may_lie_in_audio(make: Make) -> None:
    folder = Path(make("clip,quadrant", "a.wav,Q1"))
    (folder / "audio").mkdir()
    (folder / "a.wav").rename(folder / "audio" / "a.wav")
    assert load(str(folder)).examples[0].path == folder / "audio" / "a.wav"


def test_folds_of_the_table_are_kept_and_others_dealt_alike(make: Make) -> None:
    lines = [f"{n}.wav,{'Q1' if n % 2 else 'Q3'}," for n in range(20)]
    lines[0] += "4"
    dataset = load(make("clip,quadrant,fold", *lines))
    assert dataset.folds["0wav"] == 4
    for fold in range(5):
        of_fold = [plane_of(dataset, i) for i in range(20) if dataset.folds[f"{i}wav"] == fold]
        assert sorted(quadrant_of(*plane) for plane in of_fold) == ["Q1", "Q1", "Q3", "Q3"]
    again = load(make("clip,quadrant,fold", *reversed(lines)))
    assert dict(again.folds) == dict(dataset.folds)


def test_labels_hash_alike_under_another_name_and_in_another_order(make: Make) -> None:
    lines = ("a.wav,Q1,1", "b.wav,Q2,0")
    folder = Path(make("clip,quadrant,happy", *lines))
    first = labels_sha256(load(str(folder)))
    make("clip,quadrant,happy", *reversed(lines))
    other = folder.rename(folder.with_name("other"))
    assert labels_sha256(load(str(other))) == first
    (other / "labels.csv").write_text("clip,quadrant,happy\na.wav,Q1,1\n", encoding="utf-8")
    assert labels_sha256(load(str(other))) != first


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("clip,quadrant", "a.wav,Q5", "line 2: 'Q5' is not what was expected (Q1 to Q4)"),
        ("clip,valence", "a.wav,1.5", "line 2: '1.5' is not what was expected (-1.0 to 1.0)"),
        ("clip,valence", "a.wav,nan", "line 2: 'nan' is not"),
        ("clip,happy", "a.wav,yes", "line 2: 'yes' is not what was expected (0.0 to 1.0)"),
        ("clip,happy 1..5", "a.wav,0", "in column happy 1..5"),
        ("clip,happy,fold", "a.wav,1,5", "line 2: '5' is not what was expected (a fold, 0 to 4)"),
        ("clip,happy", "../a.wav,1", "'../a.wav' is not the path of a clip in the folder"),
        ("clip,happy", "/a.wav,1", "'/a.wav' is not the path of a clip in the folder"),
        ("clip,happy", ",1", "'' is not the path of a clip in the folder"),
        ("clip,happy", "a.wav", "line 2: the row has not one value for each column"),
        ("clip,quadrant,valence,arousal", "a.wav,Q3,0.1,0.2", "quadrant Q3 contradicts"),
        ("song,happy", "a.wav,1", "line 1: the column clip is missing"),
        ("clip,title", "a.wav,x", "line 1: there is no column with labels"),
        ("clip,happy,Happy", "a.wav,1,1", "line 1: the column happy is there twice"),
        ("clip,happy,tension", "a.wav,1,1", "tension and happy are tags of two vocabularies"),
        ("clip,valence 5..1", "a.wav,1", "the scale of column 'valence 5..1' does not rise"),
        ("clip,happy", "a.wav,", "has no clip with a label"),
    ],
)
def test_what_is_wrong_is_one_sentence(header: str, row: str, message: str, make: Make) -> None:
    with pytest.raises(DatasetInvalid, match=re.escape(message)) as refused:
        load(make(header, row))
    assert refused.value.hint


def test_rows_that_are_wrong_can_be_left_out(make: Make) -> None:
    lines = ("clip,quadrant,group", "a.wav,Q1,x", "b.wav,Q7,y", "a.wav,Q2,z", "d.wav,Q3,w")
    dataset = load(make(*lines), skip_bad=True)
    assert [example.song for example in dataset.examples] == ["a.wav", "d.wav"]
    assert [re.search(r"line \d", text)[0] for text in dataset.left_out] == ["line 3", "line 4"]  # type: ignore[index]


def test_a_clip_without_its_sound_is_missing(make: Make) -> None:
    folder = make("clip,quadrant", "a.wav,Q1")
    (Path(folder) / "a.wav").unlink()
    with pytest.raises(DatasetMissing, match=r"line 2: there is no sound file .*a\.wav"):
        load(folder)


def test_a_group_of_two_folds_is_refused(make: Make) -> None:
    with pytest.raises(DatasetInvalid, match=r"line 3: b\.wav is of fold 2, where its group"):
        load(make("clip,group,fold,quadrant", "a.wav,x,1,Q1", "b.wav,X,2,Q1"))


def test_what_is_not_read_is_remarked_on(make: Make) -> None:
    remarks = inspect(make("clip,moods,Hapy", "a.wav,Wombat; sad,1", "b.wav,sad; happy,0"))
    assert "columns that are not read: Hapy" in remarks
    assert "mood words that mean nothing to affetto: Wombat (1)" in remarks
    assert "clips whose moods name no quadrant, or two alike: 1" in remarks
    assert np.size(remarks) == 4
