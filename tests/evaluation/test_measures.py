"""A figure is the mean over folds, then over seeds, beside what is trivial."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from affetto.core import Head
from affetto.evaluation.held_out import HeldOut, joined
from affetto.evaluation.measures import (
    MIN_OF_GENRE,
    Figure,
    by_genre,
    by_score,
    figures,
    kind_of,
    per_tag,
)
from tests.evaluation.cases import PLANE, TWO_TAGS, held_out

NAN = math.nan

# Two folds of four songs. Tag a: perfect in fold 0 (AUC 1), upside down in fold 1 (AUC 0), though
# over both folds together it would be 0.75. Tag b: fold 0 has no positive song, so only fold 1
# counts (AUC 3/4, one of four pairs being in the wrong order).
FOLDS = [0, 0, 0, 0, 1, 1, 1, 1]
TARGETS = [[1, 0], [1, 0], [0, 0], [0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
OUTPUTS = [
    [0.9, 0.1],
    [0.8, 0.6],
    [0.2, 0.2],
    [0.1, 0.3],
    [0.3, 0.9],
    [0.4, 0.5],
    [0.6, 0.4],
    [0.5, 0.1],
]
TAGS = held_out(FOLDS, TARGETS, OUTPUTS)


def by_name(found: tuple[Figure, ...]) -> dict[str, Figure]:
    return {figure.measure: figure for figure in found}


def test_figure_of_tags_is_the_mean_over_the_folds_by_hand() -> None:
    found = by_name(figures("tags", [TAGS]))
    # Fold 0: tag a 1, tag b undefined -> 1. Fold 1: tag a 0, tag b 3/4 -> 3/8. Mean 11/16.
    assert found["macro_auc"].value == pytest.approx((1 + 3 / 8) / 2)
    # Decisions from 0.5 on. Fold 0: a 2 hits of 2 and 2; b one false. F1 2*2/(3+2) = 4/5.
    # Fold 1: a: songs 6 and 7 wrong, 4 and 5 missed; b: 4 right, 5 false, 6 missed.
    # micro: hits 1, chosen 4, true 4 -> 2/8.
    assert found["micro_f1"].value == pytest.approx((4 / 5 + 2 / 8) / 2)


def test_figures_of_tags_stand_beside_the_trivial_systems() -> None:
    found = by_name(figures("tags", [TAGS]))
    assert list(found) == ["macro_auc", "macro_ap", "micro_f1", "macro_f1", "macro_ece"]
    further = {"micro_f1": {"all_ones"}, "macro_f1": {"all_ones"}, "macro_ece": {"perfect"}}
    for name, figure in found.items():
        assert set(figure.trivial) == {"prior"} | further.get(name, set())
    # Choosing all: fold 0 has 2 true of 8 -> 2*2/(8+2) = 0.4; fold 1 has 4 of 8 -> 8/12.
    assert found["micro_f1"].trivial["all_ones"] == pytest.approx((0.4 + 2 / 3) / 2)
    assert found["micro_f1"].trivial["prior"] == 0  # the prior is 1/4 everywhere: nothing
    assert found["macro_auc"].trivial["prior"] == pytest.approx(0.5)


def test_figure_does_not_rank_the_scores_of_two_folds_against_each_other() -> None:
    shift = np.where(np.asarray(FOLDS)[:, None] == 0, 0.0, 0.4)
    squeezed = replace(TAGS, outputs=(TAGS.outputs * 0.5 + shift).astype(np.float32))
    assert by_name(figures("tags", [squeezed]))["macro_auc"].value == pytest.approx(
        by_name(figures("tags", [TAGS]))["macro_auc"].value
    )


def test_figure_of_two_seeds_is_the_mean_of_their_figures() -> None:
    other = replace(TAGS, outputs=TAGS.outputs[:, ::-1], decisions=~np.asarray(TAGS.decisions))
    both = by_name(figures("tags", [TAGS, other]))
    alone = [by_name(figures("tags", [held])) for held in (TAGS, other)]
    for name in ("micro_f1", "macro_auc"):
        assert both[name].value == pytest.approx(np.mean([a[name].value for a in alone]))


def test_figure_has_an_interval_around_its_value() -> None:
    rng = np.random.default_rng(0)
    n = 60
    targets = rng.integers(0, 2, (n, 2))
    outputs = np.clip(0.3 * targets + rng.uniform(0, 0.7, (n, 2)), 0, 1)
    held = held_out([k % 5 for k in range(n)], targets.tolist(), outputs.tolist())
    for figure in figures("tags", [held]):
        assert figure.low <= figure.high
        assert figure.low - 0.05 < figure.value < figure.high + 0.05
    assert figures("tags", [held], 0) == figures("tags", [held], 0)


def test_figure_of_one_group_has_no_interval() -> None:
    (first, *_) = figures("tags", [replace(TAGS, groups=("only",) * 8)])
    assert math.isfinite(first.value)
    assert math.isnan(first.low)
    plain = first.to_dict()
    assert plain["low"] is None
    json.dumps(plain, allow_nan=False)


def test_unknown_targets_have_no_influence_on_tags() -> None:
    targets = np.asarray(TARGETS, float)
    targets[3, 0] = NAN
    known = replace(TAGS, targets=targets.astype(np.float32))
    outputs = TAGS.outputs.copy()
    outputs[3, 0] = 0.99
    decisions = outputs >= 0.5
    changed = replace(known, outputs=outputs, decisions=decisions)
    assert figures("tags", [known]) == figures("tags", [changed])


def test_per_tag_gives_the_mean_over_folds_and_the_number_of_true_songs() -> None:
    rows = per_tag("tags", [TAGS])
    assert rows["a"]["auc"] == pytest.approx(0.5)
    assert rows["b"]["auc"] == pytest.approx(0.75)
    assert (rows["a"]["n_positive"], rows["b"]["n_positive"]) == (4, 2)
    assert set(rows["a"]) == {"auc", "ap", "f1", "ece", "ece_chance", "n_positive"}


def test_per_tag_of_a_tag_that_no_song_has_is_empty_and_not_nan() -> None:
    targets = np.asarray(TARGETS, np.float32)
    targets[:, 1] = 0
    rows = per_tag("tags", [replace(TAGS, targets=targets)])
    assert rows["b"]["auc"] is None
    assert rows["b"]["n_positive"] == 0
    json.dumps(rows, allow_nan=False)


def test_shares_are_measured_as_numbers() -> None:
    targets = [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.5, 0.1], [0.6, 0.2], [0.9, 0.3]]
    held = held_out([0, 0, 0, 1, 1, 1], targets, targets)
    found = by_name(figures("shares", [held]))
    assert found["macro_r"].value == pytest.approx(1, abs=1e-5)
    assert found["macro_r2"].value == pytest.approx(1, abs=1e-5)
    assert found["macro_r"].trivial == {"prior": 0.0}
    assert found["macro_r2"].trivial["prior"] <= 0
    assert found["macro_ece"].value == pytest.approx(0)
    assert set(per_tag("shares", [held])["a"]) == {"r", "ece"}


def test_calibration_error_is_that_of_all_folds_together_by_hand() -> None:
    # Tag a: three songs at 0.25, one of them true; three at 0.75, two of them true. In each fold
    # alone the bins would hold one or two songs and be further off.
    targets = [[1, NAN], [0, NAN], [1, NAN], [0, NAN], [1, NAN], [0, NAN]]
    outputs = [[0.25, 0], [0.25, 0], [0.75, 0], [0.25, 0], [0.75, 0], [0.75, 0]]
    raw = np.asarray([[0.95, 0]] * 6, np.float32)
    held = held_out([0, 0, 0, 1, 1, 1], targets, outputs, uncalibrated=raw)
    found = by_name(figures("tags", [held]))["macro_ece"]
    assert found.value == pytest.approx((1 / 3 - 1 / 4 + 3 / 4 - 2 / 3) / 2)
    assert found.trivial["uncalibrated"] == pytest.approx(0.95 - 1 / 2)
    assert found.trivial["prior"] == pytest.approx(1 / 2 - 1 / 4)
    assert per_tag("tags", [held])["a"]["ece_uncalibrated"] == pytest.approx(0.45)


def test_a_tag_whose_scores_promise_too_much_is_above_the_error_that_chance_allows() -> None:
    rng = np.random.default_rng(5)
    right, chances = rng.beta(1, 2, (400, 2)), rng.beta(1, 2, (400, 1))
    targets = (rng.random((400, 2)) < np.hstack([right[:, :1], 0.5 * chances])).astype(float)
    outputs = np.hstack([right[:, :1], chances]).astype(np.float32)
    held = held_out([k % 5 for k in range(400)], targets.tolist(), outputs.tolist())
    right_tag, boastful_tag = per_tag("tags", [held]).values()
    assert right_tag["ece"] < right_tag["ece_chance"] < 0.1
    assert boastful_tag["ece"] > boastful_tag["ece_chance"]


def test_perfect_scores_have_the_calibration_error_that_perfect_ones_are_said_to_have() -> None:
    rng = np.random.default_rng(3)
    outputs = rng.beta(1, 2, (400, 2)).astype(np.float32)
    targets = (rng.random(outputs.shape) < outputs).astype(float)
    held = held_out([k % 5 for k in range(400)], targets.tolist(), outputs.tolist())
    found = by_name(figures("tags", [held]))["macro_ece"]
    assert 0.01 < found.value < 0.08
    assert found.value == pytest.approx(found.trivial["perfect"], abs=0.02)


def test_uncalibrated_stands_beside_what_a_calibration_can_change() -> None:
    targets = [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.5, 0.1], [0.6, 0.2], [0.9, 0.3]]
    held = held_out([0, 0, 0, 1, 1, 1], targets, targets)
    calibrated = replace(held, uncalibrated=held.outputs / 2)
    found = by_name(figures("shares", [calibrated]))
    alone = by_name(figures("shares", [replace(held, outputs=held.outputs / 2)]))
    for name in ("macro_r2", "macro_ece"):
        assert found[name].trivial["uncalibrated"] == pytest.approx(alone[name].value)
    assert "uncalibrated" not in found["macro_r"].trivial


def test_quadrants_are_measured_as_classes_and_signs_by_hand() -> None:
    signs = [[1, 1], [0, 1], [0, 0], [1, 0]] * 2  # Q1 to Q4 in both folds, as targets
    outputs = [[0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5], [0.5, -0.5]] * 2
    outputs[1] = [0.1, 0.5]  # Q2 taken for Q1
    held = held_out(FOLDS, signs, outputs, head=PLANE, prior=np.full((8, 2), 0.6, np.float32))
    found = by_name(figures("quadrants", [held]))
    assert found["accuracy"].value == pytest.approx((3 / 4 + 1) / 2)
    # Fold 0: Q1 has F1 2/3, Q2 0, Q3 and Q4 1 -> 2/3.
    assert found["macro_f1"].value == pytest.approx((2 / 3 + 1) / 2)
    assert found["valence_auc"].value == pytest.approx(1)  # 0.1 lies below both 0.5
    assert found["arousal_auc"].value == pytest.approx(1)
    assert found["accuracy"].trivial["prior"] == pytest.approx(1 / 4)  # always Q1
    assert found["macro_f1"].trivial["prior"] == pytest.approx(0.4 / 4)
    assert found["valence_auc"].trivial["prior"] == pytest.approx(0.5)
    assert per_tag("quadrants", [held]) == {}
    assert not {"quadrant_ece", "quadrant_log_loss"} & set(found)  # no probabilities are known


def test_probabilities_of_quadrants_are_measured_by_hand() -> None:
    signs = [[1, 1], [0, 1], [0, 0], [1, 0]] * 2
    outputs = [[0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5], [0.5, -0.5]] * 2
    likely = np.where(np.eye(4) > 0, 0.76, 0.08)[[0, 1, 2, 3] * 2].astype(np.float32)
    prior = np.full((8, 2), [0.6, 0.5], np.float32)
    held = held_out(FOLDS, signs, outputs, head=PLANE, prior=prior, quadrants=likely)
    found = by_name(figures("quadrants", [held]))
    assert found["quadrant_log_loss"].value == pytest.approx(-math.log(0.76))
    priors = [0.3, 0.2, 0.2, 0.3]
    assert found["quadrant_log_loss"].trivial["prior"] == pytest.approx(-np.log(priors).mean())
    # Each quadrant: of 8 songs 2 at 0.76, all of it, and 6 at 0.08, none of it.
    ece = found["quadrant_ece"]
    assert ece.value == pytest.approx((2 * 0.24 + 6 * 0.08) / 8)
    # Each quadrant is a quarter of the songs: off by 0.05.
    assert ece.trivial["prior"] == pytest.approx(0.05)
    assert 0 < ece.trivial["perfect"] < 0.5
    assert by_score("quadrants", [held, held]) == {
        "0.0 to 0.1": {"n": 24, "mean_score": 0.08, "mean_label": 0.0},
        "0.7 to 0.8": {"n": 8, "mean_score": 0.76, "mean_label": 1.0},
    }
    assert by_score("quadrants", [replace(held, quadrants=None)]) == {}
    assert by_score("ratings", [held]) == {}


def test_scores_of_all_tags_are_set_beside_what_is_true_tenth_by_tenth() -> None:
    targets = [[1, NAN], [0, 1]]
    held = held_out([0, 1], targets, [[0.25, 0.9], [0.21, 1.0]])
    assert by_score("tags", [held]) == {
        "0.2 to 0.3": {"n": 2, "mean_score": 0.23, "mean_label": 0.5},
        "0.9 to 1.0": {"n": 1, "mean_score": 1.0, "mean_label": 1.0},
    }


def test_ratings_leave_out_an_axis_that_nobody_rated() -> None:
    targets = [[0.1, NAN], [0.4, NAN], [0.8, NAN], [0.3, NAN], [0.5, NAN], [0.9, NAN]]
    outputs = [[2 * target[0] - 1, 0.0] for target in targets]
    held = held_out([0, 0, 0, 1, 1, 1], targets, outputs, head=PLANE)
    found = by_name(figures("ratings", [held]))
    assert list(found) == ["valence_r2", "valence_r"]
    assert found["valence_r2"].value == pytest.approx(1, abs=1e-5)
    assert found["valence_r"].value == pytest.approx(1, abs=1e-5)


def test_music_is_ranked_against_the_rest_and_cut_at_one_half_by_hand() -> None:
    head = Head("music", "music")
    targets, outputs = [[1], [1], [0], [1], [0], [0]], [[0.9], [0.4], [0.1], [0.8], [0.9], [0.2]]
    held = held_out([0, 0, 0, 1, 1, 1], targets, outputs, head=head)
    assert kind_of(held, "none") == "music"
    found = by_name(figures("music", [held]))
    assert found["music_auc"].value == pytest.approx((1 + 1 / 2) / 2)
    assert found["music_kept"].value == pytest.approx((1 / 2 + 1) / 2)
    assert found["not_music_refused"].value == pytest.approx((1 + 1 / 2) / 2)
    assert found["not_music_refused"].trivial == {"all_ones": 0}
    music = held_out([0, 1], [[1], [1]], [[0.9], [0.4]], head=head)
    assert list(by_name(figures("music", [music]))) == ["music_kept"]


def test_kind_follows_from_head_and_labels() -> None:
    assert kind_of(TAGS, "none") == "tags"
    assert kind_of(held_out([0, 0], [[0.5, 0], [1, NAN]], [[0, 0], [0, 0]]), "none") == "shares"
    plane = held_out([0, 0], [[1, 0], [0, 1]], [[0, 0], [0, 0]], head=PLANE)
    assert kind_of(plane, "signs") == "quadrants"
    assert kind_of(plane, "ratings") == "ratings"


def test_joined_puts_the_folds_in_a_row() -> None:
    def fold(number: int) -> HeldOut:
        rows = [i for i, f in enumerate(FOLDS) if f == number]
        return held_out(
            [number] * 4,
            [TARGETS[i] for i in rows],
            [OUTPUTS[i] for i in rows],
            groups=[f"g{i}" for i in rows],
        )

    found = joined([fold(0), fold(1)])
    assert found.head is TWO_TAGS
    assert found.groups == TAGS.groups
    for name in ("folds", "targets", "outputs", "prior", "decisions"):
        np.testing.assert_array_equal(getattr(found, name), getattr(TAGS, name))
    assert found.ids == ("x/0", "x/1", "x/2", "x/3") * 2


def test_figure_rounds_for_a_file_and_knows_no_nan_there() -> None:
    figure = Figure("macro_ap", 0.123456, NAN, 0.5, {"prior": NAN, "all_ones": 0.98765})
    assert figure.to_dict() == {
        "measure": "macro_ap",
        "value": 0.1235,
        "low": None,
        "high": 0.5,
        "trivial": {"prior": None, "all_ones": 0.9877},
    }


def test_figures_of_a_genre_are_those_of_its_examples_alone() -> None:
    n = 2 * MIN_OF_GENRE
    right, wrong = [[0.9, 0.9]] * MIN_OF_GENRE, [[-0.9, 0.9]] * MIN_OF_GENRE
    held = held_out([k % 5 for k in range(n)], [[1, 1]] * n, right + wrong, head=PLANE)
    of_both = ("jazz",), ("rock", "noise")
    genres = {id: of_both[k >= MIN_OF_GENRE] for k, id in enumerate(held.ids)}
    genres["x/0"] = ("jazz", "rare")
    found = by_genre("quadrants", [held], genres)
    assert list(found) == ["jazz", "noise", "rock"]
    assert found["jazz"] == {"n": MIN_OF_GENRE, "accuracy": 1.0, "prior": 0.0}
    assert found["rock"]["accuracy"] == 0
    assert by_genre("quadrants", [held], {}) == {}


def test_genres_of_tags_of_yes_and_no_have_no_figures() -> None:
    n = MIN_OF_GENRE
    held = held_out([0] * n, [[0, 1]] * n, [[0.2, 0.7]] * n)
    assert by_genre("tags", [held], dict.fromkeys(held.ids, ("jazz",))) == {}
