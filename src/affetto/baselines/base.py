"""The interface of all methods, and what they share: checks, order, scale, constant tags.

A subclass of `Method` states its settings as fields and implements `learn`, which sees only
what is worth learning: standardized features, and tags with both classes. The examples are
sorted before anything else, then shuffled by the seed: the order in which files were listed
changes nothing, bit for bit, however random a method is inside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from affetto.core import BoolArray, FloatArray, IntArray
from affetto.errors import BadConfig, MissingExtra

Float64Array = npt.NDArray[np.float64]

Groups = Sequence[str] | Sequence[int] | npt.NDArray[Any]
"""The name of each example's group, such as its song: (n_examples,)."""

Grid = Sequence[Mapping[str, Sequence[Any]]]
"""Settings to try: of each mapping all combinations of its values."""

Scorer = Callable[[Float64Array], Float64Array]
"""Gives standardized features (n_examples, n_features) their scores (n_examples, n_tags)."""


@dataclass(frozen=True, slots=True)
class Training:
    """What a method learns from.

    `features` (n_examples, n_features) have mean 0 and deviation 1; `labels` (n_examples,
    n_tags) are 0 or 1, each tag with both classes. `groups` (n_examples,) numbers the groups
    that inner folds keep together.
    """

    features: Float64Array
    labels: IntArray
    groups: IntArray
    seed: int

    @property
    def n_tags(self) -> int:
        return int(self.labels.shape[1])


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a method has learned: the scale of the features and a scorer of the varying tags."""

    mean: Float64Array
    scale: Float64Array
    constants: Float64Array
    varying: BoolArray
    scorer: Scorer | None

    def score(self, features: npt.ArrayLike) -> FloatArray:
        """Give each example's scores: (n_examples, n_features) -> (n_examples, n_tags), [0, 1].

        An example's scores depend on it alone. A tag with one class in the training has that
        class as its score. Raises: BadConfig for another number of features, or one that is
        not finite.
        """
        values = _features(features)
        if values.shape[1] != len(self.mean):
            raise BadConfig(f"fitted on {len(self.mean)} features, not on {values.shape[1]}")
        scores = np.tile(self.constants, (len(values), 1))
        if self.scorer is not None and len(values):
            # A mean of many probabilities can miss 1 by a rounding.
            scores[:, self.varying] = np.clip(
                self.scorer((values - self.mean) / self.scale), 0.0, 1.0
            )
        return scores.astype(np.float32)


class Method(ABC):
    """A method of multi-label learning: a frozen dataclass whose fields are its settings."""

    __slots__ = ()

    GRID: ClassVar[Grid] = ({},)
    """What `tuning.tune` tries unless told otherwise."""

    def fit(
        self,
        features: npt.ArrayLike,
        labels: npt.ArrayLike,
        seed: int,
        groups: Groups | None = None,
    ) -> Fitted:
        """Learn from examples; the same examples, in any order, and seed give the same scores.

        Shapes: features (n_examples, n_features), labels (n_examples, n_tags) of 0 and 1.
        `groups` (n_examples,) names what inner folds keep together, such as the song of a
        segment; without it each example stands alone.
        Raises: BadConfig for shapes that do not fit, values that are not finite, other labels,
        no example or a negative seed; MissingExtra without scikit-learn, where it is needed.
        """
        values, wanted = _features(features), _labels(labels)
        n_examples = len(values)
        demand(len(wanted) == n_examples, f"{n_examples} features but {len(wanted)} labels")
        demand(n_examples > 0, "there is no example to learn from")
        demand(seed >= 0, f"seed must not be negative, but is {seed}")
        names = _groups(groups, n_examples)
        order = np.lexsort((names, *wanted.T, *values.T))
        order = np.random.default_rng(seed).permutation(order)
        values, wanted = values[order], wanted[order]
        numbers = np.arange(n_examples) if groups is None else names[order]

        mean, scale = _scale(values)
        varying = wanted.min(axis=0) != wanted.max(axis=0)
        scorer = None
        if varying.any():
            scorer = self.learn(
                Training((values - mean) / scale, wanted[:, varying], numbers, seed)
            )
        return Fitted(mean, scale, wanted[0].astype(np.float64), varying, scorer)

    @abstractmethod
    def learn(self, training: Training) -> Scorer:
        """Learn the tags that have both classes; there is at least one, and two examples."""


def make(method: type[Method], config: Mapping[str, Any]) -> Method:
    """Make a method from its class and settings. Raises: BadConfig for an unknown setting."""
    known = [field.name for field in fields(method)]  # type: ignore[arg-type]
    unknown = sorted(set(config) - set(known))
    if unknown:
        raise BadConfig(
            f"baseline {method.__name__} has no setting {', '.join(unknown)}",
            f"known: {', '.join(known) or 'none'}",
        )
    return method(**config)


def demand(condition: bool, message: str) -> None:
    """Refuse what does not hold. Raises: BadConfig."""
    if not condition:
        raise BadConfig(message)


def demand_positive(**settings: float) -> None:
    """Refuse numbers that are not above zero. Raises: BadConfig."""
    for name, value in settings.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        demand(is_number and 0 < value < np.inf, f"{name} must be above 0, not {value!r}")


def demand_count(**settings: int) -> None:
    """Refuse numbers that are not whole or less than one. Raises: BadConfig."""
    for name, value in settings.items():
        demand(
            type(value) is int and value >= 1,
            f"{name} must be a whole number of at least 1, not {value!r}",
        )


def derived_seed(seed: int, *place: int) -> int:
    """Give a seed of its own to each place where a method is random; below 2 ** 32."""
    return int(np.random.SeedSequence([seed, *place]).generate_state(1)[0])


def require_scikit_learn() -> None:
    """Say how to install scikit-learn where it is missing. Raises: MissingExtra."""
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise MissingExtra("no scikit-learn", "run: pip install 'affetto[train]'") from error


def _features(features: npt.ArrayLike) -> Float64Array:
    values = np.asarray(features, dtype=np.float64)
    demand(
        values.ndim == 2 and values.shape[1] > 0,
        f"features must be (n_examples, n_features), not of shape {values.shape}",
    )
    demand(bool(np.isfinite(values).all()), "features hold a value that is not finite")
    return values


def _labels(labels: npt.ArrayLike) -> IntArray:
    wanted = np.asarray(labels)
    demand(
        wanted.ndim == 2 and wanted.shape[1] > 0,
        f"labels must be (n_examples, n_tags), not of shape {wanted.shape}",
    )
    demand(bool(np.isin(wanted, (0, 1)).all()), "labels must be 0 or 1")
    return wanted.astype(np.int64)


def _groups(groups: Groups | None, n_examples: int) -> IntArray:
    """Number the groups in the order of their names."""
    if groups is None:
        return np.zeros(n_examples, dtype=np.int64)
    names = np.asarray(groups)
    demand(names.shape == (n_examples,), f"groups must be ({n_examples},), not {names.shape}")
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _scale(values: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Give mean and deviation of each feature; a constant one is shifted to 0 and left alone."""
    mean, scale = values.mean(axis=0), values.std(axis=0)
    # The rounded mean of a constant can miss it, and the deviation would blow that up.
    constant = values.min(axis=0) == values.max(axis=0)
    return np.where(constant, values[0], mean), np.where(constant, 1.0, scale)
