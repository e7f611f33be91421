"""The training on whole songs: it learns, repeats itself, and does not need what is unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from affetto.errors import BadConfig
from affetto.metrics import roc_auc
from affetto.models.song_cnn import SongCnnConfig
from affetto.training.config import OptimizerConfig
from affetto.training.songs import Song, SongConfig, SongHead, score, train

N_BINS = 6
CONFIG = SongConfig(
    network=SongCnnConfig(channels=(8, 12), n_dims=16, n_averaged=2, dropout=0.2),
    optimizer=OptimizerConfig(epochs=12, batch_size=4, learning_rate=1e-2, average_decay=0.9),
    crop=200,
    around=20,
    max_mask=20,
    max_band_mask=2,
)
HEADS = (SongHead("labels", 2), SongHead("more", 1, 0.5))


def song(number: int) -> Song:
    """Noise with four parts; the first label says that a part is loud, the second that it beats."""
    rng = np.random.default_rng(number)
    values = rng.normal(-40, 3, (N_BINS, 240))
    spans = np.asarray([[0, 50], [60, 110], [120, 170], [180, 230]], np.float32)
    labels = rng.integers(0, 2, (4, 2)).astype(np.float32)
    for (first, end), (is_loud, beats) in zip(spans.astype(int), labels, strict=True):
        values[:, first:end] += 6 * is_loud
        values[:, first:end:4] += 12 * beats
    more = np.where(rng.random((4, 1)) < 0.5, np.nan, labels[:, :1]).astype(np.float32)
    return Song(f"song{number}", values.astype(np.float16), spans, {"labels": labels, "more": more})


SONGS = [song(number) for number in range(24)]
UNSEEN = [song(100 + number) for number in range(12)]


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    return np.concatenate(score(train(CONFIG, SONGS, HEADS, 0), UNSEEN, "labels"))


def test_network_learns_what_parts_of_songs_are_labelled_for(scores: np.ndarray) -> None:
    labels = np.concatenate([song.targets["labels"] for song in UNSEEN])
    assert (roc_auc(labels, scores) > 0.85).all()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_same_songs_and_seed_give_the_same_bits(scores: np.ndarray) -> None:
    again = np.concatenate(score(train(CONFIG, SONGS, HEADS, 0), UNSEEN, "labels"))
    assert (again == scores).all()
    other = np.concatenate(score(train(CONFIG, SONGS, HEADS, 1), UNSEEN, "labels"))
    assert not (other == scores).all()


def test_song_is_scored_alike_alone_and_without_labels(scores: np.ndarray) -> None:
    scorer = train(replace(CONFIG, optimizer=replace(CONFIG.optimizer, epochs=1)), SONGS, HEADS, 0)
    together = score(scorer, UNSEEN, "labels")[3]
    alone = score(scorer, [replace(UNSEEN[3], targets={})], "labels")[0]
    assert (together == alone).all()


def test_head_without_any_known_label_changes_nothing_but_its_own_draws() -> None:
    unknown = [
        replace(song, targets={**song.targets, "more": np.full((4, 1), np.nan, np.float32)})
        for song in SONGS
    ]
    scorer = train(CONFIG, unknown, HEADS, 0)
    assert all(torch.isfinite(p).all() for p in scorer.parameters())


def test_songs_shorter_than_a_crop_and_parts_at_their_ends_are_trained_on() -> None:
    short = [
        replace(
            song, values=song.values[:, :80], spans=np.asarray([[0, 60], [70, 90]] * 2, np.float32)
        )
        for song in SONGS
    ]
    scorer = train(CONFIG, short, HEADS, 0)
    assert np.isfinite(np.concatenate(score(scorer, short, "labels"))).all()


@pytest.mark.parametrize("songs", [[], [replace(SONGS[0], spans=np.zeros((0, 2), np.float32))]])
def test_training_without_parts_is_refused(songs: list[Song]) -> None:
    with pytest.raises(BadConfig, match="labelled part"):
        train(CONFIG, songs, HEADS, 0)


def test_settings_that_hold_no_stretch_are_refused() -> None:
    with pytest.raises(BadConfig, match="crop"):
        SongConfig(crop=4)
    with pytest.raises(BadConfig, match="masks"):
        SongConfig(n_masks=-1)
