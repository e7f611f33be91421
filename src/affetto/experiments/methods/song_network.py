"""A network on whole songs that tells about their parts; torch is imported by `fit` alone.

It hears a segment, what is around it and the rest of the song. Beside the labels in question it
learns, from training songs only, what else listeners said of them: CAL500exp's other tags of the
segments, CAL500's soft labels of the songs (see `further`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from affetto import datasets, frontends, models
from affetto.core import FloatArray
from affetto.experiments.code import code_sha256
from affetto.experiments.examples import Examples
from affetto.experiments.methods import further
from affetto.experiments.methods.base import Contender, Fitted, Place, Site
from affetto.experiments.methods.network import validation_rows
from affetto.experiments.outcome import Family
from affetto.experiments.recordings import recordings_of, with_kept
from affetto.training.config import overridden, parse
from affetto.training.data import load_items

if TYPE_CHECKING:
    from affetto.training.songs import Song, SongConfig

LABELS = "labels"
VALIDATION_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class SongNetwork(Contender):
    """A training of `training.songs`.

    `overrides` map dotted settings of `SongConfig` to TOML values; `heads` gives each further kind
    of label its weight in the loss, beside 1 for the labels in question. `variant_of` names the
    method that this one is compared with.
    """

    name: str
    summary: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    heads: Mapping[str, float] = field(
        default_factory=lambda: {further.SEGMENT_TAGS: 0.5, further.SONG_TAGS: 1.0}
    )
    variant_of: str = ""
    family: Family = "network"
    is_random: bool = True
    needs: tuple[str, ...] = ()
    seconds: float = 120.0

    def fit(self, training: Examples, seed: int, place: Place) -> Fitted:
        models.require_torch()
        from affetto.training import songs

        recordings = _recordings(place.site)
        learned, held_out = validation_rows(training, VALIDATION_SHARE, seed)
        of_learned = training.part(learned)
        targets = {LABELS: of_learned.labels}
        for name in self.heads:
            found = further.targets(name, place.site, of_learned)
            if found is not None:
                targets[name] = found
        material = [song for song, _ in _songs(of_learned, recordings, targets)]
        for name in self.heads:
            added = further.parts(name, place.site)
            material = [_with_parts(song, name, added, recordings) for song in material]
        heads = [
            songs.SongHead(name, values.shape[1], self.heads.get(name, 1.0))
            for name, values in material[0].targets.items()
        ]
        scorer = songs.train(self._config(), material, heads, seed)

        def score(examples: Examples) -> FloatArray:
            scores = np.zeros((len(examples), training.labels.shape[1]), np.float32)
            material = _songs(examples, recordings, {})
            found = songs.score(scorer, [song for song, _ in material], LABELS)
            for (_, rows), values in zip(material, found, strict=True):
                scores[rows] = values
            return scores

        return Fitted(
            score=score,
            held_out=held_out,
            held_out_scores=score(training.part(held_out)),
            settings={"n_validation": len(held_out), "heads": sorted(head.name for head in heads)},
        )

    def definition(self, site: Site) -> Mapping[str, Any]:
        return {
            "config": asdict(self._config()),
            "heads": dict(self.heads),
            "further": {name: further.sha256(name, site) for name in self.heads},
            "validation_share": VALIDATION_SHARE,
            "code": code_sha256(
                "affetto.training.songs",
                "affetto.training.augment",
                "affetto.training.losses",
                "affetto.training.schedule",
                "affetto.models.song_cnn",
                "affetto.frontends",
                further.__name__,
                __name__,
            ),
        }

    def _config(self) -> SongConfig:
        """Give the settings. Raises: MissingExtra, BadConfig."""
        models.require_torch()
        from affetto.training.songs import SongConfig

        tree = overridden(asdict(SongConfig()), self.overrides)
        return parse(SongConfig, tree, f"method {self.name}")


@dataclass(frozen=True, slots=True)
class _Recordings:
    """Whole spectrograms (n_bins, n_frames) by song, and each example's frames in its own."""

    values: Mapping[str, npt.NDArray[np.float16]]
    spans: Mapping[str, tuple[float, float]]
    frames_a_second: float


@lru_cache(maxsize=1)
def _recordings(site: Site) -> _Recordings:
    task = site.task
    front_end = frontends.build(task.front_end.name, task.front_end.config)
    dataset = datasets.load(task.dataset, site.root, site.skip_bad)
    dataset = with_kept(dataset, front_end, site.work / "recordings")
    whole = replace(dataset, examples=recordings_of(dataset))
    items = load_items({dataset.name: whole}, (), front_end)
    values = {item.example.song: item.values for item in items.values()}
    frames_a_second = front_end.sample_rate / front_end.hop_length
    spans = {}
    for example in dataset.examples:
        if example.interval is None:
            spans[example.id] = (0.0, float(values[example.song].shape[1]))
        else:
            spans[example.id] = (
                example.interval.start_s * frames_a_second,
                example.interval.end_s * frames_a_second,
            )
    return _Recordings(values, spans, frames_a_second)


def _songs(
    examples: Examples, recordings: _Recordings, targets: Mapping[str, FloatArray]
) -> list[tuple[Song, list[int]]]:
    """Put the examples of a song together; gives each song with the rows of its parts."""
    from affetto.training.songs import Song

    rows_of: dict[str, list[int]] = {}
    for row, song in enumerate(examples.songs):
        rows_of.setdefault(song, []).append(row)
    return [
        (
            Song(
                name=song,
                values=recordings.values[song],
                spans=np.asarray([recordings.spans[examples.ids[row]] for row in rows], np.float32),
                targets={name: values[rows] for name, values in targets.items()},
            ),
            rows,
        )
        for song, rows in rows_of.items()
    ]


def _with_parts(
    song: Song, kind: str, added: Mapping[str, further.Parts], recordings: _Recordings
) -> Song:
    """Give a song with further parts, whose labels of that kind are known, and those of the song.

    The song is one part of its own; where it is not, nothing is added.
    """
    if not added:
        return song
    n_tags = next(iter(added.values())).labels.shape[1]
    found = added.get(song.name)
    n_new = 0 if found is None else len(found.labels)
    n_old = len(song.spans)
    targets = {}
    for name, values in song.targets.items():
        of_new = values[:1] if name == further.SONG_TAGS else np.full_like(values[:1], np.nan)
        targets[name] = np.concatenate([values, np.repeat(of_new, n_new, axis=0)])
    targets[kind] = np.full((n_old + n_new, n_tags), np.nan, np.float32)
    spans = song.spans
    if found is not None:
        targets[kind][n_old:] = found.labels
        spans = np.concatenate([spans, found.intervals * np.float32(recordings.frames_a_second)])
    return replace(song, spans=spans, targets=targets)
