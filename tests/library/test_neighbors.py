"""Songs like another come by the cosine of their embeddings, with what both share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from affetto.errors import AudioNotFound, BundleMissing
from affetto.library import Embeddings, Library
from affetto.library.neighbors import Neighbors, neighbors_in
from affetto.prediction import predict
from tests.library.catalog import SHELF, record
from tests.library.music import fill, write_album, write_song


@pytest.fixture(scope="module")
def shelf(bundle: Path) -> Iterator[Library]:
    with Library(":memory:") as made:
        record(made, bundle, SHELF)
        yield made


def test_nearest_songs_come_first_without_the_song_itself(shelf: Library) -> None:
    found = shelf.search(like="/music/Bach/Air.flac")
    assert [song.track.title for song in found] == ["Largo", None, "Sturm"]
    cosines = [song.likeness.cosine for song in found if song.likeness is not None]
    np.testing.assert_allclose(cosines, [0.8 / np.hypot(0.8, 0.2), 0.3 / np.hypot(0.3, 0.9), 0])


def test_likeness_tells_what_both_share(shelf: Library) -> None:
    first, *_, last = shelf.search(like="/music/Bach/Air.flac")
    assert first.likeness is not None
    assert first.likeness.tags == ("calming_soothing",)
    assert first.likeness.valence == pytest.approx(-0.8)
    assert first.likeness.arousal == pytest.approx(0.2)
    assert first.to_dict()["likeness"] == {
        "cosine": 0.9701,
        "shared_tags": ["calming_soothing"],
        "valence_difference": -0.8,
        "arousal_difference": 0.2,
    }
    assert last.likeness is not None
    assert last.likeness.tags == ()


def test_song_is_named_by_its_number_too(shelf: Library) -> None:
    track = shelf.track("/music/Bach/Air.flac")
    assert track is not None
    one, other = shelf.search(like=str(track.id)), shelf.search(like=track.path)
    assert one.tracks == other.tracks
    assert one.seed is not None
    assert one.seed.path == "/music/Bach/Air.flac"


def test_query_says_which_songs_come_into_question(shelf: Library) -> None:
    found = shelf.search("not calm", like="/music/Bach/Air.flac")
    assert [song.track.path.stem for song in found] == ["unknown", "Sturm"]


def test_limit_takes_the_nearest_and_sort_orders_them(shelf: Library) -> None:
    like = "/music/Bach/Air.flac"
    found = shelf.search(like=like, limit=2, sort="arousal", reverse=True)
    assert [song.track.path.stem for song in found] == ["unknown", "Largo"]
    assert found.n_found == 3
    cosines = [song.likeness.cosine for song in found if song.likeness is not None]
    assert cosines[0] < cosines[1]
    backward = shelf.search(like=like, limit=2, reverse=True)
    assert [song.track.path.stem for song in backward] == ["unknown", "Largo"]


def test_file_that_is_not_in_the_library_is_scored_now(bundle: Path, tmp_path: Path) -> None:
    folder = write_album(tmp_path / "music")
    new = write_song(tmp_path / "new.wav", 77, level=0.01)
    with Library(":memory:") as library:
        fill(library, folder, bundle)
        with pytest.raises(BundleMissing, match=r"tiny 1\.0 is not installed"):
            library.search(like=new)
        found = library.search(like=new, bundle=bundle)
        assert len(found) == 3
        said = predict(new, bundle)
        assert found.seed is not None
        assert (found.seed.path, found.seed.quadrant) == (str(new), said.quadrant)
        np.testing.assert_array_equal(found.seed.embedding, said.embedding)


def test_copies_of_the_song_are_left_out(bundle: Path, tmp_path: Path) -> None:
    folder = write_album(tmp_path / "music")
    copy = tmp_path / "copy.wav"
    copy.write_bytes((folder / "a" / "1.wav").read_bytes())
    with Library(":memory:") as library:
        fill(library, folder, bundle)
        found = library.search(like=copy, bundle=bundle)
        assert [track.path.parent.name for track in found.tracks].count("a") == 1
        assert len(found) == 2


def test_song_that_has_changed_since_is_scored_again(bundle: Path, tmp_path: Path) -> None:
    folder = write_album(tmp_path / "music")
    song = folder / "a" / "1.wav"
    with Library(":memory:") as library:
        fill(library, folder, bundle)
        before = library.search(like=song).seed
        os.utime(write_song(song, 5, level=0.001), ns=(0, 0))
        after = library.search(like=song, bundle=bundle).seed
        assert before is not None
        assert after is not None
        assert before.audio_sha256 != after.audio_sha256
        (number,) = [track.id for track in library.tracks() if track.path == song]
        by_number = library.search(like=str(number), bundle=bundle).seed
        assert by_number is not None
        assert by_number.audio_sha256 == after.audio_sha256
        song.unlink()  # gone: what is known of it is all there is
        gone = library.search(like=song).seed
        assert gone is not None
        assert gone.audio_sha256 == before.audio_sha256


def test_song_that_is_nowhere_is_refused(shelf: Library, tmp_path: Path) -> None:
    with pytest.raises(AudioNotFound, match="no such file"):
        shelf.search(like=tmp_path / "none.mp3")
    with pytest.raises(AudioNotFound, match="no song of this number"):
        shelf.search(like="99")


VALUES = st.floats(-10, 10, width=32).filter(lambda value: value == 0 or abs(value) > 0.01)


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 8), st.just(3)), elements=VALUES), st.data()
)
def test_order_is_that_of_the_cosines(values: np.ndarray, data: st.DataObject) -> None:
    file_ids = np.arange(len(values)) * 3 + 1
    among = np.array(
        data.draw(st.lists(st.sampled_from([*file_ids.tolist(), 2, 999]), unique=True)), np.int64
    )
    neighbors = Neighbors(Embeddings(file_ids, values))
    found, cosines = neighbors.nearest(values[0], among)
    assert sorted(found) == sorted(set(among.tolist()) & set(file_ids.tolist()))
    assert (np.diff(cosines) <= 0).all()
    assert (np.abs(cosines) <= 1).all()
    if values[0].any() and file_ids[0] in among:
        assert cosines[found == file_ids[0]][0] == pytest.approx(1, abs=1e-5)


def test_library_without_embeddings_has_no_neighbors() -> None:
    empty = Embeddings(np.zeros(0, np.int64), np.zeros((0, 0), np.float32))
    found, cosines = Neighbors(empty).nearest(np.ones(3, np.float32), np.array([1, 2]))
    assert len(found) == len(cosines) == 0


def test_embeddings_are_kept_until_the_library_changes(bundle: Path, tmp_path: Path) -> None:
    with Library(tmp_path / "db") as library, Library(tmp_path / "db") as other:
        record(library, bundle, SHELF[:2])
        first = neighbors_in(library, library.bundle())
        assert neighbors_in(library, library.bundle()) is first
        record(library, bundle, SHELF[2:3])
        second = neighbors_in(library, library.bundle())
        assert second is not first
        record(other, bundle, SHELF[3:])
        assert neighbors_in(library, library.bundle()) is not second
        assert len(library.search(like="1")) == 3
