"""The loss looks at what is known and at nothing else."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy

from affetto.errors import BadConfig
from affetto.training.losses import (
    MAX_RATIO,
    LossConfig,
    masked_cross_entropy,
    ratios,
    tag_loss,
    total,
)

NAN = math.nan


def test_masked_cross_entropy_is_the_mean_over_known_cells_by_hand() -> None:
    logits = torch.tensor([[0.0, 2.0], [-1.0, 5.0]])
    targets = torch.tensor([[1.0, NAN], [0.25, NAN]])
    # -log(1/2) = 0.6931; sigmoid(-1) = 0.2689: -(0.25 log 0.2689 + 0.75 log 0.7311) = 0.5633
    found = masked_cross_entropy(logits, targets, torch.ones(2))
    assert float(found) == pytest.approx((0.693147 + 0.563262) / 2, abs=1e-5)


def test_masked_cross_entropy_weighs_rows_by_hand() -> None:
    logits = torch.tensor([[0.0], [-1.0]])
    targets = torch.tensor([[1.0], [0.25]])
    found = masked_cross_entropy(logits, targets, torch.tensor([3.0, 1.0]))
    assert float(found) == pytest.approx((3 * 0.693147 + 0.563262) / 4, abs=1e-5)


def test_masked_cross_entropy_of_full_labels_is_torchs_own() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 4, generator=generator)
    targets = torch.rand(5, 4, generator=generator)
    expected = binary_cross_entropy(torch.sigmoid(logits), targets)
    torch.testing.assert_close(masked_cross_entropy(logits, targets, torch.ones(5)), expected)


@given(
    st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=6),
    st.floats(-50, 50),
)
def test_masked_cross_entropy_gives_unknown_cells_no_influence_and_no_gradient(
    known: list[list[bool]], other: float
) -> None:
    mask = torch.tensor(known)
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(mask.shape, generator=generator)
    targets = torch.where(mask, torch.rand(mask.shape, generator=generator), NAN)
    weights = torch.rand(len(mask), generator=generator) + 0.5
    first = logits.clone().requires_grad_()
    loss = masked_cross_entropy(first, targets, weights)
    loss.backward()
    assert first.grad is not None
    assert torch.isfinite(loss)
    assert (first.grad[~mask] == 0).all()
    assert (first.grad[mask] != 0).all()
    changed = torch.where(mask, logits, torch.tensor(other))
    assert torch.equal(masked_cross_entropy(changed, targets, weights), loss.detach())


def test_masked_cross_entropy_of_nothing_known_is_zero_with_a_zero_gradient() -> None:
    logits = torch.randn(3, 2, requires_grad=True)
    loss = masked_cross_entropy(logits, torch.full((3, 2), NAN), torch.ones(3))
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_masked_cross_entropy_ignores_a_row_of_weight_zero() -> None:
    logits = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[0.0, 1.0], [1.0, NAN], [1.0, 1.0]])
    torch.testing.assert_close(
        masked_cross_entropy(logits, targets, torch.tensor([1.0, 1.0, 0.0])),
        masked_cross_entropy(logits[:2], targets[:2], torch.ones(2)),
    )


def test_total_adds_the_heads_up_by_their_weights() -> None:
    generator = torch.Generator().manual_seed(0)
    sizes = {"tags": 3, "plane": 2}
    logits = {name: torch.randn(4, n, generator=generator) for name, n in sizes.items()}
    targets = {name: torch.rand(4, n, generator=generator) for name, n in sizes.items()}
    weights = torch.ones(4)
    alone = {name: masked_cross_entropy(logits[name], targets[name], weights) for name in logits}
    torch.testing.assert_close(
        total(logits, targets, weights, {"tags": 1.0, "plane": 0.25}),
        alone["tags"] + 0.25 * alone["plane"],
    )


def test_total_teaches_nothing_to_a_head_of_weight_zero() -> None:
    logits = {name: torch.randn(4, 2, requires_grad=True) for name in ("one", "other")}
    targets = {name: torch.rand(4, 2) for name in logits}
    total(logits, targets, torch.ones(4), {"one": 1.0, "other": 0.0}).backward()
    assert logits["one"].grad is not None
    assert logits["other"].grad is not None
    assert logits["one"].grad.abs().sum() > 0
    assert logits["other"].grad.abs().sum() == 0


def test_ratio_counts_rows_without_an_output_to_one_with_it() -> None:
    first = torch.tensor([[1.0, 0.0, NAN], [0.0, 0.0, 0.5]])
    second = torch.tensor([[0.0, 0.0, 0.25], [0.0, NAN, NAN]])
    assert ratios([first, second]).tolist() == pytest.approx([3.0, MAX_RATIO, 1.25 / 0.75])


def some_cells() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(6, 3, generator=generator)
    targets = torch.randint(0, 2, (6, 3), generator=generator).float()
    targets[1, 2] = NAN
    return logits, targets, torch.ones(6)


def test_plain_tag_loss_is_cross_entropy_to_the_bit() -> None:
    logits, targets, weights = some_cells()
    found = tag_loss(logits, targets, weights, torch.full((3,), 4.0), LossConfig())
    assert torch.equal(found, masked_cross_entropy(logits, targets, weights))


def test_balanced_tag_loss_counts_what_has_a_tag_so_many_times_more() -> None:
    logits, targets, weights = some_cells()
    ratio = torch.tensor([1.0, 2.0, 5.0])
    found = tag_loss(logits, targets, weights, ratio, LossConfig(positive_weight=1.0))
    known = ~torch.isnan(targets)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits[known],
        targets[known],
        pos_weight=ratio.expand(6, 3)[known],
    )
    torch.testing.assert_close(found, expected)


def test_focused_tag_loss_fades_clear_negatives_alone() -> None:
    ratio, ones = torch.ones(1), torch.ones(1)
    config = LossConfig(negative_focus=2.0)
    for logit, target in ((3.0, 1.0), (-3.0, 1.0)):
        one = (torch.tensor([[logit]]), torch.tensor([[target]]), ones)
        torch.testing.assert_close(tag_loss(*one, ratio, config), masked_cross_entropy(*one))
    clear = (torch.tensor([[-3.0]]), torch.tensor([[0.0]]), ones)
    # score sigmoid(-3) = 0.0474: 0.0474^2 * -log(1 - 0.0474) = 0.00225 * 0.0486
    assert float(tag_loss(*clear, ratio, config)) == pytest.approx(0.000109, abs=2e-6)


def test_smoothed_tag_loss_is_that_of_labels_nearer_to_a_half() -> None:
    logits, targets, weights = some_cells()
    found = tag_loss(logits, targets, weights, torch.ones(3), LossConfig(smoothing=0.2))
    expected = masked_cross_entropy(logits, targets * 0.8 + 0.1, weights)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "settings", [{"positive_weight": -0.1}, {"negative_focus": 9.0}, {"smoothing": 1.0}]
)
def test_loss_with_a_setting_out_of_range_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(BadConfig):
        LossConfig(**settings)
