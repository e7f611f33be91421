"""Made-up songs: problems of random songs, and a library of songs at chosen places."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from affetto import bundles
from affetto.core import Prediction, Timeline
from affetto.library import Library
from affetto.library.metadata import Metadata
from affetto.library.playlisting.problem import NO_ARTIST, Problem, Weights
from affetto.library.playlisting.route import Route
from affetto.library.recording import Recorder
from affetto.library.walk import Stamp
from affetto.vocabularies import load as load_vocabulary

DIAGONAL = Route(np.array([[-1.3, 1.2], [1.1, -1.2]]))
HERE = Route(np.zeros((1, 2)))


def random_problem(
    seed: int,
    n_songs: int,
    minutes: float,
    *,
    route: Route = DIAGONAL,
    tolerance_s: float = 60.0,
    n_artists: int | None = None,
    clash_share: float = 0.02,
    weights: Weights | None = None,
) -> Problem:
    """Give songs scattered over the mood map, of 40 s to 10 minutes, some by nobody known."""
    rng = np.random.default_rng(seed)
    clashes = rng.random((n_songs, n_songs)) < clash_share
    artists = rng.integers(0, n_artists or max(n_songs // 6, 2), n_songs)
    return Problem(
        places=rng.normal(size=(n_songs, 2)),
        durations_s=np.clip(rng.lognormal(np.log(220), 0.4, n_songs), 40, 600),
        artists=np.where(rng.random(n_songs) < 0.1, NO_ARTIST, artists),
        handicaps=rng.exponential(0.02, n_songs),
        clashes=clashes | clashes.T | np.eye(n_songs, dtype=np.bool_),
        route=route,
        length_s=60 * minutes,
        tolerance_s=tolerance_s,
        weights=weights or Weights(),
    )


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up song; what is not said is made up from the path."""

    path: str
    valence: float
    arousal: float
    duration_s: float = 200.0
    artist: str | None = None
    title: str | None = None
    sound: str | None = None
    embedding: tuple[float, ...] | None = None
    tags: dict[str, float] = field(default_factory=dict)


def scattered(seed: int, n_songs: int, n_artists: int = 20) -> list[Made]:
    """Give songs all over the mood map; tense ones up on the left, calm ones down on the right."""
    rng = np.random.default_rng(seed)
    songs = []
    for number in range(n_songs):
        valence, arousal = rng.uniform(-0.8, 0.8, 2).tolist()
        songs.append(
            Made(
                path=f"/music/{number // 10}/{number}.mp3",
                valence=valence,
                arousal=arousal,
                duration_s=float(rng.uniform(120, 320)),
                artist=f"Artist {rng.integers(n_artists)}",
                title=f"Song {number}",
                tags={
                    "calming_soothing": min(max(0.5 + valence / 4 - arousal / 2, 0), 1),
                    "angry_aggressive": min(max(0.5 - valence / 2 + arousal / 3, 0), 1),
                },
            )
        )
    return songs


def record(library: Library, bundle: Path, songs: Iterable[Made]) -> None:
    """Put made-up songs into a library, as a scan by this bundle would."""
    loaded = bundles.load(bundle)
    recorder = Recorder(library.connection, loaded)
    for number, song in enumerate(songs):
        metadata = Metadata(title=song.title, artist=song.artist)
        stamp = Stamp(size_bytes=1_000 + number, mtime_ns=number, inode=number)
        recorder.add(song.path, stamp, metadata, _prediction(song, loaded))


def _prediction(song: Made, bundle: Any) -> Prediction:
    vocabulary = load_vocabulary("cal500_emotions")
    others = load_vocabulary("gems9")
    scores = np.array([song.tags.get(tag, 0.1) for tag in vocabulary.tags], np.float32)
    sound = hashlib.sha256(os.fsencode(song.sound or song.path)).hexdigest()
    rng = np.random.default_rng(int(sound[:8], 16))
    embedding = rng.normal(size=12) if song.embedding is None else song.embedding
    return Prediction(
        path=song.path,
        duration_s=song.duration_s,
        audio_sha256=sound,
        scores=scores,
        thresholds=np.full(len(scores), 0.5),
        valence=song.valence,
        arousal=song.arousal,
        plane_source="head",
        timeline=Timeline(vocabulary, [0.0], [3.0], scores[None], np.ones(1)),  # type: ignore[arg-type]
        bundle=bundle.title,
        bundle_fingerprint=bundle.fingerprint,
        others={"gems9": dict.fromkeys(others.tags, 0.1)},
        embedding=np.asarray(embedding, np.float32),
    )
