"""The benchmark of playlists runs, and its figures have the form that its table shows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.test_predict import run


def test_benchmark_of_playlists_writes_a_table_and_the_same_figures_as_json(
    tmp_path: Path,
) -> None:
    figures = tmp_path / "figures.json"
    options = ("--n-songs", "300", "--rounds", "1", "--minutes", "30", "60", "--json", figures)
    table = run("playlist.py", *options)
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["schema_version"] == 1
    assert found["settings"] == {"n_songs": 300, "rounds": 1}
    assert found["playlists"].keys() == {"30", "60"}
    for each in found["playlists"].values():
        assert each["objective"] < each["greedy_objective"]
        assert min(each["ms"], each["greedy_ms"], each["ratio"]) > 0
    assert found["ordered"]["n_tracks"] == 300
    assert "from tense to peaceful, 60" in table
