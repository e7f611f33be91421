"""Bundles: what a training produces and what prediction runs, one folder each.

    find    a name or a path -> the folder
    load    a name or a path -> a `Bundle`, checked

A name is looked for among the bundles that ship with affetto (and with other packages, by the
entry points `affetto.bundles`), then as a folder under `bundles` in the user's data folder.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from affetto.bundles.bundle import Bundle, read
from affetto.errors import BundleMissing, UnknownName
from affetto.files import data_home
from affetto.registry import Registry

BUNDLES = Registry(
    "bundle",
    "bundles",
    {
        "default": (
            "affetto.bundles:default_folder",
            "18 emotions, valence and arousal, GEMS-9; 3-s windows",
        ),
    },
)

__all__ = ["BUNDLES", "Bundle", "default_folder", "find", "load", "user_folder"]

Runtime = Literal["onnx", "torch"]


def default_folder() -> Path:
    """Give the folder of the bundle that ships with affetto."""
    return Path(__file__).with_name("default")


def user_folder() -> Path:
    """Give the folder that holds the user's own bundles."""
    return data_home() / "bundles"


def find(bundle: str | os.PathLike[str]) -> Path:
    """Give the folder of a bundle, by name or path. Raises: BundleMissing with what is known."""
    path = Path(bundle)
    is_name = isinstance(bundle, str) and bundle == path.name
    if is_name and bundle in BUNDLES:
        folder: Path = BUNDLES.load(str(bundle))()
        return folder
    for folder in (path, user_folder() / path.name) if is_name else (path,):
        if folder.is_dir():
            return folder
    if not is_name:
        raise BundleMissing(
            f"there is no bundle folder {path}", "check the path, or give a bundle's name"
        )
    try:
        BUNDLES.target(str(bundle))
    except UnknownName as error:
        raise BundleMissing(error.message, error.hint) from error
    raise AssertionError("a known bundle was not found")


def load(bundle: str | os.PathLike[str] = "default", *, runtime: Runtime = "onnx") -> Bundle:
    """Load and check a bundle by name or path; loading the same one again costs nothing.

    `runtime` is `onnx`, or `torch` to run the weights as they were trained (extra `train`).
    Raises: BundleMissing, BundleInvalid, MissingExtra, UnknownName for another runtime.
    """
    folder = find(bundle).resolve()
    manifest = folder / "bundle.json"
    changed_ns = manifest.stat().st_mtime_ns if manifest.is_file() else 0
    return _load(folder, changed_ns, runtime)


@lru_cache(maxsize=4)
def _load(folder: Path, changed_ns: int, runtime: Runtime) -> Bundle:
    return read(folder, runtime=runtime)
