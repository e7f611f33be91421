"""A bundle that is known by heart: what it says of a window hangs on its mean level alone.

A window of mean level m dB gives the tag i of a head the score sigmoid(s_i * (m + 50)), the
slopes s_i rising evenly from -0.1 to 0.1 per dB; valence and arousal are the tangens hyperbolicus
of the same with the slopes -0.05 and 0.05; the embedding is the mean spectrum. `outputs_of` is
the same in NumPy. The level is not taken out, so that a change of sound shows in the scores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import safetensors.numpy
from onnx import TensorProto, helper, numpy_helper

from affetto import frontends
from affetto.bundles import bundle as layout
from affetto.bundles.bundle import BundleHead
from affetto.bundles.check import check_windows, expected_text
from affetto.core import FloatArray, Head
from affetto.files import file_sha256
from affetto.vocabularies import load as load_vocabulary

FRONT_END = frontends.build(
    "logmel",
    {
        "sample_rate": 8_000,
        "n_fft": 256,
        "hop_length": 128,
        "n_mels": 12,
        "f_min_hz": 50.0,
        "f_max_hz": 3_500.0,
    },
)
FRAME_S = 0.016
WINDOW_S, HOP_S = 0.96, 0.48
N_FRAMES = 60  # a window
THRESHOLDS = {"emotions": 0.5, "gems9": 0.25}
HEADS = tuple(
    BundleHead(Head(name, "tags", vocabulary), (THRESHOLDS[name],) * len(vocabulary))
    for name, vocabulary in (
        ("emotions", load_vocabulary("cal500_emotions")),
        ("gems9", load_vocabulary("gems9")),
    )
)
PLANE = BundleHead(Head("plane", "plane"), sign_slopes=(2.0, 1.5))
MUSIC = BundleHead(Head("music", "music"))  # the softer, the more it sounds like music
_LEVEL_DB = 50.0


def make(folder: Path, heads: Sequence[BundleHead] = (*HEADS, PLANE)) -> Path:
    """Write the bundle; without `PLANE` among the heads, the tags' anchors give the plane."""
    folder.mkdir(parents=True)
    write_network(folder / layout.ONNX, heads)
    slopes = {head.spec.name: slopes_of(head.spec) for head in heads}
    safetensors.numpy.save_file(slopes, folder / layout.WEIGHTS)
    windows = check_windows(FRONT_END, WINDOW_S, HOP_S)
    expected = expected_text(outputs_of(windows, heads))
    (folder / layout.EXPECTED).write_text(expected, encoding="utf-8")
    (folder / layout.CARD).write_text("# Bundle tiny 1.0\n\nFor tests.\n", encoding="utf-8")
    text = layout.manifest_text(
        name="tiny",
        version="1.0",
        summary="scores that are known",
        front_end=FRONT_END,
        window_s=WINDOW_S,
        hop_s=HOP_S,
        heads=heads,
        n_dims=FRONT_END.n_bins,
        architecture={"name": "level", "config": {}},
        training={"datasets": []},
        license="MIT",
        folder=folder,
    )
    (folder / layout.MANIFEST).write_text(text, encoding="utf-8")
    return folder


def slopes_of(head: Head) -> FloatArray:
    """Give what a dB adds to each output of a head before the sigmoid, (n_outputs,)."""
    steepest = 0.05 if head.kind == "plane" else 0.1
    return np.linspace(-steepest, steepest, head.n_outputs, dtype=np.float32)


def outputs_of(
    windows: FloatArray, heads: Sequence[BundleHead] = (*HEADS, PLANE)
) -> dict[str, FloatArray]:
    """Give what the network says of windows (n_windows, n_bins, n_frames)."""
    level = windows.mean(axis=(1, 2), dtype=np.float64)[:, np.newaxis] + _LEVEL_DB
    outputs = {}
    for head in heads:
        logits = level * slopes_of(head.spec)
        is_plane = head.spec.kind == "plane"
        outputs[head.spec.name] = np.tanh(logits) if is_plane else 1 / (1 + np.exp(-logits))
    outputs["embedding"] = windows.mean(axis=2)
    return {name: values.astype(np.float32) for name, values in outputs.items()}


def write_network(
    path: Path,
    heads: Sequence[BundleHead] = (*HEADS, PLANE),
    *,
    n_bins: int = FRONT_END.n_bins,
    batch: str | int = "batch",
    input_type: int = TensorProto.FLOAT,
    last_node: str | None = None,
) -> None:
    """Write the network as ONNX; `last_node` stands for the sigmoid of tags, such as "Identity"."""
    nodes = [
        helper.make_node("Cast", ["spectrogram"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["values", "time"], ["embedding"], keepdims=0),
        helper.make_node("ReduceMean", ["embedding", "bins"], ["mean"], keepdims=1),
        helper.make_node("Add", ["mean", "level_db"], ["level"]),
    ]
    constants = {
        "time": np.array([2]),
        "bins": np.array([1]),
        "level_db": np.array([_LEVEL_DB], np.float32),
    }
    outputs = {"embedding": n_bins}
    for head in heads:
        name = head.spec.name
        constants[f"{name}_slopes"] = slopes_of(head.spec)[np.newaxis]
        nodes.append(helper.make_node("MatMul", ["level", f"{name}_slopes"], [f"{name}_logits"]))
        squash = "Tanh" if head.spec.kind == "plane" else last_node or "Sigmoid"
        nodes.append(helper.make_node(squash, [f"{name}_logits"], [name]))
        outputs[name] = head.spec.n_outputs
    graph = helper.make_graph(
        nodes,
        "level",
        [
            helper.make_tensor_value_info("spectrogram", input_type, [batch, n_bins, N_FRAMES]),
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, width])
            for name, width in outputs.items()
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save_model(model, path)


def change(folder: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """Change the content of `bundle.json`."""
    path = folder / layout.MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    how(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def state_hashes(folder: Path) -> None:
    """Write the hashes of the files as they are now into `bundle.json`."""
    hashes: Mapping[str, str] = {name: file_sha256(folder / name) for name in layout.FILES}
    change(folder, lambda manifest: manifest.update(files=hashes))
