"""Loudness, modulation and beat: each number answers to a sound that is made for it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.baselines.features import MODULATION_HZ, dynamics
from affetto.errors import BadConfig

FRAME_HZ = 20.0
N_OCTAVES = len(MODULATION_HZ) - 1
LOUDNESS, TREND, MODULATION, ONSETS, QUIET = 0, 4, 5, 30, 35
STRENGTH, PERIOD = ONSETS + 3, ONSETS + 4

Values = npt.NDArray[np.float64]


def swelling(rate_hz: float, depth_db: float = 6.0, n_frames: int = 400) -> Values:
    """Give eight bands that rise and fall together."""
    times_s = np.arange(n_frames) / FRAME_HZ
    return np.tile(-30 + depth_db * np.sin(2 * np.pi * rate_hz * times_s), (8, 1))


def pulses(every: int, n_frames: int = 400) -> Values:
    """Give eight bands that jump up in every so many frames, and fall off in a few."""
    place = np.arange(n_frames) % every
    return np.tile(-20.0 - 5 * np.minimum(place, 6), (8, 1))


def test_a_level_is_its_own_loudness_and_has_no_dynamics() -> None:
    found = dynamics(np.full((8, 100), -25.0), FRAME_HZ)
    assert found.shape == (36,)
    assert np.allclose(found[[LOUDNESS, LOUDNESS + 2, LOUDNESS + 3]], -25.0)
    assert np.allclose(np.delete(found, [LOUDNESS, LOUDNESS + 2, LOUDNESS + 3]), 0.0, atol=1e-5)


@given(st.floats(-60, 0), st.floats(-3, 3))
def test_trend_is_the_rise_in_db_a_second(level_db: float, rise_db_s: float) -> None:
    line = level_db + rise_db_s * np.arange(200) / FRAME_HZ
    found = dynamics(np.tile(line, (4, 1)), FRAME_HZ)
    assert found[TREND] == pytest.approx(rise_db_s, abs=1e-3)


@pytest.mark.parametrize("octave", range(N_OCTAVES))
def test_modulation_is_the_deviation_in_the_octave_of_its_rate(octave: int) -> None:
    rate_hz = MODULATION_HZ[octave] * 1.4
    of_loudness = dynamics(swelling(rate_hz), FRAME_HZ)[MODULATION : MODULATION + N_OCTAVES]
    assert of_loudness.argmax() == octave
    # A sine's deviation is its depth by the root of two; the window spreads a little of it.
    assert of_loudness[octave] == pytest.approx(6.0 / np.sqrt(2), rel=0.15)


@pytest.mark.parametrize("every", [8, 10, 16])
def test_beat_is_found_with_its_period_and_its_rate(every: int) -> None:
    found = dynamics(pulses(every), FRAME_HZ)
    assert found[PERIOD] * FRAME_HZ % every == pytest.approx(0, abs=1e-4)
    assert found[STRENGTH] > 0.7
    assert found[ONSETS + 2] == pytest.approx(FRAME_HZ / every, rel=0.1)


def test_noise_has_a_weaker_beat_than_pulses() -> None:
    noise = np.random.default_rng(0).normal(-30, 5, (8, 400))
    assert dynamics(noise, FRAME_HZ)[STRENGTH] < 0.5 * dynamics(pulses(10), FRAME_HZ)[STRENGTH]


def test_share_of_quiet_frames_is_what_lies_20_db_below_the_loudest() -> None:
    values = np.full((3, 100), -10.0)
    values[:, :30] = -40.0
    assert dynamics(values, FRAME_HZ)[QUIET] == pytest.approx(0.3)


@given(st.floats(-40, 40))
def test_a_change_of_volume_changes_the_level_alone(gain_db: float) -> None:
    values = pulses(10) + np.random.default_rng(0).normal(0, 1, (8, 400))
    before, after = dynamics(values, FRAME_HZ), dynamics(values + gain_db, FRAME_HZ)
    levels = [LOUDNESS, LOUDNESS + 2, LOUDNESS + 3]
    assert np.allclose(after[levels] - before[levels], gain_db, atol=1e-3)
    assert np.allclose(np.delete(after, levels), np.delete(before, levels), atol=1e-3)


@pytest.mark.parametrize("n_frames", [1, 2, 3, 7])
@pytest.mark.parametrize("n_bins", [1, 3, 23])
def test_the_shortest_sounds_have_finite_features(n_bins: int, n_frames: int) -> None:
    values = np.random.default_rng(0).normal(size=(n_bins, n_frames))
    assert np.isfinite(dynamics(values, FRAME_HZ)).all()


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((2, 0)), np.asarray([[0.0, np.nan]])])
def test_what_is_no_spectrogram_is_refused(values: Values) -> None:
    with pytest.raises(BadConfig, match="values"):
        dynamics(values, FRAME_HZ)
