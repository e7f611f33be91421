"""Parts that the networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from affetto.frontends.frames import TYPICAL_LEVEL_DB

LEVEL_UNIT_DB = 10.0


def parts(x: Tensor, n: int) -> tuple[Tensor, ...]:
    """Give x (batch, n * width) as n of (batch, width): `chunk`, but such that ONNX can fold it."""
    width = x.shape[1] // n
    return tuple(x[:, first : first + width] for first in range(0, n * width, width))


def normalized(x: Tensor, min_deviation: float) -> Tensor:
    """Give each window (n_bins, n_frames) of x mean 0 and deviation 1 over all its values.

    The deviation has a floor, in the front end's unit, so that near-silence is not blown up.
    """
    centered = x - x.mean(dim=(1, 2), keepdim=True)
    deviation = centered.square().mean(dim=(1, 2), keepdim=True).sqrt()
    return centered / deviation.clamp(min=min_deviation)


class WindowNorm(nn.Module):
    """Give each window mean 0 and deviation 1 over all its values, then scale each band.

    The first step takes the level away (and with it any gain), which pictures of spectrograms
    have lost already. The second is a batch normalization a frequency band.

    Shape: (batch, n_bins, n_frames) -> the same.
    """

    def __init__(self, n_bins: int, min_deviation: float = 2.0) -> None:
        super().__init__()
        self.min_deviation = min_deviation
        self.bands = nn.BatchNorm1d(n_bins)

    def forward(self, x: Tensor) -> Tensor:
        scaled: Tensor = self.bands(normalized(x, self.min_deviation))
        return scaled


class Level(nn.Module):
    """How loud a window is: its mean in dB, from the typical one, in tens of dB within +-3.

    In training a share `dropout` of the windows gets 0, what is given where a level is not known.

    Shape: (batch, n_bins, n_frames) -> (batch, 1).
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        level = ((x.mean(dim=(1, 2)) - TYPICAL_LEVEL_DB) / LEVEL_UNIT_DB).clamp(-3, 3)
        if self.training and self.dropout:
            level = torch.where(torch.rand_like(level) < self.dropout, 0.0, level)
        return level.unsqueeze(1)


class ConvBlock(nn.Module):
    """A 3 x 3 convolution, batch normalization, ReLU and, where asked, a max pooling over two
    bands, and over two frames if `halve_frames`."""

    def __init__(self, n_in: int, n_out: int, pool: bool, halve_frames: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(n_out)
        self.pool = nn.MaxPool2d((2, 2 if halve_frames else 1)) if pool else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.pool(torch.relu(self.norm(self.conv(x))))
        return out


class StemBlock(nn.Module):
    """A first convolution that steps over two bands and two frames, batch normalization, ReLU.

    Shape: (batch, 1, n_bins, n_frames) -> (batch, n_out, n_bins / 2, n_frames / 2), rounded up.
    """

    def __init__(self, n_out: int, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, n_out, size, stride=2, padding=size // 2, bias=False)
        self.norm = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(x)))


class TimeContext(nn.Module):
    """Three convolutions over time, each of which adds to the one before; gives the input with
    the answers of all three below it.

    Shape: (batch, n_in, n_positions) -> (batch, n_in + n_added, n_positions).
    """

    N_LAYERS = 3
    SIZE = 7

    def __init__(self, n_in: int, n_channels: int) -> None:
        super().__init__()
        self.n_added = self.N_LAYERS * n_channels
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(
                    n_channels if i else n_in,
                    n_channels,
                    self.SIZE,
                    padding=self.SIZE // 2,
                    bias=False,
                ),
                nn.BatchNorm1d(n_channels),
                nn.ReLU(),
            )
            for i in range(self.N_LAYERS)
        )

    def forward(self, x: Tensor) -> Tensor:
        answers = [self.layers[0](x)]
        for layer in self.layers[1:]:
            answers.append(answers[-1] + layer(answers[-1]))
        return torch.cat([x, *answers], dim=1)
