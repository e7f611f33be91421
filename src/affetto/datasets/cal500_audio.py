"""CAL500's songs and CAL500exp's segments as sound, where the user has the MP3s.

Layout, under `<root>/cal500`: `CAL500_32kps/<song>.mp3`, or the archive `CAL500_32kps.tar` as the
Computer Audition Lab distributes it, which is unpacked into the user's cache folder. Labels lie
where `cal500` says.

The times of labels count from the beginning of the MP3: an example's `interval` is what its row
says. Songs of `cal500.LABELS_ONLY` have no MP3; that another one has none is damage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from affetto import audio
from affetto.core import Dataset, Example, Vocabulary
from affetto.datasets import cal500
from affetto.datasets.archives import unpacked
from affetto.datasets.base import (
    AUDIO_READER,
    OBTAIN_HINT,
    Loader,
    Loading,
    Source,
    dataset_of,
    read_audio,
    require,
)
from affetto.errors import AudioError, DatasetInvalid, DatasetMissing
from affetto.vocabularies import load as load_vocabulary

FOLDER, ARCHIVE = "CAL500_32kps", "CAL500_32kps.tar"
_NO_SOUND = "there is no MP3 of it"
_RATE_HZ = 22_050  # any: only the length is asked for

_OBTAIN = (
    f"the MP3s are {ARCHIVE} of the Computer Audition Lab of UC San Diego, which belong beside "
    "the labels as docs/datasets.md says"
)
_SEGMENTS = Source(
    name="cal500exp_audio",
    folder="cal500",
    license=f"{cal500.LICENSE}; the music belongs to its labels",
    citation=cal500.EXPANSION,
    url=cal500.EXPANSION_URL,
    obtain=f"{cal500.OBTAIN_SEGMENTS}; {_OBTAIN}",
    one_of=(FOLDER, ARCHIVE),
)
_SONGS = Source(
    name="cal500_songs_audio",
    folder="cal500",
    license=f"{cal500.LICENSE}; the music belongs to its labels",
    citation=cal500.CITATION,
    url=cal500.URL,
    obtain=f"the labels from the Computer Audition Lab of UC San Diego; {_OBTAIN}",
    one_of=(FOLDER, ARCHIVE),
)


@dataclass(frozen=True, slots=True)
class Recordings:
    """The MP3s by the names of their songs, and the folder that holds them."""

    folder: Path
    paths: Mapping[str, Path]


def _load_segments(root: Path, loading: Loading) -> Dataset:
    """The segments. Raises: DatasetMissing, DatasetInvalid with file and line."""
    base = require(root / "cal500", _SEGMENTS.name)
    folder = require(cal500.segments_folder(base), _SEGMENTS.name)
    vocabulary = load_vocabulary("cal500_emotions")
    songs = cal500.song_names(base)
    recordings = _recordings(base, _SEGMENTS.name, loading)
    examples: list[Example] = []
    for song in songs:
        with loading.part(song):
            examples += _of_song(base, song, vocabulary, recordings, loading)
    files = [*folder.glob("*.csv"), *recordings.paths.values()]
    loading.left_out.extend(cal500.strays((path.stem for path in files), songs))
    return dataset_of(_SEGMENTS, vocabulary, examples, loading, read_audio, AUDIO_READER)


def _of_song(
    base: Path,
    song: str,
    vocabulary: Vocabulary,
    recordings: Recordings,
    loading: Loading,
) -> Iterator[Example]:
    segments = cal500.segments(base, song, vocabulary, loading)
    if not segments:
        loading.left_out.append(f"{song}: {cal500.NO_SEGMENTS}")
        return
    recording = _recording(base, song, recordings)
    duration_s = _duration_s(recording)
    for segment in segments:
        with loading.part():
            if duration_s is not None and segment.interval.start_s >= duration_s:
                raise DatasetInvalid(
                    f"{cal500.segments_path(base, song)}, line {segment.line}: the segment "
                    f"begins at {segment.interval.start_s:g} s, where {recording} has ended after "
                    f"{duration_s:.1f} s",
                    "get the MP3 again, or remove the row",
                )
            yield Example(
                id=f"{_SEGMENTS.name}/{cal500.segment_name(song, segment)}",
                path=recording,
                group=cal500.artist(song),
                song=song,
                labels=segment.labels,
                interval=segment.interval,
            )


def _load_songs(root: Path, loading: Loading) -> Dataset:
    """The whole songs. Raises: DatasetMissing, DatasetInvalid with file and line."""
    base = require(root / "cal500", _SONGS.name)
    vocabulary = load_vocabulary("cal500_emotions")
    songs = cal500.song_names(base)
    recordings = _recordings(base, _SONGS.name, loading)
    examples = []
    song_labels = cal500.hard_annotations(base, vocabulary, len(songs), loading)
    for song, labels in zip(songs, song_labels, strict=True):
        if song in cal500.LABELS_ONLY and song not in recordings.paths:
            loading.left_out.append(f"{song}: {_NO_SOUND}")
            continue
        if np.isnan(labels).any():
            continue
        with loading.part(song):
            recording = _recording(base, song, recordings)
            _duration_s(recording)
            examples.append(
                Example(
                    id=f"{_SONGS.name}/{song}",
                    path=recording,
                    group=cal500.artist(song),
                    song=song,
                    labels=labels,
                )
            )
    loading.left_out.extend(cal500.strays(recordings.paths, songs))
    return dataset_of(_SONGS, vocabulary, examples, loading, read_audio, AUDIO_READER)


def _recordings(base: Path, dataset: str, loading: Loading) -> Recordings:
    """Find the MP3s. Raises: DatasetMissing, DatasetInvalid."""
    folder, archive = base / FOLDER, base / ARCHIVE
    if not folder.is_dir():
        if not archive.is_file():
            raise DatasetMissing(
                f"data set {dataset} needs {folder} or {archive}, which is not there", OBTAIN_HINT
            )
        folder = unpacked(archive, ".mp3", loading.tell)
    # Unpackers may put the archive's own folder into one of the same name.
    paths = sorted(folder.rglob("*.mp3"), key=lambda path: len(path.parts), reverse=True)
    return Recordings(folder, {path.stem: path for path in paths if not path.name.startswith(".")})


def _recording(base: Path, song: str, recordings: Recordings) -> Path:
    if song not in recordings.paths:
        raise DatasetInvalid(
            f"{cal500.place_of(base, song)}: {recordings.folder} holds no {song}.mp3",
            f"take {ARCHIVE} as it was distributed",
        )
    return recordings.paths[song]


def _duration_s(recording: Path) -> float | None:
    """Give the length that an MP3 claims to have, if it does. Raises: DatasetInvalid."""
    try:
        with audio.stream(recording, _RATE_HZ) as blocks:
            return blocks.expected_duration_s
    except AudioError as error:
        raise DatasetInvalid(error.message, error.hint) from error


load_segments = Loader(_SEGMENTS, _load_segments)
load_songs = Loader(_SONGS, _load_songs)
