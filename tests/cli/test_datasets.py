"""`affetto datasets`: list, show, check."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from affetto.cli import main
from affetto.datasets import DATASETS, load
from tests import miniature


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return miniature.data_root(tmp_path_factory)


@pytest.fixture
def copied(root: Path, tmp_path: Path) -> Path:
    return shutil.copytree(root, tmp_path / "data")


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    """Run a verb that succeeds; give its JSON."""
    assert main(["datasets", *map(str, arguments), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_list_names_all_data_sets_and_says_which_are_there(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(copied / "emotion_audio" / "4q")
    shutil.rmtree(copied / "cal500" / "CAL500_32kps")
    found = told(capsys, "list", "--data-root", copied)
    assert found["data_root"] == str(copied)
    assert [row["name"] for row in found["datasets"]] == list(DATASETS.names())
    assert {row["name"] for row in found["datasets"] if not row["is_there"]} == {
        "4q",
        "cal500exp_audio",
        "cal500_songs_audio",
    }
    assert main(["datasets", "list", "--data-root", str(copied)]) == 0
    printed = capsys.readouterr()
    assert " ".join(printed.out.split()).count("(not there)") == 3
    assert str(copied) in printed.err
    assert max(map(len, printed.out.splitlines())) <= 80


def test_list_takes_the_environments_word_for_where_data_are(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFETTO_DATA", str(root))
    assert all(row["is_there"] for row in told(capsys, "list")["datasets"])
    monkeypatch.setenv("AFFETTO_DATA", str(root / "nowhere"))
    there = [row["name"] for row in told(capsys, "list")["datasets"] if row["is_there"]]
    assert there == ["not_music"]  # which needs no files


@pytest.mark.parametrize("name", DATASETS.names())
def test_show_counts_what_loading_gives(
    name: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, dataset = told(capsys, "show", name, "--data-root", root), load(name, root)
    assert found["n_examples"] == len(dataset.examples)
    assert found["left_out"] == list(dataset.left_out)
    assert [row["tag"] for row in found["tags"]] == list(dataset.vocabulary.tags)
    assert (found["license"], found["source_url"]) == (dataset.license, dataset.source_url)
    assert sum(found["quadrants"].values()) in (0, len(dataset.examples))


@pytest.mark.parametrize("name", DATASETS.names())
def test_show_fits_80_columns(name: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets", "show", name, "--data-root", str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    # What cannot be broken is left whole.
    assert [x for x in lines if len(x) > 80 and "://" not in x and str(root)[:20] not in x] == []
    assert any(line.startswith("license") for line in lines)


def test_show_tells_frequencies_and_companions(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(capsys, "show", "cal500_songs", "--data-root", root)
    labels = [miniature.song_labels(number) for number in range(12)]
    assert found["cardinality"] == pytest.approx(sum(map(sum, labels)) / 12)
    assert found["density"] == pytest.approx(sum(map(sum, labels)) / 12 / 18, abs=1e-4)
    assert [row["n_positive"] for row in found["tags"]] == [
        sum(c) for c in zip(*labels, strict=True)
    ]
    assert found["co_occurrence"][0][3] == found["tags"][0]["n_positive"]  # every third is alike
    assert main(["datasets", "show", "cal500_songs", "--data-root", str(root)]) == 0
    text = capsys.readouterr().out
    assert "angry_aggressive           4   33 %  calming_soothing 1.00" in text
    assert f"{miniature.SONG_WITHOUT_ANALYSIS}: the Echo Nest has not" in text


def test_show_of_what_is_not_there_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(capsys, "show", "cal500exp", "--data-root", tmp_path)
    assert not found["is_there"]
    assert "which is not there" in found["missing"]
    assert "n_examples" not in found
    assert main(["datasets", "show", "cal500exp", "--data-root", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "to get it" in text
    assert "(not there)" in text


@pytest.mark.parametrize("name", DATASETS.names())
def test_check_of_a_whole_data_set_passes(
    name: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(capsys, "check", name, "--data-root", root)
    assert found["n_read"] == found["n_examples"] == len(load(name, root).examples)
    assert found["failures"] == []
    assert main(["datasets", "check", name, "--data-root", str(root)]) == 0
    assert "all can be read" in capsys.readouterr().out


def test_check_names_what_cannot_be_read_and_exits_with_1(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = sorted((copied / "emotion_audio" / "emotify" / "audio").iterdir())
    clips[3].write_bytes(b"no sound")
    assert main(["datasets", "check", "emotify", "--data-root", str(copied)]) == 1
    printed = capsys.readouterr()
    assert "10 examples, 1 cannot be read" in printed.out
    assert printed.err.startswith(f"affetto: emotify/{clips[3].name}: ")
    assert len(printed.err.splitlines()) == 1


def test_check_tells_remarks_beside_what_is_left_out(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    picture = copied / "cal500" / "spectrogram_png_first3s" / f"{miniature.SONGS[2]}.png"
    with Image.open(picture) as image:
        pixels = image.convert("RGB")
    pixels.paste((255, 255, 255), (0, 0, 64, 480))
    pixels.save(picture)
    found = told(capsys, "check", "cal500", "--data-root", copied)
    assert found["remarks"] == [f"{miniature.SONGS[2]}: 10.0% of the picture's columns are blank"]
    assert len(found["left_out"]) == 2
    songs = told(capsys, "check", "cal500_songs", "--data-root", copied)
    assert songs["remarks"] == [
        f"{miniature.SONG_WITHOUT_LABELS}: it is surveyed, but has no labels"
    ]


@pytest.mark.parametrize("verb", ["show", "check"])
def test_damaged_table_is_one_sentence_with_file_and_line(
    verb: str, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = copied / "cal500" / "cal500exp" / "SegLabelHard" / f"{miniature.SONGS[2]}.csv"
    text = table.read_bytes().decode()
    table.write_bytes(text.replace("9.400000", "nan", 1).encode())
    assert main(["datasets", verb, "cal500exp", "--data-root", str(copied)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{table}, line 3: 'nan' is not what was expected" in printed.err
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize("verb", ["show", "check"])
def test_skip_bad_goes_on_without_the_row_and_tells_it(
    verb: str, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = told(capsys, verb, "cal500exp", "--data-root", copied)
    table = copied / "cal500" / "cal500exp" / "SegLabelHard" / f"{miniature.SONGS[2]}.csv"
    text = table.read_bytes().decode()
    table.write_bytes(text.replace("3.100000,9.400000", "9.400000,3.100000", 1).encode())
    assert main(["datasets", verb, "cal500exp", "--data-root", str(copied)]) == 2
    refused = capsys.readouterr().err
    found = told(capsys, verb, "cal500exp", "--data-root", copied, "--skip-bad")
    sentence = f"{table}, line 3: the segment ends at 3.1 s, before it starts"
    assert sentence in refused
    assert sentence in found["left_out"]
    assert found["n_examples"] == whole["n_examples"] - 1
    assert set(whole["left_out"]) < set(found["left_out"])
    assert main(["datasets", verb, "cal500exp", "--data-root", str(copied), "--skip-bad"]) == 0
    assert "line 3: the segment ends" in " ".join(capsys.readouterr().out.split())


def test_check_of_segments_names_each_of_a_recording_that_cannot_be_read(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = copied / "cal500" / "CAL500_32kps" / f"{miniature.SONGS[2]}.mp3"
    whole = sound.read_bytes()
    sound.write_bytes(whole[: len(whole) // 3])  # it still claims to last 27 s
    assert main(["datasets", "check", "cal500exp_audio", "--data-root", str(copied)]) == 1
    printed = capsys.readouterr()
    assert "36 examples, 1 cannot be read" in printed.out
    assert len(printed.err.splitlines()) == 1
    assert f"cal500exp_audio/{miniature.SONGS[2]}/20.000 begins at 20 s, where" in printed.err


def test_show_of_an_archive_says_that_it_is_unpacked(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = copied / "cal500" / "CAL500_32kps.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(copied / "cal500" / "CAL500_32kps", "CAL500_32kps")
    shutil.rmtree(copied / "cal500" / "CAL500_32kps")
    assert main(["datasets", "show", "cal500_songs_audio", "--data-root", str(copied)]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith(f"affetto: unpacking {archive} (")
    assert "13 examples of 13 songs" in printed.out


def test_check_of_what_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["datasets", "check", "4q", "--data-root", str(tmp_path)]) == 2
    assert "which is not there" in capsys.readouterr().err
    assert main(["datasets", "check", "cal50", "--data-root", str(tmp_path)]) == 2
    assert "did you mean cal500" in capsys.readouterr().err
