"""Features are computed once for each key, and again where what was kept is not whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from affetto import cache
from affetto.core import FloatArray
from affetto.files import cache_home


class Computer:
    """Gives other values each time that it is called, and counts."""

    def __init__(self) -> None:
        self.n_calls = 0

    def __call__(self) -> FloatArray:
        self.n_calls += 1
        return np.full((4, 6), -50.25 - self.n_calls, np.float32)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.mp3"
    path.write_bytes(b"la la la")
    return path


def kept_file() -> Path:
    (path,) = cache_home().rglob("*.npy")
    return path


def test_features_are_computed_once(song: Path) -> None:
    compute = Computer()
    first = cache.features(song, "reader-1", "fingerprint", compute)
    second = cache.features(song, "reader-1", "fingerprint", compute)
    assert compute.n_calls == 1
    assert first.dtype == second.dtype == np.float16
    np.testing.assert_array_equal(first, np.full((4, 6), -51.25))
    np.testing.assert_array_equal(first, second)


def test_features_are_kept_where_the_cache_home_is(song: Path) -> None:
    cache.features(song, "reader-1", "fingerprint", Computer())
    assert kept_file().is_relative_to(cache_home() / "features" / "reader-1-fingerprint")


def test_kept_file_is_read_by_numpy(song: Path) -> None:
    values = cache.features(song, "reader-1", "fingerprint", Computer())
    np.testing.assert_array_equal(np.load(kept_file()), values)


def test_key_changes_with_reader_fingerprint_and_bytes_but_not_with_the_name(song: Path) -> None:
    compute = Computer()
    cache.features(song, "reader-1", "fingerprint", compute)
    cache.features(song, "reader-2", "fingerprint", compute)
    cache.features(song, "reader-1", "another", compute)
    assert compute.n_calls == 3
    renamed = song.rename(song.with_name("other.mp3"))
    cache.features(renamed, "reader-1", "fingerprint", compute)
    assert compute.n_calls == 3
    renamed.write_bytes(b"la la lo")
    cache.features(renamed, "reader-1", "fingerprint", compute)
    assert compute.n_calls == 4


@pytest.mark.parametrize("n_kept", [0, 1, 10, 31, 32, 33, 100, -33, -32, -1])
def test_half_written_file_is_computed_again(n_kept: int, song: Path) -> None:
    compute = Computer()
    cache.features(song, "reader-1", "fingerprint", compute)
    kept_file().write_bytes(kept_file().read_bytes()[:n_kept])
    again = cache.features(song, "reader-1", "fingerprint", compute)
    assert compute.n_calls == 2
    np.testing.assert_array_equal(cache.features(song, "reader-1", "fingerprint", compute), again)
    assert compute.n_calls == 2


def test_file_with_any_damaged_byte_is_computed_again(song: Path) -> None:
    compute = Computer()
    cache.features(song, "reader-1", "fingerprint", compute)
    content = kept_file().read_bytes()
    for place in range(0, len(content), 13):
        damaged = bytearray(content)
        damaged[place] ^= 0x40
        kept_file().write_bytes(damaged)
        n_before = compute.n_calls
        cache.features(song, "reader-1", "fingerprint", compute)
        assert compute.n_calls == n_before + 1, place


def test_failed_computation_keeps_nothing(song: Path) -> None:
    def fail() -> FloatArray:
        raise ValueError("no such luck")

    with pytest.raises(ValueError, match="luck"):
        cache.features(song, "reader-1", "fingerprint", fail)
    assert list(cache_home().rglob("*.npy")) == []
    compute = Computer()
    cache.features(song, "reader-1", "fingerprint", compute)
    assert compute.n_calls == 1
