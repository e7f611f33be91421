"""Runs a bundle's network on ONNX Runtime, with one thread: many songs make many processes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from affetto.core import FloatArray
from affetto.errors import BundleInvalid


class OnnxScorer:
    """An ONNX session whose input and outputs have been checked.

    Raises: BundleInvalid for a file that ONNX Runtime refuses or whose shapes are others than
    the bundle states: input (batch, n_bins, n_frames), `outputs` name -> width in this order.
    """

    def __init__(self, path: Path, n_bins: int, n_frames: int, outputs: Mapping[str, int]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised, not printed
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors have no common root of their own
            raise BundleInvalid(
                f"{path} cannot be run by ONNX Runtime", "get the bundle again"
            ) from error
        self._names = list(outputs)
        shapes = {node.name: node.shape[1:] for node in self._session.get_inputs()}
        found = {node.name: node.shape[1:] for node in self._session.get_outputs()}
        if shapes != {"spectrogram": [n_bins, n_frames]} or found != {
            name: [width] for name, width in outputs.items()
        }:
            raise BundleInvalid(
                f"{path} has inputs {shapes} and outputs {found}, which bundle.json does not state",
                "get the bundle again",
            )

    def score(self, values: FloatArray) -> dict[str, FloatArray]:
        """Give each output's values for windows (n_windows, n_bins, n_frames)."""
        windows = np.ascontiguousarray(values, dtype=np.float32)
        outputs = self._session.run(self._names, {"spectrogram": windows})
        return dict(zip(self._names, outputs, strict=True))
