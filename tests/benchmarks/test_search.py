"""The benchmark of searches runs, and its figures have the form that its table shows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.test_predict import run


def test_benchmark_of_search_writes_a_table_and_the_same_figures_as_json(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    table = run("search.py", "--n-songs", "120", "--rounds", "1", "--json", figures)
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["schema_version"] == 1
    assert found["settings"] == {"n_songs": 120, "rounds": 1}
    searches = found["searches"]
    assert searches["everything"]["n_found"] == 120
    assert searches["like"]["n_found"] == 119
    assert searches["two_tags_all"]["n_given"] == searches["two_tags"]["n_found"] > 0
    assert all(each["ms"] > 0 for each in searches.values())
    assert all(each["ratio"] > 0 for each in searches.values() if "ratio" in each)
    assert "120 songs" in table
    assert "calm > 0.6 and not sad" in table
