"""From mood words, as people write them, to the tags of CAL500 and to quadrants.

A word is looked for in `moods.json` (AllMusic's moods, the MIREX clusters, common tags), then
among the words of `aliases.json`, then among the tags of all vocabularies. `moods.json` states a
quadrant; elsewhere it follows from the tag's anchor, where that is no nearer than `MIN_AXIS` to
an axis. Case, hyphens and blanks do not matter, and of a pair like "Tense/Anxious" both halves
count.

What words say of a song's 18 tags (`labels`): a tag that a word stands for is 1. A tag that no
word stands for, but that lies in the quadrant of a word or of a tag of it, is unknown: who wrote
"cheerful" did not say that the song is not playful. The others are 0.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from affetto.core import FloatArray, Quadrant, Vocabulary, quadrant_of
from affetto.vocabularies import VOCABULARIES, aliases, load

VOCABULARY = "cal500_emotions"
MIN_AXIS = 0.2
SIGNS: Mapping[str, tuple[float, float]] = {
    "Q1": (1.0, 1.0),
    "Q2": (-1.0, 1.0),
    "Q3": (-1.0, -1.0),
    "Q4": (1.0, -1.0),
}
"""The signs of valence and arousal in each quadrant."""


@dataclass(frozen=True, slots=True)
class Mood:
    """What a word stands for: tags of CAL500 and a quadrant, either of which may be missing."""

    tags: tuple[str, ...]
    quadrant: Quadrant | None


def find(word: str) -> tuple[Mood, ...]:
    """Give the moods that a word, or a pair with a stroke between, stands for; () if unknown.

    >>> find("Laid-Back")
    (Mood(tags=('laidback_mellow',), quadrant='Q4'),)
    """
    known = _moods()
    whole = known.get(_plain(word))
    if whole is not None:
        return (whole,)
    halves = (known.get(_plain(half)) for half in word.split("/"))
    return tuple(mood for mood in halves if mood is not None)


def labels(words: Iterable[str]) -> FloatArray | None:
    """Give the labels (18,) of a song that is called so, NaN for unknown; None without a tag."""
    moods = [mood for word in words for mood in find(word)]
    vocabulary = load(VOCABULARY)
    named = {tag for mood in moods for tag in mood.tags}
    if not named:
        return None
    places = [quadrant_of(*anchor) for anchor in vocabulary.anchors]  # type: ignore[union-attr]
    place_of = dict(zip(vocabulary.tags, places, strict=True))
    near = {mood.quadrant for mood in moods} | {place_of[tag] for tag in named}
    cells = [
        1.0 if tag in named else np.nan if place_of[tag] in near else 0.0 for tag in vocabulary.tags
    ]
    return np.asarray(cells, np.float32)


def quadrant(words: Iterable[str]) -> Quadrant | None:
    """Give the quadrant that most of the words name; None where none or two are most."""
    named = Counter(mood.quadrant for word in words for mood in find(word) if mood.quadrant)
    (first, n_first), (_, n_second) = [*named.most_common(2), (None, 0), (None, 0)][:2]
    return first if n_first > n_second else None


def crosswalk(source: Vocabulary, target: Vocabulary) -> dict[int, tuple[int, ...]]:
    """Say which tags of `source` speak for a tag of `target`: by index, both.

    Tags of the same name do, and tags that, taken as mood words, stand for it.

    >>> crosswalk(load("gems9"), load("cal500_emotions"))[3]  # calming, by calmness
    (4,)
    """
    words = {j: {tag} | {t for m in find(tag) for t in m.tags} for j, tag in enumerate(source.tags)}
    ways = {i: tuple(j for j in words if tag in words[j]) for i, tag in enumerate(target.tags)}
    return {i: speakers for i, speakers in ways.items() if speakers}


def translated(labels: FloatArray, ways: Mapping[int, tuple[int, ...]], n_tags: int) -> FloatArray:
    """Give labels (n_tags,) of the target of a `crosswalk`: the highest of those that speak for a
    tag, NaN where none is known."""
    found = np.full(n_tags, np.nan, np.float32)
    for i, speakers in ways.items():
        found[i] = np.fmax.reduce(labels[list(speakers)])
    return found


@lru_cache
def _moods() -> Mapping[str, Mood]:
    text = Path(__file__).with_name("moods.json").read_text(encoding="utf-8")
    found = {_plain(tag): _of_tags((tag,)) for tag in _anchors()}
    for name in VOCABULARIES.names():
        vocabulary = load(name)
        for tag, title in zip(vocabulary.tags, vocabulary.titles, strict=True):
            if tag in _anchors():
                found.setdefault(_plain(title), _of_tags((tag,)))
    found |= {_plain(word): _of_tags(tags) for word, tags in aliases().items()}
    for word, (place, *tags) in json.loads(text)["moods"].items():
        found[_plain(word)] = Mood(tuple(tags), place or None)
    return found


def _of_tags(tags: tuple[str, ...]) -> Mood:
    """Make what an alias says: its first tag of CAL500, and the place of its first tag."""
    known = [tag for tag in tags if tag in load(VOCABULARY).tags]
    valence, arousal = _anchors()[tags[0]]
    is_clear = min(abs(valence), abs(arousal)) >= MIN_AXIS - 1e-6
    return Mood(tuple(known[:1]), quadrant_of(valence, arousal) if is_clear else None)


@lru_cache
def _anchors() -> Mapping[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for name in VOCABULARIES.names():
        vocabulary = load(name)
        if vocabulary.anchors is not None:
            for tag, (valence, arousal) in zip(vocabulary.tags, vocabulary.anchors, strict=True):
                found.setdefault(tag, (float(valence), float(arousal)))
    return found


def _plain(word: str) -> str:
    """Give a word without case, blanks and signs, letters and digits alone."""
    return re.sub(r"[\W_]+", "", word.casefold())
