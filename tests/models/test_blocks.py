"""The normalization of a window takes the level away, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from affetto.core import Waveform
from affetto.frontends import build, spectrogram
from affetto.frontends.frames import TYPICAL_LEVEL_DB
from affetto.models.blocks import ConvBlock, Level, WindowNorm
from tests import miniature

LOGMEL = build("logmel", {"n_mels": 32, "f_max_hz": 8000.0})


def normalize(values: Tensor) -> Tensor:
    norm = WindowNorm(values.shape[1])
    norm.eval()
    with torch.inference_mode():
        found: Tensor = norm(values)
    return found


def frames_of(gain_db: float, number: int = 1) -> Tensor:
    """Give a window of a tune with noise in every band, so that none meets the floor."""
    samples = miniature.tune(number, 2.0, LOGMEL.sample_rate) * np.float32(10 ** (gain_db / 20))
    values = spectrogram(LOGMEL, Waveform(samples, LOGMEL.sample_rate)).values
    assert values.min() > LOGMEL.floor
    return torch.from_numpy(np.array(values[None, :, 4:-4]))  # no edge, where the padding is


@pytest.mark.parametrize("gain_db", [-20.0, 20.0])
def test_window_norm_ignores_the_gain_of_the_sound(gain_db: float) -> None:
    torch.testing.assert_close(
        normalize(frames_of(gain_db)), normalize(frames_of(0.0)), atol=1e-4, rtol=0
    )


def test_window_norm_gives_each_window_mean_zero_and_deviation_one() -> None:
    values = torch.cat([frames_of(0.0, 1), frames_of(-12.0, 2)])
    found = normalize(values)
    for window in found:
        assert float(window.mean()) == pytest.approx(0, abs=1e-4)
        assert float(window.std(unbiased=False)) == pytest.approx(1, rel=1e-4)


def test_window_norm_does_not_look_at_the_other_windows() -> None:
    one, other = frames_of(0.0, 1), frames_of(30.0, 2)
    torch.testing.assert_close(normalize(torch.cat([one, other]))[:1], normalize(one))


def test_window_norm_does_not_blow_up_what_hardly_moves() -> None:
    generator = torch.Generator().manual_seed(0)
    nearly_flat = -80 + 0.1 * torch.randn(1, 8, 50, generator=generator)
    assert float(normalize(nearly_flat).std()) < 0.1 / 2.0 * 1.1  # over the floor of 2 dB
    assert (normalize(torch.full((1, 8, 50), -100.0)) == 0).all()


@pytest.mark.parametrize(("pool", "shape"), [(True, (2, 5, 4, 6)), (False, (2, 5, 8, 12))])
def test_conv_block_halves_both_axes_where_it_pools(pool: bool, shape: tuple[int, ...]) -> None:
    found = ConvBlock(3, 5, pool)(torch.randn(2, 3, 8, 12))
    assert found.shape == shape
    assert (found >= 0).all()


def test_level_says_how_many_tens_of_decibels_a_window_is_from_typical() -> None:
    values = torch.randn(1, 8, 20, generator=torch.Generator().manual_seed(0))
    values = values - values.mean() + TYPICAL_LEVEL_DB
    level = Level(dropout=0.0)
    windows = torch.cat([values, values + 10, values - 25, values - 90])
    torch.testing.assert_close(level(windows), torch.tensor([[0.0], [1.0], [-2.5], [-3.0]]))


def test_level_is_left_out_for_a_share_of_windows_in_training_alone() -> None:
    level, windows = Level(dropout=0.25), torch.full((4000, 2, 2), TYPICAL_LEVEL_DB + 10)
    torch.manual_seed(0)
    found = level(windows)
    assert set(found.flatten().tolist()) == {0.0, 1.0}
    assert float(found.mean()) == pytest.approx(0.75, abs=0.05)
    level.eval()
    assert (level(windows) == 1).all()
