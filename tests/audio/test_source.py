"""What is no file is refused without waiting for it; a failure to read is never the end."""

from __future__ import annotations

import io
import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest
import soundfile

from affetto.audio import AudioStream, display, read
from affetto.errors import AudioEmpty, AudioNotFound, AudioUnreadable, BadConfig
from tests.helpers import as_nobody, chirp, open_to_all

RATE_HZ = 22_050


def song_bytes(container: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, chirp(10.0, n_channels=2), RATE_HZ, format=container)
    return file.getvalue()


class FailingFile(io.BytesIO):
    """A file on a disk that breaks after `n_good` calls of read."""

    def __init__(self, content: bytes, n_good: int) -> None:
        super().__init__(content)
        self.n_left = n_good

    def read(self, n_bytes: int | None = -1) -> bytes:
        if n_bytes == 0:
            return b""
        self.n_left -= 1
        if self.n_left < 0:
            raise OSError(5, "Input/output error")
        return super().read(n_bytes)


class SlowFile(io.RawIOBase):
    """A file that gives 777 bytes at a time, as network file systems may."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        part = self._file.read(min(len(buffer), 777))
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "song.mp3")
    with pytest.raises(AudioUnreadable, match="named pipe"):
        read(tmp_path / "song.mp3", RATE_HZ)


@pytest.mark.timeout(20)
@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_device_is_refused_without_reading_it() -> None:
    with pytest.raises(AudioUnreadable, match="device"):
        read("/dev/zero", RATE_HZ)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no sockets with names")
def test_socket_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        path = f"{folder}/song.mp3"  # pytest's own folders have names too long for a socket
        listening.bind(path)
        with pytest.raises(AudioUnreadable, match="socket"):
            read(path, RATE_HZ)


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioUnreadable, match="folder"):
        read(tmp_path, RATE_HZ)


def test_missing_file_is_a_python_file_not_found_too(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        read(tmp_path / "song.mp3", RATE_HZ)


@pytest.mark.parametrize("path", ["", "nul\0byte.mp3", b""])
def test_name_that_no_file_can_have_is_not_found(path: str | bytes) -> None:
    with pytest.raises(AudioNotFound):
        read(path, RATE_HZ)  # type: ignore[arg-type]


def test_file_without_permission_is_unreadable() -> None:
    with open_to_all() as folder:
        path = folder / "song.wav"
        soundfile.write(path, chirp(1.0), RATE_HZ)
        path.chmod(0)
        with as_nobody(), pytest.raises(AudioUnreadable, match="no permission"):
            read(path, RATE_HZ)


@pytest.mark.skipif(sys.platform != "linux", reason="this system may refuse some of the names")
@pytest.mark.parametrize("name", [b"two\nlines", b"-n", b"caf\xe9", "😂".encode(), b"\x1b[31mred"])
def test_error_shows_any_name_on_one_line(name: bytes, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_text("no sound\n")
    with pytest.raises(AudioUnreadable) as caught:
        read(path, RATE_HZ)
    assert caught.value.message.startswith(f"{display(path)}: ")
    assert caught.value.message.isprintable()
    path.unlink()
    with pytest.raises(AudioNotFound) as missing:
        read(path, RATE_HZ)
    assert missing.value.message == f"{display(path)}: no such file"


def test_empty_file_object_is_empty() -> None:
    with pytest.raises(AudioEmpty, match="0 bytes"):
        read(io.BytesIO(), RATE_HZ)


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_failure_to_read_is_an_error_wherever_it_happens(container: str) -> None:
    content = song_bytes(container)
    whole = FailingFile(content, 10_000)
    read(whole, RATE_HZ)
    n_calls = 10_000 - whole.n_left
    for n_good in sorted({*range(min(n_calls, 12)), n_calls // 2, n_calls - 2}):
        with pytest.raises(AudioUnreadable, match=r"reading it failed \(input/output error\)"):
            read(FailingFile(content, n_good), RATE_HZ)


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_file_that_gives_little_at_a_time_gives_the_same_sound(container: str) -> None:
    content = song_bytes(container)
    expected, expected_info = read(io.BytesIO(content), RATE_HZ)
    slow, info = read(SlowFile(content), RATE_HZ)  # type: ignore[arg-type]
    assert (slow.samples == expected.samples).all()
    assert info == expected_info


def test_text_in_any_wrapping_is_refused() -> None:
    with tempfile.NamedTemporaryFile("w+") as wrapped, pytest.raises(BadConfig, match="binary"):
        read(wrapped, RATE_HZ)  # type: ignore[arg-type]


def test_file_object_that_is_closed_or_only_for_writing_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "song.wav").open("wb") as file, pytest.raises(BadConfig, match="reading"):
        read(file, RATE_HZ)  # type: ignore[arg-type]
    with pytest.raises(BadConfig, match="reading"):
        read(file, RATE_HZ)  # type: ignore[arg-type]


def test_file_that_is_closed_midway_is_an_error_not_an_end() -> None:
    file = io.BytesIO(song_bytes("FLAC"))
    with AudioStream(file, RATE_HZ, _block_samples=10_000) as blocks:
        next(blocks)
        file.close()
        with pytest.raises(AudioUnreadable, match="reading it failed"):
            list(blocks)
