"""Searches by the handful: as trees, as text, and what they mean, spelled out in Python."""

from __future__ import annotations

import operator
import unicodedata

import numpy as np
from hypothesis import strategies as st

from affetto.core import QUADRANTS, quadrant_of, quadrant_probabilities
from affetto.library import StoredTag
from affetto.library.names import NUMBER_FIELDS, TEXT_FIELDS
from affetto.library.query import (
    And,
    Chosen,
    Compared,
    InQuadrant,
    Likely,
    Matched,
    Not,
    Or,
    Query,
    Subject,
    Within,
)
from tests.library.catalog import Entry
from tests.tiny_bundle import PLANE

COMPARISONS = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
# Few values, so that songs and searches often meet.
SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.6, 0.7, 1.0])
PLACES = st.sampled_from([-1.0, -0.3, 0.0, 0.1, 0.7, 1.0])
YEARS = st.sampled_from([1731, 1893, 1999, 2020])
DURATIONS = st.sampled_from([0.5, 59.9, 60.0, 210.0, 3600.0])
TEXTS = st.one_of(
    st.sampled_from(["Bach", "BACH", "Dvořák", "dvorak", "Straße", "a'b", 'a"b', "%", "_", ""]),
    st.text(max_size=4),
)
SLOPES = PLANE.sign_slopes or (1.0, 1.0)
TAGS = ("calming_soothing", "sad", "tension", "sadness")


def entries() -> st.SearchStrategy[list[Entry]]:
    known = TEXTS.map(as_metadata)
    songs = st.builds(
        Entry,
        path=st.sampled_from(
            ["/music/Bach/Air.flac", "/music/\udce9t\udce9.mp3", "/ｍ/DVOŘÁK.wav"]
        ),
        tags=st.dictionaries(st.sampled_from(TAGS[:2]), SCORES),
        gems9=st.dictionaries(st.sampled_from(TAGS[2:]), SCORES),
        valence=PLACES,
        arousal=PLACES,
        title=known,
        artist=known,
        album=known,
        genre=known,
        year=st.none() | YEARS,
        duration_s=DURATIONS,
        music=st.none() | SCORES,
    )
    return st.lists(songs, max_size=3, unique_by=lambda song: song.path)


def as_metadata(text: str) -> str | None:
    """Give a text as `metadata.py` lets it through: one line of UTF-8, or nothing."""
    clean = text.encode("utf-8", "replace").decode().replace("\0", " ")
    return " ".join(clean.split()) or None


def queries(tags: tuple[StoredTag, ...]) -> st.SearchStrategy[Query]:
    return st.recursive(
        tests_of(tags),
        lambda inner: (
            st.builds(Not, inner)
            | st.lists(inner, min_size=2, max_size=3).map(lambda found: And(tuple(found)))
            | st.lists(inner, min_size=2, max_size=3).map(lambda found: Or(tuple(found)))
        ),
        max_leaves=6,
    )


def tests_of(tags: tuple[StoredTag, ...]) -> st.SearchStrategy[Query]:
    tag = st.sampled_from(tags)
    quadrant = st.sampled_from(QUADRANTS).map(lambda name: Likely(name, SLOPES))
    subject: st.SearchStrategy[Subject] = tag | st.sampled_from(NUMBER_FIELDS) | quadrant
    numbers = subject.flatmap(lambda found: st.tuples(st.just(found), values_of(found)))
    pairs = subject.flatmap(
        lambda found: st.tuples(
            st.just(found), st.none() | values_of(found), st.none() | values_of(found)
        )
    )
    return st.one_of(
        tag.map(Chosen),
        st.tuples(numbers, st.sampled_from(list(COMPARISONS))).map(
            lambda found: Compared(found[0][0], found[1], found[0][1])  # type: ignore[arg-type]
        ),
        pairs.filter(lambda found: any(end is not None for end in found[1:])).map(_within),
        st.builds(Matched, st.sampled_from(TEXT_FIELDS), st.sampled_from("=~"), TEXTS),
        st.sampled_from(QUADRANTS).map(InQuadrant),
    )


def values_of(subject: Subject) -> st.SearchStrategy[float]:
    if isinstance(subject, StoredTag | Likely) or subject == "music":
        return SCORES
    return {"year": YEARS.map(float), "duration": DURATIONS}.get(subject, PLACES)


def _within(found: tuple[Subject, float | None, float | None]) -> Within:
    subject, low, high = found
    if low is not None and high is not None and low > high:
        low, high = high, low
    return Within(subject, low, high)


def as_text(query: Query) -> str:
    """Give a search as someone writes it."""
    match query:
        case Chosen(tag):
            return _name(tag)
        case Compared(subject, comparison, value):
            return f"{_name(subject)} {comparison} {value}"
        case Within(subject, low, high):
            ends = ["" if end is None else str(end) for end in (low, high)]
            return f"{_name(subject)} in {ends[0]}..{ends[1]}"
        case Matched(field, comparison, text):
            doubled = text.replace('"', '""')
            return f'{field} {comparison} "{doubled}"'
        case InQuadrant(quadrant):
            return quadrant
        case Not(test):
            return f"not ({as_text(test)})"
        case And(tests):
            return " and ".join(f"({as_text(test)})" for test in tests)
        case Or(tests):
            return " or ".join(f"({as_text(test)})" for test in tests)


def _name(subject: Subject) -> str:
    if isinstance(subject, Likely):
        return subject.quadrant
    return f"{subject.vocabulary}.{subject.tag}" if isinstance(subject, StoredTag) else subject


def holds(query: Query, song: Entry) -> bool:
    """Say whether a search finds a song."""
    match query:
        case Chosen(tag):
            return bool(_number(tag, song) >= np.float32(tag.threshold))  # type: ignore[operator]
        case Compared(subject, comparison, value):
            number = _number(subject, song)
            return number is not None and bool(
                COMPARISONS[comparison](number, _rounded(subject, value))
            )
        case Within(subject, low, high):
            number = _number(subject, song)
            return (
                number is not None
                and (low is None or number >= _rounded(subject, low))
                and (high is None or number <= _rounded(subject, high))
            )
        case Matched(field, comparison, text):
            said, wanted = plain(getattr(song, field) or ""), plain(text)
            return said == wanted if comparison == "=" else wanted in said
        case InQuadrant(quadrant):
            return quadrant_of(song.valence, song.arousal) == quadrant
        case Not(test):
            return not holds(test, song)
        case And(tests):
            return all(holds(test, song) for test in tests)
        case Or(tests):
            return any(holds(test, song) for test in tests)


def _number(subject: Subject, song: Entry) -> float | None:
    if isinstance(subject, StoredTag):
        scores = song.tags if subject.is_main else song.gems9
        return _rounded(subject, scores.get(subject.tag, 0.1))
    if subject == "duration":
        return song.duration_s
    if isinstance(subject, Likely):
        place = float(np.float32(song.valence)), float(np.float32(song.arousal))
        return _rounded(subject, quadrant_probabilities(*place, SLOPES)[subject.quadrant])
    value: float | None = getattr(song, subject)
    return None if value is None else _rounded(subject, value)


def _rounded(subject: Subject, value: float) -> float:
    return value if subject in ("year", "duration") else float(np.float32(value))


def plain(text: str) -> str:
    """Give a text without case and accents, another way than affetto does."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(each for each in letters if not 0x300 <= ord(each) <= 0x36F)
