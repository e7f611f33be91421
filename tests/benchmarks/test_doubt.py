"""The benchmark of doubts runs on a folder, and its figures say what they are of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile

from tests import tiny_bundle
from tests.benchmarks.test_predict import run

RATE_HZ = 8_000


def test_doubt_tells_how_much_of_a_folder_is_called_music(tmp_path: Path) -> None:
    heads = (*tiny_bundle.HEADS, tiny_bundle.PLANE, tiny_bundle.MUSIC)
    bundle = tiny_bundle.make(tmp_path / "bundle", heads)
    rng = np.random.default_rng(0)
    for name, level, duration_s in (("soft", 0.003, 64), ("loud", 0.9, 4)):
        (tmp_path / name).mkdir()
        for number in range(3):
            samples = level * rng.uniform(-1, 1, RATE_HZ * duration_s)
            soundfile.write(tmp_path / name / f"{number}.wav", samples, RATE_HZ)
    figures = tmp_path / "figures.json"
    folders = tmp_path / "soft", tmp_path / "loud"
    table = run("doubt.py", *folders, "--bundle", bundle, "--json", figures)
    assert "called music" in table
    found = json.loads(figures.read_text(encoding="utf-8"))
    soft, loud = found["music"].values()
    assert (soft["n"], soft["called_music"]) == (3, 1)
    assert (loud["n"], loud["called_music"]) == (1, 0)  # three short files are one stretch
    assert found["n_songs"] == 3
    for distances in found["spread"].values():
        assert 0.2 < distances["tags"] < 3  # noise has neither verse nor chorus
