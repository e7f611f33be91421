"""Searches find what they say, in order, and nothing in them is ever taken for SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto import bundles
from affetto.core import Failure
from affetto.errors import BadConfig, LibraryMissing, QueryInvalid, UnknownName
from affetto.library import Found, Library, searching
from affetto.library import search as search_function
from affetto.library.metadata import Metadata
from affetto.library.names import TagNames
from affetto.library.query import Query, parse
from affetto.library.recording import Recorder
from affetto.library.searching import matching
from affetto.library.sql import SORTS
from affetto.library.walk import Stamp
from tests.library.catalog import SHELF, Entry, record
from tests.library.queries import TAGS, TEXTS, as_text, entries, holds, queries
from tests.library.test_names import BUNDLE
from tests.library.test_query import SEARCHES

SOME_TAGS = tuple(tag for tag in BUNDLE.tags if tag.tag in TAGS)


@pytest.fixture(scope="module")
def library(bundle: Path) -> Iterator[Library]:
    with Library(":memory:") as made:
        record(made, bundle, SHELF)
        yield made


def names_of(found: Found) -> list[str]:
    return [track.path.stem for track in found.tracks]


# ---------------------------------------------------------------- what is found


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("calm > 0.6 and not sad", ["Air"]),
        ("calm", ["Air", "Largo"]),
        ("calm >= 0.6", ["Air", "Largo"]),
        ("calm = 0.6", ["Largo"]),
        ("calm or happy", ["Air", "unknown", "Largo"]),
        ("tense", ["Sturm"]),
        ("gems9.calmness > 0.5", ["Air"]),
        ("Q1", ["unknown"]),
        ("Q4 > 0.5 or Q2 >= 0.5", ["Air", "Sturm"]),
        ("Q4 > 0.75", ["Air"]),
        ("music < 0.5", ["Sturm"]),
        ("not music >= 0.5", ["Sturm", "Largo", "unknown"]),
        ("valence < 0 and arousal < 0", ["Largo"]),
        ("valence in -0.4..-0.3", ["Sturm", "Largo"]),
        ("artist ~ bach", ["Air", "Sturm"]),
        ("artist = DVORAK", []),
        ("artist = 'antonin dvorak'", ["Largo"]),
        ("path ~ dvořák", ["Largo"]),
        ("year in 1700..1800", ["Air", "Sturm"]),
        ("not year in 1700..1800", ["Largo", "unknown"]),
        ("year != 1731", ["Sturm", "Largo", "unknown"]),
        ("duration < 3:00", ["Sturm"]),
        ('artist = ""', ["unknown"]),
        ("", ["Air", "Sturm", "Largo", "unknown"]),
    ],
)
def test_search_finds_what_it_says(library: Library, query: str, names: list[str]) -> None:
    assert names_of(library.search(query)) == names


@settings(max_examples=40)
@given(entries(), st.lists(queries(SOME_TAGS), min_size=1, max_size=8))
def test_database_and_plain_python_agree(
    bundle: Path, songs: list[Entry], asked: list[Query]
) -> None:
    with Library(":memory:") as library:
        if not (ids := record(library, bundle, songs)):
            return
        stored = library.bundle()
        for query in asked:
            found = matching(library, parse(as_text(query), TagNames(stored)), stored)
            expected = {i for i, song in zip(ids, songs, strict=True) if holds(query, song)}
            assert set(found.tolist()) == expected


@given(queries(SOME_TAGS))
def test_search_that_is_written_out_is_read_back(query: Query) -> None:
    assert parse(as_text(query), TagNames(BUNDLE)) == query


@given(
    st.text() | TEXTS | st.sampled_from(["'; DROP TABLE files; --", '" OR 1=1 --', "') OR ('1'='1"])
)
def test_any_text_is_only_looked_for(library: Library, text: str) -> None:
    doubled = text.replace('"', '""')
    for found in (library.search(f'title = "{doubled}"'), library.search(artist=text)):
        assert set(names_of(found)) <= {song.path[7:].split("/")[-1][:-5] for song in SHELF} | {
            "Largo",
            "unknown",
        }
    assert len(library.search()) == 4


@given(SEARCHES)
def test_any_search_finds_songs_or_is_refused(library: Library, text: str) -> None:
    try:
        found = library.search(text)
    except QueryInvalid:
        return
    assert 0 <= found.n_found <= 4


# ---------------------------------------------------------------- options


def test_options_must_all_hold(library: Library) -> None:
    assert names_of(library.search(artist="BACH", valence="0..")) == ["Air"]
    assert names_of(library.search("calm", quadrant="Q3")) == ["Largo"]
    assert names_of(library.search(quadrant=("q1", "Q2"))) == ["Sturm", "unknown"]
    assert names_of(library.search(quadrant="Q1,Q2")) == ["Sturm", "unknown"]
    assert names_of(library.search(album="suite", genre="baro", year="1740..")) == ["Sturm"]
    assert names_of(library.search("calm or happy", duration="..5:00")) == ["Air", "unknown"]


@pytest.mark.parametrize("year", ["1731..1740", (1731, 1740), (None, 1740), "..1740"])
def test_range_is_text_or_a_pair(library: Library, year: searching.Range) -> None:
    assert names_of(library.search(year=year)) == ["Air", "Sturm"]
    assert names_of(library.search(year=1731)) == ["Air"]


def test_wrong_options_are_refused(library: Library) -> None:
    with pytest.raises(UnknownName, match=r"no quadrant named 'Q5'; did you mean Q\d\?"):
        library.search(quadrant="Q5")
    for year in ((1999, 1990), (None, None), (float("nan"), 1.0)):
        with pytest.raises(BadConfig, match="is not a range"):
            library.search(year=year)
    with pytest.raises(QueryInvalid, match="runs backward"):
        library.search(year="1999..1990")
    with pytest.raises(BadConfig, match="limit must be at least 1, not 0"):
        library.search(limit=0)
    with pytest.raises(BadConfig, match=r"sorted by 'valense'; did you mean valence\?"):
        library.search(sort="valense")
    with pytest.raises(BadConfig, match="no song to sort by similarity to"):
        library.search(sort="similarity")


# ---------------------------------------------------------------- order


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("path", ["Air", "Sturm", "Largo", "unknown"]),
        ("match", ["Air", "Sturm", "Largo", "unknown"]),
        ("title", ["Air", "Largo", "Sturm", "unknown"]),
        ("artist", ["Largo", "Sturm", "Air", "unknown"]),
        ("album", ["Largo", "Air", "Sturm", "unknown"]),
        ("genre", ["Air", "Sturm", "Largo", "unknown"]),
        ("year", ["Air", "Sturm", "Largo", "unknown"]),
        ("duration", ["Sturm", "unknown", "Air", "Largo"]),
        ("valence", ["Sturm", "Largo", "Air", "unknown"]),
        ("arousal", ["Air", "Largo", "unknown", "Sturm"]),
        ("music", ["Sturm", "Air", "Largo", "unknown"]),
        ("q4", ["Air", "Largo", "unknown", "Sturm"]),
        ("calm", ["Air", "Largo", "Sturm", "unknown"]),
        ("gems9.tension", ["Sturm", "Air", "Largo", "unknown"]),
    ],
)
def test_songs_are_sorted(library: Library, sort: str, names: list[str]) -> None:
    assert names_of(library.search(sort=sort)) == names


def test_songs_are_not_sorted_by_how_likely_a_quadrant_is_where_nobody_knows(
    bundle: Path,
) -> None:
    with Library(":memory:") as library:
        record(library, bundle, SHELF)
        with library.connection.transaction() as cursor:
            cursor.execute("UPDATE bundles SET valence_slope = NULL, arousal_slope = NULL")
        with pytest.raises(BadConfig, match=r"tiny 1\.0 does not say how likely quadrants are"):
            library.search(sort="Q1")


@pytest.mark.parametrize("sort", SORTS)
def test_every_sort_can_be_reversed_and_what_is_not_known_stays_last(
    library: Library, sort: str
) -> None:
    one, other = (names_of(library.search(sort=sort, reverse=reverse)) for reverse in (False, True))
    assert sorted(one) == sorted(other)
    assert one != other or sort == "match"
    if sort in ("title", "artist", "album", "genre", "year"):
        assert one[-1] == other[-1] == "unknown"


def test_best_match_comes_first(library: Library) -> None:
    assert names_of(library.search("calm > 0 and sad > 0")) == ["Largo", "Air", "Sturm", "unknown"]
    # Of sadness little is wanted: Largo's calm is made up for by it, as if it had neither.
    assert names_of(library.search("calm > 0 and sad < 1")) == ["Air", "Sturm", "Largo", "unknown"]
    assert names_of(library.search("not sad > 0.9"))[-1] == "Largo"
    assert names_of(library.search("calm > 0 and sad > 0", reverse=True))[-1] == "Largo"


def test_limit_takes_the_first_and_tells_of_the_others(library: Library) -> None:
    found = library.search("calm or happy", limit=2)
    assert names_of(found) == ["Air", "unknown"]
    assert (len(found), found.n_found) == (2, 3)


# ---------------------------------------------------------------- what is told of a song


def test_song_tells_its_scores_and_tags(library: Library) -> None:
    (song,) = library.search("calm > 0.6")
    assert song.track.title == "Air"
    assert song.tags["calming_soothing"] == pytest.approx(0.9)
    assert song.others["gems9"]["calmness"] == pytest.approx(0.8)
    assert song.chosen == ("calming_soothing", "tender_soft")
    assert song.likeness is None
    plain = json.loads(json.dumps(song.to_dict()))
    assert plain["tags"]["calming_soothing"] == 0.9
    assert (plain["path"], plain["quadrant"]) == ("/music/Bach/Air.flac", "Q4")
    assert "likeness" not in plain


def test_tags_that_were_asked_for_are_named(library: Library) -> None:
    found = library.search("calm and (sad or not calm)", sort="tense")
    assert [tag.tag for tag in found.named] == ["calming_soothing", "sad", "tension"]
    assert library.search(sort="year").named == ()


def test_scores_can_be_left_out(library: Library) -> None:
    song, _ = found = library.search("calm", scores=False)
    assert (song.tags, song.chosen) == ({}, ())
    assert [tag.tag for tag in found.named] == ["calming_soothing"]


def test_scores_of_many_songs_are_those_of_few(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = library.search("", sort="title")
    monkeypatch.setattr(searching, "MANY", 2.0)
    monkeypatch.setattr(searching, "BATCH", 3)
    other = library.search("", sort="title")
    assert one.scores.tags == other.scores.tags
    assert one.scores.values.tolist() == other.scores.values.tolist()


# ---------------------------------------------------------------- which songs are searched


def test_path_of_a_library_does_as_an_open_one(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library:
        record(library, bundle, SHELF)
    assert names_of(search_function("happy", db=path)) == ["unknown"]
    with pytest.raises(LibraryMissing, match="no library yet"):
        search_function("happy")


def test_library_without_songs_says_so() -> None:
    with Library(":memory:") as library, pytest.raises(LibraryMissing, match="nothing is in"):
        library.search("calm")


def test_missing_and_failed_files_are_left_out(bundle: Path) -> None:
    with Library(":memory:") as library:
        first, *_ = record(library, bundle, SHELF)
        recorder = Recorder(library.connection, bundles.load(bundle))
        recorder.mark((), [first])
        failure = Failure("/bad.mp3", "audio-unreadable", "/bad.mp3: not sound", "")
        recorder.add_failure("/bad.mp3", Stamp(1, 1, 0), Metadata(), failure, is_temporary=False)
        assert names_of(library.search()) == ["Sturm", "Largo", "unknown"]


def test_songs_of_another_bundle_are_counted_not_searched(bundle: Path, other_bundle: Path) -> None:
    with Library(":memory:") as library:
        record(library, bundle, SHELF[:3])
        both, new = replace(SHELF[0], tags={}), replace(SHELF[3], path="/new.wav")
        record(library, other_bundle, (both, new))
        found = library.search()
        assert found.bundle.title == "tiny 1.0"
        assert names_of(found) == ["Air", "Sturm", "Largo"]
        assert found.stale == {"tiny 2.0": 1}
        other = library.search(bundle="tiny 2.0")
        assert names_of(other) == ["Air", "new"]
        assert other.stale == {"tiny 1.0": 2}
        assert names_of(library.search("calm", bundle=other_bundle)) == []
        with pytest.raises(UnknownName, match="no bundle in this library named 'tinny'"):
            library.search(bundle="tinny")


def test_name_that_is_not_utf8_is_found_by_its_parts(bundle: Path) -> None:
    with Library(":memory:") as library:
        record(library, bundle, [Entry("/music/caf\udce9/Été.wav")])
        for query in ("path ~ caf", 'path ~ "f\udce9/e"', "path ~ ete.WAV"):
            assert len(library.search(query)) == 1, query
        assert len(library.search('path ~ "fé"')) == 0
