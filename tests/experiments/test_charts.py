"""Charts show what the experiment found; their looks are for people to judge."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from affetto.errors import MissingExtra
from affetto.experiments import charts
from affetto.experiments.comparison import Comparison, compare
from affetto.experiments.outcome import Experiment
from affetto.experiments.sections import CAPTIONS
from tests.experiments.cases import BASE_RATES, TAGS, experiment, held_out, outcome


@pytest.fixture(scope="module")
def given() -> Experiment:
    learning = {"cnn": {n: (held_out(n / 30, n),) for n in (10, 20, 30)}}
    return experiment(learning=learning)


@pytest.fixture(scope="module")
def compared(given: Experiment) -> Comparison:
    return compare(given, n_resamples=30)


@pytest.fixture(scope="module")
def drawn(given: Experiment, compared: Comparison) -> dict[str, str]:
    return charts.draw_all(given, compared)


def test_every_chart_is_drawn_as_svg_and_has_a_caption(drawn: dict[str, str]) -> None:
    assert list(drawn) == list(CAPTIONS)
    for text in drawn.values():
        assert ElementTree.fromstring(text.encode()).tag.endswith("svg")


def test_charts_are_the_same_each_time(
    given: Experiment, compared: Comparison, drawn: dict[str, str]
) -> None:
    figure = charts.tags(given, compared)
    assert figure is not None
    assert charts.svg(figure) == drawn["tags"]


def test_forest_plot_has_the_best_method_on_top(compared: Comparison) -> None:
    panel = charts.methods(compared).axes[0]
    labels = [label.get_text() for label in panel.get_yticklabels()]
    assert labels[-1] == "cnn+forest"
    assert len(labels) == len(compared.methods)


def test_tags_are_in_the_order_of_their_frequency(given: Experiment, compared: Comparison) -> None:
    figure = charts.tags(given, compared)
    assert figure is not None
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[-1].startswith(f"Happy  {max(BASE_RATES):.0%}")


def test_without_a_network_only_what_needs_none_is_drawn() -> None:
    given = experiment(
        outcomes=(outcome("forest", "baseline", 0.5), outcome("mlknn", "baseline", 0.3)),
        leaky=(),
    )
    drawn = charts.draw_all(given, compare(given, n_resamples=5))
    assert "confusion" not in drawn
    assert "learning" not in drawn
    assert {"methods", "ranks", "tags", "curves"} <= drawn.keys()


def test_one_method_alone_can_be_drawn() -> None:
    given = experiment(outcomes=(outcome("cnn", "network", 1.0),), leaky=())
    assert "ranks" not in charts.draw_all(given, compare(given, n_resamples=5))


def test_names_that_matplotlib_would_take_for_mathematics_are_drawn() -> None:
    given = experiment(
        outcomes=(outcome("a$b$ & <c>_{x}", "network", 1.0), outcome("$", "baseline", 0.5)),
        leaky=(),
    )
    assert charts.draw_all(given, compare(given, n_resamples=5))


def test_precision_falls_from_one_to_the_share_for_a_perfect_and_for_no_system() -> None:
    perfect = held_out(50.0, 1)
    assert np.nanmin(charts.precision_curves([perfect])) == pytest.approx(1.0)
    curves = charts.precision_curves([held_out(0.0, 1)])
    assert curves.shape == (len(TAGS), 51)
    assert (np.diff(curves, axis=1) <= 1e-9).all()
    assert np.allclose(curves[:, -1], BASE_RATES, atol=0.08)


def test_co_occurrence_and_mistakes_are_shares_of_the_rows_examples() -> None:
    held = held_out(0.5, 2)
    is_true, chosen = held.targets == 1, held.decisions
    assert chosen is not None
    together = charts.co_occurrence(held)
    assert together[0, 1] == pytest.approx(
        (is_true[:, 0] & is_true[:, 1]).sum() / is_true[:, 0].sum()
    )
    rows = is_true[:, 0] & ~is_true[:, 1]
    assert charts.mistakes(held)[0, 1] == pytest.approx(chosen[rows, 1].mean())
    assert np.isnan(np.diagonal(together)).all()


def test_without_matplotlib_the_extra_is_named(
    compared: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"affetto\[plot\]"):
        charts.methods(compared)
