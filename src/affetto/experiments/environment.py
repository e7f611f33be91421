"""What a figure may depend on beside the data: versions, the commit, the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("affetto", "numpy", "scipy", "scikit-learn", "torch", "soxr", "soundfile", "av")


def environment() -> dict[str, Any]:
    """Give plain values, one for each name."""
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        **{name: found for name in _PACKAGES if (found := _version(name))},
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _commit() -> str:
    """Give the commit of the source that runs, marked where files differ from it; or nothing."""
    folder = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    try:
        if not git("ls-files", "__init__.py"):
            return "none"  # installed into somebody else's repository
        commit = git("rev-parse", "HEAD")
        return f"{commit} with changes" if git("status", "--porcelain", "-uno", ".") else commit
    except (OSError, subprocess.SubprocessError):
        return "none"
