"""Where `affetto live` hears: raw samples out of a pipe, or the microphone (extra `live`)."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from affetto.audio import display
from affetto.cli.options import say
from affetto.errors import AudioNotFound, AudioUnreadable, BadConfig, MissingExtra, UsageError
from affetto.live import RawSamples

Samples = npt.NDArray[np.float32]

_READ_BYTES = 1 << 14  # 93 ms of CD sound: the less, the sooner a window is there
_MARKS = {
    b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3", b"FORM": "AIFF",
    b"\x1aE\xdf\xa3": "Matroska",
}  # fmt: skip
_BLOCK_S = 0.05
_WAITING_BLOCKS = 200  # ten seconds; what comes when so much waits is lost


def piped(source: str, raw: RawSamples) -> Iterator[Samples]:
    """Give what a pipe holds, (n, n_channels) at a time, as soon as it is there.

    `source` is "-" for stdin, or a named pipe, such as MPD makes. Raises: AudioNotFound;
    AudioUnreadable; BadConfig for a terminal, and for a file's format in place of raw samples.
    """
    with _opened(source) as stream:
        is_first = True
        while content := stream.read(_READ_BYTES):
            if is_first:
                _refuse_file(content)
                is_first = False
            yield raw.push(content)


@contextlib.contextmanager
def _opened(source: str) -> Iterator[IO[bytes]]:
    if source == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise BadConfig(
                "no sound comes from the terminal",
                "pipe raw samples: ffmpeg ... -f s16le - | affetto live -",
            )
        with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as stream:
            yield stream
        return
    try:
        opened = Path(source).open("rb", buffering=0)  # noqa: SIM115
    except FileNotFoundError as error:
        raise AudioNotFound(f"{display(source)}: there is no such pipe") from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise AudioUnreadable(f"{display(source)}: it cannot be read ({reason})") from error
    with opened as stream:
        yield stream


def _refuse_file(content: bytes) -> None:
    """Refuse what would be noise as raw samples. Raises: BadConfig."""
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            raise BadConfig(
                f"these are not raw samples but a file ({name})",
                "decode it: ffmpeg -i FILE -ac 2 -ar 44100 -f s16le - | affetto live -",
            )


def microphone(rate_hz: int, n_channels: int, device: str | None) -> Iterator[Samples]:
    """Give what a microphone hears, (n, n_channels) at a time, until the program ends.

    `device` is its number, or a part of its name. Raises: MissingExtra; UsageError for a device
    that is not there or does not do this.
    """
    sounddevice = _sounddevice()
    blocks: queue.Queue[Samples] = queue.Queue(_WAITING_BLOCKS)
    lost = threading.Event()

    def hear(block: Samples, *_: Any) -> None:
        try:
            blocks.put_nowait(block.copy())
        except queue.Full:
            lost.set()

    try:
        with sounddevice.InputStream(
            samplerate=rate_hz,
            channels=n_channels,
            blocksize=round(_BLOCK_S * rate_hz),
            device=int(device) if device is not None and device.isdecimal() else device,
            dtype="float32",
            callback=hear,
        ) as stream:
            say("listening", "Ctrl-C stops it")
            while stream.active or not blocks.empty():
                if lost.is_set():
                    lost.clear()
                    say("scoring is too slow, so some sound was lost", "give a longer --hop-s")
                with contextlib.suppress(queue.Empty):
                    yield blocks.get(timeout=1.0)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise UsageError(
            f"the microphone cannot be used ({' '.join(str(error).split())})",
            "choose with --device, --rate and --channels; `python -m sounddevice` lists them",
        ) from error


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "the microphone needs sounddevice",
            "run: pip install 'affetto[live]', or pipe sound into: affetto live -",
        ) from error
    except OSError as error:  # its wheel for Linux comes without PortAudio
        raise UsageError(
            "the microphone needs PortAudio, which is not there",
            "install it (Debian: apt install libportaudio2), or pipe sound into: affetto live -",
        ) from error
    return sounddevice
