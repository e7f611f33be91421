"""Vorbis comments: FLAC, and what comes in Ogg."""

from __future__ import annotations

import struct
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from affetto.errors import TagDamaged
from affetto.library.tagging import id3
from affetto.library.tagging.containers.base import HINT, Container, Held
from affetto.library.tagging.fields import FIELDS, Texts
from affetto.library.tagging.splice import copy_file


class _Comments(Container):
    """Vorbis comments: a list of NAME=value, names in any case."""

    form = "Vorbis comment"

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path)
        self._file_type = type(file)
        self._pairs: list[tuple[str, str]] = [] if file.tags is None else list(file.tags)
        self._others = self._raw_others()

    def name_of(self, name: str) -> str:
        return name

    def held(self) -> dict[str, Held]:
        found: dict[str, Held] = {}
        for key, value in self._pairs:
            name = key.upper()
            if name in FIELDS:
                before = found.get(name, Held(self.form))
                found[name] = Held(
                    self.form,
                    (*before.names, key),
                    (*before.texts, value),
                    (*before.raw, [key, value]),
                )
        return found

    def others(self) -> Any:
        return self._others

    def save_copy(self, target: Path, changes: Mapping[str, Texts | Held]) -> None:
        copy_file(self.path, target)
        file = self._file_type(target)
        if file.tags is None:
            file.add_tags()
        pending = {name: self._pairs_of(name, change) for name, change in changes.items()}
        pairs: list[tuple[str, str]] = []
        for key, value in file.tags:
            if key.upper() in changes:
                pairs.extend(pending.pop(key.upper(), ()))
            else:
                pairs.append((key, value))
        for new in pending.values():
            pairs.extend(new)
        file.tags[:] = pairs
        file.save()

    def _pairs_of(self, name: str, change: Texts | Held) -> list[tuple[str, str]]:
        if isinstance(change, Held):
            return [(key, value) for key, value in change.raw]
        return [(name, text) for text in change]

    def _raw_others(self) -> Any:
        """The other comments as bytes: mutagen would mend what is not UTF-8, or drop it."""
        return tuple(
            comment
            for comment in self._raw_comments()
            if comment.partition(b"=")[0].upper().decode("ascii", "replace") not in FIELDS
        )

    @abstractmethod
    def _raw_comments(self) -> list[bytes]:
        """Give the comments as they stand in the file."""


class FlacComments(_Comments):
    """The comments of a FLAC file, beside pictures, cue sheet, seek table, application data."""

    def _raw_comments(self) -> list[bytes]:
        return [
            comment
            for kind, data in _flac_blocks(self.path)
            if kind == 4
            for comment in _split_comments(data)
        ]

    def _raw_others(self) -> Any:
        blocks = tuple(block for block in _flac_blocks(self.path) if block[0] not in (1, 4))
        return blocks, super()._raw_others()


class OggComments(_Comments):
    """The comments in the second packet of an Ogg stream."""

    def _raw_comments(self) -> list[bytes]:
        return _split_comments(_ogg_comment_packet(self.path))


def _flac_blocks(path: Path) -> list[tuple[int, bytes]]:
    """Give kind and content of each metadata block of a FLAC file."""
    with path.open("rb") as file:
        header = file.read(id3.HEADER_BYTES)
        file.seek(id3.size_of(header) or 0)
        if file.read(4) != b"fLaC":
            raise TagDamaged("it does not begin as a FLAC file does", HINT)
        blocks = []
        is_last = False
        while not is_last:
            start = file.read(4)
            if len(start) < 4:
                raise TagDamaged("it ends within its tags", HINT)
            is_last = bool(start[0] & 0x80)
            blocks.append((start[0] & 0x7F, file.read(int.from_bytes(start[1:], "big"))))
        return blocks


def _split_comments(data: bytes) -> list[bytes]:
    """Give the comments of a block: length and vendor, count, then length and text of each."""
    try:
        at = 4 + int(struct.unpack_from("<I", data)[0])
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
        comments = []
        for _ in range(count):
            (size,) = struct.unpack_from("<I", data, at)
            comments.append(data[at + 4 : at + 4 + size])
            at += 4 + size
    except struct.error as error:
        raise TagDamaged("its Vorbis comments end too early", HINT) from error
    return comments


_OGG_CODECS = {b"\x01vorbis": 7, b"OpusHead": 8, b"\x7fFLAC": 4, b"Speex   ": 0}
"""How a codec's first packet begins, and how many bytes precede the comments in its second."""


def _ogg_comment_packet(path: Path) -> bytes:
    from mutagen.ogg import OggPage

    with path.open("rb") as file:
        pages: list[Any] = []
        n_before = 0
        while True:
            try:
                page = OggPage(file)
            except EOFError as error:
                raise TagDamaged("its Ogg stream ends before its tags", HINT) from error
            if not pages:
                begin = page.packets[0] if page.packets else b""
                codec = next((codec for codec in _OGG_CODECS if begin.startswith(codec)), None)
                if codec is not None:
                    n_before = _OGG_CODECS[codec]
                    pages.append(page)
            elif page.serial == pages[0].serial:
                pages.append(page)
                packets = OggPage.to_packets(pages)
                if len(packets) > 2 or (len(packets) == 2 and page.complete):
                    return bytes(packets[1][n_before:])
