"""Front ends: from mono sound to spectrograms, the same code in training and prediction.

A front end is local: a frame depends on the sound around it and on nothing else of the file.
Frames are computed in fixed blocks, so that a stream gives bit for bit what the whole gives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, Protocol

from affetto.core import FloatArray, Spectrogram, Waveform
from affetto.errors import BadConfig
from affetto.registry import Registry

FRONT_ENDS = Registry(
    "front end",
    "frontends",
    {
        "logmel": ("affetto.frontends.logmel:LogMel", "log-power mel spectrogram"),
        "mel_pitch": (
            "affetto.frontends.melpitch:MelPitch",
            "log-power mel spectrogram, and the levels of single pitches",
        ),
        "bark": ("affetto.frontends.bark:Bark", "level of 23 critical bands, chroma on demand"),
    },
)


class FrameStream(Protocol):
    """Takes samples as they arrive and gives frames as soon as they are complete."""

    def push(self, samples: FloatArray) -> FloatArray:
        """Take samples (n,) and give the frames (n_bins, n_frames) that they complete."""

    def finish(self) -> FloatArray:
        """Give the frames that are left once all samples have come."""


class FrontEnd(Protocol):
    """What every front end offers."""

    name: str
    revision: int
    sample_rate: int
    hop_length: int
    n_pitches: int
    """How many of the rows, the last ones, are single pitches; sound that cannot tell pitches
    apart has the floor there."""

    @property
    def n_bins(self) -> int: ...
    @property
    def config(self) -> Any: ...
    @property
    def floor(self) -> float:
        """The value of digital silence."""
        ...

    def frames(self) -> FrameStream: ...

    def reach(self, first: int, last: int) -> tuple[int, int]:
        """Say what the frames from `first` to `last` hang on: the frame on which a stream may
        begin that gives the same ones, and the sample up to which it needs the sound."""
        ...


def build(name: str, config: Mapping[str, Any]) -> FrontEnd:
    """Make a front end from its name and settings. Raises: UnknownName, BadConfig."""
    cls = FRONT_ENDS.load(name)
    known = {field.name for field in fields(cls.Config)}
    unknown = sorted(set(config) - known)
    if unknown:
        raise BadConfig(
            f"front end {name} has no setting {', '.join(unknown)}",
            f"known: {', '.join(sorted(known))}",
        )
    front_end: FrontEnd = cls(cls.Config(**config))
    return front_end


def describe(front_end: FrontEnd) -> dict[str, Any]:
    """Give {name, revision, config}: what a bundle keeps to build the front end again."""
    return {
        "name": front_end.name,
        "revision": front_end.revision,
        "config": asdict(front_end.config),
    }


def fingerprint(front_end: FrontEnd) -> str:
    """Hash name, revision and settings: equal where the numbers are. 16 hexadecimal digits."""
    text = json.dumps(describe(front_end), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def spectrogram(front_end: FrontEnd, blocks: Waveform | Iterable[Waveform]) -> Spectrogram:
    """Give the spectrogram of sound at the front end's rate, whole or in blocks.

    Shapes: n_samples in all -> (n_bins, 1 + n_samples // hop_length). Raises: BadConfig when
    the sample rate is another.
    """
    import numpy as np

    stream = front_end.frames()
    parts: list[FloatArray] = []
    for block in [blocks] if isinstance(blocks, Waveform) else blocks:
        if block.sample_rate != front_end.sample_rate:
            raise BadConfig(
                f"the front end wants {front_end.sample_rate} Hz, not {block.sample_rate} Hz"
            )
        parts.append(stream.push(block.samples))
    parts.append(stream.finish())
    return Spectrogram(
        values=np.concatenate(parts, axis=1),
        sample_rate=front_end.sample_rate,
        hop_length=front_end.hop_length,
        fingerprint=fingerprint(front_end),
    )
