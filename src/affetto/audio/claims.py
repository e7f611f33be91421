"""What a file's header says about it: rate, channels, duration, and whether bytes are missing.

libsndfile corrects a size that goes beyond the end of the file without a word, and FFmpeg
takes the end of a cut file for its end. So the sizes are read here, before any decoding.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from affetto.audio import mpeg, sniff
from affetto.audio.sniff import Kind
from affetto.audio.source import Source
from affetto.errors import AudioUnreadable

MIN_RATE_HZ, MAX_RATE_HZ = 1_000, 768_000
MAX_CHANNELS = 64

_MAX_CHUNKS = 10_000
_PLAIN_TAGS = frozenset({0, 1, 3, 6, 7, 0xFFFE})  # integers, floats, A-law, mu-law, extensible
_PLAIN_AIFF = frozenset({b"none", b"sowt", b"twos", b"fl32", b"fl64", b"in24", b"in32"})
_MPEG_TAGS = frozenset({0x50, 0x55})
_OGG_TAIL_BYTES = 1 << 17  # two of the longest pages


@dataclass(frozen=True, slots=True)
class Claim:
    """What the header says; None where it does not say.

    `is_cut` tells whether the file ends before its own structure does; `is_for_ffmpeg` marks
    a WAV file that libsndfile does not read: with MP3 in it, or with a size of 0 that was to be
    corrected at the end of a recording.
    """

    sample_rate: int | None = None
    n_channels: int | None = None
    duration_s: float | None = None
    is_cut: bool | None = None
    is_for_ffmpeg: bool = False


@dataclass(frozen=True, slots=True)
class _Chunk:
    id: bytes
    offset: int
    n_bytes: int


def read_claim(source: Source, kind: Kind) -> Claim:
    """Read the header of `source`, whose offset 0 is that of the format.

    Raises: AudioUnreadable if the rate or the number of channels is out of range, or if an
    MP4 file has no index.
    """
    reader = _READERS.get(kind.title)
    try:
        claim = reader(source) if reader else Claim()
    except (struct.error, IndexError, OverflowError, ValueError):  # the header itself is cut
        claim = Claim()
    source.check()
    check_format(source.name, claim.sample_rate, claim.n_channels)
    source.seek(0)
    return claim


def check_format(name: str, sample_rate: int | None, n_channels: int | None) -> None:
    """Raise AudioUnreadable for a rate or a number of channels that no sound has."""
    if sample_rate is not None and not MIN_RATE_HZ <= sample_rate <= MAX_RATE_HZ:
        raise AudioUnreadable(
            f"{name}: the file claims a sample rate of {sample_rate:,} Hz; "
            f"affetto reads {MIN_RATE_HZ:,} to {MAX_RATE_HZ:,} Hz",
            "the header is damaged; get the file again",
        )
    if n_channels is not None and not 1 <= n_channels <= MAX_CHANNELS:
        raise AudioUnreadable(
            f"{name}: the file claims {n_channels:,} channels; affetto reads 1 to {MAX_CHANNELS}",
            "the header is damaged; get the file again",
        )


def _wav(source: Source) -> Claim:
    order = ">" if source.read_at(0, 4) == b"RIFX" else "<"
    long_data_bytes = layout = None
    for chunk in _chunks(source, 12, f"{order}4sI", alignment=2):
        if chunk.id == b"ds64":
            long_data_bytes = struct.unpack("<Q", source.read_at(chunk.offset + 8, 8))[0]
        elif chunk.id == b"fmt ":
            layout = struct.unpack(f"{order}HHIIH", source.read_at(chunk.offset, 14))
        elif chunk.id == b"data":
            n_bytes: int | None = chunk.n_bytes
            if long_data_bytes and n_bytes == 0xFFFFFFFF:
                n_bytes = long_data_bytes
            elif _is_placeholder(chunk.n_bytes):
                n_bytes = None
            claim = _wav_claim(source, layout, chunk.offset, n_bytes)
            is_unfinished = chunk.n_bytes == 0 and chunk.offset < source.size_bytes
            return replace(claim, is_for_ffmpeg=claim.is_for_ffmpeg or is_unfinished)
    return _wav_claim(source, layout, source.size_bytes, None)


def _w64(source: Source) -> Claim:
    layout = None
    for chunk in _chunks(source, 40, "<16sQ", alignment=8, counts_header=True):
        if chunk.id[:4] == b"fmt ":
            layout = struct.unpack("<HHIIH", source.read_at(chunk.offset, 14))
        elif chunk.id[:4] == b"data":
            return _wav_claim(source, layout, chunk.offset, chunk.n_bytes)
    return _wav_claim(source, layout, source.size_bytes, None)


def _wav_claim(
    source: Source, layout: tuple[int, ...] | None, offset: int, n_bytes: int | None
) -> Claim:
    if layout is None:
        return Claim()
    tag, n_channels, sample_rate, bytes_per_s, block_bytes = layout
    is_plain = tag in _PLAIN_TAGS
    if is_plain:
        bytes_per_s = sample_rate * block_bytes  # the header's own figure is often wrong
    claim = _data_claim(source, offset, n_bytes, bytes_per_s, sample_rate, n_channels)
    duration_s = claim.duration_s if is_plain else None
    return replace(claim, duration_s=duration_s, is_for_ffmpeg=tag in _MPEG_TAGS)


def _is_placeholder(n_bytes: int) -> bool:
    """Say whether a 32-bit size means "unknown": what writers put that cannot go back."""
    return n_bytes in (0, 0x80000000) or n_bytes & 0x7FFFF000 == 0x7FFFF000


def _aiff(source: Source) -> Claim:
    layout = sound = None
    is_plain = True
    has_codec_field = source.read_at(8, 4) == b"AIFC"
    for chunk in _chunks(source, 12, ">4sI", alignment=2):
        if chunk.id == b"COMM":
            layout = struct.unpack(">hIhHQ", source.read_at(chunk.offset, 18))
            if has_codec_field:
                is_plain = source.read_at(chunk.offset + 18, 4).lower() in _PLAIN_AIFF
        elif chunk.id == b"SSND":
            sound = chunk
    if layout is None:
        return Claim()
    n_channels, n_frames, n_bits, exponent, mantissa = layout
    sample_rate = _extended(exponent, mantissa)
    if sound is None or not is_plain:
        return Claim(sample_rate, n_channels)
    block_bytes = n_channels * -(-n_bits // 8)
    return _data_claim(
        source,
        sound.offset + 8,  # offset and block size come before the samples
        n_frames * block_bytes,
        sample_rate * block_bytes,
        sample_rate,
        n_channels,
    )


def _extended(exponent: int, mantissa: int) -> int:
    """Read the 80-bit float in which AIFF writes its rate."""
    if exponent & 0x8000 or exponent > 16383 + 63:
        return 1 << 63  # negative, huge or not a number: out of range in any case
    return round(math.ldexp(mantissa, exponent - 16383 - 63))


def _au(source: Source) -> Claim:
    offset, n_bytes, encoding, sample_rate, n_channels = struct.unpack(">5I", source.read_at(4, 20))
    sample_bytes = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}.get(encoding)
    if sample_bytes is None:
        return Claim(sample_rate, n_channels)
    known_bytes = None if n_bytes == 0xFFFFFFFF else n_bytes
    bytes_per_s = sample_rate * n_channels * sample_bytes
    return _data_claim(source, offset, known_bytes, bytes_per_s, sample_rate, n_channels)


def _caf(source: Source) -> Claim:
    layout = None
    for chunk in _chunks(source, 8, ">4sq", alignment=1):
        if chunk.id == b"desc":
            layout = struct.unpack(">d4s5I", source.read_at(chunk.offset, 32))
        elif chunk.id == b"data" and layout:
            rate_hz, codec, _, packet_bytes, packet_frames, n_channels, _ = layout
            sample_rate = round(min(max(rate_hz, 0), 1e12)) if rate_hz == rate_hz else 0
            if codec != b"lpcm" or packet_frames != 1:
                is_cut = chunk.offset + chunk.n_bytes > source.size_bytes
                return Claim(sample_rate, n_channels, is_cut=is_cut)
            n_bytes = chunk.n_bytes - 4 if chunk.n_bytes >= 4 else None  # -1: to the end
            bytes_per_s = sample_rate * packet_bytes
            return _data_claim(
                source, chunk.offset + 4, n_bytes, bytes_per_s, sample_rate, n_channels
            )
    return Claim()


def _data_claim(
    source: Source,
    offset: int,
    n_bytes: int | None,
    bytes_per_s: int,
    sample_rate: int,
    n_channels: int,
) -> Claim:
    there = max(source.size_bytes - offset, 0)
    if bytes_per_s <= 0:
        return Claim(sample_rate, n_channels)
    is_cut = n_bytes is not None and (n_bytes - there) / bytes_per_s > 0.01
    duration_s = (there if n_bytes is None else n_bytes) / bytes_per_s
    return Claim(sample_rate, n_channels, duration_s, is_cut)


def _chunks(
    source: Source, offset: int, layout: str, alignment: int, counts_header: bool = False
) -> Iterator[_Chunk]:
    header_bytes = struct.calcsize(layout)
    for _ in range(_MAX_CHUNKS):
        header = source.read_at(offset, header_bytes)
        if len(header) < header_bytes:
            return
        chunk_id, n_bytes = struct.unpack(layout, header)
        if counts_header:
            n_bytes -= header_bytes
        yield _Chunk(chunk_id, offset + header_bytes, n_bytes)
        offset += header_bytes + -(-max(n_bytes, 0) // alignment) * alignment


def _flac(source: Source) -> Claim:
    head = source.read_at(0, 26)
    if len(head) < 26 or head[4] & 0x7F != 0:
        return Claim()
    packed = int.from_bytes(head[18:26], "big")
    sample_rate, n_channels = packed >> 44, (packed >> 41 & 7) + 1
    n_samples = packed & (1 << 36) - 1
    return Claim(sample_rate, n_channels, n_samples / max(sample_rate, 1) or None)


def _mp3(source: Source) -> Claim:
    head = source.read_at(0, 1 << 17)
    start = mpeg.chain_start(head, mpeg.mpeg_frame, len(head))
    frame = None if start is None else mpeg.mpeg_frame(head[start : start + 4])
    if start is None or frame is None:
        return Claim()
    n_samples, n_bytes = mpeg.announced(head[start : start + frame.n_bytes], frame)
    duration_s = n_samples / frame.sample_rate if n_samples else None
    is_cut = start + n_bytes - frame.n_bytes > source.size_bytes if n_bytes else None
    return Claim(frame.sample_rate, frame.n_channels, duration_s, is_cut)


def _ogg(source: Source) -> Claim:
    """Look at the last page: a whole file ends with a whole page that is marked as the last."""
    tail_bytes = min(_OGG_TAIL_BYTES, source.size_bytes)
    tail = source.read_at(source.size_bytes - tail_bytes, tail_bytes)
    page = tail.rfind(b"OggS\0")
    if page < 0 or len(tail) < page + 27:
        return Claim(is_cut=True)
    n_segments = tail[page + 26]
    segments = tail[page + 27 : page + 27 + n_segments]
    end = page + 27 + n_segments + sum(segments)
    is_last = bool(tail[page + 5] & 4)
    return Claim(is_cut=not is_last or len(segments) < n_segments or end > len(tail))


def _mp4(source: Source) -> Claim:
    boxes = set()
    offset = 0
    for _ in range(_MAX_CHUNKS):
        header = source.read_at(offset, 16)
        if len(header) < 8:
            break
        n_bytes, box = struct.unpack(">I4s", header[:8])
        if n_bytes == 1 and len(header) == 16:
            n_bytes = struct.unpack(">Q", header[8:])[0]
        elif n_bytes == 0:  # to the end of the file
            n_bytes = source.size_bytes - offset
        if n_bytes < 8:
            break
        boxes.add(box)
        offset += n_bytes
    if boxes and not boxes & {b"moov", b"moof"}:
        raise AudioUnreadable(
            f"{source.name}: the file's index is missing, so nothing in it can be found",
            "it is probably an incomplete download or recording; get it again",
        )
    return Claim(is_cut=offset > source.size_bytes)


def _matroska(source: Source) -> Claim:
    offset = 0
    for _ in range(2):  # the EBML header, then the segment with everything in it
        header = source.read_at(offset, 12)
        n_size_bytes = 9 - header[4].bit_length()
        size = int.from_bytes(header[4 : 4 + n_size_bytes], "big") & (1 << 7 * n_size_bytes) - 1
        offset += 4 + n_size_bytes + size
        if size == (1 << 7 * n_size_bytes) - 1:  # a live recording says "unknown"
            return Claim()
    return Claim(is_cut=offset > source.size_bytes)


def _asf(source: Source) -> Claim:
    header_bytes = struct.unpack("<Q", source.read_at(16, 8))[0]
    data_bytes = struct.unpack("<Q", source.read_at(header_bytes + 16, 8))[0]
    if data_bytes < 50:  # written without going back
        return Claim()
    return Claim(is_cut=header_bytes + data_bytes > source.size_bytes)


def _avi(source: Source) -> Claim:
    n_bytes = struct.unpack("<I", source.read_at(4, 4))[0]
    return Claim() if _is_placeholder(n_bytes) else Claim(is_cut=n_bytes + 8 > source.size_bytes)


_READERS: dict[str, Callable[[Source], Claim]] = {
    sniff.WAV.title: _wav,
    sniff.RF64.title: _wav,
    sniff.W64.title: _w64,
    sniff.AIFF.title: _aiff,
    sniff.AU.title: _au,
    sniff.CAF.title: _caf,
    sniff.FLAC.title: _flac,
    sniff.MP3.title: _mp3,
    sniff.OGG.title: _ogg,
    sniff.MP4.title: _mp4,
    sniff.MATROSKA.title: _matroska,
    sniff.ASF.title: _asf,
    sniff.AVI.title: _avi,
}
