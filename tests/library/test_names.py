"""Words stand for tags: slugs, titles, plain words, with the vocabulary where it matters."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from affetto.library import StoredBundle, StoredTag
from affetto.library.names import FIELDS, TagNames, slug
from affetto.vocabularies import VOCABULARIES, aliases, load
from tests.rules.source import ROOT
from tests.tiny_bundle import PLANE


def bundle_of(*names: str) -> StoredBundle:
    """Give a bundle with these vocabularies, the first one its main one."""
    tags = [(name, tag, title) for name in names for tag, title in _tags(name)]
    stored = (
        StoredTag(number, name, tag, title, 0.5 if name == names[0] else 0.25, name == names[0])
        for number, (name, tag, title) in enumerate(tags)
    )
    return StoredBundle(1, "f" * 64, "tiny", "1.0", 0, tuple(stored), PLANE.sign_slopes)


def _tags(vocabulary: str) -> Iterable[tuple[str, str]]:
    found = load(vocabulary)
    return zip(found.tags, found.titles, strict=True)


BUNDLE = bundle_of("cal500_emotions", "gems9")


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("calming_soothing", "calming_soothing"),
        ("Calming", "calming_soothing"),
        ("calm", "calming_soothing"),
        ("LAID-BACK", "laidback_mellow"),
        ("laid back", "laidback_mellow"),
        ("peaceful", "calmness"),
        ("tense", "tension"),
        ("Joyful activation", "joyful_activation"),
        ("gems9.sadness", "sadness"),
        ("cal500_emotions.sad", "sad"),
    ],
)
def test_tag_goes_by_slug_title_and_plain_word(name: str, tag: str) -> None:
    found = TagNames(BUNDLE).tag(name)
    assert found is not None
    assert found.tag == tag


def test_main_vocabulary_wins_where_names_are_equal() -> None:
    names = TagNames(bundle_of("cal500exp_tags", "cal500_emotions"))
    found = names.tag("sad")
    assert found is not None
    assert found.vocabulary == "cal500exp_tags"
    other = names.tag("cal500_emotions.sad")
    assert other is not None
    assert other.vocabulary == "cal500_emotions"


def test_plain_word_stands_for_the_first_tag_that_the_bundle_has() -> None:
    calm = TagNames(bundle_of("gems9")).tag("calm")
    assert calm is not None
    assert calm.tag == "calmness"
    assert TagNames(bundle_of("cal500_emotions")).tag("tense") is None


@pytest.mark.parametrize(
    ("name", "near"),
    [("clam", "calm"), ("valense", "valence"), ("artits", "artist"), ("xyzzy", None)],
)
def test_nearest_name_is_found(name: str, near: str | None) -> None:
    assert TagNames(BUNDLE).near(name) == near


def test_every_plain_word_stands_for_tags_that_there_are() -> None:
    known = {tag for name in VOCABULARIES.names() for tag in load(name).tags}
    for word, tags in aliases().items():
        assert tags, word
        assert set(tags) <= known, word
        assert word == slug(word)


def test_plain_words_hide_no_field_and_no_tag_of_the_default_bundle() -> None:
    words = set(aliases())
    assert words & {*FIELDS, "and", "or", "not", "in", "q1", "q2", "q3", "q4", "match"} == set()
    assert words & {tag.tag for tag in BUNDLE.tags} == set()


def test_plain_words_are_sorted_and_documented() -> None:
    assert list(aliases()) == sorted(aliases())
    text = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([\w.-]+)`", text))
    assert sorted(set(aliases()) - documented) == []
