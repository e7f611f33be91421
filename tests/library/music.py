"""Small songs with tags, and a library that is filled with them in this process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import mutagen
import numpy as np
import soundfile

from affetto import bundles
from affetto.library import Library
from affetto.library.metadata import read_metadata
from affetto.library.recording import Recorder
from affetto.library.walk import Walk, stamp_of
from affetto.prediction import predict

RATE_HZ = 8_000


def write_song(path: Path, seed: int = 0, duration_s: float = 1.0, level: float = 0.1) -> Path:
    """Write noise that no other seed gives, in the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).standard_normal(round(duration_s * RATE_HZ))
    # A name that is not UTF-8 is nothing for soundfile.
    with path.open("wb") as file:
        kind = path.suffix.removeprefix(".").upper()
        soundfile.write(file, (level * noise).astype(np.float32), RATE_HZ, format=kind)
    return path


def write_album(folder: Path, names: Iterable[str] = ("a/1.wav", "a/2.wav", "b/1.wav")) -> Path:
    """Write songs of these names below a folder, each another noise."""
    for seed, name in enumerate(names):
        write_song(folder / name, seed)
    return folder


def set_tags(path: Path, tags: Mapping[str, str]) -> None:
    """Write tags as other programs do."""
    file = mutagen.File(path, easy=True)
    for name, text in tags.items():
        file[name] = text
    file.save()


def fill(library: Library, folder: Path, bundle: Path) -> None:
    """Record every song below a folder, as a scan does, but in this process."""
    loaded = bundles.load(bundle)
    recorder = Recorder(library.connection, loaded)
    for path, stamp in Walk.of([folder]).files():
        assert stamp == stamp_of(path)
        recorder.add(path, stamp, read_metadata(path), predict(path, loaded))


def names_of(library: Library, folder: Path) -> list[str]:
    """Give the paths below a folder of the songs in a library."""
    return [
        os.path.relpath(track.path, os.path.realpath(folder)).replace(os.sep, "/")
        for track in library.tracks()
    ]
