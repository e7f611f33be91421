"""Audio clips with emotion labels: 4Q, Soundtracks and Emotify.

Each lies under `<root>/emotion_audio/<set>` as `labels.csv` (a row for each clip: `clip`,
`group`, `fold`, then labels) and `audio/`. `group` is the artist or the film album. A column
`genres` (`;` between) or `genre` may tell what kind of music it is.

What becomes of the labels:

- 4Q (Panda, Malheiro, Paiva, IEEE TAFFC 2018) gives a quadrant only: valence and arousal are
  signs, -1 or 1.
- Soundtracks (Eerola, Vuoskoski, Psychology of Music 39, 2011) gives mean ratings from 1 to 7 of
  valence and energy, mapped to [-1, 1] by (rating - 4) / 3, energy standing for arousal; and of
  anger, happy, sad and tender from 1 to 8, whose names CAL500's emotions share: each becomes the
  soft label (rating - 1) / 7 of that tag.
- Emotify (Aljanaki, Wiering, Veltkamp, IPM 2015) gives shares of votes for nine felt emotions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from affetto.core import Dataset, Example, Vocabulary
from affetto.datasets.base import (
    AUDIO_READER,
    OBTAIN_HINT,
    Loader,
    Loading,
    Source,
    dataset_of,
    number,
    parse,
    read_audio,
    require,
    rows,
)
from affetto.datasets.splits import N_FOLDS
from affetto.errors import DatasetMissing
from affetto.vocabularies import load as load_vocabulary
from affetto.vocabularies.moods import SIGNS

TAG_OF_RATING = {
    "anger": "angry_aggressive",
    "happy": "happy",
    "sad": "sad",
    "tender": "tender_soft",
}


_FOUR_Q = Source(
    name="4q",
    folder="emotion_audio/4q",
    license="offered for research; the music belongs to its labels",
    citation=(
        "R. Panda, R. Malheiro, R. P. Paiva, Novel audio features for music emotion "
        "recognition, IEEE Transactions on Affective Computing, 2018"
    ),
    url="http://mir.dei.uc.pt",
    obtain="the authors offer it on their page for research; arrange it as docs/datasets.md says",
)

_SOUNDTRACKS = Source(
    name="soundtracks",
    folder="emotion_audio/soundtracks",
    license="shared for academic research; the music belongs to the film labels",
    citation=(
        "T. Eerola, J. K. Vuoskoski, A comparison of the discrete and dimensional models of "
        "emotion in music, Psychology of Music 39, 2011"
    ),
    url="https://osf.io/p6vkg",
    obtain="from the authors' repository for research; arrange it as docs/datasets.md says",
)

_EMOTIFY = Source(
    name="emotify",
    folder="emotion_audio/emotify",
    license="authors ask to cite; Magnatune music is, to our knowledge, CC BY-NC-SA",
    citation=(
        "A. Aljanaki, F. Wiering, R. C. Veltkamp, Studying emotion induced by music through a "
        "crowdsourcing game, Information Processing & Management, 2015"
    ),
    url="http://www2.projects.science.uu.nl/memotion/emotifydata/",
    obtain="from the authors' page for research; arrange it as docs/datasets.md says",
)


Row = dict[str, str]


def _load_4q(root: Path, loading: Loading) -> Dataset:
    """Quadrants as signs of valence and arousal. Raises: DatasetMissing, DatasetInvalid."""

    def read(row: Row, table: Path, line: int) -> tuple[list[float], tuple[float, float]]:
        return [], SIGNS[parse(str, row["quadrant"], table, line, SIGNS.__contains__, "Q1 to Q4")]

    columns, vocabulary = ("artist", "quadrant"), load_vocabulary("none")
    return _dataset(_FOUR_Q, vocabulary, columns, read, "signs", root, loading)


def _load_soundtracks(root: Path, loading: Loading) -> Dataset:
    """Ratings of valence, energy and four tags. Raises: DatasetMissing, DatasetInvalid."""
    vocabulary = load_vocabulary("cal500_emotions")

    def read(row: Row, table: Path, line: int) -> tuple[list[float], tuple[float, float]]:
        labels = [math.nan] * len(vocabulary)
        for column, tag in TAG_OF_RATING.items():
            rating = number(row[column], table, line, 1, 8)
            labels[vocabulary.tags.index(tag)] = (rating - 1) / 7
        valence, energy = (number(row[c], table, line, 1, 7) for c in ("valence", "energy"))
        return labels, ((valence - 4) / 3, (energy - 4) / 3)

    columns = ("valence", "energy", *TAG_OF_RATING)
    return _dataset(_SOUNDTRACKS, vocabulary, columns, read, "ratings", root, loading)


def _load_emotify(root: Path, loading: Loading) -> Dataset:
    """Vote shares of nine felt emotions. Raises: DatasetMissing, DatasetInvalid."""
    vocabulary = load_vocabulary("gems9")

    def read(row: Row, table: Path, line: int) -> tuple[list[float], None]:
        return [number(row[name], table, line, 0, 1) for name in vocabulary.source_names], None

    return _dataset(_EMOTIFY, vocabulary, vocabulary.source_names, read, "none", root, loading)


def _dataset(
    source: Source,
    vocabulary: Vocabulary,
    columns: Sequence[str],
    read: Callable[[Row, Path, int], tuple[list[float], tuple[float, float] | None]],
    plane_kind: Literal["ratings", "signs", "none"],
    root: Path,
    loading: Loading,
) -> Dataset:
    """Give the clips of a table; `read` gives the labels, valence and arousal of a row.

    Raises: DatasetMissing, also for a sound file; DatasetInvalid with file and line, also for a
    clip that is there twice and for a group of two folds.
    """
    table = require(require(root / source.folder, source.name) / "labels.csv", source.name)
    examples: dict[str, Example] = {}
    folds: dict[str, int] = {}
    for line, row in rows(table, ("clip", "group", "fold", *columns), loading):
        with loading.part():
            name, group, fold = _clip(row, table, line, examples.keys(), folds)
            labels, plane = read(row, table, line)
            path = table.parent / "audio" / name
            if not path.exists():
                raise DatasetMissing(
                    f"{table}, line {line}: data set {source.name} needs {path}, which is not "
                    "there",
                    OBTAIN_HINT,
                )
            folds[group] = fold
            examples[name] = Example(
                id=f"{source.name}/{name}",
                path=path,
                group=group,
                song=name,
                labels=np.asarray(labels, np.float32),
                valence_arousal=None if plane is None else np.asarray(plane, np.float32),
                genres=_genres(row),
            )
    return dataset_of(
        source,
        vocabulary,
        examples.values(),
        loading,
        read_audio,
        AUDIO_READER,
        plane_kind=plane_kind,
        folds=folds,
    )


def _genres(row: Row) -> tuple[str, ...]:
    """Give a row's genres, where the table has a column of them."""
    named = row.get("genres") or row.get("genre") or ""
    return tuple(name for name in map(str.strip, named.split(";")) if name not in ("", "None"))


def _clip(
    row: Row, table: Path, line: int, above: Collection[str], folds: Mapping[str, int]
) -> tuple[str, str, int]:
    """Give a row's clip, group and fold. Raises: DatasetInvalid with file and line."""
    name = parse(
        str, row["clip"], table, line, lambda v: v != "" and v not in above, "a clip not above"
    )
    group = parse(str, row["group"], table, line, bool, "the name of a group")
    allowed = (folds[group],) if group in folds else range(N_FOLDS)
    expected = f"{folds[group]}, as above" if group in folds else f"0 to {N_FOLDS - 1}"
    return name, group, parse(int, row["fold"], table, line, allowed.__contains__, expected)


load_4q = Loader(_FOUR_Q, _load_4q)
load_soundtracks = Loader(_SOUNDTRACKS, _load_soundtracks)
load_emotify = Loader(_EMOTIFY, _load_emotify)
