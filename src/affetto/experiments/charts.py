"""The charts of a report, each an SVG text; matplotlib is the extra `plot`.

    methods     intervals of all methods, a forest plot
    ranks       mean ranks and the critical difference
    tags        average precision of each tag beside its frequency
    curves      precision against recall, tag by tag
    confusion   tags that go together, and those chosen by mistake
    learning    figures over the number of training songs

Networks are blue circles, baselines orange squares, mixtures green diamonds, wherever they are:
Okabe and Ito's colors, told apart by shape as well.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from affetto.errors import MissingExtra
from affetto.evaluation.held_out import HeldOut
from affetto.experiments.comparison import COMPARED, MEASURES, Comparison, Method
from affetto.experiments.folds import folds_of
from affetto.experiments.outcome import Experiment
from affetto.experiments.resampling import mean_of_defined

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = npt.NDArray[np.float64]

_INK, _FAINT, _RULE = "#22262b", "#6b7280", "#c9ced6"
_COLORS = {"network": "#0072b2", "baseline": "#d55e00", "both": "#009e73", "trivial": "#6b7280"}
_MARKERS = {"network": "o", "baseline": "s", "both": "D", "trivial": "X"}
_NAMES = {
    "network": "network",
    "baseline": "baseline",
    "both": "network + baseline",
    "trivial": "trivial",
}
_WIDTH_IN = 9.0
_FONT = "DejaVu Sans"  # comes with matplotlib
_RECALLS = np.linspace(0, 1, 51)


def draw_all(experiment: Experiment, comparison: Comparison) -> dict[str, str]:
    """Draw what the experiment has data for: SVG texts by name, in the order of the list above.

    Raises: MissingExtra without matplotlib.
    """
    charts: dict[str, Callable[[Experiment, Comparison], Figure | None]] = {
        "methods": lambda _, found: methods(found),
        "ranks": lambda _, found: ranks(found),
        "tags": tags,
        "curves": curves,
        "confusion": confusion,
        "learning": lambda _, found: learning(found),
    }
    found = {name: draw(experiment, comparison) for name, draw in charts.items()}
    return {name: svg(figure) for name, figure in found.items() if figure is not None}


def svg(figure: Figure) -> str:
    """Give a figure as SVG, the same text for the same figure."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "affetto"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def methods(comparison: Comparison) -> Figure:
    """Draw every method's macro AUC and AP with its interval, the best on top."""
    shown = sorted(comparison.methods, key=lambda m: m.figures["macro_auc"].value)
    figure = _figure(0.9 + 0.3 * len(shown) + 0.5)
    panels = figure.subplots(1, len(COMPARED), sharey=True)
    for panel, name in zip(panels, COMPARED, strict=True):
        for row, method in enumerate(shown):
            found = method.figures[name]
            color = _COLORS[method.family]
            if np.isfinite(found.low):
                panel.plot([found.low, found.high], [row, row], color=color, linewidth=2.2)
            panel.plot(found.value, row, _MARKERS[method.family], color=color, markersize=6)
        _dress(panel)
        panel.grid(axis="x", color=_RULE, linewidth=0.6)
        panel.set_xlabel(MEASURES[name].title, color=_INK)
    panels[0].set_yticks(range(len(shown)), [_short(method.name) for method in shown])
    panels[0].set_ylim(-0.7, len(shown) - 0.3)
    _family_key(figure, {method.family for method in shown})
    return figure


def ranks(comparison: Comparison) -> Figure | None:
    """Draw Demsar's diagram: methods at their mean ranks, bars over those not told apart."""
    found = comparison.ranks.get("macro_auc")
    if found is None:
        return None
    n_methods = len(found.methods)
    n_left = (n_methods + 1) // 2
    bars = found.groups()
    top, step = 0.9 + 0.16 * len(bars), 0.34
    height_in = 0.9 + top + step * n_left
    figure = _figure(height_in, is_tight=False)
    panel = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    panel.set_axis_off()
    left, right = 0.29, 0.72
    lowest, highest = 1.0, float(n_methods)

    def x_of(rank: float) -> float:
        return left + (right - left) * (rank - lowest) / (highest - lowest)

    panel.set_xlim(0, 1)
    panel.set_ylim(-(top + step * n_left - 0.1), 1.0)
    panel.plot([left, right], [0, 0], color=_INK, linewidth=1.2)
    for whole in range(1, n_methods + 1):
        panel.plot([x_of(whole)] * 2, [0, 0.1], color=_INK, linewidth=1.2)
        panel.text(
            x_of(whole), 0.16, str(whole), ha="center", va="bottom", color=_FAINT, fontsize=8
        )
    reach = min(found.critical_difference, highest - lowest)
    panel.plot([left, x_of(1 + reach)], [0.62, 0.62], color=_INK, linewidth=1.6)
    for end in (left, x_of(1 + reach)):
        panel.plot([end, end], [0.56, 0.68], color=_INK, linewidth=1.6)
    label = f"critical difference {found.critical_difference:.2f}"
    panel.text(left, 0.74, label, ha="left", va="bottom", color=_INK, fontsize=9)
    for number, (first, last) in enumerate(bars):
        depth = -0.2 - 0.16 * number
        ends = [x_of(found.mean_ranks[first]) - 0.006, x_of(found.mean_ranks[last]) + 0.006]
        panel.plot(ends, [depth, depth], color=_INK, linewidth=3.5, solid_capstyle="butt")
    families = {method.name: method.family for method in comparison.methods}
    for place, (name, rank) in enumerate(zip(found.methods, found.mean_ranks, strict=True)):
        is_left = place < n_left
        row = place if is_left else n_methods - 1 - place
        depth = -(top + step * row - 0.2)
        color = _COLORS[families[name]]
        edge = left - 0.02 if is_left else right + 0.02
        panel.plot([x_of(rank), x_of(rank), edge], [0, depth, depth], color=color, linewidth=1)
        panel.plot(x_of(rank), 0, _MARKERS[families[name]], color=color, markersize=5)
        panel.text(
            edge + (-0.01 if is_left else 0.01),
            depth,
            f"{_short(name, 26)}  {rank:.2f}" if is_left else f"{rank:.2f}  {_short(name, 26)}",
            ha="right" if is_left else "left",
            va="center",
            color=color,
            fontsize=9,
        )
    return figure


def tags(experiment: Experiment, comparison: Comparison) -> Figure | None:
    """Draw each tag's average precision, the most frequent tag on top, beside its frequency."""
    shown = _best(comparison)
    if not shown:
        return None
    share = _shares(experiment)
    order = np.argsort(share, kind="stable")
    figure = _figure(1.1 + 0.3 * len(order) + 0.4)
    panel = figure.subplots()
    rows = np.arange(len(order))
    panel.barh(rows, share[order], color="#e5e8ec", height=0.78, label="frequency, which is chance")
    values = np.stack([method.per_tag["ap"][order] for method in shown])
    panel.hlines(rows, values.min(axis=0), values.max(axis=0), color=_RULE, linewidth=1.5)
    for method, found in zip(shown, values, strict=True):
        panel.plot(
            found,
            rows,
            _MARKERS[method.family],
            color=_COLORS[method.family],
            markersize=6,
            label=_short(method.name),
        )
    titles = [experiment.vocabulary.titles[place] for place in order]
    panel.set_yticks(
        rows, [f"{_short(title)}  {share[p]:.0%}" for title, p in zip(titles, order, strict=True)]
    )
    panel.set_ylim(-0.7, len(order) - 0.3)
    panel.set_xlim(0, 1)
    panel.set_xlabel("average precision", color=_INK)
    panel.grid(axis="x", color=_RULE, linewidth=0.6)
    panel.set_axisbelow(True)
    _dress(panel)
    _key(figure, panel)
    return figure


def curves(experiment: Experiment, comparison: Comparison) -> Figure | None:
    """Draw precision against recall for each tag, mean over folds and runs."""
    shown = _best(comparison)
    if not shown:
        return None
    share = _shares(experiment)
    order = np.argsort(-share, kind="stable")
    n_columns = min(6, len(order))
    n_rows = -(-len(order) // n_columns)
    figure = _figure(0.9 + 1.55 * n_rows)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    runs = {outcome.method: outcome.runs for outcome in experiment.outcomes}
    found = {method.name: precision_curves(runs[method.name]) for method in shown}
    for panel in panels.flat[len(order) :]:
        panel.set_visible(False)
    for panel, tag in zip(panels.flat, order, strict=False):
        panel.axhline(share[tag], color=_FAINT, linewidth=0.8, linestyle=":", label="chance")
        for method in shown:
            panel.plot(
                _RECALLS,
                found[method.name][tag],
                color=_COLORS[method.family],
                linewidth=1.5,
                linestyle="--" if method.family == "baseline" else "-",
                label=_short(method.name),
            )
        panel.set_title(
            _short(experiment.vocabulary.titles[tag], 20), fontsize=8, color=_INK, pad=3
        )
        panel.set_xlim(0, 1)
        panel.set_ylim(0, 1.02)
        panel.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        panel.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        panel.tick_params(labelsize=7)
        _dress(panel)
    figure.supxlabel("recall", fontsize=9, color=_INK)
    figure.supylabel("precision", fontsize=9, color=_INK)
    _key(figure, panels.flat[0])
    return figure


def precision_curves(runs: Sequence[HeldOut]) -> Values:
    """Give the precision at 51 recalls from 0 to 1, mean over folds and runs: (n_tags, 51).

    Interpolated: the highest precision at that recall or above (Manning et al., section 8.4).
    """
    return mean_of_defined(
        np.stack([_fold_curves(part) for held in runs for part in folds_of(held)])
    )


def confusion(experiment: Experiment, comparison: Comparison) -> Figure | None:
    """Draw which tags go together in the labels, and which are chosen where only one is true."""
    shown = [method for method in _best(comparison) if method.family != "baseline"]
    runs = {outcome.method: outcome.runs for outcome in experiment.outcomes}
    if not shown or runs[shown[0].name][0].decisions is None:
        return None
    name = shown[0].name
    first = runs[name][0]
    together = co_occurrence(first)
    mistaken = np.mean([mistakes(held) for held in runs[name]], axis=0)
    titles = [_short(title, 20) for title in experiment.vocabulary.titles]
    figure = _figure(2.6 + 0.125 * len(titles))
    panels = figure.subplots(1, 2, sharey=True)
    texts = (
        "share of the row's examples\nthat have the column's tag too",
        f"share of the row's examples without the\ncolumn's tag for which {_short(name)} chose it",
    )
    for panel, values, text in zip(panels, (together, mistaken), texts, strict=True):
        image = panel.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=0, vmax=1)
        panel.set_title(text, fontsize=9, color=_INK)
        panel.set_xticks(range(len(titles)), titles, rotation=90, fontsize=7)
        panel.set_yticks(range(len(titles)), titles, fontsize=7)
        panel.tick_params(length=0, colors=_INK)
        for spine in panel.spines.values():
            spine.set_visible(False)
    bar = figure.colorbar(image, ax=panels, shrink=0.7, pad=0.015)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7, colors=_FAINT)
    return figure


def co_occurrence(held: HeldOut) -> Values:
    """Give the share of the examples with tag i that have tag j too: (n_tags, n_tags) at i, j.

    The diagonal is NaN.
    """
    is_true = (held.targets == 1).astype(np.float64)
    return _off_diagonal(is_true.T @ is_true, is_true.sum(axis=0)[:, np.newaxis])


def mistakes(held: HeldOut) -> Values:
    """Give the share of the examples with tag i, but not tag j, for which j was chosen.

    Shape: (n_tags, n_tags) at i, j; the diagonal is NaN.
    """
    assert held.decisions is not None
    is_true = (held.targets == 1).astype(np.float64)
    is_false = (held.targets == 0).astype(np.float64)
    return _off_diagonal(is_true.T @ (is_false * held.decisions), is_true.T @ is_false)


def learning(comparison: Comparison) -> Figure | None:
    """Draw macro AUC and AP over the number of songs that training had."""
    if not comparison.learning:
        return None
    figure = _figure(3.6)
    panels = figure.subplots(1, len(COMPARED))
    families = {method.name: method.family for method in comparison.methods}
    names = list(dict.fromkeys(point.method for point in comparison.learning))
    for panel, measure in zip(panels, COMPARED, strict=True):
        for name in names:
            points = [point for point in comparison.learning if point.method == name]
            family = families.get(name, "network")
            n_songs = [point.n_songs for point in points]
            found = [point.figures[measure] for point in points]
            panel.fill_between(
                n_songs,
                [figure.low for figure in found],
                [figure.high for figure in found],
                color=_COLORS[family],
                alpha=0.13,
                linewidth=0,
            )
            panel.plot(
                n_songs,
                [figure.value for figure in found],
                marker=_MARKERS[family],
                color=_COLORS[family],
                linestyle="--" if family == "baseline" else "-",
                label=_short(name),
            )
        panel.set_xlabel("songs in training", color=_INK)
        panel.set_title(MEASURES[measure].title, fontsize=10, color=_INK)
        panel.grid(color=_RULE, linewidth=0.6)
        _dress(panel)
    _key(figure, panels[0])
    return figure


def _fold_curves(held: HeldOut) -> Values:
    found = np.full((held.targets.shape[1], len(_RECALLS)), np.nan)
    for tag in range(len(found)):
        known = ~np.isnan(held.targets[:, tag])
        is_true, scores = held.targets[known, tag] == 1, held.outputs[known, tag]
        if not 0 < is_true.sum() < len(is_true):
            continue
        order = np.argsort(-scores, kind="stable")
        # Only the last of equal scores is a place where one can cut.
        cuts = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
        hits = np.cumsum(is_true[order])[cuts]
        precision, recall = hits / (cuts + 1), hits / hits[-1]
        best_from = np.maximum.accumulate(precision[::-1])[::-1]
        found[tag] = best_from[np.searchsorted(recall, _RECALLS - 1e-12)]
    return found


def _off_diagonal(numerator: Values, denominator: Values) -> Values:
    shares = numerator / np.maximum(denominator, 1)
    np.fill_diagonal(shares, np.nan)
    return shares


def _best(comparison: Comparison) -> list[Method]:
    """Give the best network, else the best mixture, and the best baseline, as far as there are."""
    network = comparison.best_network or comparison.best_both
    names = [name for name in (network, comparison.best_baseline) if name is not None]
    return [comparison.method(name) for name in names]


def _shares(experiment: Experiment) -> Values:
    """Give each tag's frequency among its known examples, (n_tags,)."""
    return mean_of_defined(experiment.outcomes[0].runs[0].targets.astype(np.float64))


def _figure(height_in: float, *, is_tight: bool = True) -> Figure:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("charts need matplotlib", "run: pip install 'affetto[plot]'") from error
    figure = Figure(
        figsize=(_WIDTH_IN, height_in),
        dpi=110,
        facecolor="white",
        layout="constrained" if is_tight else None,
    )
    FigureCanvasAgg(figure)
    return figure


def _dress(panel: Axes) -> None:
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        panel.spines[side].set_color(_RULE)
    panel.tick_params(colors=_INK, labelsize=9, length=0)


def _key(figure: Figure, panel: Axes) -> None:
    handles, labels = panel.get_legend_handles_labels()
    _legend(figure, handles, labels)


def _family_key(figure: Figure, families: set[str]) -> None:
    from matplotlib.lines import Line2D

    shown = [family for family in _NAMES if family in families]
    handles = [
        Line2D([], [], color=_COLORS[family], marker=_MARKERS[family], linewidth=2.2)
        for family in shown
    ]
    _legend(figure, handles, [_NAMES[family] for family in shown])


def _legend(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=len(labels),
        frameon=False,
        fontsize=9,
        labelcolor=_INK,
    )


def _short(text: str, n_letters: int = 30) -> str:
    """Give a name that fits, without a meaning for matplotlib's mathematics."""
    text = text.replace("$", r"\$")
    return text if len(text) <= n_letters else text[: n_letters - 1] + "…"
