"""What a data set's labels are like: how many, how often, which together.

Source of the measures of a whole set: G. Tsoumakas, I. Katakis, I. Vlahavas, "Mining multi-label
data", in Data Mining and Knowledge Discovery Handbook, 2010. Labels that are shares count by
their value; unknown ones do not count at all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.core import Dataset, IntArray, quadrant_of

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of a data set. Of the tags, in the vocabulary's order, (n_tags,) or (n_tags, n_tags):

    - `n_known`: examples that say whether they have the tag; `n_positive`: the sum of its labels;
    - `co_occurrence`: the sum over examples of the product of two tags' labels;
    - `correlation`: of two tags' labels, over the examples that know both, NaN where one is
      constant.

    `cardinality` is the number of tags that an example has on average, `density` the share of
    the tags known of it; `n_label_sets` counts the different combinations. `quadrants` counts
    the examples with valence and arousal by quadrant.
    """

    n_examples: int
    n_songs: int
    n_groups: int
    n_known: IntArray
    n_positive: Float64Array
    co_occurrence: Float64Array
    correlation: Float64Array
    cardinality: float
    density: float
    n_label_sets: int
    quadrants: dict[str, int]

    @property
    def frequency(self) -> Float64Array:
        """The mean label of each tag (n_tags,), NaN where none is known."""
        return _ratio(self.n_positive, self.n_known)


def statistics(dataset: Dataset) -> Statistics:
    """Count what is in a data set; see `Statistics`."""
    examples = dataset.examples
    labels = np.zeros((len(examples), len(dataset.vocabulary)))
    for row, example in enumerate(examples):
        labels[row] = example.labels
    is_known = ~np.isnan(labels)
    values = np.where(is_known, labels, 0.0)
    n_cells = int(is_known.sum())
    return Statistics(
        n_examples=len(examples),
        n_songs=len({example.song for example in examples}),
        n_groups=len({example.group for example in examples}),
        n_known=is_known.sum(axis=0),
        n_positive=values.sum(axis=0),
        co_occurrence=values.T @ values,
        correlation=_correlation(values, is_known),
        cardinality=float(values.sum() / len(examples)) if n_cells else float("nan"),
        density=float(values.sum() / n_cells) if n_cells else float("nan"),
        n_label_sets=len({row.tobytes() for row in labels}) if n_cells else 0,
        quadrants=_quadrants(dataset),
    )


def _quadrants(dataset: Dataset) -> dict[str, int]:
    planes = [e.valence_arousal for e in dataset.examples if e.valence_arousal is not None]
    known = [plane for plane in planes if not np.isnan(plane).any()]
    return dict(sorted(Counter(quadrant_of(*plane) for plane in known).items()))


def _correlation(values: Float64Array, is_known: npt.NDArray[np.bool_]) -> Float64Array:
    known = is_known.astype(np.float64)
    n_both = known.T @ known
    mean, mean_square = _ratio(values.T @ known, n_both), _ratio((values**2).T @ known, n_both)
    deviation = np.sqrt(np.maximum(mean_square - mean**2, 0))
    deviation[deviation < 1e-9] = 0  # what rounding leaves of a constant
    return _ratio(_ratio(values.T @ values, n_both) - mean * mean.T, deviation * deviation.T)


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> Float64Array:
    found = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=found, where=below != 0)
    return found
