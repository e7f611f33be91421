"""The network on whole songs as a method: what it is taught, and what it must not see."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from affetto.errors import BadConfig, DatasetInvalid
from affetto.experiments.examples import Examples
from affetto.experiments.methods import METHODS, further
from affetto.experiments.methods.base import Site
from affetto.experiments.methods.song_network import SongNetwork
from tests.experiments import tiny

OVERRIDES = {
    "optimizer.epochs": "2",
    "optimizer.batch_size": "2",
    "network.channels": "[4, 8]",
    "network.n_dims": "8",
}
NETWORK = SongNetwork("song", "a network of some weights", OVERRIDES)
VARIANTS = [method for method in METHODS.values() if isinstance(method, SongNetwork)]


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny.site(tmp_path_factory)


@pytest.fixture(scope="module")
def everything(where: Site) -> Examples:
    return tiny.loaded(where).examples


def test_song_network_scores_every_segment_from_what_was_not_learned(
    where: Site, everything: Examples
) -> None:
    training, test = tiny.sides(everything)
    fitted = NETWORK.fit(training, 0, tiny.place(where, everything, training))
    scores = fitted.score(test.unlabeled())
    assert scores.shape == test.labels.shape
    assert ((scores >= 0) & (scores <= 1)).all()
    assert fitted.held_out_scores.shape == (len(fitted.held_out), test.labels.shape[1])
    assert set(fitted.settings["heads"]) == {"labels", "segment_tags", "song_tags"}


def test_song_network_scores_segments_alike_in_any_order_and_number(
    where: Site, everything: Examples
) -> None:
    training, test = tiny.sides(everything)
    fitted = NETWORK.fit(training, 0, tiny.place(where, everything, training))
    order = np.random.default_rng(0).permutation(len(test))[: len(test) - 1]
    np.testing.assert_allclose(fitted.score(test.part(order)), fitted.score(test)[order], atol=1e-6)


def test_song_network_scores_the_test_side_without_its_labels(
    where: Site, everything: Examples
) -> None:
    training, test = tiny.sides(everything)
    fitted = NETWORK.fit(training, 0, tiny.place(where, everything, training))
    assert (fitted.score(test) == fitted.score(test.unlabeled())).all()


def test_further_labels_are_those_of_the_segment_and_of_its_song(
    where: Site, everything: Examples
) -> None:
    tags = further.targets(further.SEGMENT_TAGS, where, everything)
    songs = further.targets(further.SONG_TAGS, where, everything)
    assert tags is not None
    assert songs is not None
    assert tags.shape[0] == songs.shape[0] == len(everything)
    # The 18 emotions are among a segment's tags.
    assert (tags[:, : everything.labels.shape[1]] == everything.labels).all()
    first = everything.songs[0]
    same = [row for row, song in enumerate(everything.songs) if song == first]
    assert (songs[same] == songs[same[0]]).all()


def test_further_labels_that_are_not_known_are_left_unknown(
    where: Site, everything: Examples
) -> None:
    strange = replace(everything, songs=("nobody-nothing",) * len(everything))
    found = further.targets(further.SONG_TAGS, where, strange)
    assert found is not None
    assert np.isnan(found).all()


def test_bad_row_of_further_labels_is_left_unknown_where_that_is_asked_for(
    where: Site, everything: Examples, tmp_path: Path
) -> None:
    assert where.root is not None
    shutil.copytree(where.root, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "cal500" / "cal500" / "softAnnotations.txt"
    first, rest = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text(f"much{first}\n{rest}", encoding="utf-8")
    damaged = replace(where, root=tmp_path)
    with pytest.raises(DatasetInvalid, match=re.escape(f"{path}, line 1")):
        further.targets(further.SONG_TAGS, damaged, everything)
    whole = further.targets(further.SONG_TAGS, where, everything)
    found = further.targets(further.SONG_TAGS, replace(damaged, skip_bad=True), everything)
    assert whole is not None
    assert found is not None
    is_bad = np.isnan(found).any(axis=1)
    assert 0 < is_bad.sum() < len(everything)
    assert (found[~is_bad] == whole[~is_bad]).all()


def test_network_of_whole_songs_learns_their_segments_as_well(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    where = tiny.site(tmp_path_factory, "cal500")
    songs = tiny.loaded(where).examples
    parts = further.parts(further.SEGMENT_TAGS, where)
    assert set(parts) & set(songs.songs)
    for added in parts.values():
        assert (added.intervals[:, 0] < added.intervals[:, 1]).all()
        assert len(added.labels) == len(added.intervals)
    training, test = tiny.sides(songs)
    fitted = NETWORK.fit(training, 0, tiny.place(where, songs, training))
    assert set(fitted.settings["heads"]) == {"labels", "segment_tags", "song_tags"}
    assert fitted.score(test.unlabeled()).shape == test.labels.shape
    without = replace(NETWORK, heads={further.SONG_TAGS: 1.0})
    other = without.fit(training, 0, tiny.place(where, songs, training))
    assert (other.score(test) != fitted.score(test)).any()


def test_tasks_of_segments_get_no_further_parts(where: Site) -> None:
    assert further.parts(further.SEGMENT_TAGS, where) == {}
    assert further.parts(further.SONG_TAGS, where) == {}


@pytest.mark.parametrize("method", VARIANTS, ids=lambda method: method.name)
def test_definition_of_each_variant_is_its_own(method: SongNetwork, where: Site) -> None:
    definition = method.definition(where)
    others = [other.definition(where) for other in VARIANTS if other.name != method.name]
    assert definition not in others


def test_song_network_with_a_setting_that_is_not_there_is_refused(where: Site) -> None:
    with pytest.raises(BadConfig, match="no key colour"):
        replace(NETWORK, overrides={"colour": "1"}).definition(where)
