"""Several networks in one: each learns apart, and all are heard."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from affetto import models
from affetto.core import Head
from affetto.errors import BadConfig
from affetto.models.heads import Scorer
from affetto.vocabularies import load as load_vocabulary

N_BINS, N_FRAMES, N_MEMBERS = 96, 64, 3
HEADS = (Head("gems9", "tags", load_vocabulary("gems9")), Head("plane", "plane"))
MEMBER = {"channels": (4, 8), "n_summary": 6, "n_dims": 5, "level": True}


def scorer_of(n_members: int = N_MEMBERS) -> Scorer:
    torch.manual_seed(0)
    config = {"n_members": n_members, "config": MEMBER}
    return Scorer(models.build("ensemble", N_BINS, config), HEADS)


@pytest.fixture
def windows() -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.normal(-40, 15, (6, N_BINS, N_FRAMES)).astype(np.float32))


def test_ensemble_says_the_mean_of_its_members_logits(windows: torch.Tensor) -> None:
    scorer = scorer_of().eval()
    summary = scorer.network.summarize(windows)
    each, together = scorer.of_members(summary), scorer.of_summary(summary)
    assert len(each) == N_MEMBERS
    for name, logits in together.items():
        members = torch.stack([of[name] for of in each])
        torch.testing.assert_close(members.mean(dim=0), logits)
        assert members.std(dim=0).min() > 0  # they differ


def test_members_logits_come_from_that_member_alone(windows: torch.Tensor) -> None:
    scorer = scorer_of().eval()
    scorer.of_members(scorer.network.summarize(windows))[1]["plane"].sum().backward()
    for number, member in enumerate(scorer.network.members):
        moved = [p.grad is not None and bool(p.grad.abs().max() > 0) for p in member.parameters()]
        assert any(moved) == (number == 1)
    by_member = scorer.heads["plane"].weight.grad.chunk(N_MEMBERS, dim=1)
    assert [bool(part.abs().max() > 0) for part in by_member] == [False, True, False]


def test_embedding_of_an_ensemble_holds_those_of_its_members(windows: torch.Tensor) -> None:
    network = scorer_of().network.eval()
    assert network.n_dims == N_MEMBERS * MEMBER["n_dims"]
    parts = network(windows).chunk(N_MEMBERS, dim=1)
    for part, member in zip(parts, network.members, strict=True):
        torch.testing.assert_close(part * N_MEMBERS, member(windows))


def test_ensemble_of_one_is_the_network_itself(windows: torch.Tensor) -> None:
    ensemble = scorer_of(1).eval()
    torch.manual_seed(0)
    alone = Scorer(models.build("cnn", N_BINS, MEMBER), HEADS).eval()
    for ours, theirs in zip(ensemble.outputs(windows), alone.outputs(windows), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ({"n_members": 0}, "n_members of network ensemble must be at least 1, not 0"),
        ({"n_members": 1.5}, "n_members of network ensemble must be at least 1, not 1.5"),
        ({"member": "ensemble"}, "cannot be ensembles"),
        ({"config": 3}, "must be a table, not 3"),
        ({"config": {"n_heads": 3}}, "network cnn has no setting n_heads"),
    ],
)
def test_ensemble_of_unusable_settings_is_refused(config: dict[str, object], match: str) -> None:
    with pytest.raises(BadConfig, match=match):
        models.build("ensemble", N_BINS, config)


def test_ensembles_settings_are_filled_up_with_its_members() -> None:
    whole = models.settings("ensemble", {"config": {"n_dims": 7, "channels": [4, 8]}})
    assert whole.config["n_dims"] == 7
    assert whole.config["channels"] == (4, 8)
    assert whole.config["n_summary"] == models.settings("cnn", {}).n_summary


def test_outputs_of_an_ensemble_have_the_embedding_of_one_member(windows: torch.Tensor) -> None:
    scorer = scorer_of().eval()
    outputs = dict(zip(scorer.output_names, scorer.outputs(windows), strict=True))
    assert list(outputs) == ["gems9", "plane", "embedding", "gems9.members", "plane.members"]
    torch.testing.assert_close(outputs["embedding"], scorer.network.members[0](windows))
    assert outputs["embedding"].shape == (len(windows), scorer.n_dims)
