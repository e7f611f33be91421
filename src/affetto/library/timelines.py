"""A timeline as bytes: about 2 kB for four minutes of 18 tags, where float32 takes 15.

    byte 0       version of this layout, 1
    byte 1       flags; bit 0: there are valence and arousal
    bytes 2, 3   n_tags, unsigned, the lowest byte first as everywhere below
    bytes 4-7    n_windows, unsigned
    the rest     zlib (RFC 1950) of these planes, one after the other:

    starts       n_windows x 4 bytes, unsigned: each start less the one before, in 0.1 ms
    lengths      n_windows x 4 bytes, unsigned: end less start, in 0.1 ms
    weights      n_windows x 1 byte: weight x 255
    scores       n_tags planes of n_windows x 1 byte: score x 255
    valence      n_windows x 1 byte: 127 + value x 127, if the flag says so
    arousal      likewise

Each plane of single bytes holds differences: a byte is the value less the one before it, modulo
256, which packs better. So scores and weights come back within 1/510, valence and arousal
within 1/254, times within 0.1 ms. Decimals beyond that would only be the noise of the
network, and the song's own scores are kept as they are, elsewhere.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from affetto.core import Timeline, Vocabulary
from affetto.errors import LibraryInvalid

VERSION = 1
TICKS_PER_S = 10_000

_HEADER = struct.Struct("<BBHI")
_HAS_PLANE = 1
_TICK = np.dtype("<u4")


def pack(timeline: Timeline) -> bytes:
    """Give a timeline as bytes."""
    plane = timeline.valence_arousal
    starts = np.rint(timeline.start_s * TICKS_PER_S).astype(np.int64)
    ends = np.rint(timeline.end_s * TICKS_PER_S).astype(np.int64)
    planes = [timeline.weight[np.newaxis] * 255, timeline.scores.T * 255]
    if plane is not None:
        planes.append(127 + plane.T * 127)
    whole = np.clip(np.rint(np.concatenate(planes)), 0, 255).astype(np.uint8)
    content = (
        np.diff(starts, prepend=0).astype(_TICK).tobytes()
        + (ends - starts).astype(_TICK).tobytes()
        + np.diff(whole, axis=1, prepend=np.uint8(0)).tobytes()
    )
    header = _HEADER.pack(
        VERSION, 0 if plane is None else _HAS_PLANE, len(timeline.vocabulary), len(timeline)
    )
    return header + zlib.compress(content)


def unpack(packed: bytes, vocabulary: Vocabulary) -> Timeline:
    """Give the timeline that was packed, in the vocabulary it was made in.

    Raises: LibraryInvalid for bytes that are not such a timeline.
    """
    try:
        version, flags, n_tags, n_windows = _HEADER.unpack_from(packed)
        content = zlib.decompress(packed[_HEADER.size :])
    except (struct.error, zlib.error) as error:
        raise _invalid("it is damaged") from error
    n_planes = n_tags + 1 + (2 if flags & _HAS_PLANE else 0)
    if version != VERSION or n_tags != len(vocabulary):
        raise _invalid(f"it is of version {version} with {n_tags} tags")
    if len(content) != n_windows * (2 * _TICK.itemsize + n_planes):
        raise _invalid("its length is wrong")
    ticks = np.frombuffer(content, _TICK, 2 * n_windows).reshape(2, n_windows).astype(np.int64)
    starts = np.cumsum(ticks[0])
    steps = np.frombuffer(content, np.uint8, offset=2 * _TICK.itemsize * n_windows)
    planes = np.cumsum(steps.reshape(n_planes, n_windows), axis=1, dtype=np.uint8)
    values = planes.astype(np.float32)
    return Timeline(
        vocabulary=vocabulary,
        start_s=starts / TICKS_PER_S,
        end_s=(starts + ticks[1]) / TICKS_PER_S,
        weight=values[0] / np.float32(255),
        scores=values[1 : 1 + n_tags].T / np.float32(255),
        valence_arousal=(values[1 + n_tags :].T - 127) / np.float32(127)
        if flags & _HAS_PLANE
        else None,
    )


def _invalid(what: str) -> LibraryInvalid:
    return LibraryInvalid(
        f"a timeline of the library cannot be read: {what}", "scan the song again"
    )
