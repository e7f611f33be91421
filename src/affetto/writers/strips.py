"""A timeline squeezed into the cells of a text line, and the clock below it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from affetto.core import Timeline

Float64Array = npt.NDArray[np.float64]

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_GAP = 3  # columns between two labels of the axis


def cell_weights(timeline: Timeline, duration_s: float, n_cells: int) -> Float64Array:
    """Say how much each window counts in each cell of a strip, (n_cells, n_windows).

    A cell is an equal share of the song; a window counts by the seconds that it lies in the
    cell and by its share of sound. Rows sum to 1; where there is only silence the row is NaN.
    """
    edges_s = np.linspace(0.0, duration_s, n_cells + 1)[:, np.newaxis]
    overlap_s = np.minimum(edges_s[1:], timeline.end_s) - np.maximum(edges_s[:-1], timeline.start_s)
    weights = np.maximum(overlap_s, 0.0) * timeline.weight
    total = weights.sum(axis=1, keepdims=True)
    shares: Float64Array = np.full(weights.shape, np.nan)
    np.divide(weights, total, out=shares, where=total > 0)
    return shares


def clock(seconds: float) -> str:
    """Give a time as people read it: 1:05, or 1:02:03 from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def axis(duration_s: float, n_cells: int) -> str:
    """Give the line below a strip: times at round seconds, each at the cell where it begins."""
    width = len(clock(duration_s)) + _GAP
    n_most = max(1, n_cells // width)
    step_s = next((step for step in _STEPS_S if duration_s / step <= n_most), _STEPS_S[-1])
    line = ""
    for tick_s in np.arange(0.0, duration_s, step_s):
        column, label = int(tick_s / duration_s * n_cells), clock(tick_s)
        if (not line or column > len(line) + 1) and column + len(label) <= n_cells:
            line = line.ljust(column) + label
    return line
