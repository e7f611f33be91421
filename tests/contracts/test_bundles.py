"""What holds for every bundle that ships: whole, checked, alike in both runtimes, within range."""

from __future__ import annotations

import json

import numpy as np
import pytest

from affetto.bundles import BUNDLES, Bundle, find, load
from affetto.bundles import bundle as layout
from affetto.bundles.check import check, check_windows, tolerance
from affetto.core import FloatArray

pytestmark = pytest.mark.parametrize("name", BUNDLES.names())


def windows_of(bundle: Bundle) -> dict[str, FloatArray]:
    """Give windows of a sound, and of what no sound should be, by name."""
    shape = (5, bundle.front_end.n_bins, bundle.n_frames)
    noise = np.random.default_rng(4).uniform(-100, 40, shape)
    step = np.full(shape, bundle.front_end.floor)
    step[:, :, shape[2] // 2 :] = 0
    return {
        "chords": check_windows(bundle.front_end, bundle.window_s, bundle.hop_s),
        "noise": noise.astype(np.float32),
        "step": step.astype(np.float32),
        "silence": np.full(shape, bundle.front_end.floor, np.float32),
        "very loud": np.full(shape, 200, np.float32),
    }


def test_folder_holds_the_files_of_a_bundle_and_no_others(name: str) -> None:
    files = {path.name for path in find(name).iterdir()}
    assert files == {layout.MANIFEST, layout.CARD, *layout.FILES}


def test_name_is_that_of_the_registry_and_the_card_has_it(name: str) -> None:
    bundle = load(name)
    assert bundle.name == name
    assert bundle.version
    assert bundle.license
    assert (find(name) / layout.CARD).read_text(encoding="utf-8").startswith("# ")


def test_description_is_strict_json(name: str) -> None:
    for file in (layout.MANIFEST, layout.EXPECTED):
        text = (find(name) / file).read_text(encoding="utf-8")
        assert json.dumps(json.loads(text), allow_nan=False)


def test_check_passes(name: str) -> None:
    bundle = load(name)
    assert check(bundle) <= tolerance(bundle)


def test_torch_says_the_same_as_onnx_but_for_rounding(name: str) -> None:
    onnx, torch = load(name), load(name, runtime="torch")
    assert (onnx.runtime_name, torch.runtime_name) == ("onnx", "torch")
    assert onnx.fingerprint == torch.fingerprint
    for what, windows in windows_of(onnx).items():
        one, other = onnx.score(windows), torch.score(windows)
        assert list(one) == list(other)
        for output, values in one.items():
            np.testing.assert_allclose(
                other[output], values, rtol=0, atol=tolerance(torch), err_msg=what
            )


def test_scores_are_finite_and_in_range_for_any_windows(name: str) -> None:
    bundle = load(name)
    for what, windows in windows_of(bundle).items():
        for output, values in bundle.score(windows).items():
            assert values.dtype == np.float32
            assert values.shape[0] == len(windows)
            assert np.isfinite(values).all(), (what, output)


def test_scores_of_a_window_do_not_depend_on_those_beside(name: str) -> None:
    bundle = load(name)
    windows = windows_of(bundle)["noise"]
    together = bundle.score(windows)
    for number in range(len(windows)):
        for output, values in bundle.score(windows[number : number + 1]).items():
            np.testing.assert_allclose(values[0], together[output][number], rtol=0, atol=1e-5)
