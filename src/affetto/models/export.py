"""From a torch network to ONNX and safetensors, and the proof that both say the same."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from affetto.errors import BadConfig, MissingExtra
from affetto.models.heads import Scorer
from affetto.models.outputs import largest_difference
from affetto.models.scorer import score

OPSET = 18


class _Outputs(nn.Module):
    """The network as ONNX sees it: heads' values and embedding, not logits."""

    def __init__(self, scorer: Scorer) -> None:
        super().__init__()
        self.scorer = scorer

    def forward(self, spectrogram: Tensor) -> tuple[Tensor, ...]:
        return self.scorer.outputs(spectrogram)


def to_onnx(scorer: Scorer, n_bins: int, n_frames: int, path: Path) -> None:
    """Write `model.onnx`: spectrogram (batch, n_bins, n_frames) -> heads, embedding.

    Raises: MissingExtra without onnxscript.
    """
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingExtra(
            "the export to ONNX needs onnx and onnxscript", "run: pip install 'affetto[train]'"
        ) from error
    scorer.eval()
    example = torch.zeros(2, n_bins, n_frames)
    with quiet("torch.onnx"), warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning, UserWarning):
            warnings.simplefilter("ignore", category)
        program = torch.onnx.export(
            _Outputs(scorer),
            (example,),
            input_names=["spectrogram"],
            output_names=list(scorer.output_names),
            opset_version=OPSET,
            dynamic_shapes={"spectrogram": {0: torch.export.Dim("batch", min=1, max=4096)}},
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # what the exporter of `dynamo` gives
    write_model(program.model_proto, path)


def write_model(model: Any, path: Path) -> None:
    """Write an ONNX model, the same bytes each time, without a word on where it was made."""
    _forget_origin(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


@contextmanager
def quiet(name: str = "") -> Iterator[None]:
    """Keep a logger's remarks back, by default the root's: a library's, on its own internals, where
    nothing is ours to mend."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _forget_origin(model: Any) -> None:
    """Take out the notes on where in the source each node came from.

    They hold paths of the machine that trained, which nobody needs to know, and which would
    make the same network another file in another folder.
    """
    model.ClearField("metadata_props")
    graph = model.graph
    values = (*graph.input, *graph.output, *graph.value_info)
    for part in (graph, *graph.node, *values, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def save_weights(scorer: Scorer, path: Path) -> None:
    """Write all parameters and buffers as safetensors."""
    state = {key: value.contiguous() for key, value in scorer.state_dict().items()}
    save_file(state, path)


def load_weights(scorer: Scorer, path: Path) -> None:
    """Read what `save_weights` wrote.

    Raises: BadConfig when the file is damaged, or a tensor is missing, too many or of another
    shape.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise BadConfig(f"{path} cannot be read as weights: {error}") from error
    try:
        # Named here, since torch fills in a batch normalization's missing counter in silence.
        if tensors.keys() != scorer.state_dict().keys():
            raise RuntimeError("the names of the tensors differ")
        scorer.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise BadConfig(f"{path} holds the weights of another network") from error


def max_difference(scorer: Scorer, onnx_path: Path, values: np.ndarray) -> float:
    """Give the largest absolute difference between torch and ONNX Runtime over all outputs.

    NaN where one of them gives NaN.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(onnx_path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    said = session.run(names, {"spectrogram": values.astype(np.float32)})
    return largest_difference(dict(zip(names, said, strict=True)), score(scorer, values))
