"""A cache of spectrograms on disk: what training reads in every run, computed once.

The key is made of what the numbers depend on: the reader and its revision, the front end's
fingerprint and the hash of the file's bytes. Values are kept in half precision (in dB, the
rounding is at most 0.03), one `.npy` file a key, so that a cache is inspected with NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.core import FloatArray
from affetto.files import atomic_write, cache_home, file_sha256


def features(
    source: Path, reader: str, fingerprint: str, compute: Callable[[], FloatArray]
) -> npt.NDArray[np.float16]:
    """Give the cached values (n_bins, n_frames) of a file, computing them the first time."""
    key = file_sha256(source)
    path = cache_home() / "features" / f"{reader}-{fingerprint}" / key[:2] / f"{key}.npy"
    if path.exists():
        values: npt.NDArray[np.float16] = np.load(path, allow_pickle=False)
        return values
    values = compute().astype(np.float16)
    with atomic_write(path, "wb") as file:
        np.save(file, values)
    return values
