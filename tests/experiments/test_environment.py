from __future__ import annotations

import re

from affetto import __version__
from affetto.experiments.environment import environment


def test_environment_names_the_versions_that_figures_hang_on() -> None:
    found = environment()
    assert found["affetto"] == __version__
    assert {"python", "numpy", "torch", "scikit-learn", "system", "processors"} <= set(found)


def test_commit_is_that_of_the_source_or_none() -> None:
    assert re.fullmatch(r"none|[0-9a-f]{40}( with changes)?", environment()["commit"])
