"""The trunk for pitches finds intervals wherever they lie, and says nothing where it hears none."""

from __future__ import annotations

import torch
from torch import Tensor

from affetto.frontends.frames import FLOOR_DB
from affetto.models.pitch import FEWEST_PITCHES, PitchTrunk

N_PITCHES = 180
HIGH = 8


def trunk(dropout: float = 0.0) -> PitchTrunk:
    torch.manual_seed(0)
    return PitchTrunk(N_PITCHES, (4, 4, HIGH), hold=8, dropout=dropout).eval()


def chord(root: int, *semitones: int) -> Tensor:
    """Give a window (1, n_pitches, 32) whose tones stand out over an even noise."""
    window = torch.full((1, N_PITCHES, 32), -60.0)
    for semitone in semitones:
        window[:, 3 * (root + semitone)] = -20.0
    return window


@torch.inference_mode()
def test_answers_to_a_chord_are_the_same_in_another_key_but_not_in_another_mode() -> None:
    network = trunk()
    major, higher, minor = (
        network(window)[:, : 4 * HIGH]
        for window in (chord(26, 0, 4, 7), chord(28, 0, 4, 7), chord(26, 0, 3, 7))
    )
    torch.testing.assert_close(higher, major, atol=1e-4, rtol=0)
    assert float((minor - major).abs().max()) > 1e-3


@torch.inference_mode()
def test_how_loud_the_sound_is_plays_no_part() -> None:
    network, window = trunk(), chord(26, 0, 4, 7)
    torch.testing.assert_close(network(window + 12), network(window), atol=1e-4, rtol=0)


@torch.inference_mode()
def test_window_whose_pitches_are_not_known_gives_zeros() -> None:
    windows = torch.cat([torch.full((1, N_PITCHES, 32), FLOOR_DB), chord(26, 0, 4, 7)])
    unknown, known = trunk()(windows)
    assert not unknown.any()
    assert known.any()


@torch.inference_mode()
def test_pitches_are_left_out_for_a_share_of_windows_in_training_alone() -> None:
    network, windows = trunk(dropout=0.25), chord(26, 0, 4, 7).expand(800, -1, -1)
    assert network(windows).any(dim=1).all()
    network.train()
    share = float((~network(windows).any(dim=1)).float().mean())
    assert 0.18 < share < 0.32


@torch.inference_mode()
def test_fewest_pitches_are_enough_for_two_octaves_of_intervals() -> None:
    network = PitchTrunk(FEWEST_PITCHES, (2, 2, 2), hold=4, dropout=0.0).eval()
    assert network(torch.randn(2, FEWEST_PITCHES, 5)).shape == (2, network.n_summary)
