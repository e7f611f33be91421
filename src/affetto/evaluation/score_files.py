"""Held-out scores in a file, a row for each score, for programs that compare systems.

    dataset, example, group   what was scored, and its artist, album or song
    fold, seed                which fold's network scored it, trained from which seed; no seed
                              (empty, null) where a bundle's own weights did
    head, output              which output: a tag, or `valence` and `arousal` of the plane
    target, score             the label and what the network said: tags in [0, 1], the plane in
                              [-1, 1]; no target where the data set is silent about the output

The suffix says how: `.csv`, or `.parquet` with the same columns, typed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from affetto.core import PLANE_AXES, Head
from affetto.errors import BadConfig
from affetto.evaluation.held_out import HeldOut
from affetto.files import atomic_write
from affetto.writers.parquet import arrow

if TYPE_CHECKING:  # a file of scores needs none of what measuring does
    from affetto.evaluation.results import Results

TEXTS, WHOLES, NUMBERS = (
    ("dataset", "example", "group", "head", "output"),
    ("fold", "seed"),
    ("target", "score"),
)
COLUMNS = ("dataset", "example", "group", "fold", "seed", "head", "output", "target", "score")
_SUFFIXES = (".csv", ".parquet")

Columns = dict[str, npt.NDArray[Any]]
"""Values by column, each (n_rows,): texts, seeds and folds int64 (-1 for none), float32."""


def check(path: Path) -> None:
    """See to it that a file can be written, before hours of work.

    Raises: BadConfig for another suffix, MissingExtra for Parquet without pyarrow.
    """
    if path.suffix not in _SUFFIXES:
        raise BadConfig(f"{path} must end in .csv or .parquet", "the suffix is the format")
    if path.suffix == ".parquet":
        arrow()


def write(results: Results, path: Path) -> None:
    """Write every held-out score of an evaluation. Raises: as `check`."""
    check(path)
    if path.suffix == ".csv":
        with atomic_write(path) as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(COLUMNS)
            for columns in _parts(results):
                cells = [_cells(columns[name]) for name in COLUMNS]
                rows.writerows(zip(*cells, strict=True))
        return
    pa, pq = arrow()
    kinds = {
        **dict.fromkeys(TEXTS, pa.string()),
        **dict.fromkeys(WHOLES, pa.int64()),
        **dict.fromkeys(NUMBERS, pa.float32()),
    }
    schema = pa.schema([(name, kinds[name]) for name in COLUMNS])
    with atomic_write(path, "wb") as file, pq.ParquetWriter(file, schema) as writer:
        for columns in _parts(results):
            arrays = [
                pa.array(columns[name], schema.field(name).type, mask=_is_unknown(columns[name]))
                for name in COLUMNS
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def read(path: Path) -> Columns:
    """Read what `write` wrote. Raises: BadConfig for another file; MissingExtra."""
    check(path)
    try:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                header, *rows = csv.reader(file)
            cells = dict(zip(header, zip(*rows, strict=True), strict=True))
        else:
            cells = arrow()[1].read_table(path).to_pydict()
        found: Columns = {name: np.asarray(cells[name], np.str_) for name in TEXTS}
        found |= {name: _numbers(cells[name], -1).astype(np.int64) for name in WHOLES}
        found |= {name: _numbers(cells[name], np.nan).astype(np.float32) for name in NUMBERS}
    except (OSError, ValueError, KeyError) as error:
        raise BadConfig(
            f"{path} does not hold the scores of an evaluation",
            "give the file that `affetto evaluate --scores` wrote",
        ) from error
    return found


def _parts(results: Results) -> Iterator[Columns]:
    for evaluation in results.evaluations:
        for number, held in enumerate(evaluation.held):
            seed = results.seeds[number] if results.seeds else -1
            yield _columns(evaluation.dataset, held, seed)


def _columns(dataset: str, held: HeldOut, seed: int) -> Columns:
    """Give the rows of one seed, example after example, output after output."""
    outputs = _outputs(held.head)
    n_examples, n_outputs = len(held.ids), len(outputs)
    # Targets are kept in [0, 1]; beside the plane's scores they read better in its own unit.
    targets = 2 * held.targets - 1 if held.head.kind == "plane" else held.targets
    return {
        "dataset": np.full(n_examples * n_outputs, dataset),
        "example": np.repeat(np.asarray(held.ids), n_outputs),
        "group": np.repeat(np.asarray(held.groups), n_outputs),
        "fold": np.repeat(np.asarray(held.folds, np.int64), n_outputs),
        "seed": np.full(n_examples * n_outputs, seed, np.int64),
        "head": np.full(n_examples * n_outputs, held.head.name),
        "output": np.tile(np.asarray(outputs), n_examples),
        "target": np.asarray(targets, np.float32).reshape(-1),
        "score": np.asarray(held.outputs, np.float32).reshape(-1),
    }


def _outputs(head: Head) -> Sequence[str]:
    if head.vocabulary is not None:
        return head.vocabulary.tags
    return PLANE_AXES if head.kind == "plane" else (head.kind,)


def _is_unknown(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    return np.asarray(values == -1 if values.dtype.kind == "i" else np.zeros(len(values), np.bool_))


def _cells(values: npt.NDArray[Any]) -> list[str]:
    return [
        "" if unknown else str(value)
        for value, unknown in zip(values, _is_unknown(values), strict=True)
    ]


def _numbers(cells: Sequence[Any], unknown: float) -> npt.NDArray[np.float64]:
    return np.asarray([unknown if cell in ("", None) else cell for cell in cells], np.float64)
