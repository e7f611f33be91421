"""Figures are those of the metrics, differences are the known ones, and so are the choices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from affetto import metrics
from affetto.errors import BadConfig
from affetto.evaluation import measures
from affetto.experiments.comparison import DECIDED, MEASURES, Comparison, compare
from affetto.experiments.outcome import Outcome
from tests.experiments.cases import TAGS, experiment, held_out, outcome

N_DRAWS = 60


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return compare(experiment(), n_resamples=N_DRAWS)


def test_headline_figures_are_those_of_evaluation() -> None:
    """`affetto evaluate` and an experiment say the same of the same scores."""
    runs = experiment().outcomes[4].runs
    found = compare(experiment(), n_resamples=N_DRAWS).method("cnn").figures
    everything = np.arange(len(runs[0].ids))
    for name, (statistic, _) in measures.MEASURES["tags"].items():
        if name == "macro_ece":  # of all folds together there, a fold at a time here
            continue
        expected = measures._over_seeds(statistic, runs, everything)
        assert found[name].value == pytest.approx(expected)


def test_every_measure_is_the_mean_over_folds_of_the_metric(compared: Comparison) -> None:
    held = experiment().outcomes[2].runs[0]
    parts = [held.folds == fold for fold in range(4)]
    expected = {
        "lrap": [metrics.label_ranking_average_precision(held.targets[p], held.outputs[p])
                 for p in parts],
        "hamming_loss": [metrics.hamming_loss(held.targets[p], held.decisions[p]) for p in parts],
        "example_f1": [metrics.example_f1(held.targets[p], held.decisions[p]) for p in parts],
        "ece": [
            metrics.macro(metrics.expected_calibration_error(held.targets[p], held.outputs[p]))
            for p in parts
        ],
    }  # fmt: skip
    found = compared.method("logistic").figures
    assert set(found) == set(MEASURES)
    for name, values in expected.items():
        assert found[name].value == pytest.approx(np.mean(values))


def test_interval_holds_the_figure_and_runs_have_a_deviation(compared: Comparison) -> None:
    figure = compared.method("cnn").figures["macro_auc"]
    assert figure.low < figure.value < figure.high
    assert 0 < figure.deviation < 0.05
    assert np.isnan(compared.method("logistic").figures["macro_auc"].deviation)
    assert np.isnan(compared.method("cnn").figures["coverage"].low)


def test_best_are_found_in_their_families(compared: Comparison) -> None:
    assert compared.best_network == "cnn"
    assert compared.best_both == "cnn+forest"
    assert compared.best_baseline == "forest"


def test_a_known_difference_is_found_beyond_doubt(compared: Comparison) -> None:
    found = compared.difference("cnn", "forest", "macro_auc")
    ours, theirs = compared.method("cnn").figures, compared.method("forest").figures
    assert found.value == pytest.approx(ours["macro_auc"].value - theirs["macro_auc"].value)
    assert found.excludes_zero
    assert found.low > 0
    assert found.n_folds == 4
    assert found.p_folds == pytest.approx(2 / 2**4)
    assert found.p_folds_holm >= found.p_folds


def test_difference_of_a_method_and_itself_is_zero() -> None:
    forest = outcome("forest", "baseline", 0.6)
    same = replace(forest, method="same", family="network")
    found = compare(experiment(outcomes=(forest, same), leaky=()), n_resamples=N_DRAWS)
    difference = found.difference("same", "forest", "macro_ap")
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)
    assert not difference.excludes_zero
    assert difference.p_folds == difference.p_tags == 1.0


def test_paired_interval_is_narrower_than_that_of_independent_methods(
    compared: Comparison,
) -> None:
    """The same scores with a little noise: each interval is wide, their difference is not."""
    held = held_out(0.6, 5)
    noise = np.random.default_rng(0).normal(scale=0.01, size=held.outputs.shape)
    close = replace(held, outputs=(held.outputs + noise).astype(np.float32))
    outcomes = (
        Outcome("forest", "baseline", "", (held,), (0,)),
        Outcome("cnn", "network", "", (close,), (0,)),
    )
    found = compare(experiment(outcomes=outcomes, leaky=()), n_resamples=N_DRAWS)
    difference = found.difference("cnn", "forest", "macro_auc")
    own = found.method("cnn").figures["macro_auc"]
    assert difference.high - difference.low < (own.high - own.low) / 3


def test_pairs_are_all_networks_with_all_baselines(compared: Comparison) -> None:
    pairs = {(found.challenger, found.base) for found in compared.differences}
    assert pairs == {
        (challenger, base)
        for challenger in ("cnn", "cnn_small", "cnn+forest")
        for base in ("logistic", "forest")
    }


def test_repetitions_pair_fold_by_fold_and_seeds_are_averaged() -> None:
    cnn = outcome("cnn", "network", 1.0, seeds=(0, 1))
    again = outcome("cnn", "network", 1.0, seeds=(2, 3), shift=1)
    forest = outcome("forest", "baseline", 0.5)
    forest_again = outcome("forest", "baseline", 0.5, seeds=(1,), shift=1)
    outcomes = (
        replace(cnn, runs=cnn.runs + again.runs, seeds=(0, 1, 2, 3)),
        replace(forest, runs=forest.runs + forest_again.runs, seeds=(0, 1)),
    )
    found = compare(experiment(outcomes=outcomes, leaky=(), n_repeats=2), n_resamples=N_DRAWS)
    assert found.difference("cnn", "forest", "macro_auc").n_folds == 8


def test_trivial_methods_are_neither_the_best_nor_ranked(compared: Comparison) -> None:
    assert set(compared.ranks["macro_auc"].methods) == {
        "logistic",
        "forest",
        "cnn",
        "cnn_small",
        "cnn+forest",
    }
    assert compared.ranks["macro_auc"].n_trials == len(TAGS)


def test_trivial_figures_stand_beside_every_f1(compared: Comparison) -> None:
    ones = compared.method("all_ones").figures
    for name in DECIDED:
        assert compared.trivial["all_ones"][name] == pytest.approx(ones[name].value)
    assert compared.trivial["prior"]["macro_auc"] == 0.5


def test_leaky_methods_are_measured_apart(compared: Comparison) -> None:
    assert [method.name for method in compared.leaky] == ["forest", "copy_label"]
    leaky = compared.leaky[0].figures["macro_auc"].value
    assert leaky > compared.method("forest").figures["macro_auc"].value


def test_variants_are_held_against_their_reference() -> None:
    found = compare(experiment(ablation_of="cnn"), n_resamples=N_DRAWS)
    pairs = {(difference.challenger, difference.base) for difference in found.ablations}
    assert pairs == {("cnn_small", "cnn"), ("cnn+forest", "cnn")}
    assert found.difference("cnn_small", "cnn", "macro_auc").high < 0


def test_learning_curve_has_a_figure_for_each_number_of_songs() -> None:
    learning = {"cnn": {30: (held_out(0.9, 1),), 10: (held_out(0.3, 1),)}}
    found = compare(experiment(learning=learning), n_resamples=N_DRAWS).learning
    assert [(point.method, point.n_songs) for point in found] == [("cnn", 10), ("cnn", 30)]
    few, many = (point.figures["macro_auc"].value for point in found)
    assert few < many


def test_methods_without_decisions_have_no_f1() -> None:
    outcomes = tuple(
        replace(found, runs=tuple(replace(run, decisions=None) for run in found.runs))
        for found in experiment().outcomes[2:5]
    )
    found = compare(experiment(outcomes=outcomes, leaky=()), n_resamples=N_DRAWS)
    assert DECIDED.isdisjoint(found.method("cnn").figures)
    assert "f1" not in found.method("cnn").per_tag


def test_one_method_alone_has_figures_but_no_comparison() -> None:
    found = compare(
        experiment(outcomes=(outcome("cnn", "network", 1.0),), leaky=()), n_resamples=N_DRAWS
    )
    assert found.best_baseline is None
    assert found.differences == ()
    assert found.ranks == {}


def test_leaky_methods_may_be_tested_on_other_examples_than_the_honest_ones() -> None:
    leaky = Outcome("c", "baseline", "", (held_out(1.0, n_songs=20),), (0,))
    honest = (outcome("a", "network", 1.0),)
    found = compare(experiment(outcomes=honest, leaky=(leaky,)), n_resamples=20)
    assert [method.name for method in found.leaky] == ["c"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outcomes": ()}, "no method to compare"),
        ({"outcomes": (outcome("a", "network", 1.0),) * 2}, "stands twice"),
        ({"ablation_of": "nothing"}, "no method 'nothing'"),
        (
            {
                "outcomes": (
                    outcome("a", "network", 1.0),
                    Outcome("b", "baseline", "", (held_out(1.0, n_songs=20),), (0,)),
                )
            },
            "different examples",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        compare(experiment(**changes), n_resamples=2)


def test_progress_names_every_method() -> None:
    seen: list[str] = []
    compare(experiment(), n_resamples=2, progress=lambda name, done, total: seen.append(name))
    assert seen[0] == "prior"
    assert len(seen) == 9
