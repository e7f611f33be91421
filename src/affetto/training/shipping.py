"""A trained network as it ships: in ONNX, with the precision that its recipe asks for.

Evaluations of recipes score with it, too, so that their figures are of what people run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
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
from affetto.models.outputs import EMBEDDING, widths
from affetto.models.quantize import to_int8
from affetto.models.scorer import TorchScorer
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


def export(scorer: Scorer, config: TrainConfig, examples: FloatArray, path: Path) -> float:
    """Write the network as ONNX in the recipe's precision, for which `examples` are windows
    (n_windows, n_bins, n_frames) like those that it will hear.

    Gives the largest difference between torch and ONNX Runtime on the test signal. Raises:
    BundleInvalid when that exceeds 1e-4 in float32, or when int8 changes the embedding by more
    than a quarter of its size; DatasetInvalid as `check`.
    """
    check(config, examples)
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    window_s, hop_s = config.window.duration_s, config.window.hop_s
    windows = check_windows(front_end, window_s, hop_s)
    scorer.eval()
    to_onnx(scorer, front_end.n_bins, n_window_frames(window_s, front_end), path)
    difference = max_difference(scorer, path, windows)
    if not difference <= TOLERANCE:  # also for NaN, of a training that has diverged
        raise BundleInvalid(
            f"the exported network differs from the trained one by {difference:.2g}",
            "use the versions of torch and onnxruntime that constraints.txt names",
        )
    if config.export.precision == "int8":
        to_int8(path, examples)
        exact, rounded = TorchScorer(scorer), opened(path, scorer, config)
        trained, ours = (each.score(windows)[EMBEDDING] for each in (exact, rounded))
        share = np.linalg.norm(ours - trained) / np.linalg.norm(trained)
        if not share <= MOST_ROUNDING:
            raise BundleInvalid(
                f"in int8 the network's embedding differs from the trained one's by {share:.0%}",
                'leave precision = "int8" out of the recipe\'s [export]',
            )
        difference = max_difference(scorer, path, windows)
    return difference


def as_shipped(scorer: Scorer, config: TrainConfig, training: Sequence[Item]) -> Runtime:
    """Give what scores as the network will when it ships, for which it needs the items that it
    was trained on. In float32 that is torch itself, which says the same. Raises: as `export`.
    """
    if config.export.precision == "float32":
        return TorchScorer(scorer)
    with tempfile.TemporaryDirectory(prefix="affetto-") as folder:
        path = Path(folder) / "model.onnx"
        export(scorer, config, examples(config, training), path)
        return opened(path, scorer, config)


def opened(path: Path, scorer: Scorer, config: TrainConfig) -> Runtime:
    """Give what scores with a file that `export` wrote."""
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    outputs = widths(scorer.specs, scorer.n_dims, scorer.network.n_members)
    n_frames = n_window_frames(config.window.duration_s, front_end)
    return OnnxScorer(path, front_end.n_bins, n_frames, outputs)
