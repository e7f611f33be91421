"""An experiment's figures as plain values: small enough to keep under version control.

Every table of the report and of `docs/results.md` is made from a summary alone, so what is
committed is what is shown.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from affetto.experiments.comparison import Comparison, Difference, Measured, Method
from affetto.experiments.folds import song_of
from affetto.experiments.listener import Ceiling
from affetto.experiments.outcome import Experiment, Outcome
from affetto.experiments.published import published
from affetto.experiments.resampling import LEVEL

SCHEMA = "affetto-experiment"
SCHEMA_VERSION = 1
N_DIGITS = 4
MAX_LEFT_OUT = 100


def summary(
    experiment: Experiment, comparison: Comparison, ceiling: Ceiling | str = ""
) -> dict[str, Any]:
    """Give all that is to be kept of an experiment as values for a JSON file.

    `ceiling` is what a listener reaches, or the sentence that says why that is not known.
    """
    first = experiment.outcomes[0].runs[0]
    n_positive = np.nansum(first.targets == 1, axis=0)
    tags = zip(experiment.vocabulary.tags, experiment.vocabulary.titles, n_positive, strict=True)
    runs = {outcome.method: outcome for outcome in experiment.outcomes}
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "task": experiment.task,
        "source": experiment.source,
        "command": experiment.command,
        "is_quick": experiment.is_quick,
        "n_examples": len(first.ids),
        "n_songs": len({song_of(id) for id in first.ids}),
        "n_groups": comparison.n_groups,
        "n_folds": experiment.n_folds,
        "n_repeats": experiment.n_repeats,
        "vocabulary": experiment.vocabulary.name,
        "tags": [{"tag": tag, "title": title, "n_positive": int(n)} for tag, title, n in tags],
        "bootstrap": {
            "n_resamples": comparison.n_resamples,
            "seed": comparison.seed,
            "level": LEVEL,
        },
        "methods": [_method(found, runs[found.name]) for found in comparison.methods],
        "leaky": [_method(found) for found in comparison.leaky],
        "best": {
            "network": comparison.best_network,
            "both": comparison.best_both,
            "baseline": comparison.best_baseline,
        },
        "trivial": {
            name: {measure: _number(value) for measure, value in figures.items()}
            for name, figures in comparison.trivial.items()
        },
        "differences": [_difference(found) for found in comparison.differences],
        "ablation_of": experiment.ablation_of,
        "ablations": [_difference(found) for found in comparison.ablations],
        "ranks": {
            name: {
                "methods": list(ranks.methods),
                "mean_ranks": _rounded(ranks.mean_ranks),
                "n_trials": ranks.n_trials,
                "p_value": _significant(ranks.p_value),
                "critical_difference": _number(ranks.critical_difference),
            }
            for name, ranks in comparison.ranks.items()
        },
        "learning": [
            {
                "method": point.method,
                "n_songs": point.n_songs,
                "figures": _figures(point.figures),
            }
            for point in comparison.learning
        ],
        "ceiling": _ceiling(ceiling),
        "published": [source.to_dict() for source in published(experiment.task)],
        "left_out": list(experiment.left_out[:MAX_LEFT_OUT]),
        "n_left_out": len(experiment.left_out),
        "environment": dict(experiment.environment),
    }


def _method(found: Method, outcome: Outcome | None = None) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": found.name,
        "family": found.family,
        "summary": found.summary,
        "n_runs": found.n_runs,
        "seconds": round(found.seconds, 1),
        "figures": _figures(found.figures),
        "per_tag": {name: _rounded(values) for name, values in found.per_tag.items()},
    }
    if outcome is not None:
        plain["seeds"] = list(outcome.seeds)
        plain["settings"] = _settings(outcome.settings)
    return plain


def _settings(chosen: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give each setting once, the most frequent first, with the number of folds that chose it."""
    counts = Counter(json.dumps(dict(settings), sort_keys=True) for settings in chosen)
    return [{"n_folds": n, "settings": json.loads(text)} for text, n in counts.most_common()]


def _difference(found: Difference) -> dict[str, Any]:
    plain = asdict(found)
    for name, value in plain.items():
        if name.startswith("p_"):
            plain[name] = _significant(value)
        elif isinstance(value, float):
            plain[name] = _number(value)
    return plain


def _ceiling(found: Ceiling | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"reason": found}
    return {
        "n_songs": found.n_songs,
        "n_rows": found.n_rows,
        "without": list(found.without),
        "listener": _figures(found.listener),
        "per_tag": _rounded(found.per_tag),
        "methods": [
            {
                "method": beside.method,
                "figures": _figures(beside.figures),
                "minus_listener": _figures(beside.minus_listener),
                "coarse": _figures(beside.coarse),
                "coarse_minus_listener": _figures(beside.coarse_minus_listener),
            }
            for beside in found.methods
        ],
    }


def _figures(figures: Mapping[str, Measured]) -> dict[str, dict[str, float]]:
    """Give what is known of each figure: no bounds where none were computed."""
    return {
        name: {
            key: _number(value)
            for key, value in asdict(figure).items()
            if key == "value" or math.isfinite(value)
        }
        for name, figure in figures.items()
    }


def _rounded(values: Sequence[float] | np.ndarray[Any, Any]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float) -> Any:
    """Round a number; NaN, which JSON has no word for, becomes None."""
    return round(float(value), N_DIGITS) if math.isfinite(value) else None


def _significant(value: float) -> float:
    """Round a p value, which may be tiny, to three digits."""
    return float(f"{value:.3g}")
