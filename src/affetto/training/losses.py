"""The loss: masked cross-entropy, so that each data set teaches only what it labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from affetto.errors import BadConfig

MAX_RATIO = 20.0
"""A tag that hardly anything has shall not rule the loss."""


@dataclass(frozen=True, slots=True)
class LossConfig:
    """How cells of tags count; all 0 is plain cross-entropy.

    `positive_weight` w lets what has a tag count (without / with)^w times, so that 1 balances
    the two. `negative_focus` g multiplies the loss of what has not a tag by score^g: the clear
    cases fade (E. Ben-Baruch and others, "Asymmetric loss for multi-label classification", ICCV
    2021, without its margin). `smoothing` moves labels towards 1/2.
    """

    positive_weight: float = 0.0
    negative_focus: float = 0.0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.positive_weight <= 1 and 0 <= self.negative_focus <= 8):
            raise BadConfig("positive_weight must lie in [0, 1], negative_focus in [0, 8]")
        if not 0 <= self.smoothing < 1:
            raise BadConfig(f"smoothing must lie in [0, 1), not {self.smoothing}")


def masked_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Give the mean cross-entropy over the known cells; 0 when nothing is known.

    Shapes: logits and targets (batch, n_outputs), targets in [0, 1] with NaN for unknown;
    weights (batch,).
    """
    known = ~torch.isnan(targets)
    cell = binary_cross_entropy_with_logits(
        logits, torch.where(known, targets, torch.zeros_like(targets)), reduction="none"
    )
    weight = known * weights[:, None]
    return (cell * weight).sum() / weight.sum().clamp(min=1e-6)


def masked_square(found: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Give the mean squared difference over the known cells; shapes as `masked_cross_entropy`."""
    known = ~torch.isnan(wanted)
    cell = (found - torch.where(known, wanted, torch.zeros_like(wanted))).square()
    weight = known * weights[:, None]
    return (cell * weight).sum() / weight.sum().clamp(min=1e-6)


def ratios(targets: Sequence[Tensor]) -> Tensor:
    """Give how many rows are without each output to one that has it, (n_outputs,).

    Targets (n_rows, n_outputs) in [0, 1], NaN where unknown; the ratio stays below `MAX_RATIO`.
    """
    rows = torch.cat(list(targets))
    n_with = rows.nansum(dim=0)
    n_known = (~torch.isnan(rows)).sum(dim=0)
    return ((n_known - n_with) / n_with.clamp(min=1e-6)).clamp(max=MAX_RATIO)


def tag_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, ratio: Tensor, config: LossConfig
) -> Tensor:
    """Give `masked_cross_entropy` with the cells counted as `config` says, `ratio` by `ratios`."""
    targets = targets * (1 - config.smoothing) + config.smoothing / 2
    if not (config.positive_weight or config.negative_focus):
        return masked_cross_entropy(logits, targets, weights)
    known = ~torch.isnan(targets)
    target = torch.where(known, targets, torch.zeros_like(targets))
    with_it = target * logsigmoid(logits) * ratio**config.positive_weight
    without = (1 - target) * logsigmoid(-logits) * torch.sigmoid(logits) ** config.negative_focus
    weight = known * weights[:, None]
    return -((with_it + without) * weight).sum() / weight.sum().clamp(min=1e-6)


def total(
    logits: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    weights: Tensor,
    head_weights: Mapping[str, float],
) -> Tensor:
    """Add the heads' losses up, each times its weight."""
    losses = [
        head_weights[name] * masked_cross_entropy(logits[name], targets[name], weights)
        for name in head_weights
    ]
    return torch.stack(losses).sum()
