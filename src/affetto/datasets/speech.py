"""Sounds like speech, made of numbers: no language, but voices, syllables, phrases and pauses.

A source (pulses of the voice, breath, hiss) goes through the resonances of a mouth that moves from
vowel to vowel. Vowels are those of G. Peterson and H. Barney, "Control methods used in a study of
the vowels", JASA 24, 1952; the cascade of resonances is that of D. Klatt, "Software for a
cascade/parallel formant synthesizer", JASA 67, 1980. Rates, melodies and noises are our choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affetto.datasets.sounds import (
    BINS_HZ,
    FRAMES_PER_S,
    HOP_LENGTH,
    N_FRAMES,
    N_SAMPLES,
    SAMPLE_RATE,
    Random,
    Samples,
    band,
    engine,
    gates,
    noise,
    room,
    shaped,
    static,
    wander,
)

_VOWELS_HZ = np.asarray(
    [
        (270, 2290, 3010),
        (390, 1990, 2550),
        (530, 1840, 2480),
        (660, 1720, 2410),
        (730, 1090, 2440),
        (570, 840, 2410),
        (440, 1020, 2240),
        (300, 870, 2240),
        (640, 1190, 2390),
        (490, 1350, 1690),
    ],
    np.float64,
)
_WIDTHS_HZ = np.asarray([70, 100, 150, 250], np.float64)


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker: pitch and its range in octaves, the mouth's size, syllables a second, breath."""

    pitch_hz: float
    range_octaves: float
    size: float
    syllables_per_s: float
    breath: float


class _Track:
    """What the mouth does, a value a frame."""

    def __init__(self) -> None:
        self.voiced = np.zeros(N_FRAMES)
        self.hiss = np.zeros(N_FRAMES)
        self.octaves = np.zeros(N_FRAMES)
        self.hiss_hz = np.full(N_FRAMES, 4000.0)
        self.formants_hz = np.tile(_VOWELS_HZ[8], (N_FRAMES, 1))


def talk(rng: Random, voice: Voice) -> Samples:
    """Give 10 s of somebody talking, with pauses."""
    track = _spoken(rng, voice)
    octaves = _smooth(track.octaves, 0.08) + 0.01 * rng.standard_normal(N_FRAMES)
    frame_of_sample = np.arange(N_SAMPLES) / HOP_LENGTH
    pitch = np.interp(frame_of_sample, np.arange(N_FRAMES), voice.pitch_hz * 2**octaves)
    turns = np.cumsum(pitch) / SAMPLE_RATE
    pulses = np.diff(np.floor(turns), prepend=0.0) * np.sqrt(SAMPLE_RATE / pitch)
    pulses *= wander(rng, 0.85, 1.1, 60)
    breath = rng.standard_normal(N_SAMPLES)
    voiced = np.interp(frame_of_sample, np.arange(N_FRAMES), _smooth(track.voiced, 0.02))
    hiss = np.interp(frame_of_sample, np.arange(N_FRAMES), _smooth(track.hiss, 0.012))
    tilt = 1 / np.sqrt(1 + (BINS_HZ / rng.uniform(300, 900)) ** 2)  # of glottis and lips together
    mouth = _mouth(np.stack([_smooth(f, 0.05) for f in track.formants_hz.T], axis=1), voice.size)
    sound = shaped(pulses * voiced + voice.breath * breath * voiced, mouth * tilt)
    width = rng.uniform(0.3, 0.9) * track.hiss_hz
    hissed = shaped(
        breath * hiss, 1 / np.sqrt(1 + ((BINS_HZ - track.hiss_hz[:, None]) / width[:, None]) ** 4)
    )
    return sound / max(float(sound.std()), 1e-9) + 0.5 * hissed


def _spoken(rng: Random, voice: Voice) -> _Track:
    track = _Track()
    at = rng.uniform(0, 0.6) * FRAMES_PER_S
    while at < N_FRAMES:
        n_syllables = int(rng.integers(2, 14))
        first_octaves = voice.range_octaves * rng.uniform(0.2, 0.7)
        fall = voice.range_octaves * rng.uniform(0.4, 1.3)
        ends_up = rng.random() < 0.2  # a question
        for number in range(n_syllables):
            place = number / n_syllables
            octaves = first_octaves - fall * place + voice.range_octaves * rng.normal(0, 0.25)
            if ends_up and number == n_syllables - 1:
                octaves += voice.range_octaves
            at = _syllable(rng, track, at, voice, octaves, is_last=number == n_syllables - 1)
        at += rng.choice([0.15, 0.4, 0.8, 1.5], p=[0.4, 0.35, 0.2, 0.05]) * FRAMES_PER_S
    return track


def _syllable(
    rng: Random, track: _Track, at: float, voice: Voice, octaves: float, is_last: bool
) -> float:
    """Write one syllable from frame `at`; give the frame behind it."""
    length_s = rng.lognormal(0, 0.35) / voice.syllables_per_s * (1.5 if is_last else 1)
    at = _consonant(rng, track, at, octaves)
    end = at + max(0.05, 0.65 * length_s) * FRAMES_PER_S
    vowel = slice(round(at), round(end))
    track.voiced[vowel] = rng.uniform(0.5, 1)
    n = len(track.octaves[vowel])
    track.octaves[vowel] = octaves + np.linspace(0.1, -0.1, n) * rng.normal(1, 1)
    target, other = _VOWELS_HZ[rng.integers(0, len(_VOWELS_HZ), 2)]
    glide = np.linspace(0, rng.choice([0.2, 0.9], p=[0.7, 0.3]), n)[:, None]
    track.formants_hz[vowel] = target * (1 - glide) + other * glide
    return _consonant(rng, track, end, octaves) if rng.random() < 0.4 else end


def _consonant(rng: Random, track: _Track, at: float, octaves: float) -> float:
    kinds = ("none", "hiss", "stop", "nasal", "voiced hiss")
    kind = rng.choice(kinds, p=[0.15, 0.25, 0.3, 0.2, 0.1])
    if kind == "none":
        return at
    end = at + rng.uniform(0.04, 0.13) * FRAMES_PER_S
    part = slice(round(at), round(end))
    track.octaves[part] = octaves
    if kind == "stop":  # closed, then a burst
        burst = slice(round(end), round(end + rng.uniform(0.008, 0.05) * FRAMES_PER_S) + 1)
        track.hiss[burst] = rng.uniform(0.3, 1.2)
        track.hiss_hz[burst] = rng.choice([800.0, 1800.0, 4000.0])
        track.voiced[part] = rng.choice([0, 0.08])
        return float(burst.stop)
    if kind == "nasal":
        track.voiced[part] = 0.35
        track.formants_hz[part] = (250, rng.uniform(1000, 1800), 2300)
        return end
    track.hiss[part] = rng.uniform(0.15, 1)
    track.hiss_hz[part] = rng.choice([1800.0, 2800.0, 4500.0, 6500.0, 8000.0])
    track.voiced[part] = 0.2 if kind == "voiced hiss" else 0
    return end


def _mouth(formants_hz: Samples, size: float) -> Samples:
    """Give the gains (n_frames, n_bins) of a cascade of four resonances."""
    gains = np.ones((N_FRAMES, len(BINS_HZ)))
    fourth = np.full((N_FRAMES, 1), 3500.0)
    for center, width in zip(
        np.concatenate([formants_hz, fourth], axis=1).T / size, _WIDTHS_HZ, strict=True
    ):
        square = center[:, None] ** 2
        gains *= square / np.sqrt((square - BINS_HZ**2) ** 2 + (width * BINS_HZ) ** 2)
    return gains


def _smooth(values: Samples, length_s: float) -> Samples:
    n = max(1, round(length_s * FRAMES_PER_S))
    return np.convolve(np.pad(values, n, "edge"), np.full(n, 1 / n), "same")[n:-n]


def _voice(rng: Random, pitch_hz: tuple[float, float], size: tuple[float, float]) -> Voice:
    return Voice(
        pitch_hz=rng.uniform(*pitch_hz),
        range_octaves=rng.uniform(0.1, 0.7),
        size=rng.uniform(*size),
        syllables_per_s=rng.uniform(3, 7),
        breath=10 ** rng.uniform(-2.5, -0.8),
    )


def _low(rng: Random) -> Voice:
    return _voice(rng, (80, 150), (0.95, 1.12))


def _high(rng: Random) -> Voice:
    return _voice(rng, (160, 260), (0.8, 0.95))


def _any(rng: Random) -> Voice:
    return _low(rng) if rng.random() < 0.5 else _high(rng)


def low_voice(rng: Random) -> Samples:
    return talk(rng, _low(rng)) + 10 ** rng.uniform(-3.5, -1.5) * noise(rng, -4)


def high_voice(rng: Random) -> Samples:
    return talk(rng, _high(rng)) + 10 ** rng.uniform(-3.5, -1.5) * noise(rng, -4)


def child(rng: Random) -> Samples:
    return talk(rng, _voice(rng, (240, 420), (0.65, 0.8))) + 0.01 * noise(rng, -4)


def voice_in_room(rng: Random) -> Samples:
    sound = room(rng, talk(rng, _any(rng)), rng.uniform(0.3, 2.5), rng.uniform(0.2, 1))
    return sound + 10 ** rng.uniform(-3, -1) * noise(rng, -3)


def telephone(rng: Random) -> Samples:
    sound = talk(rng, _any(rng)) + 10 ** rng.uniform(-2, -0.7) * noise(rng)
    return np.tanh(rng.uniform(0.3, 3) * shaped(sound, band(300, 3400)))


def voice_on_air(rng: Random) -> Samples:
    """A station that is not quite tuned in."""
    sound = talk(rng, _any(rng)) * wander(rng, 0.2, 1.5, 0.7)
    return shaped(sound, band(200, 4000)) + rng.uniform(0.2, 1) * static(rng)


def dialogue(rng: Random) -> Samples:
    turns = gates(rng, (0.8, 3), (0.8, 3))
    sound = talk(rng, _low(rng)) * turns + talk(rng, _high(rng)) * (1 - turns)
    return sound + 0.01 * noise(rng, -3)


def babble(rng: Random) -> Samples:
    voices = sum((talk(rng, _any(rng)) for _ in range(rng.integers(3, 9))), np.zeros(N_SAMPLES))
    return room(rng, voices, rng.uniform(0.4, 2), 0.7)


def whisper(rng: Random) -> Samples:
    voice = _voice(rng, (100, 200), (0.8, 1.1))
    without_pitch = replace(voice, pitch_hz=1.0, range_octaves=0.0, breath=rng.uniform(0.5, 2))
    return talk(rng, without_pitch) + 0.02 * noise(rng, -3)


def shouting(rng: Random) -> Samples:
    loud = replace(_voice(rng, (250, 450), (0.8, 1.05)), range_octaves=0.8, syllables_per_s=3.5)
    sound = np.tanh(2 * talk(rng, loud))
    return room(rng, sound, 1.0, 0.5) + rng.uniform(0, 0.5) * noise(rng, -5)


def voice_in_car(rng: Random) -> Samples:
    motor = engine(rng)
    return talk(rng, _any(rng)) + rng.uniform(0.2, 0.9) / float(motor.std()) * motor
