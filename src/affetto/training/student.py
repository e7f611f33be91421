"""What a trunk learns to tell its teachers' lessons with; thrown away after the training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from affetto.training import losses, teacher
from affetto.training.config import TeacherConfig
from affetto.training.data import LESSONS, MOMENTS


class Student(nn.Module):
    """A linear layer on a trunk's summary for the lessons of windows, and one on what it saw at
    each position for those of moments; gives how far both are from the lessons, added up.

    Shapes: summary (batch, n_summary), rows (batch, n_rows, n_positions), `targets` as
    `data.Batch` has them, weights (batch,) -> ().
    """

    def __init__(self, trunk: Any, config: TeacherConfig) -> None:
        super().__init__()
        n_values = {LESSONS: 0, MOMENTS: 0}
        for name, n in zip(config.names, config.n_dims, strict=True):
            n_values[MOMENTS if teacher.of_name(name).of_moments else LESSONS] += n
        n_seen = {LESSONS: trunk.n_summary, MOMENTS: trunk.n_rows}
        self.layers = nn.ModuleDict(
            {name: nn.Linear(n_seen[name], n) for name, n in n_values.items() if n}
        )

    def forward(
        self, summary: Tensor, rows: Tensor, targets: Mapping[str, Tensor], weights: Tensor
    ) -> Tensor:
        seen = {LESSONS: summary, MOMENTS: rows.transpose(1, 2)}
        found = [
            losses.masked_square(layer(seen[name]).flatten(1), targets[name], weights)
            for name, layer in self.layers.items()
        ]
        return torch.stack(found).sum()
