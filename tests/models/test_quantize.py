"""A network in whole numbers says what it said, on every processor alike."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from affetto import models
from affetto.core import FloatArray, Head
from affetto.models.export import max_difference, to_onnx
from affetto.models.heads import Scorer
from affetto.models.quantize import to_int8
from affetto.vocabularies import load as load_vocabulary

N_BINS, N_FRAMES = 24, 48
HEADS = (Head("plane", "plane"), Head("gems9", "tags", load_vocabulary("gems9")))
CONFIG = {"channels": [8, 12, 16], "n_summary": 16, "n_dims": 8}


def windows(n: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    return rng.normal(-30, 10, (n, N_BINS, N_FRAMES)).astype(np.float32)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    torch.manual_seed(0)
    made = Scorer(models.build("cnn", N_BINS, CONFIG), HEADS)
    made(torch.from_numpy(windows(64, seed=5)))  # for the batch normalizations
    return made.eval()


@pytest.fixture(scope="module")
def exported(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    to_onnx(scorer, N_BINS, N_FRAMES, path)
    return path


@pytest.fixture
def rounded(exported: Path, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    shutil.copy(exported, path)
    to_int8(path, windows(32, seed=1))
    return path


def test_rounded_network_says_nearly_the_same_but_not_quite(
    scorer: Scorer, exported: Path, rounded: Path
) -> None:
    new = windows(20, seed=2)
    assert max_difference(scorer, exported, new) < 1e-4
    assert 1e-4 < max_difference(scorer, rounded, new) < 0.05


def test_rounded_network_is_half_as_large_and_all_that_is_there(
    exported: Path, rounded: Path
) -> None:
    assert rounded.stat().st_size < exported.stat().st_size
    assert [path.name for path in rounded.parent.iterdir()] == ["model.onnx"]


def test_all_convolutions_but_the_first_have_weights_of_seven_bits(rounded: Path) -> None:
    graph = onnx.load(rounded).graph
    arrays = {array.name: numpy_helper.to_array(array) for array in graph.initializer}
    sources = {node.output[0]: node for node in graph.node}
    kinds: Counter[str] = Counter()
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        source = sources.get(node.input[1])
        if source is None:  # a number as it is
            kinds["float32"] += 1
            assert arrays[node.input[1]].shape[1] == 1
            continue
        weights = arrays[source.input[0]]
        assert weights.dtype == np.int8
        assert np.abs(weights.astype(int)).max() == 64
        assert np.ndim(arrays[source.input[1]]) == 1  # a scale for each channel
        kinds["int8"] += 1
    assert kinds == {"float32": 1, "int8": 3}


def test_relu_and_pooling_between_convolutions_stay_in_whole_numbers(rounded: Path) -> None:
    graph = onnx.load(rounded).graph
    sources = {output: node for node in graph.node for output in node.output}
    poolings = [node for node in graph.node if node.op_type == "MaxPool"]
    assert poolings
    for node in poolings[1:]:
        assert sources[node.input[0]].op_type == "DequantizeLinear"


def test_rounding_gives_the_same_file_each_time_in_silence(
    exported: Path, rounded: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = logging.getLogger().level
    again = tmp_path / "again.onnx"
    shutil.copy(exported, again)
    to_int8(again, windows(32, seed=1))
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().level == before
    assert again.read_bytes() == rounded.read_bytes()
    model = onnx.load(again)
    onnx.checker.check_model(model)
    assert not model.metadata_props
    assert str(tmp_path).encode() not in again.read_bytes()


def test_rounded_network_says_the_same_whichever_windows_come_together(rounded: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(rounded, providers=["CPUExecutionProvider"])
    values = windows(9, seed=3)
    together = session.run(["plane"], {"spectrogram": values})[0]
    apart = [session.run(["plane"], {"spectrogram": values[n : n + 1]})[0] for n in range(9)]
    np.testing.assert_allclose(np.concatenate(apart), together, atol=1e-6)
