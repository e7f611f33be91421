"""Changes of a batch that keep its emotion.

- mixup (H. Zhang and others, ICLR 2018): windows and targets are blended with a shuffled batch,
  weight from Beta(a, a), at least 1/2 for the window itself. Where only one of the two labels
  an output, the window's own label counts, known or not.
- tilt: a straight line over the frequency bands, up to `tilt_db` at the ends: another equalizer.
- gain: another volume, by up to `gain_db`.
- holes: a share `holes_share` of the windows loses cells of its highest `max_hole_bands` bands, as
  an encoder of few bits makes them: here and there, for some frames, or throughout.
- transposition: the pitches, where there are any, move by up to `max_transposition` rows, those at
  the end repeated; and each row is louder or softer by `pitch_gain_db` (standard deviation).
- masks over bands and frames (SpecAugment; D. S. Park and others, Interspeech 2019), filled with
  the window's mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from affetto.frontends.frames import FLOOR_DB
from affetto.models.pitch import are_known
from affetto.training.config import AugmentConfig

_LONGEST_HOLE = 4
_HOLE_DB = (3.0, 40.0)


def apply(
    values: Tensor,
    targets: Mapping[str, Tensor],
    config: AugmentConfig,
    rng: np.random.Generator,
    n_pitches: int = 0,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Give changed windows (batch, n_bins, n_frames) and targets; the inputs stay as they are.

    The last `n_pitches` bins are single pitches: only mixup and transposition change them.
    """
    changed = dict(targets)
    n_bands = values.shape[1] - n_pitches
    values, pitches = values[:, :n_bands], values[:, n_bands:]
    if config.tilt_db:
        values = values + _tilt(values, config.tilt_db, rng)
    if config.mixup:
        mix = Mix.drawn(len(values), config.mixup, rng)
        values, changed = mix.of_values(values), mix.of_targets(changed)
        pitches = _mixed_where_known(pitches, mix) if n_pitches else pitches
    if config.gain_db:
        gain = rng.uniform(-config.gain_db, config.gain_db, len(values)).astype(np.float32)
        values = values + torch.from_numpy(gain)[:, None, None]
    if config.holes_share and config.max_hole_bands:
        values = _with_holes(values, config, rng)
    if n_pitches:
        pitches = _transposed(pitches, config, rng)
    mean = values.mean(dim=(1, 2), keepdim=True)
    masked = torch.zeros(values.shape, dtype=torch.bool)
    for row in masked:
        for _ in range(config.n_band_masks):
            first, length = _stretch(values.shape[1], config.max_band_mask, rng)
            row[first : first + length] = True
        for _ in range(config.n_time_masks):
            first, length = _stretch(values.shape[2], config.max_time_mask, rng)
            row[:, first : first + length] = True
    return torch.cat([torch.where(masked, mean, values), pitches], dim=1), changed


def _tilt(values: Tensor, tilt_db: float, rng: np.random.Generator) -> Tensor:
    slope = torch.from_numpy(rng.uniform(-tilt_db, tilt_db, len(values)).astype(np.float32))
    ramp = torch.linspace(-1, 1, values.shape[1])
    return (slope[:, None] * ramp[None])[:, :, None]


def _with_holes(values: Tensor, config: AugmentConfig, rng: np.random.Generator) -> Tensor:
    """Lower blocks of cells, some frames long and some bands high, within the highest bands.

    How many bands, how many of the blocks and by how much is drawn for each window: from a few
    blocks by some decibels to all of them down to near nothing.
    """
    n_windows, n_bands, n_frames = values.shape
    loss = np.zeros(values.shape, np.float32)
    for window in np.flatnonzero(rng.random(n_windows) < config.holes_share):
        n_lost = int(rng.integers(1, min(config.max_hole_bands, n_bands) + 1))
        height, width = rng.integers(1, _LONGEST_HOLE + 1, 2)
        blocks = rng.random((-(-n_lost // height), -(-n_frames // width))) < rng.random()
        cells = blocks.repeat(height, axis=0).repeat(width, axis=1)[:n_lost, :n_frames]
        loss[window, n_bands - n_lost :] = cells * rng.uniform(*_HOLE_DB)
    return (values - torch.from_numpy(loss)).clamp(min=min(FLOOR_DB, float(values.min())))


@dataclass(frozen=True, slots=True)
class Mix:
    """Who is blended with whom: each row keeps `share` (batch, 1) of itself, the rest being its
    `partner`'s (batch,)."""

    share: Tensor
    partner: Tensor

    @classmethod
    def drawn(cls, n: int, strength: float, rng: np.random.Generator) -> Mix:
        drawn = rng.beta(strength, strength, n).astype(np.float32)
        share = torch.from_numpy(np.maximum(drawn, 1 - drawn))[:, None]
        return cls(share, torch.from_numpy(rng.permutation(n)))

    def of_values(self, values: Tensor) -> Tensor:
        """Blend values (batch, ...)."""
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        mixed: Tensor = share * values + (1 - share) * values[self.partner]
        return mixed

    def of_targets(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Blend targets (batch, n_values); where the partner's is NaN, the own one counts."""
        blended = {}
        for name, own in targets.items():
            other = own[self.partner]
            both = self.share * own + (1 - self.share) * other
            blended[name] = torch.where(torch.isnan(other), own, both)
        return blended


def _mixed_where_known(pitches: Tensor, mix: Mix) -> Tensor:
    """Blend pitches (batch, n_pitches, n_frames) of windows that both have them."""
    known = are_known(pitches)
    both = known & known[mix.partner]
    return torch.where(both[:, None, None], mix.of_values(pitches), pitches)


def _transposed(pitches: Tensor, config: AugmentConfig, rng: np.random.Generator) -> Tensor:
    n_windows, n_pitches, n_frames = pitches.shape
    moved = rng.integers(-config.max_transposition, config.max_transposition + 1, n_windows)
    rows = torch.from_numpy(np.clip(np.arange(n_pitches) - moved[:, None], 0, n_pitches - 1))
    found = pitches.gather(1, rows[:, :, None].expand(-1, -1, n_frames))
    gain = rng.normal(0, config.pitch_gain_db, (n_windows, n_pitches, 1)).astype(np.float32)
    known = are_known(found)[:, None, None]
    return torch.where(known, found + torch.from_numpy(gain), found)


def _stretch(n: int, longest: int, rng: np.random.Generator) -> tuple[int, int]:
    length = int(rng.integers(0, longest + 1))
    return int(rng.integers(0, max(1, n - length))), length
