"""An experiment's report: Markdown to read, a page to look at, a summary to keep.

    summary   an Experiment -> values for a JSON file, which is committed
    write     an Experiment -> report.md, report.html, charts/*.svg in a folder

Both compute the comparison unless it is given. A ceiling (`listener.ceiling`) is given or left
out, since it needs the research data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from affetto.errors import MissingExtra
from affetto.experiments import summaries
from affetto.experiments.blocks import Block, Paragraph, markdown
from affetto.experiments.comparison import Comparison, compare
from affetto.experiments.listener import Ceiling
from affetto.experiments.outcome import Experiment
from affetto.experiments.report_html import page
from affetto.experiments.sections import report_blocks
from affetto.files import write_text


def summary(
    experiment: Experiment,
    comparison: Comparison | None = None,
    ceiling: Ceiling | str = "",
) -> dict[str, Any]:
    """Give the figures that are kept. Raises: BadConfig and MissingExtra as `compare`."""
    return summaries.summary(experiment, comparison or compare(experiment), ceiling)


def save_summary(values: Mapping[str, Any], path: Path) -> None:
    """Write a summary as JSON, one figure a line at most, the same bytes for the same values."""
    write_text(path, json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def write(
    experiment: Experiment,
    folder: Path,
    comparison: Comparison | None = None,
    ceiling: Ceiling | str = "",
) -> dict[str, Any]:
    """Write report.md, report.html and charts/*.svg; give the summary that they are made from.

    Without matplotlib the report has no charts and says so. Raises: BadConfig and MissingExtra
    as `compare`.
    """
    from affetto.experiments.charts import draw_all

    comparison = comparison or compare(experiment)
    values = summary(experiment, comparison, ceiling)
    notes: list[Block] = []
    try:
        pictures = draw_all(experiment, comparison)
    except MissingExtra as error:
        pictures = {}
        notes = [Paragraph(f"No charts: {error}.")]
    blocks = report_blocks(values, pictures)
    blocks[1:1] = notes
    for name, svg in pictures.items():
        write_text(folder / "charts" / f"{name}.svg", svg)
    write_text(folder / "report.md", markdown(blocks))
    write_text(folder / "report.html", page(blocks, pictures))
    return values
