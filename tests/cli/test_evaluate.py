"""`affetto evaluate` takes with a bundle what goes with a bundle; its figures: tests/evaluation."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from affetto.cli import main

PIECES = Path(__file__).parents[2] / "examples"
WITHOUT_TORCH = """
import sys

sys.modules["torch"] = None  # as where it is not installed
from affetto.cli import main

sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("option", [("--set", "seed=1"), ("--init", "default")])
def test_what_goes_with_a_recipe_is_not_ignored_with_a_bundle(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "default", "4q", "--bundle", *option]) == 2
    assert f"{option[0]} goes with a recipe, not with a bundle" in capsys.readouterr().err


def test_a_bundles_own_weights_are_evaluated_without_torch_and_a_recipe_is_not(
    tmp_path: Path,
) -> None:
    rows = ["clip,quadrant"]
    for number, piece in enumerate(sorted(PIECES.glob("*.opus")), start=1):
        shutil.copy(piece, tmp_path)
        rows.append(f"{piece.name},Q{number}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    def evaluate(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", WITHOUT_TORCH, "evaluate", *options, "default", tmp_path],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    done = evaluate("--bundle")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\| accuracy +\| 1\.000 \|", done.stdout)  # the pieces lie in their quadrants
    assert re.search(r"\| quadrant log loss +\| 0\.\d{3} \|", done.stdout)
    done = evaluate()
    assert done.returncode == 2
    assert "training and export need torch; run: pip install" in done.stderr
