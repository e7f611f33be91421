"""Make what the benchmark listens to: a song in each format, and a long MP3.

    python benchmarks/sounds.py FOLDER --duration-s 240 --long-s 3600

The music is that of `examples/`, piece after piece, each time in another key, at another level
and with its channels swapped or not, so that no encoder meets the same second twice.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile
import soxr

EXAMPLES = Path(__file__).parents[1] / "examples"
SAMPLE_RATE = 44_100

# As people have them: LAME's V2 (about 190 kbit/s), 16 bit, Vorbis at quality 6.
FORMATS: dict[str, dict[str, object]] = {
    "mp3": {"format": "MP3", "bitrate_mode": "VARIABLE", "compression_level": 0.2},
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
    "ogg": {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.4},
}
SONG, LONG = "song", "long.mp3"

_SEMITONES = (0, -2, 3, -4, 1, 5, -1, 2)
_GAINS = (0.9, 0.6, 0.75, 0.5, 0.8)

Samples = npt.NDArray[np.float32]


def music(duration_s: float) -> Iterator[Samples]:
    """Give blocks (n_frames, 2) of at most a second at 44.1 kHz, `duration_s` in all."""
    pieces = [
        soundfile.read(path, dtype="float32", always_2d=True)
        for path in sorted(EXAMPLES.glob("*.opus"))
    ]
    n_left = round(duration_s * SAMPLE_RATE)
    turn = 0
    while n_left:
        samples, sample_rate = pieces[turn % len(pieces)]
        # Played faster, it is higher, too: all of the spectrum moves.
        speed = 2 ** (_SEMITONES[turn % len(_SEMITONES)] / 12)
        part = soxr.resample(samples, sample_rate * speed, SAMPLE_RATE)[:n_left]
        part = part[:, :: -1 if turn % 3 == 1 else 1] * np.float32(_GAINS[turn % len(_GAINS)])
        for first in range(0, len(part), SAMPLE_RATE):
            yield part[first : first + SAMPLE_RATE]
        n_left -= len(part)
        turn += 1


def write_song(folder: Path, duration_s: float) -> None:
    """Write `song.<suffix>` for each of FORMATS, all of the same music."""
    with ExitStack() as stack:
        files = [
            stack.enter_context(
                soundfile.SoundFile(folder / f"{SONG}.{suffix}", "w", SAMPLE_RATE, 2, **settings)
            )
            for suffix, settings in FORMATS.items()
        ]
        for block in music(duration_s):
            for file in files:
                file.write(block)


def write_long(song: Path, path: Path, duration_s: float) -> None:
    """Write an MP3 with the encoded frames of `song` over and over: encoding takes minutes."""
    with av.open(str(song)) as source, av.open(str(path), "w", format="mp3") as target:
        track = source.streams.audio[0]
        copy = target.add_stream_from_template(track)
        assert track.time_base is not None
        n_ticks, end = round(duration_s / track.time_base), 0
        while end < n_ticks:
            source.seek(0)
            start = end
            for packet in source.demux(track):
                if packet.pts is None or end >= n_ticks:
                    continue
                packet.pts = packet.dts = end = start + packet.pts
                end += packet.duration or 0
                packet.stream = copy
                target.mux(packet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--duration-s", type=float, default=240.0)
    parser.add_argument("--long-s", type=float, default=3600.0)
    options = parser.parse_args()
    write_song(options.folder, options.duration_s)
    write_long(options.folder / f"{SONG}.mp3", options.folder / LONG, options.long_s)


if __name__ == "__main__":
    main()
