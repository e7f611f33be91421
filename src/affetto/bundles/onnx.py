"""Runs a bundle's network on ONNX Runtime, with one thread: many songs make many processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from affetto.audio import display
from affetto.core import FloatArray
from affetto.errors import BundleInvalid

# Windows in one run. What the layers give each other grows with it, and so do the memory that a
# process touches first and what the cache cannot hold: 32 cost 6 % more time and 60 MB.
RUN_WINDOWS = 4

# How a tensor in an ONNX file begins to say in which other file its numbers are: the key
# "location", as protocol buffers write it.
_ELSEWHERE = b"\n\x08location"


class OnnxScorer:
    """An ONNX session whose input and outputs have been checked.

    Raises: BundleInvalid for a file that ONNX Runtime refuses or whose shapes are others than
    the bundle states: input (batch, n_bins, n_frames), `outputs` name -> width in this order.
    """

    def __init__(self, path: Path, n_bins: int, n_frames: int, outputs: Mapping[str, int]) -> None:
        import onnxruntime

        content = path.read_bytes()
        if _ELSEWHERE in content:
            raise BundleInvalid(
                f"{display(path)} keeps numbers in another file, which no checksum covers",
                "export the network with all its numbers inside",
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised, not printed
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors have no common root of their own
            raise BundleInvalid(
                f"{display(path)} cannot be run by ONNX Runtime", "get the bundle again"
            ) from error
        self._names = list(outputs)
        stated = {name: [width] for name, width in outputs.items()}
        found_in = _shapes(self._session.get_inputs())
        found_out = _shapes(self._session.get_outputs())
        if found_in != {"spectrogram": [n_bins, n_frames]} or found_out != stated:
            raise BundleInvalid(
                f"{display(path)} has inputs {_told(found_in)} and outputs {_told(found_out)}, "
                f"which bundle.json does not state",
                "get the bundle again",
            )

    def score(self, values: FloatArray) -> dict[str, FloatArray]:
        """Give each output's values for windows (n_windows, n_bins, n_frames)."""
        windows = np.ascontiguousarray(values, dtype=np.float32)
        runs = [
            self._session.run(self._names, {"spectrogram": windows[first : first + RUN_WINDOWS]})
            for first in range(0, max(1, len(windows)), RUN_WINDOWS)
        ]
        return {
            name: np.concatenate(parts)
            for name, parts in zip(self._names, zip(*runs, strict=True), strict=True)
        }


def _shapes(nodes: Sequence[Any]) -> dict[str, list[Any] | None]:
    """Give each node's shape behind its batch axis, None where it is not float32 of any batch."""
    return {
        node.name: node.shape[1:]
        if node.type == "tensor(float)" and node.shape and not isinstance(node.shape[0], int)
        else None
        for node in nodes
    }


def _told(shapes: Mapping[str, list[Any] | None]) -> str:
    told = display(
        ", ".join(f"{name} {shape or 'of another kind'}" for name, shape in shapes.items())
    )
    return told if len(told) <= 300 else f"{told[:300]} ..."
