"""What else listeners said of a task's examples: labels that a network may learn beside its own.

    segment_tags   CAL500exp's 67 tags of a segment, the 18 emotions among them
    song_tags      CAL500's soft labels of the song, 174 tags of emotion, genre, instrument, use

Where a task's examples are whole songs, the segments of those songs are further parts to learn.
A task whose examples have none of a kind goes without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from affetto import datasets
from affetto.core import Example, FloatArray
from affetto.datasets import cal500
from affetto.datasets.base import Loading
from affetto.experiments.examples import Examples
from affetto.experiments.methods.base import Site
from affetto.experiments.partition import name_of

SEGMENT_TAGS, SONG_TAGS = "segment_tags", "song_tags"
_TAGGED = {"cal500exp": "cal500exp_tags"}
"""Which data set has all tags of another one's segments."""
_SEGMENTS = {"cal500_songs": "cal500exp_tags"}
"""Which data set has the tagged segments of another one's songs, in the time of its recordings."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Tagged parts of a recording: intervals in seconds (n_parts, 2), labels (n_parts, n_tags)."""

    intervals: FloatArray
    labels: FloatArray


def targets(kind: str, site: Site, examples: Examples) -> FloatArray | None:
    """Give (n_examples, n_outputs) in [0, 1], NaN where unknown; None where the task has none."""
    found = _labels(kind, site)
    if found is None:
        return None
    unknown = np.full_like(next(iter(found.values())), np.nan)
    names = map(name_of, examples.ids) if kind == SEGMENT_TAGS else examples.songs
    return np.stack([found.get(name, unknown) for name in names])


def parts(kind: str, site: Site) -> Mapping[str, Parts]:
    """Give the parts that a kind adds to a task's songs, by song; empty where there are none."""
    if kind != SEGMENT_TAGS or site.task.dataset not in _SEGMENTS:
        return {}
    return _parts_of(_SEGMENTS[site.task.dataset], site.root, site.skip_bad)


def sha256(kind: str, site: Site) -> str:
    """Hash all labels and parts of a kind."""
    digest = hashlib.sha256()
    for name, values in sorted((_labels(kind, site) or {}).items()):
        digest.update(name.encode() + values.tobytes())
    for name, added in sorted(parts(kind, site).items()):
        digest.update(name.encode() + added.intervals.tobytes() + added.labels.tobytes())
    return digest.hexdigest()


def _labels(kind: str, site: Site) -> dict[str, FloatArray] | None:
    """Give the labels of a kind by segment or by song; None where the task has none."""
    name = site.task.dataset
    if kind == SEGMENT_TAGS:
        return _labels_of(_TAGGED[name], site.root, site.skip_bad) if name in _TAGGED else None
    source = datasets.source(name)
    is_of_cal500 = source is not None and source.folder == "cal500"
    return _soft_labels(site.root, site.skip_bad) if is_of_cal500 else None


@lru_cache(maxsize=1)
def _labels_of(name: str, root: Path | None, skip_bad: bool) -> dict[str, FloatArray]:
    dataset = datasets.load(name, root, skip_bad)
    return {name_of(example.id): example.labels for example in dataset.examples}


@lru_cache(maxsize=1)
def _parts_of(name: str, root: Path | None, skip_bad: bool) -> dict[str, Parts]:
    of_song: dict[str, list[Example]] = {}
    for example in datasets.load(name, root, skip_bad).examples:
        if example.interval is not None:
            of_song.setdefault(example.song, []).append(example)
    return {
        song: Parts(
            np.asarray([astuple(e.interval) for e in found if e.interval], np.float32),
            np.stack([e.labels for e in found]),
        )
        for song, found in of_song.items()
    }


@lru_cache(maxsize=1)
def _soft_labels(root: Path | None, skip_bad: bool) -> dict[str, FloatArray]:
    base = datasets.data_root(root) / "cal500"
    songs = cal500.song_names(base)
    labels = cal500.all_soft_annotations(base, len(songs), Loading(skip_bad))
    return dict(zip(songs, labels, strict=True))
