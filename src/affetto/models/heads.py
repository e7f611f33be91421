"""Heads: what a network says about a window, on top of its embedding.

A head of kind `tags` gives one sigmoid per tag of its vocabulary, one of kind `music` a single one.

A head of kind `plane` gives valence and arousal in [-1, 1] as 2 p - 1 with p = sigmoid(z), so that
ratings and bare signs are learnt by the same cross-entropy, with (value + 1) / 2 as the target. But
the two are not one scale: who rates film music calls loud what is soft among pop songs, and a sign
is cut where its data set happens to be. One z for both serves neither. So there are two, and a
third number says which of the two kinds of music this sounds like: z = k * z_ratings + (1 - k) *
z_signs with k = sigmoid(it + IN_DOUBT), a mixture of experts (R. A. Jacobs and others, Neural
Computation 1991) whose gate is taught. z_ratings learns from ratings alone, z_signs from both, so
that music which the gate takes for the other kind is still not far off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from affetto.core import Head
from affetto.models.blocks import parts
from affetto.models.outputs import widths
from affetto.models.plane import KIND, N_LOGITS, RATINGS, SIGNS

IN_DOUBT = 1.5
"""In doubt the scale of ratings counts: film music read as signs is far off, songs read as ratings
are often still on their side."""


def n_logits(head: Head) -> int:
    """Give how many logits a head has."""
    return N_LOGITS if head.kind == "plane" else head.n_outputs


def values_of(head: Head, logits: Tensor) -> Tensor:
    """Give a head's values (batch, n_outputs), the plane in [-1, 1], others in [0, 1]."""
    if head.kind != "plane":
        return torch.sigmoid(logits)
    share = torch.sigmoid(logits[:, KIND] + IN_DOUBT)
    mixed = share * logits[:, RATINGS] + (1 - share) * logits[:, SIGNS]
    return 2 * torch.sigmoid(mixed) - 1


class Scorer(nn.Module):
    """A network with heads: windows (batch, n_bins, n_frames) -> logits of each head."""

    def __init__(self, network: Any, heads: Sequence[Head]) -> None:
        super().__init__()
        self.network = network
        self.specs = tuple(heads)
        self.heads = nn.ModuleDict(
            {head.name: nn.Linear(network.n_dims, n_logits(head)) for head in heads}
        )

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of what `outputs` gives, in its order."""
        return tuple(widths(self.specs, self.n_dims, self.network.n_members))

    @property
    def n_dims(self) -> int:
        """The width of the embedding that `outputs` gives: that of one member."""
        return int(self.network.n_dims // self.network.n_members)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return self.of_summary(self.network.summarize(x))

    def of_summary(self, summary: Tensor) -> dict[str, Tensor]:
        """Give the logits of what the network's trunk makes of windows, (batch, n_summary)."""
        embedding = self.network.embed(summary)
        return {name: head(embedding) for name, head in self.heads.items()}

    def of_members(self, summary: Tensor) -> tuple[dict[str, Tensor], ...]:
        """Give each member's own logits; their mean is what `of_summary` gives."""
        return self._of_members(self.network.embed(summary))

    def _of_members(self, embedding: Tensor) -> tuple[dict[str, Tensor], ...]:
        n = self.network.n_members
        members: list[dict[str, Tensor]] = [{} for _ in range(n)]
        embeddings = parts(n * embedding, n)
        for name, head in self.heads.items():
            assert isinstance(head, nn.Linear)
            weights = parts(head.weight, n)
            for member, embedded, weight in zip(members, embeddings, weights, strict=True):
                member[name] = linear(embedded, weight, head.bias)
        return tuple(members)

    def outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Give each head's values, as `values_of` has them, the embedding, and the values of
        each member where there are several: what `output_names` names.

        The embedding is that of the first member. It is for finding what sounds alike, for which
        one is as good, and those of a library are kept and compared by the hundred thousand.
        """
        embedding = self.network(x)
        found = [values_of(spec, self.heads[spec.name](embedding)) for spec in self.specs]
        found.append(self.network.n_members * parts(embedding, self.network.n_members)[0])
        if self.network.n_members > 1:
            members = self._of_members(embedding)
            for spec in self.specs:
                each = [values_of(spec, logits[spec.name]) for logits in members]
                found.append(torch.cat(each, dim=1))
        return tuple(found)
