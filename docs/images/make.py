"""Draw what `affetto predict examples` prints on a terminal, and its picture of one piece.

    python docs/images/make.py

Writes predict.png and plot.png beside this file; needs the extra `plot`. The terminal is real
(a pseudo-terminal of 80 columns), its colors and characters are drawn with matplotlib.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from rich.color import Color
from rich.text import Text

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
N_COLUMNS = 80
CELL_IN = (0.083, 0.17)
BLOCKS = "▁▂▃▄▅▆▇█"
DARK, LIGHT = "#14161a", "#d8dbe0"


def terminal_output(*command: str) -> str:
    """Run a command on a terminal of its own and give what it prints there."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": str(N_COLUMNS), "TERM": "xterm-256color"}
    env.update(COLORTERM="truecolor", PYTHONIOENCODING="utf-8")
    env.pop("NO_COLOR", None)
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # how Linux tells that the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    if process.wait():
        raise SystemExit(f"{command} failed")
    return b"".join(parts).decode().replace("\r\n", "\n")


def draw(output: str, path: Path) -> None:
    """Draw text with ANSI colors, one character a cell."""
    lines = [Text.from_ansi(line) for line in output.rstrip("\n").split("\n")]
    width, height = CELL_IN
    figure = Figure(figsize=((N_COLUMNS + 2) * width, (len(lines) + 1.4) * height), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-1, N_COLUMNS + 1), ylim=(len(lines) + 0.7, -0.7))
    axes.axis("off")
    axes.add_patch(Rectangle((-1, -1), N_COLUMNS + 2, len(lines) + 3, color=DARK))
    for row, line in enumerate(lines):
        for column, character in enumerate(line.plain):
            style = line.get_style_at_offset(_console(), column)
            color = _hex(style.color, LIGHT)
            if style.bgcolor is not None:
                back = _hex(style.bgcolor, DARK)
                axes.add_patch(Rectangle((column, row), 1, 1, color=back, linewidth=0))
            if character in BLOCKS:  # drawn as boxes: letters would leave seams between cells
                share = (BLOCKS.index(character) + 1) / len(BLOCKS)
                axes.add_patch(Rectangle((column, row + 1 - share), 1, share, fc=color, lw=0))
            elif character.strip():
                axes.text(
                    column + 0.5,
                    row + 0.5,
                    character,
                    color=color,
                    alpha=0.55 if style.dim else 1.0,
                    fontfamily="DejaVu Sans Mono",
                    fontweight="bold" if style.bold else "normal",
                    fontsize=9.6,
                    ha="center",
                    va="center",
                )
    figure.savefig(path)


def _console() -> object:
    from rich.console import Console

    return Console()


def _hex(color: Color | None, default: str) -> str:
    if color is None or color.is_default:
        return default
    return color.get_truecolor().hex


def main() -> None:
    affetto = (sys.executable, "-m", "affetto", "predict")
    prompt = "$ affetto predict examples\n"
    draw(prompt + terminal_output(*affetto, "examples", "--top", "4"), HERE / "predict.png")
    piece = "examples/q1-sunny-parade.opus"
    terminal_output(*affetto, piece, "--format", "jsonl", "--plot", str(HERE / "plot.png"))


if __name__ == "__main__":
    main()
