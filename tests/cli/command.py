"""The real command, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

AFFETTO = (sys.executable, "-m", "affetto")


def affetto(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `affetto` with these arguments; give what it printed and its exit code."""
    return subprocess.run(
        [*AFFETTO, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
        **{"timeout": 120, **options},
    )
