"""Have the recipe's teachers hear the clips that they teach on, for the training to learn from.

    python benchmarks/teacher.py [--recipe default] [--musicnn-python P] [--yamnet-python P]

What they say is kept in the cache folder, where `affetto train` and `affetto evaluate` look for
it; a second call, or one after a stop, hears only what is missing. Each teacher runs in a virtual
environment of its own, given or made, the one of `peers.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import peers
import reporting
from affetto.core import FloatArray
from affetto.datasets import load as load_dataset
from affetto.errors import AffettoError
from affetto.files import cache_home
from affetto.training import config, teacher

_OF_MUSICNN = ("mean_pool", "max_pool", "penultimate", "tags")
NAMES: Mapping[str, tuple[str, ...]] = {
    "musicnn": _OF_MUSICNN,
    "musicnn_moments": ("moments",),
    "musicnn_mtt": _OF_MUSICNN,
    "yamnet": ("log_odds",),
}
"""What is taught of a teacher's outputs, in this order."""
_NEAREST = 1e-4
"""How near to 0 and 1 a tag's score is taken to be at most."""


def lessons(name: str, file: Path) -> FloatArray:
    """Give what a teacher said of a recording as training reads it, (n_values, n_positions)."""
    with np.load(file) as arrays:
        parts = {part: arrays[part].astype(np.float64) for part in NAMES[name]}
    if "tags" in parts:
        tags = np.clip(parts["tags"], _NEAREST, 1 - _NEAREST)
        parts["tags"] = np.log(tags / (1 - tags))
    return np.asarray(np.hstack(list(parts.values())).T, np.float32)


def listen(name: str, paths: Mapping[str, Path], python: Path | None, cache: Path) -> None:
    """Have a teacher hear recordings. Raises: SystemExit."""
    taught = teacher.of_name(name)
    try:
        files = peers.heard(peers.peer(name, python, cache), paths, cache)
    except peers.Skipped as reason:
        raise SystemExit(f"{name} {reason}") from reason
    for id, file in files.items():
        teacher.keep(taught, paths[id], lambda file=file: lessons(name, file))  # type: ignore[misc]
    reporting.say(f"the lessons of {name} on {len(files)} clips are kept")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recipe", default="default", help="a name or a TOML file")
    for name in NAMES:
        parser.add_argument(f"--{name}-python", type=Path, help=f"of {name}'s environment")
    parser.add_argument("--data-root", type=Path, help="where the data sets are (AFFETTO_DATA)")
    parser.add_argument("--cache", type=Path, help="for environments and outputs, as of peers.py")
    options = parser.parse_args(arguments)
    cache = options.cache or cache_home() / "peers"
    try:
        wanted = config.load(options.recipe).teacher
        if not wanted.names:
            raise SystemExit(f"recipe {options.recipe} has no teacher")
        examples = [e for d in wanted.data for e in load_dataset(d, options.data_root).examples]
        paths = {example.id: example.path for example in examples}
        for name in wanted.names:
            listen(name, paths, getattr(options, f"{name}_python"), cache)
    except AffettoError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
