"""What is said to be published is complete, and never stands without its reason."""

from __future__ import annotations

import pytest

from affetto.errors import BadConfig
from affetto.experiments.published import KINDS, load, published, read

SOURCE = """\
title = "A paper"
year = 2014
source = "a page"
kind = "paper"
setting = "ten folds"
tasks = ["cal500"]
comparable = false
why = "Other tags."
figures = [{ system = "forest", measure = "macro F1", value = 0.25 }]
"""


def test_source_is_read_with_its_figures() -> None:
    found = read("a_paper", SOURCE)
    assert found.figures[0].value == 0.25
    assert found.to_dict()["figures"] == [
        {"system": "forest", "measure": "macro F1", "value": 0.25}
    ]


@pytest.mark.parametrize(
    "text",
    [
        SOURCE.replace('why = "Other tags."\n', ""),
        SOURCE + 'surprise = "x"\n',
        SOURCE.replace('"paper"', '"rumor"'),
        SOURCE.replace('"paper"', '"claim"'),
        "title = ",
    ],
)
def test_source_that_lacks_something_is_refused(text: str) -> None:
    with pytest.raises(BadConfig, match=r"a_paper\.toml"):
        read("a_paper", text)


def test_every_source_says_where_how_and_why() -> None:
    for source in load():
        assert source.kind in KINDS
        assert source.source and source.setting and source.why.endswith(".")
        assert source.tasks
        assert all(0 <= figure.value <= 1 for figure in source.figures)


def test_no_figure_is_given_for_the_paper_whose_tables_were_not_found() -> None:
    (paper,) = [source for source in load() if "1704.05665" in source.source]
    assert paper.kind == "claim"
    assert paper.figures == ()
    assert not paper.comparable


def test_trials_on_the_same_files_come_first() -> None:
    assert published("cal500exp")[0].kind == "trial"
    assert published("nothing") == ()
