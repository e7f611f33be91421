"""What an open library keeps in memory answers as its file does, and never after a change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.library import Library
from affetto.library.folding import SQL_NAME, folded_bytes
from affetto.library.memory import Memory, memory_of
from affetto.library.names import TagNames
from affetto.library.query import Query, parse
from affetto.library.sql import FIELD_SORTS, SORTS, SQL_LIKELY, likely, question
from tests.library.catalog import SHELF, Entry, record
from tests.library.queries import TAGS, entries, queries
from tests.library.test_names import BUNDLE

SOME_TAGS = tuple(tag for tag in BUNDLE.tags if tag.tag in TAGS)


@pytest.fixture
def library(bundle: Path) -> Iterator[Library]:
    with Library(":memory:") as made:
        record(made, bundle, SHELF)
        yield made


def titles(library: Library, query: str) -> list[str | None]:
    return [track.title for track in library.search(query).tracks]


@settings(max_examples=60)
@given(
    entries(),
    st.lists(
        st.tuples(queries(SOME_TAGS), st.sampled_from((*SORTS, *TAGS[:2])), st.booleans()),
        min_size=1,
        max_size=8,
    ),
)
def test_memory_gives_the_same_songs_in_the_same_order_as_the_database(
    bundle: Path, songs: list[Entry], asked: list[tuple[Query, str, bool]]
) -> None:
    with Library(":memory:") as library:
        if not record(library, bundle, songs):
            return
        stored = library.bundle()
        names = TagNames(stored)
        library.connection.define(SQL_NAME, folded_bytes)
        library.connection.define(SQL_LIKELY, likely, 5)
        memory = Memory(library, stored)
        for query, sort, reverse in asked:
            found = memory.matching(query, sort, reverse)
            if found is None:  # texts, years and durations are not in memory
                continue
            clause = question(query, stored, sort, reverse)
            rows = library.connection.table(clause.text, clause.values)
            assert found.tolist() == [row[0] for row in rows]
        for query in (
            "calm > 0.6 and not sad",
            "",
            "Q1 or valence in -0.3..0.1",
            "Q3 > 0.7",
            "not arousal > 0",
        ):
            assert memory.matching(parse(query, names), "match", False) is not None
        assert memory.matching(parse("artist ~ bach and calm", names), "match", False) is None
        for sort in set(FIELD_SORTS) - {"path"}:
            assert memory.matching(parse("calm", names), sort, False) is None


def test_first_search_leaves_memory_empty_and_the_second_fills_it(library: Library) -> None:
    stored = library.bundle()
    assert memory_of(library, stored) is None
    memory = memory_of(library, stored)
    assert memory is not None
    assert memory_of(library, stored) is memory


def test_search_sees_what_this_program_has_written_since(library: Library, bundle: Path) -> None:
    assert [titles(library, "calm") for _ in range(3)] == [["Air", "Largo"]] * 3
    with library.connection.transaction() as cursor:
        cursor.execute("UPDATE files SET missing_since = '2026-01-01' WHERE title = 'Air'")
    assert [titles(library, "calm") for _ in range(3)] == [["Largo"]] * 3


def test_search_sees_what_another_program_has_written_since(tmp_path: Path, bundle: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as other:
        record(other, bundle, SHELF)
        with Library.open(path) as library:
            for _ in range(3):
                assert titles(library, "calm") == ["Air", "Largo"]
            with other.connection.transaction() as cursor:
                cursor.execute("UPDATE scores SET score = 0")
            assert [titles(library, "calm") for _ in range(3)] == [[]] * 3


def test_what_is_taken_back_is_not_remembered(library: Library) -> None:
    with pytest.raises(KeyError), library.connection.transaction() as cursor:
        cursor.execute("UPDATE scores SET score = 0")
        assert [titles(library, "calm") for _ in range(3)] == [[]] * 3
        raise KeyError
    assert [titles(library, "calm") for _ in range(3)] == [["Air", "Largo"]] * 3
