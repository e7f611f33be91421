"""Real files of every format with tags that must survive: pictures, chapters, unknown frames.

`SONGS` has a maker for each kind of file; `FOREIGN` says which tags of others it holds, read
with mutagen or as bytes, and not with the code under test.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import mutagen
import soundfile
from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2, APEValue
from mutagen.asf import ASF, ASFByteArrayAttribute
from mutagen.flac import FLAC, MetadataBlock, Picture, SeekPoint, SeekTable
from mutagen.id3 import APIC, CHAP, COMM, CTOC, ID3, IPLS, PRIV, TCON, TIT2, TMOO, TXXX, TYER
from mutagen.mp4 import MP4, MP4Cover, MP4FreeForm
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE
from mutagen.wavpack import WavPack

from affetto.library.tagging import Moods
from affetto.library.tagging.replacing import audio_digest
from tests.helpers import chirp, encode

RATE_HZ = 44_100
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
ID3V1 = b"TAG" + b"An old title".ljust(30, b"\0") + bytes(94) + b"\x0c"

OURS = {
    "MOOD",
    "AFFETTO_VALENCE",
    "AFFETTO_AROUSAL",
    "AFFETTO_QUADRANT",
    "AFFETTO_TAGS",
    "AFFETTO_SCORES",
    "AFFETTO_BUNDLE",
}


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Give a temporary folder, in memory where there is one: each write waits for the disk."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="affetto-", dir=place) as name:
        yield Path(name)


def moods(path: Path, **changes: Any) -> Moods:
    """Give moods for a file: three of four tags above their threshold."""
    values: dict[str, Any] = {
        "scores": {"angry": 0.1, "calm": 0.91, "happy": 0.7, "tender": 0.8004},
        "chosen": frozenset({"calm", "happy", "tender"}),
        "valence": 0.5,
        "arousal": -0.25,
        "titles": {"angry": "Angry", "calm": "Calm", "happy": "Happy", "tender": "Tender"},
        "bundle": "tiny 1.0",
        "audio_sha256": audio_digest(path, RATE_HZ),
    }
    return Moods(**(values | changes))


@dataclass(frozen=True)
class Song:
    """A kind of file: how one is made, and what it holds of others' tags."""

    make: Callable[[Path], Path]
    foreign: Callable[[Path], Any]
    mood_name: str


def _mp3(folder: Path, name: str) -> Path:
    return encode(
        folder / f"{name}.mp3",
        chirp(1.0, RATE_HZ),
        RATE_HZ,
        "libmp3lame",
        options={"write_id3v1": "0", "id3v2_version": "0", "write_xing": "1"},
    )


def _rich_id3(tags: ID3) -> None:
    tags.add(TIT2(encoding=1, text=["Ärger", "zwei"]))
    tags.add(TCON(encoding=0, text=["(12)Blues"]))
    tags.add(COMM(encoding=3, lang="deu", desc="", text=["kommentar"]))
    tags.add(TXXX(encoding=0, desc="mood-like", text=["not ours"]))
    tags.add(PRIV(owner="someone", data=bytes(range(256))))
    tags.add(APIC(encoding=0, mime="image/png", type=3, desc="cover", data=PIXEL))
    tags.add(
        CHAP(
            element_id="c1",
            start_time=0,
            end_time=500,
            start_offset=0xFFFFFFFF,
            end_offset=0xFFFFFFFF,
            sub_frames=[TIT2(encoding=0, text=["Chapter"])],
        )
    )
    tags.add(CTOC(element_id="toc", flags=3, child_element_ids=["c1"], sub_frames=[]))


def add_frames(path: Path, *raw: bytes) -> None:
    """Put raw frames into the padding of an ID3 tag at the start of a file."""
    data = bytearray(path.read_bytes())
    size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
    at = 10 + len(bytes(data[10 : 10 + size]).rstrip(b"\0"))
    new = b"".join(raw)
    assert at + 1 + len(new) <= 10 + size, "no room in the padding"
    data[at : at + len(new)] = new
    path.write_bytes(data)


def frame(name: bytes, payload: bytes, flags: bytes = b"\0\0") -> bytes:
    """Give a raw frame, whose size below 128 is the same in versions 2.3 and 2.4."""
    assert len(payload) < 128
    return name + struct.pack(">I", len(payload)) + flags + payload


TWICE = (frame(b"TPE1", b"\0One"), frame(b"TPE1", b"\0Other"))
UNKNOWN = frame(b"XYZ9", b"who knows")


def _mp3_24(folder: Path) -> Path:
    path = _mp3(folder, "id3v24")
    tags = ID3()
    _rich_id3(tags)
    tags.save(path, v1=0, v2_version=4, padding=lambda _: 300)
    add_frames(path, b"TPOS" + b"\0\0\0\x02\0\0" + b"\x001", *TWICE, UNKNOWN)
    with path.open("ab") as file:
        file.write(ID3V1)
    return path


def _mp3_23(folder: Path) -> Path:
    path = _mp3(folder, "id3v23")
    tags = ID3()
    _rich_id3(tags)
    tags.add(TYER(encoding=0, text=["1999"]))
    tags.add(IPLS(encoding=0, people=[["producer", "Someone"]]))
    tags.save(path, v1=0, v2_version=3, padding=lambda _: 3000)
    add_frames(path, b"TPOS" + b"\0\0\0\x02\0\0" + b"\x001", *TWICE, UNKNOWN)
    return path


def _mp3_22(folder: Path) -> Path:
    path = _mp3(folder, "id3v22")
    body = b"TT2" + b"\0\0\x06" + b"\0Title" + b"PIC" + b"\0\0\x09" + b"\0PNG\x03\0abc"
    path.write_bytes(b"ID3\x02\0\0\0\0\0" + bytes([len(body)]) + body + path.read_bytes())
    return path


def _mp3_none(folder: Path) -> Path:
    return _mp3(folder, "plain")


def _mp3_ape(folder: Path) -> Path:
    path = _mp3(folder, "ape-behind")
    tags = APEv2()
    tags["Title"] = "behind the sound"
    tags.save(path)
    with path.open("ab") as file:
        file.write(ID3V1)
    return path


def _tta(folder: Path) -> Path:
    path = encode(folder / "song.tta", chirp(1.0, RATE_HZ), RATE_HZ, "tta")
    APEv2().delete(path)  # which FFmpeg would read instead
    return path


def _flac(folder: Path) -> Path:
    path = folder / "song.flac"
    soundfile.write(path, chirp(1.0, RATE_HZ), RATE_HZ)
    file = FLAC(path)
    assert file.tags is not None
    file.tags[:] = [("title", "T"), ("Artist", "One"), ("ARTIST", "Two"), ("odd key", "=")]
    picture = Picture()
    picture.data, picture.mime, picture.type = PIXEL, "image/png", 3
    file.add_picture(picture)
    table = SeekTable(None)
    table.seekpoints.append(SeekPoint(0, 0, 4096))
    file.metadata_blocks.append(table)
    file.seektable = table
    application = MetadataBlock(b"affxsome data")
    application.code = 2
    file.metadata_blocks.append(application)
    file.save()
    return path


def _flac_none(folder: Path) -> Path:
    path = folder / "plain.flac"
    soundfile.write(path, chirp(1.0, RATE_HZ), RATE_HZ)
    return path


def _vorbis(folder: Path) -> Path:
    path = folder / "song.ogg"
    soundfile.write(path, chirp(1.0, RATE_HZ), RATE_HZ, format="OGG", subtype="VORBIS")
    file = OggVorbis(path)
    file["title"] = ["T", "U"]
    file["metadata_block_picture"] = ["A" * 70_000]  # more than a page
    file.save()
    return path


def _opus(folder: Path) -> Path:
    path = encode(folder / "song.opus", chirp(1.0, 48_000), 48_000, "libopus")
    file = OggOpus(path)
    file["title"] = ["T"]
    file["R128_TRACK_GAIN"] = ["-3"]
    file.save()
    return path


def _ogg_flac(folder: Path) -> Path:
    return encode(folder / "song.oga", chirp(1.0, RATE_HZ), RATE_HZ, "flac", container="oga")


def _m4a(folder: Path, name: str = "song", flags: str = "") -> Path:
    path = folder / f"{name}.m4a"
    options = {"movflags": flags} if flags else {}
    encode(path, chirp(1.0, RATE_HZ), RATE_HZ, "aac", container="ipod", options=options)
    with_chapters = folder / f"{name}-chapters.m4a"
    with (
        av.open(str(path)) as source,
        av.open(str(with_chapters), "w", format="ipod", options=options) as out,
    ):
        track = out.add_stream_from_template(source.streams.audio[0])
        half = {"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000)}
        out.set_chapters([{**half, "metadata": {"title": "Intro"}}])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = track
                out.mux(packet)
    with_chapters.replace(path)
    file = MP4(path)
    if file.tags is None:
        file.add_tags()
    file["\xa9nam"] = ["T"]
    file["trkn"] = [(3, 9)]
    file["covr"] = [MP4Cover(PIXEL, MP4Cover.FORMAT_PNG)]
    file["----:com.apple.iTunes:initialkey"] = [MP4FreeForm(b"Am")]
    file["----:org.example:MOOD"] = [MP4FreeForm(b"not ours")]
    file.save()
    return path


def _m4a_fast(folder: Path) -> Path:
    return _m4a(folder, "fast", "+faststart")


def _wav(folder: Path) -> Path:
    path = folder / "song.wav"
    soundfile.write(path, chirp(1.0, 22_051)[:22_051], 22_051, subtype="PCM_U8")  # an odd size
    data = path.read_bytes()
    fmt_and_data = data[12:]
    info = b"INFOINAM" + struct.pack("<I", 6) + b"Title\0"
    extra = (
        b"LIST" + struct.pack("<I", len(info)) + info + b"affx" + struct.pack("<I", 3) + b"abc\0"
    )
    body = b"WAVE" + extra + fmt_and_data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def _wav_tagged(folder: Path) -> Path:
    path = folder / "tagged.wav"
    soundfile.write(path, chirp(1.0, RATE_HZ), RATE_HZ)
    file = WAVE(path)
    file.add_tags()
    _rich_id3(file.tags)
    file.save(v2_version=3)
    return path


def _aiff(folder: Path) -> Path:
    path = folder / "song.aiff"
    soundfile.write(path, chirp(1.0, RATE_HZ), RATE_HZ)
    file = AIFF(path)
    file.add_tags()
    _rich_id3(file.tags)
    file.save()
    with path.open("ab") as out:
        out.write(b"ANNO" + struct.pack(">I", 4) + b"note")
    data = bytearray(path.read_bytes())
    data[4:8] = struct.pack(">I", len(data) - 8)
    path.write_bytes(data)
    return path


def _wma(folder: Path) -> Path:
    path = encode(folder / "song.wma", chirp(1.0, RATE_HZ), RATE_HZ, "wmav2", container="asf")
    file = ASF(path)
    file["Title"] = ["T"]
    file["WM/Genre"] = ["Blues", "Soul"]
    file["WM/Picture"] = [ASFByteArrayAttribute(PIXEL)]
    file.save()
    return path


def _wv(folder: Path) -> Path:
    path = encode(folder / "song.wv", chirp(1.0, RATE_HZ), RATE_HZ, "wavpack")
    file = WavPack(path)
    if file.tags is None:
        file.add_tags()
    file["Title"] = "T"
    file["Artist"] = ["One", "Two"]
    file["Cover Art (Front)"] = APEValue(b"cover.png\0" + PIXEL, 1)
    file.save()
    return path


def _wv_none(folder: Path) -> Path:
    path = encode(folder / "plain.wv", chirp(1.0, RATE_HZ), RATE_HZ, "wavpack")
    APEv2().delete(path)
    return path


# ------------------------------------------------------------ what others' tags a file holds


def _id3_frames(data: bytes) -> list[bytes]:
    """Cut a tag of version 2.3 or 2.4 into raw frames, without those of ours."""
    version = data[3]
    end = 10 + (data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9])
    at = 10
    frames = []
    while at + 10 <= end and data[at]:
        four = data[at + 4 : at + 8]
        size = int.from_bytes(four, "big")
        if version == 4:
            size = four[0] << 21 | four[1] << 14 | four[2] << 7 | four[3]
        frames.append(data[at : at + 10 + size])
        at += 10 + size
    return [raw for raw in frames if not raw.startswith(b"TMOO") and not _is_ours(raw)]


def _is_ours(raw: bytes) -> bool:
    text = raw[11:].replace(b"\0", b"").removeprefix(b"\xff\xfe").upper()
    return raw.startswith(b"TXXX") and text.startswith(
        (b"MOOD\xff", b"AFFETTO_", b"MOODM", b"MOODC")
    )


def _prefixed(path: Path) -> Any:
    data = path.read_bytes()
    if not data.startswith(b"ID3"):
        return None, [], data
    size = 10 + (data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9])
    frames = data[10:size][:27] if data[3] == 2 else _id3_frames(data)
    return data[3], frames, data[size:]


def _chunks(order: str) -> Callable[[Path], Any]:
    def read(path: Path) -> Any:
        data = path.read_bytes()
        (size,) = struct.unpack(f"{order}I", data[4:8])
        assert 8 + size == len(data), "the size in the header"
        found = []
        at = 12
        while at + 8 <= len(data):
            name, n_bytes = struct.unpack(f"{order}4sI", data[at : at + 8])
            content = data[at + 8 : at + 8 + n_bytes]
            if name.upper() == b"ID3 ":
                found.extend((content[3], raw) for raw in _id3_frames(content))
            else:
                found.append((name, content))
            at += 8 + n_bytes + n_bytes % 2
        return found

    return read


def _flac_foreign(path: Path) -> Any:
    file = FLAC(path)
    blocks = [
        (block.code, block.write()) for block in file.metadata_blocks if block.code not in (1, 4)
    ]
    return blocks, _comments(file.tags or [])


def _comments(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(key, value) for key, value in pairs if key.upper() not in OURS]


def _ogg_foreign(path: Path) -> Any:
    tags = mutagen.File(path).tags
    return tags.vendor, _comments(tags)


def _mp4_foreign(path: Path) -> Any:
    tags = MP4(path).tags or {}
    with av.open(str(path)) as file:
        chapters = [(each["start"], each["end"], each["metadata"]) for each in file.chapters()]
    rest = {
        key: [(value, getattr(value, "dataformat", None)) for value in values]
        for key, values in tags.items()
        if not (key.startswith("----:com.apple.iTunes:") and key[22:].upper() in OURS)
    }
    return rest, chapters


def _asf_foreign(path: Path) -> Any:
    ours = OURS | {"WM/MOOD"}
    tags = ASF(path).tags
    assert tags is not None
    return [(key, value.TYPE, value.value) for key, value in tags if key.upper() not in ours]


def _ape_foreign(path: Path) -> Any:
    tags = WavPack(path).tags or {}
    rest = {
        key: (value.kind, value.value) for key, value in tags.items() if key.upper() not in OURS
    }
    data = path.read_bytes()
    return rest, data[-128:] if data[-128:-125] == b"TAG" else b""


SONGS: dict[str, Song] = {
    "mp3-id3v2.4": Song(_mp3_24, _prefixed, "TMOO"),
    "mp3-id3v2.3": Song(_mp3_23, _prefixed, "TXXX:MOOD"),
    "mp3-id3v2.2": Song(_mp3_22, _prefixed, "TXX:MOOD"),
    "mp3-no-tag": Song(_mp3_none, _prefixed, "TMOO"),
    "mp3-ape": Song(_mp3_ape, _prefixed, "TMOO"),
    "tta": Song(_tta, _prefixed, "TMOO"),
    "wav": Song(_wav, _chunks("<"), "TMOO"),
    "wav-id3v2.3": Song(_wav_tagged, _chunks("<"), "TXXX:MOOD"),
    "aiff": Song(_aiff, _chunks(">"), "TMOO"),
    "flac": Song(_flac, _flac_foreign, "MOOD"),
    "flac-no-tag": Song(_flac_none, _flac_foreign, "MOOD"),
    "ogg": Song(_vorbis, _ogg_foreign, "MOOD"),
    "opus": Song(_opus, _ogg_foreign, "MOOD"),
    "ogg-flac": Song(_ogg_flac, _ogg_foreign, "MOOD"),
    "m4a": Song(_m4a, _mp4_foreign, "----:com.apple.iTunes:MOOD"),
    "m4a-faststart": Song(
        lambda folder: _m4a(folder, "fast", "+faststart"),
        _mp4_foreign,
        "----:com.apple.iTunes:MOOD",
    ),
    "wma": Song(_wma, _asf_foreign, "WM/Mood"),
    "wavpack": Song(_wv, _ape_foreign, "MOOD"),
    "wavpack-no-tag": Song(_wv_none, _ape_foreign, "MOOD"),
}


def write_foreign_mood(path: Path, words: list[str]) -> None:
    """Write moods as another tagger would, with mutagen and in its own spelling."""
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    if isinstance(file.tags, ID3):
        version = file.tags.version[1] if file.tags.version[0] == 2 else 4
        if version == 4:
            file.tags.add(TMOO(encoding=1, text=words))
        else:
            file.tags.add(TXXX(encoding=1, desc="Mood", text=words))
        options = {"v2_version": 3 if version == 3 else 4}
        file.save(**options)
    elif isinstance(file, MP4):
        file["----:com.apple.iTunes:Mood"] = [MP4FreeForm(word.encode()) for word in words]
        file.save()
    elif isinstance(file, ASF):
        file["WM/Mood"] = words
        file.save()
    else:
        file["Mood"] = words
        file.save()


def read_mood(path: Path) -> list[str]:
    """Read moods as a player would, with mutagen, wherever they may stand."""
    file = mutagen.File(path)
    tags = file.tags
    if tags is None:
        return []
    if isinstance(tags, ID3):
        found = [
            *tags.getall("TMOO"),
            *(f for f in tags.getall("TXXX") if f.desc.upper() == "MOOD"),
        ]
        return [text for each in found for text in each.text]
    if isinstance(file, MP4):
        keys = [key for key in tags if key.upper() == "----:COM.APPLE.ITUNES:MOOD"]
        return [bytes(value).decode() for key in keys for value in tags[key]]
    if isinstance(file, ASF):
        return [str(value) for value in tags.get("WM/Mood", [])]
    return list(tags.get("Mood", []))
