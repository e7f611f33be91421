"""The wheel holds what affetto needs at run time, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.rules.source import PACKAGE, ROOT

MAX_BUNDLE_BYTES = 8_000_000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sizes_bytes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Build the wheel and give the size of each file in it, by its path there."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {item.filename: item.file_size for item in archive.infolist()}


def test_wheel_holds_the_default_bundle_whole_and_small(sizes_bytes: dict[str, int]) -> None:
    bundle = {
        Path(name).name: size
        for name, size in sizes_bytes.items()
        if name.startswith("affetto/bundles/default/")
    }
    assert sorted(bundle) == [
        "CARD.md",
        "bundle.json",
        "expected.json",
        "model.onnx",
        "weights.safetensors",
    ]
    assert all(bundle.values())
    assert sum(bundle.values()) <= MAX_BUNDLE_BYTES


def test_wheel_holds_all_source_vocabularies_and_recipes(sizes_bytes: dict[str, int]) -> None:
    """Files that an ignore rule names would be dropped without a word."""
    wanted = {
        path.relative_to(PACKAGE.parent).as_posix()
        for pattern in ("*.py", "*.json", "*.toml", "*.html", "*.css", "*.js", "*.svg", "py.typed")
        for path in PACKAGE.rglob(pattern)
    }
    assert {"affetto/py.typed", "affetto/training/recipes/default.toml"} <= wanted
    assert sorted(wanted - sizes_bytes.keys()) == []


def test_wheel_holds_no_tests_no_data_and_no_music(sizes_bytes: dict[str, int]) -> None:
    tops = {name.split("/")[0] for name in sizes_bytes}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"affetto", "beetsplug"}
    suffixes = {Path(name).suffix for name in sizes_bytes if name.startswith("affetto/")}
    text = {".py", ".typed", ".json", ".toml", ".md", ".html", ".css", ".js", ".svg"}
    assert suffixes <= text | {".onnx", ".safetensors"}


def test_wheel_adds_one_module_to_the_namespace_of_beets(sizes_bytes: dict[str, int]) -> None:
    """An `__init__.py` there would hide the plugins of beets itself."""
    assert [name for name in sizes_bytes if name.startswith("beetsplug/")] == [
        "beetsplug/affetto.py"
    ]


def test_wheel_holds_the_license_and_the_command(sizes_bytes: dict[str, int]) -> None:
    names = {"/".join(name.split("/")[1:]) for name in sizes_bytes if ".dist-info/" in name}
    assert {"licenses/LICENSE", "entry_points.txt", "METADATA"} <= names
