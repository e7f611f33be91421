"""Files that are whole or not there: homes of the user's data, hashes, atomic writes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


def cache_home() -> Path:
    """Give the user's cache folder of affetto: what it holds can be computed again."""
    import platformdirs

    return Path(os.environ.get("AFFETTO_CACHE") or platformdirs.user_cache_dir("affetto"))


def data_home() -> Path:
    """Give the user's data folder of affetto, by the platform's convention."""
    import platformdirs

    return Path(platformdirs.user_data_dir("affetto"))


def file_sha256(path: Path) -> str:
    """Hash the bytes of a file. Gives 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_write(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a neighbor of `path` for writing and put it in place when the block ends well.

    A reader sees the old content or the new, never a part; on an exception `path` is untouched.
    A link stays a link; what cannot be replaced, a device or a pipe, is written to directly.
    """
    import tempfile

    encoding = None if "b" in mode else "utf-8"
    if path.exists() and not path.is_file():
        with path.open(mode, encoding=encoding) as file:
            yield file
        return
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".affetto-", dir=path.parent)
    neighbor = Path(name)
    try:
        with os.fdopen(handle, mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        neighbor.chmod(path.stat().st_mode & 0o777 if path.exists() else _default_mode())
        neighbor.replace(path)
    except BaseException:
        neighbor.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as UTF-8."""
    with atomic_write(path) as file:
        file.write(text)


def _default_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
