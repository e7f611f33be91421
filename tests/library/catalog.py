"""A library of songs that were never scored: what a test says of them is what is recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from affetto import bundles
from affetto.core import Prediction, Timeline
from affetto.library import Library
from affetto.library.metadata import Metadata
from affetto.library.recording import Recorder
from affetto.library.walk import Stamp
from affetto.vocabularies import load as load_vocabulary
from tests.tiny_bundle import FRONT_END, THRESHOLDS

EMOTIONS = load_vocabulary("cal500_emotions")
GEMS9 = load_vocabulary("gems9")
THRESHOLD = THRESHOLDS["emotions"]
N_DIMS = FRONT_END.n_bins


@dataclass(frozen=True, slots=True)
class Entry:
    """A song as it shall be recorded; a tag that is not named has the score 0.1."""

    path: str
    tags: Mapping[str, float] = field(default_factory=dict)
    gems9: Mapping[str, float] = field(default_factory=dict)
    valence: float = 0.0
    arousal: float = 0.0
    embedding: tuple[float, ...] = ()
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    duration_s: float = 200.0
    music: float | None = None


def record(library: Library, bundle: Path, songs: Iterable[Entry]) -> list[int]:
    """Record songs; give their numbers."""
    loaded = bundles.load(bundle)
    recorder = Recorder(library.connection, loaded)
    ids = []
    for song in songs:
        metadata = Metadata(song.title, song.artist, song.album, song.genre, song.year)
        recorder.add(
            song.path, Stamp(1000, 1, 0), metadata, prediction_of(song, loaded.fingerprint)
        )
        track = library.track(song.path, bundle=next(
            each for each in library.bundles() if each.fingerprint == loaded.fingerprint
        ))  # fmt: skip
        assert track is not None
        ids.append(track.id)
    return ids


def prediction_of(song: Entry, fingerprint: str) -> Prediction:
    scores = np.array([song.tags.get(tag, 0.1) for tag in EMOTIONS.tags], np.float32)
    plane = np.array([[song.valence, song.arousal]], np.float32)
    embedding = np.zeros(N_DIMS, np.float32)
    embedding[: len(song.embedding)] = song.embedding
    return Prediction(
        path=song.path,
        duration_s=song.duration_s,
        audio_sha256=hashlib.sha256(song.path.encode(errors="surrogateescape")).hexdigest(),
        scores=scores,
        thresholds=np.full(len(scores), THRESHOLD),
        valence=float(plane[0, 0]),
        arousal=float(plane[0, 1]),
        plane_source="head",
        timeline=Timeline(
            EMOTIONS,
            np.zeros(1),
            np.full(1, song.duration_s),
            scores[np.newaxis],
            np.ones(1, np.float32),
            plane,
        ),
        bundle="tiny 1.0",
        bundle_fingerprint=fingerprint,
        others={"gems9": {tag: float(song.gems9.get(tag, 0.1)) for tag in GEMS9.tags}},
        music=song.music,
        embedding=embedding,
    )


SHELF = (
    Entry(
        "/music/Bach/Air.flac",
        {"calming_soothing": 0.9, "tender_soft": 0.7},
        {"calmness": 0.8},
        0.5, -0.6, (1.0, 0.0),
        "Air", "Johann Sebastian Bach", "Suites", "Baroque", 1731, 300.0, 0.9,
    ),
    Entry(
        "/music/Bach/Sturm.flac",
        {"angry_aggressive": 0.6, "powerful_strong": 0.8},
        {"tension": 0.7},
        -0.4, 0.7, (0.0, 1.0),
        "Sturm", "J. S. Bach", "Suites", "Baroque", 1740, 100.0, 0.2,
    ),
    Entry(
        "/music/Dvořák/Largo.mp3",
        {"sad": 0.6, "calming_soothing": 0.6},
        {},
        -0.3, -0.4, (0.8, 0.2),
        "Largo", "Antonín Dvořák", "New World", "Romantic", 1893, 720.0,
    ),
    Entry(
        "/music/unknown.wav",
        {"happy": 0.8},
        {},
        0.6, 0.5, (0.3, 0.9),
    ),
)  # fmt: skip
"""Four songs, one in each quadrant; the last tells nothing of itself."""
