"""A library summed up: shares and counts are those of its songs, and pictures show them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from affetto import bundles
from affetto.core import Failure, quadrant_of
from affetto.errors import BadConfig, QueryInvalid
from affetto.library import Library, pictures
from affetto.library.metadata import Metadata
from affetto.library.moodmap import LEAST_REACH, MoodMap, mood_map
from affetto.library.recording import Recorder
from affetto.library.walk import Stamp
from tests.library.catalog import SHELF, Entry, record


@pytest.fixture(scope="module")
def library(bundle: Path) -> Iterator[Library]:
    with Library(":memory:") as made:
        record(made, bundle, SHELF)
        yield made


def map_of(places: list[tuple[float, float]]) -> MoodMap:
    values = np.array(places, np.float32).reshape(-1, 2)
    return MoodMap("tiny 1.0", "", (), values, (), 0, 0, {})


def test_shares_and_counts_are_those_of_the_songs(library: Library) -> None:
    plain = json.loads(json.dumps(mood_map(library).to_dict()))
    assert (plain["songs"], plain["artists"], plain["albums"]) == (4, 3, 2)
    assert plain["duration_s"] == 300 + 100 + 720 + 200
    assert plain["quadrants"]["Q2"] == {"songs": 1, "share": 0.25}
    assert plain["tags"]["calming_soothing"] == {
        "songs": 2,
        "share": 0.5,
        "mean": 0.425,
        "threshold": 0.5,
    }
    assert next(iter(plain["tags"])) == "calming_soothing"
    assert len(plain["tags"]) == 18
    assert plain["valence"]["lowest"] == -0.4
    assert plain["valence"]["median"] == 0.1
    assert plain["arousal"]["highest"] == 0.7
    assert plain["map"]["reach"] == 0.7
    assert sum(map(sum, plain["map"]["counts"])) == 4


def test_query_takes_only_what_it_finds(library: Library) -> None:
    found = mood_map(library, "artist ~ bach")
    assert [track.title for track in found.tracks] == ["Air", "Sturm"]
    assert found.quadrants == {"Q1": 0, "Q2": 1, "Q3": 0, "Q4": 1}
    assert mood_map(library, "year > 2000").to_dict()["valence"] is None
    with pytest.raises(QueryInvalid):
        mood_map(library, "clam")


def test_what_is_not_on_the_map_is_counted(bundle: Path, other_bundle: Path) -> None:
    with Library(":memory:") as library:
        first, *_ = record(library, bundle, SHELF)
        recorder = Recorder(library.connection, bundles.load(bundle))
        recorder.mark((), [first])
        failure = Failure("/bad.mp3", "audio-unreadable", "/bad.mp3: not sound", "")
        recorder.add_failure("/bad.mp3", Stamp(1, 1, 0), Metadata(), failure, is_temporary=False)
        record(library, other_bundle, [Entry("/new.wav")])
        found = mood_map(library)
        assert (len(found.tracks), found.n_failed, found.n_missing) == (3, 1, 1)
        assert found.stale == {"tiny 2.0": 1}


PLACES = st.lists(st.tuples(st.floats(-1, 1, width=32), st.floats(-1, 1, width=32)))


@given(PLACES, st.integers(1, 12), st.integers(1, 12))
@example([(float(np.float32(0.6)), 0.0)], 3, 3)
def test_every_song_lies_in_one_cell(
    places: list[tuple[float, float]], n_columns: int, n_rows: int
) -> None:
    found = map_of(places)
    counts = found.counts(n_columns, n_rows)
    assert counts.shape == (n_rows, n_columns)
    assert counts.sum() == len(places)
    assert LEAST_REACH <= found.reach <= 1
    assert (np.abs(found.places) <= found.reach + 1e-6).all()


@given(PLACES)
def test_four_cells_are_the_four_quadrants(places: list[tuple[float, float]]) -> None:
    # The last cell of an axis holds its upper end, and every cell its lower one: as quadrants do.
    quadrants = [quadrant_of(valence, arousal) for valence, arousal in places]
    expected = [[quadrants.count("Q2"), quadrants.count("Q1")],
                [quadrants.count("Q3"), quadrants.count("Q4")]]  # fmt: skip
    assert map_of(places).counts(2, 2).tolist() == expected


def test_top_row_has_the_highest_arousal_and_the_last_column_the_highest_valence() -> None:
    counts = map_of([(0.5, 0.5), (-0.5, -0.5), (-0.5, -0.4)]).counts(3, 3)
    assert counts.tolist() == [[0, 0, 1], [0, 0, 0], [2, 0, 0]]


# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "html"])
def test_picture_is_written_in_the_format_of_its_suffix(
    library: Library, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"map.{suffix}"
    pictures.save(mood_map(library), path)
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "html": b"<!doctype html>"}
    assert path.read_bytes().startswith(starts[suffix])


def test_picture_shows_songs_shares_and_tags(library: Library) -> None:
    figure = pictures.draw(mood_map(library))
    shown = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"Q1 excited, happy  25%", "Q4 calm, content  25%", "50%"} <= shown
    assert figure.texts[0].get_text() == "4 songs on the mood map"
    places, tags = figure.axes
    assert sum(len(dots.get_offsets()) for dots in places.collections) == 4
    assert tags.get_yticklabels()[0].get_text() == "Calming"


def test_picture_names_the_farthest_song_of_each_quadrant(library: Library) -> None:
    found = mood_map(library)
    shown = [text.get_text() for text in pictures.draw(found).axes[0].texts]
    assert {track.quadrant for track in found.tracks} == {"Q1", "Q2", "Q3", "Q4"}
    titles = [track.title or track.path.stem for track in found.tracks]
    assert sorted(set(titles) & set(shown)) == sorted(t for t in titles if max(t) < "\u0530")


def test_picture_of_nothing_is_a_map_without_dots(library: Library) -> None:
    figure = pictures.draw(mood_map(library, "year > 2000"))
    assert sum(len(dots.get_offsets()) for dots in figure.axes[0].collections) == 0


def test_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"ends in \.png, \.svg, \.pdf or \.html"):
        pictures.check(tmp_path / "map.gif")


def test_page_holds_all_songs_and_needs_nothing_else(bundle: Path) -> None:
    nasty = Entry("/x\udce9.mp3", title="</script><script>alert(1)</script>", artist="Tab\tle")
    with Library(":memory:") as library:
        record(library, bundle, [*SHELF, nasty])
        text = pictures.page(mood_map(library))
    (line,) = re.findall(r"const found = (.*);", text)
    found = json.loads(line)
    assert len(found["songs"]) == 5
    assert found["songs"][0] == [0.5, -0.6, "Air", "Johann Sebastian Bach"]
    assert found["songs"][-1][2] == "</script><script>alert(1)</script>"
    assert text.count("</script>") == 1
    assert re.findall(r"(?:src|href)=|https?:|url\(|@import", text) == []
