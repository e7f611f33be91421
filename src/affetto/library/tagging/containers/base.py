"""What all containers share: how a format's tags are read, compared and copied."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affetto.library.tagging.fields import Texts

HINT = "repair the file, or convert it again"


@dataclass(frozen=True, slots=True)
class Held:
    """What a file holds of one field.

    `names` are the native names found, `texts` the values, `raw` all that is needed to write
    the very same again, as plain values of JSON; it holds in containers of the same `form`.
    """

    form: str
    names: Texts = ()
    texts: Texts = ()
    raw: tuple[Any, ...] = ()


class Container(ABC):
    """A file's tags: the fields it holds of ours, and all the rest."""

    form: str
    """The kind of tag, with its version where that decides how values are written."""

    sample_rate = 48_000
    """Of the sound, in Hz; a guess where the format does not say, to decode without resampling."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def name_of(self, name: str) -> str:
        """Give the native name of a field."""

    @abstractmethod
    def held(self) -> dict[str, Held]:
        """Give the fields of ours that are there."""

    @abstractmethod
    def others(self) -> Any:
        """Give everything else that the tags hold, to be compared with `==`."""

    @abstractmethod
    def save_copy(self, target: Path, changes: Mapping[str, Texts | Held]) -> None:
        """Write a copy of the file whose fields are changed: to texts, or to what was held.

        A field changed to nothing goes away; one that is not named stays. A tag that has
        become empty goes away as a whole where the format knows files without one.
        Raises: TagDamaged, OSError.
        """

    def is_canonical(self, name: str, held: Held) -> bool:
        """Say whether a field stands under its own native name and no other."""
        return all(found == self.name_of(name) for found in held.names)


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
