"""A convolutional network on whole songs that tells about parts of them.

A window network hears some seconds; what a listener says of a stretch of music hangs on the song
around it too. This one runs its convolutions over a recording once, and sums every part up at
three scales: the part itself, what is around it, and all of the recording that it was given. A
summary is the mean and the deviation over time of every channel of every layer, the input's
included (statistics pooling: D. Snyder and others, "X-vectors", ICASSP 2018; several layers of it:
J. Lee, J. Nam, "Multi-level and multi-scale feature aggregation using pretrained convolutional
neural networks for music auto-tagging", IEEE Signal Processing Letters 24, 2017). The input is the
spectrogram and the size of its change from frame to frame, both averaged over `n_averaged` frames:
how fast music moves is seen at the front end's own rate, and learnt from at a lower one. No
feature is made by hand. Sizes and their arrangement are ours.

Sums over a part are differences of running sums, so a song's cost does not hang on its parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from affetto.errors import BadConfig

N_SCALES = 3
_MIN_VARIANCE = 1e-3


@dataclass(frozen=True, slots=True)
class SongCnnConfig:
    """`channels` of the convolutions over time, all but the last followed by a pooling of two.

    The first is `first_kernel` frames wide, the others three. `has_deltas` adds the changes to
    the input, `has_input_summary` their summary to those of the layers; `summary_dropout` acts on
    the summaries, `dropout` on the embedding.
    """

    channels: tuple[int, ...] = (64, 96, 128, 192)
    first_kernel: int = 5
    n_dims: int = 256
    n_averaged: int = 4
    has_deltas: bool = True
    has_input_summary: bool = True
    summary_dropout: float = 0.5
    dropout: float = 0.7

    def __post_init__(self) -> None:
        sizes = (*self.channels, self.n_dims, self.n_averaged)
        if not self.channels or not all(type(n) is int and n > 0 for n in sizes):
            raise BadConfig(
                "channels (one or more), n_dims and n_averaged of network song_cnn must be "
                f"positive whole numbers, not {self.channels}, {self.n_dims}, {self.n_averaged}"
            )
        if type(self.first_kernel) is not int or self.first_kernel < 1 or self.first_kernel % 2 < 1:
            raise BadConfig(
                f"first_kernel of network song_cnn must be an odd number, not {self.first_kernel}"
            )
        for rate in (self.summary_dropout, self.dropout):
            if not isinstance(rate, int | float) or not 0 <= rate < 1:
                raise BadConfig(f"dropout of network song_cnn must lie in [0, 1), not {rate}")


class SongCnn(nn.Module):
    """The network.

    Shapes: spectrograms (n_songs, n_channels, n_steps) as `channels_of` gives them, standardized;
    owner (n_parts,) the song of each part; spans (n_parts, N_SCALES, 2) in steps, half-open:
    the part, its surroundings, the song -> (n_parts, n_dims).
    """

    def __init__(self, n_bins: int, config: SongCnnConfig) -> None:
        super().__init__()
        self.config = config
        self.n_dims = config.n_dims
        self.n_channels = n_bins * (2 if config.has_deltas else 1)
        widths = (self.n_channels, *config.channels)
        kernels = (config.first_kernel, *[3] * (len(config.channels) - 1))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(n_in, n_out, kernel, padding=kernel // 2, bias=False)
            for n_in, n_out, kernel in zip(widths[:-1], widths[1:], kernels, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(n) for n in config.channels)
        summarized = widths if config.has_input_summary else widths[1:]
        n_summary = 2 * N_SCALES * sum(summarized)
        self.scale = nn.BatchNorm1d(n_summary)
        self.embed = nn.Sequential(
            nn.Dropout(config.summary_dropout),
            nn.Linear(n_summary, config.n_dims),
            nn.BatchNorm1d(config.n_dims),
            nn.ReLU(),
            nn.Dropout(config.dropout),
        )

    def summaries(self, x: Tensor, owner: Tensor, spans: Tensor) -> Tensor:
        """Give the summaries of all layers at all scales, standardized: (n_parts, n_summary)."""
        parts = [summary(x, owner, spans, 1)] if self.config.has_input_summary else []
        n_pooled = 1
        last = len(self.convolutions) - 1
        for place, (convolution, norm) in enumerate(
            zip(self.convolutions, self.norms, strict=True)
        ):
            x = functional.relu(norm(convolution(x)))
            parts.append(summary(x, owner, spans, n_pooled))
            if place < last and x.shape[2] > 1:
                x = functional.max_pool1d(x, 2)
                n_pooled *= 2
        scaled: Tensor = self.scale(torch.cat(parts, dim=1))
        return scaled

    def forward(self, x: Tensor, owner: Tensor, spans: Tensor) -> Tensor:
        embedding: Tensor = self.embed(self.summaries(x, owner, spans))
        return embedding


def summary(x: Tensor, owner: Tensor, spans: Tensor, n_pooled: int) -> Tensor:
    """Give mean and deviation of each channel within each span, (n_parts, 2 * n_scales * n).

    Shapes: x (n_songs, n, n_steps), each step being `n_pooled` steps of the spans; a span holds
    all steps that it touches, and one at least.
    """
    n_steps = x.shape[2]
    sums = functional.pad(x.cumsum(dim=2), (1, 0))
    squares = functional.pad((x * x).cumsum(dim=2), (1, 0))
    found = []
    for scale in range(spans.shape[1]):
        first = (spans[:, scale, 0] / n_pooled).floor().long().clamp(0, n_steps - 1)
        end = (spans[:, scale, 1] / n_pooled).ceil().long().clamp(max=n_steps)
        end = torch.maximum(end, first + 1)
        n = (end - first)[:, None]
        mean = (sums[owner, :, end] - sums[owner, :, first]) / n
        variance = (squares[owner, :, end] - squares[owner, :, first]) / n - mean * mean
        found += [mean, (variance.clamp(min=0) + _MIN_VARIANCE).sqrt()]
    return torch.cat(found, dim=1)


def channels_of(values: Tensor, config: SongCnnConfig) -> Tensor:
    """Give a spectrogram (n_bins, n_frames) as the network's channels (n_channels, n_steps).

    A rest of less than `n_averaged` frames is left out, unless there is nothing else.
    """
    rows = [values]
    if config.has_deltas:
        rows.append((values - values.roll(1, dims=1)).abs())
        rows[1][:, 0] = 0
    stacked = torch.cat(rows)
    n_averaged = min(config.n_averaged, stacked.shape[1])
    n_steps = stacked.shape[1] // n_averaged
    averaged: Tensor = (
        stacked[:, : n_steps * n_averaged].reshape(-1, n_steps, n_averaged).mean(dim=2)
    )
    return averaged
