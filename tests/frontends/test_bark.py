"""The Bark front end follows its definition: bands of hearing, and pitch classes on demand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.core import FloatArray, Waveform
from affetto.errors import BadConfig
from affetto.frontends import build, spectrogram
from affetto.frontends.bark import CHROMA_SPAN, EDGES_HZ, Bark, BarkConfig, band_filters
from affetto.frontends.frames import FLOOR_DB, hamming
from affetto.mood import SILENT_ABOVE_FLOOR_DB

RATE = 22_050
CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def noise(n_samples: int, seed: int = 2) -> FloatArray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, n_samples).astype(np.float32)


def tones(*tones_hz: float, duration_s: float = 1.0, amplitude: float = 0.2) -> FloatArray:
    times_s = np.arange(round(duration_s * RATE)) / RATE
    return np.float32(amplitude) * np.sum(
        [np.sin(2 * np.pi * hz * times_s) for hz in tones_hz], axis=0
    ).astype(np.float32)


def bark(samples: FloatArray, **settings: Any) -> FloatArray:
    front_end = Bark(BarkConfig(**settings))
    return spectrogram(front_end, Waveform(samples, front_end.sample_rate)).values


def chroma(samples: FloatArray) -> FloatArray:
    """Give the chroma's shares in [0, 1], (12, n_frames)."""
    return (bark(samples, n_chroma=12)[23:] - FLOOR_DB) / CHROMA_SPAN


def test_bands_are_23_about_21_times_a_second() -> None:
    front_end = Bark()
    assert front_end.n_bins == front_end.n_bands == 23
    assert front_end.sample_rate / front_end.hop_length == pytest.approx(21.53, abs=0.01)


@pytest.mark.parametrize(("sample_rate", "n_bands"), [(8_000, 18), (16_000, 22), (44_100, 24)])
def test_number_of_bands_is_what_the_sample_rate_holds(sample_rate: int, n_bands: int) -> None:
    assert Bark(BarkConfig(sample_rate=sample_rate)).n_bins == n_bands


def test_band_is_the_mean_power_of_its_bins() -> None:
    samples = noise(10_000)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 1024), 2048)[::1024]
    power = np.abs(np.fft.rfft(frames * hamming(2048), axis=1)) ** 2
    hz = np.arange(1025) * RATE / 2048
    expected_db = [
        10 * np.log10(power[:, (low <= hz) & (hz < high)].mean(axis=1))
        for low, high in pairwise(EDGES_HZ[:24])
    ]
    np.testing.assert_allclose(bark(samples), expected_db, atol=0.005)


@pytest.mark.parametrize("settings", [{}, {"sample_rate": 44_100, "n_fft": 4096}])
def test_filters_average_and_leave_no_bin_out(settings: dict[str, Any]) -> None:
    config = BarkConfig(**settings)
    filters = band_filters(config)
    np.testing.assert_allclose(filters.sum(axis=1), 1, rtol=1e-5)
    hz = np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft
    np.testing.assert_array_equal((filters > 0).sum(axis=0), hz < EDGES_HZ[-1])


@given(band=st.integers(0, 22), where=st.floats(0.3, 0.7))
def test_tone_is_loudest_in_the_band_that_holds_it(band: int, where: float) -> None:
    low, high = EDGES_HZ[band], min(EDGES_HZ[band + 1], RATE / 2)
    values = bark(tones(low + where * (high - low)))[:, 2:-2]
    np.testing.assert_array_equal(values.argmax(axis=0), band)


@given(gain_db=st.floats(-30, 30))
def test_gain_adds_its_decibels_to_the_bands_and_nothing_to_the_chroma(gain_db: float) -> None:
    samples = noise(6_000)
    before = bark(samples, n_chroma=12)
    after = bark(samples * np.float32(10 ** (gain_db / 20)), n_chroma=12)
    np.testing.assert_allclose(after[:23], before[:23] + gain_db, atol=0.01)
    np.testing.assert_allclose(after[23:], before[23:], atol=0.01)


def test_chroma_comes_after_bands_that_it_leaves_as_they_are() -> None:
    samples = noise(50_000)
    both = bark(samples, n_chroma=12)
    assert both.shape == (35, 1 + 50_000 // 1024)
    np.testing.assert_array_equal(both[:23], bark(samples))


@pytest.mark.parametrize("octave_hz", [261.6256, 523.2511, 1046.502, 2093.005])
@pytest.mark.parametrize("number", range(12))
def test_chroma_of_a_tone_is_its_pitch_class(number: int, octave_hz: float) -> None:
    shares = chroma(tones(octave_hz * 2 ** (number / 12)))[:, 2:-2]
    np.testing.assert_array_equal(shares.argmax(axis=0), number)
    np.testing.assert_array_equal(shares.max(axis=0), 1)


def test_chroma_of_a_chord_are_its_notes() -> None:
    a_minor = tones(440, 523.25, 659.26, 880, 1046.5, 1318.5)
    shares = chroma(a_minor)[:, 3:-3].mean(axis=1)
    assert {CLASSES[i] for i in np.argsort(shares)[-3:]} == {"A", "C", "E"}


def test_chroma_does_not_hear_the_bass_and_the_cymbals() -> None:
    shares = chroma(tones(440) + tones(55, 82.4, 5_300, 7_100, amplitude=0.5))[:, 3:-3]
    assert (shares.argmax(axis=0) == CLASSES.index("A")).all()
    assert (np.delete(shares, CLASSES.index("A"), axis=0) < 0.3).all()


@given(exponent=st.floats(-12, 0))
def test_chroma_is_a_share_and_never_passes_for_sound(exponent: float) -> None:
    samples = np.float32(10**exponent) * noise(5_000)
    values = bark(samples, n_chroma=12)
    assert np.isfinite(values).all()
    assert values.min() >= FLOOR_DB
    assert values[23:].max() <= FLOOR_DB + SILENT_ABOVE_FLOOR_DB


def test_chroma_of_silence_is_the_floor_too() -> None:
    assert (bark(np.zeros(9_000, np.float32), n_chroma=12) == FLOOR_DB).all()


@given(cuts=st.lists(st.integers(0, 90_000), max_size=6))
def test_stream_with_chroma_equals_whole(cuts: list[int]) -> None:
    samples = noise(90_000)
    stream = Bark(BarkConfig(n_chroma=12)).frames()
    parts = [stream.push(part) for part in np.split(samples, sorted(cuts))]
    parts.append(stream.finish())
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), bark(samples, n_chroma=12))


def test_power_spectra_give_the_same_as_the_samples_that_have_them() -> None:
    samples = noise(10_000)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 1024), 2048)[::1024]
    power = np.abs(np.fft.rfft(frames * hamming(2048), axis=1)) ** 2
    front_end = Bark(BarkConfig(n_chroma=12))
    found = front_end.of_power(power.T)
    np.testing.assert_allclose(found, bark(samples, n_chroma=12), atol=1e-3)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"sample_rate": 0}, "sample_rate"),
        ({"n_fft": 2048.0}, "n_fft"),
        ({"hop_length": -1}, "hop_length"),
        ({"hop_length": 4096}, "must not exceed"),
        ({"n_chroma": 6}, "n_chroma must be 0 or 12"),
        ({"n_chroma": True}, "n_chroma"),
        ({"n_fft": 128, "hop_length": 128}, "too short"),
        ({"n_fft": 1024, "n_chroma": 12}, "C4 to C8.*1418 at least"),
        ({"sample_rate": 8_000, "n_chroma": 12}, "C4 to C8"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadConfig, match=reason):
        build("bark", settings)
