"""Scores made into probabilities: for each output a slope and an intercept before the sigmoid.

What is fitted is what a song is given: the mean over its windows of sigmoid(slope * logit +
intercept), on songs that the network has not seen. Tags are fitted by cross-entropy, with shares
of votes as they are (J. Platt, "Probabilistic outputs for support vector machines", 1999). Valence
and arousal are fitted by least squares to ratings, with a slope alone: bare signs say nothing about
how far, and an intercept would move windows over the border between two quadrants. Whether
something is music at all is left as it is: its cut is fixed, and how common other sounds are in
the training data says nothing about anyone's files.

A slope stays positive, and both are drawn towards (1, 0) by a normal prior on log slope and
intercept, so that a tag with hardly any label is left nearly alone. Since a head ends in a linear
layer, the calibration becomes part of its weights (`fold_in`) and prediction needs no step more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.core import Dataset, FloatArray, Head
from affetto.errors import BadConfig
from affetto.models.plane import RATINGS, SIGNS
from affetto.training.data import Item

SLOPE_FACTOR = 2.0
"""A slope so many times too high or low is one deviation of the prior."""
INTERCEPT_DEVIATION = 1.0
RATING_DEVIATION = 0.15
"""How far ratings, in [0, 1], are taken to lie from the truth: what the prior weighs against."""
_NEAREST = 1e-7
"""How near to 0 and 1 a score is taken to be at most."""

Floats = npt.NDArray[np.float64]
Windows = Sequence[FloatArray]
"""A head's values for each example's windows, (n_windows, n_outputs) each."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A head's `slopes` and `intercepts`, one for each output, rounded as files keep them."""

    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]

    def __post_init__(self) -> None:
        values = (*self.slopes, *self.intercepts)
        if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
            raise BadConfig("slopes and intercepts of a calibration must be numbers")
        if len(self.slopes) != len(self.intercepts) or not all(a > 0 for a in self.slopes):
            raise BadConfig("a calibration needs a positive slope for each intercept")

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Calibration:
        """Read what `to_dict` gave. Raises: KeyError, TypeError, BadConfig for anything else."""
        return cls(tuple(plain["slopes"]), tuple(plain["intercepts"]))

    def to_dict(self) -> dict[str, list[float]]:
        """Give plain values for a JSON file."""
        return {"slopes": list(self.slopes), "intercepts": list(self.intercepts)}

    def song_values(self, head: Head, windows: Windows) -> FloatArray:
        """Give each example's calibrated values: the mean over its windows.

        Shape: (n_examples, n_outputs), the plane in [-1, 1], others in [0, 1].
        """
        logits, first, counts = _logits(head, windows)
        chances = _sigmoid(logits * np.array(self.slopes) + np.array(self.intercepts))
        means = np.add.reduceat(chances, first) / counts[:, None]
        return np.asarray(2 * means - 1 if head.kind == "plane" else means, np.float32)


def fit(head: Head, windows: Windows, targets: FloatArray) -> Calibration:
    """Give the calibration under which the examples' mean scores fit their targets best.

    Shape: targets (n_examples, n_outputs) in [0, 1], NaN where unknown. An output without a known
    target gets slope 1 and intercept 0.
    """
    logits, _, counts = _logits(head, windows)
    of_windows = np.repeat(np.arange(len(counts)), counts)
    slopes, intercepts = [], []
    for output, column in enumerate(np.asarray(targets, np.float64).T):
        known = ~np.isnan(column)
        slope, intercept = _fit_output(
            logits[known[of_windows], output],
            counts[known],
            column[known],
            is_plane=head.kind == "plane",
        )
        slopes.append(round(slope, 4))
        intercepts.append(round(intercept, 4))
    return Calibration(tuple(slopes), tuple(intercepts))


def fit_heads(
    heads: Sequence[Head],
    datasets: Mapping[str, Dataset],
    items: Sequence[Item],
    windows: Mapping[str, Windows],
) -> dict[str, Calibration]:
    """Fit each head's calibration, by name, where `items` say anything about it.

    `windows` gives each head's values of the items' windows, by networks that did not see them.
    """
    found = {}
    for head in heads:
        if head.kind == "music":
            continue
        rows = [
            number
            for number, item in enumerate(items)
            if not np.isnan(item.targets[head.name]).all()
            and (head.kind == "tags" or datasets[item.dataset].plane_kind == "ratings")
        ]
        if rows:
            targets = np.stack([items[row].targets[head.name] for row in rows])
            found[head.name] = fit(head, [windows[head.name][row] for row in rows], targets)
    return found


def fold_in(scorer: Any, calibrations: Mapping[str, Calibration]) -> None:
    """Make calibrations by head a part of the weights of a `models.heads.Scorer`.

    Each row of a head's linear layer, and its bias, is taken times its slope, and the intercept
    is added to the bias. Both of the plane's mixed logits are taken so, and with them the mixture.
    """
    import torch

    kinds = {spec.name: spec.kind for spec in scorer.specs}
    with torch.no_grad():
        for name, calibration in calibrations.items():
            layer = scorer.heads[name]
            slopes = torch.tensor(calibration.slopes)
            intercepts = torch.tensor(calibration.intercepts)
            for rows in (SIGNS, RATINGS) if kinds[name] == "plane" else (slice(None),):
                layer.weight[rows] *= slopes[:, None]
                layer.bias[rows] = layer.bias[rows] * slopes + intercepts


def _logits(head: Head, windows: Windows) -> tuple[Floats, npt.NDArray[np.intp], npt.NDArray[Any]]:
    """Give all windows' logits (n_windows, n_outputs), where each example starts, its length."""
    values = np.concatenate(list(windows)).astype(np.float64)
    chances = np.clip((values + 1) / 2 if head.kind == "plane" else values, _NEAREST, 1 - _NEAREST)
    counts = np.array([len(rows) for rows in windows])
    return np.log(chances / (1 - chances)), counts.cumsum() - counts, counts


def _fit_output(
    logits: Floats, counts: npt.NDArray[Any], targets: Floats, is_plane: bool
) -> tuple[float, float]:
    from scipy.optimize import minimize

    if not len(targets):
        return 1.0, 0.0
    first = counts.cumsum() - counts
    precision = np.array([1 / math.log(SLOPE_FACTOR) ** 2, 1 / INTERCEPT_DEVIATION**2])

    def loss(point: Floats) -> tuple[float, Floats]:
        slope = math.exp(point[0])
        chances = _sigmoid(slope * logits + point[1])
        steepness = chances * (1 - chances)
        means = np.clip(np.add.reduceat(chances, first) / counts, _NEAREST, 1 - _NEAREST)
        moved = np.stack(
            [np.add.reduceat(steepness * part, first) / counts for part in (slope * logits, 1.0)]
        )
        if is_plane:
            value = ((means - targets) ** 2).sum() / (2 * RATING_DEVIATION**2)
            by_mean = (means - targets) / RATING_DEVIATION**2
        else:
            value = -(targets * np.log(means) + (1 - targets) * np.log(1 - means)).sum()
            by_mean = (means - targets) / (means * (1 - means))
        prior = precision @ point**2 / 2
        return float(value + prior), moved @ by_mean + precision * point

    free = (-4.0, 4.0)
    bounds = [free, (0.0, 0.0) if is_plane else free]
    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=bounds).x
    return math.exp(found[0]), float(found[1])


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))
