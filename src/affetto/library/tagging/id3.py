"""ID3v2 tags as bytes: some fields are replaced, every other frame stays as it is, bit by bit.

mutagen reads ID3 well, but its writer makes the tag anew: it sorts frames, joins those of one
name, decompresses, renews ID3v1 and turns version 2.2 into another. Here a tag is its list of
raw frames, in the version that it has, and only the frames of our fields are looked into.

Source: the informal standards ID3v2.2.0, ID3v2.3.0 and ID3v2.4.0 (id3.org). Three things are
tolerated that players tolerate too: frame sizes in version 2.4 that are not synchsafe (iTunes
once wrote them), a flag for an extended header that is not there, and version 2.3 texts with
several values. An extended header (a checksum, the size of the padding) would no longer be
true and is left out; so is a footer, which only repeats the header.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from affetto.errors import TagDamaged
from affetto.library.tagging.fields import FIELDS, MOOD, Texts

HEADER_BYTES = 10
NEW_PADDING_BYTES = 1024  # room for the next change without moving the sound
MAX_TAG_BYTES = (1 << 28) - 1

_UNSYNCHRONIZED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_BY_NAME = {name: name for name in FIELDS}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag in the file: `n_bytes` there with header, padding and footer; raw `frames`."""

    version: int = 4
    revision: int = 0
    flags: int = 0
    n_bytes: int = 0
    frames: tuple[bytes, ...] = ()
    has_plain_sizes: bool = False

    @property
    def form(self) -> str:
        return f"ID3v2.{self.version}"


@dataclass(frozen=True, slots=True)
class FieldFrames:
    """What a tag holds of one field: native names, texts, and the raw frames."""

    names: Texts = ()
    texts: Texts = ()
    raw: tuple[bytes, ...] = field(default=())


def size_of(header: bytes) -> int | None:
    """Give the size in bytes of the tag that begins with these ten, or None if none does.

    Raises: TagDamaged for a version or a size that no standard knows.
    """
    if header[:3] != b"ID3" or len(header) < HEADER_BYTES:
        return None
    if header[3] not in (2, 3, 4) or any(byte & 0x80 for byte in header[6:10]):
        raise TagDamaged("its ID3 tag begins in a way that no version knows", _HINT)
    has_footer = header[3] == 4 and header[5] & _FOOTER
    return HEADER_BYTES + _synchsafe(header[6:10]) + (HEADER_BYTES if has_footer else 0)


def parse(data: bytes) -> Tag:
    """Take a whole tag apart. Raises: TagDamaged."""
    n_bytes = size_of(data[:HEADER_BYTES])
    if n_bytes is None or len(data) < n_bytes:
        raise TagDamaged("its ID3 tag is longer than the file", _HINT)
    version, revision, flags = data[3], data[4], data[5]
    body = data[HEADER_BYTES : HEADER_BYTES + _synchsafe(data[6:10])]
    if version == 2 and flags & 0x40:
        raise TagDamaged("its ID3v2.2 tag is compressed, which nobody can read", _HINT)
    if version < 4 and flags & _UNSYNCHRONIZED:
        body = body.replace(b"\xff\x00", b"\xff")
    if version > 2 and flags & _EXTENDED:
        body = body[_extended_bytes(version, body) :]
    frames = _frames(version, body, has_plain_sizes=False)
    has_plain_sizes = False
    if frames is None and version == 4:
        frames = _frames(version, body, has_plain_sizes=True)
        has_plain_sizes = True
    if frames is None:
        raise TagDamaged("its ID3 tag holds something that is not a frame", _HINT)
    kept_flags = flags & ~(_EXTENDED | _FOOTER) if version > 2 else flags
    return Tag(version, revision, kept_flags, n_bytes, frames, has_plain_sizes)


_HINT = "repair the tag with a tag editor"


def render(tag: Tag, padding_bytes: int = NEW_PADDING_BYTES) -> bytes:
    """Give a tag's bytes: as many as it has in the file if its frames fit in, else more.

    Raises: TagDamaged if it grows beyond what the format can hold.
    """
    body = b"".join(tag.frames)
    is_whole_unsynchronized = tag.version < 4 and tag.flags & _UNSYNCHRONIZED
    if is_whole_unsynchronized:
        body = re.sub(rb"\xff(?=[\xe0-\xff\x00]|\Z)", b"\xff\x00", body)
    room = tag.n_bytes - HEADER_BYTES
    n_body = room if len(body) <= room else len(body) + padding_bytes
    if n_body > MAX_TAG_BYTES:
        raise TagDamaged("its ID3 tag is too large to be changed", "make its pictures smaller")
    header = struct.pack(">3s3B", b"ID3", tag.version, tag.revision, tag.flags)
    return header + _to_synchsafe(n_body) + body.ljust(n_body, b"\0")


def name_of(tag: Tag, name: str) -> str:
    """Say how a field is called in a tag of this version."""
    if name == MOOD and tag.version == 4:
        return "TMOO"
    return f"{'TXX' if tag.version == 2 else 'TXXX'}:{name}"


def is_alike(one: str, other: str) -> bool:
    """Say whether two native names differ in nothing but upper and lower case."""
    return one.upper() == other.upper()


def held(tag: Tag) -> dict[str, FieldFrames]:
    """Give what a tag holds of our fields."""
    found: dict[str, FieldFrames] = {}
    for raw in tag.frames:
        part = _field_of(tag, raw)
        if part is not None:
            name, native, texts = part
            before = found.get(name, FieldFrames())
            found[name] = FieldFrames(
                (*before.names, native), (*before.texts, *texts), (*before.raw, raw)
            )
    return found


def others(tag: Tag) -> tuple[bytes, ...]:
    """Give the raw frames that are none of ours."""
    return tuple(raw for raw in tag.frames if _field_of(tag, raw) is None)


def replaced(tag: Tag, changes: Mapping[str, Sequence[bytes]]) -> Tag:
    """Put raw frames in the place of those of a field; a field without frames goes away."""
    pending = dict(changes)
    frames: list[bytes] = []
    for raw in tag.frames:
        part = _field_of(tag, raw)
        if part is None or part[0] not in changes:
            frames.append(raw)
        else:
            frames.extend(pending.pop(part[0], ()))
    for new in pending.values():
        frames.extend(new)
    return replace(tag, frames=tuple(frames))


def frames_for(tag: Tag, name: str, texts: Iterable[str]) -> list[bytes]:
    """Give the raw frame that holds texts, in a list, which is empty without texts.

    Several values are separated by zero, as the standard of version 2.4 says. That of 2.3
    knows one value: its readers stop at the zero, so they see the first, the strongest.
    A spelling that is there stays, of two the one that is not ours: Picard writes and reads
    `TXXX:mood` alone, while those who read ours take any case.
    """
    values = list(texts)
    if not values:
        return []
    wanted = name_of(tag, name)
    there = [each for each in held(tag).get(name, FieldFrames()).names if is_alike(each, wanted)]
    foreign = (each for each in there if each != wanted)
    native, _, description = next(foreign, wanted).partition(":")
    texts_in_frame = [*([description] if description else []), *values]
    is_plain = all(text.isascii() for text in texts_in_frame)
    encoding = 0 if is_plain else (3 if tag.version == 4 else 1)
    payload = bytes([encoding]) + _terminator(encoding).join(
        text.encode(_ENCODINGS[encoding]) for text in texts_in_frame
    )
    return [_frame(tag, native.encode("ascii"), payload)]


def _frame(tag: Tag, native: bytes, payload: bytes) -> bytes:
    if tag.version == 2:
        return native + len(payload).to_bytes(3, "big") + payload
    is_synchsafe = tag.version == 4 and not tag.has_plain_sizes
    size = _to_synchsafe(len(payload)) if is_synchsafe else struct.pack(">I", len(payload))
    return native + size + b"\0\0" + payload


def _synchsafe(four: bytes) -> int:
    return four[0] << 21 | four[1] << 14 | four[2] << 7 | four[3]


def _to_synchsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def _extended_bytes(version: int, body: bytes) -> int:
    if re.match(rb"[A-Z][A-Z0-9]{3}", body):  # the flag is set, but the frames begin at once
        return 0
    if len(body) < 4:
        raise TagDamaged("its ID3 tag ends in its header", _HINT)
    n_bytes = _synchsafe(body[:4]) if version == 4 else struct.unpack(">I", body[:4])[0] + 4
    if not 4 <= n_bytes <= len(body):
        raise TagDamaged("its ID3 tag's extended header is longer than the tag", _HINT)
    return int(n_bytes)


def _frames(version: int, body: bytes, *, has_plain_sizes: bool) -> tuple[bytes, ...] | None:
    """Cut a tag's body into raw frames, None if that does not work out to the padding."""
    n_header = 6 if version == 2 else 10
    pattern = re.compile(rb"[A-Z0-9]{3}" if version == 2 else rb"[A-Z0-9]{4}")
    frames: list[bytes] = []
    at = 0
    while at < len(body):
        if not any(body[at : at + n_header]) or len(body) - at < n_header:
            return tuple(frames) if not any(body[at:]) else None
        if pattern.match(body, at) is None:
            return None
        if version == 2:
            size = int.from_bytes(body[at + 3 : at + 6], "big")
        elif version == 3 or has_plain_sizes:
            size = int.from_bytes(body[at + 4 : at + 8], "big")
        else:
            if any(byte & 0x80 for byte in body[at + 4 : at + 8]):
                return None
            size = _synchsafe(body[at + 4 : at + 8])
        end = at + n_header + size
        if end > len(body):
            return None
        frames.append(body[at:end])
        at = end
    return tuple(frames)


def _field_of(tag: Tag, raw: bytes) -> tuple[str, str, Texts] | None:
    """Give the field that a frame holds, its native name and its texts; None for any other."""
    is_short = tag.version == 2
    native = raw[: 3 if is_short else 4].decode("ascii")
    if native not in ("TMOO", "TXXX", "TXX"):
        return None
    payload = raw[6:] if is_short else _payload(tag, raw)
    if not payload or payload[0] >= len(_ENCODINGS):
        return None
    texts = _texts(payload)
    if native == "TMOO":
        return MOOD, native, tuple(text for text in texts if text)
    name = _BY_NAME.get(texts[0].upper())
    if name is None:
        return None
    return name, f"{native}:{texts[0]}", tuple(text for text in texts[1:] if text)


def _payload(tag: Tag, raw: bytes) -> bytes | None:
    """Undo what a frame's flags say was done to its content; None if it cannot be undone."""
    flags, payload = raw[9], raw[10:]
    if tag.version == 3:
        is_packed, is_encrypted, is_grouped = flags & 0x80, flags & 0x40, flags & 0x20
        has_length, is_unsynchronized = is_packed, False
    else:
        is_packed, is_encrypted, is_grouped = flags & 0x08, flags & 0x04, flags & 0x40
        has_length = flags & 0x01
        is_unsynchronized = bool(flags & 0x02 or tag.flags & _UNSYNCHRONIZED)
    if is_encrypted:
        return None
    n_extra = (4 if has_length else 0) + (1 if is_grouped else 0)
    payload = payload[n_extra:]
    if is_unsynchronized:
        payload = payload.replace(b"\xff\x00", b"\xff")
    if is_packed:
        try:
            payload = zlib.decompress(payload)
        except zlib.error:
            return None
    return payload


def _terminator(encoding: int) -> bytes:
    return b"\0\0" if encoding in (1, 2) else b"\0"


def _texts(payload: bytes) -> Texts:
    """Give the texts of a frame's payload: encoding, then texts with zeros between."""
    encoding, data = payload[0], payload[1:]
    if encoding not in (1, 2):
        return tuple(data.decode(_ENCODINGS[encoding], "replace").split("\0"))
    texts = []
    units = [data[at : at + 2] for at in range(0, len(data) - len(data) % 2, 2)]
    codec = "utf-16-be"
    part = b""
    for unit in [*units, b"\0\0"]:
        if unit != b"\0\0":
            part += unit
            continue
        if part.startswith((b"\xff\xfe", b"\xfe\xff")):  # each text may have its own mark
            codec = "utf-16-le" if part.startswith(b"\xff\xfe") else "utf-16-be"
            part = part[2:]
        texts.append(part.decode(codec, "replace"))
        part = b""
    return tuple(texts)
