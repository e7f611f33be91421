"""Statistics of a spectrogram, by hand and under what must not or must change them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.baselines.features import STATISTICS, names, summary
from affetto.errors import BadConfig


def spectrogram(seed: int, n_bins: int = 3, n_frames: int = 20) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).normal(-40, 10, size=(n_bins, n_frames))


def by_statistic(values: npt.ArrayLike) -> dict[str, npt.NDArray[np.float32]]:
    return dict(zip(STATISTICS, np.split(summary(values), len(STATISTICS)), strict=True))


def test_summary_of_two_bands_by_hand() -> None:
    found = by_statistic([[0, 4, 2, 2, 2], [1, 1, 1, 1, 1]])
    for statistic, expected in {
        "mean": (2, 1),
        "deviation": (np.sqrt(8 / 5), 0),
        "p10": (0.8, 1),
        "p50": (2, 1),
        "p90": (3.2, 1),
        "delta_mean": (6 / 4, 0),  # sizes 4, 2, 0, 0
        "delta_deviation": (np.sqrt((16 + 4) / 4 - 0.25), 0),  # differences 4, -2, 0, 0
    }.items():
        np.testing.assert_allclose(found[statistic], expected, rtol=1e-6, err_msg=statistic)


def test_first_features_are_the_averages_and_names_say_which() -> None:
    values = spectrogram(0)
    found = summary(values)
    assert found.dtype == np.float32
    assert found.shape == (21,)
    np.testing.assert_allclose(found[:3], values.mean(axis=1), rtol=1e-6)
    assert len(set(names(3))) == 21
    assert names(3)[:4] == ("mean_00", "mean_01", "mean_02", "deviation_00")
    assert names(101)[100] == "mean_100"
    assert names(101)[0] == "mean_000"


@given(st.integers(0, 10_000))
def test_a_louder_copy_moves_level_and_nothing_else(seed: int) -> None:
    quiet, loud = by_statistic(spectrogram(seed)), by_statistic(spectrogram(seed) + 6)
    for statistic in STATISTICS:
        moved = 6 if statistic in ("mean", "p10", "p50", "p90") else 0
        np.testing.assert_allclose(loud[statistic], quiet[statistic] + moved, atol=1e-4)


@given(st.integers(0, 10_000))
def test_sound_played_backwards_has_the_same_summary(seed: int) -> None:
    values = spectrogram(seed)
    np.testing.assert_allclose(summary(values[:, ::-1]), summary(values), atol=1e-4)


def test_bands_do_not_know_each_other() -> None:
    values = spectrogram(1)
    alone = [summary(values[band : band + 1]) for band in range(3)]
    np.testing.assert_allclose(np.stack(alone, axis=1).reshape(-1), summary(values), rtol=1e-6)


def test_one_frame_has_no_movement() -> None:
    found = by_statistic([[5.0], [6.0]])
    assert found["p10"].tolist() == [5, 6]
    assert found["delta_mean"].tolist() == found["delta_deviation"].tolist() == [0, 0]


@pytest.mark.parametrize("values", [np.zeros(4), np.zeros((3, 0)), np.full((2, 2), np.nan)])
def test_what_is_no_spectrogram_is_refused(values: npt.NDArray[np.float64]) -> None:
    with pytest.raises(BadConfig, match="values"):
        summary(values)
