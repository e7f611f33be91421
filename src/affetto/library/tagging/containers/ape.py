"""APEv2 items: WavPack, Musepack, Monkey's Audio, TAK, OptimFROG."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from affetto.library.tagging.containers.base import Container, Held, to_base64
from affetto.library.tagging.fields import FIELDS, Texts
from affetto.library.tagging.splice import copy_file


class ApeItems(Container):
    """APEv2 items at the end of the file, names in any case; an ID3v1 tag behind them stays."""

    form = "APEv2"

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path)
        self._is_new = file.tags is None
        self._items: dict[str, Any] = {} if file.tags is None else dict(file.tags.items())
        self._id3v1 = _last_bytes(path)

    def name_of(self, name: str) -> str:
        return name

    def held(self) -> dict[str, Held]:
        found = {}
        for key, value in self._items.items():
            if key.upper() in FIELDS:
                texts = tuple(filter(None, str(value).split("\0"))) if value.kind == 0 else ()
                raw = ([key, value.kind, to_base64(value._write())],)
                found[key.upper()] = Held(self.form, (key,), texts, raw)
        return found

    def others(self) -> Any:
        rest = {
            key: (value.kind, value._write())
            for key, value in self._items.items()
            if key.upper() not in FIELDS
        }
        return rest, self._id3v1

    def save_copy(self, target: Path, changes: Mapping[str, Texts | Held]) -> None:
        from mutagen.apev2 import APENoHeaderError, APEv2, APEValue

        copy_file(self.path, target)
        try:
            tags = APEv2(target)
        except APENoHeaderError:
            tags = APEv2()
        for name, change in changes.items():
            tags.pop(name, None)
            if isinstance(change, Held):
                for key, kind, data in change.raw:
                    value = base64.b64decode(data)
                    tags[key] = APEValue(value if kind == 1 else value.decode(), kind)
            elif change:
                tags[name] = list(change)
        if tags:
            tags.save(target)
        elif not self._is_new:
            tags.delete(target)
        if self._id3v1 and not _last_bytes(target):  # which mutagen takes away
            with target.open("ab") as file:
                file.write(self._id3v1)


def _last_bytes(path: Path) -> bytes:
    """Give the ID3v1 tag at the end of a file, or nothing."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 128))
        data = file.read()
    return data if len(data) == 128 and data.startswith(b"TAG") else b""
