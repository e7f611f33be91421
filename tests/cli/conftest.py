"""A small bundle and short songs: the command is tested, not what the default bundle says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests import tiny_bundle
from tests.helpers import chirp


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle that scores in no time."""
    return tiny_bundle.make(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of three songs, each softer than the one before."""
    folder = tmp_path_factory.mktemp("album")
    for number, level in enumerate((1.0, 0.3, 0.05), 1):
        samples = np.float32(level) * chirp(3.0, 8_000)
        soundfile.write(folder / f"{number}.wav", samples, 8_000)
    return folder
