"""Archives that data come in, unpacked once into the user's cache folder."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from affetto.errors import DatasetInvalid
from affetto.files import cache_home


def unpacked(archive: Path, suffix: str, tell: Callable[[str], None]) -> Path:
    """Give a folder with the files of a tar archive that end in `suffix`; unpack it if need be.

    The folder is there whole or not at all: files are unpacked beside it, and moved. It is kept
    until the archive changes its place, size or time. Links, devices and hidden files are not
    unpacked, and an archive that would write outside the folder is refused. `tell` takes a
    sentence before the unpacking.
    Raises: DatasetInvalid when the archive is damaged or there is no room for it.
    """
    folder = cache_home() / "unpacked" / f"{archive.stem}-{_key(archive)}"
    if folder.is_dir():
        return folder
    size_mb = archive.stat().st_size / 1e6
    tell(f"unpacking {archive} ({size_mb:,.0f} MB) into {folder}, which is done once")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".affetto-", dir=folder.parent) as name:
            neighbor = Path(name) / folder.name
            neighbor.mkdir()
            with tarfile.open(archive, "r:") as tar:
                for member in _wanted(tar, suffix):
                    _unpack(tar, member, neighbor)
            _put(neighbor, folder)
    except (tarfile.TarError, EOFError) as error:
        raise DatasetInvalid(f"{archive} is damaged: {error}", "get the archive again") from error
    except OSError as error:
        raise DatasetInvalid(
            f"{archive} cannot be unpacked: {error}",
            f"make room, or unpack it into {archive.with_suffix('')} yourself",
        ) from error
    return folder


def _key(archive: Path) -> str:
    status = archive.stat()
    text = f"{archive.resolve()} {status.st_size} {status.st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _wanted(tar: tarfile.TarFile, suffix: str) -> Iterator[tarfile.TarInfo]:
    for member in tar:
        name = PurePosixPath(member.name).name
        if member.isfile() and name.endswith(suffix) and not name.startswith("."):
            yield member


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write a regular file into a folder. Raises: TarError where its name leads out of it.

    `extractall` has a filter for that from Python 3.11.4 on only, and Debian 12 has 3.11.2.
    """
    path = folder / member.name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise tarfile.ExtractError(f"{member.name!r} would be written outside the folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    assert content is not None  # it is a regular file
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file)


def _put(neighbor: Path, folder: Path) -> None:
    """Move a folder into its place, unless another process was there first."""
    try:
        neighbor.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
