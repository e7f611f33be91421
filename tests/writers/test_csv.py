"""CSV: columns that stay in place."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from affetto.core import QUADRANTS
from affetto.writers.base import Selection
from affetto.writers.csv_table import CsvWriter
from tests.writers.songs import odd_song, song


def rows_of(selection: Selection) -> list[dict[str, Any]]:
    stream = io.StringIO()
    with CsvWriter(stream, selection) as writer:
        writer.add(song())
        writer.add(odd_song())
    return list(csv.DictReader(io.StringIO(stream.getvalue()), strict=True))


def test_csv_has_a_row_a_song_with_all_tags() -> None:
    first, second = rows_of(Selection())
    assert (first["path"], first["quadrant"], first["sad"]) == ("album/one.mp3", "Q4", "0.3")
    assert second["warnings"].count(" | ") == 1


def test_csv_leaves_the_cells_below_the_top_empty() -> None:
    first, _ = rows_of(Selection(top=2))
    assert [first[tag] for tag in ("happy", "light_playful")] == ["0.6789", "0.45"]
    assert first["sad"] == first["angry"] == ""


def test_csv_takes_tags_of_further_vocabularies_where_a_song_has_them() -> None:
    first, second = rows_of(Selection(tags=("calmness", "sad")))
    assert (first["calmness"], first["sad"]) == ("0.75", "0.3")
    assert (second["calmness"], second["sad"]) == ("", "0.3")


def test_csv_says_how_likely_quadrants_are_where_that_is_known() -> None:
    first, second = rows_of(Selection())
    assert first["quadrant"] == max(QUADRANTS, key=lambda name: float(first[name]))
    assert sum(float(first[name]) for name in QUADRANTS) == pytest.approx(1, abs=2e-3)
    assert [second[name] for name in QUADRANTS] == [""] * 4


def test_csv_with_timeline_has_a_row_a_window() -> None:
    rows = rows_of(Selection(tags=("calmness", "sad"), timeline=True))
    assert len(rows) == 18
    assert [row["start_s"] for row in rows[:3]] == ["0.0", "2.0", "4.0"]
    assert rows[0]["sad"] == "0.9"
    assert rows[0]["arousal"] == "-0.5"
    assert rows[9]["arousal"] == ""  # without a head there is no arousal over time
    assert "calmness" not in rows[0]  # nor are there further vocabularies over time


def test_csv_without_a_song_is_empty() -> None:
    stream = io.StringIO()
    with CsvWriter(stream, Selection()):
        pass
    assert stream.getvalue() == ""
