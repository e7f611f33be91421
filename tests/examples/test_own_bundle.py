"""The walk-through of docs/training.md, as it stands there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from affetto import bundles
from affetto.training.record import seen
from affetto.training.start import open_start, recipe_from
from tests.cli.command import affetto
from tests.rules.source import ROOT

PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Your own bundle in an afternoon")[2]


def blocks(kind: str) -> list[str]:
    """Give the walk-through's blocks of a kind."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == kind]


@pytest.mark.timeout(900)  # a network of the default bundle's size, trained three times
def test_every_command_of_the_walk_through_does_what_it_says(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AFFETTO_CACHE": str(tmp_path / "cache"),
    }
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (table,) = blocks("csv")
    said = {}
    for line in "".join(blocks("")).splitlines():
        command, *arguments = shlex.split(line)
        if command == "mkdir":
            (tmp_path / arguments[0]).mkdir()
            (tmp_path / arguments[0] / "labels.csv").write_text(table, encoding="utf-8")
        elif command == "cp":
            for piece in sorted(tmp_path.glob(arguments[0])):
                shutil.copy(piece, tmp_path / arguments[1])
        else:
            done = affetto(*arguments, cwd=tmp_path, env=environment, timeout=600)
            assert done.returncode == 0, (line, done.stderr)
            said[" ".join(arguments[:2])] = done.stdout
    assert "4 examples, all can be read" in said["datasets check"]
    assert "signs of valence and arousal: Q1 1, Q2 1, Q3 1, Q4 1" in said["datasets show"]
    assert "2 of 2 folds by group" in said["evaluate finetune"]
    assert "each started from default" in said["evaluate finetune"]
    assert "Still Water" in said["search --sort"]
    bundle = bundles.load(tmp_path / "my-bundle")
    default = bundles.load("default")
    assert bundle.training["init"]["fingerprint"] == default.fingerprint
    assert set(seen(bundle.training)) == {"./my-folder", *seen(default.training)}
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert {found["dataset"] for found in results["evaluations"]} == {"./my-folder"}
    refused = affetto("evaluate", "my-bundle", "./my-folder", cwd=tmp_path, env=environment)
    assert refused.returncode == 2
    assert "was trained on ./my-folder" in refused.stderr


def test_recipe_of_the_walk_through_goes_with_the_default_bundle(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    path = tmp_path / "my-moods.toml"
    path.write_text(text, encoding="utf-8")
    start = open_start("default")
    config = recipe_from(path, {}, start, ())
    start.check(config)
    assert [data.name for data in config.data] == ["./my-folder", "4q"]
