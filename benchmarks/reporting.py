"""What the benchmarks share: options, what is said of the machine, and where figures go."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any


def parser(description: str | None, quick: str) -> argparse.ArgumentParser:
    """Make a parser with the options of every benchmark; `description` is a module's text."""
    made = argparse.ArgumentParser(description=description.splitlines()[0] if description else None)
    made.add_argument("--quick", action="store_true", help=f"{quick}: a check")
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    return made


def say(text: str) -> None:
    """Tell on stderr what is going on."""
    print(f"{text} ...", file=sys.stderr, flush=True)


def processor() -> str:
    """Name the processor as the system does."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def machine(**libraries: Any) -> dict[str, Any]:
    """Say what the figures were measured on; `libraries` are versions that matter."""
    return {
        "processor": processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        **libraries,
    }


def report(found: dict[str, Any], table: str, path: Path | None) -> None:
    """Print the table, and write the figures where they are wanted."""
    print(table)
    if path is not None:
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
