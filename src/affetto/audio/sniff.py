"""What a file is, by its first bytes; the suffix is not asked.

Decoders guess generously: given random bytes, FFmpeg may hear MP3 and mpg123 searches for
minutes. So a known signature is required before any decoder sees the file, and frames in a
row where the format has no signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from affetto.audio import mpeg
from affetto.audio.source import Source
from affetto.errors import AudioEmpty, AudioUnreadable

_HEAD_BYTES = 1 << 16
_CHAIN_BYTES = 1 << 15  # three of the longest frames
_MAX_TAGS = 8
_HINT = "affetto reads WAV, FLAC, MP3, AAC, Ogg, Opus, WMA and many more"


@dataclass(frozen=True, slots=True)
class Kind:
    """A format: its `title`, FFmpeg's `demuxer` for it ("" asks FFmpeg), and who decodes it."""

    title: str
    demuxer: str
    decoder: Literal["ffmpeg", "libsndfile"] = "ffmpeg"


WAV = Kind("WAV", "wav", "libsndfile")
RF64 = Kind("RF64", "wav", "libsndfile")
W64 = Kind("W64", "w64", "libsndfile")
AIFF = Kind("AIFF", "aiff", "libsndfile")
AU = Kind("AU", "au", "libsndfile")
CAF = Kind("CAF", "caf", "libsndfile")
FLAC = Kind("FLAC", "flac")
MP3 = Kind("MP3", "mp3")
ADTS = Kind("AAC", "aac")
OGG = Kind("Ogg", "ogg")
MP4 = Kind("MP4", "mov")
MATROSKA = Kind("Matroska", "matroska")
ASF = Kind("WMA", "asf")
AVI = Kind("AVI", "avi")
UNKNOWN = Kind("unknown", "")

# Where, signature, kind. The first that fits wins.
_SIGNATURES: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"fLaC", FLAC),
    (0, b"OggS", OGG),
    (0, b"riff\x2e\x91\xcf\x11", W64),
    (0, b".snd", AU),
    (0, b"caff", CAF),
    (0, b"\x1a\x45\xdf\xa3", MATROSKA),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ASF),
    (0, b"wvpk", Kind("WavPack", "wv")),
    (0, b"MAC ", Kind("Monkey's Audio", "ape")),
    (0, b"TTA1", Kind("True Audio", "tta")),
    (0, b"tBaK", Kind("TAK", "tak")),
    (0, b"MPCK", Kind("Musepack", "mpc8")),
    (0, b"MP+", Kind("Musepack", "mpc")),
    (0, b"DSD ", Kind("DSF", "dsf")),
    (0, b"#!AMR", Kind("AMR", "amr")),
    (0, b"FLV\x01", Kind("FLV", "flv")),
    (0, b".RMF", Kind("RealMedia", "rm")),
    (0, b"ajkg", Kind("Shorten", "shn")),
    (0, b"\x0b\x77", Kind("AC-3", "ac3")),
    (0, b"\x7f\xfe\x80\x01", Kind("DTS", "dts")),
    (0, b"\x00\x00\x01\xba", Kind("MPEG", "mpeg")),
    *((4, box, MP4) for box in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")),
)
_FORMS = {
    (b"RIFF", b"WAVE"): WAV,
    (b"RIFX", b"WAVE"): WAV,
    (b"RF64", b"WAVE"): RF64,
    (b"BW64", b"WAVE"): RF64,
    (b"RIFF", b"AVI "): AVI,
    (b"FORM", b"AIFF"): AIFF,
    (b"FORM", b"AIFC"): AIFF,
}
_NOT_SOUND: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
    (b"MThd", "a MIDI file, notes to be played"),
    (b"#EXTM3U", "a playlist"),
    (b"[playlist]", "a playlist"),
    (b"ffconcat", "a playlist"),
)


def identify(source: Source) -> Kind:
    """Name the format of `source`, hiding tags and what else is in front of its beginning.

    Raises: AudioUnreadable for what is known not to be sound and for a tag longer than the
    file; AudioEmpty for a file that is nothing but a tag.
    """
    head = source.read_at(0, _HEAD_BYTES + _CHAIN_BYTES)
    for _ in range(_MAX_TAGS):
        n_tag_bytes = _tag_bytes(head)
        if not n_tag_bytes:
            break
        _check_tag(source, n_tag_bytes)
        source.skip(n_tag_bytes)
        head = source.read_at(0, _HEAD_BYTES + _CHAIN_BYTES)
    source.check()
    if kind := _by_signature(head):
        return kind
    for kind, parse in ((MP3, mpeg.mpeg_frame), (ADTS, mpeg.adts_frame)):
        start = mpeg.chain_start(head, parse, _HEAD_BYTES)
        if start is not None:
            source.skip(start)
            return kind
    return _unknown(head, source.name)


def not_sound(name: str, what: str = "") -> AudioUnreadable:
    """Make the error for a file that holds no decodable sound."""
    is_what = f"is {what}, not" if what else "is not"
    return AudioUnreadable(f"{name}: this {is_what} sound that affetto can decode", _HINT)


def _tag_bytes(head: bytes) -> int:
    if head[:3] == b"ID3" and len(head) >= 10 and head[3] < 0xFF:
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        return 10 + size + (10 if head[5] & 0x10 else 0)  # 0x10: a footer repeats the header
    if head[:8] == b"APETAGEX" and len(head) >= 32:
        return 32 + int.from_bytes(head[12:16], "little")
    return 0


def _check_tag(source: Source, n_tag_bytes: int) -> None:
    if n_tag_bytes > source.size_bytes:
        raise AudioUnreadable(
            f"{source.name}: its tag claims {_size(n_tag_bytes)}, but the file has only "
            f"{_size(source.size_bytes)}",
            "the file is damaged or incomplete; get it again",
        )
    if n_tag_bytes == source.size_bytes:
        raise AudioEmpty(f"{source.name}: the file holds a tag but no sound", "get the file again")


def _size(n_bytes: int) -> str:
    if n_bytes < 10_000:
        return f"{n_bytes} bytes"
    return f"{n_bytes / 1e3:.0f} kB" if n_bytes < 1e6 else f"{n_bytes / 1e6:.0f} MB"


def _by_signature(head: bytes) -> Kind | None:
    if form := _FORMS.get((head[:4], head[8:12])):
        return form
    for offset, signature, kind in _SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    if all(head[offset : offset + 1] == b"G" for offset in (0, 188, 376)):
        return Kind("MPEG transport stream", "mpegts")
    return None


def _unknown(head: bytes, name: str) -> Kind:
    for signature, what in _NOT_SOUND:
        if head.startswith(signature):
            raise not_sound(name, what)
    if _is_text(head):
        is_page = head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))
        raise not_sound(name, "a web page" if is_page else "text")
    return UNKNOWN


def _is_text(head: bytes) -> bool:
    try:
        text = head[:1024].decode("utf-8", "strict" if len(head) <= 1024 else "ignore")
    except UnicodeDecodeError:
        return False
    kept = len(text.encode()) >= min(len(head), 1024) - 3  # "ignore" drops what is not UTF-8
    return kept and all(letter.isprintable() or letter in "\t\n\r\f" for letter in text)
