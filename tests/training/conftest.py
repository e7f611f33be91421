"""The tiny training, shared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import tiny_training
from tests.tiny_training import TinyTraining


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyTraining:
    """Give the tiny training; who changes its folders takes a copy."""
    return tiny_training.of(tmp_path_factory.getbasetemp())


@pytest.fixture(autouse=True)
def _quietly(tiny: TinyTraining) -> Iterator[None]:
    with tiny_training.quietly(tiny.cache):
        yield
