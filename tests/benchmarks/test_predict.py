"""The benchmark runs, and its figures have the form that `docs/speed.md` describes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from affetto import audio
from tests import tiny_bundle

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MEASURED = {"cpu_s", "cpu_s_median", "times_real_time", "ratio", "ratio_median"}


def run(program: str, *arguments: str | Path) -> str:
    return subprocess.run(
        [sys.executable, BENCHMARKS / program, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ).stdout


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the system does not count CPU time by child")
def test_benchmark_of_predict_writes_a_table_and_the_same_figures_as_json(tmp_path: Path) -> None:
    bundle = tiny_bundle.make(tmp_path / "bundle")
    figures = tmp_path / "figures.json"
    lengths = ("--duration-s", "4", "--long-s", "8")
    table = run("predict.py", *lengths, "--rounds", "1", "--bundle", bundle, "--json", figures)
    found: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    assert found["schema_version"] == 1
    assert found["settings"] == {
        "bundle": str(bundle),
        "duration_s": 4,
        "long_s": 8,
        "rounds": 1,
        "one_core": hasattr(os, "sched_setaffinity"),
    }
    assert set(found["machine"]["libraries"]) >= {"affetto", "av", "numpy", "onnxruntime"}
    stages = {"decode", "decode_with_soundfile", "spectrogram", "predict"}
    assert {name: set(of) for name, of in found["warm"].items()} == dict.fromkeys(
        ("mp3", "flac", "ogg"), stages
    )
    assert set(found["command"]) == {"decode", "predict"}
    assert set(found["start"]) == {"predict_piece", "help"}
    assert all(set(of) == {"cpu_s", "cpu_s_median"} for of in found["start"].values())
    for measured in (*found["warm"].values(), found["command"]):
        assert all(set(of) == MEASURED for of in measured.values())
        assert measured["decode"]["ratio"] == measured["decode"]["ratio_median"] == 1
        assert all(of["cpu_s"] > 0 for of in measured.values())
    assert set(found["memory"]) == {"song_peak_mb", "long_peak_mb", "long_cpu_s"}
    assert found["memory"]["song_peak_mb"] > 10
    assert len(found["imports"]["predict"]["packages_ms"]) == 10
    assert {"numpy", "onnxruntime"} <= set(found["imports"]["predict"]["packages_ms"])
    for stage in found["warm"]["mp3"].values():
        assert f"{stage['cpu_s']:.3f}" in table


def test_sounds_of_the_benchmark_are_whole_files_of_the_stated_length(tmp_path: Path) -> None:
    run("sounds.py", tmp_path, "--duration-s", "4", "--long-s", "10")
    for name, duration_s in {"song.mp3": 4, "song.flac": 4, "song.ogg": 4, "long.mp3": 10}.items():
        _, info = audio.read(tmp_path / name, 22_050)
        assert info.duration_s == pytest.approx(duration_s, abs=0.1), name
        assert (info.sample_rate, info.n_channels, info.notices) == (44_100, 2, ()), name
