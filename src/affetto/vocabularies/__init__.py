"""Vocabularies: named lists of tags, each a JSON file beside this one.

`source_names` keeps each source's own spelling (CAL500 writes "Agressive"). `anchors` are our
placement of a tag in the valence-arousal plane; they are a reading of Russell's circumplex
(J. A. Russell, "A circumplex model of affect", J. Pers. Soc. Psychol. 39, 1980), not data.

`aliases.json` is no vocabulary: it holds the plain words that people use for tags.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from affetto.core import Vocabulary
from affetto.registry import Registry

VOCABULARIES = Registry(
    "vocabulary",
    "vocabularies",
    {
        "cal500_emotions": (
            "affetto.vocabularies:load_file",
            "the 18 emotions of CAL500, multi-label",
        ),
        "cal500exp_tags": (
            "affetto.vocabularies:load_file",
            "the 67 tags of CAL500exp: emotions, instruments, vocals, solos",
        ),
        "gems9": (
            "affetto.vocabularies:load_file",
            "the 9 felt emotions of the Geneva Emotional Music Scale",
        ),
        "none": ("affetto.vocabularies:load_file", "no tags: for data of valence and arousal"),
    },
)


@lru_cache
def load(name: str) -> Vocabulary:
    """Give a vocabulary by name. Raises: UnknownName."""
    vocabulary = VOCABULARIES.load(name)(name)
    assert isinstance(vocabulary, Vocabulary)
    return vocabulary


def load_file(name: str) -> Vocabulary:
    """Read `<name>.json` of this folder: a list of [slug, title, source name, valence, arousal].

    Where no row has the last two, the vocabulary has no anchors.
    """
    text = Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8")
    rows = json.loads(text)["tags"]
    anchors = [row[3:5] for row in rows if row[3:5]]
    return Vocabulary(
        name=name,
        tags=tuple(row[0] for row in rows),
        titles=tuple(row[1] for row in rows),
        source_names=tuple(row[2] for row in rows),
        anchors=anchors or None,  # type: ignore[arg-type]
    )


@lru_cache
def aliases() -> Mapping[str, tuple[str, ...]]:
    """Give plain words, such as `calm`, and the tags that each stands for, the best one first."""
    text = Path(__file__).with_name("aliases.json").read_text(encoding="utf-8")
    return {word: tuple(tags) for word, tags in json.loads(text)["aliases"].items()}
