"""The network on whole songs: what it sums up, and that parts and songs do not disturb others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from affetto.errors import BadConfig
from affetto.models.song_cnn import SongCnn, SongCnnConfig, channels_of, summary

N_BINS = 5
CONFIG = SongCnnConfig(channels=(8, 12, 16), n_dims=10, n_averaged=2)


def network(seed: int = 0) -> SongCnn:
    torch.manual_seed(seed)
    return SongCnn(N_BINS, CONFIG).eval()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


@given(st.integers(0, 39), st.integers(1, 40), st.sampled_from((1, 2, 4)))
def test_summary_is_mean_and_deviation_of_the_steps_that_a_span_touches(
    first: int, length: int, n_pooled: int
) -> None:
    x = noise(2, 3, 40 // n_pooled)
    end = min(first + length, 40)
    found = summary(x, torch.tensor([1]), torch.tensor([[[float(first), float(end)]]]), n_pooled)
    touched = x[1, :, first // n_pooled : max(-(-end // n_pooled), first // n_pooled + 1)]
    expected = torch.cat([touched.mean(dim=1), (touched.var(dim=1, correction=0) + 1e-3).sqrt()])
    torch.testing.assert_close(found[0], expected, rtol=1e-3, atol=1e-3)


def test_summary_of_a_span_beyond_the_end_is_that_of_the_last_step() -> None:
    x = noise(1, 3, 10)
    found = summary(x, torch.tensor([0]), torch.tensor([[[10.0, 12.0]]]), 1)
    torch.testing.assert_close(found[0, :3], x[0, :, 9], rtol=1e-4, atol=1e-4)


def test_part_has_the_same_embedding_whatever_other_parts_are_asked_for() -> None:
    net, x = network(), noise(2, 2 * N_BINS, 64)
    spans = torch.tensor([[[4.0, 20.0], [0.0, 40.0], [0.0, 64.0]]] * 3)
    spans[1, 0] = torch.tensor([30.0, 50.0])
    together = net(x, torch.tensor([0, 0, 1]), spans)
    alone = net(x[:1], torch.tensor([0]), spans[:1])
    torch.testing.assert_close(together[:1], alone, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(together[0], together[1])
    assert not torch.allclose(together[0], together[2])


def test_embedding_hears_each_of_the_three_scales() -> None:
    net, x = network(), noise(1, 2 * N_BINS, 64)
    spans = torch.tensor([[[4.0, 20.0], [0.0, 40.0], [0.0, 64.0]]])
    embedding = net(x, torch.tensor([0]), spans)
    for scale in range(3):
        moved = spans.clone()
        moved[0, scale] = torch.tensor([24.0, 32.0])
        assert not torch.allclose(net(x, torch.tensor([0]), moved), embedding)


def test_channels_are_averages_of_the_values_and_of_the_sizes_of_their_changes() -> None:
    values = torch.tensor([[0.0, 2.0, 1.0, 5.0, 9.0]])
    found = channels_of(values, CONFIG)
    assert found.tolist() == [[1.0, 3.0], [1.0, 2.5]]


def test_channels_of_a_recording_shorter_than_an_average_are_one_step() -> None:
    assert channels_of(noise(N_BINS, 1), CONFIG).shape == (2 * N_BINS, 1)


def test_network_without_deltas_and_input_summary_is_smaller() -> None:
    plain = SongCnn(N_BINS, SongCnnConfig(has_deltas=False, has_input_summary=False))
    spans = torch.tensor([[[0.0, 8.0], [0.0, 16.0], [0.0, 32.0]]])
    assert plain(
        noise(1, N_BINS, 32).expand(2, -1, -1), torch.tensor([0, 1]), spans.repeat(2, 1, 1)
    ).shape == (2, 256)
    assert plain.n_channels == N_BINS


@pytest.mark.parametrize(
    "settings",
    [
        {"channels": ()},
        {"channels": (0,)},
        {"first_kernel": 4},
        {"dropout": 1.0},
        {"n_averaged": 0},
    ],
)
def test_settings_that_make_no_network_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(BadConfig, match="song_cnn"):
        SongCnnConfig(**settings)  # type: ignore[arg-type]
