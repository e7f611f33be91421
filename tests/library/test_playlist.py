"""Playlists of a library: by a search, along a way, like songs; and what cannot be made."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from affetto.core import Quadrant, quadrant_of
from affetto.errors import BadConfig, LibraryMissing, QueryInvalid, UnknownName
from affetto.library import Library, Playlist, Track, playlist
from affetto.library.playlisting.places import MoodMap
from affetto.library.playlisting.songs import Songs, artist_key, distinct, recording_key
from tests.library.mood_songs import Made, record, scattered


@pytest.fixture(scope="module")
def library(bundle: Path) -> Iterator[Library]:
    """Give a library of 300 songs all over the mood map, by 20 artists."""
    with Library(":memory:") as made:
        record(made, bundle, scattered(0, 300))
        yield made


@pytest.fixture
def empty() -> Iterator[Library]:
    with Library(":memory:") as made:
        yield made


def names_of(made: Playlist) -> list[str]:
    return [track.path.stem for track in made.tracks]


def n_in_a_row(made: Playlist) -> int:
    return sum(one.artist == other.artist for one, other in pairwise(made.tracks))


# ---------------------------------------------------------------- along a way


def test_way_leads_from_what_is_tense_to_what_is_calm_in_small_steps(library: Library) -> None:
    made = playlist(db=library, from_="angry", to="calm", minutes=60)
    assert abs(made.total_s - 3_600) <= 72
    assert (made.length_s, made.tolerance_s) == (3_600, 72)
    assert [each.name for each in made.route] == ["angry", "calm"]
    places = np.array([(track.valence, track.arousal) for track in made.tracks])
    assert made.wanted is not None
    assert np.linalg.norm(places - made.wanted, axis=1).max() < 0.2
    assert np.linalg.norm(np.diff(places, axis=0), axis=1).max() < 0.4
    assert places[0, 0] < places[-1, 0]
    assert places[0, 1] > places[-1, 1]
    assert n_in_a_row(made) == 0
    assert len(set(names_of(made))) == len(made)


def test_way_passes_the_places_between(library: Library) -> None:
    made = playlist(db=library, from_="-0.5,0.5", via=["0.5,0.5"], to="0.5,-0.5", minutes=45)
    assert [(each.valence, each.arousal) for each in made.route] == [
        (-0.5, 0.5),
        (0.5, 0.5),
        (0.5, -0.5),
    ]
    middle = made.tracks[len(made) // 2]
    assert np.hypot(middle.valence - 0.5, middle.arousal - 0.5) < 0.25


def test_way_with_a_beginning_alone_stays_there(library: Library) -> None:
    made = playlist(db=library, from_="Q4", minutes=30)
    quadrants: set[Quadrant] = {quadrant_of(each.valence, each.arousal) for each in made.tracks}
    assert quadrants == {"Q4"}


def test_way_stays_among_the_songs_of_a_search(library: Library) -> None:
    made = playlist("arousal > 0", db=library, from_="-0.6,0.6", to="0.6,-0.6", minutes=20)
    assert min(track.arousal for track in made.tracks) > 0


def test_length_is_within_the_tolerance_asked_for(library: Library) -> None:
    for minutes in (7.0, 20.0, 61.5):
        made = playlist(db=library, from_="calm", to="angry", minutes=minutes, tolerance=0.25)
        assert abs(made.total_s - 60 * minutes) <= 15


def test_seed_gives_another_playlist_and_always_the_same(library: Library) -> None:
    made = [
        names_of(playlist(db=library, from_="angry", to="calm", minutes=30, seed=seed))
        for seed in (None, None, 1, 1, 2, -5)
    ]
    assert made[0] == made[1]
    assert made[2] == made[3]
    assert len({tuple(each) for each in made}) == 4


def test_way_from_a_song_begins_where_it_is(library: Library) -> None:
    track = next(library.tracks())
    made = playlist(db=library, from_=str(track.path), to=str(track.id), minutes=10)
    for place in made.route:
        assert place.name == track.path.name
        assert (place.valence, place.arousal) == (track.valence, track.arousal)


# ---------------------------------------------------------------- where moods are


def test_mood_is_where_the_songs_with_most_of_it_are(library: Library) -> None:
    scores = library.scores()
    column = [tag.tag for tag in scores.tags].index("calming_soothing")
    calm = MoodMap(library, library.bundle()).find("calming")
    best = scores.file_ids[np.argsort(-scores.values[:, column], kind="stable")[:15]]
    tracks = list(library.tracks(best.tolist()))
    assert calm.valence == pytest.approx(np.mean([track.valence for track in tracks]))
    assert calm.arousal == pytest.approx(np.mean([track.arousal for track in tracks]))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("pieceful", r"no mood and no song named 'pieceful'; did you mean peaceful\?"),
        ("2,0", "2,0 is beyond the mood map"),
        ("/nowhere.mp3", "no mood and no song named '/nowhere.mp3'"),
        ("0.1,0.2,0.3", "no mood and no song named"),
        ("nan,0", "no mood and no song named"),
        ("", "no mood and no song named ''"),
    ],
)
def test_place_that_is_none_is_refused(library: Library, place: str, message: str) -> None:
    with pytest.raises((UnknownName, BadConfig), match=message):
        playlist(db=library, from_=place)


# ---------------------------------------------------------------- by a search


def test_search_alone_gives_all_its_songs_in_small_steps(library: Library) -> None:
    made = playlist("calm", db=library)
    found = library.search("calm")
    assert set(made.tracks) == set(found.tracks)
    assert made.length_s is None
    assert n_in_a_row(made) == 0

    def steps(tracks: tuple[Track, ...]) -> float:
        places = np.array([(track.valence, track.arousal) for track in tracks])
        return float((np.diff(places, axis=0) ** 2).sum())

    assert steps(made.tracks) < steps(found.tracks) / 5


def test_search_with_a_limit_or_a_length_prefers_what_fits_best(library: Library) -> None:
    best = library.search("calm", limit=40)
    assert set(playlist("calm", db=library, limit=40).tracks) == set(best.tracks)
    made = playlist("calm", db=library, minutes=30)
    assert abs(made.total_s - 1_800) <= 60
    every = [track.id for track in library.search("calm").tracks]
    assert np.mean([every.index(track.id) for track in made.tracks]) < 0.35 * len(every)


# ---------------------------------------------------------------- like songs


def test_songs_like_others_are_those_that_sound_like_them(bundle: Path) -> None:
    rng = np.random.default_rng(4)
    kinds = rng.normal(size=(4, 12))
    songs = [
        Made(
            f"/music/{kind}-{number}.mp3",
            *rng.uniform(-0.5, 0.5, 2).tolist(),
            artist=f"{number}",
            embedding=tuple(kinds[kind] + rng.normal(size=12) / 5),
        )
        for kind in range(4)
        for number in range(20)
    ]
    with Library(":memory:") as library:
        record(library, bundle, songs)
        made = playlist(db=library, like=["/music/1-3.mp3", "/music/2-5.mp3"], minutes=40)
        assert {name[0] for name in names_of(made)} == {"1", "2"}
        one = playlist(db=library, like=["/music/3-0.mp3"], minutes=20)
        assert {name[0] for name in names_of(one)} == {"3"}


# ---------------------------------------------------------------- copies and artists


def test_copies_come_once(bundle: Path) -> None:
    alike = tuple(np.ones(12))
    nearly = (*np.ones(11), 1.02)
    songs = [
        Made("/a/1.mp3", 0, 0, sound="one"),
        Made("/a/copy.mp3", 0, 0, sound="one"),
        Made("/b/2.mp3", 0, 0, artist="Nils", title="Two"),
        Made("/b/3.mp3", 0.1, 0, 260, artist="nils feat. Ada", title="TWO (2011 Remaster)"),
        Made("/b/4.mp3", 0.1, 0, 260, artist="Ada", title="Two"),
        Made("/c/5.flac", 0, 0.1, 200.0, embedding=alike),
        Made("/c/6.mp3", 0, 0.1, 201.5, embedding=nearly),
        Made("/c/7.mp3", 0, 0.1, 230.0, embedding=alike),
    ]
    kept = ["1", "2", "4", "5", "7"]
    with Library(":memory:") as library:
        record(library, bundle, songs)
        assert sorted(names_of(playlist("valence > -1", db=library))) == kept
        made = playlist(db=library, from_="0,0", minutes=1_090 / 60, tolerance=0.1)
        assert sorted(names_of(made)) == kept


def test_artists_are_compared_without_case_accents_and_guests() -> None:
    assert artist_key("Sigur Rós; Ada") == artist_key("SIGUR ROS feat. Nils") is not None
    assert artist_key("Ada (ft. Nils)") == artist_key("ada")
    assert artist_key("Kraftwerk") != artist_key("Kraft")
    for name in (None, "", "  ", "Various Artists", "Unknown Artist"):
        assert artist_key(name) is None


def test_songs_without_title_or_artist_are_not_taken_for_copies(bundle: Path) -> None:
    songs = [Made(f"/music/{number}.mp3", 0, 0, artist="Nils") for number in range(3)]
    songs += [Made(f"/music/{number}.mp3", 0, 0, title="Two") for number in range(3, 6)]
    with Library(":memory:") as library:
        record(library, bundle, songs)
        tracks = list(library.tracks())
        assert distinct(tracks) == tracks
        assert {recording_key(track) for track in tracks} == {None}


def test_songs_without_embeddings_clash_with_none_but_themselves(library: Library) -> None:
    tracks = list(library.tracks())[:5]
    nothing = library.embeddings()
    nothing = type(nothing)(nothing.file_ids[:0], nothing.values[:0])
    songs = Songs.of(tracks, nothing, np.ones(2))
    np.testing.assert_array_equal(songs.clashes(np.arange(5)), np.eye(5, dtype=np.bool_))
    np.testing.assert_array_equal(songs.unlikeness([np.ones(12, np.float32)]), np.full(5, 2.0))


def test_one_artist_alone_needs_leave_to_repeat(bundle: Path) -> None:
    songs = [Made(f"/{n}.mp3", 0, 0, artist="Nils", title=f"{n}") for n in range(10)]
    with Library(":memory:") as library:
        record(library, bundle, songs)
        with pytest.raises(BadConfig, match=r"without an artist twice in a row.*3:20 minutes"):
            playlist(db=library, from_="0,0", minutes=20)
        made = playlist(db=library, from_="0,0", minutes=20, repeat_artists=True)
        assert len(made) == 6
        whole = playlist("valence > -1", db=library)
        assert (len(whole), n_in_a_row(whole)) == (10, 9)
        assert [notice.code for notice in whole.notices] == ["artist-repeats"]
        assert playlist("valence > -1", db=library, repeat_artists=True).notices == ()


# ---------------------------------------------------------------- what cannot be made


def test_what_cannot_be_made_is_one_sentence(library: Library) -> None:
    for message, query, options in (
        ("nothing says what the playlist shall be", " ", {}),
        ("the way has an end but no beginning", "", {"to": "calm"}),
        ("the way has an end but no beginning", "calm", {"via": ["calm"]}),
        ("no song of the 300 in the library fits", "calm > 0.9 and angry > 0.9", {}),
        ("songs that fit last .* minutes, and 1440:00 minutes are wanted", "", {"from_": "calm",
            "minutes": 1440}),
        ("0 minutes are no length", "calm", {"minutes": 0}),
        ("1441 minutes are no length", "calm", {"minutes": 1441}),
        ("nan minutes are no length", "calm", {"minutes": float("nan")}),
        ("-1 minutes are no tolerance", "calm", {"minutes": 9, "tolerance": -1}),
        ("no length that a tolerance could be for", "calm", {"tolerance": 1}),
        ("the limit must be at least 1", "calm", {"limit": 0}),
        ("every song lasts longer than the 1:30 minutes wanted", "", {"from_": "calm",
            "minutes": 1.5, "tolerance": 0.1}),
    ):  # fmt: skip
        with pytest.raises(BadConfig, match=message) as caught:
            playlist(query, db=library, **options)
        assert "\n" not in str(caught.value)
    with pytest.raises(QueryInvalid, match="did you mean calm"):
        playlist("clam", db=library)


def test_empty_library_says_how_to_fill_it(empty: Library, tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing, match="nothing is in this library yet; fill it with"):
        playlist(db=empty, from_="calm")
    with pytest.raises(LibraryMissing, match="there is no library yet"):
        playlist("calm", db=tmp_path / "none.sqlite")


def test_missing_files_are_left_out(bundle: Path) -> None:
    with Library(":memory:") as library:
        record(library, bundle, scattered(1, 20))
        gone = next(library.tracks())
        with library.connection.transaction() as cursor:
            cursor.execute("UPDATE files SET missing_since = 'then' WHERE id = ?", (gone.id,))
        assert gone not in playlist("valence > -1", db=library).tracks
        assert MoodMap(library, library.bundle()).n_songs == 19


# ---------------------------------------------------------------- what comes of it


def test_library_makes_the_same_playlist_by_its_method(library: Library) -> None:
    one = library.playlist("calm", minutes=20)
    assert one.tracks == playlist("calm", db=library, minutes=20).tracks


def test_plain_values_tell_places_and_what_was_wanted(library: Library) -> None:
    made = playlist(db=library, from_="0,0", to="Q1", minutes=10)
    plain = made.to_dict()
    assert plain["schema_version"] == 1
    assert plain["route"][1] == {"name": "Q1", "valence": 0.5, "arousal": 0.5}
    assert plain["total_s"] == pytest.approx(
        sum(each["duration_s"] for each in plain["tracks"]), abs=0.01
    )
    first = plain["tracks"][0]
    assert abs(first["valence"] - first["wanted_valence"]) < 0.3
    assert "wanted_valence" not in playlist("calm", db=library).to_dict()["tracks"][0]


def test_listing_names_songs_without_a_title_by_their_file(bundle: Path) -> None:
    with Library(":memory:") as library:
        record(library, bundle, [Made("/music/one.mp3", 0.25, -0.5)])
        (entry,) = playlist("valence > -1", db=library).listing("mine", Path("/music")).entries
        assert (entry.title, entry.artist) == ("one", None)
        assert entry.note == "valence +0.25, arousal -0.50"
