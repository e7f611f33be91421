"""How verbs that describe something answer: facts in two columns, or JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import Any

import click

WIDTH = 80

format_option = click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the answer is written.",
)


def print_facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and texts in two columns that fit 80, broken at spaces only."""
    from affetto.audio import display

    rows = [(display(name), display(text)) for name, text in pairs]
    width = max(len(name) for name, _ in rows) + 2
    for name, text in rows:
        lines = textwrap.wrap(text, WIDTH - width, break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(lines or [""]):
            click.echo(f"{'' if number else name:<{width}}{line}")


def print_json(value: Any) -> None:
    """Print a value of plain lists, mappings, texts and numbers."""
    click.echo(json.dumps(value, indent=2))
