"""A timeline in the cells of a line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.core import Timeline
from affetto.writers.strips import axis, cell_weights, clock
from tests.writers.songs import TAGS, song


def timeline_of(n_windows: int, hop_s: float, weight: list[float]) -> Timeline:
    start_s = np.arange(n_windows) * hop_s
    scores = np.full((n_windows, len(TAGS)), 0.5)
    return Timeline(TAGS, start_s, start_s + 2 * hop_s, scores, np.resize(weight, n_windows))


@given(
    n_windows=st.integers(1, 40),
    hop_s=st.floats(0.1, 10),
    weight=st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=1, max_size=5),
    n_cells=st.integers(1, 60),
)
def test_shares_of_a_cell_add_up_to_one_or_tell_of_silence(
    n_windows: int, hop_s: float, weight: list[float], n_cells: int
) -> None:
    timeline = timeline_of(n_windows, hop_s, weight)
    shares = cell_weights(timeline, float(timeline.end_s[-1]), n_cells)
    assert shares.shape == (n_cells, n_windows)
    silent = np.isnan(shares).all(axis=1)
    np.testing.assert_allclose(shares[~silent].sum(axis=1), 1)
    assert silent.all() == (not timeline.weight.any())
    assert not shares[:, timeline.weight == 0][~silent].any()


def test_cells_of_a_rising_song_rise() -> None:
    timeline = song().timeline
    cells = cell_weights(timeline, 20.0, 10)[2:] @ timeline.scores[:, 0]
    assert (np.diff(cells) >= 0).all()
    assert cells[-1] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (0.4, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3661, "1:01:01")],
)
def test_clock_reads_as_people_do(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@given(duration_s=st.floats(0.5, 400_000), n_cells=st.integers(8, 60))
def test_axis_fits_its_strip_and_begins_at_zero(duration_s: float, n_cells: int) -> None:
    line = axis(duration_s, n_cells)
    assert line.startswith("0:00")
    assert len(line) <= n_cells
    assert "  " in line or line == "0:00"


def test_axis_puts_a_label_where_its_time_is() -> None:
    line = axis(60.0, 60)
    assert [line.index(label) for label in ("0:00", "0:10", "0:20", "0:50")] == [0, 10, 20, 50]
