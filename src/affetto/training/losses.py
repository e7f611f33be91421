"""The loss: masked cross-entropy, so that each data set teaches only what it labels."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


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
