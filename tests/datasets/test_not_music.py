"""Made sounds that are no music: repeatable, of all levels, and told apart by more than those."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from affetto.core import Dataset
from affetto.datasets import load
from affetto.datasets.not_music import FAMILIES, N_CLIPS, made
from affetto.datasets.sounds import N_SAMPLES
from affetto.datasets.splits import N_FOLDS


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load("not_music", Path("no", "such", "folder"))


def test_made_sounds_need_no_data_folder_and_are_no_music(dataset: Dataset) -> None:
    assert not dataset.is_music
    assert len(dataset.examples) == len(FAMILIES) * N_CLIPS


def test_a_family_is_a_group_and_every_fold_holds_some_voices(dataset: Dataset) -> None:
    assert {example.group for example in dataset.examples} == set(dataset.folds)
    assert len(dataset.folds) == len(FAMILIES)
    voiced = ("voice", "dialogue", "babble", "child", "shouting", "whisper")
    speaking = {
        fold for group, fold in dataset.folds.items() if any(word in group for word in voiced)
    }
    assert speaking == set(range(N_FOLDS))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_made_sound_is_ten_seconds_that_are_neither_empty_nor_clipped(family: str) -> None:
    samples = made(family, 0)
    assert samples.shape == (N_SAMPLES,)
    assert np.isfinite(samples).all()
    assert 10 ** (-50.1 / 20) < np.abs(samples).max() < 10 ** (-2.9 / 20)
    assert samples.std() > 0


@pytest.mark.parametrize("family", ["dialogue", "engine", "beeps"])
def test_a_clip_is_the_same_whenever_it_is_made_and_unlike_the_next(family: str) -> None:
    np.testing.assert_array_equal(made(family, 1), made(family, 1))
    assert np.abs(np.corrcoef(made(family, 1), made(family, 2))[0, 1]) < 0.9


def test_levels_lie_all_over_the_range_so_that_they_teach_nothing() -> None:
    peaks_db = [20 * np.log10(np.abs(made("ticks", n)).max()) for n in range(N_CLIPS)]
    assert max(peaks_db) - min(peaks_db) > 15


def test_a_voice_moves_between_sounding_and_silent_as_syllables_do() -> None:
    """Speech swings some 3 to 8 times a second, which steady noise does not."""

    def swing(family: str) -> float:
        power = made(family, 0)[: N_SAMPLES // 441 * 441].reshape(-1, 441).std(axis=1)
        spectrum = np.abs(np.fft.rfft(power - power.mean())) ** 2
        rates_hz = np.fft.rfftfreq(len(power), 0.02)
        loud = power.mean() ** 2 * len(power) ** 2
        return float(spectrum[(rates_hz > 1.5) & (rates_hz < 9)].sum() / loud)

    assert swing("low voice") > 20 * swing("steady noise")
