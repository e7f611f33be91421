"""A deep convolutional network on spectrograms, in the spirit of X. Liu and others, "CNN based
music emotion classification" (arXiv 1704.05665): no hand-crafted features. Layers, widths and
pooling are our choice, made for a laptop's CPU: about 46 million multiplications a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from affetto.errors import BadConfig
from affetto.models.blocks import ConvBlock, WindowNorm


@dataclass(frozen=True, slots=True)
class CnnConfig:
    """`channels` of the blocks, all but the last followed by a pooling; sizes; dropout rates."""

    channels: tuple[int, ...] = (16, 32, 64, 96, 128)
    n_summary: int = 192
    n_dims: int = 128
    dropout: float = 0.3

    def __post_init__(self) -> None:
        channels = self.channels if isinstance(self.channels, tuple) else ()
        sizes = (*channels, self.n_summary, self.n_dims)
        if not channels or not all(type(n) is int and n > 0 for n in sizes):
            raise BadConfig(
                "channels (one or more), n_summary and n_dims of network cnn must be positive "
                f"whole numbers, not {self.channels}, {self.n_summary} and {self.n_dims}"
            )
        if not isinstance(self.dropout, int | float) or not 0 <= self.dropout < 1:
            raise BadConfig(f"dropout of network cnn must lie in [0, 1), not {self.dropout}")


class Cnn(nn.Module):
    """Convolutions, one convolution over all that is left of the frequency axis, then the mean
    and the maximum over time.

    Shape: (batch, n_bins, n_frames) -> (batch, n_dims).
    """

    Config = CnnConfig

    def __init__(self, n_bins: int, config: CnnConfig) -> None:
        super().__init__()
        n_rows = n_bins // 2 ** (len(config.channels) - 1)
        if n_rows < 1:
            raise BadConfig(f"{len(config.channels)} blocks are too many for {n_bins} bins")
        self.n_dims = config.n_dims
        self.norm = WindowNorm(n_bins)
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
        self.embed = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(2 * config.n_summary, config.n_dims),
            nn.BatchNorm1d(config.n_dims),
            nn.ReLU(),
            nn.Dropout(config.dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        rows = self.collapse(self.blocks(self.norm(x).unsqueeze(1))).squeeze(2)
        summary = torch.cat([rows.mean(dim=2), rows.amax(dim=2)], dim=1)
        embedding: Tensor = self.embed(summary)
        return embedding
