"""Networks by name, and what is said without torch."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from affetto import models
from affetto.errors import BadConfig, MissingExtra, UnknownName


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


@pytest.mark.parametrize("dropout", [-0.1, 1.0, "half"])
def test_cnn_refuses_a_dropout_outside_zero_to_one(dropout: Any) -> None:
    with pytest.raises(BadConfig, match="dropout of network cnn must lie in"):
        models.build("cnn", 32, {"dropout": dropout})


def test_cnn_refuses_more_blocks_than_the_bands_can_be_halved() -> None:
    with pytest.raises(BadConfig, match="5 blocks are too many for 15 bins"):
        models.build("cnn", 15, {"channels": [2] * 5})
    assert models.build("cnn", 16, {"channels": [2] * 5}).n_dims == 128
