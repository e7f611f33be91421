"""Files that a music collection should not hold but does, with what is to come of each."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
import soundfile

from tests.helpers import Samples, chirp, encode

RATE_HZ = 22_050
DURATION_S = 6.0


@dataclass(frozen=True)
class Case:
    """An input: what becomes of it, the error's code if it fails, the notices if it is scored."""

    name: str
    path: Path
    outcome: Literal["scored", "failed"]
    code: str | None = None
    notices: frozenset[str] = frozenset()


def make_corpus(folder: Path) -> list[Case]:
    """Fill `folder` with files and give one case for each; the missing one is not made.

    A file without read permission is in it only where that means something (not for root).
    """
    folder.mkdir(parents=True, exist_ok=True)
    cases = [*_not_sound(folder), *_no_track(folder), *_odd_wavs(folder), *_cut(folder)]
    cases += [*_good(folder), *_good_names(folder)]
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.mp3")
        cases.append(Case("pipe", folder / "pipe.mp3", "failed", "audio-unreadable"))
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        path = _wav(folder / "locked.wav", chirp(DURATION_S))
        path.chmod(0)
        cases.append(Case("locked", path, "failed", "audio-unreadable"))
    return cases


def wav_bytes(samples: Samples, sample_rate: int = RATE_HZ, data_bytes: int | None = None) -> bytes:
    """Give a 16-bit WAV file with a sample rate and a size of the data as one likes."""
    data = (samples * 32767).astype("<i2").tobytes()
    n_channels = samples.shape[1]
    claimed = len(data) if data_bytes is None else data_bytes
    layout = (1, n_channels, sample_rate, sample_rate * 2 * n_channels % 2**32, 2 * n_channels, 16)
    riff_bytes = min(36 + claimed, 2**32 - 1)
    return (
        struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
        + struct.pack("<4sIHHIIHH", b"fmt ", 16, *layout)
        + struct.pack("<4sI", b"data", claimed)
        + data
    )


def truncate(path: Path, share: float) -> Path:
    """Cut a file to a share of its bytes."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def _wav(path: Path, samples: Samples, sample_rate: int = RATE_HZ, subtype: str = "PCM_16") -> Path:
    with path.open("wb") as file:  # as a file object: soundfile refuses names that are not UTF-8
        soundfile.write(file, samples, sample_rate, subtype, format="WAV")
    return path


def _not_sound(folder: Path) -> Iterator[Case]:
    generator = random.Random(7)
    contents = {
        "random.mp3": generator.randbytes(200_000),
        "text.mp3": b"Dear diary, today I wanted to be a song.\n" * 500,
        "picture.mp3": b"\x89PNG\r\n\x1a\n" + generator.randbytes(5_000),
        "document.flac": b"%PDF-1.7\n" + generator.randbytes(5_000),
        "archive.ogg": b"PK\x03\x04" + generator.randbytes(5_000),
        "page.m4a": b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n",
        "playlist.mp3": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\nhttp://127.0.0.1:9/song.mp3\n",
        "notes.wav": b"MThd\0\0\0\x06\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0",
        "huge-tag.mp3": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(1_000),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        yield Case(Path(name).stem, folder / name, "failed", "audio-unreadable")
    yield Case("missing", folder / "missing.mp3", "failed", "audio-not-found")
    (folder / "empty.mp3").touch()
    yield Case("empty", folder / "empty.mp3", "failed", "audio-empty")
    (folder / "only-a-tag.mp3").write_bytes(b"ID3\x04\0\0\0\0\x07\x68" + bytes(1_000))
    yield Case("only-a-tag", folder / "only-a-tag.mp3", "failed", "audio-empty")
    (folder / "folder.mp3").mkdir(exist_ok=True)
    yield Case("folder", folder / "folder.mp3", "failed", "audio-not-found")


def _no_track(folder: Path) -> Iterator[Case]:
    film = folder / "silent-film.mp4"
    with av.open(str(film), "w") as output:
        track = output.add_stream("mpeg4", rate=10)
        track.width, track.height, track.pix_fmt = 32, 32, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
        output.mux([*track.encode(picture), *track.encode(None)])
    yield Case("silent-film", film, "failed", "audio-unreadable")
    path = encode(folder / "unknown-codec.m4a", chirp(DURATION_S), RATE_HZ, "aac")
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"what").replace(b"esds", b"what"))
    yield Case("unknown-codec", path, "failed", "audio-unreadable")


def _odd_wavs(folder: Path) -> Iterator[Case]:
    tone = chirp(DURATION_S)
    stereo = chirp(DURATION_S, n_channels=2)
    opposite = stereo * np.float32([1, -1])
    some_nan, some_inf = tone.copy(), tone.copy()
    some_nan[1000:1010] = np.nan
    some_inf[1000:1010] = np.inf
    failed: dict[str, tuple[bytes, str]] = {
        "1-hertz": (wav_bytes(tone, 1), "audio-unreadable"),
        "4-gigahertz": (wav_bytes(tone, 4_000_000_000), "audio-unreadable"),
        "no-data": (wav_bytes(tone[:0]), "audio-empty"),
        "opposite-phase": (wav_bytes(opposite), "audio-empty"),
        "silence": (wav_bytes(np.zeros_like(tone)), "audio-empty"),
        "blink": (wav_bytes(tone[: RATE_HZ // 20]), "audio-empty"),
        "one-sample": (wav_bytes(tone[1000:1001]), "audio-empty"),
    }
    for name, (content, code) in failed.items():
        path = folder / f"{name}.wav"
        path.write_bytes(content)
        yield Case(name, path, "failed", code)
    all_nan = _wav(folder / "all-nan.wav", np.full_like(tone, np.nan), subtype="FLOAT")
    yield Case("all-nan", all_nan, "failed", "audio-unreadable")
    for name, samples in {"some-nan": some_nan, "some-inf": some_inf}.items():
        path = _wav(folder / f"{name}.wav", samples, subtype="FLOAT")
        yield Case(name, path, "scored", notices=frozenset({"non-finite"}))
    scored: dict[str, tuple[bytes, set[str]]] = {
        "nearly-opposite-phase": (wav_bytes(stereo * np.float32([1, -0.8])), {"phase"}),
        "short": (wav_bytes(tone[:RATE_HZ]), {"short"}),
        "lying-header": (wav_bytes(tone, data_bytes=10_000_000), {"cut-short"}),
        "never-closed": (wav_bytes(tone, data_bytes=2**32 - 1), set()),
    }
    for name, (content, notices) in scored.items():
        path = folder / f"{name}.wav"
        path.write_bytes(content)
        yield Case(name, path, "scored", notices=frozenset(notices))


def _cut(folder: Path) -> Iterator[Case]:
    for name, path in _songs(folder, "cut"):
        truncate(path, 0.8)
        yield Case(f"cut-{name}", path, "scored", notices=frozenset({"cut-short"}))
    index_last = encode(folder / "no-index.m4a", chirp(DURATION_S), RATE_HZ, "aac")
    yield Case("no-index", truncate(index_last, 0.7), "failed", "audio-unreadable")
    damaged = folder / "damaged.mp3"
    soundfile.write(damaged, chirp(DURATION_S), RATE_HZ)
    content = damaged.read_bytes()
    middle = len(content) // 2
    noise = random.Random(8).randbytes(2_000)
    damaged.write_bytes(content[:middle] + noise + content[middle + len(noise) :])
    yield Case("damaged", damaged, "scored", notices=frozenset({"damaged"}))


def _songs(folder: Path, stem: str) -> Iterator[tuple[str, Path]]:
    """Write one song in each of the usual formats."""
    song = chirp(DURATION_S, n_channels=2) + _hiss()
    for suffix in ("wav", "flac", "mp3", "ogg", "opus"):
        path = folder / f"{stem}.{suffix}"
        if suffix == "opus":
            soundfile.write(path, song, 24_000, "OPUS", format="OGG")
        else:
            soundfile.write(path, song, RATE_HZ)
        yield suffix, path
    index_first = {"movflags": "faststart"}
    yield "m4a", encode(folder / f"{stem}.m4a", song, RATE_HZ, "aac", options=index_first)


def _hiss() -> Samples:
    """Give a little noise, so that no encoder gets away with a few bytes a second."""
    n_frames = round(DURATION_S * RATE_HZ)
    noise = np.random.default_rng(3).standard_normal((n_frames, 2))
    return (0.01 * noise).astype(np.float32)


def _good(folder: Path) -> Iterator[Case]:
    for name, path in _songs(folder, "song"):
        yield Case(f"song-{name}", path, "scored")
    low = _wav(folder / "8-khz-mono.wav", chirp(DURATION_S, 8_000), 8_000)
    yield Case("8-khz-mono", low, "scored")
    high = _wav(folder / "192-khz-7.1.wav", chirp(3.5, 192_000, n_channels=8), 192_000)
    yield Case("192-khz-7.1", high, "scored")


def _good_names(folder: Path) -> Iterator[Case]:
    names: dict[str, str] = {
        "spaces": "a song  with spaces .wav",
        "quotes": 'it\'s "quoted".wav',
        "emoji": "joy \N{FACE WITH TEARS OF JOY} \N{SNOWMAN}.wav",
        "newline": "two\nlines.wav",
        "dash": "-n.wav",
        "escape": "\x1b[31mred.wav",
        "protocol": "http:song.wav",
        "percent": "100%d {braces}.wav",
        "not-utf-8": os.fsdecode(b"caf\xe9.wav"),
    }
    make: Callable[[Path], Path] = lambda path: _wav(path, chirp(DURATION_S))  # noqa: E731
    for name, file_name in names.items():
        try:
            path = make(folder / file_name)
        except (OSError, UnicodeError):  # a file system that does not allow the name
            continue
        yield Case(f"name-{name}", path, "scored")
