"""Scores made into probabilities: for each output a slope and an intercept before the sigmoid.

What is fitted is what a song is given: the mean over its windows of sigmoid(slope * logit +
intercept), on songs that the network has not seen. Tags are fitted by cross-entropy, with shares
of votes as they are (J. Platt, "Probabilistic outputs for support vector machines", 1999). Valence
and arousal are fitted by least squares to ratings, with a slope alone: bare signs say nothing about
how far, and an intercept would move windows over the border between two quadrants. Whether
something is music at all is left as it is: its cut is fixed, and how common other sounds are in
the training data says nothing about anyone's files.

How likely valence or arousal is to be positive at all follows from a song's calibrated value by a
further slope (`core.quadrant_probabilities`), fitted by cross-entropy to the signs of all labels,
those of ratings too. It changes no value, so it is not part of the weights but of the bundle.

A slope stays positive, and both are drawn towards (1, 0) by a normal prior on log slope and
intercept, so that a tag with hardly any label is left nearly alone. Since a head ends in a linear
layer, the calibration becomes part of its weights (`fold_in`) and prediction needs no step more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.core import PLANE_AXES, Dataset, FloatArray, Head
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
    """A head's `slopes` and `intercepts`, one for each output, rounded as files keep them, and the
    plane's `sign_slopes`, if signs of both axes were there to fit them."""

    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]
    sign_slopes: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        signs = self.sign_slopes or ()
        values = (*self.slopes, *self.intercepts, *signs)
        if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
            raise BadConfig("slopes and intercepts of a calibration must be numbers")
        if len(self.slopes) != len(self.intercepts) or not all(a > 0 for a in self.slopes):
            raise BadConfig("a calibration needs a positive slope for each intercept")
        if self.sign_slopes is not None and (
            len(signs) != len(PLANE_AXES) or not all(a > 0 for a in signs)
        ):
            raise BadConfig("a calibration's sign_slopes must be two positive numbers")

    @classmethod
    def identity(cls, n_outputs: int) -> Calibration:
        """Give the one that changes nothing."""
        return cls((1.0,) * n_outputs, (0.0,) * n_outputs)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Calibration:
        """Read what `to_dict` gave. Raises: KeyError, TypeError, BadConfig for anything else."""
        signs = plain.get("sign_slopes")
        return cls(
            tuple(plain["slopes"]),
            tuple(plain["intercepts"]),
            None if signs is None else tuple(signs),
        )

    def to_dict(self) -> dict[str, list[float]]:
        """Give plain values for a JSON file."""
        plain = {"slopes": list(self.slopes), "intercepts": list(self.intercepts)}
        return (
            plain if self.sign_slopes is None else {**plain, "sign_slopes": list(self.sign_slopes)}
        )

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
            by_squares=head.kind == "plane",
            with_intercept=head.kind != "plane",
        )
        slopes.append(round(slope, 4))
        intercepts.append(round(intercept, 4))
    return Calibration(tuple(slopes), tuple(intercepts))


def fit_signs(values: FloatArray, targets: FloatArray) -> tuple[float, float] | None:
    """Give the slopes under which songs' valence and arousal tell best which are positive.

    Shapes: values (n_examples, 2) in [-1, 1]; targets (n_examples, 2) in [0, 1], NaN where unknown.
    A target of 1/2 has no sign. None where no example has one of valence, or none of arousal.
    """
    slopes = []
    for column, target in zip(np.asarray(values, np.float64).T, targets.T, strict=True):
        known = ~np.isnan(target) & (target != 0.5)
        if not known.any():
            return None
        slope, _ = _fit_output(
            _log_odds((column[known] + 1) / 2),
            np.ones(known.sum(), int),
            np.asarray(target[known] > 0.5, np.float64),
            by_squares=False,
            with_intercept=False,
        )
        slopes.append(round(slope, 4))
    valence, arousal = slopes
    return valence, arousal


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
        known = [i for i, item in enumerate(items) if not np.isnan(item.targets[head.name]).all()]
        if head.kind == "music" or not known:
            continue
        targets = {i: items[i].targets[head.name] for i in known}
        of_head = windows[head.name]
        is_plane = head.kind == "plane"
        scaled = [i for i in known if datasets[items[i].dataset].plane_kind == "ratings"]
        fitted = scaled if is_plane else known
        calibration = Calibration.identity(head.n_outputs)
        if fitted:
            labels = np.stack([targets[i] for i in fitted])
            calibration = fit(head, [of_head[i] for i in fitted], labels)
        if is_plane:
            values = calibration.song_values(head, [of_head[i] for i in known])
            signs = fit_signs(values, np.stack([targets[i] for i in known]))
            calibration = replace(calibration, sign_slopes=signs)
        if fitted or calibration.sign_slopes is not None:
            found[head.name] = calibration
    return found


def sign_slopes(calibrations: Mapping[str, Calibration]) -> tuple[float, float] | None:
    """Give the slopes of the plane's signs among calibrations by head, if they are there."""
    return next((c.sign_slopes for c in calibrations.values() if c.sign_slopes is not None), None)


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
    counts = np.array([len(rows) for rows in windows])
    logits = _log_odds((values + 1) / 2 if head.kind == "plane" else values)
    return logits, counts.cumsum() - counts, counts


def _log_odds(chances: Floats) -> Floats:
    clipped = np.clip(chances, _NEAREST, 1 - _NEAREST)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _fit_output(
    logits: Floats,
    counts: npt.NDArray[Any],
    targets: Floats,
    *,
    by_squares: bool,
    with_intercept: bool,
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
        if by_squares:
            value = ((means - targets) ** 2).sum() / (2 * RATING_DEVIATION**2)
            by_mean = (means - targets) / RATING_DEVIATION**2
        else:
            value = -(targets * np.log(means) + (1 - targets) * np.log(1 - means)).sum()
            by_mean = (means - targets) / (means * (1 - means))
        prior = precision @ point**2 / 2
        return float(value + prior), moved @ by_mean + precision * point

    free = (-4.0, 4.0)
    bounds = [free, free if with_intercept else (0.0, 0.0)]
    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=bounds).x
    return math.exp(found[0]), float(found[1])


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))
