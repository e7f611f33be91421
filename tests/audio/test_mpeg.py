"""Frame headers of MPEG audio and AAC, against files of real encoders."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from affetto.audio.mpeg import Frame, adts_frame, announced, chain_start, mpeg_frame
from tests.helpers import chirp, encode


def test_header_of_a_usual_mp3_is_read() -> None:
    # MPEG-1 layer III, 128 kbit/s, 44.1 kHz, no padding, joint stereo: 144 * 128000 / 44100.
    assert mpeg_frame(b"\xff\xfb\x90\x64") == Frame(417, 1152, 44_100, 2, (3, 3, 0))


@pytest.mark.parametrize(
    "header",
    [b"", b"\xff\xfb\x90", b"\x00\xfb\x90\x64", b"\xff\xeb\x90\x64", b"\xff\xf9\x90\x64",
     b"\xff\xfb\x00\x64", b"\xff\xfb\xf0\x64", b"\xff\xfb\x9c\x64"],
    ids=["none", "short", "no-sync", "version", "layer", "free", "bit-rate", "rate"],
)  # fmt: skip
def test_what_is_no_header_is_refused(header: bytes) -> None:
    assert mpeg_frame(header) is None


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("codec", ["libmp3lame", "mp2"])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_frames_of_a_file_follow_each_other_to_its_end(
    codec: str, sample_rate: int, n_channels: int, tmp_path: Path
) -> None:
    path = tmp_path / "song"
    container = "mp3" if codec == "libmp3lame" else "mp2"
    song = chirp(1.0, sample_rate, n_channels)
    encode(path, song, sample_rate, codec, container=container, bit_rate=64_000)
    data = path.read_bytes()
    offset = chain_start(data, mpeg_frame, len(data))
    assert offset is not None
    n_samples = 0
    while offset < len(data):
        frame = mpeg_frame(data[offset : offset + 4])
        assert frame is not None
        assert (frame.sample_rate, frame.n_channels) == (sample_rate, n_channels)
        n_samples += frame.n_samples
        offset += frame.n_bytes
    assert offset == len(data)
    assert sample_rate <= n_samples <= sample_rate + 4 * 1152


def test_adts_frames_of_a_file_follow_each_other_to_its_end(tmp_path: Path) -> None:
    encode(tmp_path / "song", chirp(1.0, 44_100), 44_100, "aac", container="adts")
    data = (tmp_path / "song").read_bytes()
    offset, n_frames = 0, 0
    while offset < len(data):
        frame = adts_frame(data[offset : offset + 6])
        assert frame is not None
        offset += frame.n_bytes
        n_frames += 1
    assert offset == len(data)
    assert 44_100 <= n_frames * 1024 <= 44_100 + 3 * 1024


def test_announced_samples_and_bytes_are_those_of_the_file(tmp_path: Path) -> None:
    encode(tmp_path / "song.mp3", chirp(2.0, 44_100), 44_100, "libmp3lame", container="mp3")
    data = (tmp_path / "song.mp3").read_bytes()
    start = chain_start(data, mpeg_frame, len(data))
    assert start is not None
    frame = mpeg_frame(data[start : start + 4])
    assert frame is not None
    n_samples, n_bytes = announced(data[start : start + frame.n_bytes], frame)
    assert n_bytes == len(data) - start
    assert n_samples == pytest.approx(2 * 44_100, abs=3 * 1152)


def test_chain_is_not_found_in_noise() -> None:
    for seed in range(20):
        noise = random.Random(seed).randbytes(1 << 16)
        assert chain_start(noise, mpeg_frame, len(noise)) is None
        assert chain_start(noise, adts_frame, len(noise)) is None
