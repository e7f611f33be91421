"""CAL500 as sound: which MP3, which part of it, and what is said when one is not there."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto import audio
from affetto.core import Interval
from affetto.datasets import data_root, load
from affetto.datasets.cal500 import LABELS_ONLY, song_names
from affetto.errors import DatasetInvalid, DatasetMissing
from affetto.files import cache_home
from affetto.frontends import build, spectrogram
from tests import miniature

MP3S = "cal500/CAL500_32kps"
SONG = miniature.SONGS[2]
NAMES = ("cal500exp_audio", "cal500_songs_audio")


def pack(root: Path) -> Path:
    """Put the MP3s of a data root back into the archive that they are distributed in."""
    archive = root / "cal500" / "CAL500_32kps.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(root / MP3S, "CAL500_32kps")
    shutil.rmtree(root / MP3S)
    return archive


def rename_song(root: Path, song: str, other: str) -> None:
    """Give a song another name in the label package."""
    names = root / "cal500" / "cal500" / "songNames.txt"
    names.write_text(names.read_text(encoding="utf-8").replace(song, other), encoding="utf-8")


def test_segments_lie_in_the_mp3_where_their_table_says(root: Path) -> None:
    examples = [e for e in load("cal500exp_audio", root).examples if e.song == SONG]
    assert [example.interval for example in examples] == [
        Interval(0.0, 3.1),
        Interval(3.1, 9.4),
        Interval(20.0, 26.5),
    ]
    assert {example.path for example in examples} == {root / MP3S / f"{SONG}.mp3"}
    assert examples[0].labels.tolist() == miniature.segment_labels(2)


def test_segments_have_the_labels_and_groups_that_they_have_in_the_analyses(root: Path) -> None:
    heard = {e.id.partition("/")[2]: e for e in load("cal500exp_audio", root).examples}
    analyzed = {e.id.partition("/")[2]: e for e in load("cal500exp", root).examples}
    assert analyzed.keys() < heard.keys()
    for name, example in analyzed.items():
        assert heard[name].labels.tolist() == example.labels.tolist()
        assert heard[name].group == example.group


def test_segment_sounds_like_that_part_of_its_song(root: Path) -> None:
    dataset, front_end = load("cal500exp_audio", root), build("logmel", {})
    example = next(e for e in dataset.examples if e.id == f"cal500exp_audio/{SONG}/3.100")
    sound, _ = audio.read(root / MP3S / f"{SONG}.mp3", front_end.sample_rate)
    assert dataset.read(example, front_end) == spectrogram(front_end, sound).section(
        Interval(3.1, 9.4)
    )


def test_songs_are_whole_with_the_labels_of_cal500(root: Path) -> None:
    dataset = load("cal500_songs_audio", root)
    assert [example.song for example in dataset.examples] == list(miniature.SONGS)
    for number, example in enumerate(dataset.examples):
        assert example.path == root / MP3S / f"{example.song}.mp3"
        assert example.labels.tolist() == miniature.song_labels(number)
        assert example.interval is None
    assert dataset.left_out == ()


@pytest.mark.parametrize("name", NAMES)
def test_archive_of_the_mp3s_gives_the_same_as_their_folder(name: str, copied: Path) -> None:
    before = load(name, copied)
    archive = pack(copied)
    told: list[str] = []
    after = load(name, copied, tell=told.append)
    assert len(told) == 1
    assert told[0].startswith(f"unpacking {archive}")
    assert [e.id for e in after.examples] == [e.id for e in before.examples]
    assert all(cache_home() in e.path.parents for e in after.examples)
    front_end = build("logmel", {})
    assert after.read(after.examples[4], front_end) == before.read(
        load(name, copied, tell=pytest.fail).examples[4], front_end
    )
    assert not (copied / MP3S).exists()  # nothing is written among the user's data


def test_mp3s_are_found_in_a_folder_of_the_same_name(copied: Path) -> None:
    inner = copied / MP3S / "CAL500_32kps"
    (copied / MP3S).rename(copied / "cal500" / "moved")
    inner.parent.mkdir()
    (copied / "cal500" / "moved").rename(inner)
    (inner / f"._{SONG}.mp3").write_bytes(b"left by another system")
    dataset = load("cal500_songs_audio", copied)
    assert {example.path.parent for example in dataset.examples} == {inner}
    assert dataset.left_out == ()


@pytest.mark.parametrize("name", NAMES)
def test_mp3s_that_are_not_there_are_missing_by_both_names(name: str, copied: Path) -> None:
    shutil.rmtree(copied / MP3S)
    folder = re.escape(str(copied / MP3S))
    with pytest.raises(DatasetMissing, match=rf"{name} needs {folder} or {folder}\.tar, which"):
        load(name, copied)


@pytest.mark.parametrize("name", NAMES)
def test_song_without_sound_is_refused_or_left_out_by_its_line(name: str, copied: Path) -> None:
    (copied / MP3S / f"{SONG}.mp3").unlink()
    names = copied / "cal500" / "cal500" / "songNames.txt"
    sentence = f"{names}, line 3: {copied / MP3S} holds no {SONG}.mp3"
    with pytest.raises(DatasetInvalid, match=re.escape(sentence)):
        load(name, copied)
    dataset = load(name, copied, skip_bad=True)
    assert f"{SONG}: {sentence}" in dataset.left_out
    assert {e.song for e in dataset.examples} >= {*miniature.SONGS[:2], *miniature.SONGS[3:9]}
    assert SONG not in {e.song for e in dataset.examples}


def test_songs_whose_sound_is_not_distributed_are_left_out(copied: Path) -> None:
    other = "radiohead-karma_police"
    rename_song(copied, SONG, other)
    (copied / MP3S / f"{SONG}.mp3").unlink()
    (copied / "cal500" / "cal500exp" / "SegLabelHard" / f"{SONG}.csv").unlink()
    assert f"{other}: there is no MP3 of it" in load("cal500_songs_audio", copied).left_out
    told = f"{other}: CAL500exp has no segments of it"
    assert told in load("cal500exp_audio", copied).left_out
    assert told in load("cal500exp", copied).left_out


@pytest.mark.parametrize("name", NAMES)
def test_sound_of_a_song_that_is_not_listed_is_left_out(name: str, copied: Path) -> None:
    (copied / MP3S / "stray-song.mp3").write_bytes(b"whatever")
    assert "stray-song: songNames.txt has no such song" in load(name, copied).left_out


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"no sound" * 1_000])
def test_mp3_that_is_none_is_refused_or_left_out(content: bytes, name: str, copied: Path) -> None:
    path = copied / MP3S / f"{SONG}.mp3"
    path.write_bytes(content)
    with pytest.raises(DatasetInvalid, match=re.escape(str(path))):
        load(name, copied)
    dataset = load(name, copied, skip_bad=True)
    assert SONG not in {e.song for e in dataset.examples}
    (told,) = (text for text in dataset.left_out if text.startswith(f"{SONG}: "))
    assert str(path) in told


def test_segment_behind_the_end_of_its_mp3_is_refused_or_left_out(copied: Path) -> None:
    path = copied / MP3S / f"{SONG}.mp3"
    soundfile.write(path, np.tile(miniature.tune(2, 3.0, 22_050), 4), 22_050)
    table = copied / "cal500" / "cal500exp" / "SegLabelHard" / f"{SONG}.csv"
    sentence = f"{table}, line 4: the segment begins at 20 s, where {path} has ended after 12."
    with pytest.raises(DatasetInvalid, match=re.escape(sentence)):
        load("cal500exp_audio", copied)
    dataset = load("cal500exp_audio", copied, skip_bad=True)
    assert any(text.startswith(sentence) for text in dataset.left_out)
    assert [e.interval for e in dataset.examples if e.song == SONG] == [
        Interval(0.0, 3.1),
        Interval(3.1, 9.4),
    ]


@pytest.mark.data
def test_labels_of_the_research_data_go_with_the_mp3s_of_500_songs(tmp_path: Path) -> None:
    """The names are the real ones; one long sound stands for all songs."""
    base = tmp_path / "cal500"
    (base / "CAL500_32kps").mkdir(parents=True)
    for name in ("cal500", "cal500exp"):
        (base / name).symlink_to(data_root() / "cal500" / name)
    sound = tmp_path / "long.mp3"
    soundfile.write(sound, np.zeros(8_000 * 1_400), 8_000)  # the last segment ends at 1,351 s
    for song in set(song_names(base)) - LABELS_ONLY:
        (base / "CAL500_32kps" / f"{song}.mp3").symlink_to(sound)
    segments, songs = load("cal500exp_audio", tmp_path), load("cal500_songs_audio", tmp_path)
    assert len(segments.examples) == 3_223
    assert len({example.song for example in segments.examples}) == len(songs.examples) == 500
    reason = "CAL500exp has no segments of it"
    assert segments.left_out == tuple(f"{song}: {reason}" for song in sorted(LABELS_ONLY))
    assert songs.left_out == tuple(f"{song}: there is no MP3 of it" for song in sorted(LABELS_ONLY))
