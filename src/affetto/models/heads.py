"""Heads: what a network says about a window, on top of its embedding.

A head of kind `tags` gives one sigmoid per tag of its vocabulary. A head of kind `plane` gives
valence and arousal: logits z whose sigmoid p is read as 2 p - 1 in [-1, 1], so that ratings and
bare signs are learnt by one and the same cross-entropy, with (value + 1) / 2 as the target. A head
of kind `music` is one sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from affetto.core import Head


class Scorer(nn.Module):
    """A network with heads: windows (batch, n_bins, n_frames) -> logits of each head."""

    def __init__(self, network: Any, heads: Sequence[Head]) -> None:
        super().__init__()
        self.network = network
        self.specs = tuple(heads)
        self.heads = nn.ModuleDict(
            {head.name: nn.Linear(network.n_dims, head.n_outputs) for head in heads}
        )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        embedding = self.network(x)
        return {name: head(embedding) for name, head in self.heads.items()}

    def outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Give each head's values, the plane in [-1, 1], others in [0, 1], then the embedding."""
        embedding = self.network(x)
        values = []
        for spec in self.specs:
            score = torch.sigmoid(self.heads[spec.name](embedding))
            values.append(2 * score - 1 if spec.kind == "plane" else score)
        return (*values, embedding)
