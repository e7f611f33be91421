"""Sound that is no music, made by the program from fixed seeds: what teaches the head `music`.

No files are needed. Each family is a group, so that cross-validation asks about families that were
not trained on; relatives (two voices, two kinds of noise) stand in different folds. A clip is 10 s,
at a level between -50 and -3 dB of full scale, a third of them band-limited as old or cheap
recordings are. What is learnt is measured on real speech and noise; docs/datasets.md has figures.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from affetto import audio
from affetto.core import Dataset, Example, Spectrogram
from affetto.datasets import sounds, speech
from affetto.datasets.base import Loader, Loading, Source, dataset_of, section_of
from affetto.datasets.sounds import SAMPLE_RATE, Maker, Samples
from affetto.datasets.splits import N_FOLDS
from affetto.frontends import FrontEnd, spectrogram
from affetto.vocabularies import load as load_vocabulary

N_CLIPS = 7  # a family

FAMILIES: Mapping[str, Maker] = {
    "low voice": speech.low_voice,
    "high voice": speech.high_voice,
    "voice in a room": speech.voice_in_room,
    "telephone voice": speech.telephone,
    "dialogue": speech.dialogue,
    "babble": speech.babble,
    "child": speech.child,
    "voice in a car": speech.voice_in_car,
    "shouting": speech.shouting,
    "voice on the air": speech.voice_on_air,
    "whisper": speech.whisper,
    "steady noise": sounds.steady_noise,
    "gated noise": sounds.gated_noise,
    "filtered noise": sounds.filtered_noise,
    "radio static": sounds.static,
    "quiet room": sounds.quiet_room,
    "hum": sounds.hum,
    "test tone": sounds.test_tone,
    "sweep": sounds.sweep,
    "dialing": sounds.dialing,
    "beeps": sounds.beeps,
    "siren": sounds.siren,
    "ringing": sounds.ringing,
    "ticks": sounds.ticks,
    "crackle": sounds.crackle,
    "typing": sounds.typing,
    "impacts": sounds.impacts,
    "engine": sounds.engine,
    "rotor": sounds.rotor,
    "rain": sounds.rain,
    "wind": sounds.wind,
    "applause": sounds.applause,
    "chirps": sounds.chirps,
    "barks": sounds.barks,
    "game effects": sounds.effects,
    "motor": sounds.motor,
}
"""The makers by family. Its order deals out the folds, so relatives stand side by side."""

_SOURCE = Source(
    name="not_music",
    folder="",
    license="MIT, as affetto: every sound is made by the program",
    citation=(
        "made by affetto, 2026; voices after D. Klatt, Software for a cascade/parallel formant "
        "synthesizer, Journal of the Acoustical Society of America 67, 1980"
    ),
    url="https://doi.org/10.1121/1.383940",
    obtain="it needs no files: the program makes it",
)


def made(family: str, number: int) -> Samples:
    """Give clip `number` of a family: 10 s at 22,050 Hz, the same in every call.

    >>> made("hum", 0).shape
    (220500,)
    """
    rng = np.random.default_rng([number, zlib.crc32(family.encode())])
    samples = FAMILIES[family](rng)
    if rng.random() < 1 / 3:
        samples = sounds.shaped(
            samples, sounds.band(rng.uniform(20, 300), rng.uniform(3_000, 9_000))
        )
    level_db = rng.uniform(-50, -3)
    return np.asarray(samples / np.abs(samples).max() * 10 ** (level_db / 20))


def _read(example: Example, front_end: FrontEnd) -> Spectrogram:
    family, _, number = example.song.rpartition(" ")
    samples = made(family, int(number)).astype(np.float32)
    with audio.stream((samples, SAMPLE_RATE), front_end.sample_rate) as blocks:
        return section_of(spectrogram(front_end, blocks), example)


def _load(root: Path, loading: Loading) -> Dataset:
    """Name the clips; they are made as they are read."""
    vocabulary = load_vocabulary("none")
    examples = [
        Example(
            id=f"not_music/{family.replace(' ', '_')}-{number}",
            path=Path("not_music") / f"{family.replace(' ', '_')}-{number}",
            group=f"not_music: {family}",
            song=f"{family} {number}",
            labels=np.zeros(0, np.float32),
        )
        for family in FAMILIES
        for number in range(N_CLIPS)
    ]
    return dataset_of(
        _SOURCE,
        vocabulary,
        examples,
        loading,
        _read,
        None,  # made anew: a cache would be keyed by files
        folds={f"not_music: {family}": i % N_FOLDS for i, family in enumerate(FAMILIES)},
        is_music=False,
    )


load = Loader(_SOURCE, _load)
