"""What of a Prediction is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.writers import format_of
from affetto.writers.base import Selection, plain
from tests.writers.songs import song

SCORES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1))


@given(scores=SCORES, top=st.none() | st.integers(1, 8))
def test_selection_gives_the_highest_in_order(scores: dict[str, float], top: int | None) -> None:
    found = Selection(top=top).of(scores)
    values = list(found.values())
    assert values == sorted(values, reverse=True)
    assert len(found) == min(len(scores), top or len(scores))
    assert all(scores[tag] <= min(values) for tag in scores.keys() - found.keys())


@given(scores=SCORES, tags=st.lists(st.sampled_from("abcxyz"), unique=True))
def test_selection_gives_only_the_tags_asked_for(scores: dict[str, float], tags: list[str]) -> None:
    found = Selection(tags=tuple(tags)).of(scores)
    assert found == {tag: scores[tag] for tag in tags if tag in scores}


def test_selection_without_wishes_changes_nothing() -> None:
    assert plain(song(), Selection()) == song().to_dict()
    assert plain(song(), Selection(timeline=True)) == song().to_dict(timeline=True)


def test_selection_holds_for_chosen_tags_and_the_timeline_too() -> None:
    found = plain(song(), Selection(tags=("sad", "light_playful"), timeline=True))
    assert list(found["tags"]) == ["light_playful", "sad"]
    assert found["chosen"] == ["light_playful"]
    assert set(found["timeline"]["tags"]) == {"sad", "light_playful"}
    assert found["others"] == {"felt": {}}


def test_top_counts_in_each_vocabulary() -> None:
    found = plain(song(), Selection(top=1))
    assert list(found["tags"]) == ["happy"]
    assert found["others"] == {"felt": {"calmness": 0.75}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.json", "json"), ("A.JSON", "json"), ("a.ndjson", "jsonl"), ("a.txt", "table")],
)
def test_format_of_a_usual_suffix_is_known(name: str, expected: str) -> None:
    assert format_of(Path(name)) == expected


@pytest.mark.parametrize("name", ["a", "a.mp3", "a.json.bak", ".json"])
def test_format_of_another_suffix_is_not_guessed(name: str) -> None:
    assert format_of(Path(name)) is None
