"""The data root in miniature, whole and to be damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import miniature


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the data root in miniature; who changes it takes `copied`."""
    return miniature.data_root(tmp_path_factory)


@pytest.fixture
def copied(root: Path, tmp_path: Path) -> Path:
    """Give a copy of the data root that a test may damage."""
    copy = tmp_path / "data"
    shutil.copytree(root, copy)
    return copy
