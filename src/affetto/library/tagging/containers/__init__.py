"""Where each format keeps the fields, and how a copy with other fields is made.

    ID3v2    MP3, TTA, WAV, AIFF        TMOO in 2.4, TXXX:MOOD before; TXXX:AFFETTO_...
    Vorbis   FLAC, Ogg Vorbis, Opus,    MOOD, AFFETTO_...
             Speex, FLAC in Ogg
    APEv2    WavPack, Musepack,         MOOD, AFFETTO_...
             Monkey's Audio, TAK, OptimFROG
    MP4      M4A, M4B, MP4              ----:com.apple.iTunes:MOOD and :AFFETTO_...
    ASF      WMA, WMV                   WM/Mood, AFFETTO_...

A container is read once and never changes the file it was read from; `save_copy` writes another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from affetto.audio import display
from affetto.errors import TagDamaged, TagUnsupported
from affetto.library.tagging.containers.ape import ApeItems
from affetto.library.tagging.containers.asf import AsfAttributes
from affetto.library.tagging.containers.base import HINT, Container, Held
from affetto.library.tagging.containers.id3 import AiffId3, PrefixedId3, WavId3
from affetto.library.tagging.containers.mp4 import Mp4Items
from affetto.library.tagging.containers.vorbis import FlacComments, OggComments

__all__ = ["Container", "Held", "open_container"]


def open_container(path: Path) -> Container:
    """Read a file's tags. Raises: TagUnsupported, TagDamaged, OSError."""
    import mutagen

    with path.open("rb"):  # what cannot be opened is an OSError, which mutagen would hide
        pass
    kinds = _kinds()
    try:
        file = mutagen.File(path, list(kinds))
        if file is not None:
            container = kinds[type(file)](path, file)
            container.sample_rate = getattr(file.info, "sample_rate", 0) or Container.sample_rate
            return container
    except mutagen.MutagenError as error:
        raise TagDamaged(
            f"{display(path)}: its tags cannot be read ({display(str(error))})", HINT
        ) from error
    except TagDamaged as error:
        raise TagDamaged(f"{display(path)}: {error.message}", error.hint) from error
    raise TagUnsupported(
        f"{display(path)}: moods cannot be written into this format", "see docs/tagging.md"
    )


def _kinds() -> dict[type, Callable[[Path, Any], Container]]:
    """Say which container the files have that mutagen tells apart by content and name."""
    from mutagen.aiff import AIFF
    from mutagen.asf import ASF
    from mutagen.flac import FLAC
    from mutagen.monkeysaudio import MonkeysAudio
    from mutagen.mp3 import MP3
    from mutagen.mp4 import MP4
    from mutagen.musepack import Musepack
    from mutagen.oggflac import OggFLAC
    from mutagen.oggopus import OggOpus
    from mutagen.oggspeex import OggSpeex
    from mutagen.oggvorbis import OggVorbis
    from mutagen.optimfrog import OptimFROG
    from mutagen.tak import TAK
    from mutagen.trueaudio import TrueAudio
    from mutagen.wave import WAVE
    from mutagen.wavpack import WavPack

    return {
        **dict.fromkeys((MP3, TrueAudio), PrefixedId3),
        WAVE: WavId3,
        AIFF: AiffId3,
        FLAC: FlacComments,
        **dict.fromkeys((OggVorbis, OggOpus, OggSpeex, OggFLAC), OggComments),
        **dict.fromkeys((WavPack, Musepack, MonkeysAudio, TAK, OptimFROG), ApeItems),
        MP4: Mp4Items,
        ASF: AsfAttributes,
    }
