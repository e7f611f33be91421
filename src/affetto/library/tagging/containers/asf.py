"""The attributes of ASF files: WMA and WMV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from affetto.library.tagging.containers.base import Container, Held
from affetto.library.tagging.fields import FIELDS, MOOD, Texts
from affetto.library.tagging.splice import copy_file


class AsfAttributes(Container):
    """Attributes of the header; the mood is Microsoft's own WM/Mood."""

    form = "ASF"

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path)
        self._attributes: list[tuple[str, Any]] = list(file.tags)

    def name_of(self, name: str) -> str:
        return "WM/Mood" if name == MOOD else name

    def held(self) -> dict[str, Held]:
        found: dict[str, Held] = {}
        for key, value in self._attributes:
            name = _asf_field(key)
            if name is not None:
                before = found.get(name, Held(self.form))
                texts = (str(value),) if str(value) else ()
                found[name] = Held(
                    self.form,
                    (*before.names, key),
                    (*before.texts, *texts),
                    (*before.raw, [key, str(value)]),
                )
        return found

    def others(self) -> Any:
        return sorted(
            (key, value.TYPE, repr(value.value), value.language or 0, value.stream or 0)
            for key, value in self._attributes
            if _asf_field(key) is None
        )

    def save_copy(self, target: Path, changes: Mapping[str, Texts | Held]) -> None:
        from mutagen.asf import ASF, ASFUnicodeAttribute

        copy_file(self.path, target)
        file = ASF(target)
        kept = [pair for pair in file.tags if _asf_field(pair[0]) not in changes]
        for name, change in changes.items():
            if isinstance(change, Held):
                kept.extend((key, ASFUnicodeAttribute(text)) for key, text in change.raw)
            else:
                kept.extend((self.name_of(name), ASFUnicodeAttribute(text)) for text in change)
        file.tags[:] = kept
        file.save()


def _asf_field(key: str) -> str | None:
    name = MOOD if key.upper() == "WM/MOOD" else key.upper()
    return name if name in FIELDS else None
