"""Every bad input that is known, in one batch: named in one sentence, and the others scored."""

from __future__ import annotations

import json
import os
from pathlib import Path
from subprocess import CompletedProcess

import jsonschema
import pytest

from affetto.audio import display
from tests.cli.command import affetto
from tests.corpus import Case
from tests.writers.test_json import SCHEMA


@pytest.fixture(scope="module")
def batch(corpus: list[Case], bundle: Path) -> CompletedProcess[str]:
    """Score the whole corpus at once, as `affetto predict FOLDER/*` does."""
    paths = [case.path for case in corpus]
    return affetto("predict", "--bundle", bundle, "--format", "json", "--jobs", "1", "--", *paths)


def test_batch_with_failures_exits_with_1_and_shows_no_trace(batch: CompletedProcess[str]) -> None:
    assert batch.returncode == 1
    assert "Traceback" not in batch.stderr


def test_batch_names_every_failure_in_one_sentence(
    batch: CompletedProcess[str], corpus: list[Case]
) -> None:
    lines = batch.stderr.splitlines()
    failed = [case for case in corpus if case.outcome == "failed"]
    for line, case in zip(lines, failed, strict=True):
        assert line.startswith(f"affetto: {display(case.path)}: ")
        assert ";" in line, "a hint is missing"


def test_batch_holds_every_song_that_can_be_scored_in_order(
    batch: CompletedProcess[str], corpus: list[Case]
) -> None:
    entries = json.loads(batch.stdout)
    scored = [case for case in corpus if case.outcome == "scored"]
    for entry, case in zip(entries, scored, strict=True):
        assert os.fsencode(entry["path"]) == os.fsencode(case.path)
        assert case.notices <= {warning["code"] for warning in entry["warnings"]}
        jsonschema.Draft202012Validator(SCHEMA).validate(entry)


def test_output_passes_no_control_character_on(batch: CompletedProcess[str]) -> None:
    for text in (batch.stdout, batch.stderr):
        assert all(c == "\n" or c.isprintable() for c in text)


def test_two_processes_say_what_one_says(
    batch: CompletedProcess[str], corpus: list[Case], bundle: Path
) -> None:
    paths = [case.path for case in corpus]
    two = affetto("predict", "--bundle", bundle, "--format", "json", "--jobs", "2", "--", *paths)
    assert two.stdout == batch.stdout
    assert two.stderr == batch.stderr
    assert two.returncode == batch.returncode
