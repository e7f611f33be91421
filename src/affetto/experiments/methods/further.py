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
from affetto.datasets.base import Loading
from affetto.experiments.examples import Examples
from affetto.experiments.methods.base import Site
from affetto.experiments.partition import name_of

SEGMENT_TAGS, SONG_TAGS = "segment_tags", "song_tags"
_TAGGED = {"cal500exp": "cal500exp_tags"}
"""Which data set has all tags of another one's segments."""


def targets(kind: str, site: Site, examples: Examples) -> FloatArray | None:
    """Give (n_examples, n_outputs) in [0, 1], NaN where unknown; None where the task has none."""
    found = _labels(kind, site)
    if found is None:
        return None
    unknown = np.full_like(next(iter(found.values())), np.nan)
    names = map(name_of, examples.ids) if kind == SEGMENT_TAGS else examples.songs
    return np.stack([found.get(name, unknown) for name in names])


def sha256(kind: str, site: Site) -> str:
    """Hash all labels of a kind."""
    digest = hashlib.sha256()
    for name, values in sorted((_labels(kind, site) or {}).items()):
        digest.update(name.encode() + values.tobytes())
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
def _soft_labels(root: Path | None, skip_bad: bool) -> dict[str, FloatArray]:
    base = datasets.data_root(root) / "cal500"
    songs = cal500.song_names(base)
    labels = cal500.all_soft_annotations(base, len(songs), Loading(skip_bad))
    return dict(zip(songs, labels, strict=True))
