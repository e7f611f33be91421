"""A trained network as it ships: in ONNX, with the precision that its recipe asks for.

Evaluations of recipes score with it, too, so that their figures are of what people run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from affetto import frontends
from affetto.bundles.bundle import Runtime, n_window_frames
from affetto.bundles.check import TOLERANCE, check_windows
from affetto.bundles.onnx import OnnxScorer
from affetto.core import FloatArray
from affetto.errors import BundleInvalid, DatasetInvalid
from affetto.models.export import max_difference, to_onnx
from affetto.models.heads import Scorer
from affetto.models.outputs import EMBEDDING, largest_difference, widths
from affetto.models.quantize import to_int8
from affetto.models.scorer import TorchScorer, score
from affetto.training.config import TrainConfig
from affetto.training.data import Item, windows_of

N_EXAMPLES = 512
MOST_ROUNDING = 0.25  # of the embedding's size


def examples(config: TrainConfig, items: Sequence[Item]) -> FloatArray:
    """Give windows of up to 512 items, the middle one of each: what the network mostly hears.

    Shape: (n_windows, n_bins, n_window_frames).
    """
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    ordered = sorted(items, key=lambda item: item.example.id)
    places = np.linspace(0, len(ordered) - 1, min(N_EXAMPLES, len(ordered))).round().astype(int)
    window = config.window
    cut = (
        windows_of(ordered[n], front_end, window.duration_s, window.hop_s) for n in places.tolist()
    )
    return np.stack([windows[len(windows) // 2] for windows in cut])


def check(config: TrainConfig, examples: FloatArray) -> None:
    """See that every part of the network learns from something.

    Raises: DatasetInvalid where the front end tells pitches, but of none of the data.
    """
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    pitches = examples[:, examples.shape[1] - front_end.n_pitches :]
    if pitches.size and pitches.max() <= front_end.floor + 1:
        raise DatasetInvalid(
            f"front end {front_end.name} tells pitches, and no data of recipe {config.name} have "
            "any, so what the network would make of them is left to chance",
            "add data with sound, or take a front end without pitches, such as logmel",
        )


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported, ready to score: what it says of the test signal's windows by output, and
    by how much at most that differs from what torch says."""

    runtime: Runtime
    said: Mapping[str, FloatArray]
    difference: float


def export(scorer: Scorer, config: TrainConfig, examples: FloatArray, path: Path) -> Exported:
    """Write the network as ONNX in the recipe's precision, for which `examples` are windows
    (n_windows, n_bins, n_frames) like those that it will hear.

    Raises: BundleInvalid when float32 differs from torch by more than 1e-4, or when int8 changes
    the embedding by more than a quarter of its size; DatasetInvalid as `check`.
    """
    check(config, examples)
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    window_s, hop_s = config.window.duration_s, config.window.hop_s
    n_frames = n_window_frames(window_s, front_end)
    windows = check_windows(front_end, window_s, hop_s)
    to_onnx(scorer, front_end.n_bins, n_frames, path)
    difference = max_difference(scorer, path, windows)
    if not difference <= TOLERANCE:  # also for NaN, of a training that has diverged
        raise BundleInvalid(
            f"the exported network differs from the trained one by {difference:.2g}",
            "use the versions of torch and onnxruntime that constraints.txt names",
        )
    if config.export.precision == "int8":
        to_int8(path, examples)
    outputs = widths(scorer.specs, scorer.n_dims, scorer.network.n_members)
    runtime = OnnxScorer(path, front_end.n_bins, n_frames, outputs)
    said = runtime.score(windows)
    if config.export.precision == "int8":
        trained = score(scorer, windows)
        share = np.linalg.norm(said[EMBEDDING] - trained[EMBEDDING])
        share /= np.linalg.norm(trained[EMBEDDING])
        if not share <= MOST_ROUNDING:
            raise BundleInvalid(
                f"in int8 the network's embedding differs from the trained one's by {share:.0%}",
                'leave precision = "int8" out of the recipe\'s [export]',
            )
        difference = largest_difference(said, trained)
    return Exported(runtime, said, difference)


def as_shipped(scorer: Scorer, config: TrainConfig, training: Sequence[Item]) -> Runtime:
    """Give what scores as the network will when it ships, for which it needs the items that it
    was trained on. In float32 that is torch itself, which says the same. Raises: as `export`.
    """
    if config.export.precision == "float32":
        return TorchScorer(scorer)
    with tempfile.TemporaryDirectory(prefix="affetto-") as folder:
        path = Path(folder) / "model.onnx"
        return export(scorer, config, examples(config, training), path).runtime
