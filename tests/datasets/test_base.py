"""Tables are read with file and line, or refused with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.datasets import data_root, load
from affetto.datasets.base import number, parse, rows
from affetto.errors import DatasetInvalid, DatasetMissing, UnknownName

TABLE = Path("labels.csv")


def test_rows_gives_the_lines_on_which_rows_end(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text('a,b\n1,2\n"two\nlines",3\n4,5\n', encoding="utf-8")
    assert list(rows(table, ("a", "b"))) == [
        (2, {"a": "1", "b": "2"}),
        (4, {"a": "two\nlines", "b": "3"}),
        (5, {"a": "4", "b": "5"}),
    ]


def test_rows_names_all_columns_that_are_missing(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DatasetInvalid, match=r"t\.csv, line 1: the column c, d is missing"):
        list(rows(table, ("d", "a", "c")))


def test_rows_of_an_empty_file_lack_their_columns(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.touch()
    with pytest.raises(DatasetInvalid, match="line 1: the column a is missing"):
        list(rows(table, ("a",)))


@pytest.mark.parametrize("row", ["1", "1,2,3"])
def test_rows_refuses_a_row_that_is_too_short_or_too_long(row: str, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"a,b\n1,2\n{row}\n", encoding="utf-8")
    with pytest.raises(DatasetInvalid, match=r"t\.csv, line 3: the row has not one value"):
        list(rows(table, ("a", "b")))


def test_rows_refuses_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(b"a,b\n1,\xff\n")
    with pytest.raises(DatasetInvalid, match=r"t\.csv cannot be read: .*utf-8"):
        list(rows(table, ("a", "b")))


def test_rows_refuses_a_cell_longer_than_csv_takes(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"a,b\n1,{'x' * 200_000}\n", encoding="utf-8")
    with pytest.raises(DatasetInvalid, match=r"t\.csv, line 2: field larger"):
        list(rows(table, ("a", "b")))


@given(st.floats(min_value=-3, max_value=8, allow_nan=False))
def test_number_reads_back_what_was_written(value: float) -> None:
    assert number(repr(value), TABLE, 2, -3, 8) == value


@pytest.mark.parametrize("text", ["", "nan", "inf", "-inf", "8.01", "-3.5", "four", "1,5"])
def test_number_refuses_what_is_no_number_within_its_limits(text: str) -> None:
    with pytest.raises(DatasetInvalid) as refused:
        number(text, TABLE, 7, -3, 8)
    assert str(refused.value) == (
        f"labels.csv, line 7: {text!r} is not what was expected (-3 to 8); "
        "correct or remove the row"
    )


def test_parse_takes_any_kind_that_is_valid() -> None:
    assert parse(int, "4", TABLE, 2, lambda value: value < 5, "a fold") == 4
    with pytest.raises(DatasetInvalid, match=r"line 2: '4\.0' is not what was expected"):
        parse(int, "4.0", TABLE, 2, lambda value: value < 5, "a fold")


def test_data_root_is_given_or_from_the_environment_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DatasetMissing, match="there is no data folder") as refused:
        data_root()
    assert "AFFETTO_DATA" in refused.value.hint
    monkeypatch.setenv("AFFETTO_DATA", str(tmp_path))
    assert data_root() == tmp_path
    (tmp_path / "other").mkdir()
    assert data_root(tmp_path / "other") == tmp_path / "other"
    with pytest.raises(DatasetMissing, match="nowhere"):
        data_root(tmp_path / "nowhere")


def test_load_offers_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean cal500"):
        load("cal50", tmp_path)
