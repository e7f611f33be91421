"""A cache of spectrograms on disk: what training reads in every run, computed once.

The key is made of what the numbers depend on: the reader and its revision, the front end's
fingerprint and the hash of the file's bytes. Values are kept in half precision (in dB, the
rounding is at most 0.03), one `.npy` file a key, so that a cache is inspected with NumPy. The
file's own hash follows the array: what is damaged, by a full disk or otherwise, is computed
again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.core import FloatArray
from affetto.files import atomic_write, cache_home, file_sha256

_HASH_BYTES = 32


def features(
    source: Path, reader: str, fingerprint: str, compute: Callable[[], FloatArray]
) -> npt.NDArray[np.float16]:
    """Give the cached values (n_bins, n_frames) of a file, computing them the first time."""
    path = _path(source, reader, fingerprint)
    known = _read(path)
    if known is not None:
        return known
    values = compute().astype(np.float16)
    _write(path, values)
    return values


def kept(source: Path, reader: str, fingerprint: str) -> npt.NDArray[np.float16] | None:
    """Give the values that `features` keeps of a file; None where there are none."""
    return _read(_path(source, reader, fingerprint))


def _path(source: Path, reader: str, fingerprint: str) -> Path:
    key = file_sha256(source)
    return cache_home() / "features" / f"{reader}-{fingerprint}" / key[:2] / f"{key}.npy"


def _read(path: Path) -> npt.NDArray[np.float16] | None:
    """Give what is kept at `path`; None where there is nothing, or nothing whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    content, digest = content[:-_HASH_BYTES], content[-_HASH_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        return None
    values: npt.NDArray[np.float16] = np.load(io.BytesIO(content), allow_pickle=False)
    return values


def _write(path: Path, values: npt.NDArray[np.float16]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, values)
    content = buffer.getvalue()
    with atomic_write(path, "wb") as file:
        file.write(content + hashlib.sha256(content).digest())
