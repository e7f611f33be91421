"""The card tells terms and figures, and only those that were measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affetto.bundles.card import CardData, card_text, with_section
from affetto.core import Dataset, Example, Head
from affetto.vocabularies import load as load_vocabulary

DATASET = Dataset(
    name="made-up",
    vocabulary=load_vocabulary("gems9"),
    examples=(
        Example(id="1", path=Path("1.wav"), group="a", song="1", labels=np.zeros(9, np.float32)),
    ),
    license="for one afternoon only",
    citation="A. Nobody, A paper that is not there, 2026",
    source_url="https://example.org/made-up",
    read=lambda *_: pytest.fail("no card reads sound"),
    reader="none",
)
DATA = CardData(
    name="small",
    version="1.2.3",
    summary="A network that does not exist",
    license="ask first",
    heads=(Head("gems9", "tags", DATASET.vocabulary), Head("plane", "plane")),
    datasets=(DATASET,),
    record={
        "thresholds_from": "validation",
        "datasets": {"made-up": {"n_training": 70, "n_validation": 30}},
    },
    results=None,
)


def figure(measure: str, value: float | None, **trivial: float) -> dict[str, Any]:
    return {"measure": measure, "value": value, "low": 0.25, "high": None, "trivial": trivial}


RESULTS = {
    "protocol": "5 of 5 folds by group, one network a fold",
    "seeds": [0, 1],
    "evaluations": [
        {
            "dataset": "made-up",
            "head": "gems9",
            "kind": "tags",
            "n_examples": 100,
            "n_groups": 40,
            "figures": [
                figure("macro_auc", 0.61234, prior=0.5),
                figure("micro_f1", None, prior=0.0, all_ones=0.4321),
                figure("macro_ece", 0.041, prior=0.01, uncalibrated=0.12, perfect=0.038),
            ],
            "per_tag": {
                "tension": {
                    "auc": 0.7,
                    "ap": 0.31,
                    "f1": None,
                    "ece": 0.05,
                    "ece_uncalibrated": 0.2,
                    "n_positive": 12,
                }
            },
        },
        {
            "dataset": "made-up",
            "head": "plane",
            "kind": "quadrants",
            "n_examples": 100,
            "n_groups": 40,
            "figures": [figure("accuracy", 0.5, prior=0.25)],
            "per_tag": {},
        },
    ],
}


def test_card_names_bundle_terms_and_what_it_says() -> None:
    text = card_text(DATA)
    assert text.startswith("# Bundle small 1.2.3\n\nA network that does not exist.\n")
    assert "Terms: ask first." in text
    assert "- `gems9`: 9 scores in [0, 1]: Amazement, Solemnity," in text
    assert "- `plane`: valence and arousal, each in [-1, 1]." in text
    assert text.endswith("\n")


def test_card_tells_the_terms_and_the_source_of_each_data_set() -> None:
    text = card_text(DATA)
    assert "| made-up (https://example.org/made-up) | 70 | 30 | for one afternoon only |" in text
    assert "- A. Nobody, A paper that is not there, 2026." in text


def test_card_without_results_says_that_nothing_was_measured() -> None:
    text = card_text(DATA)
    assert "Not measured: `affetto evaluate` was not run for this recipe." in text
    assert "| measure |" not in text
    assert "(validation scores)" in text


def test_card_shows_figures_with_intervals_beside_the_trivial_systems() -> None:
    text = card_text(replace(DATA, results=RESULTS))
    assert "means over\n5 of 5 folds by group, one network a fold, seeds 0, 1;" in text
    assert "`affetto evaluate small made-up --seeds 2`" in text
    assert "**made-up**, head `gems9`: 100 examples of\n40 artists or albums" in text
    assert "| measure | value | 95 % interval | all ones | prior | uncalibrated | perfect |" in text
    assert "| macro auc | 0.612 | 0.250 to - | - | 0.500 | - | - |" in text
    assert "| micro f1 | - | 0.250 to - | 0.432 | 0.000 | - | - |" in text
    assert "| macro ECE | 0.041 | 0.250 to - | - | 0.010 | 0.120 | 0.038 |" in text
    assert "| tag | songs with it | AUC | AP | F1 | ECE | uncalibrated ECE |" in text
    assert "| tension | 12 | 0.700 | 0.310 | - | 0.050 | 0.200 |" in text
    assert "| measure | value | 95 % interval | prior |\n" in text
    assert "| accuracy | 0.500 | 0.250 to - | 0.250 |\n" in text


def test_card_says_whether_scores_are_probabilities() -> None:
    assert "They rank music; they are not\ncalibrated probabilities." in card_text(DATA)
    calibration = {"gems9": {"slopes": [1.0] * 9, "intercepts": [0.0] * 9}}
    text = card_text(replace(DATA, record={**DATA.record, "calibration": calibration}))
    assert "Scores of tags are calibrated" in text
    assert "They rank music" not in text
    assert "How likely each quadrant is" not in text
    plane = {"slopes": [1.0, 1.0], "intercepts": [0.0, 0.0], "sign_slopes": [2.0, 2.0]}
    text = card_text(replace(DATA, record={**DATA.record, "calibration": {"plane": plane}}))
    assert "How likely each quadrant is" in text


def test_card_says_what_the_bundle_is_not_good_for() -> None:
    text = card_text(DATA)
    limits = text.partition("## What it is not good for")[2]
    assert "Do not use it to judge people" in limits


def test_card_draws_how_far_scores_hold() -> None:
    scores = {"0.2 to 0.3": {"n": 40, "mean_score": 0.25, "mean_label": 0.4}}
    for found, what in zip(
        RESULTS["evaluations"], ("the tags, all", "likely quadrants"), strict=True
    ):
        drawn = {**RESULTS, "evaluations": [{**found, "by_score": scores}]}
        text = card_text(replace(DATA, results=drawn))
        assert f"How far scores hold, of {what}" in text
        assert "| 0.2 to 0.3 | 40 | 0.250 | 0.400 | ▒▒▒▒▒ | ████████ |\n" in text
    assert "How far scores hold" not in card_text(replace(DATA, results=RESULTS))


def test_card_tells_figures_by_genre_and_who_taught() -> None:
    jazz = {"n": 30, "accuracy": 0.5, "prior": 0.25}
    found = {**RESULTS["evaluations"][0], "by_genre": {"Jazz": jazz}}
    record = {
        **DATA.record,
        "teacher": {"names": ["t"], "about": ["a network of others"], "data": ["made-up"]},
        "recipe": {"network": {"config": {"level": True}}},
    }
    text = card_text(replace(DATA, results={**RESULTS, "evaluations": [found]}, record=record))
    assert "| genre | examples | accuracy | prior |" in text
    assert "| Jazz | 30 | 0.500 | 0.250 |" in text
    assert "the outputs of\na network of others\nfor the clips of made-up" in text
    assert "may be some that the fold tests" in text
    assert "How loud a file is mastered" in text
    assert "genre" not in card_text(DATA)
    assert "Level is taken out" in card_text(DATA)


def test_card_tells_of_several_networks_and_what_they_hear() -> None:
    network = {"config": {"n_members": 3, "config": {"level": True}}}
    text = card_text(replace(DATA, record={**DATA.record, "recipe": {"network": network}}))
    assert "All of it is the mean of 3 networks" in text
    assert "How loud a file is mastered" in text
    assert "networks, each trained" not in card_text(DATA)


def test_a_section_stands_before_the_limits_and_replaces_the_older_one() -> None:
    plain = card_text(DATA)
    once = with_section(plain, "How loud", ["Quite.", "Really."])
    assert once.replace("## How loud\n\nQuite.\nReally.\n\n", "") == plain
    assert once.index("## How loud") < once.index("## What it is not good for")
    assert with_section(once, "How loud", ["Quite.", "Really."]) == once
    assert with_section(once, "How loud", ["No."]) == with_section(plain, "How loud", ["No."])


def test_card_names_the_bundle_that_the_weights_came_from() -> None:
    init = {"name": "elder", "version": "3.0.0", "datasets": {"one": {}, "two": {}}}
    text = card_text(replace(DATA, record={**DATA.record, "init": init}))
    assert "the weights of elder 3.0.0, which had\nlearnt from one, two." in text
    assert "started from" not in card_text(DATA)
