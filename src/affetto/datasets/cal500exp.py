"""CAL500's songs and CAL500exp's segments as the Echo Nest heard them: whole, but without sound.

`cal500exp` are the labelled segments, `cal500exp_tags` the same with all 67 tags, `cal500_songs`
whole songs with their labels of CAL500. Labels lie where `cal500` says, analyses where `echonest`
does; an example's path is the file of events, its spectrogram is that of the front end bark.

The times of labels count from the beginning of the distributed low-rate MP3s, which begin 30 s
into the song, the analyses from the beginning of the song: an example's `interval` is 30 s
later than its row says; the row's own start stands in its id. Which songs are exceptions was
found by comparing the last label with the length of the analysis.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from affetto.core import Dataset, Example, Interval, Vocabulary
from affetto.datasets import cal500, echonest, mulan, surveys
from affetto.datasets.base import Loader, Loading, Source, dataset_of, require
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
_CITATION = f"{cal500.EXPANSION}; {_MSD}"
_OBTAIN = f"{cal500.OBTAIN_SEGMENTS}; {_ANALYSES}"
_SEGMENTS = Source("cal500exp", "cal500", _TERMS, _CITATION, cal500.EXPANSION_URL, _OBTAIN)
_TAGS = Source("cal500exp_tags", "cal500", _TERMS, _CITATION, cal500.EXPANSION_URL, _OBTAIN)
_SONGS = Source(
    name="cal500_songs",
    folder="cal500",
    license=_TERMS,
    citation=f"{cal500.CITATION}; {_MSD}",
    url=cal500.URL,
    obtain=f"the labels from the Computer Audition Lab of UC San Diego; {_ANALYSES}",
)


def _load_segments(root: Path, loading: Loading) -> Dataset:
    """The segments. Raises: DatasetMissing, DatasetInvalid with file and line."""
    return _segments(_SEGMENTS, load_vocabulary("cal500_emotions"), root, loading)


def _load_tags(root: Path, loading: Loading) -> Dataset:
    """The segments with all tags. Raises: DatasetMissing, DatasetInvalid with file and line."""
    return _segments(_TAGS, load_vocabulary("cal500exp_tags"), root, loading)


def _segments(source: Source, vocabulary: Vocabulary, root: Path, loading: Loading) -> Dataset:
    base = require(root / "cal500", source.name)
    folder = require(cal500.segments_folder(base), source.name)
    analyses = echonest.load_analyses(base, source.name, loading)
    songs = cal500.song_names(base)
    examples: list[Example] = []
    for song in songs:
        with loading.part(song):
            examples += _of_song(source, base, song, vocabulary, analyses, loading)
    loading.left_out.extend(cal500.strays((path.stem for path in folder.glob("*.csv")), songs))
    return _dataset(source, vocabulary, examples, loading)


def _of_song(
    source: Source,
    base: Path,
    song: str,
    vocabulary: Vocabulary,
    analyses: Analyses,
    loading: Loading,
) -> Iterator[Example]:
    segments = cal500.segments(base, song, vocabulary, loading)
    reason = _reason(song, analyses) if segments else cal500.NO_SEGMENTS
    if reason:
        count = f" ({len(segments)} segments)" if segments else ""
        loading.left_out.append(f"{song}: {reason}{count}")
        return
    for segment in segments:
        name = cal500.segment_name(song, segment)
        interval = _in_song(segment.interval, song)
        if interval.start_s >= analyses.songs[song].duration_s:
            loading.left_out.append(f"{name}: its analysis ends before the segment begins")
            continue
        yield Example(
            id=f"{source.name}/{name}",
            path=echonest.events_path(base),
            group=cal500.artist(song),
            song=song,
            labels=segment.labels,
            interval=interval,
        )


def _load_songs(root: Path, loading: Loading) -> Dataset:
    """The whole songs. Raises: DatasetMissing, DatasetInvalid with file and line."""
    base = require(root / "cal500", "cal500_songs")
    vocabulary = load_vocabulary("cal500_emotions")
    analyses = echonest.load_analyses(base, "cal500_songs", loading)
    songs = cal500.song_names(base)
    examples = []
    song_labels = cal500.hard_annotations(base, vocabulary, len(songs), loading)
    for song, labels in zip(songs, song_labels, strict=True):
        reason = _reason(song, analyses)
        if reason:
            loading.left_out.append(f"{song}: {reason}")
        elif not np.isnan(labels).any():
            examples.append(
                Example(
                    id=f"cal500_songs/{song}",
                    path=echonest.events_path(base),
                    group=cal500.artist(song),
                    song=song,
                    labels=labels,
                )
            )
    return _dataset(_SONGS, vocabulary, examples, loading)


def _dataset(
    source: Source, vocabulary: Vocabulary, examples: list[Example], loading: Loading
) -> Dataset:
    return dataset_of(
        source, vocabulary, examples, loading, echonest.read_echonest, None, front_end="bark"
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


def _inspect_segments(root: Path, loading: Loading) -> tuple[str, ...]:
    return _remarks(_load_segments(root, loading), root)


def _inspect_tags(root: Path, loading: Loading) -> tuple[str, ...]:
    return _remarks(_load_tags(root, loading), root)


def _remarks(dataset: Dataset, root: Path) -> tuple[str, ...]:
    """Name the segments of few events, and the songs whose labels begin elsewhere."""
    songs = {example.song for example in dataset.examples}
    # What is bad about the analyses has been told, or ended the loading of the data set.
    analyses = echonest.load_analyses(root / "cal500", dataset.name, Loading(skip_bad=True))
    found = []
    for example in dataset.examples:
        assert example.interval is not None
        n_onsets = analyses.songs[example.song].n_onsets(example.interval)
        if n_onsets < FEW_ONSETS:
            found.append(f"{example.id}: only {n_onsets} sound events begin in it")
    for song, offset_s in OFFSETS_S.items():
        if song in songs:
            found.append(f"{song}: its labels begin {offset_s:g} s into the song, not 30 s")
    return tuple(found)


def _inspect_songs(root: Path, loading: Loading) -> tuple[str, ...]:
    """Name the labels that the surveys do not give, and what is wrong with Mulan's features."""
    base = root / "cal500"
    remarks = surveys.disagreements(base, load_vocabulary("cal500_emotions"), loading)
    return (*remarks, *mulan.remarks(base))


load_segments = Loader(_SEGMENTS, _load_segments, _inspect_segments)
load_tags = Loader(_TAGS, _load_tags, _inspect_tags)
load_songs = Loader(_SONGS, _load_songs, _inspect_songs)
