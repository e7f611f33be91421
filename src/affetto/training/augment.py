"""Changes of a batch that keep its emotion.

- mixup (H. Zhang and others, ICLR 2018): windows and targets are blended with a shuffled batch,
  weight from Beta(a, a), at least 1/2 for the window itself. Where only one of the two labels
  an output, the window's own label counts, known or not.
- tilt: a straight line over the frequency bands, up to `tilt_db` at the ends: another equalizer.
- gain: another volume, by up to `gain_db`.
- low pass: a share `low_pass_share` of the windows loses up to `max_low_pass` of its highest
  bands, as an encoder of few bits does: they fall to the window's lowest value.
- masks over bands and frames (SpecAugment; D. S. Park and others, Interspeech 2019), filled with
  the window's mean.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from affetto.training.config import AugmentConfig


def apply(
    values: Tensor, targets: Mapping[str, Tensor], config: AugmentConfig, rng: np.random.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Give changed windows (batch, n_bins, n_frames) and targets; the inputs stay as they are."""
    changed = dict(targets)
    if config.tilt_db:
        values = values + _tilt(values, config.tilt_db, rng)
    if config.mixup:
        values, changed = mixup(values, changed, config.mixup, rng)
    if config.gain_db:
        gain = rng.uniform(-config.gain_db, config.gain_db, len(values)).astype(np.float32)
        values = values + torch.from_numpy(gain)[:, None, None]
    if config.low_pass_share and config.max_low_pass:
        values = _low_pass(values, config.low_pass_share, config.max_low_pass, rng)
    mean = values.mean(dim=(1, 2), keepdim=True)
    masked = torch.zeros(values.shape, dtype=torch.bool)
    for row in masked:
        for _ in range(config.n_band_masks):
            first, length = _stretch(values.shape[1], config.max_band_mask, rng)
            row[first : first + length] = True
        for _ in range(config.n_time_masks):
            first, length = _stretch(values.shape[2], config.max_time_mask, rng)
            row[:, first : first + length] = True
    return torch.where(masked, mean, values), changed


def _tilt(values: Tensor, tilt_db: float, rng: np.random.Generator) -> Tensor:
    slope = torch.from_numpy(rng.uniform(-tilt_db, tilt_db, len(values)).astype(np.float32))
    ramp = torch.linspace(-1, 1, values.shape[1])
    return (slope[:, None] * ramp[None])[:, :, None]


def _low_pass(values: Tensor, share: float, most: int, rng: np.random.Generator) -> Tensor:
    n_bands = values.shape[1]
    n_lost = rng.integers(1, min(most, n_bands) + 1, len(values))
    n_lost[rng.random(len(values)) >= share] = 0
    is_lost = torch.arange(n_bands)[None] >= torch.from_numpy(n_bands - n_lost)[:, None]
    lowest = values.amin(dim=(1, 2), keepdim=True)
    return torch.where(is_lost[:, :, None], lowest, values)


def mixup(
    values: Tensor, targets: Mapping[str, Tensor], strength: float, rng: np.random.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Blend each row of values (batch, ...), and its targets, with another one's."""
    drawn = rng.beta(strength, strength, len(values)).astype(np.float32)
    share = torch.from_numpy(np.maximum(drawn, 1 - drawn))[:, None]
    partner = torch.from_numpy(rng.permutation(len(values)))
    share_of_values = share.reshape(-1, *[1] * (values.ndim - 1))
    mixed = share_of_values * values + (1 - share_of_values) * values[partner]
    blended = {}
    for name, own in targets.items():
        other = own[partner]
        both = share * own + (1 - share) * other
        blended[name] = torch.where(torch.isnan(other), own, both)
    return mixed, blended


def _stretch(n: int, longest: int, rng: np.random.Generator) -> tuple[int, int]:
    length = int(rng.integers(0, longest + 1))
    return int(rng.integers(0, max(1, n - length))), length
