"""The methods of an experiment as a table for the terminal, 80 columns wide."""

from __future__ import annotations

import math

from affetto.experiments.comparison import Comparison, Measured, Method
from affetto.experiments.outcome import Experiment
from affetto.experiments.resampling import HEADLINE

_TITLES = {
    "macro_auc": "macro AUC",
    "macro_ap": "macro AP",
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
}


def overview(experiment: Experiment, comparison: Comparison) -> str:
    """Give the four headline measures of each method, best macro AUC first."""
    quick = "QUICK LOOK, not the protocol: " if experiment.is_quick else ""
    first = experiment.outcomes[0].runs[0]
    lines = [
        f"{quick}{experiment.task} from {experiment.source}, {len(first.ids)} examples of "
        f"{comparison.n_groups} groups,",
        f"{experiment.n_folds} folds by song; mean over folds and seeds, ± half of the 95 % "
        "interval",
        "",
        *_table(comparison.methods),
    ]
    if comparison.leaky:
        lines += [
            "",
            "THE SAME UNDER A SPLIT BY SEGMENT, where parts of a song stand on both sides.",
            "These figures are too good; they are here to read published ones beside.",
            "",
            *_table(comparison.leaky),
        ]
    lines += _answer(comparison)
    return "\n".join(lines) + "\n"


def _table(methods: tuple[Method, ...]) -> list[str]:
    width = max(len(method.name) for method in methods)
    header = " ".join([" " * width, *(title.rjust(12) for title in _TITLES.values())])
    order = sorted(methods, key=lambda method: -method.figures["macro_auc"].value)
    return [
        header.rstrip(),
        *(
            " ".join(
                [method.name.ljust(width), *(_cell(method.figures.get(name)) for name in HEADLINE)]
            )
            for method in order
        ),
    ]


def _cell(figure: Measured | None) -> str:
    if figure is None or not math.isfinite(figure.value):
        return "-".rjust(12)
    if not math.isfinite(figure.high - figure.low):
        return f"{figure.value:.3f}".ljust(12)
    return f"{figure.value:.3f} ±{(figure.high - figure.low) / 2:.3f}".rjust(12)


def _answer(comparison: Comparison) -> list[str]:
    """Say how the best network stands to the best baseline."""
    lines = []
    for challenger in (comparison.best_network, comparison.best_both):
        if challenger is None or comparison.best_baseline is None:
            continue
        lines += ["", f"{challenger} minus {comparison.best_baseline}, paired over songs:"]
        for measure in ("macro_auc", "macro_ap"):
            found = comparison.difference(challenger, comparison.best_baseline, measure)
            lines.append(
                f"  {_TITLES[measure]} {found.value:+.3f}, 95 % interval {found.low:+.3f} to "
                f"{found.high:+.3f}"
            )
    return lines
