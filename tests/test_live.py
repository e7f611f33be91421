"""Sound as it comes is scored as a file is, whatever the size of its parts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto import bundles
from affetto.bundles import Bundle
from affetto.core import Timeline
from affetto.errors import BadConfig
from affetto.live import Listener
from affetto.prediction import predict
from tests import tiny_bundle
from tests.helpers import Samples, chirp

TOLERANCE = 1e-4
RATE_HZ = 11_025
SOUND = chirp(6.0, RATE_HZ)[:, 0] * np.linspace(0.01, 1, 6 * RATE_HZ, dtype=np.float32)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return bundles.load(tiny_bundle.make(tmp_path_factory.mktemp("bundles") / "tiny"))


def heard(listener: Listener, parts: Iterable[Samples]) -> list[Timeline]:
    return [found for part in parts if (found := listener.push(part)) is not None]


def columns(timelines: list[Timeline]) -> dict[str, np.ndarray]:
    planes = [each.valence_arousal for each in timelines if each.valence_arousal is not None]
    return {
        "start_s": np.concatenate([each.start_s for each in timelines]),
        "scores": np.concatenate([each.scores for each in timelines]),
        "weight": np.concatenate([each.weight for each in timelines]),
        "plane": np.concatenate(planes),
    }


def check_against_the_file(
    bundle: Bundle, sound: Samples, rate_hz: int, n_parts: int, hop_s: float | None = None
) -> int:
    """Compare the windows that are heard with those of the same sound as a file; count them."""
    found = columns(heard(Listener(bundle, rate_hz, hop_s), np.array_split(sound, n_parts)))
    whole = predict((sound, rate_hz), bundle, hop_s=hop_s).timeline
    n_windows = len(found["start_s"])
    assert len(whole) - n_windows in (0, 1)  # the end of a file has one more
    np.testing.assert_allclose(found["start_s"], whole.start_s[:n_windows])
    np.testing.assert_allclose(found["scores"], whole.scores[:n_windows], atol=TOLERANCE)
    assert whole.valence_arousal is not None
    np.testing.assert_allclose(found["plane"], whole.valence_arousal[:n_windows], atol=TOLERANCE)
    return n_windows


def test_windows_are_those_of_the_file(bundle: Bundle) -> None:
    check_against_the_file(bundle, SOUND, RATE_HZ, 60)


@pytest.mark.parametrize("hop_s", [None, 0.5])
def test_windows_of_the_default_bundle_are_those_of_the_file(hop_s: float | None) -> None:
    bundle = bundles.load("default")
    rate_hz = bundle.front_end.sample_rate
    sound = chirp(9.0, rate_hz)[:, 0]
    assert check_against_the_file(bundle, sound, rate_hz, 100, hop_s) >= 4


@given(sizes=st.lists(st.integers(0, 9_000), min_size=1, max_size=30))
def test_sizes_of_the_parts_make_no_difference(bundle: Bundle, sizes: list[int]) -> None:
    parts = np.split(SOUND, np.minimum(np.cumsum(sizes), len(SOUND)))
    found = columns(heard(Listener(bundle, RATE_HZ), parts))
    wanted = columns(heard(Listener(bundle, RATE_HZ), [SOUND]))
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], atol=TOLERANCE)


def test_window_is_scored_as_soon_as_its_sound_is_there(bundle: Bundle) -> None:
    rate_hz = tiny_bundle.FRONT_END.sample_rate
    n_window = round(tiny_bundle.WINDOW_S * rate_hz)
    listener = Listener(bundle, rate_hz)
    sound = np.full(n_window, 0.1, np.float32)
    assert listener.push(sound[:-200]) is None
    found = listener.push(sound[-200:])
    assert found is not None
    assert (len(found), found.end_s[0]) == (1, tiny_bundle.WINDOW_S)


def test_hop_is_as_asked_for(bundle: Bundle) -> None:
    listener = Listener(bundle, RATE_HZ, hop_s=0.16)
    assert listener.hop_s == pytest.approx(0.16)
    starts_s = columns(heard(listener, [SOUND]))["start_s"]
    np.testing.assert_allclose(np.diff(starts_s), 0.16)


def test_channels_are_averaged(bundle: Bundle) -> None:
    both = np.stack([SOUND, -0.5 * SOUND], axis=1)
    found = columns(heard(Listener(bundle, RATE_HZ), [both]))
    wanted = columns(heard(Listener(bundle, RATE_HZ), [0.25 * SOUND]))
    np.testing.assert_allclose(found["scores"], wanted["scores"], atol=TOLERANCE)


def test_what_is_no_number_is_silence(bundle: Bundle) -> None:
    broken = np.full(2 * RATE_HZ, np.nan, np.float32)
    broken[::2] = np.inf
    (found,) = heard(Listener(bundle, RATE_HZ), [broken])
    assert (found.weight == 0).all()


def test_memory_does_not_grow_with_the_sound(bundle: Bundle) -> None:
    listener = Listener(bundle, RATE_HZ)
    sizes = []
    for _ in range(20):
        listener.push(SOUND)
        sizes.append(len(listener._samples))
    assert max(sizes) < 2 * tiny_bundle.WINDOW_S * tiny_bundle.FRONT_END.sample_rate


def test_bundle_without_a_plane_is_placed_by_its_tags(tmp_path: Path) -> None:
    bundle = bundles.load(tiny_bundle.make(tmp_path / "tiny", tiny_bundle.HEADS))
    found = columns(heard(Listener(bundle, RATE_HZ), [SOUND]))
    assert found["plane"].shape == (len(found["start_s"]), 2)
    assert np.abs(found["plane"]).max() <= 1


def test_settings_that_make_no_sense_are_refused(bundle: Bundle) -> None:
    for rate_hz, hop_s, what in (
        (0, None, "no rate"),
        (10_000_000, None, "no rate"),
        (RATE_HZ, 0.0, "too short"),
        (RATE_HZ, float("nan"), "too short"),
    ):
        with pytest.raises(BadConfig, match=what):
            Listener(bundle, rate_hz, hop_s)
    for shape in ((2, 2, 2), (4, 0), (4, 65)):
        with pytest.raises(BadConfig):
            Listener(bundle, RATE_HZ).push(np.zeros(shape, np.float32))
