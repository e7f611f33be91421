"""The 68 hand-crafted features of CAL500's songs that come with the Mulan data sets.

Layout: `<root>/cal500/mulan/CAL500.arff.gz`, a row a song: means and deviations of spectral
moments, flux, zero crossings and MFCCs by Marsyas, then the 174 hard labels. Rows have no names:
they are those of `songNames.txt` if their labels are, which every reading checks. There are
copies in another order.

Sources: G. Tsoumakas, E. Spyromitros-Xioufis, J. Vilcek, I. Vlahavas, "Mulan: a Java library for
multi-label learning", JMLR 12, 2011; the format: Weka, "Attribute-Relation File Format".
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from affetto.core import FloatArray
from affetto.datasets.base import number, require
from affetto.datasets.cal500 import hard_columns, song_names, tag_names
from affetto.errors import DatasetInvalid

_HINT = "take the file as Mulan distributes it"
_MAX = 1e9


def features_path(base: Path) -> Path:
    """Give the file of features, under `<root>/cal500`."""
    return base / "mulan" / "CAL500.arff.gz"


def features(base: Path) -> tuple[tuple[str, ...], FloatArray]:
    """Give the features' names, and their values (n_songs, n_features) in `song_names`' order.

    Raises: DatasetMissing; DatasetInvalid with file and line, also when a row's labels are not
    those of its song.
    """
    path = require(features_path(base), "cal500")
    songs, n_tags = song_names(base), len(tag_names(base))
    labels = hard_columns(base, tag_names(base), len(songs))
    lines = _lines(path)
    names = _numeric_attributes(lines, path, n_tags)
    values = np.zeros((len(songs), len(names)), np.float32)
    n_rows = 0
    for line, text in lines:
        cells = [number(cell.strip(), path, line, -_MAX, _MAX) for cell in text.split(",")]
        if len(cells) != len(names) + n_tags:
            raise DatasetInvalid(
                f"{path}, line {line}: {len(cells)} values for {len(names) + n_tags} attributes",
                _HINT,
            )
        if n_rows == len(songs) or (labels[n_rows] != cells[len(names) :]).any():
            raise DatasetInvalid(
                f"{path}, line {line}: the labels of row {n_rows + 1} are not those of that song",
                "take the copy whose rows are in the order of songNames.txt",
            )
        values[n_rows] = cells[: len(names)]
        n_rows += 1
    if n_rows != len(songs):
        raise DatasetInvalid(f"{path} has {n_rows} rows for {len(songs)} songs", _HINT)
    return names, values


def remarks(base: Path) -> tuple[str, ...]:
    """Say what is wrong with the features; nothing where they are not there, or whole."""
    if features_path(base).exists():
        try:
            features(base)
        except DatasetInvalid as error:
            return (error.message,)
    return ()


def _numeric_attributes(
    lines: Iterator[tuple[int, str]], path: Path, n_tags: int
) -> tuple[str, ...]:
    """Read the header up to `@data`. Gives the names of what is not among the last attributes,
    which are the tags."""
    kinds: dict[str, str] = {}
    for line, text in lines:
        word, _, rest = text.partition(" ")
        if word.lower() == "@data":
            break
        if word.lower() == "@attribute":
            name, _, kind = rest.strip().rpartition(" ")
            if not name or name in kinds:
                raise DatasetInvalid(
                    f"{path}, line {line}: the attribute has no kind, or is there twice", _HINT
                )
            kinds[name] = kind.lower()
    names = tuple(kinds)[:-n_tags]
    if not names or any(kinds[name] not in ("numeric", "real") for name in names):
        raise DatasetInvalid(
            f"{path} has no header of numeric attributes and then {n_tags} tags", _HINT
        )
    return names


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Give (line number, text) of what is neither empty nor a comment. Raises: DatasetInvalid."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DatasetInvalid(f"{path} cannot be read: {error}", _HINT) from error
    for line, text in enumerate(content.splitlines(), start=1):
        if text.strip() and not text.startswith("%"):
            yield line, text.strip()
