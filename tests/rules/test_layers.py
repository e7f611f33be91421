"""The layers of docs/architecture.md hold: a module imports only from lower rows or its folder."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache

import pytest

from tests.rules.source import ROOT, Module, home_of, imports, modules, own_module

TOP = 99  # the package's public names, and `python -m affetto`

THIRD_PARTY = {
    "files": {"platformdirs"},
    "workers": {"pebble"},
    "audio": {"av", "soundfile", "soxr"},
    "datasets": {"PIL", "matplotlib", "mutagen"},  # CAL500's pictures and colors; artists
    "models": {"torch", "safetensors", "onnx", "onnxruntime", "onnxscript"},
    "baselines": {"sklearn", "threadpoolctl"},  # the latter comes with the former
    "bundles": {"onnxruntime"},
    "writers": {"rich", "pyarrow"},
    "plots": {"matplotlib"},
    "training": {"torch", "safetensors", "scipy"},
    "evaluation": {"pyarrow", "matplotlib"},
    "cluster": {"ray"},
    "library": {"matplotlib", "mutagen", "watchfiles"},
    "service": {"h11", "starlette", "uvicorn", "websockets", "python_multipart"},
    "experiments": {"scipy", "pyarrow", "matplotlib"},
    "cli": {"click", "pythonosc", "rich", "sounddevice"},
}
"""What a module may import beside NumPy, which all rows but the lowest may."""


@cache
def rows() -> dict[str, int]:
    """Read the table of layers: the first cell is a number, the second names modules."""
    found: dict[str, int] = {}
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for row, cell in re.findall(r"^\| (\d+) \| ([^|]*) \|", text, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", cell):
            assert name not in found, f"{name} stands in two rows"
            found[name] = int(row)
    return found | {"": TOP, "__main__": TOP}


def module_names() -> list[str]:
    return sorted(modules())


def test_every_module_has_a_row_in_the_table() -> None:
    homes = {module.home for module in modules().values()}
    assert sorted(homes - rows().keys()) == []


@pytest.mark.parametrize("name", module_names())
def test_module_imports_only_from_lower_rows_or_its_own_folder(name: str) -> None:
    module = modules()[name]
    wrong = []
    for found in imports(module):
        target = own_module(found.name)
        if target is None or found.name == "affetto.__version__":
            continue
        home = home_of(target)
        if home != module.home and rows()[home] >= rows()[module.home]:
            wrong.append(f"line {found.line} imports {found.name}, of row {rows()[home]}")
    assert wrong == []


@pytest.mark.parametrize("name", module_names())
def test_module_imports_only_the_libraries_of_its_row(name: str) -> None:
    module = modules()[name]
    allowed = THIRD_PARTY.get(module.home, set())
    if rows().get(module.home, 0) > 0 and module.home:
        allowed = allowed | {"numpy"}
    wrong = [
        f"line {found.line} imports {found.name}"
        for found in imports(module)
        if (top := found.name.split(".")[0]) not in allowed
        and top != "affetto"
        and top not in sys.stdlib_module_names
    ]
    assert wrong == []


# ---------------------------------------------------------------- the rule can fail


def read(text: str, name: str = "affetto.audio.made_up") -> list[str]:
    module = Module(name, ROOT / "made_up.py", ast.parse(text))
    return [found.name for found in imports(module)]


def test_imports_inside_functions_are_seen() -> None:
    assert read("def f():\n    import torch.nn\n") == ["torch.nn"]


def test_relative_imports_are_seen() -> None:
    assert read("from ..plots import save\nfrom . import paths\n") == [
        "affetto.plots.save",
        "affetto.audio.paths",
    ]


def test_targets_of_registries_and_of_import_module_are_seen() -> None:
    text = 'TABLE = {"a": ("affetto.plots:save", "x")}\nimport_module("affetto.mood")\n'
    assert read(text) == ["affetto.mood", "affetto.plots.save"]


def test_public_names_count_as_imports_of_their_homes() -> None:
    assert own_module("affetto.predict") == "affetto.prediction"
    assert own_module("affetto.core.Prediction") == "affetto.core"
    assert own_module("numpy.linalg") is None
