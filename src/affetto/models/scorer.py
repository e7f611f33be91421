"""Scores windows with a torch network: the twin of the ONNX runtime, for training and tests."""

from __future__ import annotations

import numpy as np
import torch

from affetto.core import FloatArray
from affetto.models.heads import Scorer

BATCH_WINDOWS = 64


def score(scorer: Scorer, values: FloatArray) -> dict[str, FloatArray]:
    """Give each head's values (n_windows, n_outputs) and `embedding` (n_windows, n_dims)."""
    scorer.eval()
    names = [*(spec.name for spec in scorer.specs), "embedding"]
    parts: dict[str, list[FloatArray]] = {name: [] for name in names}
    with torch.inference_mode():
        for first in range(0, len(values), BATCH_WINDOWS):
            batch = torch.from_numpy(np.array(values[first : first + BATCH_WINDOWS], np.float32))
            for name, out in zip(names, scorer.outputs(batch), strict=True):
                parts[name].append(out.numpy())
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}
