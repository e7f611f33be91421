"""The front end with pitches: mel bands as ever, and rows that tell a semitone from the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from affetto.core import FloatArray, Waveform
from affetto.errors import BadConfig
from affetto.frontends import build, spectrogram
from affetto.frontends.frames import FLOOR_DB
from affetto.frontends.melpitch import MelPitch, MelPitchConfig, pitch_filters

RATE = 22_050
C4_ROW = 2 * 12 * 3  # two octaves above C2


def chord(*semitones: float, duration_s: float = 3.0) -> FloatArray:
    """Give sines of amplitude 0.1, counted in semitones from C4 up."""
    times_s = np.arange(round(duration_s * RATE)) / RATE
    hz = 65.406 * 4 * 2 ** (np.asarray(semitones)[:, None] / 12)
    return np.asarray(0.1 * np.sin(2 * np.pi * hz * times_s).sum(axis=0), np.float32)


def rows_of(samples: FloatArray, **settings: Any) -> tuple[FloatArray, FloatArray]:
    """Give mel bands and pitches."""
    front_end = MelPitch(MelPitchConfig(**settings))
    values = spectrogram(front_end, Waveform(samples, RATE)).values
    assert len(values) == front_end.n_bins
    n_mels = front_end.config.n_mels
    return values[:n_mels], values[n_mels:]


def test_first_rows_are_those_of_the_mel_front_end() -> None:
    samples = chord(0, 4, 7)
    mel = spectrogram(build("logmel", {}), Waveform(samples, RATE)).values
    np.testing.assert_array_equal(rows_of(samples)[0], mel)


@pytest.mark.parametrize("semitone", [-12, 0, 9, 33])
def test_sine_stands_out_in_the_row_of_its_pitch(semitone: int) -> None:
    _, pitches = rows_of(chord(semitone))
    middle = pitches[:, 24:-24].mean(axis=1)
    row = C4_ROW + 3 * semitone
    assert middle.argmax() == row
    assert middle[row] > -20 - 12  # of the sine's -20 dB, averaged over the bins around it
    others = np.delete(middle, np.arange(max(0, row - 5), row + 6))
    assert others.max() < middle[row] - 25


def test_major_and_minor_differ_by_the_third_alone() -> None:
    (_, major), (_, minor) = rows_of(chord(0, 4, 7)), rows_of(chord(0, 3, 7))
    difference = (major - minor)[:, 24:-24].mean(axis=1)
    assert difference.argmax() == pytest.approx(C4_ROW + 12, abs=1)
    assert difference.argmin() == pytest.approx(C4_ROW + 9, abs=1)
    assert abs(difference[[C4_ROW, C4_ROW + 21]]).max() < 1


def test_pitches_stay_the_same_for_as_many_frames_as_they_are_held() -> None:
    _, pitches = rows_of(chord(0, duration_s=1.0), hold=4)
    held = pitches[:, : pitches.shape[1] // 4 * 4].reshape(len(pitches), -1, 4)
    assert (held == held[:, :, :1]).all()
    assert (np.diff(held[:, :, 0], axis=1) != 0).any()


def test_silence_is_the_floor_in_every_row() -> None:
    for rows in rows_of(np.zeros(RATE, np.float32)):
        assert (rows == FLOOR_DB).all()


@pytest.mark.parametrize("settings", [{}, {"bins_per_semitone": 1}, {"n_fft_pitch": 4096}])
def test_filters_are_means_over_the_bins_around_a_pitch(settings: dict[str, Any]) -> None:
    config = MelPitchConfig(**settings)
    filters = pitch_filters(config)
    assert filters.shape == (config.n_pitches, config.n_fft_pitch // 2 + 1)
    np.testing.assert_allclose(filters.sum(axis=1), 1, rtol=1e-5)
    assert (np.diff(filters @ np.arange(filters.shape[1])) > 0).all()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"n_mels": 0}, "n_mels"),
        ({"n_fft_pitch": 0}, "n_fft_pitch"),
        ({"n_fft_pitch": 2048}, "must not exceed"),
        ({"hold": 65}, "hold"),
        ({"hold": True}, "hold"),
        ({"pitch_min_hz": 0.0}, "pitch_min_hz"),
        ({"pitch_min_hz": "C2"}, "pitch_min_hz"),
        ({"pitch_min_hz": float("nan")}, "pitch_min_hz"),
        ({"n_octaves": 8}, "half the sample rate"),
        ({"bins_per_semitone": 9}, "bins_per_semitone"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadConfig, match=reason):
        build("mel_pitch", settings)
