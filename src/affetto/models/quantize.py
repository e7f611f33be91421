"""A network in ONNX whose convolutions compute with whole numbers of eight bits.

Static quantization (B. Jacob and others, "Quantization and training of neural networks for
efficient integer-arithmetic-only inference", CVPR 2018): each layer's values are rounded to 256
steps between the least and the greatest that it gave for examples, its weights to 128 steps a
channel. Seven bits for weights, since processors without VNNI add two products in 16 bits, where
eight would overflow: so all processors give the same sums, which float32 does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from affetto.core import FloatArray
from affetto.models.export import quiet, write_model

_BATCH_WINDOWS = 16


def to_int8(path: Path, windows: FloatArray) -> None:
    """Round the convolutions of an exported network in place; everything else stays float32.

    `windows` (n_windows, n_bins, n_frames) are examples of what it will hear: what goes beyond
    their layers' values will be cut. A convolution of a single channel stays as it is: it is the
    one that looks at the spectrogram itself, and gains no time.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    names = _nodes(onnx.load(path).graph)
    rounded = path.with_suffix(".int8.onnx")
    with quiet():  # its advice: to simplify the network first, as the exporter has done
        quantize_static(
            path,
            rounded,
            _Examples(windows),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            nodes_to_quantize=names,
        )
    write_model(onnx.load(rounded), path)
    rounded.unlink()


class _Examples:
    """Windows, batch by batch, as ONNX Runtime's quantizer asks for them."""

    def __init__(self, windows: FloatArray) -> None:
        starts = range(0, len(windows), _BATCH_WINDOWS)
        self._batches = (
            np.ascontiguousarray(windows[first : first + _BATCH_WINDOWS], np.float32)
            for first in starts
        )

    def get_next(self) -> dict[str, FloatArray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"spectrogram": batch}


def _nodes(graph: Any) -> list[str]:
    """Name the convolutions of several channels, and the layers that only pass values on."""
    widths = {
        weights.name: weights.dims[1] for weights in graph.initializer if len(weights.dims) > 2
    }
    convolutions = [
        node for node in graph.node if node.op_type == "Conv" and widths.get(node.input[1], 0) > 1
    ]
    outputs = {node.output[0] for node in convolutions}
    found = [node.name for node in convolutions]
    for node in graph.node:  # in the order in which they compute
        if node.op_type in ("Relu", "MaxPool") and node.input[0] in outputs:
            found.append(node.name)
            outputs.add(node.output[0])
    return found
