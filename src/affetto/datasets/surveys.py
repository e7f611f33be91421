"""The surveys behind CAL500's labels: who rated which song how.

Layout, under `<root>/cal500/cal500/annotations`: `<song>_<number>.txt`, a listener's answers,
one a line, such as `Emotion-Happy = "4"`; emotions are rated from 1 to 5. Some files hold the
answers twice. The first ones count: with them the rule below gives all labels of the 18
emotions as they are distributed, with the last ones 39 of 9,036 come out differently.

The rule (`README_CAL500.txt` of the label package): ratings of 4 and 5 are for a tag, those of 1
and 2 against it, 3 is neither; a song has the tag when at least two listeners are for it, and
these are at least 80 % of those for or against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from affetto.core import FloatArray, IntArray, Vocabulary
from affetto.datasets.base import parse, require, text_of
from affetto.datasets.cal500 import hard_annotations, song_names
from affetto.errors import DatasetInvalid

FOR, AGAINST = 4, 2
MIN_FOR = 2
MIN_SHARE = 0.8

_ANSWER = re.compile(r'(\S+) = "(.*)"')


def read_surveys(base: Path, vocabulary: Vocabulary) -> dict[str, IntArray]:
    """Give the ratings of each song (n_listeners, n_tags), 1 to 5, by its name.

    Raises: DatasetMissing; DatasetInvalid with file and line.
    """
    folder = require(base / "cal500" / "annotations", "cal500")
    found: dict[str, list[list[int]]] = {}
    for path in sorted(folder.glob("*.txt")):
        song, _, number = path.stem.rpartition("_")
        if not song or not number.isdigit():
            raise DatasetInvalid(f"{path} is not named <song>_<number>.txt", "rename or remove it")
        found.setdefault(song, []).append(_ratings(path, vocabulary))
    return {song: np.asarray(ratings, np.int64) for song, ratings in found.items()}


def labels_from_surveys(ratings: IntArray) -> FloatArray:
    """Give a song's labels (n_tags,) in {0, 1} from ratings (n_listeners, n_tags), 1 to 5."""
    n_for = (ratings >= FOR).sum(axis=0)
    n_against = (ratings <= AGAINST).sum(axis=0)
    is_tagged = (n_for >= MIN_FOR) & (n_for >= MIN_SHARE * (n_for + n_against))
    labels: FloatArray = is_tagged.astype(np.float32)
    return labels


def disagreements(base: Path, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Name the songs without surveys, the surveys without a song, and the labels that differ.

    Raises: DatasetMissing; DatasetInvalid with file and line.
    """
    surveys: Mapping[str, IntArray] = read_surveys(base, vocabulary)
    songs = song_names(base)
    distributed = hard_annotations(base, vocabulary, len(songs))
    found = [f"{song}: it is surveyed, but has no labels" for song in set(surveys) - set(songs)]
    for song, labels in zip(songs, distributed, strict=True):
        if song not in surveys:
            found.append(f"{song}: no survey tells where its labels come from")
            continue
        rebuilt = labels_from_surveys(surveys[song])
        found += [
            f"{song}: {vocabulary.tags[tag]} is {labels[tag]:.0f}, where the surveys say "
            f"{rebuilt[tag]:.0f}"
            for tag in np.flatnonzero(labels != rebuilt)
        ]
    return tuple(sorted(found))


def _ratings(path: Path, vocabulary: Vocabulary) -> list[int]:
    answers: dict[str, tuple[int, str]] = {}
    for line, text in enumerate(text_of(path).splitlines(), start=1):
        answer = _ANSWER.fullmatch(text.strip())
        if answer:
            answers.setdefault(answer[1], (line, answer[2]))
    ratings = []
    for name in vocabulary.source_names:
        if f"Emotion-{name}" not in answers:
            raise DatasetInvalid(f"{path} has no rating of Emotion-{name}", "restore it")
        line, text = answers[f"Emotion-{name}"]
        ratings.append(parse(int, text, path, line, range(1, 6).__contains__, "1 to 5"))
    return ratings
