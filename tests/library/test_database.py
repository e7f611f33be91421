"""What was recorded of songs comes back as it was said."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from affetto import bundles
from affetto.core import Failure, Prediction
from affetto.errors import LibraryError, LibraryMissing, UnknownName
from affetto.library import Library
from affetto.library.metadata import Metadata
from affetto.library.recording import Recorder
from affetto.library.walk import stamp_of
from affetto.prediction import predict
from tests.library.music import fill, names_of, set_tags, write_album, write_song


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_album(tmp_path_factory.mktemp("music"))
    set_tags(
        write_song(folder / "b" / "2.flac", 9), {"artist": "Nils", "title": "Two", "date": "1999"}
    )
    return folder


@pytest.fixture(scope="module")
def library(
    album: Path, bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    with Library(tmp_path_factory.mktemp("library") / "library.sqlite") as made:
        fill(made, album, bundle)
        yield made


def recorder_of(library: Library, bundle: Path) -> Recorder:
    return Recorder(library.connection, bundles.load(bundle))


def test_tracks_come_by_path_with_their_tags_and_place_on_the_map(
    library: Library, album: Path, bundle: Path
) -> None:
    assert names_of(library, album) == ["a/1.wav", "a/2.wav", "b/1.wav", "b/2.flac"]
    *_, track = library.tracks()
    said = predict(album / "b" / "2.flac", bundle)
    assert (track.artist, track.title, track.year, track.album) == ("Nils", "Two", 1999, None)
    assert (track.valence, track.arousal, track.quadrant) == (
        said.valence,
        said.arousal,
        said.quadrant,
    )
    assert (track.audio_sha256, track.duration_s) == (said.audio_sha256, said.duration_s)
    assert track.size_bytes == track.path.stat().st_size
    assert track.missing_since is None


def test_tracks_come_in_the_order_of_their_numbers(library: Library) -> None:
    ids = [track.id for track in library.tracks()]
    wanted = [ids[2], ids[0], 99_999, ids[2]]
    assert [track.id for track in library.tracks(wanted)] == [ids[2], ids[0], ids[2]]
    assert len(list(library.tracks(ids * 700))) == 2_800  # more than one question can name


def test_prediction_comes_back_as_it_was_but_for_the_steps_of_its_timeline(
    library: Library, bundle: Path
) -> None:
    for track in library.tracks():
        said = predict(track.path, bundle)
        found = library.prediction(track.id)
        assert dataclasses.replace(found, timeline=said.timeline) == said
        assert found.vocabulary == said.vocabulary
        assert len(found.timeline) == len(said.timeline)
        np.testing.assert_allclose(found.timeline.scores, said.timeline.scores, atol=0.003)
        assert library.timeline(track.id) == found.timeline


def test_scores_are_a_table_of_all_songs(library: Library, bundle: Path) -> None:
    tracks = {track.id: predict(track.path, bundle) for track in library.tracks()}
    scores = library.scores()
    assert list(scores.file_ids) == sorted(tracks)
    assert (
        tuple(tag.tag for tag in scores.tags)
        == bundles.load(bundle).tag_heads[0].spec.vocabulary.tags
    )  # type: ignore[union-attr]
    expected = [tracks[file_id].scores for file_id in scores.file_ids]
    np.testing.assert_array_equal(scores.values, expected)
    others = library.scores("gems9")
    assert others.values.shape == (4, 9)
    first = tracks[int(others.file_ids[0])].others["gems9"]
    np.testing.assert_allclose(others.values[0], [first[tag.tag] for tag in others.tags])
    with pytest.raises(UnknownName, match="known: cal500_emotions, gems9"):
        library.scores("moods")


def test_tags_tell_vocabulary_title_and_threshold(library: Library) -> None:
    stored = library.bundle()
    assert (stored.name, stored.version, stored.title) == ("tiny", "1.0", "tiny 1.0")
    assert stored.n_songs == 4
    assert [tag.is_main for tag in stored.tags] == [True] * 18 + [False] * 9
    assert (stored.tags[0].tag, stored.tags[0].title) == ("angry_aggressive", "Angry")
    assert {tag.threshold for tag in stored.tags if not tag.is_main} == {0.25}
    assert len(stored.main_tags) == 18


def test_embeddings_are_those_of_the_songs(library: Library, bundle: Path) -> None:
    found = library.embeddings()
    tracks = list(library.tracks(int(file_id) for file_id in found.file_ids))
    expected = [predict(track.path, bundle).embedding for track in tracks]
    np.testing.assert_array_equal(found.values, np.asarray(expected))
    assert not found.values.flags.writeable


def test_track_is_found_by_any_spelling_of_its_path(
    library: Library, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(album)
    (tmp_path / "song").symlink_to(album / "a" / "1.wav")
    monkeypatch.chdir(album / "a")
    for path in ("1.wav", "../a/1.wav", tmp_path / "link" / "a" / "1.wav", tmp_path / "song"):
        track = library.track(path)
        assert track is not None, path
        assert track.path.name == "1.wav"
    assert library.track(album / "none.wav") is None
    assert library.track("") is None


def test_library_without_songs_answers_with_nothing() -> None:
    with Library(":memory:") as library:
        assert list(library.tracks()) == list(library.failures()) == []
        assert library.bundles() == ()
        assert library.scores().values.size == library.embeddings().values.size == 0
        assert library.count("songs") == 0
        with pytest.raises(LibraryMissing, match="nothing is in this library yet"):
            library.bundle()
        with pytest.raises(LibraryError, match="no result of song 1"):
            library.prediction(1)


def test_failures_are_told_with_their_reason(library: Library, album: Path, bundle: Path) -> None:
    path = album / "bad.mp3"
    path.write_bytes(b"no music")
    failure = Failure(str(path), "audio-unreadable", f"{path}: not sound", "get it again")
    recorder = recorder_of(library, bundle)
    recorder.add_failure(str(path), stamp_of(str(path)), Metadata(), failure, is_temporary=False)
    assert list(library.failures()) == [failure]
    assert (library.count("songs"), library.count("failed")) == (4, 1)
    assert library.track(path) is None
    path.unlink()


def test_bundles_are_kept_side_by_side(
    album: Path, bundle: Path, other_bundle: Path, tmp_path: Path
) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        fill(library, album, bundle)
        fill(library, album / "a", other_bundle)
        one, other = library.bundles()
        assert [(each.title, each.n_songs) for each in (one, other)] == [
            ("tiny 1.0", 4),
            ("tiny 2.0", 2),
        ]
        assert library.bundle() == one
        assert library.bundle("tiny 2.0") == library.bundle(other.fingerprint[:12]) == other
        with pytest.raises(UnknownName, match=r"did you mean tiny .\.0\?"):
            library.bundle("tiny 3.0")
        assert len(list(library.tracks(bundle=other))) == 2
        assert library.scores(bundle=other).values.shape == (2, 18)
        assert library.embeddings(bundle=other).values.shape == (2, 12)
        (track, _) = library.tracks(bundle=other)
        assert library.prediction(track.id, bundle=other).bundle == "tiny 2.0"


def test_missing_files_are_left_out_unless_asked_for(
    album: Path, bundle: Path, tmp_path: Path
) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        fill(library, album, bundle)
        (gone, *others) = library.tracks()
        recorder_of(library, bundle).mark((), [gone.id])
        assert [track.id for track in library.tracks()] == [track.id for track in others]
        assert len(library.scores().file_ids) == len(library.embeddings().file_ids) == 3
        assert len(library.scores(with_missing=True).file_ids) == 4
        assert len(library.embeddings(with_missing=True).file_ids) == 4
        (first, *_) = library.tracks(with_missing=True)
        assert first.missing_since is not None
        assert first.missing_since.endswith("Z")
        assert next(library.tracks([gone.id])).id == gone.id
        assert (library.count("songs"), library.count("missing")) == (3, 1)


def test_song_of_a_name_that_is_not_utf8_is_recorded(bundle: Path, tmp_path: Path) -> None:
    try:
        path = write_song(tmp_path / os.fsdecode(b"caf\xe9.wav"))
    except (OSError, UnicodeError):
        pytest.skip("this file system does not take such a name")
    with Library(":memory:") as library:
        fill(library, tmp_path, bundle)
        (track,) = library.tracks()
        assert track.path == Path(os.path.realpath(tmp_path)) / path.name
        assert library.track(path) == track
        assert library.prediction(track.id).path == str(track.path)


def test_times_and_inodes_beyond_64_bits_are_recorded(bundle: Path, tmp_path: Path) -> None:
    path = write_song(tmp_path / "song.wav")
    os.utime(path, ns=(0, -(2**40)))
    with Library(":memory:") as library:
        fill(library, tmp_path, bundle)
        assert next(library.tracks()).mtime_ns == path.stat().st_mtime_ns


def test_vocabulary_that_has_changed_since_is_told_as_it_was(
    album: Path, bundle: Path, tmp_path: Path
) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        fill(library, album / "a", bundle)
        with library.connection.transaction() as cursor:
            cursor.execute("UPDATE tags SET tag = 'wistful', title = 'Wistful' WHERE tag = 'sad'")
        track, _ = library.tracks()
        found: Prediction = library.prediction(track.id)
        assert "wistful" in found.tags
        assert found.vocabulary.anchors is None
