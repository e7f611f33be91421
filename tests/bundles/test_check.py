"""A bundle's check fails whenever its network says something else than was written down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affetto import frontends
from affetto.bundles import bundle as layout
from affetto.bundles.bundle import Bundle, read
from affetto.bundles.check import (
    INT8_TOLERANCE,
    TOLERANCE,
    check,
    check_signal,
    check_windows,
    tolerance,
)
from affetto.errors import BundleInvalid
from tests import tiny_bundle

Outputs = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_bundle.make(tmp_path / "tiny")


def rewritten(folder: Path, how: Callable[[Outputs], object]) -> Bundle:
    """Change the outputs that are written down, with the hash that belongs to them."""
    path = folder / layout.EXPECTED
    plain = json.loads(path.read_text(encoding="utf-8"))
    how(plain["outputs"])
    path.write_text(json.dumps(plain), encoding="utf-8")
    tiny_bundle.state_hashes(folder)
    return read(folder)


def test_signal_is_ten_seconds_of_sound_in_every_band() -> None:
    signal = check_signal(22_050)
    assert signal.duration_s == 10
    assert 0.1 < np.abs(signal.samples).max() < 1
    np.testing.assert_array_equal(signal.samples, check_signal(22_050).samples)
    windows = check_windows(frontends.build("logmel", {}), 3.0, 1.0)
    assert windows.max(axis=(0, 2)).min() > -80


def test_check_passes_where_the_formula_holds(folder: Path) -> None:
    assert check(read(folder)) < TOLERANCE


def test_check_fails_for_another_network(folder: Path) -> None:
    tiny_bundle.write_network(folder / layout.ONNX, last_node="HardSigmoid")
    tiny_bundle.state_hashes(folder)
    with pytest.raises(BundleInvalid, match=r"tiny 1\.0 scores its test signal differently"):
        check(read(folder))


@pytest.mark.parametrize("name", ["emotions", "gems9", "plane", "embedding"])
def test_check_fails_for_one_value_that_differs(folder: Path, name: str) -> None:
    def nudge(outputs: Outputs) -> None:
        outputs[name][-1][-1] += 3 * TOLERANCE

    with pytest.raises(BundleInvalid, match="differently"):
        check(rewritten(folder, nudge))


def test_check_leaves_a_network_in_whole_numbers_room_to_round(folder: Path) -> None:
    def nudge(outputs: Outputs) -> None:
        outputs["plane"][-1][-1] += 0.8 * INT8_TOLERANCE

    exact = rewritten(folder, nudge)
    assert tolerance(exact) == TOLERANCE
    with pytest.raises(BundleInvalid, match=r"by 0\.004, at most 0\.0001 is expected"):
        check(exact)
    tiny_bundle.change(folder, lambda manifest: manifest.update({"precision": "int8"}))
    rounded = read(folder)
    assert tolerance(rounded) == INT8_TOLERANCE
    assert check(rounded) == pytest.approx(0.8 * INT8_TOLERANCE, rel=0.01)


@pytest.mark.parametrize("row", [0, 1, -1])
def test_check_fails_for_what_is_no_number(folder: Path, row: int) -> None:
    def spoil(outputs: Outputs) -> None:
        outputs["plane"][row][0] = float("nan")

    with pytest.raises(BundleInvalid):
        check(rewritten(folder, spoil))


@pytest.mark.parametrize(
    "how",
    [
        lambda outputs: outputs.pop("plane"),
        lambda outputs: outputs.update(second=[[1.0]]),
        lambda outputs: outputs.update(emotions=outputs["emotions"][:1]),
        lambda outputs: outputs.update(emotions=[]),
        lambda outputs: outputs.update(plane=[[0.0, 0.0], [0.0]]),
        lambda outputs: outputs.update(plane="none"),
    ],
    ids=["output-missing", "output-more", "one-row", "no-row", "ragged", "text"],
)
def test_check_fails_for_outputs_of_another_shape(
    folder: Path, how: Callable[[Outputs], object]
) -> None:
    with pytest.raises(BundleInvalid, match=r"expected\.json cannot be used"):
        check(rewritten(folder, how))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", "{}", '{"signal": "chords-1"}', '{"signal": "noise", "outputs": {}}',
     '{"signal": "chords-1", "outputs": []}', "\udcff", "[" * 100_000],
    ids=["empty", "list", "number", "object", "no-outputs", "other-signal", "outputs-list",
         "not-utf-8", "deep"],
)  # fmt: skip
def test_check_fails_for_a_file_of_another_kind(folder: Path, text: str) -> None:
    (folder / layout.EXPECTED).write_bytes(text.encode("utf-8", "surrogateescape"))
    tiny_bundle.state_hashes(folder)
    with pytest.raises(BundleInvalid, match=r"expected\.json cannot be used"):
        check(read(folder))


def test_check_fails_for_a_file_that_has_gone(folder: Path) -> None:
    bundle = read(folder)
    shutil.rmtree(folder)
    with pytest.raises(BundleInvalid, match=r"expected\.json cannot be used"):
        check(bundle)
