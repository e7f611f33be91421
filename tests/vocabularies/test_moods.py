"""Mood words, and what they say of a song."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto import vocabularies
from affetto.core import quadrant_of
from affetto.vocabularies import load, moods

TABLE = json.loads((Path(vocabularies.__file__).parent / "moods.json").read_text(encoding="utf-8"))[
    "moods"
]
TAGS = load("cal500_emotions").tags


def labels_of(*words: str) -> dict[str, float]:
    found = moods.labels(words)
    assert found is not None
    return dict(zip(TAGS, found.tolist(), strict=True))


@pytest.mark.parametrize("word", TABLE)
def test_word_of_the_table_has_known_tags_and_a_quadrant_or_none(word: str) -> None:
    place, *tags = TABLE[word]
    assert place in ("", *moods.SIGNS)
    assert set(tags) <= set(TAGS)
    assert place or tags
    assert moods.find(word) == (moods.Mood(tuple(tags), place or None),)


def test_words_are_neither_twice_in_the_table_nor_among_the_aliases() -> None:
    plain = ["".join(filter(str.isalnum, word)) for word in TABLE]
    twins = {"feelgood", "easygoing", "heartwarming", "heartbreaking", "warmhearted"}
    assert {word for word in plain if plain.count(word) > 1} <= twins
    assert set(TABLE) & set(vocabularies.aliases()) == set()


@pytest.mark.parametrize(
    ("word", "tags", "quadrant"),
    [
        ("Cheerful", ["cheerful_festive"], "Q1"),
        ("LAID-BACK", ["laidback_mellow"], "Q4"),
        ("light hearted", ["carefree_lighthearted"], "Q1"),
        ("angry_aggressive", ["angry_aggressive"], "Q2"),
        ("Laid-back", ["laidback_mellow"], "Q4"),
        ("tense", [], "Q2"),
        ("brooding", ["sad"], "Q3"),
        ("powerful", ["powerful_strong"], None),  # its anchor is near the axis
        ("cluster 5", ["angry_aggressive"], "Q2"),
    ],
)
def test_word_stands_for_tags_and_a_quadrant(word: str, tags: list[str], quadrant: str) -> None:
    assert moods.find(word) == (moods.Mood(tuple(tags), quadrant),)  # type: ignore[arg-type]


def test_both_halves_of_a_pair_count() -> None:
    assert [mood.quadrant for mood in moods.find("Amiable/Good-Natured")] == ["Q1", "Q1"]
    assert moods.find("Angry/Wombat") == moods.find("angry")


def test_word_that_nobody_knows_says_nothing() -> None:
    assert moods.find("wombat") == moods.find("") == moods.find("/") == ()
    assert moods.labels(["wombat", "tense"]) is None
    assert moods.quadrant(["wombat"]) is None


def test_named_tags_are_true_their_neighbors_unknown_and_the_others_false() -> None:
    found = labels_of("sad", "cheerful")
    assert found["sad"] == found["cheerful_festive"] == 1
    assert np.isnan(found["light_playful"])  # of the quadrant of cheerful
    assert found["angry_aggressive"] == found["calming_soothing"] == 0


@given(st.lists(st.sampled_from(sorted(TABLE)), max_size=4))
def test_no_tag_is_denied_in_a_quadrant_that_a_word_names(words: list[str]) -> None:
    found = moods.labels(words)
    if found is None:
        return
    anchors = load("cal500_emotions").anchors
    assert anchors is not None
    denied = {quadrant_of(*anchors[i]) for i in np.flatnonzero(found == 0)}
    named = {mood.quadrant for word in words for mood in moods.find(word)}
    assert not denied & named
    assert {TAGS[i] for i in np.flatnonzero(found == 1)} == {
        tag for word in words for mood in moods.find(word) for tag in mood.tags
    }


def test_quadrant_is_the_one_that_most_words_name() -> None:
    assert moods.quadrant(["happy", "sad", "joyous"]) == "Q1"
    assert moods.quadrant(["happy", "sad"]) is None
    assert moods.quadrant([]) is None


def test_crosswalk_reads_tags_of_one_vocabulary_as_those_of_another() -> None:
    gems, emotions = load("gems9"), load("cal500_emotions")
    ways = moods.crosswalk(gems, emotions)
    labels = np.arange(9, dtype=np.float32) / 10
    found = moods.translated(labels, ways, len(emotions))
    known = {TAGS[i]: round(float(found[i]), 1) for i in np.flatnonzero(~np.isnan(found))}
    assert known == {
        "tender_soft": 0.2,
        "calming_soothing": 0.4,
        "powerful_strong": 0.5,
        "happy": 0.6,
        "sad": 0.8,
    }
    assert moods.crosswalk(emotions, gems) == {}
    same = moods.crosswalk(load("cal500exp_tags"), emotions)
    assert all(tags for tags in same.values()) and len(same) == 18
