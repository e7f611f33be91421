"""CAL500 and CAL500exp: 502 songs and their labels; here on pictures of their first seconds.

Layout under `<root>/cal500`: `cal500/songNames.txt`, `cal500/vocab.txt`,
`cal500/hardAnnotations.txt`, `cal500/softAnnotations.txt` (the label package of UCSD),
`cal500exp/SegLabelHard/<song>.csv` (labels of segments, in seconds of the low-rate MP3),
`spectrogram_png_first3s/<song>.png` (the MP3's first 2.97 s).

An example is a picture. In `cal500` its labels are those of the CAL500exp segment that covers
most of the 2.97 s, if one covers at least half, else the song's of CAL500; in
`cal500_songs_first3s` always the song's. The group is the artist, which is what stands before
the hyphen of a song's name.

Sources: D. Turnbull, L. Barrington, D. Torres, G. Lanckriet, "Towards musical query-by-semantic-
description using the CAL500 data set", SIGIR 2007; S.-Y. Wang, J.-C. Wang, Y.-H. Yang,
H.-M. Wang, "Towards time-varying music auto-tagging based on CAL500 expansion", ICME 2014.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from affetto.core import Dataset, Example, FloatArray, Interval, Vocabulary
from affetto.datasets import pictures
from affetto.datasets.base import (
    Loader,
    Loading,
    Source,
    dataset_of,
    number,
    parse,
    require,
    rows,
    text_of,
)
from affetto.errors import DatasetInvalid
from affetto.vocabularies import load as load_vocabulary

MIN_COVERED_S = pictures.DURATION_S / 2
# Two pictures lost "wav" to a replacement of ".wav" by ".png" in their names.
DAMAGED_NAMES = {
    "pixies-wave_of_mutilation": "pixies-pnge_of_mutilation",
    "antonio_carlos_jobim-wave": "antonio_carlos_jobim-pnge",
}
LABELS_ONLY = frozenset({"crosby_stills_and_nash-guinnevere", "radiohead-karma_police"})
"""Songs of the label package without segments in CAL500exp, and as it seems without an MP3."""

_PREFIXES = {"cal500_emotions": "Emotion-"}
"""What stands before a vocabulary's source names in the tables."""

LICENSE = "(c) University of California San Diego, 2007; nonprofit education and research"
CITATION = (
    "D. Turnbull, L. Barrington, D. Torres, G. Lanckriet, Towards musical query-by-"
    "semantic-description using the CAL500 data set, SIGIR 2007"
)
URL = "http://calab1.ucsd.edu/~datasets/cal500/"
EXPANSION = (
    "S.-Y. Wang, J.-C. Wang, Y.-H. Yang, H.-M. Wang, Towards time-varying music auto-tagging "
    "based on CAL500 expansion, ICME 2014"
)
EXPANSION_URL = (
    "https://github.com/yuxuanzhao2295/Missing-Value-Imputation-for-Mixed-Data-via-Gaussian-Copula"
)
OBTAIN_SEGMENTS = (
    "the labels are the folder dataset/SegLabelHard of that repository, and the label package "
    f"of CAL500 from {URL}"
)
NO_SEGMENTS = "CAL500exp has no segments of it"

_OBTAIN = (
    "the labels from the Computer Audition Lab of UC San Diego; the pictures from the folder "
    "CAL500_png of the GitHub repository rickiepark/cnn_mer; arrange them as docs/datasets.md "
    "says"
)
_PICTURES = Source("cal500", "cal500", LICENSE, CITATION, URL, _OBTAIN)
_SONGS = Source("cal500_songs_first3s", "cal500", LICENSE, CITATION, URL, _OBTAIN)


@dataclass(frozen=True, slots=True)
class Segment:
    """A labelled segment: when it is heard in the MP3, its labels (n_tags,), its table's line."""

    interval: Interval
    labels: FloatArray
    line: int


def _load_first_seconds(root: Path, loading: Loading) -> Dataset:
    """The pictures with the labels of their moment. Raises: DatasetMissing, DatasetInvalid."""

    def of_moment(base: Path, song: str, of_song: FloatArray, vocabulary: Vocabulary) -> FloatArray:
        of_segment = _first_segment(segments(base, song, vocabulary))
        return of_song if of_segment is None else of_segment

    return _pictures(_PICTURES, root, loading, of_moment)


def _load_songs(root: Path, loading: Loading) -> Dataset:
    """The pictures with the labels of the song. Raises: DatasetMissing, DatasetInvalid."""
    return _pictures(_SONGS, root, loading, lambda base, song, of_song, vocabulary: of_song)


def _pictures(
    source: Source,
    root: Path,
    loading: Loading,
    labels_of: Callable[[Path, str, FloatArray, Vocabulary], FloatArray],
) -> Dataset:
    """Give the songs' pictures. A song of which any label is bad is bad as a whole: another
    segment's labels, or the song's, would stand where the bad ones should."""
    base = require(root / "cal500", source.name)
    vocabulary = load_vocabulary("cal500_emotions")
    songs = song_names(base)
    examples = []
    song_labels = hard_annotations(base, vocabulary, len(songs), loading)
    for song, of_song in zip(songs, song_labels, strict=True):
        if np.isnan(of_song).any():
            continue
        with loading.part(song):
            picture = _picture(base, song)
            reason = _why_not(picture)
            if reason:
                loading.left_out.append(f"{song}: {reason}")
                continue
            examples.append(
                Example(
                    id=f"{source.name}/{song}",
                    path=picture,
                    group=artist(song),
                    song=song,
                    labels=labels_of(base, song, of_song, vocabulary),
                )
            )
    return dataset_of(
        source, vocabulary, examples, loading, pictures.read_picture, pictures.PICTURE_READER
    )


def _why_not(picture: Path) -> str:
    """Say why a song has no picture to see; nothing where it has. Raises: DatasetInvalid."""
    if not picture.exists():
        return "there is no picture"
    try:
        pictures.picture_values(picture)
    except pictures.PictureBlank:
        return "the picture is blank"
    return ""


def _inspect_pictures(root: Path, loading: Loading) -> tuple[str, ...]:
    """Name the pictures of which a strip is blank, but that are used."""
    base = root / "cal500"
    found = []
    for song in song_names(base):
        picture = _picture(base, song)
        if not picture.exists():
            continue
        with loading.part(song):
            share = pictures.blank_share(picture)
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


def place_of(base: Path, song: str) -> str:
    """Say in which file and line a song is listed."""
    line = 1 + song_names(base).index(song)
    return f"{base / 'cal500' / 'songNames.txt'}, line {line}"


def artist(song: str) -> str:
    """Give the artist of a song's name, letters and digits only: `10cc-for_you_and_i` -> `10cc`."""
    return "".join(letter for letter in song.partition("-")[0] if letter.isalnum())


def tag_names(base: Path) -> tuple[str, ...]:
    """Give the names of the 174 tags, in the order of the annotations' columns."""
    return tuple(text_of(require(base / "cal500" / "vocab.txt", "cal500")).split())


def column_names(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Give the names that a vocabulary's tags have in the tables of CAL500 and CAL500exp."""
    prefix = _PREFIXES.get(vocabulary.name, "")
    return tuple(prefix + name for name in vocabulary.source_names)


def hard_annotations(
    base: Path, vocabulary: Vocabulary, n_songs: int, loading: Loading | None = None
) -> FloatArray:
    """Give the songs' labels (n_songs, n_tags) in {0, 1}, tags in the vocabulary's order.

    Rows that are left out are NaN. Raises: DatasetMissing, DatasetInvalid.
    """
    return hard_columns(base, column_names(vocabulary), n_songs, loading)


def hard_columns(
    base: Path, names: Sequence[str], n_songs: int, loading: Loading | None = None
) -> FloatArray:
    """Give the columns of those names of `hardAnnotations.txt`, as `hard_annotations` does."""
    return _annotations(base, "hardAnnotations.txt", names, n_songs, _label, loading or Loading())


def soft_annotations(
    base: Path, vocabulary: Vocabulary, n_songs: int, loading: Loading | None = None
) -> FloatArray:
    """Give the songs' soft labels (n_songs, n_tags) in [0, 1] as they are distributed.

    `surveys.soft_labels` says how they follow from the surveys. Rows that are left out are NaN.
    Raises: DatasetMissing, DatasetInvalid.
    """
    names = column_names(vocabulary)
    return _annotations(base, "softAnnotations.txt", names, n_songs, _share, loading or Loading())


def all_soft_annotations(base: Path, n_songs: int, loading: Loading) -> FloatArray:
    """Give the songs' soft labels of all tags (n_songs, 174), columns as `tag_names` has them.

    A bad row that is left out is NaN. Raises: DatasetMissing, DatasetInvalid.
    """
    return _annotations(base, "softAnnotations.txt", tag_names(base), n_songs, _share, loading)


def _share(text: str, path: Path, line: int) -> float:
    return number(text, path, line, 0, 1)


def _annotations(
    base: Path,
    file: str,
    names: Sequence[str],
    n_songs: int,
    read: Callable[[str, Path, int], float],
    loading: Loading,
) -> FloatArray:
    words = tag_names(base)
    columns = [_column(words, name, base / "cal500" / "vocab.txt") for name in names]
    path = require(base / "cal500" / file, "cal500")
    lines = text_of(path).split()
    if len(lines) != n_songs:
        raise DatasetInvalid(f"{path} has {len(lines)} rows for {n_songs} songs", "restore it")
    found = np.full((n_songs, len(columns)), np.nan, np.float32)
    for line, text in enumerate(lines, start=1):
        with loading.part():
            cells = text.split(",")
            if len(cells) < len(words):
                raise DatasetInvalid(
                    f"{path}, line {line}: {len(cells)} values for {len(words)} tags", "restore it"
                )
            found[line - 1] = [read(cells[column], path, line) for column in columns]
    return found


def segments_folder(base: Path) -> Path:
    """Give the folder that holds a table of segments for each song."""
    return base / "cal500exp" / "SegLabelHard"


def segments_path(base: Path, song: str) -> Path:
    """Give the table of a song's segments."""
    return segments_folder(base) / f"{song}.csv"


def segment_name(song: str, segment: Segment) -> str:
    """Name a segment by its song and its start in the labels' time."""
    return f"{song}/{segment.interval.start_s:.3f}"


def strays(names: Iterable[str], songs: Sequence[str]) -> list[str]:
    """Say which of the songs that files are named for are not listed."""
    return [f"{song}: songNames.txt has no such song" for song in sorted(set(names) - set(songs))]


def segments(
    base: Path, song: str, vocabulary: Vocabulary, loading: Loading | None = None
) -> tuple[Segment, ...]:
    """Give CAL500exp's segments of a song in their order of time; none for `LABELS_ONLY`.

    Raises: DatasetInvalid with file and line, also where the song has no table.
    """
    loading = loading or Loading()
    path = segments_path(base, song)
    if not path.exists():
        if song in LABELS_ONLY:
            return ()
        raise DatasetInvalid(
            f"{place_of(base, song)}: the labels of its segments, {path}, are not there",
            "get the file again",
        )
    columns = column_names(vocabulary)
    found: list[Segment] = []
    for line, row in rows(path, ("Start_Time", "End_Time", *columns), loading):
        with loading.part():
            interval = _interval(row, path, line)
            if any(segment.interval == interval for segment in found):
                raise DatasetInvalid(
                    f"{path}, line {line}: the segment from {interval.start_s} to "
                    f"{interval.end_s} s is there twice",
                    "remove one of the rows",
                )
            labels = [_label(row[column], path, line) for column in columns]
            found.append(Segment(interval, np.asarray(labels, np.float32), line))
    return tuple(sorted(found, key=lambda segment: segment.interval.start_s))


def _interval(row: dict[str, str], path: Path, line: int) -> Interval:
    start_s, end_s = (number(row[c], path, line, 0, 1e5) for c in ("Start_Time", "End_Time"))
    if end_s <= start_s:
        raise DatasetInvalid(
            f"{path}, line {line}: the segment ends at {end_s} s, before it starts",
            "correct or remove the row",
        )
    return Interval(start_s, end_s)


def _first_segment(found: Sequence[Segment]) -> FloatArray | None:
    """Give the labels of the segment that covers most of a picture, if it covers half."""
    covered_s = [
        min(segment.interval.end_s, pictures.DURATION_S) - segment.interval.start_s
        for segment in found
    ]
    if not covered_s or max(covered_s) < MIN_COVERED_S:
        return None
    return found[int(np.argmax(covered_s))].labels


def _column(words: Sequence[str], name: str, path: Path) -> int:
    if name not in words:
        raise DatasetInvalid(f"{path}: the tag {name} is missing", "restore it")
    return words.index(name)


def _label(text: str, path: Path, line: int) -> float:
    return parse(float, text, path, line, lambda value: value in (0.0, 1.0), "0 or 1")


load_first_seconds = Loader(_PICTURES, _load_first_seconds, _inspect_pictures)
load_songs = Loader(_SONGS, _load_songs, _inspect_pictures)
