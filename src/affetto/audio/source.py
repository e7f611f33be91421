"""An opened file to decode: its bytes, size and name; reading errors kept, never thrown.

Decoders in C call `read` from the inside, where an exception would be printed instead of
passed on. So `read` stores an OSError and reports the end of the file; `check` raises it.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from affetto.audio.paths import display, stat_error
from affetto.errors import AudioEmpty, AudioNotFound, AudioUnreadable, BadConfig

_NOT_FILES = (
    (stat.S_ISDIR, "is a folder", "give the files in it, or scan it"),
    (stat.S_ISFIFO, "is a named pipe, not a file", "write the sound to a file first"),
    (stat.S_ISSOCK, "is a socket, not a file", "give a file"),
    (stat.S_ISCHR, "is a device, not a file", "give a file"),
    (stat.S_ISBLK, "is a device, not a file", "give a file"),
)
_COPY_BYTES = 1 << 20


class Source:
    """A seekable binary file with a printable `name` and a `size_bytes`.

    `base` bytes at its beginning (a tag) can be hidden from the decoders by `skip`.
    """

    def __init__(self, file: BinaryIO, name: str, is_owned: bool, descriptor: int | None) -> None:
        self.name = name
        self.failure: OSError | None = None
        self._file = file
        self._is_owned = is_owned
        self._descriptor = descriptor
        self._base = 0
        self.size_bytes = 0
        self.size_bytes = self.seek(0, os.SEEK_END)
        self.seek(0)

    def skip(self, n_bytes: int) -> None:
        """Hide the first `n_bytes`: offset 0 and `size_bytes` now mean what follows."""
        self._base += n_bytes
        self.size_bytes -= n_bytes
        self.seek(0)

    def descriptor(self) -> int | None:
        """Give an operating system handle at offset 0, or None where there is none."""
        if self._descriptor is None or self._base or os.name == "nt":
            return None
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return self._descriptor

    def read(self, n_bytes: int = -1) -> bytes:
        try:
            return self._file.read(n_bytes)
        except (OSError, ValueError) as error:
            self._keep(error)
            return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            if whence == os.SEEK_SET:
                offset += self._base
            return self._file.seek(offset, whence) - self._base
        except (OSError, ValueError) as error:
            self._keep(error)
            return 0

    def _keep(self, error: OSError | ValueError) -> None:
        """Keep the first failure: the next ones only follow from it. ValueError: closed."""
        if self.failure is None:
            self.failure = error if isinstance(error, OSError) else OSError(str(error))

    def tell(self) -> int:
        return self.seek(0, os.SEEK_CUR)

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """Give `n_bytes` from `offset`, fewer only at the end of the file."""
        self.seek(offset)
        parts = []
        while n_bytes > 0 and (part := self.read(n_bytes)):
            parts.append(part)
            n_bytes -= len(part)
        return b"".join(parts)

    def check(self) -> None:
        """Raise AudioUnreadable if reading has failed."""
        if self.failure is not None:
            reason = (self.failure.strerror or str(self.failure) or "input/output error").lower()
            raise AudioUnreadable(
                f"{self.name}: reading it failed ({reason})", "check the disk or the connection"
            ) from self.failure

    def close(self) -> None:
        if self._is_owned:
            self._file.close()


def open_source(source: str | os.PathLike[str] | BinaryIO) -> Source:
    """Open a path or take a file object, from its beginning.

    Raises: AudioNotFound, AudioUnreadable (not a regular file, no permission), AudioEmpty
    (0 bytes), BadConfig (not something to read bytes from).
    """
    opened = (
        _open_path(source)
        if isinstance(source, str | bytes | os.PathLike)
        else _open_object(source)
    )
    if opened.size_bytes == 0:
        opened.close()
        opened.check()
        raise AudioEmpty(f"{opened.name}: the file is empty (0 bytes)", "get the file again")
    return opened


def _open_path(path: str | os.PathLike[str]) -> Source:
    name = display(path)
    if not name:  # Path("") would mean the current folder
        raise AudioNotFound("'': no such file", "give the path of a file")
    try:
        # Before opening: opening a named pipe would wait for ever.
        mode = Path(os.fsdecode(path)).stat().st_mode
        for is_kind, what, hint in _NOT_FILES:
            if is_kind(mode):
                raise AudioUnreadable(f"{name}: {what}", hint)
        file = Path(os.fsdecode(path)).open("rb", buffering=0)  # noqa: SIM115 (closed by Source)
    except (OSError, ValueError) as error:
        raise stat_error(os.fsdecode(path), error) from error
    return Source(file, name, is_owned=True, descriptor=file.fileno())


def _open_object(file: Any) -> Source:
    name = "<file object>"
    if not callable(getattr(file, "read", None)):
        raise BadConfig(
            f"a source of sound is a path, a binary file or (samples, sample_rate), not "
            f"{type(file).__name__}"
        )
    try:
        is_binary = isinstance(file.read(0), bytes)
    except (OSError, ValueError) as error:
        raise BadConfig(
            "a file object must be open for reading", "open it with mode 'rb'"
        ) from error
    if not is_binary:
        raise BadConfig("a file object must be open in binary mode", "open it with mode 'rb'")
    if _is_seekable(file):
        return Source(file, name, is_owned=False, descriptor=None)
    return Source(_copied(file, name), name, is_owned=True, descriptor=None)


def _is_seekable(file: Any) -> bool:
    try:
        file.seek(file.tell())
    except (AttributeError, OSError):
        return False
    return True


def _copied(file: Any, name: str) -> BinaryIO:
    """Put what a pipe gives into a temporary file: most formats cannot be read without seeking."""
    import tempfile

    copy = tempfile.TemporaryFile()  # noqa: SIM115 (closed by Source)
    try:
        while part := file.read(_COPY_BYTES):
            copy.write(part)
    except OSError as error:
        copy.close()
        reason = error.strerror or errno.errorcode.get(error.errno or 0, "input/output error")
        raise AudioUnreadable(
            f"{name}: reading it failed ({reason.lower()})", "check the disk or the connection"
        ) from error
    return copy
