"""Copies of files: whole, or with some ranges of bytes replaced."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PART_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes from `start` to before `end` become `content`."""

    start: int
    end: int
    content: bytes


def copy_file(source: Path, target: Path) -> None:
    """Copy the bytes of a file over another. Raises: OSError."""
    shutil.copyfile(source, target)


def copy_with_edits(source: Path, target: Path, edits: Iterable[Edit]) -> None:
    """Copy a file with edits, which do not overlap. Raises: OSError."""
    with source.open("rb") as reading, target.open("wb") as writing:
        at = 0
        for edit in sorted(edits, key=lambda edit: edit.start):
            _copy_bytes(reading, writing, edit.start - at)
            writing.write(edit.content)
            reading.seek(edit.end)
            at = edit.end
        shutil.copyfileobj(reading, writing, _PART_BYTES)


def _copy_bytes(reading: BinaryIO, writing: BinaryIO, n_bytes: int) -> None:
    while n_bytes > 0:
        part = reading.read(min(n_bytes, _PART_BYTES))
        if not part:
            return
        writing.write(part)
        n_bytes -= len(part)
