"""What a header claims is compared with what is there: missing bytes are never kept quiet."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.audio import read, stream
from affetto.errors import AudioError, AudioUnreadable
from tests.audio.test_decoders import FORMATS, rate_of
from tests.corpus import wav_bytes
from tests.helpers import chirp

RATE_HZ = 22_050
# No header says how long they are: an end between two frames looks like the end.
SAYS_NOTHING = {"ac-3", "film-mpegts"}
MAY_END_EARLY = {"aac-adts", "flv"}  # the last half second of a video may be missing
INDEX_AT_THE_END = {"m4a", "m4a-alac", "film-mp4", "film-mov"}


def codes_of(content: bytes) -> set[str]:
    return {notice.code for notice in read(io.BytesIO(content), RATE_HZ)[1].notices}


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in SAYS_NOTHING])
def test_cut_file_of_any_format_is_noticed(name: str, tmp_path: Path) -> None:
    rate_hz = rate_of(name)
    hiss = 0.01 * np.random.default_rng(4).standard_normal((4 * rate_hz, 2))
    song = (chirp(4.0, rate_hz, n_channels=2) + hiss).astype(np.float32)
    FORMATS[name](tmp_path / "song", song, rate_hz)
    content = (tmp_path / "song").read_bytes()
    assert "cut-short" not in codes_of(content)
    shares = (0.51, 0.7) if name in MAY_END_EARLY else (0.51, 0.7, 0.93)
    for share in shares:
        cut = content[: int(share * len(content)) + 3]
        if name in INDEX_AT_THE_END:
            with pytest.raises(AudioUnreadable, match="index is missing"):
                codes_of(cut)
        else:
            assert "cut-short" in codes_of(cut), share


@pytest.mark.parametrize("name", FORMATS)
def test_header_alone_is_an_error(name: str, tmp_path: Path) -> None:
    FORMATS[name](tmp_path / "song", chirp(1.0, rate_of(name), n_channels=2), rate_of(name))
    content = (tmp_path / "song").read_bytes()
    for n_bytes in (5, 13, 30, 50, 90):
        with pytest.raises(AudioError) as caught:
            codes_of(content[:n_bytes])
        assert caught.value.hint


@pytest.mark.parametrize(
    "name", ["wav-16", "aiff-16", "flac-16", "mp3", "au", "w64", "rf64", "caf"]
)
def test_duration_is_known_before_decoding(name: str, tmp_path: Path) -> None:
    FORMATS[name](tmp_path / "song", chirp(2.0, 44_100, n_channels=2), 44_100)
    with stream(tmp_path / "song", RATE_HZ) as blocks:
        assert blocks.expected_duration_s == pytest.approx(2.0, abs=0.06)


@pytest.mark.parametrize("n_bytes", [0, 0x7FFFFFFF, 0x7FFFF000, 0x80000000, 0xFFFFFFFF])
def test_size_that_means_unknown_is_no_claim(n_bytes: int) -> None:
    assert codes_of(wav_bytes(chirp(4.0), data_bytes=n_bytes)) == set()


def test_wav_that_claims_too_much_is_cut_and_one_that_claims_less_is_believed() -> None:
    song = chirp(4.0)
    assert codes_of(wav_bytes(song, data_bytes=len(song) * 2 + 4_000)) == {"cut-short"}
    _, info = read(io.BytesIO(wav_bytes(song, data_bytes=len(song))), RATE_HZ)
    assert info.duration_s == 2.0


def test_odd_chunks_in_front_of_the_sound_are_passed_over() -> None:
    content = wav_bytes(chirp(4.0))
    odd = struct.pack("<4sI", b"junk", 7) + bytes(8)  # filled up to an even number
    assert codes_of(content[:12] + odd + content[12:]) == set()


@pytest.mark.parametrize("rate_hz", [0, 1, 999, 768_001, 4_000_000_000])
def test_rate_that_no_sound_has_is_named(rate_hz: int) -> None:
    with pytest.raises(AudioUnreadable, match=f"sample rate of {rate_hz:,} Hz"):
        codes_of(wav_bytes(chirp(1.0), rate_hz))


def test_number_of_channels_that_no_sound_has_is_named() -> None:
    content = bytearray(wav_bytes(chirp(1.0)))
    for n_channels in (0, 65, 65_535):
        content[22:24] = struct.pack("<H", n_channels)
        with pytest.raises(AudioUnreadable, match=f"{n_channels:,} channels"):
            codes_of(bytes(content))


@pytest.mark.parametrize("exponent", [0, 0x3FFF, 0x7FFF, 0x8000, 0xFFFF])
def test_aiff_rate_that_no_sound_has_is_refused(exponent: int) -> None:
    file = io.BytesIO()
    soundfile.write(file, chirp(1.0), RATE_HZ, format="AIFF")
    content = bytearray(file.getvalue())
    at = content.index(b"COMM") + 16
    content[at : at + 2] = struct.pack(">H", exponent)
    with pytest.raises(AudioUnreadable, match="sample rate"):
        codes_of(bytes(content))
