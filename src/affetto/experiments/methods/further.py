"""What else listeners said of a task's examples: labels that a network may learn beside its own.

    segment_tags   CAL500exp's 67 tags of a segment, the 18 emotions among them
    song_tags      CAL500's soft labels of the song, 174 tags of emotion, genre, instrument, use

A task whose examples have none of a kind goes without it.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from affetto import datasets
from affetto.core import FloatArray
from affetto.datasets import cal500
from affetto.experiments.examples import Examples
from affetto.experiments.methods.base import Site
from affetto.experiments.partition import name_of

SEGMENT_TAGS, SONG_TAGS = "segment_tags", "song_tags"
_TAGGED = {"cal500exp": "cal500exp_tags"}
"""Which data set has all tags of another one's segments."""
_OF_CAL500 = frozenset(
    {"cal500", "cal500exp", "cal500exp_audio", "cal500_songs", "cal500_songs_audio",
     "cal500_songs_first3s"}
)  # fmt: skip


def targets(kind: str, site: Site, examples: Examples) -> FloatArray | None:
    """Give (n_examples, n_outputs) in [0, 1], NaN where unknown; None where the task has none."""
    if kind == SEGMENT_TAGS:
        found = _segment_tags(site)
        return None if found is None else _rows(found, [name_of(id) for id in examples.ids])
    found = _song_tags(site)
    return None if found is None else _rows(found, examples.songs)


def sha256(kind: str, site: Site) -> str:
    """Hash all labels of a kind."""
    found = _segment_tags(site) if kind == SEGMENT_TAGS else _song_tags(site)
    digest = hashlib.sha256()
    for name, values in sorted((found or {}).items()):
        digest.update(name.encode() + values.tobytes())
    return digest.hexdigest()


def _segment_tags(site: Site) -> dict[str, FloatArray] | None:
    name = _TAGGED.get(site.task.dataset)
    return None if name is None else _labels_of(name, site.root, site.skip_bad)


@lru_cache(maxsize=1)
def _labels_of(name: str, root: Path | None, skip_bad: bool) -> dict[str, FloatArray]:
    dataset = datasets.load(name, root, skip_bad)
    return {name_of(example.id): example.labels for example in dataset.examples}


def _song_tags(site: Site) -> dict[str, FloatArray] | None:
    return _soft_labels(site.root) if site.task.dataset in _OF_CAL500 else None


@lru_cache(maxsize=1)
def _soft_labels(root: Path | None) -> dict[str, FloatArray]:
    base = datasets.data_root(root) / "cal500"
    songs = cal500.song_names(base)
    return dict(zip(songs, cal500.all_soft_annotations(base, len(songs)), strict=True))


def _rows(found: dict[str, FloatArray], names: list[str] | tuple[str, ...]) -> FloatArray:
    unknown = np.full_like(next(iter(found.values())), np.nan)
    return np.stack([found.get(name, unknown) for name in names])
