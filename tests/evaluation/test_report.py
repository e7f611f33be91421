"""Results as text, to the letter."""

from __future__ import annotations

import math

from affetto.evaluation.measures import MEASURES, Figure
from affetto.evaluation.report import TITLES, table, text
from affetto.evaluation.results import Evaluation, Results

RESULTS = Results(
    system="tiny 0.0.1",
    protocol="5 of 5 folds by group, one network a fold",
    fingerprint="0123456789abcdef",
    seeds=(3, 4),
    evaluations=(
        Evaluation(
            dataset="cal500",
            head="emotions",
            kind="tags",
            n_examples=11,
            n_groups=10,
            figures=(
                Figure("macro_auc", 0.61239, 0.5, 0.70001, {"prior": 0.5}),
                Figure("micro_f1", 0.4, math.nan, math.nan, {"prior": 0.0, "all_ones": 0.55}),
            ),
            per_tag={
                "happy": {"auc": 0.7, "f1": 0.25, "n_positive": 12},
                "sad": {"auc": None, "f1": 0.0, "n_positive": 0},  # type: ignore[dict-item]
            },
        ),
        Evaluation(
            dataset="4q",
            head="plane",
            kind="quadrants",
            n_examples=12,
            n_groups=11,
            figures=(Figure("accuracy", 0.5, 0.25, 0.75, {"prior": 0.25}),),
            per_tag={},
        ),
    ),
    thresholds={},
)

EXPECTED = """\
tiny 0.0.1: 5 of 5 folds by group, one network a fold, seeds 3, 4

cal500, head emotions: 11 examples of 10 groups

| measure       | value |  95 % interval | all ones | prior |
|---------------|------:|---------------:|---------:|------:|
| macro ROC-AUC | 0.612 | 0.500 to 0.700 |        - | 0.500 |
| micro F1      | 0.400 |              - |    0.550 | 0.000 |

| tag   |   auc |    f1 | n_positive |
|-------|------:|------:|-----------:|
| happy | 0.700 | 0.250 |         12 |
| sad   |     - | 0.000 |          0 |

4q, head plane: 12 examples of 11 groups

| measure  | value |  95 % interval | prior |
|----------|------:|---------------:|------:|
| accuracy | 0.500 | 0.250 to 0.750 | 0.250 |
"""


def test_text_is_a_table_that_markdown_and_people_read() -> None:
    assert text(RESULTS) == EXPECTED


def test_text_names_no_seed_of_a_bundles_own_weights() -> None:
    results = Results("default 0.1.0", "the bundle's own weights", "x", (), (), {})
    assert text(results) == "default 0.1.0: the bundle's own weights\n"


def test_table_lines_are_equally_wide() -> None:
    lines = table(["a", "bcd"], [["a long cell", "1"], ["", "12345"]])
    assert len({len(line) for line in lines}) == 1


def test_titles_name_every_measure() -> None:
    assert set(TITLES) == {name for measures in MEASURES.values() for name in measures}
