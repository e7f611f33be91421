"""Scores windows with a torch network: the twin of the ONNX runtime, for training and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from affetto import models
from affetto.core import FloatArray, Head
from affetto.models.heads import Scorer

BATCH_WINDOWS = 64


class TorchScorer:
    """A network with its heads, as a runtime."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    @classmethod
    def of_weights(
        cls, weights: Path, n_bins: int, heads: Sequence[Head], architecture: Mapping[str, Any]
    ) -> Self:
        """Give the network that `architecture` ({name, config}) and a file of weights describe.

        Raises: BadConfig.
        """
        from affetto.models.export import load_weights

        network = models.build(architecture["name"], n_bins, architecture["config"])
        scorer = Scorer(network, heads)
        load_weights(scorer, weights)
        return cls(scorer)

    def score(self, values: FloatArray) -> dict[str, FloatArray]:
        """Give the outputs for windows (n_windows, n_bins, n_frames), as `score`."""
        return score(self._scorer, values)


def score(scorer: Scorer, values: FloatArray) -> dict[str, FloatArray]:
    """Give each head's values (n_windows, n_outputs), and what else `outputs.widths` names."""
    scorer.eval()
    names = scorer.output_names
    parts: dict[str, list[FloatArray]] = {name: [] for name in names}
    with torch.inference_mode():
        for first in range(0, len(values), BATCH_WINDOWS):
            batch = torch.from_numpy(np.array(values[first : first + BATCH_WINDOWS], np.float32))
            for name, out in zip(names, scorer.outputs(batch), strict=True):
                parts[name].append(out.numpy())
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}
