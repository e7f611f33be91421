"""One song of a library, by how people name it: a path, or its number."""

from __future__ import annotations

import os

from affetto.core import Failure
from affetto.library.database import Library, StoredBundle, Track


def pick(
    library: Library, song: str | os.PathLike[str], *, bundle: StoredBundle | None = None
) -> Track | None:
    """Give a song by its path, or by its number if no file is called so; None if it is not there.

    Unlike a search this finds files that are missing.
    """
    name = os.fspath(song)
    track = library.track(name, bundle=bundle)
    if track is None and name.isdecimal() and len(name) < 19 and not os.path.lexists(name):
        return next(library.tracks([int(name)], bundle=bundle), None)
    return track


def failure_of(library: Library, path: str | os.PathLike[str]) -> Failure | None:
    """Say why a scan could not score a file; None if it did not try, or did not fail."""
    target = os.path.realpath(path)
    return next((each for each in library.failures() if each.path == target), None)
