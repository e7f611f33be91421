"""What an experiment leaves in its folder beside the report: every figure, score and fold.

results.json          every measure of every fold, run and method, and the environment
predictions.parquet   every score: a row for each example, tag, method, seed and repetition
folds.csv             which fold tests which example (`partition.write_folds`)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from affetto.evaluation.held_out import HeldOut
from affetto.experiments.comparison import DECIDED, MEASURES
from affetto.experiments.folds import folds_of
from affetto.experiments.outcome import Experiment, Outcome, SplitBy
from affetto.files import atomic_write, write_text
from affetto.writers.parquet import arrow

RESULTS_SCHEMA_VERSION = 1


def write_results(experiment: Experiment, path: Path) -> None:
    """Write `results.json`."""
    values = {
        "schema_version": RESULTS_SCHEMA_VERSION,
        "task": experiment.task,
        "source": experiment.source,
        "command": experiment.command,
        "is_quick": experiment.is_quick,
        "n_folds": experiment.n_folds,
        "n_repeats": experiment.n_repeats,
        "environment": dict(experiment.environment),
        "left_out": list(experiment.left_out),
        "tags": list(experiment.vocabulary.tags),
        "outcomes": [_outcome(outcome, experiment.n_repeats) for outcome in experiment.outcomes],
        "leaky": [_outcome(outcome, 1) for outcome in experiment.leaky],
        "learning": {
            method: {str(n_songs): [_folds(run) for run in runs] for n_songs, runs in sizes.items()}
            for method, sizes in experiment.learning.items()
        },
    }
    write_text(path, json.dumps(values, indent=1) + "\n")


def write_predictions(experiment: Experiment, path: Path) -> None:
    """Write `predictions.parquet`. Raises: MissingExtra without pyarrow."""
    pa, pq = arrow()
    tags = experiment.vocabulary.tags
    schema = pa.schema(
        [
            *((name, pa.dictionary(pa.int32(), pa.string())) for name in ("id", "group")),
            ("fold", pa.int16()),
            ("repeat", pa.int16()),
            *((name, pa.dictionary(pa.int32(), pa.string())) for name in ("method", "split_by")),
            ("seed", pa.int32()),
            ("tag", pa.dictionary(pa.int32(), pa.string())),
            ("target", pa.int8()),
            ("score", pa.float32()),
            ("chosen", pa.bool_()),
        ]
    )
    with atomic_write(path, "wb") as file, pq.ParquetWriter(file, schema) as writer:
        for outcome, by in _outcomes(experiment):
            n_repeats = experiment.n_repeats if by == "song" else 1
            for repeat, seed, run in _runs(outcome, n_repeats):
                columns = _columns(run, tags)
                n_rows = len(columns["score"])
                columns |= {
                    "repeat": np.full(n_rows, repeat),
                    "seed": np.full(n_rows, seed),
                    "method": np.full(n_rows, outcome.method),
                    "split_by": np.full(n_rows, by),
                }
                arrays = [
                    pa.array(columns[field.name]).cast(field.type)
                    if not pa.types.is_dictionary(field.type)
                    else pa.array(columns[field.name]).dictionary_encode()
                    for field in schema
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _columns(run: HeldOut, tags: Sequence[str]) -> dict[str, Any]:
    """Give a run's cells, example after example, tag after tag."""
    n_tags = len(tags)
    assert run.decisions is not None
    return {
        "id": np.repeat(np.asarray(run.ids), n_tags),
        "group": np.repeat(np.asarray(run.groups), n_tags),
        "fold": np.repeat(run.folds, n_tags),
        "tag": np.tile(np.asarray(tags), len(run.ids)),
        "target": run.targets.reshape(-1).astype(np.int8),
        "score": run.outputs.reshape(-1),
        "chosen": run.decisions.reshape(-1),
    }


def _outcomes(experiment: Experiment) -> Iterator[tuple[Outcome, SplitBy]]:
    for outcome in experiment.outcomes:
        yield outcome, "song"
    for outcome in experiment.leaky:
        yield outcome, "segment"


def _runs(outcome: Outcome, n_repeats: int) -> Iterator[tuple[int, int, HeldOut]]:
    """Give repetition, seed and scores of each run: repetition after repetition."""
    for number, run in enumerate(outcome.runs):
        repeat, place = divmod(number, len(outcome.runs) // n_repeats)
        yield repeat, outcome.seeds[place], run


def _outcome(outcome: Outcome, n_repeats: int) -> dict[str, Any]:
    settings = iter(outcome.settings)
    return {
        "method": outcome.method,
        "family": outcome.family,
        "summary": outcome.summary,
        "seconds": outcome.seconds,
        "runs": [
            {
                "repeat": repeat,
                "seed": seed,
                "folds": [{**found, "settings": dict(next(settings, {}))} for found in _folds(run)],
            }
            for repeat, seed, run in _runs(outcome, n_repeats)
        ],
    }


def _folds(run: HeldOut) -> list[dict[str, Any]]:
    return [
        {"fold": int(part.folds[0]), "n_examples": len(part.ids), "figures": _figures(part)}
        for part in folds_of(run)
    ]


def _figures(part: HeldOut) -> Mapping[str, float | None]:
    found = {}
    for name, measure in MEASURES.items():
        if name not in DECIDED or part.decisions is not None:
            value = measure.of(part)
            found[name] = round(value, 6) if math.isfinite(value) else None
    return found
