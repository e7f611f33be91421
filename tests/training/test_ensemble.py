"""A bundle of several networks: trained together, heard together, further taught together."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from affetto import bundles, predict
from affetto.bundles.check import TOLERANCE, check, check_windows
from affetto.errors import BadConfig
from affetto.models.cnn import Cnn
from affetto.models.scorer import score
from affetto.training import loop, run
from affetto.training.config import Part, TrainConfig
from affetto.training.start import Start
from tests.tiny_training import TinyTraining, quietly

N_MEMBERS = 2


@pytest.fixture(scope="module")
def config(tiny: TinyTraining) -> TrainConfig:
    alone = tiny.config.network
    network = Part("ensemble", {"n_members": N_MEMBERS, "config": dict(alone.config)})
    return replace(tiny.config, network=network)


@pytest.fixture(scope="module")
def bundle(
    tiny: TinyTraining, config: TrainConfig, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Give a bundle of two networks that learnt from the miniature."""
    base = tmp_path_factory.mktemp("ensemble")
    prepared = replace(tiny.prepared, config=config)
    parts = run.sides(prepared, None, config.seed)
    with quietly(tiny.cache):
        loop.train(config, parts.training, parts.validation, base / "run")
        run.make_bundle(prepared, base / "run", base / "bundle")
    return base / "bundle"


def test_bundle_of_several_networks_says_so_and_keeps_what_each_says(bundle: Path) -> None:
    loaded = bundles.load(bundle)
    assert loaded.n_members == N_MEMBERS
    assert check(loaded) <= TOLERANCE
    windows = check_windows(loaded.front_end, loaded.window_s, loaded.hop_s)
    found = loaded.score(windows)
    theirs = bundles.load(bundle, runtime="torch").score(windows)
    assert found.keys() == theirs.keys()
    for name, values in found.items():
        np.testing.assert_allclose(values, theirs[name], atol=1e-4)
    for head in loaded.tag_heads:
        values, each = found[head.spec.name], found[f"{head.spec.name}.members"]
        by_member = each.reshape(len(windows), N_MEMBERS, head.spec.n_outputs)
        assert np.abs(by_member[:, 0] - by_member[:, 1]).max() > 1e-4  # they learnt apart
        logits = np.log(by_member / (1 - by_member)).mean(axis=1)
        np.testing.assert_allclose(values, 1 / (1 + np.exp(-logits)), atol=1e-5)


def test_each_network_is_taught_by_batches_of_its_own(
    tiny: TinyTraining, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[int, list[bytes]] = {}
    look = Cnn.look

    def watched(network: Cnn, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if network.training:
            seen.setdefault(id(network), []).append(x.numpy().tobytes())
        return look(network, x)

    monkeypatch.setattr(Cnn, "look", watched)
    short = replace(config.optimizer, epochs=1)
    parts = run.sides(replace(tiny.prepared, config=config), None, config.seed)
    for network, folder in ((config.network, "several"), (tiny.config.network, "alone")):
        changed = replace(config, network=network, optimizer=short)
        loop.train(changed, parts.training, parts.validation, tmp_path / folder)
    first, second, alone = seen.values()
    assert first == alone
    assert len(second) == len(first) > 0
    assert not set(first) & set(second)


def test_songs_of_several_networks_are_as_unsure_as_they_disagree(bundle: Path) -> None:
    rng = np.random.default_rng(0)
    sound = (rng.normal(0, 0.1, 22_050 * 6).astype(np.float32), 22_050)
    loaded = bundles.load(bundle)
    together = predict(sound, loaded)
    alone = predict(sound, replace(loaded, n_members=1))
    assert together.uncertainty is not None
    assert alone.uncertainty is not None
    np.testing.assert_array_equal(together.scores, alone.scores)
    assert (together.uncertainty.to_array() > alone.uncertainty.to_array()).all()


def test_training_goes_on_from_several_networks(
    tiny: TinyTraining, config: TrainConfig, bundle: Path, tmp_path: Path
) -> None:
    start = Start(bundles.load(bundle))
    parts = run.sides(replace(tiny.prepared, config=config), None, config.seed)
    short = replace(config, optimizer=replace(config.optimizer, epochs=1, learning_rate=1e-9))
    scorer = loop.train(short, parts.training, parts.validation, tmp_path / "run", start=start)
    windows = check_windows(start.bundle.front_end, 1.486, 0.743)
    found, before = score(scorer, windows), start.bundle.score(windows)
    np.testing.assert_allclose(found["plane.members"], before["plane.members"], atol=0.05)
    settings = {**config.network.config, "n_members": 3}
    other = replace(config, network=Part("ensemble", settings))
    with pytest.raises(BadConfig, match="n_members is 3 in the recipe and 2 in the bundle"):
        loop.train(other, parts.training, parts.validation, tmp_path / "other", start=start)


def test_start_sees_what_its_members_differ_in_but_not_their_dropout(
    config: TrainConfig, bundle: Path
) -> None:
    start = Start(bundles.load(bundle))
    member = dict(config.network.config["config"])
    for changes, match in (({"dropout": 0.4}, None), ({"n_summary": 9}, "n_summary is 9")):
        network = Part("ensemble", {"n_members": N_MEMBERS, "config": {**member, **changes}})
        other = replace(config, network=network)
        assert asdict(other) != asdict(config)
        if match is None:
            start.check(other)
        else:
            with pytest.raises(BadConfig, match=match):
                start.check(other)
