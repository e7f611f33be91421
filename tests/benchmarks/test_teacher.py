"""What a teacher said of a clip becomes the lessons that training reads."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests import miniature
from tests.benchmarks.test_predict import BENCHMARKS


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("teacher")


def test_lessons_are_all_that_was_said_a_column_a_window(
    benchmark: ModuleType, tmp_path: Path
) -> None:
    said = {
        name: np.full((3, size), size, np.float32)
        for name, size in (("mean_pool", 4), ("max_pool", 5), ("penultimate", 2))
    }
    tags = np.asarray([[0.5, 0.0], [0.5, 1.0], [0.5, 0.75]], np.float32)
    np.savez(tmp_path / "said.npz", tags=tags, **said)
    found = benchmark.lessons("musicnn", tmp_path / "said.npz")
    assert found.shape == (4 + 5 + 2 + 2, 3)
    np.testing.assert_array_equal(found[:4], 4)
    np.testing.assert_array_equal(found[4:9], 5)
    np.testing.assert_array_equal(found[9:11], 2)
    np.testing.assert_allclose(found[11], 0, atol=1e-6)
    np.testing.assert_allclose(found[12], [-9.21, 9.21, np.log(3)], atol=1e-2)  # never infinite


def test_a_recipe_without_a_teacher_is_told_so(benchmark: ModuleType, tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(miniature.RECIPE, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"tiny\.toml has no teacher"):
        benchmark.main(["--recipe", str(recipe)])


def test_a_python_without_musicnn_is_told_in_one_sentence(
    benchmark: ModuleType, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = miniature.data_root(tmp_path_factory)
    recipe = tmp_path / "tiny.toml"
    taught = '[teacher]\nnames = ["musicnn"]\nn_dims = [3]\ndata = ["4q"]\n'
    recipe.write_text(miniature.RECIPE + taught, encoding="utf-8")
    options = ["--recipe", recipe, "--data-root", root, "--cache", tmp_path / "cache"]
    with pytest.raises(SystemExit, match=r"musicnn cannot be run: .*No module named"):
        benchmark.main([*map(str, options), "--musicnn-python", sys.executable])
