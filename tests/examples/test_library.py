"""The example program does what its text promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / "library.py", *arguments],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )


def test_library_example_scores_the_four_pieces() -> None:
    found = run()
    names = re.findall(r"^(q\d-[\w-]+)\.opus: Q[1-4], valence [+-]\d", found.stdout, re.MULTILINE)
    assert names == ["q1-sunny-parade", "q2-iron-gate", "q3-empty-room", "q4-still-water"]
    assert len(re.findall(r"^  0\.\d\d \w+$", found.stdout, re.MULTILINE)) == 12
    assert found.stderr == ""


def test_library_example_goes_on_after_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    found = run(tmp_path / "absent.mp3", EXAMPLES / "q4-still-water.opus")
    assert "absent.mp3: no such file" in found.stderr
    assert found.stdout.startswith("q4-still-water.opus: ")
