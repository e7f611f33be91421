"""From files to sound: find, decode, mix down, resample, hash, and say what was wrong.

Aim: every file that holds sound gives the same mono samples however it is read, every file
that does not gives one plain sentence, and nothing in between is kept quiet.

    find      folders and files -> paths, in a fixed order
    stream    a source -> blocks of mono float32 sound, memory flat
    read      the same sound in one piece, equal bit for bit

Conventions: all channels are decoded at the file's own rate and averaged here in float32
(FFmpeg's own down-mix depends on the sample format), then resampled by soxr HQ. What is odd
but usable comes as a `Notice` in `AudioInfo`; what is not usable raises an `AudioError`.
"""

from affetto.audio.paths import SUFFIXES, display, find
from affetto.audio.streaming import AudioInfo, AudioSource, AudioStream, read, stream

__all__ = [
    "SUFFIXES",
    "AudioInfo",
    "AudioSource",
    "AudioStream",
    "display",
    "find",
    "read",
    "stream",
]
