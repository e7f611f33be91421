"""How far people agree on the labels: one listener held against the others.

The labels of CAL500's songs are what most of a song's few listeners agree on. So a listener can
be scored like a method: his or her ratings, 1 to 5, as scores, against the labels that the
song's OTHER listeners give by the data set's own rule (at least two of them for the emotion, and
these at least 80 % of those for or against it). Each listener of each song is one row, and the
folds are those of the methods, whose scores for a song (the mean of its segments) are held
against exactly the same rows. Then "agrees with the consensus better than a single listener
does" compares like with like, song by song.

Two cautions. A listener has five levels to say it with, so many rows are tied, and ties count
half: beside each method stands what is left of it when its scores are cut to five levels, used
as often as listeners use them. And a method may learn what listeners in general agree on, which
one listener does not see: to beat a listener is not to beat the listeners' taste.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto import metrics
from affetto.core import FloatArray, Head, IntArray
from affetto.datasets.surveys import labels_from_surveys, read_surveys
from affetto.errors import DatasetMissing
from affetto.evaluation.held_out import HeldOut
from affetto.experiments.comparison import (
    COMPARED,
    N_RESAMPLES,
    Measured,
    Progress,
    measured,
)
from affetto.experiments.folds import assignment, folds_of, rows_of, song_of
from affetto.experiments.outcome import Experiment
from affetto.experiments.resampling import DrawnValues, Draws, bounds, drawn_values

VOCABULARY = "cal500_emotions"
N_LEVELS = 5
MIN_OTHERS = 2


@dataclass(frozen=True, slots=True)
class Beside:
    """A method on the listener's rows: `figures` by measure, `minus_listener` their difference
    from the listener's, and both again with its scores cut to the listener's five levels."""

    method: str
    figures: Mapping[str, Measured]
    minus_listener: Mapping[str, Measured]
    coarse: Mapping[str, Measured]
    coarse_minus_listener: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What one listener reaches, and each method on the same rows.

    `listener` by measure; `per_tag` its ROC-AUC (n_tags,); `without` names the experiment's
    songs of which too few listeners are known.
    """

    n_songs: int
    n_rows: int
    listener: Mapping[str, Measured]
    per_tag: npt.NDArray[np.float64]
    methods: tuple[Beside, ...]
    without: tuple[str, ...]


def ceiling(
    experiment: Experiment,
    root: Path,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> Ceiling | str:
    """Hold one listener, and all methods, against the other listeners of the same songs.

    `root` is the folder of the research data. Gives a sentence that says why not where the
    labels are other ones or the surveys are not there. Raises: DatasetInvalid.
    """
    if experiment.vocabulary.name != VOCABULARY:
        return (
            f"the surveys rate the tags of {VOCABULARY}, not those of {experiment.vocabulary.name}"
        )
    try:
        surveys = read_surveys(root / "cal500", experiment.vocabulary)
    except DatasetMissing as error:
        return f"no listener to compare with: {error.message}"
    return beside_listener(
        experiment, surveys, n_resamples=n_resamples, seed=seed, progress=progress
    )


def beside_listener(
    experiment: Experiment,
    surveys: Mapping[str, IntArray],
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> Ceiling | str:
    """As `ceiling`, by surveys (n_listeners, n_tags), 1 to 5, of songs by name."""
    first = experiment.outcomes[0].runs[0]
    songs = sorted({song_of(id) for id in first.ids})
    usable = [s for s in songs if s in surveys and len(surveys[s]) > MIN_OTHERS]
    if not usable:
        return "no song of the experiment was rated by enough listeners"
    rows = _Rows.of(usable, surveys, first.head)
    by_assignment = {assignment(h): h for outcome in experiment.outcomes for h in outcome.runs}
    listeners = [rows.listener(held) for held in by_assignment.values()]
    draws = Draws.of(listeners[0].groups, seed, n_resamples)
    of_listener = drawn_values(listeners, draws)
    listener = _measured(listeners, of_listener)
    found = []
    for number, outcome in enumerate(experiment.outcomes):
        progress(f"{outcome.method} beside a listener", number, len(experiment.outcomes))
        fine = [rows.method(held) for held in outcome.runs]
        coarse = [
            _cut(held, rows.listener(of)) for held, of in zip(fine, outcome.runs, strict=True)
        ]
        figures, minus = _beside(fine, draws, listener, of_listener)
        coarse_figures, coarse_minus = _beside(coarse, draws, listener, of_listener)
        found.append(Beside(outcome.method, figures, minus, coarse_figures, coarse_minus))
    aucs = [metrics.roc_auc(p.targets, p.outputs) for held in listeners for p in folds_of(held)]
    return Ceiling(
        n_songs=len(usable),
        n_rows=len(listeners[0].ids),
        listener=listener,
        per_tag=np.asarray([metrics.macro(column) for column in np.stack(aucs).T]),
        methods=tuple(found),
        without=tuple(sorted(set(songs) - set(usable))),
    )


def others_labels(ratings: IntArray) -> FloatArray:
    """Give, for each listener, the labels by the others: (n_listeners, n_tags) in {0, 1} from
    ratings (n_listeners, n_tags), 1 to 5."""
    return np.stack(
        [labels_from_surveys(np.delete(ratings, row, axis=0)) for row in range(len(ratings))]
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """One row for each listener of each song: `ratings`, `targets` (n_rows, n_tags)."""

    songs: tuple[str, ...]
    ratings: FloatArray
    targets: FloatArray
    head: Head

    @classmethod
    def of(cls, songs: Sequence[str], surveys: Mapping[str, IntArray], head: Head) -> _Rows:
        return cls(
            songs=tuple(song for song in songs for _ in surveys[song]),
            ratings=np.concatenate([surveys[song] for song in songs]).astype(np.float32),
            targets=np.concatenate([others_labels(surveys[song]) for song in songs]),
            head=head,
        )

    def listener(self, held: HeldOut) -> HeldOut:
        """Give the ratings as scores, under the folds and groups that `held` gives the songs."""
        return self._held(held, (self.ratings - 1) / (N_LEVELS - 1))

    def method(self, held: HeldOut) -> HeldOut:
        """Give a method's scores of the songs, each the mean of the song's examples."""
        songs = np.asarray([song_of(id) for id in held.ids])
        names, places, counts = np.unique(songs, return_inverse=True, return_counts=True)
        sums = np.zeros((len(names), held.outputs.shape[1]))
        np.add.at(sums, places, held.outputs)
        means = dict(zip(names.tolist(), sums / counts[:, np.newaxis], strict=True))
        return self._held(held, np.stack([means[song] for song in self.songs]))

    def _held(self, held: HeldOut, scores: npt.NDArray[np.floating]) -> HeldOut:
        first_rows: dict[str, int] = {}
        for row, id in enumerate(held.ids):
            first_rows.setdefault(song_of(id), row)
        found = rows_of(held, np.asarray([first_rows[song] for song in self.songs]))
        return replace(
            found,
            ids=tuple(f"{song}#{row}" for row, song in enumerate(self.songs)),
            targets=self.targets,
            outputs=scores,
            decisions=None,
        )


def _cut(held: HeldOut, listener: HeldOut) -> HeldOut:
    """Cut scores to the listener's levels, each used as often as the fold's listeners use it."""
    outputs = np.empty_like(held.outputs)
    levels = np.arange(N_LEVELS) / (N_LEVELS - 1)
    for fold in np.unique(held.folds):
        rows = held.folds == fold
        for tag in range(outputs.shape[1]):
            used = [(listener.outputs[rows, tag] <= level).mean() for level in levels[:-1]]
            cuts = np.quantile(held.outputs[rows, tag], used)
            outputs[rows, tag] = levels[np.searchsorted(cuts, held.outputs[rows, tag])]
    return replace(held, outputs=outputs)


def _measured(runs: Sequence[HeldOut], drawn: DrawnValues) -> dict[str, Measured]:
    parts = [folds_of(held) for held in runs]
    return {name: measured(name, parts, drawn) for name in COMPARED}


def _beside(
    runs: Sequence[HeldOut],
    draws: Draws,
    listener: Mapping[str, Measured],
    of_listener: DrawnValues,
) -> tuple[dict[str, Measured], dict[str, Measured]]:
    """Give a method's figures, and their paired differences from the listener's."""
    drawn = drawn_values(runs, draws)
    figures = _measured(runs, drawn)
    differences = {
        name: Measured(
            *bounds(
                figures[name].value - listener[name].value,
                drawn.figures[name] - of_listener.figures[name],
            )
        )
        for name in COMPARED
    }
    return figures, differences
