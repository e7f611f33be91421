"""Results as text: a table for the terminal and for Markdown alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # tables need none of what measuring does
    from affetto.evaluation.measures import Figure
    from affetto.evaluation.results import Results

TITLES = {
    "macro_auc": "macro ROC-AUC",
    "macro_ap": "macro AP",
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "macro_ece": "macro ECE",
    "macro_r": "mean correlation",
    "macro_r2": "mean R2",
    "accuracy": "accuracy",
    "valence_auc": "valence sign AUC",
    "arousal_auc": "arousal sign AUC",
    "valence_r2": "valence R2",
    "arousal_r2": "arousal R2",
    "quadrant_macro_f1": "quadrant macro F1",
    "quadrant_ece": "quadrant ECE",
    "quadrant_log_loss": "quadrant log loss",
    "valence_r": "valence correlation",
    "arousal_r": "arousal correlation",
    "music_auc": "music or not, AUC",
    "music_kept": "music called music",
    "not_music_refused": "the rest refused",
}
SHORT = {
    "all_ones": "all ones",
    "uncalibrated": "raw",
    "ece_uncalibrated": "raw ece",
    "ece_chance": "by chance",
}
"""Names of columns that would not fit otherwise."""
_UNKNOWN = "-"


def text(results: Results) -> str:
    """Give the results as Markdown that is also readable as it stands."""
    name = titled(results.system, results.settings)
    lines = [f"{name}: {results.protocol}{_seeds(results.seeds)}"]
    for found in results.evaluations:
        lines += [
            "",
            f"{found.dataset}, head {found.head}: {found.n_examples} examples of "
            f"{found.n_groups} group{'s' if found.n_groups > 1 else ''}",
            "",
        ]
        systems = sorted({name for figure in found.figures for name in figure.trivial})
        header = [
            "measure",
            "value",
            "95 % interval",
            *(SHORT.get(name, name) for name in systems),
        ]
        rows = [
            [
                TITLES[figure.measure],
                _number(figure.value),
                _interval(figure),
                *(_number(figure.trivial.get(name, math.nan)) for name in systems),
            ]
            for figure in found.figures
        ]
        lines += table(header, rows)
        if found.per_tag:
            columns = sorted({name for row in found.per_tag.values() for name in row})
            titles = {name: SHORT.get(name, name) for name in columns}
            lines += ["", *_rows("tag", titles, found.per_tag)]
        if found.by_genre:
            titles = {n: TITLES.get(n, n) for n in next(iter(found.by_genre.values()))}
            lines += ["", *_rows("genre", titles, found.by_genre)]
    return "\n".join(lines) + "\n"


def _rows(
    what: str, titles: Mapping[str, str], rows: Mapping[str, Mapping[str, float | int]]
) -> list[str]:
    """Give a table of a row for each of `what`, its columns those of `titles`."""
    cells = [[name, *(_cell(row.get(column)) for column in titles)] for name, row in rows.items()]
    return table([what, *titles.values()], cells)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Give a Markdown table whose columns are aligned."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join([first, *rest]) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return [line(header), rule, *(line(row) for row in rows)]


def titled(system: str, settings: Mapping[str, str]) -> str:
    """Give a system's name with the settings of it that were changed.

    >>> titled("default 0.3.0", {"teacher.names": "[]", "optimizer.epochs": "5"})
    'default 0.3.0 with teacher.names=[], optimizer.epochs=5'
    """
    changed = ", ".join(f"{key}={value}" for key, value in settings.items())
    return f"{system} with {changed}" if changed else system


def _seeds(seeds: Sequence[int]) -> str:
    if not seeds:
        return ""
    return f", seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _interval(figure: Figure) -> str:
    low, high = _number(figure.low), _number(figure.high)
    return low if low == high == _UNKNOWN else f"{low} to {high}"


def _number(value: float | None) -> str:
    return _UNKNOWN if value is None or not math.isfinite(value) else f"{value:.3f}"


def _cell(value: float | int | None) -> str:
    return str(value) if isinstance(value, int) else _number(value)
