"""What is put on record of a training: on what it ran, and which music it has seen."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_PACKAGES = ("affetto", "numpy", "onnxruntime", "torch")


def versions() -> dict[str, str]:
    """Give the versions that a figure may depend on, of what is installed."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a bundle is evaluated without torch
            continue
    return found


def seen(training: Mapping[str, Any]) -> dict[str, str | None]:
    """Give the data sets that a bundle's record of its training names, those of the bundle that
    it started from too, each with the hash of its labels if the record has it."""
    own = training.get("datasets", {})
    before = training.get("init", {}).get("datasets", {})
    named = {**before, **(own if isinstance(own, Mapping) else {name: {} for name in own})}
    return {name: facts.get("labels_sha256") for name, facts in named.items()}
