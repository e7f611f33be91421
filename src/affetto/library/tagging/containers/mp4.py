"""The item list of MP4 files."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from affetto.library.tagging.containers.base import Container, Held, to_base64
from affetto.library.tagging.fields import FIELDS, Texts
from affetto.library.tagging.splice import copy_file

_FREE_FORM = "----:com.apple.iTunes:"


class Mp4Items(Container):
    """Items of the list in moov.udta.meta; ours are of free form under Apple's name."""

    form = "MP4"

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path)
        self._items: dict[str, Any] = {} if file.tags is None else dict(file.tags.items())
        self._user_data = tuple(_user_data(path))

    def name_of(self, name: str) -> str:
        return _FREE_FORM + name

    def held(self) -> dict[str, Held]:
        found: dict[str, Held] = {}
        for key, values in self._items.items():
            name = _mp4_field(key)
            if name is not None:
                before = found.get(name, Held(self.form))
                texts = tuple(bytes(value).decode("utf-8", "replace") for value in values)
                raw = [key, [[to_base64(bytes(v)), int(v.dataformat), v.version] for v in values]]
                found[name] = Held(
                    self.form,
                    (*before.names, key),
                    (*before.texts, *filter(None, texts)),
                    (*before.raw, raw),
                )
        return found

    def others(self) -> Any:
        rest = {
            key: [(value, getattr(value, "dataformat", 0)) for value in values]
            if isinstance(values, list)
            else values
            for key, values in self._items.items()
            if _mp4_field(key) is None
        }
        chapters = [(name, data) for name, data in self._user_data if name != b"meta"]
        return rest, chapters

    def save_copy(self, target: Path, changes: Mapping[str, Texts | Held]) -> None:
        from mutagen.mp4 import MP4, AtomDataType, MP4FreeForm

        copy_file(self.path, target)
        file = MP4(target)
        if file.tags is None:
            file.add_tags()
        for key in list(file.tags):
            if _mp4_field(key) in changes:
                del file.tags[key]
        for name, change in changes.items():
            if isinstance(change, Held):
                for key, values in change.raw:
                    file.tags[key] = [
                        MP4FreeForm(base64.b64decode(data), AtomDataType(kind), version)
                        for data, kind, version in values
                    ]
            elif change:
                file.tags[_FREE_FORM + name] = [
                    MP4FreeForm(text.encode(), AtomDataType.UTF8) for text in change
                ]
        file.save()


def _mp4_field(key: str) -> str | None:
    if not key.lower().startswith(_FREE_FORM.lower()):
        return None
    name = key[len(_FREE_FORM) :].upper()
    return name if name in FIELDS else None


def _user_data(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Give name and content of the atoms in moov.udta, chapters among them."""
    with path.open("rb") as file:
        size = path.stat().st_size
        for name, start, end in _atoms(file, 0, size):
            if name == b"moov":
                for inner, inner_start, inner_end in _atoms(file, start, end):
                    if inner == b"udta":
                        for kind, first, last in _atoms(file, inner_start, inner_end):
                            file.seek(first)
                            yield kind, file.read(last - first)


def _atoms(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    at = start
    while at + 8 <= end:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        n_header = 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            n_header = 16
        elif size == 0:
            size = end - at
        if size < n_header or at + size > end:
            return
        yield name, at + n_header, at + size
        at += size
