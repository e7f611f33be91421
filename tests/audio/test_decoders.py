"""Files of real encoders: the right sound, at the right time, of the right length."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from mutagen.apev2 import APEv2
from mutagen.ogg import OggPage

from affetto.audio import read
from affetto.errors import AudioUnreadable, BadConfig
from tests.helpers import Samples, alignment, chirp, encode

RATE_HZ = 44_100
MAX_DELAY_S = 0.05  # a codec's delay where the container has no field for it: at most two frames
MAX_EXTRA_S = 0.06  # the last frame filled up, and the delay

Writer = Callable[[Path, Samples, int], None]


def by_libsndfile(container: str, subtype: str) -> Writer:
    def write(path: Path, samples: Samples, sample_rate: int) -> None:
        soundfile.write(path, samples, sample_rate, subtype, format=container)

    return write


def by_ffmpeg(codec: str, container: str, with_picture: bool = False) -> Writer:
    def write(path: Path, samples: Samples, sample_rate: int) -> None:
        encode(path, samples, sample_rate, codec, container=container, with_picture=with_picture)

    return write


FORMATS: dict[str, Writer] = {
    "wav-8": by_libsndfile("WAV", "PCM_U8"),
    "wav-16": by_libsndfile("WAV", "PCM_16"),
    "wav-24": by_libsndfile("WAV", "PCM_24"),
    "wav-32": by_libsndfile("WAV", "PCM_32"),
    "wav-float": by_libsndfile("WAV", "FLOAT"),
    "wav-double": by_libsndfile("WAV", "DOUBLE"),
    "wav-mu-law": by_libsndfile("WAV", "ULAW"),
    "wav-adpcm": by_libsndfile("WAV", "IMA_ADPCM"),
    "wav-mp3": by_ffmpeg("libmp3lame", "wav"),
    "aiff-16": by_libsndfile("AIFF", "PCM_16"),
    "aiff-24": by_libsndfile("AIFF", "PCM_24"),
    "aiff-float": by_libsndfile("AIFF", "FLOAT"),
    "au": by_libsndfile("AU", "PCM_16"),
    "w64": by_libsndfile("W64", "PCM_24"),
    "rf64": by_libsndfile("RF64", "PCM_16"),
    "caf": by_libsndfile("CAF", "PCM_16"),
    "caf-alac": by_libsndfile("CAF", "ALAC_16"),
    "flac-16": by_libsndfile("FLAC", "PCM_16"),
    "flac-24": by_libsndfile("FLAC", "PCM_24"),
    "flac-in-ogg": by_ffmpeg("flac", "ogg"),
    "vorbis": by_libsndfile("OGG", "VORBIS"),
    "opus": by_libsndfile("OGG", "OPUS"),
    "opus-in-webm": by_ffmpeg("libopus", "webm"),
    "mp3": by_libsndfile("MP3", "MPEG_LAYER_III"),
    "mp3-lame": by_ffmpeg("libmp3lame", "mp3"),
    "mp2": by_ffmpeg("mp2", "mp2"),
    "m4a": by_ffmpeg("aac", "ipod"),
    "m4a-alac": by_ffmpeg("alac", "ipod"),
    "aac-adts": by_ffmpeg("aac", "adts"),
    "ac-3": by_ffmpeg("ac3", "ac3"),
    "wma": by_ffmpeg("wmav2", "asf"),
    "wavpack": by_ffmpeg("wavpack", "wv"),
    "tta": by_ffmpeg("tta", "tta"),
    "film-mp4": by_ffmpeg("aac", "mp4", with_picture=True),
    "film-mkv": by_ffmpeg("libmp3lame", "matroska", with_picture=True),
    "film-mov": by_ffmpeg("pcm_s16le", "mov", with_picture=True),
    "film-avi": by_ffmpeg("libmp3lame", "avi", with_picture=True),
    "film-mpegts": by_ffmpeg("mp2", "mpegts", with_picture=True),
    "flv": by_ffmpeg("aac", "flv"),
}
LOSSLESS_16 = (
    "wav-16", "aiff-16", "au", "rf64", "caf", "caf-alac", "flac-16", "flac-in-ogg", "m4a-alac",
    "film-mov",
)  # fmt: skip


def rate_of(name: str) -> int:
    return 48_000 if name.startswith("opus") else RATE_HZ


@pytest.mark.parametrize("name", FORMATS)
def test_format_decodes_to_the_sound_that_went_in(name: str, tmp_path: Path) -> None:
    rate_hz = rate_of(name)
    song = chirp(2.0, rate_hz, n_channels=2)
    path = tmp_path / "song.bin"  # the name says nothing
    FORMATS[name](path, song, rate_hz)
    waveform, info = read(path, rate_hz)
    delay, correlation = alignment(song[:, 0], waveform.samples)
    assert correlation > 0.99
    assert abs(delay) <= MAX_DELAY_S * rate_hz
    assert info.duration_s == pytest.approx(2.0, abs=MAX_EXTRA_S)
    assert (info.sample_rate, info.n_channels) == (rate_hz, 2)
    assert {notice.code for notice in info.notices} == {"short"}


@pytest.mark.parametrize("name", ["mp3", "m4a", "aac-adts", "vorbis", "opus", "wma", "film-mp4"])
def test_two_songs_of_a_lossy_format_differ(name: str, tmp_path: Path) -> None:
    rate_hz = rate_of(name)
    up = chirp(2.0, rate_hz, n_channels=2)
    for stem, song in {"up": up, "down": up[::-1]}.items():
        FORMATS[name](tmp_path / stem, song, rate_hz)
    up_again, up_info = read(tmp_path / "up", rate_hz)
    down_again, down_info = read(tmp_path / "down", rate_hz)
    assert up_info.audio_sha256 != down_info.audio_sha256
    assert abs(alignment(up_again.samples, down_again.samples)[1]) < 0.9
    assert alignment(up[::-1, 0], down_again.samples)[1] > 0.99


@pytest.mark.parametrize("has_ape", [False, True])
@pytest.mark.parametrize("name", ["mp3", "mp3-lame", "flac-16", "wavpack", "tta"])
def test_tags_behind_the_sound_are_no_damage(name: str, has_ape: bool, tmp_path: Path) -> None:
    path = tmp_path / "song"
    FORMATS[name](path, chirp(4.0, RATE_HZ), RATE_HZ)
    _, before = read(path, RATE_HZ)
    if has_ape:
        tags = APEv2()
        tags["Title"] = "A title"
        tags.save(path)
    with path.open("ab") as file:
        file.write(b"TAG" + b"A title".ljust(125, b"\0"))  # ID3v1
    assert read(path, RATE_HZ)[1] == before
    assert before.notices == ()


def test_lossless_formats_give_the_same_samples_and_hash(tmp_path: Path) -> None:
    integers = np.random.default_rng(5).integers(-32768, 32768, (RATE_HZ, 2))
    song = (integers / 32768).astype(np.float32)
    hashes = set()
    for name in LOSSLESS_16:
        FORMATS[name](tmp_path / name, song, RATE_HZ)
        waveform, info = read(tmp_path / name, RATE_HZ)
        np.testing.assert_array_equal(waveform.samples, song.mean(axis=1), err_msg=name)
        hashes.add(info.audio_sha256)
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("codec", "container", "n_channels"),
    [("flac", "matroska", 8), ("pcm_s16le", "matroska", 16), ("libopus", "matroska", 8)],
)
def test_many_channels_are_all_heard(
    codec: str, container: str, n_channels: int, tmp_path: Path
) -> None:
    layout = {8: "7.1", 16: "hexadecagonal"}[n_channels]
    path = tmp_path / "song"
    song = chirp(1.0, 48_000, n_channels=n_channels)
    encode(path, song, 48_000, codec, container=container, layout=layout, bit_rate=512_000)
    waveform, info = read(path, 48_000)
    assert info.n_channels == n_channels
    assert alignment(song[:, 0], waveform.samples)[1] > 0.99


def test_cover_picture_is_no_sound_track(tmp_path: Path) -> None:
    song = chirp(1.0, RATE_HZ)
    plain, covered = tmp_path / "plain.mp3", tmp_path / "covered.mp3"
    encode(plain, song, RATE_HZ, "libmp3lame")
    with av.open(str(plain)) as source, av.open(str(covered), "w") as output:
        track = output.add_stream_from_template(source.streams.audio[0])
        cover = output.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 16, 16, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
        packets = [*cover.encode(picture), *cover.encode(None)]
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = track
                output.mux(packet)
        output.mux(packets)
    assert b"APIC" in covered.read_bytes()
    assert read(covered, RATE_HZ)[1].audio_sha256 == read(plain, RATE_HZ)[1].audio_sha256


def test_change_from_mono_to_stereo_goes_on_as_mono(tmp_path: Path) -> None:
    mono, stereo = tmp_path / "mono.mp3", tmp_path / "stereo.mp3"
    by_ffmpeg("libmp3lame", "mp3")(mono, chirp(2.0, RATE_HZ), RATE_HZ)
    by_ffmpeg("libmp3lame", "mp3")(stereo, chirp(2.0, RATE_HZ, n_channels=2), RATE_HZ)
    both = tmp_path / "both.mp3"
    both.write_bytes(mono.read_bytes() + stereo.read_bytes())
    waveform, info = read(both, RATE_HZ)
    assert info.n_channels == 1
    assert info.duration_s == pytest.approx(4.0, abs=0.15)
    assert alignment(chirp(2.0, RATE_HZ)[:, 0], waveform.samples[2 * RATE_HZ :])[1] > 0.99


def test_change_of_the_sample_rate_ends_the_sound_with_a_notice(tmp_path: Path) -> None:
    fast, slow = tmp_path / "fast.mp3", tmp_path / "slow.mp3"
    by_ffmpeg("libmp3lame", "mp3")(fast, chirp(4.0, RATE_HZ), RATE_HZ)
    by_ffmpeg("libmp3lame", "mp3")(slow, chirp(4.0, 32_000), 32_000)
    both = tmp_path / "both.mp3"
    both.write_bytes(fast.read_bytes() + slow.read_bytes())
    _, info = read(both, RATE_HZ)
    messages = {notice.code: notice.message for notice in info.notices}
    assert "sample rate changes" in messages["cut-short"]
    assert info.duration_s == pytest.approx(4.0, abs=0.1)


def test_playlist_content_makes_nothing_open_the_network_or_other_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    by_libsndfile("WAV", "PCM_16")(secret, chirp(1.0), 22_050)
    lists = {
        "concat": f"ffconcat version 1.0\nfile '{secret}'\n",
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        "smil": f"<?xml version='1.0'?><MPD><BaseURL>{secret}</BaseURL></MPD>",
    }
    for name, text in lists.items():
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(AudioUnreadable, match="not sound"):
            read(path, 22_050)


# Samples in memory


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint8", "int8", "float32", "float64"])
def test_samples_in_memory_are_scaled_like_those_of_a_file(dtype: str) -> None:
    song = chirp(1.0)
    if dtype.startswith("float"):
        samples, step = song.astype(dtype), 1e-7
    else:
        n_bits = 8 * np.dtype(dtype).itemsize
        offset = 1 if dtype.startswith("u") else 0
        samples = np.floor((song.astype(np.float64) + offset) * 2 ** (n_bits - 1)).astype(dtype)
        step = 2.0 ** (1 - n_bits) + 1e-7
    waveform, info = read((samples, 22_050), 22_050)
    np.testing.assert_allclose(waveform.samples, song[:, 0], atol=step)
    assert info.duration_s == 1.0


def test_integer_samples_equal_the_file_that_holds_them(tmp_path: Path) -> None:
    integers = (chirp(1.0, n_channels=2) * 32767).astype(np.int16)
    soundfile.write(tmp_path / "song.wav", integers, 22_050)
    of_file, file_info = read(tmp_path / "song.wav", 16_000)
    of_memory, memory_info = read((integers, 22_050), 16_000)
    np.testing.assert_array_equal(of_file.samples, of_memory.samples)
    assert file_info == memory_info


def test_samples_in_memory_may_be_one_dimensional_or_not_contiguous() -> None:
    song = chirp(1.0, n_channels=2)
    expected, _ = read((song, 22_050), 22_050)
    for samples in (song[:, 0], np.asfortranarray(song), np.repeat(song, 2, axis=0)[::2]):
        np.testing.assert_array_equal(read((samples, 22_050), 22_050)[0].samples, expected.samples)


def test_ogg_whose_headers_come_twice_is_read(tmp_path: Path) -> None:
    """As a tagger has left them in Debian's package hyperrogue-music; FFmpeg refuses them."""
    path = tmp_path / "song.ogg"
    song = chirp(3.0, RATE_HZ)
    soundfile.write(path, song, RATE_HZ)
    expected, _ = soundfile.read(path, dtype="float32")
    with path.open("rb") as file:
        pages = []
        while file.peek(1):
            pages.append(OggPage(file))
    first = next(n for n, page in enumerate(pages) if page.position > 0)
    headers = OggPage.to_packets(pages[:first])
    again = OggPage.from_packets(headers)
    for page in again:
        page.serial, page.position = pages[0].serial, 0
    pages[first:first] = again
    for number, page in enumerate(pages):
        page.sequence = number
    path.write_bytes(b"".join(page.write() for page in pages))
    with pytest.raises(av.FFmpegError):
        av.open(str(path))
    found, info = read(path, RATE_HZ)
    np.testing.assert_array_equal(found.samples, expected)
    assert info.notices == ()


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros((2, 2, 2)), "must be"),
        (np.zeros(()), "must be"),
        (np.zeros((2, 44_100)), "transpose"),
        (np.zeros(44_100, complex), "integers or floats"),
        (np.array(["la"] * 44_100), "integers or floats"),
    ],
)
def test_samples_of_another_shape_or_type_are_refused(samples: object, reason: str) -> None:
    with pytest.raises(BadConfig, match=reason):
        read((samples, 22_050), 22_050)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [0, -1, 999, 768_001, 22_050.5, float("nan"), "fast", None])
def test_sample_rate_out_of_range_is_refused(rate: object) -> None:
    song = chirp(1.0)
    with pytest.raises(BadConfig, match="sample_rate"):
        read((song, rate), 22_050)  # type: ignore[arg-type]
    with pytest.raises(BadConfig, match="sample_rate"):
        read((song, 22_050), rate)  # type: ignore[arg-type]
