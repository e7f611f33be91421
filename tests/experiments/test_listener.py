"""One listener against the others: worked cases, fairness, and the real surveys."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from affetto import metrics
from affetto.core import Head, IntArray
from affetto.datasets.surveys import labels_from_surveys
from affetto.evaluation.held_out import HeldOut
from affetto.experiments.folds import folds_of
from affetto.experiments.listener import Ceiling, beside_listener, ceiling, others_labels
from affetto.experiments.outcome import Experiment, Outcome
from affetto.vocabularies import load as load_vocabulary
from tests.experiments.cases import N_SONGS, TAGS, experiment

N_DRAWS = 40


def surveys_of(opinions: np.ndarray, n_listeners: int, noise: float) -> dict[str, IntArray]:  # type: ignore[type-arg]
    """Give ratings of songs: what the song is, (n_songs, n_tags) in [1, 5], and some noise."""
    rng = np.random.default_rng(3)
    found = {}
    for song, opinion in enumerate(opinions):
        ratings = opinion + rng.normal(scale=noise, size=(n_listeners, opinions.shape[1]))
        found[f"song{song:02}"] = np.clip(np.round(ratings), 1, 5).astype(np.int64)
    return found


@pytest.fixture(scope="module")
def opinions() -> np.ndarray:  # type: ignore[type-arg]
    return np.random.default_rng(11).uniform(1, 5.5, size=(N_SONGS, len(TAGS)))


def knowing(opinions: np.ndarray, noise: float) -> Experiment:  # type: ignore[type-arg]
    """Give an experiment whose network says what songs are, up to noise."""
    given = experiment(leaky=())
    rng = np.random.default_rng(0)
    changed = []
    for found in given.outcomes:
        if found.method == "cnn":
            of_examples = opinions.repeat(3, axis=0) / 6
            runs = tuple(
                replace(
                    run,
                    outputs=np.clip(
                        of_examples + rng.normal(scale=noise, size=of_examples.shape), 0, 1
                    ).astype(np.float32),
                )
                for run in found.runs
            )
            found = replace(found, runs=runs)
        changed.append(found)
    return replace(given, outcomes=tuple(changed))


def test_labels_by_the_others_leave_the_listener_out() -> None:
    """Two of three are for it: whoever is left out changes what the others say."""
    ratings = np.asarray([[5], [4], [1]])
    assert others_labels(ratings).tolist() == [[0], [0], [1]]
    assert labels_from_surveys(ratings).tolist() == [0]


def test_listener_is_scored_as_by_the_metric(opinions: np.ndarray) -> None:  # type: ignore[type-arg]
    surveys = surveys_of(opinions, 4, 1.0)
    given = experiment(leaky=())
    found = beside_listener(given, surveys, n_resamples=N_DRAWS)
    assert isinstance(found, Ceiling)
    first = given.outcomes[0].runs[0]
    fold_of = {id.split("/")[1]: fold for id, fold in zip(first.ids, first.folds, strict=True)}
    values = []
    for fold in range(4):
        songs = [song for song in surveys if fold_of[song] == fold]
        targets = np.concatenate([others_labels(surveys[song]) for song in songs])
        ratings = np.concatenate([surveys[song] for song in songs])
        values.append(metrics.macro(metrics.roc_auc(targets, ratings)))
    assert found.listener["macro_auc"].value == pytest.approx(np.mean(values))
    assert found.listener["macro_auc"].low < np.mean(values) < found.listener["macro_auc"].high
    assert (found.n_songs, found.n_rows) == (N_SONGS, 4 * N_SONGS)


def test_method_that_knows_the_song_beats_a_listener(opinions: np.ndarray) -> None:  # type: ignore[type-arg]
    found = beside_listener(
        knowing(opinions, 0.02), surveys_of(opinions, 4, 1.2), n_resamples=N_DRAWS
    )
    assert isinstance(found, Ceiling)
    cnn = next(beside for beside in found.methods if beside.method == "cnn")
    assert cnn.minus_listener["macro_auc"].low > 0
    assert cnn.minus_listener["macro_auc"].value == pytest.approx(
        cnn.figures["macro_auc"].value - found.listener["macro_auc"].value
    )
    # Five levels say less than a number does, but this one still knows more than a listener.
    assert cnn.coarse["macro_auc"].value < cnn.figures["macro_auc"].value
    assert cnn.coarse_minus_listener["macro_auc"].low > 0


def test_method_that_knows_nothing_does_not_beat_a_listener(opinions: np.ndarray) -> None:  # type: ignore[type-arg]
    found = beside_listener(experiment(), surveys_of(opinions, 4, 0.8), n_resamples=N_DRAWS)
    assert isinstance(found, Ceiling)
    prior = next(beside for beside in found.methods if beside.method == "prior")
    assert prior.figures["macro_auc"].value == pytest.approx(0.5)
    assert prior.minus_listener["macro_auc"].high < 0


def test_a_listener_as_a_method_ties_with_the_listener(opinions: np.ndarray) -> None:  # type: ignore[type-arg]
    """All of a song's listeners alike: their mean is each of them, and the difference nothing."""
    one = surveys_of(opinions, 1, 0.7)
    surveys = {song: np.repeat(ratings, 3, axis=0) for song, ratings in one.items()}
    given = experiment(leaky=())
    scores = np.concatenate([np.repeat((one[s] - 1) / 4, 3, axis=0) for s in sorted(one)])
    run = replace(given.outcomes[2].runs[0], outputs=scores.astype(np.float32))
    given = replace(given, outcomes=(Outcome("same", "network", "", (run,), (0,)),))
    found = beside_listener(given, surveys, n_resamples=N_DRAWS)
    assert isinstance(found, Ceiling)
    for minus in (found.methods[0].minus_listener, found.methods[0].coarse_minus_listener):
        figure = minus["macro_auc"]
        assert (figure.value, figure.low, figure.high) == pytest.approx((0, 0, 0), abs=1e-6)


def test_songs_of_few_listeners_are_named_and_left_out(opinions: np.ndarray) -> None:  # type: ignore[type-arg]
    surveys = surveys_of(opinions, 4, 1.0)
    surveys["song03"] = surveys["song03"][:2]
    del surveys["song05"]
    surveys["elsewhere"] = surveys["song00"]
    found = beside_listener(experiment(), surveys, n_resamples=2)
    assert isinstance(found, Ceiling)
    assert found.without == ("song03", "song05")
    assert found.n_songs == N_SONGS - 2


def test_without_listeners_a_sentence_says_so(tmp_path: Path) -> None:
    assert beside_listener(experiment(), {}) == (
        "no song of the experiment was rated by enough listeners"
    )
    of_others = ceiling(experiment(), tmp_path)
    assert of_others == "the surveys rate the tags of cal500_emotions, not those of four"
    emotions = replace(experiment(), vocabulary=load_vocabulary("cal500_emotions"))
    found = ceiling(emotions, tmp_path)
    assert isinstance(found, str)
    assert found.startswith("no listener to compare with")


@pytest.mark.data
def test_one_real_listener_reaches_the_known_yardstick() -> None:
    """About 0.729 over all surveys together; by folds, and for songs of three or more, nearly."""
    from affetto.datasets import load

    root = Path(os.environ["AFFETTO_DATA"])
    data = load("cal500_songs", root)
    targets = np.stack([example.labels for example in data.examples])
    n = len(targets)
    run = HeldOut(
        head=Head("emotions", "tags", data.vocabulary),
        ids=tuple(example.id for example in data.examples),
        groups=tuple(example.group for example in data.examples),
        folds=np.arange(n) % 5,
        targets=targets,
        outputs=targets,
        prior=np.full(targets.shape, 0.25, np.float32),
    )
    given = experiment(
        vocabulary=data.vocabulary,
        outcomes=(Outcome("labels", "network", "the labels themselves", (run,), (0,)),),
        leaky=(),
    )
    found = ceiling(given, root, n_resamples=N_DRAWS)
    assert isinstance(found, Ceiling)
    assert found.n_songs > 480
    assert found.listener["macro_auc"].value == pytest.approx(0.729, abs=0.01)
    assert len(folds_of(run)) == 5
