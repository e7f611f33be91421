"""Data sets: labelled music, each one file here and one line in the table.

A loader takes the data root and gives a `core.Dataset`. Nothing of the data is part of the
package: it is looked for under `--data-root`, else the environment variable AFFETTO_DATA,
else `data` in the user's data folder. A path, such as `./my-folder`, names a labelled folder of
one's own (`folder.py`). Damage ends a loading with one sentence; with `skip_bad`
the row or the song is left out, and the sentence goes into the data set's `left_out`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from affetto.core import Dataset
from affetto.datasets import folder
from affetto.datasets.base import Loader, Loading, Source
from affetto.errors import DatasetMissing, UnknownName
from affetto.files import data_home
from affetto.registry import Registry

DATASETS = Registry(
    "data set",
    "datasets",
    {
        "cal500": (
            "affetto.datasets.cal500:load_first_seconds",
            "18 emotion tags on pictures of the first 3 s of 499 songs",
        ),
        "cal500exp": (
            "affetto.datasets.cal500exp:load_segments",
            "18 emotion tags on 3,217 segments of 499 songs, as Bark spectrograms",
        ),
        "cal500exp_audio": (
            "affetto.datasets.cal500_audio:load_segments",
            "18 emotion tags on 3,223 segments of 500 songs, as sound",
        ),
        "cal500exp_tags": (
            "affetto.datasets.cal500exp:load_tags",
            "67 tags, of instruments and voices too, on the segments of cal500exp",
        ),
        "cal500_songs": (
            "affetto.datasets.cal500exp:load_songs",
            "18 emotion tags on 501 whole songs, as Bark spectrograms",
        ),
        "cal500_songs_audio": (
            "affetto.datasets.cal500_audio:load_songs",
            "18 emotion tags on 500 whole songs, as sound",
        ),
        "cal500_songs_first3s": (
            "affetto.datasets.cal500:load_songs",
            "18 emotion tags of 499 songs on pictures of their first 3 s",
        ),
        "4q": (
            "affetto.datasets.emotion_audio:load_4q",
            "quadrants of valence and arousal, 20-s clips",
        ),
        "soundtracks": (
            "affetto.datasets.emotion_audio:load_soundtracks",
            "ratings of valence, energy and four emotions, film music",
        ),
        "emotify": (
            "affetto.datasets.emotion_audio:load_emotify",
            "GEMS-9 vote shares of felt emotions, 20-s clips",
        ),
        "not_music": (
            "affetto.datasets.not_music:load",
            "made sounds that are no music: voices, noise, signals, machines",
        ),
    },
)


def root_path(given: Path | None = None) -> Path:
    """Give the path of that folder, whether it is there or not."""
    return given or Path(os.environ.get("AFFETTO_DATA") or data_home() / "data")


def data_root(given: Path | None = None) -> Path:
    """Give the folder that data sets are looked for in. Raises: DatasetMissing."""
    root = root_path(given)
    if not root.is_dir():
        raise DatasetMissing(
            f"there is no data folder {root}",
            "name it with --data-root or the environment variable AFFETTO_DATA",
        )
    return root


def source(name: str) -> Source | None:
    """Say what is known of a data set before it is read; None if another package's says nothing.

    Raises: UnknownName.
    """
    found: Source | None = getattr(_loader(name), "source", None)
    return found


def summary(name: str) -> str:
    """Say in one line what a data set is. Raises: UnknownName."""
    _loader(name)  # which knows best what is wrong with a name
    return "a folder of one's own" if folder.is_path(name) else DATASETS.summary(name)


def inspect(name: str, root: Path | None = None, skip_bad: bool = False) -> tuple[str, ...]:
    """Give a data set's remarks on its files, beside what it leaves out.

    Raises: UnknownName, DatasetMissing, DatasetInvalid.
    """
    look: Callable[[Path, Loading], tuple[str, ...]] | None = getattr(
        _loader(name), "inspect", None
    )
    return () if look is None else look(_root(name, root), Loading(skip_bad))


def load(
    name: str,
    root: Path | None = None,
    skip_bad: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Dataset:
    """Load a data set by name, or a folder of one's own by its path.

    With `skip_bad`, a row or song that is damaged is left out, and `left_out` says so with file
    and line. `tell` takes a sentence about what takes a while, such as unpacking an archive.
    Raises: UnknownName, DatasetMissing; DatasetInvalid for what is damaged.
    """
    loader = _loader(name)
    if isinstance(loader, Loader):
        return loader(_root(name, root), Loading(skip_bad, tell))
    return loader(data_root(root))  # another package's, which knows no such choice


def _loader(name: str) -> Callable[[Path], Dataset]:
    if folder.is_path(name):
        return folder.loader(name)
    try:
        found: Callable[[Path], Dataset] = DATASETS.load(name)
    except UnknownName as error:
        if not (Path(name) / folder.TABLE).is_file():
            raise
        raise UnknownName(error.message, f"for the folder here, write ./{name}") from error
    return found


def _root(name: str, given: Path | None) -> Path:
    """Give the data root; a folder of one's own needs none, and what the program makes neither."""
    known = source(name)
    is_made = known is not None and not known.folder
    return Path() if is_made or folder.is_path(name) else data_root(given)
