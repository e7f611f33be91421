"""Examples in memory, and batches of windows that depend on seed and epoch alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto import cache
from affetto.core import Dataset, Example, FloatArray, Head, Spectrogram
from affetto.datasets import load as load_dataset
from affetto.datasets.base import section_of
from affetto.frontends import FrontEnd, fingerprint
from affetto.models.plane import KIND, N_LOGITS, RATINGS, SIGNS
from affetto.training.config import DataConfig
from affetto.windows import cut

LESSONS = "lessons"
"""Where a batch's targets hold what a teacher says, beside those of the heads."""
MOMENTS = "moments"
"""The same of what it says of a window's moments, one after another."""
LABEL_CUT = 0.5
"""A target from here on counts as positive where a yes or no is needed."""
Progress = Callable[[str, int, int], None]
"""Called with what is going on, how many are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Item:
    """An example with its spectrogram (n_bins, n_frames) and one target row for each head.

    `plane_kind` is the data set's. `lessons` are what each teacher says of it at even distances,
    (n_positions, n_values).
    """

    example: Example
    dataset: str
    values: npt.NDArray[np.float16]
    targets: dict[str, FloatArray]
    plane_kind: str = "none"
    lessons: tuple[npt.NDArray[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Telling:
    """How a teacher's lessons lie: `frames_apart`; of whole windows, or, if `n_positions` is not
    0, of moments: so many means over equal parts of a window are told."""

    frames_apart: float
    n_positions: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows (batch, n_bins, n_frames), targets by head (batch, n_logits), weights (batch,).

    Where there is a teacher, `LESSONS` are among the targets, (batch, n_values), and `MOMENTS`,
    (batch, n_positions * n_values).
    """

    values: FloatArray
    targets: dict[str, FloatArray]
    weights: FloatArray


def load_all(data: Sequence[DataConfig], root: Path | None) -> dict[str, Dataset]:
    """Load the data sets of a recipe by name. Raises: DatasetMissing, DatasetInvalid."""
    return {config.name: load_dataset(config.name, root) for config in data}


def load_items(
    datasets: dict[str, Dataset],
    heads: Sequence[Head],
    front_end: FrontEnd,
    progress: Progress = lambda *_: None,
    context_s: float = 0.0,
) -> dict[str, Item]:
    """Read every example's spectrogram, from the cache where it is there. Gives items by id.

    Recordings are read and cached whole; an example with an interval gets that part of it, with
    `context_s` of what is around it on both sides.
    """
    items: dict[str, Item] = {}
    n_all = sum(len(dataset.examples) for dataset in datasets.values())
    for dataset in datasets.values():
        recording, whole = None, np.zeros((0, 0), np.float16)
        for example in dataset.examples:
            if recording != (example.path, example.song):  # one song's segments are neighbors
                recording = (example.path, example.song)
                whole = _features(dataset, replace(example, interval=None), front_end)
            items[example.id] = Item(
                example=example,
                dataset=dataset.name,
                plane_kind=dataset.plane_kind,
                values=_part(whole, example, front_end, context_s),
                targets={head.name: targets_of(dataset, example, head) for head in heads},
            )
            progress("reading", len(items), n_all)
    return items


def _features(dataset: Dataset, example: Example, front_end: FrontEnd) -> npt.NDArray[np.float16]:
    if dataset.reader is None:
        return dataset.read(example, front_end).values.astype(np.float16)
    return cache.features(
        example.path,
        dataset.reader,
        fingerprint(front_end),
        lambda: dataset.read(example, front_end).values,
    )


def _part(
    whole: npt.NDArray[np.float16], example: Example, front_end: FrontEnd, context_s: float
) -> npt.NDArray[np.float16]:
    if example.interval is None:
        return whole
    part = section_of(_spectrogram(whole, front_end), example, context_s)
    return part.values.astype(np.float16)  # exact: they were halves


def targets_of(dataset: Dataset, example: Example, head: Head) -> FloatArray:
    """Give the targets in [0, 1] of a head (n_outputs,), NaN where the data set is silent."""
    if head.kind == "plane" and example.valence_arousal is not None:
        return np.asarray((example.valence_arousal + 1) / 2, np.float32)
    if head.kind == "music":
        return np.full(1, dataset.is_music, np.float32)
    if head.kind == "tags" and head.vocabulary == dataset.vocabulary:
        return example.labels
    return np.full(head.n_outputs, np.nan, np.float32)


def batches(
    items: Sequence[Item],
    data: Sequence[DataConfig],
    heads: Sequence[Head],
    n_window: int,
    batch_size: int,
    seed: int,
    epoch: int,
    tellings: Sequence[Telling] = (),
) -> Iterator[Batch]:
    """Give the batches of an epoch: each example as often as its data set's `windows` says,
    each time a stretch of n_window frames drawn anew. A last batch of one window is left out.

    `tellings` are those of the teachers whose lessons the items have.
    """
    rng = np.random.default_rng([seed, epoch])
    settings = {config.name: config for config in data}
    order = rng.permutation(_draws(items, data, rng))
    sizes = next(([of.shape[1] for of in item.lessons] for item in items if item.lessons), [])
    for first in range(0, len(order), batch_size):
        chosen = [items[i] for i in order[first : first + batch_size]]
        if len(chosen) < 2:
            return
        drawn = [_stretch(item.values, n_window, rng) for item in chosen]
        targets = {
            head.name: np.stack(
                [_of_logits(head, item, settings[item.dataset].smoothing) for item in chosen]
            )
            for head in heads
        }
        targets |= _lessons(chosen, [first for _, first in drawn], n_window, tellings, sizes)
        yield Batch(
            values=np.stack([values for values, _ in drawn]),
            targets=targets,
            weights=np.asarray(
                [settings[item.dataset].weight for item in chosen], dtype=np.float32
            ),
        )


def _lessons(
    items: Sequence[Item],
    first_frames: Sequence[int],
    n_window: int,
    tellings: Sequence[Telling],
    n_values: Sequence[int],
) -> dict[str, FloatArray]:
    """Give `LESSONS` and `MOMENTS` of the windows, as `Batch` has them, where there are any."""
    told: dict[str, list[FloatArray]] = {}
    for which, (telling, n) in enumerate(zip(tellings, n_values, strict=True)):
        said = _lessons_at(items, first_frames, n_window, which, telling, n)
        told.setdefault(MOMENTS if telling.n_positions else LESSONS, []).append(said)
    return {
        name: np.concatenate(parts, axis=2).reshape(len(items), -1) for name, parts in told.items()
    }


def _lessons_at(
    items: Sequence[Item],
    first_frames: Sequence[int],
    n_window: int,
    which: int,
    telling: Telling,
    n_values: int,
) -> FloatArray:
    """Give what a teacher, by its place among the lessons, says of each item's window.

    Shape: (n_items, 1, n_values), the lesson nearest to the window's first frame; of moments
    (n_items, n_positions, n_values). NaN where nothing is known.
    """
    n_positions = max(1, telling.n_positions)
    found = np.full((len(items), n_positions, n_values), np.nan, np.float32)
    for rows, item, first in zip(found, items, first_frames, strict=True):
        if not item.lessons:
            continue
        said, place = item.lessons[which], first / telling.frames_apart
        if telling.n_positions:
            rows[:] = _means(said, place, n_window / telling.frames_apart, n_positions)
        else:
            rows[:] = said[min(round(place), len(said) - 1)]
    return found


def _means(said: npt.NDArray[Any], start: float, length: float, n: int) -> FloatArray:
    """Give the means of rows (n_rows, n_values) over n equal parts of a stretch, which may begin
    and end inside a row; NaN for a part that is not within the rows."""
    first = min(int(start), len(said) - 1)
    part = said[first : int(start + length) + 2].astype(np.float32)
    sums = np.concatenate([np.zeros_like(part[:1]), np.cumsum(part, axis=0)])
    edges = start - first + np.linspace(0, length, n + 1)
    whole = np.minimum(edges.astype(int), len(part) - 1)
    share = (edges - whole)[:, None]
    up_to = sums[whole] * (1 - share) + sums[whole + 1] * share
    means = np.diff(up_to, axis=0) * n / length
    means[edges[1:] > len(part)] = np.nan
    return np.asarray(means, np.float32)


def n_batches(items: Sequence[Item], data: Sequence[DataConfig], batch_size: int) -> int:
    """Count the batches that an epoch has."""
    sizes = Counter(item.dataset for item in items)
    n_drawn = 0
    for config in data:
        n_whole, n_more = _times(config, sizes[config.name])
        n_drawn += sizes[config.name] * n_whole + n_more
    full, rest = divmod(n_drawn, batch_size)
    return full + (rest >= 2)


def _times(config: DataConfig, n_items: int) -> tuple[int, int]:
    """Say how often an epoch draws each item of a data set, and how many once more."""
    n_whole, rest = divmod(config.windows, 1)
    return int(n_whole), round(rest * n_items)


def _draws(
    items: Sequence[Item], data: Sequence[DataConfig], rng: np.random.Generator
) -> list[int]:
    """Give the places of the items that an epoch draws, in order; as many in each epoch."""
    found: list[int] = []
    for config in data:
        places = [i for i, item in enumerate(items) if item.dataset == config.name]
        n_whole, n_more = _times(config, len(places))
        found += places * n_whole
        if n_more:
            found += rng.choice(places, n_more, replace=False).tolist()
    return sorted(found)


def windows_of(item: Item, front_end: FrontEnd, duration_s: float, hop_s: float) -> FloatArray:
    """Cut an item as prediction does. Shape: (n_windows, n_bins, n_window_frames)."""
    return cut(_spectrogram(item.values, front_end), duration_s, hop_s).values


def _spectrogram(values: npt.NDArray[np.float16], front_end: FrontEnd) -> Spectrogram:
    return Spectrogram(
        values=values.astype(np.float32),
        sample_rate=front_end.sample_rate,
        hop_length=front_end.hop_length,
        fingerprint=fingerprint(front_end),
    )


def _stretch(
    values: npt.NDArray[np.float16], n_window: int, rng: np.random.Generator
) -> tuple[FloatArray, int]:
    """Draw n_window frames; give them and which is the first."""
    n_frames = values.shape[1]
    if n_frames < n_window:
        values = np.tile(values, (1, -(-n_window // n_frames)))
        n_frames = n_window
    first = int(rng.integers(0, n_frames - n_window + 1))
    return values[:, first : first + n_window].astype(np.float32), first


def _of_logits(head: Head, item: Item, smoothing: float) -> FloatArray:
    """Give what each logit of a head is taught by an item, (n_logits,)."""
    targets = item.targets[head.name]
    if head.kind == "music":
        return targets
    soft = np.asarray(targets * (1 - smoothing) + smoothing / 2, np.float32)
    if head.kind != "plane":
        return soft
    found = np.full(N_LOGITS, np.nan, np.float32)
    found[SIGNS] = soft  # of ratings too, so that a wrong gate does little harm
    if item.plane_kind != "signs":  # a sign says nothing of how far, and would spoil the scale
        found[RATINGS] = soft
    if item.plane_kind != "none":
        found[KIND] = item.plane_kind == "ratings"
    return found
