from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from affetto.errors import DatasetInvalid, DatasetMissing, UnknownName
from affetto.experiments import tasks
from affetto.experiments.examples import load
from affetto.experiments.methods.base import Site
from tests import miniature
from tests.experiments import tiny


@pytest.fixture
def where(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny.site(tmp_path_factory)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give data of one's own, to be damaged."""
    miniature.write_cal500(tmp_path / "data" / "cal500")
    return tmp_path / "data"


def test_segments_have_features_of_their_own_and_of_what_is_around(where: Site) -> None:
    examples = tiny.loaded(where).examples
    assert len(examples) == 32
    n_own = examples.features["segment"].shape[1]
    scales = examples.features["scales"]
    assert scales.shape == (32, 3 * n_own)
    assert (scales[:, :n_own] == examples.features["segment"]).all()
    # The first two segments are of one song, whose features they share.
    assert (scales[0, 2 * n_own :] == scales[1, 2 * n_own :]).all()
    assert (scales[0, :n_own] != scales[1, :n_own]).any()
    assert examples.features["averages"].shape == (32, 35)
    assert (examples.features["averages"] == examples.features["segment"][:, :35]).all()


def test_songs_have_mulans_features_and_one_scale(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    examples = tiny.loaded(tiny.site(tmp_path_factory, "cal500")).examples
    assert set(examples.features) == {"segment", "averages", "mulan"}
    rows = [miniature.SONGS.index(song) for song in examples.songs]
    expected = [miniature.mulan_features(row) for row in rows]
    assert np.allclose(examples.features["mulan"], expected)
    assert examples.labels.tolist() == [miniature.song_labels(row) for row in rows]


@pytest.mark.parametrize("name", ["cal500exp", "cal500"])
def test_pictures_are_a_source_too(name: str, where: Site) -> None:
    examples = load(tasks.find(name, "first3s"), where.root, where.work).examples
    assert len(examples) == 11
    assert "scales" not in examples.features


def test_sound_is_a_source_too(where: Site) -> None:
    examples = load(tasks.find("cal500exp", "audio"), where.root, where.work).examples
    assert set(examples.features) == {"segment", "averages", "scales"}
    assert examples.features["averages"].shape == (len(examples), 96)


def test_what_is_scored_has_no_labels(where: Site) -> None:
    assert np.isnan(tiny.loaded(where).examples.unlabeled().labels).all()


def test_parts_keep_rows_together(where: Site) -> None:
    examples = tiny.loaded(where).examples
    part = examples.part(np.asarray([5, 2]))
    assert part.ids == (examples.ids[5], examples.ids[2])
    assert (part.features["segment"] == examples.features["segment"][[5, 2]]).all()


def test_what_is_left_out_is_told(where: Site) -> None:
    told = "\n".join(tiny.loaded(where).left_out)
    assert miniature.SONG_WITHOUT_ANALYSIS in told
    assert miniature.SONG_WITHOUT_SEGMENTS in told


def test_another_label_gives_another_hash_and_the_same_features(root: Path, tmp_path: Path) -> None:
    task = tasks.find("cal500exp")
    before = load(task, root, tmp_path)
    table = root / "cal500/cal500exp/SegLabelHard" / f"{miniature.SONGS[0]}.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace(",1.000000,0.000000", ",0.000000,0.000000", 1), encoding="utf-8")
    after = load(task, root, tmp_path)
    assert after.sha256 != before.sha256
    assert (after.examples.features["scales"] == before.examples.features["scales"]).all()


@pytest.mark.parametrize("kind", ["recordings/*.npy", "features/*.npz"])
def test_kept_files_that_are_damaged_are_made_again(root: Path, tmp_path: Path, kind: str) -> None:
    task = tasks.find("cal500exp")
    before = load(task, root, tmp_path)
    (path,) = tmp_path.glob(kind)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert load(task, root, tmp_path).sha256 == before.sha256
    assert path.read_bytes() == whole


def test_a_damaged_label_is_a_sentence_and_can_be_left_out(root: Path, tmp_path: Path) -> None:
    table = root / "cal500/cal500exp/SegLabelHard" / f"{miniature.SONGS[0]}.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("0.000000,3.100000", "3.200000,3.100000", 1), encoding="utf-8")
    task = tasks.find("cal500exp")
    with pytest.raises(DatasetInvalid, match=rf"{table.name}, line 2: the segment ends"):
        load(task, root, tmp_path)
    found = load(task, root, tmp_path, skip_bad=True)
    assert len(found.examples) == 31
    assert any(f"{table.name}, line 2" in sentence for sentence in found.left_out)


def test_data_that_are_not_there_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match="no data folder"):
        load(tasks.find("cal500exp"), tmp_path / "none", tmp_path)


def test_songs_go_without_mulans_features_where_they_are_not_there(
    root: Path, tmp_path: Path
) -> None:
    (root / "cal500/mulan/CAL500.arff.gz").unlink()
    found = load(tasks.find("cal500"), root, tmp_path)
    assert "mulan" not in found.examples.features
    assert any("Mulan" in sentence for sentence in found.left_out)


def test_tasks_and_sources_that_are_not_there_are_sentences() -> None:
    with pytest.raises(UnknownName, match="no task named 'cal5000'"):
        tasks.find("cal5000")
    with pytest.raises(UnknownName, match="task cal500 has no source 'radio'"):
        tasks.find("cal500", "radio")


def test_a_data_set_that_is_not_there_is_a_sentence(where: Site) -> None:
    with pytest.raises(UnknownName, match="no data set named 'cal500_tape'"):
        load(replace(where.task, dataset="cal500_tape"), where.root, where.work)
