"""The log-mel front end follows its definition, and librosa's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.core import FloatArray, Waveform
from affetto.errors import BadConfig
from affetto.frontends import build, spectrogram
from affetto.frontends.frames import FLOOR_DB, hamming
from affetto.frontends.logmel import LogMel, LogMelConfig, hz_to_mel, mel_filters, mel_to_hz
from tests.helpers import chirp


def noise(n_samples: int) -> FloatArray:
    return np.random.default_rng(2).uniform(-0.5, 0.5, n_samples).astype(np.float32)


def log_mel(samples: FloatArray, **settings: Any) -> FloatArray:
    front_end = LogMel(LogMelConfig(**settings))
    return spectrogram(front_end, Waveform(samples, front_end.sample_rate)).values


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"sample_rate": 16_000, "n_fft": 512, "hop_length": 160, "n_mels": 40},
        {"sample_rate": 44_100, "n_fft": 2048, "hop_length": 441, "f_min_hz": 0.0,
         "f_max_hz": 22_050.0, "n_mels": 128},
    ],
)  # fmt: skip
def test_values_equal_those_of_librosa(settings: dict[str, Any]) -> None:
    librosa = pytest.importorskip("librosa")
    config = LogMelConfig(**settings)
    samples = noise(config.sample_rate) + chirp(1.0, config.sample_rate)[:, 0]
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=config.sample_rate,
        n_fft=config.n_fft,
        hop_length=config.hop_length,
        window="hamming",
        center=True,
        pad_mode="constant",
        power=2.0,
        n_mels=config.n_mels,
        fmin=config.f_min_hz,
        fmax=config.f_max_hz,
        htk=False,
        norm=None,
    )
    window = librosa.filters.get_window("hamming", config.n_fft)
    expected_db = 10 * np.log10(np.maximum(power * (2 / window.sum()) ** 2, 1e-10))
    np.testing.assert_allclose(log_mel(samples, **settings), expected_db, atol=0.005)


@pytest.mark.parametrize("n_samples", [0, 255, 256, 32_511, 32_512, 32_767, 32_768, 65_280])
@pytest.mark.parametrize("hop_length", [100, 511, 512])
def test_frames_may_follow_each_other_without_overlap(n_samples: int, hop_length: int) -> None:
    values = log_mel(noise(n_samples), n_fft=512, hop_length=hop_length, n_mels=40)
    assert values.shape == (40, 1 + n_samples // hop_length)


ONE_BIN_A_BAND = {
    "sample_rate": 16_000, "n_fft": 1024, "hop_length": 256, "n_mels": 40,
    "f_min_hz": 0.0, "f_max_hz": 41 * 15.625,
}  # fmt: skip
"""Bands as wide as the bins of the spectrum, centered on bins 1 to 40: no mel smoothing."""


@pytest.mark.parametrize("bin_number", [3, 10, 37])
@pytest.mark.parametrize("amplitude", [1.0, 0.1])
def test_sine_of_amplitude_1_has_0_db_at_its_bin(bin_number: int, amplitude: float) -> None:
    times_s = np.arange(16_000) / 16_000
    sine = amplitude * np.sin(2 * np.pi * bin_number * 15.625 * times_s)
    values = log_mel(sine.astype(np.float32), **ONE_BIN_A_BAND)[:, 4:-4]  # away from the ends
    level_db = 20 * np.log10(amplitude)
    np.testing.assert_allclose(values[bin_number - 1], level_db, atol=0.001)
    # The neighbors see the window's own side: 0.23 / 0.54 of the amplitude.
    np.testing.assert_allclose(values[bin_number], level_db - 7.413, atol=0.01)
    assert values[(bin_number + 20) % 40].max() < level_db - 40


@given(gain_db=st.floats(-30, 30))
def test_gain_adds_its_decibels(gain_db: float) -> None:
    samples = noise(4_000)
    louder = samples * np.float32(10 ** (gain_db / 20))
    np.testing.assert_allclose(log_mel(louder), log_mel(samples) + gain_db, atol=0.01)


def test_delay_by_a_hop_moves_the_frames_by_one() -> None:
    samples = noise(20_000)
    delayed = np.concatenate([np.zeros(512, np.float32), samples])
    np.testing.assert_allclose(log_mel(delayed)[:, 1:], log_mel(samples), atol=1e-4)


def test_frame_is_centered_on_its_sample() -> None:
    click = np.zeros(20_000, np.float32)
    click[10 * 512] = 1
    energy = log_mel(click).max(axis=0)
    assert energy.argmax() == 10
    assert (energy[:9] == FLOOR_DB).all()
    assert (energy[12:] == FLOOR_DB).all()


def test_power_spectra_give_the_same_as_the_samples_that_have_them() -> None:
    samples = noise(10_000)
    front_end = LogMel()
    padded = np.pad(samples, 512)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 1024)[::512]
    power = np.abs(np.fft.rfft(frames * hamming(1024), axis=1)) ** 2
    np.testing.assert_allclose(front_end.of_power(power.T), log_mel(samples), atol=1e-3)


@given(st.floats(0, 20_000))
def test_mel_scale_is_inverted(hz: float) -> None:
    assert float(mel_to_hz(hz_to_mel(hz))) == pytest.approx(hz, rel=1e-9, abs=1e-9)


def test_mel_scale_has_slaneys_fixed_points() -> None:
    hz = [0, 200 / 3, 1000, 6400, 1000 * 6.4 ** (1 / 27)]
    np.testing.assert_allclose(hz_to_mel(hz), [0, 1, 15, 42, 16], rtol=1e-12)


def test_filters_are_triangles_of_peak_1_that_add_up_to_1() -> None:
    config = LogMelConfig(n_fft=8192, f_min_hz=100.0, f_max_hz=6_000.0, n_mels=20)
    filters = mel_filters(config)
    assert filters.shape == (20, 4097)
    assert filters.min() == 0
    assert (filters.max(axis=1) > 0.95).all()
    hz = np.arange(4097) * config.sample_rate / 8192
    first, last = filters[0].argmax(), filters[-1].argmax()
    np.testing.assert_allclose(filters[:, first : last + 1].sum(axis=0), 1, atol=1e-5)
    assert not filters[:, hz < 100].any()
    assert not filters[:, hz > 6_000].any()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"sample_rate": 0}, "sample_rate"),
        ({"n_fft": 1024.0}, "n_fft"),
        ({"hop_length": -1}, "hop_length"),
        ({"hop_length": 2048}, "must not exceed"),
        ({"n_mels": "many"}, "n_mels"),
        ({"n_mels": True}, "n_mels"),
        ({"f_min_hz": -1.0}, "f_min_hz"),
        ({"f_min_hz": 9_000.0}, "f_min_hz"),
        ({"f_max_hz": 12_000.0}, "half the sample rate"),
        ({"f_max_hz": float("nan")}, "f_max_hz"),
        ({"f_max_hz": "high"}, "f_max_hz"),
        ({"n_mels": 400}, "too many"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadConfig, match=reason):
        build("logmel", settings)
