"""The surveys behind CAL500's labels: who rated which song how.

Layout, under `<root>/cal500/cal500/annotations`: `<song>_<number>.txt`, a listener's answers,
one a line, such as `Emotion-Happy = "4"`; emotions are rated from 1 to 5. Some files hold the
answers twice. The first ones count: with them the rule below gives all labels of the 18
emotions as they are distributed, with the last ones 39 of 9,036 come out differently.

The rules (`README_CAL500.txt` of the label package): ratings of 4 and 5 are for a tag, those of
1 and 2 against it, 3 is neither.

- Hard: a song has the tag when at least two listeners are for it, and these are at least 80 % of
  those for or against it.
- Soft: those for it less those against it, as a share of all listeners; 0 where that is negative,
  and where fewer than two are for or against it, which the package's text does not say of the
  soft labels. With that, all 9,036 of the emotions come out as distributed; without, 578 do not.
- The share of all listeners that is for the tag is no rule of the package, but what a network
  that predicts listeners should say: a soft label that does not confound doubt with dissent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from affetto.core import FloatArray, IntArray, Vocabulary
from affetto.datasets.base import Loading, parse, require, text_of
from affetto.datasets.cal500 import (
    column_names,
    hard_annotations,
    soft_annotations,
    song_names,
)
from affetto.errors import DatasetInvalid

FOR, AGAINST = 4, 2
MIN_FOR = 2
MIN_SHARE = 0.8
MIN_OPINIONS = 2
SOFT_TOLERANCE = 1e-5
"""Soft labels are distributed with five decimals."""

_ANSWER = re.compile(r'(\S+) = "(.*)"')


def read_surveys(
    base: Path, vocabulary: Vocabulary, loading: Loading | None = None
) -> dict[str, IntArray]:
    """Give the ratings of each song (n_listeners, n_tags), 1 to 5, by its name.

    Raises: DatasetMissing; DatasetInvalid with file and line.
    """
    loading = loading or Loading()
    folder = require(base / "cal500" / "annotations", "cal500")
    found: dict[str, list[list[int]]] = {}
    for path in sorted(folder.glob("*.txt")):
        with loading.part():
            song, _, number = path.stem.rpartition("_")
            if not song or not number.isdigit():
                raise DatasetInvalid(
                    f"{path} is not named <song>_<number>.txt", "rename or remove it"
                )
            ratings = _ratings(path, vocabulary)
            found.setdefault(song, []).append(ratings)
    return {song: np.asarray(ratings, np.int64) for song, ratings in found.items()}


def labels_from_surveys(ratings: IntArray) -> FloatArray:
    """Give a song's labels (n_tags,) in {0, 1} from ratings (n_listeners, n_tags), 1 to 5."""
    n_for = (ratings >= FOR).sum(axis=0)
    n_against = (ratings <= AGAINST).sum(axis=0)
    is_tagged = (n_for >= MIN_FOR) & (n_for >= MIN_SHARE * (n_for + n_against))
    labels: FloatArray = is_tagged.astype(np.float32)
    return labels


def soft_from_surveys(ratings: IntArray) -> FloatArray:
    """Give a song's soft labels (n_tags,) in [0, 1], as they are distributed, from ratings
    (n_listeners, n_tags), 1 to 5."""
    n_for = (ratings >= FOR).sum(axis=0)
    n_against = (ratings <= AGAINST).sum(axis=0)
    is_voiced = n_for + n_against >= MIN_OPINIONS
    soft = np.maximum(n_for - n_against, 0) * is_voiced / len(ratings)
    labels: FloatArray = soft.astype(np.float32)
    return labels


def shares(ratings: IntArray) -> FloatArray:
    """Give the share in [0, 1] of a song's listeners who rate each tag 4 or 5: (n_tags,) from
    ratings (n_listeners, n_tags), 1 to 5."""
    found: FloatArray = (ratings >= FOR).mean(axis=0, dtype=np.float32)
    return found


def soft_labels(base: Path, vocabulary: Vocabulary, loading: Loading | None = None) -> FloatArray:
    """Give `shares` for all songs (n_songs, n_tags), in the order of `song_names`.

    A song that nobody was asked about has NaN. Raises: DatasetMissing, DatasetInvalid.
    """
    surveys = read_surveys(base, vocabulary, loading)
    unknown = np.full(len(vocabulary), np.nan, np.float32)
    return np.stack(
        [shares(surveys[song]) if song in surveys else unknown for song in song_names(base)]
    )


def disagreements(
    base: Path, vocabulary: Vocabulary, loading: Loading | None = None
) -> tuple[str, ...]:
    """Name the songs without surveys, the surveys without a song, and the labels that differ.

    Raises: DatasetMissing; DatasetInvalid with file and line.
    """
    loading = loading or Loading()
    surveys: Mapping[str, IntArray] = read_surveys(base, vocabulary, loading)
    songs = song_names(base)
    hard = hard_annotations(base, vocabulary, len(songs), loading)
    soft = soft_annotations(base, vocabulary, len(songs), loading)
    found = [f"{song}: it is surveyed, but has no labels" for song in set(surveys) - set(songs)]
    for song, of_song, soft_of_song in zip(songs, hard, soft, strict=True):
        if song not in surveys:
            found.append(f"{song}: no survey tells where its labels come from")
            continue
        rebuilt = labels_from_surveys(surveys[song])
        found += [
            f"{song}: {vocabulary.tags[tag]} is {of_song[tag]:.0f}, where the surveys say "
            f"{rebuilt[tag]:.0f}"
            for tag in np.flatnonzero(np.abs(of_song - rebuilt) > 0)
        ]
        rebuilt = soft_from_surveys(surveys[song])
        found += [
            f"{song}: the soft label of {vocabulary.tags[tag]} is {soft_of_song[tag]:.3f}, where "
            f"the surveys say {rebuilt[tag]:.3f}"
            for tag in np.flatnonzero(np.abs(soft_of_song - rebuilt) > SOFT_TOLERANCE)
        ]
    return tuple(sorted([*found, *loading.left_out]))


def _ratings(path: Path, vocabulary: Vocabulary) -> list[int]:
    answers: dict[str, tuple[int, str]] = {}
    for line, text in enumerate(text_of(path).splitlines(), start=1):
        answer = _ANSWER.fullmatch(text.strip())
        if answer:
            answers.setdefault(answer[1], (line, answer[2]))
    ratings = []
    for name in column_names(vocabulary):
        if name not in answers:
            raise DatasetInvalid(f"{path} has no rating of {name}", "restore it")
        line, text = answers[name]
        ratings.append(parse(int, text, path, line, range(1, 6).__contains__, "1 to 5"))
    return ratings
