"""Several networks of one kind, side by side: what they agree on is surer than what one says.

Each starts from weights of its own and is taught by itself, on batches of its own; the heads give
the mean of their logits (L. K. Hansen, P. Salamon, "Neural network ensembles", IEEE PAMI 1990).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from affetto import models
from affetto.errors import BadConfig
from affetto.models.blocks import parts


@dataclass(frozen=True, slots=True)
class EnsembleConfig:
    """`n_members` networks named `member`, each with the settings `config`, filled up."""

    member: str = "cnn"
    n_members: int = 3
    config: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if type(self.n_members) is not int or self.n_members < 1:
            raise BadConfig(
                f"n_members of network ensemble must be at least 1, not {self.n_members}"
            )
        if not isinstance(self.config, Mapping):
            raise BadConfig(f"config of network ensemble must be a table, not {self.config!r}")
        if self.member == "ensemble":
            raise BadConfig("the members of network ensemble cannot be ensembles")
        whole = asdict(models.settings(self.member, self.config))
        object.__setattr__(self, "config", whole)


class Ensemble(nn.Module):
    """The members' summaries, and their embeddings, one after another.

    The embeddings are divided by the number of members, so that a linear layer on top of them
    gives the mean of what its part for each member gives.

    Shape: (batch, n_bins, n_frames) -> (batch, n_dims).
    """

    Config = EnsembleConfig

    def __init__(self, n_bins: int, config: EnsembleConfig) -> None:
        super().__init__()
        self.n_members = config.n_members
        members: list[Any] = [
            models.build(config.member, n_bins, config.config) for _ in range(config.n_members)
        ]
        self.members: Any = nn.ModuleList(members)
        self.n_summary = sum(member.n_summary for member in members)
        self.n_dims = sum(member.n_dims for member in members)

    @property
    def trunks(self) -> tuple[nn.Module, ...]:
        """The networks that learn apart."""
        return tuple(self.members)

    def summarize(self, x: Tensor) -> Tensor:
        """Give what `embed` takes, (batch, n_summary)."""
        return torch.cat([member.summarize(x) for member in self.members], dim=1)

    def embed(self, summary: Tensor) -> Tensor:
        """Give the embedding (batch, n_dims) of summaries (batch, n_summary)."""
        summaries = parts(summary, self.n_members)
        embedded = [m.embed(part) for m, part in zip(self.members, summaries, strict=True)]
        return torch.cat(embedded, dim=1) / self.n_members

    def forward(self, x: Tensor) -> Tensor:
        return self.embed(self.summarize(x))
