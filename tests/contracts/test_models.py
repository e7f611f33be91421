"""What every network keeps, with its default settings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load_file, save_file

from affetto import models
from affetto.core import Head
from affetto.errors import BadConfig
from affetto.models import MODELS
from affetto.models.export import load_weights, max_difference, save_weights, to_onnx
from affetto.models.heads import Scorer
from affetto.models.quantize import to_int8
from affetto.models.scorer import score
from affetto.vocabularies import load as load_vocabulary

NAMES = MODELS.names()
N_BINS, N_FRAMES = 96, 64
HEADS = (
    Head("emotions", "tags", load_vocabulary("cal500_emotions")),
    Head("plane", "plane"),
)


def scorer_of(name: str, seed: int = 0) -> Scorer:
    torch.manual_seed(seed)
    return Scorer(models.build(name, N_BINS, {}), HEADS)


def windows(n_windows: int, n_frames: int = N_FRAMES, seed: int = 0) -> npt.NDArray[np.float32]:
    """Give noise in dB, (n_windows, N_BINS, n_frames)."""
    rng = np.random.default_rng(seed)
    return rng.normal(-40, 15, (n_windows, N_BINS, n_frames)).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_model_gives_an_embedding_for_each_window(name: str) -> None:
    network = scorer_of(name).network.eval()
    for n_windows, n_frames in ((1, N_FRAMES), (5, N_FRAMES), (2, 2 * N_FRAMES)):
        with torch.inference_mode():
            found = network(torch.from_numpy(windows(n_windows, n_frames)))
        assert found.shape == (n_windows, network.n_dims)
        assert torch.isfinite(found).all()


@pytest.mark.parametrize("name", NAMES)
def test_model_scores_lie_in_their_ranges(name: str) -> None:
    scorer = scorer_of(name)
    loud = np.concatenate([windows(3), 50 * windows(3), np.full((1, N_BINS, N_FRAMES), -100)])
    found = score(scorer, loud.astype(np.float32))
    assert tuple(found) == scorer.output_names
    assert scorer.output_names[:3] == ("emotions", "plane", "embedding")
    assert found["emotions"].shape == (7, 18)
    assert found["plane"].shape == (7, 2)
    assert ((found["emotions"] >= 0) & (found["emotions"] <= 1)).all()
    assert (np.abs(found["plane"]) <= 1).all()


@pytest.mark.parametrize("name", NAMES)
def test_model_parameters_all_get_a_gradient(name: str) -> None:
    scorer = scorer_of(name)
    scorer.train()
    logits = scorer(torch.from_numpy(windows(6)))
    generator = torch.Generator().manual_seed(0)
    sum(
        (values * torch.randn(values.shape, generator=generator)).sum()
        for values in logits.values()
    ).backward()
    for label, parameter in scorer.named_parameters():
        assert parameter.grad is not None, label
        assert torch.isfinite(parameter.grad).all(), label
        # A bias in front of a batch normalization is taken out again: its gradient may be zero.
        assert parameter.ndim == 1 or parameter.grad.abs().max() > 0, label


@pytest.mark.parametrize("name", NAMES)
def test_model_scores_a_window_alone_as_in_company(name: str) -> None:
    scorer = scorer_of(name)
    values = windows(4)
    together = score(scorer, values)
    for number in range(4):
        for key, found in score(scorer, values[number : number + 1]).items():
            np.testing.assert_allclose(found[0], together[key][number], atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_model_weights_are_drawn_from_the_seed(name: str) -> None:
    ours, same, other = (scorer_of(name, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(ours[key], same[key]) for key in ours)
    assert any(not torch.equal(ours[key], other[key]) for key in ours)


@pytest.mark.parametrize("name", NAMES)
def test_model_weights_survive_the_way_to_disk(name: str, tmp_path: Path) -> None:
    scorer, other = scorer_of(name, 1), scorer_of(name, 2)
    scorer.train()
    scorer(torch.from_numpy(windows(6)))  # moves the running means, which are part of it
    save_weights(scorer, tmp_path / "w.safetensors")
    load_weights(other, tmp_path / "w.safetensors")
    ours, theirs = scorer.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("name", NAMES)
def test_model_weights_of_another_network_are_refused(name: str, tmp_path: Path) -> None:
    scorer = scorer_of(name)
    path = tmp_path / "w.safetensors"
    save_weights(scorer, path)
    tensors = load_file(path)
    for key in tensors:
        save_file({other: value for other, value in tensors.items() if other != key}, path)
        with pytest.raises(BadConfig, match="holds the weights of another network"):
            load_weights(scorer, path)
    for content in ({"extra": torch.zeros(1)}, {next(iter(tensors)): torch.zeros(3, 3, 3)}):
        save_file({**tensors, **content}, path)
        with pytest.raises(BadConfig, match="holds the weights of another network"):
            load_weights(scorer, path)


@pytest.mark.parametrize("name", NAMES)
def test_model_weights_that_are_damaged_or_gone_are_refused(name: str, tmp_path: Path) -> None:
    scorer = scorer_of(name)
    path = tmp_path / "w.safetensors"
    with pytest.raises(BadConfig, match="cannot be read as weights"):
        load_weights(scorer, path)
    save_weights(scorer, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadConfig, match="cannot be read as weights"):
        load_weights(scorer, path)


@pytest.mark.parametrize("name", NAMES)
def test_model_says_the_same_in_onnx_for_any_number_of_windows(name: str, tmp_path: Path) -> None:
    scorer = scorer_of(name)
    scorer.train()
    scorer(torch.from_numpy(windows(8)))
    to_onnx(scorer, N_BINS, N_FRAMES, tmp_path / "model.onnx")
    for n_windows in (1, 2, 7, 33):
        values = windows(n_windows, seed=n_windows)
        assert max_difference(scorer, tmp_path / "model.onnx", values) < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_model_says_nearly_the_same_in_whole_numbers(name: str, tmp_path: Path) -> None:
    scorer = scorer_of(name)
    scorer.train()
    scorer(torch.from_numpy(windows(8)))
    path = tmp_path / "model.onnx"
    to_onnx(scorer, N_BINS, N_FRAMES, path)
    to_int8(path, windows(64))
    assert b"QuantizeLinear" in path.read_bytes()
    assert max_difference(scorer, path, windows(9, seed=9)) < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_model_settings_have_a_plain_form_that_builds_it_again(name: str) -> None:
    config = asdict(MODELS.load(name).Config())
    network = models.build(name, N_BINS, config)
    expected = models.build(name, N_BINS, {})
    assert {key: value.shape for key, value in network.state_dict().items()} == {
        key: value.shape for key, value in expected.state_dict().items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_model_refuses_a_setting_that_it_has_not(name: str) -> None:
    with pytest.raises(BadConfig, match=f"network {name} has no setting n_oscillators"):
        models.build(name, N_BINS, {"n_oscillators": 3})
