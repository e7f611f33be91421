"""CAL500's songs and CAL500exp's segments as the Echo Nest heard them: whole, but without sound.

`cal500exp` are the labelled segments, `cal500_songs` whole songs with their labels of CAL500.
Labels lie where `cal500` says, analyses where `echonest` does; an example's path is the file
of events, its spectrogram is that of the front end bark.

The times of labels count from the beginning of the distributed low-rate MP3s, which begin 30 s
into the song, the analyses from the beginning of the song: an example's `interval` is 30 s
later than its row says; the row's own start stands in its id. Which songs are exceptions was
found by comparing the last label with the length of the analysis.
"""

from __future__ import annotations

from pathlib import Path

from affetto.core import Dataset, Example, Interval, Vocabulary
from affetto.datasets import cal500, echonest, surveys
from affetto.datasets.base import Loader, Source, require
from affetto.datasets.echonest import Analyses
from affetto.vocabularies import load as load_vocabulary

OFFSET_S = 30.0
OFFSETS_S = {"jade_leary-going_in": 0.0}
OTHER_RECORDINGS = frozenset({"kris_kristofferson-the_best_of_all_possible_worlds"})
"""Songs whose analysis is of something more than two minutes shorter than their labels."""
FEW_ONSETS = 4

_TERMS = f"{cal500.LICENSE}; the Echo Nest's analyses: research that is published"
_MSD = (
    "T. Bertin-Mahieux, D. P. W. Ellis, B. Whitman, P. Lamere, The Million Song Dataset, ISMIR 2011"
)
_ANALYSES = (
    "the analyses are those of CAL500 that the Million Song Dataset published, as tables that "
    "docs/datasets.md describes"
)
_SEGMENTS = Source(
    name="cal500exp",
    folder="cal500",
    license=_TERMS,
    citation=(
        "S.-Y. Wang, J.-C. Wang, Y.-H. Yang, H.-M. Wang, Towards time-varying music auto-tagging "
        f"based on CAL500 expansion, ICME 2014; {_MSD}"
    ),
    url="https://github.com/yuxuanzhao2295/Missing-Value-Imputation-for-Mixed-Data-via-Gaussian-Copula",
    obtain=(
        "the labels are the folder dataset/SegLabelHard of that repository, and the label package "
        f"of CAL500 from {cal500.URL}; {_ANALYSES}"
    ),
)
_SONGS = Source(
    name="cal500_songs",
    folder="cal500",
    license=_TERMS,
    citation=f"{cal500.CITATION}; {_MSD}",
    url=cal500.URL,
    obtain=f"the labels from the Computer Audition Lab of UC San Diego; {_ANALYSES}",
)


def _load_segments(root: Path) -> Dataset:
    """The segments. Raises: DatasetMissing, DatasetInvalid with file and line."""
    base = require(root / "cal500", "cal500exp")
    folder = require(base / "cal500exp" / "SegLabelHard", "cal500exp")
    vocabulary = load_vocabulary("cal500_emotions")
    analyses = echonest.load_analyses(base, "cal500exp")
    songs = cal500.song_names(base)
    examples, left_out = [], []
    for song in songs:
        segments = cal500.segments(base, song, vocabulary)
        reason = _reason(song, analyses) if segments else "CAL500exp has no segments of it"
        if reason:
            count = f" ({len(segments)} segments)" if segments else ""
            left_out.append(f"{song}: {reason}{count}")
            continue
        for heard, labels in segments:
            name = f"{song}/{heard.start_s:.3f}"
            interval = _in_song(heard, song)
            if interval.start_s >= analyses.songs[song].duration_s:
                left_out.append(f"{name}: its analysis ends before the segment begins")
                continue
            examples.append(
                Example(
                    id=f"cal500exp/{name}",
                    path=echonest.events_path(base),
                    group=cal500.artist(song),
                    song=song,
                    labels=labels,
                    interval=interval,
                )
            )
    strays = {path.stem for path in folder.glob("*.csv")} - set(songs)
    left_out += [f"{song}: songNames.txt has no such song" for song in sorted(strays)]
    return _dataset(_SEGMENTS, vocabulary, examples, left_out)


def _load_songs(root: Path) -> Dataset:
    """The whole songs. Raises: DatasetMissing, DatasetInvalid with file and line."""
    base = require(root / "cal500", "cal500_songs")
    vocabulary = load_vocabulary("cal500_emotions")
    analyses = echonest.load_analyses(base, "cal500_songs")
    songs = cal500.song_names(base)
    examples, left_out = [], []
    for song, labels in zip(
        songs, cal500.hard_annotations(base, vocabulary, len(songs)), strict=True
    ):
        reason = _reason(song, analyses)
        if reason:
            left_out.append(f"{song}: {reason}")
            continue
        examples.append(
            Example(
                id=f"cal500_songs/{song}",
                path=echonest.events_path(base),
                group=cal500.artist(song),
                song=song,
                labels=labels,
            )
        )
    return _dataset(_SONGS, vocabulary, examples, left_out)


def _dataset(
    source: Source, vocabulary: Vocabulary, examples: list[Example], left_out: list[str]
) -> Dataset:
    return Dataset(
        name=source.name,
        vocabulary=vocabulary,
        examples=tuple(examples),
        license=source.license,
        citation=source.citation,
        source_url=source.url,
        read=echonest.read_echonest,
        reader=None,
        left_out=tuple(left_out),
        front_end="bark",
    )


def _reason(song: str, analyses: Analyses) -> str:
    """Say why a song cannot be used; nothing where it can."""
    if song not in analyses.songs:
        return "the Echo Nest has not analyzed it"
    if song in OTHER_RECORDINGS:
        return "its analysis is of another recording"
    return ""


def _in_song(heard: Interval, song: str) -> Interval:
    offset_s = OFFSETS_S.get(song, OFFSET_S)
    return Interval(heard.start_s + offset_s, heard.end_s + offset_s)


def _inspect_segments(root: Path) -> tuple[str, ...]:
    """Name the songs whose labels begin elsewhere, and the segments of few events."""
    analyses = echonest.load_analyses(root / "cal500", "cal500exp")
    found = []
    for example in _load_segments(root).examples:
        assert example.interval is not None
        n_onsets = analyses.songs[example.song].n_onsets(example.interval)
        if n_onsets < FEW_ONSETS:
            found.append(f"{example.id}: only {n_onsets} sound events begin in it")
    for song_name, offset_s in OFFSETS_S.items():
        if song_name in analyses.songs:
            found.append(f"{song_name}: its labels begin {offset_s:g} s into the song, not 30 s")
    return tuple(found)


def _inspect_songs(root: Path) -> tuple[str, ...]:
    """Name the labels that the surveys do not give."""
    return surveys.disagreements(root / "cal500", load_vocabulary("cal500_emotions"))


load_segments = Loader(_SEGMENTS, _load_segments, _inspect_segments)
load_songs = Loader(_SONGS, _load_songs, _inspect_songs)
