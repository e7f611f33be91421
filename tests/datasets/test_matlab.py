"""MATLAB files, as SciPy writes them, give their numbers back; others are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.io import savemat

from affetto.datasets.matlab import read_arrays
from affetto.errors import DatasetInvalid

KINDS = st.sampled_from(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4"])
SHAPES = st.lists(st.integers(1, 4), min_size=2, max_size=3).map(tuple)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matlab") / "made-up.mat"


def some(kind: str, shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return arrays(kind, shape)


@settings(max_examples=40)
@given(
    array=st.tuples(KINDS, SHAPES).flatmap(lambda drawn: some(*drawn)),
    is_compressed=st.booleans(),
    name=st.sampled_from(["a", "four", "fifth", "a_name_of_some_length"]),
)
def test_arrays_come_back_as_they_were_written(
    array: Any, is_compressed: bool, name: str, path: Path
) -> None:
    savemat(path, {name: array}, do_compression=is_compressed)
    found = read_arrays(path)
    assert list(found) == [name]
    np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("is_compressed", [True, False])
def test_fields_of_a_struct_come_back_by_their_names(is_compressed: bool, path: Path) -> None:
    mean, bases = np.arange(6.0).reshape(2, 3), np.arange(24.0).reshape(2, 3, 4) / 7
    contents = {"basis": {"mean": mean, "bases": bases}, "count": np.array([[5.0]]), "text": "hi"}
    savemat(path, contents, do_compression=is_compressed)
    found = read_arrays(path)
    assert sorted(found) == ["bases", "count", "mean"]
    np.testing.assert_array_equal(found["mean"], mean)
    np.testing.assert_array_equal(found["bases"], bases)


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "basis.mat"
    with pytest.raises(DatasetInvalid, match="cannot be read"):
        read_arrays(path)
    for content in (b"", b"text " * 100):
        path.write_bytes(content)
        with pytest.raises(DatasetInvalid, match=r"basis\.mat cannot be read: not a MATLAB file"):
            read_arrays(path)


@pytest.mark.parametrize("is_compressed", [True, False])
def test_file_that_is_cut_off_or_garbled_is_refused_or_read(
    is_compressed: bool, tmp_path: Path
) -> None:
    path = tmp_path / "basis.mat"
    basis = {"mean": np.eye(3), "bases": np.eye(4)}
    savemat(path, {"basis": basis}, do_compression=is_compressed)
    content = path.read_bytes()
    for length in range(129, len(content), 11):
        path.write_bytes(content[:length])
        with pytest.raises(DatasetInvalid, match="cannot be read"):
            read_arrays(path)
    rng = np.random.default_rng(0)
    for _ in range(150):  # whatever the bytes say: numbers or one sentence
        damaged = bytearray(content)
        for at in rng.integers(128, len(content), 3):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_arrays(path)
        except DatasetInvalid as refused:
            assert "cannot be read" in refused.message
