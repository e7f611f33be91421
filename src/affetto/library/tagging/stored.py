"""Moods that a scan has stored, for files that still sound as they did then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from affetto.audio import display
from affetto.errors import BadConfig, TagUnwritable
from affetto.library.database import Library, StoredBundle, Track
from affetto.library.tagging.containers import open_container
from affetto.library.tagging.fields import Moods
from affetto.library.tagging.replacing import Seen, audio_digest, real_path


def stored_moods(
    library: Library, track: Track, bundle: StoredBundle, threshold: float | None = None
) -> Moods:
    """Give what a bundle has said of a song; `threshold` in [0, 1] stands for the tags' own.

    A file with another size or time than the scan saw may only have got other tags: then its
    sound is decoded and compared. Raises: TagUnwritable if that has changed; AudioError;
    TagError; LibraryError; BadConfig.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise BadConfig(f"the threshold must lie between 0 and 1, not {threshold}")
    target = real_path(track.path)
    if not _is_as_scanned(target, track):
        raise TagUnwritable(
            f"{display(track.path)}: its sound is not the one that was scanned",
            "scan its folder again: affetto scan FOLDER",
        )
    prediction = library.prediction(track.id, bundle=bundle)
    if threshold is not None:
        thresholds = np.full(len(prediction.scores), threshold, np.float32)
        prediction = replace(prediction, thresholds=thresholds)
    return Moods.of(prediction)


def _is_as_scanned(target: Path, track: Track) -> bool:
    seen = Seen.of(target)
    if (seen.size_bytes, seen.mtime_ns) == (track.size_bytes, track.mtime_ns):
        return True
    return audio_digest(target, open_container(target).sample_rate) == track.audio_sha256
