"""Two bundles that score in no time, and a way to fill a library without any process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import tiny_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle that scores in no time."""
    return tiny_bundle.make(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def other_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle that differs in nothing but its version."""
    folder = tiny_bundle.make(tmp_path_factory.mktemp("bundles") / "tiny")

    def rename(manifest: dict[str, Any]) -> None:
        manifest["version"] = "2.0"

    tiny_bundle.change(folder, rename)
    return folder
