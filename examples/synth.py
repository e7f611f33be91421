"""A small orchestra in NumPy: the instruments, effects and mixing desk behind ``compose.py``.

Every instrument returns a mono array at 48 kHz. Pitches are MIDI numbers (60 is middle C),
``vel`` runs from 0 to 1 and changes the tone color as well as the loudness, and ``rng`` makes
no two notes alike. Oscillators are band-limited and waveshaping is oversampled, so nothing
aliases audibly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

SR = 48_000
Array = NDArray[np.float64]
Rng = np.random.Generator
Stage = Callable[[Array], NDArray[np.complex128]]

# ---------------------------------------------------------------- notation


class Note(NamedTuple):
    """One note of a part: onset and length in beats, MIDI pitch, loudness from 0 to 1."""

    beat: float
    length: float
    pitch: int
    vel: float


def pitch(name: str) -> int:
    """Return the MIDI number of a pitch such as ``"C4"``, ``"Bb3"`` or ``"F#5"``."""
    letter, accidental, octave = re.fullmatch(r"([A-G])([#b]?)(-?\d)", name).groups()  # type: ignore[union-attr]
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[letter]
    return 12 * (int(octave) + 1) + step + {"#": 1, "b": -1, "": 0}[accidental]


def chord(names: str) -> list[int]:
    """Return the MIDI numbers of several pitches: ``chord("D4 F4 Bb4")``."""
    return [pitch(name) for name in names.split()]


def tune(text: str, start: float = 0.0, vel: float = 0.75) -> list[Note]:
    """Read a melody such as ``"D5:.5 F5 -:1 G5!:2"``.

    Each word is a pitch or a rest (``-``), ``!`` for an accent, and a length in beats that
    stays in force until the next one.
    """
    notes, beat, length = [], start, 1.0
    for word in text.replace("|", " ").split():
        name, _, value = word.partition(":")
        length = float(value) if value else length
        if name != "-":
            accent = name.endswith("!")
            notes.append(Note(beat, length, pitch(name.rstrip("!")), min(1.0, vel + 0.2 * accent)))
        beat += length
    return notes


def hz(midi: float | Array) -> Array:
    """Return the frequency of a (possibly fractional) MIDI pitch."""
    return np.asarray(440.0 * 2.0 ** ((np.asarray(midi) - 69.0) / 12.0))


def clock(seconds: float) -> Array:
    """Return the sample times of a sound this long."""
    return np.arange(max(1, round(seconds * SR))) / SR


# ---------------------------------------------------------------- filters (analog prototypes)


def lowpass(f0: float, q: float = 0.707) -> Stage:
    """Second-order low-pass."""
    return lambda f: 1 / (1 + 1j * f / f0 / q - (f / f0) ** 2)


def highpass(f0: float, q: float = 0.707) -> Stage:
    """Second-order high-pass."""
    return lambda f: -((f / f0) ** 2) / (1 + 1j * f / f0 / q - (f / f0) ** 2)


def bell(f0: float, db: float, q: float = 1.0) -> Stage:
    """Peak or dip of ``db`` decibels around ``f0``."""
    a = 10 ** (db / 40)
    return lambda f: (
        (1 + 1j * f / f0 * a / q - (f / f0) ** 2) / (1 + 1j * f / f0 / (a * q) - (f / f0) ** 2)
    )


def equalize(x: Array, *stages: Stage) -> Array:
    """Run ``x`` (any shape, time last) through filter stages in the frequency domain."""
    n = x.shape[-1]
    size = n + SR // 4
    f = np.fft.rfftfreq(size, 1 / SR)
    response = np.ones(len(f), dtype=np.complex128)
    for stage in stages:
        response *= stage(f)
    return np.asarray(np.fft.irfft(np.fft.rfft(x, size) * response, size)[..., :n])


# ---------------------------------------------------------------- oscillators and envelopes


def swell(t: Array, dur: float, attack: float, release: float) -> Array:
    """Return a raised-cosine attack, a plateau until ``dur``, and an exponential release."""
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(t / attack, 0, 1))
    return np.asarray(rise * np.exp(-np.maximum(0, t - dur) / release * 4))


def buzz(freq: Array, rolloff: Array | float, top: float = 17_000.0) -> Array:
    """Sum all harmonics below ``top``, each ``rolloff`` (< 1) times the one before it.

    The sum is a geometric series, so one closed expression gives the band-limited tone.
    """
    count = max(1, int(top / freq.max()))
    phase = 2 * np.pi * np.cumsum(freq) / SR
    q = np.minimum(rolloff, 0.995) * np.exp(1j * phase)
    return np.asarray((q * (1 - q**count) / (1 - q)).imag)


def noise(n: int, rng: Rng, *stages: Stage) -> Array:
    """White noise through filter stages."""
    return equalize(rng.standard_normal(n), *stages)


# ---------------------------------------------------------------- strings and keys


def pluck(
    midi: float,
    dur: float,
    vel: float,
    rng: Rng,
    *,
    t60: float = 3.0,
    bright: float = 0.5,
    damping: float = 0.3,
    position: float = 0.18,
) -> Array:
    """Plucked string (Karplus-Strong with a tuned loop): guitar, ukulele, electric bass.

    The first period has a prescribed spectrum (pluck position, velocity) with random phases;
    the loop then filters it period by period.
    """
    f0 = float(hz(midi))
    period = SR / f0
    whole = int(period - 2.5)
    d = period - whole - 1.0  # the fractional delay, 1.5 to 2.5 samples
    lagrange = [float(np.prod([(d - j) / (i - j) for j in range(4) if j != i])) for i in range(4)]
    loop = np.convolve([damping / 2, 1 - damping, damping / 2], lagrange)
    loop *= 10 ** (-3 / (f0 * t60))
    size = whole + len(loop)
    k = np.arange(1, size // 2)
    slope = 2.1 - 1.2 * bright - 0.7 * vel
    magnitude = np.abs(np.sin(np.pi * k * position)) / k**slope / (1 + (k * f0 / 9000) ** 4)
    spectrum = np.zeros(size // 2 + 1, dtype=np.complex128)
    spectrum[1 : len(k) + 1] = magnitude * np.exp(2j * np.pi * rng.random(len(k)))
    burst = np.fft.irfft(spectrum, size)
    release = 0.05
    n = round((dur + 4 * release) * SR)
    y = np.zeros(size + n)
    y[:size] = burst / np.sqrt(np.mean(burst**2))
    for start in range(size, size + n, whole):
        stop = min(start + whole, size + n)
        y[start:stop] = np.convolve(y[start - size + 1 : stop - whole], loop, "valid")[
            : stop - start
        ]
    t = np.arange(n) / SR
    return np.asarray(0.3 * vel * y[size:] * swell(t, dur, 0.002, release * 3))


def piano(midi: int, dur: float, vel: float, rng: Rng) -> Array:
    """Piano: stretched partials of three strings, two-stage decay, hammer thump."""
    f0 = float(hz(midi))
    release = 0.25
    t = clock(dur + 1.5 * release)
    y = np.zeros(len(t))
    life = 14.0 * 2 ** (-(midi - 36) / 18)
    stiffness = 1e-4 * 2 ** ((midi - 48) / 12)
    for k in range(1, 40):
        f = k * f0 * np.sqrt(1 + stiffness * k * k)
        if f > 9000:
            break
        level = abs(np.sin(np.pi * k / 7.3)) + 0.1
        level *= np.exp(-f / (700 + 2600 * vel**1.5)) / k**0.6
        t60 = life / (1 + (f / 1500) ** 1.1)
        fast, slow = np.exp(-6.9 * t / (0.35 * t60)), np.exp(-6.9 * t / (1.3 * t60))
        beating = sum(
            np.sin(2 * np.pi * f * (1 + cents * 5.8e-4) * t + rng.uniform(0, 0.6))
            for cents in rng.normal(0, 0.5, 2)
        )
        y += level * (0.7 * fast + 0.3 * slow) * beating
    thump = noise(len(t), rng, lowpass(500), highpass(60)) * np.exp(-t / 0.025)
    attack = np.clip(t / (0.004 - 0.003 * vel), 0, 1)
    return np.asarray(vel**1.3 * attack * (0.4 * y + 0.08 * thump) * swell(t, dur, 1e-4, release))


def organ(midi: int, dur: float, vel: float, rng: Rng) -> Array:
    """Drawbar organ with percussion and key click."""
    t = clock(dur + 0.05)
    f0 = float(hz(midi))
    bars = {0.5: 0.5, 1.0: 1.0, 1.5: 0.6, 2.0: 0.8, 3.0: 0.5, 4.0: 0.45, 6.0: 0.2, 8.0: 0.25}
    y = sum(
        a * np.sin(2 * np.pi * f0 * r * t + rng.uniform(0, 6.28))
        for r, a in bars.items()
        if f0 * r < 12_000
    )
    y = y + 1.2 * np.sin(2 * np.pi * 3 * f0 * t) * np.exp(-t / 0.12)
    click = noise(len(t), rng, highpass(1500), lowpass(6000)) * np.exp(-t / 0.004)
    return np.asarray(0.22 * vel * (y + 0.8 * click) * swell(t, dur, 0.006, 0.04))


def pan_drum(midi: int, dur: float, vel: float, rng: Rng) -> Array:
    """Steel pan: a few tuned partials that bloom one after the other."""
    t = clock(dur + 0.35)
    f0 = float(hz(midi))
    y = np.zeros(len(t))
    for ratio, level, life, bloom in (
        (1.0, 1.0, 0.35, 0.002), (2.003, 0.8, 0.28, 0.012), (3.01, 0.35, 0.18, 0.02),
        (4.02, 0.3 * vel, 0.14, 0.004), (5.4, 0.2 * vel, 0.06, 0.001),
        (8.2, 0.12 * vel, 0.03, 0.001),
    ):  # fmt: skip
        if f0 * ratio < 12_000:
            tone = np.sin(2 * np.pi * f0 * ratio * t + rng.uniform(0, 0.5))
            y += level * tone * np.exp(-t / life) * (1 - np.exp(-t / bloom))
    stick = noise(len(t), rng, highpass(900), lowpass(5000)) * np.exp(-t / 0.006)
    return np.asarray(0.5 * vel * (y + 0.15 * stick) * swell(t, dur + 0.1, 0.001, 0.2))


# ---------------------------------------------------------------- winds, bows, pads


def brass(midi: int, dur: float, vel: float, rng: Rng) -> Array:
    """Brass: the louder, the brighter; a short scoop into the note, late vibrato."""
    t = clock(dur + 0.15)
    env = swell(t, dur, 0.035 + 0.04 * (1 - vel), 0.16)
    env *= 0.78 + 0.22 * np.exp(-t / 0.12)
    vibrato = 0.005 * np.clip((t - 0.22) / 0.3, 0, 1) * np.sin(2 * np.pi * rng.uniform(5, 5.8) * t)
    drift = 1 + rng.normal(0, 0.0015) - 0.025 * np.exp(-t / 0.025) + vibrato
    tone = buzz(hz(midi) * drift, 0.42 + 0.46 * vel * env, 15_000)
    breath = noise(len(t), rng, bell(1800, 6), highpass(700), lowpass(7000))
    return np.asarray(0.3 * vel * env * (tone + 0.03 * breath))


def legato(
    notes: Sequence[Note],
    seconds: Callable[[float], float],
    *,
    glide: float,
    vibrato: float,
    attack: float,
    release: float,
    rng: Rng,
    rate: float = 5.2,
) -> tuple[Array, Array]:
    """Return the frequency and loudness curves of a phrase on an instrument that sings.

    Notes that touch are joined by a glide; others get their own attack. Vibrato (depth in
    semitones, ``rate`` in Hz) sets in late on each note.
    """
    t = clock(seconds(notes[-1].beat + notes[-1].length) + 3 * release)
    midi, loud, depth = np.zeros(len(t)), np.zeros(len(t)), np.zeros(len(t))
    midi[:] = notes[0].pitch
    previous_end = -1.0
    for note in notes:
        start, end = seconds(note.beat), seconds(note.beat + note.length)
        joined = abs(note.beat - previous_end) < 1e-6
        after = t >= start
        before = midi[after][0] if after.any() else note.pitch
        u = np.clip((t[after] - start) / (glide if joined else 0.02), 0, 1)
        midi[after] = before + (note.pitch - before) * (3 * u**2 - 2 * u**3)
        age = t - start
        arch = 0.82 + 0.18 * np.sin(np.pi * np.clip(age / (end - start), 0, 1))
        body = note.vel * arch * swell(age, end - start, attack, release) * after
        loud = np.maximum(loud, body)
        depth[after] = np.clip((age[after] - 0.18) / 0.5, 0, 1)
        previous_end = note.beat + note.length
    width = round(0.06 * SR)
    loud = np.convolve(loud, np.hanning(width) / np.hanning(width).sum(), "same")
    speed = rate + 0.3 * np.sin(2 * np.pi * 0.31 * t + rng.uniform(0, 6.28))
    wobble = vibrato * depth * np.sin(2 * np.pi * np.cumsum(speed) / SR)
    return hz(midi + wobble), loud


def hairpins(
    loud: Array, marks: Sequence[tuple[float, float]], seconds: Callable[[float], float]
) -> Array:
    """Shape a loudness curve by straight swells between marks, each a beat and a factor."""
    beats, factors = zip(*marks, strict=True)
    t = np.arange(len(loud)) / SR
    return np.asarray(loud * np.interp(t, [seconds(beat) for beat in beats], factors))


def one_of_many(freq: Array, vibrato: float, rng: Rng) -> Array:
    """Return a line as one player of a section holds it: a bit off, with a slow vibrato of its own.

    ``vibrato`` is in semitones.
    """
    t = np.arange(len(freq)) / SR
    wobble = np.sin(2 * np.pi * rng.normal(4.4, 0.25) * t + rng.uniform(0, 6.28))
    drift = np.sin(2 * np.pi * rng.uniform(0.1, 0.4) * t + rng.uniform(0, 6.28))
    off = rng.normal(0, 0.04) + 0.03 * drift + vibrato * wobble
    return np.asarray(freq * 2 ** (off / 12))


def cello(freq: Array, loud: Array, rng: Rng) -> Array:
    """Bowed string: a saw that darkens as it fades, through a wooden body, with the bow's air."""
    tone = buzz(freq * (1 + 0.0008 * noise(len(freq), rng, lowpass(20))), 0.66 + 0.25 * loud, 7000)
    bow = noise(len(freq), rng, bell(1500, 6, 0.6), highpass(300), lowpass(6000))
    body = (
        highpass(70), bell(105, 4, 3), bell(210, 6, 3), bell(420, 5, 3), bell(700, -4, 2),
        bell(1100, 3, 3), bell(2300, 3, 2), lowpass(3200),
    )  # fmt: skip
    return equalize(0.25 * loud * (tone + 0.05 * bow), *body)


def flute(freq: Array, loud: Array, rng: Rng) -> Array:
    """Wooden flute: few harmonics, breath around the tone."""
    phase = 2 * np.pi * np.cumsum(freq) / SR
    tone = np.sin(phase) + 0.35 * loud * np.sin(2 * phase + 0.4) + 0.12 * loud * np.sin(3 * phase)
    tone += 0.03 * np.sin(4 * phase)
    breath = noise(
        len(freq), rng, bell(float(np.median(freq)), 14, 3), highpass(400), lowpass(5000)
    )
    return np.asarray(0.4 * loud * (tone + 0.05 * breath))


def warm_pad(midi: int, dur: float, vel: float, rng: Rng) -> Array:
    """Three slowly beating soft voices with long edges."""
    t = clock(dur + 1.2)
    y = np.zeros(len(t))
    for cents in (-6, 1, 7):
        drift = 0.0012 * np.sin(2 * np.pi * rng.uniform(0.2, 0.6) * t + rng.uniform(0, 6.28))
        y += buzz(hz(midi + cents / 100) * (1 + drift), 0.45 + 0.15 * vel, 5000)
    return np.asarray(0.1 * vel * y * swell(t, dur, 0.7, 1.6))


# ---------------------------------------------------------------- drums


def kick(vel: float, rng: Rng, *, click: float = 0.3, life: float = 0.14) -> Array:
    """Bass drum: a falling sine and a beater."""
    t = clock(0.45)
    phase = 2 * np.pi * np.cumsum(48 + 130 * np.exp(-t / 0.018) + 40 * np.exp(-t / 0.07)) / SR
    beater = noise(len(t), rng, highpass(1800), lowpass(7000)) * np.exp(-t / 0.004)
    return np.asarray(vel * (np.sin(phase) * np.exp(-t / life) + click * beater))


def snare(vel: float, rng: Rng) -> Array:
    """Snare drum: two shell modes and the wires."""
    t = clock(0.4)
    shell = np.sin(2 * np.pi * 187 * t) + 0.6 * np.sin(2 * np.pi * 331 * t)
    wires = noise(len(t), rng, highpass(900), bell(3500, 5, 0.7), lowpass(11_000))
    crack = noise(len(t), rng, highpass(500), lowpass(5000)) * np.exp(-t / 0.007)
    body = 0.7 * shell * np.exp(-t / 0.05) + 0.5 * wires * np.exp(-t / (0.06 + 0.04 * vel))
    return np.asarray(0.7 * vel * (body + 0.8 * crack))


def tom(midi: int, vel: float, rng: Rng) -> Array:
    """Tom-tom."""
    t = clock(0.5)
    f = hz(midi) * (1 + 0.5 * np.exp(-t / 0.03))
    skin = noise(len(t), rng, highpass(300), lowpass(3000)) * np.exp(-t / 0.012)
    return np.asarray(
        vel * (np.sin(2 * np.pi * np.cumsum(f) / SR) * np.exp(-t / 0.16) + 0.3 * skin)
    )


def cymbal(vel: float, rng: Rng, *, life: float, low: float = 4000.0) -> Array:
    """Hi-hat (short ``life``) to crash (long): noise whose top decays last."""
    t = clock(min(3.0, 5 * life + 0.03))
    y = np.zeros(len(t))
    for k, center in enumerate((low, low * 1.6, low * 2.4)):
        band = noise(len(t), rng, highpass(center), lowpass(min(15_000, center * 2)))
        y += band * np.exp(-t / (life * (0.7 + 0.2 * k)))
    modes = rng.uniform(low, 11_000, 14)
    metal = np.sin(2 * np.pi * modes[:, None] * t + rng.uniform(0, 6.28, (14, 1))).sum(0)
    y += 0.12 * metal * np.exp(-t / life)
    return np.asarray(0.3 * vel * y * np.clip(t / 0.001, 0, 1))


def clap(vel: float, rng: Rng) -> Array:
    """A few people clapping."""
    t = clock(0.3)
    env = sum(np.exp(-np.maximum(0, t - at) / 0.012) * (t >= at) for at in rng.uniform(0, 0.025, 5))
    y = noise(len(t), rng, highpass(800), bell(1400, 8, 1.5), lowpass(6000))
    return np.asarray(0.3 * vel * y * (env + 0.3 * np.exp(-t / 0.06)))


# ---------------------------------------------------------------- effects


def distort(x: Array, drive: float, bias: float = 0.12) -> Array:
    """Tube-like waveshaping at four times the sampling rate."""
    n = len(x)
    up = np.fft.irfft(np.fft.rfft(x), 4 * n) * 4
    shaped = np.tanh(drive * up + bias) - np.tanh(bias)
    return np.asarray(np.fft.irfft(np.fft.rfft(shaped)[: n // 2 + 1], n) / 4)


def chorus(x: Array, depth: float = 0.0025, rate: float = 0.7, mix: float = 0.5) -> Array:
    """Stereo chorus: one modulated delay per side."""
    t = np.arange(x.shape[-1])
    out = []
    for side, phase in zip(x, (0.0, 1.7), strict=True):
        delay = SR * (0.012 + depth * np.sin(2 * np.pi * rate * t / SR + phase))
        out.append((1 - mix / 2) * side + mix * np.interp(t - delay, t, side, left=0))
    return np.array(out)


def room(rng: Rng, *, t60: float, predelay: float = 0.015, bright: float = 1.0) -> Array:
    """Return a synthetic stereo impulse response: noise whose highs die sooner than its lows."""
    t = clock(1.2 * t60)
    ir = np.zeros((2, len(t)))
    for center, factor in (
        (150, 1.1),
        (500, 1.0),
        (1500, 0.85),
        (4000, 0.55 * bright),
        (9000, 0.3),
    ):
        level = bright if center > 2000 else 1.0
        band = equalize(rng.standard_normal(ir.shape), highpass(center / 2), lowpass(center * 1.8))
        ir += level * band * np.exp(-6.9 * t / (t60 * factor))
    ir *= 1 - np.exp(-t / 0.01)
    for _ in range(9):
        at = rng.integers(int(0.004 * SR), int(0.05 * SR))
        ir[:, at] += rng.normal(0, 6, 2)
    ir /= np.sqrt((ir**2).sum(1, keepdims=True))
    return np.pad(ir, ((0, 0), (round(predelay * SR), 0)))


def convolve(x: Array, ir: Array) -> Array:
    """Convolve each side of ``x`` with the matching side of ``ir``, keeping the length."""
    size = x.shape[1] + ir.shape[1]
    return np.asarray(
        np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(ir, size), size)[:, : x.shape[1]]
    )


def compress(x: Array, threshold: float, ratio: float, attack: float, release: float) -> Array:
    """Stereo-linked compressor; ``threshold`` in dBFS, times in seconds."""
    hop = 64
    padded = np.pad(x, ((0, 0), (0, -x.shape[1] % hop)))
    power = (padded.reshape(2, -1, hop) ** 2).mean(2).max(0)
    over = np.maximum(0, 10 * np.log10(power + 1e-12) - threshold) * (1 - 1 / ratio)
    rise, fall = (1 - np.exp(-hop / SR / s) for s in (attack, release))
    reduction = np.zeros(len(over))
    state = 0.0
    for i, target in enumerate(over):
        state += (target - state) * (rise if target > state else fall)
        reduction[i] = state
    gain = np.interp(np.arange(x.shape[1]), (np.arange(len(over)) + 0.5) * hop, -reduction)
    return np.asarray(x * 10 ** (gain / 20))


def limit(x: Array, ceiling: float) -> Array:
    """Look-ahead limiter: no sample leaves above ``ceiling``."""
    reach = round(0.003 * SR)
    need = np.minimum(1, ceiling / np.maximum(np.abs(x).max(0), 1e-9))
    padded = np.pad(need, reach, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(1)
    window = np.hanning(2 * reach + 1)
    smooth = np.convolve(np.pad(lowest, reach, mode="edge"), window / window.sum(), "valid")
    return np.asarray(x * smooth)


# ---------------------------------------------------------------- desk and files


class Desk:
    """A mixing desk: named stereo tracks that sounds are placed on."""

    def __init__(self, seconds: float, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.length = round(seconds * SR)
        self.tracks: dict[str, Array] = {}

    def put(self, track: str, sound: Array, at: float, *, gain: float = 1, pan: float = 0) -> None:
        """Add a mono sound to a track at a time in seconds, ``pan`` from -1 (left) to 1."""
        bus = self.tracks.setdefault(track, np.zeros((2, self.length)))
        start = max(0, round(at * SR))
        sound = sound[: max(0, self.length - start)] * gain
        angle = (pan + 1) * np.pi / 4
        bus[:, start : start + len(sound)] += np.outer([np.cos(angle), np.sin(angle)], sound)

    def human(self, at: float, spread: float = 0.006) -> float:
        """Return a time as a person would play it."""
        return max(0.0, at + self.rng.normal(0, spread))

    def touch(self, vel: float, spread: float = 0.06) -> float:
        """Return a velocity as a person would play it."""
        return float(np.clip(vel + self.rng.normal(0, spread), 0.05, 1))


def master(mix: Array, rms: float, peak: float = -1.0, fade: float = 0.6) -> Array:
    """Bring a mix to ``rms`` dBFS overall, limit it to ``peak`` dBFS and fade its end."""
    tail = round(fade * SR)
    mix = equalize(mix, highpass(28))
    mix[:, -tail:] *= 0.5 + 0.5 * np.cos(np.pi * np.linspace(0, 1, tail))
    gain = 1.0
    out = mix
    for _ in range(4):
        out = limit(gain * mix, 10 ** (peak / 20))
        gain *= 10 ** (rms / 20) / np.sqrt(np.mean(out**2))
    return out


def write_opus(path: Path, audio: Array, title: str, kbps: float) -> None:
    """Write an Ogg Opus file whose bytes depend on the audio alone."""
    level = 1 - (kbps / 2 - 6) / 250  # libsndfile maps 0..1 to 256..6 kbit/s per channel
    with sf.SoundFile(
        path, "w", SR, 2, format="OGG", subtype="OPUS", compression_level=level
    ) as file:
        file.title, file.artist, file.license = title, "affetto", "CC0-1.0"
        for start in range(0, audio.shape[1], SR):
            file.write(audio[:, start : start + SR].T)
    path.write_bytes(fix_serial(path.read_bytes()))


def fix_serial(data: bytes, serial: int = 0x41464654) -> bytes:
    """Give every Ogg page a fixed stream number (the encoder draws one at random)."""
    table = []
    for byte in range(256):
        r = byte << 24
        for _ in range(8):
            r = ((r << 1) ^ 0x04C11DB7 if r & 0x80000000 else r << 1) & 0xFFFFFFFF
        table.append(r)
    out, at = bytearray(data), 0
    while at < len(out):
        segments = out[at + 26]
        end = at + 27 + segments + sum(out[at + 27 : at + 27 + segments])
        out[at + 14 : at + 18] = serial.to_bytes(4, "little")
        out[at + 22 : at + 26] = bytes(4)
        crc = 0
        for byte in out[at:end]:
            crc = (crc << 8) & 0xFFFFFFFF ^ table[crc >> 24 ^ byte]
        out[at + 22 : at + 26] = crc.to_bytes(4, "little")
        at = end
    return bytes(out)
