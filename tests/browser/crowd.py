"""Thousands of songs in a library at once, spread over the whole plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from affetto import bundles
from affetto.core import quadrant_of
from affetto.library import Library
from affetto.library.recording import Recorder
from tests.tiny_bundle import FRONT_END


def fill(library: Library, bundle: Path, n_songs: int) -> None:
    """Record songs that were never scored; their files are not there."""
    recorder = Recorder(library.connection, bundles.load(bundle))
    (stored,) = library.bundles()
    rng = np.random.default_rng(5)
    plane = np.clip(rng.normal(0, 0.25, (n_songs, 2)), -0.8, 0.8)
    scores = rng.random((n_songs, len(stored.tags)))
    embeddings = rng.standard_normal((n_songs, FRONT_END.n_bins)).astype("<f4")
    ids = range(1_000, 1_000 + n_songs)
    with library.connection.transaction() as cursor:
        cursor.executemany(
            "INSERT INTO files (id, path, size_bytes, mtime_ns, inode, audio_sha256, duration_s,"
            " title, artist) VALUES (?, ?, 1, 1, 0, ?, 200, ?, ?)",
            [(i, f"/n/{i}.flac", f"{i:064x}", f"Song {i}", f"Artist {i // 10}") for i in ids],
        )
        cursor.executemany(
            "INSERT INTO results (file_id, bundle_id, status, valence, arousal, plane_source,"
            " quadrant, scored_at, embedding) VALUES (?, ?, 'ok', ?, ?, 'head', ?, '', ?)",
            [
                (i, recorder.bundle_id, float(v), float(a), quadrant_of(v, a), sound.tobytes())
                for i, (v, a), sound in zip(ids, plane, embeddings, strict=True)
            ],
        )
        for tag, column in zip(stored.tags, scores.T, strict=True):
            cursor.executemany(
                "INSERT INTO scores VALUES (?, ?, ?)",
                [(tag.id, i, float(score)) for i, score in zip(ids, column, strict=True)],
            )
