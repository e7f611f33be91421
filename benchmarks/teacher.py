"""Have the recipe's teacher hear the clips that it is to teach on, for the training to learn from.

    python benchmarks/teacher.py [--recipe default] [--musicnn-python PYTHON]

What it says is kept in the cache folder, where `affetto train` and `affetto evaluate` look for it;
a second call, or one after a stop, hears only what is missing. The teacher runs in a virtual
environment of its own, given or made, the one of `peers.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import peers
import reporting
from affetto.core import FloatArray
from affetto.datasets import load as load_dataset
from affetto.errors import AffettoError
from affetto.files import cache_home
from affetto.training import config, teacher

NAMES = ("mean_pool", "max_pool", "penultimate", "tags")
_NEAREST = 1e-4
"""How near to 0 and 1 a tag's score is taken to be at most."""


def lessons(file: Path) -> FloatArray:
    """Give what the teacher said of a recording as training reads it, (n_values, n_positions)."""
    with np.load(file) as arrays:
        parts = {name: arrays[name].astype(np.float64) for name in NAMES}
    tags = np.clip(parts["tags"], _NEAREST, 1 - _NEAREST)
    parts["tags"] = np.log(tags / (1 - tags))
    return np.asarray(np.hstack([parts[name] for name in NAMES]).T, np.float32)


def listen(recipe: str, python: Path | None, root: Path | None, cache: Path) -> int:
    """Have the recipe's teacher hear its clips. Gives how many there are. Raises: SystemExit."""
    wanted = config.load(recipe).teacher
    if not wanted.name:
        raise SystemExit(f"recipe {recipe} has no teacher")
    taught = teacher.of_name(wanted.name)
    examples = [e for name in wanted.data for e in load_dataset(name, root).examples]
    paths = {example.id: example.path for example in examples}
    try:
        python = peers.environment(wanted.name, python, cache)
        version = peers.ask(python, wanted.name, "about")["versions"][wanted.name]
        files = peers.heard(python, wanted.name, version, paths, cache)
    except peers.Skipped as reason:
        raise SystemExit(f"{wanted.name} {reason}") from reason
    for id, file in files.items():
        teacher.keep(taught, paths[id], lambda file=file: lessons(file))  # type: ignore[misc]
    return len(files)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recipe", default="default", help="a name or a TOML file")
    parser.add_argument("--musicnn-python", type=Path, help="of musicnn's environment")
    parser.add_argument("--data-root", type=Path, help="where the data sets are (AFFETTO_DATA)")
    parser.add_argument("--cache", type=Path, help="for environments and outputs, as of peers.py")
    options = parser.parse_args(arguments)
    cache = options.cache or cache_home() / "peers"
    try:
        n_clips = listen(options.recipe, options.musicnn_python, options.data_root, cache)
    except AffettoError as error:
        raise SystemExit(f"{error.message}; {error.hint}") from error
    reporting.say(f"the lessons of {n_clips} clips are kept")


if __name__ == "__main__":
    main()
