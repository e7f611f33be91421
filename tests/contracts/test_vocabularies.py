"""What every vocabulary keeps."""

from __future__ import annotations

import re

import numpy as np
import pytest

from affetto.core import quadrant_of
from affetto.errors import UnknownName
from affetto.vocabularies import VOCABULARIES, load

NAMES = VOCABULARIES.names()
WITHOUT_ANCHORS = {"none", "cal500exp_tags"}  # no tags; tags that are no moods


@pytest.mark.parametrize("name", NAMES)
def test_vocabulary_bears_its_own_name_and_summary(name: str) -> None:
    assert load(name).name == name
    assert VOCABULARIES.summary(name)


@pytest.mark.parametrize("name", NAMES)
def test_vocabulary_tags_are_distinct_slugs(name: str) -> None:
    tags = load(name).tags
    assert len(set(tags)) == len(tags)
    assert all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", tag) for tag in tags)


@pytest.mark.parametrize("name", NAMES)
def test_vocabulary_titles_and_source_names_are_distinct_and_not_empty(name: str) -> None:
    vocabulary = load(name)
    for names in (vocabulary.titles, vocabulary.source_names):
        assert len(names) == len(vocabulary)
        assert len({text.casefold() for text in names}) == len(names)
        assert all(text == text.strip() and text for text in names)


@pytest.mark.parametrize("name", NAMES)
def test_vocabulary_anchors_lie_in_the_plane(name: str) -> None:
    vocabulary = load(name)
    if name in WITHOUT_ANCHORS:
        assert vocabulary.anchors is None
        return
    assert vocabulary.anchors is not None
    assert vocabulary.anchors.shape == (len(vocabulary), 2)
    assert (np.abs(vocabulary.anchors) <= 1).all()
    assert not vocabulary.anchors.flags.writeable


@pytest.mark.parametrize(
    ("name", "tag", "quadrant"),
    [
        ("cal500_emotions", "cheerful_festive", "Q1"),
        ("cal500_emotions", "angry_aggressive", "Q2"),
        ("cal500_emotions", "sad", "Q3"),
        ("cal500_emotions", "calming_soothing", "Q4"),
        ("gems9", "joyful_activation", "Q1"),
        ("gems9", "tension", "Q2"),
        ("gems9", "sadness", "Q3"),
        ("gems9", "calmness", "Q4"),
    ],
)
def test_vocabulary_anchors_put_plain_words_where_everybody_would(
    name: str, tag: str, quadrant: str
) -> None:
    vocabulary = load(name)
    assert vocabulary.anchors is not None
    assert quadrant_of(*vocabulary.anchors[vocabulary.tags.index(tag)]) == quadrant


def test_cal500_emotions_are_eighteen_in_the_sources_spelling() -> None:
    vocabulary = load("cal500_emotions")
    assert len(vocabulary) == 18
    assert "Angry_/_Agressive" in vocabulary.source_names  # with one g, as in vocab.txt


def test_cal500exp_tags_begin_with_the_emotions_under_the_same_slugs() -> None:
    emotions, tags = load("cal500_emotions"), load("cal500exp_tags")
    assert len(tags) == 67
    assert tags.tags[:18] == emotions.tags
    assert tags.titles[:18] == emotions.titles
    assert tags.source_names[:18] == tuple(f"Emotion-{name}" for name in emotions.source_names)


def test_vocabulary_is_loaded_once() -> None:
    assert load("gems9") is load("gems9")


def test_vocabulary_that_is_unknown_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean gems9"):
        load("gems")
