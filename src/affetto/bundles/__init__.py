"""Bundles: what a training produces and what prediction runs, one folder each.

    names   all bundles that a name stands for
    find    a name or a path -> the folder
    load    a name or a path -> a `Bundle`, checked

A name is looked for among the bundles that ship with affetto (and with other packages, by the
entry points `affetto.bundles`), then as a folder under `bundles` in the user's data folder,
then as a folder right here.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from affetto.audio import display
from affetto.bundles.bundle import Bundle, RuntimeName, read
from affetto.errors import BundleMissing
from affetto.files import data_home
from affetto.registry import Registry, unknown_name

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

__all__ = ["BUNDLES", "Bundle", "default_folder", "find", "load", "names", "user_folder"]


def default_folder() -> Path:
    """Give the folder of the bundle that ships with affetto."""
    return Path(__file__).with_name("default")


def user_folder() -> Path:
    """Give the folder that holds the user's own bundles."""
    return data_home() / "bundles"


def names() -> tuple[str, ...]:
    """Give the names of all bundles: those that ship, those of other packages, the user's own."""
    own = sorted(path.parent.name for path in user_folder().glob("*/bundle.json"))
    return (*BUNDLES.names(), *(name for name in own if name not in BUNDLES))


def find(bundle: str | os.PathLike[str]) -> Path:
    """Give the folder of a bundle, by name or path.

    Raises: BundleMissing with the nearest name and all that are known.
    """
    path = Path(bundle)
    is_name = isinstance(bundle, str) and bundle == path.name and bundle != ".."
    if is_name and bundle in BUNDLES:
        folder: Path = BUNDLES.load(str(bundle))()
        return folder
    # A name means a bundle of the user's before a folder that happens to lie here.
    candidates = [user_folder() / path, path] if is_name else [path]
    for candidate in candidates if str(bundle) else ():
        if _is_folder(candidate):
            return candidate
    if is_name:
        error = unknown_name("bundle", str(bundle), names())
        raise BundleMissing(error.message, error.hint)
    raise BundleMissing(
        f"there is no bundle folder {display(path)}", "check the path, or give a bundle's name"
    )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long, or a folder that may not be entered
        return False


def load(bundle: str | os.PathLike[str] = "default", *, runtime: RuntimeName = "onnx") -> Bundle:
    """Load and check a bundle by name or path; loading the same one again costs nothing.

    `runtime` is `onnx`, or `torch` to run the weights as they were trained (extra `train`).
    Raises: BundleMissing, BundleInvalid, MissingExtra, UnknownName for another runtime.
    """
    folder = find(bundle).resolve()
    try:
        changed_ns = (folder / "bundle.json").stat().st_mtime_ns
    except OSError:  # `read` says what is wrong
        changed_ns = 0
    return _load(folder, changed_ns, runtime)


@lru_cache(maxsize=4)
def _load(folder: Path, changed_ns: int, runtime: RuntimeName) -> Bundle:
    return read(folder, runtime=runtime)
