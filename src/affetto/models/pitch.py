"""What notes sound together: the part of a network that looks at single pitches.

Harmony is a pattern of intervals, wherever on the keyboard it lies: convolutions over an octave
of semitones find intervals, and the strongest answer over all pitches tells that they are there.
Layers and widths are our choice.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from affetto.frontends.frames import FLOOR_DB
from affetto.models.blocks import normalized

BINS_PER_SEMITONE = 3
_OCTAVE = 13  # semitones, both ends counted
N_LAYERS = 3
FEWEST_PITCHES = BINS_PER_SEMITONE * (2 * _OCTAVE - 1)
_MIN_DEVIATION_DB = 3.0
_N_PROFILE = 48


def are_known(pitches: Tensor) -> Tensor:
    """Say of each window (batch, n_pitches, n_frames) whether it has pitches: not all at the floor.

    Gives (batch,).
    """
    return pitches.amax(dim=(1, 2)) > FLOOR_DB + 1


class PitchTrunk(nn.Module):
    """Two convolutions over pitch, each an octave high, and the mean and maximum over time of
    their strongest answers; and how the sound is spread over the keyboard.

    Levels are normalized over a window, so loudness plays no part. A window whose pitches all
    lie at the floor, silence or sound whose pitches are not known, gives zeros; so does, in
    training, a share `dropout` of the others.

    Shape: (batch, n_pitches, n_frames) -> (batch, n_summary).
    """

    def __init__(
        self, n_pitches: int, channels: tuple[int, ...], hold: int, dropout: float
    ) -> None:
        super().__init__()
        self.dropout = dropout
        low, middle, high = channels
        self.pool_frames = nn.AvgPool1d(hold, ceil_mode=True)
        self.tones = nn.Sequential(
            _layer(1, low, (5, 3), padding=(2, 1), stride=(BINS_PER_SEMITONE, 1)),
            _layer(low, low, (3, 3), padding=(1, 1)),
        )
        self.pool_tones = nn.AvgPool2d((1, 2), ceil_mode=True)
        self.intervals = nn.Sequential(
            _layer(low, middle, (_OCTAVE, 1)), _layer(middle, high, (3, 3), padding=(1, 1))
        )
        self.harmony = _layer(high, high, (_OCTAVE, 1))
        self.profile = nn.Sequential(
            nn.Linear(-(-n_pitches // BINS_PER_SEMITONE), _N_PROFILE), nn.ReLU()
        )
        self.n_summary = 4 * high + _N_PROFILE

    def forward(self, x: Tensor) -> Tensor:
        frames = self.pool_frames(x)
        tones = self.tones(normalized(frames, _MIN_DEVIATION_DB).unsqueeze(1))
        intervals = self.intervals(self.pool_tones(tones))
        strongest = [part.amax(dim=2).float() for part in (intervals, self.harmony(intervals))]
        answers = torch.cat(strongest, dim=1)
        profile = self.profile(tones.float().mean(dim=(1, 3)))
        summary = torch.cat([answers.mean(dim=2), answers.amax(dim=2), profile], dim=1)
        return summary * self._is_known(frames)

    def _is_known(self, frames: Tensor) -> Tensor:
        known = are_known(frames).float()
        if self.training and self.dropout:
            known = known * (torch.rand_like(known) >= self.dropout)
        return known.unsqueeze(1)


def _layer(n_in: int, n_out: int, kernel: tuple[int, int], **kwargs: tuple[int, int]) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, bias=False, **kwargs),  # type: ignore[arg-type]
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
    )
