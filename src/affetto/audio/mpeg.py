"""Frame headers of MPEG audio (MP3, MP2) and ADTS (AAC), and where a chain of frames begins.

A single header is four bytes that any data can hold by chance; frames that follow each
other at the stated length and with the same settings are not chance.
Source: ISO/IEC 11172-3, 13818-3 and 13818-7; the Xing and VBRI headers as LAME and
Fraunhofer encoders write them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

_KBITS = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rate by (version 1 or 2, layer) and index; 0, the free format, is not taken."""
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_N_ADTS_RATES = 13


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `settings` stay the same in a file; `n_samples` in each channel."""

    n_bytes: int
    n_samples: int
    sample_rate: int
    n_channels: int
    settings: tuple[int, ...]


def mpeg_frame(header: bytes) -> Frame | None:
    """Read a header of MPEG audio, 4 bytes; None if it is not one."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version_bits, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate_index, rate_index = header[2] >> 4, header[2] >> 2 & 3
    if version_bits == 1 or layer == 4 or bitrate_index in (0, 15) or rate_index == 3:
        return None
    is_first = version_bits == 3
    sample_rate = _RATES_HZ[version_bits][rate_index]
    bits_hz = 1000 * _KBITS[1 if is_first else 2, layer][bitrate_index]
    padding = header[2] >> 1 & 1
    n_samples = 384 if layer == 1 else 1152 if is_first or layer == 2 else 576
    n_bytes = n_samples // 8 * bits_hz // sample_rate + padding
    if layer == 1:
        n_bytes = (12 * bits_hz // sample_rate + padding) * 4
    n_channels = 1 if header[3] >> 6 == 3 else 2
    return Frame(n_bytes, n_samples, sample_rate, n_channels, (version_bits, layer, rate_index))


def adts_frame(header: bytes) -> Frame | None:
    """Read a header of AAC in ADTS, 6 bytes; None if it is not one."""
    if len(header) < 6 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return None
    rate_index = header[2] >> 2 & 15
    n_bytes = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    if rate_index >= _N_ADTS_RATES or n_bytes < 7:
        return None
    return Frame(n_bytes, 1024, 0, 0, (header[1], header[2] & 0xFC))


def chain_start(data: bytes, parse: Callable[[bytes], Frame | None], limit: int) -> int | None:
    """Give the offset of the first chain of frames that begins before `limit`, or None.

    At offset 0 two frames in a row are taken (or one that ends with the data), later three.
    """
    offset = data.find(b"\xff", 0, limit)
    while offset >= 0:
        if _n_in_chain(data, offset, parse) >= (2 if offset == 0 else 3):
            return offset
        offset = data.find(b"\xff", offset + 1, limit)
    return None


def _n_in_chain(data: bytes, offset: int, parse: Callable[[bytes], Frame | None]) -> int:
    first = frame = parse(data[offset : offset + 6])
    n_frames = 0
    while first and frame and frame.settings == first.settings and n_frames < 3:
        n_frames += 1
        offset += frame.n_bytes
        if offset == len(data):
            return 3  # the last frame of a tiny file
        frame = parse(data[offset : offset + 6])
    return n_frames


def announced(data: bytes, frame: Frame) -> tuple[int, int]:
    """Give what a Xing, Info or VBRI header in the first frame announces; 0 for what it does not.

    Two numbers: samples, and bytes from the beginning of this frame to the end of the sound.
    """
    n_frames = n_bytes = 0
    xing = max(data.find(b"Xing", 0, 64), data.find(b"Info", 0, 64))
    if xing >= 0 and len(data) >= xing + 16:
        flags, first, second = struct.unpack(">3I", data[xing + 4 : xing + 16])
        n_frames = first if flags & 1 else 0
        n_bytes = (second if flags & 1 else first) if flags & 2 else 0
    elif data[36:40] == b"VBRI" and len(data) >= 54:
        n_bytes, n_frames = struct.unpack(">2I", data[46:54])
    return n_frames * frame.n_samples, n_bytes
