"""The benchmark of live sound runs, and its figures have the form that its table shows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.test_predict import run


def test_benchmark_of_live_sound_writes_a_table_and_the_same_figures_as_json(
    tmp_path: Path,
) -> None:
    figures = tmp_path / "figures.json"
    table = run("live.py", "--seconds", "5", "--hop-s", "0.5", "--json", figures)
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["settings"]["seconds"] == 5
    for name in ("push", "pipe"):
        assert 0 < found[name]["p50_ms"] <= found[name]["p95_ms"] <= found[name]["max_ms"]
        assert found[name]["n_windows"] >= 3
    assert "last sample to line" in table
