"""A file that is not the network which bundle.json states is refused before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from affetto.bundles import bundle as layout
from affetto.bundles.bundle import read
from affetto.bundles.onnx import OnnxScorer
from affetto.errors import BundleInvalid
from tests import tiny_bundle

WIDTHS = {"emotions": 18, "gems9": 9, "plane": 2, "embedding": 12}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_bundle.make(tmp_path / "tiny")


def refusal(folder: Path) -> str:
    tiny_bundle.state_hashes(folder)
    with pytest.raises(BundleInvalid) as raised:
        read(folder)
    assert raised.value.message.startswith(str(folder / layout.ONNX))
    assert raised.value.message.isprintable()
    return raised.value.message


def model_of(node: Any, output: Any) -> Any:
    """Give a model of one node from the bundle's input to an output."""
    spectrogram = helper.make_tensor_value_info("spectrogram", TensorProto.FLOAT, ["batch", 12, 60])
    graph = helper.make_graph([node], "other", [spectrogram], [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_bins": 13}, "has inputs spectrogram [13, 60]"),
        ({"batch": 1}, "has inputs spectrogram of another kind"),
        ({"batch": 32}, "has inputs spectrogram of another kind"),
        ({"input_type": TensorProto.DOUBLE}, "has inputs spectrogram of another kind"),
        ({"heads": (*tiny_bundle.HEADS,)}, "outputs embedding [12], emotions [18], gems9 [9],"),
        ({"heads": (tiny_bundle.PLANE,)}, "outputs embedding [12], plane [2],"),
    ],
    ids=["bins", "batch-of-1", "batch-of-32", "double", "no-plane", "no-tags"],
)
def test_network_of_another_shape_is_refused(
    folder: Path, changes: dict[str, Any], reason: str
) -> None:
    tiny_bundle.write_network(folder / layout.ONNX, **changes)
    assert reason in refusal(folder)


def test_any_name_of_the_batch_axis_will_do(folder: Path) -> None:
    tiny_bundle.write_network(folder / layout.ONNX, batch="n")
    tiny_bundle.state_hashes(folder)
    assert read(folder).score(np.zeros((3, 12, 60), np.float32))["plane"].shape == (3, 2)


@pytest.mark.parametrize(
    "content", [b"", b"not a network", bytes(1_000), b"\x08\x0a" * 50], ids=range(4)
)
def test_file_that_is_no_network_is_refused(folder: Path, content: bytes) -> None:
    (folder / layout.ONNX).write_bytes(content)
    assert refusal(folder)


def test_cut_network_is_refused(folder: Path) -> None:
    content = (folder / layout.ONNX).read_bytes()
    (folder / layout.ONNX).write_bytes(content[: len(content) // 2])
    assert refusal(folder)


def test_network_of_something_else_is_refused(folder: Path) -> None:
    output = helper.make_tensor_value_info("two\nlines", TensorProto.FLOAT, ["batch", 12, 60])
    onnx.save_model(
        model_of(helper.make_node("Relu", ["spectrogram"], ["two\nlines"]), output),
        folder / layout.ONNX,
    )
    assert "outputs two\\nlines [12, 60], which bundle.json does not state" in refusal(folder)


def test_network_that_gives_a_sequence_is_refused(folder: Path) -> None:
    output = helper.make_tensor_sequence_value_info("emotions", TensorProto.FLOAT, None)
    node = helper.make_node("SequenceConstruct", ["spectrogram"], ["emotions"])
    onnx.save_model(model_of(node, output), folder / layout.ONNX)
    assert "outputs emotions of another kind" in refusal(folder)


def test_network_with_numbers_in_another_file_is_refused(folder: Path) -> None:
    path = folder / layout.ONNX
    onnx.save_model(
        onnx.load_model(path),
        path,
        save_as_external_data=True,
        location="numbers.bin",
        size_threshold=0,
    )
    assert (folder / "numbers.bin").is_file()
    assert refusal(folder).endswith("keeps numbers in another file, which no checksum covers")


def test_scorer_takes_windows_of_any_layout_in_memory(folder: Path) -> None:
    scorer = OnnxScorer(folder / layout.ONNX, 12, 60, WIDTHS)
    windows = np.random.default_rng(2).uniform(-90, 0, (4, 12, 60)).astype(np.float32)
    expected = scorer.score(windows)
    for other in (np.asfortranarray(windows), windows.astype(np.float64), windows[:, :, ::-1]):
        found = scorer.score(other)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, atol=1e-4)


def test_outputs_come_in_the_order_that_was_asked_for(folder: Path) -> None:
    names = dict(reversed(WIDTHS.items()))
    scorer = OnnxScorer(folder / layout.ONNX, 12, 60, names)
    assert list(scorer.score(np.zeros((1, 12, 60), np.float32))) == list(names)
