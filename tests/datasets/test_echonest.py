"""The Echo Nest's analyses, rebuilt as Bark spectrograms in the space of the front end."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from affetto.core import Example, FloatArray, Interval
from affetto.datasets.echonest import (
    GRAIN,
    SAMPLE_RATE,
    Analyses,
    Analysis,
    events_path,
    load_analyses,
    read_echonest,
    rebuild,
)
from affetto.errors import BadConfig, DatasetInvalid, DatasetMissing
from affetto.frontends import build
from affetto.frontends.bark import CHROMA_SPAN, BarkConfig
from affetto.frontends.frames import FLOOR_DB, hamming
from tests import miniature

GRAIN_S = GRAIN / SAMPLE_RATE
FINE = BarkConfig(n_fft=2 * GRAIN, hop_length=GRAIN)
SONG = miniature.SONGS[2]


def basis(mean: Any = 0.0, bases: Any = 0.0) -> tuple[FloatArray, FloatArray]:
    """Give mean and bases as `Analyses` keeps them, of (23, 20) and (23, 20, 11) in dB."""
    mean = np.broadcast_to(mean, (23, 20)).astype(np.float32)
    bases = np.broadcast_to(bases, (23, 20, 11)).astype(np.float32)
    return mean.T.reshape(-1), bases.transpose(2, 1, 0).reshape(11, -1)


def song_of(
    start_s: list[float], duration_s: float, timbre: Any = 0.0, pitches: Any = 1.0
) -> Analysis:
    shape = (len(start_s), 12)
    return Analysis(
        start_s=np.asarray(start_s),
        timbre=np.broadcast_to(timbre, shape).astype(np.float32),
        pitches=np.broadcast_to(pitches, shape).astype(np.float32),
        duration_s=duration_s,
    )


def rebuilt(song: Analysis, config: BarkConfig = FINE, **of_basis: Any) -> FloatArray:
    return rebuild(song, Analyses({}, *basis(**of_basis)), config)


def example_of(root: Path, song: str = SONG, interval: Interval | None = None) -> Example:
    return Example(
        id=f"made-up/{song}",
        path=events_path(root / "cal500"),
        group=song,
        song=song,
        labels=np.zeros(0, np.float32),
        interval=interval,
    )


def inner(values: FloatArray, n_margin: int = 2) -> FloatArray:
    """Give the frames that do not reach beyond the song."""
    return values[:, n_margin:-n_margin]


def test_level_is_the_mean_and_the_first_timbre_value_below_full_scale() -> None:
    mean = np.arange(23.0)[:, None]
    values = rebuilt(song_of([0.0], 1.0, [45, *[0] * 11]), mean=mean)
    np.testing.assert_allclose(inner(values) - (mean + 45 - 60), 0, atol=1e-4)


def test_timbre_weighs_the_bases() -> None:
    bases = np.random.default_rng(0).normal(0, 0.1, (23, 1, 11))
    timbre = np.random.default_rng(1).normal(0, 40, 12)
    values = rebuilt(song_of([0.0], 1.0, timbre), bases=bases)
    expected = timbre[0] + bases[:, 0] @ timbre[1:] - 60
    np.testing.assert_allclose(inner(values)[:, 5], expected, rtol=1e-4)


def test_first_ten_steps_last_a_grain_and_the_others_share_the_rest() -> None:
    start_s, end_s = 100 * GRAIN_S, 140 * GRAIN_S  # ten grains, then ten steps of three
    song = song_of([0.0, start_s, end_s], 1.0, np.outer([0, 60, 0], np.eye(12)[0]))
    values = rebuilt(song, mean=np.arange(20.0) * 10)[0]
    found = values[100:140]
    expected = 10 * np.concatenate([np.arange(10), np.repeat(np.arange(10, 20), 3)])
    # A frame as short as this one shows two grains: the mean of their powers, but for the
    # sample that a periodic window has more in its second half.
    before = np.concatenate([[-40.0], expected[:-1]])
    both = 10 * np.log10((10 ** (before / 10) + 10 ** (expected / 10)) / 2)
    np.testing.assert_allclose(found[1:], both[1:], atol=0.05)


def test_frame_is_the_mean_power_under_its_squared_window() -> None:
    config = BarkConfig(n_fft=1024, hop_length=512)
    loud_from_s = 8 * 512 / SAMPLE_RATE  # the border falls on the center of frame 8
    song = song_of([0.0, loud_from_s], 1.0, np.outer([30, 60], np.eye(12)[0]))
    values = rebuilt(song, config)
    weights = np.square(hamming(1024)).reshape(8, 128).sum(axis=1)
    share = weights[4:].sum() / weights.sum()
    expected = 10 * np.log10((1 - share) * 1e-3 + share)
    np.testing.assert_allclose(values[:, 8], expected, atol=0.01)
    np.testing.assert_allclose(values[:, 3:6], -30, atol=0.01)
    np.testing.assert_allclose(values[:, 11:15], 0, atol=0.01)


@settings(max_examples=40)
@given(
    duration_s=st.floats(0.2, 5),
    hop=st.integers(1, 8),
    n_fft=st.integers(8, 16).map(lambda n: 256 * n),
)
def test_frames_are_one_and_one_more_for_each_hop(duration_s: float, hop: int, n_fft: int) -> None:
    config = BarkConfig(n_fft=n_fft, hop_length=hop * GRAIN, n_chroma=12)
    values = rebuilt(song_of([0.0, 0.1], duration_s, 40.0), config)
    assert values.shape == (35, 1 + int(duration_s * SAMPLE_RATE) // config.hop_length)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()


@given(level_db=st.floats(-20, 20))
def test_level_of_the_events_is_added_to_the_bands_and_not_to_the_chroma(level_db: float) -> None:
    config = BarkConfig(n_chroma=12)
    rng = np.random.default_rng(3)
    timbre, pitches = rng.normal(0, 20, (4, 12)), rng.uniform(0, 1, (4, 12))
    timbre[:, 0] = 40
    louder = timbre + level_db * np.eye(12)[0]
    starts_s = [0.0, 0.3, 0.5, 0.9]
    bases = rng.normal(0, 0.1, (23, 20, 11))
    before, after = (
        inner(rebuilt(song_of(starts_s, 1.5, each, pitches), config, bases=bases))
        for each in (timbre, louder)
    )
    np.testing.assert_allclose(after[:23], before[:23] + level_db, atol=0.01)
    np.testing.assert_array_equal(after[23:], before[23:])


def test_chroma_is_that_of_the_event_with_the_strongest_class_at_1() -> None:
    pitches = np.stack([np.linspace(1, 0, 12), np.linspace(0, 1, 12)])
    song = song_of([0.0, 0.5], 1.0, 40.0, pitches)
    values = inner(rebuilt(song, BarkConfig(n_chroma=12)), 3)
    shares = (values[23:] - FLOOR_DB) / CHROMA_SPAN
    np.testing.assert_allclose(shares[:, 0], pitches[0], atol=1e-5)
    np.testing.assert_allclose(shares[:, -1], pitches[1], atol=1e-5)
    np.testing.assert_allclose(shares.max(axis=0), 1)


def test_read_gives_a_song_or_the_frames_of_an_interval(root: Path) -> None:
    front_end = build("bark", {"n_chroma": 12})
    whole = read_echonest(example_of(root), front_end)
    assert whole.n_frames == 1 + 62 * SAMPLE_RATE // 1024
    interval = Interval(30.0, 36.5)
    part = read_echonest(example_of(root, interval=interval), front_end)
    first = int(np.ceil(30 * SAMPLE_RATE / 1024))
    np.testing.assert_array_equal(part.values, whole.values[:, first:][:, : part.n_frames])
    assert part.start_s == first * 1024 / SAMPLE_RATE
    assert part.start_s + part.n_frames * 1024 / SAMPLE_RATE == pytest.approx(36.5, abs=0.05)


def test_read_refuses_an_interval_beyond_the_song(root: Path) -> None:
    example = example_of(root, interval=Interval(100.0, 103.0))
    with pytest.raises(DatasetInvalid, match=rf"made-up/{SONG} begins at 100 s, where .*npz holds"):
        read_echonest(example, build("bark", {}))


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("logmel", {}),
        ("bark", {"sample_rate": 44_100}),
        ("bark", {"sample_rate": 22_000}),
        ("bark", {"hop_length": 1000}),
        ("bark", {"n_fft": 2048 + 128}),
    ],
)
def test_read_refuses_frames_that_the_analyses_do_not_hold(
    name: str, config: dict[str, Any], root: Path
) -> None:
    with pytest.raises(BadConfig, match="23 Bark bands in steps of 128") as refused:
        read_echonest(example_of(root), build(name, config))
    assert refused.value.hint.startswith("take the front end bark")


def test_analyses_have_the_songs_of_the_index(root: Path) -> None:
    songs = load_analyses(root / "cal500", "made-up").songs
    assert set(songs) == set(miniature.SONGS) - {miniature.SONG_WITHOUT_ANALYSIS}
    assert all(
        len(song.start_s) == len(song.timbre) == len(song.pitches) for song in songs.values()
    )
    assert songs[miniature.SONG_WITH_A_SHORT_ANALYSIS].duration_s == 48


def test_onsets_are_those_within_an_interval() -> None:
    song = song_of([0.0, 1.0, 2.0, 3.0], 4.0)
    assert song.n_onsets(Interval(1.0, 3.0)) == 2
    assert song.n_onsets(Interval(1.1, 1.9)) == 0
    assert song.n_onsets(Interval(5.0, 9.0)) == 0


@pytest.mark.parametrize(
    "name", ["echonest_segments_502.npz", "echonest_index.csv", "ENTimbreTJ.mat"]
)
def test_analyses_need_all_three_files(name: str, copied: Path) -> None:
    (copied / "cal500" / "derived" / name).unlink()
    with pytest.raises(DatasetMissing, match=re.escape(f"data set made-up needs {copied}")):
        load_analyses(copied / "cal500", "made-up")


def test_analyses_are_read_anew_when_a_file_has_changed(copied: Path) -> None:
    base = copied / "cal500"
    load_analyses(base, "made-up")
    index = base / "derived" / "echonest_index.csv"
    index.write_text(index.read_text(encoding="utf-8").replace(SONG, "renamed-song"), "utf-8")
    assert "renamed-song" in load_analyses(base, "made-up").songs


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("song", miniature.SONGS[0], "line 4: 'tin_larks-morning_kettle' is not what was expected"),
        ("row_begin", "-1", "line 4: '-1' is not what was expected (a row of events)"),
        ("row_begin", "2.5", "line 4: '2.5' is not what was expected (a row of events)"),
        ("row_end", "1", "line 4: '1' is not what was expected (one behind row_begin)"),
        ("row_end", "1000000", "line 4: '1000000' is not what was expected"),
        ("duration", "nan", "line 4: 'nan' is not what was expected"),
        ("duration", "1.0", "line 4: '1.0' is not what was expected"),
        (None, "duration", "line 1: the column duration is missing"),
    ],
)
def test_index_that_is_damaged_is_refused_with_file_and_line(
    column: str | None, value: str, message: str, copied: Path
) -> None:
    index = copied / "cal500" / "derived" / "echonest_index.csv"
    lines = [line.split(",", 3) for line in index.read_text(encoding="utf-8").splitlines()]
    lines = [[*line[:3], *line[3].split(",", 1)] for line in lines]
    if column is None:
        lines[0][lines[0].index(value)] = "length"
    else:
        lines[3][lines[0].index(column)] = value
    index.write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
    with pytest.raises(DatasetInvalid, match=re.escape(f"echonest_index.csv, {message}")):
        load_analyses(copied / "cal500", "made-up")


def with_nan(array: Any) -> Any:
    array = array.copy()
    array[5] = np.nan
    return array


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("segments_timbre", with_nan, "segments_timbre must be finite numbers"),
        ("segments_pitches", lambda a: a[:, :11], "segments_pitches must be finite numbers"),
        ("segments_timbre", lambda a: a[:-1], "segments_timbre must be finite numbers"),
        ("segments_start", lambda a: a[::-1], "are not in their order"),
        ("segments_start", None, "cannot be read: 'segments_start"),
    ],
)
def test_events_that_are_damaged_are_refused(
    name: str, change: Callable[[Any], Any] | None, message: str, copied: Path
) -> None:
    path = events_path(copied / "cal500")
    with np.load(path) as archive:
        arrays = dict(archive)
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])
    np.savez(path, **arrays)
    with pytest.raises(DatasetInvalid, match=re.escape(str(path))) as refused:
        load_analyses(copied / "cal500", "made-up")
    assert message in refused.value.message


def test_events_that_are_cut_off_are_refused(copied: Path) -> None:
    path = events_path(copied / "cal500")
    content = path.read_bytes()
    for n_bytes in (0, 10, len(content) // 2):
        path.write_bytes(content[:n_bytes])
        with pytest.raises(DatasetInvalid, match="cannot be read"):
            load_analyses(copied / "cal500", "made-up")


def test_basis_of_another_shape_is_refused(copied: Path) -> None:
    path = copied / "cal500" / "derived" / "ENTimbreTJ.mat"
    savemat(path, {"ENTimbreTJ": {"mean": np.zeros((23, 20)), "bases": np.zeros((23, 20, 12))}})
    with pytest.raises(DatasetInvalid, match=r"no array bases of the shape \(23, 20, 11\)"):
        load_analyses(copied / "cal500", "made-up")
