"""Compose and render the four example pieces, one for each quadrant of the valence-arousal plane.

    python examples/compose.py [--out DIR]

Everything is made here from numbers: no samples, no recordings, fixed random seeds. The pieces
are dedicated to the public domain (CC0 1.0); see ``examples/README.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from synth import (
    Array,
    Desk,
    bell,
    brass,
    buzz,
    cello,
    chord,
    chorus,
    clap,
    compress,
    convolve,
    cymbal,
    distort,
    equalize,
    flute,
    hairpins,
    highpass,
    kick,
    legato,
    limit,
    lowpass,
    master,
    one_of_many,
    organ,
    pan_drum,
    piano,
    pitch,
    pluck,
    room,
    snare,
    tom,
    tune,
    warm_pad,
    write_opus,
)

# ---------------------------------------------------------------- Q1: excited, happy


def sunny_parade() -> Array:
    """Bb major, 144 bpm: brass calls, steel pans answer, over walking bass and full drums."""
    desk = Desk(22.6, seed=11)
    rng = desk.rng
    beat = 60 / 144

    def at(b: float) -> float:
        """Seconds at beat ``b``; the second sixteenth of each eighth swings a little."""
        late = 0.05 if abs(b * 2 % 1 - 0.5) < 1e-6 else 0.0
        return 0.05 + (b + late + 1) * beat

    # Two chords a bar: bass root, then the organ's hand, moving as little as it can.
    harmony = [
        (root, chord(hand))
        for root, hand in (
            ("Bb1", "D4 F4 Bb4"), ("G1", "D4 G4 Bb4"), ("Eb2", "Eb4 G4 Bb4"), ("F1", "Eb4 A4 C5"),
            ("Bb1", "D4 F4 Bb4"), ("D2", "D4 Ab4 Bb4"), ("Eb2", "Eb4 G4 Bb4"), ("F1", "Eb4 A4 C5"),
            ("Eb2", "Eb4 G4 Bb4"), ("F2", "F4 A4 C5"), ("D2", "F4 A4 C5"), ("G1", "F4 Bb4 D5"),
            ("C2", "Eb4 G4 Bb4"), ("F1", "Eb4 A4 C5"), ("Bb1", "D4 F4 Bb4"), ("F1", "Eb4 A4 C5"),
            ("Bb1", "D4 F4 Bb4"), ("G1", "D4 G4 Bb4"), ("Eb2", "Eb4 G4 Bb4"), ("F1", "Eb4 A4 C5"),
            ("Eb2", "Eb4 G4 Bb4"), ("F1", "Eb4 A4 C5"), ("Bb1", "D4 F4 Bb4"), ("Bb1", "D4 F4 Bb4"),
        )
    ]  # fmt: skip
    call = "D5:.5 F5 -:.5 F5! G5 F5 D5 Bb4"
    trumpet = (
        tune("F4:.5 A4", -1)
        + tune(call)
        + tune("D5:.5 F5 - F5! Ab5 G5 F5 D5", 8)
        + tune("G5!:1.5 Eb5:.5 A5!:1.5 F5:.5 | F5 A5 C6! A5 Bb5:1.5 G5:.5", 16)
        + tune("Eb5:.5 G5 Bb5! G5 A5 G5 F5 Eb5 | D5 F5!:1 D5:.5 - F5 G5 A5", 24)
        + tune("Bb5!:.5 F5 - F5! G5 F5 D5 Bb4", 32)
        + tune("G5:.5 Bb5! - Bb5 A5 G5 A5! C6 | Bb5!:1 -:.5 F5 G5 A5 Bb5!:1", 40)
    )
    pans = (
        tune("-:.5 G5 Bb5 G5 A5! C6 A5 F5", 4)
        + tune("-:.5 G5 Bb5 C6! D6 C6 A5 C6", 12)
        + tune("-:1 Bb5:.5 Eb6 -:1 C6:.5 F6 | -:1 C6:.5 D6 -:1 D6:.5 Bb5", 16)
        + tune("-:1 G5:.5 Bb5 -:1 C6:.5 Eb6 | -:1 D6:.5 Bb5 F5 A5 C6 Eb6!", 24)
        + tune("-:.5 G5 Bb5 G5 A5! C6 A5 F5", 36)
        + tune("-:4 | -:1 D6:.5 F6 Eb6 C6 D6!:1", 40)
    )
    scale = [n for n in range(34, 100) if n % 12 in (10, 0, 2, 3, 5, 7, 9)]

    for note in trumpet:
        third = scale[scale.index(note.pitch - note.pitch % 1) - 2] if note.pitch in scale else 0
        voices = [(note.pitch, -0.15, 1.0), (third or note.pitch - 3, 0.3, 0.8)]
        voices.append((note.pitch - 12, 0.05, 0.75))
        for midi, pan, level in voices:
            length = at(note.beat + note.length * 0.82) - at(note.beat)
            sound = brass(midi, length, desk.touch(note.vel), rng)
            desk.put("brass", sound, desk.human(at(note.beat), 0.007), gain=level, pan=pan)
    for note in pans:
        for midi, level in ((note.pitch, 1.0), (note.pitch - 12, 0.7)):
            sound = pan_drum(midi, note.length * beat, desk.touch(note.vel + 0.1), rng)
            desk.put("pans", sound, desk.human(at(note.beat)), gain=level, pan=0.4)

    for i, (name, hand) in enumerate(harmony):
        start, root = 2.0 * i, pitch(name)
        last = i == len(harmony) - 1
        following = root if last else pitch(harmony[i + 1][0])
        fifth = root + 7
        line = [(0, root, 0.9), (0.5, root, 0.5), (1, fifth, 0.75), (1.5, root + 12, 0.7)]
        if i % 2:  # lead into the next bar from a scale step above or below
            step = following + (2 if following < root else -1)
            line = [(0, root, 0.9), (0.5, root + 12, 0.65), (1, fifth, 0.75), (1.5, step, 0.8)]
        if last:
            line = [(0, root, 0.7), (0.5, root + 2, 0.75), (0.75, root + 4, 0.8), (1, root, 1.0)]
        for b, midi, vel in line:
            tone = pluck(
                midi, 0.46 * beat, desk.touch(vel), rng, t60=2.5, bright=0.45, damping=0.25
            )
            desk.put("bass", tone, desk.human(at(start + b), 0.004))
        for b in (0.5, 1.5) if not last else (0.5, 1.0):
            vel = desk.touch(0.75)
            for j, midi in enumerate(hand):
                desk.put("organ", organ(midi, 0.3 * beat, vel, rng), at(start + b), pan=-0.45)
                string = pluck(midi + 12 * (j == 0), 0.28 * beat, vel, rng, bright=0.75, t60=1.2)
                desk.put("skank", string, at(start + b) + 0.006 * j, pan=0.5)

    for b in np.arange(0, 47.01, 0.25):
        b = float(b)
        bridge = 16 <= b < 32
        on, eighth = b % 1 == 0, b * 2 % 1 == 0
        vel = 0.8 if b % 1 == 0.5 else 0.55 if on else 0.3
        if eighth or not bridge:
            hat = cymbal(desk.touch(vel), rng, life=0.12 if bridge and b % 1 == 0.5 else 0.03)
            desk.put("hats", hat, desk.human(at(b), 0.003), gain=0.45, pan=0.25)
        shaker = cymbal(desk.touch(vel * 0.7), rng, life=0.025, low=5500)
        desk.put("hats", shaker, desk.human(at(b) + 0.01, 0.004), gain=0.25, pan=-0.5)
        if on and (bridge or b % 2 == 0):
            desk.put("kick", kick(desk.touch(0.9), rng), at(b))
        if b % 4 == 1.5 and not bridge:
            desk.put("kick", kick(desk.touch(0.7), rng), at(b))
        if b % 2 == 1:
            desk.put("snare", snare(desk.touch(0.85), rng), desk.human(at(b), 0.003))
            for pan in (-0.4, 0.1, 0.5):
                desk.put("claps", clap(desk.touch(0.8), rng), desk.human(at(b), 0.008), pan=pan)
        elif b % 4 in (1.75, 3.75) or (b % 8 == 7.5):
            desk.put("snare", snare(desk.touch(0.35), rng), at(b))
    for first in (-1.0, 15.0, 31.0, 46.0):  # fills
        for k, midi in enumerate((50, 50, 45, 41)):
            drum = tom(midi, desk.touch(0.8), rng) + 0.0
            desk.put("snare", drum, at(first + k / 4), gain=0.7, pan=-0.4 + 0.25 * k)
            desk.put("snare", snare(desk.touch(0.5 + 0.1 * k), rng), at(first + k / 4), gain=0.6)
    for b in (0.0, 16.0, 32.0, 40.0, 47.0):
        desk.put("crash", cymbal(0.9, rng, life=0.5, low=3000), at(b), pan=-0.3)
    desk.put("kick", kick(1.0, rng), at(47))

    tracks = desk.tracks
    organ_sides = chorus(tracks["organ"], 0.0015, 5.5, 0.4)
    tracks["organ"] = np.stack([distort(side, 6) for side in organ_sides])  # a hot valve cabinet
    tracks["brass"] = equalize(tracks["brass"], highpass(180), bell(1300, 4, 1), lowpass(11_000))
    tracks["bass"] = equalize(tracks["bass"], bell(90, 3), bell(800, 3), lowpass(4000))
    tracks["skank"] = equalize(tracks["skank"], highpass(350), bell(2500, 4))
    levels = {
        "brass": 0.55, "pans": 0.6, "bass": 1.35, "organ": 0.5, "skank": 0.4, "kick": 0.75,
        "snare": 0.6, "claps": 0.45, "hats": 0.5, "crash": 0.35,
    }  # fmt: skip
    sends = {"brass": 0.2, "pans": 0.25, "snare": 0.15, "claps": 0.25, "organ": 0.1, "skank": 0.1}
    mix = blend(tracks, levels, sends, room(rng, t60=0.9))
    return master(compress(mix, -16, 3, 0.01, 0.12), rms=-13.5)


# ---------------------------------------------------------------- Q2: angry, tense


class Stroke(NamedTuple):
    """One stroke of the rhythm guitar: onset and length in sixteenths, semitones, palm mute."""

    at: int
    length: int
    step: int
    muted: bool


def riff(text: str, start: int = 0) -> list[Stroke]:
    """Read a riff such as ``"0.2 0.1 0.1 6-4"``: step, palm-muted (.) or open (-), length."""
    strokes, at = [], start
    for word in text.replace("|", " ").split():
        mark = "." if "." in word else "-"
        step, length = (int(part) for part in word.split(mark))
        strokes.append(Stroke(at, length, step, mark == "."))
        at += length
    return strokes


def iron_gate() -> Array:
    """C Phrygian, 192 bpm: palm-muted gallops, tritones, double kick, a screaming lead."""
    desk = Desk(22.2, seed=23)
    rng = desk.rng
    sixteenth = 60 / 192 / 4
    low = pitch("C2")

    def at(s: float) -> float:
        return 0.04 + s * sixteenth

    gallop = "0.2 0.1 0.1 0.2 0.1 0.1 1-4 0.2 0.2 | 0.2 0.1 0.1 0.2 0.1 0.1 6-4 5-2 1-2"
    tremolo = " ".join(f"{step}-1 " * 8 for step in (0, 1, 6, 5))
    tremolo_up = " ".join(f"{step}-1 " * 8 for step in (3, 2, 1, 7))
    breakdown = "0.3 0.3 6-4 0.2 0.2 1-2 | 0.3 0.3 7-2 6-8 | 0.2 0.2 1-2 0.2 0.2 1-2 6-4"
    strokes = riff("6-16 " + f"{gallop} {gallop} {tremolo} {tremolo_up} {gallop} {gallop}")
    strokes += riff(breakdown + " 0-20", 13 * 16)

    for side, seed_pan in (("left", -0.9), ("right", 0.9)):
        for s in strokes:
            vel = desk.touch(0.75 if s.muted else 0.9, 0.05)
            length = min(s.length, 1.4 if s.muted else 99) * sixteenth * 0.95
            intervals = (0, 7, 12) if not (s.step == 6 and s.length > 3) else (0, 6, 12)
            for j, interval in enumerate(intervals):
                midi = low + s.step + interval + rng.normal(0, 0.05)
                string = pluck(
                    midi, length, vel, rng, bright=0.6, position=0.1,
                    t60=0.5 if s.muted else 6, damping=0.7 if s.muted else 0.12,
                )  # fmt: skip
                when = desk.human(at(s.at), 0.003) + 0.002 * j
                desk.put(side, string, when, gain=0.9 if j < 2 else 0.6)
        drive = equalize(desk.tracks[side].sum(0), highpass(90), bell(700, 5, 0.7))
        tone = distort(drive / np.sqrt(np.mean(drive**2)), 5.0)
        cabinet = (
            highpass(75), bell(120, 4), bell(400, -3), bell(2600, 5, 1.2), lowpass(5200),
            lowpass(6000, 1.0),
        )  # fmt: skip
        angle = (seed_pan + 1) * np.pi / 4
        desk.tracks[side] = np.outer([np.cos(angle), np.sin(angle)], equalize(tone, *cabinet))

    for s in strokes:
        sound = pluck(
            low - 12 + s.step, s.length * sixteenth * 0.9, 0.9, rng, bright=0.7, t60=3, position=0.1
        )
        desk.put("bass", sound, at(s.at))
    grit = desk.tracks["bass"].sum(0)
    grit = grit / np.sqrt(np.mean(grit**2))
    grit = 0.6 * equalize(grit, lowpass(250)) + 0.4 * distort(grit, 3.0)
    desk.tracks["bass"] = np.array([grit, grit]) * 0.7

    scream = (
        tune("F#5:2 G5:1 F#5:1", 0, 0.9)
        + tune("C5:.5 Db5 C5 Gb5! F5 Db5 C5 Bb4 | C5 Db5 F5 Gb5! G5:2", 20, 0.9)
        + tune("Eb5:.5 D5 Db5 G5! Gb5 F5 E5 Eb5 | Db5 Eb5 Gb5 A5! C6:2", 28, 0.9)
        + tune("C6:1.5 Bb5:.25 Ab5 G5 Gb5 F5 Eb5 Db5:1 | Gb5!:2 C6:2", 36, 1.0)
        + tune("C6:.25 Db6 C6 Bb5 C6 Ab5 G5 Gb5 G5 Gb5 F5 Eb5 Db5:1 | Gb6!:4", 44, 1.0)
    )
    for pan, gain, delay in ((-0.15, 1.0, 0.0), (0.3, 0.6, 0.011)):
        freq, loud = legato(
            scream, lambda b: at(4 * b), glide=0.05, vibrato=0.7, attack=0.006, release=0.08,
            rng=rng,
        )  # fmt: skip
        tone = distort(equalize(loud * buzz(freq, 0.93), bell(1200, 8, 0.8)), 4.0)
        tone = equalize(tone, highpass(300), bell(2800, 5), lowpass(6000))
        desk.put("lead", tone, delay, pan=pan, gain=gain)

    for s in range(16, 13 * 16):
        bar = s // 16
        blast = 5 <= bar < 9
        desk.put("kick", kick(desk.touch(0.85, 0.04), rng, click=0.9, life=0.06), at(s))
        if (blast and s % 4 == 2) or (not blast and s % 8 == 4):
            desk.put("snare", snare(desk.touch(0.95, 0.04), rng), at(s))
        if s % 4 == 0:
            china = cymbal(desk.touch(0.7), rng, life=0.16, low=2800)
            desk.put("cymbals", china, at(s), pan=0.5, gain=0.8)
        if s % 32 == 16 or (blast and s % 16 == 0):
            crash = cymbal(1.0, rng, life=0.6, low=2500)
            desk.put("cymbals", crash, at(s), pan=-0.5 if bar % 2 else 0.6)
    for s in [*range(8, 16), *range(12 * 16 + 12, 13 * 16)]:  # fills
        desk.put("snare", snare(desk.touch(0.8), rng), at(s))
        desk.put("snare", tom(48 - s % 8, desk.touch(0.9), rng), at(s), pan=(s % 8) / 8 - 0.4)
    for stroke in riff(breakdown, 13 * 16):
        desk.put("kick", kick(1.0, rng, click=0.9, life=0.08), at(stroke.at))
    for s in (13 * 16 + 8, 14 * 16 + 8, 15 * 16 + 8, 16 * 16):
        desk.put("snare", snare(1.0, rng), at(s))
    for s in (0, 13 * 16, 13 * 16 + 6, 14 * 16, 14 * 16 + 8, 15 * 16, 15 * 16 + 12, 16 * 16):
        desk.put("cymbals", cymbal(1.0, rng, life=0.7, low=2500), at(s), pan=-0.4)
        desk.put("cymbals", cymbal(0.9, rng, life=0.5, low=3300), at(s), pan=0.5)
        desk.put("kick", kick(1.0, rng, click=0.9, life=0.08), at(s))

    levels = {
        "left": 0.5, "right": 0.5, "bass": 0.32, "lead": 0.42, "kick": 0.8, "snare": 0.75,
        "cymbals": 0.4,
    }  # fmt: skip
    sends = {"lead": 0.2, "snare": 0.2, "cymbals": 0.05}
    mix = blend(desk.tracks, levels, sends, room(rng, t60=0.7))
    # Opus gives noise this dense back up to 2 dB higher: the room keeps it below full scale.
    return master(limit(compress(mix, -20, 4, 0.005, 0.08), 0.8), rms=-12.0, peak=-2.0, fade=0.3)


# ---------------------------------------------------------------- Q3: sad


def empty_room() -> Array:
    """C minor, 48 bpm: a cello laments over low strings that sink by semitones; a far knell."""
    desk = Desk(24.8, seed=37)
    rng = desk.rng

    def at(b: float) -> float:
        """Seconds at beat ``b``: 48 bpm, slowing down over the last five beats."""
        return 0.2 + b * 60 / 48 + 0.03 * max(0.0, b - 13) ** 2

    # The lament bass C B Bb Ab, then F and G; the violas fall with it, Eb D Db C. The last chord
    # is C minor upon its fifth, which asks for a cadence that never comes.
    low = tune("C2:2.5 B1:1.5 Bb1:2 | Ab1:4 | F1:3 | G1:5.25", 0, 0.5)
    tenor = tune("G2:2.5 F2:3.5 | F2:4 | Ab2:3 | Ab2:2.5 G2:2.75", 0, 0.4)
    violas = tune("Eb3:2.5 D3:1.5 Db3:2 | C3:1.5 D3:1 Db3:1.5 | B2:3 | C3:2 Eb3:3.25", 0, 0.38)
    deep = [note._replace(pitch=note.pitch - 12) for note in low]
    # Each phrase swells into its dissonance and sinks from there, the third the least.
    swells = [
        (0, 0.4), (1, 0.6), (2.8, 0.95), (4, 0.5), (4.7, 0.65), (6, 0.3), (7.6, 1.05), (9.3, 0.35),
        (10, 0.35), (10.9, 0.85), (12.6, 0.25), (13.2, 0.3), (14.6, 0.5), (16, 0.35), (16.6, 0.4),
        (18, 0.12),
    ]  # fmt: skip
    for track, line, players, pan, vibrato in (
        ("basses", deep, 2, 0.3, 0.05),
        ("celli", low, 3, 0.3, 0.12),
        ("celli", tenor, 2, -0.3, 0.12),
        ("violas", violas, 2, -0.1, 0.12),
    ):
        freq, loud = legato(line, at, glide=0.2, vibrato=0, attack=0.8, release=1.1, rng=rng)
        loud = hairpins(loud, swells, at)
        for k in range(players):
            sound = cello(one_of_many(freq, vibrato, rng), loud, rng)
            seat = pan + 0.2 * (2 * k / (players - 1) - 1)
            desk.put(track, sound, rng.uniform(0, 0.05), gain=players**-0.5, pan=seat)

    song = tune("-:.5 G3:1.5 Ab3:1 G3:.5 F3:1 Eb3:1", 0, 0.62)
    song += tune("-:.5 C4:1.5 B3:1 Bb3:.5 Ab3:1 | G3:1 Gb3:.5 F3:1", 5.5, 0.62)
    song += tune("-:.5 Eb3:1 D3:.5 Db3:.75 C3:.75 -:.25 Db3:.75 C3:1.5", 12.5, 0.62)
    breath = [
        (0, 0.5), (2.6, 0.95), (5.3, 0.55), (6, 0.7), (7.5, 1.15), (9, 0.85), (10.2, 0.85),
        (12.5, 0.55), (13.4, 0.65), (15.8, 0.45), (16.6, 0.5), (18, 0.15),
    ]  # fmt: skip
    dark = [note._replace(pitch=note.pitch - 12) for note in song]  # doubled on the lowest strings
    for line, gain in ((song, 1.0), (dark, 4.0)):
        freq, loud = legato(
            line, at, glide=0.2, vibrato=0.24, attack=0.32, release=0.9, rng=rng, rate=4.5
        )
        solo = cello(freq, hairpins(loud, breath, at), rng)
        desk.put("solo", solo, 0.0, gain=gain, pan=-0.05)

    for b, names in ((0, "C1 C2"), (6, "Ab1 Ab2"), (10, "F1 F2"), (13, "G1 G2")):
        for midi in chord(names):
            desk.put("knell", piano(midi, 6.0, 0.33, rng), at(b), pan=-0.2)

    desk.tracks["knell"] = equalize(desk.tracks["knell"], lowpass(450))
    levels = {"basses": 0.85, "celli": 0.5, "violas": 0.7, "solo": 0.5, "knell": 0.6}
    sends = {"celli": 0.25, "violas": 0.4, "solo": 0.6, "knell": 0.3}
    mix = blend(desk.tracks, levels, sends, room(rng, t60=3.6, bright=0.7))
    return master(compress(mix, -30, 1.5, 0.03, 0.4), rms=-26.0, fade=2.0)


# ---------------------------------------------------------------- Q4: calm, content


def still_water() -> Array:
    """G major, 74 bpm: a fingerpicked nylon guitar, a quiet pad, and a flute with time."""
    desk = Desk(24.0, seed=41)
    rng = desk.rng

    def at(b: float) -> float:
        """Seconds at beat ``b``: 74 bpm, easing off into the last chord."""
        return 0.2 + b * 60 / 74 + 0.02 * max(0.0, b - 21) ** 2

    harmony = [
        (length, chord(names))
        for length, names in (
            (4, "G2 D3 G3 B3 F#4"), (4, "C3 G3 B3 D4 E4"), (4, "B2 G3 A3 D4 G4"),
            (2, "A2 E3 G3 C4 E4"), (2, "D3 A3 C4 E4 G4"), (4, "G2 D3 A3 B3 F#4"),
            (2, "C3 G3 B3 D4 E4"), (2, "D3 A3 B3 D4 F#4"),
        )
    ]  # fmt: skip
    start = 0.0
    for length, voicing in harmony:
        figure = [(0, 0), (1, 3), (2, 1), (3, 4)]
        for b, finger in figure:
            if b < length:
                vel = desk.touch((0.62, 0.5, 0.42, 0.46, 0.52)[finger], 0.05)
                hold = at(start + length + 0.3) - at(start + b)
                string = nylon(voicing[finger], hold, vel, rng)
                when = desk.human(at(start + b), 0.01) + 0.012 * (finger == 4)
                desk.put("guitar", string, when, pan=-0.2 + 0.1 * finger)
        for midi in (voicing[0] + 12, *voicing[2:]):
            span = at(start + length) - at(start)
            pad = warm_pad(midi, span, 0.5, rng)
            desk.put("pad", pad, max(0.0, at(start) - 0.35), pan=float(rng.uniform(-0.7, 0.7)))
        start += length
    for j, midi in enumerate(chord("G2 D3 G3 B3 D4 A4")):
        desk.put("guitar", nylon(midi, 4.5, 0.5, rng), at(24) + 0.06 * j, pan=-0.2 + 0.08 * j)
    for midi in chord("G3 B3 D4 A4"):
        desk.put(
            "pad", warm_pad(midi, 2.5, 0.5, rng), at(24) - 0.3, pan=float(rng.uniform(-0.7, 0.7))
        )

    song = tune("D5:1 E5:2 D5:.5 B4:.5", 4, 0.5) + tune("D5:2.5 B4:.5 A4:1", 8, 0.5)
    song += tune("C5:1 E5:1 D5:1.5 A4:.5", 12, 0.55) + tune("B4:3", 16, 0.5)
    song += tune("E5:1.5 D5:.5 F#5:1 E5:1 D5:3", 20, 0.5)
    freq, loud = legato(song, at, glide=0.06, vibrato=0.12, attack=0.09, release=0.25, rng=rng)
    desk.put("flute", flute(freq, loud, rng), 0.0, pan=0.25)

    desk.tracks["guitar"] = equalize(desk.tracks["guitar"], bell(110, 3, 2), bell(220, 3, 2))
    desk.tracks["pad"] = chorus(desk.tracks["pad"])
    levels = {"guitar": 1.0, "pad": 0.3, "flute": 0.28}
    sends = {"guitar": 0.25, "pad": 0.3, "flute": 0.4}
    mix = blend(desk.tracks, levels, sends, room(rng, t60=1.9, bright=0.8))
    return master(compress(mix, -28, 2, 0.02, 0.25), rms=-22.5, fade=1.5)


def nylon(midi: int, dur: float, vel: float, rng: np.random.Generator) -> Array:
    """A nylon string under a fingertip: soft attack, mellow, long."""
    return pluck(
        midi, dur, vel, rng, t60=4.5 * 2 ** (-(midi - 43) / 24), bright=0.06, damping=0.6,
        position=0.3,
    )  # fmt: skip


# ---------------------------------------------------------------- mixing and main


def blend(
    tracks: dict[str, Array], levels: dict[str, float], sends: dict[str, float], hall: Array
) -> Array:
    """Sum the tracks at their levels and add the hall's answer to what is sent to it."""
    dry = sum(levels[name] * audio for name, audio in tracks.items())
    wet = sum(levels[name] * send * tracks[name] for name, send in sends.items())
    return np.asarray(dry + convolve(equalize(np.asarray(wet), highpass(150)), hall))


PIECES: dict[str, tuple[str, Callable[[], Array], float]] = {
    "q1-sunny-parade": ("Sunny Parade", sunny_parade, 88),
    "q2-iron-gate": ("Iron Gate", iron_gate, 88),
    "q3-empty-room": ("Empty Room", empty_room, 64),
    "q4-still-water": ("Still Water", still_water, 64),
}


def main() -> None:
    """Render the pieces named on the command line (all by default) as Ogg Opus files."""
    parser = argparse.ArgumentParser(description="Compose and render the example pieces.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    parser.add_argument("--only", choices=PIECES, nargs="+", default=list(PIECES))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only:
        title, compose, kbps = PIECES[name]
        path = args.out / f"{name}.opus"
        write_opus(path, compose(), title, kbps)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
