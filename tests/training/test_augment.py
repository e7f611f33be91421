"""A changed batch keeps its shape, its unknowns and its origin."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from affetto.frontends.frames import FLOOR_DB
from affetto.training.augment import apply
from affetto.training.config import AugmentConfig

ALL = AugmentConfig(
    mixup=0.4,
    tilt_db=6.0,
    gain_db=3.0,
    holes_share=0.5,
    max_hole_bands=3,
    n_band_masks=2,
    max_band_mask=4,
    n_time_masks=2,
    max_time_mask=6,
)


def batch(n_windows: int = 6, n_bins: int = 10, n_frames: int = 20) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return -40 + 10 * torch.randn(n_windows, n_bins, n_frames, generator=generator)


def targets_of(n_windows: int = 6) -> dict[str, Tensor]:
    """Give targets of two heads, of which every window knows the one or the other, or both."""
    generator = torch.Generator().manual_seed(1)
    tags = torch.rand(n_windows, 3, generator=generator)
    plane = torch.rand(n_windows, 2, generator=generator)
    tags[::3] = math.nan
    plane[1::3] = math.nan
    return {"tags": tags, "plane": plane}


def test_apply_without_settings_changes_nothing() -> None:
    values, targets = batch(), targets_of()
    found, found_targets = apply(values, targets, AugmentConfig(), np.random.default_rng(0))
    assert torch.equal(found, values)
    for name, expected in targets.items():
        torch.testing.assert_close(found_targets[name], expected, rtol=0, atol=0, equal_nan=True)


@settings(max_examples=30)
@given(
    n_windows=st.integers(2, 9),
    n_bins=st.integers(1, 12),
    n_frames=st.integers(1, 12),  # masks may be longer than the window
    seed=st.integers(0, 1000),
)
def test_apply_keeps_shapes_and_finite_values(
    n_windows: int, n_bins: int, n_frames: int, seed: int
) -> None:
    values, targets = batch(n_windows, n_bins, n_frames), targets_of(n_windows)
    found, found_targets = apply(values, targets, ALL, np.random.default_rng(seed))
    assert found.shape == values.shape
    assert found.dtype == torch.float32
    assert torch.isfinite(found).all()
    assert {name: value.shape for name, value in found_targets.items()} == {
        name: value.shape for name, value in targets.items()
    }


@given(st.integers(0, 1000))
def test_apply_keeps_unknown_targets_unknown_and_known_ones_known(seed: int) -> None:
    targets = targets_of()
    _, found = apply(batch(), targets, ALL, np.random.default_rng(seed))
    for name, expected in targets.items():
        assert torch.equal(torch.isnan(found[name]), torch.isnan(expected))
        known = found[name][~torch.isnan(expected)]
        assert ((known >= 0) & (known <= 1)).all()


def test_apply_leaves_its_input_as_it_is() -> None:
    values, targets = batch(), targets_of()
    apply(values, targets, ALL, np.random.default_rng(0))
    assert torch.equal(values, batch())
    for name, expected in targets_of().items():
        torch.testing.assert_close(targets[name], expected, rtol=0, atol=0, equal_nan=True)


def test_apply_follows_from_the_generator_alone() -> None:
    first, same, other = (
        apply(batch(), targets_of(), ALL, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(first[0], same[0])
    assert torch.equal(first[1]["tags"].nan_to_num(-1), same[1]["tags"].nan_to_num(-1))
    assert not torch.equal(first[0], other[0])


def test_apply_does_not_move_torchs_own_generator() -> None:
    before = torch.get_rng_state()
    apply(batch(), targets_of(), ALL, np.random.default_rng(0))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("seed", range(5))
def test_mixup_blends_two_windows_and_their_targets_alike(seed: int) -> None:
    # Window i is filled with i, its target is i / 10: the blend shows which two, and how much.
    numbers = torch.arange(6.0)
    values = numbers[:, None, None].expand(6, 4, 5)
    targets = {"tags": (numbers / 10)[:, None]}
    found, blended = apply(values, targets, AugmentConfig(mixup=0.4), np.random.default_rng(seed))
    torch.testing.assert_close(blended["tags"][:, 0] * 10, found[:, 0, 0])
    # At least half of each window is its own: it lies nearer to itself than to any partner.
    distance = (found[:, 0, 0] - numbers).abs()
    assert (distance <= (numbers.max() - numbers.min()) / 2).all()
    assert distance.max() > 0


def test_mixup_takes_a_windows_own_label_where_the_partner_has_none() -> None:
    targets = {"tags": torch.tensor([[0.2], [math.nan], [math.nan], [math.nan]])}
    for seed in range(10):
        _, found = apply(batch(4), targets, AugmentConfig(mixup=0.4), np.random.default_rng(seed))
        assert float(found["tags"][0, 0]) == pytest.approx(0.2)
        assert torch.isnan(found["tags"][1:]).all()


def test_tilt_is_a_straight_line_over_the_bands_within_its_limit() -> None:
    values = batch()
    found, _ = apply(values, targets_of(), AugmentConfig(tilt_db=6.0), np.random.default_rng(0))
    added = found - values
    torch.testing.assert_close(added, added[:, :, :1].expand_as(added), atol=1e-4, rtol=0)
    line = added[:, :, 0]
    steps = line.diff(dim=1)
    torch.testing.assert_close(steps, steps[:, :1].expand_as(steps), atol=1e-4, rtol=0)
    assert (line.abs() <= 6.0 + 1e-4).all()
    torch.testing.assert_close(line[:, 0], -line[:, -1], atol=1e-4, rtol=0)


def test_masks_fill_whole_bands_and_frames_with_the_windows_mean() -> None:
    values = batch(8, 16, 30)
    config = AugmentConfig(n_band_masks=1, max_band_mask=4, n_time_masks=1, max_time_mask=6)
    found, _ = apply(values, targets_of(8), config, np.random.default_rng(2))
    means = values.mean(dim=(1, 2), keepdim=True).expand_as(values)
    changed = found != values
    assert changed.any()
    assert torch.equal(found[changed], means[changed])
    for window in changed:
        bands, frames = window.all(dim=1), window.all(dim=0)
        assert bands.sum() <= 4
        assert frames.sum() <= 6
        assert torch.equal(window, bands[:, None] | frames[None])


def test_gain_moves_all_values_of_a_window_alike_within_its_limit() -> None:
    values = batch()
    found, _ = apply(values, targets_of(), AugmentConfig(gain_db=4.0), np.random.default_rng(0))
    added = found - values
    torch.testing.assert_close(added, added[:, :1, :1].expand_as(added), atol=1e-4, rtol=0)
    gains = added[:, 0, 0]
    assert gains.abs().max() <= 4
    assert gains.std() > 0.5


def test_holes_lower_cells_of_the_highest_bands_of_a_share_of_the_windows() -> None:
    values = batch(400).clamp(-60, -20)
    config = AugmentConfig(holes_share=0.25, max_hole_bands=3)
    found, _ = apply(values, targets_of(400), config, np.random.default_rng(0))
    loss = values - found  # no value is near the floor
    assert torch.equal(found[:, :7], values[:, :7])
    assert (loss >= 0).all()
    has_hole = (loss > 0).any(dim=2).any(dim=1)
    assert 0.1 < float(has_hole.float().mean()) < 0.3
    shares = (loss[has_hole][:, -1] > 0).float().mean(dim=1)
    assert shares.min() < 0.3  # here and there
    assert shares.max() > 0.9  # and throughout
    for window in loss[has_hole]:  # one depth a window
        depths = window[window > 0]
        assert 3 <= float(depths.min()) <= float(depths.max()) <= 40 + 1e-4
        assert float(depths.max() - depths.min()) < 1e-4


def test_holes_end_where_silence_begins() -> None:
    values = torch.full((50, 4, 6), -95.0)
    config = AugmentConfig(holes_share=1.0, max_hole_bands=4)
    found, _ = apply(values, targets_of(50), config, np.random.default_rng(0))
    assert found.min() == -100


PITCHES = AugmentConfig(max_transposition=2)


def with_pitches(n_unknown: int = 1) -> Tensor:
    """Give windows of 4 bands and 6 pitches, those of the first ones unknown."""
    values = batch(n_windows=8)
    values[:n_unknown, 4:] = FLOOR_DB
    return values


@pytest.mark.parametrize("seed", range(5))
def test_transposition_moves_all_pitches_of_a_window_alike_and_no_band(seed: int) -> None:
    values = with_pitches(n_unknown=0)
    found, _ = apply(values, targets_of(8), PITCHES, np.random.default_rng(seed), n_pitches=6)
    torch.testing.assert_close(found[:, :4], values[:, :4])
    moved = []
    for before, after in zip(values[:, 4:], found[:, 4:], strict=True):
        rows = torch.arange(6)
        fits = [m for m in range(-2, 3) if torch.equal(after, before[(rows - m).clamp(0, 5)])]
        assert len(fits) == 1
        moved += fits
    assert len(set(moved)) > 1


def test_unknown_pitches_stay_unknown_and_leave_those_of_others_as_they_are() -> None:
    config = replace(ALL, max_transposition=2, pitch_gain_db=1.0)
    for seed in range(10):
        found, _ = apply(
            with_pitches(2), targets_of(8), config, np.random.default_rng(seed), n_pitches=6
        )
        assert (found[:2, 4:] == FLOOR_DB).all()
    values = with_pitches(7)  # nobody is left to be blended with
    found, _ = apply(
        values, targets_of(8), AugmentConfig(mixup=0.4), np.random.default_rng(0), n_pitches=6
    )
    torch.testing.assert_close(found[:, 4:], values[:, 4:])


def test_pitches_are_blended_as_the_bands_are() -> None:
    numbers = torch.arange(6.0)
    values = numbers[:, None, None].expand(6, 5, 4)
    found, _ = apply(values, {}, AugmentConfig(mixup=0.4), np.random.default_rng(1), n_pitches=2)
    torch.testing.assert_close(found[:, 3:], found[:, :2])
