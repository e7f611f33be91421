"""What trainings share step by step: the learning rate's course, and the average of weights."""

from __future__ import annotations

import math

import torch
from torch import nn

from affetto.training.config import OptimizerConfig


class Schedule:
    """The one-cycle course of a training of `n_steps` steps."""

    def __init__(self, settings: OptimizerConfig, n_steps: int) -> None:
        self._settings = settings
        self._n_steps = n_steps
        self._n_warmup = max(1, round(settings.warmup_share * n_steps))

    def set_rate(self, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Rise in a line to the peak, then fall along a cosine to zero."""
        if step < self._n_warmup:
            share = (step + 1) / self._n_warmup
        else:
            done = (step - self._n_warmup) / max(1, self._n_steps - self._n_warmup)
            share = 0.5 * (1 + math.cos(math.pi * done))
        for group in optimizer.param_groups:
            group["lr"] = self._settings.learning_rate * share

    def update_average(self, average: nn.Module, network: nn.Module, step: int) -> None:
        """Move the average towards the network's weights; early on, faster."""
        decay = min(self._settings.average_decay, (1 + step) / (10 + step))
        with torch.no_grad():
            ours, theirs = average.state_dict(), network.state_dict()
            for name, value in theirs.items():
                if value.dtype.is_floating_point:
                    ours[name].lerp_(value, 1 - decay)
                else:
                    ours[name].copy_(value)
