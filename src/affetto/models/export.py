"""From a torch network to ONNX and safetensors, and the proof that both say the same."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from affetto.errors import BadConfig, MissingExtra
from affetto.models.heads import Scorer

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
    names = [*(spec.name for spec in scorer.specs), "embedding"]
    example = torch.zeros(2, n_bins, n_frames)
    with warnings.catch_warnings():
        # The exporter warns of its own internals; nothing there is ours to mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            _Outputs(scorer),
            (example,),
            path,
            input_names=["spectrogram"],
            output_names=names,
            opset_version=OPSET,
            dynamic_shapes={"spectrogram": {0: torch.export.Dim("batch", min=1, max=4096)}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def save_weights(scorer: Scorer, path: Path) -> None:
    """Write all parameters and buffers as safetensors."""
    state = {key: value.contiguous() for key, value in scorer.state_dict().items()}
    save_file(state, path)


def load_weights(scorer: Scorer, path: Path) -> None:
    """Read what `save_weights` wrote. Raises: BadConfig when a tensor is missing or too many."""
    try:
        scorer.load_state_dict(load_file(path), strict=True)
    except RuntimeError as error:
        raise BadConfig(f"{path} holds the weights of another network") from error


def max_difference(scorer: Scorer, onnx_path: Path, values: np.ndarray) -> float:
    """Give the largest absolute difference between torch and ONNX Runtime over all outputs."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(onnx_path), providers=["CPUExecutionProvider"])
    ours = session.run(None, {"spectrogram": values.astype(np.float32)})
    with torch.inference_mode():
        theirs = scorer.outputs(torch.from_numpy(values.astype(np.float32)))
    return max(
        float(np.abs(one - other.numpy()).max()) for one, other in zip(ours, theirs, strict=True)
    )
