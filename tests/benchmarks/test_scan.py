"""The benchmark of scanning runs, and its table holds the same figures as its JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import tiny_bundle
from tests.benchmarks.test_predict import run


def test_benchmark_of_scan_writes_a_table_and_the_same_figures_as_json(tmp_path: Path) -> None:
    bundle = tiny_bundle.make(tmp_path / "bundle")
    figures = tmp_path / "figures.json"
    sizes = ("--songs", "2", "--duration-s", "2", "--files", "30", "--rows", "50", "--rounds", "1")
    table = run("scan.py", *sizes, "--bundle", bundle, "--json", figures)
    found: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    assert found["schema_version"] == 1
    assert found["songs"]["songs"] == 2
    assert {"songs_per_minute", "cpu_s", "ratio"} == set(found["songs"]["jobs_2"])
    assert found["known"]["files"] == 30
    assert found["known"]["ratio"] > 0
    assert set(found["memory_mb"]) == {"50", "100"}
    assert all(peak_mb > 10 for peak_mb in found["memory_mb"].values())
    assert f"ratio {found['known']['ratio']:.1f}" in table
