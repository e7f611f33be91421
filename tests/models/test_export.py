"""What is exported says what was trained, and nothing about the machine."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from affetto import models
from affetto.core import Head
from affetto.errors import MissingExtra
from affetto.models.export import max_difference, save_weights, to_onnx
from affetto.models.heads import Scorer, values_of
from affetto.models.plane import KIND, N_LOGITS, RATINGS, SIGNS
from affetto.models.scorer import BATCH_WINDOWS, TorchScorer, score
from affetto.vocabularies import load as load_vocabulary

N_BINS, N_FRAMES = 16, 32
HEADS = (
    Head("plane", "plane"),
    Head("gems9", "tags", load_vocabulary("gems9")),
)
ARCHITECTURE = {"name": "cnn", "config": {"channels": [4, 6], "n_summary": 8, "n_dims": 5}}
WINDOWS = (np.random.default_rng(1).normal(-30, 10, (BATCH_WINDOWS + 3, N_BINS, N_FRAMES))).astype(
    np.float32
)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    torch.manual_seed(0)
    return Scorer(models.build("cnn", N_BINS, ARCHITECTURE["config"]), HEADS).eval()


@pytest.fixture(scope="module")
def exported(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    to_onnx(scorer, N_BINS, N_FRAMES, path)
    return path


def test_outputs_are_sigmoids_and_the_plane_runs_from_minus_one_to_one(scorer: Scorer) -> None:
    values = torch.from_numpy(WINDOWS[:4])
    with torch.inference_mode():
        logits = scorer(values)
        plane, tags, embedding = scorer.outputs(values)
        assert plane.shape == (4, 2)
        assert plane.abs().max() <= 1
        torch.testing.assert_close(tags, torch.sigmoid(logits["gems9"]))
        torch.testing.assert_close(scorer.heads["gems9"](embedding), logits["gems9"])


@pytest.mark.parametrize(("kind", "place"), [(-30.0, SIGNS), (30.0, RATINGS)])
def test_plane_is_what_the_kind_of_music_that_it_sounds_like_says(
    kind: float, place: slice
) -> None:
    logits = torch.randn(6, N_LOGITS, generator=torch.Generator().manual_seed(0))
    logits[:, KIND] = kind
    found = values_of(Head("plane", "plane"), logits)
    torch.testing.assert_close(found, torch.tanh(logits[:, place] / 2))


def test_plane_between_two_kinds_of_music_lies_between_what_both_say() -> None:
    logits = torch.randn(50, N_LOGITS, generator=torch.Generator().manual_seed(1))
    found = values_of(Head("plane", "plane"), logits)
    both = torch.stack([torch.tanh(logits[:, place] / 2) for place in (SIGNS, RATINGS)])
    assert ((found >= both.amin(dim=0) - 1e-6) & (found <= both.amax(dim=0) + 1e-6)).all()


def test_exported_network_names_its_inputs_and_outputs_with_shapes(exported: Path) -> None:
    graph = onnx.load(exported).graph
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim][1:]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {
        "spectrogram": [N_BINS, N_FRAMES],
        "plane": [2],
        "gems9": [9],
        "embedding": [5],
    }


def test_exported_network_keeps_no_path_and_no_source_of_the_trainer(exported: Path) -> None:
    content = exported.read_bytes()
    source = Path(models.__file__).parent
    for text in (str(source), "stack_trace", "forward(", ".py", "scorer.outputs"):
        assert text.encode() not in content
    model = onnx.load(exported)
    onnx.checker.check_model(model)
    assert not model.metadata_props
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)


def test_to_onnx_writes_the_same_file_each_time_in_silence(
    scorer: Scorer, exported: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    to_onnx(scorer, N_BINS, N_FRAMES, tmp_path / "again.onnx")
    assert capfd.readouterr() == ("", "")
    assert logger.level == before
    assert (tmp_path / "again.onnx").read_bytes() == exported.read_bytes()


def test_to_onnx_without_onnxscript_says_how_to_get_it(
    scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingExtra, match=r"run: pip install 'affetto\[train\]'"):
        to_onnx(scorer, N_BINS, N_FRAMES, tmp_path / "model.onnx")


def test_max_difference_sees_another_network_and_one_that_gives_nan(
    scorer: Scorer, exported: Path
) -> None:
    assert max_difference(scorer, exported, WINDOWS[:5]) < 1e-4
    state = {key: value.clone() for key, value in scorer.state_dict().items()}
    other = Scorer(models.build("cnn", N_BINS, ARCHITECTURE["config"]), HEADS).eval()
    state["heads.gems9.bias"] += 0.5
    other.load_state_dict(state)
    assert max_difference(other, exported, WINDOWS[:5]) > 0.05
    state["heads.gems9.bias"] += float("nan")
    other.load_state_dict(state)
    assert np.isnan(max_difference(other, exported, WINDOWS[:5]))


def test_torch_scorer_is_the_network_that_its_weights_came_from(
    scorer: Scorer, tmp_path: Path
) -> None:
    save_weights(scorer, tmp_path / "w.safetensors")
    found = TorchScorer.of_weights(tmp_path / "w.safetensors", N_BINS, HEADS, ARCHITECTURE).score(
        WINDOWS
    )
    expected = score(scorer, WINDOWS)
    assert found.keys() == expected.keys() == {"plane", "gems9", "embedding"}
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


def test_score_does_not_hang_on_how_windows_fall_into_batches(scorer: Scorer) -> None:
    together = score(scorer, WINDOWS)
    apart = [score(scorer, WINDOWS[first : first + 10]) for first in range(0, len(WINDOWS), 10)]
    for name, values in together.items():
        assert len(values) == len(WINDOWS)
        np.testing.assert_allclose(
            np.concatenate([part[name] for part in apart]), values, atol=1e-5
        )


def test_score_takes_arrays_that_must_not_be_written(scorer: Scorer) -> None:
    frozen = WINDOWS[:2].copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(
        score(scorer, frozen)["plane"], score(scorer, WINDOWS[:2])["plane"]
    )
