"""Reliability diagrams of an evaluation: for each tag, what is true of the songs of each score.

A panel a tag. Where the line lies on the diagonal, scores are probabilities; below it, they promise
too much. The gray line is the same network before its calibration, the bars say how many songs lie
in each bin. Drawn after A. Niculescu-Mizil and R. Caruana, ICML 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto import metrics, plots
from affetto.core import FloatArray
from affetto.errors import BadConfig
from affetto.evaluation.results import Evaluation, Results
from affetto.metrics import Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 6
_PANEL_IN, _GAP_IN, _NAME_IN = 1.42, 0.2, 0.34  # of a panel, between two, of a tag's name
_LEFT_IN, _TOP_IN, _HEADING_IN, _BOTTOM_IN = 0.55, 0.62, 0.5, 0.62
_BLUE = "#0072b2"
_FEW = 5
"""A bin with fewer songs is a dot beside the line: chance would draw the line up and down."""
_SHARE_OF_BARS = 0.3
"""How much of a panel's height the bin with most songs takes."""


def check(path: Path) -> None:
    """See to it that a picture can be drawn, before hours of work. Raises: as `save`."""
    plots.format_of(path)
    plots.new_figure()


def save(results: Results, path: Path) -> None:
    """Write `draw(results)` as PNG, SVG or PDF, by the suffix; whole or not at all.

    Raises: BadConfig for another suffix, or results without a tag; MissingExtra.
    """
    picture_format = plots.format_of(path)
    plots.write(draw(results), path, picture_format)


def draw(results: Results) -> Figure:
    """Draw every tag that the evaluations know anything about.

    Raises: BadConfig for results without a tag; MissingExtra without matplotlib.
    """
    evaluations = [found for found in results.evaluations if found.per_tag and found.held]
    if not evaluations:
        raise BadConfig(
            "no data set of this evaluation has tags, so there is no reliability to draw",
            "leave --plot away, or evaluate on one that has",
        )
    figure = plots.new_figure()
    n_rows = [-(-len(found.per_tag) // _COLUMNS) for found in evaluations]
    row_in = _NAME_IN + _PANEL_IN + _GAP_IN
    height_in = _TOP_IN + sum(_HEADING_IN + n * row_in for n in n_rows) + _BOTTOM_IN
    width_in = _LEFT_IN + _COLUMNS * (_PANEL_IN + _GAP_IN) + 0.1
    figure.set_size_inches(width_in, height_in)

    def write(x_in: float, y_in: float, text: str, size: float, **style: Any) -> None:
        place = (x_in / width_in, 1 - y_in / height_in)
        figure.text(*place, text, fontsize=size, **{"color": plots.INK, **style})

    write(_LEFT_IN, 0.36, f"{results.system}: are its scores probabilities?", 13, fontweight="bold")
    top_in = _TOP_IN
    for found, n in zip(evaluations, n_rows, strict=True):
        heading = f"{found.dataset}, head {found.head}: {found.n_examples} examples"
        write(_LEFT_IN, top_in + 0.24, heading, 10)
        top_in += _HEADING_IN
        for number, panel in enumerate(_panels(found)):
            row, column = divmod(number, _COLUMNS)
            left_in = _LEFT_IN + column * (_PANEL_IN + _GAP_IN)
            bottom_in = height_in - top_in - row * row_in - _NAME_IN - _PANEL_IN
            axes = figure.add_axes(
                (
                    left_in / width_in,
                    bottom_in / height_in,
                    _PANEL_IN / width_in,
                    _PANEL_IN / height_in,
                )
            )
            name, lines = panel
            is_below = number + _COLUMNS >= len(found.per_tag)
            _draw_panel(axes, name, lines, is_left=column == 0, is_below=is_below)
        top_in += n * row_in
    key = "blue: share of songs with the tag (or mean vote) at each score"
    if any(held.uncalibrated is not None for found in evaluations for held in found.held):
        key += "; gray: before calibration"
    write(
        _LEFT_IN,
        height_in - 0.16,
        key + "; bars: songs in each bin, with the highest number",
        8,
        color=plots.FAINT,
    )
    return plots.finished(figure)


def _panels(found: Evaluation) -> list[tuple[str, list[Reliability]]]:
    """Give each tag's slug, its bins with calibration, and those without where there was one."""
    vocabulary = found.held[0].head.vocabulary
    assert vocabulary is not None
    targets = np.concatenate([held.targets for held in found.held])
    outputs = [np.concatenate([held.outputs for held in found.held])]
    raw = [held.uncalibrated for held in found.held if held.uncalibrated is not None]
    if raw:
        outputs.append(np.concatenate(raw))

    def bins(scores: FloatArray, column: int) -> Reliability:
        return metrics.reliability(targets[:, [column]], scores[:, [column]])

    return [
        (tag, [bins(scores, column) for scores in outputs])
        for column, tag in enumerate(vocabulary.tags)
        if tag in found.per_tag
    ]


def _draw_panel(
    axes: Axes, name: str, lines: Sequence[Reliability], is_left: bool, is_below: bool
) -> None:
    ours = lines[0]
    n_bins = ours.counts.shape[1]
    heights = ours.counts[0] / ours.counts.max() * _SHARE_OF_BARS
    centers = (np.arange(n_bins) + 0.5) / n_bins
    most = int(ours.counts[0].argmax())
    count = str(ours.counts[0, most])
    axes.text(
        centers[most], _SHARE_OF_BARS + 0.02, count, fontsize=6, color=plots.FAINT, ha="center"
    )
    axes.bar(centers, heights, width=0.92 / n_bins, color="#dbe7f1", zorder=1)
    axes.plot([0, 1], [0, 1], color=plots.RULE, linewidth=1, zorder=2)
    for found, color, width in reversed(
        [*zip(lines, (_BLUE, plots.FAINT), (1.6, 0.9), strict=False)]
    ):
        there = found.counts[0] > 0
        sizes = 4 + 26 * np.sqrt(found.counts[0][there] / found.counts[0].sum())
        x, y = found.mean_scores[0][there], found.mean_targets[0][there]
        enough = found.counts[0][there] >= _FEW
        axes.plot(x[enough], y[enough], color=color, linewidth=width, zorder=3)
        axes.scatter(x, y, s=sizes, color=color, zorder=4, linewidths=0, clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks((0, 0.5, 1), labels=("0", "0.5", "1"))
    plots.bare(axes, "left", "bottom")
    axes.tick_params(labelsize=7, colors=plots.FAINT, labelleft=is_left, labelbottom=is_below)
    axes.text(0, 1.2, name.replace("_", " "), fontsize=7.5, color=plots.INK)
    errors = " from ".join(f"{found.error[0]:.3f}" for found in lines)
    axes.text(0, 1.06, f"ECE {errors}", fontsize=7, color=plots.FAINT)
