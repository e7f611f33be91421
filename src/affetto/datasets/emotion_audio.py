"""Audio clips with emotion labels: 4Q, Soundtracks and Emotify.

Each lies under `<root>/emotion_audio/<set>` as `labels.csv` (a row for each clip: `clip`,
`group`, `fold`, then labels) and `audio/`. `group` is the artist or the film album.

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

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from affetto.core import Dataset, Example
from affetto.datasets.base import (
    AUDIO_READER,
    Loader,
    Source,
    number,
    parse,
    read_audio,
    require,
    rows,
)
from affetto.datasets.splits import N_FOLDS
from affetto.vocabularies import load as load_vocabulary

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


def _load_4q(root: Path) -> Dataset:
    """Quadrants as signs of valence and arousal. Raises: DatasetMissing, DatasetInvalid."""
    folder = require(root / "emotion_audio" / "4q", "4q")
    table = require(folder / "labels.csv", "4q")
    vocabulary = load_vocabulary("none")
    examples: list[Example] = []
    folds: dict[str, int] = {}
    for line, row, path in _clips(table, "4q", ("artist", "quadrant"), folds):
        quadrant = parse(str, row["quadrant"], table, line, _SIGNS.__contains__, "Q1 to Q4")
        examples.append(
            Example(
                id=f"4q/{row['clip']}",
                path=path,
                group=row["group"],
                song=row["clip"],
                labels=np.zeros(0, np.float32),
                valence_arousal=np.asarray(_SIGNS[quadrant], np.float32),
            )
        )
    return Dataset(
        name="4q",
        vocabulary=vocabulary,
        examples=tuple(examples),
        license=_FOUR_Q.license,
        citation=_FOUR_Q.citation,
        source_url=_FOUR_Q.url,
        read=read_audio,
        reader=AUDIO_READER,
        plane_kind="signs",
        folds=folds,
    )


def _load_soundtracks(root: Path) -> Dataset:
    """Ratings of valence, energy and four tags. Raises: DatasetMissing, DatasetInvalid."""
    folder = require(root / "emotion_audio" / "soundtracks", "soundtracks")
    table = require(folder / "labels.csv", "soundtracks")
    vocabulary = load_vocabulary("cal500_emotions")
    examples: list[Example] = []
    folds: dict[str, int] = {}
    for line, row, path in _clips(
        table, "soundtracks", ("valence", "energy", *TAG_OF_RATING), folds
    ):
        labels = np.full(len(vocabulary), np.nan, np.float32)
        for column, tag in TAG_OF_RATING.items():
            rating = number(row[column], table, line, 1, 8)
            labels[vocabulary.tags.index(tag)] = (rating - 1) / 7
        plane = [(number(row[c], table, line, 1, 7) - 4) / 3 for c in ("valence", "energy")]
        examples.append(
            Example(
                id=f"soundtracks/{row['clip']}",
                path=path,
                group=row["group"],
                song=row["clip"],
                labels=labels,
                valence_arousal=np.asarray(plane, np.float32),
            )
        )
    return Dataset(
        name="soundtracks",
        vocabulary=vocabulary,
        examples=tuple(examples),
        license=_SOUNDTRACKS.license,
        citation=_SOUNDTRACKS.citation,
        source_url=_SOUNDTRACKS.url,
        read=read_audio,
        reader=AUDIO_READER,
        plane_kind="ratings",
        folds=folds,
    )


def _load_emotify(root: Path) -> Dataset:
    """Vote shares of nine felt emotions. Raises: DatasetMissing, DatasetInvalid."""
    folder = require(root / "emotion_audio" / "emotify", "emotify")
    table = require(folder / "labels.csv", "emotify")
    vocabulary = load_vocabulary("gems9")
    examples: list[Example] = []
    folds: dict[str, int] = {}
    for line, row, path in _clips(table, "emotify", vocabulary.source_names, folds):
        shares = [number(row[name], table, line, 0, 1) for name in vocabulary.source_names]
        examples.append(
            Example(
                id=f"emotify/{row['clip']}",
                path=path,
                group=row["group"],
                song=row["clip"],
                labels=np.asarray(shares, np.float32),
            )
        )
    return Dataset(
        name="emotify",
        vocabulary=vocabulary,
        examples=tuple(examples),
        license=_EMOTIFY.license,
        citation=_EMOTIFY.citation,
        source_url=_EMOTIFY.url,
        read=read_audio,
        reader=AUDIO_READER,
        folds=folds,
    )


_SIGNS = {"Q1": (1.0, 1.0), "Q2": (-1.0, 1.0), "Q3": (-1.0, -1.0), "Q4": (1.0, -1.0)}


def _clips(
    table: Path, dataset: str, columns: Sequence[str], folds: dict[str, int]
) -> Iterator[tuple[int, dict[str, str], Path]]:
    """Give (line number, row, sound file) of each clip, and put its group's fold in `folds`.

    Raises: DatasetInvalid with file and line, also for a clip that is there twice and for a
    group of two folds; DatasetMissing for a sound file.
    """
    seen: set[str] = set()
    for line, row in rows(table, ("clip", "group", "fold", *columns)):
        name = parse(
            str, row["clip"], table, line, lambda v: v != "" and v not in seen, "a clip not above"
        )
        group = parse(str, row["group"], table, line, bool, "the name of a group")
        allowed = (folds[group],) if group in folds else range(N_FOLDS)
        expected = f"{folds[group]}, as above" if group in folds else f"0 to {N_FOLDS - 1}"
        folds[group] = parse(int, row["fold"], table, line, allowed.__contains__, expected)
        seen.add(name)
        yield line, row, require(table.parent / "audio" / name, dataset)


load_4q = Loader(_FOUR_Q, _load_4q)
load_soundtracks = Loader(_SOUNDTRACKS, _load_soundtracks)
load_emotify = Loader(_EMOTIFY, _load_emotify)
