from __future__ import annotations

from affetto.experiments.comparison import compare
from affetto.experiments.overview import overview
from tests.experiments import cases


def text(**changes: object) -> str:
    experiment = cases.experiment(**changes)
    return overview(experiment, compare(experiment, n_resamples=50))


def test_overview_fits_80_columns_and_names_every_method() -> None:
    lines = text().splitlines()
    assert max(map(len, lines)) <= 80
    for name in ("prior", "all_ones", "forest", "cnn_small", "cnn+forest"):
        assert any(line.startswith(f"{name} ") for line in lines)


def test_overview_says_how_the_network_stands_to_the_best_baseline() -> None:
    assert "cnn minus forest, paired over songs:" in text()


def test_leaky_figures_are_marked_as_such() -> None:
    before, _, after = text().partition("SPLIT BY SEGMENT")
    assert "copy_label" in after
    assert "copy_label" not in before
    assert "too good" in after


def test_quick_look_is_labelled_and_the_protocol_is_not() -> None:
    assert text(is_quick=True).startswith("QUICK LOOK")
    assert "QUICK" not in text()


def test_best_method_stands_first() -> None:
    rows = text().split("macro F1\n")[1].splitlines()
    assert rows[0].startswith("cnn+forest")
