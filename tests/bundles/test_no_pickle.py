"""Nothing that affetto reads is a pickle: reading one runs whatever its author wrote."""

from __future__ import annotations

import ast
import pickle
import pickletools
from pathlib import Path

import pytest

import affetto
from affetto.bundles import BUNDLES, find
from tests import tiny_bundle

SOURCES = sorted(Path(affetto.__file__).parent.rglob("*.py"))
UNSAFE_MODULES = {"cloudpickle", "dill", "joblib", "jsonpickle", "marshal", "pickle", "shelve"}


def uses_of_pickle(source: str) -> list[str]:
    """Give what a module's text does with pickles, by line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.partition(".")[0] in UNSAFE_MODULES for name in names):
            found.append(f"{node.lineno}: import of {', '.join(names)}")  # type: ignore[attr-defined]
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"torch.load", "torch.save"}:
            found.append(f"{node.lineno}: {ast.unparse(node)}")
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            is_off = isinstance(node.value, ast.Constant) and node.value.value is False
            found += [] if is_off else [f"{node.lineno}: allow_pickle"]
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os, pickle as p",
        "from pickle import loads",
        "def f():\n    import joblib.numpy_pickle",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=wanted)",
    ],
)
def test_use_of_pickle_would_be_seen(source: str) -> None:
    assert uses_of_pickle(source)


def test_no_module_of_the_package_reads_or_writes_a_pickle() -> None:
    assert len(SOURCES) > 50
    found = {path.name: uses_of_pickle(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {name: uses for name, uses in found.items() if uses} == {}


def is_pickle(content: bytes) -> bool:
    """Say whether bytes begin with a whole pickle, up to its STOP."""
    try:
        for _ in pickletools.genops(content):
            pass
    except Exception:  # pickletools raises whatever it stumbles over
        return False
    return True


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_would_be_recognized(protocol: int) -> None:
    assert is_pickle(pickle.dumps({"weights": [1.0, 2.0]}, protocol) + b"more")


def test_no_file_of_a_bundle_is_a_pickle(tmp_path: Path) -> None:
    for folder in (tiny_bundle.make(tmp_path / "tiny"), *map(find, BUNDLES.names())):
        for path in folder.iterdir():
            content = path.read_bytes()
            assert not is_pickle(content), path
            assert not content.startswith(b"PK"), path  # the archive of pickles of torch.save
