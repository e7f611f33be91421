"""What is written: a song's emotions as texts under field names that hold in every format.

    MOOD               words for people: the tags above threshold, strongest first
    AFFETTO_VALENCE    -1.000 to 1.000
    AFFETTO_AROUSAL    -1.000 to 1.000
    AFFETTO_QUADRANT   Q1 to Q4
    AFFETTO_TAGS       the same tags as MOOD, as affetto names them
    AFFETTO_SCORES     every score: tag=0.812 tag=0.051 ..., in the vocabulary's order
    AFFETTO_BUNDLE     what scored it: name and version

Numbers have a point and three decimals in every language: more would be the noise of float32
from one processor to another, and each run would find something to change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from affetto.core import Prediction, Vocabulary, quadrant_of
from affetto.errors import BadConfig
from affetto.registry import unknown_name

MOOD = "MOOD"
VALENCE = "AFFETTO_VALENCE"
AROUSAL = "AFFETTO_AROUSAL"
QUADRANT = "AFFETTO_QUADRANT"
TAGS = "AFFETTO_TAGS"
SCORES = "AFFETTO_SCORES"
BUNDLE = "AFFETTO_BUNDLE"

FIELDS = (MOOD, VALENCE, AROUSAL, QUADRANT, TAGS, SCORES, BUNDLE)
"""All fields, in the order in which they are shown and added."""

DEFAULT_TOP = 5
MAX_WORD_CHARACTERS = 60

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moods:
    """What is to be written about a song, from a prediction or from a database.

    `scores` in [0, 1] by tag, in the vocabulary's order; `chosen` are the tags above their
    threshold. `audio_sha256` is the hash of the decoded samples that were scored.
    """

    scores: Mapping[str, float]
    chosen: frozenset[str]
    valence: float
    arousal: float
    titles: Mapping[str, str]
    bundle: str
    audio_sha256: str

    @classmethod
    def of(cls, prediction: Prediction) -> Self:
        """Take the moods of a prediction."""
        vocabulary = prediction.vocabulary
        scores = dict(zip(vocabulary.tags, map(float, prediction.scores), strict=True))
        marked = zip(vocabulary.tags, prediction.chosen, strict=True)
        return cls(
            scores=scores,
            chosen=frozenset(tag for tag, is_chosen in marked if is_chosen),
            valence=prediction.valence,
            arousal=prediction.arousal,
            titles=dict(zip(vocabulary.tags, vocabulary.titles, strict=True)),
            bundle=prediction.bundle,
            audio_sha256=prediction.audio_sha256,
        )

    def ranked(self, top: int | None) -> Texts:
        """Give the chosen tags, the highest score first, at most `top` of them."""
        return tuple(sorted(self.chosen, key=lambda tag: (-self.scores[tag], tag))[:top])


@dataclass(frozen=True, slots=True)
class Words:
    """A user's own words for tags: `words` by tag; a tag that is not in it has none."""

    words: Mapping[str, Texts]

    def of(self, tags: Iterable[str]) -> Texts:
        """Give the words for tags, each once, in the order of the tags."""
        found = (word for tag in tags for word in self.words.get(tag, ()))
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class TagSettings:
    """Which fields are written, with at most `top` moods, in whose words."""

    top: int | None = DEFAULT_TOP
    fields: Texts = FIELDS
    words: Words | None = field(default=None)

    def __post_init__(self) -> None:
        if self.top is not None and self.top < 1:
            raise BadConfig(f"top must be at least 1, not {self.top}")
        for name in self.fields:
            if name not in FIELDS:
                raise unknown_name("field", name, FIELDS)


def texts_of(moods: Moods, settings: TagSettings) -> dict[str, Texts]:
    """Give the texts of each wanted field; an empty tuple where there is nothing to say."""
    tags = moods.ranked(settings.top)
    if settings.words is None:
        words = tuple(dict.fromkeys(moods.titles[tag] for tag in tags))
    else:
        words = settings.words.of(tags)
    scores = " ".join(f"{tag}={_number(score)}" for tag, score in moods.scores.items())
    every = {
        MOOD: words,
        VALENCE: (_number(moods.valence),),
        AROUSAL: (_number(moods.arousal),),
        QUADRANT: (quadrant_of(moods.valence, moods.arousal),),
        TAGS: tags,
        SCORES: (scores,),
        BUNDLE: (moods.bundle,),
    }
    return {name: every[name] for name in FIELDS if name in settings.fields}


def _number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # + 0.0: there is no -0.000


def read_words(path: Path, vocabularies: Iterable[Vocabulary]) -> Words:
    """Read a TOML file of words: a table `words` of `tag = "Word"` or `["Word", "Other"]`.

    A tag may be written as its slug or its title; an empty list or text means no word.
    Raises: BadConfig for a file that is not like this, UnknownName for an unknown tag.
    """
    import tomllib

    from affetto.audio import display

    shown = display(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadConfig(f"{shown}: it cannot be read ({reason})", "check the path") from error
    except ValueError as error:  # of the text's encoding, or of TOML
        raise BadConfig(f"{shown}: it is not TOML ({error})", "see docs/tagging.md") from error
    table = content.pop("words", None)
    if not isinstance(table, dict) or content:
        raise BadConfig(
            f"{shown}: it must hold a table [words] and nothing else", "see docs/tagging.md"
        )
    known = _tags_by_name(vocabularies)
    words: dict[str, Texts] = {}
    for name, value in table.items():
        slug = _slug(name)
        if slug not in known:
            raise unknown_name("tag", name, tuple(dict.fromkeys(known.values())))
        if known[slug] in words:
            raise BadConfig(f"{shown}: {known[slug]} stands in it twice", "leave one of them out")
        words[known[slug]] = _checked_words(value, f"{shown}: {name}")
    return Words(words)


def _tags_by_name(vocabularies: Iterable[Vocabulary]) -> dict[str, str]:
    known: dict[str, str] = {}
    for vocabulary in vocabularies:
        known |= dict(zip(map(_slug, vocabulary.titles), vocabulary.tags, strict=True))
        known |= {tag: tag for tag in vocabulary.tags}
    return known


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _checked_words(value: Any, where: str) -> Texts:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
        raise BadConfig(f"{where} must be a text or a list of texts", "see docs/tagging.md")
    words = tuple(word.strip() for word in given if word.strip())
    for word in words:
        if len(word) > MAX_WORD_CHARACTERS or not word.isprintable():
            raise BadConfig(
                f"{where}: {word!r} is no word for a tag",
                f"use at most {MAX_WORD_CHARACTERS} printable characters",
            )
    return words
