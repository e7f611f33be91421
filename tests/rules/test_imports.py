"""Importing costs and does nothing: what fresh processes load, and what they must not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.rules.source import ROOT

EXAMPLE = ROOT / "examples" / "q4-still-water.opus"

RUN_COMMAND = """
import runpy
sys.argv = ["affetto", *sys.argv[1:]]
try:
    runpy.run_module("affetto", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
"""
HEAVY = {"torch", "pandas", "matplotlib", "sklearn", "scipy", "librosa", "ray", "numba", "onnx"}


def loaded(program: str, *arguments: str | Path) -> set[str]:
    """Run a program in a fresh process; give the packages that it has loaded, by top-level name.

    What Python itself and the environment load before the first line does not count.
    """
    text = (
        "import sys, json\nbefore = set(sys.modules)\n"
        + program
        + "\nsys.stdout.flush()"
        + "\nprint('\\n' + json.dumps(sorted(set(sys.modules) - before)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    names = json.loads(run.stdout.splitlines()[-1])
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)


def test_import_of_affetto_loads_no_other_package() -> None:
    assert loaded("import affetto") == {"affetto"}


def test_listing_the_public_names_loads_no_other_package() -> None:
    assert loaded("import affetto\ndir(affetto)\naffetto.__version__") == {"affetto"}


def test_help_of_the_command_loads_no_numbers_no_decoder_and_no_terminal() -> None:
    names = loaded(RUN_COMMAND, "--help")
    assert "click" in names
    assert names & ({"numpy", "onnxruntime", "av", "soundfile", "soxr", "rich"} | HEAVY) == set()


def test_predict_of_the_command_loads_nothing_heavy() -> None:
    names = loaded(RUN_COMMAND, "predict", EXAMPLE, "--format", "json")
    assert {"onnxruntime", "numpy"} <= names
    assert names & (HEAVY | {"starlette", "mutagen"}) == set()


def test_predict_of_the_library_loads_nothing_heavy() -> None:
    names = loaded("import affetto\naffetto.predict(sys.argv[1])", EXAMPLE)
    assert {"onnxruntime", "numpy"} <= names
    assert names & (HEAVY | {"starlette", "mutagen", "rich", "click"}) == set()
