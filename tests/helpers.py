"""Shared by the tests: sounds with a known content, and files made of them."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def chirp(duration_s: float, sample_rate: int = 22_050, n_channels: int = 1) -> Samples:
    """Give a tone that climbs from 200 to 2,000 Hz, (n_frames, n_channels), channels alike."""
    times_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    phase = 2 * np.pi * (200 * times_s + 900 * times_s**2 / duration_s)
    mono = (0.5 * np.sin(phase)).astype(np.float32)
    return np.repeat(mono[:, np.newaxis], n_channels, axis=1)


def alignment(source: Samples, decoded: Samples) -> tuple[int, float]:
    """Give by how many samples `decoded` (n,) comes late, and how it correlates with `source`."""
    n_fft = 1 << (len(source) + len(decoded)).bit_length()
    spectrum = np.fft.rfft(decoded, n_fft) * np.conj(np.fft.rfft(source, n_fft))
    delay = int(np.argmax(np.fft.irfft(spectrum, n_fft)))
    if delay > n_fft // 2:  # the end of a circular correlation means "early"
        delay -= n_fft
    source, decoded = source[max(-delay, 0) :], decoded[max(delay, 0) :]
    n_common = min(len(source), len(decoded))
    return delay, float(np.corrcoef(source[:n_common], decoded[:n_common])[0, 1])


def encode(
    path: Path,
    samples: Samples,
    sample_rate: int,
    codec: str,
    *,
    options: Mapping[str, str] | None = None,
    container: str | None = None,
    layout: str | None = None,
    with_picture: bool = False,
    bit_rate: int = 128_000,
) -> Path:
    """Write samples (n_frames, n_channels) with an encoder of FFmpeg; with a film on demand."""
    with av.open(str(path), "w", format=container, options=dict(options or {})) as output:
        film = output.add_stream("mpeg4", rate=10) if with_picture else None
        track = output.add_stream(codec, rate=sample_rate)
        track.layout = layout or _LAYOUTS[samples.shape[1]]
        track.bit_rate = bit_rate
        if film is not None:
            film.width, film.height, film.pix_fmt = 32, 32, "yuv420p"
            for number in range(round(10 * len(samples) / sample_rate)):
                picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number % 256, np.uint8))
                output.mux(film.encode(picture))
            output.mux(film.encode(None))
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.reshape(1, -1)), "flt", track.layout.name
        )
        frame.sample_rate, frame.pts = sample_rate, 0
        resampler = av.AudioResampler(track.format, track.layout, track.rate, track.frame_size)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(track.encode(part))
        output.mux(track.encode(None))
    return path


@contextmanager
def plain_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a SQLite file as any program would; what is changed is kept, and the file closed."""
    plain = sqlite3.connect(path)
    try:
        with plain:
            yield plain
    finally:
        plain.close()


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act as a user without rights while the block lasts: root may read what no one may."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def open_to_all() -> Iterator[Path]:
    """Give a temporary folder that every user can enter; pytest's own are for their owner."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
