"""ID3v2 tags: before the sound, or in a chunk of a WAV or AIFF file."""

from __future__ import annotations

import base64
import struct
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from affetto.errors import TagDamaged
from affetto.library.tagging import id3
from affetto.library.tagging.containers.base import HINT, Container, Held, to_base64
from affetto.library.tagging.fields import Texts
from affetto.library.tagging.splice import Edit, copy_with_edits


class _Id3(Container):
    """Files with an ID3v2 tag somewhere; subclasses say where, and what else must follow."""

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path)
        with path.open("rb") as reading:
            data = self._read_tag(reading)
        self._tag = id3.Tag() if data is None else id3.parse(data)

    @property
    def form(self) -> str:  # type: ignore[override]
        return self._tag.form

    def name_of(self, name: str) -> str:
        return id3.name_of(self._tag, name)

    def is_canonical(self, name: str, held: Held) -> bool:
        return all(id3.is_alike(found, self.name_of(name)) for found in held.names)

    def held(self) -> dict[str, Held]:
        return {
            name: Held(self.form, found.names, found.texts, tuple(map(to_base64, found.raw)))
            for name, found in id3.held(self._tag).items()
        }

    def others(self) -> Any:
        return id3.others(self._tag), self._rest()

    def save_copy(self, target: Path, changes: Mapping[str, Texts | Held]) -> None:
        frames = {
            name: list(map(base64.b64decode, change.raw))
            if isinstance(change, Held)
            else id3.frames_for(self._tag, name, change)
            for name, change in changes.items()
        }
        tag = id3.replaced(self._tag, frames)
        copy_with_edits(self.path, target, self._edits(id3.render(tag) if tag.frames else b""))

    @abstractmethod
    def _read_tag(self, file: BinaryIO) -> bytes | None:
        """Give the whole tag, None if there is none."""

    @abstractmethod
    def _edits(self, tag: bytes) -> list[Edit]:
        """Say how a file is changed to hold this tag, or none if it is empty."""

    def _rest(self) -> Any:
        """Give what else of the file is metadata."""
        return None


class PrefixedId3(_Id3):
    """The tag stands before the sound; ID3v1, APEv2 and Lyrics3 behind it are left alone."""

    def _read_tag(self, file: BinaryIO) -> bytes | None:
        header = file.read(id3.HEADER_BYTES)
        size = id3.size_of(header)
        return None if size is None else header + file.read(size - len(header))

    def _edits(self, tag: bytes) -> list[Edit]:
        return [Edit(0, self._tag.n_bytes, tag)]


class _ChunkedId3(_Id3):
    """The tag is a chunk of an IFF file; the file's size stands in its header."""

    magic: ClassVar[bytes]
    kinds: ClassVar[frozenset[bytes]]
    byte_order: ClassVar[str]
    chunk_name: ClassVar[bytes]

    def _read_tag(self, file: BinaryIO) -> bytes | None:
        file.seek(0, 2)
        self._n_file = file.tell()
        file.seek(0)
        magic, self._n_form, kind = struct.unpack(f"{self.byte_order}4sI4s", file.read(12))
        if magic != self.magic or kind not in self.kinds:
            raise TagDamaged("its header is not that of its format", HINT)
        self._chunks: list[tuple[bytes, int, int]] = []
        self._found: tuple[int, int] | None = None
        at, end = 12, min(8 + self._n_form, self._n_file)
        while at + 8 <= end:
            file.seek(at)
            name, size = struct.unpack(f"{self.byte_order}4sI", file.read(8))
            after = at + 8 + size + size % 2
            if at + 8 + size > self._n_file:
                raise TagDamaged("it is cut short, or its header does not say its size", HINT)
            if name.upper() == b"ID3 " and self._found is None:
                self._found = (at, min(after, self._n_file))
            else:
                self._chunks.append((name, at + 8, size))
            at = after
        self._end = min(at, self._n_file)
        if self._found is None:
            return None
        file.seek(self._found[0] + 8)
        data = file.read(self._found[1] - self._found[0] - 8)
        if id3.size_of(data[: id3.HEADER_BYTES]) is None:
            raise TagDamaged("its ID3 chunk holds no ID3 tag", HINT)
        return data

    def _edits(self, tag: bytes) -> list[Edit]:
        start, stop = self._found or (self._end, self._end)
        chunk = b""
        if tag:
            chunk = self.chunk_name + struct.pack(f"{self.byte_order}I", len(tag)) + tag
            chunk += b"\0" * (len(tag) % 2)
            if self._found is None and self._end % 2:  # the last chunk lacks its pad byte
                chunk = b"\0" + chunk
        n_form = self._end - 8 + len(chunk) - (stop - start)
        if n_form >= 1 << 32:
            raise TagDamaged("it is as large as its format can be", "convert it to FLAC")
        size = struct.pack(f"{self.byte_order}I", n_form)
        return [Edit(4, 8, size), Edit(start, stop, chunk)]

    def _rest(self) -> Any:
        """All chunks but the sound's, which is compared by its decoded samples."""
        with self.path.open("rb") as file:
            found = []
            for name, at, size in self._chunks:
                if name not in (b"data", b"SSND"):
                    file.seek(at)
                    found.append((name, file.read(size)))
                else:
                    found.append((name, b""))
        return tuple(found)


class WavId3(_ChunkedId3):
    """A chunk `id3 `, beside LIST INFO and what else there is."""

    magic = b"RIFF"
    kinds = frozenset({b"WAVE"})
    byte_order = "<"
    chunk_name = b"id3 "


class AiffId3(_ChunkedId3):
    """A chunk `ID3 `."""

    magic = b"FORM"
    kinds = frozenset({b"AIFF", b"AIFC"})
    byte_order = ">"
    chunk_name = b"ID3 "
