"""The benchmark of the server runs, and its figures have the form that its table shows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.test_predict import run


def test_benchmark_of_the_server_writes_a_table_and_the_same_figures_as_json(
    tmp_path: Path,
) -> None:
    figures = tmp_path / "figures.json"
    options = ("--quick", "--n-songs", "50", "--n-clients", "20", "--n-uploads", "10")
    table = run("serve.py", *options, "--json", figures)
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["crowd"]["served"] == 20
    assert found["crowd"]["n_429"] > 0
    assert found["crowd"]["n_429_without_retry_after"] == 0
    assert found["slow"]["health"]["ok"]
    assert found["slow"]["predict_status"] == 200
    assert found["search"]["ok"]
    assert found["memory"]["n_uploads"] == 10
    assert "clients at once" in table
