"""Networks by name, and what is said without torch."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch

from affetto import models
from affetto.errors import BadConfig, MissingExtra, UnknownName
from affetto.frontends.frames import FLOOR_DB


def test_build_offers_the_nearest_network() -> None:
    with pytest.raises(UnknownName, match="did you mean cnn"):
        models.build("cnnn", 32, {})


def test_build_takes_lists_as_json_and_toml_give_them() -> None:
    network = models.build("cnn", 16, {"channels": [4, 8], "n_summary": 8, "n_dims": 5})
    assert network.n_dims == 5
    assert len(network.blocks) == 2


def test_build_without_torch_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra) as refused:
        models.build("cnn", 16, {})
    assert str(refused.value) == (
        "training and export need torch; run: pip install 'affetto[train]'"
    )


@pytest.mark.parametrize(
    "config",
    [
        {"channels": []},
        {"channels": "many"},
        {"channels": 16},
        {"channels": [16, 0]},
        {"channels": [16, 2.5]},
        {"channels": [16, True]},
        {"n_summary": -1},
        {"n_dims": "big"},
    ],
)
def test_cnn_refuses_sizes_that_are_no_positive_whole_numbers(config: dict[str, Any]) -> None:
    with pytest.raises(BadConfig, match="must be positive whole numbers"):
        models.build("cnn", 32, config)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"stem": 4}, "stem of network cnn must be 0 or odd, not 4"),
        ({"stem": 17}, "a whole number from 0 to 15, not 17"),
        ({"stem": 5, "channels": [8]}, "two channels or more"),
        ({"frame_halvings": 5}, "a whole number from 0 to 4, not 5"),
        ({"frame_halvings": True}, "frame_halvings"),
        ({"context_channels": -1}, "a whole number from 0 up, not -1"),
        ({"context_channels": 2.5}, "context_channels"),
    ],
)
def test_cnn_refuses_steps_through_time_that_it_cannot_take(
    config: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadConfig, match=reason):
        models.build("cnn", 96, config)


@pytest.mark.parametrize("n_frames", [32, 61, 63, 128])
@pytest.mark.parametrize(
    ("config", "frames_a_position"),
    [
        ({}, 16),
        ({"frame_pool": 2}, 32),
        ({"frame_halvings": 2}, 4),
        ({"frame_halvings": 2, "stem": 5, "context_channels": 8}, 4),
        ({"frame_halvings": 1, "stem": 3, "frame_pool": 2}, 4),
    ],
)
def test_cnn_sees_a_position_each_so_many_frames(
    config: dict[str, Any], frames_a_position: int, n_frames: int
) -> None:
    network = models.build("cnn", 32, config).eval()
    with torch.inference_mode():
        summary, rows = network.look(torch.randn(2, 32, n_frames))
    n_positions = network.n_positions(n_frames)
    assert rows.shape == (2, network.n_rows, n_positions)
    assert abs(n_positions - n_frames / frames_a_position) < 1.5
    torch.testing.assert_close(summary, torch.cat([rows.mean(dim=2), rows.amax(dim=2)], dim=1))


@pytest.mark.parametrize("n_bands", [31, 32, 95, 97])
@pytest.mark.parametrize("stem", [0, 5])
def test_cnn_sums_up_any_number_of_bands_and_frames(stem: int, n_bands: int) -> None:
    network = models.build("cnn", n_bands, {"stem": stem, "frame_halvings": 2}).eval()
    for n_frames in (33, 63):
        with torch.inference_mode():
            summary, rows = network.look(torch.randn(2, n_bands, n_frames))
        assert summary.shape == (2, network.n_summary)
        assert rows.shape == (2, network.n_rows, network.n_positions(n_frames))


def test_what_cnn_sees_at_a_position_hangs_on_the_sound_around_it_alone() -> None:
    torch.manual_seed(0)
    network = models.build("cnn", 32, {"frame_halvings": 2, "stem": 5}).eval()
    loud_end = torch.randn(1, 32, 128)
    loud_end[:, :, 96:] = loud_end[:, :, 96:].flip(2)  # the same mean and deviation
    other = loud_end.clone()
    other[:, :, 96:] = other[:, :, 96:].flip(2)
    with torch.inference_mode():
        one, two = network.look(loud_end)[1], network.look(other)[1]
    changed = (one - two).abs().amax(dim=(0, 1)) > 1e-4
    assert not changed[:18].any()  # frames 0 to 71
    assert changed[24:].any()  # frames 96 on


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"n_pitches": 60}, "from 75 up, not 60"),
        ({"n_pitches": 180.0}, "n_pitches"),
        ({"pitch_channels": [16, 32]}, r"pitch_channels \(3 of them\)"),
        ({"pitch_channels": [16, 32, 0]}, "pitch_channels"),
        ({"pitch_hold": 0}, "pitch_hold"),
        ({"pitch_dropout": 1.0}, "pitch_dropout"),
        ({"n_pitches": 180}, "5 blocks are too many for -84 bins"),
    ],
)
def test_cnn_refuses_pitches_that_it_cannot_look_at(config: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadConfig, match=reason):
        models.build("cnn", 96, config)


def test_cnn_looks_at_pitches_apart_from_bands() -> None:
    torch.manual_seed(0)
    network = models.build("cnn", 32 + 180, {"n_pitches": 180, "level": True}).eval()
    windows = torch.randn(2, 32 + 180, 32)
    windows[:, 32:] -= 60
    unknown = windows.clone()
    unknown[:, 32:] = FLOOR_DB
    with torch.inference_mode():
        known, without = network.summarize(windows), network.summarize(unknown)
    assert known.shape == (2, network.n_summary)
    n_pitch = network.pitch.n_summary
    torch.testing.assert_close(known[:, :-n_pitch], without[:, :-n_pitch])
    assert not without[:, -n_pitch:].any()
    assert known[:, -n_pitch:].any()


@pytest.mark.parametrize("dropout", [-0.1, 1.0, "half"])
def test_cnn_refuses_a_dropout_outside_zero_to_one(dropout: Any) -> None:
    with pytest.raises(BadConfig, match="dropout of network cnn must lie in"):
        models.build("cnn", 32, {"dropout": dropout})


def test_cnn_refuses_more_blocks_than_the_bands_can_be_halved() -> None:
    with pytest.raises(BadConfig, match="5 blocks are too many for 15 bins"):
        models.build("cnn", 15, {"channels": [2] * 5})
    assert models.build("cnn", 16, {"channels": [2] * 5}).n_dims == 128
