"""Songs like another: by the cosine between the network's embeddings of them.

The song to start from is in the library, or is a file that is scored now, by the same bundle
as the library: embeddings of two bundles have nothing to do with each other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from affetto import bundles
from affetto.audio import display
from affetto.audio.paths import stat_error
from affetto.bundles import Bundle
from affetto.core import FloatArray, IntArray, Prediction, Quadrant
from affetto.errors import AudioNotFound, BundleMissing, LibraryError
from affetto.library.database import Embeddings, Library, StoredBundle, Track
from affetto.library.picking import pick
from affetto.library.walk import stamp_of
from affetto.prediction import predict


@dataclass(frozen=True, slots=True, eq=False)
class Seed:
    """The song that others shall be like; `chosen` are its tags, the highest first."""

    path: str
    audio_sha256: str
    embedding: FloatArray
    chosen: tuple[str, ...]
    valence: float
    arousal: float
    quadrant: Quadrant


@dataclass(frozen=True, slots=True)
class Likeness:
    """Why a song is like the seed: the cosine of both, and what they share.

    `tags` are those that both have; `valence` and `arousal` are the song's less the seed's.
    """

    cosine: float
    tags: tuple[str, ...]
    valence: float
    arousal: float

    def to_dict(self) -> Mapping[str, object]:
        return {
            "cosine": round(self.cosine, 4),
            "shared_tags": list(self.tags),
            "valence_difference": round(self.valence, 4),
            "arousal_difference": round(self.arousal, 4),
        }


class Neighbors:
    """The embeddings of a library, ready to be asked again and again."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._file_ids = embeddings.file_ids
        self._values = _normalized(embeddings.values)

    def nearest(
        self, embedding: FloatArray, among: IntArray
    ) -> tuple[IntArray, npt.NDArray[np.float32]]:
        """Give the files of `among` from the most like to the least, and their cosines.

        Files without an embedding are left out; equal ones keep the order of `among`.
        """
        if not len(self._file_ids):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        cosines = self._values @ _normalized(embedding[np.newaxis])[0]
        places = np.searchsorted(self._file_ids, among)
        places[places == len(self._file_ids)] = 0
        is_there = self._file_ids[places] == among
        found, cosines = among[is_there], cosines[places[is_there]]
        order = np.argsort(-cosines, kind="stable")
        return found[order], np.clip(cosines[order], -1, 1)


_kept: WeakKeyDictionary[Library, tuple[object, Neighbors]] = WeakKeyDictionary()


def neighbors_in(library: Library, bundle: StoredBundle) -> Neighbors:
    """Give the embeddings of a library, kept in memory as long as it is open and unchanged."""
    version = (bundle.id, library.connection.version())
    kept = _kept.get(library)
    if kept is None or kept[0] != version:
        kept = _kept[library] = (version, Neighbors(library.embeddings(bundle=bundle)))
    return kept[1]


def _normalized(values: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.where(lengths > 0, lengths, 1), np.float32)


def seed_of(
    library: Library,
    like: str | os.PathLike[str],
    bundle: StoredBundle,
    scorer: Bundle | None = None,
) -> Seed:
    """Give the song to start from: a file, or the number of a song in the library.

    `scorer` is that bundle, if it is loaded already.
    Raises: AudioError for a file that cannot be scored; BundleMissing if the library's bundle
    is not installed.
    """
    track = pick(library, like, bundle=bundle)
    if track is not None and _is_current(track):
        return _seed(library.prediction(track.id, bundle=bundle))
    path = like if track is None else track.path  # a number names the file that has changed
    try:
        stamp_of(os.fspath(path))
    except (OSError, ValueError) as error:
        reason = stat_error(path, error)
        if track is None and os.fspath(like).isdecimal():
            reason = AudioNotFound(
                f"{display(like)}: the library has no song of this number",
                "for numbers see: affetto search",
            )
        raise reason from error
    return _seed(predict(path, installed(bundle) if scorer is None else scorer))


def installed(stored: StoredBundle) -> Bundle:
    """Load the bundle that a library was scored by. Raises: BundleMissing."""
    try:
        found = bundles.load(stored.name)
    except BundleMissing:
        found = None
    if found is None or found.fingerprint != stored.fingerprint:
        raise BundleMissing(
            f"the library's bundle {stored.title} is not installed, so no file can be compared "
            "with it",
            "take a song of the library, or name the bundle's folder with --bundle",
        )
    return found


def _is_current(track: Track) -> bool:
    """Say whether what is known of a file still holds, or there is nothing else to go by."""
    try:
        stamp = stamp_of(os.fspath(track.path))
    except OSError:
        return True
    return (stamp.size_bytes, stamp.mtime_ns) == (track.size_bytes, track.mtime_ns)


def _seed(prediction: Prediction) -> Seed:
    if prediction.embedding is None:
        raise LibraryError(
            f"{display(prediction.path)}: its bundle gives no embedding to compare by",
            "search by tags instead",
        )
    tags = dict(zip(prediction.vocabulary.tags, prediction.chosen, strict=True))
    return Seed(
        path=prediction.path,
        audio_sha256=prediction.audio_sha256,
        embedding=prediction.embedding,
        chosen=tuple(tag for tag in prediction.tags if tags[tag]),
        valence=prediction.valence,
        arousal=prediction.arousal,
        quadrant=prediction.quadrant,
    )
