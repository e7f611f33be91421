"""The measures of tagging: against scikit-learn, against figures worked by hand, and laws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from affetto import metrics
from affetto.errors import BadConfig
from affetto.metrics import multilabel

from .cases import Case, cases, drawn, laws

Measure = Callable[[Any, Any], Any]

RANKINGS = [
    metrics.roc_auc,
    metrics.average_precision,
    metrics.micro_roc_auc,
    metrics.micro_average_precision,
    metrics.ranking_loss,
    metrics.coverage,
    metrics.one_error,
    metrics.label_ranking_average_precision,
]
DECISIONS = [
    metrics.precision,
    metrics.recall,
    metrics.f1,
    metrics.micro_precision,
    metrics.micro_recall,
    metrics.micro_f1,
    metrics.example_accuracy,
    metrics.example_precision,
    metrics.example_recall,
    metrics.example_f1,
    metrics.subset_accuracy,
    metrics.hamming_loss,
]
EVERY_MEASURE = [*RANKINGS, *DECISIONS, metrics.expected_calibration_error]
PER_TAG = [
    metrics.roc_auc,
    metrics.average_precision,
    metrics.precision,
    metrics.recall,
    metrics.f1,
    metrics.expected_calibration_error,
]
nan = float("nan")


def by_name(measure: Measure) -> str:
    return measure.__name__


def estimates_for(measure: Measure, scores: np.ndarray) -> np.ndarray:
    return scores >= 0.5 if measure in DECISIONS else scores


# Against scikit-learn


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("measure", "theirs"),
    [
        (metrics.roc_auc, reference.roc_auc_score),
        (metrics.average_precision, reference.average_precision_score),
        (metrics.precision, lambda y, d: reference.precision_score(y, d, zero_division=0)),
        (metrics.recall, lambda y, d: reference.recall_score(y, d, zero_division=0)),
        (metrics.f1, lambda y, d: reference.f1_score(y, d, zero_division=0)),
    ],
)
@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_measure_of_each_tag_agrees_with_scikit_learn_on_the_known_cells(
    measure: Measure, theirs: Measure, seed: int, unknown: float
) -> None:
    targets, scores = drawn(seed, unknown=unknown)
    estimates = estimates_for(measure, scores)
    known = ~np.isnan(targets)
    expected = [
        theirs(targets[known[:, tag], tag], estimates[known[:, tag], tag])
        for tag in range(targets.shape[1])
    ]
    np.testing.assert_allclose(measure(targets, estimates), expected)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("measure", "theirs"),
    [
        (metrics.micro_roc_auc, lambda y, s: reference.roc_auc_score(y, s, average="micro")),
        (
            metrics.micro_average_precision,
            lambda y, s: reference.average_precision_score(y, s, average="micro"),
        ),
        (metrics.ranking_loss, reference.label_ranking_loss),
        (metrics.coverage, reference.coverage_error),
        (
            metrics.label_ranking_average_precision,
            reference.label_ranking_average_precision_score,
        ),
        (metrics.micro_precision, lambda y, d: reference.precision_score(y, d, average="micro")),
        (metrics.micro_recall, lambda y, d: reference.recall_score(y, d, average="micro")),
        (metrics.micro_f1, lambda y, d: reference.f1_score(y, d, average="micro")),
        (
            metrics.example_accuracy,
            lambda y, d: reference.jaccard_score(y, d, average="samples", zero_division=0),
        ),
        (
            metrics.example_precision,
            lambda y, d: reference.precision_score(y, d, average="samples", zero_division=0),
        ),
        (
            metrics.example_recall,
            lambda y, d: reference.recall_score(y, d, average="samples", zero_division=0),
        ),
        (
            metrics.example_f1,
            lambda y, d: reference.f1_score(y, d, average="samples", zero_division=0),
        ),
        (metrics.subset_accuracy, reference.accuracy_score),
        (metrics.hamming_loss, reference.hamming_loss),
    ],
)
def test_measure_over_all_agrees_with_scikit_learn(
    measure: Measure, theirs: Measure, seed: int
) -> None:
    targets, scores = drawn(seed, n_tags=4)
    estimates = estimates_for(measure, scores)
    assert measure(targets, estimates) == pytest.approx(theirs(targets.astype(int), estimates))


def test_macro_f1_is_that_of_scikit_learn_where_a_tag_is_neither_true_nor_chosen() -> None:
    targets, scores = drawn(0)
    targets[:, 3], scores[:, 3] = 0, 0
    decisions = scores >= 0.5
    expected = reference.f1_score(targets, decisions, average="macro", zero_division=0)
    assert metrics.macro(metrics.f1(targets, decisions)) == pytest.approx(expected)


# Worked by hand: four tags, two examples
#   scores  .9 .6 .6 .1   true: tags 0 and 2
#           .2 .4 .8 .8   true: tag 1; tag 0 unknown

TARGETS = [[1, 0, 1, 0], [nan, 1, 0, 0]]
SCORES = [[0.9, 0.6, 0.6, 0.1], [0.2, 0.4, 0.8, 0.8]]
DECIDED = [[1, 1, 1, 0], [1, 0, 1, 1]]


@pytest.mark.parametrize(
    ("measure", "estimates", "expected"),
    [
        # Wrong pairs: (2, 1) of four; (1, 2) and (1, 3) of two.
        (metrics.ranking_loss, SCORES, (1 / 4 + 2 / 2) / 2),
        # Down to tag 2, tied with tag 1: 3; down to tag 1, the last known: 3.
        (metrics.coverage, SCORES, 3),
        (metrics.one_error, SCORES, (0 + 1) / 2),
        # 1 of 1 and 2 of 3; 1 of 3.
        (metrics.label_ranking_average_precision, SCORES, ((1 + 2 / 3) / 2 + 1 / 3) / 2),
        # 3 true against 4 false cells: .9 beats 4; .6 beats .1, ties with .6; .4 beats .1.
        (metrics.micro_roc_auc, SCORES, (4 + 1.5 + 1) / 12),
        (metrics.example_accuracy, DECIDED, (2 / 3 + 0) / 2),
        (metrics.example_precision, DECIDED, (2 / 3 + 0) / 2),
        (metrics.example_recall, DECIDED, (1 + 0) / 2),
        (metrics.example_f1, DECIDED, (4 / 5 + 0) / 2),
        (metrics.hamming_loss, DECIDED, 4 / 7),
        (metrics.subset_accuracy, DECIDED, 0),
        (metrics.micro_precision, DECIDED, 2 / 5),
        (metrics.micro_recall, DECIDED, 2 / 3),
        (metrics.micro_f1, DECIDED, 4 / 8),
    ],
)
def test_measure_over_all_gives_the_figure_worked_by_hand(
    measure: Measure, estimates: list[list[float]], expected: float
) -> None:
    assert measure(TARGETS, estimates) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.4, 0.35, 0.8], 3 / 4),
        ([0.1, 0.2, 0.3, 0.4], 1),
        ([0.4, 0.3, 0.2, 0.1], 0),
        ([0.5, 0.5, 0.5, 0.5], 1 / 2),
        ([0.1, 0.5, 0.5, 0.8], 3.5 / 4),
    ],
)
def test_roc_auc_counts_the_pairs_in_order_and_half_of_the_ties(
    scores: list[float], expected: float
) -> None:
    column = np.array(scores)[:, np.newaxis]
    assert metrics.roc_auc([[0], [0], [1], [1]], column) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.9, 0.8, 0.7, 0.6], (1 / 1 + 2 / 3) / 2),
        ([0.5, 0.5, 0.5, 0.5], 1 / 2),
        ([0.9, 0.7, 0.7, 0.6], (1 / 1 + 2 / 3) / 2),
        ([0.1, 0.9, 0.2, 0.8], (1 / 3 + 2 / 4) / 2),
    ],
)
def test_average_precision_takes_the_precision_at_each_true_example(
    scores: list[float], expected: float
) -> None:
    column = np.array(scores)[:, np.newaxis]
    assert metrics.average_precision([[1], [0], [1], [0]], column) == pytest.approx(expected)


@pytest.mark.parametrize("measure", [metrics.roc_auc, metrics.average_precision], ids=by_name)
def test_ranking_of_a_tag_without_both_classes_is_nan(measure: Measure) -> None:
    targets = [[1, 0, nan, 1], [1, 0, nan, 0], [nan, 0, nan, nan]]
    values = measure(targets, [[0.1, 0.2, 0.3, 0.9], [0.4, 0.5, 0.6, 0.1], [0.5, 0.1, 0.1, 0.1]])
    np.testing.assert_array_equal(values, [nan, nan, nan, 1])


@pytest.mark.parametrize("measure", [metrics.precision, metrics.recall, metrics.f1], ids=by_name)
def test_decision_measure_is_zero_when_it_divides_by_zero_and_nan_when_nothing_is_known(
    measure: Measure,
) -> None:
    np.testing.assert_array_equal(measure([[0, nan], [0, nan]], [[0, 1], [0, 1]]), [0, nan])


def test_macro_is_the_mean_over_the_tags_that_have_a_value() -> None:
    assert metrics.macro([0.5, nan, 1.0]) == 0.75
    assert np.isnan(metrics.macro([nan, nan]))
    assert np.isnan(metrics.macro([]))


def test_macro_f1_is_not_above_the_f1_of_mean_precision_and_recall() -> None:
    targets, scores = drawn(3)
    decisions = scores >= 0.5
    p = metrics.macro(metrics.precision(targets, decisions))
    r = metrics.macro(metrics.recall(targets, decisions))
    assert metrics.macro(metrics.f1(targets, decisions)) <= 2 * p * r / (p + r)


def test_examples_without_both_classes_stay_out_of_ranking_means() -> None:
    targets, scores = np.array(TARGETS), np.array(SCORES)
    more = np.array([[0, 0, 0, 0], [nan, nan, nan, nan]])
    for measure in RANKINGS[4:]:
        with_more = measure(np.vstack([targets, more]), np.vstack([scores, scores]))
        assert with_more == measure(targets, scores)


def test_example_of_true_tags_only_counts_where_no_false_tag_is_needed() -> None:
    targets, scores = [[1, 1, nan]], [[0.2, 0.4, 0.9]]
    assert np.isnan(metrics.ranking_loss(targets, scores))
    assert metrics.coverage(targets, scores) == 2
    assert metrics.one_error(targets, scores) == 0
    assert metrics.label_ranking_average_precision(targets, scores) == 1


def test_one_error_shares_a_tie_at_the_top() -> None:
    assert metrics.one_error([[1, 0, 0]], [[0.5, 0.5, 0.5]]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("measure", EVERY_MEASURE, ids=by_name)
def test_measure_of_nothing_known_is_nan(measure: Measure) -> None:
    assert np.isnan(measure([[nan, nan]], [[1, 0]])).all()
    assert np.isnan(measure(np.zeros((0, 2)), np.zeros((0, 2)))).all()


# Calibration


def test_calibration_error_gives_the_figure_worked_by_hand() -> None:
    # Two bins: [0, .5) holds .1 and .3, none true; [.5, 1] holds .5, .9 and 1, two true.
    scores = [[0.1], [0.3], [0.5], [0.9], [1.0]]
    targets = [[0], [0], [0], [1], [1]]
    error = metrics.expected_calibration_error(targets, scores, n_bins=2)
    assert error == pytest.approx(2 / 5 * 0.2 + 3 / 5 * (2.4 / 3 - 2 / 3))


def test_calibration_error_is_zero_for_the_share_of_each_level() -> None:
    targets = np.array([[0], [0], [0], [1], [0], [1], [1], [1]])
    scores = np.array([[0.25]] * 4 + [[0.75]] * 4)
    assert metrics.expected_calibration_error(targets, scores) == pytest.approx(0)


def test_calibration_error_treats_each_tag_alone() -> None:
    targets, scores = drawn(5, unknown=0.2)
    together = metrics.expected_calibration_error(targets, scores)
    for tag, value in enumerate(together):
        alone = metrics.expected_calibration_error(targets[:, [tag]], scores[:, [tag]])
        assert value == pytest.approx(alone[0])


def test_calibration_error_refuses_what_is_no_probability_and_no_bins() -> None:
    with pytest.raises(BadConfig, match=r"\[0, 1\]"):
        metrics.expected_calibration_error([[1]], [[1.5]])
    with pytest.raises(BadConfig, match="n_bins"):
        metrics.expected_calibration_error([[1]], [[0.5]], n_bins=0)


# Laws


@laws
@given(cases())
def test_rankings_do_not_change_under_a_rising_map_of_scores(case: Case) -> None:
    targets, scores = case
    for measure in RANKINGS:
        expected = measure(targets, scores)
        np.testing.assert_array_equal(measure(targets, np.expm1(3 * scores) - 5), expected)


@laws
@given(cases(unknown=False))
def test_roc_auc_of_turned_scores_is_the_rest_to_one(case: Case) -> None:
    targets, scores = case
    turned = metrics.roc_auc(targets, 1 - scores)
    np.testing.assert_allclose(turned, 1 - metrics.roc_auc(targets, scores))


@laws
@given(cases())
def test_roc_auc_of_turned_targets_is_the_rest_to_one(case: Case) -> None:
    targets, scores = case
    turned = metrics.roc_auc(1 - targets, scores)
    np.testing.assert_allclose(turned, 1 - metrics.roc_auc(targets, scores))


@laws
@given(cases(), st.randoms(use_true_random=False))
def test_order_of_examples_and_tags_changes_no_figure(case: Case, random: Any) -> None:
    targets, scores = case
    rows, columns = list(range(len(targets))), list(range(targets.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    for measure in EVERY_MEASURE:
        estimates = estimates_for(measure, scores)
        expected = measure(targets, estimates)
        if measure in PER_TAG:
            expected = expected[columns]
        shuffled = measure(targets[rows][:, columns], estimates[rows][:, columns])
        np.testing.assert_allclose(shuffled, expected)


@laws
@given(cases())
def test_score_of_an_unknown_cell_changes_no_figure(case: Case) -> None:
    targets, scores = case
    other = np.where(np.isnan(targets), 1 - scores, scores)
    for measure in EVERY_MEASURE:
        expected = measure(targets, estimates_for(measure, scores))
        np.testing.assert_array_equal(measure(targets, estimates_for(measure, other)), expected)


@laws
@given(cases())
def test_figures_stay_in_their_range(case: Case) -> None:
    targets, scores = case
    for measure in EVERY_MEASURE:
        values = np.atleast_1d(measure(targets, estimates_for(measure, scores)))
        highest = targets.shape[1] if measure is metrics.coverage else 1
        assert np.all((values >= 0) & (values <= highest) | np.isnan(values))


@laws
@given(cases())
def test_perfect_scores_and_decisions_get_the_best_figures(case: Case) -> None:
    targets, _ = case
    perfect = np.nan_to_num(targets)
    for measure in (metrics.roc_auc, metrics.average_precision):
        values = measure(targets, perfect)
        assert np.all((values == 1) | np.isnan(values))
    for loss in (metrics.ranking_loss, metrics.one_error, metrics.hamming_loss):
        assert loss(targets, perfect) == 0 or np.isnan(loss(targets, perfect))
    value = metrics.subset_accuracy(targets, perfect)
    assert value == 1 or np.isnan(value)


# Refusals


@pytest.mark.parametrize("measure", EVERY_MEASURE, ids=by_name)
@pytest.mark.parametrize(
    ("targets", "estimates", "words"),
    [
        ([[1, 0]], [[1, 0], [0, 1]], "differ in shape"),
        ([1, 0], [1, 0], "n_examples, n_columns"),
        ([[0.5, 0]], [[1, 0]], "targets must be 0, 1 or NaN"),
        ([[1, 0]], [[nan, 0]], "not finite"),
        (np.zeros((2, 0)), np.zeros((2, 0)), "no column"),
    ],
)
def test_measure_refuses_input_that_it_would_misread(
    measure: Measure, targets: Any, estimates: Any, words: str
) -> None:
    with pytest.raises(BadConfig, match=words):
        measure(targets, estimates)


@pytest.mark.parametrize("measure", DECISIONS, ids=by_name)
def test_decision_measure_refuses_scores(measure: Measure) -> None:
    with pytest.raises(BadConfig, match="decisions must be 0 or 1"):
        measure([[1, 0]], [[0.7, 0.2]])


def test_every_measure_of_the_chapter_is_tested_here() -> None:
    public = {name for name in metrics.__all__ if hasattr(multilabel, name)} - {"macro"}
    assert {by_name(measure) for measure in EVERY_MEASURE} == public
