"""A deep convolutional network on spectrograms, in the spirit of X. Liu and others, "CNN based
music emotion classification" (arXiv 1704.05665): no hand-crafted features. Layers, widths and
pooling are our choice, made for a laptop's CPU.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from affetto.errors import BadConfig
from affetto.models.blocks import ConvBlock, Level, StemBlock, TimeContext, WindowNorm
from affetto.models.pitch import FEWEST_PITCHES, N_LAYERS, PitchTrunk

MOST_STEM = 15


@dataclass(frozen=True, slots=True)
class CnnConfig:
    """`channels` of the blocks, all but the last followed by a pooling; sizes; dropout rates.

    `frame_pool` frames are averaged into one at first. Of the blocks that pool, the first
    `frame_halvings` pool frames, too, not bands alone; 0 is all of them. With a `stem`, the first
    block is a convolution of that size which steps over two bands and two frames, in place of a
    pooling. `context_channels` is the width of convolutions over time on top of the blocks, each
    added to the one before; the summary has what they say, too. `level` lets the network hear
    how loud a window is; in training it is left out for a share `level_dropout` of the windows.
    The last `n_pitches` rows, those of a front end that tells pitches, three to a semitone, go to
    a trunk of their own (see `pitch`) with `pitch_channels`, which averages `pitch_hold` frames
    into one and in training is left out for a share `pitch_dropout` of the windows.
    """

    channels: tuple[int, ...] = (16, 32, 64, 96, 128)
    n_summary: int = 192
    n_dims: int = 128
    dropout: float = 0.3
    frame_pool: int = 1
    frame_halvings: int = 0
    stem: int = 0
    context_channels: int = 0
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
        limits = {"frame_halvings": len(channels) - 1, "stem": MOST_STEM, "context_channels": None}
        for name, most in limits.items():
            value = getattr(self, name)
            if type(value) is not int or value < 0 or (most is not None and value > most):
                upto = "up" if most is None else f"to {most}"
                raise BadConfig(
                    f"{name} of network cnn must be a whole number from 0 {upto}, not {value}"
                )
        if self.stem and self.stem % 2 == 0:
            raise BadConfig(f"stem of network cnn must be 0 or odd, not {self.stem}")
        if self.stem and len(channels) < 2:
            raise BadConfig("network cnn needs two channels or more where it has a stem")
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
        last = len(config.channels) - 1
        self.has_stem = config.stem > 0
        n_rows = self._halved(max(0, self.n_bands), last)
        if n_rows < 1:
            raise BadConfig(f"{len(config.channels)} blocks are too many for {self.n_bands} bins")
        self.n_dims = config.n_dims
        self.frame_pool = config.frame_pool
        self.pool_frames = (
            nn.AvgPool1d(config.frame_pool, ceil_mode=True)
            if config.frame_pool > 1
            else nn.Identity()
        )
        self.level = Level(config.level_dropout) if config.level else None
        self.norm = WindowNorm(self.n_bands)
        widths = (1, *config.channels)
        self.frame_halvings: int = config.frame_halvings or last
        first = [StemBlock(widths[1], config.stem)] if self.has_stem else []
        pairs = tuple(enumerate(itertools.pairwise(widths)))
        self.blocks = nn.Sequential(
            *first,
            *(
                ConvBlock(n_in, n_out, pool=i < last, halve_frames=i < self.frame_halvings)
                for i, (n_in, n_out) in pairs[len(first) :]
            ),
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
        self.context = (
            TimeContext(config.n_summary, config.context_channels)
            if config.context_channels
            else None
        )
        self.n_rows = config.n_summary
        if self.context is not None:
            self.n_rows += self.context.n_added
        self.n_summary = 2 * self.n_rows + config.level
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
        return self.look(x)[0]

    def look(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Give what `embed` takes, (batch, n_summary), and what the mean and the maximum in it
        are of, (batch, n_rows, n_positions)."""
        bands = x[:, : self.n_bands]
        pooled = self.norm(self.pool_frames(bands))
        rows = self.collapse(self.blocks(pooled.unsqueeze(1))).squeeze(2)
        if self.context is not None:
            rows = self.context(rows)
        rows = rows.float()
        parts = [rows.mean(dim=2), rows.amax(dim=2)]
        if self.level is not None:
            parts.append(self.level(bands))
        if self.pitch is not None:
            parts.append(self.pitch(x[:, self.n_bands :]))
        return torch.cat(parts, dim=1), rows

    def n_positions(self, n_frames: int) -> int:
        """Say how many positions `look` gives of a window."""
        return self._halved(-(-n_frames // self.frame_pool), self.frame_halvings)

    def _halved(self, n: int, times: int) -> int:
        """Say how many of n bands or frames are left after so many blocks that halve them."""
        if self.has_stem:  # whose padding makes one more of an odd number
            n, times = -(-n // 2), times - 1
        return n >> times

    def forward(self, x: Tensor) -> Tensor:
        embedding: Tensor = self.embed(self.summarize(x))
        return embedding
