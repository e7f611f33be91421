"""CAL500 and CAL500exp: 502 songs, 18 emotion tags; here on pictures of their first seconds.

Layout under `<root>/cal500`: `cal500/songNames.txt`, `cal500/vocab.txt`,
`cal500/hardAnnotations.txt` (the label package of UCSD), `cal500exp/SegLabelHard/<song>.csv`
(labels of segments, in seconds of the low-rate MP3), `spectrogram_png_first3s/<song>.png`
(the MP3's first 2.97 s).

An example is a picture. Its labels are those of the CAL500exp segment that covers most of the
2.97 s, if one covers at least half, else the song's of CAL500. The group is the artist, which is
what stands before the hyphen of a song's name.

Sources: D. Turnbull, L. Barrington, D. Torres, G. Lanckriet, "Towards musical query-by-semantic-
description using the CAL500 data set", SIGIR 2007; S.-Y. Wang, J.-C. Wang, Y.-H. Yang,
H.-M. Wang, "Towards time-varying music auto-tagging based on CAL500 expansion", ICME 2014.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from affetto.core import Dataset, Example, FloatArray, Interval, Vocabulary
from affetto.datasets import pictures
from affetto.datasets.base import Loader, Source, number, parse, require, rows, text_of
from affetto.errors import DatasetInvalid
from affetto.vocabularies import load as load_vocabulary

MIN_COVERED_S = pictures.DURATION_S / 2
# Two pictures lost "wav" to a replacement of ".wav" by ".png" in their names.
DAMAGED_NAMES = {
    "pixies-wave_of_mutilation": "pixies-pnge_of_mutilation",
    "antonio_carlos_jobim-wave": "antonio_carlos_jobim-pnge",
}


LICENSE = "(c) University of California San Diego, 2007; nonprofit education and research"
CITATION = (
    "D. Turnbull, L. Barrington, D. Torres, G. Lanckriet, Towards musical query-by-"
    "semantic-description using the CAL500 data set, SIGIR 2007"
)
URL = "http://calab1.ucsd.edu/~datasets/cal500/"

_PICTURES = Source(
    name="cal500",
    folder="cal500",
    license=LICENSE,
    citation=CITATION,
    url=URL,
    obtain=(
        "the labels from the Computer Audition Lab of UC San Diego; the pictures from the folder "
        "CAL500_png of the GitHub repository rickiepark/cnn_mer; arrange them as docs/datasets.md "
        "says"
    ),
)


def _load_first_seconds(root: Path) -> Dataset:
    """The pictures with labels. Raises: DatasetMissing, DatasetInvalid with file and line."""
    base = require(root / "cal500", "cal500")
    vocabulary = load_vocabulary("cal500_emotions")
    songs = song_names(base)
    song_labels = hard_annotations(base, vocabulary, len(songs))
    examples, left_out = [], []
    for song, of_song in zip(songs, song_labels, strict=True):
        picture = _picture(base, song)
        if not picture.exists():
            left_out.append(f"{song}: there is no picture")
            continue
        try:
            pictures.picture_values(picture)
        except pictures.PictureBlank:
            left_out.append(f"{song}: the picture is blank")
            continue
        of_segment = _first_segment(segments(base, song, vocabulary))
        examples.append(
            Example(
                id=f"cal500/{song}",
                path=picture,
                group=artist(song),
                song=song,
                labels=of_song if of_segment is None else of_segment,
            )
        )
    return Dataset(
        name="cal500",
        vocabulary=vocabulary,
        examples=tuple(examples),
        license=LICENSE,
        citation=CITATION,
        source_url=URL,
        read=pictures.read_picture,
        reader=pictures.PICTURE_READER,
        left_out=tuple(left_out),
    )


def _inspect_pictures(root: Path) -> tuple[str, ...]:
    """Name the pictures of which a strip is blank, but that are used."""
    base = root / "cal500"
    found = []
    for song in song_names(base):
        picture = _picture(base, song)
        share = pictures.blank_share(picture) if picture.exists() else 0
        if 0 < share <= pictures.BLANK_SHARE:
            found.append(f"{song}: {share:.1%} of the picture's columns are blank")
    return tuple(found)


def _picture(base: Path, song: str) -> Path:
    return base / "spectrogram_png_first3s" / f"{DAMAGED_NAMES.get(song, song)}.png"


def song_names(base: Path) -> tuple[str, ...]:
    """Give the names of the 502 songs, in the order of the annotations."""
    path = require(base / "cal500" / "songNames.txt", "cal500")
    names: list[str] = []
    for line, text in enumerate(text_of(path).split(), start=1):
        names.append(parse(str, text, path, line, lambda v: v not in names, "a song not above"))
    return tuple(names)


def artist(song: str) -> str:
    """Give the artist of a song's name, letters and digits only: `10cc-for_you_and_i` -> `10cc`."""
    return "".join(letter for letter in song.partition("-")[0] if letter.isalnum())


def hard_annotations(base: Path, vocabulary: Vocabulary, n_songs: int) -> FloatArray:
    """Give the songs' labels (n_songs, n_tags) in {0, 1}, tags in the vocabulary's order."""
    path = require(base / "cal500" / "vocab.txt", "cal500")
    words = text_of(path).split()
    columns = [_column(words, f"Emotion-{name}", path) for name in vocabulary.source_names]
    path = require(base / "cal500" / "hardAnnotations.txt", "cal500")
    lines = text_of(path).split()
    if len(lines) != n_songs:
        raise DatasetInvalid(f"{path} has {len(lines)} rows for {n_songs} songs", "restore it")
    labels = []
    for line, text in enumerate(lines, start=1):
        cells = text.split(",")
        if len(cells) < len(words):
            raise DatasetInvalid(
                f"{path}, line {line}: {len(cells)} values for {len(words)} tags", "restore it"
            )
        labels.append([_label(cells[column], path, line) for column in columns])
    return np.asarray(labels, np.float32)


def segments(
    base: Path, song: str, vocabulary: Vocabulary
) -> tuple[tuple[Interval, FloatArray], ...]:
    """Give CAL500exp's segments of a song in their order of time; none where it has no file."""
    path = base / "cal500exp" / "SegLabelHard" / f"{song}.csv"
    if not path.exists():
        return ()
    columns = [f"Emotion-{name}" for name in vocabulary.source_names]
    found: list[tuple[Interval, FloatArray]] = []
    for line, row in rows(path, ("Start_Time", "End_Time", *columns)):
        start_s = number(row["Start_Time"], path, line, 0, 1e5)
        end_s = number(row["End_Time"], path, line, 0, 1e5)
        if end_s <= start_s:
            raise DatasetInvalid(
                f"{path}, line {line}: the segment ends at {end_s} s, before it starts",
                "correct or remove the row",
            )
        if any(interval == Interval(start_s, end_s) for interval, _ in found):
            raise DatasetInvalid(
                f"{path}, line {line}: the segment from {start_s} to {end_s} s is there twice",
                "remove one of the rows",
            )
        labels = np.asarray([_label(row[column], path, line) for column in columns], np.float32)
        found.append((Interval(start_s, end_s), labels))
    return tuple(sorted(found, key=lambda item: item[0].start_s))


def _first_segment(found: tuple[tuple[Interval, FloatArray], ...]) -> FloatArray | None:
    """Give the labels of the segment that covers most of a picture, if it covers half."""
    covered_s = [
        min(interval.end_s, pictures.DURATION_S) - interval.start_s for interval, _ in found
    ]
    if not covered_s or max(covered_s) < MIN_COVERED_S:
        return None
    return found[int(np.argmax(covered_s))][1]


def _column(words: list[str], name: str, path: Path) -> int:
    if name not in words:
        raise DatasetInvalid(f"{path}: the tag {name} is missing", "restore it")
    return words.index(name)


def _label(text: str, path: Path, line: int) -> float:
    return parse(float, text, path, line, lambda value: value in (0.0, 1.0), "0 or 1")


load_first_seconds = Loader(_PICTURES, _load_first_seconds, _inspect_pictures)
