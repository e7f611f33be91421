"""Tidy tables: a row a value, in CSV and in Parquet."""

from __future__ import annotations

import csv
import io
import sys
from typing import Any

import pytest

from affetto.errors import MissingExtra
from affetto.writers import parquet
from affetto.writers.base import Selection
from affetto.writers.parquet import ParquetWriter
from affetto.writers.tidy import Row, TidyWriter
from tests.writers.songs import odd_song, song

SELECTIONS = [Selection(), Selection(timeline=True), Selection(2, ("sad", "calmness", "happy"))]


def rows_of(selection: Selection) -> list[dict[str, str]]:
    stream = io.StringIO()
    with TidyWriter(stream, selection) as writer:
        writer.add(song())
        writer.add(odd_song())
    return list(csv.DictReader(io.StringIO(stream.getvalue()), strict=True))


def bytes_of(selection: Selection, n_songs: int = 1) -> bytes:
    stream = io.BytesIO()
    with ParquetWriter(stream, selection) as writer:
        for _ in range(n_songs):
            writer.add(song())
            writer.add(odd_song())
    return stream.getvalue()


def table_of(content: bytes) -> Any:
    reader = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    return reader.read_table(io.BytesIO(content))


def test_song_has_a_row_for_each_place_and_tag() -> None:
    rows = rows_of(Selection())
    first = [row for row in rows if row["path"] == "album/one.mp3"]
    assert {(row["start_s"], row["end_s"], row["weight"]) for row in first} == {("0.0", "20.0", "")}
    found = {(row["vocabulary"], row["name"]): (row["value"], row["chosen"]) for row in first}
    assert found["plane", "arousal"] == ("-0.5", "")
    assert found["moods", "light_playful"] == ("0.45", "true")
    assert found["moods", "sad"] == ("0.3", "false")
    assert found["felt", "calmness"] == ("0.75", "")
    assert found["music", "music"] == ("0.9375", "")
    assert found["quadrant", "Q4"] == ("0.4688", "true")
    assert found["quadrant", "Q3"] == ("0.2812", "false")
    assert len(first) == 2 + 4 + 1 + 4 + 2
    odd = [row for row in rows if row["path"] != "album/one.mp3"]
    assert "quadrant" not in {row["vocabulary"] for row in odd}  # its bundle does not say


def test_timeline_has_a_row_for_each_window_and_what_its_tag_reaches_there() -> None:
    rows = [row for row in rows_of(Selection(timeline=True)) if row["name"] == "happy"][:9]
    assert [row["start_s"] for row in rows] == [f"{2.0 * number}" for number in range(9)]
    assert [row["chosen"] for row in rows] == ["false"] * 4 + ["true"] * 5
    assert rows[-1]["weight"] == "0.5"


def test_each_place_has_its_value_once() -> None:
    for selection in SELECTIONS:
        rows = rows_of(selection)
        keys = {(row["path"], row["start_s"], row["vocabulary"], row["name"]) for row in rows}
        assert len(keys) == len(rows)


def test_columns_are_there_without_a_song() -> None:
    stream = io.StringIO()
    with TidyWriter(stream, Selection()):
        pass
    assert stream.getvalue() == ",".join(Row._fields) + "\n"
    table = table_of(bytes_of(Selection(), 0))
    assert (table.column_names, table.num_rows) == (list(Row._fields), 0)


@pytest.mark.parametrize("selection", SELECTIONS)
def test_parquet_holds_the_rows_of_the_tidy_table(selection: Selection) -> None:
    table = table_of(bytes_of(selection))
    shown = [
        {
            name: "" if value is None else str(value).lower() if name == "chosen" else str(value)
            for name, value in row.items()
        }
        for row in table.to_pylist()
    ]
    assert shown == rows_of(selection)
    kinds = dict(zip(table.column_names, map(str, table.schema.types), strict=True))
    assert (kinds["path"], kinds["value"], kinds["chosen"]) == ("string", "double", "bool")


def test_parquet_is_written_in_groups_and_whole_when_closed_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    monkeypatch.setattr(parquet, "GROUP_ROWS", 20)
    stream = io.BytesIO()
    with pytest.raises(KeyboardInterrupt), ParquetWriter(stream, Selection()) as writer:
        for _ in range(5):
            writer.add(song())
        raise KeyboardInterrupt
    found = reader.ParquetFile(io.BytesIO(stream.getvalue()))
    assert (found.num_row_groups, found.metadata.num_rows) == (3, 65)


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra) as caught:
        ParquetWriter(io.BytesIO(), Selection())
    assert "pip install 'affetto[parquet]'" in caught.value.hint
