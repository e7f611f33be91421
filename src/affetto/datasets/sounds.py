"""Sounds that are no music, made of numbers: noise, signals, impacts, machines, weather, animals.

Each maker takes a random generator and gives `N_SAMPLES` samples (10 s at 22,050 Hz) of any level;
two calls give two sounds of a family that differ in pitch, rate, color and rhythm. They are
caricatures: what they share with the real thing is how their spectrum moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]
Random = np.random.Generator
Maker = Callable[[Random], Samples]

SAMPLE_RATE = 22_050
DURATION_S = 10.0
N_SAMPLES = round(DURATION_S * SAMPLE_RATE)
N_FFT, HOP_LENGTH = 512, 128  # of `shaped`
N_FRAMES = 1 + N_SAMPLES // HOP_LENGTH
FRAMES_PER_S = SAMPLE_RATE / HOP_LENGTH
BINS_HZ = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE)
NYQUIST_HZ = SAMPLE_RATE / 2


def noise(rng: Random, slope_db: float = 0.0) -> Samples:
    """Give noise of deviation 1 whose power changes by `slope_db` an octave: 0 white, -3 pink."""
    spectrum = np.fft.rfft(rng.standard_normal(N_SAMPLES))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(N_SAMPLES, 1 / SAMPLE_RATE), 20.0) / 1000)
    colored = np.fft.irfft(spectrum * 10 ** (slope_db * octaves / 20), N_SAMPLES)
    return np.asarray(colored / colored.std())


def tone(frequency_hz: npt.ArrayLike, harmonics: Sequence[float] = (1.0,)) -> Samples:
    """Give a tone of a fixed frequency or one of each sample's; `harmonics` are amplitudes."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(frequency_hz, N_SAMPLES)) / SAMPLE_RATE
    highest = float(np.max(frequency_hz))
    parts = [
        amplitude * np.sin(number * phase)
        for number, amplitude in enumerate(harmonics, start=1)
        if number * highest < NYQUIST_HZ
    ]
    return np.sum(parts, axis=0) if parts else np.zeros(N_SAMPLES)


def wander(rng: Random, low: float, high: float, per_s: float, n: int = N_SAMPLES) -> Samples:
    """Give `n` values over the 10 s that wander between two bounds, turning `per_s` a second."""
    n_knots = max(2, round(DURATION_S * per_s) + 1)
    knots = rng.uniform(low, high, n_knots)
    return np.interp(np.linspace(0, n_knots - 1, n), np.arange(n_knots), knots)


def shaped(samples: Samples, gains: Samples) -> Samples:
    """Filter by gains (n_frames, n_bins) that change over time, or (n_bins,) that do not."""
    window = np.sqrt(np.hanning(N_FFT + 1)[:-1])
    padded = np.pad(samples, (N_FFT // 2, N_FFT))
    starts = np.arange(N_FRAMES) * HOP_LENGTH
    frames = padded[starts[:, None] + np.arange(N_FFT)] * window
    filtered = np.fft.irfft(np.fft.rfft(frames) * gains, N_FFT) * window
    found = np.zeros(len(padded))
    for offset in range(N_FFT // HOP_LENGTH):  # frames of one offset do not overlap
        part = filtered[offset :: N_FFT // HOP_LENGTH].reshape(-1)
        found[offset * HOP_LENGTH : offset * HOP_LENGTH + len(part)] += part
    return found[N_FFT // 2 : N_FFT // 2 + N_SAMPLES] * (2 * HOP_LENGTH / N_FFT)


def peak(center_hz: npt.ArrayLike, width_hz: npt.ArrayLike) -> Samples:
    """Give the gains of a resonance, (..., n_bins) for centers and widths (...)."""
    center, width = (np.asarray(value, np.float64)[..., None] for value in (center_hz, width_hz))
    return np.asarray(1 / np.sqrt(1 + ((BINS_HZ - center) / (width / 2)) ** 2))


def band(low_hz: float, high_hz: float) -> Samples:
    """Give the gains (n_bins,) of a band with soft edges."""
    edges = np.maximum(BINS_HZ, 1.0)
    return np.asarray(1 / np.sqrt((1 + (low_hz / edges) ** 6) * (1 + (edges / high_hz) ** 12)))


def gates(rng: Random, on_s: tuple[float, float], off_s: tuple[float, float]) -> Samples:
    """Give an envelope of 0 and 1 with soft edges; stretches last between the two bounds."""
    envelope = np.zeros(N_SAMPLES)
    at = float(rng.uniform(0, off_s[1]))
    while at < DURATION_S:
        length = rng.uniform(*on_s)
        envelope[round(at * SAMPLE_RATE) : round((at + length) * SAMPLE_RATE)] = 1
        at += length + rng.uniform(*off_s)
    return np.convolve(envelope, np.hanning(102) / 50.5, "same")


def times(rng: Random, per_s: float, jitter: float) -> Samples:
    """Give times in seconds: evenly with `jitter` 0, as chance falls with 1."""
    even = 1 - jitter
    gaps = even / per_s + jitter * rng.exponential(1 / per_s, round(DURATION_S * per_s * 2) + 8)
    found = rng.uniform(0, 1 / per_s) + np.cumsum(gaps)
    return np.asarray(found[found < DURATION_S - 0.01])


def struck(rng: Random, at_s: Samples, hit: Callable[[], Samples], spread_db: float) -> Samples:
    """Put a new `hit` at each time, their levels spread evenly over `spread_db`."""
    found = np.zeros(N_SAMPLES)
    for time_s in at_s:
        first = round(time_s * SAMPLE_RATE)
        sound = hit()[: N_SAMPLES - first]
        found[first : first + len(sound)] += sound * 10 ** (-rng.uniform(0, spread_db) / 20)
    return found


def decay(rng: Random, length_s: float, modes_hz: Sequence[float], noisiness: float) -> Samples:
    """Give a dying sound of some modes and noise, its amplitude down to 1/1000 at `length_s`."""
    t = np.arange(max(8, round(length_s * SAMPLE_RATE))) / SAMPLE_RATE
    body = sum((np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) for f in modes_hz), np.zeros(len(t)))
    body = body / max(1, len(modes_hz)) + noisiness * rng.standard_normal(len(t))
    return np.asarray(body * np.exp(-6.9 * t / length_s))


def room(rng: Random, samples: Samples, length_s: float, share: float) -> Samples:
    """Add the echoes of a room that last `length_s`."""
    echo = decay(rng, length_s, (), 1.0)
    n = 1 << (N_SAMPLES + len(echo)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, n) * np.fft.rfft(echo, n), n)[:N_SAMPLES]
    return np.asarray(samples + share * wet * samples.std() / max(float(wet.std()), 1e-9))


def steady_noise(rng: Random) -> Samples:
    return noise(rng, rng.choice([0, -3, -6, 3, -4.5]))


def gated_noise(rng: Random) -> Samples:
    longest = rng.uniform(0.1, 1.5)
    return noise(rng, rng.uniform(-6, 0)) * gates(rng, (0.03, longest), (0.05, longest))


def filtered_noise(rng: Random) -> Samples:
    center = 2 ** wander(rng, 7, 12.5, rng.uniform(0.1, 4), N_FRAMES)
    return shaped(noise(rng, -3), peak(center, center * rng.uniform(0.1, 0.8)))


def static(rng: Random) -> Samples:
    """Between two stations: noise that fades, whistles that slide, crackle."""
    sound = noise(rng, rng.uniform(-3, 0)) * wander(rng, 0.2, 1, rng.uniform(0.3, 3))
    for _ in range(rng.integers(0, 4)):
        whistle = tone(2 ** wander(rng, 8, 12, rng.uniform(0.2, 1.5)))
        sound += whistle * wander(rng, 0, 0.8, 1) * rng.uniform(0.1, 0.6)
    return shaped(sound, band(rng.uniform(80, 300), rng.uniform(3000, 9000)))


def quiet_room(rng: Random) -> Samples:
    """Almost nothing: the noise of a converter, some hum, a rustle."""
    rustle = noise(rng, -3) * gates(rng, (0.02, 0.4), (0.8, 4)) * rng.uniform(0, 3)
    return noise(rng, -1) + rng.uniform(0, 0.5) * tone(rng.choice([50, 60])) + rustle


def hum(rng: Random) -> Samples:
    ground = rng.choice([50.0, 60.0, 100.0, 120.0, rng.uniform(40, 240)])
    ground = ground * (1 + 0.002 * wander(rng, -1, 1, 1))
    harmonics = rng.exponential(1, 20) / np.arange(1, 21) ** rng.uniform(0, 1.5)
    return tone(ground, list(harmonics)) + rng.uniform(0, 0.5) * noise(rng, -3)


def test_tone(rng: Random) -> Samples:
    harmonics = [[1.0], [1.0, 0, 1 / 3, 0, 1 / 5, 0, 1 / 7], [1 / k for k in range(1, 12)]]
    sound = tone(2 ** rng.uniform(6.6, 12.5), harmonics[rng.integers(0, 3)])
    if rng.random() < 0.3:
        sound = sound + tone(2 ** rng.uniform(6.6, 12.5))
    return sound + 10 ** rng.uniform(-4, -1) * noise(rng)


def sweep(rng: Random) -> Samples:
    period_s = rng.uniform(0.2, 10)
    place = (np.arange(N_SAMPLES) / SAMPLE_RATE / period_s) % 1
    if rng.random() < 0.5:
        place = np.abs(2 * place - 1)
    low, high = rng.uniform(5.5, 9), rng.uniform(10, 13.2)
    return tone(2 ** (low + (high - low) * place)) + 10 ** rng.uniform(-4, -1) * noise(rng)


def dialing(rng: Random) -> Samples:
    """Keys of a telephone (ITU-T Q.23), or the chirping of a modem."""
    rows, columns = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
    key_s = rng.uniform(0.05, 0.4)
    index = (np.arange(N_SAMPLES) / SAMPLE_RATE / key_s).astype(int)
    keys = rng.integers(0, 4, (2, int(index[-1]) + 1))
    pair = tone(np.take(rows, keys[0])[index]) + tone(np.take(columns, keys[1])[index])
    gap = (np.arange(N_SAMPLES) / SAMPLE_RATE / key_s) % 1 < rng.uniform(0.5, 1.01)
    return pair * gap + 10 ** rng.uniform(-3, -1) * noise(rng, -3)


def beeps(rng: Random) -> Samples:
    pitch = 2 ** rng.uniform(8.5, 12)
    on_s = rng.uniform(0.05, 0.6)
    off_s = rng.uniform(0.05, 1.2)
    place = (np.arange(N_SAMPLES) / SAMPLE_RATE) % (on_s + off_s)
    is_second = place > on_s / 2 if rng.random() < 0.4 else np.zeros(N_SAMPLES, bool)
    sound = tone(np.where(is_second, pitch * rng.uniform(0.6, 1.6), pitch), [1, 0, rng.random()])
    return sound * (place < on_s) + 10 ** rng.uniform(-3, -0.7) * noise(rng, -3)


def siren(rng: Random) -> Samples:
    rate_hz = 10 ** rng.uniform(-0.9, 0.8)
    turn = np.sin(2 * np.pi * rate_hz * np.arange(N_SAMPLES) / SAMPLE_RATE)
    if rng.random() < 0.4:
        turn = np.sign(turn)
    pitch = rng.uniform(450, 1200) * 2 ** (rng.uniform(0.1, 0.7) * turn)
    street = noise(rng, -5) * wander(rng, 0.3, 1, 1)
    return room(rng, tone(pitch, [1, 0.6, 0.4, 0.3]), 1.0, 0.3) + rng.uniform(0, 1) * street


def ringing(rng: Random) -> Samples:
    """A telephone: the exchange's two tones, or a bell that a clapper strikes 20 times a second."""
    cadence = gates(rng, (0.8, 2), (0.5, 3))
    if rng.random() < 0.5:
        sound = tone(rng.uniform(380, 480)) + tone(rng.uniform(430, 520))
        return sound * cadence + 0.05 * noise(rng, -3)
    modes = list(rng.uniform(900, 6000, 5))
    strikes = struck(rng, times(rng, rng.uniform(14, 26), 0), lambda: decay(rng, 0.3, modes, 0), 6)
    return strikes * cadence + 0.02 * noise(rng, -3)


def ticks(rng: Random) -> Samples:
    """Clicks: of a clock, a counter, a bad contact."""
    modes = list(rng.uniform(800, 7000, rng.integers(0, 4)))
    length_s, per_s = 10 ** rng.uniform(-2.7, -1.3), 10 ** rng.uniform(-0.2, 1.5)
    sound = struck(
        rng, times(rng, per_s, rng.random()), lambda: decay(rng, length_s, modes, 0.3), 12
    )
    return sound + 10 ** rng.uniform(-3, -1.3) * noise(rng, -3)


def crackle(rng: Random) -> Samples:
    """Fire, a worn record, frying."""
    sound = struck(
        rng,
        times(rng, 10 ** rng.uniform(0.8, 2.3), 1),
        lambda: decay(rng, 10 ** rng.uniform(-3, -1.7), (), 1),
        30,
    )
    return sound + 10 ** rng.uniform(-2.5, -1) * noise(rng, rng.uniform(-6, 0))


def typing(rng: Random) -> Samples:
    """Keys pressed in words, each with its release."""
    modes = list(rng.uniform(200, 4500, 6))
    words = gates(rng, (0.4, 2.5), (0.2, 1.5))
    at_s = times(rng, rng.uniform(5, 11), 0.5)
    at_s = at_s[words[np.minimum((at_s * SAMPLE_RATE).astype(int), N_SAMPLES - 1)] > 0.5]
    at_s = np.sort(np.concatenate([at_s, at_s + rng.uniform(0.05, 0.12, len(at_s))]))
    at_s = at_s[at_s < DURATION_S - 0.01]
    sound = struck(rng, at_s, lambda: decay(rng, rng.uniform(0.015, 0.06), modes, 0.8), 14)
    return room(rng, sound, 0.3, 0.3) + 10 ** rng.uniform(-2.7, -1.5) * noise(rng, -4)


def impacts(rng: Random) -> Samples:
    """Steps, knocks, things that fall."""
    modes = list(rng.uniform(60, 900, 5))
    length_s = rng.uniform(0.05, 0.4)
    at_s = times(rng, rng.uniform(0.7, 3), rng.uniform(0.1, 1))
    sound = struck(rng, at_s, lambda: decay(rng, length_s, modes, rng.uniform(0.1, 1)), 10)
    return room(rng, sound, rng.uniform(0.2, 1.5), 0.3) + 10 ** rng.uniform(-3, -1.5) * noise(
        rng, -4
    )


def engine(rng: Random) -> Samples:
    """A motor whose speed wanders: firing pulses, resonances of its case, wind."""
    return _motor(rng, rng.uniform(25, 140) * 2 ** wander(rng, 0, rng.uniform(0, 1.5), 0.5))


def motor(rng: Random) -> Samples:
    """A machine at one speed, as steady as a tone."""
    return _motor(rng, rng.uniform(30, 400) * (1 + 0.01 * wander(rng, -1, 1, 2)))


def _motor(rng: Random, firing: Samples) -> Samples:
    harmonics = list(rng.uniform(0.2, 1, 24) / np.arange(1, 25) ** rng.uniform(0.3, 1))
    pulses = tone(firing, harmonics) * (1 + 0.5 * tone(firing / rng.choice([2, 4])))
    body = sum(peak(f, f * 0.4) for f in rng.uniform(80, 3000, 4)) + 0.1
    return shaped(pulses + rng.uniform(0.1, 1.5) * noise(rng, -4), np.asarray(body))


def rotor(rng: Random) -> Samples:
    """A helicopter, a washing machine, a train on its rails: noise in a beat."""
    per_s = 10 ** rng.uniform(0.2, 1.4)
    turn = np.arange(N_SAMPLES) / SAMPLE_RATE * per_s + wander(rng, 0, 0.3, 1)
    beat = (0.5 + 0.5 * np.sin(2 * np.pi * turn)) ** rng.uniform(1, 8)
    whine = tone(rng.uniform(200, 1500) * (1 + 0.01 * wander(rng, -1, 1, 2)), [1, 0.3, 0.4])
    return noise(rng, rng.uniform(-7, -2)) * (0.1 + beat) + rng.uniform(0, 0.3) * whine


def rain(rng: Random) -> Samples:
    drops = struck(
        rng,
        times(rng, 10 ** rng.uniform(1, 2.3), 1),
        lambda: decay(rng, rng.uniform(0.005, 0.05), [rng.uniform(500, 6000)], 0.6),
        20,
    )
    return drops * rng.uniform(0.1, 1) + rng.uniform(0.05, 0.6) * noise(rng, -1.5)


def wind(rng: Random) -> Samples:
    """Gusts, or waves on a shore."""
    strength = wander(rng, 0.05, 1, rng.uniform(0.15, 1), N_FRAMES)
    center = rng.uniform(150, 500) * (1 + 3 * strength)
    gains = strength[:, None] * peak(center, center * rng.uniform(0.3, 2))
    return shaped(noise(rng, rng.uniform(-5, -2)), gains) + 0.02 * noise(rng, -6)


def applause(rng: Random) -> Samples:
    claps = struck(
        rng,
        times(rng, 10 ** rng.uniform(1.3, 2.4), 1),
        lambda: decay(rng, rng.uniform(0.01, 0.05), [rng.uniform(700, 2500)], 1),
        25,
    )
    swell = wander(rng, 0.3, 1, 0.4)
    return room(rng, claps, rng.uniform(0.3, 1.5), 0.6) * swell


def chirps(rng: Random) -> Samples:
    """Birds, crickets."""
    pitch = rng.uniform(1800, 6000)
    slide = pitch * 2 ** wander(rng, -0.4, 0.4, rng.uniform(4, 30))
    flutter = 0.5 + 0.5 * np.sin(
        2 * np.pi * rng.uniform(10, 60) * np.arange(N_SAMPLES) / SAMPLE_RATE
    )
    calls = tone(slide) * flutter ** rng.uniform(0, 3) * gates(rng, (0.05, 0.5), (0.05, 1.5))
    return calls + 10 ** rng.uniform(-2, -0.5) * noise(rng, -4)


def barks(rng: Random) -> Samples:
    """Short calls that rise and fall: dogs, crows, gulls."""
    envelope = gates(rng, (0.08, 0.35), (0.1, 1.2))
    pitch = rng.uniform(150, 900) * 2 ** wander(rng, -0.5, 0.5, 6)
    rough = tone(pitch, list(1 / np.arange(1, 20) ** 0.7)) * (1 + 0.5 * noise(rng, -6))
    throat = sum(peak(f, f * 0.3) for f in rng.uniform(500, 3500, 3)) + 0.05
    sound = shaped((rough + 0.3 * noise(rng)) * envelope, np.asarray(throat))
    return room(rng, sound, 0.8, 0.3) + 10 ** rng.uniform(-3, -1.5) * noise(rng, -4)


def effects(rng: Random) -> Samples:
    """What games do: zaps, blasts, coins."""

    def hit() -> Samples:
        length_s = rng.uniform(0.1, 1.5)
        t = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
        if rng.random() < 0.4:  # a blast
            burst = np.cumsum(rng.standard_normal(len(t)))
            burst = burst - np.convolve(burst, np.full(200, 1 / 200), "same")
            return np.asarray(burst / (burst.std() + 1e-9) * np.exp(-5 * t / length_s))
        pitch = rng.uniform(150, 3000) * 2 ** (rng.uniform(-3, 3) * t / length_s)
        wave = np.sin(2 * np.pi * np.cumsum(np.minimum(pitch, 9000)) / SAMPLE_RATE)
        if rng.random() < 0.5:
            wave = np.sign(wave)
        return np.asarray(wave * np.exp(-4 * t / length_s))

    return struck(rng, times(rng, rng.uniform(0.6, 2.5), 0.8), hit, 12) + 0.003 * noise(rng, -3)
