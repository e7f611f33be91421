"""`affetto reproduce` on made-up data: the table, the folder, resuming after a kill, bad inputs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from affetto.experiments.store import Store
from tests import miniature
from tests.cli.command import affetto

TINY = (
    "--set", "optimizer.epochs=1",
    "--set", "optimizer.batch_size=8",
    "--set", "network.config={ channels = [4, 8], n_summary = 8, n_dims = 8 }",
)  # fmt: skip
Done = tuple[Path, subprocess.CompletedProcess[str]]
"""A folder, and the command that has written into it."""

METHODS = "prior,knn_averages,window_cnn,window_cnn_ensemble"


@pytest.fixture
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return miniature.data_root(tmp_path_factory)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give data of one's own, of which a segment ends before it starts."""
    root = tmp_path_factory.mktemp("damaged")
    miniature.write_cal500(root / "cal500")
    table = root / "cal500/cal500exp/SegLabelHard" / f"{miniature.SONGS[0]}.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("0.000000,3.100000", "3.200000,3.100000", 1), encoding="utf-8")
    return root


def arguments(root: Path, folder: Path, *more: str, methods: str = METHODS) -> list[str]:
    return [
        "reproduce", "cal500exp", "--data-root", str(root), "--work", str(folder / "work"),
        "-o", str(folder / "out"), "--methods", methods, "--seeds", "1", "--jobs", "1", *more,
    ]  # fmt: skip


def started(root: Path, folder: Path) -> subprocess.Popen[str]:
    """Start the command in a group of processes of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "affetto", *arguments(root, folder, *TINY)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished_jobs(lines: Iterator[str] | list[str]) -> list[str]:
    """Give the lines that tell of a job that is done."""
    return [line for line in lines if "fold" in line and " s\n" in f"{line.rstrip()}\n"]


def figures(folder: Path) -> dict[str, Any]:
    """Give the figures of every fold, without what a clock said."""
    found = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))
    return {
        outcome["method"]: [run["folds"] for run in outcome["runs"]]
        for outcome in found["outcomes"]
    }


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_and_ends_with_the_same_table(
    root: Path, tmp_path: Path
) -> None:
    whole = started(root, tmp_path / "whole")
    table, messages = whole.communicate(timeout=240)
    assert whole.returncode == 0, messages
    n_jobs = len(finished_jobs(messages.splitlines()))
    assert n_jobs == 15

    victim = started(root, tmp_path / "killed")
    assert victim.stderr is not None
    for line in victim.stderr:
        if finished_jobs([line]):
            os.killpg(victim.pid, signal.SIGKILL)
            break
    victim.communicate()
    assert victim.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "out").exists()
    results = tmp_path / "killed" / "work" / "results"
    kept = {
        path: path.stat().st_mtime_ns
        for path in results.rglob("*.npz")
        if Store(results).read(path.stem) is not None
    }
    assert 1 <= len(kept) < n_jobs

    again = started(root, tmp_path / "killed")
    table_again, messages = again.communicate(timeout=240)
    assert again.returncode == 0, messages
    assert f"{len(kept)} of {n_jobs} results are there already" in messages
    assert len(finished_jobs(messages.splitlines())) == n_jobs - len(kept)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert table_again == table
    assert figures(tmp_path / "killed") == figures(tmp_path / "whole")


@pytest.mark.slow
def test_ctrl_c_ends_it_with_130_and_keeps_what_is_done(root: Path, tmp_path: Path) -> None:
    victim = started(root, tmp_path)
    assert victim.stderr is not None
    said = []
    for line in victim.stderr:
        said.append(line)
        if finished_jobs([line]):
            os.kill(victim.pid, signal.SIGINT)
            break
    _, rest = victim.communicate(timeout=60)
    assert victim.returncode == 130
    assert "affetto: interrupted" in rest
    assert "Traceback" not in "".join(said) + rest
    assert list((tmp_path / "work" / "results").rglob("*.npz"))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Give the folder and the output of a run that others look at."""
    folder = tmp_path_factory.mktemp("reproduced")
    root = miniature.data_root(tmp_path_factory)
    return folder, affetto(*arguments(root, folder, methods="prior,all_ones,knn_averages"))


def test_it_ends_with_a_table_that_fits_a_terminal(
    done: Done,
) -> None:
    _, result = done
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    for name in ("prior", "all_ones", "knn_averages"):
        assert any(line.startswith(f"{name} ") for line in lines)


def test_its_folder_holds_the_results(done: Done) -> None:
    folder, _ = done
    names = {path.name for path in (folder / "out").iterdir()}
    assert {
        "results.json", "predictions.parquet", "folds.csv", "summary.json", "report.md",
        "report.html",
    } <= names  # fmt: skip
    command = json.loads((folder / "out/results.json").read_text(encoding="utf-8"))["command"]
    expected = "affetto reproduce cal500exp --source echonest --methods prior,all_ones,knn_averages"
    assert command == f"{expected} --seeds 1"


def test_progress_is_told_on_stderr(done: Done) -> None:
    _, result = done
    assert "100 %" in result.stderr
    assert "knn_averages, fold 0" in result.stderr


def test_folds_of_a_file_are_taken(done: Done, root: Path, tmp_path: Path) -> None:
    folder, _ = done
    folds = folder / "out" / "folds.csv"
    shutil.copytree(folder / "work", tmp_path / "work")
    result = affetto(*arguments(root, tmp_path, "--folds", str(folds), methods="prior"))
    assert result.returncode == 0
    assert "5 of 5 results are there already" in result.stderr
    assert (tmp_path / "out" / "folds.csv").read_bytes() == folds.read_bytes()


def test_methods_are_listed() -> None:
    result = affetto("reproduce", "cal500exp", "--list")
    assert result.returncode == 0
    assert "random_forest" in result.stdout
    assert "copy_label" in result.stdout


def test_damage_is_a_sentence_with_file_and_line(damaged: Path, tmp_path: Path) -> None:
    result = affetto(*arguments(damaged, tmp_path))
    assert result.returncode == 2
    assert f"{miniature.SONGS[0]}.csv, line 2: the segment ends" in result.stderr


@pytest.fixture(scope="module")
def quick(damaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Give a quick look at what is not damaged."""
    folder = tmp_path_factory.mktemp("quick")
    return folder, affetto(*arguments(damaged, folder, "--quick", "--skip-bad", methods="prior"))


def test_damage_is_left_out_on_demand(quick: Done) -> None:
    folder, result = quick
    assert result.returncode == 0
    report = (folder / "out" / "report.md").read_text(encoding="utf-8")
    assert f"{miniature.SONGS[0]}.csv, line 2" in report
    assert "--skip-bad" in report


def test_quick_look_is_labelled_everywhere(quick: Done) -> None:
    folder, result = quick
    assert result.stdout.startswith("QUICK LOOK")
    assert json.loads((folder / "out/results.json").read_text(encoding="utf-8"))["is_quick"]
    for name in ("report.md", "report.html"):
        assert "quick" in (folder / "out" / name).read_text(encoding="utf-8").lower()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["reproduce", "cal5000"], "there is no task named 'cal5000'"),
        (["reproduce", "cal500exp", "--source", "radio"], "has no source 'radio'"),
        (["reproduce", "cal500exp", "--methods", "knm"], "no method named 'knm'"),
        (["reproduce", "cal500exp", "--only", "knm"], "no method named 'knm'"),
        (["reproduce", "cal500exp", "--seeds", "0"], "0 is not in the range"),
        (
            ["reproduce", "cal500exp", "--methods", "prior", "--folds", "none"],
            "none cannot be read",
        ),
        (
            ["reproduce", "cal500exp", "--methods", "window_cnn", "--set", "epochs=3"],
            "has no key epochs",
        ),
    ],
)
def test_what_makes_no_sense_is_a_sentence(
    changes: list[str], sentence: str, root: Path, tmp_path: Path
) -> None:
    result = affetto(*changes, "--data-root", str(root), "--work", str(tmp_path))
    assert result.returncode == 2
    assert sentence in result.stderr


def test_data_that_are_not_there_are_a_sentence(tmp_path: Path) -> None:
    result = affetto(*arguments(tmp_path / "none", tmp_path))
    assert result.returncode == 2
    assert "there is no data folder" in result.stderr
