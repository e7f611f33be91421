"""Batches follow from seed and epoch; targets say what a data set knows."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.core import Example, Head, Interval, Spectrogram
from affetto.datasets import load
from affetto.errors import DatasetMissing
from affetto.frontends import build, fingerprint
from affetto.training.config import DataConfig
from affetto.training.data import (
    LESSONS,
    MOMENTS,
    Batch,
    Item,
    Telling,
    batches,
    load_all,
    load_items,
    n_batches,
    targets_of,
    windows_of,
)
from affetto.vocabularies import load as load_vocabulary
from affetto.windows import cut
from tests.tiny_training import TinyTraining

PLANE = Head("plane", "plane")
EMOTIONS = Head("emotions", "tags", load_vocabulary("cal500_emotions"))
GEMS = Head("gems9", "tags", load_vocabulary("gems9"))
N_BINS = 4


def item(number: int, dataset: str = "one", n_frames: int = 30) -> Item:
    """Give an item whose value at (bin, frame) is 100 * number + frame, exact in float16."""
    values = np.tile(100 * number + np.arange(n_frames), (N_BINS, 1)).astype(np.float16)
    example = Example(
        id=f"{dataset}/{number}",
        path=Path("none.wav"),
        group=str(number),
        song=str(number),
        labels=np.zeros(0, np.float32),
    )
    targets = {"plane": np.asarray([number / 10, np.nan], np.float32)}
    return Item(example, dataset, values, targets)


def drawn(
    items: list[Item], data: list[DataConfig], *, batch_size: int = 4, epoch: int = 0, seed: int = 0
) -> list[Batch]:
    return list(batches(items, data, [PLANE], 8, batch_size, seed, epoch))


def test_batches_hold_stretches_of_the_items_with_their_targets() -> None:
    items = [item(number) for number in range(9)]
    for batch in drawn(items, [DataConfig("one")]):
        assert batch.values.shape == (len(batch.values), N_BINS, 8)
        assert batch.values.dtype == np.float32
        numbers = batch.values[:, 0, 0] // 100
        np.testing.assert_array_equal(np.diff(batch.values, axis=2), 1)
        assert (batch.values[:, 0, -1] < 100 * numbers + 30).all()
        np.testing.assert_allclose(batch.targets["plane"][:, 0], numbers / 10, rtol=1e-6)
        assert np.isnan(batch.targets["plane"][:, 1]).all()


def test_a_part_of_a_window_is_drawn_of_that_part_of_the_items_others_in_each_epoch() -> None:
    items = [item(number) for number in range(10)]

    def numbers(epoch: int) -> list[int]:
        data = [DataConfig("one", windows=1.4)]
        found = list(batches(items, data, [PLANE], 8, 4, seed=0, epoch=epoch))
        return sorted(int(v) for batch in found for v in batch.values[:, 0, 0] // 100)

    counts = [np.bincount(numbers(epoch), minlength=10) for epoch in range(30)]
    assert all(sorted(of_epoch) == [1] * 6 + [2] * 4 for of_epoch in counts)
    assert (np.sum(counts, axis=0) > 33).all()  # 42 on the average


def test_batches_draw_each_item_as_often_as_its_data_set_says() -> None:
    items = [item(n, "one") for n in range(3)] + [item(n, "other") for n in range(3, 5)]
    data = [DataConfig("one", windows=2), DataConfig("other", windows=3, weight=0.5)]
    found = drawn(items, data)
    numbers = Counter(int(v // 100) for batch in found for v in batch.values[:, 0, 0])
    assert numbers == {0: 2, 1: 2, 2: 2, 3: 3, 4: 3}
    for batch in found:
        is_other = batch.values[:, 0, 0] >= 300
        np.testing.assert_array_equal(batch.weights, np.where(is_other, 0.5, 1.0))


def test_batches_draw_other_stretches_and_another_order_in_each_epoch() -> None:
    items = [item(number) for number in range(9)]
    first, same, other, reseeded = (
        np.concatenate([b.values for b in drawn(items, [DataConfig("one")], **kind)])
        for kind in ({}, {}, {"epoch": 1}, {"seed": 1})
    )
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, reseeded)
    starts = first[:, 0, 0] % 100
    assert len(set(starts)) > 3


def test_batches_fill_a_window_with_a_short_item_repeated() -> None:
    (batch,) = drawn([item(1, n_frames=3), item(2, n_frames=3)], [DataConfig("one")])
    for window in batch.values:
        np.testing.assert_array_equal(window[0] % 100, [0, 1, 2, 0, 1, 2, 0, 1])


def test_batches_soften_targets_towards_one_half() -> None:
    (batch,) = drawn([item(0), item(10)], [DataConfig("one", smoothing=0.2)])
    order = np.argsort(batch.values[:, 0, 0])
    np.testing.assert_allclose(batch.targets["plane"][order, 0], [0.1, 0.9], rtol=1e-6)


@settings(max_examples=40)
@given(
    n_items=st.integers(0, 20),
    windows=st.one_of(st.integers(1, 3), st.floats(0.1, 3)),
    batch_size=st.integers(2, 9),
)
def test_n_batches_counts_what_batches_give_without_a_last_one_of_one(
    n_items: int, windows: float, batch_size: int
) -> None:
    items = [item(number) for number in range(n_items)]
    data = [DataConfig("one", windows=windows)]
    found = drawn(items, data, batch_size=batch_size)
    assert len(found) == n_batches(items, data, batch_size)
    assert all(2 <= len(batch.values) <= batch_size for batch in found)
    n_drawn = sum(len(batch.values) for batch in found)
    n_wanted = n_items * int(windows) + round(n_items * (windows % 1))
    assert n_wanted - n_drawn in (0, 1)


def test_targets_are_what_a_data_set_knows_of_a_head(tiny: TinyTraining) -> None:
    datasets = tiny.prepared.datasets
    for name, head, is_known in (
        ("cal500", EMOTIONS, True),
        ("cal500", PLANE, False),
        ("cal500", GEMS, False),
        ("4q", PLANE, True),
        ("4q", EMOTIONS, False),
        ("soundtracks", PLANE, True),
        ("soundtracks", EMOTIONS, True),
        ("emotify", GEMS, True),
        ("emotify", EMOTIONS, False),
        ("emotify", PLANE, False),
    ):
        example = datasets[name].examples[0]
        targets = targets_of(datasets[name], example, head)
        assert targets.shape == (head.n_outputs,)
        assert (~np.isnan(targets)).any() == is_known
        known = targets[~np.isnan(targets)]
        assert ((known >= 0) & (known <= 1)).all()


def test_targets_of_music_are_one_for_music_and_zero_for_the_rest(tiny: TinyTraining) -> None:
    head = Head("music", "music")
    music, other = tiny.prepared.datasets["4q"], load("not_music")
    assert targets_of(music, music.examples[0], head) == [1]
    assert targets_of(other, other.examples[0], head) == [0]
    assert np.isnan(targets_of(other, other.examples[0], PLANE)).all()


def test_batches_do_not_soften_whether_it_is_music() -> None:
    head = Head("music", "music")
    made = [replace(item(n), targets={"music": np.ones(1, np.float32)}) for n in range(4)]
    config = DataConfig("one", smoothing=0.2)
    for batch in batches(made, [config], [head], 8, 2, seed=0, epoch=0):
        assert (batch.targets["music"] == 1).all()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("signs", [0.3, 0.7, math.nan, math.nan, 0.0]),
        ("ratings", [0.3, 0.7, 0.3, 0.7, 1.0]),
        ("none", [0.3, 0.7, 0.3, 0.7, math.nan]),
    ],
)
def test_batches_teach_the_part_of_the_plane_that_a_data_set_knows(
    kind: str, expected: list[float]
) -> None:
    plane = np.asarray([0.25, 0.75], np.float32)
    made = [replace(item(n), plane_kind=kind, targets={"plane": plane}) for n in range(4)]
    config = DataConfig("one", smoothing=0.2)
    (batch,) = batches(made, [config], [PLANE], 8, 4, seed=0, epoch=0)
    np.testing.assert_allclose(batch.targets["plane"], [expected] * 4, rtol=1e-6)


def test_batches_bring_what_the_teacher_says_nearest_to_each_window() -> None:
    # Lesson k of item n is (n, k), one each 5 frames; item 3 has not been heard.
    made = [
        replace(item(n), lessons=(np.asarray([(n, k) for k in range(6)], np.float32),))
        for n in range(3)
    ]
    made.append(item(3))
    data = [DataConfig("one", windows=20)]
    for batch in batches(made, data, [PLANE], 8, 16, seed=0, epoch=0, tellings=[Telling(5.0)]):
        numbers, first = np.divmod(batch.values[:, 0, 0], 100)
        lessons = batch.targets[LESSONS]
        known = numbers < 3
        assert np.isnan(lessons[~known]).all()
        np.testing.assert_array_equal(lessons[known, 0], numbers[known])
        assert (np.abs(lessons[known, 1] * 5 - first[known]) <= 2.5).all()


def test_batches_bring_the_means_of_what_is_said_of_the_moments_of_a_window() -> None:
    # Row k of what is said of item n is (n, k): of the frames from 2 k to 2 k + 2. Windows of 8
    # frames have 3 positions; the rows end with frame 12 of 16.
    made = [
        replace(item(n), lessons=(np.asarray([(n, k) for k in range(6)], np.float32),))
        for n in range(3)
    ]
    made.append(item(3))
    data = [DataConfig("one", windows=20)]
    seen = set()
    for batch in batches(made, data, [PLANE], 8, 16, seed=0, epoch=0, tellings=[Telling(2.0, 3)]):
        numbers, first = np.divmod(batch.values[:, 0, 0], 100)
        moments = batch.targets[MOMENTS].reshape(-1, 3, 2)
        assert LESSONS not in batch.targets
        for number, start, told in zip(numbers, first, moments, strict=True):
            if number == 3:
                assert np.isnan(told).all()
                continue
            edges = start + np.linspace(0, 8, 4)
            for position, (begin, end) in enumerate(itertools.pairwise(edges)):
                if end > 12:
                    assert np.isnan(told[position]).all()
                    continue
                frames = np.arange(12)
                overlap = np.minimum(frames + 1, end) - np.maximum(frames, begin)
                mean = np.average(frames // 2, weights=np.maximum(overlap, 0))
                np.testing.assert_allclose(told[position], [number, mean], rtol=1e-5)
            seen.add(int(start))
    assert len(seen) > 4


def test_teachers_of_windows_and_of_moments_are_told_apart() -> None:
    rows = np.arange(6, dtype=np.float32)[:, None]
    made = [replace(item(n), lessons=(rows, 10 * rows, 100 * rows)) for n in range(4)]
    tellings = [Telling(5.0), Telling(2.0, 2), Telling(5.0)]
    (batch,) = batches(made, [DataConfig("one")], [PLANE], 8, 4, seed=0, epoch=0, tellings=tellings)
    first = batch.values[:, 0, 0] % 100
    nearest = np.round(first / 5)
    np.testing.assert_array_equal(batch.targets[LESSONS], np.stack([nearest, 100 * nearest], 1))
    assert batch.targets[MOMENTS].shape == (4, 2)


def test_targets_of_the_plane_run_from_zero_to_one(tiny: TinyTraining) -> None:
    dataset = tiny.prepared.datasets["4q"]
    for example in dataset.examples:
        assert example.valence_arousal is not None
        targets = targets_of(dataset, example, PLANE)
        np.testing.assert_array_equal(targets, example.valence_arousal == 1)


def test_items_are_read_from_the_cache_the_second_time(
    tiny: TinyTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFETTO_CACHE", str(tmp_path / "cache"))
    front_end = build("logmel", {"n_mels": 8})
    dataset = load("emotify", tiny.root)
    seen: list[tuple[str, int, int]] = []
    items = load_items({"emotify": dataset}, [GEMS], front_end, lambda *step: seen.append(step))
    assert seen == [("reading", number, 10) for number in range(1, 11)]

    def refuse(*_: Any) -> Spectrogram:
        raise AssertionError("the sound was read again")

    again = load_items({"emotify": replace(dataset, read=refuse)}, [GEMS], front_end)
    assert list(again) == list(items) == [example.id for example in dataset.examples]
    for id, kept in again.items():
        np.testing.assert_array_equal(kept.values, items[id].values)
    direct = dataset.read(dataset.examples[0], front_end).values
    np.testing.assert_allclose(items[dataset.examples[0].id].values, direct, atol=0.04)


def test_items_of_intervals_are_parts_of_a_recording_that_is_read_once(
    tiny: TinyTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFETTO_CACHE", str(tmp_path / "cache"))
    front_end = build("logmel", {"n_mels": 8})
    songs = load("emotify", tiny.root)
    pieces = [Interval(0.5, 1.5), Interval(1.0, 2.5), Interval(2.0, 9.0)]
    cut_up = replace(
        songs,
        examples=tuple(
            replace(song, id=f"{song.id}/{number}", interval=piece)
            for song in songs.examples[:3]
            for number, piece in enumerate(pieces)
        ),
    )
    asked: list[Example] = []

    def read(example: Example, *arguments: Any) -> Spectrogram:
        asked.append(example)
        return songs.read(example, *arguments)

    items = load_items({"emotify": replace(cut_up, read=read)}, [GEMS], front_end)
    assert [(e.song, e.interval) for e in asked] == [(e.song, None) for e in songs.examples[:3]]
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 3
    whole = load_items({"emotify": songs}, [GEMS], front_end)
    for song in songs.examples[:3]:
        for number, piece in enumerate(pieces):
            kept = whole[song.id].values.astype(np.float32)
            frames = (front_end.sample_rate, front_end.hop_length, fingerprint(front_end))
            part = Spectrogram(kept, *frames).section(piece)
            np.testing.assert_array_equal(items[f"{song.id}/{number}"].values, part.values)


def test_items_of_intervals_have_as_much_around_them_as_is_asked_for(tiny: TinyTraining) -> None:
    front_end = build("bark", {})
    dataset = load("cal500exp", tiny.root)
    dataset = replace(dataset, examples=dataset.examples[:4])
    assert dataset.reader is None
    bare = load_items({"cal500exp": dataset}, [EMOTIONS], front_end)
    wide = load_items({"cal500exp": dataset}, [EMOTIONS], front_end, context_s=3.0)
    n_context = round(3.0 * front_end.sample_rate / front_end.hop_length)
    for example in dataset.examples:
        inner, outer = bare[example.id].values, wide[example.id].values
        found = dataset.read(example, front_end).values.astype(np.float16)
        np.testing.assert_array_equal(inner, found)
        assert abs(outer.shape[1] - inner.shape[1] - 2 * n_context) <= 2
        around = [outer[:, first : first + inner.shape[1]] for first in range(2 * n_context + 3)]
        assert sum(np.array_equal(part, inner) for part in around) == 1
        np.testing.assert_array_equal(bare[example.id].targets["emotions"], example.labels)


def test_windows_of_an_item_are_those_of_prediction(tiny: TinyTraining) -> None:
    config = tiny.config
    front_end = build(config.front_end.name, config.front_end.config)
    kept = next(i for i in tiny.prepared.items.values() if i.dataset == "4q")
    whole = Spectrogram(
        kept.values.astype(np.float32),
        front_end.sample_rate,
        front_end.hop_length,
        fingerprint(front_end),
    )
    window = config.window
    np.testing.assert_array_equal(
        windows_of(kept, front_end, window.duration_s, window.hop_s),
        cut(whole, window.duration_s, window.hop_s).values,
    )


def test_load_all_says_which_data_set_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match="data set emotify needs"):
        load_all([DataConfig("emotify")], tmp_path)
