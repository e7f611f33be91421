"""The public names resolve, in any order of imports, and the guide's examples run."""

from __future__ import annotations

import re
import subprocess
import sys
import typing
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import affetto
from affetto.audio import read

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "python.md"


def run(code: str, folder: Path | None = None) -> str:
    """Run a program of its own; give what it prints."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=folder
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("name", affetto.__all__)
def test_public_name_resolves_to_what_is_called_so(name: str) -> None:
    value = getattr(affetto, name)
    assert value.__name__ in (name, "load")  # load_bundle is affetto.bundles.load
    assert value.__doc__
    assert name in dir(affetto)


def test_public_names_are_sorted_and_complete() -> None:
    assert affetto.__all__ == sorted(affetto.__all__)
    assert set(affetto.__all__) == set(affetto._HOMES)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'affetto' has no attribute 'predict_one'"):
        affetto.predict_one  # noqa: B018
    assert not hasattr(affetto, "__path_to_nothing__")


def test_version_is_that_of_the_package() -> None:
    assert affetto.__version__ == version("affetto")


@pytest.mark.parametrize(
    "imports",
    [
        "import affetto.prediction",
        "import affetto.plots, affetto.bundles.bundle, affetto.core, affetto.errors",
        "from affetto.prediction import *",
        "from affetto import *",
    ],
)
def test_modules_do_not_hide_the_functions(imports: str) -> None:
    code = (
        f"{imports}\nimport affetto\n"
        "assert callable(affetto.predict) and callable(affetto.predict_many)\n"
        "assert callable(affetto.plot) and callable(affetto.load_bundle)\n"
        "from affetto import predict\nassert predict is affetto.predict\nprint('fine')"
    )
    assert run(code) == "fine\n"


def test_package_says_that_it_is_typed() -> None:
    assert (Path(affetto.__file__).parent / "py.typed").is_file()
    for function in (affetto.predict, affetto.predict_many, affetto.load_bundle):
        hints = typing.get_type_hints(function)
        assert "return" in hints
        parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
        assert set(parameters) <= set(hints)


# The guide


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that the guide speaks of: song.mp3, and music in `music`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "music").mkdir()
    pieces = sorted((ROOT / "examples").glob("*.opus"))
    for path, piece in zip(("song.mp3", "music/a.mp3", "music/b.mp3"), pieces, strict=False):
        waveform, _ = read(piece, 22_050)
        soundfile.write(path, waveform.samples[: 6 * 22_050], 22_050)
    return tmp_path


def test_examples_of_the_guide_run_in_their_order(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"__name__": "guide"}
    shared = [block for block in blocks() if "__main__" not in block]
    assert len(shared) >= 8
    for block in shared:
        exec(compile(block, str(GUIDE), "exec"), names)
    printed = capsys.readouterr().out
    assert printed.startswith("Prediction('song.mp3', 6.0 s, Q")
    assert "not scored: missing.mp3: " in printed
    assert "audio-not-found\n" in printed
    assert (here / "song.png").read_bytes().startswith(b"\x89PNG")
    assert isinstance(names["from_samples"], affetto.Prediction)
    assert np.array_equal(names["from_file"].scores, affetto.predict("song.mp3").scores)


def test_example_with_processes_runs_as_a_script(here: Path) -> None:
    (block,) = (block for block in blocks() if "__main__" in block)
    (here / "script.py").write_text(block, encoding="utf-8")
    ended = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True)
    assert ended.stderr == ""
    assert ended.stdout.count("Prediction('music/") == 2


def test_guide_tells_of_every_public_name_and_field() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for name in affetto.__all__:
        assert re.search(rf"\b{name}\b", text), name
    for field in (*fields(affetto.Prediction), *fields(affetto.Timeline)):
        assert re.search(rf"\b{field.name}\b", text), field.name
