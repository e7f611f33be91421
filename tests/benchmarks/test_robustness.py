"""The changes of the benchmark of robustness are what they are called, and its figures add up."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests import miniature, tiny_bundle
from tests.benchmarks.test_predict import BENCHMARKS, run
from tests.helpers import alignment, chirp

RATE_HZ = 44_100


@pytest.fixture
def distortions() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("distortions")


def level_db(samples: Any) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def test_gain_moves_the_level_and_clips_nothing(distortions: Any) -> None:
    sound = chirp(2.0, RATE_HZ, 2)
    for name, db in (("louder", 12), ("quieter", -12)):
        _, change = distortions.CHANGES[name]
        changed, rate = change((sound, RATE_HZ))
        assert rate == RATE_HZ
        assert level_db(changed) - level_db(sound) == pytest.approx(db, abs=0.01)
    louder, _ = distortions.gain((sound, RATE_HZ), 12)
    assert np.abs(louder).max() > 1.9


def test_noise_is_50_db_below_the_music_and_another_in_each_channel(distortions: Any) -> None:
    sound = chirp(2.0, RATE_HZ, 2)
    noise = distortions.noise((sound, RATE_HZ))[0] - sound
    assert level_db(noise) - level_db(sound) == pytest.approx(-50, abs=0.2)
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.05


@pytest.mark.parametrize(("duration_s", "left_s"), [(20.0, 10.0), (100.0, 30.0)])
def test_cuts_take_the_middle_and_leave_the_rest(
    duration_s: float, left_s: float, distortions: Any
) -> None:
    rate = 1000
    sound = np.arange(duration_s * rate, dtype=np.float32)[:, np.newaxis]
    alone, _ = distortions.middle_alone((sound, rate))
    gone, _ = distortions.middle_gone((sound, rate))
    assert len(alone) == left_s * rate
    assert alone[0, 0] == duration_s * rate - 1 - alone[-1, 0]  # as far from either end
    assert sorted([*alone[:, 0], *gone[:, 0]]) == list(sound[:, 0])


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [44_100, 24_000])
def test_mp3_is_the_same_music_encoded(n_channels: int, rate_hz: int, distortions: Any) -> None:
    sound = chirp(3.0, 48_000, n_channels)
    decoded, rate = distortions.mp3((sound, 48_000), rate_hz)
    assert (rate, decoded.shape[1]) == (rate_hz, n_channels)
    original, _ = distortions.resampled((sound, 48_000), rate_hz)
    _, likeness = alignment(original[:, 0], decoded[:, 0])
    assert 0.98 < likeness < 1  # some of it is lost


def test_figures_are_those_of_the_songs_found(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, figures = tmp_path / "songs", tmp_path / "figures.json"
    folder.mkdir()
    soundfile.write(folder / "whole.flac", chirp(61.0, 8_000), 8_000)
    soundfile.write(folder / "effect.wav", chirp(2.0, 8_000), 8_000)
    (folder / "broken.mp3").write_bytes(b"nothing")
    table = run(
        "robustness.py", "--n-clips", "2", "--folder", folder, "--json", figures,
        "--data-root", miniature.data_root(tmp_path_factory),
        "--bundle", tiny_bundle.make(tmp_path / "bundle"),
    )  # fmt: skip
    found = json.loads(figures.read_text(encoding="utf-8"))
    sizes = {name: of["n_songs"] for name, of in found["sets"].items()}
    assert sizes == {"pieces": 4, "clips": 2, "songs": 1, "all": 7}
    for of in found["sets"].values():
        assert list(of["changes"]) == list(found["changes"])
        for change in of["changes"].values():
            for measure in ("valence", "arousal", "tags"):
                assert 0 <= change[measure]["median"] <= change[measure]["p95"]
                assert change[measure]["p95"] <= change[measure]["max"]
            assert 0 <= change["quadrant_changed"] <= 1
    assert max(map(len, table.splitlines())) <= 80
    assert "songs, 1 of them" in table
