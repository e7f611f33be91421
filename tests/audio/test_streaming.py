"""A stream is the whole in pieces; the mix is the mean; what is odd is said, once."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from affetto.audio import AudioStream, read, stream
from affetto.core import Waveform
from affetto.errors import AudioEmpty, AudioUnreadable, BadConfig
from tests.helpers import Samples, alignment, chirp, encode

RATE_HZ = 22_050
OPEN_FILES = Path("/proc/self/fd")


def noise(n_frames: int, n_channels: int, seed: int = 1) -> Samples:
    generator = np.random.default_rng(seed)
    return generator.uniform(-0.5, 0.5, (n_frames, n_channels)).astype(np.float32)


def wav(samples: Samples, sample_rate: int = RATE_HZ, subtype: str = "FLOAT") -> io.BytesIO:
    """Give a WAV file in memory, of floats unless told otherwise."""
    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate, subtype, format="WAV")
    file.seek(0)
    return file


def codes_of(source: Any) -> set[str]:
    return {notice.code for notice in read(source, RATE_HZ)[1].notices}


# Stream and whole


@given(
    n_frames=st.integers(4_000, 40_000),
    n_channels=st.integers(1, 8),
    from_hz=st.sampled_from([8_000, 22_050, 32_000, 44_100]),
    to_hz=st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000]),
    block_samples=st.integers(200, 1 << 17),
)
def test_stream_equals_read_for_any_block_size(
    n_frames: int, n_channels: int, from_hz: int, to_hz: int, block_samples: int
) -> None:
    samples = noise(max(n_frames, from_hz // 2), n_channels)
    whole, info = read((samples, from_hz), to_hz)
    with AudioStream((samples, from_hz), to_hz, _block_samples=block_samples) as blocks:
        parts = list(blocks)
    np.testing.assert_array_equal(np.concatenate([part.samples for part in parts]), whole.samples)
    assert blocks.info == info


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_stream_of_a_file_equals_read_for_any_block_size(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"song.{suffix}"
    song = noise(2 * 44_100, 2)
    if suffix == "m4a":
        encode(path, song, 44_100, "aac")
    else:
        soundfile.write(path, song, 44_100)
    whole, info = read(path, RATE_HZ)
    for block_samples in (64, 2_304, 10_007, 1 << 15, 1 << 20):
        with AudioStream(path, RATE_HZ, _block_samples=block_samples) as blocks:
            parts = [part.samples for part in blocks]
        np.testing.assert_array_equal(np.concatenate(parts), whole.samples)
        assert blocks.info == info


def test_blocks_follow_each_other_in_time() -> None:
    with AudioStream((noise(50_000, 2), 44_100), RATE_HZ, _block_samples=5_000) as blocks:
        n_before = 0
        for block in blocks:
            assert isinstance(block, Waveform)
            assert block.start_s == n_before / RATE_HZ
            assert not block.samples.flags.writeable
            n_before += len(block.samples)
    assert n_before == 25_000


def test_resampling_is_that_of_soxr_in_one_call() -> None:
    samples = noise(44_100, 1)[:, 0]
    expected = soxr.resample(samples, 44_100, RATE_HZ, quality="HQ")
    np.testing.assert_array_equal(read((samples, 44_100), RATE_HZ)[0].samples, expected)


def test_same_rate_is_not_resampled() -> None:
    samples = noise(RATE_HZ, 1)[:, 0]
    np.testing.assert_array_equal(read((samples, RATE_HZ), RATE_HZ)[0].samples, samples)


def test_loud_samples_are_not_clipped() -> None:
    samples = 6 * noise(RATE_HZ, 1)[:, 0]
    np.testing.assert_array_equal(read(wav(samples), RATE_HZ)[0].samples, samples)


def test_info_is_known_only_after_the_last_block() -> None:
    with stream((chirp(1.0), RATE_HZ), RATE_HZ) as blocks:
        assert blocks.expected_duration_s == 1.0
        with pytest.raises(BadConfig, match="last block"):
            _ = blocks.info
        for _ in blocks:
            pass
        assert blocks.info.duration_s == 1.0
    assert list(blocks) == []


def test_block_stays_as_it_was_when_the_next_has_come() -> None:
    song = noise(60_000, 1)
    with AudioStream(wav(song), RATE_HZ, _block_samples=10_000) as blocks:
        parts = [part.samples for part in blocks]
    np.testing.assert_array_equal(np.concatenate(parts), song[:, 0])


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="this system does not list open files")
@pytest.mark.parametrize("suffix", ["wav", "flac"])  # one for each decoder
def test_closing_early_releases_the_file(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"song.{suffix}"
    soundfile.write(path, noise(RATE_HZ * 4, 2), RATE_HZ)
    before = len(list(OPEN_FILES.iterdir()))
    blocks = stream(path, RATE_HZ)
    next(blocks)
    assert len(list(OPEN_FILES.iterdir())) > before
    blocks.close()
    blocks.close()
    assert list(blocks) == []
    assert len(list(OPEN_FILES.iterdir())) == before


# The mix


def pcm(path: Path, samples: Samples, codec: str) -> Path:
    return encode(path, samples, 48_000, codec, container="matroska")


@pytest.mark.parametrize("n_channels", [1, 2, 6, 8])
@pytest.mark.parametrize("codec", ["pcm_f32le", "pcm_s16le", "pcm_s32le", "flac"])
def test_mix_is_the_mean_of_the_channels_whatever_the_sample_format(
    n_channels: int, codec: str, tmp_path: Path
) -> None:
    song = np.round(noise(48_000, n_channels) * 32768) / 32768
    path = pcm(tmp_path / "song.mka", song, codec)
    mono, info = read(path, 48_000)
    assert info.n_channels == n_channels
    expected = song.astype(np.float64).mean(axis=1)
    np.testing.assert_allclose(mono.samples, expected, atol=1e-6)


def test_mix_is_the_same_from_libsndfile_and_ffmpeg(tmp_path: Path) -> None:
    song = np.round(noise(48_000, 6) * 32768) / 32768
    soundfile.write(tmp_path / "song.wav", song, 48_000, "FLOAT")
    pcm(tmp_path / "song.mka", song, "pcm_f32le")
    of_wav, wav_info = read(tmp_path / "song.wav", RATE_HZ)
    of_mka, mka_info = read(tmp_path / "song.mka", RATE_HZ)
    np.testing.assert_array_equal(of_wav.samples, of_mka.samples)
    assert wav_info.audio_sha256 == mka_info.audio_sha256


@given(gain=st.floats(0.01, 4.0), n_channels=st.integers(1, 8))
def test_equal_channels_mix_to_themselves(gain: float, n_channels: int) -> None:
    song = np.float32(gain) * chirp(0.6, n_channels=n_channels)
    mono, _ = read((song, RATE_HZ), RATE_HZ)
    np.testing.assert_allclose(mono.samples, song[:, 0], rtol=1e-6)


# Phase


def test_opposite_channels_are_an_error_and_nearly_opposite_ones_a_notice() -> None:
    song = chirp(4.0, n_channels=2)
    with pytest.raises(AudioEmpty, match="cancel"):
        read((song * np.array([1, -1], np.float32), RATE_HZ), RATE_HZ)
    assert codes_of((song * np.array([1, -0.9], np.float32), RATE_HZ)) == {"phase"}
    assert codes_of((song * np.array([1, -0.3], np.float32), RATE_HZ)) == set()


def test_phase_notice_says_how_much_is_lost() -> None:
    song = chirp(4.0, n_channels=2) * np.array([1, -0.8], np.float32)
    (notice,) = read((song, RATE_HZ), RATE_HZ)[1].notices
    # The mix has 0.1 of the amplitude, the channels sqrt((1 + 0.64) / 2): 19.1 dB.
    assert "19 dB" in notice.message


@pytest.mark.parametrize("n_channels", [2, 6, 8, 16, 64])
def test_unrelated_channels_get_no_phase_notice(n_channels: int) -> None:
    assert codes_of((noise(4 * RATE_HZ, n_channels), RATE_HZ)) == set()


def test_one_silent_channel_gets_no_phase_notice() -> None:
    song = chirp(4.0, n_channels=2) * np.array([1, 0], np.float32)
    assert codes_of((song, RATE_HZ)) == set()


# Length and level


@pytest.mark.parametrize(("n_samples", "is_enough"), [(11_024, False), (11_025, True)])
def test_half_a_second_is_the_least(n_samples: int, is_enough: bool) -> None:
    song = chirp(4.0)[2_000 : 2_000 + n_samples]
    if is_enough:
        assert codes_of((song, RATE_HZ)) == {"short"}
    else:
        with pytest.raises(AudioEmpty, match=r"0\.50? s"):
            read((song, RATE_HZ), RATE_HZ)


def test_three_seconds_get_no_notice_of_being_short() -> None:
    assert codes_of((chirp(3.0), RATE_HZ)) == set()


@pytest.mark.parametrize(("peak", "is_sound"), [(9e-5, False), (1.1e-4, True)])
def test_silence_begins_at_minus_80_db(peak: float, is_sound: bool) -> None:
    song = chirp(4.0) * np.float32(peak / 0.5)
    if is_sound:
        assert codes_of((song, RATE_HZ)) == set()
    else:
        with pytest.raises(AudioEmpty, match="silent"):
            read((song, RATE_HZ), RATE_HZ)


def test_one_loud_moment_makes_a_quiet_file_sound() -> None:
    song = np.zeros(4 * RATE_HZ, np.float32)
    song[-10:] = 0.1
    assert codes_of((song, RATE_HZ)) == set()


def test_no_samples_are_empty() -> None:
    for samples in (np.zeros(0), np.zeros((0, 2)), np.zeros((4, 0))):
        with pytest.raises(AudioEmpty, match="no sound"):
            read((samples, RATE_HZ), RATE_HZ)


# Values that are no samples


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_values_that_are_no_samples_become_silence(value: float) -> None:
    song = chirp(4.0, n_channels=2)
    song[100:110, 1] = value
    mono, info = read((song, RATE_HZ), RATE_HZ)
    (notice,) = info.notices
    assert notice.code == "non-finite"
    assert notice.message.startswith("10 samples")
    np.testing.assert_allclose(mono.samples[100:110], song[100:110, 0] / 2, rtol=1e-6)
    np.testing.assert_allclose(mono.samples[110:], song[110:, 0], rtol=1e-6)


def test_double_precision_beyond_float32_is_no_sample() -> None:
    song = chirp(4.0).astype(np.float64)
    song[5] = 1e300
    assert codes_of((song, RATE_HZ)) == {"non-finite"}


def test_file_of_mostly_nothing_is_unreadable() -> None:
    song = chirp(4.0)
    song[: len(song) // 2 + 1] = np.nan
    with pytest.raises(AudioUnreadable, match="not numbers"):
        read((song, RATE_HZ), RATE_HZ)


def test_opposite_infinities_leave_no_nan_in_the_mix() -> None:
    song = chirp(4.0, n_channels=2)
    song[7] = np.inf, -np.inf
    mono, _ = read((song, RATE_HZ), RATE_HZ)
    assert mono.samples[7] == 0
    assert np.isfinite(mono.samples).all()


# The hash


def tagged(path: Path, song: Samples, title: str, codec: str, container: str) -> Path:
    """Write sound at 48 kHz with a title, which leaves what is encoded as it is."""
    plain = encode(path.with_suffix(".plain"), song, 48_000, codec, container=container)
    with (
        av.open(str(plain)) as source,
        av.open(str(path), "w", format=container) as output,
    ):
        output.metadata.update({"title": title, "artist": title * 3})
        track = output.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = track
                output.mux(packet)
    return path


@pytest.mark.parametrize(
    ("codec", "container"),
    [("libmp3lame", "mp3"), ("flac", "flac"), ("aac", "ipod"), ("libopus", "ogg")],
)
def test_hash_does_not_change_with_the_tags(codec: str, container: str, tmp_path: Path) -> None:
    song = noise(48_000, 2)
    short = tagged(tmp_path / "short", song, "A", codec, container)
    long = tagged(tmp_path / "long", song, "A much longer title " * 40, codec, container)
    assert short.read_bytes() != long.read_bytes()
    assert short.stat().st_size < long.stat().st_size
    assert read(short, RATE_HZ)[1].audio_sha256 == read(long, RATE_HZ)[1].audio_sha256


def test_hash_does_not_change_with_the_rate_that_is_asked_for() -> None:
    song = noise(44_100, 2)
    hashes = {read((song, 44_100), rate)[1].audio_sha256 for rate in (16_000, 22_050, 44_100)}
    assert len(hashes) == 1


def test_hash_changes_with_one_sample_of_one_channel(tmp_path: Path) -> None:
    song = noise(RATE_HZ, 2)
    _, before = read(wav(song), RATE_HZ)
    song[-1, 1] += np.float32(2**-15)
    _, after = read(wav(song), RATE_HZ)
    assert before.audio_sha256 != after.audio_sha256


# Sources


def test_file_object_is_read_from_its_beginning_and_left_open(tmp_path: Path) -> None:
    path = tmp_path / "song.flac"
    soundfile.write(path, chirp(1.0), RATE_HZ)
    expected, _ = read(path, RATE_HZ)
    with path.open("rb") as file:
        file.read(1_000)
        np.testing.assert_array_equal(read(file, RATE_HZ)[0].samples, expected.samples)
        assert not file.closed
    memory = io.BytesIO(path.read_bytes())
    memory.seek(7)
    np.testing.assert_array_equal(read(memory, RATE_HZ)[0].samples, expected.samples)
    assert not memory.closed


@pytest.mark.parametrize("path_type", [str, Path, os.fsencode])
def test_path_may_be_of_any_type(path_type: Any, tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, chirp(1.0), RATE_HZ)
    assert read(path_type(path), RATE_HZ)[1].duration_s == 1.0


@pytest.mark.timeout(60)
@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a"])
def test_pipe_is_read_to_its_end(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"song.{suffix}"
    if suffix == "m4a":
        encode(path, chirp(1.0), RATE_HZ, "aac")
    else:
        soundfile.write(path, chirp(1.0), RATE_HZ)
    expected, _ = read(path, RATE_HZ)
    reading, writing = os.pipe()

    def feed() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(path.read_bytes())

    feeder = threading.Thread(target=feed)
    feeder.start()
    with os.fdopen(reading, "rb") as pipe:
        assert not pipe.seekable()
        decoded, _ = read(pipe, RATE_HZ)
    feeder.join()
    np.testing.assert_array_equal(decoded.samples, expected.samples)
    assert alignment(chirp(1.0)[:, 0], decoded.samples)[1] > 0.99


def test_text_file_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    path.write_text("la la la")
    with path.open() as file, pytest.raises(BadConfig, match="binary mode"):
        read(file, RATE_HZ)  # type: ignore[arg-type]
    with pytest.raises(BadConfig, match="binary mode"):
        read(io.StringIO("la"), RATE_HZ)  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [None, 7, [chirp(1.0)], chirp(1.0), (chirp(1.0),)])
def test_what_is_no_source_is_refused(source: Any) -> None:
    with pytest.raises(BadConfig, match="source of sound"):
        read(source, RATE_HZ)
