"""A deep convolutional network on spectrograms, in the spirit of X. Liu and others, "CNN based
music emotion classification" (arXiv 1704.05665): no hand-crafted features. Layers, widths and
pooling are our choice, made for a laptop's CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from affetto.errors import BadConfig
from affetto.models.blocks import ConvBlock, Level, WindowNorm
from affetto.models.pitch import FEWEST_PITCHES, N_LAYERS, PitchTrunk


@dataclass(frozen=True, slots=True)
class CnnConfig:
    """`channels` of the blocks, all but the last followed by a pooling; sizes; dropout rates.

    `frame_pool` frames are averaged into one at first. `level` lets the network hear how loud a
    window is; in training it is left out for a share `level_dropout` of the windows. The last
    `n_pitches` rows, those of a front end that tells pitches, three to a semitone, go to a trunk
    of their own (see `pitch`) with `pitch_channels`, which averages `pitch_hold` frames into one
    and in training is left out for a share `pitch_dropout` of the windows.
    """

    channels: tuple[int, ...] = (16, 32, 64, 96, 128)
    n_summary: int = 192
    n_dims: int = 128
    dropout: float = 0.3
    frame_pool: int = 1
    level: bool = False
    level_dropout: float = 0.2
    n_pitches: int = 0
    pitch_channels: tuple[int, ...] = (16, 32, 64)
    pitch_hold: int = 8
    pitch_dropout: float = 0.2

    def __post_init__(self) -> None:
        channels = self.channels if isinstance(self.channels, tuple) else ()
        sizes = (*channels, self.n_summary, self.n_dims, self.frame_pool)
        if not channels or not all(type(n) is int and n > 0 for n in sizes):
            raise BadConfig(
                "channels (one or more), n_summary, n_dims and frame_pool of network cnn must be "
                f"positive whole numbers, not {self.channels}, {self.n_summary}, {self.n_dims} "
                f"and {self.frame_pool}"
            )
        pitch = self.pitch_channels if isinstance(self.pitch_channels, tuple) else ()
        is_whole = all(type(n) is int and n > 0 for n in (*pitch, self.pitch_hold))
        if len(pitch) != N_LAYERS or not is_whole:
            raise BadConfig(
                f"pitch_channels ({N_LAYERS} of them) and pitch_hold of network cnn must be "
                f"positive whole numbers, not {self.pitch_channels} and {self.pitch_hold}"
            )
        if type(self.n_pitches) is not int or 0 != self.n_pitches < FEWEST_PITCHES:
            raise BadConfig(
                f"n_pitches of network cnn must be 0, or a whole number from {FEWEST_PITCHES} up, "
                f"not {self.n_pitches}"
            )
        for name in ("dropout", "level_dropout", "pitch_dropout"):
            share = getattr(self, name)
            if not isinstance(share, int | float) or not 0 <= share < 1:
                raise BadConfig(f"{name} of network cnn must lie in [0, 1), not {share}")
        if type(self.level) is not bool:
            raise BadConfig(f"level of network cnn must be true or false, not {self.level}")


class Cnn(nn.Module):
    """Convolutions, one convolution over all that is left of the frequency axis, then the mean
    and the maximum over time (and the window's level, and what its pitches say): the summary. A
    layer on top embeds it.

    Shape: (batch, n_bins, n_frames) -> (batch, n_dims).
    """

    Config = CnnConfig
    n_members = 1

    def __init__(self, n_bins: int, config: CnnConfig) -> None:
        super().__init__()
        self.n_pitches = config.n_pitches
        self.n_bands = n_bins - config.n_pitches
        n_rows = max(0, self.n_bands) // 2 ** (len(config.channels) - 1)
        if n_rows < 1:
            raise BadConfig(f"{len(config.channels)} blocks are too many for {self.n_bands} bins")
        self.n_dims = config.n_dims
        self.pool_frames = (
            nn.AvgPool1d(config.frame_pool, ceil_mode=True)
            if config.frame_pool > 1
            else nn.Identity()
        )
        self.level = Level(config.level_dropout) if config.level else None
        self.norm = WindowNorm(self.n_bands)
        widths = (1, *config.channels)
        last = len(config.channels) - 1
        self.blocks = nn.Sequential(
            *(ConvBlock(widths[i], widths[i + 1], pool=i < last) for i in range(len(widths) - 1))
        )
        self.collapse = nn.Sequential(
            nn.Conv2d(widths[-1], config.n_summary, (n_rows, 1), bias=False),
            nn.BatchNorm2d(config.n_summary),
            nn.ReLU(),
        )
        self.pitch = (
            PitchTrunk(
                config.n_pitches, config.pitch_channels, config.pitch_hold, config.pitch_dropout
            )
            if config.n_pitches
            else None
        )
        self.n_summary = 2 * config.n_summary + config.level
        if self.pitch is not None:
            self.n_summary += self.pitch.n_summary
        self.embed = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(self.n_summary, config.n_dims),
            nn.BatchNorm1d(config.n_dims),
            nn.ReLU(),
            nn.Dropout(config.dropout),
        )

    @property
    def trunks(self) -> tuple[nn.Module, ...]:
        """The networks that learn apart: this one."""
        return (self,)

    def summarize(self, x: Tensor) -> Tensor:
        """Give what `embed` takes, (batch, n_summary)."""
        bands = x[:, : self.n_bands]
        pooled = self.norm(self.pool_frames(bands))
        rows = self.collapse(self.blocks(pooled.unsqueeze(1))).squeeze(2).float()
        parts = [rows.mean(dim=2), rows.amax(dim=2)]
        if self.level is not None:
            parts.append(self.level(bands))
        if self.pitch is not None:
            parts.append(self.pitch(x[:, self.n_bands :]))
        return torch.cat(parts, dim=1)

    def forward(self, x: Tensor) -> Tensor:
        embedding: Tensor = self.embed(self.summarize(x))
        return embedding
