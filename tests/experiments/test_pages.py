"""The page of results is what the committed results give."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from affetto.bundles import load
from affetto.errors import BadConfig
from affetto.experiments import pages, report
from affetto.experiments.comparison import compare
from tests.experiments.cases import experiment
from tests.rules.source import ROOT


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with an experiment, variants of a network, and an evaluation."""
    folder = tmp_path_factory.mktemp("results")
    whole = replace(experiment(), task="cal500exp", source="echonest")
    compared = compare(whole, n_resamples=10)
    report.save_summary(report.summary(whole, compared), folder / "b-whole.json")
    variants = replace(whole, ablation_of="cnn", leaky=())
    compared = compare(variants, n_resamples=10)
    report.save_summary(report.summary(variants, compared), folder / "a-variants.json")
    evaluated = (ROOT / "results" / "default.json").read_text(encoding="utf-8")
    (folder / "default.json").write_text(evaluated, encoding="utf-8")
    return folder


def test_page_is_what_the_committed_results_give() -> None:
    """If this fails, run `python -m affetto.experiments.pages`."""
    assert (ROOT / pages.PAGE).read_text(encoding="utf-8") == pages.text(ROOT / pages.RESULTS)


def test_page_puts_whole_experiments_before_variants_and_evaluations(results: Path) -> None:
    text = pages.text(results)
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## cal500exp, source echonest",
        "## cal500exp, source echonest: variants of cnn",
        f"## Recipe or bundle {load('default').title}",
    ]


def test_page_holds_command_baselines_leakage_and_trials(results: Path) -> None:
    text = pages.text(results)
    assert "affetto reproduce four --source made_up" in text
    assert "(all ones 0." in text
    assert "Nobody should quote these figures" in text
    assert "A trial on the same files" in text
    assert "### Variants of cnn" in text
    assert "results/b-whole.json" in text


def test_recipes_with_changed_settings_stand_in_a_table_below_the_recipe_itself(
    results: Path, tmp_path: Path
) -> None:
    whole = json.loads((results / "default.json").read_text(encoding="utf-8"))
    kept = [found for found in whole["evaluations"] if found["dataset"] != "emotify"]
    whole |= {"seeds": [4, 5]}
    changed = whole | {"settings": {"teacher.names": "[]"}, "evaluations": kept, "seeds": [4]}
    for name, values in (("default", whole), ("default-no-teacher", changed)):
        (tmp_path / f"{name}.json").write_text(json.dumps(values), encoding="utf-8")
    text = pages.text(tmp_path)
    assert text.count("\n## ") == 2  # the recipe, and the table
    first, second = text.split("## What settings of a recipe give")[1].strip().splitlines()[2:]
    assert first.startswith(f"| {whole['system']} ")
    assert second.startswith(f"| {whole['system']} with teacher.names=[] ")
    assert "| results/default-no-teacher.json |" in second.replace("  ", "")
    assert "| 4, 5 |" in " ".join(first.split())
    assert "| 4 |" in " ".join(second.split())
    assert first.count(" - ") == 0
    assert second.count(" - ") == 1  # emotify was not evaluated


def test_earlier_version_stands_in_the_table_alone_before_the_later_one(
    results: Path, tmp_path: Path
) -> None:
    plain = json.loads((results / "default.json").read_text(encoding="utf-8"))
    now = plain | {"system": "default 0.10.0", "settings": {}}
    before = now | {"system": "default 0.9.7"}
    changed = before | {"settings": {"teacher.names": "[]"}}
    for name, values in (("default", now), ("default-0.9.7", before), ("without", changed)):
        (tmp_path / f"{name}.json").write_text(json.dumps(values), encoding="utf-8")
    text = pages.text(tmp_path)
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Recipe or bundle default 0.10.0",
        "## What settings of a recipe give",
    ]
    rows = text.split("## What settings of a recipe give")[1].strip().splitlines()[2:]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == [
        "default 0.9.7",
        "default 0.9.7 with teacher.names=[]",
        "default 0.10.0",
    ]


def test_command_writes_the_page_and_checks_it(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--results", str(results), "--page", str(tmp_path / "results.md")]
    assert pages.main([*options, "--check"]) == 1
    assert pages.COMMAND in capsys.readouterr().err
    assert pages.main(options) == 0
    assert pages.main([*options, "--check"]) == 0
    (tmp_path / "results.md").write_text("edited by hand", encoding="utf-8")
    assert pages.main([*options, "--check"]) == 1


@pytest.mark.parametrize(
    "values", [{}, {"schema": "affetto-experiment", "schema_version": 99}, {"schema": "other"}]
)
def test_results_of_another_kind_are_refused(values: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(BadConfig, match=r"odd\.json holds neither"):
        pages.text(tmp_path)
