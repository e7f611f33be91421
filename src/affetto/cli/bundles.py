"""`affetto bundles`: what is installed, what it says of itself, whether it still says the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from affetto.cli.facts import format_option, print_facts, print_json
from affetto.cli.options import VerbGroup

if TYPE_CHECKING:
    from affetto.bundles import Bundle

_name_argument = click.argument("name", default="default", metavar="[NAME|FOLDER]")


@click.group(cls=VerbGroup)
def bundles() -> None:
    """List, show and check bundles: what `affetto predict` runs."""


@bundles.command("list")
@format_option
def list_bundles(format_name: str) -> None:
    """List the bundles that are installed."""
    from affetto.bundles import BUNDLES, find, user_folder

    shipped = {name: (BUNDLES.summary(name), find(name)) for name in BUNDLES.names()}
    own = {
        folder.name: (_summary(folder), folder)
        for folder in sorted(user_folder().glob("*"))
        if (folder / "bundle.json").is_file() and folder.name not in shipped
    }
    rows = [
        {"name": name, "summary": summary, "folder": str(folder)}
        for name, (summary, folder) in (shipped | own).items()
    ]
    if format_name == "json":
        print_json(rows)
        return
    print_facts((row["name"], row["summary"]) for row in rows)


@bundles.command("show")
@_name_argument
@format_option
def show_bundle(name: str, format_name: str) -> None:
    """Show what a bundle is and what it was trained on."""
    from affetto.bundles import load

    bundle = load(name)
    if format_name == "json":
        text = (bundle.folder / "bundle.json").read_text(encoding="utf-8")
        facts = {"folder": str(bundle.folder), "fingerprint": bundle.fingerprint}
        print_json(facts | json.loads(text))
        return
    print_facts(_facts(bundle))


@bundles.command("check")
@_name_argument
@format_option
def check_bundle(name: str, format_name: str) -> None:
    """Score a bundle's test signal and compare with what is written down."""
    from affetto.bundles import load
    from affetto.bundles.check import check, tolerance

    bundle = load(name)
    difference, allowed = check(bundle), tolerance(bundle)
    if format_name == "json":
        print_json(
            {
                "name": bundle.name,
                "version": bundle.version,
                "fingerprint": bundle.fingerprint,
                "max_difference": difference,
                "tolerance": allowed,
            }
        )
        return
    click.echo(
        f"{bundle.title} is sound: its files are whole, and its test signal scores as written "
        f"down (largest difference {difference:.1e}, at most {allowed:.0e})"
    )


def _facts(bundle: Bundle) -> Iterable[tuple[str, str]]:
    yield "bundle", f"{bundle.title}: {bundle.summary}"
    yield "folder", str(bundle.folder)
    yield "fingerprint", bundle.fingerprint
    yield "license", bundle.license
    for head in bundle.heads:
        vocabulary = head.spec.vocabulary
        if head.spec.kind == "music":
            yield head.spec.name, "whether it sounds like music"
        elif vocabulary is None:
            yield head.spec.name, "valence and arousal"
        else:
            yield head.spec.name, f"{len(vocabulary)} tags: {', '.join(vocabulary.tags)}"
    hop_s = f"a window of {bundle.window_s:g} s every {bundle.hop_s:g} s"
    yield "windows", hop_s
    front_end = bundle.front_end
    rows = f"{front_end.n_bins - front_end.n_pitches} bands"
    if front_end.n_pitches:
        rows += f" and {front_end.n_pitches} pitches"
    yield "front end", f"{front_end.name}, {rows} at {front_end.sample_rate:,} Hz"
    yield "network", _line(bundle.architecture)
    yield "precision", bundle.precision
    for key, value in bundle.training.items():
        if key != "recipe":  # a page of settings; in the JSON
            yield f"training, {key.replace('_', ' ')}", _line(value)
    card = bundle.folder / "CARD.md"
    if card.is_file():
        yield "card", f"{card}: use, terms and figures"


def _line(value: Any) -> str:
    """Give a value of JSON as one line for people."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_line(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_line, value))
    return str(value)


def _summary(folder: Path) -> str:
    try:
        return str(json.loads((folder / "bundle.json").read_bytes())["summary"])
    except (OSError, ValueError, KeyError, TypeError):
        return "damaged: its description cannot be read"
