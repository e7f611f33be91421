"""A file is replaced by a changed copy of itself: whole, checked, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from affetto import audio
from affetto.audio import display
from affetto.audio.paths import stat_error
from affetto.errors import TagUnwritable


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file looked like when it was read: if it differs later, somebody changed it."""

    inode: int
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Seen:
        status = path.stat()
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)


def real_path(path: Path) -> Path:
    """Follow links to the file itself: a link shall stay one."""
    return Path(os.path.realpath(path))


def check_replaceable(path: Path, *, break_hard_links: bool = False) -> None:
    """Refuse a file that should not be replaced. Raises: AudioError, TagUnwritable."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise stat_error(path, error) from error
    if not status.st_mode & 0o222 or not _may(path, os.W_OK):  # root may write everything
        raise TagUnwritable(f"{display(path)}: it is read-only", "change its permissions")
    if not _may(path.parent, os.W_OK | os.X_OK):
        raise TagUnwritable(
            f"{display(path)}: its folder is read-only", "change the folder's permissions"
        )
    if status.st_nlink > 1 and not break_hard_links:
        raise TagUnwritable(
            f"{display(path)}: it has {status.st_nlink} names (hard links), and the others would "
            "keep the old content",
            "allow it with --break-hard-links",
        )


def _may(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


@contextlib.contextmanager
def copy_beside(path: Path) -> Iterator[Path]:
    """Give an empty neighbor of a file to write a copy to; what is left of it goes away."""
    handle, name = tempfile.mkstemp(prefix=".affetto-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    neighbor = Path(name)
    try:
        yield neighbor
    finally:
        neighbor.unlink(missing_ok=True)


def put_in_place(copy: Path, path: Path, seen: Seen, *, keep_times: bool) -> None:
    """Give a copy the file's mode, owner and extended attributes, and rename it over the file.

    Raises: OSError; TagUnwritable if the file is no longer as it was `seen`.
    """
    status = path.stat()
    if hasattr(os, "chown"):
        for owner, group in ((-1, status.st_gid), (status.st_uid, -1)):
            with contextlib.suppress(PermissionError):  # only root gives files away
                os.chown(copy, owner, group)
    now = copy.stat()
    shutil.copystat(path, copy)
    times = status if keep_times else now
    os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
    with copy.open("rb+") as file:
        os.fsync(file.fileno())
    if Seen.of(path) != seen:
        raise TagUnwritable(
            f"{display(path)}: somebody else changed it meanwhile", "run the command again"
        )
    copy.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename last, where folders can be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def audio_digest(path: Path, sample_rate: int) -> str:
    """Hash the decoded samples of a file; its own rate in Hz saves the work of resampling.

    Raises: AudioError.
    """
    with audio.stream(path, sample_rate) as blocks:
        for _ in blocks:
            pass
        return blocks.info.audio_sha256


def refusal(path: Path, error: OSError) -> TagUnwritable:
    """Translate what the system said when a file was to be replaced."""
    shown = display(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TagUnwritable(f"{shown}: the disk is full", "make room; the file is as it was")
    if isinstance(error, PermissionError):
        return TagUnwritable(
            f"{shown}: it cannot be replaced (no permission, or in use)",
            "close the programs that use it, and check its permissions",
        )
    reason = (error.strerror or type(error).__name__).lower()
    return TagUnwritable(f"{shown}: it cannot be replaced ({reason})", "check the disk")
