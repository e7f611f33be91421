"""The report says what was found, escapes what it is given, and stands alone."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affetto.experiments import report
from affetto.experiments.blocks import (
    Code,
    Heading,
    Listing,
    Paragraph,
    Picture,
    Table,
    markdown,
)
from affetto.experiments.comparison import DECIDED, MEASURES, Comparison, compare
from affetto.experiments.listener import Ceiling, beside_listener
from affetto.experiments.outcome import Experiment
from affetto.experiments.report_html import page
from affetto.experiments.sections import report_blocks
from tests.experiments.cases import N_SONGS, TAGS, experiment, held_out, outcome

MAX_SUMMARY_BYTES = 200_000


@pytest.fixture(scope="module")
def given() -> Experiment:
    return experiment(
        learning={"cnn": {n: (held_out(n / 30, n),) for n in (10, 30)}}, ablation_of="cnn"
    )


@pytest.fixture(scope="module")
def compared(given: Experiment) -> Comparison:
    return compare(given, n_resamples=30)


@pytest.fixture(scope="module")
def listener(given: Experiment) -> Ceiling:
    rng = np.random.default_rng(4)
    surveys = {f"song{n:02}": rng.integers(1, 6, size=(4, len(TAGS))) for n in range(N_SONGS)}
    found = beside_listener(given, surveys, n_resamples=10)
    assert isinstance(found, Ceiling)
    return found


@pytest.fixture(scope="module")
def folder(
    given: Experiment,
    compared: Comparison,
    listener: Ceiling,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    path = tmp_path_factory.mktemp("report")
    report.write(given, path, compared, listener)
    return path


class Checker(HTMLParser):
    """Counts tags, wants each closed, and gathers what a page would load."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.counts: dict[str, int] = {}
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.loaded += [v or "" for name, v in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    return checker


def test_report_is_a_page_a_text_and_charts(folder: Path) -> None:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    charts = {f"charts/{name}.svg" for name in ("methods", "ranks", "tags", "curves")}
    assert {"report.md", "report.html"} | charts <= names


def test_page_stands_alone(folder: Path) -> None:
    checker = checked((folder / "report.html").read_text(encoding="utf-8"))
    assert checker.counts["img"] == 6
    assert all(source.startswith("data:image/svg+xml;base64,") for source in checker.loaded)
    assert "script" not in checker.counts


def test_page_is_for_phones_and_for_the_dark(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text
    assert "overflow-x: auto" in text


def test_text_links_to_charts_that_are_there(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    links = re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)
    assert len(links) == 6
    assert all((folder / link).is_file() for link in links)


def test_text_says_the_answer_the_warning_and_the_command(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "**The best network (cnn) beats the best baseline (forest)" in text
    assert "> **Warning.** Nobody should quote these figures." in text
    assert "```\naffetto reproduce four --source made_up\n```" in text
    assert "LEAKY by segment" in text
    assert "song99: there is no sound" in text
    assert "copy_label" in text
    assert "A single listener" in text
    assert "Variants of cnn" in text


def test_trivial_baselines_stand_beside_every_f1(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    headers = [line for line in text.splitlines() if "| macro F1 (" in line or "F1 (" in line]
    assert headers
    assert all("all ones 0." in line for line in headers)


def test_a_tie_is_not_called_a_win() -> None:
    forest = outcome("forest", "baseline", 0.6)
    network = replace(outcome("cnn", "network", 0.6), method="cnn")
    given = experiment(outcomes=(forest, network), leaky=())
    compared = compare(given, n_resamples=60)
    assert not compared.difference("cnn", "forest", "macro_auc").low > 0
    text = markdown(report_blocks(report.summary(given, compared)))
    assert "does not beat the best baseline beyond doubt" in text or "one of two" in text
    assert "(cnn) beats" not in text


def test_quick_run_is_labeled_as_such(compared: Comparison, given: Experiment) -> None:
    quick = replace(given, is_quick=True)
    blocks = report_blocks(report.summary(quick, compared))
    warnings = [b.text for b in blocks if isinstance(b, Paragraph) and b.kind == "warning"]
    assert any(text.startswith("A quick run") for text in warnings)


def test_missing_listeners_are_a_sentence(given: Experiment, compared: Comparison) -> None:
    values = report.summary(given, compared, "no listener to compare with: no surveys")
    assert "no listener to compare with: no surveys" in markdown(report_blocks(values))
    assert "A single listener" not in markdown(report_blocks(report.summary(given, compared)))


def test_names_are_escaped() -> None:
    odd = "<script>alert(1)</script>|*_`"
    given = experiment(
        outcomes=(outcome(odd, "network", 1.0), outcome("a&b", "baseline", 0.5)),
        leaky=(),
        left_out=("<b>song</b>: is | missing",),
    )
    blocks = report_blocks(report.summary(given, compare(given, n_resamples=5)))
    html = page(blocks, {})
    checker = checked(html)
    assert "script" not in checker.counts
    assert "b" not in checker.counts
    assert "a&amp;b" in html
    text = markdown(blocks)
    assert "<script>" not in text.replace("\\<script>", "")
    rows = [line for line in text.splitlines() if line.startswith("|") and "alert" in line]
    assert rows
    assert all("\\|" in line for line in rows)


def test_without_matplotlib_the_report_has_no_charts_and_says_so(
    given: Experiment, compared: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    report.write(given, tmp_path, compared)
    assert "No charts: charts need matplotlib" in (tmp_path / "report.md").read_text("utf-8")
    assert not (tmp_path / "charts").exists()


# ---------------------------------------------------------------- the summary


def test_summary_is_plain_json_without_nan(
    given: Experiment, compared: Comparison, listener: Ceiling, tmp_path: Path
) -> None:
    values = report.summary(given, compared, listener)
    path = tmp_path / "summary.json"
    report.save_summary(values, path)
    assert json.loads(path.read_text("utf-8"), parse_constant=pytest.fail) == values
    assert values["schema_version"] == 1
    assert values["command"] == given.command
    assert values["environment"] == {"python": "3.11.7", "commit": "0123abcd"}


def test_summary_holds_every_figure_of_every_method(
    given: Experiment, compared: Comparison
) -> None:
    values = report.summary(given, compared)
    assert [method["name"] for method in values["methods"]] == [
        found.method for found in given.outcomes
    ]
    for method in values["methods"]:
        assert set(method["figures"]) == set(MEASURES)
        assert {"value", "low", "high"} <= method["figures"]["macro_auc"].keys()
        assert all(len(column) == len(TAGS) for column in method["per_tag"].values())
    assert values["trivial"]["all_ones"].keys() >= DECIDED
    assert values["n_songs"] == N_SONGS


def test_summary_of_a_whole_experiment_is_small(tmp_path: Path) -> None:
    """Twenty methods, six of them networks, as the protocol has them."""
    methods = [outcome(f"baseline_{n}", "baseline", 0.5) for n in range(14)]
    methods += [outcome(f"network_{n}", "network", 1.0) for n in range(6)]
    settings: Any = ({"c": 1.0, "gamma": 0.01},) * 15
    given = experiment(
        outcomes=tuple(replace(method, settings=settings) for method in methods),
        left_out=tuple(f"song{n}: there is no sound" for n in range(500)),
    )
    values = report.summary(given, compare(given, n_resamples=2))
    report.save_summary(values, tmp_path / "summary.json")
    assert (tmp_path / "summary.json").stat().st_size < MAX_SUMMARY_BYTES
    assert (len(values["left_out"]), values["n_left_out"]) == (100, 500)


def test_settings_are_counted_and_told(compared: Comparison, given: Experiment) -> None:
    chosen = ({"c": 1.0}, {"c": 10.0}, {"c": 1.0})
    outcomes = (replace(given.outcomes[0], settings=chosen), *given.outcomes[1:])
    values = report.summary(replace(given, outcomes=outcomes), compared)
    assert values["methods"][0]["settings"] == [
        {"n_folds": 2, "settings": {"c": 1.0}},
        {"n_folds": 1, "settings": {"c": 10.0}},
    ]
    assert "c 1.0 (2); c 10.0 (1)" in markdown(report_blocks(values))


def test_report_follows_from_the_saved_summary_alone(
    given: Experiment, compared: Comparison, listener: Ceiling, tmp_path: Path
) -> None:
    values = report.summary(given, compared, listener)
    report.save_summary(values, tmp_path / "summary.json")
    again = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert markdown(report_blocks(again)) == markdown(report_blocks(values))


# ---------------------------------------------------------------- blocks


def test_blocks_become_markdown() -> None:
    blocks = [
        Heading("A_b *c*", 2),
        Paragraph("plain_name, [1, 2] and\na link](x)"),
        Listing(("one", "two")),
        Code("a | b"),
        Table(("x", "y"), (("a|b", "1"), ("c", "2")), 1, frozenset({1})),
        Picture("tags", "tags"),
    ]
    assert markdown(blocks) == (
        "## A_b \\*c\\*\n\n"
        "plain_name, [1, 2] and a link\\](x)\n\n"
        "- one\n- two\n\n"
        "```\na | b\n```\n\n"
        "| x     |     y |\n|-------|------:|\n| a\\|b  |     1 |\n| **c** | **2** |\n\n"
        "![tags](charts/tags.svg)\n"
    )
